//! Problems, for people and for machines: the only place that formats them.
//!
//! In: reports of maps, problems of schema files. Out: text in the face that was asked for. Must
//! not know: where the text goes, or how a problem was found.

mod sarif;

pub(crate) use sarif::sarif;

use std::fmt::{self, Write as _};

use mapping::problem::{Report, Severity, Sources};
use mapping::schema::SchemaProblem;
use miette::{
    Diagnostic, LabeledSpan, MietteHandler, MietteHandlerOpts, ReportHandler, SourceCode,
    SourceSpan,
};
use serde::Serialize;

use crate::terminal::{Stop, count};

/// Lines longer than this are not shown beneath a problem.
const LONGEST_LINE: usize = 1000;

/// What all schema files' problems are called.
const SCHEMA_CODE: &str = "schema::unreadable";

/// One problem with its place, whatever file it is in.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    file: String,
    line: usize,
    column: usize,
    code: &'static str,
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    /// Other places that matter.
    also: Vec<Also>,
    /// What would solve it.
    edit: Option<Edit>,
    sources: Sources,
}

/// A text in the place of another: lines and columns, from 1.
#[derive(Debug, Clone)]
struct Edit {
    file: String,
    start: (usize, usize),
    end: (usize, usize),
    text: String,
}

/// Another place of a problem, which may be in another file.
#[derive(Debug, Clone, Serialize)]
struct Also {
    file: String,
    line: usize,
    column: usize,
    label: String,
}

impl Finding {
    /// The same problem at the same place: a base is looked at with each map that extends it.
    pub(crate) fn is_same(&self, other: &Finding) -> bool {
        let place = |found: &Finding| (found.line, found.column, found.code);
        let said =
            |found: &Finding| (found.file.clone(), found.message.clone(), found.help.clone());
        place(self) == place(other) && said(self) == said(other)
    }

    /// Whether it is the same problem, perhaps at another place.
    pub(crate) fn says_the_same(&self, other: &Finding) -> bool {
        self.code == other.code && self.message == other.message
    }

    /// Whether the map cannot be used because of it.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Place, code and message on one line.
    pub(crate) fn short(&self) -> String {
        format!("{}:{}: {}: {}", self.file, self.line, self.code, self.message)
    }

    /// Its code, such as `map::unknown-field`.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// File and line.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// What to do, where it is known.
    pub(crate) fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The problems of a map, by place.
    pub(crate) fn of_report(report: &Report) -> Vec<Finding> {
        let sources = report.sources();
        let finding = |problem: &mapping::problem::Problem| {
            let at = report.place(problem.at.start);
            let also = |(span, label): &(mapping::tree::Span, String)| {
                let at = report.place(span.start);
                let (file, label) = (at.file.to_owned(), label.clone());
                Also { file, line: at.line, column: at.column, label }
            };
            Finding {
                severity: problem.severity,
                file: at.file.to_owned(),
                line: at.line,
                column: at.column,
                code: problem.code.name(),
                message: problem.message.clone(),
                help: problem.help().map(|help| help.to_string()),
                labels: problem
                    .labels()
                    .into_iter()
                    .flatten()
                    .map(|l| on_one_line(l, sources.text()))
                    .collect(),
                also: problem.also.iter().map(also).collect(),
                edit: problem.fix.as_ref().map(|fix| {
                    let (start, end) = (report.place(fix.span.start), report.place(fix.span.end));
                    Edit {
                        file: start.file.to_owned(),
                        start: (start.line, start.column),
                        end: (end.line, end.column),
                        text: fix.text.clone(),
                    }
                }),
                sources: sources.clone(),
            }
        };
        report.problems().iter().map(finding).collect()
    }

    /// A problem of a schema file with this text.
    pub(crate) fn of_schema(problem: &SchemaProblem, text: &str) -> Finding {
        let at = span_from(text, problem.line, problem.column);
        Finding {
            severity: Severity::Error,
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            code: SCHEMA_CODE,
            message: problem.message.clone(),
            help: Some(problem.help.clone()),
            labels: vec![LabeledSpan::new_primary_with_span(None, at)],
            also: Vec::new(),
            edit: None,
            sources: Sources::one(&problem.file, text),
        }
    }

    /// Where what is underlined ends, when that is in the same file.
    fn end(&self) -> Option<(usize, usize)> {
        let main = self.labels.iter().find(|label| label.primary())?;
        let end = self.sources.place(main.offset() + main.len());
        (end.file == self.file).then_some((end.line, end.column))
    }

    fn severity_word(&self) -> &'static str {
        match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    /// Whether the lines that would be shown are short enough to be read.
    fn can_show_lines(&self) -> bool {
        let text = self.sources.text();
        text.len() <= 1024 * 1024 && text.lines().all(|line| line.len() <= LONGEST_LINE)
    }
}

/// A label of several lines, such as a whole block, at the first of them.
fn on_one_line(label: LabeledSpan, text: &str) -> LabeledSpan {
    let marked = text.get(label.offset()..label.offset() + label.len()).unwrap_or("");
    let Some(first) = marked.split('\n').next().filter(|first| first.len() < marked.len()) else {
        return label;
    };
    let span = (label.offset(), first.trim_end().len());
    let words = label.label().map(str::to_owned);
    if label.primary() {
        LabeledSpan::new_primary_with_span(words, span)
    } else {
        LabeledSpan::new_with_span(words, span)
    }
}

/// From a place to the end of its line.
fn span_from(text: &str, line: usize, column: usize) -> SourceSpan {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or("").lines().next().unwrap_or("");
    let skipped: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let marked = rest.get(skipped..).unwrap_or("").trim_end();
    SourceSpan::from((before + skipped, marked.len()))
}

/// How many errors and warnings there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
}

impl Tally {
    /// Counts findings.
    pub(crate) fn of(findings: &[Finding]) -> Tally {
        let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
        Tally { errors, warnings: findings.len() - errors }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", count(self.errors, "error"), count(self.warnings, "warning"))
    }
}

/// Findings for people: place, line, what to do. In colour, or as plain ASCII.
pub(crate) fn human(findings: &[Finding], color: bool) -> String {
    let handler = MietteHandlerOpts::new()
        .color(color)
        .unicode(color)
        .terminal_links(false)
        .without_syntax_highlighting()
        .break_words(false)
        .force_graphical(true)
        .build();
    let mut text = String::new();
    for finding in findings {
        let shown = Shown { handler: &handler, finding: &InText(finding) }.to_string();
        for line in shown.trim_matches('\n').lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

struct Shown<'s> {
    handler: &'s MietteHandler,
    finding: &'s InText<'s>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handler.debug(self.finding, f)
    }
}

/// A finding as miette wants it, with the text that it points into.
#[derive(Debug)]
struct InText<'s>(&'s Finding);

impl fmt::Display for InText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.can_show_lines() {
            write!(f, "{}:{}:{}: ", self.0.file, self.0.line, self.0.column)?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for InText<'_> {}

impl Diagnostic for InText<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{} {}", self.0.severity_word(), self.0.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.0.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if !self.0.can_show_lines() {
            return None;
        }
        Some(Box::new(self.0.labels.iter().cloned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.can_show_lines().then_some(&self.0.sources as &dyn SourceCode)
    }
}

#[derive(Serialize)]
struct FindingJson<'f> {
    file: &'f str,
    line: usize,
    column: usize,
    code: &'f str,
    severity: &'f str,
    message: &'f str,
    help: Option<&'f str>,
    also: &'f [Also],
}

/// Findings for programs: a JSON array, also when there are none.
pub(crate) fn json(findings: &[Finding]) -> String {
    let rows: Vec<FindingJson<'_>> = findings
        .iter()
        .map(|finding| FindingJson {
            file: &finding.file,
            line: finding.line,
            column: finding.column,
            code: finding.code,
            severity: finding.severity_word(),
            message: &finding.message,
            help: finding.help.as_deref(),
            also: &finding.also,
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&rows).unwrap_or_else(|_| "[]".to_owned());
    text.push('\n');
    text
}

/// Findings as commands of a GitHub workflow, which shows them at their lines.
pub(crate) fn github(findings: &[Finding]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for finding in findings {
        let mut message = finding.message.clone();
        if let Some(help) = &finding.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        // The annotation stands in one file; a place in another is told in words.
        for also in finding.also.iter().filter(|also| also.file != finding.file) {
            let _ = write!(message, "\nalso: {}:{}: {}", also.file, also.line, also.label);
        }
        let line = format!(
            "::{} file={},line={},col={},title={}::{}\n",
            finding.severity_word(),
            property(&finding.file),
            finding.line,
            finding.column,
            property(finding.code),
            data(&message),
        );
        text.push_str(&line);
    }
    text
}

/// Why the program could not do what it was asked for; none when nobody is there to read it.
pub(crate) fn stop(stop: &Stop, color: bool) -> Option<String> {
    let Stop::Because { message, help } = stop else { return None };
    let (red, bold, plain) = if color { ("\x1b[31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    Some(format!("{red}error:{plain} {message}\n  {bold}help:{plain} {help}\n"))
}
