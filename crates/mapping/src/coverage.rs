//! What the examples of a map exercise: lines, rows of tables, blanks, requirements, conditions.
//!
//! In: a plan, the examples of its map. Out: everything that can decide something, with the number
//! of examples in which it does. Must not know: what the examples expect.

mod listed;
mod used;

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::Side;
use crate::example::{Examples, Played};
use crate::plan::Plan;
use crate::sources::Sources;
use crate::tree::Tree;

/// What sort of thing an example can exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A line of `fields`, `related` or `each`, with a value that is not blank.
    Rule,
    /// A row of a table.
    Row,
    /// The `otherwise` of a table.
    Otherwise,
    /// The `on create` of an `otherwise`.
    OnCreate,
    /// `blank clear` or `blank park`, from the line or from `defaults`.
    Blank,
    /// `default`.
    Default,
    /// A line of `require`, when it does not hold.
    Require,
    /// A line of `sync`, for a record that takes part.
    TakesPart,
    /// The same for one that does not.
    StaysOut,
    /// A `hold` line of `sync`, when it keeps something from the left record.
    Hold,
    /// A `related` block: the record is looked for, or made.
    Related,
    /// An element of a list that is new.
    Added,
    /// An element of a list that is gone.
    Removed,
}

impl Part {
    /// A word for machines and people.
    pub fn name(self) -> &'static str {
        match self {
            Part::Rule => "rule",
            Part::Row => "row",
            Part::Otherwise => "otherwise",
            Part::OnCreate => "on create",
            Part::Blank => "blank",
            Part::Default => "default",
            Part::Require => "require",
            Part::TakesPart => "takes part",
            Part::StaysOut => "stays out",
            Part::Hold => "hold",
            Part::Related => "related",
            Part::Added => "added",
            Part::Removed => "removed",
        }
    }
}

/// Something that an example can exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The file that it stands in.
    pub file: String,
    /// The line of that file, from 1.
    pub map_line: usize,
    /// What sort of thing it is.
    pub part: Part,
    /// The name of the side that it writes to, where that makes a difference.
    pub to: Option<String>,
    /// The line as it is written, its continuations left out.
    pub text: String,
    /// How many examples exercise it.
    pub examples: usize,
}

/// A thing by its line (counted through all files), its sort, and the side that it writes to.
type Key = (usize, Part, Option<Side>);

/// What the examples exercise, in the order of the map.
pub fn coverage(
    plan: &Plan,
    tree: &Tree,
    sources: &Sources,
    examples: &Examples<'_>,
) -> Vec<Covered> {
    let sync = listed::sync_lines(plan, tree, sources);
    let all = listed::listed(plan, &sync);
    let mut counts: BTreeMap<Key, usize> = all.iter().map(|key| (*key, 0)).collect();
    for played in examples.played(plan).into_iter().flatten() {
        let keys: BTreeSet<Key> = used::used(plan, &sync, &played);
        for key in keys {
            if let Some(count) = counts.get_mut(&key) {
                *count += 1;
            }
        }
    }
    let lines: Vec<&str> = sources.text().lines().collect();
    let covered = |((line, part, to), examples): (Key, usize)| {
        let (file, map_line) = plan.place(line);
        let text = line.checked_sub(1).and_then(|index| lines.get(index)).copied().unwrap_or("");
        Covered {
            file: file.to_owned(),
            map_line,
            part,
            to: to.map(|side| plan.side_name(side).to_owned()),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            examples,
        }
    };
    counts.into_iter().map(covered).collect()
}

/// The lines (counted through all files) that each example exercises.
pub(crate) fn exercised(
    plan: &Plan,
    tree: &Tree,
    sources: &Sources,
    examples: &Examples<'_>,
) -> Vec<BTreeSet<usize>> {
    let sync = listed::sync_lines(plan, tree, sources);
    let lines = |played: Option<Played>| {
        let keys = played.map(|played| used::used(plan, &sync, &played)).unwrap_or_default();
        keys.into_iter().map(|(line, _, _)| line).collect()
    };
    examples.played(plan).into_iter().map(lines).collect()
}
