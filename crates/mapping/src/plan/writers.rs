//! Which lines of a plan write a field.
//!
//! In: a plan, a side, a path as a map writes it. Out: lines of the map. Must not know: records.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::decision::{Side, is_at_or_below, path_name};
use crate::tree::{Path, Segment};

use super::{Each, Line, Plan, Slot};

/// A path as the plan calls it: as the map writes it, with backticks only around a name with a dot.
pub(crate) fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for segment in &path.segments {
        match segment {
            Segment::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&path_name(name));
            }
            Segment::First => text.push_str("[first]"),
            Segment::FirstWith(name) => {
                let _ = write!(text, "[first with {name}]");
            }
            Segment::Is { name, value } => {
                let _ = write!(text, "[{name} is \"{value}\"]");
            }
        }
    }
    text
}

/// True when one path is the other, leads to it, or leads on from it.
fn meet(a: &str, b: &str) -> bool {
    is_at_or_below(a, b) || is_at_or_below(b, a)
}

/// Paths that lines write, to find those that meet another one without looking at all.
pub(crate) struct Written {
    /// The paths, and what leads to them.
    below: HashSet<String>,
    paths: HashSet<String>,
}

impl Written {
    pub(crate) fn new(paths: Vec<String>) -> Self {
        let below = paths.iter().flat_map(|path| leading_to(path)).map(str::to_owned).collect();
        Self { below, paths: paths.into_iter().collect() }
    }

    /// True when one of them meets the path.
    fn meets(&self, path: &str) -> bool {
        self.below.contains(path) || leading_to(path).any(|above| self.paths.contains(above))
    }
}

/// A path, and the paths that lead to it.
fn leading_to(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices(['.', '[']).map(|(at, _)| &path[..at]).chain([path])
}

impl Plan {
    /// The lines of the map that may write what stands at `path` in a record of `side`: lines of
    /// `fields` and `related`, and for an element of a list its block and the block's lines.
    pub(crate) fn writers(&self, side: Side, path: &Path) -> Vec<usize> {
        let text = path_text(path);
        let slots = self.side(side).slots.as_slice();
        let related = self.related.iter().flat_map(|related| &related.lines);
        let lines = self.lines.iter().chain(related);
        let mut found: Vec<usize> = lines
            .filter(|line| writes(line, side, slots, &text))
            .map(|line| line.map_line)
            .collect();
        for each in &self.lists {
            found.extend(self.writers_of_list(each, side, &text));
        }
        found
    }

    /// The fields of `side` that lines of `fields` and `related` write.
    pub(crate) fn written(&self, side: Side) -> Vec<String> {
        let related = self.related.iter().flat_map(|related| &related.lines);
        let lines = self.lines.iter().chain(related).filter(|line| line.writes(side));
        let slots = lines.flat_map(|line| line.source(side).slots());
        slots.filter_map(|slot| Some(self.slot(side, *slot)?.path.clone())).collect()
    }

    /// Whether there are such lines: asked for many paths, of which `written` knows what lines of
    /// `fields` and `related` write.
    pub(crate) fn is_written(&self, side: Side, path: &Path, written: &Written) -> bool {
        let text = path_text(path);
        written.meets(&text)
            || self.lists.iter().any(|each| !self.writers_of_list(each, side, &text).is_empty())
    }

    fn writers_of_list(&self, each: &Each, side: Side, text: &str) -> Vec<usize> {
        let [left, right] = &each.elements;
        let (list, elements) = match side {
            Side::Left => (each.left, left),
            Side::Right => (each.right, right),
        };
        let name = self.slot(side, list).map_or("", |slot| slot.path.as_str());
        if !meet(name, text) || !each.lines.iter().any(|line| line.writes(side)) {
            return Vec::new();
        }
        // `list[…].member`: the lines that write that member, and the block, which adds elements.
        let member =
            text.strip_prefix(name).and_then(|rest| rest.rsplit_once("].")).map(|(_, m)| m);
        let all = each.lines.iter().filter(|line| line.writes(side));
        let own = all.filter(|line| match member {
            Some(member) => writes(line, side, elements, member),
            None => true,
        });
        let mut found: Vec<usize> = own.map(|line| line.map_line).collect();
        let mut keys = each.key.iter().map(|pair| pair[side.index()]);
        let is_key = keys
            .any(|key| elements.get(key.0).is_some_and(|slot| Some(slot.path.as_str()) == member));
        if member.is_none() || is_key || !found.is_empty() {
            found.push(each.map_line);
        }
        found
    }
}

fn writes(line: &Line, side: Side, slots: &[Slot], text: &str) -> bool {
    let at = |slot: &super::SlotId| slots.get(slot.0).is_some_and(|slot| meet(&slot.path, text));
    line.writes(side) && line.source(side).slots().iter().any(at)
}
