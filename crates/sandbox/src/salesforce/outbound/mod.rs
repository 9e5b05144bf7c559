//! Outbound messages. In come what to tell whom, and saved rows; out go notifications that wait for an
//! endpoint to acknowledge them, for 24 hours. It must not know how they are sent.

mod send;
mod soap;

use serde_json::{Map, Value, json};

pub(crate) use self::send::run;
use crate::{
    database::{Cells, Result},
    salesforce::{
        ids,
        model::{Object, Org},
        orders::{self, Orders},
        session::Session,
    },
    store::{StoredRow, Tx},
};

/// The table that this file reads and writes.
pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS outbound (number INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, notification TEXT NOT NULL, object TEXT NOT NULL, record TEXT NOT NULL, first INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, dead INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outbound_by_due ON outbound (dead, due);
";

const ACTIONS: &str = "salesforce-outbound";
/// Most notifications of one message.
const MOST: i64 = 100;
/// The first gap between two attempts, the longest, and how long a notification is tried; milliseconds.
const FIRST_GAP: i64 = 15_000;
const LONGEST_GAP: i64 = 2 * 60 * 60 * 1000;
const LIFE: i64 = 24 * 60 * 60 * 1000;

/// What is told to whom.
#[derive(Debug, Clone)]
struct Action {
    id: String,
    object: String,
    fields: Vec<String>,
    url: String,
    /// Newest first, as after an outage: the order is nobody's promise.
    is_reversed: bool,
    most: i64,
    first_gap: i64,
    session: bool,
}

/// A notification that waits.
#[derive(Debug, Clone)]
struct Waiting {
    number: i64,
    id: String,
    record: String,
    first: i64,
    attempts: i64,
}

impl Action {
    fn read(id: &str, given: &Value) -> std::result::Result<Self, &'static str> {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let (Some(object), Some(url)) = (text("object"), text("url")) else {
            return Err("an outbound message needs `object` and `url`");
        };
        let fields = given.get("fields").and_then(Value::as_array);
        let fields = fields.ok_or("`fields` must be a list of field names")?;
        let mut fields: Vec<String> =
            fields.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        fields.retain(|field| field != "Id");
        fields.sort_unstable();
        let number = |name: &str, otherwise: i64| {
            given.get(name).and_then(Value::as_i64).unwrap_or(otherwise).max(1)
        };
        let flag = |name: &str| given.get(name).and_then(Value::as_bool).unwrap_or_default();
        Ok(Self {
            id: id.to_owned(),
            object: object.to_owned(),
            fields,
            url: url.to_owned(),
            is_reversed: flag("reversed"),
            most: number("batch", MOST).min(MOST),
            first_gap: number("first_gap_ms", FIRST_GAP),
            session: flag("session_id"),
        })
    }

    /// The gap after so many failed attempts.
    fn gap(&self, attempts: i64) -> i64 {
        let doublings = u32::try_from((attempts - 1).clamp(0, 30)).unwrap_or_default();
        self.first_gap.saturating_mul(1 << doublings).min(LONGEST_GAP)
    }
}

/// Notes that a row was saved, for the messages about its object.
pub(crate) fn notice(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    row: &StoredRow,
) -> Result<()> {
    let tx = session.tx;
    for (action, given) in tx.docs(ACTIONS)? {
        if row.deleted || given.get("object").and_then(Value::as_str) != Some(&object.name) {
            continue;
        }
        let notification = ids::make("04l", tx.next("04l")?);
        let now = tx.now_milliseconds();
        tx.database.run(
            "INSERT INTO outbound (action, notification, object, record, first, due, attempts, dead) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 0)",
            &[
                action.as_str().into(),
                notification.as_str().into(),
                object.name.as_str().into(),
                id.into(),
                now.into(),
            ],
        )?;
        tx.has_dues();
    }
    Ok(())
}

/// The messages of an organisation, as the administration orders them.
#[derive(Debug)]
pub(crate) struct Messages<'a>(pub(crate) &'a Org);

impl Orders for Messages<'_> {
    const KIND: &'static str = ACTIONS;

    fn check(&self, given: &Value) -> std::result::Result<(), String> {
        let action = Action::read("", given)?;
        orders::known(self.0, &action.object, &action.fields)
    }

    fn next(&self, tx: &Tx<'_>) -> Result<String> {
        Ok(ids::make("04k", tx.next("04k")?))
    }

    fn shown(&self, tx: &Tx<'_>, orders: Map<String, Value>) -> Result<Value> {
        Ok(json!({
            "actions": orders,
            "waiting": list(tx, false)?,
            "given_up": list(tx, true)?,
        }))
    }

    fn clear(tx: &Tx<'_>, id: Option<&str>) -> Result<()> {
        match id {
            Some(id) => tx.database.run("DELETE FROM outbound WHERE action = ?1", &[id.into()]),
            None => tx.database.batch("DELETE FROM outbound"),
        }
    }
}

fn list(tx: &Tx<'_>, dead: bool) -> Result<Value> {
    let sql =
        "SELECT notification, record, attempts, due FROM outbound WHERE dead = ?1 ORDER BY number";
    let read = |row: &Cells<'_>| {
        Ok(json!({
            "id": row.text(0)?,
            "record": row.text(1)?,
            "attempts": row.number(2)?,
            "due": row.number(3)?,
        }))
    };
    Ok(Value::Array(tx.database.all(sql, &[dead.into()], read)?))
}

/// What is due now, a message's worth for each action.
fn due(tx: &Tx<'_>) -> Result<Vec<(Action, Vec<Waiting>)>> {
    let mut found = Vec::new();
    for (id, given) in tx.docs(ACTIONS)? {
        let Ok(action) = Action::read(&id, &given) else { continue };
        let direction = if action.is_reversed { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT number, notification, record, first, attempts FROM outbound
             WHERE action = ?1 AND dead = 0 AND due <= ?2 ORDER BY number {direction} LIMIT ?3"
        );
        let cells = [id.as_str().into(), tx.now_milliseconds().into(), action.most.into()];
        let waiting = tx.database.all(&sql, &cells, |row| {
            Ok(Waiting {
                number: row.number(0)?,
                id: row.text(1)?,
                record: row.text(2)?,
                first: row.number(3)?,
                attempts: row.number(4)?,
            })
        })?;
        if !waiting.is_empty() {
            found.push((action, waiting));
        }
    }
    Ok(found)
}

/// How many notifications still wait.
fn left(tx: &Tx<'_>) -> Result<i64> {
    let sql = "SELECT count(*) FROM outbound WHERE dead = 0";
    Ok(tx.database.one(sql, &[], |row| row.number(0))?.unwrap_or_default())
}

/// Notes how an attempt ended.
fn note(tx: &Tx<'_>, action: &Action, tried: &[Waiting], acknowledged: bool) -> Result<()> {
    let now = tx.now_milliseconds();
    for waiting in tried {
        let number = waiting.number.into();
        if acknowledged {
            tx.database.run("DELETE FROM outbound WHERE number = ?1", &[number])?;
            continue;
        }
        let due = now + action.gap(waiting.attempts + 1);
        let dead = now - waiting.first >= LIFE;
        tx.database.run(
            "UPDATE outbound SET attempts = attempts + 1, due = ?2, dead = ?3 WHERE number = ?1",
            &[number, due.into(), dead.into()],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_grow_to_two_hours() {
        let given = json!({ "object": "Lead", "url": "http://localhost", "fields": [] });
        let action = Action::read("04k", &given).unwrap();
        let gaps: Vec<i64> = (1..=11).map(|attempts| action.gap(attempts) / 1000).collect();
        assert_eq!(gaps, [15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7200, 7200]);
        assert!(Action::read("04k", &json!({ "object": "Lead" })).is_err());
    }
}
