//! Tables of values: which row fits, and what it says about the other side.
//!
//! In: a line that uses tables, the values of one side, the left record for row conditions. Out:
//! an answer for each field of the other side. Must not know: bases, who wins, what may be written
//! beyond "this column cannot".

use jiff::Timestamp;

use crate::decision::Side;
use crate::fault::FaultCode;
use crate::hold;
use crate::json::Json;
use crate::plan::{Cell, Line, Otherwise, Row, SlotId, Table};
use crate::record::{SlotFault, same_plain};
use crate::scene::{Pair, Scene};
use crate::schema::Kind;
use crate::value::{Value, item_text, text_value};

/// What the map says at a place that decided: the row, and whether it asks for a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Because {
    /// The row, or the `otherwise` line, as a line of the map.
    pub(crate) row: Option<usize>,
    /// `otherwise … with warning`.
    pub(crate) warning: bool,
    /// The row is written to the left only from then on.
    pub(crate) not_before: Option<Timestamp>,
}

/// What the tables of a line say about one side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Looked {
    /// One answer a field.
    pub(crate) answers: Vec<Answer>,
    pub(crate) because: Because,
    /// No row had the value; an `otherwise` line answered.
    pub(crate) otherwise: bool,
}

/// One answered cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Is(Value),
    Untouched,
    Park,
    Keep,
}

impl Answer {
    fn is(&self, value: &Value) -> bool {
        matches!(self, Answer::Is(own) if same_plain(own, value))
    }
}

/// Whether the tables say of both sides that they agree, in one direction or the other.
pub(crate) fn agrees(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    pair: &Pair,
) -> Result<bool, SlotFault> {
    Ok(agreement(scene, line, tables, pair)?.is_some())
}

/// The row by which both sides agree; none: they do not.
pub(crate) fn agreement(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    pair: &Pair,
) -> Result<Option<Because>, SlotFault> {
    for to in [Side::Right, Side::Left] {
        let Some(looked) = lookup(scene, line, tables, to, pair)? else { continue };
        let blank = pair.of(to.other()).iter().all(Value::is_blank);
        let some = looked.answers.iter().any(|answer| matches!(answer, Answer::Is(_)));
        // What leaves the other side as it is says nothing about it.
        if !some || looked.otherwise && blank {
            continue;
        }
        if fits(&looked.answers, pair.of(to)) {
            return Ok(Some(looked.because));
        }
    }
    Ok(None)
}

/// Whether values are what the tables say.
pub(crate) fn fits(answers: &[Answer], values: &[Value]) -> bool {
    answers.len() == values.len()
        && answers.iter().zip(values).all(|(answer, value)| match answer {
            Answer::Is(wanted) => same_plain(wanted, value),
            Answer::Untouched | Answer::Keep => true,
            Answer::Park => false,
        })
}

/// Looks the values of the other side up, through all tables of the line in turn. None: they stand
/// nowhere, and no `otherwise` line says what happens to them.
pub(crate) fn lookup(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    pair: &Pair,
) -> Result<Option<Looked>, SlotFault> {
    let from = pair.of(to.other());
    match from {
        [Value::List(items)] if !from.iter().all(Value::is_blank) => {
            each_item(scene, line, tables, to, (items, pair.of(to)))
        }
        _ => {
            let looked = walk(scene, line, tables, to, (from, pair.of(to)))?;
            Ok(looked.map(|looked| listed(scene, line, to, looked)))
        }
    }
}

/// Looks values up that are one of a kind each; `old` is what the other side has.
fn walk(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    (from, old): (&[Value], &[Value]),
) -> Result<Option<Looked>, SlotFault> {
    let order: Vec<usize> = match to {
        Side::Right => tables.to_vec(),
        Side::Left => tables.iter().rev().copied().collect(),
    };
    let mut values = from.to_vec();
    let (mut because, mut otherwise) = (Because::default(), false);
    let last = order.len().saturating_sub(1);
    for (step, index) in order.into_iter().enumerate() {
        let Some(table) = scene.plan.tables.get(index) else { return Ok(None) };
        let target = (step == last).then_some((line, old));
        let cells = match first_row(scene, table, to, &values, target)? {
            Some(row) => {
                because.row = Some(row.map_line);
                if let (Some(clause), Side::Left) = (&row.not_before, to) {
                    because.not_before = hold::not_before(clause, scene.deal, scene.partner)?;
                }
                if to == Side::Right { &row.right } else { &row.left }
            }
            None if step > 0 && values.iter().all(Value::is_blank) => {
                // A blank that a table gave goes through the next one as a blank.
                let answers = vec![Answer::Is(Value::Blank); line.source(to).slots().len()];
                return Ok(Some(Looked { answers, because, otherwise }));
            }
            None => {
                let Some(other) = otherwise_to(table, to) else { return Ok(None) };
                otherwise = true;
                because.row = Some(other.map_line);
                because.warning |= other.warning;
                let on_create = other.on_create.as_ref().filter(|_| scene.creating);
                on_create.unwrap_or(&other.action)
            }
        };
        let answers: Vec<Answer> =
            cells.iter().enumerate().map(|(place, cell)| answer(cell, place, &values)).collect();
        let given: Option<Vec<Value>> = answers
            .iter()
            .map(|answer| match answer {
                Answer::Is(value) => Some(value.clone()),
                Answer::Untouched | Answer::Park | Answer::Keep => None,
            })
            .collect();
        match given {
            Some(given) if step < last => values = given,
            // What a table in the middle leaves open, those behind it cannot answer.
            Some(_) | None => return Ok(Some(Looked { answers, because, otherwise })),
        }
    }
    Ok(None)
}

/// Several values of a list are looked up one by one. What the tables say of one of them to keep
/// or to park holds for all; what they ignore stays on its own side.
fn each_item(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    (items, old): (&[Json<'static>], &[Value]),
) -> Result<Option<Looked>, SlotFault> {
    let mut given: Vec<Json<'static>> = Vec::new();
    let mut add = |value: Value| {
        if let Value::Text(text) = value {
            let item = Json::Text(text.into());
            if !given.contains(&item) {
                given.push(item);
            }
        }
    };
    let own = own_items(scene, line, tables, to, old)?;
    let (mut because, mut otherwise) = (Because::default(), false);
    for item in items.iter().filter(|item| !matches!(item, Json::Null)) {
        let value = one_item(line, item)?;
        let from = std::slice::from_ref(&value);
        let Some(looked) = walk(scene, line, tables, to, (from, old))? else { return Ok(None) };
        otherwise |= looked.otherwise;
        because.row = looked.because.row.or(because.row);
        because.warning |= looked.because.warning;
        for answer in looked.answers {
            match answer {
                Answer::Is(given) => {
                    // Of several values with this one partner those stay that are there.
                    let mut there = own.iter().filter(|(_, partner)| partner.is(&value)).peekable();
                    if there.peek().is_none() {
                        add(given);
                    }
                    there.for_each(|(own, _)| add(own.clone()));
                }
                Answer::Untouched => {}
                Answer::Keep | Answer::Park => {
                    let because = looked.because;
                    return Ok(Some(Looked { answers: vec![answer], because, otherwise }));
                }
            }
        }
    }
    own.into_iter()
        .filter(|(_, partner)| *partner == Answer::Untouched)
        .for_each(|(own, _)| add(own));
    let value = if given.is_empty() { Value::Blank } else { Value::List(given) };
    Ok(Some(Looked { answers: vec![Answer::Is(value)], because, otherwise }))
}

/// The values that the list of `to` has, each with what the tables make of it on the other side.
fn own_items(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    old: &[Value],
) -> Result<Vec<(Value, Answer)>, SlotFault> {
    let [Value::List(items)] = old else { return Ok(Vec::new()) };
    let mut own = Vec::new();
    for item in items.iter().filter(|item| !matches!(item, Json::Null)) {
        let value = one_item(line, item)?;
        let back = walk(scene, line, tables, to.other(), (std::slice::from_ref(&value), &[]))?;
        if let Some(Looked { answers, .. }) = back
            && let [answer] = answers.as_slice()
        {
            own.push((value, answer.clone()));
        }
    }
    Ok(own)
}

fn one_item(line: &Line, item: &Json<'_>) -> Result<Value, SlotFault> {
    match item_text(item) {
        Some(text) => Ok(text_value(text.trim())),
        None => Err(SlotFault {
            code: FaultCode::WrongType,
            message: format!("expected a list of single values for `{}`, found another", line.rule),
        }),
    }
}

/// One value for a field that takes several is a list of one.
fn listed(scene: &Scene<'_>, line: &Line, to: Side, mut looked: Looked) -> Looked {
    for (answer, slot) in looked.answers.iter_mut().zip(line.source(to).slots()) {
        let several = scene
            .slot(to, *slot)
            .is_some_and(|slot| matches!(slot.kind, Kind::MultiEnum | Kind::List));
        if let (true, Answer::Is(Value::Text(text))) = (several, &*answer) {
            *answer = Answer::Is(Value::List(vec![Json::Text(text.clone().into())]));
        }
    }
    looked
}

fn otherwise_to(table: &Table, to: Side) -> Option<&Otherwise> {
    let [left, right] = &table.otherwise;
    match to {
        Side::Left => left.as_ref(),
        Side::Right => right.as_ref(),
    }
}

fn answer(cell: &Cell, place: usize, source: &[Value]) -> Answer {
    match cell {
        Cell::Is(value) => Answer::Is(value.clone()),
        Cell::Any | Cell::Ignore => Answer::Untouched,
        Cell::Same => source.get(place).cloned().map_or(Answer::Untouched, Answer::Is),
        Cell::Keep => Answer::Keep,
        Cell::Park => Answer::Park,
    }
}

fn first_row<'t>(
    scene: &Scene<'_>,
    table: &'t Table,
    to: Side,
    values: &[Value],
    target: Option<(&Line, &[Value])>,
) -> Result<Option<&'t Row>, SlotFault> {
    for row in &table.rows {
        let (from, goal) = match to {
            Side::Right => (&row.left, &row.right),
            Side::Left => (&row.right, &row.left),
        };
        if row.aside
            || !to.is_target_of(row.arrow)
            || !cells_match(from, values)
            || !reachable(scene, to, goal, target)
        {
            continue;
        }
        if let Some(when) = &row.when
            && !scene.deal.fulfils(when)?
        {
            continue;
        }
        return Ok(Some(row));
    }
    Ok(None)
}

/// A column that cannot be written, beside one that can, selects the row: its cell must fit what
/// is there.
fn reachable(
    scene: &Scene<'_>,
    to: Side,
    goal: &[Cell],
    target: Option<(&Line, &[Value])>,
) -> bool {
    let Some((line, old)) = target else { return true };
    let slots = line.source(to).slots();
    let writable = |id: &SlotId| scene.slot(to, *id).is_none_or(|slot| slot.update);
    if scene.creating || !slots.iter().any(writable) {
        return true;
    }
    slots.iter().zip(goal).zip(old).all(|((slot, cell), value)| {
        writable(slot) || cells_match(std::slice::from_ref(cell), std::slice::from_ref(value))
    })
}

fn cells_match(cells: &[Cell], values: &[Value]) -> bool {
    cells.len() == values.len()
        && cells.iter().zip(values).all(|(cell, value)| match cell {
            Cell::Is(wanted) => same_plain(wanted, value),
            Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => true,
        })
}
