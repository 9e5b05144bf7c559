//! A reader of change events, written from the specifications alone. In come a schema and bytes, or bitmaps;
//! out go values and names. It must not know the sandbox.

use serde_json::{Map, Value, json};

/// What remains to be read of a datum.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take(&mut self, count: usize) -> Vec<u8> {
        let (part, rest) = self.0.split_at(count);
        self.0 = rest;
        part.to_vec()
    }

    fn long(&mut self) -> i64 {
        let mut value = 0_u64;
        for place in 0..10 {
            let byte = self.take(1)[0];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let half = i64::try_from(value >> 1).unwrap();
        if value & 1 == 1 { -half - 1 } else { half }
    }
}

/// Reads one datum; nothing may be left over.
pub(crate) fn decode(schema: &Value, bytes: &[u8]) -> Value {
    let mut bytes = Bytes(bytes);
    let mut named = Map::new();
    note_names(schema, &mut named);
    let value = read(schema, &named, &mut bytes);
    assert!(bytes.0.is_empty(), "{} bytes are left over", bytes.0.len());
    value
}

/// All named types of a schema.
fn note_names(schema: &Value, named: &mut Map<String, Value>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| note_names(item, named)),
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            if let (Some("record" | "enum"), Some(name)) = (text("type"), text("name")) {
                named.insert(name.to_owned(), schema.clone());
            }
            for part in ["type", "fields", "items"] {
                map.get(part).into_iter().for_each(|part| note_names(part, named));
            }
        }
        _ => {}
    }
}

fn read(schema: &Value, named: &Map<String, Value>, bytes: &mut Bytes<'_>) -> Value {
    if let Some(branches) = schema.as_array() {
        let branch = usize::try_from(bytes.long()).unwrap();
        return read(&branches[branch], named, bytes);
    }
    let word = schema.as_str().or_else(|| schema["type"].as_str()).unwrap();
    match word {
        "null" => Value::Null,
        "boolean" => json!(bytes.take(1)[0] == 1),
        "int" | "long" => json!(bytes.long()),
        "double" => json!(f64::from_le_bytes(bytes.take(8).try_into().unwrap())),
        "string" => {
            let length = usize::try_from(bytes.long()).unwrap();
            json!(String::from_utf8(bytes.take(length)).unwrap())
        }
        "enum" => schema["symbols"][usize::try_from(bytes.long()).unwrap()].clone(),
        "array" => {
            let mut items = Vec::new();
            loop {
                let count = bytes.long();
                if count == 0 {
                    return Value::Array(items);
                }
                for _ in 0..count {
                    items.push(read(&schema["items"], named, bytes));
                }
            }
        }
        "record" => {
            let mut record = Map::new();
            for field in schema["fields"].as_array().unwrap() {
                let name = field["name"].as_str().unwrap().to_owned();
                record.insert(name, read(&field["type"], named, bytes));
            }
            Value::Object(record)
        }
        name => read(&named[name], named, bytes),
    }
}

/// The names that bitmaps of an event's header stand for: the hexadecimal text is turned into ones and zeros,
/// and these are read from the end.
pub(crate) fn names(schema: &Value, bitmaps: &Value) -> Vec<String> {
    let mut named = Map::new();
    note_names(schema, &mut named);
    let fields = schema["fields"].as_array().unwrap();
    let mut out = Vec::new();
    for bitmap in bitmaps.as_array().unwrap().iter().map(|bitmap| bitmap.as_str().unwrap()) {
        match bitmap.split_once('-') {
            None => {
                out.extend(
                    bits(bitmap).map(|bit| fields[bit]["name"].as_str().unwrap().to_owned()),
                );
            }
            Some((place, bitmap)) => {
                let field = &fields[place.parse::<usize>().unwrap()];
                let record = field["type"].as_array().unwrap().last().unwrap();
                let record = record.as_str().map_or(record, |name| &named[name]);
                for bit in bits(bitmap) {
                    let part = &record["fields"][bit]["name"];
                    out.push(format!(
                        "{}.{}",
                        field["name"].as_str().unwrap(),
                        part.as_str().unwrap()
                    ));
                }
            }
        }
    }
    out
}

fn bits(bitmap: &str) -> impl Iterator<Item = usize> {
    let digits = bitmap.strip_prefix("0x").unwrap();
    assert_eq!(digits.len() % 2, 0, "whole bytes: {bitmap}");
    let binary: String = digits
        .chars()
        .fold(String::new(), |out, digit| out + &format!("{:04b}", digit.to_digit(16).unwrap()));
    let set: Vec<usize> =
        binary.chars().rev().enumerate().filter(|(_, bit)| *bit == '1').map(|(at, _)| at).collect();
    set.into_iter()
}

#[test]
fn the_reader_reads_captured_bitmaps() {
    assert_eq!(bits("0x100000000000800000").collect::<Vec<_>>(), [23, 68]);
    assert_eq!(bits("0x0180").collect::<Vec<_>>(), [7, 8]);
}
