//! A map whose sides stand the wrong way round, turned around: what stood left stands right.
//!
//! In: a tree. Out: a tree that says the same with its sides exchanged. Must not know: schemas.

use crate::tree::{Arrow, At, Block, Entry, FieldLine, Item, RelatedLine, Row, Tree};

/// The same map with left and right exchanged.
pub(super) fn turned(tree: &Tree) -> Tree {
    let mut entries = tree.entries.clone();
    let sides: Vec<usize> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(entry, Entry::Line { item: Item::Side { .. }, .. }))
        .map(|(index, _)| index)
        .collect();
    if let [first, second] = sides.as_slice() {
        entries.swap(*first, *second);
    }
    for entry in &mut entries {
        if let Entry::Line { item, .. } = entry {
            turn(item);
        }
    }
    Tree { entries }
}

fn turn(item: &mut Item) {
    match item {
        Item::Match { left, right } => std::mem::swap(left, right),
        Item::Values { rows, .. } => each_line(rows, &|row| match row {
            Row::Cells { left, arrow, right, when: _, not_before: _ } => {
                std::mem::swap(left, right);
                arrow.value = around(arrow.value);
            }
            Row::Otherwise { arrow, .. } => arrow.value = around(arrow.value),
        }),
        Item::Fields(lines) => each_line(lines, &turn_line),
        Item::Related { lines, .. } => each_line(lines, &turn_inner),
        Item::Each { left, right, lines, .. } => {
            std::mem::swap(left, right);
            each_line(lines, &turn_inner);
        }
        Item::Language(_)
        | Item::Mapping { .. }
        | Item::Side { .. }
        | Item::Sync(_)
        | Item::Defaults(_)
        | Item::Require(_)
        | Item::Report(_)
        | Item::Example { .. }
        | Item::Extends(_)
        | Item::Edit { .. }
        | Item::Drop(_) => {}
    }
}

fn each_line<T>(block: &mut Block<T>, turn: &dyn Fn(&mut T)) {
    for entry in &mut block.entries {
        match entry {
            Entry::Line { item, .. } => turn(item),
            Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => {}
        }
    }
}

fn turn_line(line: &mut FieldLine) {
    std::mem::swap(&mut line.left, &mut line.right);
    line.arrow = At::new(around(line.arrow.value), line.arrow.span);
}

fn turn_inner(line: &mut RelatedLine) {
    match line {
        RelatedLine::Match { pairs, .. } => {
            for (left, right) in pairs {
                std::mem::swap(left, right);
            }
        }
        RelatedLine::Field(line) => turn_line(line),
    }
}

fn around(arrow: Arrow) -> Arrow {
    match arrow {
        Arrow::Both => Arrow::Both,
        Arrow::ToRight => Arrow::ToLeft,
        Arrow::ToLeft => Arrow::ToRight,
    }
}
