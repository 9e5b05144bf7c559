//! What sellers see: the pages that show the fields and lists, notes and opportunity teams.
//!
//! In: layouts as the org describes them, what the maps use, the names of objects. Out: checks. Must not
//! know: how the org is asked. A layout belongs to a profile: these are the ones of the sync user.

use std::collections::BTreeSet;

use mapping::plan::Uses;
use mapping::schema::{Schemas, System};
use serde_json::Value;

use super::Check;

/// What a page has to show of an object.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Custom fields of the maps.
    fields: BTreeSet<String>,
    /// Lists of custom child records.
    lists: BTreeSet<String>,
}

/// What the pages of an object have to show, by what the maps use.
pub(super) fn wanted(object: &str, uses: &Uses, schemas: &Schemas) -> Wanted {
    let is_custom = |name: &str| name.ends_with("__c");
    let fields = uses.get(object).into_iter().flat_map(|used| used.fields.keys());
    let fields = fields.filter(|name| is_custom(name)).cloned().collect();
    let known = schemas.object(System::Salesforce, object);
    let lists = known.into_iter().flat_map(|object| &object.children);
    let lists = lists.filter(|list| is_custom(&list.object) && uses.contains_key(&list.object));
    Wanted { fields, lists: lists.map(|list| list.relationship.clone()).collect() }
}

/// Each page of the object. `text` is the answer of `describe/layouts`.
pub(super) fn look(object: &str, wanted: &Wanted, text: &str) -> Check {
    let id = "salesforce-page";
    let Ok(answer) = serde_json::from_str::<Value>(text) else {
        return Check::skipped(id, &format!("the pages of {object} cannot be read"));
    };
    let list = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let layouts = list(&answer, "layouts");
    let mut lacking: Vec<String> = Vec::new();
    for layout in &layouts {
        let mut shown = BTreeSet::new();
        fields(layout.get("detailLayoutSections").unwrap_or(&Value::Null), &mut shown);
        let lists: BTreeSet<String> = list(layout, "relatedLists")
            .iter()
            .filter_map(|list| list.get("name")?.as_str().map(str::to_owned))
            .collect();
        let mut gone: Vec<&str> = wanted.fields.difference(&shown).map(String::as_str).collect();
        gone.extend(wanted.lists.difference(&lists).map(String::as_str));
        if !gone.is_empty() {
            let types = list(&answer, "recordTypeMappings");
            let of = types.iter().filter(|kind| kind.get("layoutId") == layout.get("id"));
            let of: Vec<&str> = of.filter_map(|kind| kind.get("name")?.as_str()).collect();
            let of = if of.is_empty() { String::new() } else { format!(" ({})", of.join(", ")) };
            lacking.push(format!("a page of {object}{of} does not show {}", gone.join(", ")));
        }
    }
    if layouts.is_empty() {
        return Check::skipped(id, &format!("{object} has no pages for this user"));
    }
    if lacking.is_empty() {
        return Check::fine(id, format!("the pages of {object} show what sellers need"));
    }
    Check::note(
        id,
        lacking.join("; "),
        "assign the layout of `cosell salesforce package`, or put the fields and the list on your own: \
         Setup, Object Manager, Page Layouts",
    )
}

/// The fields that stand in sections.
fn fields(value: &Value, shown: &mut BTreeSet<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| fields(one, shown)),
        Value::Object(members) => {
            if members.get("type").and_then(Value::as_str) == Some("Field")
                && let Some(name) = members.get("value").and_then(Value::as_str)
            {
                shown.insert(name.to_owned());
                return;
            }
            for (name, inside) in members {
                if name != "details" {
                    fields(inside, shown);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Notes and opportunity teams, by the objects that there are only while they are on.
pub(super) fn settings(objects: &[String]) -> Vec<Check> {
    let has = |name: &str| objects.iter().any(|object| object == name);
    let check = |id, on, said: &str, off: &str, to_do: &str| {
        if on { Check::fine(id, said) } else { Check::note(id, off, to_do) }
    };
    vec![
        check(
            "salesforce-notes",
            has("ContentNote"),
            "notes are switched on",
            "notes are switched off, so sellers cannot keep any at a deal",
            "Setup, Notes Settings, or deploy the settings of `cosell salesforce package`",
        ),
        check(
            "salesforce-teams",
            has("OpportunityTeamMember"),
            "opportunity teams are switched on",
            "opportunity teams are switched off: only a deal's owner can be told to Microsoft",
            "Setup, Opportunity Team Settings, or deploy the settings of `cosell salesforce package`",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::State;

    fn wanted_of_the_shipped_map() -> Wanted {
        let text = mapping::shipped::base("opportunity").unwrap().text;
        let schemas = Schemas::built_in();
        let plan = mapping::compile("opportunity.map", &text, schemas).plan.unwrap();
        wanted("Opportunity", &plan.uses(schemas), schemas)
    }

    fn page(fields: &[&str], lists: &[&str]) -> Value {
        let item = |name: &&str| json!({ "layoutComponents": [{ "type": "Field", "value": name, "details": { "type": "string" } }] });
        json!({
            "id": "00h1",
            "detailLayoutSections": [{ "layoutRows": [
                { "layoutItems": fields.iter().map(item).collect::<Vec<_>>() }
            ] }],
            "relatedLists": lists.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        })
    }

    #[test]
    fn what_a_page_does_not_show_is_told_with_its_record_type() {
        let wanted = wanted_of_the_shipped_map();
        let all: Vec<&str> = wanted.fields.iter().map(String::as_str).collect();
        assert!(all.len() > 15 && all.contains(&"Audit__c"), "{all:?}");
        let answer = |pages: &[Value]| {
            let types = json!([{ "name": "Co-sell", "layoutId": "00h1" }]);
            json!({ "layouts": pages, "recordTypeMappings": types }).to_string()
        };
        let lists = ["Microsoft_Solutions__r"];
        let fine = look("Opportunity", &wanted, &answer(&[page(&all, &lists)]));
        assert_eq!(fine.state, State::Fine);
        let some: Vec<&str> = all.iter().copied().filter(|name| *name != "Audit__c").collect();
        let check = look("Opportunity", &wanted, &answer(&[page(&all, &lists), page(&some, &[])]));
        assert_eq!(check.state, State::Note);
        assert_eq!(
            check.said,
            "a page of Opportunity (Co-sell) does not show Audit__c, Microsoft_Solutions__r"
        );
    }

    #[test]
    fn what_is_off_is_told() {
        let states = |objects: &[&str]| {
            let objects: Vec<String> = objects.iter().map(|name| (*name).to_owned()).collect();
            settings(&objects).into_iter().map(|check| check.state).collect::<Vec<_>>()
        };
        assert_eq!(states(&["ContentNote"]), [State::Fine, State::Note]);
        assert_eq!(states(&["OpportunityTeamMember"]), [State::Note, State::Fine]);
    }
}
