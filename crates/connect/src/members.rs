//! The members of a JSON object, without taking the text of their values apart.
//!
//! In: the text of a JSON object. Out: its members by name in any case, as raw text, text or point in
//! time. It knows no record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::moment;

/// The members of a JSON object, found without regard to case.
pub(crate) struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let exact = self.0.get(name);
        let loose = || self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        exact.or_else(|| loose().map(|(_, value)| value)).copied()
    }

    /// The member when it is text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text: String = serde_json::from_str(self.raw(name)?.get()).ok()?;
        (!text.trim().is_empty()).then_some(text)
    }

    /// The member when it is a point in time.
    pub(crate) fn moment(&self, name: &str) -> Option<Timestamp> {
        moment::parse(&self.text(name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_name_wins_over_another_case() {
        let members = Members::of(r#"{"A":1.10,"a":"x","t":"2026-03-02T00:00:00Z"}"#).unwrap();
        assert_eq!(members.raw("A").unwrap().get(), "1.10");
        assert_eq!(members.text("a").as_deref(), Some("x"));
        assert_eq!(members.text("A"), None);
        assert!(members.moment("T").is_some());
        assert!(Members::of("[]").is_none());
    }
}
