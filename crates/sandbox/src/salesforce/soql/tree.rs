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
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) all_rows: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Column {
    Field(Path),
    Children(Box<Query>),
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
    Compare { path: Path, operator: Operator, value: Literal },
    In { path: Path, negated: bool, values: Vec<Literal> },
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
}
