//! What changed and what was deleted in a span of time. In come two times; out go ids. It must not know
//! how rows are changed.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    clock,
    salesforce::{
        model::Object,
        refusal::{Done, Wrong, bad},
        rows::row_id,
        session::Session,
    },
    store::{Pick, StoredRow},
};

const DAY: i64 = 24 * 3600;
/// How far back changes are known.
const UPDATED: i64 = 30 * DAY;
/// How far back deletions are known.
const DELETED: i64 = 15 * DAY;

/// A span of whole minutes, in seconds since 1970; the last minute belongs to it.
struct Span {
    start: i64,
    end: i64,
    /// Up to when the answer can be trusted.
    covered: i64,
}

/// `GET /sobjects/X/updated/?start=&end=`.
pub(crate) fn updated(session: &Session<'_>, call: &Call, object: &Object) -> Done<Answer> {
    let span = span(session, call, UPDATED)?;
    let rows = rows(session, object, &span, false)?;
    let ids: Vec<String> = rows.iter().map(|row| row_id(&row.body)).collect();
    Ok(Answer::json(200, json!({ "ids": ids, "latestDateCovered": stamp(span.covered) })))
}

/// `GET /sobjects/X/deleted/?start=&end=`.
pub(crate) fn deleted(session: &Session<'_>, call: &Call, object: &Object) -> Done<Answer> {
    let span = span(session, call, DELETED)?;
    let records: Vec<Value> = rows(session, object, &span, true)?
        .iter()
        .map(|row| {
            let date = row.body.get("SystemModstamp").cloned().unwrap_or_default();
            json!({ "id": row_id(&row.body), "deletedDate": date })
        })
        .collect();
    let earliest = minute(session.tx.now_milliseconds() / 1000 - DELETED);
    Ok(Answer::json(
        200,
        json!({
            "deletedRecords": records,
            "earliestDateAvailable": stamp(earliest),
            "latestDateCovered": stamp(span.covered),
        }),
    ))
}

fn stamp(seconds: i64) -> String {
    clock::salesforce(seconds * 1000)
}

/// Seconds cut to the minute.
fn minute(seconds: i64) -> i64 {
    seconds.div_euclid(60) * 60
}

fn span(session: &Session<'_>, call: &Call, back: i64) -> Done<Span> {
    let read = |name: &str| -> Done<i64> {
        let Some(text) = call.parameter(name) else {
            let message = format!("{name} is required");
            return Err(bad(Wrong::new("MISSING_ARGUMENT", message)));
        };
        let seconds = clock::salesforce_moment(text).as_deref().and_then(clock::seconds);
        seconds.map(minute).ok_or_else(|| {
            let message = format!("{name} must be a date and a time with an offset, found: {text}");
            bad(Wrong::new("INVALID_REPLICATION_DATE", message))
        })
    };
    let (start, end) = (read("start")?, read("end")?);
    let now = session.tx.now_milliseconds() / 1000;
    let wrong = |message: &str| Err(bad(Wrong::new("INVALID_REPLICATION_DATE", message)));
    if start >= end {
        return wrong("endDate must be at least one minute greater than startDate");
    }
    if start < minute(now - back) {
        return wrong(&format!("startDate cannot be more than {} days ago", back / DAY));
    }
    Ok(Span { start, end: end + 59, covered: end.min(minute(now)) })
}

fn rows(
    session: &Session<'_>,
    object: &Object,
    span: &Span,
    deleted: bool,
) -> Done<Vec<StoredRow>> {
    let mut rows = session.tx.rows(&object.name, &Pick::Since(stamp(span.start)))?;
    rows.retain(|row| {
        let changed = row.body.get("SystemModstamp").and_then(Value::as_str);
        row.deleted == deleted
            && changed.and_then(clock::seconds).is_some_and(|changed| changed <= span.end)
    });
    Ok(rows)
}
