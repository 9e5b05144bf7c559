//! That a record may have changed, and how somebody came to say so.
//!
//! In: nothing. Out: plain data of `accept`. Must not know: who says it, or what becomes of it.

use jiff::Timestamp;

use super::Alias;

/// That a record may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The record.
    pub alias: Alias,
    /// When it was last changed, as whoever listed it saw: what reads as older is not yet what was meant.
    pub version: Option<Timestamp>,
}

impl From<Alias> for Hint {
    fn from(alias: Alias) -> Self {
        Self { alias, version: None }
    }
}

/// The event of a webhook call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintEvent {
    /// Such as `referral-updated`.
    pub name: String,
    /// Tells a repeated event.
    pub hash: String,
}
