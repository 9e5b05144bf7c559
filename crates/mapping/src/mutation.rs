//! Small changes of a map, one at a time: which does no example notice?
//!
//! In: a map that compiles, its examples, the schemas. Out: how many changes there are, and those
//! that leave all examples as they are. Must not know: files, terminals, how a change is shown.
//!
//! What no example can see is left alone: labels, `report`, `with warning`, and what happens when
//! several related records are found.

mod clauses;
mod points;

use std::collections::BTreeSet;

use crate::check::check;
use crate::coverage::exercised;
use crate::example::Examples;
use crate::plan::Plan;
use crate::problem::Severity;
use crate::schema::Schemas;
use crate::sources::Sources;
use crate::tree::{Entry, Item, Span, Tree};

/// What came of all changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mutation {
    /// Changes that some example notices.
    pub noticed: usize,
    /// Changes that `check` refuses.
    pub refused: usize,
    /// Changes that nothing notices.
    pub survivors: Vec<Survivor>,
}

impl Mutation {
    /// All changes that mean something else than the map.
    pub fn all(&self) -> usize {
        self.noticed + self.refused + self.survivors.len()
    }
}

/// A change that nothing notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// The file that it is in.
    pub file: String,
    /// The line of that file, from 1.
    pub map_line: usize,
    /// What was changed, such as "without `wins opportunity`".
    pub what: String,
}

/// Counts the places at which a map can be changed, and changes the one that is wanted.
struct Picker<'p> {
    text: &'p str,
    /// The names of both sides.
    sides: &'p [String],
    /// Lines (counted through all files) of rows that the plan leaves aside.
    aside: &'p [usize],
    wanted: Option<usize>,
    found: Vec<(Span, String)>,
    next: usize,
}

impl Picker<'_> {
    fn is_aside(&self, row: Span) -> bool {
        self.aside.contains(&line_of(self.text, row.start))
    }

    /// True at the place that is wanted: the caller makes the change.
    fn pick(&mut self, at: Span, what: impl FnOnce(&str) -> String) -> bool {
        let here = self.next;
        self.next += 1;
        if self.wanted.is_none() {
            let text = self.text.get(at.start..at.end).unwrap_or("");
            let mut lines = text.lines();
            let first: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
            let more = if lines.next().is_some() { " …" } else { "" };
            self.found.push((at, what(&format!("{}{more}", first.join(" ")))));
        }
        self.wanted == Some(here)
    }
}

/// Makes each change in turn. `progress` gets how many were tried, and of how many.
pub fn mutate(
    (sources, tree): (&Sources, &Tree),
    (plan, schemas): (&Plan, &Schemas),
    examples: &Examples<'_>,
    mut progress: impl FnMut(usize, usize),
) -> Mutation {
    let bare = without_examples(tree);
    let sides = sides(tree);
    let aside = aside(plan);
    let picker = |wanted| Picker {
        text: sources.text(),
        sides: &sides,
        aside: &aside,
        wanted,
        found: Vec::new(),
        next: 0,
    };
    let mut list = picker(None);
    points::change(&mut bare.clone(), &mut list);
    let holding = examples.holding(plan);
    let order = Order::of(plan, tree, sources, examples, &holding);
    let mut seen = vec![plan.hash().to_owned()];
    let mut mutation = Mutation::default();
    let mut survivors: Vec<(Span, String)> = Vec::new();
    let all = list.found.len();
    for (place, (at, what)) in list.found.into_iter().enumerate() {
        progress(place, all);
        let mut changed = bare.clone();
        points::change(&mut changed, &mut picker(Some(place)));
        let (mutant, problems) = check(sources, &changed, schemas);
        let mutant = match mutant {
            Some(mutant) if problems.iter().all(|p| p.severity == Severity::Warning) => mutant,
            Some(_) | None => {
                mutation.refused += 1;
                continue;
            }
        };
        // Two changes may come to the same, or to nothing.
        if seen.iter().any(|hash| hash == mutant.hash()) {
            continue;
        }
        seen.push(mutant.hash().to_owned());
        if examples
            .first_failing(&mutant, &order.for_line(line_of(sources.text(), at.start)))
            .is_some()
        {
            mutation.noticed += 1;
            continue;
        }
        survivors.push((at, what));
    }
    progress(all, all);
    survivors.sort_by_key(|(at, _)| at.start);
    let told = |(at, what): (Span, String)| {
        let place = sources.place(at.start);
        Survivor { file: place.file.to_owned(), map_line: place.line, what }
    };
    mutation.survivors = survivors.into_iter().map(told).collect();
    mutation
}

/// Which examples exercise which line: these are tried first.
struct Order {
    /// Lines that can be exercised, by example that holds.
    used: Vec<(usize, BTreeSet<usize>)>,
    lines: BTreeSet<usize>,
}

impl Order {
    fn of(
        plan: &Plan,
        tree: &Tree,
        sources: &Sources,
        examples: &Examples<'_>,
        holding: &[usize],
    ) -> Order {
        let all = exercised(plan, tree, sources, examples);
        let used: Vec<(usize, BTreeSet<usize>)> =
            all.into_iter().enumerate().filter(|(place, _)| holding.contains(place)).collect();
        let lines = used.iter().flat_map(|(_, lines)| lines.iter().copied()).collect();
        Order { used, lines }
    }

    /// The examples, those first that exercise what stands at a line.
    fn for_line(&self, line: usize) -> Vec<usize> {
        // A clause may stand on a line behind that of its rule.
        let own = self.lines.range(..=line).next_back();
        let uses = |lines: &BTreeSet<usize>| own.is_some_and(|own| lines.contains(own));
        let (first, rest): (Vec<_>, Vec<_>) = self.used.iter().partition(|(_, lines)| uses(lines));
        first.into_iter().chain(rest).map(|(place, _)| *place).collect()
    }
}

/// The lines of rows that are never chosen.
fn aside(plan: &Plan) -> Vec<usize> {
    let rows = plan.tables.iter().flat_map(|table| &table.rows);
    rows.filter(|row| row.aside).map(|row| row.map_line).collect()
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or("").matches('\n').count() + 1
}

/// The map alone: what is expected of it must not keep a change from being tried.
fn without_examples(tree: &Tree) -> Tree {
    let is_example =
        |entry: &Entry<Item>| matches!(entry, Entry::Line { item: Item::Example { .. }, .. });
    Tree { entries: tree.entries.iter().filter(|entry| !is_example(entry)).cloned().collect() }
}

fn sides(tree: &Tree) -> Vec<String> {
    let name = |entry: &Entry<Item>| {
        let Entry::Line { item: Item::Side { name, .. }, .. } = entry else { return None };
        Some(name.value.clone())
    };
    tree.entries.iter().filter_map(name).collect()
}
