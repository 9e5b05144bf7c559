//! Reading settings out of a tree, collecting everything that is wrong with them.
//!
//! In: nodes and what is expected. Out: values, and [`ConfigProblem`]s with their places. Must not
//! know: which settings there are.

use std::path::PathBuf;
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
    /// Files that secrets were found in.
    pub(super) secret_files: Vec<PathBuf>,
}

impl Reading<'_> {
    /// Whether a setting is written at a path.
    pub(super) fn has(&self, path: &[Step]) -> bool {
        yaml::is_there(self.text, path)
    }

    pub(super) fn problem(&mut self, path: &[Step], part: Part, message: String, help: String) {
        let spot = yaml::place(self.text, path, part);
        let file = self.file.to_owned();
        let (line, column) = (spot.line, spot.column);
        let problem = ConfigProblem { file, line, column, message, help };
        // What several environments share is read for each of them.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// One block of settings. Every setting is asked for by name; `finish` reports the others.
pub(super) struct Section<'n> {
    /// The same block as it is written at several places: what the first says, holds.
    layers: Vec<Layer<'n>>,
    known: Vec<&'static str>,
}

/// A block where it is written.
struct Layer<'n> {
    path: Vec<Step>,
    entries: &'n [(String, Node)],
    /// What else may stand here, and is read by others.
    others: &'static [&'static str],
    /// What may not, because it is said for the whole file.
    elsewhere: &'static [&'static str],
}

impl Layer<'_> {
    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key == name)
    }
}

impl<'n> Section<'n> {
    pub(super) fn root(entries: &'n [(String, Node)]) -> Self {
        Self { layers: vec![layer(Vec::new(), entries)], known: Vec::new() }
    }

    /// The block at `path` of a file; what it does not say is taken from the outermost settings.
    pub(super) fn within(
        path: Vec<Step>,
        entries: &'n [(String, Node)],
        root: &Section<'n>,
        names: Beside,
    ) -> Self {
        let mut layers =
            vec![Layer { others: names.inner, elsewhere: names.outer, ..layer(path, entries) }];
        layers.extend(root.layers.iter().map(|whole| Layer {
            others: names.outer,
            ..layer(whole.path.clone(), whole.entries)
        }));
        Self { layers, known: Vec::new() }
    }

    /// Its entries, in their order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &'n (String, Node)> + use<'n> {
        self.layers.first().map_or(&[][..], |own| own.entries).iter()
    }

    /// Whether something is written there.
    pub(super) fn has(&self, name: &str) -> bool {
        let mut entries = self.layers.iter().flat_map(|layer| layer.entries);
        entries.any(|(key, node)| key == name && *node != Node::Nothing)
    }

    /// Whether it is named, also without anything behind it.
    pub(super) fn names(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.has(name))
    }

    pub(super) fn path_to(&self, name: &str) -> Vec<Step> {
        let at = self.layers.iter().find(|layer| layer.has(name)).or(self.layers.first());
        let mut path = at.map_or_else(Vec::new, |layer| layer.path.clone());
        path.push(Step::Name(name.to_owned()));
        path
    }

    fn ask_for(&mut self, name: &'static str) {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
    }

    fn find(&mut self, name: &'static str) -> Option<&'n Node> {
        self.ask_for(name);
        let entries = self.layers.iter().flat_map(|layer| layer.entries);
        let node = entries.filter(|(key, _)| key == name).map(|(_, node)| node).next()?;
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
        if self.find(name).is_none() {
            self.missing(reading, name, example);
            return None;
        }
        self.text(reading, name)
    }

    /// Reports that `name` is not there.
    pub(super) fn missing(&self, reading: &mut Reading<'_>, name: &str, example: &str) {
        let own = self.layers.first().map_or(&[][..], |layer| &layer.path);
        let block = match own.last() {
            Some(Step::Name(block)) => format!(" in `{block}`"),
            Some(Step::Item(_)) | None => String::new(),
        };
        let path = if self.names(name) { self.path_to(name) } else { own.to_vec() };
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

    /// A block within this one, put together from wherever it is written.
    pub(super) fn block(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
    ) -> Option<Section<'n>> {
        self.ask_for(name);
        let mut layers = Vec::new();
        for whole in &self.layers {
            let Some((_, node)) = whole.entries.iter().find(|(key, _)| key == name) else {
                continue;
            };
            let mut path = whole.path.clone();
            path.push(Step::Name(name.to_owned()));
            match node {
                Node::Map(entries) => layers.push(layer(path, entries)),
                Node::Nothing => {}
                found @ (Node::Flag(_) | Node::Number(_) | Node::Text(_) | Node::List(_)) => {
                    let message =
                        format!("expected a block of settings at `{name}`, found {}", found.kind());
                    let help = "write a block of settings".to_owned();
                    reading.problem(&path, Part::Value, message, help);
                    return None;
                }
            }
        }
        (!layers.is_empty()).then(|| Section { layers, known: Vec::new() })
    }

    /// Reports every setting that nobody asked for.
    pub(super) fn finish(self, reading: &mut Reading<'_>) {
        for layer in &self.layers {
            for (name, _) in layer.entries {
                let name = name.as_str();
                if self.known.contains(&name) || layer.others.contains(&name) {
                    continue;
                }
                let message = format!("expected a known setting, found `{name}`");
                let help = if layer.elsewhere.contains(&name) {
                    "it is said once for all environments: write it at the top of the file"
                        .to_owned()
                } else {
                    let known = self.known.iter().chain(layer.others).copied();
                    match nearest(name, known.clone()) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("known here: {}", known.collect::<Vec<_>>().join(", ")),
                    }
                };
                let mut path = layer.path.clone();
                path.push(Step::Name(name.to_owned()));
                reading.problem(&path, Part::Key, message, help);
            }
        }
    }
}

/// Names that concern only one of the two layers of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside {
    /// What may stand in the inner block beside what is asked for.
    pub(super) inner: &'static [&'static str],
    /// What may stand in the outer settings alone.
    pub(super) outer: &'static [&'static str],
}

fn layer(path: Vec<Step>, entries: &[(String, Node)]) -> Layer<'_> {
    Layer { path, entries, others: &[], elsewhere: &[] }
}
