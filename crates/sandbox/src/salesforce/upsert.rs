//! Rows addressed by a field other than the id. In come field, value and what to do; out goes which row
//! it was, or that it was several. It must not know HTTP.

use serde_json::{Map, Value, json};

use crate::salesforce::{
    model::{Field, Object},
    refusal::{Done, Wrong, bad, no_external_id, not_found},
    rows,
    session::Session,
    validate::{Setting, live_rows_by},
};

/// What an upsert did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Upserted {
    Created(String),
    Updated(String),
    /// Several rows fit and none was written: their ids.
    Several(Vec<String>),
}

/// The field of a name that finds rows of this object.
pub(crate) fn key_field<'o>(object: &'o Object, name: &str) -> Done<&'o Field> {
    object.field(name).filter(|field| field.finds_rows()).ok_or_else(|| no_external_id(name))
}

/// Makes or changes the row whose field has this value. `check` sees a row before it is changed.
pub(crate) fn upsert(
    session: &Session<'_>,
    object: &Object,
    key: (&Field, &str),
    sent: &Map<String, Value>,
    update_only: bool,
    check: &dyn Fn(&Map<String, Value>) -> Done<()>,
) -> Done<Upserted> {
    let (field, value) = key;
    if value.trim().is_empty() {
        let message = format!("{} not specified", field.name);
        return Err(bad(Wrong::nowhere("MISSING_ARGUMENT", message)));
    }
    let matched: Setting<'_> = (field, json!(value.trim()));
    let mut found = live_rows_by(session, object, field, value)?;
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => {
            check(&rows::live(session, object, &id)?)?;
            rows::update(session, object, &id, sent, Some(&matched))?;
            Ok(Upserted::Updated(id))
        }
        (Some(last), false) => {
            found.push(last);
            Ok(Upserted::Several(found))
        }
        (None, _) if update_only || field.name == "Id" => Err(not_found()),
        (None, _) => Ok(Upserted::Created(rows::create(session, object, sent, Some(&matched))?)),
    }
}
