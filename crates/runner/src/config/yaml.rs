//! YAML text as a plain tree, and where in the text each part stands.
//!
//! In: text. Out: [`Node`]s, and the line and column of a path into them. Must not know: what the
//! settings mean. This is the only file that names the YAML library.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Value;

/// One value of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Nothing,
    Flag(bool),
    /// A number as it is written in decimal.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Node::Nothing => "nothing",
            Node::Flag(_) => "true or false",
            Node::Number(_) => "a number",
            Node::Text(_) => "a text",
            Node::List(_) => "a list",
            Node::Map(_) => "a block of settings",
        }
    }
}

/// Line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// One step from a block or list to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Item(usize),
}

/// Which half of an entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

/// The tree, or what is wrong with the text and where.
pub(super) fn parse(text: &str) -> Result<Node, (Spot, String)> {
    let value: Value = serde_yaml::from_str(text).map_err(|error| {
        let spot = spot_of(&error).unwrap_or(Spot { line: 1, column: 1 });
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        (spot, format!("expected yaml, found: {message}"))
    })?;
    Ok(node(value))
}

fn node(value: Value) -> Node {
    match value {
        Value::Null => Node::Nothing,
        Value::Bool(flag) => Node::Flag(flag),
        Value::Number(number) => Node::Number(number.to_string()),
        Value::String(text) => Node::Text(text),
        Value::Sequence(items) => Node::List(items.into_iter().map(node).collect()),
        Value::Mapping(entries) => {
            let entries = entries.into_iter();
            Node::Map(entries.map(|(key, value)| (name(&key), node(value))).collect())
        }
        Value::Tagged(tagged) => node(tagged.value),
    }
}

fn name(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => String::new(),
    }
}

fn spot_of(error: &serde_yaml::Error) -> Option<Spot> {
    error.location().map(|at| Spot { line: at.line(), column: at.column() })
}

/// Where the part at the end of `path` stands. The library tells places only with errors, so this
/// walks to the part and raises one there.
pub(super) fn place(text: &str, path: &[Step], part: Part) -> Spot {
    let walk = Walk { path, part };
    match walk.deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(()) => Spot { line: 1, column: 1 },
        Err(error) => spot_of(&error).unwrap_or(Spot { line: 1, column: 1 }),
    }
}

/// Whether there is a part at the end of `path`.
pub(super) fn is_there(text: &str, path: &[Step]) -> bool {
    Walk { path, part: Part::Key }.deserialize(serde_yaml::Deserializer::from_str(text)).is_err()
}

#[derive(Clone, Copy)]
struct Walk<'p> {
    path: &'p [Step],
    part: Part,
}

/// Raised at the part that is looked for.
const FOUND: &str = "found";

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FOUND)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Name(wanted), rest)) = self.path.split_first() else {
            return Err(de::Error::custom(FOUND));
        };
        loop {
            let stop_at = (rest.is_empty() && self.part == Part::Key).then_some(wanted.as_str());
            let Some(key) = map.next_key_seed(Key { stop_at })? else { return Ok(()) };
            if key == *wanted {
                map.next_value_seed(Walk { path: rest, part: self.part })?;
            } else {
                map.next_value::<de::IgnoredAny>()?;
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((Step::Item(wanted), rest)) = self.path.split_first() else {
            return Err(de::Error::custom(FOUND));
        };
        for _ in 0..*wanted {
            if items.next_element::<de::IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Walk { path: rest, part: self.part })?;
        while items.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Err(E::custom(FOUND))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Err(E::custom(FOUND))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Err(E::custom(FOUND))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Err(E::custom(FOUND))
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom(FOUND))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Err(E::custom(FOUND))
    }
}

/// Reads a key as text; raises the error on the one that is looked for.
struct Key<'k> {
    stop_at: Option<&'k str>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FOUND)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        if self.stop_at == Some(text) { Err(E::custom(FOUND)) } else { Ok(text.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nb:\n  c: [x, {d: y}]\n  e: z\n";

    fn at(path: &[Step], part: Part) -> (usize, usize) {
        let spot = place(TEXT, path, part);
        (spot.line, spot.column)
    }

    #[test]
    fn every_part_has_its_place() {
        let name = |text: &str| Step::Name(text.to_owned());
        assert_eq!(at(&[name("a")], Part::Value), (1, 4));
        assert_eq!(at(&[name("b"), name("e")], Part::Key), (4, 3));
        assert_eq!(at(&[name("b"), name("e")], Part::Value), (4, 6));
        assert_eq!(at(&[name("b"), name("c"), Step::Item(1), name("d")], Part::Value), (3, 14));
        assert_eq!(at(&[name("b"), name("c"), Step::Item(0)], Part::Value), (3, 7));
    }

    #[test]
    fn unreadable_text_says_where() {
        let (spot, message) = parse("a: 1\nb: [1,\n").unwrap_err();
        assert!(spot.line >= 2, "{spot:?}");
        assert!(message.starts_with("expected yaml"), "{message}");
    }
}
