//! Differences, for machines.
//!
//! In: what was compared. Out: one JSON object. Must not know: files, how it was compared.

use mapping::diff::{Cause, FaultGroup, Group, Sample};
use serde_json::{Map as Members, Value, json};

use super::Compared;
use crate::project::{Map, Step};

/// The object, on several lines.
pub(super) fn json(compared: &Compared<'_>) -> String {
    let Compared { maps: [old, new], summary, broken, .. } = compared;
    let groups: Vec<Value> =
        summary.groups().map(|(cause, found)| group(compared, cause, found)).collect();
    let faults = |solved: bool, conflict: bool| -> Vec<Value> {
        let of_kind = |group: &&FaultGroup| group.solved == solved && group.conflict == conflict;
        let map = if solved { old } else { new };
        let numbers = format!("{}s", compared.by.member());
        summary.faults().filter(of_kind).map(|found| fault(map, found, &numbers)).collect()
    };
    let whole = json!({
        "old": old.name,
        "new": new.name,
        "records": summary.records,
        "changed": summary.changed,
        "broken": broken,
        "groups": groups,
        "new_faults": faults(false, false),
        "new_conflicts": faults(false, true),
        "solved_faults": faults(true, false),
        "solved_conflicts": faults(true, true),
    });
    format!("{whole:#}\n")
}

fn group(compared: &Compared<'_>, cause: &Cause, group: &Group) -> Value {
    let [old, new] = compared.maps;
    let fields = group
        .fields
        .iter()
        .map(|(side, field)| json!({ "side": compared.plan.side_name(*side), "field": field }));
    json!({
        "line": place(if cause.gone { old } else { new }.step(cause.line)),
        "gone": cause.gone,
        "row": place(cause.row.and_then(|row| new.step(row))),
        "old_row": place(cause.old_row.and_then(|row| old.step(row))),
        "fields": fields.collect::<Vec<_>>(),
        "records": group.records,
        "samples": group.samples.iter().map(|found| sample(compared, found)).collect::<Vec<_>>(),
    })
}

fn place(step: Option<Step>) -> Value {
    step.map_or(
        Value::Null,
        |Step { file, line, text }| json!({ "map": file, "line": line, "text": text }),
    )
}

/// A map that writes nothing to the field has no member here; `null` is a blank that is written.
fn sample(compared: &Compared<'_>, sample: &Sample) -> Value {
    let mut members = Members::new();
    members.insert(compared.by.member().to_owned(), json!(sample.line));
    members.insert("side".to_owned(), json!(compared.plan.side_name(sample.side)));
    members.insert("field".to_owned(), json!(sample.field));
    for (name, value) in [("old", &sample.old), ("new", &sample.new)] {
        if let Some(value) = value {
            let value = serde_json::from_str(value).unwrap_or_default();
            members.insert(name.to_owned(), value);
        }
    }
    Value::Object(members)
}

fn fault(map: &Map, group: &FaultGroup, numbers: &str) -> Value {
    let fault = &group.fault;
    json!({
        "code": fault.code.name(),
        "field": fault.field,
        "message": fault.message,
        "line": place(map.step_of(fault)),
        "records": group.records,
        numbers: group.lines,
    })
}
