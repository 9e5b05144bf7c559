//! What is kept on disk: deal keys and their dirty marks, links, intents, cursors and the audit.
//!
//! In: hints, claims and commits. Out: answers that are on disk before they are given. Must not
//! know: mappings, wires, HTTP, nor which database library is used (only `store/sqlite.rs` does).

mod backlog;
mod books;
mod claim;
mod deadlines;
mod differences;
mod engine;
mod error;
mod hint;
mod keys;
mod layout;
mod links;
mod solutions;
mod sqlite;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unguarded;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use connect::{RecordId, ReferralId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use backlog::{Backfill, BackfillState, BackfillWord, Backlog, PLACES};
pub use claim::{
    Cause, Claim, Commit, Ending, IntentId, IntentKind, Next, OpenIntent, Parked, Taken, record_of,
    referral_of,
};
pub use deadlines::{Deadline, DeadlineKey, DeadlineKind};
pub use differences::{Difference, DifferentKey, DifferentLine};
pub use engine::{Role, SqliteStore};
pub use error::StoreError;
pub use hint::{Hint, HintEvent};
pub use solutions::{Imported, Solution};

/// What a deal waits for that may be the very referral another one is making: it goes on as soon as that is
/// known.
pub(crate) const AFTER_CREATES: &str = "another deal is just creating a referral; this may be it";

/// A deal, numbered in the order of first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub i64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deal-{}", self.0)
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::str::FromStr for KeyId {
    type Err = StoreError;

    /// Reads `deal-42` or `42`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let digits = text.strip_prefix("deal-").unwrap_or(text);
        let wrong = || StoreError::Broken("expected a deal such as deal-42".to_owned());
        digits.parse().map(KeyId).map_err(|_| wrong())
    }
}

/// A name under which a deal is known to one of the two systems.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alias {
    /// Our own referral: at most one a key.
    Referral(ReferralId),
    /// The record in the CRM: at most one a key.
    Record {
        /// Its object, such as `Opportunity`.
        object: String,
        /// Its id.
        id: RecordId,
    },
    /// The engagement that our referral is a half of.
    Engagement(String),
    /// Another party's half of the engagement.
    Half(ReferralId),
    /// A record in the CRM that the deal's record was before: a lead that was converted.
    Former {
        /// Its object, such as `Lead`.
        object: String,
        /// Its id.
        id: RecordId,
    },
}

/// Where hints come from, for the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A webhook call.
    Webhook,
    /// The poll of the CRM.
    Poll,
    /// A change event of the CRM.
    Event,
    /// The sweep over either system.
    Sweep,
    /// A person, or the service itself.
    Operator,
    /// The census of all linked deals.
    Census,
    /// A map that does something else than before.
    Map,
    /// A time that was waited for.
    Clock,
    /// The queue of deals from before the service.
    Backfill,
}

impl Source {
    /// The word in the counters.
    pub fn word(self) -> &'static str {
        match self {
            Source::Webhook => "webhook",
            Source::Poll => "poll",
            Source::Event => "event",
            Source::Sweep => "sweep",
            Source::Operator => "operator",
            Source::Census => "census",
            Source::Map => "map",
            Source::Clock => "clock",
            Source::Backfill => "backfill",
        }
    }
}

/// Why a deal was looked at: one hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// Where it came from: a word of [`Source`].
    pub source: String,
    /// The event's name, for webhook calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// When it was kept.
    pub at: Timestamp,
}

/// A deal as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealView {
    /// Its key.
    pub key: KeyId,
    /// First sight.
    pub created: Timestamp,
    /// The names it is known by.
    pub aliases: Vec<Alias>,
    /// The pairs last read back, as JSON text.
    pub base: Option<String>,
    /// Whether it has work to do.
    pub is_dirty: bool,
    /// What it waits for, when it is put off.
    pub waiting: Option<String>,
    /// Why it is parked, when it is.
    pub parked: Option<Parked>,
    /// The lines in which its records differ, and nothing is done about it.
    pub differences: Vec<Difference>,
    /// The newest hints, newest first.
    pub hints: Vec<Because>,
}

/// What became of accepted hints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// The deals that are dirty now, in the order of the hints.
    pub keys: Vec<KeyId>,
    /// True when the same event had been accepted before.
    pub replayed: bool,
}

/// What became of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// The name belongs to the claimed deal now (or did before).
    Here,
    /// The claimed deal was the younger half of another one, and is part of it now.
    Merged(KeyId),
    /// Somebody works on the deal that has the name, or a write of it has no known outcome: try again later.
    Busy(KeyId),
    /// The name belongs to another deal that already has its own record of the kind we have.
    Taken(KeyId),
}

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// The deal concerned.
    pub key: KeyId,
    /// When.
    pub at: Timestamp,
    /// What, before, after and why, as JSON text.
    pub entry: String,
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many lines were checked.
    pub lines: u64,
    /// The hash of the last of them, over all before it.
    pub last: String,
    /// The first line that does not follow from the one before.
    pub broken_at: Option<i64>,
}

/// A parked deal as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedKey {
    /// The deal.
    pub key: KeyId,
    /// Our referral.
    pub referral: Option<String>,
    /// The CRM record.
    pub record: Option<String>,
    /// Since when for these causes.
    pub since: Timestamp,
    /// Why; never empty.
    pub causes: Vec<Cause>,
}

/// A deal that is put off, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingKey {
    /// The deal.
    pub key: KeyId,
    /// How often it was tried in vain, in a row.
    pub attempts: u32,
    /// What it waits for.
    pub why: String,
    /// Since when it is dirty.
    pub since: Timestamp,
    /// When it is tried again.
    pub due: Timestamp,
}

/// Counts and lists for the console and `/status`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Status {
    /// All deals ever seen.
    pub keys: u64,
    /// Those that have both records.
    pub linked: u64,
    /// Those with work to do.
    pub dirty: u64,
    /// Writes whose outcome is not known.
    pub open_intents: u64,
    /// Since when the longest waiting one waits.
    pub oldest_dirty: Option<Timestamp>,
    /// How many are parked.
    pub parked_count: u64,
    /// The parked ones, oldest first, at most 200.
    pub parked: Vec<ParkedKey>,
    /// Those that are put off, longest waiting first, at most 50.
    pub waiting: Vec<WaitingKey>,
    /// How many wait for somebody's answer.
    pub unanswered: u64,
    /// How many wait for a time to be written.
    pub too_early: u64,
    /// The times that matter, soonest first, at most 200.
    pub deadlines: Vec<DeadlineKey>,
    /// How many differ in a line that is held, or that nobody changed.
    pub differing: u64,
    /// How deals from before the service are taken in.
    pub backfill: Backfill,
    /// Named counters.
    pub counters: BTreeMap<String, u64>,
    /// Named cursors.
    pub cursors: BTreeMap<String, String>,
}

/// What a person lets go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// One deal, parked or not.
    Key(KeyId),
    /// Every parked deal with a cause of this code.
    Code(String),
    /// Every parked deal.
    All,
    /// Every deal that has both records: a census.
    Linked,
}

/// The store: every answer is durable when it is given.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Marks the deals of these names dirty, minting a key for an unknown name.
    fn accept<H: Into<Hint> + Send>(
        &self,
        hints: Vec<H>,
        event: Option<HintEvent>,
        source: Source,
        now: Timestamp,
    ) -> impl Future<Output = Result<Accepted, StoreError>> + Send;

    /// One dirty deal that is due, for `lease` long.
    fn take(
        &self,
        now: Timestamp,
        lease: Duration,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;

    /// Keeps a claim for longer. Fenced when somebody else has it.
    fn renew(
        &self,
        claim: &mut Claim,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Announces a write. Fenced when somebody else has the deal.
    fn intend(
        &self,
        claim: &mut Claim,
        kind: IntentKind,
        body: String,
        now: Timestamp,
    ) -> impl Future<Output = Result<IntentId, StoreError>> + Send;

    /// Changes what an open intent remembers.
    fn remember(
        &self,
        claim: &mut Claim,
        intent: IntentId,
        body: String,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Compare-and-set on version and epoch; all or nothing.
    fn commit(
        &self,
        claim: &mut Claim,
        commit: Commit,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives the deal a name, merging the key that has it when that one is only a half.
    fn link(
        &self,
        claim: &mut Claim,
        alias: Alias,
        now: Timestamp,
    ) -> impl Future<Output = Result<Linked, StoreError>> + Send;

    /// Puts another record in the place of the claimed deal's: the old one became it, and stays a name
    /// of the deal. A deal of its own that has the new one, and nothing else, becomes part of this one.
    /// The base is forgotten; `memo` and `entry`, a line for the audit, are kept in the same step.
    fn follow(
        &self,
        claim: &mut Claim,
        to: Alias,
        memo: String,
        entry: String,
        now: Timestamp,
    ) -> impl Future<Output = Result<Linked, StoreError>> + Send;

    /// Makes the claimed referral another party's half of the deal that has this engagement. None
    /// when no deal has it: it waits then until one is linked to the engagement.
    fn join(
        &self,
        claim: &mut Claim,
        engagement: String,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Linked>, StoreError>> + Send;

    /// The deal that has this name, and all its names.
    fn owner(
        &self,
        alias: Alias,
    ) -> impl Future<Output = Result<Option<(KeyId, Vec<Alias>)>, StoreError>> + Send;

    /// How many other deals are just creating a referral; parked ones are not counted.
    fn open_creates(&self, except: KeyId) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Claims the right to create a shared record; false while another deal has it.
    fn reserve(
        &self,
        claim: &Claim,
        name: String,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The partner's solutions, by id.
    fn solutions(&self) -> impl Future<Output = Result<Vec<Solution>, StoreError>> + Send;

    /// Keeps solutions that a referral names.
    fn see_solutions(
        &self,
        solutions: Vec<Solution>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes a list of solutions into the catalogue, in the place of the one before.
    fn import_solutions(
        &self,
        solutions: Vec<Solution>,
    ) -> impl Future<Output = Result<Imported, StoreError>> + Send;

    /// A named place to go on from.
    fn cursor(&self, name: &str)
    -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Moves a cursor; false when it is not where `expected` says.
    fn advance(
        &self,
        name: &str,
        expected: Option<String>,
        new: String,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Lets deals go on; how many.
    fn release(
        &self,
        what: Release,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The newest lines of the audit, of one deal or of all, newest first.
    fn audit(
        &self,
        key: Option<KeyId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditLine>, StoreError>> + Send;

    /// Deals that have both records, by number, after one of them; at most so many.
    fn linked(
        &self,
        after: KeyId,
        most: u32,
    ) -> impl Future<Output = Result<Vec<KeyId>, StoreError>> + Send;

    /// All parked deals, oldest first.
    fn parked(&self) -> impl Future<Output = Result<Vec<ParkedKey>, StoreError>> + Send;

    /// The lines in which deals differ and nothing is done about it, those of most deals first.
    fn differences(&self) -> impl Future<Output = Result<Vec<DifferentLine>, StoreError>> + Send;

    /// A deal by its key (`deal-42`) or by any id it is known by; 15 characters of a record's id do.
    fn deal(
        &self,
        name: String,
    ) -> impl Future<Output = Result<Option<DealView>, StoreError>> + Send;

    /// Checks the audit's chain.
    fn verify(&self) -> impl Future<Output = Result<Verified, StoreError>> + Send;

    /// Counts and lists.
    fn status(&self) -> impl Future<Output = Result<Status, StoreError>> + Send;

    /// Forgets hashes of events and closed intents from before a time; how many.
    fn prune(&self, before: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
