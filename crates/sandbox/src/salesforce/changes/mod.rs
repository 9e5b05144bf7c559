//! What changed, for those who subscribe to it. In come rows before and after a write, in the write's own
//! transaction; out go change events with replay ids. It must not know how events are delivered.

pub(crate) mod control;
pub(crate) mod log;
pub(crate) mod payload;
pub(crate) mod schema;
mod avro;
mod bitmap;
mod diff;

use serde_json::{Map, Value, json};

use self::log::{Entry, Kind, Whole};
use crate::{
    database::Result,
    salesforce::{model::Object, session::Session},
    store::{StoredRow, Tx},
};

/// Where the objects are named whose changes are not captured though they could be.
const CHOICE: (&str, &str) = ("salesforce-changes", "off");

/// Whether the organisation selected an object for change events.
fn is_selected(tx: &Tx<'_>, object: &str) -> Result<bool> {
    if !schema::is_captured(object) {
        return Ok(false);
    }
    let off = tx.doc(CHOICE.0, CHOICE.1)?;
    let off = off.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(!off.iter().any(|name| name == object))
}

/// Notes what a write did to a row.
pub(crate) fn record(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    before: Option<&StoredRow>,
    after: &StoredRow,
) -> Result<()> {
    let tx = session.tx;
    if !is_selected(tx, &object.name)? {
        return Ok(());
    }
    let kind = match (before.map(|row| row.deleted), after.deleted) {
        (None, false) => Kind::Create,
        (Some(false), false) => Kind::Update,
        (Some(false), true) => Kind::Delete,
        (Some(true), false) => Kind::Undelete,
        (Some(true) | None, true) => return Ok(()),
    };
    let mut entry = Entry {
        entity: object.name.clone(),
        records: vec![id.to_owned()],
        kind,
        origin: session.origin.to_owned(),
        user: session.caller.id.clone(),
        fields: Map::new(),
        changed: Vec::new(),
        nulled: Vec::new(),
        wholes: Vec::new(),
        old: Map::new(),
    };
    match kind {
        Kind::Create | Kind::Undelete => entry.fields = whole(object, &after.body),
        Kind::Update => {
            let before = before.map(|row| &row.body);
            change(&mut entry, object, before, &after.body);
            if entry.changed.is_empty() {
                return Ok(());
            }
        }
        Kind::Delete
        | Kind::GapCreate
        | Kind::GapUpdate
        | Kind::GapDelete
        | Kind::GapUndelete
        | Kind::GapOverflow => {}
    }
    tx.log_change(entry)
}

/// All values of a row that events carry.
fn whole(object: &Object, row: &Map<String, Value>) -> Map<String, Value> {
    let fields = object.fields.iter().filter(|field| schema::is_in_events(object, field));
    fields
        .filter_map(|field| Some((field.name.clone(), row.get(&field.name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

/// Which fields differ, and their values. A call's own edit always moves the time of the last one.
fn change(
    entry: &mut Entry,
    object: &Object,
    before: Option<&Map<String, Value>>,
    after: &Map<String, Value>,
) {
    for field in object.fields.iter().filter(|field| schema::is_in_events(object, field)) {
        let old = before.and_then(|row| row.get(&field.name)).unwrap_or(&Value::Null);
        let new = after.get(&field.name).unwrap_or(&Value::Null);
        let is_touched = field.name == "LastModifiedDate" && !entry.origin.is_empty();
        if old == new && !is_touched {
            continue;
        }
        entry.changed.push(field.name.clone());
        entry.fields.insert(field.name.clone(), new.clone());
        let long = |value: &Value| value.as_str().is_some_and(diff::is_long);
        if old.is_string() && long(new) {
            entry.old.insert(field.name.clone(), old.clone());
        }
        if new.is_null() {
            entry.nulled.push(field.name.clone());
        }
    }
    entry.wholes = addresses(&entry.changed, object, after);
}

/// The addresses that a change touched, and whether they are empty now.
fn addresses(changed: &[String], object: &Object, after: &Map<String, Value>) -> Vec<Whole> {
    let mut touched: Vec<&str> =
        changed.iter().filter_map(|name| schema::address_prefix(object, name)).collect();
    touched.dedup();
    let whole = |prefix: &str| {
        let is_part = |name: &str| schema::address_prefix(object, name) == Some(prefix);
        let parts: Vec<String> = object
            .fields
            .iter()
            .filter(|field| is_part(&field.name))
            .map(|field| field.name.clone())
            .collect();
        let is_empty = parts.iter().all(|name| after.get(name).is_none_or(Value::is_null));
        Whole { name: format!("{prefix}Address"), parts, is_empty }
    };
    touched.into_iter().map(whole).collect()
}

/// Forgets all changes, not the replay ids that were given out.
pub(crate) fn reset(tx: &Tx<'_>) -> Result<()> {
    tx.put_doc(CHOICE.0, CHOICE.1, &json!([]))?;
    for (kind, id) in [log::OVERFLOW, control::CHANNELS] {
        tx.drop_doc(kind, id)?;
    }
    tx.expire_changes(0)
}
