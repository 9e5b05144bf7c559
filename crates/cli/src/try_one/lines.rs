//! The lines of a map with what was decided about them, for machines.
//!
//! In: what was tried. Out: one object for each look at a line, and for each line of `require`.
//! Must not know: files, how it was decided.

use mapping::decision::{LineTrace, Outcome};
use mapping::explain::{Explained, Holds, Look, Required};
use mapping::json::Json;
use mapping::value::Value;
use serde_json::{Value as JsonValue, json};

use super::json::parsed;
use super::{Tried, values_of};
use crate::project::Step;

/// One object a look; one for a line that was not looked at.
pub(super) fn one_line(tried: &Tried<'_>, line: &Explained) -> Vec<JsonValue> {
    match line.idle {
        Some(why) => vec![object(tried, line, None, why)],
        None => line
            .looks
            .iter()
            .map(|look| object(tried, line, Some(look), &look.trace.reason))
            .collect(),
    }
}

fn object(tried: &Tried<'_>, line: &Explained, look: Option<&Look>, reason: &str) -> JsonValue {
    let trace = look.map(|look| &look.trace);
    let (map, map_line) = tried.plan.place(line.map_line);
    let row = trace.and_then(|trace| trace.row_line);
    let side = |text: fn(&LineTrace) -> &String| trace.map(|trace| values(text(trace)));
    let base = look.and_then(|look| look.base.as_ref());
    json!({
        "rule": line.rule,
        "map": map,
        "map_line": (map_line > 0).then_some(map_line),
        "text": tried.map.step(line.map_line).map(|step| step.text),
        "clauses": line.clauses,
        "element": look.and_then(|look| look.element.as_ref()),
        "left": side(|trace| &trace.left),
        "right": side(|trace| &trace.right),
        "base": base.map(|base| json!({ "left": values(&base.l), "right": values(&base.r) })),
        "changed": base.and(look).map(|look| {
            json!({ "left": look.changed[0], "right": look.changed[1] })
        }),
        "decision": look.and_then(|look| look.decision),
        "outcome": trace.map_or("not-looked-at", |trace| outcome(&trace.outcome)),
        "says": trace.map_or_else(|| "not looked at".to_owned(), |t| tried.words(&t.outcome)),
        "reason": reason,
        "row_line": row.map(|row| tried.plan.place(row).1),
        "row": row.and_then(|row| tried.map.step(row)).map(|Step { file, line, text }| {
            json!({ "map": file, "line": line, "text": text })
        }),
        "written": trace.and_then(|trace| trace.written.as_deref()).map(values),
    })
}

fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Agrees => "agrees",
        Outcome::Kept => "kept",
        Outcome::WritesLeft => "writes-left",
        Outcome::WritesRight => "writes-right",
        Outcome::WritesBoth => "writes-both",
        Outcome::Held(_) => "held",
        Outcome::Drifted => "drifted",
        Outcome::Parked(_) => "parked",
        Outcome::NotOptedIn => "not-opted-in",
    }
}

/// A line of `require`.
pub(super) fn requirement(tried: &Tried<'_>, one: &Required) -> JsonValue {
    let (map, map_line) = tried.plan.place(one.map_line);
    json!({
        "test": one.test,
        "when": one.when,
        "else": one.otherwise,
        "map": map,
        "map_line": map_line,
        "holds": match one.holds {
            Holds::Yes => "yes",
            Holds::No => "no",
            Holds::Idle => "no-but-not-written",
            Holds::NotAsked => "not-asked",
        },
    })
}

/// The values of a trace as plain JSON; null where a line has none.
fn values(text: &str) -> JsonValue {
    match values_of(text) {
        Some(values) => JsonValue::Array(values.iter().map(plain).collect()),
        None => parsed(text),
    }
}

fn plain(value: &Value) -> JsonValue {
    match value {
        Value::Blank => JsonValue::Null,
        Value::Bool(flag) => JsonValue::Bool(*flag),
        Value::Number(number) => parsed(&number.to_string()),
        Value::Text(text) => JsonValue::String(text.clone()),
        Value::Date(date) => JsonValue::String(date.to_string()),
        Value::Instant(moment) => JsonValue::String(moment.to_string()),
        Value::List(items) => Json::List(items.clone()).to_value(),
        Value::Other(json) => json.to_value(),
    }
}
