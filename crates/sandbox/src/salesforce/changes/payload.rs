//! A change as its subscribers read it. In come a sealed change and the schema that it was written with;
//! out go Avro bytes for gRPC, or JSON for long polls. It must not know who subscribes.

use serde_json::{Map, Value, json};

use super::{
    avro, bitmap, diff,
    log::{Change, Kind},
    schema,
};

/// The event as one Avro datum: all fields, with bitmaps that say which of them mean something.
pub(crate) fn avro(change: &Change, schema: &Value) -> Vec<u8> {
    let mut fields = change.entry.fields.clone();
    let diffs = diffs(change);
    fields.extend(diffs.iter().map(|(name, diff)| (name.clone(), json!(diff))));
    let mut event = schema::nest(schema, &fields);
    let bitmaps = |names: &[String]| json!(bitmap::bitmaps(schema, names));
    let names: Vec<String> = diffs.into_iter().map(|(name, _)| name).collect();
    let sets = [&change.entry.nulled, &names, &change.entry.changed].map(|set| bitmaps(set));
    let header = header(change, sets);
    event.insert("ChangeEventHeader".to_owned(), header);
    avro::encode(schema, &Value::Object(event))
}

/// The event as JSON: the fields that it has, with their names.
pub(crate) fn json(change: &Change, schema_id: &str, schema: &Value) -> Value {
    let mut payload = Map::new();
    let names =
        |names: &[String]| json!(names.iter().map(|n| dotted(schema, n)).collect::<Vec<_>>());
    let diffs = diffs(change);
    let different: Vec<String> = diffs.iter().map(|(name, _)| name.clone()).collect();
    let sets = [&change.entry.nulled, &different, &change.entry.changed].map(|set| names(set));
    let header = header(change, sets);
    payload.insert("ChangeEventHeader".to_owned(), header);
    let shown = change.entry.fields.iter().map(|(name, value)| (name.clone(), moment(value)));
    let mut fields: Map<String, Value> = shown.collect();
    fields.extend(diffs.into_iter().map(|(name, diff)| (name, json!({ "diff": diff }))));
    payload.extend(schema::nest(schema, &fields));
    json!({ "schema": schema_id, "payload": payload, "event": { "replayId": change.number } })
}

/// Fields that travel as differences, and these.
fn diffs(change: &Change) -> Vec<(String, String)> {
    let pairs = change.entry.old.iter().filter_map(|(name, old)| {
        let new = change.entry.fields.get(name)?.as_str().filter(|new| diff::is_long(new))?;
        let diff = diff::unified(old.as_str()?, new);
        // What would be longer than the text itself is sent as text.
        (diff.len() < new.len()).then(|| (name.clone(), diff))
    });
    pairs.collect()
}

/// The header with its three sets of fields.
fn header(change: &Change, [nulled, diff, changed]: [Value; 3]) -> Value {
    json!({
        "entityName": change.entry.entity,
        "recordIds": change.entry.records,
        "changeType": change.entry.kind.word(),
        "changeOrigin": change.entry.origin,
        "transactionKey": change.key,
        "sequenceNumber": change.sequence,
        "commitTimestamp": change.at,
        "commitNumber": change.commit,
        "commitUser": change.entry.user,
        "nulledFields": nulled,
        "diffFields": diff,
        "changedFields": changed,
    })
}

/// `BillingAddress.City` for `BillingCity`.
fn dotted(schema: &Value, flat: &str) -> String {
    let found = schema::place(schema, flat).and_then(|(outer, inner)| {
        let field = schema.get("fields")?.get(outer)?;
        let part = schema::nested(schema, field)?.get(inner?)?;
        Some(format!("{}.{}", field.get("name")?.as_str()?, part.get("name")?.as_str()?))
    });
    found.unwrap_or_else(|| flat.to_owned())
}

/// Moments leave with `Z` here.
pub(crate) fn moment(value: &Value) -> Value {
    match value.as_str().and_then(|text| text.strip_suffix(".000+0000")) {
        Some(text) if text.len() == 19 => json!(format!("{text}.000Z")),
        Some(_) | None => value.clone(),
    }
}

/// A replay id as gRPC carries it: ten bytes.
pub(crate) fn replay_bytes(number: i64) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes
}

/// Undoes `replay_bytes`; anything else is no replay id. Clients that keep it as a number send eight bytes.
pub(crate) fn replay_number(bytes: &[u8]) -> Option<i64> {
    let number = if bytes.len() == 8 { bytes } else { bytes.strip_suffix(&[0, 0])? };
    Some(i64::from_be_bytes(number.try_into().ok()?))
}

/// The word that a change's kind has when only the fact is told.
pub(crate) fn gap(word: &str) -> Option<Kind> {
    Kind::named(word).filter(|kind| kind.is_gap())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_id_is_that_of_a_captured_event() {
        let bytes = crate::sign::from_base64("AAAAAAAXkCkAAA==").unwrap();
        let number = replay_number(&bytes).unwrap();
        assert_eq!(replay_bytes(number), bytes);
        assert_eq!(replay_number(&bytes[..8]), Some(number));
        for bad in [&b""[..], b"1234567", b"123456789a", b"12345678901"] {
            assert_eq!(replay_number(bad), None);
        }
    }
}
