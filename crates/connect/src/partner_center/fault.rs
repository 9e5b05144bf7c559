//! What a refusal of Partner Center means.
//!
//! In: an answer that is no success. Out: the [`Error`] that says what to do next, by status and by
//! the words of the body. Both shapes of error bodies are read. Messages are blanked before they are
//! kept.

use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, NO_SECOND_FACTOR};
use crate::redact;
use crate::send::Answer;

/// Who has to act when Partner Center refuses the signed-in user.
const WHO_SIGNS_IN: &str = "the person who signs cosell in to partner center (a referrals admin, \
                            with a second factor)";

/// Who has to act when the answer does not come from Partner Center.
const WHO_OPERATES: &str = "the operator (address of partner center)";

/// How much a 403 says: about one record, or about the whole account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The request named one referral; others may still be allowed.
    One,
    /// The request was about the account.
    All,
}

/// What an error body says, without values of records.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// The words from the outermost to the innermost error.
    codes: Vec<String>,
    message: String,
    fields: Vec<String>,
}

/// Sorts a refusal by what to do next.
pub(super) fn classify(answer: &Answer, reach: Reach) -> Error {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let said = body.as_ref().map(read);
    let known = said.is_some() || answer.body.iter().all(u8::is_ascii_whitespace);
    let said = said.unwrap_or_default();
    let status = answer.status;
    let code = said.codes.last().cloned().unwrap_or_else(|| format!("http-{status}"));
    let why = explain(answer, &said);
    let is = |word: &str| said.codes.iter().any(|code| code.eq_ignore_ascii_case(word));
    match status {
        401 => Error::denied(why, WHO_SIGNS_IN),
        403 if !known => Error::denied(why, WHO_OPERATES),
        403 if reach == Reach::All || is("unauthenticated") || is("insufficent_claims") => {
            Error::denied(why, WHO_SIGNS_IN)
        }
        404 | 410 if known => Error::Gone { why },
        404 | 410 | 407 | 300..=399 => Error::denied(why, WHO_OPERATES),
        412 => Error::Changed,
        409 if is("resourceModified") || is("preconditionFailed") => Error::Changed,
        408 | 423 | 425 | 429 | 509 => {
            Error::later(answer.retry_after.or_else(|| wait_in_words(body.as_ref())), why)
        }
        501 | 507 => Error::Refused { code, why, fields: said.fields },
        500.. => Error::Later { after: answer.retry_after, why, unknown_outcome: answer.wrote },
        _ => Error::Refused { code, why, fields: said.fields },
    }
}

fn explain(answer: &Answer, said: &Said) -> String {
    let mut why = format!("{}: partner center answered {}", answer.what, answer.status);
    if !said.codes.is_empty() {
        why = format!("{why} {}", said.codes.join("/"));
    }
    if !said.message.is_empty() {
        why = format!("{why}: {}", said.message);
    }
    // A token that is fresh and says nothing of a second factor is refused without a word.
    let bare = answer.body.iter().all(u8::is_ascii_whitespace);
    let second_factor = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("mfa") || (bare && text.contains("invalid_token"))
    };
    if answer.status == 401 && answer.header("www-authenticate").is_some_and(second_factor) {
        why = format!("{why} ({NO_SECOND_FACTOR})");
    }
    why
}

/// Reads `{"error":{"code","message","target","innerError":{…}}}`, `{"code","description"}` and
/// `{"message"}`.
fn read(body: &Value) -> Said {
    let mut said = Said::default();
    let mut level = member(body, "error").filter(|error| error.is_object()).or(Some(body));
    while let Some(error) = level.filter(|_| said.codes.len() < 8) {
        let text = |name: &str| member(error, name).and_then(Value::as_str);
        let code = text("code").map(str::to_owned);
        let code = code.or_else(|| member(error, "code")?.as_u64().map(|code| code.to_string()));
        said.codes.extend(code.filter(|code| is_word(code)));
        if let Some(message) = text("message").or_else(|| text("description")) {
            said.message = redact::message(message);
        }
        said.fields.extend(text("target").and_then(redact::name));
        level = member(error, "innerError");
    }
    said
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let found = value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A code is one word of letters, digits and underscores.
fn is_word(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 80
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `Rate limit is exceeded. Try again in 57 seconds.`, when no header says it.
fn wait_in_words(body: Option<&Value>) -> Option<Duration> {
    let message = member(body?, "message")?.as_str()?;
    let (_, rest) = message.split_once("again in ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).take(5).collect();
    digits.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, body: &str) -> Error {
        classify(&Answer::of(status, body), Reach::One)
    }

    fn word(error: &Error) -> &'static str {
        match error {
            Error::Later { .. } => "later",
            Error::Refused { .. } => "refused",
            Error::Denied { .. } => "denied",
            Error::Changed => "changed",
            Error::Gone { .. } => "gone",
            Error::Resting { .. } => "resting",
        }
    }

    #[test]
    fn each_status_has_its_next_step() {
        let code = |code: &str| format!(r#"{{"error":{{"code":"{code}"}}}}"#);
        for (status, body, expected) in [
            (301, String::new(), "denied"),
            (400, code("invalidRequest"), "refused"),
            (401, String::new(), "denied"),
            (403, code("accessDenied"), "refused"),
            (403, code("unauthenticated"), "denied"),
            (403, "<html>".to_owned(), "denied"),
            (404, code("itemNotFound"), "gone"),
            (404, String::new(), "gone"),
            (404, "<html>".to_owned(), "denied"),
            (409, code("resourceModified"), "changed"),
            (409, code("other"), "refused"),
            (412, String::new(), "changed"),
            (415, String::new(), "refused"),
            (422, code("invalidRequest"), "refused"),
            (423, String::new(), "later"),
            (429, String::new(), "later"),
            (500, code("generalException"), "later"),
            (501, String::new(), "refused"),
            (503, "<html>".to_owned(), "later"),
            (504, String::new(), "later"),
            (507, String::new(), "refused"),
        ] {
            assert_eq!(word(&judge(status, &body)), expected, "{status} {body}");
        }
        let all = classify(&Answer::of(403, &code("accessDenied")), Reach::All);
        assert_eq!(word(&all), "denied");
    }

    #[test]
    fn a_write_that_ends_in_5xx_may_have_happened() {
        let mut answer = Answer::of(502, "");
        assert!(!classify(&answer, Reach::One).outcome_unknown());
        answer.wrote = true;
        assert!(classify(&answer, Reach::One).outcome_unknown());
        answer.status = 429;
        assert!(!classify(&answer, Reach::One).outcome_unknown());
    }

    #[test]
    fn the_innermost_word_and_the_fields_are_kept() {
        let body = r#"{"error":{"code":"invalidRequest","message":"The request is not valid.",
            "target":"details.currency","innerError":{"code":"invalidCurrency",
            "message":"Currency 'Zürich Anna' of anna@x.example is not an ISO 4217 code."}}}"#;
        let expected = Error::Refused {
            code: "invalidCurrency".to_owned(),
            why: "test: partner center answered 400 invalidRequest/invalidCurrency: \
                  Currency … of … is not an ISO … code."
                .to_owned(),
            fields: vec!["details.currency".to_owned()],
        };
        assert_eq!(judge(400, body), expected);
        let other = r#"{"code":"100042","description":"The webhook URL is not valid.","data":[]}"#;
        assert!(matches!(judge(400, other), Error::Refused { code, .. } if code == "100042"));
    }

    #[test]
    fn a_wait_may_stand_in_the_message_only() {
        let body =
            r#"{"statusCode":429,"message":"Rate limit is exceeded. Try again in 57 seconds."}"#;
        let Error::Later { after, .. } = judge(429, body) else { panic!("expected later") };
        assert_eq!(after, Some(Duration::from_secs(57)));
    }
}
