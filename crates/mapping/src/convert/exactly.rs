//! `text exactly`: a text in which every character counts.

use super::{About, Any, Case, One, need_texts};
use crate::schema::Kind;
use crate::value::{Decode, Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "text exactly",
    form: "text exactly",
    says: "A text in which every character counts: nothing is decoded, trimmed or made alike.",
    read: |_| Ok(Any::Exactly(Exactly)),
    cases: &[Case {
        clause: "text exactly",
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Text],
        left: r#"["&amp; "]"#,
        right: r#"["&amp; "]"#,
        back: Some(r#"["&amp; "]"#),
    }],
};

/// `text exactly`: a text in which every character counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exactly;

impl One for Exactly {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        match left {
            Value::Text(_) => Ok(left.clone()),
            Value::Blank
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::List(_)
            | Value::Other(_) => Err(Misfit { wanted: "text", found: left.word() }),
        }
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        a == b
    }

    fn decode(&self) -> Decode {
        Decode::Exactly
    }

    fn keeps_length(&self) -> bool {
        true
    }
}
