//! Many differences, by their causes.
//!
//! In: the difference of each line of a recording. Out: groups with counts and a few samples, so
//! that their size does not grow with the recording. Must not know: plans, how a group is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cause, Difference, is_conflict};
use crate::decision::Side;
use crate::fault::{Fault, FaultCode};

/// The differences of a recording.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many records a group shows.
    samples: usize,
    /// Deals that were compared.
    pub records: u64,
    /// Deals that differ.
    pub changed: u64,
    groups: BTreeMap<Cause, Group>,
    faults: BTreeMap<FaultKey, FaultGroup>,
}

/// Differences with one cause.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The fields concerned, by side; of a list without its elements.
    pub fields: BTreeSet<(Side, String)>,
    /// How many deals.
    pub records: u64,
    /// Fields of the first deals.
    pub samples: Vec<Sample>,
    shown: usize,
}

/// One field of one deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Line of the recording, from 1.
    pub line: u64,
    /// The side that is written.
    pub side: Side,
    /// The field.
    pub field: String,
    /// What the old map writes, as JSON text; none: nothing.
    pub old: Option<String>,
    /// What the new map writes.
    pub new: Option<String>,
}

/// A fault that only one of the two maps finds.
#[derive(Debug, Clone)]
pub struct FaultGroup {
    /// The fault.
    pub fault: Fault,
    /// It waits for a decision of a person, because both sides have a point.
    pub conflict: bool,
    /// The old map finds it, and the new one does not.
    pub solved: bool,
    /// How many deals.
    pub records: u64,
    /// The first lines of the recording that have it.
    pub lines: Vec<u64>,
}

/// What makes two faults one group, in the order in which groups are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct FaultKey {
    solved: bool,
    conflict: bool,
    map_line: usize,
    code: FaultCode,
    field: Option<String>,
    message: String,
}

impl Summary {
    /// A summary whose groups show so many records each.
    pub fn showing(samples: usize) -> Summary {
        Summary { samples, ..Summary::default() }
    }

    /// Adds the difference of one line of the recording.
    pub fn add(&mut self, line: u64, difference: Difference) {
        self.records += 1;
        if difference.is_nothing() {
            return;
        }
        self.changed += 1;
        let mut counted = BTreeSet::new();
        for change in difference.changes {
            let group = self.groups.entry(change.cause).or_default();
            if counted.insert(change.cause) {
                group.records += 1;
                group.shown += 1;
            }
            group.fields.insert((change.side, without_element(&change.field)));
            if group.shown <= self.samples {
                group.samples.push(Sample {
                    line,
                    side: change.side,
                    field: change.field,
                    old: change.old,
                    new: change.new,
                });
            }
        }
        for (solved, faults) in [(false, difference.new_faults), (true, difference.solved_faults)] {
            for fault in faults {
                self.add_fault(line, solved, fault);
            }
        }
    }

    fn add_fault(&mut self, line: u64, solved: bool, fault: Fault) {
        let conflict = is_conflict(&fault);
        let key = FaultKey {
            solved,
            conflict,
            map_line: fault.map_line,
            code: fault.code,
            field: fault.field.clone(),
            message: fault.message.clone(),
        };
        let group = self.faults.entry(key).or_insert_with(|| FaultGroup {
            fault,
            conflict,
            solved,
            records: 0,
            lines: Vec::new(),
        });
        group.records += 1;
        if group.lines.len() < self.samples {
            group.lines.push(line);
        }
    }

    /// True when both maps do the same with every deal.
    pub fn is_nothing(&self) -> bool {
        self.groups.is_empty() && self.faults.is_empty()
    }

    /// Fields that are written differently, by cause, in the order of the map.
    pub fn groups(&self) -> impl Iterator<Item = (&Cause, &Group)> {
        self.groups.iter()
    }

    /// Faults and conflicts that only one of the maps finds; the new ones first.
    pub fn faults(&self) -> impl Iterator<Item = &FaultGroup> {
        self.faults.values()
    }
}

/// `Contacts__r[003…].Email` is `Contacts__r.Email` in any element.
fn without_element(field: &str) -> String {
    match (field.find('['), field.rfind(']')) {
        (Some(open), Some(close)) if open < close => {
            let (before, after) = (field.get(..open), field.get(close + 1..));
            format!("{}{}", before.unwrap_or(""), after.unwrap_or(""))
        }
        _ => field.to_owned(),
    }
}
