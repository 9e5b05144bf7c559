//! `link TEMPLATE`: an address with the left value in it; one way.

use std::fmt;
use std::fmt::Write;

use super::words::{Words, bad_argument, quoted};
use super::{About, Any, Case, Direct, One, Piece, need, same, spells_words};
use crate::problem::Problem;
use crate::schema::Kind;
use crate::value::{Misfit, Value, is_text};

const PLACE: &str = "{id}";
const NO_WAY_BACK: &str = "an address cannot be turned back into the value it was made from";

pub(super) static ABOUT: About = About {
    name: "link",
    form: r#"link "https://…{id}""#,
    says: "An address on the right with the left value in the place of `{id}`, its special characters percent-encoded. One way: use `->`.",
    read,
    cases: &[Case {
        clause: r#"link "https://crm.example/deal?id={id}""#,
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Url],
        left: r#"["a/b c"]"#,
        right: r#"["https://crm.example/deal?id=a%2Fb%20c"]"#,
        back: None,
    }],
};

/// An address with a place for the left value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    template: String,
}

fn read(words: &mut Words<'_>) -> Result<Any, Box<Problem>> {
    let (template, span) = words.text("an address with `{id}` in it")?;
    if !template.contains(PLACE) {
        let message = "expected an address with `{id}` in it, found none";
        return Err(Box::new(
            bad_argument(span, message)
                .help("write `{id}` where the value of the left field belongs"),
        ));
    }
    if template.replace(PLACE, "").contains(['{', '}']) {
        let message = "expected no other braces than `{id}` in the address";
        return Err(Box::new(
            bad_argument(span, message).help("write `%7B` and `%7D` for `{` and `}`"),
        ));
    }
    Ok(Any::Link(Link { template: template.to_owned() }))
}

impl One for Link {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", quoted(&self.template))
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        let single = is_text(left) || left == Kind::Number;
        need(single, ABOUT.name, "left", "a text or a number", left)?;
        let address = right == Kind::Url || spells_words(right);
        need(address, ABOUT.name, "right", "a web address or a text", right)
    }

    fn both_ways(&self) -> Result<(), &'static str> {
        Err(NO_WAY_BACK)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = match left {
            Value::Text(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Blank
            | Value::Bool(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::List(_)
            | Value::Other(_) => {
                return Err(Misfit { wanted: "text", found: left.word() });
            }
        };
        Ok(Value::Text(self.template.replace(PLACE, &percent_encoded(&text))))
    }

    fn left(&self, _index: usize, _right: &Value) -> Result<Value, Misfit> {
        Err(Misfit { wanted: "a conversion with a way back", found: "a link" })
    }

    fn same_left(&self, _index: usize, a: &Value, b: &Value) -> bool {
        super::id::same(a, b)
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::text(a, b)
    }

    fn direct(&self, _index: usize, to_right: bool) -> Option<Direct<'_>> {
        let mut pieces = Vec::new();
        for (index, words) in self.template.split(PLACE).enumerate() {
            if index > 0 {
                pieces.push(Piece::Place(0));
            }
            if !words.is_empty() {
                pieces.push(Piece::Words(words));
            }
        }
        let bare = self.template.trim().len() == self.template.len();
        (to_right && bare).then_some(Direct::Template { pieces, most: None, unreserved: true })
    }
}

/// The text with everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
