//! `lower`: a text in small letters on the right.

use super::{About, Any, Case, Direct, Letters, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "lower",
    form: "lower",
    says: "A text in small letters on the right. On the way back a left text that differs only in case stays; another is taken as it is.",
    read: |_| Ok(Any::Lower(Lower)),
    cases: &[Case {
        clause: "lower",
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Text],
        left: r#"["AB-12"]"#,
        right: r#"["ab-12"]"#,
        back: Some(r#"["ab-12"]"#),
    }],
};

/// `lower`: a text in small letters on the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lower;

impl One for Lower {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(left).ok_or(Misfit { wanted: "text", found: left.word() })?;
        Ok(text_value(text.trim().to_lowercase()))
    }

    fn left(&self, _index: usize, right: &Value) -> Result<Value, Misfit> {
        Ok(right.clone())
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::text(a, b)
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn direct(&self, _index: usize, to_right: bool) -> Option<Direct<'_>> {
        let letters = Passes { case: Some(Letters::Lower), ..Passes::TRIMMED };
        Some(Direct::Text(if to_right { letters } else { Passes::default() }))
    }
}
