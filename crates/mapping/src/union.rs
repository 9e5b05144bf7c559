//! Lists that both sides changed: the values of both, for the side that lacks some.
//!
//! In: a line whose sides hold several values, and the values. Out: what each side gets, or why
//! nothing can be written. Must not know: bases, which lines say `union`.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::line::agrees;
use crate::plan::{Line, SlotId, Via};
use crate::record::SlotFault;
use crate::scene::{Pair, Scene};
use crate::schema::Kind;
use crate::table::{self, Answer, Because};
use crate::target::{Admitted, admit, whole_lock};
use crate::value::Value;

/// What comes of two lists that are to become one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum United {
    /// By side, what it gets; a side that has everything is not among them.
    Set { set: Vec<(Side, Vec<(SlotId, Value)>)>, because: Because },
    /// A side that lacks something may not be written; the word names the lock.
    Held(String),
    /// A person must look.
    Parked(&'static str),
}

/// The values of both sides, for each side that lacks some of them.
pub(crate) fn unite(scene: &Scene<'_>, line: &Line, pair: &Pair) -> Result<United, SlotFault> {
    let mut after = pair.clone();
    let mut because = Because::default();
    let mut lacking = Vec::new();
    for to in Side::BOTH {
        let (Some(own), [slot]) = (pair.of(to).first(), line.source(to).slots()) else {
            return Ok(United::Parked(NOT_ONE));
        };
        let (arriving, told) = arriving(scene, line, to, pair)?;
        let whole = united(line, to, own, &arriving);
        if whole != *own {
            because.row = because.row.or(told.row);
            because.warning |= told.warning;
            lacking.push((to, *slot, whole.clone()));
        }
        match to {
            Side::Left => after.left = vec![whole],
            Side::Right => after.right = vec![whole],
        }
    }
    if !agrees(scene, line, &after)? {
        return Ok(United::Parked(NOT_ONE));
    }
    let mut set = Vec::new();
    for (to, slot, whole) in lacking {
        let lock = if line.create_only[to.index()] {
            Some(crate::decision::CREATE_ONLY)
        } else {
            whole_lock(scene, to)
        };
        if let Some(lock) = lock {
            return Ok(United::Held(lock.to_owned()));
        }
        match admit(scene, line, to, vec![(slot, whole)])? {
            Admitted::Held(lock) => return Ok(United::Held(lock)),
            Admitted::Values(values) if values.is_empty() => {}
            Admitted::Values(values) => set.push((to, values)),
        }
    }
    Ok(United::Set { set, because })
}

/// Why two lists stay two.
const NOT_ONE: &str = "both sides changed, and the values of both do not fit on both sides";

/// The other side's values as they arrive.
fn arriving(
    scene: &Scene<'_>,
    line: &Line,
    to: Side,
    pair: &Pair,
) -> Result<(Value, Because), SlotFault> {
    match &line.via {
        Via::Convert(conversion) => {
            let converted = match to {
                Side::Right => conversion.to_right(&pair.left),
                Side::Left => conversion.to_left(&pair.right, Some(&pair.left)),
            };
            let converted = converted.map_err(|misfit| crate::line::misfit_fault(line, misfit))?;
            Ok((converted.into_iter().next().unwrap_or(Value::Blank), Because::default()))
        }
        Via::Tables(_) if pair.of(to.other()).iter().all(Value::is_blank) => {
            Ok((Value::Blank, Because::default()))
        }
        Via::Tables(tables) => match table::lookup(scene, line, tables, to, pair)? {
            Some(looked) => {
                let given = looked.answers.into_iter().next();
                let given = if let Some(Answer::Is(value)) = given { value } else { Value::Blank };
                Ok((given, looked.because))
            }
            None => Err(crate::line::not_in_table(scene, tables)),
        },
    }
}

fn united(line: &Line, to: Side, own: &Value, arriving: &Value) -> Value {
    let to_right = to == Side::Right;
    match &line.via {
        Via::Convert(conversion) => conversion.united(to_right, own, arriving),
        Via::Tables(_) => {
            Conversion::plain(&[Kind::List], &[Kind::List]).united(to_right, own, arriving)
        }
    }
}
