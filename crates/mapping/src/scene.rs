//! What a line is judged in: both records in their slots, and the values of the line's two sides.
//!
//! In: the records of a deal (or two elements of its lists). Out: [`Scene`] and [`Pair`]. Must not
//! know: conversions, tables, bases.

use crate::decision::Side;
use crate::plan::{Line, Plan, Slot, SlotId, Source};
use crate::record::{Record, SlotFault};
use crate::value::Value;

/// The two sides of a line as read.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) left: Vec<Value>,
    pub(crate) right: Vec<Value>,
    /// By side, which of the values (by their place) the record does not have at all.
    missing: [Vec<usize>; 2],
}

impl Pair {
    /// A pair of which nothing is missing.
    pub(crate) fn new(left: Vec<Value>, right: Vec<Value>) -> Pair {
        Pair { left, right, missing: [Vec::new(), Vec::new()] }
    }

    pub(crate) fn of(&self, side: Side) -> &[Value] {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    fn missing(&self, side: Side) -> &[usize] {
        let [left, right] = &self.missing;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    /// True when the record lacks some of the side's members altogether.
    pub(crate) fn lacks(&self, side: Side) -> bool {
        !self.missing(side).is_empty()
    }

    /// Missing never counts as a change: what the record does not have stays as it was known.
    pub(crate) fn remember(&mut self, side: Side, known: &[Value]) {
        for place in self.missing(side).to_vec() {
            let values = match side {
                Side::Left => &mut self.left,
                Side::Right => &mut self.right,
            };
            if let (Some(value), Some(old)) = (values.get_mut(place), known.get(place)) {
                value.clone_from(old);
            }
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
    /// The right record of the deal.
    pub(crate) partner: &'s Record<'s>,
    /// True while the side that is written does not exist yet.
    pub(crate) creating: bool,
    /// A lock on the whole left record, such as a terminal status.
    pub(crate) left_lock: Option<&'s str>,
    /// The referral was shared with Microsoft.
    pub(crate) shared: bool,
}

impl<'s> Scene<'s> {
    /// The scene of two records that both exist, with no lock.
    pub(crate) fn of(plan: &'s Plan, records: [&'s Record<'s>; 2]) -> Scene<'s> {
        let slots = Side::BOTH.map(|side| plan.side(side).slots.as_slice());
        let [deal, partner] = records;
        let (left_lock, shared) = (None, false);
        Scene { plan, slots, records, deal, partner, creating: false, left_lock, shared }
    }

    /// The scene in which a record of `to` is made: `empty`, until lines write it.
    pub(crate) fn creating(
        plan: &'s Plan,
        to: Side,
        from: &'s Record<'s>,
        empty: &'s Record<'s>,
    ) -> Scene<'s> {
        let records = match to {
            Side::Left => [empty, from],
            Side::Right => [from, empty],
        };
        Scene { creating: true, ..Scene::of(plan, records) }
    }

    pub(crate) fn slot(&self, side: Side, id: SlotId) -> Option<&'s Slot> {
        let [left, right] = self.slots;
        match side {
            Side::Left => left.get(id.0),
            Side::Right => right.get(id.0),
        }
    }

    pub(crate) fn record(&self, side: Side) -> &'s Record<'s> {
        let [left, right] = self.records;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    /// The values of a line as the records have them.
    pub(crate) fn pair(&self, line: &Line) -> Result<Pair, SlotFault> {
        let mut missing = [Vec::new(), Vec::new()];
        let mut read = |side: Side| match line.source(side) {
            Source::Slots(slots) => {
                let record = self.record(side);
                let lacks = |(_, slot): &(usize, &SlotId)| record.is_missing(**slot);
                let places = slots.iter().enumerate().filter(lacks).map(|(place, _)| place);
                let [left, right] = &mut missing;
                let list = if side == Side::Left { left } else { right };
                list.extend(places);
                record.values(slots)
            }
            Source::Constant(values) => Ok(values.clone()),
        };
        let (left, right) = (read(Side::Left)?, read(Side::Right)?);
        Ok(Pair { left, right, missing })
    }
}
