//! `docs/plan.md` says what every member of a plan's JSON is.
//!
//! In: the page, the plans of what we ship and of the test maps. Out: members that it does not
//! explain, and members that it explains and that never occur.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mapping::schema::Schemas;
use serde_json::Value;

use crate::block::root;

/// Every member, by its place: `tables[].rows[].when`.
fn members(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                // Lines are the same everywhere.
                let path = match path.as_str() {
                    "related[].lines" | "lists[].lines" => {
                        found.insert(path);
                        "lines".to_owned()
                    }
                    _ => {
                        found.insert(path.clone());
                        path
                    }
                };
                members(&path, value, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                members(&format!("{path}[]"), item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn maps(folder: &Path) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let maps = paths.filter(|path| path.extension().is_some_and(|end| end == "map"));
    maps.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_member_of_a_plan_is_explained() {
    let page = fs::read_to_string(root().join("docs/plan.md")).unwrap();
    let explained: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    let mut found = BTreeSet::new();
    for text in
        [root().join("mappings"), root().join("tests/maps/good")].iter().flat_map(|f| maps(f))
    {
        let plan = mapping::compile("deal.map", &text, Schemas::built_in()).plan;
        if let Some(plan) = plan {
            members("", &plan.to_json(), &mut found);
        }
    }
    assert_eq!(found, explained);
}
