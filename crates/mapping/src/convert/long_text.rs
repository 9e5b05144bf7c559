//! `long text`: a text of several lines.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "long text",
    form: "long text",
    says: "A text of several lines. Line ends of any kind and HTML entities count as what they stand for; blanks around the whole text do not matter.",
    read: |_| Ok(Any::LongText(LongText)),
    cases: &[Case {
        clause: "long text",
        left_kinds: &[Kind::LongText],
        right_kinds: &[Kind::LongText],
        left: r#"["first\r\nsecond &lt;b&gt; "]"#,
        right: r#"["first\nsecond <b>"]"#,
        back: Some(r#"["first\nsecond <b>"]"#),
    }],
};

/// `long text`: a text of several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LongText;

impl One for LongText {
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
