//! Reads YAML: text in, a tree of plain values out, and the place of any value in it on request.
//!
//! Must not know: what a schema is. The only file of this crate that names the YAML library, which
//! tells places only with errors: so a place is found by reading the text again and failing there.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// A YAML value. Mappings keep their order, and names that stand twice.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Quoted or plain text.
    Text(String),
    /// A whole number from 0.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
    /// Nothing, `null` or `~`.
    Null,
    /// Something a schema never holds, in words.
    Other(&'static str),
    /// `[a, b]`
    List(Vec<Node>),
    /// `{ name: value }`
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What it is, in words, without its value.
    pub(super) fn phrase(&self) -> &'static str {
        match self {
            Node::Text(_) => "a text",
            Node::Number(_) => "a number",
            Node::Bool(_) => "`true` or `false`",
            Node::Null => "nothing",
            Node::Other(what) => what,
            Node::List(_) => "a list",
            Node::Map(_) => "names with values",
        }
    }
}

/// One step from a value to one inside it; numbers count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The name of an entry of a mapping.
    Name(usize),
    /// The value of an entry of a mapping.
    Value(usize),
    /// An element of a list.
    Item(usize),
}

/// A line and a column, both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LineColumn {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl LineColumn {
    /// The first character of a text.
    pub(super) const START: LineColumn = LineColumn { line: 1, column: 1 };
}

/// Reads one YAML document.
///
/// # Errors
/// Where it cannot be read, and what the reader expected there.
pub(super) fn parse(text: &str) -> Result<Node, (LineColumn, String)> {
    Node::deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let message = error.to_string();
        match error.location() {
            Some(place) => {
                let place = LineColumn { line: place.line(), column: place.column() };
                let said = format!(" at line {} column {}", place.line, place.column);
                (within(text, place), message.replacen(&said, "", 1))
            }
            None => (LineColumn::START, message),
        }
    })
}

/// `place`, or the end of the text: the library puts what is missing there on a line behind it.
fn within(text: &str, place: LineColumn) -> LineColumn {
    const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let text = text.replace("\r\n", "\n");
    let lines = text.matches(BREAKS).count() + 1;
    if place.line <= lines {
        return place;
    }
    let last = text.rsplit(BREAKS).next().unwrap_or_default();
    LineColumn { line: lines, column: last.chars().count() + 1 }
}

/// Where the value at the end of `path` begins in `text`.
pub(super) fn locate(text: &str, path: &[Step]) -> LineColumn {
    let found = Probe { path }.deserialize(serde_yaml::Deserializer::from_str(text));
    match found.err().and_then(|error| error.location()) {
        Some(place) => LineColumn { line: place.line(), column: place.column() },
        None => LineColumn::START,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a list or names with values")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other("a number below 0"))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Other("a number that is too large"))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Other("a number that is too large"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other("a number that is not whole"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Node, A::Error> {
        let (IgnoredAny, content) = access.variant()?;
        content.newtype_variant::<IgnoredAny>()?;
        Ok(Node::Other("a value with a `!tag`"))
    }
}

/// Walks along `path` and fails at its end, so that the failure tells the place.
struct Probe<'p> {
    path: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.path.split_first() {
            None => deserializer.deserialize_any(Here),
            Some((step, rest)) => deserializer.deserialize_any(Along { step: *step, rest }),
        }
    }
}

/// Accepts nothing: each of its visits is an error at the place of the value.
struct Here;

impl<'de> Visitor<'de> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of the walk")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom("here"))
    }
}

struct Along<'p> {
    step: Step,
    rest: &'p [Step],
}

impl<'de> Visitor<'de> for Along<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value that was read before")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let next = if self.step == Step::Item(index) {
                access.next_element_seed(Probe { path: self.rest })?
            } else {
                access.next_element::<IgnoredAny>()?.map(|_| ())
            };
            if next.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let next = if self.step == Step::Name(index) {
                access.next_key_seed(Probe { path: self.rest })?
            } else {
                access.next_key::<IgnoredAny>()?.map(|_| ())
            };
            if next.is_none() {
                return Ok(());
            }
            if self.step == Step::Value(index) {
                access.next_value_seed(Probe { path: self.rest })?;
            } else {
                access.next_value::<IgnoredAny>()?;
            }
            index += 1;
        }
    }
}
