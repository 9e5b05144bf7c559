//! What Partner Center's records have that the schema does not know: fields that Microsoft added.
//!
//! In: referrals, the schema. Out: paths. Must not know: how referrals are read. A field that is made
//! mandatory shows only when a write is refused; that it is there at all shows here before.

use std::collections::BTreeSet;

use mapping::schema::{Field, Kind, Schemas, System};
use serde_json::Value;

/// Paths of members that the schema does not know, each once.
pub(super) fn unknown(referrals: &[Value], schemas: &Schemas) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(object) = schemas.object(System::PartnerCenter, "Referral") {
        for referral in referrals {
            members(referral, &object.fields, "", &mut found);
        }
    }
    found
}

fn members(value: &Value, fields: &[Field], path: &str, found: &mut BTreeSet<String>) {
    let Value::Object(all) = value else { return };
    for (name, inside) in all {
        let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            // Links and notes of the interface itself.
            if !name.starts_with('@') && name != "links" && !inside.is_null() {
                found.insert(place);
            }
            continue;
        };
        if field.fields.is_empty() {
            continue;
        }
        match (field.kind, inside) {
            (Kind::List, Value::Array(elements)) => {
                for one in elements {
                    members(one, &field.fields, &place, found);
                }
            }
            _ => members(inside, &field.fields, &place, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_the_schema_does_not_know_are_found_also_in_lists() {
        let text = mapping::shipped::record("examples/inbound.json").unwrap();
        let mut referral: Value = serde_json::from_str(text).unwrap();
        assert!(unknown(&[referral.clone()], Schemas::built_in()).is_empty());
        referral["dealTier"] = json!("Gold");
        referral["details"]["requirements"]["solutions"] = json!([{ "id": "S", "margin": 3 }]);
        referral["details"]["nothing"] = Value::Null;
        let found: Vec<String> = unknown(&[referral], Schemas::built_in()).into_iter().collect();
        assert_eq!(found, ["dealTier", "details.requirements.solutions.margin"]);
    }
}
