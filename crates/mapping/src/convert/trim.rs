//! `trim`: a text without blanks around it.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "trim",
    form: "trim",
    says: "A text without the blanks around it.",
    read: |_| Ok(Any::Trim(Trim)),
    cases: &[Case {
        clause: "trim",
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Text],
        left: r#"["  Contoso "]"#,
        right: r#"["Contoso"]"#,
        back: Some(r#"["Contoso"]"#),
    }],
};

/// `trim`: a text without blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trim;

impl One for Trim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(left).ok_or(Misfit { wanted: "text", found: left.word() })?;
        Ok(text_value(text.trim()))
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::text(a, b)
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Text(Passes::TRIMMED))
    }
}
