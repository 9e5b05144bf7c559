//! What waits: deals on hold, and what is written only from a time on.
//!
//! In: `hold` lines of `sync` and `not before` of rows, the records of a deal, the time. Out: the
//! `hold` line that keeps everything from the left, and the times that matter. Must not know: bases,
//! how a line is decided.

use jiff::{SignedDuration, Timestamp};

use crate::decision::{Deadline, DeadlineKind, Side};
use crate::plan::text::condition_words;
use crate::plan::{Condition, Hold, Moment, NotBefore, Plan, SlotId};
use crate::record::{Record, SlotFault, holds};
use crate::tree::Delay;
use crate::value::Value;

/// Both records of a deal as the writes that were decided would leave them.
pub(crate) struct Would<'w> {
    pub(crate) records: [&'w Record<'w>; 2],
    pub(crate) written: Vec<(Side, SlotId, &'w Value)>,
}

impl Would<'_> {
    /// Whether a condition holds; what cannot be read does not.
    fn fulfils(&self, side: Side, condition: &Condition) -> bool {
        let [left, right] = self.records;
        let record = if side == Side::Left { left } else { right };
        condition.tests.iter().all(|test| {
            let own = |(to, slot, _): &&(Side, SlotId, &Value)| *to == side && *slot == test.slot;
            match self.written.iter().rev().find(own) {
                Some((_, _, value)) => holds(value, &test.op),
                None => record.value(test.slot).is_ok_and(|value| holds(value, &test.op)),
            }
        })
    }
}

impl Plan {
    /// The `hold` line that keeps everything from the left record.
    pub(crate) fn holding(&self, would: &Would<'_>) -> Option<&Hold> {
        self.holds.iter().find(|hold| is_held(hold, would))
    }

    /// The `hold` line that keeps a left record from being made of a right one.
    pub(crate) fn keeps(&self, right: &Record<'_>) -> Option<&Hold> {
        let nothing = Record::empty(&self.side(Side::Left).slots);
        let would = Would { records: [&nothing, right], written: Vec::new() };
        let mut looking = self.holds.iter().filter(|hold| hold.side == Side::Right);
        looking.find(|hold| is_held(hold, &would))
    }

    /// Until when somebody has to answer.
    pub(crate) fn answers(&self, would: &Would<'_>) -> Vec<Deadline> {
        let [left, _] = would.records;
        let waits = self.holds.iter().filter(|hold| !hold.answer.is_empty());
        let open = waits.filter(|hold| is_held(hold, would));
        let deadline = |hold: &Hold| {
            let mut times = hold.answer.iter().filter_map(|moment| at(moment, left).ok().flatten());
            Some(Deadline {
                kind: DeadlineKind::Answer,
                at: times.next()?,
                rule: self.hold_text(hold),
                map_line: hold.map_line,
            })
        };
        open.filter_map(deadline).collect()
    }

    /// Why nothing is written, for `try`, `why` and the audit.
    pub(crate) fn held_words(&self, hold: &Hold) -> String {
        let during = condition_words(&hold.during, &self.side(hold.side).slots);
        format!("the deal is on hold while {during}")
    }
}

fn is_held(hold: &Hold, would: &Would<'_>) -> bool {
    would.fulfils(hold.side, &hold.during)
        && hold.when.as_ref().is_none_or(|when| would.fulfils(Side::Left, when))
}

/// From when on a row may be written to the left; none: at once.
pub(crate) fn not_before(
    clause: &NotBefore,
    left: &Record<'_>,
    right: &Record<'_>,
) -> Result<Option<Timestamp>, SlotFault> {
    if let Some(during) = &clause.during
        && !right.fulfils(during)?
    {
        return Ok(None);
    }
    at(&clause.moment, left)
}

/// The time of a moment; none: the record has none.
fn at(moment: &Moment, left: &Record<'_>) -> Result<Option<Timestamp>, SlotFault> {
    let at = match left.value(moment.slot)? {
        Value::Instant(at) => *at,
        Value::Date(date) => match date.to_zoned(jiff::tz::TimeZone::UTC) {
            Ok(zoned) => zoned.timestamp(),
            Err(_) => return Ok(None),
        },
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Other(_) => return Ok(None),
    };
    let later = match moment.plus {
        Some(Delay::Hours(hours)) => SignedDuration::from_hours(hours),
        Some(Delay::Days(days)) => SignedDuration::from_hours(days.saturating_mul(24)),
        None => SignedDuration::ZERO,
    };
    Ok(at.checked_add(later).ok())
}
