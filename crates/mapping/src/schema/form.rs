//! Takes a YAML tree apart: values with their places in, checked texts, flags and numbers out.
//!
//! Everything that does not fit is noted as a complaint with its place, and reading goes on.
//! Must not know: objects and fields.

use super::read::{Node, Step};
use crate::problem::nearest;

/// Something wrong in a schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// The way to it in the tree.
    pub(super) path: Vec<Step>,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: String,
}

/// All complaints of one file.
#[derive(Debug, Default)]
pub(super) struct Complaints(pub(super) Vec<Complaint>);

impl Complaints {
    /// Notes that the value at `at` is wrong.
    pub(super) fn add(&mut self, at: &Cursor<'_>, message: String, help: impl Into<String>) {
        self.0.push(Complaint { path: at.path.clone(), message, help: help.into() });
    }
}

/// A value and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'n> {
    pub(super) node: &'n Node,
    pub(super) path: Vec<Step>,
}

/// An entry of a mapping: its name (with its place) and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry<'n> {
    pub(super) name: &'n str,
    pub(super) at: Cursor<'n>,
    pub(super) value: Cursor<'n>,
}

impl<'n> Cursor<'n> {
    /// The whole document.
    pub(super) fn root(node: &'n Node) -> Self {
        Cursor { node, path: Vec::new() }
    }

    fn inside(&self, node: &'n Node, step: Step) -> Self {
        let path = self.path.iter().copied().chain([step]).collect();
        Cursor { node, path }
    }

    /// The entries of a mapping; a name that stands twice is a complaint and left out.
    pub(super) fn entries(&self, what: &str, out: &mut Complaints) -> Vec<Entry<'n>> {
        let Node::Map(pairs) = self.node else {
            let found = self.node.phrase();
            out.add(
                self,
                format!("{what}: expected names with values, found {found}"),
                "write `name: value` lines, or `{ name: value }`",
            );
            return Vec::new();
        };
        let mut entries: Vec<Entry<'n>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (index, (name, value)) in pairs.iter().enumerate() {
            let at = self.inside(name, Step::Name(index));
            let value = self.inside(value, Step::Value(index));
            let Node::Text(name) = name else {
                let found = name.phrase();
                out.add(
                    &at,
                    format!("{what}: expected a name, found {found}"),
                    "put it in quotes if it is meant as a name",
                );
                continue;
            };
            if seen.insert(name.as_str()) {
                entries.push(Entry { name, at, value });
            } else {
                out.add(&at, format!("{what}: `{name}` stands twice"), "remove one of the two");
            }
        }
        entries
    }

    /// The elements of a list.
    pub(super) fn items(&self, what: &str, out: &mut Complaints) -> Vec<Cursor<'n>> {
        let Node::List(items) = self.node else {
            let found = self.node.phrase();
            out.add(self, format!("{what}: expected a list, found {found}"), "write `[one, two]`");
            return Vec::new();
        };
        items.iter().enumerate().map(|(i, item)| self.inside(item, Step::Item(i))).collect()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, what: &str, out: &mut Complaints) -> Option<&'n str> {
        match self.node {
            Node::Text(text) if !text.trim().is_empty() => Some(text),
            Node::Text(_) => {
                out.add(self, format!("{what}: expected a text, found an empty one"), "fill it in");
                None
            }
            Node::Number(_) | Node::Bool(_) | Node::Other(_) | Node::Null => {
                let found = self.node.phrase();
                let help = "put the text in quotes";
                out.add(self, format!("{what}: expected a text, found {found}"), help);
                None
            }
            Node::List(_) | Node::Map(_) => {
                let found = self.node.phrase();
                out.add(self, format!("{what}: expected a text, found {found}"), "write one text");
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, what: &str, out: &mut Complaints) -> Vec<(&'n str, Cursor<'n>)> {
        let items = self.items(what, out);
        items.into_iter().filter_map(|item| Some((item.text(what, out)?, item))).collect()
    }
}

/// A mapping whose names come from a fixed list.
#[derive(Debug)]
pub(super) struct Form<'n> {
    pub(super) entries: Vec<Entry<'n>>,
}

impl<'n> Form<'n> {
    /// Reads a mapping; `what` says in messages what it describes.
    pub(super) fn read(
        cursor: &Cursor<'n>,
        what: &str,
        known: &[&str],
        out: &mut Complaints,
    ) -> Form<'n> {
        let mut entries = cursor.entries(what, out);
        entries.retain(|entry| {
            let fits = known.contains(&entry.name);
            if !fits {
                let message = format!("{what}: there is no setting `{}`", entry.name);
                out.add(&entry.at, message, did_you_mean(entry.name, known));
            }
            fits
        });
        Form { entries }
    }

    /// The entry of that name.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry<'n>> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// A text, when it is given.
    pub(super) fn text(&self, name: &str, out: &mut Complaints) -> Option<&'n str> {
        self.entry(name).and_then(|entry| entry.value.text(&format!("`{name}`"), out))
    }

    /// A flag, when it is given.
    pub(super) fn flag(&self, name: &str, out: &mut Complaints) -> Option<bool> {
        let entry = self.entry(name)?;
        if let Node::Bool(value) = entry.value.node {
            return Some(*value);
        }
        let found = entry.value.node.phrase();
        let message = format!("`{name}`: expected `true` or `false`, found {found}");
        out.add(&entry.value, message, format!("write `{name}: true` or `{name}: false`"));
        None
    }

    /// A whole number in a range, when it is given.
    pub(super) fn number<N: TryFrom<u64>>(
        &self,
        name: &str,
        (least, most): (u64, u64),
        out: &mut Complaints,
    ) -> Option<N> {
        let entry = self.entry(name)?;
        let range = format!("a whole number from {least} to {most}");
        let message = match entry.value.node {
            Node::Number(number) if (least..=most).contains(number) => {
                return N::try_from(*number).ok();
            }
            Node::Number(number) => format!("`{name}`: expected {range}, found {number}"),
            other => format!("`{name}`: expected {range}, found {}", other.phrase()),
        };
        out.add(&entry.value, message, format!("write {range} without quotes"));
        None
    }

    /// One of some words, when it is given.
    pub(super) fn word(
        &self,
        name: &str,
        known: &[&'static str],
        out: &mut Complaints,
    ) -> Option<&'static str> {
        let given = self.text(name, out)?;
        let found = known.iter().find(|word| **word == given).copied();
        if let (None, Some(entry)) = (found, self.entry(name)) {
            let message = format!("`{name}`: expected one of {}, found `{given}`", list(known));
            out.add(&entry.value, message, did_you_mean(given, known));
        }
        found
    }
}

/// What to do about a word that is not among the known ones.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("use one of {}", list(known)),
    }
}

/// `a`, `b`, `c`; of long lists the beginning.
fn list(words: &[&str]) -> String {
    const SHOWN: usize = 24;
    let shown: Vec<String> = words.iter().take(SHOWN).map(|word| format!("`{word}`")).collect();
    let more = words.len().saturating_sub(SHOWN);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
