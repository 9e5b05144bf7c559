//! Requests that depend on what the client already has. In come headers and a row; out goes whether the
//! row is the one that the client knows. It must not know how rows are stored.
//!
//! Entity tags are there for accounts only, as in the real system.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Map, Value};

use crate::{
    call::Call,
    salesforce::refusal::{Done, Refusal, Wrong},
};

/// The tag of a row as it stands, if its object has tags.
pub(crate) fn tag(object: &str, row: &Map<String, Value>) -> Option<String> {
    if object != "Account" {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    for (name, value) in row {
        name.hash(&mut hasher);
        value.to_string().hash(&mut hasher);
    }
    Some(format!("\"{:016x}\"", hasher.finish()))
}

/// Refuses with 412 when `If-Match` names other tags than the row's.
pub(crate) fn if_match(call: &Call, object: &str, row: &Map<String, Value>) -> Done<()> {
    let fits = match (call.header("if-match"), tag(object, row)) {
        (Some(wanted), Some(tag)) => names(wanted, &tag),
        (Some(_) | None, None) | (None, Some(_)) => true,
    };
    if fits {
        return Ok(());
    }
    let message = "The entity tag in If-Match is not that of the record";
    Err(Refusal::new(412, Wrong::new("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", message)).into())
}

/// Whether `If-None-Match` names the row's tag, so that nothing need be sent.
pub(crate) fn is_known(call: &Call, object: &str, row: &Map<String, Value>) -> bool {
    let known = call.header("if-none-match").zip(tag(object, row));
    known.is_some_and(|(known, tag)| names(known, &tag))
}

/// Whether a list of tags has this one; weak tags are as good.
fn names(list: &str, tag: &str) -> bool {
    list.split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == "*" || one == tag)
}
