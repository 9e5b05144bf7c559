//! Everything that can be wrong with a mapping, as plain data, and the report that carries it.
//!
//! In: what `parse` and `check` found. Out: a [`Report`] whose four faces (terminal, JSON, editor,
//! console) are made elsewhere. Must not know: schemas, plans, terminals. Wording rules: lower
//! case, no final stop, what was expected and what was found, the user's words in backticks, the
//! help is an action. The catalogue of codes is [`Code`]; the sentences stand in `problem/`.

mod near;
pub mod semantics;
pub mod syntax;

use std::fmt;

use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

pub use crate::sources::{Place, Sources, place};
use crate::tree::Span;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $severity:ident, $when:literal;)*) => {
        /// What is wrong, as a stable name. One row a check: code, severity, when it is reported.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $when] $name,)* }

        impl Code {
            /// Every code, in the order of the manual's table.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// `map::unknown-field` and the like.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => concat!("map::", $text),)* }
            }

            /// How bad it is by default.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// When it is reported, in one sentence for the manual.
            pub fn when(self) -> &'static str {
                match self { $(Code::$name => $when,)* }
            }
        }
    };
}

codes! {
    // --- how it is written (parse) ---
    Syntax = "syntax", Error, "a line cannot be read";
    UnknownWord = "unknown-word", Error, "a block, clause or keyword does not exist";
    MissingEnd = "missing-end", Error, "a block is not closed by `end`";
    StrayEnd = "stray-end", Error, "`end` stands where no block is open";
    MissingArrow = "missing-arrow", Error, "a line of `fields` or `values` has no arrow";
    OddCharacter = "odd-character", Error, "a smart quote, a typographic arrow or a non-breaking blank stands where a plain one belongs";
    UnclosedQuote = "unclosed-quote", Error, "a quote or backtick is opened and not closed";
    BadPath = "bad-path", Error, "a path or JSONPath cannot be read";
    TooDeep = "too-deep", Error, "brackets are nested deeper than 64";
    TooLarge = "too-large", Error, "the file, or what is wrong with it, is too large to go on";
    DanglingClause = "dangling-clause", Error, "a clause stands where there is no line it could belong to";
    // --- what it says (check) ---
    MissingItem = "missing-item", Error, "`language`, `mapping`, `side` or `match` is missing";
    Doubled = "doubled", Error, "something that may stand once stands twice";
    UnknownLanguage = "unknown-language", Error, "the language version is not one this program knows";
    UnknownSide = "unknown-side", Error, "a side is named that no `side` line names";
    UnknownSystem = "unknown-system", Error, "a `side` line names a system that does not exist";
    SideOrder = "side-order", Error, "the left side is not Partner Center, or the right side is not Salesforce";
    UnknownObject = "unknown-object", Error, "an object is not in the schema";
    UnknownField = "unknown-field", Error, "a field is not in the schema; a warning in a JSONPath";
    UnknownTable = "unknown-table", Error, "a table is named that no `values` block defines";
    UnusedTable = "unused-table", Warning, "a `values` block is used by no line";
    UnknownConversion = "unknown-conversion", Error, "the words behind `as` are no conversion";
    BadArgument = "bad-argument", Error, "a conversion, clause or constant has a value that does not fit";
    TypeMismatch = "type-mismatch", Error, "two fields' types do not fit and no conversion is named, or a value is of another type than its field";
    ConversionMismatch = "conversion-mismatch", Error, "the conversion does not fit a field's type or the number of operands";
    NoWayBack = "no-way-back", Error, "`<->` on something that goes only one way, or a line that writes to a JSONPath";
    TooLong = "too-long", Error, "a text may be longer than the field it is written to";
    TooWide = "too-wide", Error, "a number may have more digits than the field it is written to; a warning when the field holds nine before the point";
    UnknownValue = "unknown-value", Error, "a value is not in the field's list, or not among those of a record type that deals may have; a warning for a stage that only some record types offer";
    ReadOnly = "read-only", Error, "a line writes a field that cannot be written";
    CreateOnly = "create-only", Warning, "a line writes a field that can be written only when the record is created";
    NotClearable = "not-clearable", Error, "`blank clear` on a field that cannot be cleared; a warning for a row that would clear it";
    MissingRequired = "missing-required", Error, "a field that must be given when a record is created has no source";
    MayBeBlank = "may-be-blank", Warning, "a field that must be given may get a blank value and the line has no `default`";
    DoubleTarget = "double-target", Error, "two lines write the same field";
    ConstantConsent = "constant-consent", Error, "a person's consent is set from a constant";
    ConstantSide = "constant-side", Error, "a constant stands on the side that is written";
    NoOptIn = "no-opt-in", Error, "no condition on the CRM side says that a record takes part";
    NotListed = "not-listed", Error, "a `from` line asks for something that lists of the records do not show";
    HoldForever = "hold-forever", Warning, "a `hold` line looks at fields of the referral that no line writes, so nothing in Salesforce ends it";
    NeedsFallback = "needs-fallback", Error, "`wins newest` has no `else SIDE`";
    ClauseConflict = "clause-conflict", Error, "two clauses of a line contradict each other";
    ClauseMisplaced = "clause-misplaced", Error, "a clause does nothing on this line";
    RowWidth = "row-width", Error, "a row has more or fewer cells than its line has fields";
    RowUnreachable = "row-unreachable", Warning, "a row, or a `match` line of `related`, is never chosen because an earlier one fits whenever it does";
    RowContradiction = "row-contradiction", Error, "two rows say different things for the same values";
    TableNotExhaustive = "table-not-exhaustive", Error, "values of a field are in no row and no `otherwise` says what happens";
    OnlyOtherwise = "only-otherwise", Warning, "values of a field reach a table only through `otherwise`";
    IllegalTransition = "illegal-transition", Error, "a row asks for a status that Partner Center does not allow";
    OneWay = "one-way", Error, "a field that never goes back is mapped without `one way to`";
    BadMatch = "bad-match", Error, "the `match` line does not name one field of each side";
    BadReport = "bad-report", Error, "the badge or audit names a field that cannot take it";
    BadExample = "bad-example", Error, "an example is not complete, contradicts itself, or expects a field that no line writes";
    InexactFilter = "inexact-filter", Error, "a JSONPath filter compares a number field, which it does with 64-bit floats";
    UnknownBase = "unknown-base", Error, "`extends` names a map that is neither beside this one nor built in";
    OverlayCycle = "overlay-cycle", Error, "maps extend one another in a circle, or more than 16 of them";
    OverlayLost = "overlay-lost", Error, "a line of an overlay does not find what it changes in its base";
    OverlayIdle = "overlay-idle", Warning, "a line of an overlay says what the base says already";
}

impl Code {
    /// An error of a map that is clear but not complete: it can be tried out, and must not be served.
    pub fn leaves_a_plan(self) -> bool {
        matches!(self, Code::MissingRequired | Code::NoOptIn)
    }
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The map cannot be used.
    Error,
    /// It can, but probably does not do what was meant.
    Warning,
}

/// Text that, put in the place of `span`, solves a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced (empty: an insertion).
    pub span: Span,
    /// With what.
    pub text: String,
}

/// One thing that is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its stable name.
    pub code: Code,
    /// How bad it is here.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// What is underlined.
    pub at: Span,
    /// What stands at the underline.
    pub label: String,
    /// Other places that matter.
    pub also: Vec<(Span, String)>,
    /// What would happen, where that matters.
    pub effect: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The same as an edit.
    pub fix: Option<Fix>,
}

impl Problem {
    /// A problem with the severity of its code, and nothing else yet.
    pub fn new(code: Code, at: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            at,
            label: String::new(),
            also: Vec::new(),
            effect: None,
            help: None,
            fix: None,
        }
    }

    /// Says what stands at the underline.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what would happen.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = Some(effect.into());
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// Offers an edit.
    #[must_use]
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, text: text.into() });
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.name()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = match (&self.effect, &self.help) {
            (Some(effect), Some(help)) => format!("{help}\neffect: {effect}"),
            (Some(effect), None) => format!("effect: {effect}"),
            (None, Some(help)) => help.clone(),
            (None, None) => return None,
        };
        Some(Box::new(help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let length = |span: Span| span.end.saturating_sub(span.start);
        let main = LabeledSpan::new_primary_with_span(
            label(&self.label),
            (self.at.start, length(self.at)),
        );
        let also = self
            .also
            .iter()
            .map(move |(span, text)| LabeledSpan::new(label(text), span.start, length(*span)));
        Some(Box::new(std::iter::once(main).chain(also)))
    }
}

/// The problems of one map, with the texts they point into, in the order of their places.
#[derive(Debug, Clone)]
pub struct Report {
    sources: Sources,
    problems: Vec<Problem>,
}

impl Report {
    /// The problems of a map; sorted here. An edit of a text that is not the map's own is left out:
    /// that file is another's.
    pub fn new(sources: Sources, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| (p.at.start, p.severity, p.code));
        problems.dedup();
        for problem in &mut problems {
            problem.fix.take_if(|fix| !sources.is_own(fix.span.start));
        }
        Self { sources, problems }
    }

    /// The map's file name.
    pub fn name(&self) -> &str {
        self.sources.name()
    }

    /// The texts that the problems point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// All problems, by place.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// True when nothing of severity error is in it.
    pub fn is_usable(&self) -> bool {
        self.problems.iter().all(|p| p.severity == Severity::Warning)
    }

    /// File, line and column of a byte, lines and columns from 1, columns in characters.
    pub fn place(&self, offset: usize) -> Place<'_> {
        self.sources.place(offset)
    }
}

/// After so many problems the rest of a file is not looked at.
pub const MOST_PROBLEMS: usize = 1_000;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.problems.iter().filter(|p| p.severity == Severity::Error).count();
        let warnings = self.problems.len() - errors;
        write!(f, "{}: {errors} errors, {warnings} warnings", self.name())
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.sources)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|p| p as &dyn Diagnostic)))
    }
}

/// The lines around a place, never of two files at once, as all faces count them.
impl SourceCode for Sources {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (name, start, text) = self.file_at(span.offset());
        let local = SourceSpan::from((span.offset() - start, span.len()));
        let contents = text.read_span(&local, before, after)?;
        let shown = contents.span();
        let (line, column) = place(text, shown.offset());
        Ok(Box::new(MietteSpanContents::new_named(
            name.to_owned(),
            contents.data(),
            SourceSpan::from((shown.offset() + start, shown.len())),
            line.saturating_sub(1),
            column.saturating_sub(1),
            contents.line_count(),
        )))
    }
}

/// The candidate nearest to `word`, when one is near enough to be meant.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    near::nearest(word, candidates)
}

/// Whether two words differ by a slip of the finger: but for case, one letter too many, too few, another, or
/// swapped with its neighbour.
pub fn is_slip(one: &str, other: &str) -> bool {
    near::is_slip(one, other)
}
