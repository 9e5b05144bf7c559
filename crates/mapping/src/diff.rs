//! Two plans on the same traffic: what would be written otherwise, and which line of the map is why.
//!
//! In: two plans, deals as they were recorded. Out: each field that the two write differently and
//! each fault that only one of them has, with its place in the map. Must not know: files, how a
//! difference is shown.

mod blame;
mod fields;
mod recorded;
mod summary;

pub use blame::Cause;
pub use recorded::Recorded;
pub use summary::{FaultGroup, Group, Sample, Summary};

use std::collections::BTreeMap;

use crate::decision::{Base, Change, Decision, Effect, Input, LineTrace, Seen, Side};
use crate::fault::{Fault, FaultCode};
use crate::plan::Plan;
use blame::Lines;
use fields::{Field, Written};

/// An old plan and a new one.
#[derive(Debug)]
pub struct Differ<'p> {
    old: Lines<'p>,
    new: Lines<'p>,
}

/// What the two plans do differently with one recorded deal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Fields, by side and path.
    pub changes: Vec<Changed>,
    /// Faults and conflicts that only the new plan finds.
    pub new_faults: Vec<Fault>,
    /// Those that only the old plan finds.
    pub solved_faults: Vec<Fault>,
}

impl Difference {
    /// True when both plans do the same.
    pub fn is_nothing(&self) -> bool {
        self.changes.is_empty() && self.new_faults.is_empty() && self.solved_faults.is_empty()
    }
}

/// One field that the two plans write differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The side that is written.
    pub side: Side,
    /// The field: a dotted path; a field of a child record as `Relationship[ID].Field`, of a new
    /// one as `Relationship[new KEY].Field`. `Relationship[ID]` alone is the record itself.
    pub field: String,
    /// What the old plan writes, as JSON text; none: nothing.
    pub old: Option<String>,
    /// What the new plan writes.
    pub new: Option<String>,
    /// The line that is why.
    pub cause: Cause,
}

/// A fault that is a question to a person rather than a misfit.
pub fn is_conflict(fault: &Fault) -> bool {
    fault.code == FaultCode::Conflict
}

/// What one plan does with a recorded deal.
#[derive(Debug, Default)]
struct Ran {
    fields: BTreeMap<Field, Written>,
    traces: Vec<LineTrace>,
    faults: Vec<Fault>,
    /// Nothing is written at all, because of the fault.
    failed: bool,
}

impl<'p> Differ<'p> {
    /// Compares what `new` does with what `old` does.
    pub fn new(old: &'p Plan, new: &'p Plan) -> Differ<'p> {
        Differ { old: Lines::of(old), new: Lines::of(new) }
    }

    /// Replays one deal with both plans.
    pub fn compare(&self, recorded: &Recorded) -> Difference {
        let old = run(&self.old, recorded);
        let new = run(&self.new, recorded);
        let only_in = |ran: &Ran, other: &Ran| {
            let known = |fault: &&Fault| !other.faults.iter().any(|known| is_same(known, fault));
            let mut found: Vec<Fault> = Vec::new();
            for fault in ran.faults.iter().filter(known) {
                if !found.iter().any(|known| is_same(known, fault)) {
                    found.push(fault.clone());
                }
            }
            found
        };
        Difference {
            new_faults: only_in(&new, &old),
            solved_faults: only_in(&old, &new),
            changes: self.changes(&old, &new),
        }
    }

    /// Where one of the two fails, the fault is the difference: there is nothing to compare.
    fn changes(&self, old: &Ran, new: &Ran) -> Vec<Changed> {
        if old.failed || new.failed {
            return Vec::new();
        }
        let mut changes = Vec::new();
        let fields = old.fields.keys().filter(|field| !new.fields.contains_key(*field));
        for field in fields.chain(new.fields.keys()) {
            let (before, after) = (old.fields.get(field), new.fields.get(field));
            let value = |written: Option<&Written>| written.map(|w| w.value.clone());
            let (old_value, new_value) = (value(before), value(after));
            if old_value == new_value {
                continue;
            }
            let Some(known) = after.or(before) else { continue };
            let values = [old_value.as_deref(), new_value.as_deref()];
            let place = &known.place;
            let cause = blame::cause(&self.old, &self.new, [old, new], (field.side, place), values);
            changes.push(Changed {
                side: field.side,
                field: field.path.clone(),
                old: old_value,
                new: new_value,
                cause,
            });
        }
        changes.sort_by(|a, b| (a.side, &a.field).cmp(&(b.side, &b.field)));
        changes
    }
}

/// The same misfit, wherever its line stands in the map.
fn is_same(one: &Fault, other: &Fault) -> bool {
    (one.code, &one.field, &one.message) == (other.code, &other.field, &other.message)
}

fn run(lines: &Lines<'_>, recorded: &Recorded) -> Ran {
    let failed = |fault: Fault| Ran { faults: vec![fault], failed: true, ..Ran::default() };
    let applied = |to: Side, record: &str, old: Option<&str>| {
        lines.plan.work_out(to, record, old).map_or_else(failed, |applied| Ran {
            fields: fields::of_applied(lines, to, &applied),
            traces: applied.traces,
            ..Ran::default()
        })
    };
    match (&recorded.left, &recorded.right, &recorded.base) {
        (Some(left), Some(right), Some(base)) => {
            reconciled(lines, left, right, base).map_or_else(failed, |decision| {
                let mut fields = BTreeMap::new();
                for (side, effect) in [(Side::Left, &decision.left), (Side::Right, &decision.right)]
                {
                    if let Effect::Update { changes, children } = effect {
                        fields::add_changes(&mut fields, side, changes);
                        fields::add_children(lines, &mut fields, side, children);
                    }
                    if let Effect::Invite(half) = effect {
                        let asked: Vec<Change> = lines.plan.asking(half).cloned().collect();
                        fields::add_changes(&mut fields, side, &asked);
                    }
                }
                Ran { fields, traces: decision.lines, faults: decision.parked, failed: false }
            })
        }
        (Some(left), right, _) => applied(Side::Right, left, right.as_deref()),
        (None, Some(right), _) => applied(Side::Left, right, None),
        (None, None, _) => Ran::default(),
    }
}

/// The times of the records were not recorded: `newest` knows only those of the base.
fn reconciled(lines: &Lines<'_>, left: &str, right: &str, base: &Base) -> Result<Decision, Fault> {
    let seen = |body| Some(Seen { body, stamp: None });
    let now = jiff::Timestamp::UNIX_EPOCH;
    lines.plan.reconcile(&Input { left: seen(left), right: seen(right), base, now })
}
