//! `upper`: a text in capital letters on the right.

use super::{About, Any, Case, Direct, Letters, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "upper",
    form: "upper",
    says: "A text in capital letters on the right. On the way back a left text that differs only in case stays; another is taken as it is.",
    read: |_| Ok(Any::Upper(Upper)),
    cases: &[Case {
        clause: "upper",
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Text],
        left: r#"["ab-12"]"#,
        right: r#"["AB-12"]"#,
        back: Some(r#"["AB-12"]"#),
    }],
};

/// `upper`: a text in capital letters on the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upper;

impl One for Upper {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(left).ok_or(Misfit { wanted: "text", found: left.word() })?;
        Ok(text_value(text.trim().to_uppercase()))
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
        let letters = Passes { case: Some(Letters::Upper), ..Passes::TRIMMED };
        Some(Direct::Text(if to_right { letters } else { Passes::default() }))
    }
}
