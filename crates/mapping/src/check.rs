//! From what was written to what will be done: every name resolved, every promise checked.
//!
//! In: a [`Tree`] and the [`Schemas`] of both sides. Out: a [`Plan`] (when the head of the map
//! could be read) and all problems at once. Must not know: pest, files, records.

mod blocks;
mod cells;
mod clauses;
mod conditions;
mod coverage;
mod defaults;
mod examples;
mod head;
mod holds;
mod idle;
mod lines;
mod lists;
mod promises;
mod record_types;
mod related;
mod room;
mod rows;
mod rules;
mod scope;
mod spellings;
mod states;
mod tables;
mod turn;

use std::collections::HashMap;

use crate::decision::Side;
use crate::plan::{Line, Plan, Wins};
use crate::problem::{MOST_PROBLEMS, Problem, Severity, syntax};
use crate::schema::Schemas;
use crate::sources::Sources;
use crate::tree::{BlankPolicy, Span, Tree};

use scope::Scope;
use tables::TableFacts;

/// What `defaults` says.
#[derive(Debug, Clone)]
struct Defaults {
    wins: Option<Wins>,
    first_contact: Option<Side>,
    blank: [BlankPolicy; 2],
}

/// A check under way.
struct Checker<'c> {
    schemas: &'c Schemas,
    /// All texts as one.
    text: &'c str,
    /// Where each line of the text begins.
    line_starts: Vec<usize>,
    problems: Vec<Problem>,
    /// The two sides' scopes first; inside an `each` block the two of its elements behind them.
    scopes: Vec<Scope<'c>>,
    plan: Plan,
    defaults: Defaults,
    /// Which tables are used, and where each stands.
    tables: Vec<TableFacts>,
    /// The tables by their names.
    table_names: HashMap<String, usize>,
    /// Where each line of `fields` (the key line left out) stands, with its checked plan line.
    written: Vec<(Side, String, Span)>,
    /// The first line that writes a field, by scope and path.
    targets: HashMap<(usize, String), Span>,
    /// Rows that were compared with the fields of a line, those of a table once for each line.
    rows_used: usize,
    /// What lines that could not be carried out meant to write: no follow-up problems for these.
    meant: Vec<(Side, String)>,
    /// Words that are written into lists of values, for the checks against record types.
    picks: Vec<record_types::Pick<'c>>,
    /// A `sync` line that could not be resolved.
    sync_unclear: bool,
    /// Where the latest problem stands.
    full_at: Span,
}

/// Checks a tree. The plan is there when nothing was found that leaves a line without a meaning; a
/// map that is only not complete yet can be tried out, and is not served.
pub fn check(sources: &Sources, tree: &Tree, schemas: &Schemas) -> (Option<Plan>, Vec<Problem>) {
    let (checked, mut problems) = run(sources, tree, schemas);
    problems.sort_by_key(|problem| problem.at);
    let usable = problems
        .iter()
        .all(|problem| problem.severity == Severity::Warning || problem.code.leaves_a_plan());
    (checked.filter(|_| usable), problems)
}

fn run(sources: &Sources, tree: &Tree, schemas: &Schemas) -> (Option<Plan>, Vec<Problem>) {
    let mut problems = Vec::new();
    let Some(head) = head::read(tree, sources.text(), schemas, &mut problems) else {
        return (None, problems);
    };
    let mut checker = Checker::new(sources, schemas, head, problems);
    checker.line_starts = sources.text().match_indices('\n').map(|(at, _)| at + 1).collect();
    checker.conditions_of_sync(tree);
    checker.read_defaults(tree);
    checker.read_report(tree);
    checker.read_tables(tree);
    checker.read_key(tree);
    checker.read_fields(tree);
    checker.read_blocks(tree);
    checker.read_requires(tree);
    checker.read_invites();
    checker.complete_slots();
    if !checker.is_full() {
        checker.across_lines(tree);
    }
    checker.read_examples(tree);
    if checker.is_full() {
        checker.problems.push(syntax::too_many(checker.full_at));
        return (None, checker.problems);
    }
    checker.plan.seal();
    (Some(checker.plan), checker.problems)
}

impl Checker<'_> {
    /// The line, counted through all files, at which something stands, from 1.
    fn line_of(&self, span: Span) -> usize {
        self.line_starts.partition_point(|start| *start <= span.start) + 1
    }

    /// What stands in a line, counted through all files.
    fn whole_line(&self, line: usize) -> Span {
        let start = line.checked_sub(2).and_then(|index| self.line_starts.get(index)).copied();
        let start = start.unwrap_or_default();
        let text = self.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let from = start + text.len() - text.trim_start().len();
        Span::new(from, from + text.trim().len())
    }

    /// Notes a problem, unless there are too many already.
    fn say(&mut self, problem: Problem) {
        if self.is_full() {
            return;
        }
        self.full_at = problem.at;
        self.problems.push(problem);
    }

    /// The same for a table, which is looked at for each line that uses it.
    fn say_once(&mut self, problem: Problem) {
        if !self.is_full() && !self.problems.contains(&problem) {
            self.say(problem);
        }
    }

    /// So many problems were found that nobody would read more: the rest is not looked at.
    fn is_full(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS
    }

    /// Gives a line its hash: everything that decides what it does, its tables included.
    fn hash_line(&mut self, line: &mut Line, scopes: [usize; 2]) {
        for (side, scope) in self.plan.sides.iter_mut().zip(&self.scopes) {
            let known = side.slots.len();
            side.slots.extend(scope.slots.iter().skip(known).cloned());
        }
        let slots = scopes
            .map(|scope| self.scopes.get(scope).map_or(&[][..], |scope| scope.slots.as_slice()));
        let mut meaning = self.plan.line_meaning(line, slots);
        if let crate::plan::Via::Tables(tables) = &line.via {
            for table in tables {
                meaning.push('\n');
                meaning.push_str(&self.plan.table_meaning(*table));
            }
        }
        line.hash = crate::plan::text::hex(&meaning).chars().take(12).collect();
    }
}
