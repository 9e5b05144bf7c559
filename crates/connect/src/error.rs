//! Everything that can go wrong on a wire, sorted by what to do next.
//!
//! In: the classifications made by the two clients. Out: one closed type the caller can match. It
//! never holds a value of a record, a token or an address with a query: texts are shortened and
//! blanked before they get here (see `redact`).

use std::time::Duration;

/// What stopped a call, sorted by what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing is wrong with the request: send it again later.
    #[error("not now: {why}")]
    Later {
        /// How long to wait at least; `None` leaves it to the caller's own back-off.
        after: Option<Duration>,
        /// What happened, without values of records.
        why: String,
        /// The request may have been carried out (a time-out after sending, a connection that closed
        /// too early, a 5xx after a write): look before sending it again. Always false for reads.
        unknown_outcome: bool,
    },
    /// This request will never be accepted as it is: park the record and show why.
    #[error("refused ({code}): {why}")]
    Refused {
        /// The other system's own word for it, or one of ours in lower case with dashes.
        code: String,
        /// What happened, without values of records.
        why: String,
        /// The fields the other system named; may be empty.
        fields: Vec<String>,
    },
    /// No request on this wire will be accepted until somebody acts: stop the wire.
    #[error("denied: {why}; {who} must act")]
    Denied {
        /// What happened, without values of records.
        why: String,
        /// Who can put it right.
        who: String,
    },
    /// The record was changed since it was read (412): read it again and start over.
    #[error("the record was changed since it was read; read it again")]
    Changed,
    /// Nothing was sent: the wire rests, or the caller's share of the calls is used up.
    #[error("resting: {why}")]
    Resting {
        /// How long to wait at least.
        after: Duration,
        /// Which wire, and why.
        why: String,
    },
    /// The other system says that the record is not there, or is deleted.
    #[error("gone: {why}")]
    Gone {
        /// What the other system said, without values of records.
        why: String,
    },
}

/// How it is said that a sign-in lacks its second factor.
pub(crate) const NO_SECOND_FACTOR: &str = "it answers so to a sign-in without a second factor";

/// The directory's numbers for the same.
const MFA_WANTED: [&str; 3] = ["AADSTS50074", "AADSTS50076", "AADSTS50079"];

impl Error {
    /// The request may have been carried out although no good answer came back.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Later { unknown_outcome, .. } => *unknown_outcome,
            Self::Refused { .. }
            | Self::Denied { .. }
            | Self::Changed
            | Self::Resting { .. }
            | Self::Gone { .. } => false,
        }
    }

    /// Salesforce takes no more calls until those of a day ago are not counted any more.
    pub fn is_daily_limit(&self) -> bool {
        match self {
            Self::Later { why, .. } | Self::Resting { why, .. } => {
                why.contains("REQUEST_LIMIT_EXCEEDED") && !why.contains("Concurrent")
            }
            Self::Refused { .. } | Self::Denied { .. } | Self::Changed | Self::Gone { .. } => false,
        }
    }

    /// Who signed in used no second factor, as Partner Center or its directory wants: the role is another matter.
    pub fn lacks_second_factor(&self) -> bool {
        match self {
            Self::Denied { why, .. } => {
                why.contains(NO_SECOND_FACTOR) || MFA_WANTED.iter().any(|code| why.contains(code))
            }
            Self::Later { .. }
            | Self::Refused { .. }
            | Self::Changed
            | Self::Resting { .. }
            | Self::Gone { .. } => false,
        }
    }

    /// The same failure of something that only looked, seen after a write went out: whatever it
    /// was, the write itself has to be verified.
    pub(crate) fn after_write(self) -> Self {
        let after = match &self {
            Self::Later { after, .. } => *after,
            Self::Resting { after, .. } => Some(*after),
            Self::Refused { .. } | Self::Denied { .. } | Self::Changed | Self::Gone { .. } => None,
        };
        let why = format!("the write was accepted, but reading it back failed: {self}");
        Self::Later { after, why, unknown_outcome: true }
    }

    pub(crate) fn later(after: Option<Duration>, why: impl Into<String>) -> Self {
        Self::Later { after, why: why.into(), unknown_outcome: false }
    }

    pub(crate) fn refused(code: &str, why: impl Into<String>) -> Self {
        Self::Refused { code: code.to_owned(), why: why.into(), fields: Vec::new() }
    }

    pub(crate) fn denied(why: impl Into<String>, who: &str) -> Self {
        Self::Denied { why: why.into(), who: who.to_owned() }
    }

    /// A setting that cannot be used: `field` is the name of the setting.
    pub(crate) fn bad_setting(field: &str, why: impl Into<String>) -> Self {
        Self::Refused {
            code: "bad-setting".to_owned(),
            why: why.into(),
            fields: vec![field.to_owned()],
        }
    }
}
