//! What is shown of maps that were changed while the service runs.
//!
//! In: what becomes of them. Out: a part of `/status`. Must not know: who looks at them, or how. No value of a record
//! is in it.

use jiff::Timestamp;
use serde::Serialize;

use super::bundle::Hashes;
use super::preview::Figures;

/// What becomes of maps that were changed while the service runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Reloading {
    /// `auto`, `ask` or `off`.
    pub mode: &'static str,
    /// When the maps in service were taken.
    pub taken: Option<Timestamp>,
    /// The release that they are, in production.
    pub release: Option<String>,
    /// Of changed maps that cannot be used: what is wrong with the first.
    pub refused: Option<String>,
    /// Changed maps that were checked and have not taken effect yet.
    pub waiting: Option<Waiting>,
    /// What was said before the maps in service took effect.
    pub preview: Option<Figures>,
    /// Deals that are still to be looked at again, after a map was changed.
    pub to_look_at: u64,
    /// The last `cosell reload` that was answered, and its answer.
    pub answered: Option<Answered>,
}

/// Changed maps that have not taken effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Stands for every byte of their files.
    pub files: String,
    /// Since when.
    pub since: Timestamp,
    /// The maps with the hashes that they would have.
    pub maps: Vec<Hashes>,
    /// What they would write that those in service do not; none: it could not be found out yet.
    pub preview: Option<Figures>,
    /// What they wait for.
    pub why: String,
}

/// What `cosell reload` is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// Which request.
    pub asked: String,
    /// `taken`, `unchanged`, `looked`, `waiting` or `refused`.
    pub outcome: &'static str,
}
