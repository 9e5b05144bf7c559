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

fn state(tx: &Tx<'_>) -> Result<Value> {
    let off = tx.doc(CHOICE.0, CHOICE.1)?.unwrap_or_else(|| json!([]));
    Ok(json!({
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
