//! The places of a map that can be changed: blocks, lines, rows, arrows.
//!
//! In: a tree, and which place is wanted. Out: the tree with that one change. Must not know: what
//! comes of it. Every walk over the same tree finds the same places in the same order.

use crate::tree::{
    Arrow, At, Block, Cell, Clause, ClauseKind, Entry, FieldLine, Item, NotBefore, Operand,
    RelatedLine, Row, Span, SyncLine, Tree,
};

use super::Picker;
use super::clauses::{all_of, clauses, condition};

/// Walks over all places; makes the change that the picker wants.
pub(super) fn change(tree: &mut Tree, picker: &mut Picker<'_>) {
    let mut index = 0;
    while let Some(entry) = tree.entries.get_mut(index) {
        let mut drop = false;
        if let Entry::Line { item, span, .. } = entry {
            if let Item::Related { .. } | Item::Each { .. } = item {
                let head = Span::new(span.start, span.start);
                drop = picker.pick(head, |_| format!("without the block `{}`", name(item)));
            }
            if !drop {
                block(item, picker);
            }
        }
        if drop {
            tree.entries.remove(index);
            return;
        }
        index += 1;
    }
}

fn name(item: &Item) -> String {
    if let Item::Related { object, .. } = item {
        return format!("related {}", object.value);
    }
    let Item::Each { left, .. } = item else { return String::new() };
    format!("each {}", crate::plan::writers::path_text(&left.value))
}

fn block(item: &mut Item, picker: &mut Picker<'_>) {
    if let Item::Sync(block) = item {
        lines(block, picker, |line: &mut SyncLine, picker| {
            for when in line.hold.iter_mut().map(|hold| &mut hold.during).chain(&mut line.when) {
                condition(when, picker);
            }
        });
    } else if let Item::Defaults(block) = item {
        let mut index = 0;
        while let Some(entry) = block.entries.get_mut(index) {
            if let Entry::Line { item, .. } = entry {
                let mut one = vec![item.clone()];
                clauses(&mut one, picker);
                let Some(changed) = one.pop() else {
                    block.entries.remove(index);
                    return;
                };
                *item = changed;
            }
            index += 1;
        }
    } else if let Item::Values { rows, .. } = item {
        table(rows, picker);
    } else if let Item::Fields(block) = item {
        lines(block, picker, field);
        swapped_lines(block, picker);
    } else if let Item::Related { lines: block, .. } = item {
        let kept = one_of_several(block);
        lines_but(block, picker, &kept, related);
    } else if let Item::Each { lines: block, clauses: own, .. } = item {
        clauses(own, picker);
        lines(block, picker, of_each);
    } else if let Item::Require(block) = item {
        lines(block, picker, |line, picker| {
            all_of(&mut line.test, picker);
            for clause in &mut line.clauses {
                if let ClauseKind::When(when) = &mut clause.kind {
                    condition(when, picker);
                }
            }
            let when = |clause: &crate::tree::Clause| matches!(clause.kind, ClauseKind::When(_));
            let place = line.clauses.iter().position(when);
            if let Some(clause) = place.and_then(|place| line.clauses.get(place))
                && picker.pick(clause.span, |text| format!("without `{text}`"))
            {
                line.clauses.retain(|clause| !when(clause));
            }
        });
    }
}

/// Takes each line of a block out, and walks over each line.
fn lines<T>(
    block: &mut Block<T>,
    picker: &mut Picker<'_>,
    within: impl FnMut(&mut T, &mut Picker<'_>),
) {
    lines_but(block, picker, &[], within);
}

/// The same, with lines that are not taken out.
fn lines_but<T>(
    block: &mut Block<T>,
    picker: &mut Picker<'_>,
    kept: &[Span],
    mut within: impl FnMut(&mut T, &mut Picker<'_>),
) {
    let mut index = 0;
    while let Some(entry) = block.entries.get_mut(index) {
        if let Entry::Line { item, span, .. } = entry {
            if !kept.contains(span) && picker.pick(*span, |text| format!("without `{text}`")) {
                block.entries.remove(index);
                return;
            }
            within(item, picker);
        }
        index += 1;
    }
}

/// The `match` lines, when there are several: which of them finds a record, no example sees.
fn one_of_several(block: &Block<RelatedLine>) -> Vec<Span> {
    let rules = block.lines().filter(|(line, _)| matches!(line, RelatedLine::Match { .. }));
    let rules: Vec<Span> = rules.map(|(_, span)| span).collect();
    if rules.len() > 1 { rules } else { Vec::new() }
}

/// How a related record is found, no example sees; and it is written only when it is made.
fn related(line: &mut RelatedLine, picker: &mut Picker<'_>) {
    match line {
        RelatedLine::Field(line) => {
            arrow(&mut line.arrow, picker);
            let once: Vec<Clause> = line.clauses.extract_if(.., |c| is_once(c)).collect();
            clauses(&mut line.clauses, picker);
            line.clauses.extend(once);
        }
        RelatedLine::Match { clauses: own, .. } => clauses(own, picker),
    }
}

fn is_once(clause: &Clause) -> bool {
    matches!(clause.kind, ClauseKind::OnCreateOnly | ClauseKind::OnCreateOrInvite)
}

fn of_each(line: &mut RelatedLine, picker: &mut Picker<'_>) {
    match line {
        RelatedLine::Field(line) => field(line, picker),
        RelatedLine::Match { clauses: own, .. } => clauses(own, picker),
    }
}

fn field(line: &mut FieldLine, picker: &mut Picker<'_>) {
    arrow(&mut line.arrow, picker);
    clauses(&mut line.clauses, picker);
}

fn arrow(arrow: &mut At<Arrow>, picker: &mut Picker<'_>) {
    if arrow.value != Arrow::Both {
        return;
    }
    for (one, text) in [(Arrow::ToRight, "->"), (Arrow::ToLeft, "<-")] {
        if picker.pick(arrow.span, |_| format!("`{text}` instead of `<->`")) {
            arrow.value = one;
        }
    }
}

/// Two neighbours whose left fields change places.
fn swapped_lines(block: &mut Block<FieldLine>, picker: &mut Picker<'_>) {
    let mut places = Vec::new();
    for (index, entry) in block.entries.iter().enumerate() {
        if let Entry::Line { item, .. } = entry {
            places.push((index, item.clone()));
        }
    }
    for pair in places.windows(2) {
        let [(first, a), (second, b)] = pair else { continue };
        let values = |operands: &[At<Operand>]| {
            operands.iter().map(|operand| operand.value.clone()).collect::<Vec<_>>()
        };
        let alike = values(&a.right) == values(&b.right);
        if alike || a.left.len() != b.left.len() || !fields(&a.left) || !fields(&b.left) {
            continue;
        }
        let at = a.left.first().map_or(a.arrow.span, |operand| operand.span);
        if !picker.pick(at, |text| format!("`{text}` and the left of the next line change places"))
        {
            continue;
        }
        for (index, left) in [(first, &b.left), (second, &a.left)] {
            if let Some(Entry::Line { item, .. }) = block.entries.get_mut(*index) {
                item.left.clone_from(left);
            }
        }
    }
}

fn fields(operands: &[At<Operand>]) -> bool {
    operands.iter().all(|operand| matches!(operand.value, Operand::Path(_)))
}

/// Rows that the plan leaves aside are not walked over.
fn table(all: &mut Block<Row>, picker: &mut Picker<'_>) {
    let mut aside = Vec::new();
    for (index, entry) in std::mem::take(&mut all.entries).into_iter().enumerate() {
        match &entry {
            Entry::Line { span, .. } if picker.is_aside(*span) => aside.push((index, entry)),
            Entry::Line { .. } | Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => {
                all.entries.push(entry);
            }
        }
    }
    rows(all, picker);
    for (index, entry) in aside {
        let index = index.min(all.entries.len());
        all.entries.insert(index, entry);
    }
}

fn rows(rows: &mut Block<Row>, picker: &mut Picker<'_>) {
    lines(rows, picker, |row, picker| match row {
        Row::Cells { arrow: at, when, left, not_before, .. } => {
            arrow(at, picker);
            later(not_before, picker);
            let Some(test) = when else { return };
            condition(test, picker);
            let start = left.first().map_or(test.span, |cell| cell.span);
            let at = Span::new(start.start, test.span.end);
            if picker.pick(at, |_| "without its `when`".to_owned()) {
                *when = None;
            }
        }
        Row::Otherwise { arrow: at, on_create, .. } => {
            arrow(at, picker);
            let Some(cells) = on_create else { return };
            let Some(first) = cells.first() else { return };
            if picker.pick(first.span, |text| format!("without `on create {text}`")) {
                *on_create = None;
            }
        }
    });
    let places: Vec<(usize, Row)> = rows
        .entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| match entry {
            Entry::Line { item, .. } => Some((index, item.clone())),
            Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
        })
        .collect();
    for pair in places.windows(2) {
        let [(first, a), (second, b)] = pair else { continue };
        swapped_rows(rows, picker, (*first, a), (*second, b));
    }
}

/// A row that is written only later.
fn later(clause: &mut Option<NotBefore>, picker: &mut Picker<'_>) {
    let Some(NotBefore { moment, during }) = clause else { return };
    if let Some(during) = during {
        condition(during, picker);
    }
    if picker.pick(moment.span, |text| format!("without `not before {text}`")) {
        *clause = None;
    }
}

/// Two neighbours change places, when a value fits both; or their right cells do.
fn swapped_rows(
    rows: &mut Block<Row>,
    picker: &mut Picker<'_>,
    (first, a): (usize, &Row),
    (second, b): (usize, &Row),
) {
    let (
        Row::Cells { left: left_a, arrow: arrow_a, right: right_a, when: when_a, .. },
        Row::Cells { left: left_b, arrow: arrow_b, right: right_b, when: when_b, .. },
    ) = (a, b)
    else {
        return;
    };
    let Some(at) = left_a.first().map(|cell| cell.span) else { return };
    let both = |from: Arrow| arrow_a.value != from && arrow_b.value != from;
    let meet = (both(Arrow::ToLeft) && overlap(left_a, left_b))
        || (both(Arrow::ToRight) && overlap(right_a, right_b));
    let mut put = |index: usize, row: &Row| {
        if let Some(Entry::Line { item, .. }) = rows.entries.get_mut(index) {
            item.clone_from(row);
        }
    };
    if meet && picker.pick(at, |_| "behind the next row".to_owned()) {
        put(first, b);
        put(second, a);
    }
    let texts = |cells: &[At<Cell>]| cells.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
    // Of two rows that differ in nothing else, it would be the order that changes.
    let alike = texts(left_a) == texts(left_b)
        && arrow_a.value == arrow_b.value
        && when_a.is_none()
        && when_b.is_none();
    if !alike
        && texts(right_a) != texts(right_b)
        && picker.pick(at, |_| "with the right cells of the next row".to_owned())
    {
        for (index, row, cells) in [(first, a, right_b), (second, b, right_a)] {
            let mut row = row.clone();
            if let Row::Cells { right, .. } = &mut row {
                right.clone_from(cells);
            }
            put(index, &row);
        }
    }
}

/// Whether some values fit both.
fn overlap(a: &[At<Cell>], b: &[At<Cell>]) -> bool {
    let is_value = |cell: &Cell| matches!(cell, Cell::Value(_));
    let fit = |(a, b): (&At<Cell>, &At<Cell>)| {
        a.value == b.value || !is_value(&a.value) || !is_value(&b.value)
    };
    a.iter().zip(b).all(fit)
}
