//! What is known of a sign-in: of whom, for what, until when. Never the tokens themselves.
//!
//! In: the answers of sign-in services. Out: words and times, for showing. Must not know: how it is shown.
//! The claims are those of the answer to our own question, over TLS: nobody else's word is believed.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chance;

/// A sign-in as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whom the program acts for, as the sign-in service calls them.
    pub principal: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When the access token was given.
    pub since: Option<Timestamp>,
    /// Until when it is good.
    pub expires: Option<Timestamp>,
    /// When something was last asked with it.
    pub used: Option<Timestamp>,
}

impl Session {
    /// An access token was given.
    pub(super) fn began(&mut self, answer: &Value, life: Duration, now: Timestamp) {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        if let Some(principal) = text("id_token").and_then(principal) {
            self.principal = Some(principal);
        }
        if let Some(scope) = text("scope") {
            self.scopes = scope.split_whitespace().map(str::to_owned).collect();
        }
        self.since = Some(now);
        self.expires = now.checked_add(life).ok();
    }
}

/// Whom an id token is about.
fn principal(token: &str) -> Option<String> {
    let claims = chance::decode(token.split('.').nth(1)?)?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let names = ["upn", "preferred_username", "unique_name", "email"];
    let found = names.iter().find_map(|name| claims.get(*name)?.as_str())?;
    let shown: String = found.chars().filter(|c| !c.is_control()).take(200).collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_tells_who_what_and_until_when() {
        let claims = chance::encode(json!({ "upn": "partner@t.example" }).to_string().as_bytes());
        let answer = json!({ "scope": "a b", "id_token": format!("x.{claims}.y") });
        let mut session = Session::default();
        let now = Timestamp::UNIX_EPOCH;
        session.began(&answer, Duration::from_mins(1), now);
        assert_eq!(session.principal.as_deref(), Some("partner@t.example"));
        assert_eq!(session.scopes, ["a", "b"]);
        assert_eq!(session.expires.map(Timestamp::as_second), Some(60));
        session.began(&json!({ "id_token": "none" }), Duration::from_mins(1), now);
        assert_eq!(session.principal.as_deref(), Some("partner@t.example"), "it is not forgotten");
    }
}
