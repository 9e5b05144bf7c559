//! `yes/no`: yes or no, also as a word.

use super::{About, Any, Case, One, need, spells_words};
use crate::schema::Kind;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "yes/no",
    form: "yes/no",
    says: "Yes or no. In a text field it stands as `Yes` or `No`; `true` and `false` are read as well, in any case.",
    read: |_| Ok(Any::YesNo(YesNo)),
    cases: &[
        Case {
            clause: "yes/no",
            left_kinds: &[Kind::Bool],
            right_kinds: &[Kind::Text],
            left: "[true]",
            right: r#"["Yes"]"#,
            back: Some("[true]"),
        },
        Case {
            clause: "yes/no",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Bool],
            left: r#"["no"]"#,
            right: "[false]",
            back: Some(r#"["No"]"#),
        },
    ],
};

/// `yes/no`: yes or no, also as a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct YesNo;

impl One for YesNo {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        let fits = |kind| kind == Kind::Bool || spells_words(kind);
        need(fits(left), ABOUT.name, "left", "a yes or no, or a text", left)?;
        need(fits(right), ABOUT.name, "right", "a yes or no, or a text", right)
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        bool_of(left).map(Value::Bool)
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        match (bool_of(a), bool_of(b)) {
            (Ok(a), Ok(b)) => a == b,
            (Ok(_) | Err(_), _) => a == b,
        }
    }
}

fn bool_of(value: &Value) -> Result<bool, Misfit> {
    let misfit = Misfit { wanted: "yes or no", found: value.word() };
    match value {
        Value::Bool(b) => Ok(*b),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "true" => Ok(true),
            "no" | "false" => Ok(false),
            _ => Err(misfit),
        },
        Value::Blank
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => Err(misfit),
    }
}
