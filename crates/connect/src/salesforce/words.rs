//! What the error codes of Salesforce mean, in our words.
//!
//! In: one entry of an error body. Out: a short text and the fields it is about. The messages of
//! several codes repeat the refused value without quotes, so these are never shown: only names,
//! limits and record ids are taken out of them.

use super::fault::Entry;
use crate::ids::RecordId;
use crate::redact;

/// A short text without values of records.
pub(super) fn explain(entry: &Entry) -> String {
    let message = entry.message.as_str();
    match entry.code.as_str() {
        "STRING_TOO_LONG" => match between(message, "max length=", ")").filter(|n| is_digits(n)) {
            Some(most) => format!("the text is longer than the {most} characters of the field"),
            None => "the text is longer than the field".to_owned(),
        },
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" => {
            "the value is not one of the values of the picklist".to_owned()
        }
        "INVALID_EMAIL_ADDRESS" => "the value is not an e-mail address".to_owned(),
        "NUMBER_OUTSIDE_VALID_RANGE" => "the number does not fit the field".to_owned(),
        "JSON_PARSER_ERROR" => "a value has not the form its field needs".to_owned(),
        "MALFORMED_ID" => "a record id is of the wrong object or form".to_owned(),
        "MALFORMED_QUERY" | "INVALID_QUERY_FILTER_OPERATOR" => {
            "the query is not understood".to_owned()
        }
        "DUPLICATE_VALUE" => duplicate_value(message),
        "DUPLICATES_DETECTED" => duplicates(&entry.matches),
        "INVALID_FIELD" => invalid_field(message),
        "INVALID_TYPE" => match quoted_name(message) {
            Some(name) => {
                format!("the object {name} does not exist or the sync user may not see it")
            }
            None => "an object does not exist or the sync user may not see it".to_owned(),
        },
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" | "CANNOT_EXECUTE_FLOW_TRIGGER" => {
            let first = message.split(':').next().and_then(redact::name);
            match first {
                Some(name) => format!("the trigger or flow {name} of the org failed"),
                None => "a trigger or flow of the org failed".to_owned(),
            }
        }
        _ => redact::message(message),
    }
}

/// The fields of the entry, or those its message names.
pub(super) fn fields(entry: &Entry) -> Vec<String> {
    if !entry.fields.is_empty() {
        return entry.fields.clone();
    }
    let message = entry.message.as_str();
    let named = match entry.code.as_str() {
        "INVALID_FIELD" => missing_column(message).or_else(|| foreign_key(message)),
        "DUPLICATE_VALUE" => between(message, "found: ", " duplicates").and_then(redact::name),
        "NOT_FOUND" => message.rsplit(": ").next().and_then(redact::name),
        _ => None,
    };
    named.into_iter().collect()
}

fn invalid_field(message: &str) -> String {
    if let Some(field) = missing_column(message) {
        return format!("the field {field} does not exist or the sync user may not see it");
    }
    if let Some(field) = foreign_key(message) {
        return format!("no record has the given value in {field}");
    }
    "a field does not exist or the sync user may not use it".to_owned()
}

fn missing_column(message: &str) -> Option<String> {
    between(message, "No such column '", "'").and_then(redact::name)
}

fn foreign_key(message: &str) -> Option<String> {
    between(message, "not found for field ", " ").and_then(redact::name)
}

fn duplicate_value(message: &str) -> String {
    let holder = message.rsplit(' ').next().and_then(|id| RecordId::parse(id).ok());
    match holder {
        Some(id) => format!("the record {id} already has this value in a unique field"),
        None => "another record already has this value in a unique field".to_owned(),
    }
}

fn duplicates(matches: &[String]) -> String {
    let ids: Vec<String> =
        matches.iter().filter_map(|id| RecordId::parse(id).ok()).map(|id| id.to_string()).collect();
    if ids.is_empty() {
        return "a duplicate rule of the org found another record".to_owned();
    }
    format!("a duplicate rule of the org found {}", ids.join(", "))
}

fn quoted_name(message: &str) -> Option<String> {
    between(message, "'", "'").and_then(redact::name)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inner, _)| inner)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}
