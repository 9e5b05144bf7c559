//! What decides something in one example.
//!
//! In: a plan, an example that was carried out. Out: keys. Must not know: other examples.
//!
//! A line is exercised towards a side when it writes that side, or when the other side's change
//! (or the whole new record) goes through it. Merely agreeing as before exercises nothing.

use std::collections::BTreeSet;

use crate::decide::{Rules, decide, same_as_base};
use crate::decision::{BasePair, Outcome, Side};
use crate::element::{element_scene, keyed, line_key};
use crate::example::Played;
use crate::fault::FaultCode;
use crate::json::Json;
use crate::line::nothing;
use crate::plan::{Each, Line, Plan, Source, Via};
use crate::record::{Listed, Record, SlotFault};
use crate::scene::{Pair, Scene};
use crate::table::{fits, lookup};
use crate::tree::BlankPolicy;
use crate::value::Value;

use super::{Key, Part};

pub(super) fn used(plan: &Plan, sync: &[Vec<usize>; 2], played: &Played) -> BTreeSet<Key> {
    let mut used = Used { plan, sync, played, keys: BTreeSet::new() };
    let [left, right] = &played.now;
    let read = |side: Side, json: &Json<'static>| Record::of(&plan.side(side).slots, json.clone());
    match (left, right) {
        (Some(left), Some(right)) => {
            used.pair(&read(Side::Left, left), &read(Side::Right, right));
        }
        (Some(left), None) => used.create(Side::Right, &read(Side::Left, left)),
        (None, Some(right)) => used.create(Side::Left, &read(Side::Right, right)),
        (None, None) => {}
    }
    let faults = played.decision.refused.iter().chain(&played.decision.parked);
    let requires = faults.filter(|fault| fault.code == FaultCode::Require);
    used.keys.extend(requires.map(|fault| (fault.map_line, Part::Require, None)));
    let on_hold = played.decision.on_hold.as_ref();
    used.keys.extend(on_hold.map(|hold| (hold.map_line, Part::Hold, None)));
    used.keys
}

struct Used<'u> {
    plan: &'u Plan,
    sync: &'u [Vec<usize>; 2],
    played: &'u Played,
    keys: BTreeSet<Key>,
}

impl Used<'_> {
    /// Notes which conditions of `sync` hold; gives whether the record takes part.
    fn takes_part(&mut self, side: Side, record: &Record<'_>) -> bool {
        let [left, right] = self.sync;
        let lines = if side == Side::Left { left } else { right };
        let mut takes_part = false;
        for (line, condition) in lines.iter().zip(&self.plan.sync[side.index()]) {
            let holds = record.fulfils(condition) == Ok(true);
            let part = if holds { Part::TakesPart } else { Part::StaysOut };
            self.keys.insert((*line, part, None));
            takes_part |= holds;
        }
        takes_part
    }

    fn create(&mut self, to: Side, from: &Record<'_>) {
        if !self.takes_part(to.other(), from) {
            return;
        }
        let empty = Record::empty(&self.plan.side(to).slots);
        let scene = Scene::creating(self.plan, to, from, &empty);
        let related = self.plan.related.iter().flat_map(|related| &related.lines);
        for line in self.plan.lines.iter().skip(1).chain(related) {
            self.line(&scene, line, to);
        }
        if to == Side::Right {
            let made = self.plan.related.iter().map(|r| (r.map_line, Part::Related, None));
            self.keys.extend(made);
        }
        for each in &self.plan.lists {
            for element in items(&scene, each, to.other()) {
                self.added(&scene, each, to, element);
            }
        }
    }

    fn pair(&mut self, left: &Record<'_>, right: &Record<'_>) {
        let opted_in = self.takes_part(Side::Right, right);
        let scene = Scene::of(self.plan, [left, right]);
        let rules = Rules { opted_in, stamps: self.played.stamps, now: None, forced: None };
        for line in self.plan.lines.iter().skip(1) {
            let base = self.played.base.lines.get(&line.hash);
            self.decided(&scene, rules, line, base);
        }
        for each in self.plan.lists.iter().filter(|each| !each.create_only) {
            self.lists(&scene, rules, each);
        }
    }

    /// A line of two records, or of two elements.
    fn decided(&mut self, scene: &Scene<'_>, rules: Rules, line: &Line, base: Option<&BasePair>) {
        let verdict = decide(scene, rules, line, base);
        match verdict.trace.outcome {
            Outcome::WritesLeft => self.line(scene, line, Side::Left),
            Outcome::WritesRight => self.line(scene, line, Side::Right),
            Outcome::WritesBoth => {
                for to in Side::BOTH {
                    self.line(scene, line, to);
                }
            }
            Outcome::Drifted | Outcome::NotOptedIn => {}
            Outcome::Agrees | Outcome::Kept | Outcome::Held(_) | Outcome::Parked(_) => {
                let (Ok(pair), Some(base)) = (scene.pair(line), base) else { return };
                for from in Side::BOTH {
                    if !same_as_base(line, from, &pair, base) {
                        self.line(scene, line, from.other());
                        self.agreeing(scene, line, from, &pair);
                    }
                }
            }
        }
    }

    /// A change of one side with which both agree, by rows that flow to that side.
    fn agreeing(&mut self, scene: &Scene<'_>, line: &Line, to: Side, pair: &Pair) {
        let Via::Tables(tables) = &line.via else { return };
        let agrees = |to: Side| {
            let looked = lookup(scene, line, tables, to, pair);
            matches!(looked, Ok(Some(looked)) if fits(&looked.answers, pair.of(to)))
        };
        if line.writes(to) && agrees(to) && !agrees(to.other()) {
            self.rows(scene, line, tables, to, pair);
        }
    }

    fn lists(&mut self, scene: &Scene<'_>, rules: Rules, each: &Each) {
        let now = Side::BOTH.map(|side| items(scene, each, side));
        let after = Side::BOTH.map(|side| {
            let slot = if side == Side::Left { each.left } else { each.right };
            let slots = &self.plan.side(side).slots;
            let json = self.played.after[side.index()].clone().unwrap_or(Json::Null);
            let record = Record::of(slots, json);
            scene.slot(side, slot).map_or_else(Vec::new, |slot| owned(record.elements(slot)))
        });
        let [left, right] = &now;
        let lists = keyed(each, [&refs(left), &refs(right)]);
        let [left_after, right_after] = &after;
        let results = keyed(each, [&refs(left_after), &refs(right_after)]);
        for side in Side::BOTH {
            let elements = if side == Side::Left { &lists.left } else { &lists.right };
            for element in elements {
                let Some(key) = &element.key else { continue };
                if results.find(side, key).is_none() {
                    self.keys.insert((each.map_line, Part::Removed, Some(side)));
                }
                let other = side.other();
                match lists.find(other, key) {
                    Some(partner) if side == Side::Left => {
                        let records = [&element.record, &partner.record];
                        let inner = element_scene(scene, each, records, false);
                        for line in &each.lines {
                            let base = self.played.base.lines.get(&line_key(each, key, line));
                            self.decided(&inner, rules, line, base);
                        }
                    }
                    None if results.find(other, key).is_some() => {
                        self.added(scene, each, other, element.record.json.clone().into_owned());
                    }
                    Some(_) | None => {}
                }
            }
        }
    }

    /// A new element of `to`.
    fn added(&mut self, scene: &Scene<'_>, each: &Each, to: Side, from: Json<'static>) {
        if !each.lines.iter().any(|line| line.writes(to)) {
            return;
        }
        self.keys.insert((each.map_line, Part::Added, Some(to)));
        let [left, right] = &each.elements;
        let (own, other) = if to == Side::Left { (left, right) } else { (right, left) };
        let (empty, from) = (Record::empty(own), Record::of(other, from));
        let records = if to == Side::Left { [&empty, &from] } else { [&from, &empty] };
        let inner = element_scene(scene, each, records, true);
        for line in &each.lines {
            self.line(&inner, line, to);
        }
    }

    /// A value, or a blank, that goes through a line to `to`.
    fn line(&mut self, scene: &Scene<'_>, line: &Line, to: Side) {
        let [left, right] = line.create_only;
        let once = if to == Side::Left { left } else { right };
        if !line.writes(to) || (once && !scene.creating) {
            return;
        }
        let Ok(pair) = scene.pair(line) else { return };
        let rows = match &line.via {
            Via::Convert(_) => false,
            Via::Tables(tables) => self.rows(scene, line, tables, to, &pair),
        };
        let is_blank = matches!(line.source(to.other()), Source::Slots(_))
            && nothing(line, pair.of(to.other()));
        if !is_blank || rows {
            self.keys.insert((line.map_line, Part::Rule, Some(to)));
            return;
        }
        let [left, right] = &line.default;
        let default = if to == Side::Left { left } else { right };
        if default.is_some() && (scene.creating || nothing(line, pair.of(to))) {
            self.keys.insert((line.map_line, Part::Default, Some(to)));
        } else if line.blank[to.index()] != BlankPolicy::Keep {
            self.keys.insert((line.map_line, Part::Blank, Some(to)));
        }
    }

    /// The rows of each table that a line's values go through. False: no row has them.
    fn rows(
        &mut self,
        scene: &Scene<'_>,
        line: &Line,
        tables: &[usize],
        to: Side,
        pair: &Pair,
    ) -> bool {
        let from = pair.of(to.other());
        let singles: Vec<Vec<Value>> = match from {
            [Value::List(items)] if !items.is_empty() => {
                items.iter().map(|item| vec![Value::List(vec![item.clone()])]).collect()
            }
            _ => vec![from.to_vec()],
        };
        let mut found = false;
        for values in singles {
            let old = pair.of(to).to_vec();
            let one = match to {
                Side::Left => Pair::new(old, values),
                Side::Right => Pair::new(values, old),
            };
            // Each table of a chain answers last in the chain that ends with it.
            for length in 1..=tables.len() {
                let chain = match to {
                    Side::Right => tables.get(..length),
                    Side::Left => tables.get(tables.len() - length..),
                };
                let looked = lookup(scene, line, chain.unwrap_or(tables), to, &one);
                let Ok(Some(looked)) = looked else { break };
                let blank = nothing(line, one.of(to.other()));
                if let Some(row) = looked.because.row.filter(|_| !(looked.otherwise && blank)) {
                    found = true;
                    let otherwise = self.is_otherwise(row, to);
                    let part = if otherwise { Part::Otherwise } else { Part::Row };
                    self.keys.insert((row, part, Some(to)));
                    if otherwise && scene.creating {
                        self.keys.insert((row, Part::OnCreate, Some(to)));
                    }
                }
            }
        }
        found
    }
}

impl Used<'_> {
    fn is_otherwise(&self, row: usize, to: Side) -> bool {
        let otherwise = self.plan.tables.iter().filter_map(|table| {
            let [left, right] = &table.otherwise;
            if to == Side::Left { left.as_ref() } else { right.as_ref() }
        });
        otherwise.into_iter().any(|otherwise| otherwise.map_line == row)
    }
}

/// The elements of a list as the record has them.
fn items(scene: &Scene<'_>, each: &Each, side: Side) -> Vec<Json<'static>> {
    let slot = if side == Side::Left { each.left } else { each.right };
    let record = scene.record(side);
    scene.slot(side, slot).map_or_else(Vec::new, |slot| owned(record.elements(slot)))
}

fn owned(found: Result<Listed<'_, '_>, SlotFault>) -> Vec<Json<'static>> {
    match found {
        Ok(Listed::Items(items)) => {
            items.into_iter().map(|item| item.clone().into_owned()).collect()
        }
        Ok(Listed::Missing | Listed::Nothing) | Err(_) => Vec::new(),
    }
}

fn refs<'a>(items: &'a [Json<'static>]) -> Vec<&'a Json<'static>> {
    items.iter().collect()
}
