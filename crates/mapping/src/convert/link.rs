//! `link TEMPLATE`: an address with the left values in it; one way.

use std::fmt;
use std::fmt::Write;

use super::several::place;
use super::template::{Piece, all_placed, in_order, pieces};
use super::way::{Fields, Way, all_same};
use super::words::{Words, bad_argument, quoted};
use super::{About, Any, Case, Direct, Unbound, id, need, same, spells_words};
use crate::problem::Problem;
use crate::schema::Kind;
use crate::tree::{Arrow, Span};
use crate::value::{self, Misfit, Value, is_text};

/// What the only field of a line may be called, whatever its name is.
const ONLY: &str = "id";
const NO_WAY_BACK: &str = "an address cannot be turned back into the value it was made from";

pub(super) static ABOUT: About = About {
    name: "link",
    form: r#"link "https://…{id}""#,
    says: "An address on the right with the left value in the place of `{id}`, its special characters percent-encoded. Of several fields each has its place, named as in a template; the address is blank unless all of them are there. One way: use `->`.",
    read,
    cases: &[
        Case {
            clause: r#"link "https://crm.example/deal?id={id}""#,
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Url],
            left: r#"["a/b c"]"#,
            right: r#"["https://crm.example/deal?id=a%2Fb%20c"]"#,
            back: None,
        },
        Case {
            clause: r#"link "https://crm.example/{1}/{2}""#,
            left_kinds: &[Kind::Text, Kind::Number],
            right_kinds: &[Kind::Url],
            left: r#"["EU", 36]"#,
            right: r#"["https://crm.example/EU/36"]"#,
            back: None,
        },
        Case {
            clause: r#"link "https://crm.example/{1}/{2}""#,
            left_kinds: &[Kind::Text, Kind::Text],
            right_kinds: &[Kind::Url],
            left: r#"["EU", null]"#,
            right: "[null]",
            back: None,
        },
    ],
};

/// An address with places for the left values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    written: String,
    pieces: Vec<Piece>,
}

fn read(words: &mut Words<'_>) -> Result<Any, Box<Problem>> {
    let (written, span) = words.text("an address with `{id}` in it")?;
    let pieces = pieces(written).map_err(|why| bad(span, why))?;
    if !pieces.iter().any(|piece| matches!(piece, Piece::Place { .. })) {
        return Err(bad(span, "expected an address with `{id}` in it, found none"));
    }
    let written = written.to_owned();
    Ok(Any::Link(Link { written, pieces }))
}

fn bad(span: Span, why: &str) -> Box<Problem> {
    Box::new(bad_argument(span, why).help(
        "write `{id}` where the value of the left field belongs, `%7B` and `%7D` for other braces",
    ))
}

impl Way for Link {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", quoted(&self.written))
    }

    fn bind(&mut self, fields: &Fields<'_>) -> Result<(), Unbound> {
        let (names, count) = (fields.names[0], fields.kinds[0].len());
        for piece in &mut self.pieces {
            if let Piece::Place { word, index } = piece {
                *index = if count == 1 && word == ONLY { 0 } else { place(word, names, count)? };
            }
        }
        all_placed(&self.pieces, names, count, "address")
    }

    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        let [right] = right else {
            return Err(format!("expected one field on the right, found {}", right.len()));
        };
        left.iter().try_for_each(|left| {
            let single = is_text(*left) || *left == Kind::Number;
            need(single, ABOUT.name, "left", "a text or a number", *left)
        })?;
        let address = *right == Kind::Url || spells_words(*right);
        need(address, ABOUT.name, "right", "a web address or a text", *right)
    }

    fn allows(&self, arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        match arrow {
            Arrow::ToRight => Ok(()),
            Arrow::Both | Arrow::ToLeft => Err((Arrow::ToRight, NO_WAY_BACK)),
        }
    }

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        if left.iter().any(Value::is_blank) {
            return Ok(vec![Value::Blank]);
        }
        let mut address = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => address.push_str(words),
                Piece::Place { index, .. } => {
                    let text = one_text(left.get(*index).unwrap_or(&Value::Blank))?;
                    percent_encoded(&text, &mut address);
                }
            }
        }
        Ok(vec![Value::Text(address)])
    }

    fn to_left(&self, _right: &[Value], _old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        Err(Misfit { wanted: "a conversion with a way back", found: "a link" })
    }

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |_, a, b| id::same(a, b))
    }

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |_, a, b| same::text(a, b))
    }

    fn comes_from(&self, _to_right: bool, _target: usize, count: usize) -> Vec<usize> {
        (0..count).collect()
    }

    /// As long as the values need no encoding, which makes them longer.
    fn longest(&self, _to_right: bool, sources: &[Option<u32>]) -> Option<u32> {
        let mut long = 0_u32;
        for piece in &self.pieces {
            let piece = match piece {
                Piece::Words(words) => u32::try_from(value::length(words)).ok()?,
                Piece::Place { index, .. } => sources.get(*index).copied().flatten()?,
            };
            long = long.saturating_add(piece);
        }
        Some(long)
    }

    fn direct(&self, to_right: bool, _count: usize) -> Option<Direct<'_>> {
        let bare = self.written.trim().len() == self.written.len();
        let pieces = in_order(&self.pieces);
        (to_right && bare).then_some(Direct::Template { pieces, most: None, unreserved: true })
    }
}

fn one_text(value: &Value) -> Result<String, Misfit> {
    match value {
        Value::Text(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Blank
        | Value::Bool(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => Err(Misfit { wanted: "text", found: value.word() }),
    }
}

/// The characters that stand for themselves in an address.
static UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// Whether a character stands for itself in an address.
#[inline]
pub(crate) fn is_unreserved(byte: u8) -> bool {
    UNRESERVED[usize::from(byte)]
}

/// Adds the text with everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
fn percent_encoded(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
