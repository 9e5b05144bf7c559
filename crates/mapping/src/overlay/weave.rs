//! An overlay woven into its base: blocks left out, lines added, changed and removed.
//!
//! In: the tree of a base, that of an overlay. Out: one tree; what does not find its place. Must not
//! know: how lines of a kind are told apart (see `line`) and found (see `lines`), sentences.

use std::collections::HashMap;

use super::line::{Line, key};
use super::lines::{Known, Lines};
use super::say::{self, Near};
use crate::print::block_name;
use crate::problem::{Problem, nearest};
use crate::sources::Sources;
use crate::tree::{At, Block, BlockName, Edit, Edits, Entry, Item, Key, Span, Stability, Tree};

/// The base under work.
pub(super) struct Weave<'w> {
    entries: Vec<Entry<Item>>,
    pub(super) sources: &'w Sources,
    pub(super) problems: &'w mut Vec<Problem>,
    /// What is known of the blocks whose lines were changed, by where they begin.
    known: HashMap<usize, Known>,
}

/// Carries out what an overlay says on its base.
pub(super) fn weave(
    base: Tree,
    overlay: Tree,
    sources: &Sources,
    problems: &mut Vec<Problem>,
) -> Tree {
    // A map's examples are its own: many of the base's do not hold any more, and need not.
    let is_example =
        |entry: &Entry<Item>| matches!(entry, Entry::Line { item: Item::Example { .. }, .. });
    let entries = base.entries.into_iter().filter(|entry| !is_example(entry)).collect();
    let entries = one_of_each(entries);
    let mut weave = Weave { entries, sources, problems, known: HashMap::new() };
    let (drops, rest): (Vec<_>, Vec<_>) = overlay
        .entries
        .into_iter()
        .partition(|entry| matches!(entry, Entry::Line { item: Item::Drop(_), .. }));
    for entry in drops {
        if let Entry::Line { item: Item::Drop(name), .. } = entry {
            weave.drop_block(&name);
        }
    }
    for entry in rest {
        match entry {
            Entry::Line { item, span, trailing } => weave.item(item, span, trailing),
            Entry::Unreadable(_) => weave.entries.push(entry),
            Entry::Comment(_) | Entry::Blank(_) => {}
        }
    }
    weave.settle();
    Tree { entries: weave.entries }
}

/// Several blocks of lines as one: the lines of the later ones behind those of the first.
fn one_of_each(entries: Vec<Entry<Item>>) -> Vec<Entry<Item>> {
    let mut kept: Vec<Entry<Item>> = Vec::new();
    for entry in entries {
        let Entry::Line {
            item: item @ (Item::Fields(_) | Item::Sync(_) | Item::Require(_)), ..
        } = &entry
        else {
            kept.push(entry);
            continue;
        };
        let first = kept.iter_mut().find_map(|known| match (known, item) {
            (Entry::Line { item: known @ Item::Fields(_), .. }, Item::Fields(_))
            | (Entry::Line { item: known @ Item::Sync(_), .. }, Item::Sync(_))
            | (Entry::Line { item: known @ Item::Require(_), .. }, Item::Require(_)) => Some(known),
            _ => None,
        });
        match (first, entry) {
            (Some(Item::Fields(first)), Entry::Line { item: Item::Fields(more), .. }) => {
                first.entries.extend(more.entries);
            }
            (Some(Item::Sync(first)), Entry::Line { item: Item::Sync(more), .. }) => {
                first.entries.extend(more.entries);
            }
            (Some(Item::Require(first)), Entry::Line { item: Item::Require(more), .. }) => {
                first.entries.extend(more.entries);
            }
            (_, entry) => kept.push(entry),
        }
    }
    kept
}

/// Whether an item of the base is the block that is named.
fn is_named(item: &Item, name: &BlockName) -> bool {
    match (item, name) {
        (Item::Sync(_), BlockName::Sync)
        | (Item::Defaults(_), BlockName::Defaults)
        | (Item::Fields(_), BlockName::Fields)
        | (Item::Require(_), BlockName::Require)
        | (Item::Report(_), BlockName::Report) => true,
        (Item::Values { name: own, .. }, BlockName::Values(name)) => own.value == name.value,
        (
            Item::Related { object: own, through: field, .. },
            BlockName::Related { object, through },
        ) => {
            own.value == object.value
                && through.as_ref().is_none_or(|through| through.value == field.value)
        }
        (Item::Each { left: own, right: other, .. }, BlockName::Each { left, right }) => {
            own.value == left.value && right.as_ref().is_none_or(|right| right.value == other.value)
        }
        (
            Item::Language(_)
            | Item::Mapping { .. }
            | Item::Side { .. }
            | Item::Match { .. }
            | Item::Extends(_)
            | Item::Edit { .. }
            | Item::Drop(_)
            | Item::Sync(_)
            | Item::Defaults(_)
            | Item::Fields(_)
            | Item::Require(_)
            | Item::Report(_)
            | Item::Values { .. }
            | Item::Related { .. }
            | Item::Each { .. }
            | Item::Example { .. },
            _,
        ) => false,
    }
}

/// What a block of an overlay would be called in the base.
fn name_of(item: &Item) -> Option<BlockName> {
    match item {
        Item::Sync(_) => Some(BlockName::Sync),
        Item::Defaults(_) => Some(BlockName::Defaults),
        Item::Fields(_) => Some(BlockName::Fields),
        Item::Require(_) => Some(BlockName::Require),
        Item::Report(_) => Some(BlockName::Report),
        Item::Values { name, .. } => Some(BlockName::Values(name.clone())),
        Item::Related { object, through, .. } => {
            Some(BlockName::Related { object: object.clone(), through: Some(through.clone()) })
        }
        Item::Each { left, right, .. } => {
            Some(BlockName::Each { left: left.clone(), right: Some(right.clone()) })
        }
        Item::Example { .. }
        | Item::Language(_)
        | Item::Mapping { .. }
        | Item::Side { .. }
        | Item::Match { .. }
        | Item::Extends(_)
        | Item::Edit { .. }
        | Item::Drop(_) => None,
    }
}

impl Weave<'_> {
    fn item(&mut self, item: Item, span: Span, trailing: Option<String>) {
        match item {
            Item::Extends(_) | Item::Drop(_) => {}
            Item::Language(_) => {
                self.head_line(item, span, trailing, |i| matches!(i, Item::Language(_)));
            }
            Item::Mapping { name, label, stability } => {
                // What is tried out stays so, unless the overlay says otherwise.
                let item = Item::Mapping { name, label, stability: stability.or(self.stability()) };
                self.head_line(item, span, trailing, |i| matches!(i, Item::Mapping { .. }));
            }
            Item::Side { .. } | Item::Match { .. } => self.head_twice(&item, span),
            Item::Edit { block, edits } => self.edits(block.as_ref(), *edits, span),
            Item::Sync(_)
            | Item::Defaults(_)
            | Item::Values { .. }
            | Item::Fields(_)
            | Item::Related { .. }
            | Item::Each { .. }
            | Item::Require(_)
            | Item::Report(_) => self.own_block(item, span, trailing),
            Item::Example { .. } => self.entries.push(Entry::Line { item, span, trailing }),
        }
    }

    /// A line of the head in the place of the base's.
    fn head_line(
        &mut self,
        item: Item,
        span: Span,
        trailing: Option<String>,
        same: impl Fn(&Item) -> bool,
    ) {
        let new = Entry::Line { item, span, trailing };
        let is_same =
            |entry: &&mut Entry<Item>| matches!(entry, Entry::Line { item, .. } if same(item));
        match self.entries.iter_mut().find(is_same) {
            Some(old) => *old = new,
            None => self.entries.insert(0, new),
        }
    }

    /// What the base says of itself.
    fn stability(&self) -> Option<Stability> {
        self.entries.iter().filter_map(line_of).find_map(|(item, _)| match item {
            Item::Mapping { stability, .. } => *stability,
            _ => None,
        })
    }

    /// A side or key of its own: the base has them.
    fn head_twice(&mut self, item: &Item, span: Span) {
        let is_match = matches!(item, Item::Match { .. });
        let same = |known: &Item| match (item, known) {
            (Item::Match { .. }, Item::Match { .. }) => true,
            (Item::Side { name, .. }, Item::Side { name: own, .. }) => own.value == name.value,
            _ => false,
        };
        let lines = self.entries.iter().filter_map(line_of);
        let place = lines
            .clone()
            .find(|(known, _)| same(known))
            .or_else(|| lines.clone().find(|(known, _)| matches!(known, Item::Side { .. })));
        let place = place.map_or(span, |(_, place)| place);
        let (what, help) = if is_match {
            ("match", "write `change match … with … into match … with …`")
        } else {
            ("side", "remove the line: the sides are those of the base")
        };
        self.problems.push(say::block_there_already(span, place, what, help.to_owned()));
    }

    /// A whole block: only one that the base does not have.
    fn own_block(&mut self, item: Item, span: Span, trailing: Option<String>) {
        let Some(name) = name_of(&item) else { return };
        let known =
            self.entries.iter().filter_map(line_of).find(|(known, _)| is_named(known, &name));
        if let Some((_, place)) = known {
            let what = block_name(&name);
            let help = format!(
                "write `add to {what} … end` for more lines, or `remove {what}` to begin anew"
            );
            let (at, place) = (self.first_line(span), self.first_line(place));
            self.problems.push(say::block_there_already(at, place, &what, help));
            return;
        }
        self.entries.push(Entry::Line { item, span, trailing });
    }

    fn drop_block(&mut self, name: &At<BlockName>) {
        if let Some(index) = self.find_block(name) {
            self.entries.remove(index);
        }
    }

    /// The block of the base that is named; says when it is not there, or not clear.
    fn find_block(&mut self, name: &At<BlockName>) -> Option<usize> {
        let named =
            |entry: &Entry<Item>| line_of(entry).is_some_and(|(i, _)| is_named(i, &name.value));
        let found: Vec<usize> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| named(entry))
            .map(|(at, _)| at)
            .collect();
        match found.as_slice() {
            [one] => Some(*one),
            [] => {
                self.lost_block(name);
                None
            }
            several => {
                let places: Vec<Span> = several
                    .iter()
                    .filter_map(|at| self.entries.get(*at).and_then(line_of))
                    .map(|(_, place)| self.first_line(place))
                    .collect();
                let what = format!("`{}`", block_name(&name.value));
                let help = "name both sides of the block: `related OBJECT through FIELD`, `each LIST with LIST`";
                self.problems.push(say::unclear(name.span, &what, &places, help));
                None
            }
        }
    }

    fn lost_block(&mut self, name: &At<BlockName>) {
        let written = block_name(&name.value);
        let kin = written.split(' ').next().unwrap_or("");
        let blocks: Vec<(String, Span)> = self
            .entries
            .iter()
            .filter_map(line_of)
            .filter_map(|(item, place)| Some((block_name(&name_of(item)?), place)))
            .filter(|(known, _)| known.starts_with(kin))
            .collect();
        let near = nearest(&written, blocks.iter().map(|(known, _)| known.as_str()));
        let place = blocks.iter().find(|(known, _)| Some(known.as_str()) == near);
        let first = self.entries.iter().filter_map(line_of).map(|(_, place)| place).next();
        let near = match place {
            Some((known, at)) => Some(Near { at: self.first_line(*at), line: Some(known.clone()) }),
            None => first.map(|at| Near { at: self.first_line(at), line: None }),
        };
        let base = self.base_file();
        self.problems.push(say::lost(name.span, &format!("`{written}`"), &base, near));
    }

    /// The base's file, as far as its lines tell.
    fn base_file(&self) -> String {
        let first = self.entries.iter().filter_map(line_of).map(|(_, place)| place).next();
        first.map_or_else(String::new, |at| self.sources.file_at(at.start).0.to_owned())
    }

    /// The first line of something, to point at.
    pub(super) fn first_line(&self, span: Span) -> Span {
        let text = self.sources.text().get(span.start..span.end).unwrap_or("");
        let end = text.find('\n').map_or(span.end, |at| span.start + text[..at].trim_end().len());
        Span::new(span.start, end)
    }

    fn edits(&mut self, block: Option<&At<BlockName>>, edits: Edits, span: Span) {
        let fields = At::new(BlockName::Fields, span);
        let name = block.unwrap_or(&fields);
        match edits {
            Edits::Key(edit) => self.change_key(edit),
            Edits::Sync(edit) => self.edit(name, edit),
            Edits::Defaults(edit) => self.edit(name, edit),
            Edits::Values(edit) => self.edit(name, edit),
            Edits::Fields(edit) => self.edit(name, edit),
            Edits::Inner(edit) => self.edit(name, edit),
            Edits::Require(edit) => self.edit(name, edit),
            Edits::Report(edit) => self.edit(name, edit),
        }
    }

    /// `change match A with B into match C with D`.
    fn change_key(&mut self, edit: Edit<Key>) {
        let Edit::Change { old, new } = edit else { return };
        let mut found = None;
        for entry in &mut self.entries {
            let Entry::Line { item, span, .. } = entry else { continue };
            let Some(known) = key(item) else { continue };
            if known.left.value == old.value.left.value
                && known.right.value == old.value.right.value
            {
                *item = Item::Match { left: new.value.left, right: new.value.right };
                *span = new.span;
                return;
            }
            found = Some(*span);
        }
        let near = found.map(|at| {
            let line = self.sources.text().get(at.start..at.end).map(str::to_owned);
            Near { at, line }
        });
        let base = self.base_file();
        self.problems.push(say::lost(old.span, "such `match` line", &base, near));
    }

    /// One edit of the lines of a block.
    fn edit<T: Line>(&mut self, name: &At<BlockName>, edit: Edit<T>) {
        let Some(index) = self.find_block(name) else { return };
        let Some(Entry::Line { item, span, .. }) = self.entries.get_mut(index) else { return };
        // The block is worked on beside the others, and put back.
        let nothing = Block { entries: Vec::new(), end_trailing: None, closed: true };
        let (mut item, span) = (std::mem::replace(item, Item::Report(nothing)), *span);
        if let Some(block) = T::block(&mut item) {
            let known = self.known.remove(&span.start).unwrap_or_else(|| Known::of(block));
            let head = self.first_line(span);
            let mut lines = Lines { block, known, head, weave: self };
            match edit {
                Edit::Add { line, before } => lines.add(line, before.as_ref(), None),
                Edit::AddLines { lines: added, before } => {
                    for entry in added.entries {
                        if let Entry::Line { item, span, trailing } = entry {
                            lines.add(At::new(item, span), before.as_ref(), trailing);
                        }
                    }
                }
                Edit::Change { old, new } => lines.change(&old, new),
                Edit::Remove(old) => lines.remove(&old),
            }
            let known = lines.known;
            self.known.insert(span.start, known);
        }
        if let Some(Entry::Line { item: place, .. }) = self.entries.get_mut(index) {
            *place = item;
        }
    }

    /// Puts the lines of the blocks that were changed in their order.
    fn settle(&mut self) {
        for entry in &mut self.entries {
            let Entry::Line { item, span, .. } = entry else { continue };
            let Some(known) = self.known.get(&span.start) else { continue };
            match item {
                Item::Sync(block) => known.settle(block),
                Item::Defaults(block) => known.settle(block),
                Item::Values { rows, .. } => known.settle(rows),
                Item::Fields(block) => known.settle(block),
                Item::Related { lines, .. } | Item::Each { lines, .. } => known.settle(lines),
                Item::Require(block) => known.settle(block),
                Item::Report(block) => known.settle(block),
                Item::Language(_)
                | Item::Mapping { .. }
                | Item::Side { .. }
                | Item::Match { .. }
                | Item::Extends(_)
                | Item::Edit { .. }
                | Item::Drop(_)
                | Item::Example { .. } => {}
            }
        }
    }
}

fn line_of(entry: &Entry<Item>) -> Option<(&Item, Span)> {
    match entry {
        Entry::Line { item, span, .. } => Some((item, *span)),
        Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
    }
}
