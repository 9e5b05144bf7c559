//! `number`: a number, also as digits in a text.

use super::{About, Any, Case, Direct, One, need, spells_words};
use crate::decimal::Decimal;
use crate::schema::Kind;
use crate::value::{Misfit, Value, number_of};

pub(super) static ABOUT: About = About {
    name: "number",
    form: "number",
    says: "A number with all its digits; it may stand in a text field as digits. Numbers compare by value: `1.10` is `1.1`.",
    read: |_| Ok(Any::Number(Number)),
    cases: &[
        Case {
            clause: "number",
            left_kinds: &[Kind::Number],
            right_kinds: &[Kind::Text],
            left: "[9007199254740993.01]",
            right: r#"["9007199254740993.01"]"#,
            back: Some("[9007199254740993.01]"),
        },
        Case {
            clause: "number",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Number],
            left: r#"["1e2"]"#,
            right: "[100]",
            back: Some(r#"["100"]"#),
        },
    ],
};

/// `number`: a number, also as digits in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number;

impl One for Number {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        fits(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        decimal_of(left).map(Value::Number)
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same(a, b)
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Number { decimals: None })
    }
}

/// Numbers, or texts that may hold their digits: not those that hold something else by their kind.
pub(super) fn fits(name: &str, left: Kind, right: Kind) -> Result<(), String> {
    let fits = |kind| matches!(kind, Kind::Number | Kind::Percent) || spells_words(kind);
    need(fits(left), name, "left", "a number", left)?;
    need(fits(right), name, "right", "a number", right)
}

/// The number that a value is or whose digits it holds.
pub(super) fn decimal_of(value: &Value) -> Result<Decimal, Misfit> {
    let misfit = Misfit { wanted: "a number", found: value.word() };
    let value = match value {
        Value::Text(text) => &number_of(text)?,
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => value,
    };
    match value {
        Value::Number(number) => Ok(*number),
        Value::Blank
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => Err(misfit),
    }
}

/// Both are numbers of the same value.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (decimal_of(a), decimal_of(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Ok(_) | Err(_), _) => a == b,
    }
}
