//! Where requests may go: the destinations that the settings name, and no other.
//!
//! In: destinations as scheme, host and port; the destination of each request. Out: whether it may leave, and
//! counts. Must not know: what is sent. It is asked before a name is resolved.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The most refused destinations that are remembered: others choose them.
const MOST_REFUSED: usize = 32;

/// Where requests may go, and where they went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destinations {
    /// The allowed ones; `https://*.host` stands for all hosts below.
    pub allowed: Vec<String>,
    /// How many requests went where.
    pub contacted: BTreeMap<String, u64>,
    /// How many did not leave, by where they were to go.
    pub refused: BTreeMap<String, u64>,
}

impl Destinations {
    /// Adds those of another wire.
    pub fn add(&mut self, other: Destinations) {
        self.allowed.extend(other.allowed);
        self.allowed.sort();
        self.allowed.dedup();
        for (all, more) in
            [(&mut self.contacted, other.contacted), (&mut self.refused, other.refused)]
        {
            for (destination, count) in more {
                *all.entry(destination).or_default() += count;
            }
        }
    }
}

/// The list of one wire.
#[derive(Debug, Default)]
pub(crate) struct Egress(Mutex<Destinations>);

impl Egress {
    fn lock(&self) -> MutexGuard<'_, Destinations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Allows one more destination, such as `https://host` or `https://*.host`.
    pub(crate) fn allow(&self, destination: &str) {
        let mut inner = self.lock();
        let destination = destination.trim_end_matches('/').to_ascii_lowercase();
        if !inner.allowed.contains(&destination) {
            inner.allowed.push(destination);
        }
    }

    /// Whether a request may go to `destination`; it is counted.
    pub(crate) fn admits(&self, destination: &str) -> bool {
        let mut inner = self.lock();
        let admitted = inner.allowed.iter().any(|allowed| covers(allowed, destination));
        let counts = if admitted { &mut inner.contacted } else { &mut inner.refused };
        if admitted || counts.len() < MOST_REFUSED || counts.contains_key(destination) {
            *counts.entry(destination.to_owned()).or_default() += 1;
        }
        admitted
    }

    /// All of it, for showing.
    pub(crate) fn shown(&self) -> Destinations {
        self.lock().clone()
    }
}

/// Whether an allowed destination is this one, or stands for it.
fn covers(allowed: &str, destination: &str) -> bool {
    let Some((scheme, below)) = allowed.split_once("://*.") else { return allowed == destination };
    let rest = destination.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    let label = rest.and_then(|host| host.strip_suffix(below)?.strip_suffix('.'));
    label.is_some_and(|label| !label.is_empty() && !label.contains([':', '/', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_allowed_is_admitted_and_all_is_counted() {
        let egress = Egress::default();
        egress.allow("https://api.example/");
        egress.allow("https://*.my.salesforce.com");
        for fine in [
            "https://api.example",
            "https://acme.my.salesforce.com",
            "https://acme--uat.sandbox.my.salesforce.com",
        ] {
            assert!(egress.admits(fine), "{fine}");
        }
        for wrong in [
            "http://api.example",
            "https://api.example:8443",
            "https://api.example.evil.example",
            "https://my.salesforce.com",
            "https://evilmy.salesforce.com",
            "https://acme.my.salesforce.com.evil.example",
            "https://acme.my.salesforce.com:8443",
            "http://acme.my.salesforce.com",
        ] {
            assert!(!egress.admits(wrong), "{wrong}");
        }
        assert!((0..99).all(|n| !egress.admits(&format!("https://host-{n}"))));
        let shown = egress.shown();
        assert_eq!((shown.contacted.len(), shown.refused.len()), (3, MOST_REFUSED));
        assert_eq!(shown.refused["http://api.example"], 1);
    }
}
