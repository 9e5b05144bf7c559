//! A record that does not exist yet, made from the other side's.
//!
//! In: a plan, the record there is. Out: a [`Draft`] of the one to be made, with the records it
//! refers to and its children, and what did not fit. Must not know: bases, streams.

use crate::decision::{Change, ChildAction, ChildChange, Draft, RelatedDraft, Side, nest};
use crate::fault::{Fault, FaultCode};
use crate::line::{Repair, Scene, repair};
use crate::list;
use crate::plan::{Each, Line, Plan, Related, Slot, SlotId};
use crate::record::{Record, SlotFault};
use crate::value::{self, Value};

/// A draft and what did not fit; `fatal` when the record cannot be made without it.
#[derive(Debug, Default)]
pub(crate) struct Drafted {
    pub(crate) draft: Draft,
    pub(crate) faults: Vec<Fault>,
    pub(crate) fatal: Option<Fault>,
}

/// The change that writes `value` to a slot.
pub(crate) fn change(slot: &Slot, value: &Value) -> Change {
    let mut text = String::new();
    value::write(slot.kind, value).write(&mut text);
    Change { path: slot.path.clone(), pointer: slot.pointer.clone(), value: text }
}

impl Plan {
    /// Drafts the record of `to` from the record of the other side.
    pub(crate) fn draft(&self, to: Side, from: &Record<'_>) -> Drafted {
        let empty = Record::empty(&self.side(to).slots);
        let records = match to {
            Side::Left => [&empty, from],
            Side::Right => [from, &empty],
        };
        let [left, right] = &self.sides;
        let scene = Scene {
            plan: self,
            slots: [&left.slots, &right.slots],
            records,
            deal: records[0],
            creating: true,
            left_lock: None,
            shared: false,
        };
        let mut drafted = Drafted::default();
        for line in &self.lines {
            let changes = line_changes(&scene, line, to, &mut drafted);
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
        // What the map says to the seller comes before what the schema says.
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
        if !states.initial.contains(&given) {
            changes.retain(|change| !paths.contains(&change.path.as_str()));
        }
    }

    fn draft_related(&self, scene: &Scene<'_>, related: &Related, to: Side, drafted: &mut Drafted) {
        let mut changes = Vec::new();
        for line in &related.lines {
            changes.extend(line_changes(scene, line, to, drafted));
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
        let mut matching = Vec::new();
        for (slot, field, kind) in &related.matching {
            match scene.records[0].value(*slot) {
                Ok(value) => {
                    let mut text = String::new();
                    value::write(*kind, value).write(&mut text);
                    matching.push(Change { path: field.clone(), pointer: None, value: text });
                }
                Err(fault) => drafted.fail(self, related.map_line, field, fault, true),
            }
        }
        drafted.draft.related.push(RelatedDraft {
            object: related.object.clone(),
            through: related.through.clone(),
            relationship: related.relationship.clone(),
            matching,
            create_if_none: related.create_if_none,
            changes,
            map_line: related.map_line,
        });
    }

    fn draft_list(&self, scene: &Scene<'_>, each: &Each, to: Side, drafted: &mut Drafted) {
        if !each.lines.iter().any(|line| line.writes(to)) {
            return;
        }
        let from = to.other();
        let slot = if from == Side::Left { each.left } else { each.right };
        let Some(from_slot) = scene.slot(from, slot) else { return };
        let elements = match scene.records[from.index()].elements(from_slot) {
            Ok(Some(elements)) => elements,
            Ok(None) => return,
            Err(fault) => return drafted.fail(self, each.map_line, &each.rule, fault, false),
        };
        let mut made = Vec::new();
        for element in elements {
            let element = Record::of(&each.elements[from.index()], element.clone());
            match list::new_element(scene, each, to, &element) {
                Ok(Some(changes)) => made.push(changes),
                Ok(None) => {}
                Err((line, fault)) => drafted.fail(self, line, &each.rule, fault, false),
            }
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
                if made.is_empty() {
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

    /// Every field that must be given has a value.
    fn check_required(&self, to: Side, drafted: &mut Drafted) {
        for path in &self.side(to).required {
            let has = |change: &Change| {
                let below = change.path.strip_prefix(path.as_str());
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                    && change.value != "null"
            };
            let related = |draft: &RelatedDraft| draft.through == *path;
            let draft = &drafted.draft;
            if draft.changes.iter().any(has) || draft.related.iter().any(related) {
                continue;
            }
            let line = self.line_writing(to, path).map_or(0, |line| line.map_line);
            let fault = SlotFault {
                code: FaultCode::MissingRequired,
                message: format!(
                    "`{path}` must be given when the {} is created, and its source is blank",
                    self.side_name(to)
                ),
            };
            let fault = self.fault_at(line, path, fault);
            drafted.fatal.get_or_insert(fault);
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

    /// `require before sharing`, on the left record as it would be.
    fn check_requires(&self, drafted: &mut Drafted) {
        let text = drafted.draft.to_json();
        let Ok(record) = Record::read(self, Side::Left, text.as_bytes()) else { return };
        for require in &self.requires {
            let applies = require.when.as_ref().is_none_or(|w| record.fulfils(w) == Ok(true));
            if applies && record.fulfils(&require.test) != Ok(true) {
                let fault =
                    SlotFault { code: FaultCode::Require, message: require.otherwise.clone() };
                let fault = self.fault_at(require.map_line, "require before sharing", fault);
                drafted.fatal.get_or_insert(fault);
            }
        }
    }
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

/// What one line writes into the new record.
fn line_changes(scene: &Scene<'_>, line: &Line, to: Side, drafted: &mut Drafted) -> Vec<Change> {
    if !line.writes(to) {
        return Vec::new();
    }
    let slots = line.source(to).slots();
    let required = |id: &SlotId| scene.slot(to, *id).is_some_and(|slot| slot.required);
    let result = scene.pair(line).and_then(|pair| repair(scene, line, to, &pair));
    match result {
        Ok(Repair::Set { values, .. }) => values
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Blank))
            .filter_map(|(id, value)| Some(change(scene.slot(to, *id)?, value)))
            .collect(),
        Ok(Repair::Kept { .. } | Repair::Held(_)) => Vec::new(),
        Ok(Repair::Parked { why, .. }) => {
            let fault = SlotFault { code: FaultCode::BlankParked, message: why.to_owned() };
            drafted.fail(scene.plan, line.map_line, &line.rule, fault, true);
            Vec::new()
        }
        Err(fault) => {
            let fatal = slots.iter().any(required);
            drafted.fail(scene.plan, line.map_line, &line.rule, fault, fatal);
            Vec::new()
        }
    }
}
