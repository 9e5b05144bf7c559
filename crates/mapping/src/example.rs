//! The examples of a map, carried out.
//!
//! In: a plan, the tree that holds the examples, a way to get a file's text. Out: for each example
//! whether it holds, and if not what was expected at which of its lines and what was found. Must
//! not know: files, how often the same examples are carried out.

mod expect;
mod place;
mod stage;

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::Plan;
use crate::sources::Sources;
use crate::tree::{Entry, ExampleLine, Item, Tree};

pub(crate) use stage::Played;

/// What came of one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleResult {
    /// Its title.
    pub title: String,
    /// The file that it stands in.
    pub file: String,
    /// The line of that file at which it begins, from 1.
    pub map_line: usize,
    /// Nothing when it holds.
    pub failures: Vec<Failure>,
}

/// What an example says and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The line of the file that says it, from 1.
    pub map_line: usize,
    /// What it says.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

/// The examples of a map with the files that they name, to be carried out any number of times.
#[derive(Debug)]
pub struct Examples<'t> {
    list: Vec<Example<'t>>,
    files: Files,
}

/// The text of each record that a map's file names, or why there is none.
type Files = BTreeMap<(String, String), Result<String, String>>;

/// One example as it is written.
#[derive(Debug)]
pub(crate) struct Example<'t> {
    title: &'t str,
    file: String,
    map_line: usize,
    steps: Vec<Step<'t>>,
}

/// One line of an example.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'t> {
    line: &'t ExampleLine,
    map_line: usize,
}

impl<'t> Examples<'t> {
    /// The examples of a map. `load` gives the text of a file that one of them names; it gets the
    /// name of the map's file in which that stands, too, for a map may extend others.
    pub fn read(
        sources: &'t Sources,
        tree: &'t Tree,
        mut load: impl FnMut(&str, &str) -> Result<String, String>,
    ) -> Examples<'t> {
        let mut examples = Examples { list: Vec::new(), files: BTreeMap::new() };
        for entry in &tree.entries {
            let Entry::Line { item: Item::Example { title, lines }, span, .. } = entry else {
                continue;
            };
            let place = sources.place(span.start);
            let steps = lines
                .lines()
                .map(|(line, span)| Step { line, map_line: sources.place(span.start).line });
            let steps: Vec<Step<'_>> = steps.collect();
            for step in &steps {
                if let ExampleLine::Given { file, .. } | ExampleLine::Base { file, .. } = step.line
                {
                    let key = (place.file.to_owned(), file.value.clone());
                    let text = || load(place.file, &file.value);
                    examples.files.entry(key).or_insert_with(text);
                }
            }
            let (title, file) = (title.value.as_str(), place.file.to_owned());
            examples.list.push(Example { title, file, map_line: place.line, steps });
        }
        examples
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True when the map has none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Carries out all of them.
    pub fn run(&self, plan: &Plan) -> Vec<ExampleResult> {
        let result = |example: &Example<'t>| ExampleResult {
            title: example.title.to_owned(),
            file: example.file.clone(),
            map_line: example.map_line,
            failures: match self.play(example, plan) {
                Ok(played) => expect::failures(plan, example, &played),
                Err(failure) => vec![failure],
            },
        };
        self.list.iter().map(result).collect()
    }

    /// What each example makes happen; none where its records cannot be set up.
    pub(crate) fn played(&self, plan: &Plan) -> Vec<Option<Played>> {
        self.list.iter().map(|example| self.play(example, plan).ok()).collect()
    }

    /// The places of the examples that hold.
    pub(crate) fn holding(&self, plan: &Plan) -> Vec<usize> {
        (0..self.list.len()).filter(|place| self.holds(plan, *place)).collect()
    }

    /// The first of some examples that does not hold.
    pub(crate) fn first_failing(&self, plan: &Plan, places: &[usize]) -> Option<usize> {
        places.iter().copied().find(|place| !self.holds(plan, *place))
    }

    fn holds(&self, plan: &Plan, place: usize) -> bool {
        self.list.get(place).is_some_and(|example| match self.play(example, plan) {
            Ok(played) => expect::failures(plan, example, &played).is_empty(),
            Err(_) => false,
        })
    }

    fn play(&self, example: &Example<'t>, plan: &Plan) -> Result<Played, Failure> {
        stage::play(plan, example, &self.files)
    }
}

/// Carries out every example of a map. `load` gives the text of a record that a map's file names.
pub fn run(
    plan: &Plan,
    tree: &Tree,
    sources: &Sources,
    load: impl FnMut(&str, &str) -> Result<String, String>,
) -> Vec<ExampleResult> {
    Examples::read(sources, tree, load).run(plan)
}
