//! `text TEMPLATE`: several fields in one text, with words between them.

use std::fmt;

use super::cut::Limit;
use super::several::{Stand, place};
use super::way::{Fields, Way, all_same};
use super::words::{Words, bad_argument, quoted};
use super::{About, Any, Case, Direct, Unbound, direct, need, same};
use crate::json::Json;
use crate::problem::Problem;
use crate::schema::Kind;
use crate::tree::{Arrow, Span};
use crate::value::{self, Misfit, Value, is_text, text_value};

const SEVERAL: &str = "where one field ends and the next begins cannot be told from the text";
const NOT_A_TEXT: &str = "only a text field can be read back out of a text";
const CUT: &str = "what was cut off cannot be put back";

pub(super) static ABOUT: About = About {
    name: "text",
    form: r#"text "…{A} … {B}…" [cut at N]"#,
    says: "One text of several fields, on the side with one field. `{name}` is the field whose path is so or ends so, `{1}` the first field of the line; `{{` and `}}` are braces. A blank field leaves nothing, not even the blank before it; when all are blank, so is the text. With one field, and without `cut at`, it also goes back: the words around it are taken off, and a text without them does not fit.",
    read,
    cases: &[
        Case {
            clause: r#"text "{1} {2} ({3})""#,
            left_kinds: &[Kind::Text, Kind::Text, Kind::Number],
            right_kinds: &[Kind::Text],
            left: r#"["Ada", "Byron", 36]"#,
            right: r#"["Ada Byron (36)"]"#,
            back: None,
        },
        Case {
            clause: r#"text "{1} {2}" cut at 8"#,
            left_kinds: &[Kind::Text, Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"[null, "Contoso Ltd"]"#,
            right: r#"["Contoso"]"#,
            back: None,
        },
        Case {
            clause: r#"text "Co-sell: {1}""#,
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Fleet"]"#,
            right: r#"["Co-sell: Fleet"]"#,
            back: Some(r#"["Fleet"]"#),
        },
    ],
};

/// A text with places for fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    written: String,
    pieces: Vec<Piece>,
    limit: Option<Limit>,
    stand: Stand,
    /// Whether the only field is a text.
    of_text: bool,
}

/// A part of a text that is made of words and fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Words(String),
    Place { word: String, index: usize },
}

pub(super) fn read(words: &mut Words<'_>) -> Result<Any, Box<Problem>> {
    let (written, span) = words.text("a text with the names of fields in braces")?;
    let pieces = pieces(written).map_err(|why| bad(span, why))?;
    let places = pieces.iter().filter(|piece| matches!(piece, Piece::Place { .. })).count();
    if places == 0 {
        return Err(bad(span, "expected the name of a field in braces, found none"));
    }
    let limit = Limit::read_cut(words)?;
    let written = written.to_owned();
    let stand = Stand::default();
    Ok(Any::Template(Template { written, pieces, limit, stand, of_text: true }))
}

fn bad(span: Span, why: &str) -> Box<Problem> {
    Box::new(
        bad_argument(span, why)
            .help("write `{name}` or `{1}` where a field belongs, `{{` and `}}` for braces"),
    )
}

/// The words and places of a template.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut words = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        words.push_str(rest.get(..at).unwrap_or(""));
        let here = rest.get(at..).unwrap_or("");
        if let Some(behind) = here.strip_prefix("{{") {
            words.push('{');
            rest = behind;
        } else if let Some(behind) = here.strip_prefix("}}") {
            words.push('}');
            rest = behind;
        } else {
            let inside = here.strip_prefix('{').ok_or("expected `{` before `}`")?;
            let (word, behind) = inside.split_once('}').ok_or("expected `}` behind `{`")?;
            let word = word.trim();
            if word.is_empty() || word.contains('{') {
                return Err("expected the name of a field between `{` and `}`");
            }
            if !words.is_empty() {
                pieces.push(Piece::Words(std::mem::take(&mut words)));
            }
            // Until the line is known, numbers are all that means a field.
            let index = word.parse::<usize>().map_or(0, |number| number.saturating_sub(1));
            pieces.push(Piece::Place { word: word.to_owned(), index });
            rest = behind;
        }
    }
    words.push_str(rest);
    if !words.is_empty() {
        pieces.push(Piece::Words(words));
    }
    Ok(pieces)
}

/// The fields that have a place, in its order.
fn places(pieces: &[Piece]) -> impl Iterator<Item = usize> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Place { index, .. } => Some(*index),
        Piece::Words(_) => None,
    })
}

/// Whether each of `count` fields has a place in what is made of them.
pub(super) fn all_placed(
    pieces: &[Piece],
    names: &[String],
    count: usize,
    made: &str,
) -> Result<(), Unbound> {
    let Some(unused) = (0..count).find(|index| !places(pieces).any(|place| place == *index)) else {
        return Ok(());
    };
    let name = names.get(unused).map_or("", String::as_str);
    let short = super::several::last(name);
    let why = format!("`{name}` has no place in the {made}");
    let help = format!("write `{{{short}}}` where it belongs, or remove the field");
    Err(Unbound::new("", why, help))
}

/// The pieces as they are put together on a record's own text.
pub(super) fn in_order(pieces: &[Piece]) -> Vec<direct::Piece<'_>> {
    let told = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => direct::Piece::Words(words),
        Piece::Place { index, .. } => direct::Piece::Place(*index),
    });
    told.collect()
}

impl Template {
    pub(super) fn with_room(self, room: u32) -> Self {
        Self { limit: self.limit.map(|limit| limit.with_room(room)), ..self }
    }

    fn most(&self) -> Option<u32> {
        self.limit.map(Limit::most)
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        places(&self.pieces)
    }

    fn gather(&self, several: &[Value]) -> Result<Value, Misfit> {
        let mut text = String::new();
        let mut left_out = false;
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => {
                    let bare = words.strip_prefix(' ').filter(|_| left_out);
                    let joined = text.is_empty() || text.ends_with(' ');
                    text.push_str(bare.filter(|_| joined).unwrap_or(words));
                }
                Piece::Place { index, .. } => {
                    let value = several.get(*index).unwrap_or(&Value::Blank);
                    left_out = value.is_blank();
                    text.push_str(&one_text(value)?);
                }
            }
        }
        let text = text.trim();
        Ok(text_value(match self.most() {
            Some(most) => super::cut::beginning(text, most),
            None => text.to_owned(),
        }))
    }

    fn spread(&self, one: &Value, old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        if one.is_blank() {
            return Ok(vec![Value::Blank]);
        }
        let misfit = Misfit { wanted: "the words of the template around a text", found: "others" };
        if self.spreads().is_err() {
            return Err(misfit);
        }
        if let Some(old) = old
            && self.gather(old).is_ok_and(|there| same::text(&there, one))
        {
            return Ok(old.to_vec());
        }
        let (before, after) = match self.pieces.as_slice() {
            [Piece::Words(before), Piece::Place { .. }, Piece::Words(after)] => {
                (before.as_str(), after.as_str())
            }
            [Piece::Words(before), Piece::Place { .. }] => (before.as_str(), ""),
            [Piece::Place { .. }, Piece::Words(after)] => ("", after.as_str()),
            _ => ("", ""),
        };
        let text = same::text_of(one).ok_or(Misfit { wanted: "text", found: one.word() })?.trim();
        let inside = text.strip_prefix(before.trim_start());
        let inside = inside.and_then(|rest| rest.strip_suffix(after.trim_end())).ok_or(misfit)?;
        if inside.trim().is_empty() {
            return Err(misfit);
        }
        Ok(vec![text_value(inside)])
    }

    fn spreads(&self) -> Result<(), &'static str> {
        if self.limit.is_some() {
            Err(CUT)
        } else if self.places().count() > 1 {
            Err(SEVERAL)
        } else if self.of_text {
            Ok(())
        } else {
            Err(NOT_A_TEXT)
        }
    }
}

impl Way for Template {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", quoted(&self.written))?;
        self.limit.map_or(Ok(()), |limit| write!(f, " cut at {limit}"))
    }

    fn bind(&mut self, fields: &Fields<'_>) -> Result<(), Unbound> {
        self.stand = Stand::of(fields);
        let (names, _) = self.stand.split(fields.names[0], fields.names[1]);
        let (kinds, _) = self.stand.split(fields.kinds[0], fields.kinds[1]);
        self.of_text = kinds.iter().all(|kind| is_text(*kind));
        for piece in &mut self.pieces {
            if let Piece::Place { word, index } = piece {
                *index = place(word, names, kinds.len())?;
            }
        }
        all_placed(&self.pieces, names, kinds.len(), "text")
    }

    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        let (several, one) = self.stand.split(left, right);
        let [one] = one else {
            return Err(format!(
                "expected one field on one of the sides, found {} left and {} right",
                left.len(),
                right.len()
            ));
        };
        let (their_side, its_side) = self.stand.split("left", "right");
        need(is_text(*one), ABOUT.name, its_side, "a text", *one)?;
        several.iter().try_for_each(|kind| {
            let fits = is_text(*kind)
                || matches!(kind, Kind::Number | Kind::Percent | Kind::Bool | Kind::Date);
            need(fits, ABOUT.name, their_side, "a text, a number, a date or a yes or no", *kind)
        })
    }

    fn allows(&self, arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        self.stand.allows(arrow, self.spreads())
    }

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        self.stand.carry(true, left, None, |s| self.gather(s), |one, old| self.spread(one, old))
    }

    fn to_left(&self, right: &[Value], old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        self.stand.carry(false, right, old, |s| self.gather(s), |one, old| self.spread(one, old))
    }

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |_, a, b| same::text(a, b))
    }

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |_, a, b| same::text(a, b))
    }

    fn comes_from(&self, to_right: bool, _target: usize, count: usize) -> Vec<usize> {
        if self.stand.is_written(to_right) { vec![0] } else { (0..count).collect() }
    }

    fn longest(&self, to_right: bool, sources: &[Option<u32>]) -> Option<u32> {
        if self.stand.is_written(to_right) {
            return sources.first().copied().flatten();
        }
        let words: usize = self
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Words(words) => value::length(words),
                Piece::Place { .. } => 0,
            })
            .sum();
        let places: Option<u32> = self
            .places()
            .map(|place| sources.get(place).copied().flatten())
            .try_fold(0_u32, |sum, length| Some(sum.saturating_add(length?)));
        let whole = places.map(|sum| sum.saturating_add(u32::try_from(words).unwrap_or(u32::MAX)));
        match (self.most(), whole) {
            (Some(most), Some(whole)) => Some(most.min(whole)),
            (most, whole) => most.or(whole),
        }
    }

    fn direct(&self, to_right: bool, _count: usize) -> Option<Direct<'_>> {
        if self.stand.is_written(to_right) {
            return None;
        }
        Some(Direct::Template {
            pieces: in_order(&self.pieces),
            most: self.most(),
            unreserved: false,
        })
    }
}

/// A value as it stands in a text.
fn one_text(value: &Value) -> Result<String, Misfit> {
    match value::write(Kind::Text, value) {
        Json::Null => Ok(String::new()),
        Json::Text(text) => Ok(text.into_owned()),
        Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            Err(Misfit { wanted: "a single value", found: value.word() })
        }
    }
}
