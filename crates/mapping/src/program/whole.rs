//! What cannot be done on a record's own text: the plan works it out, from the values of one line.
//!
//! In: what was found. Out: the members that the line writes, remembered where values return. Must
//! not know: how lines work.

use super::step::{LineAt, Step, Written};
use super::{Read, Work};
use crate::decision::{Side, is_at_or_below, nest};
use crate::draft::{Drafted, says};
use crate::element::change;
use crate::json::{self, Json};
use crate::line::{Repair, repair};
use crate::plan::{Line, Plan, Slot, SlotId};
use crate::record::{Record, SlotFault, each_of, read_at};
use crate::scan::{Form, Found, Unusual};
use crate::scene::Scene;
use crate::schema::Kind;
use crate::value::Value;

/// A list whose elements become records of their own.
#[derive(Debug)]
pub(super) struct WholeList {
    /// The name of the relationship and the colon.
    pub(super) head: Vec<u8>,
    /// Which of the plan's lists.
    pub(super) index: usize,
    /// Where the list stands.
    pub(super) list: Read,
    /// What conditions of tables look at.
    pub(super) reads: Vec<Read>,
}

/// What stands before a name in the path of a related record's field.
pub(super) fn prefix(plan: &Plan, line: LineAt) -> Option<String> {
    match line {
        LineAt::Own(_) => None,
        LineAt::Related(related, _) => {
            plan.related.get(related).map(|related| format!("{}.", related.relationship))
        }
    }
}

/// The line of a step.
pub(super) fn line_of(plan: &Plan, line: LineAt) -> Option<&Line> {
    match line {
        LineAt::Own(index) => plan.lines.get(index),
        LineAt::Related(related, index) => {
            plan.related.get(related).and_then(|related| related.lines.get(index))
        }
    }
}

impl Work<'_> {
    /// Writes what the plan makes of the values of a line.
    pub(super) fn whole(&mut self, step: &Step, out: &mut Vec<u8>) -> Result<(), Unusual> {
        if let Some(memo) = self.memos.get_mut(step.memo) {
            memo.begin();
            for read in &step.reads {
                let found = self.finds.at(read.place);
                memo.add(found.form as u8, found.raw(self.record));
            }
            if let Some(written) = memo.find() {
                out.extend_from_slice(&written.text);
                self.given |= written.gives;
                return Ok(());
            }
        }
        let record = self.partial(&step.reads)?;
        let written = work_out(self.plan, step.line, self.to, &record)?;
        out.extend_from_slice(&written.text);
        self.given |= written.gives;
        if let Some(memo) = self.memos.get_mut(step.memo) {
            memo.keep(written);
        }
        Ok(())
    }

    /// A record of which only these slots are read.
    pub(super) fn partial(&self, reads: &[Read]) -> Result<Record<'static>, Unusual> {
        let slots = &self.plan.side(self.to.other()).slots;
        let mut values: Vec<Result<Option<Value>, SlotFault>> = vec![Ok(None); slots.len()];
        for read in reads {
            let slot = slots.get(read.slot.0).ok_or(Unusual)?;
            let found = self.finds.at(read.place);
            if let Some(json) = tree(found, self.record)?
                && let Some(value) = values.get_mut(read.slot.0)
            {
                *value = read_slot(slot, &json)?.map(Some);
            }
        }
        Ok(Record::of_values(values))
    }

    /// Whether the value of a slot can be read.
    pub(super) fn readable(&self, read: Read) -> Result<(), Unusual> {
        let slot = self.plan.slot(self.to.other(), read.slot).ok_or(Unusual)?;
        let found = self.finds.at(read.place);
        match found.form {
            Form::Missing | Form::Null => return Ok(()),
            Form::Plain | Form::Simple if crate::value::is_text(slot.kind) => return Ok(()),
            _ => {}
        }
        match tree(found, self.record)? {
            None => Ok(()),
            Some(json) => read_slot(slot, &json)?.map(|_| ()).map_err(|_| Unusual),
        }
    }

    /// Writes the records that the plan makes of a list's elements.
    pub(super) fn list(&self, list: &WholeList, out: &mut Vec<u8>) -> Result<(), Unusual> {
        let found = self.finds.at(list.list.place);
        let Some(json) = tree(found, self.record)? else { return Ok(()) };
        let slot = self.plan.slot(self.to.other(), list.list.slot).ok_or(Unusual)?;
        let items = match &json {
            Json::Null => return Ok(()),
            Json::List(items) => items.iter().collect(),
            Json::Object(_) if slot.kind == Kind::Object => vec![&json],
            Json::Object(_) | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                return Err(Unusual);
            }
        };
        let each = self.plan.lists.get(list.index).ok_or(Unusual)?;
        let record = self.partial(&list.reads)?;
        let mut drafted = Drafted::default();
        let empty = Record::empty(&self.plan.side(self.to).slots);
        let scene = Scene::creating(self.plan, self.to, &record, &empty);
        self.plan.draft_items(&scene, each, self.to, &items, &mut drafted);
        if drafted.fatal.is_some() || !drafted.faults.is_empty() {
            return Err(Unusual);
        }
        let mut children = drafted.draft.children.iter().peekable();
        if children.peek().is_none() {
            return Ok(());
        }
        out.extend_from_slice(&list.head);
        out.extend_from_slice(b"{\"records\":[");
        while let Some(child) = children.next() {
            out.extend_from_slice(nest(&child.changes).as_bytes());
            if children.peek().is_some() {
                out.push(b',');
            }
        }
        out.extend_from_slice(b"]},");
        Ok(())
    }
}

/// The value of a slot, from what stands at its place.
fn read_slot(slot: &Slot, json: &Json<'_>) -> Result<Result<Value, SlotFault>, Unusual> {
    let Some(path) = &slot.json_path else { return Ok(read_at(slot, json)) };
    let (_, member) = path.each_member().ok_or(Unusual)?;
    let found = each_of(slot, json, member).ok_or(Unusual)?;
    Ok(found.and_then(|found| read_at(slot, &found)))
}

/// What stands at a place, as a tree; none: nothing.
fn tree(found: Found, record: &[u8]) -> Result<Option<Json<'_>>, Unusual> {
    let Some(text) = found.json(record) else { return Ok(None) };
    json::read(text).map(Some).map_err(|_| Unusual)
}

/// The members of an object, with a comma behind them.
fn members(object: &str, out: &mut Vec<u8>) {
    let inside = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if let Some(inside) = inside.filter(|inside| !inside.is_empty()) {
        out.extend_from_slice(inside.as_bytes());
        out.push(b',');
    }
}

/// What the plan makes of one line. Error: a fault.
pub(super) fn work_out(
    plan: &Plan,
    at: LineAt,
    to: Side,
    from: &Record<'_>,
) -> Result<Written, Unusual> {
    let line = line_of(plan, at).ok_or(Unusual)?;
    let prefix = prefix(plan, at);
    let empty = Record::empty(&plan.side(to).slots);
    let scene = Scene::creating(plan, to, from, &empty);
    let pair = scene.pair(line).map_err(|_| Unusual)?;
    let values = match repair(&scene, line, to, &pair) {
        Ok(Repair::Set { values, .. }) => values,
        Ok(Repair::Kept { .. } | Repair::Held { .. }) => Vec::new(),
        Ok(Repair::Parked { .. }) | Err(_) => return Err(Unusual),
    };
    let mut changes = Vec::new();
    let mut gives = 0;
    for (id, value) in &values {
        let Some(slot) = plan.slot(to, *id) else { continue };
        let mut change = change(slot, value);
        if says(&change) && prefix.is_none() {
            gives |= bits(plan, to, *id);
        }
        if let Some(own) = prefix.as_ref().and_then(|prefix| change.path.strip_prefix(prefix)) {
            change.path = own.to_string();
        }
        changes.push(change);
    }
    let mut text = Vec::new();
    members(&nest(&changes), &mut text);
    Ok(Written { text, gives })
}

/// The bits of the fields that must be given, for a slot that gives them.
pub(super) fn bits(plan: &Plan, to: Side, slot: SlotId) -> u64 {
    let Some(slot) = plan.slot(to, slot) else { return 0 };
    let mut bits = 0;
    for (index, path) in plan.side(to).required.iter().enumerate() {
        if is_at_or_below(&slot.path, path) {
            bits |= 1 << (index % 64);
        }
    }
    bits
}
