//! Rows that an organisation of one's own takes. In come an object as that organisation has it and a row of the
//! standard one; out goes the row without fields that are not there, with values that its lists have, and with
//! something in each field that must not be empty. It must not know what the rows are for.

use serde_json::{Map, Value, json};

use crate::salesforce::{
    model::{Field, Kind, Object},
    record_types,
};

/// The row as this object can take it; `number`: which of all rows it is.
pub(crate) fn fit(object: &Object, row: &Value, number: usize) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in row.as_object().into_iter().flatten() {
        let Some(field) = object.field(name).filter(|field| field.access.on_create()) else {
            continue;
        };
        kept.insert(field.name.clone(), taken(object, field, value));
    }
    let is_open = |field: &&Field| {
        field.required && !field.defaulted && field.access.on_create() && !row_has(row, field)
    };
    for field in object.fields.iter().filter(is_open) {
        if let Some(value) = something(object, field, number) {
            kept.insert(field.name.clone(), value);
        }
    }
    kept
}

fn row_has(row: &Value, field: &Field) -> bool {
    row.get(&field.name).is_some_and(|value| !value.is_null())
}

/// The value, or what stands for it here.
fn taken(object: &Object, field: &Field, value: &Value) -> Value {
    match (&field.kind, value) {
        (Kind::Text(length) | Kind::Area(length), Value::String(text)) => {
            json!(text.chars().take(*length).collect::<String>())
        }
        (Kind::Picklist { restricted: true, .. }, Value::String(text)) => {
            let admitted = admitted(object, field);
            let is_there = admitted.contains(&text.as_str());
            if is_there { value.clone() } else { json!(admitted.first()) }
        }
        _ => value.clone(),
    }
}

/// The values of a picklist that a new row may have.
fn admitted<'o>(object: &'o Object, field: &'o Field) -> Vec<&'o str> {
    let Kind::Picklist { values, .. } = &field.kind else {
        return Vec::new();
    };
    let of_kind = record_types::default(object)
        .and_then(|kind| kind.values.iter().find(|(name, _)| *name == field.name));
    let active = values.iter().filter(|value| value.active).map(|value| value.value.as_str());
    active
        .filter(|value| of_kind.is_none_or(|(_, own)| own.iter().any(|own| own == value)))
        .collect()
}

/// Something for a field that must not be empty; none for references, which nothing can be made up for.
fn something(object: &Object, field: &Field, number: usize) -> Option<Value> {
    Some(match field.kind {
        Kind::Text(length) | Kind::Area(length) => {
            json!(number.to_string().chars().take(length).collect::<String>())
        }
        Kind::Phone(_) => json!("+1 202 555 0100"),
        Kind::Email(_) => json!(format!("nobody{number}@sandbox.example")),
        Kind::Url(_) => json!("https://sandbox.example"),
        Kind::Picklist { .. } => json!(admitted(object, field).first()?),
        Kind::Checkbox => json!(false),
        Kind::Whole(_) | Kind::Number { .. } => json!(1),
        Kind::Day => json!("2026-01-01"),
        Kind::Moment => json!("2026-01-01T00:00:00Z"),
        // "1".
        Kind::Base64 => json!("MQ=="),
        Kind::Id | Kind::Address | Kind::Reference(_) => return None,
    })
}
