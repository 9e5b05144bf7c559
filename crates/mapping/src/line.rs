//! One line: do its two sides agree, and what would bring one in step with the other?
//!
//! In: a line, the values of both sides, the left record for row conditions. Out: agreement, or a
//! [`Repair`] of one side. Must not know: bases, who wins, whole records.

use crate::convert::Conversion;
use crate::decision::{CREATE_ONLY, Side};
use crate::fault::FaultCode;
use crate::plan::{Fallback, Line, SlotId, Source, Via};
use crate::record::{SlotFault, code_of, same_plain};
use crate::scene::{Pair, Scene};
use crate::table::{self, Answer, Because, Looked};
use crate::target::{Admitted, admit, whole_lock};
use crate::tree::BlankPolicy;
use crate::value::{Misfit, Value};

/// What would bring one side in step with the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Repair {
    /// These slots get these values.
    Set { values: Vec<(SlotId, Value)>, because: Because },
    /// It stays as it is: a blank, or a `keep`.
    Kept { why: &'static str, because: Because },
    /// A person must look.
    Parked { why: &'static str, because: Because },
    /// A lock forbids it; the word names the lock.
    Held { lock: String, because: Because },
}

impl Repair {
    /// What decided.
    fn because(&self) -> Because {
        match self {
            Repair::Set { because, .. }
            | Repair::Kept { because, .. }
            | Repair::Parked { because, .. }
            | Repair::Held { because, .. } => *because,
        }
    }
}

/// Whether the values of one side of a line say nothing. A currency without an amount says nothing.
pub(crate) fn nothing(line: &Line, values: &[Value]) -> bool {
    match bearer(line) {
        Some(place) => values.get(place).is_none_or(Value::is_blank),
        None => values.iter().all(Value::is_blank),
    }
}

/// The operand without which the others say nothing, when there is one.
fn bearer(line: &Line) -> Option<usize> {
    match &line.via {
        Via::Convert(conversion) => conversion.bearer(),
        Via::Tables(_) => None,
    }
}

/// `agrees(l, r) = same_R(f(l), r) or same_L(b(r, l), l)`; blank agrees with blank, and with what
/// `default` makes of it.
pub(crate) fn agrees(scene: &Scene<'_>, line: &Line, pair: &Pair) -> Result<bool, SlotFault> {
    let blank = Side::BOTH.map(|side| nothing(line, pair.of(side)));
    if blank == [true, true] {
        return Ok(true);
    }
    if let Some(goal) = &line.one_way {
        return Ok(is_goal(goal, &pair.left) == is_goal(goal, &pair.right));
    }
    if let Some(from) = Side::BOTH.into_iter().find(|side| blank[side.index()])
        && (false_is_blank(pair) || is_default(scene, line, from.other(), pair))
    {
        return Ok(true);
    }
    match &line.via {
        Via::Convert(_) if blank.contains(&true) => Ok(false),
        Via::Convert(conversion) => conversion
            .agreement(&pair.left, &pair.right)
            .map_err(|misfit| misfit_fault(line, misfit)),
        Via::Tables(tables) => table::agrees(scene, line, tables, pair),
    }
}

/// A flag that was never set and one that is off are the same.
fn false_is_blank(pair: &Pair) -> bool {
    pair.left.iter().chain(&pair.right).all(|v| matches!(v, Value::Blank | Value::Bool(false)))
}

/// The other side is blank, and this one is what `default` gave it.
fn is_default(scene: &Scene<'_>, line: &Line, side: Side, pair: &Pair) -> bool {
    let Ok(Some(value)) = default_value(scene, line, side) else { return false };
    let Some(found) = pair.of(side).get(..1) else { return false };
    let wanted = std::slice::from_ref(&value);
    match (&line.via, side) {
        (Via::Convert(conversion), Side::Left) => conversion.same_left(wanted, found),
        (Via::Convert(conversion), Side::Right) => conversion.same_right(wanted, found),
        (Via::Tables(_), _) => found.iter().all(|found| same_plain(&value, found)),
    }
}

fn is_goal(goal: &Value, values: &[Value]) -> bool {
    values.first().is_some_and(|v| same_plain(goal, v))
}

pub(crate) fn misfit_fault(line: &Line, misfit: Misfit) -> SlotFault {
    let (wanted, rule) = (misfit.wanted, &line.rule);
    let message = if misfit.is_no_country() {
        format!("the country is no country that Microsoft knows: write {wanted} (`{rule}`)")
    } else {
        format!("expected {wanted} for `{rule}`, found {}", misfit.found)
    };
    SlotFault { code: code_of(misfit), message }
}

/// What brings `to` in step with the other side.
pub(crate) fn repair(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    let is_fixed = line.create_only[to.index()] && !scene.creating;
    // A constant never changes, so there is nothing that anybody would miss.
    if is_fixed && matches!(line.source(to.other()), Source::Constant(_)) {
        return Ok(Repair::Kept { why: CREATE_ONLY, because: Because::default() });
    }
    let planned = match &line.via {
        Via::Convert(_) if nothing(line, pair.of(to.other())) => {
            blank_repair(scene, line, to, pair)
        }
        Via::Convert(conversion) => convert_repair(scene, line, conversion, to, pair),
        Via::Tables(tables) => table_repair(scene, line, tables, to, pair),
    };
    // What does not fit does not matter where nothing may be written.
    let lock = is_fixed.then_some(CREATE_ONLY);
    let planned = match (planned, lock.or_else(|| whole_lock(scene, to))) {
        (Ok(planned), Some(lock)) if is_fixed => {
            let because = planned.because();
            Ok(Repair::Held { lock: lock.to_owned(), because })
        }
        (Err(_), Some(lock)) => {
            Ok(Repair::Held { lock: lock.to_owned(), because: Because::default() })
        }
        (planned, _) => planned,
    }?;
    let Repair::Set { values, because } = planned else { return Ok(planned) };
    Ok(match admit(scene, line, to, values)? {
        Admitted::Held(lock) => Repair::Held { lock, because },
        Admitted::Values(values) if values.is_empty() => {
            Repair::Kept { why: "there is nothing to write", because }
        }
        Admitted::Values(values) => Repair::Set { values, because },
    })
}

fn convert_repair(
    scene: &Scene<'_>,
    line: &Line,
    conversion: &Conversion,
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    let converted = match to {
        Side::Right => conversion.to_right(&pair.left),
        Side::Left => conversion.to_left(&pair.right, (!scene.creating).then_some(&pair.left)),
    };
    let converted = converted.map_err(|misfit| misfit_fault(line, misfit))?;
    if let Some(bearer) = conversion.bearer() {
        let says = |(place, value): (usize, &Value)| place == bearer || !value.is_blank();
        if !converted.iter().enumerate().all(says) {
            let misfit = Misfit { wanted: "an amount and its currency", found: "an amount alone" };
            return Err(misfit_fault(line, misfit));
        }
    }
    let because = Because::default();
    let partly = converted.iter().any(Value::is_blank);
    let mut values = Vec::new();
    let mut after = pair.of(to).to_vec();
    for (place, (slot, value)) in line.source(to).slots().iter().zip(converted).enumerate() {
        if !conversion.writes(to == Side::Right, place) {
            continue;
        }
        // One of several values is blank.
        match line.blank[to.index()] {
            BlankPolicy::Keep if value.is_blank() => {}
            BlankPolicy::Clear if value.is_blank() && pair.lacks(to.other()) => {}
            BlankPolicy::Park if value.is_blank() => return Ok(parked_blank()),
            BlankPolicy::Keep | BlankPolicy::Clear | BlankPolicy::Park => {
                if let Some(after) = after.get_mut(place) {
                    after.clone_from(&value);
                }
                values.push((*slot, value));
            }
        }
    }
    let same = match to {
        Side::Left => conversion.same_left(&after, &pair.left),
        Side::Right => conversion.same_right(&after, &pair.right),
    };
    if partly && same && !scene.creating {
        return Ok(Repair::Kept { why: "a blank leaves the other side as it is", because });
    }
    Ok(Repair::Set { values, because })
}

fn table_repair(
    scene: &Scene<'_>,
    line: &Line,
    tables: &[usize],
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    let blank = nothing(line, pair.of(to.other()));
    match table::lookup(scene, line, tables, to, pair)? {
        // Of a list nothing is left over that the other side knows.
        Some(looked) if is_list(pair.of(to.other())) && looked.answers == [BLANK] => {
            blank_repair(scene, line, to, pair)
        }
        Some(looked) if !(looked.otherwise && blank) => Ok(answered(line, to, looked)),
        Some(_) | None if blank => blank_repair(scene, line, to, pair),
        Some(_) | None => Err(not_in_table(scene, tables)),
    }
}

/// The fault of a value that no row has.
pub(crate) fn not_in_table(scene: &Scene<'_>, tables: &[usize]) -> SlotFault {
    let table = tables.first().and_then(|t| scene.plan.tables.get(*t));
    SlotFault {
        code: FaultCode::NotInTable,
        message: format!(
            "the value is in no row of table `{}`; add a row for it, or an `otherwise` line",
            table.map_or("", |t| &t.name)
        ),
    }
}

const BLANK: Answer = Answer::Is(Value::Blank);

fn is_list(values: &[Value]) -> bool {
    matches!(values, [Value::List(_)])
}

fn answered(line: &Line, to: Side, looked: Looked) -> Repair {
    let Looked { answers, because, .. } = looked;
    if answers.contains(&Answer::Park) {
        return Repair::Parked { why: "the table says to park this value", because };
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
        return Repair::Kept { why: "the table keeps what is there", because };
    }
    Repair::Set { values, because }
}

fn parked_blank() -> Repair {
    let why = "the value is blank and the line says to park it";
    Repair::Parked { why, because: Because::default() }
}

fn blank_repair(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    pair: &Pair,
) -> Result<Repair, SlotFault> {
    let because = Because::default();
    if (scene.creating || nothing(line, pair.of(to)))
        && let Some(value) = default_value(scene, line, to)?
        && let Some(slot) = line.source(to).slots().first()
    {
        return Ok(Repair::Set { values: vec![(*slot, value)], because });
    }
    match line.blank[to.index()] {
        BlankPolicy::Park => Ok(parked_blank()),
        BlankPolicy::Clear if !scene.creating && !pair.lacks(to.other()) => {
            let slots = line.source(to).slots().iter().copied().enumerate();
            let cleared = slots.filter(|(place, _)| bearer(line).is_none_or(|own| own == *place));
            let values = cleared.map(|(_, slot)| (slot, Value::Blank)).collect();
            Ok(Repair::Set { values, because })
        }
        BlankPolicy::Clear | BlankPolicy::Keep => {
            Ok(Repair::Kept { why: "a blank leaves the other side as it is", because })
        }
    }
}

/// What `default` gives to the first field of `to`. None: no such clause, or it is blank itself.
fn default_value(scene: &Scene<'_>, line: &Line, to: Side) -> Result<Option<Value>, SlotFault> {
    let [left, right] = &line.default;
    let value = match if to == Side::Left { left } else { right } {
        None => return Ok(None),
        Some(Fallback::Constant(value)) => value.clone(),
        Some(Fallback::Slot { slot, plus_days }) => {
            let source = scene.record(to.other()).value(*slot)?.clone();
            let value = plus_days_of(source, *plus_days);
            match &line.via {
                Via::Convert(conversion)
                    if !value.is_blank() && (!conversion.gathers() || takes_one(line, to)) =>
                {
                    let converted = match to {
                        Side::Right => conversion.to_right(std::slice::from_ref(&value)),
                        Side::Left => conversion.to_left(std::slice::from_ref(&value), None),
                    };
                    let converted = converted.map_err(|misfit| misfit_fault(line, misfit))?;
                    converted.into_iter().next().unwrap_or(Value::Blank)
                }
                Via::Convert(_) | Via::Tables(_) => value,
            }
        }
    };
    Ok(Some(value).filter(|value| !value.is_blank()))
}

/// Whether the line takes a single field from the side opposite to `to`.
fn takes_one(line: &Line, to: Side) -> bool {
    line.source(to.other()).slots().len() == 1
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
        other @ (Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Other(_)) => other,
    }
}
