//! Whether JSON is what a Swagger 2.0 file says. In come the file and a value; out goes every place where
//! they differ. It knows the words that the connector's file uses, and stops at others.

use serde_json::Value;

/// A swagger file.
pub(crate) struct Swagger(pub(crate) Value);

/// Words of a schema that are looked at, and those that say nothing about a value.
const WORDS: [&str; 15] = [
    "$ref",
    "type",
    "properties",
    "items",
    "enum",
    "format",
    "default",
    "description",
    "title",
    "readOnly",
    "x-ms-summary",
    "x-ms-visibility",
    "x-typeName",
    "example",
    "x-ms-enum",
];

/// Keys that real records have and the file does not, by the end of their path.
const SEEN_IN_RECORDS: [&str; 21] = [
    "/@odata.nextLink",
    "/dealSensitivity",
    "/createdVia",
    "/isMatchingComplete",
    "/title",
    "/consentToMicrosoftToContactSpecificPartners",
    "/incentiveLevel",
    "/salesPlays",
    "/additionalRequirements/iot",
    "/additionalRequirements/attributes",
    "/invitedMpnId",
    "/microsoftUSFedOpportunityId",
    "/microsoftUSFedLeadId",
    "/migratedPSCDealId",
    "/migratedPSCPartnerDealId",
    "/registrations/0/type",
    "/solutionDetails/0/currency",
    "/emailValidationStatus",
    "/phoneValidationStatus",
    "/links/self",
    "/links/relatedReferrals",
];

impl Swagger {
    /// Everything in which `value` differs from `schema`.
    pub(crate) fn differences(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.compare(schema, value, "", &mut found);
        found
    }

    /// A schema, `$ref` followed.
    pub(crate) fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(name) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        let name = name.strip_prefix("#/definitions/").unwrap();
        self.0["definitions"].get(name).unwrap_or_else(|| panic!("no definition {name}"))
    }

    fn compare(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        for word in schema.as_object().into_iter().flat_map(|schema| schema.keys()) {
            assert!(WORDS.contains(&word.as_str()), "the validator does not know {word} at {path}");
        }
        // Swagger 2.0 cannot say that a value may be null; real records are full of nulls.
        if value.is_null() {
            return;
        }
        let fits = match schema.get("type").and_then(Value::as_str) {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("number") => value.is_number(),
            Some("integer") => value.is_i64(),
            None => true,
            Some(other) => panic!("the validator does not know the type {other}"),
        };
        if !fits {
            found.push(format!("{path} is no {}: {value}", schema["type"]));
            return;
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && !words.contains(value)
        {
            found.push(format!("{path} is none of {words:?}: {value}"));
        }
        if let Some(items) = value.as_array() {
            // One file's `tags` has texts with properties; only the type of an item is compared.
            let each = schema.get("items").cloned().unwrap_or_default();
            for (at, item) in items.iter().enumerate() {
                self.compare(&each, item, &format!("{path}/{at}"), found);
            }
        }
        let (Some(members), Some(known)) = (value.as_object(), schema.get("properties")) else {
            return;
        };
        for (key, value) in members {
            let path = format!("{path}/{key}");
            match known.get(key) {
                Some(schema) => self.compare(schema, value, &path, found),
                None if SEEN_IN_RECORDS.iter().any(|seen| path.ends_with(seen)) => {}
                None => found.push(format!("{path} is in no definition")),
            }
        }
    }
}

#[test]
fn differences_are_found() {
    let swagger = Swagger(serde_json::json!({
        "definitions": { "deal": { "type": "object", "properties": {
            "value": { "type": "number" },
            "stage": { "type": "string", "enum": ["a", "b"] },
            "team": { "type": "array", "items": { "properties": { "email": { "type": "string" } } } },
        } } }
    }));
    let schema = serde_json::json!({ "$ref": "#/definitions/deal" });
    let fine = serde_json::json!({ "value": 1.5, "stage": null, "team": [{ "email": "x" }] });
    assert_eq!(swagger.differences(&schema, &fine), [""; 0]);
    let bad =
        serde_json::json!({ "value": "1", "stage": "c", "team": [{ "email": 1 }], "new": true });
    assert_eq!(swagger.differences(&schema, &bad).len(), 4);
    assert_eq!(swagger.differences(&schema, &serde_json::json!([])).len(), 1);
}
