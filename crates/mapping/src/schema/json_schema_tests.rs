//! The JSON Schema that editors use says what the reader of schema files says.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::read::{Node, parse};
use super::{Kind, Schemas, System};

const FILES: [&str; 4] = [
    include_str!("../../../../mappings/schemas/referral.yaml"),
    include_str!("../../../../mappings/schemas/opportunity.yaml"),
    include_str!("../../../../mappings/schemas/lead.yaml"),
    include_str!("../../../../mappings/schemas/salesforce.yaml"),
];

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../mappings/schemas/schema.schema.json")).unwrap()
}

fn value_of(node: &Node) -> Value {
    match node {
        Node::Text(text) => json!(text),
        Node::Number(number) => json!(number),
        Node::Bool(flag) => json!(flag),
        Node::Null => Value::Null,
        Node::Other(_) => json!(-1),
        Node::List(items) => items.iter().map(value_of).collect(),
        Node::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(name, value)| match name {
                    Node::Text(name) => (name.clone(), value_of(value)),
                    other => (value_of(other).to_string(), value_of(value)),
                })
                .collect(),
        ),
    }
}

/// What a validator of draft 7 does, as far as this schema needs it.
fn conforms(root: &Value, schema: &Value, value: &Value) -> bool {
    let ok = |schema: &Value, value: &Value| conforms(root, schema, value);
    let all =
        |list: &Value, test: &dyn Fn(&Value) -> bool| list.as_array().unwrap().iter().all(test);
    schema.as_object().unwrap().iter().all(|(word, rule)| match word.as_str() {
        "$schema" | "title" | "description" | "definitions" | "then" => true,
        "$ref" => ok(root.pointer(&rule.as_str().unwrap()[1..]).unwrap(), value),
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64() || value.is_i64(),
            other => panic!("type {other}"),
        },
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value,
        "pattern" => value.as_str().is_none_or(|text| match rule.as_str().unwrap() {
            "\\S" => !text.trim().is_empty(),
            "^/" => text.starts_with('/'),
            other => panic!("pattern {other}"),
        }),
        "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| ok(rule, item))),
        "uniqueItems" => value.as_array().is_none_or(|items| {
            items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
        }),
        "required" => value
            .as_object()
            .is_none_or(|members| all(rule, &|name| members.contains_key(name.as_str().unwrap()))),
        "properties" => value.as_object().is_none_or(|members| {
            let rules = rule.as_object().unwrap();
            members.iter().all(|(name, value)| rules.get(name).is_none_or(|rule| ok(rule, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|members| {
            let known = schema.get("properties").and_then(Value::as_object);
            let mut others =
                members.iter().filter(|(name, _)| known.is_none_or(|k| !k.contains_key(*name)));
            match rule {
                Value::Bool(allowed) => *allowed || others.next().is_none(),
                rule => others.all(|(_, value)| ok(rule, value)),
            }
        }),
        "dependencies" => value.as_object().is_none_or(|members| {
            let rules = rule.as_object().unwrap();
            rules.iter().all(|(name, rule)| !members.contains_key(name) || ok(rule, value))
        }),
        "allOf" => all(rule, &|rule| ok(rule, value)),
        "anyOf" => rule.as_array().unwrap().iter().any(|rule| ok(rule, value)),
        "if" => !ok(rule, value) || ok(&schema["then"], value),
        other => panic!("the test knows no `{other}`"),
    })
}

fn refused(text: &str) -> bool {
    let root = schema();
    parse(text).map_or(true, |node| !conforms(&root, &root, &value_of(&node)))
}

/// Whether a file is read in the place of one that we ship, with the others beside it.
fn is_read_as(place: usize, text: &str) -> bool {
    let mut files = FILES.map(str::to_owned);
    files[place] = text.to_owned();
    let files: Vec<(String, String)> =
        files.into_iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), text)).collect();
    Schemas::from_yaml(&files).is_ok()
}

fn is_read(text: &str) -> bool {
    Schemas::from_yaml(&[("a.yaml".to_owned(), text.to_owned())]).is_ok()
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_we_ship_conforms() {
    for text in FILES {
        assert!(!refused(text));
    }
}

#[test]
fn it_knows_the_settings_that_the_reader_knows() {
    let schema = schema();
    let field = &schema["definitions"]["field"];
    let settings: Vec<&String> = field["properties"].as_object().unwrap().keys().collect();
    let mut known = super::field::SETTINGS.to_vec();
    known.sort_unstable();
    let mut settings: Vec<&str> = settings.into_iter().map(String::as_str).collect();
    settings.sort_unstable();
    assert_eq!(settings, known);
    assert_eq!(names(&field["properties"]["type"]["enum"]), Kind::ALL.map(Kind::name));
    assert_eq!(names(&schema["properties"]["system"]["enum"]), System::ALL.map(System::name));
    let of = |kinds: &dyn Fn(Kind) -> bool| -> Vec<&str> {
        Kind::ALL.into_iter().filter(|kind| kinds(*kind)).map(Kind::name).collect()
    };
    let only = |name: &str| names(&field["dependencies"][name]["properties"]["type"]["enum"]);
    assert_eq!(only("length"), of(&Kind::is_text));
    assert_eq!(only("values"), of(&Kind::has_values));
}

/// Edits of a shipped file that the reader refuses, and that a schema can express.
const WRONG: &[(&str, &str)] = &[
    ("system: salesforce", "system: sales"),
    ("system: salesforce\n", ""),
    ("objects:\n", "object:\n"),
    ("    key: Id\n", ""),
    ("    key: Id\n", "    key: 5\n"),
    ("    key: Id\n", "    keys: Id\n"),
    ("    label: Opportunity\n", "    label: \"\"\n"),
    ("    label: Opportunity\n", "    label: true\n"),
    ("type: id", "type: ident"),
    ("{ type: date, label: Close date, required: true }", "{ label: Close date }"),
    ("{ type: date, label: Close date, required: true }", "5"),
    ("{ type: date, label: Close date, required: true }", "{ type: date, lenght: 5 }"),
    ("{ type: date, label: Close date, required: true }", "{ type: date, length: 5 }"),
    ("{ type: date, label: Close date, required: true }", "{ type: date, values: [a] }"),
    ("{ type: date, label: Close date, required: true }", "{ type: date, required: yes please }"),
    (
        "{ type: date, label: Close date, required: true }",
        "{ type: date, required: true, access: read }",
    ),
    (
        "{ type: date, label: Close date, required: true }",
        "{ type: date, clearable: true, access: create }",
    ),
    ("{ type: date, label: Close date, required: true }", "{ type: date, access: always }"),
    ("{ type: date, label: Close date, required: true }", "{ type: bool, one_way: maybe }"),
    ("{ type: date, label: Close date, required: true }", "{ type: enum, values: [a, a] }"),
    ("{ type: date, label: Close date, required: true }", "{ type: enum, values: [{ label: a }] }"),
    (
        "{ type: date, label: Close date, required: true }",
        "{ type: enum, values: [{ value: a, on: true }] }",
    ),
    ("{ type: date, label: Close date, required: true }", "{ type: enum, values: a }"),
    ("{ type: date, label: Close date, required: true }", "{ type: text, restricted: true }"),
    ("{ type: date, label: Close date, required: true }", "{ type: object }"),
    ("{ type: date, label: Close date, required: true }", "{ type: list, key: id }"),
    ("precision: 18, scale: 2", "precision: 39, scale: 2"),
    ("precision: 18, scale: 2", "precision: 18, scale: -2"),
    ("precision: 18, scale: 2", "precision: \"18\", scale: 2"),
    ("length: 120", "length: 0"),
    ("length: 120", "length: 1.5"),
    ("to: Account, relationship: Account", "relationship: Account"),
    ("to: Account, relationship: Account", "to: Account, through: all"),
];

#[test]
fn what_the_reader_refuses_it_refuses_where_it_can() {
    let [_, opportunity, ..] = FILES;
    assert!(is_read_as(1, opportunity));
    for (from, to) in WRONG {
        assert!(opportunity.contains(from), "{from}");
        let edited = opportunity.replacen(from, to, 1);
        assert!(!is_read_as(1, &edited), "the reader takes {to}");
        assert!(refused(&edited), "the schema takes {to}");
    }
    let [referral, ..] = FILES;
    for (from, to) in [
        ("        - from: [New, Pending]\n", "        - form: [New, Pending]\n"),
        ("patch: /status\n", "patch: status\n"),
        ("      moves:\n", "      move:\n"),
        ("      terminal:\n", "      terminal: Closed\n      initials:\n"),
    ] {
        assert!(referral.contains(from), "{from}");
        let edited = referral.replacen(from, to, 1);
        assert!(!is_read_as(0, &edited) && refused(&edited), "{to}");
    }
}

/// A setting with a value that may fit it.
fn setting() -> impl Strategy<Value = (&'static str, String)> {
    let values = prop::sample::select(vec![
        "true",
        "false",
        "5",
        "0",
        "39",
        "text",
        "[a, b]",
        "[a, a]",
        "read",
        "create",
        "write",
        "/x",
        "\"\"",
        "{ id: { type: id } }",
        "id",
        "Account",
    ]);
    (prop::sample::select(&super::field::SETTINGS[1..]), values.prop_map(str::to_owned))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// An editor must not mark what is right.
    #[test]
    fn what_the_reader_takes_it_takes(
        kind in prop::sample::select(Kind::ALL.map(Kind::name).to_vec()),
        settings in prop::collection::btree_map(0..9_u8, setting(), 0..3),
        system in prop::sample::select(System::ALL.map(System::name).to_vec()),
    ) {
        let given: std::collections::BTreeMap<_, _> = settings.into_values().collect();
        let given: Vec<String> = given.iter().map(|(name, value)| format!(", {name}: {value}")).collect();
        let given = given.concat();
        let text = format!(
            "system: {system}\nobjects:\n  O:\n    key: id\n    fields:\n      \
             id: {{ type: id, access: read }}\n      x: {{ type: {kind}{given} }}\n"
        );
        if is_read(&text) {
            prop_assert!(!refused(&text), "{}", text);
        }
    }
}
