//! `text`: a text of one line.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "text",
    form: "text",
    says: "A text of one line: line ends become blanks, and blanks around it do not matter.",
    read: |words| if words.has_text() { super::template::read(words) } else { Ok(Any::Text(Text)) },
    cases: &[Case {
        clause: "text",
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Text],
        left: r#"[" Contoso\nAG "]"#,
        right: r#"["Contoso AG"]"#,
        back: Some(r#"["Contoso AG"]"#),
    }],
};

/// `text`: a text of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text;

impl One for Text {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(left).ok_or(Misfit { wanted: "text", found: left.word() })?;
        Ok(text_value(one_line(text)))
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::by(a, b, |text| one_line(&same::bare(text)))
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Text(Passes::ONE_LINE))
    }
}

/// The lines of a text, without blanks at their ends, as one.
pub(super) fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}
