//! What keeps a write back: states, deals on hold, times; and who is asked to join.
//!
//! In: nothing. Out: plain data. Must not know: records, what time it is.

use super::{Condition, SlotId};
use crate::decision::Side;
use crate::tree::Delay;

/// A `hold` line of `sync`: nothing is written to the left record while it holds.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    /// The side whose record `during` looks at.
    pub(crate) side: Side,
    pub(crate) during: Condition,
    /// Only for left records that fulfil this.
    pub(crate) when: Option<Condition>,
    /// Until when somebody has to answer: the first that the left record has.
    pub(crate) answer: Vec<Moment>,
    pub(crate) map_line: usize,
}

/// A field of the left record with a time, and how much later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) slot: SlotId,
    pub(crate) plus: Option<Delay>,
}

/// `not before MOMENT while CONDITION` of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NotBefore {
    pub(crate) moment: Moment,
    /// Only for right records that fulfil this.
    pub(crate) during: Option<Condition>,
}

/// How Microsoft is asked to join a left record of one's own.
#[derive(Debug, Clone)]
pub(crate) struct InvitePlan {
    /// The field that asks.
    pub(crate) asks: SlotId,
    /// Its values that ask for nothing.
    pub(crate) nothing: Vec<String>,
    /// What a left record has once Microsoft has joined.
    pub(crate) joined: SlotId,
    /// Only of left records with these values.
    pub(crate) during: Vec<(SlotId, String)>,
}

/// The left record's states, as far as writes depend on them.
#[derive(Debug, Clone)]
pub(crate) struct StatesPlan {
    pub(crate) slots: Vec<SlotId>,
    /// Those that a new record may be given.
    pub(crate) initial: Vec<Vec<String>>,
    pub(crate) terminal: Vec<Vec<String>>,
    pub(crate) moves: Vec<(Vec<String>, Vec<String>)>,
}
