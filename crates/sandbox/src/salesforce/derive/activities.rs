//! What follows from tasks, events and cases. In come rows as they will be; out go the same with the rest
//! worked out, or a refusal. It must not know how rows are stored.

use serde_json::{Map, Value, json};

use super::{decimal, is_empty, text};
use crate::{
    clock,
    salesforce::{
        refusal::{Done, Wrong, bad},
        session::Session,
        values,
    },
};

/// What is to be done.
pub(super) fn task(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    row.insert("IsClosed".to_owned(), json!(text(row, "Status") == Some("Completed")));
    row.insert("IsHighPriority".to_owned(), json!(text(row, "Priority") == Some("High")));
    account(session, row)
}

/// A meeting: of its beginning, end and length, two tell the third.
pub(super) fn event(
    session: &Session<'_>,
    row: &mut Map<String, Value>,
    sent: super::Changed<'_>,
) -> Done<()> {
    let start = if sent("ActivityDateTime") { "ActivityDateTime" } else { "StartDateTime" };
    let start = text(row, start).and_then(clock::seconds);
    let end = text(row, "EndDateTime").and_then(clock::seconds);
    let minutes = decimal(row, "DurationInMinutes").and_then(|n| n.text(0).parse::<i64>().ok());
    let is_length_told = sent("DurationInMinutes") || (minutes.is_some() && !sent("EndDateTime"));
    let end = if is_length_told {
        start.zip(minutes).map(|(start, minutes)| start + minutes * 60)
    } else {
        end
    };
    let (Some(start), Some(end)) = (start, end) else {
        if row.get("IsAllDayEvent") == Some(&json!(true)) && !is_empty(row, "ActivityDate") {
            return account(session, row);
        }
        let missing = ["DurationInMinutes", "ActivityDateTime"];
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        let fields = Some(missing.map(str::to_owned).to_vec());
        return Err(bad(Wrong { code: "REQUIRED_FIELD_MISSING", message, fields }));
    };
    if end < start {
        let message = "Event duration can not be negative";
        return Err(bad(Wrong::nowhere("FIELD_INTEGRITY_EXCEPTION", message)));
    }
    let at = |seconds: i64| json!(clock::salesforce(seconds * 1000));
    let day = clock::salesforce(start * 1000).chars().take(10).collect::<String>();
    for (name, value) in [
        ("StartDateTime", at(start)),
        ("ActivityDateTime", at(start)),
        ("EndDateTime", at(end)),
        ("ActivityDate", json!(day)),
        ("DurationInMinutes", values::number(&((end - start) / 60).to_string())),
    ] {
        row.insert(name.to_owned(), value);
    }
    account(session, row)
}

/// A customer's question.
pub(super) fn case(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    if is_empty(row, "CaseNumber") {
        let number = session.tx.next("case-number")? + 1000;
        row.insert("CaseNumber".to_owned(), json!(format!("{number:08}")));
    }
    let is_closed = text(row, "Status") == Some("Closed");
    row.insert("IsClosed".to_owned(), json!(is_closed));
    if !is_closed {
        row.insert("ClosedDate".to_owned(), Value::Null);
    } else if is_empty(row, "ClosedDate") {
        let now = clock::salesforce(session.tx.now_milliseconds());
        row.insert("ClosedDate".to_owned(), json!(now));
    }
    Ok(())
}

/// The account that an activity belongs to by what or whom it is about.
fn account(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    let mut found = Value::Null;
    for name in ["WhatId", "WhoId"] {
        let Some(id) = text(row, name).filter(|_| found.is_null()) else { continue };
        let Some(object) = session.whole.of_id(id) else { continue };
        found = if object.name == "Account" {
            json!(id)
        } else {
            let about = session.tx.row(&object.name, id)?;
            about.and_then(|about| about.body.get("AccountId").cloned()).unwrap_or_default()
        };
    }
    row.insert("AccountId".to_owned(), found);
    Ok(())
}
