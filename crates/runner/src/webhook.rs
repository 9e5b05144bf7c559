//! The one webhook registration that a partner account has: what is to be done about it.
//!
//! In: the registration as it is, the address and events wanted, the address that was replaced. Out: what
//! was done, or whose it is. Must not know: what is received there, when it is looked at.

use connect::webhook::{EventName, Registration, Validation};
use connect::{Error, PartnerCenter};

use serde::{Deserialize, Serialize};

use crate::store::{Store, StoreError};

/// Where the registration that was replaced is kept, to be given back.
const PREVIOUS: &str = "webhook:previous";

/// The note that stands while another address gets our events, also when it was there before us.
pub const TAKEN: &str = "webhook_taken_over";

/// Where it is kept that the registration was made for an address of ours.
const MADE: &str = "webhook:made";

/// When somebody else's address may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Never.
    Never,
    /// Unless the registration was ours before: then somebody took it, and may have had a reason.
    Once,
    /// In any case: a person says so.
    Always,
}

/// The events that the service understands, as Partner Center calls them.
pub const KNOWN: [&str; 5] = [
    "referral-created",
    "referral-updated",
    "related-referral-created",
    "related-referral-updated",
    "test-created",
];

/// How a registration compares with what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Nothing,
    /// It is ours, with all events.
    Ours,
    /// It is ours, without these events.
    Lacks(Vec<String>),
    /// Somebody else's address is called.
    Foreign(String),
}

/// What came of an attempt to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// It was ours before, with all events.
    Already,
    /// It is ours now.
    Made,
    /// It is ours now; the address before is kept.
    TookOver(String),
    /// Somebody else's, and nothing was done.
    Left(String),
}

/// Why a registration could not be looked at or made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Partner Center did not do it.
    #[error(transparent)]
    Wire(#[from] Error),
    /// The address to be replaced could not be kept.
    #[error("the address to be replaced could not be kept: {0}")]
    Store(#[from] StoreError),
}

/// Compares a registration with the address and the events wanted.
pub fn compare(found: Option<&Registration>, url: &str, events: &[String]) -> Found {
    let Some(found) = found else { return Found::Nothing };
    if found.url != url {
        return Found::Foreign(found.url.clone());
    }
    let has = |event: &String| found.events.iter().any(|own| own.eq_ignore_ascii_case(event));
    let lacks: Vec<String> = events.iter().filter(|event| !has(event)).cloned().collect();
    if lacks.is_empty() { Found::Ours } else { Found::Lacks(lacks) }
}

/// Makes `url` the address that is called; another one only when it may be replaced, and then it is kept.
pub async fn register(
    partner_center: &PartnerCenter,
    store: &impl Store,
    url: &str,
    events: &[String],
    replace: Replace,
) -> Result<Registered, Failure> {
    let found = partner_center.registration().await?;
    let made = store.cursor(MADE).await?;
    let may_replace = match replace {
        Replace::Never => false,
        Replace::Once => made.as_deref() != Some(url),
        Replace::Always => true,
    };
    let done = match compare(found.as_ref(), url, events) {
        Found::Ours => Registered::Already,
        Found::Nothing | Found::Lacks(_) => {
            set(partner_center, url, events).await?;
            Registered::Made
        }
        Found::Foreign(other) if may_replace => {
            let before = store.cursor(PREVIOUS).await?;
            let kept = Replaced::of(other.clone(), found.map(|found| found.events));
            store.advance(PREVIOUS, before, kept.write()).await?;
            set(partner_center, url, events).await?;
            Registered::TookOver(other)
        }
        Found::Foreign(other) => return Ok(Registered::Left(other)),
    };
    if made.as_deref() != Some(url) {
        store.advance(MADE, made, url.to_owned()).await?;
    }
    Ok(done)
}

async fn set(partner_center: &PartnerCenter, url: &str, events: &[String]) -> Result<(), Error> {
    let names: Vec<EventName> = events.iter().filter_map(|name| EventName::parse(name)).collect();
    partner_center.register(url, &names, false).await.map(drop)
}

/// A registration that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its address.
    pub url: String,
    /// Its events. None: an older program kept the address alone.
    pub events: Option<Vec<String>>,
}

impl Replaced {
    fn of(url: String, events: Option<Vec<String>>) -> Replaced {
        Replaced { url, events }
    }

    fn read(kept: &str) -> Option<Replaced> {
        if kept.is_empty() {
            return None;
        }
        Some(serde_json::from_str(kept).unwrap_or_else(|_| Replaced::of(kept.to_owned(), None)))
    }

    fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| self.url.clone())
    }
}

/// The registration that was replaced last, if one was.
pub async fn previous(store: &impl Store) -> Result<Option<Replaced>, StoreError> {
    Ok(store.cursor(PREVIOUS).await?.as_deref().and_then(Replaced::read))
}

/// What came of an attempt to give the registration back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// No address was replaced.
    Nothing,
    /// It is this one's again.
    Back {
        /// Whose it is now.
        to: Replaced,
        /// Whose it was in the meantime, neither ours nor theirs: kept in its turn.
        from: Option<String>,
    },
    /// A third address is registered, and nothing was done.
    Left(String),
}

/// Gives the registration back to the address that was replaced, with the events that it had (with `events`, where
/// they were not kept). A third address, neither `ours` nor the one that was replaced, is left alone, or replaced and
/// kept with `overwrite`. A service that starts later leaves it there, as it would leave one that somebody took.
pub async fn restore(
    partner_center: &PartnerCenter,
    store: &impl Store,
    ours: Option<&str>,
    events: &[String],
    overwrite: bool,
) -> Result<Restored, Failure> {
    let kept = store.cursor(PREVIOUS).await?;
    let Some(to) = kept.as_deref().and_then(Replaced::read) else { return Ok(Restored::Nothing) };
    let made = store.cursor(MADE).await?;
    let known = [ours, made.as_deref(), Some(to.url.as_str())];
    let found = partner_center.registration().await?;
    let third = found.filter(|found| !known.contains(&Some(found.url.as_str())));
    if let Some(other) = third.as_ref().filter(|_| !overwrite) {
        return Ok(Restored::Left(other.url.clone()));
    }
    let from = third.map(|other| Replaced::of(other.url, Some(other.events)));
    let own = to.events.as_deref().filter(|own| !own.is_empty());
    set(partner_center, &to.url, own.unwrap_or(events)).await?;
    let next = from.as_ref().map_or_else(String::new, Replaced::write);
    store.advance(PREVIOUS, kept, next).await?;
    Ok(Restored::Back { to, from: from.map(|from| from.url) })
}

/// Asks for a test event, and how it fares until it is over or `looks` looks were made.
pub async fn test(
    partner_center: &PartnerCenter,
    looks: u32,
    pause: std::time::Duration,
) -> Result<Validation, Error> {
    let id = partner_center.send_validation().await?;
    let mut seen = partner_center.validation(&id).await?;
    for _ in 1..looks {
        if seen.status.eq_ignore_ascii_case("completed") {
            break;
        }
        tokio::time::sleep(pause).await;
        seen = partner_center.validation(&id).await?;
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_ours_only_with_all_events() {
        let events = KNOWN.map(str::to_owned);
        let registered = |url: &str, events: &[String]| Registration {
            url: url.to_owned(),
            events: events.to_vec(),
            subscriber: None,
        };
        let (ours, other) = ("https://a/x", "https://b/y");
        assert_eq!(compare(None, ours, &events), Found::Nothing);
        assert_eq!(compare(Some(&registered(ours, &events)), ours, &events), Found::Ours);
        let lacks = Found::Lacks(events[2..].to_vec());
        assert_eq!(compare(Some(&registered(ours, &events[..2])), ours, &events), lacks);
        assert_eq!(compare(Some(&registered(ours, &events)), ours, &events[..1]), Found::Ours);
        let foreign = Found::Foreign(other.to_owned());
        assert_eq!(compare(Some(&registered(other, &events)), ours, &events), foreign);
    }

    #[test]
    fn what_was_replaced_is_read_as_it_was_kept_also_the_address_alone() {
        let events = Some(vec!["referral-created".to_owned()]);
        let replaced = Replaced::of("https://b/y".to_owned(), events);
        assert_eq!(Replaced::read(&replaced.write()), Some(replaced));
        let older = Replaced::of("https://b/y".to_owned(), None);
        assert_eq!(Replaced::read("https://b/y"), Some(older));
        assert_eq!(Replaced::read(""), None);
    }

    #[test]
    fn every_known_event_has_a_name() {
        for name in KNOWN {
            let parsed = EventName::parse(name).unwrap();
            assert!(!matches!(parsed, EventName::Other(_)), "{name}");
        }
    }
}
