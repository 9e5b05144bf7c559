//! What a webhook call says.
//!
//! In: the body of a call. Out: a hint that one referral may have changed. The addresses in the body
//! are never called; only an id is taken out of one. It judges no signature.

use jiff::Timestamp;

use crate::ids::ReferralId;
use crate::members::Members;

/// The largest body that is looked at, in bytes. Real ones have about 200.
pub const LARGEST_BODY: usize = 64 * 1024;

/// One webhook call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub name: EventName,
    /// Which referral may have changed; always there for the four referral events.
    pub referral: Option<ReferralId>,
    /// When it changed, as the call says; good for counting duplicates, not for ordering.
    pub changed: Option<Timestamp>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventName {
    /// `referral-created`: a referral of our own, by anybody.
    ReferralCreated,
    /// `referral-updated`: a referral of our own, also by our own writes.
    ReferralUpdated,
    /// `related-referral-created`: another half of the same deal.
    RelatedReferralCreated,
    /// `related-referral-updated`: another half of the same deal.
    RelatedReferralUpdated,
    /// `test-created`: asked for by [`crate::PartnerCenter::send_validation`].
    TestCreated,
    /// Any other, in lower case: letters, digits and dashes.
    Other(String),
}

/// Why a body is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// Longer than [`LARGEST_BODY`].
    #[error("expected a body of at most 64 KiB, found more")]
    TooLarge,
    /// No UTF-8 text, or no JSON object.
    #[error("expected a json object, found something else")]
    NotJson,
    /// No usable `EventName`.
    #[error("expected an EventName of letters, digits and dashes, found none")]
    NoName,
    /// A referral event whose `ResourceUri` does not end in a GUID.
    #[error("expected a ResourceUri that ends in a referral id, found none")]
    NoReferral,
}

impl BadEvent {
    /// A stable word for counters.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::NotJson => "not-json",
            Self::NoName => "no-event-name",
            Self::NoReferral => "no-referral-id",
        }
    }
}

impl EventName {
    /// Reads a name in any case. `None` when it is no name.
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = (1..=100).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let name = text.to_ascii_lowercase();
        if !shaped {
            return None;
        }
        Some(match name.as_str() {
            "referral-created" => Self::ReferralCreated,
            "referral-updated" => Self::ReferralUpdated,
            "related-referral-created" => Self::RelatedReferralCreated,
            "related-referral-updated" => Self::RelatedReferralUpdated,
            "test-created" => Self::TestCreated,
            _ => Self::Other(name),
        })
    }

    /// The name as Partner Center writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ReferralCreated => "referral-created",
            Self::ReferralUpdated => "referral-updated",
            Self::RelatedReferralCreated => "related-referral-created",
            Self::RelatedReferralUpdated => "related-referral-updated",
            Self::TestCreated => "test-created",
            Self::Other(name) => name,
        }
    }

    fn is_about_a_referral(&self) -> bool {
        match self {
            Self::ReferralCreated
            | Self::ReferralUpdated
            | Self::RelatedReferralCreated
            | Self::RelatedReferralUpdated => true,
            Self::TestCreated | Self::Other(_) => false,
        }
    }
}

impl Event {
    /// Reads the body of a call. Unknown members are ignored; names are read in any case.
    pub fn parse(body: &[u8]) -> Result<Self, BadEvent> {
        if body.len() > LARGEST_BODY {
            return Err(BadEvent::TooLarge);
        }
        let text = std::str::from_utf8(body).map_err(|_| BadEvent::NotJson)?;
        let members = Members::of(text).ok_or(BadEvent::NotJson)?;
        let name = members.text("EventName").and_then(|text| EventName::parse(&text));
        let name = name.ok_or(BadEvent::NoName)?;
        let resource = members.text("ResourceName").unwrap_or_default();
        let about_referral =
            name.is_about_a_referral() || resource.eq_ignore_ascii_case("referral");
        let uri = members.text("ResourceUri").filter(|_| about_referral);
        let referral = uri.and_then(|uri| last_segment(&uri));
        if referral.is_none() && name.is_about_a_referral() {
            return Err(BadEvent::NoReferral);
        }
        Ok(Self { name, referral, changed: members.moment("ResourceChangeUtcDate") })
    }
}

fn last_segment(uri: &str) -> Option<ReferralId> {
    let path = uri.split(['?', '#']).next()?;
    ReferralId::parse(path.trim_end_matches('/').rsplit('/').next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "c2f7b088-a98a-4d0a-b509-fdd40775fcc1";

    fn body(name: &str, uri: &str) -> String {
        format!(
            r#"{{"EventName":"{name}","ResourceUri":"{uri}","ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"2026-03-02T09:14:28.1034417+00:00"}}"#
        )
    }

    #[test]
    fn a_referral_event_gives_the_id_alone() {
        for (name, expected) in [
            ("referral-created", EventName::ReferralCreated),
            ("Referral-Updated", EventName::ReferralUpdated),
            ("related-referral-created", EventName::RelatedReferralCreated),
            ("related-referral-updated", EventName::RelatedReferralUpdated),
        ] {
            let uri = format!("https://evil.example/x/{}/?a=b#c", ID.to_uppercase());
            let event = Event::parse(body(name, &uri).as_bytes()).unwrap();
            assert_eq!(event.name, expected);
            assert_eq!(event.referral.unwrap().as_str(), ID);
            assert_eq!(event.changed.unwrap().to_string(), "2026-03-02T09:14:28.1034417Z");
        }
    }

    #[test]
    fn test_and_unknown_events_are_events_too() {
        let test = br#"{"EventName":"test-created","ResourceUri":"http://localhost:16722/v1/1bcd8232-0c39-46a4-ada9-d0c7bc6dc06f","ResourceName":"test"}"#;
        let event = Event::parse(test).unwrap();
        assert_eq!((event.name, event.referral), (EventName::TestCreated, None));
        let other = Event::parse(body("subscription-updated", "/x/y").as_bytes()).unwrap();
        assert_eq!(other.name.as_str(), "subscription-updated");
        assert_eq!(other.referral, None);
    }

    #[test]
    fn bodies_that_are_no_events_are_refused_by_reason() {
        let large = format!(r#"{{"x":"{}"}}"#, "y".repeat(LARGEST_BODY));
        let deep = "[".repeat(60_000);
        for (body, expected) in [
            (large.as_str(), BadEvent::TooLarge),
            (deep.as_str(), BadEvent::NotJson),
            ("", BadEvent::NotJson),
            ("[]", BadEvent::NotJson),
            ("{}", BadEvent::NoName),
            (r#"{"EventName":7}"#, BadEvent::NoName),
            (r#"{"EventName":"a b"}"#, BadEvent::NoName),
            (r#"{"EventName":"referral-created"}"#, BadEvent::NoReferral),
        ] {
            assert_eq!(Event::parse(body.as_bytes()), Err(expected));
        }
        assert_eq!(Event::parse(b"{\"EventName\":\"\xff\"}"), Err(BadEvent::NotJson));
        let no_id = body("referral-updated", "https://api.example/referrals/7");
        assert_eq!(Event::parse(no_id.as_bytes()), Err(BadEvent::NoReferral));
    }
}
