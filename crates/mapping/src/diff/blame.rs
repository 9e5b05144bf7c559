//! Which line of a map is why two plans write a field differently.
//!
//! In: what both plans did with a deal. Out: a [`Cause`]: a line, and a row where a table is used.
//! Must not know: other deals, how a cause is shown.

use std::collections::HashMap;

use super::Ran;
use crate::decision::{LineTrace, Outcome, Side};
use crate::json::{self, Json};
use crate::plan::text::{condition_text, otherwise_text};
use crate::plan::{Each, Line, Plan, Require, Slot};

/// The place in the map that makes the difference; lines of the files count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// The line: of the new map, or of the old one when it is `gone`. 0: none is concerned.
    pub line: usize,
    /// The line is in the old map only.
    pub gone: bool,
    /// The table row that decided in the new map.
    pub row: Option<usize>,
    /// The row that decided in the old map, where it says something else.
    pub old_row: Option<usize>,
}

/// A plan, and which of its lines writes what.
#[derive(Debug)]
pub(super) struct Lines<'p> {
    pub(super) plan: &'p Plan,
    /// By side and place, the line of the map.
    writers: [HashMap<String, usize>; 2],
    /// What the table rows say, by their lines.
    rows: HashMap<usize, String>,
    /// The fields by which new child records are known, by relationship.
    keys: HashMap<&'p str, Vec<&'p str>>,
}

impl<'p> Lines<'p> {
    pub(super) fn of(plan: &'p Plan) -> Lines<'p> {
        let mut lines = Lines {
            plan,
            writers: [HashMap::new(), HashMap::new()],
            rows: HashMap::new(),
            keys: HashMap::new(),
        };
        let key_line = plan.lines.first().map_or(0, |line| line.map_line);
        let (left, right) = plan.key_fields();
        lines.note(Side::Left, left, key_line);
        lines.note(Side::Right, right, key_line);
        for line in plan.lines.iter().chain(plan.related.iter().flat_map(|r| &r.lines)) {
            lines.note_line(
                line,
                "",
                [&plan.side(Side::Left).slots, &plan.side(Side::Right).slots],
            );
        }
        for each in &plan.lists {
            lines.note_list(each);
        }
        for table in &plan.tables {
            let rows = table.rows.iter().map(|row| (row.map_line, plan.row_text(row)));
            lines.rows.extend(rows);
            for (side, other) in Side::BOTH.into_iter().zip(&table.otherwise) {
                let other = other.as_ref();
                lines.rows.extend(other.map(|o| (o.map_line, otherwise_text(side, o))));
            }
        }
        lines
    }

    fn note_list(&mut self, each: &'p Each) {
        let plan = self.plan;
        for (side, slot) in [(Side::Left, each.left), (Side::Right, each.right)] {
            self.note(side, plan.slot(side, slot).map_or("", |s| &s.path), each.map_line);
        }
        let Some(child) = &each.child else { return };
        let place = format!("{}[]", child.relationship);
        self.note(Side::Right, &place, each.map_line);
        let [left, right] = &each.elements;
        let keys = each.key.iter().filter_map(|[_, key]| right.get(key.0));
        self.keys.insert(&child.relationship, keys.clone().map(|key| key.path.as_str()).collect());
        for key in keys {
            self.note(Side::Right, &format!("{place}.{}", key.path), each.map_line);
        }
        for line in &each.lines {
            self.note_line(line, &format!("{place}."), [left, right]);
        }
    }

    fn note_line(&mut self, line: &Line, before: &str, slots: [&[Slot]; 2]) {
        for (side, slots) in Side::BOTH.into_iter().zip(slots) {
            if !line.writes(side) || (side == Side::Left && !before.is_empty()) {
                continue;
            }
            for slot in line.source(side).slots().iter().filter_map(|id| slots.get(id.0)) {
                self.note(side, &format!("{before}{}", slot.path), line.map_line);
            }
        }
    }

    fn note(&mut self, side: Side, place: &str, map_line: usize) {
        let [left, right] = &mut self.writers;
        let writers = if side == Side::Left { left } else { right };
        writers.entry(place.to_owned()).or_insert(map_line);
    }

    /// The line that writes a field.
    fn writer(&self, side: Side, place: &str) -> Option<usize> {
        let [left, right] = &self.writers;
        let writers = if side == Side::Left { left } else { right };
        writers.get(place).copied()
    }

    /// The fields that hold the key of the child records of a relationship.
    pub(super) fn key_of(&self, relationship: &str) -> &[&'p str] {
        self.keys.get(relationship).map_or(&[], Vec::as_slice)
    }

    /// The line of `require` that holds a write of this line.
    fn requirement(&self, ran: &Ran, line: Option<usize>) -> Option<&'p Require> {
        traces_of(ran, line).find_map(|trace| match &trace.outcome {
            Outcome::Held(lock) => self.plan.requires.iter().find(|r| r.otherwise == *lock),
            Outcome::Agrees
            | Outcome::Kept
            | Outcome::WritesLeft
            | Outcome::WritesRight
            | Outcome::WritesBoth
            | Outcome::Drifted
            | Outcome::Parked(_)
            | Outcome::NotOptedIn => None,
        })
    }

    /// The `each` block whose left list stands at `place`.
    fn left_list(&self, place: &str) -> Option<&'p Each> {
        self.plan.lists.iter().find(|each| {
            self.plan.slot(Side::Left, each.left).is_some_and(|slot| slot.path == place)
        })
    }

    /// Which right records may be shown to the left.
    fn sync_text(&self) -> Vec<String> {
        let [_, right] = &self.plan.sync;
        let slots = &self.plan.side(Side::Right).slots;
        right.iter().map(|condition| condition_text(condition, slots)).collect()
    }

    fn sync_line(&self) -> Option<usize> {
        let [_, right] = &self.plan.sync_lines;
        right.first().copied()
    }
}

/// Why a field is written with the second of two values instead of the first.
pub(super) fn cause(
    old: &Lines<'_>,
    new: &Lines<'_>,
    [old_ran, new_ran]: [&Ran; 2],
    (side, place): (Side, &str),
    values: [Option<&str>; 2],
) -> Cause {
    let both = [(old, old_ran), (new, new_ran)];
    let member = if side == Side::Left { member_of(both, place, values) } else { None };
    let [old_line, new_line] = [old, new].map(|lines| {
        let within = member.as_ref().and_then(|member| {
            let each = lines.left_list(place)?;
            each.lines.iter().find(|line| left_member(each, line) == Some(member.as_str()))
        });
        within.map(|line| line.map_line).or_else(|| lines.writer(side, place))
    });
    if let Some(cause) = beyond_the_line(both, [old_line, new_line]) {
        return cause;
    }
    let row = row_of(new_ran, new_line);
    let old_row = row_of(old_ran, old_line);
    let said = |lines: &Lines<'_>, row: Option<usize>| lines.rows.get(&row?).cloned();
    let same = said(new, row) == said(old, old_row);
    Cause {
        line: new_line.or(old_line).unwrap_or(0),
        gone: new_line.is_none() && old_line.is_some(),
        row,
        old_row: old_row.filter(|_| !same),
    }
}

/// A write that one of the two holds because of `require` or `sync`.
fn beyond_the_line(
    [(old, old_ran), (new, new_ran)]: [(&Lines<'_>, &Ran); 2],
    [old_line, new_line]: [Option<usize>; 2],
) -> Option<Cause> {
    let at = |line, gone| Some(Cause { line, gone, row: None, old_row: None });
    let held_by = new.requirement(new_ran, new_line);
    let was_held_by = old.requirement(old_ran, old_line);
    match (held_by, was_held_by) {
        (Some(require), _) => return at(require.map_line, false),
        (None, Some(require)) => {
            let mut known = new.plan.requires.iter();
            let known = known.find(|other| other.otherwise == require.otherwise);
            return match known {
                Some(other) => at(other.map_line, false),
                None => at(require.map_line, true),
            };
        }
        (None, None) => {}
    }
    let waits = |ran, line| traces_of(ran, line).any(|t| t.outcome == Outcome::NotOptedIn);
    if waits(old_ran, old_line) != waits(new_ran, new_line) && old.sync_text() != new.sync_text() {
        return match (new.sync_line(), old.sync_line()) {
            (Some(line), _) => at(line, false),
            (None, Some(line)) => at(line, true),
            (None, None) => None,
        };
    }
    None
}

fn traces_of(ran: &Ran, line: Option<usize>) -> impl Iterator<Item = &LineTrace> {
    ran.traces.iter().filter(move |trace| Some(trace.map_line) == line)
}

/// The row that decided. None: no table, or the elements of a list stand in several rows.
fn row_of(ran: &Ran, line: Option<usize>) -> Option<usize> {
    let mut rows = traces_of(ran, line).filter_map(|trace| trace.row_line);
    let first = rows.next()?;
    rows.all(|row| row == first).then_some(first)
}

/// The member of the elements of a left list, which is written whole, that makes it differ.
fn member_of(
    both: [(&Lines<'_>, &Ran); 2],
    place: &str,
    values: [Option<&str>; 2],
) -> Option<String> {
    if let [Some(old), Some(new)] = values {
        let read = |text: &'_ str| json::read(text.as_bytes()).map(Json::into_owned).ok();
        return first_difference(&read(old)?, &read(new)?);
    }
    both.into_iter().find_map(|(lines, ran)| {
        let each = lines.left_list(place)?;
        let mut written = each.lines.iter().filter(|line| {
            let mut traces = traces_of(ran, Some(line.map_line));
            traces.any(|trace| matches!(trace.outcome, Outcome::WritesLeft | Outcome::WritesBoth))
        });
        written.find_map(|line| left_member(each, line)).map(str::to_owned)
    })
}

/// The member of a left element that a line writes.
fn left_member<'p>(each: &'p Each, line: &Line) -> Option<&'p str> {
    let [elements, _] = &each.elements;
    let slot = elements.get(line.left.slots().first()?.0)?;
    slot.path.split('.').next().filter(|_| line.writes(Side::Left))
}

/// The first member in which the elements of two lists differ.
fn first_difference(old: &Json<'_>, new: &Json<'_>) -> Option<String> {
    let (Json::List(old), Json::List(new)) = (old, new) else { return None };
    if old.len() != new.len() {
        return None;
    }
    old.iter().zip(new).find_map(|(old, new)| {
        let (Json::Object(before), Json::Object(after)) = (old, new) else { return None };
        let of = |element: &Json<'_>, name: &str| {
            element.member(name).ok().flatten().map(ToString::to_string)
        };
        let mut names = before.iter().chain(after).map(|(name, _)| name.as_ref());
        names.find(|name| of(old, name) != of(new, name)).map(str::to_owned)
    })
}
