//! What a refusal of Salesforce means.
//!
//! In: status and body of an answer that is no success. Out: the [`Error`] that says what to do next,
//! by `errorCode` first and by status only without one. Messages that repeat what somebody typed are
//! replaced by our own words; the rest are blanked.

use std::time::Duration;

use serde_json::Value;

use super::words;
use crate::error::Error;
use crate::redact;

/// Who has to act when Salesforce refuses the sync user.
const WHO_ADMINISTERS: &str = "the salesforce administrator (sync user and connected app)";

/// Who has to act when the answer does not come from Salesforce.
const WHO_OPERATES: &str = "the operator (address of salesforce)";

/// The other requests of a transaction that failed elsewhere.
const HALTED: [&str; 2] = ["PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"];

/// A refusal, as far as it matters for what to do next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal<'a> {
    /// What was asked for, such as `update record`.
    pub(super) what: &'a str,
    pub(super) status: u16,
    pub(super) body: &'a [u8],
    pub(super) retry_after: Option<Duration>,
    /// The answer leaves open whether something was written.
    pub(super) in_doubt: bool,
}

/// One entry of an error body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) code: String,
    /// As sent: not to be shown or kept.
    pub(super) message: String,
    pub(super) fields: Vec<String>,
    /// Records a duplicate rule found.
    pub(super) matches: Vec<String>,
}

impl Refusal<'_> {
    /// Sorts the refusal by what to do next.
    pub(super) fn classify(&self) -> Error {
        let entries = entries(self.body);
        let real = entries.iter().find(|entry| !HALTED.contains(&entry.code.as_str()));
        match real.or(entries.first()) {
            Some(entry) => self.by_code(entry),
            None => self.by_status(),
        }
    }

    /// The request was refused only because another one of its transaction failed.
    pub(super) fn is_bystander(&self) -> bool {
        let entries = entries(self.body);
        !entries.is_empty() && entries.iter().all(|entry| HALTED.contains(&entry.code.as_str()))
    }

    fn by_code(&self, entry: &Entry) -> Error {
        let seconds = |seconds| Some(self.retry_after.unwrap_or(Duration::from_secs(seconds)));
        let why = format!("{}: {}", self.what, words::explain(entry));
        let named = format!("{}: {}: {}", self.what, entry.code, words::explain(entry));
        match entry.code.as_str() {
            "INVALID_SESSION_ID"
            | "INVALID_AUTH_HEADER"
            | "INVALID_LOGIN"
            | "USER_SESSION_INVALID"
            | "API_DISABLED_FOR_ORG"
            | "API_CURRENTLY_DISABLED"
            | "ORG_LOCKED"
            | "PASSWORD_LOCKOUT"
            | "INACTIVE_ORG"
            | "TRIAL_EXPIRED" => Error::denied(named, WHO_ADMINISTERS),
            "REQUEST_LIMIT_EXCEEDED" => {
                let wait = if entry.message.starts_with("TotalRequests") {
                    60 * 60
                } else if entry.message.starts_with("Concurrent") {
                    5
                } else {
                    60
                };
                Error::later(seconds(wait), named)
            }
            "UNABLE_TO_LOCK_ROW" => Error::later(seconds(2), named),
            "ENTITY_IS_LOCKED" => Error::later(seconds(15 * 60), named),
            "INVALID_QUERY_LOCATOR" | "QUERY_TIMEOUT" => Error::later(seconds(10), named),
            "SERVER_UNAVAILABLE" | "UNKNOWN_EXCEPTION" => self.unavailable(named),
            "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE" => Error::Changed,
            "NOT_FOUND" if names_a_field(entry) => refused(entry, why),
            "ENTITY_IS_DELETED" | "NOT_FOUND" => Error::Gone { why: named },
            "INVALID_CROSS_REFERENCE_KEY" if self.status == 404 => Error::Gone { why: named },
            code if HALTED.contains(&code) => Error::later(None, named),
            _ => match self.status {
                401 => Error::denied(named, WHO_ADMINISTERS),
                412 => Error::Changed,
                408 | 420 | 425 | 429 => Error::later(self.retry_after, named),
                500.. => self.unavailable(named),
                _ => refused(entry, why),
            },
        }
    }

    /// Without a word of Salesforce: a gateway in between, or another server altogether. Such a 404
    /// is no evidence that a record is gone.
    fn by_status(&self) -> Error {
        let why = format!("{}: answered {} without an error code", self.what, self.status);
        match self.status {
            401 => Error::denied(why, WHO_ADMINISTERS),
            412 => Error::Changed,
            408 | 420 | 425 | 429 => Error::later(self.retry_after, why),
            500.. => self.unavailable(why),
            400 | 405 | 406 | 409..=422 => Error::refused(&format!("http-{}", self.status), why),
            _ => Error::denied(why, WHO_OPERATES),
        }
    }

    fn unavailable(&self, why: String) -> Error {
        Error::Later { after: self.retry_after, why, unknown_outcome: self.in_doubt }
    }
}

fn refused(entry: &Entry, why: String) -> Error {
    Error::Refused { code: entry.code.clone(), why, fields: words::fields(entry) }
}

/// A 404 that is about the schema, not about a record.
fn names_a_field(entry: &Entry) -> bool {
    entry.message.starts_with("Provided external ID field")
}

/// Reads `[{"errorCode","message","fields"}]`; the code may be called `statusCode`, and a single
/// entry may stand without the list.
pub(super) fn entries(body: &[u8]) -> Vec<Entry> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(list)) => list.iter().filter_map(entry).collect(),
        Ok(single) => {
            let nested = single.get("errors").and_then(Value::as_array);
            nested.map_or_else(
                || entry(&single).into_iter().collect(),
                |list| list.iter().filter_map(entry).collect(),
            )
        }
        Err(_) => Vec::new(),
    }
}

fn entry(value: &Value) -> Option<Entry> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let code = text("errorCode").or_else(|| text("statusCode"))?;
    let shaped = code.len() <= 100 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let list = value.get("fields").and_then(Value::as_array).into_iter().flatten();
    let fields = list.filter_map(Value::as_str).filter_map(redact::name).collect();
    let result = ["duplicateResut", "duplicateResult"].iter().find_map(|name| value.get(*name));
    let matches = result.map(matched).unwrap_or_default();
    let message = text("message").unwrap_or_default().to_owned();
    shaped.then(|| Entry { code: code.to_owned(), message, fields, matches })
}

/// The ids of the records a duplicate rule found.
fn matched(result: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    list(result, "matchResults")
        .iter()
        .flat_map(|one| list(one, "matchRecords"))
        .filter_map(|one| one.get("record")?.get("Id")?.as_str().map(str::to_owned))
        .take(5)
        .collect()
}

#[cfg(test)]
mod tests;
