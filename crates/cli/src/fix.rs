//! `cosell check --fix`: the edits that problems offer, carried out.
//!
//! In: a text, and a way to get its problems. Out: the text with the edits in it, and what was done.
//! Must not know: files, schemas, what the problems are about. An edit that does not solve its
//! problem, or that makes more errors than there were, is left out, and so are rows for values that
//! `otherwise` covers: whether they get other partners is for people to say.

use std::collections::BTreeSet;

use mapping::problem::{Code, Fix, Problem, Report, Severity};
use mapping::tree::Span;

/// So often the problems are looked at anew: one edit may be the way to the next.
const MOST_ROUNDS: usize = 10;

/// One edit that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// The line it begins at, as the text was then.
    pub(crate) line: usize,
    pub(crate) code: &'static str,
    pub(crate) old: String,
    pub(crate) new: String,
}

/// The text after all edits that help, with what was done. `problems` gives the report of a text;
/// none: it cannot be checked.
pub(crate) fn fix(
    text: &str,
    problems: &mut dyn FnMut(&str) -> Option<Report>,
) -> (String, Vec<Done>) {
    let (mut text, mut done) = (text.to_owned(), Vec::new());
    let Some(mut report) = problems(&text) else { return (text, done) };
    let mut tried: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let mut found = false;
        // From the end, so that the places before stay what they are.
        for (problem, fix) in offers(&report, &text).into_iter().rev() {
            let Some(edited) = edited(&text, &fix) else { continue };
            if !tried.insert(edited.clone()) {
                continue;
            }
            let Some(after) = problems(&edited) else { continue };
            if !helps(&report, &problem, &after) {
                continue;
            }
            let old = text.get(fix.span.start..fix.span.end).unwrap_or("").to_owned();
            let line = report.place(fix.span.start).line;
            done.push(Done { line, code: problem.code.name(), old, new: fix.text });
            (text, report, found) = (edited, after, true);
        }
        if !found {
            break;
        }
    }
    (text, done)
}

/// Problems with an edit of the map's own text, by place.
fn offers(report: &Report, text: &str) -> Vec<(Problem, Fix)> {
    let own = |problem: &&Problem| report.sources().is_own(problem.at.start);
    let inside = |fix: &Fix| fix.span.end <= text.len() && report.sources().is_own(fix.span.start);
    let offer = |problem: &Problem| {
        let decided = problem.code == Code::OnlyOtherwise;
        let fix = problem.fix.clone().filter(inside).filter(|_| !decided)?;
        Some((problem.clone(), fix))
    };
    let mut offers: Vec<_> = report.problems().iter().filter(own).filter_map(offer).collect();
    offers.sort_by_key(|(_, fix)| fix.span);
    // Of edits of one place the first.
    let mut last = Span::default();
    offers.retain(|(_, fix)| {
        let free = fix.span.start >= last.end || last == Span::default();
        if free {
            last = fix.span;
        }
        free
    });
    offers
}

fn edited(text: &str, fix: &Fix) -> Option<String> {
    let (before, behind) = (text.get(..fix.span.start)?, text.get(fix.span.end..)?);
    Some([before, &fix.text, behind].concat())
}

/// Whether an edit solved its problem and made no more errors than there were.
fn helps(before: &Report, problem: &Problem, after: &Report) -> bool {
    let errors = |report: &Report| {
        report.problems().iter().filter(|p| p.severity == Severity::Error).count()
    };
    let alike = |report: &Report| {
        let same = |p: &&Problem| p.code == problem.code && p.message == problem.message;
        report.problems().iter().filter(same).count()
    };
    errors(after) <= errors(before) && alike(after) < alike(before)
}
