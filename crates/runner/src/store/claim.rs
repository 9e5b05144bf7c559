//! A deal in the hands of one worker: what it gets, and what it gives back.
//!
//! In: nothing. Out: plain data of the store's operations. Must not know: tables, or what base,
//! memo and intents say inside.

use connect::{RecordId, ReferralId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Alias, Because, Deadline, Difference, KeyId};

/// One outgoing write that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub i64);

/// What kind of outgoing write an intent announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentKind {
    /// Changes to existing records of either side.
    Update,
    /// A new referral.
    CreateReferral,
    /// Microsoft's half of a deal.
    AskMicrosoft,
    /// A new CRM record.
    CreateRecord,
    /// Badge and audit line alone.
    Report,
}

impl IntentKind {
    /// The word on disk.
    pub fn word(self) -> &'static str {
        match self {
            IntentKind::Update => "update",
            IntentKind::CreateReferral => "create-referral",
            IntentKind::AskMicrosoft => "ask-microsoft",
            IntentKind::CreateRecord => "create-record",
            IntentKind::Report => "report",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        let creates = [Self::CreateReferral, Self::AskMicrosoft, Self::CreateRecord];
        let all = creates.into_iter().chain([Self::Update, Self::Report]);
        let mut all = all;
        all.find(|kind| kind.word() == word)
    }
}

/// An intent whose outcome is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its number.
    pub id: IntentId,
    /// What it announces.
    pub kind: IntentKind,
    /// What the worker wrote down with it, as JSON text.
    pub body: String,
    /// When it was announced.
    pub created: Timestamp,
}

/// How an intent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The write was carried out.
    Applied,
    /// It certainly was not.
    NotApplied,
    /// The other system refused it.
    Refused,
}

impl Ending {
    /// The word on disk.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Applied => "applied",
            Ending::NotApplied => "not-applied",
            Ending::Refused => "refused",
        }
    }
}

/// Why a deal cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// A stable word, such as `fault::require` or `record-gone`.
    pub code: String,
    /// One sentence, without values of records.
    pub message: String,
    /// The map's file, where a line of it is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// The line of the map, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_line: Option<usize>,
    /// What to do.
    pub help: String,
}

/// The causes of a parked deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Why; never empty.
    pub causes: Vec<Cause>,
    /// Since when for these causes.
    pub since: Timestamp,
}

/// A deal that one worker has for a while. Not `Clone`: it is given back by the last `commit`.
#[derive(Debug)]
pub struct Claim {
    /// The deal.
    pub key: KeyId,
    /// Raised by every take: commits with an older one change nothing.
    pub(super) epoch: i64,
    /// Raised by every commit.
    pub(super) version: i64,
    /// Dirty marks up to here are being worked on.
    pub(super) dirty_upto: i64,
    /// Until when nobody else gets it.
    pub(crate) lease_until: Timestamp,
    /// Whether another worker had it and never gave it back: what that one sent may still be on its way.
    pub is_taken_over: bool,
    /// How often it was put off in a row.
    pub attempts: u32,
    /// The pairs last read back, as JSON text.
    pub base: Option<String>,
    /// What the worker remembers beside the base, as JSON text.
    pub memo: Option<String>,
    /// The names the deal is known by.
    pub aliases: Vec<Alias>,
    /// Writes whose outcome is not known.
    pub intents: Vec<OpenIntent>,
    /// Why it was parked, when it was.
    pub parked: Option<Parked>,
    /// Why it is looked at: the newest hints since it was last in step, newest first.
    pub because: Vec<Because>,
    /// By side, the newest version of its record that a list told of since it was last in step.
    pub told: [Option<Timestamp>; 2],
    /// It comes from the backlog, and nothing of it changed since.
    pub is_old: bool,
}

impl Claim {
    /// Whether somebody else may get it before `at`.
    pub fn lease_ends_before(&self, at: Timestamp) -> bool {
        self.lease_until < at
    }

    /// Our own referral, when it is known.
    pub fn referral(&self) -> Option<&ReferralId> {
        referral_of(&self.aliases)
    }

    /// The CRM record with its object, when it is known.
    pub fn record(&self) -> Option<(&str, &RecordId)> {
        record_of(&self.aliases)
    }
}

/// Our own referral among the names of a deal.
pub fn referral_of(aliases: &[Alias]) -> Option<&ReferralId> {
    aliases.iter().find_map(|alias| match alias {
        Alias::Referral(id) => Some(id),
        Alias::Record { .. } | Alias::Former { .. } | Alias::Engagement(_) | Alias::Half(_) => None,
    })
}

/// The CRM record with its object among the names of a deal.
pub fn record_of(aliases: &[Alias]) -> Option<(&str, &RecordId)> {
    aliases.iter().find_map(|alias| match alias {
        Alias::Record { object, id } => Some((object.as_str(), id)),
        Alias::Referral(_) | Alias::Former { .. } | Alias::Engagement(_) | Alias::Half(_) => None,
    })
}

/// What a worker found when it asked for work.
#[derive(Debug)]
pub enum Taken {
    /// A deal.
    Claim(Box<Claim>),
    /// Nothing now; the time when the next one is due, when one is known.
    Idle(Option<Timestamp>),
}

/// What happens to a deal after a commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Next {
    /// The worker keeps it.
    #[default]
    Hold,
    /// It is in step; dirty marks set meanwhile bring it back.
    Done,
    /// It is tried again.
    Later {
        /// Not before.
        at: Timestamp,
        /// Whether this counts as a failed attempt.
        counted: bool,
        /// What it waits for, without values of records.
        why: String,
    },
    /// It waits for a person, or for a change of its records.
    Parked(Vec<Cause>),
}

/// What is kept after a piece of work, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// The new base; none leaves it.
    pub base: Option<String>,
    /// The new memo; none leaves it.
    pub memo: Option<String>,
    /// Lines for the audit, as JSON texts.
    pub audit: Vec<String>,
    /// Intents that are over.
    pub close: Vec<(IntentId, Ending)>,
    /// Counters to raise.
    pub count: Vec<(String, u64)>,
    /// The times that matter to the deal; none leaves those it has.
    pub deadlines: Option<Vec<Deadline>>,
    /// The lines in which its records differ; none leaves those it has.
    pub differences: Option<Vec<Difference>>,
    /// What happens next.
    pub next: Next,
}
