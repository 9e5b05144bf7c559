//! One Avro datum without a container. In come a schema and a value, both JSON; out go bytes, with what the
//! value lacks as nulls and zeros. It must not know events.

use std::collections::HashMap;

use serde_json::Value;

use crate::clock;

/// The named types of a schema, met before they are referred to.
type Names<'s> = HashMap<&'s str, &'s Value>;

/// Encodes a value.
pub(crate) fn encode(schema: &Value, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(schema, value, &mut Names::new(), &mut out);
    out
}

fn name(schema: &Value) -> &str {
    schema.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn list<'s>(schema: &'s Value, key: &str) -> &'s [Value] {
    schema.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn write<'s>(schema: &'s Value, value: &Value, names: &mut Names<'s>, out: &mut Vec<u8>) {
    match schema {
        Value::String(word) => match names.get(word.as_str()).copied() {
            Some(named) => write(named, value, names, out),
            None => primitive(word, value, out),
        },
        Value::Array(branches) => {
            learn(branches, names);
            let chosen = branch(branches, value, names);
            long(i64::try_from(chosen).unwrap_or_default(), out);
            if let Some(schema) = branches.get(chosen) {
                write(schema, value, names, out);
            }
        }
        Value::Object(map) => match map.get("type").and_then(Value::as_str).unwrap_or_default() {
            "record" => {
                names.insert(name(schema), schema);
                for field in list(schema, "fields") {
                    let part = value.get(name(field)).unwrap_or(&Value::Null);
                    write(field.get("type").unwrap_or(&Value::Null), part, names, out);
                }
            }
            "enum" => {
                names.insert(name(schema), schema);
                let at = list(schema, "symbols").iter().position(|symbol| symbol == value);
                long(at.and_then(|at| i64::try_from(at).ok()).unwrap_or_default(), out);
            }
            "array" => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if !items.is_empty() {
                    long(i64::try_from(items.len()).unwrap_or_default(), out);
                }
                for item in items {
                    write(map.get("items").unwrap_or(&Value::Null), item, names, out);
                }
                long(0, out);
            }
            word => primitive(word, value, out),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A union that is left at `null` still says what its record is called.
fn learn<'s>(branches: &'s [Value], names: &mut Names<'s>) {
    for branch in branches.iter().filter(|branch| branch.is_object()) {
        names.insert(name(branch), branch);
    }
}

/// The branch of a union that a value takes: null, a record for objects, else the first other one.
fn branch(branches: &[Value], value: &Value, names: &Names<'_>) -> usize {
    let is_record = |branch: &Value| {
        let known = branch.as_str().and_then(|word| names.get(word));
        branch.is_object() || known.is_some()
    };
    let fits = |branch: &Value| match value {
        Value::Null => branch == "null",
        Value::Object(_) => is_record(branch),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            branch != "null" && !is_record(branch)
        }
    };
    branches.iter().position(fits).unwrap_or_default()
}

fn primitive(word: &str, value: &Value, out: &mut Vec<u8>) {
    match word {
        "string" | "bytes" => {
            let text = value.as_str().unwrap_or_default();
            long(i64::try_from(text.len()).unwrap_or_default(), out);
            out.extend_from_slice(text.as_bytes());
        }
        "boolean" => out.push(u8::from(value.as_bool().unwrap_or_default())),
        "int" | "long" => long(whole(value), out),
        // The only place where a number becomes binary: Salesforce's events do it too.
        "double" => out.extend_from_slice(&value.as_f64().unwrap_or_default().to_le_bytes()),
        _ => {}
    }
}

/// A whole number; stored days and moments become milliseconds.
fn whole(value: &Value) -> i64 {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => return number.as_i64().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return 0,
    };
    let seconds = match text.len() {
        10 => clock::seconds(&format!("{text}T00:00:00Z")),
        _ => clock::seconds(text),
    };
    seconds.unwrap_or_default() * 1000
}

/// Zigzag, seven bits a byte, the smallest first.
fn long(number: i64, out: &mut Vec<u8>) {
    let mut rest = number.cast_unsigned() << 1 ^ (number >> 63).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn primitives_are_written_as_the_specification_shows() {
        for (number, bytes) in [
            (0, vec![0]),
            (-1, vec![1]),
            (1, vec![2]),
            (-64, vec![0x7f]),
            (64, vec![0x80, 0x01]),
            (i64::MIN, vec![255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ] {
            assert_eq!(encode(&json!("long"), &json!(number)), bytes, "{number}");
        }
        assert_eq!(encode(&json!("string"), &json!("foo")), [6, b'f', b'o', b'o']);
        let array = json!({ "type": "array", "items": "long" });
        assert_eq!(encode(&array, &json!([3, 27])), [4, 6, 54, 0]);
        assert_eq!(encode(&json!(["null", "string"]), &json!("a")), [2, 2, b'a']);
        assert_eq!(encode(&json!(["null", "string"]), &Value::Null), [0]);
        assert_eq!(
            encode(&json!("long"), &json!("1970-01-02")),
            encode(&json!("long"), &json!(86_400_000))
        );
    }

    #[test]
    fn a_named_record_is_found_again_though_its_first_use_was_null() {
        let place =
            json!({ "type": "record", "name": "P", "fields": [{ "name": "x", "type": "int" }] });
        let schema = json!({ "type": "record", "name": "R", "fields": [
            { "name": "a", "type": ["null", place] },
            { "name": "b", "type": ["null", "P"] },
        ] });
        assert_eq!(encode(&schema, &json!({ "b": { "x": 1 } })), [0, 2, 2]);
    }
}
