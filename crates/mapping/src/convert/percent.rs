//! `percent`: a number of hundredths.

use std::borrow::Cow;

use super::{About, Any, Case, One, number};
use crate::schema::Kind;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "percent",
    form: "percent",
    says: "A number of hundredths: 75 is 75 %. In a text field a percent sign behind it is read.",
    read: |_| Ok(Any::Percent(Percent)),
    cases: &[
        Case {
            clause: "percent",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Percent],
            left: r#"["75 %"]"#,
            right: "[75]",
            back: Some(r#"["75"]"#),
        },
        Case {
            clause: "percent",
            left_kinds: &[Kind::Number],
            right_kinds: &[Kind::Percent],
            left: "[12.5]",
            right: "[12.5]",
            back: Some("[12.5]"),
        },
    ],
};

/// `percent`: a number of hundredths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Percent;

impl One for Percent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        number::fits(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        number::decimal_of(&without_sign(left)).map(Value::Number)
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        number::same(&without_sign(a), &without_sign(b))
    }
}

fn without_sign(value: &Value) -> Cow<'_, Value> {
    let text = super::same::text_of(value);
    match text.and_then(|text| text.trim().strip_suffix('%')) {
        Some(digits) => Cow::Owned(Value::Text(digits.to_owned())),
        None => Cow::Borrowed(value),
    }
}
