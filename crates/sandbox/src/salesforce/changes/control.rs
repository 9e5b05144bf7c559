//! The change log by the admin's hand. In come orders; out go what was done and the state of the log. It
//! must not know subscribers.

use serde_json::{Map, Value, json};

use super::{
    CHOICE,
    log::{Entry, Kind, NO_RECORD, OVERFLOW},
    payload, schema,
};
use crate::{
    call::{Answer, Method},
    database::Result,
    salesforce::ids,
    store::Tx,
};

fn wrong(message: &str) -> Answer {
    Answer::json(400, json!({ "error": message }))
}

/// Answers `/salesforce/changes/…`.
pub(crate) fn answer(tx: &Tx<'_>, method: Method, parts: &[&str], body: &Value) -> Result<Answer> {
    match (method, parts) {
        (Method::Get, []) => Ok(Answer::json(200, state(tx)?)),
        (Method::Post, ["expire"]) => {
            let keep = body.get("keep").and_then(Value::as_i64).unwrap_or_default();
            tx.expire_changes(keep.max(0))?;
            tx.expire_pushed(keep.max(0))?;
            Ok(Answer::json(200, state(tx)?))
        }
        (Method::Post, ["gap"]) => gap(tx, body),
        (Method::Put, ["overflow"]) => {
            if body.as_u64().is_none_or(|after| after == 0) {
                return Ok(wrong("give a number of changes"));
            }
            tx.put_doc(OVERFLOW.0, OVERFLOW.1, body)?;
            Ok(Answer::json(200, state(tx)?))
        }
        (Method::Put, ["channels"]) => {
            if let Err(message) = check_channels(tx, body)? {
                return Ok(wrong(&message));
            }
            tx.put_doc(CHANNELS.0, CHANNELS.1, body)?;
            Ok(Answer::json(200, state(tx)?))
        }
        (Method::Put, ["off"]) => {
            let names = body.as_array().map(Vec::as_slice).unwrap_or_default();
            if !body.is_array() || !names.iter().all(Value::is_string) {
                return Ok(wrong("give a list of object names"));
            }
            tx.put_doc(CHOICE.0, CHOICE.1, body)?;
            Ok(Answer::json(200, state(tx)?))
        }
        _ => Ok(Answer::json(404, json!({ "error": "there is nothing at this address" }))),
    }
}

/// Where the administrator's channels are.
pub(super) const CHANNELS: (&str, &str) = ("salesforce-changes", "channels");

/// The objects of a channel, if there is such a channel.
pub(crate) fn members(tx: &Tx<'_>, channel: &str) -> Result<Option<Vec<String>>> {
    let kept = tx.doc(CHANNELS.0, CHANNELS.1)?;
    let found = kept.as_ref().and_then(|kept| kept.get(channel)?.as_array());
    let names =
        |found: &Vec<Value>| found.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(found.map(names))
}

/// What is wrong with channels: names that end in `__chn`, each with its objects.
fn check_channels(tx: &Tx<'_>, body: &Value) -> Result<std::result::Result<(), String>> {
    let Some(channels) = body.as_object() else {
        return Ok(Err("give an object: channels with lists of objects".to_owned()));
    };
    for (channel, objects) in channels {
        let objects = objects.as_array().map(Vec::as_slice).unwrap_or_default();
        if !channel.ends_with("__chn") || objects.is_empty() {
            return Ok(Err(format!("`{channel}` must end in `__chn` and have objects")));
        }
        for object in objects {
            let name = object.as_str().unwrap_or_default();
            if schema::current(tx, name)?.is_none() {
                return Ok(Err(format!("`{name}` is no object that has change events")));
            }
        }
    }
    Ok(Ok(()))
}

fn state(tx: &Tx<'_>) -> Result<Value> {
    let off = tx.doc(CHOICE.0, CHOICE.1)?.unwrap_or_else(|| json!([]));
    let channels = tx.doc(CHANNELS.0, CHANNELS.1)?.unwrap_or_else(|| json!({}));
    Ok(json!({
        "channels": channels,
        "changes": tx.change_count()?,
        "newest_replay_id": tx.newest_replay_id()?,
        "off": off,
    }))
}

/// Adds an event that only says that something happened: `{"entity", "type", "ids"}`.
fn gap(tx: &Tx<'_>, body: &Value) -> Result<Answer> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let entity = text("entity").to_owned();
    if schema::current(tx, &entity)?.is_none() {
        return Ok(wrong("`entity` must be an object that has change events"));
    }
    let Some(kind) = payload::gap(text("type")) else {
        return Ok(wrong(
            "`type` must be GAP_CREATE, GAP_UPDATE, GAP_DELETE, GAP_UNDELETE or GAP_OVERFLOW",
        ));
    };
    let given = body.get("ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let read = |id: &Value| match id.as_str()? {
        prefix if prefix.len() == 4 && prefix.ends_with('*') => Some(prefix.to_owned()),
        id => ids::read(id),
    };
    let records: Option<Vec<String>> = given.iter().map(read).collect();
    let records = match (kind, records) {
        (Kind::GapOverflow, _) => vec![NO_RECORD.to_owned()],
        (_, Some(records)) if !records.is_empty() => records,
        (_, _) => {
            return Ok(wrong("`ids` must be a list of record ids, or of the prefix with `*`"));
        }
    };
    tx.log_change(Entry {
        entity,
        records,
        kind,
        origin: String::new(),
        user: ids::make("005", 1),
        fields: Map::new(),
        changed: Vec::new(),
        nulled: Vec::new(),
        wholes: Vec::new(),
        old: Map::new(),
    })?;
    Ok(Answer::json(201, state(tx)?))
}
