//! What the running service knows and does not keep: stopped wires, tallies, times of last rounds.
//!
//! In: what happens. Out: what is shown, and whether a wire may be used. Must not know: deals, HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use connect::{Destinations, Session, WireState};
use jiff::Timestamp;
use mapping::schema::System;
use serde::{Deserialize, Serialize};

use crate::maps::reloading::Reloading;

/// A wire on which nothing is accepted until somebody acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// Which system.
    pub system: &'static str,
    /// What it said.
    pub why: String,
    /// Who can put it right.
    pub who: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub until: Timestamp,
}

/// The three connections, by their names.
pub const CONNECTIONS: [&str; 3] =
    ["partner center referrals", "partner center events", "salesforce"];

/// A connection to one of the systems, as it is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// One of [`CONNECTIONS`].
    pub name: String,
    /// Whom it acts for, for what, until when.
    pub session: Session,
    /// What does not work, and who must act.
    pub trouble: Option<String>,
}

/// What is shown beside the store's counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Snapshot {
    /// Why nothing is done at all, when that is so.
    pub halted: Option<String>,
    /// Stopped wires.
    pub denied: Vec<Denial>,
    /// Counts since the start, such as `refused_wrong-signature`.
    pub tallies: BTreeMap<String, u64>,
    /// When something last happened, such as `poll`.
    pub times: BTreeMap<String, Timestamp>,
    /// Sentences for the operator, by what they are about.
    pub notes: BTreeMap<String, String>,
    /// The connections, in the order of [`CONNECTIONS`].
    pub logins: Vec<Login>,
    /// What becomes of changed maps.
    pub reload: Reloading,
    /// The wires: whether they are open, and what was called.
    pub wires: Vec<WireState>,
    /// Where requests may go, and went.
    pub egress: Destinations,
}

/// Shared by all parts of the running service.
#[derive(Debug, Default)]
pub struct Standing {
    inner: Mutex<Snapshot>,
}

impl Standing {
    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops a wire until a time.
    pub fn deny(&self, system: System, why: &str, who: &str, now: Timestamp, until: Timestamp) {
        let mut inner = self.lock();
        let name = system.name();
        let before = inner.denied.iter().find(|denial| denial.system == name);
        let since = before.map_or(now, |denial| denial.since);
        inner.denied.retain(|denial| denial.system != name);
        let (why, who) = (why.to_owned(), who.to_owned());
        inner.denied.push(Denial { system: name, why, who, since, until });
    }

    /// A call on this wire was accepted.
    pub fn accepted(&self, system: System) {
        let mut inner = self.lock();
        inner.denied.retain(|denial| denial.system != system.name());
    }

    /// The time until which nothing is to be tried, when a wire is stopped.
    pub fn stopped_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().denied.iter().map(|denial| denial.until).filter(|until| *until > now).max()
    }

    /// Nothing is done any more, until a person puts it right and starts the service again.
    pub fn halt(&self, why: &str) {
        self.lock().halted = Some(why.to_owned());
    }

    /// Raises a tally by one.
    pub fn tally(&self, name: &str) {
        let mut inner = self.lock();
        // INVARIANT: names come from closed lists, so this cannot grow without bound.
        *inner.tallies.entry(name.to_owned()).or_default() += 1;
    }

    /// Remembers when something happened.
    pub fn at(&self, name: &str, now: Timestamp) {
        self.lock().times.insert(name.to_owned(), now);
    }

    /// Keeps a sentence for the operator; none removes it.
    pub fn note(&self, name: &str, note: Option<String>) {
        self.replace_note(name, note);
    }

    /// The same; what stood there before.
    pub fn replace_note(&self, name: &str, note: Option<String>) -> Option<String> {
        let mut inner = self.lock();
        match note {
            Some(note) => inner.notes.insert(name.to_owned(), note),
            None => inner.notes.remove(name),
        }
    }

    /// Remembers how the wires stand.
    pub fn wires(&self, wires: Vec<WireState>, egress: Destinations) {
        let mut inner = self.lock();
        (inner.wires, inner.egress) = (wires, egress);
    }

    /// Remembers how the connections are signed in.
    pub fn logins(&self, sessions: [Session; 3]) {
        let mut inner = self.lock();
        let troubles: Vec<Option<String>> =
            [System::PartnerCenter, System::PartnerCenter, System::Salesforce]
                .iter()
                .map(|system| {
                    let denied =
                        inner.denied.iter().find(|denial| denial.system == system.name())?;
                    Some(format!("{}; {} must act", denied.why, denied.who))
                })
                .collect();
        let named = CONNECTIONS.iter().zip(sessions).zip(troubles);
        inner.logins = named
            .map(|((name, session), trouble)| Login { name: (*name).to_owned(), session, trouble })
            .collect();
    }

    /// Changes what is shown of changed maps.
    pub fn reloading(&self, change: impl FnOnce(&mut Reloading)) {
        change(&mut self.lock().reload);
    }

    /// Everything, for showing.
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_wire_keeps_its_first_time_until_it_is_accepted() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let standing = Standing::default();
        standing.deny(System::Salesforce, "no", "the admin", at(10), at(40));
        standing.deny(System::Salesforce, "no", "the admin", at(41), at(71));
        assert_eq!(standing.stopped_until(at(50)), Some(at(71)));
        assert_eq!(standing.snapshot().denied[0].since, at(10));
        standing.accepted(System::PartnerCenter);
        assert!(standing.stopped_until(at(50)).is_some());
        standing.accepted(System::Salesforce);
        assert_eq!(standing.stopped_until(at(50)), None);
    }
}
