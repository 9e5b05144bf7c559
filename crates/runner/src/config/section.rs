//! Reading settings out of a tree, collecting everything that is wrong with them.
//!
//! In: nodes and what is expected. Out: values, and [`ConfigProblem`]s with their places. Must not
//! know: which settings there are.

use std::time::Duration;

use mapping::problem::nearest;

use super::yaml::{self, Node, Part, Step};

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl std::fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, line, column, message, help } = self;
        write!(f, "{file}:{line}:{column}: {message}; {help}")
    }
}

/// The text being read and what was found wrong with it.
pub(super) struct Reading<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Reading<'_> {
    pub(super) fn problem(&mut self, path: &[Step], part: Part, message: String, help: String) {
        let spot = yaml::place(self.text, path, part);
        self.problems.push(ConfigProblem {
            file: self.file.to_owned(),
            line: spot.line,
            column: spot.column,
            message,
            help,
        });
    }
}

/// One block of settings. Every setting is asked for by name; `finish` reports the others.
pub(super) struct Section<'n> {
    path: Vec<Step>,
    entries: &'n [(String, Node)],
    known: Vec<&'static str>,
}

impl<'n> Section<'n> {
    pub(super) fn root(entries: &'n [(String, Node)]) -> Self {
        Self { path: Vec::new(), entries, known: Vec::new() }
    }

    pub(super) fn path_to(&self, name: &str) -> Vec<Step> {
        let mut path = self.path.clone();
        path.push(Step::Name(name.to_owned()));
        path
    }

    fn find(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        let node = self.entries.iter().find(|(key, _)| key == name).map(|(_, node)| node)?;
        (*node != Node::Nothing).then_some(node)
    }

    fn wrong(&self, reading: &mut Reading<'_>, name: &str, expected: &str, found: &Node) {
        let message = format!("expected {expected} at `{name}`, found {}", found.kind());
        let help = format!("write {expected}");
        reading.problem(&self.path_to(name), Part::Value, message, help);
    }

    /// A text; numbers are taken as they are written.
    pub(super) fn text(&mut self, reading: &mut Reading<'_>, name: &'static str) -> Option<String> {
        match self.find(name)? {
            Node::Text(text) | Node::Number(text) => Some(text.clone()),
            found @ (Node::Nothing | Node::Flag(_) | Node::List(_) | Node::Map(_)) => {
                self.wrong(reading, name, "a text", found);
                None
            }
        }
    }

    /// A text that must be there; `example` says what it looks like.
    pub(super) fn needed(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        example: &str,
    ) -> Option<String> {
        if !self.has(name) {
            self.known.push(name);
            self.missing(reading, name, example);
            return None;
        }
        self.text(reading, name)
    }

    /// Whether something is written there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, node)| key == name && *node != Node::Nothing)
    }

    /// Reports that `name` is not there.
    pub(super) fn missing(&self, reading: &mut Reading<'_>, name: &str, example: &str) {
        let block = match self.path.last() {
            Some(Step::Name(block)) => format!(" in `{block}`"),
            Some(Step::Item(_)) | None => String::new(),
        };
        let empty = self.entries.iter().any(|(key, _)| key == name);
        let path = if empty { self.path_to(name) } else { self.path.clone() };
        let message = format!("expected `{name}`{block}, found nothing");
        reading.problem(&path, Part::Key, message, format!("add `{name}: {example}`"));
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, reading: &mut Reading<'_>, name: &'static str) -> Option<bool> {
        match self.find(name)? {
            Node::Flag(flag) => Some(*flag),
            found @ (Node::Nothing
            | Node::Number(_)
            | Node::Text(_)
            | Node::List(_)
            | Node::Map(_)) => {
                self.wrong(reading, name, "true or false", found);
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn count(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        least: u64,
        most: u64,
    ) -> Option<u64> {
        let expected = format!("a whole number from {least} to {most}");
        let found = self.find(name)?;
        let count = match found {
            Node::Number(text) => text.parse().ok().filter(|n| (least..=most).contains(n)),
            Node::Nothing | Node::Flag(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => None,
        };
        if count.is_none() {
            self.wrong(reading, name, &expected, found);
        }
        count
    }

    /// Seconds, fractions allowed, above 0 and at most a day.
    pub(super) fn seconds(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
    ) -> Option<Duration> {
        let found = self.find(name)?;
        let span = match found {
            Node::Number(text) => text
                .parse::<f64>()
                .ok()
                .filter(|seconds| (0.001..=86_400.0).contains(seconds))
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            Node::Nothing | Node::Flag(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => None,
        };
        if span.is_none() {
            self.wrong(reading, name, "seconds from 0.001 to 86400", found);
        }
        span
    }

    /// A list of texts, or one text.
    pub(super) fn texts(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
    ) -> Option<Vec<(Vec<Step>, String)>> {
        let found = self.find(name)?;
        let path = self.path_to(name);
        match found {
            Node::Text(text) => Some(vec![(path, text.clone())]),
            Node::List(items) => {
                let mut texts = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let mut path = path.clone();
                    path.push(Step::Item(index));
                    if let Node::Text(text) = item {
                        texts.push((path, text.clone()));
                    } else {
                        let message = format!("expected a text in `{name}`, found {}", item.kind());
                        reading.problem(&path, Part::Value, message, "write a text".to_owned());
                    }
                }
                Some(texts)
            }
            Node::Nothing | Node::Flag(_) | Node::Number(_) | Node::Map(_) => {
                self.wrong(reading, name, "a list of texts", found);
                None
            }
        }
    }

    /// A block within this one.
    pub(super) fn block(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
    ) -> Option<Section<'n>> {
        match self.find(name)? {
            Node::Map(entries) => {
                Some(Section { path: self.path_to(name), entries, known: Vec::new() })
            }
            found @ (Node::Nothing
            | Node::Flag(_)
            | Node::Number(_)
            | Node::Text(_)
            | Node::List(_)) => {
                self.wrong(reading, name, "a block of settings", found);
                None
            }
        }
    }

    /// Reports every setting that nobody asked for.
    pub(super) fn finish(self, reading: &mut Reading<'_>) {
        for (name, _) in self.entries {
            if self.known.contains(&name.as_str()) {
                continue;
            }
            let message = format!("expected a known setting, found `{name}`");
            let help = match nearest(name, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            reading.problem(&self.path_to(name), Part::Key, message, help);
        }
    }
}
