//! What a query's columns are called. In comes a query whose names are known; out goes the description of
//! its columns that command-line clients ask for. It must not know rows.

use serde_json::{Map, Value, json};

use super::resolve::{Query, Reach, Shown};
use crate::salesforce::{
    model::{Field, Kind},
    values::type_word,
};

/// The answer to a query with `columns=true`.
pub(super) fn describe(query: &Query<'_>) -> Value {
    let shown = match &query.grouping {
        Some(grouping) => {
            let columns = grouping.columns().map(|(name, reach)| {
                let mut column = entry(name);
                if let Some(reach) = reach {
                    fill(&mut column, reach.field);
                }
                column.insert("aggregate".to_owned(), json!(reach.is_none()));
                Value::Object(column)
            });
            columns.collect()
        }
        None => columns(query),
    };
    json!({
        "columnMetadata": shown,
        "entityName": query.object.name,
        "groupBy": query.grouping.is_some(),
        "idSelected": query.columns.iter().any(|column| match column {
            Shown::Field(reach, _) => reach.parents.is_empty() && reach.field.name == "Id",
            Shown::Children { .. } | Shown::Kinds { .. } => false,
        }),
        "keyPrefix": query.object.prefix,
    })
}

fn columns(query: &Query<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for column in &query.columns {
        match column {
            Shown::Field(reach, name) => place(&mut all, reach, name, 0),
            // What is below depends on the row.
            Shown::Kinds { parents, .. } => {
                let name = parents.last().map_or("", |(_, link)| link.parent.as_str());
                all.push(Value::Object(entry(name)));
            }
            Shown::Children { name, query, .. } => {
                let mut column = entry(name);
                column.insert("aggregate".to_owned(), json!(true));
                column.insert("joinColumns".to_owned(), json!(columns(query)));
                all.push(Value::Object(column));
            }
        }
    }
    all
}

/// Puts a field below its parents' columns.
fn place(all: &mut Vec<Value>, reach: &Reach<'_>, name: &str, depth: usize) {
    let Some((_, link)) = reach.parents.get(depth) else {
        let mut column = entry(name);
        fill(&mut column, reach.asked());
        all.push(Value::Object(column));
        return;
    };
    let is_parent = |column: &Value| {
        column.get("columnName").and_then(Value::as_str) == Some(link.parent.as_str())
            && column.get("foreignKeyName").is_some_and(Value::is_string)
    };
    let found = all.iter().position(is_parent).unwrap_or_else(|| {
        let mut column = entry(&link.parent);
        let key = reach.parents.get(depth).map(|(field, _)| field.name.as_str());
        column.insert("foreignKeyName".to_owned(), json!(key));
        all.push(Value::Object(column));
        all.len() - 1
    });
    let below = all.get_mut(found).and_then(|column| column.get_mut("joinColumns")?.as_array_mut());
    if let Some(below) = below {
        place(below, reach, name, depth + 1);
    }
}

fn entry(name: &str) -> Map<String, Value> {
    let column = json!({
        "aggregate": false,
        "apexType": null,
        "booleanType": false,
        "columnName": name,
        "custom": name.ends_with("__c") || name.ends_with("__r"),
        "displayName": name,
        "foreignKeyName": null,
        "insertable": false,
        "joinColumns": [],
        "numberType": false,
        "textType": false,
        "updatable": false,
    });
    column.as_object().cloned().unwrap_or_default()
}

/// What the field's kind says of its column.
fn fill(column: &mut Map<String, Value>, field: &Field) {
    let is_number = matches!(field.kind, Kind::Whole(_) | Kind::Number { .. });
    let is_flag = matches!(field.kind, Kind::Checkbox);
    let apex = match type_word(&field.kind) {
        "id" | "reference" => "Id",
        "boolean" => "Boolean",
        "int" => "Integer",
        "double" | "currency" | "percent" => "Double",
        "date" => "Date",
        "datetime" => "Datetime",
        _ => "String",
    };
    for (name, value) in [
        ("apexType", json!(apex)),
        ("booleanType", json!(is_flag)),
        ("custom", json!(field.is_custom())),
        ("insertable", json!(field.access.on_create())),
        ("numberType", json!(is_number)),
        ("textType", json!(apex == "String")),
        ("updatable", json!(field.access.on_update())),
    ] {
        column.insert(name.to_owned(), value);
    }
}
