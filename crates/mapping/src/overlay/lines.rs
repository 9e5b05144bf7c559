//! The lines of one block, while an overlay adds to them, changes and removes them.
//!
//! In: a block of the base, lines of an overlay about its lines. Out: the block's lines; what does
//! not find its place. Must not know: how lines of a kind are told apart (see `line`), sentences.
//!
//! A line is found by its name in [`Known`]. Nothing is moved meanwhile: what is added stands
//! behind the block's lines until [`Known::settle`].

use std::collections::{HashMap, HashSet};

use super::line::Line;
use super::say::{self, Near};
use super::weave::Weave;
use crate::problem::nearest;
use crate::tree::{At, Block, Entry, Span};

/// What is known of a block's entries, by their places.
#[derive(Default)]
pub(super) struct Known {
    /// The names of lines, the short ones second; nothing for what is no line any more.
    names: Vec<Option<[String; 2]>>,
    /// The lines of a name, and those of a short name.
    places: [HashMap<String, Vec<usize>>; 2],
    removed: HashSet<usize>,
    /// What was added before a line, by that line.
    before: HashMap<usize, Vec<usize>>,
}

impl Known {
    pub(super) fn of<T: Line>(block: &Block<T>) -> Known {
        let mut known = Known::default();
        for entry in &block.entries {
            known.push(entry);
        }
        known
    }

    /// Notes an entry behind the others; gives its place.
    fn push<T: Line>(&mut self, entry: &Entry<T>) -> usize {
        let place = self.names.len();
        self.names.push(None);
        if let Entry::Line { item, .. } = entry {
            self.name(place, item);
        }
        place
    }

    /// Gives a line its names.
    fn name<T: Line>(&mut self, place: usize, line: &T) {
        self.forget(place);
        let names = [line.name(), line.short_name()];
        for (places, name) in self.places.iter_mut().zip(&names) {
            places.entry(name.clone()).or_default().push(place);
        }
        if let Some(known) = self.names.get_mut(place) {
            *known = Some(names);
        }
    }

    /// Takes a line's names away.
    fn forget(&mut self, place: usize) {
        let Some(names) = self.names.get_mut(place).and_then(Option::take) else { return };
        for (places, name) in self.places.iter_mut().zip(&names) {
            if let Some(places) = places.get_mut(name) {
                places.retain(|known| *known != place);
            }
        }
    }

    /// The lines of a name, in order; `short`: of a short name.
    fn named(&self, name: &str, short: bool) -> Vec<usize> {
        let places = self.places[usize::from(short)].get(name);
        match places.map_or(&[][..], Vec::as_slice) {
            places if places.len() > 1 => {
                let places: HashSet<&usize> = places.iter().collect();
                self.order().into_iter().filter(|place| places.contains(place)).collect()
            }
            places => places.to_vec(),
        }
    }

    /// All places in the order in which the entries shall stand.
    fn order(&self) -> Vec<usize> {
        let moved: HashSet<usize> = self.before.values().flatten().copied().collect();
        let mut order = Vec::with_capacity(self.names.len());
        for place in (0..self.names.len()).filter(|place| !moved.contains(place)) {
            let mut open = vec![(place, false)];
            while let Some((place, is_next)) = open.pop() {
                match self.before.get(&place) {
                    Some(before) if !is_next => {
                        open.push((place, true));
                        open.extend(before.iter().rev().map(|place| (*place, false)));
                    }
                    Some(_) | None if self.removed.contains(&place) => {}
                    Some(_) | None => order.push(place),
                }
            }
        }
        order
    }

    /// Puts the entries in order, without those that were removed.
    pub(super) fn settle<T>(&self, block: &mut Block<T>) {
        let entries = std::mem::take(&mut block.entries);
        let mut entries: Vec<Option<Entry<T>>> = entries.into_iter().map(Some).collect();
        let entry = |place: usize| entries.get_mut(place)?.take();
        block.entries = self.order().into_iter().filter_map(entry).collect();
    }
}

/// The lines of one block of the base.
pub(super) struct Lines<'l, 'w, T> {
    pub(super) block: &'l mut Block<T>,
    pub(super) known: Known,
    /// The block's first line, to point at.
    pub(super) head: Span,
    pub(super) weave: &'l mut Weave<'w>,
}

impl<T: Line> Lines<'_, '_, T> {
    pub(super) fn add(&mut self, line: At<T>, before: Option<&At<T>>, trailing: Option<String>) {
        let (name, whole) = (line.value.name(), line.value.whole());
        let known = self.known.named(&name, false).first().and_then(|place| self.line(*place));
        if let Some((known, place)) = known {
            let problem = if known.whole() == whole {
                say::idle(line.span, place)
            } else {
                say::there_already(line.value.named_at(line.span), place, &name)
            };
            self.weave.problems.push(problem);
            return;
        }
        let before = match before {
            Some(before) => match self.find(before) {
                Some(place) => Some(place),
                None => return,
            },
            None => None,
        };
        let entry = Entry::Line { item: line.value, span: line.span, trailing };
        let place = self.known.push(&entry);
        self.block.entries.push(entry);
        if let Some(before) = before {
            self.known.before.entry(before).or_default().push(place);
        }
    }

    pub(super) fn change(&mut self, old: &At<T>, new: At<T>) {
        let Some(place) = self.find(old) else { return };
        let Some(Entry::Line { item, span, .. }) = self.block.entries.get_mut(place) else {
            return;
        };
        let file = |span: Span| self.weave.sources.file_at(span.start).0;
        if file(*span) == file(new.span) {
            self.weave.problems.push(say::twice(old.value.named_at(old.span), *span));
            return;
        }
        let merged = item.merged(new.value);
        if merged.whole() == item.whole() {
            self.weave.problems.push(say::idle(new.span, *span));
            return;
        }
        (*item, *span) = (merged, new.span);
        self.known.name(place, item);
    }

    pub(super) fn remove(&mut self, old: &At<T>) {
        if let Some(place) = self.find(old) {
            self.known.forget(place);
            self.known.removed.insert(place);
        }
    }

    fn line(&self, place: usize) -> Option<(&T, Span)> {
        match self.block.entries.get(place)? {
            Entry::Line { item, span, .. } => Some((item, *span)),
            Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
        }
    }

    /// Which entry is meant; says when there is none, or several.
    fn find(&mut self, wanted: &At<T>) -> Option<usize> {
        let name = wanted.value.name();
        let mut found = self.known.named(&name, false);
        if found.is_empty() && wanted.value.short_name() == name {
            found = self.known.named(&name, true);
        }
        let at = wanted.value.named_at(wanted.span);
        match found.as_slice() {
            [one] => Some(*one),
            [] => {
                self.lost(at, &name);
                None
            }
            several => {
                let lines = several.iter().filter_map(|place| self.line(*place));
                let places: Vec<Span> = lines.map(|(_, place)| place).collect();
                let help = "write the line's condition too: `… when CONDITION`";
                let what = format!("`{name}`");
                self.weave.problems.push(say::unclear(at, &what, &places, help));
                None
            }
        }
    }

    fn lost(&mut self, at: Span, name: &str) {
        let line = |place: usize| {
            let [known, _] = self.known.names.get(place)?.as_ref()?;
            Some((known.as_str(), self.line(place)?.1))
        };
        let names: Vec<(&str, Span)> = self.known.order().into_iter().filter_map(line).collect();
        let near =
            nearest(name, names.iter().map(|(known, _)| *known)).or_else(|| alike(name, &names));
        let near = match names.iter().find(|(known, _)| Some(*known) == near) {
            Some((known, place)) => {
                Near { at: self.weave.first_line(*place), line: Some((*known).to_owned()) }
            }
            None => Near { at: self.head, line: None },
        };
        let base = self.weave.sources.file_at(near.at.start).0.to_owned();
        let what = format!("line `{name}`");
        self.weave.problems.push(say::lost(at, &what, &base, Some(near)));
    }
}

/// A line that is about the same on one side of its arrow.
fn alike<'n>(name: &str, names: &[(&'n str, Span)]) -> Option<&'n str> {
    let (left, right) = ends(name)?;
    let same = |known: &str| ends(known).is_some_and(|(l, r)| l == left || r == right);
    names.iter().map(|(known, _)| *known).find(|known| same(known))
}

/// What stands on both sides of a line's arrow.
fn ends(name: &str) -> Option<(&str, &str)> {
    let arrow = [" <-> ", " -> ", " <- "].into_iter().find(|arrow| name.contains(arrow))?;
    let (left, right) = name.split_once(arrow)?;
    Some((left.trim(), right.trim()))
}
