//! One line: do its two sides agree, and what would bring one in step with the other?
//!
//! In: a line, the values of both sides, the left record for row conditions. Out: agreement, or a
//! [`Repair`] of one side. Must not know: bases, who wins, whole records.

use crate::convert::Conversion;
use crate::decimal::Decimal;
use crate::decision::Side;
use crate::fault::FaultCode;
use crate::plan::{Cell, Fallback, Line, Otherwise, Plan, Row, Slot, SlotId, Source, Table, Via};
use crate::record::{Record, SlotFault, code_of, same_plain};
use crate::tree::{Arrow, BlankPolicy};
use crate::value::Value;

/// What would bring one side in step with the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Repair {
    /// These slots get these values.
    Set { values: Vec<(SlotId, Value)>, row: Option<usize> },
    /// It stays as it is: a blank, or a `keep`.
    Kept { row: Option<usize>, why: &'static str },
    /// A person must look.
    Parked { row: Option<usize>, why: &'static str },
    /// A lock forbids it; the word names the lock.
    Held(String),
}

/// The two sides of a line as read, and what the line's rows may ask about.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) left: Vec<Value>,
    pub(crate) right: Vec<Value>,
}

impl Pair {
    pub(crate) fn of(&self, side: Side) -> &[Value] {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }
}

/// Everything a line is judged with.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'s> {
    pub(crate) plan: &'s Plan,
    /// Slots of the records (or of the elements of a list), by side.
    pub(crate) slots: [&'s [Slot]; 2],
    /// The records (or elements), by side.
    pub(crate) records: [&'s Record<'s>; 2],
    /// The left record of the deal, for row conditions.
    pub(crate) deal: &'s Record<'s>,
    /// True while the side that is written does not exist yet.
    pub(crate) creating: bool,
    /// A lock on the whole left record, such as a terminal status.
    pub(crate) left_lock: Option<&'s str>,
    /// The referral was shared with Microsoft.
    pub(crate) shared: bool,
}

impl<'s> Scene<'s> {
    pub(crate) fn slot(&self, side: Side, id: SlotId) -> Option<&'s Slot> {
        let [left, right] = self.slots;
        match side {
            Side::Left => left.get(id.0),
            Side::Right => right.get(id.0),
        }
    }

    fn record(&self, side: Side) -> &'s Record<'s> {
        let [left, right] = self.records;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    /// The values of a line as the records have them.
    pub(crate) fn pair(&self, line: &Line) -> Result<Pair, SlotFault> {
        let read = |side: Side| match line.source(side) {
            Source::Slots(slots) => self.record(side).values(slots),
            Source::Constant(values) => Ok(values.clone()),
        };
        Ok(Pair { left: read(Side::Left)?, right: read(Side::Right)? })
    }
}

pub(crate) fn all_blank(values: &[Value]) -> bool {
    values.iter().all(|v| matches!(v, Value::Blank))
}

/// `agrees(l, r) = same_R(f(l), r) or same_L(b(r, l), l)`; blank agrees with blank.
pub(crate) fn agrees(scene: &Scene<'_>, line: &Line, pair: &Pair) -> Result<bool, SlotFault> {
    if all_blank(&pair.left) && all_blank(&pair.right) {
        return Ok(true);
    }
    if let Some(goal) = &line.one_way {
        return Ok(is_goal(goal, &pair.left) == is_goal(goal, &pair.right));
    }
    match &line.via {
        Via::Convert(conversion) => convert_agrees(line, conversion, pair),
        Via::Tables(tables) => {
            for to in [Side::Right, Side::Left] {
                if let Found::Row(cells, _) = lookup(scene, line, tables, to, pair)?
                    && fits_cells(&cells, pair.of(to))
                {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

fn convert_agrees(line: &Line, via: &Conversion, pair: &Pair) -> Result<bool, SlotFault> {
    if all_blank(&pair.left) || all_blank(&pair.right) {
        return Ok(false_is_blank(&pair.left, &pair.right));
    }
    let forward = via.to_right(&pair.left);
    if matches!(&forward, Ok(values) if via.same_right(values, &pair.right)) {
        return Ok(true);
    }
    if via.both_ways().is_err() {
        return forward.map(|_| false).map_err(|misfit| misfit_fault(line, &misfit));
    }
    let backward = via.to_left(&pair.right, Some(&pair.left));
    match (forward, backward) {
        (_, Ok(values)) => Ok(via.same_left(&values, &pair.left)),
        (Ok(_), Err(_)) => Ok(false),
        (Err(misfit), Err(_)) => Err(misfit_fault(line, &misfit)),
    }
}

/// A flag that was never set and one that is off are the same.
fn false_is_blank(left: &[Value], right: &[Value]) -> bool {
    left.iter().chain(right).all(|v| matches!(v, Value::Blank | Value::Bool(false)))
}

fn is_goal(goal: &Value, values: &[Value]) -> bool {
    values.first().is_some_and(|v| same_plain(goal, v))
}

fn misfit_fault(line: &Line, misfit: &crate::value::Misfit) -> SlotFault {
    SlotFault {
        code: code_of(*misfit),
        message: format!("expected {} for `{}`, found {}", misfit.wanted, line.rule, misfit.found),
    }
}

/// What a table says.
enum Found {
    /// These cells are the answer.
    Row(Vec<Answer>, Option<usize>),
    /// `otherwise`.
    Otherwise(Otherwise),
    /// Nothing fits and nothing is said about it.
    Nothing,
}

/// One answered cell.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Is(Value),
    Untouched,
    Park,
    Keep,
}

fn fits_cells(cells: &[Answer], values: &[Value]) -> bool {
    cells.len() == values.len()
        && cells.iter().zip(values).all(|(cell, value)| match cell {
            Answer::Is(wanted) => same_plain(wanted, value),
            Answer::Untouched | Answer::Keep => true,
            Answer::Park => false,
        })
}

/// Looks the values of the other side up, through all tables of the line in turn.
fn lookup(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    pair: &Pair,
) -> Result<Found, SlotFault> {
    let mut values = pair.of(to.other()).to_vec();
    let order: Vec<usize> = match to {
        Side::Right => tables.to_vec(),
        Side::Left => tables.iter().rev().copied().collect(),
    };
    let mut row_line = None;
    let last = order.len().saturating_sub(1);
    for (step, index) in order.into_iter().enumerate() {
        let Some(table) = scene.plan.tables.get(index) else { return Ok(Found::Nothing) };
        let target = (step == last).then(|| (line, pair.of(to)));
        let Some(row) = first_row(scene, table, to, &values, target)? else {
            let [left, right] = &table.otherwise;
            let otherwise = if to == Side::Left { left } else { right };
            return Ok(otherwise.clone().map_or(Found::Nothing, Found::Otherwise));
        };
        row_line = Some(row.map_line);
        let cells = if to == Side::Right { &row.right } else { &row.left };
        let answers: Vec<Answer> = cells.iter().map(|cell| answer(cell, &values)).collect();
        if step == last {
            return Ok(Found::Row(answers, row_line));
        }
        values = answers
            .into_iter()
            .map(|a| match a {
                Answer::Is(value) => value,
                Answer::Untouched | Answer::Keep | Answer::Park => Value::Blank,
            })
            .collect();
    }
    Ok(Found::Row(values.into_iter().map(Answer::Is).collect(), row_line))
}

fn answer(cell: &Cell, source: &[Value]) -> Answer {
    match cell {
        Cell::Is(value) => Answer::Is(value.clone()),
        Cell::Any | Cell::Ignore => Answer::Untouched,
        Cell::Same => source.first().cloned().map_or(Answer::Untouched, Answer::Is),
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
        let flows = match (row.arrow, to) {
            (Arrow::Both, _) | (Arrow::ToRight, Side::Right) | (Arrow::ToLeft, Side::Left) => true,
            (Arrow::ToRight, Side::Left) | (Arrow::ToLeft, Side::Right) => false,
        };
        let (from, goal) = match to {
            Side::Right => (&row.left, &row.right),
            Side::Left => (&row.right, &row.left),
        };
        if !flows || !cells_match(from, values) || !conditions_met(scene, to, goal, target) {
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

/// A column that cannot be written selects the row: its cell must fit what is there.
fn conditions_met(
    scene: &Scene<'_>,
    to: Side,
    goal: &[Cell],
    target: Option<(&Line, &[Value])>,
) -> bool {
    let Some((line, old)) = target else { return true };
    if scene.creating || line.source(to).slots().len() < 2 {
        return true;
    }
    line.source(to).slots().iter().zip(goal).zip(old).all(|((slot, cell), value)| {
        let writable = scene.slot(to, *slot).is_none_or(|s| s.update);
        writable || cells_match(std::slice::from_ref(cell), std::slice::from_ref(value))
    })
}

fn cells_match(cells: &[Cell], values: &[Value]) -> bool {
    cells.len() == values.len()
        && cells.iter().zip(values).all(|(cell, value)| match cell {
            Cell::Is(wanted) => same_plain(wanted, value),
            Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => true,
        })
}

/// What brings `to` in step with the other side.
pub(crate) fn repair(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    if line.create_only[to.index()] && !scene.creating {
        return Ok(Repair::Held("written only when the record is created".to_owned()));
    }
    let from = pair.of(to.other());
    let planned = match &line.via {
        Via::Convert(_) if all_blank(from) => blank_repair(scene, line, to, pair)?,
        Via::Convert(conversion) => {
            let values = match to {
                Side::Right => conversion.to_right(from),
                Side::Left => conversion.to_left(from, (!scene.creating).then_some(&pair.left)),
            }
            .map_err(|misfit| misfit_fault(line, &misfit))?;
            set(line, to, values, None)
        }
        Via::Tables(tables) => table_repair(scene, line, tables, to, pair)?,
    };
    match planned {
        Repair::Set { values, row } => lock(scene, to, values, row),
        Repair::Kept { .. } | Repair::Parked { .. } | Repair::Held(_) => Ok(planned),
    }
}

fn set(line: &Line, to: Side, values: Vec<Value>, row: Option<usize>) -> Repair {
    let slots = line.source(to).slots();
    Repair::Set { values: slots.iter().copied().zip(values).collect(), row }
}

fn table_repair(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    match lookup(scene, line, tables, to, pair)? {
        Found::Row(answers, row) => Ok(answered(line, to, answers, row)),
        Found::Otherwise(_) | Found::Nothing if all_blank(pair.of(to.other())) => {
            blank_repair(scene, line, to, pair)
        }
        Found::Otherwise(otherwise) => {
            let on_create = scene.creating.then_some(otherwise.on_create.as_ref()).flatten();
            let cells = on_create.unwrap_or(&otherwise.action);
            let source = pair.of(to.other());
            let answers = cells.iter().map(|cell| answer(cell, source)).collect();
            Ok(answered(line, to, answers, Some(otherwise.map_line)))
        }
        Found::Nothing => {
            let table = tables.first().and_then(|t| scene.plan.tables.get(*t));
            Err(SlotFault {
                code: FaultCode::NotInTable,
                message: format!(
                    "the value is in no row of table `{}`; add a row for it, or an `otherwise` line",
                    table.map_or("", |t| &t.name)
                ),
            })
        }
    }
}

fn answered(line: &Line, to: Side, answers: Vec<Answer>, row: Option<usize>) -> Repair {
    if answers.contains(&Answer::Park) {
        return Repair::Parked { row, why: "the table says to park this value" };
    }
    let slots = line.source(to).slots();
    let values: Vec<(SlotId, Value)> = slots
        .iter()
        .zip(answers)
        .filter_map(|(slot, answer)| match answer {
            Answer::Is(value) => Some((*slot, value)),
            Answer::Untouched | Answer::Keep | Answer::Park => None,
        })
        .collect();
    if values.is_empty() {
        return Repair::Kept { row, why: "the table keeps what is there" };
    }
    Repair::Set { values, row }
}

fn blank_repair(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    let kept = Repair::Kept { row: None, why: "a blank leaves the other side as it is" };
    let [left, right] = &line.default;
    let default = if to == Side::Left { left } else { right };
    if let Some(default) = default
        && (scene.creating || all_blank(pair.of(to)))
    {
        return default_repair(scene, line, to, default);
    }
    if scene.creating {
        return Ok(kept);
    }
    match line.blank[to.index()] {
        BlankPolicy::Keep => Ok(kept),
        BlankPolicy::Park => {
            Ok(Repair::Parked { row: None, why: "the value is blank and the line says to park it" })
        }
        BlankPolicy::Clear => {
            let slots = line.source(to).slots();
            let fixed =
                slots.iter().filter_map(|s| scene.slot(to, *s)).find(|slot| !slot.clearable);
            if let Some(slot) = fixed {
                return Ok(Repair::Held(format!("`{}` cannot be cleared", slot.path)));
            }
            Ok(set(line, to, vec![Value::Blank; slots.len()], None))
        }
    }
}

fn default_repair(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    default: &Fallback,
) -> Result<Repair, SlotFault> {
    let first = |value: Value| match line.source(to).slots().first() {
        Some(slot) => Repair::Set { values: vec![(*slot, value)], row: None },
        None => Repair::Kept { row: None, why: "there is nothing to write" },
    };
    match default {
        Fallback::Constant(value) => Ok(first(value.clone())),
        Fallback::Slot { slot, plus_days } => {
            let value = plus_days_of(scene.record(to.other()).value(*slot)?.clone(), *plus_days);
            if matches!(value, Value::Blank) {
                return Ok(Repair::Kept { row: None, why: "the default is blank too" });
            }
            let Via::Convert(conversion) = &line.via else { return Ok(first(value)) };
            let converted = match to {
                Side::Right => conversion.to_right(std::slice::from_ref(&value)),
                Side::Left => conversion.to_left(std::slice::from_ref(&value), None),
            };
            let value = converted
                .map_err(|misfit| misfit_fault(line, &misfit))?
                .into_iter()
                .next()
                .unwrap_or(Value::Blank);
            Ok(first(value))
        }
    }
}

/// Applies what forbids a write, and what the target cannot take.
fn lock(
    scene: &Scene<'_>,
    to: Side,
    values: Vec<(SlotId, Value)>,
    row: Option<usize>,
) -> Result<Repair, SlotFault> {
    if to == Side::Left
        && !scene.creating
        && let Some(lock) = scene.left_lock
    {
        return Ok(Repair::Held(lock.to_owned()));
    }
    let mut kept = Vec::new();
    for (id, value) in values {
        let Some(slot) = scene.slot(to, id) else { continue };
        let open = if scene.creating { slot.create } else { slot.update };
        if !open || (slot.until_shared && scene.shared && !scene.creating) {
            let now = scene.record(to).value(id).ok();
            if !scene.creating && now.is_some_and(|now| same_plain(now, &value)) {
                continue;
            }
            return Ok(Repair::Held(lock_name(slot)));
        }
        check_target(slot, &value)?;
        kept.push((id, value));
    }
    if kept.is_empty() {
        return Ok(Repair::Held("nothing of it can be written".to_owned()));
    }
    Ok(Repair::Set { values: kept, row })
}

fn lock_name(slot: &Slot) -> String {
    if slot.create && slot.until_shared {
        format!("`{}` cannot be changed after sharing", slot.path)
    } else if slot.create {
        format!("`{}` cannot be changed after creation", slot.path)
    } else {
        format!("`{}` is read-only", slot.path)
    }
}

/// What the target's schema does not take.
fn check_target(slot: &Slot, value: &Value) -> Result<(), SlotFault> {
    let fault = |code, message: String| Err(SlotFault { code, message });
    match value {
        Value::Text(text) => {
            let length = text.chars().count();
            if let Some(limit) = slot.length
                && length > limit as usize
            {
                return fault(
                    FaultCode::TooLong,
                    format!(
                        "`{}` takes {limit} characters, found {length}; cut it with `as text cut at {limit}`",
                        slot.path
                    ),
                );
            }
            if !slot.values.is_empty() && !slot.values.iter().any(|v| v == text) {
                return fault(
                    FaultCode::UnknownValue,
                    format!("the value is not among those that `{}` takes", slot.path),
                );
            }
            Ok(())
        }
        Value::Number(number) => match slot.precision {
            Some((precision, scale)) if !fits_digits(*number, precision, scale) => fault(
                FaultCode::TooManyDigits,
                format!(
                    "`{}` takes {} digits before and {scale} behind the point, found more",
                    slot.path,
                    precision.saturating_sub(scale)
                ),
            ),
            Some(_) | None => Ok(()),
        },
        Value::Blank
        | Value::Bool(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => Ok(()),
    }
}

/// A moment or day so many days later.
fn plus_days_of(value: Value, days: i64) -> Value {
    use jiff::{Span, ToSpan};
    let days: Span = days.clamp(-36_500, 36_500).days();
    match value {
        Value::Date(date) => date.checked_add(days).map_or(Value::Blank, Value::Date),
        Value::Instant(at) => at
            .to_zoned(jiff::tz::TimeZone::UTC)
            .checked_add(days)
            .map_or(Value::Blank, |zoned| Value::Instant(zoned.timestamp())),
        other => other,
    }
}

/// Whether a number fits a field of so many digits, `scale` of them behind the point.
fn fits_digits(number: Decimal, precision: u8, scale: u8) -> bool {
    let (whole, fraction) = number.digits();
    whole <= u32::from(precision.saturating_sub(scale)) && fraction <= u32::from(scale)
}
