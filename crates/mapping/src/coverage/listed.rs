//! Everything of a plan that an example can exercise.
//!
//! In: a plan, and where the lines of `sync` stand. Out: keys. Must not know: examples.

use std::collections::BTreeSet;

use crate::decision::Side;
use crate::plan::{Line, Plan, Source, Via};
use crate::sources::Sources;
use crate::tree::{BlankPolicy, Entry, Item, Tree};

use super::{Key, Part};

/// The lines of `sync`, by side in the order of the plan's conditions.
pub(super) fn sync_lines(plan: &Plan, tree: &Tree, sources: &Sources) -> [Vec<usize>; 2] {
    let mut lines = [Vec::new(), Vec::new()];
    for entry in &tree.entries {
        let Entry::Line { item: Item::Sync(block), .. } = entry else { continue };
        for (line, span) in block.lines().filter(|(line, _)| line.hold.is_none()) {
            let before = sources.text().get(..span.start).unwrap_or("");
            let number = before.matches('\n').count() + 1;
            let [left, right] = &mut lines;
            match plan.side_named(&line.side.value) {
                Some(Side::Left) => left.push(number),
                Some(Side::Right) => right.push(number),
                None => {}
            }
        }
    }
    lines
}

/// All lines that carry values, those of lists included. The key line is none of them.
pub(super) fn value_lines(plan: &Plan) -> impl Iterator<Item = &Line> {
    let related = plan.related.iter().flat_map(|related| &related.lines);
    let inner = plan.lists.iter().flat_map(|each| &each.lines);
    plan.lines.iter().skip(1).chain(related).chain(inner)
}

pub(super) fn listed(plan: &Plan, sync: &[Vec<usize>; 2]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for line in value_lines(plan) {
        for to in Side::BOTH.into_iter().filter(|side| line.writes(*side)) {
            of_line(plan, line, to, &mut keys);
        }
    }
    for (line, conditions) in sync.iter().zip(&plan.sync).flat_map(|(l, c)| l.iter().zip(c)) {
        keys.insert((*line, Part::TakesPart, None));
        if !conditions.tests.is_empty() {
            keys.insert((*line, Part::StaysOut, None));
        }
    }
    keys.extend(plan.holds.iter().map(|hold| (hold.map_line, Part::Hold, None)));
    keys.extend(plan.requires.iter().map(|line| (line.map_line, Part::Require, None)));
    keys.extend(plan.related.iter().map(|related| (related.map_line, Part::Related, None)));
    for each in &plan.lists {
        for to in Side::BOTH {
            if !each.lines.iter().any(|line| line.writes(to)) {
                continue;
            }
            keys.insert((each.map_line, Part::Added, Some(to)));
            let goes = each.lines.iter().any(|line| line.writes(to.other()));
            if goes && !each.removed_keep && !each.create_only {
                keys.insert((each.map_line, Part::Removed, Some(to)));
            }
        }
    }
    keys
}

fn of_line(plan: &Plan, line: &Line, to: Side, keys: &mut BTreeSet<Key>) {
    keys.insert((line.map_line, Part::Rule, Some(to)));
    let [left, right] = &line.default;
    let has_default = if to == Side::Left { left } else { right }.is_some();
    if has_default {
        keys.insert((line.map_line, Part::Default, Some(to)));
    }
    let [left, right] = line.blank;
    let [left_once, right_once] = line.create_only;
    let (policy, once) = if to == Side::Left { (left, left_once) } else { (right, right_once) };
    let does_something = match policy {
        BlankPolicy::Keep => false,
        BlankPolicy::Clear => !once,
        BlankPolicy::Park => !(once && has_default),
    };
    if does_something && matches!(line.source(to.other()), Source::Slots(_)) {
        keys.insert((line.map_line, Part::Blank, Some(to)));
    }
    let Via::Tables(tables) = &line.via else { return };
    for table in tables.iter().filter_map(|index| plan.tables.get(*index)) {
        let rows = table.rows.iter().filter(|row| to.is_target_of(row.arrow) && !row.aside);
        keys.extend(rows.map(|row| (row.map_line, Part::Row, Some(to))));
        let [left, right] = &table.otherwise;
        let otherwise = if to == Side::Left { left } else { right };
        if let Some(otherwise) = otherwise {
            keys.insert((otherwise.map_line, Part::Otherwise, Some(to)));
            if otherwise.on_create.is_some() {
                keys.insert((otherwise.map_line, Part::OnCreate, Some(to)));
            }
        }
    }
}
