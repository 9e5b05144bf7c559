//! What a query says. Plain data with places in the text; names are not looked up yet.

use super::through::Through;
use crate::decimal::Decimal;

/// A name with dots, where it stands, and the function that it stands behind.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) text: String,
    pub(super) at: usize,
    pub(super) behind: Behind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    Nothing,
    Value(Through),
    Group(Function),
}

impl Path {
    /// A name alone.
    pub(super) fn new(text: String, at: usize) -> Self {
        Self { text, at, behind: Behind::Nothing }
    }

    /// Whether it is said of the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text) && self.behind == other.behind
    }
}

/// Whose rows a query looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Everything,
    Mine,
}

/// A whole query or a sub-select.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) columns: Vec<Column>,
    pub(super) counts: bool,
    pub(super) from: Path,
    /// Another name for what is asked.
    pub(super) alias: Option<String>,
    pub(super) scope: Scope,
    pub(super) filter: Option<Filter>,
    pub(super) group: Vec<Path>,
    pub(super) having: Option<Filter>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) all_rows: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Column {
    Field {
        path: Path,
        alias: Option<String>,
    },
    /// `FIELDS(…)`, and where it stands.
    Every(Every, usize),
    Children(Box<Query>),
    /// `TYPEOF`: the relationship, and the fields for each kind of row that it may lead to.
    Kinds {
        path: Path,
        whens: Vec<(Path, Vec<Path>)>,
        otherwise: Vec<Path>,
    },
}

/// Which fields `FIELDS(…)` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Every {
    All,
    Standard,
    Custom,
}

impl Every {
    /// Whether a field that a company added, or did not add, is among them.
    pub(super) fn has(self, is_custom: bool) -> bool {
        match self {
            Self::All => true,
            Self::Standard => !is_custom,
            Self::Custom => is_custom,
        }
    }
}

/// What is worked out of a group of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    CountDistinct,
    Sum,
    Average,
    Least,
    Greatest,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) path: Path,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare {
        path: Path,
        operator: Operator,
        value: Literal,
    },
    In {
        path: Path,
        negated: bool,
        values: Vec<Literal>,
    },
    /// A semi-join.
    Within {
        path: Path,
        negated: bool,
        query: Box<Query>,
    },
    /// `INCLUDES` and `EXCLUDES`.
    Includes {
        path: Path,
        negated: bool,
        values: Vec<Literal>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

#[derive(Debug, Clone)]
pub(super) enum Literal {
    Null,
    Flag(bool),
    Number(Decimal),
    Text(String),
    Day(String),
    Moment(String),
    /// The first day of a span and the first day after it.
    Span(String, String),
}
