//! What forbids a write, and what the target's field does not take.
//!
//! In: values for the fields of one side. Out: those that may be written, the lock that forbids
//! them, or a fault. Must not know: where the values come from, bases.

use crate::decimal::Decimal;
use crate::decision::Side;
use crate::fault::FaultCode;
use crate::json::Json;
use crate::plan::{Line, Slot, SlotId, Via};
use crate::record::{SlotFault, same_plain};
use crate::scene::Scene;
use crate::schema::Kind;
use crate::value::{self, Value};

/// What became of values on their way to a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Admitted {
    /// These may be written; those that stand there already are left out.
    Values(Vec<(SlotId, Value)>),
    /// A lock forbids them all; the word names it.
    Held(String),
}

/// Applies locks, and what the fields do not take.
pub(crate) fn admit(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    values: Vec<(SlotId, Value)>,
) -> Result<Admitted, SlotFault> {
    if let Some(lock) = whole_lock(scene, to) {
        return Ok(Admitted::Held(lock.to_owned()));
    }
    // Of several columns those that cannot be written only choose the row.
    let columns = matches!(line.via, Via::Tables(_)) && values.len() > 1;
    let mut admitted = Vec::new();
    for (id, value) in values {
        let Some(slot) = scene.slot(to, id) else { continue };
        let open = if scene.creating { slot.create } else { slot.update };
        let locked = !open || (slot.until_shared && scene.shared && !scene.creating);
        let stays = value.is_blank() && !slot.clearable;
        if scene.creating {
            if value.is_blank() || (locked && columns) {
                continue;
            }
        } else if locked || stays {
            let now = scene.record(to).value(id).ok();
            if now.is_some_and(|now| same_plain(now, &value)) {
                continue;
            }
        }
        if locked {
            return Ok(Admitted::Held(lock_name(slot)));
        }
        if stays {
            return Ok(Admitted::Held(format!("`{}` cannot be cleared", slot.path)));
        }
        check_value(slot, &value, &line.via)?;
        admitted.push((id, value));
    }
    Ok(Admitted::Values(admitted))
}

/// The lock on the whole record that would be written.
pub(crate) fn whole_lock<'s>(scene: &Scene<'s>, to: Side) -> Option<&'s str> {
    scene.left_lock.filter(|_| to == Side::Left && !scene.creating)
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

/// What the field does not take: too long, too many digits, not in its list.
fn check_value(slot: &Slot, value: &Value, via: &Via) -> Result<(), SlotFault> {
    let fault = |code, message: String| Err(SlotFault { code, message });
    let path = &slot.path;
    if let Value::Number(number) = value
        && let Some((precision, scale)) = slot.precision
        && !fits_digits(*number, precision, scale)
    {
        let before = precision.saturating_sub(scale);
        let message = format!(
            "`{path}` takes {before} digits before and {scale} behind the point, found more"
        );
        return fault(FaultCode::TooManyDigits, message);
    }
    if let Json::Text(text) = value::write(slot.kind, value)
        && let Some(limit) = slot.length
        && value::length(&text) > limit as usize
    {
        let found = value::length(&text);
        let advice = match via {
            Via::Convert(conversion) => conversion.cut_advice(limit),
            Via::Tables(_) => "write a shorter value into the table".to_owned(),
        };
        let message = format!("`{path}` takes {limit} characters, found {found}; {advice}");
        return fault(FaultCode::TooLong, message);
    }
    if slot.kind == Kind::MultiEnum && splits(value) {
        let message = format!("`{path}` joins its values by `;`, and one of them holds it");
        return fault(FaultCode::WrongType, message);
    }
    if !slot.values.is_empty() && !in_list(slot, value) {
        let message = format!("the value is not among those that `{path}` takes");
        return fault(FaultCode::UnknownValue, message);
    }
    Ok(())
}

/// Whether an item of a list would be read back as two.
fn splits(value: &Value) -> bool {
    match value {
        Value::List(items) => {
            items.iter().filter_map(value::item_text).any(|text| text.contains(';'))
        }
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::Other(_) => false,
    }
}

/// Whether the field's list has the text, or all the texts, of a value.
fn in_list(slot: &Slot, value: &Value) -> bool {
    let known = |text: &str| slot.values.iter().any(|v| v == text);
    match value {
        // Several values in one text, as `as list joined by` writes them.
        Value::Text(text) if slot.kind == Kind::MultiEnum => {
            text.split(';').map(str::trim).filter(|piece| !piece.is_empty()).all(known)
        }
        Value::Text(text) => known(text),
        Value::List(items) => items.iter().all(|item| match item {
            Json::Text(text) => known(text),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => true,
        }),
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::Other(_) => true,
    }
}

/// Whether a number fits a field of so many digits, `scale` of them behind the point.
fn fits_digits(number: Decimal, precision: u8, scale: u8) -> bool {
    let (whole, fraction) = number.digits();
    whole <= u32::from(precision.saturating_sub(scale)) && fraction <= u32::from(scale)
}
