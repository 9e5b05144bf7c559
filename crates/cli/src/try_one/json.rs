//! One reconcile, for machines.
//!
//! In: what was tried. Out: one JSON object: `left`, `right`, `lines`,
//! `requires`, `parked`, `refused`,
//! `report`, `base`. Must not know: files, how it was decided.

use mapping::decision::{Change, ChildAction, ChildChange, Effect, Side, nest};
use mapping::fault::Fault;
use serde_json::{Value as JsonValue, json};

use super::{Tried, lines};

/// The object, on several lines.
pub(super) fn json(tried: &Tried<'_>) -> String {
    let decision = &tried.decision;
    let faults: Vec<JsonValue> = decision.parked.iter().map(fault).collect();
    let lines: Vec<JsonValue> =
        tried.lines.iter().flat_map(|line| lines::one_line(tried, line)).collect();
    let whole = json!({
        "map": tried.plan.file(),
        "left": effect(tried, Side::Left),
        "right": effect(tried, Side::Right),
        "report": parsed(&nest(&tried.report)),
        "lines": lines,
        "requires": tried.requires.iter().map(|one| lines::requirement(tried, one)).collect::<Vec<_>>(),
        "parked": faults,
        "refused": decision.refused.as_ref().map(fault),
        "base": serde_json::to_value(&decision.base).unwrap_or_default(),
    });
    format!("{whole:#}\n")
}

fn fault(fault: &Fault) -> JsonValue {
    parsed(&fault.to_json())
}

pub(super) fn parsed(text: &str) -> JsonValue {
    serde_json::from_str(text).unwrap_or_default()
}

fn effect(tried: &Tried<'_>, side: Side) -> JsonValue {
    let name = tried.plan.side_name(side);
    match tried.effect(side) {
        Effect::Nothing => json!({ "side": name, "does": "nothing" }),
        Effect::Create(draft) => json!({
            "side": name,
            "does": "create",
            "record": parsed(&draft.to_json()),
            "related": draft.related.iter().map(|related| json!({
                "object": related.object,
                "through": related.through,
                "matching": related.rules.iter().map(|rule| json!({
                    "fields": parsed(&nest(&rule.matching)),
                    "skipped": rule.skipped,
                    "map_line": tried.plan.place(rule.map_line).1,
                })).collect::<Vec<_>>(),
                "create_if_none": related.create_if_none,
                "record": parsed(&nest(&related.changes)),
            })).collect::<Vec<_>>(),
            "children": children(&draft.children),
        }),
        Effect::Invite(draft) => json!({
            "side": name,
            "does": "invite",
            "record": parsed(&draft.to_json()),
        }),
        Effect::Update { changes, children: changed } => json!({
            "side": name,
            "does": "update",
            "record": parsed(&nest(changes)),
            "patch": patch(changes),
            "children": children(changed),
        }),
    }
}

/// The operations of a PATCH; none for a side that takes fields.
fn patch(changes: &[Change]) -> Option<Vec<JsonValue>> {
    let operations: Vec<JsonValue> = changes
        .iter()
        .filter_map(|change| {
            let pointer = change.pointer.as_ref()?;
            Some(json!({ "op": "replace", "path": pointer, "value": parsed(&change.value) }))
        })
        .collect();
    (!operations.is_empty()).then_some(operations)
}

fn children(children: &[ChildChange]) -> Vec<JsonValue> {
    let child = |child: &ChildChange| {
        let (does, id) = match &child.action {
            ChildAction::Create => ("create", None),
            ChildAction::Update(id) => ("update", Some(id)),
            ChildAction::Remove(id) => ("remove", Some(id)),
        };
        json!({
            "relationship": child.relationship,
            "object": child.object,
            "does": does,
            "id": id,
            "record": parsed(&nest(&child.changes)),
        })
    };
    children.iter().map(child).collect()
}
