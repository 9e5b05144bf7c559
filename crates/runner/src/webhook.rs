//! The one webhook registration that a partner account has: what is to be done about it.
//!
//! In: the registration as it is, the address and events wanted, the address that was replaced. Out: what
//! was done, or whose it is. Must not know: what is received there, when it is looked at.

use connect::webhook::{Address, EventName, Registration, Validation};
use connect::{Error, PartnerCenter};
use serde_json::{Value, json};

use crate::store::{Store, StoreError};

/// Where the registration that was replaced is kept, to be given back.
const PREVIOUS: &str = "webhook:previous";

/// The note that stands while another address gets our events, also when it was there before us.
pub const TAKEN: &str = "webhook_taken_over";

/// The note that stands while a person's own command has the events go elsewhere.
pub const ELSEWHERE: &str = "webhook_elsewhere";

/// Where it is kept that the registration was made for an address of ours.
const MADE: &str = "webhook:made";

/// Where the address is kept that `restore` gave the registration to.
const GIVEN: &str = "webhook:given";

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
    /// Another address is called.
    Other(Whose, Address),
}

/// Whose an address is that is registered instead of the one wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Somebody else's.
    Stranger,
    /// The one that `cosell webhook restore` gave the registration to.
    GivenBack,
    /// One that this state's service, or its command, registered itself: the configuration names another one.
    Ours,
}

/// The addresses that were registered by the service and its commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnActs {
    given: Option<String>,
    made: Option<String>,
}

impl OwnActs {
    /// As the state has them.
    pub async fn of(store: &impl Store) -> Result<OwnActs, StoreError> {
        Ok(OwnActs { given: store.cursor(GIVEN).await?, made: store.cursor(MADE).await? })
    }

    fn whose(&self, address: &Address) -> Whose {
        let is = |kept: &Option<String>| {
            kept.as_deref().is_some_and(|kept| !kept.is_empty() && kept == address.whole())
        };
        match (is(&self.given), is(&self.made)) {
            (true, _) => Whose::GivenBack,
            (false, true) => Whose::Ours,
            (false, false) => Whose::Stranger,
        }
    }
}

/// What came of an attempt to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// It was ours before, with all events.
    Already,
    /// It is ours now.
    Made,
    /// It is ours now; the address before is kept.
    TookOver(Address),
    /// Another one's, and nothing was done.
    Left(Whose, Address),
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
pub fn compare(
    found: Option<&Registration>,
    url: &Address,
    events: &[String],
    own: &OwnActs,
) -> Found {
    let Some(found) = found else { return Found::Nothing };
    if found.url != *url {
        return Found::Other(own.whose(&found.url), found.url.clone());
    }
    let has = |event: &String| found.events.iter().any(|own| own.eq_ignore_ascii_case(event));
    let lacks: Vec<String> = events.iter().filter(|event| !has(event)).cloned().collect();
    if lacks.is_empty() { Found::Ours } else { Found::Lacks(lacks) }
}

/// Makes `url` the address that is called; another one only when it may be replaced, and then it is kept.
pub async fn register(
    partner_center: &PartnerCenter,
    store: &impl Store,
    url: &Address,
    events: &[String],
    replace: Replace,
) -> Result<Registered, Failure> {
    let found = partner_center.registration().await?;
    let own = OwnActs::of(store).await?;
    let may_replace = match replace {
        Replace::Never => false,
        Replace::Once => own.made.as_deref() != Some(url.whole()),
        Replace::Always => true,
    };
    let done = match compare(found.as_ref(), url, events, &own) {
        Found::Ours => Registered::Already,
        Found::Nothing | Found::Lacks(_) => {
            set(partner_center, url, events).await?;
            Registered::Made
        }
        Found::Other(_, other) if may_replace => {
            let before = store.cursor(PREVIOUS).await?;
            let kept = Replaced::of(other.clone(), found.map(|found| found.events));
            store.advance(PREVIOUS, before, kept.write()).await?;
            set(partner_center, url, events).await?;
            Registered::TookOver(other)
        }
        Found::Other(whose, other) => return Ok(Registered::Left(whose, other)),
    };
    if own.made.as_deref() != Some(url.whole()) {
        store.advance(MADE, own.made, url.whole().to_owned()).await?;
    }
    if own.given.as_deref().is_some_and(|given| !given.is_empty()) {
        store.advance(GIVEN, own.given, String::new()).await?;
    }
    Ok(done)
}

async fn set(
    partner_center: &PartnerCenter,
    url: &Address,
    events: &[String],
) -> Result<(), Error> {
    let names: Vec<EventName> = events.iter().filter_map(|name| EventName::parse(name)).collect();
    partner_center.register(url.whole(), &names, false).await.map(drop)
}

/// A registration that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Its address.
    pub url: Address,
    /// Its events. None: an older program kept the address alone.
    pub events: Option<Vec<String>>,
}

impl Replaced {
    fn of(url: Address, events: Option<Vec<String>>) -> Replaced {
        Replaced { url, events }
    }

    fn read(kept: &str) -> Option<Replaced> {
        if kept.is_empty() {
            return None;
        }
        let value: Option<Value> = serde_json::from_str(kept).ok();
        let url = value.as_ref().and_then(|value| value.get("url")?.as_str());
        let Some(url) = url else { return Some(Replaced::of(Address::new(kept), None)) };
        let events = value.as_ref().and_then(|value| value.get("events")?.as_array());
        let name = |event: &Value| event.as_str().map(str::to_owned);
        let events = events.map(|events| events.iter().filter_map(name).collect());
        Some(Replaced::of(Address::new(url), events))
    }

    fn write(&self) -> String {
        json!({ "url": self.url.whole(), "events": self.events }).to_string()
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
        from: Option<Address>,
    },
    /// A third address is registered, and nothing was done.
    Left(Address),
}

/// Gives the registration back to the address that was replaced, with the events that it had (with `events`, where
/// they were not kept). A third address, neither `ours` nor the one that was replaced, is left alone, or replaced and
/// kept with `overwrite`. A service that starts later leaves it there, as it would leave one that somebody took.
pub async fn restore(
    partner_center: &PartnerCenter,
    store: &impl Store,
    ours: Option<&Address>,
    events: &[String],
    overwrite: bool,
) -> Result<Restored, Failure> {
    let kept = store.cursor(PREVIOUS).await?;
    let Some(to) = kept.as_deref().and_then(Replaced::read) else { return Ok(Restored::Nothing) };
    let OwnActs { given, made } = OwnActs::of(store).await?;
    let known = [ours.map(Address::whole), made.as_deref(), Some(to.url.whole())];
    let found = partner_center.registration().await?;
    let third = found.filter(|found| !known.contains(&Some(found.url.whole())));
    if let Some(other) = third.as_ref().filter(|_| !overwrite) {
        return Ok(Restored::Left(other.url.clone()));
    }
    let from = third.map(|other| Replaced::of(other.url, Some(other.events)));
    let own = to.events.as_deref().filter(|own| !own.is_empty());
    // Before it is done: the service may look at any moment, and is to know whose doing it was.
    let told = Some(to.url.whole().to_owned());
    store.advance(GIVEN, given.clone(), to.url.whole().to_owned()).await?;
    if let Err(error) = set(partner_center, &to.url, own.unwrap_or(events)).await {
        store.advance(GIVEN, told, given.unwrap_or_default()).await?;
        return Err(error.into());
    }
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
        let registered = |url: &Address, events: &[String]| Registration {
            url: url.clone(),
            events: events.to_vec(),
            subscriber: None,
        };
        let own = OwnActs::default();
        let compare = |found: Option<&Registration>, events: &[String]| {
            compare(found, &Address::new("https://a/x"), events, &own)
        };
        let (ours, other) = (Address::new("https://a/x"), Address::new("https://b/y"));
        assert_eq!(compare(None, &events), Found::Nothing);
        assert_eq!(compare(Some(&registered(&ours, &events)), &events), Found::Ours);
        let lacks = Found::Lacks(events[2..].to_vec());
        assert_eq!(compare(Some(&registered(&ours, &events[..2])), &events), lacks);
        assert_eq!(compare(Some(&registered(&ours, &events)), &events[..1]), Found::Ours);
        let foreign = Found::Other(Whose::Stranger, other.clone());
        assert_eq!(compare(Some(&registered(&other, &events)), &events), foreign);
    }

    #[test]
    fn what_an_own_command_registered_is_no_strangers() {
        let kept = |address: &str| Some(address.to_owned());
        let own = OwnActs { given: kept("https://b/y?sig=1"), made: kept("https://a/new") };
        let none = OwnActs { given: kept(""), made: None };
        assert_eq!(none.whose(&Address::new("")), Whose::Stranger);
        for (registered, whose) in [
            ("https://b/y?sig=1", Whose::GivenBack),
            ("https://a/new", Whose::Ours),
            ("https://b/y?sig=2", Whose::Stranger),
        ] {
            assert_eq!(own.whose(&Address::new(registered)), whose, "{registered}");
        }
    }

    #[test]
    fn what_was_replaced_is_read_as_it_was_kept_also_the_address_alone() {
        let events = Some(vec!["referral-created".to_owned()]);
        let replaced = Replaced::of(Address::new("https://b/y?sig=S3CRET"), events);
        assert!(replaced.write().contains("sig=S3CRET"), "the state has all of it");
        assert_eq!(Replaced::read(&replaced.write()), Some(replaced));
        let older = Replaced::of(Address::new("https://b/y"), None);
        assert_eq!(Replaced::read(&older.write()), Some(older.clone()));
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
