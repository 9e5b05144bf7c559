//! What a query says. Plain data with places in the text; names are not looked up yet.

use crate::decimal::Decimal;

/// A name with dots, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) text: String,
    pub(super) at: usize,
}

/// A whole query or a sub-select.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) columns: Vec<Column>,
    pub(super) counts: bool,
    pub(super) from: Path,
    /// Another name for what is asked.
    pub(super) alias: Option<String>,
    pub(super) filter: Option<Filter>,
    pub(super) group: Vec<Path>,
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
    Aggregate {
        call: Aggregate,
        alias: Option<String>,
    },
    /// `FIELDS(…)`, and where it stands.
    Every(Every, usize),
    Children(Box<Query>),
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

/// A value of a group of rows.
#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    pub(super) function: Function,
    pub(super) path: Path,
}

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
    pub(super) function: Option<Function>,
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
