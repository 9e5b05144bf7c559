//! The head of a change event.
//!
//! In: the layout of an event as Avro JSON, an event's bytes. Out: object, kind, records, origin. Must not
//! know: the fields of objects. The only file that names the Avro library.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;

/// The layout of an object's events.
#[derive(Debug)]
pub(super) struct Layout(Schema);

/// What every event begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) object: String,
    pub(super) kind: String,
    pub(super) records: Vec<String>,
    pub(super) origin: String,
}

impl Layout {
    /// Reads a layout. None: it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Schema::parse_str(text).ok().map(Self)
    }

    /// The head of an event. None: its bytes have another layout.
    pub(super) fn head(&self, mut payload: &[u8]) -> Option<Head> {
        let reader = GenericDatumReader::builder(&self.0).build().ok()?;
        let event = reader.read_value(&mut payload).ok()?;
        let Value::Record(fields) = event else { return None };
        let (_, head) = fields.into_iter().find(|(name, _)| name == "ChangeEventHeader")?;
        let Value::Record(members) = head else { return None };
        let mut read = Head::default();
        for (name, value) in members {
            match name.as_str() {
                "entityName" => read.object = text(value)?,
                "changeType" => read.kind = text(value)?,
                "changeOrigin" => read.origin = text(value).unwrap_or_default(),
                "recordIds" => read.records = texts(value)?,
                _ => {}
            }
        }
        Some(read)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) | Value::Enum(_, text) => Some(text),
        Value::Union(_, inner) => text(*inner),
        _ => None,
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.into_iter().map(text).collect(),
        Value::Union(_, inner) => texts(*inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: &str = r#"{"type":"record","name":"OpportunityChangeEvent","fields":[
        {"name":"ChangeEventHeader","type":{"type":"record","name":"ChangeEventHeader","fields":[
            {"name":"entityName","type":"string"},
            {"name":"recordIds","type":{"type":"array","items":"string"}},
            {"name":"changeType","type":{"type":"enum","name":"ChangeType","symbols":["CREATE","UPDATE"]}},
            {"name":"changeOrigin","type":"string"}]}},
        {"name":"Amount","type":["null","double"],"default":null}]}"#;

    #[test]
    fn the_head_is_read_and_other_bytes_are_refused() {
        let layout = Layout::parse(LAYOUT).unwrap();
        // Lengths are zigzag: 4 characters are 8.
        let bytes = [b"\x08Deal\x02\x04ab\x00\x02\x00".as_slice(), b"\x00"].concat();
        let head = layout.head(&bytes).unwrap();
        let records = vec!["ab".to_owned()];
        let (object, kind) = ("Deal".to_owned(), "UPDATE".to_owned());
        assert_eq!(head, Head { object, kind, records, origin: String::new() });
        assert_eq!(layout.head(&bytes[..4]), None);
        assert!(Layout::parse("{}").is_none());
    }
}
