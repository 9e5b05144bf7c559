//! What a plan writes, field by field.
//!
//! In: changes and children of a decision. Out: values by side and path, each with the place in the
//! plan that it belongs to. Must not know: the other plan, causes.

use std::collections::BTreeMap;

use super::blame::Lines;
use crate::apply::Applied;
use crate::decision::{Change, ChildAction, ChildChange, Side};

/// A field of a record that is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    pub(super) side: Side,
    pub(super) path: String,
}

/// The value that is written to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// As JSON text.
    pub(super) value: String,
    /// The field as a plan knows it: without the element of a list.
    pub(super) place: String,
}

pub(super) type Fields = BTreeMap<Field, Written>;

/// What `apply` writes.
pub(super) fn of_applied(lines: &Lines<'_>, to: Side, applied: &Applied) -> Fields {
    let mut fields = Fields::new();
    add_changes(&mut fields, to, &applied.changes);
    for related in &applied.related {
        for change in &related.changes {
            let path = format!("{}.{}", related.relationship, change.path);
            add(&mut fields, to, path.clone(), path, change.value.clone());
        }
    }
    add_children(lines, &mut fields, to, &applied.children);
    fields
}

/// Fields of the record itself.
pub(super) fn add_changes(fields: &mut Fields, side: Side, changes: &[Change]) {
    for change in changes {
        add(fields, side, change.path.clone(), change.path.clone(), change.value.clone());
    }
}

/// Fields of child records: known ones by their id, new ones by their key.
pub(super) fn add_children(
    lines: &Lines<'_>,
    fields: &mut Fields,
    side: Side,
    children: &[ChildChange],
) {
    for (number, child) in children.iter().enumerate() {
        let relationship = &child.relationship;
        let (element, whole) = match &child.action {
            ChildAction::Create => {
                let part = |field: &&str| {
                    let change = child.changes.iter().find(|change| change.path == **field)?;
                    serde_json::from_str::<String>(&change.value).ok()
                };
                let parts: Vec<String> =
                    lines.key_of(relationship).iter().filter_map(part).collect();
                let unnamed = || format!("#{}", number + 1);
                let key = if parts.is_empty() { unnamed() } else { parts.join(", ") };
                (format!("new {key}"), "created")
            }
            ChildAction::Update(id) => (id.clone(), ""),
            ChildAction::Remove(id) => (id.clone(), "removed"),
        };
        let own = format!("{relationship}[{element}]");
        let place = format!("{relationship}[]");
        for change in &child.changes {
            let (path, place) =
                (format!("{own}.{}", change.path), format!("{place}.{}", change.path));
            add(fields, side, path, place, change.value.clone());
        }
        if !whole.is_empty() {
            add(fields, side, own, place, format!("\"{whole}\""));
        }
    }
}

fn add(fields: &mut Fields, side: Side, path: String, place: String, value: String) {
    fields.insert(Field { side, path }, Written { value, place });
}
