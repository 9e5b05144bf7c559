//! What was written in a `.map` file: plain data with spans, nothing resolved.
//!
//! In: nothing. Out: the types that `parse` fills, `print` lays out and `check` reads.
//! Must not know: schemas, plans, pest. Comments and blank lines are part of the tree, so that
//! printing and fixing lose nothing.

mod example;
mod overlay;
mod table;

pub use example::{ExampleLine, Want};
pub use overlay::{BlockName, Edit, Edits, Key};
pub use table::{Cell, NotBefore, Row};

/// A range of bytes in the text of a file (behind its map, those of its bases), `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A value with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> At<T> {
    /// `value` as written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A whole file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// Top-level entries, comments and blank lines included.
    pub entries: Vec<Entry<Item>>,
}

/// One line (with its continuations) of a block, or something between the lines.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry<T> {
    /// A line that was read. `trailing` is the `# …` comment behind it (of its first line).
    Line {
        /// The line.
        item: T,
        /// Where it stands, first to last byte, without the trailing comment.
        span: Span,
        /// The comment behind it, with its `#`.
        trailing: Option<String>,
    },
    /// A comment on a line of its own, with its `#`, without the line end.
    Comment(At<String>),
    /// One or more blank lines (printed as one).
    Blank(Span),
    /// A line that could not be read; a problem tells why. Printed as it stands.
    Unreadable(Span),
}

/// Something at the top level.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `language 1`
    Language(At<u32>),
    /// `mapping opportunity "Co-sell opportunities"`
    Mapping {
        /// Its name.
        name: At<String>,
        /// What people call it.
        label: Option<At<String>>,
        /// How far it may be relied on, when that is said.
        stability: Option<Stability>,
    },
    /// `side referral is partner_center Referral`
    Side {
        /// The name used in the rest of the file.
        name: At<String>,
        /// `partner_center` or `salesforce`, as written.
        system: At<String>,
        /// The object of that system.
        object: At<String>,
    },
    /// `match referral.id with opportunity.Referral_Identifier__c`
    Match {
        /// Path whose first segment is a side's name.
        left: At<Path>,
        /// Path whose first segment is the other side's name.
        right: At<Path>,
    },
    /// `sync … end`
    Sync(Block<SyncLine>),
    /// `defaults … end`
    Defaults(Block<Clause>),
    /// `values NAME … end`
    Values {
        /// The table's name.
        name: At<String>,
        /// Its rows.
        rows: Block<Row>,
    },
    /// `fields … end`
    Fields(Block<FieldLine>),
    /// `related Account through AccountId … end`
    Related {
        /// The related object.
        object: At<String>,
        /// The field of the right record that refers to it.
        through: At<String>,
        /// `match …` lines and field lines.
        lines: Block<RelatedLine>,
    },
    /// `each LIST with LIST [clauses] … end`
    Each {
        /// Path of the left list.
        left: At<Path>,
        /// Path of the right list.
        right: At<Path>,
        /// `until shared`, `removed keep`, `union`.
        clauses: Vec<Clause>,
        /// `match …` lines and field lines.
        lines: Block<RelatedLine>,
    },
    /// `require before sharing … end`
    Require(Block<RequireLine>),
    /// `report … end`
    Report(Block<ReportLine>),
    /// `example "…" … end`
    Example {
        /// What it shows.
        title: At<String>,
        /// Its lines.
        lines: Block<ExampleLine>,
    },
    /// `extends opportunity`: this map changes another.
    Extends(At<String>),
    /// `[in BLOCK] add | change | remove LINE`, or `add to BLOCK … end`
    Edit {
        /// The block of the base; without: `fields`, or the head.
        block: Option<At<BlockName>>,
        /// What happens to its lines.
        edits: Box<Edits>,
    },
    /// `remove values stage`: a whole block of the base is left out.
    Drop(At<BlockName>),
}

/// The lines between a block's head and its `end`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block<T> {
    /// Lines, comments and blank lines in order.
    pub entries: Vec<Entry<T>>,
    /// The comment behind the closing `end`.
    pub end_trailing: Option<String>,
    /// False when the file ended, or another block began, before `end`.
    pub closed: bool,
}

impl<T> Block<T> {
    /// The lines that were read, each with its span.
    pub fn lines(&self) -> impl Iterator<Item = (&T, Span)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Line { item, span, .. } => Some((item, *span)),
            Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
        })
    }
}

/// `from referral when type is Shared and …`, or `hold referral while status is New …`
#[derive(Debug, Clone, PartialEq)]
pub struct SyncLine {
    /// The side that hints come from; of `hold`, the side whose record is looked at.
    pub side: At<String>,
    /// Only records that fulfil this take part; of `hold`, only deals whose left record does.
    pub when: Option<At<Condition>>,
    /// It is a `hold` line.
    pub hold: Option<Hold>,
}

/// What a `hold` line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// `while CONDITION`
    pub during: At<Condition>,
    /// `answer by MOMENT [default MOMENT]`: the first that the record has.
    pub answer: Vec<Moment>,
}

/// `createdDateTime plus 72 hours`
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// A field with a time.
    pub path: At<Path>,
    /// How much later.
    pub plus: Option<Delay>,
}

/// A length of time as a map writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// `N hours`
    Hours(i64),
    /// `N days`
    Days(i64),
}

/// How far a map may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stability {
    /// It is in use.
    #[default]
    Stable,
    /// It is being tried out.
    Experimental,
}

impl Stability {
    /// As it stands in a map.
    pub fn word(self) -> &'static str {
        match self {
            Stability::Stable => "stable",
            Stability::Experimental => "experimental",
        }
    }
}

/// Which way a line or a row flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrow {
    /// `<->`
    Both,
    /// `->`
    ToRight,
    /// `<-`
    ToLeft,
}

/// `details.notes <-> Description as long text …`
#[derive(Debug, Clone, PartialEq)]
pub struct FieldLine {
    /// One or more operands left of the arrow.
    pub left: Vec<At<Operand>>,
    /// The arrow.
    pub arrow: At<Arrow>,
    /// One or more operands right of the arrow.
    pub right: Vec<At<Operand>>,
    /// Everything behind.
    pub clauses: Vec<Clause>,
}

/// What may stand beside an arrow.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A dotted path.
    Path(Path),
    /// A full JSONPath, with its `$`, without the quotes around it. The span covers the JSONPath
    /// itself (inside the quotes), so that an error's column can be shifted.
    JsonPath(String),
    /// A constant.
    Constant(Constant),
}

/// `details.requirements.solutions[first].name`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// Names and selectors in order; the first is a name.
    pub segments: Vec<Segment>,
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A member's name, without backticks.
    Name(String),
    /// `[first]`
    First,
    /// `[first with email]`
    FirstWith(String),
    /// `[type is "CustomerMarketplaceIntent"]`
    Is {
        /// The member that is compared.
        name: String,
        /// With this text.
        value: String,
    },
}

/// A constant as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constant {
    /// Quoted text, escapes resolved.
    Text(String),
    /// Digits as written, such as `-12.50`.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// The keyword `blank`.
    Blank,
}

/// One clause, with the comments that stand before it when it begins a line of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// `to SIDE` before it (or behind `blank clear`): it holds only for writes to that side.
    pub to: Option<At<String>>,
    /// What it says.
    pub kind: ClauseKind,
    /// Where it stands, the `to SIDE` included.
    pub span: Span,
    /// True when it begins a continuation line (in the first line of an item: false).
    pub own_line: bool,
    /// Comments and blank lines between the line before and this one (only with `own_line`).
    pub before: Vec<At<String>>,
    /// The comment behind it, when it is the last of a continuation line.
    pub trailing: Option<String>,
}

/// What a clause says.
#[derive(Debug, Clone, PartialEq)]
pub enum ClauseKind {
    /// `as money with 2 decimals`: the words, numbers and texts behind `as`, read by `convert`.
    As(Vec<At<Token>>),
    /// `using stage then probability`
    Using(Vec<At<String>>),
    /// `wins SIDE [unless blank]`
    Wins {
        /// The side.
        side: At<String>,
        /// Only while its value is not blank.
        unless_blank: bool,
    },
    /// `wins newest else SIDE`
    WinsNewest {
        /// Who wins when the times do not decide.
        fallback: At<String>,
    },
    /// `wins newest` without the fallback it must have (a problem, kept for printing).
    WinsNewestAlone,
    /// `first contact wins SIDE`
    FirstContact(At<String>),
    /// `conflict ask`
    ConflictAsk,
    /// `union`
    Union,
    /// `blank keep | clear | park`
    Blank(BlankPolicy),
    /// `default V [plus N days]`
    Default {
        /// A constant or a path of the side that the value comes from.
        value: At<Operand>,
        /// Days to add to a date.
        plus_days: Option<i64>,
    },
    /// `on create only`
    OnCreateOnly,
    /// `on create or on invite`
    OnCreateOrInvite,
    /// `one way to true`
    OneWayTo(At<Constant>),
    /// `until shared`
    UntilShared,
    /// `removed keep`
    RemovedKeep,
    /// `none create` / `none park` / `none ask`
    None(At<String>),
    /// `several ask` / `several first`
    Several(At<String>),
    /// `when CONDITION`
    When(At<Condition>),
    /// `else "…"` of a `require` line.
    Else(At<String>),
}

/// What to do with a blank value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlankPolicy {
    /// Leave the other side as it is.
    Keep,
    /// Clear the other side.
    Clear,
    /// Park the line.
    Park,
}

/// A word, number or text behind `as`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A bare word.
    Word(String),
    /// Digits.
    Number(String),
    /// Quoted text.
    Text(String),
}

/// Tests joined by `and`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// At least one.
    pub tests: Vec<At<Test>>,
}

/// `P is [not] V` and its kin.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is looked at: a path or a JSONPath.
    pub subject: At<Operand>,
    /// The question.
    pub op: TestOp,
}

/// The question a test asks.
#[derive(Debug, Clone, PartialEq)]
pub enum TestOp {
    /// `is V` / `is one of V, V`
    Is(Vec<At<Constant>>),
    /// `is not V` / `is not one of V, V`
    IsNot(Vec<At<Constant>>),
    /// `is present`
    Present,
    /// `is blank`
    Blank,
    /// `above N`
    Above(At<String>),
    /// `below N`
    Below(At<String>),
    /// `empty`
    Empty,
    /// `not empty`
    NotEmpty,
}

/// A line of a `related` or `each` block.
#[derive(Debug, Clone, PartialEq)]
pub enum RelatedLine {
    /// `match P with P, P with P  none create several ask`
    Match {
        /// The pairs.
        pairs: Vec<(At<Path>, At<Path>)>,
        /// `none …`, `several …`.
        clauses: Vec<Clause>,
    },
    /// A field line.
    Field(FieldLine),
}

/// `details.dealValue above 0 when … else "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct RequireLine {
    /// What must hold.
    pub test: At<Condition>,
    /// `when …` and `else "…"`.
    pub clauses: Vec<Clause>,
}

/// A line of `report`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportLine {
    /// `badge prefix of Name "✔" or "✘"`, `badge in State__c "✔" or "✘"`
    Badge {
        /// In front of what the field holds; else the field is the badge's own.
        prefix: bool,
        /// The field of the right record.
        field: At<Path>,
        /// In step.
        good: At<String>,
        /// Not in step.
        bad: At<String>,
    },
    /// `audit in Audit__c`
    Audit(At<Path>),
}
