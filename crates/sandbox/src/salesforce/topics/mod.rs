//! Push topics: queries whose rows clients of the Streaming API hear of. In come rows before and after a
//! write, those of topics among them; out go notifications, in the write's own transaction. It must not know
//! who listens.

pub(crate) mod log;

use serde_json::{Map, Value, json};

use crate::{
    database::Result,
    salesforce::{
        VERSIONS,
        changes::payload,
        model::Object,
        refusal::{Done, Stop, Wrong, bad},
        session::Session,
        soql::{self, Heard},
    },
    store::{StoredRow, Tx},
};

/// The object whose rows are topics.
pub(crate) const OBJECT: &str = "PushTopic";
/// Where the active topics are kept as they are read with each write.
const KEPT: &str = "salesforce-topic";

/// What the system writes by itself; that it changed is not told.
const OF_SYSTEM: [&str; 9] = [
    "CreatedById",
    "CreatedDate",
    "IsDeleted",
    "LastActivityDate",
    "LastModifiedById",
    "LastModifiedDate",
    "LastReferencedDate",
    "LastViewedDate",
    "SystemModstamp",
];

/// The id of the active topic of a name; names of channels are case-sensitive.
pub(crate) fn named(tx: &Tx<'_>, name: &str) -> Result<Option<String>> {
    let is_it = |topic: &Value| text(topic.get("Name")) == name;
    Ok(tx.docs(KEPT)?.into_iter().find(|(_, topic)| is_it(topic)).map(|(id, _)| id))
}

/// Forgets all topics and what they were told.
pub(crate) fn reset(tx: &Tx<'_>) -> Result<()> {
    tx.drop_docs(KEPT)?;
    tx.expire_pushed(0)
}

/// Takes in a written topic, and tells the others of a written row.
pub(crate) fn notice(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    before: Option<&StoredRow>,
    after: &StoredRow,
) -> Done<()> {
    if object.name == OBJECT {
        return keep(session, id, after);
    }
    let (flag, happened) = match (before.map(|row| row.deleted), after.deleted) {
        (None, false) => ("NotifyForOperationCreate", "created"),
        (Some(false), false) => ("NotifyForOperationUpdate", "updated"),
        (Some(false), true) => ("NotifyForOperationDelete", "deleted"),
        (Some(true), false) => ("NotifyForOperationUndelete", "undeleted"),
        (Some(true) | None, true) => return Ok(()),
    };
    for (number, topic) in session.tx.docs(KEPT)? {
        let is_asked = topic.get(flag) == Some(&json!(true));
        if text(topic.get("object")) != object.name || !is_asked {
            continue;
        }
        let is_update = happened == "updated";
        if is_update && !before.is_some_and(|old| is_touched(&topic, &old.body, &after.body)) {
            continue;
        }
        if is_about(session, text(topic.get("Query")), &after.body)? {
            let mut names = texts(topic.get("selected"));
            // Of what is gone only its id is told.
            names.retain(|name| happened != "deleted" || *name == "Id");
            let value = |name| payload::moment(after.body.get(name).unwrap_or(&Value::Null));
            let fields = names.into_iter().map(|name| (name.to_owned(), value(name)));
            session.tx.push(&number, happened, &Value::Object(fields.collect()))?;
        }
    }
    Ok(())
}

/// Whether a row is one that a topic is about. A query that the organisation no longer understands is about none.
fn is_about(session: &Session<'_>, query: &str, row: &Map<String, Value>) -> Done<bool> {
    match soql::is_about(session, query, row) {
        Err(Stop::Refused(_)) => Ok(false),
        done => done,
    }
}

/// Whether an edit changed something that a topic looks at.
fn is_touched(topic: &Value, before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let value = |row: &Map<String, Value>, name: &str| row.get(name).cloned().unwrap_or_default();
    let differs =
        |name: &str| !OF_SYSTEM.contains(&name) && value(before, name) != value(after, name);
    match topic.get("watched") {
        Some(watched @ Value::Array(_)) => texts(Some(watched)).into_iter().any(differs),
        _ => before.keys().chain(after.keys()).any(|name| differs(name)),
    }
}

/// Checks a topic and keeps it, or forgets one that is not active any more.
fn keep(session: &Session<'_>, id: &str, row: &StoredRow) -> Done<()> {
    if row.deleted {
        return Ok(session.tx.drop_doc(KEPT, id)?);
    }
    let heard = soql::heard(session, text(row.body.get("Query")))?;
    refuse_version(&row.body)?;
    let watched = watched(text(row.body.get("NotifyForFields")), &heard)?;
    if row.body.get("IsActive") != Some(&json!(true)) {
        return Ok(session.tx.drop_doc(KEPT, id)?);
    }
    let mut topic = row.body.clone();
    topic.insert("object".to_owned(), json!(heard.object));
    topic.insert("selected".to_owned(), json!(heard.selected));
    topic.insert("watched".to_owned(), json!(watched));
    Ok(session.tx.put_doc(KEPT, id, &Value::Object(topic))?)
}

/// The fields whose changes a topic looks at; `None`: all.
fn watched(notify: &str, heard: &Heard) -> Done<Option<Vec<String>>> {
    let names = match notify {
        "All" => return Ok(None),
        "Select" => heard.selected.clone(),
        "Where" => heard.conditioned.clone(),
        _ => [heard.selected.as_slice(), heard.conditioned.as_slice()].concat(),
    };
    if names.iter().any(|name| name != "Id") {
        return Ok(Some(names));
    }
    let message = format!(
        "NotifyForFields {notify} needs a field other than Id in the clauses that it means"
    );
    let fields = Some(vec!["NotifyForFields".to_owned()]);
    Err(bad(Wrong { code: "INVALID_FIELD", message, fields }))
}

/// A topic's query is of a version after 20.0 that is served.
fn refuse_version(row: &Map<String, Value>) -> Done<()> {
    let version = row.get("ApiVersion").and_then(Value::as_f64).unwrap_or_default();
    let newest = f64::from(*VERSIONS.end());
    if version > 20.0 && version <= newest && version.fract() == 0.0 {
        return Ok(());
    }
    let message = format!("API version must be greater than 20.0 and at most {newest:.1}");
    let fields = Some(vec!["ApiVersion".to_owned()]);
    Err(bad(Wrong { code: "FIELD_INTEGRITY_EXCEPTION", message, fields }))
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).collect()
}
