//! A record that does not exist yet, made from the other side's.
//!
//! In: a plan, the record there is. Out: a [`Draft`] of the one to be made, with the records it
//! refers to and its children, and what did not fit. Must not know: bases, streams.

use crate::decide::{note, trace};
use crate::decision::{
    Change, ChildAction, ChildChange, Draft, LineTrace, Outcome, RelatedDraft, RuleDraft, Side,
    is_at_or_below, nest,
};
use crate::element::{change, keyed, new_element};
use crate::fault::{Fault, FaultCode};
use crate::json::Json;
use crate::line::{Repair, repair};
use crate::plan::{Each, Line, Plan, Related, Require, SlotId};
use crate::record::{Listed, Record, SlotFault};
use crate::scene::Scene;
use crate::value;

/// Why a line of a draft is written.
const CREATED: &str = "the record is created";

/// A draft and what did not fit; `fatal` when the record cannot be made without it.
#[derive(Debug, Default)]
pub(crate) struct Drafted {
    pub(crate) draft: Draft,
    pub(crate) traces: Vec<LineTrace>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) fatal: Option<Fault>,
    /// Lists of the new record that stay empty though the other side has elements: their paths, and why.
    pub(crate) aside: Vec<(String, Fault)>,
}

impl Plan {
    /// Drafts the record of `to` from the record of the other side.
    pub(crate) fn draft(&self, to: Side, from: &Record<'_>) -> Drafted {
        let empty = Record::empty(&self.side(to).slots);
        let scene = Scene::creating(self, to, from, &empty);
        let mut drafted = Drafted::default();
        for line in &self.lines {
            let changes = line_changes(&scene, line, to, true, &mut drafted);
            drafted.draft.changes.extend(changes);
        }
        if to == Side::Left {
            self.drop_late_states(&mut drafted);
        }
        for related in &self.related {
            self.draft_related(&scene, related, to, &mut drafted);
        }
        for each in &self.lists {
            self.draft_list(&scene, each, to, &mut drafted);
        }
        if to == Side::Left {
            self.check_requires(&mut drafted);
        }
        self.check_required(to, &mut drafted);
        drafted
    }

    /// A status that a new record may not have is written by the next reconcile instead.
    fn drop_late_states(&self, drafted: &mut Drafted) {
        let Some(states) = &self.states else { return };
        let paths: Vec<&str> = states
            .slots
            .iter()
            .filter_map(|slot| self.slot(Side::Left, *slot).map(|s| s.path.as_str()))
            .collect();
        let changes = &mut drafted.draft.changes;
        let given: Vec<String> = paths
            .iter()
            .map(|path| {
                let change = changes.iter().find(|change| change.path == *path);
                change.map_or_else(String::new, |c| c.value.trim_matches('"').to_owned())
            })
            .collect();
        if states.initial.contains(&given) || given.iter().all(String::is_empty) {
            return;
        }
        changes.retain(|change| !paths.contains(&change.path.as_str()));
        let writes =
            |line: &&Line| line.source(Side::Left).slots().iter().any(|s| states.slots.contains(s));
        let lines: Vec<usize> =
            self.lines.iter().filter(writes).map(|line| line.map_line).collect();
        let is_set = |trace: &&mut LineTrace| {
            lines.contains(&trace.map_line) && trace.outcome == Outcome::WritesLeft
        };
        for trace in drafted.traces.iter_mut().filter(is_set) {
            let why = "a new record does not start so; it is written as soon as it exists";
            trace.outcome = Outcome::Held(why.to_owned());
            trace.written = None;
        }
    }

    fn draft_related(&self, scene: &Scene<'_>, related: &Related, to: Side, drafted: &mut Drafted) {
        let mut changes = Vec::new();
        let before = drafted.faults.len();
        for line in &related.lines {
            changes.extend(line_changes(scene, line, to, to == Side::Left, drafted));
        }
        if to == Side::Left {
            drafted.draft.changes.extend(changes);
            return;
        }
        let prefix = format!("{}.", related.relationship);
        for change in &mut changes {
            if let Some(own) = change.path.strip_prefix(&prefix) {
                change.path = own.to_owned();
            }
        }
        let rules = self.draft_rules(scene, related, drafted);
        drafted.draft.related.push(RelatedDraft {
            object: related.object.clone(),
            through: related.through.clone(),
            relationship: related.relationship.clone(),
            rules,
            create_if_none: related.create_if_none,
            changes,
            faults: drafted.faults.iter().skip(before).cloned().collect(),
            lines: related.lines.iter().map(|line| line.map_line).collect(),
            map_line: related.map_line,
        });
    }

    /// What each `match` line looks for. A blank would find every record that lacks the field, so
    /// only the last line, which decides what becomes of all others, compares it.
    fn draft_rules(
        &self,
        scene: &Scene<'_>,
        related: &Related,
        drafted: &mut Drafted,
    ) -> Vec<RuleDraft> {
        let mut rules = Vec::new();
        for (index, rule) in related.rules.iter().enumerate() {
            let (mut matching, mut blank) = (Vec::new(), false);
            for (slot, field, kind) in &rule.pairs {
                match scene.record(Side::Left).value(*slot) {
                    Ok(value) => {
                        blank |= value.is_blank();
                        let value = value::write(*kind, value).to_string();
                        matching.push(Change { path: field.clone(), pointer: None, value });
                    }
                    Err(fault) => drafted.fail(self, rule.map_line, field, fault, true),
                }
            }
            let skipped = blank && index + 1 < related.rules.len();
            rules.push(RuleDraft { matching, skipped, map_line: rule.map_line });
        }
        rules
    }

    fn draft_list(&self, scene: &Scene<'_>, each: &Each, to: Side, drafted: &mut Drafted) {
        if !each.lines.iter().any(|line| line.writes(to)) {
            return;
        }
        let from = to.other();
        let slot = if from == Side::Left { each.left } else { each.right };
        let Some(from_slot) = scene.slot(from, slot) else { return };
        match scene.record(from).elements(from_slot) {
            Ok(Listed::Items(items)) => self.draft_items(scene, each, to, &items, drafted),
            Ok(Listed::Nothing | Listed::Missing) => {}
            Err(fault) => drafted.fail(self, each.map_line, &each.rule, fault, false),
        }
    }

    /// Drafts the elements of a list from those of the other side.
    pub(crate) fn draft_items(
        &self,
        scene: &Scene<'_>,
        each: &Each,
        to: Side,
        items: &[&Json<'_>],
        drafted: &mut Drafted,
    ) {
        let lists = match to {
            Side::Right => keyed(each, [items, &[]]),
            Side::Left => keyed(each, [&[], items]),
        };
        let elements = if to == Side::Right { &lists.left } else { &lists.right };
        let (mut made, mut left_out) = (Vec::new(), 0_usize);
        for element in elements {
            if element.key.is_none() {
                left_out += 1;
                continue;
            }
            match new_element(scene, each, to, &element.record) {
                Ok(changes) => made.push(changes),
                Err((line, fault)) => {
                    drafted.fail(self, line, &each.rule, fault, each.create_only);
                }
            }
        }
        drafted.traces.push(list_trace(each, to, made.len(), left_out));
        if made.is_empty() && left_out > 0 {
            drafted.aside.extend(self.left_aside(scene, each, to, left_out));
        }
        match (to, &each.child) {
            (Side::Right, Some(child)) => {
                drafted.draft.children.extend(made.into_iter().map(|changes| ChildChange {
                    relationship: child.relationship.clone(),
                    object: child.object.clone(),
                    parent_field: child.parent_field.clone(),
                    action: ChildAction::Create,
                    changes,
                }));
            }
            (Side::Left, _) | (Side::Right, None) => {
                let target = if to == Side::Left { each.left } else { each.right };
                let Some(slot) = scene.slot(to, target) else { return };
                if made.is_empty() || !slot.create {
                    return;
                }
                let texts: Vec<String> = made.iter().map(|changes| nest(changes)).collect();
                drafted.draft.changes.push(Change {
                    path: slot.path.clone(),
                    pointer: slot.pointer.clone(),
                    value: format!("[{}]", texts.join(",")),
                });
            }
        }
    }

    /// Why a list stays empty: none of its elements can be told from the others.
    fn left_aside(
        &self,
        scene: &Scene<'_>,
        each: &Each,
        to: Side,
        count: usize,
    ) -> Option<(String, Fault)> {
        let from = to.other();
        let target = scene.slot(to, if to == Side::Left { each.left } else { each.right })?;
        let slot = scene.slot(from, if from == Side::Left { each.left } else { each.right })?;
        let key = each.key.iter().map(|key| key[from.index()]);
        let elements = &each.elements[from.index()];
        let names: Vec<&str> =
            key.filter_map(|id| Some(elements.get(id.0)?.path.as_str())).collect();
        let (are, their) = if count == 1 { ("is", "its") } else { ("are", "their") };
        let fault = SlotFault {
            code: FaultCode::Require,
            message: format!(
                "{count} of `{}` {are} left aside: {their} key ({}) is blank or stands twice",
                slot.path,
                names.join(", ")
            ),
        };
        Some((target.path.clone(), self.fault_at(each.map_line, &each.rule, fault)))
    }

    /// Every field that must be given has a value.
    fn check_required(&self, to: Side, drafted: &mut Drafted) {
        for path in &self.side(to).required {
            let has = |change: &Change| is_at_or_below(&change.path, path) && says(change);
            let related = |draft: &RelatedDraft| draft.through == *path;
            let draft = &drafted.draft;
            if draft.changes.iter().any(has) || draft.related.iter().any(related) {
                continue;
            }
            let line = self.line_writing(to, path).map_or(0, |line| line.map_line);
            let why = if line == 0 { "no line writes it" } else { "its source is blank" };
            let fault = SlotFault {
                code: FaultCode::MissingRequired,
                message: format!(
                    "`{path}` must be given when the {} is created, and {why}",
                    self.side_name(to)
                ),
            };
            drafted.fatal.get_or_insert_with(|| self.fault_at(line, path, fault));
        }
    }

    fn line_writing(&self, to: Side, path: &str) -> Option<&Line> {
        let related = self.related.iter().flat_map(|r| &r.lines);
        self.lines.iter().chain(related).find(|line| {
            line.writes(to)
                && line
                    .source(to)
                    .slots()
                    .iter()
                    .filter_map(|s| self.slot(to, *s))
                    .any(|slot| slot.path == path)
        })
    }

    /// `require before sharing`, on the left record as it would be. The first sentence comes before
    /// what did not fit; the others stand beside it.
    fn check_requires(&self, drafted: &mut Drafted) {
        let text = drafted.draft.to_json();
        let Ok(record) = Record::read(self, Side::Left, text.as_bytes()) else { return };
        let failing: Vec<&Require> = self.failing(&record).collect();
        let Some(first) = failing.first() else { return };
        let aside = drafted.aside.iter().find(|(path, _)| self.names(first, path));
        if let Some((_, why)) = aside.cloned() {
            drafted.fatal.get_or_insert(why);
        }
        let mut failing: Vec<Fault> =
            failing.into_iter().map(|require| self.require_fault(require)).collect();
        let first = failing.remove(0);
        // The reason why a field is blank says more than the sentence about its being blank.
        if let Some(cause) = &drafted.fatal {
            failing.insert(0, first);
            drafted.faults.extend(failing.into_iter().filter(|fault| fault != cause));
            return;
        }
        drafted.fatal = Some(first);
        drafted.faults.extend(failing);
    }
}

/// Whether a change gives a value, not a blank.
pub(crate) fn says(change: &Change) -> bool {
    !matches!(change.value.as_str(), "null" | "\"\"")
}

impl Drafted {
    fn fail(&mut self, plan: &Plan, line: usize, field: &str, fault: SlotFault, fatal: bool) {
        let fault = plan.fault_at(line, field, fault);
        if fatal {
            self.fatal.get_or_insert(fault);
        } else {
            self.faults.push(fault);
        }
    }
}

fn list_trace(each: &Each, to: Side, made: usize, left_out: usize) -> LineTrace {
    let outcome = match (made, to) {
        (0, Side::Left | Side::Right) => Outcome::Kept,
        (_, Side::Left) => Outcome::WritesLeft,
        (_, Side::Right) => Outcome::WritesRight,
    };
    let left_out = match left_out {
        0 => String::new(),
        count => format!("; {count} left out, their key is blank or stands twice"),
    };
    LineTrace {
        rule: each.rule.clone(),
        map_line: each.map_line,
        row_line: None,
        outcome,
        reason: format!("{CREATED}; elements: {made}{left_out}"),
        left: String::new(),
        right: String::new(),
        written: None,
    }
}

/// What one line writes into the new record, or into one that it refers to and that may be there already.
/// What is written at the creation alone is not looked at again: in the new record it has to fit.
fn line_changes(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    in_new: bool,
    drafted: &mut Drafted,
) -> Vec<Change> {
    if !line.writes(to) {
        return Vec::new();
    }
    let required = |id: &SlotId| scene.slot(to, *id).is_some_and(|slot| slot.required);
    let only_now = in_new && line.create_only[to.index()];
    let fatal = only_now || line.source(to).slots().iter().any(required);
    let pair = match scene.pair(line) {
        Ok(pair) => pair,
        Err(fault) => {
            let told = trace(line, None, Outcome::Parked(fault.message.clone()), "does not fit");
            drafted.traces.push(told);
            drafted.fail(scene.plan, line.map_line, &line.rule, fault, fatal);
            return Vec::new();
        }
    };
    let mut told = trace(line, Some(&pair), Outcome::Kept, CREATED);
    let mut changes = Vec::new();
    let mut failed = None;
    match repair(scene, line, to, &pair) {
        Ok(Repair::Set { values, because }) => {
            let outcome = match to {
                Side::Left => Outcome::WritesLeft,
                Side::Right => Outcome::WritesRight,
            };
            told.outcome = outcome;
            told.written = Some(crate::decide::tagged(values.iter().map(|(_, value)| value)));
            note(&mut told, because);
            changes.extend(
                values.iter().filter_map(|(id, value)| Some(change(scene.slot(to, *id)?, value))),
            );
        }
        Ok(Repair::Kept { why, because }) => {
            told.reason = format!("{CREATED}; {why}");
            note(&mut told, because);
        }
        Ok(Repair::Held { lock, because }) => {
            told.row_line = because.row;
            told.outcome = Outcome::Held(lock);
        }
        Ok(Repair::Parked { why, because }) => {
            note(&mut told, because);
            failed = Some(SlotFault { code: FaultCode::BlankParked, message: why.to_owned() });
        }
        Err(fault) => failed = Some(fault),
    }
    if let Some(fault) = failed {
        told.outcome = Outcome::Parked(fault.message.clone());
        drafted.fail(scene.plan, line.map_line, &line.rule, fault, fatal);
    }
    drafted.traces.push(told);
    changes
}
