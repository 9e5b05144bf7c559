//! `url`: a web address.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "url",
    form: "url",
    says: "A web address. Case does not matter before the path, nor does a slash that is the whole path.",
    read: |_| Ok(Any::Url(Url)),
    cases: &[Case {
        clause: "url",
        left_kinds: &[Kind::Url],
        right_kinds: &[Kind::Url],
        left: r#"["https://Contoso.example/ "]"#,
        right: r#"["https://Contoso.example/"]"#,
        back: Some(r#"["https://Contoso.example/"]"#),
    }],
};

/// `url`: a web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url;

impl One for Url {
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
        same::url(a, b)
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Text(Passes::TRIMMED))
    }
}
