//! `phone`: a telephone number.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "phone",
    form: "phone",
    says: "A telephone number as it is written. Blanks, hyphens, points, slashes and parentheses do not matter.",
    read: |_| Ok(Any::Phone(Phone)),
    cases: &[Case {
        clause: "phone",
        left_kinds: &[Kind::Phone],
        right_kinds: &[Kind::Phone],
        left: r#"["+1 (425) 555-0100"]"#,
        right: r#"["+1 (425) 555-0100"]"#,
        back: Some(r#"["+1 (425) 555-0100"]"#),
    }],
};

/// `phone`: a telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phone;

impl One for Phone {
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
        same::phone(a, b)
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Text(Passes::TRIMMED))
    }
}
