//! The head of a change event, which each event begins with.
//!
//! In: the layout of an event as Avro JSON, an event's bytes. Out: object, kind, records, origin. Must not
//! know: the fields of objects: nothing behind the head is read.

use serde_json::Value;

/// More items than an event may name are no event.
const MOST_ITEMS: i64 = 100_000;

/// The layout of the head of an object's events.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout(Vec<(String, Type)>);

/// What a member of the head is.
#[derive(Debug, PartialEq, Eq)]
enum Type {
    Null,
    Flag,
    /// `int` and `long` look alike.
    Number,
    /// `string` and `bytes` look alike.
    Text,
    Enum(Vec<String>),
    List(Box<Type>),
    Union(Vec<Type>),
}

/// What was read of a member.
#[derive(Debug)]
enum Read {
    Text(String),
    Texts(Vec<String>),
    Other,
}

/// What every event begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) object: String,
    pub(super) kind: String,
    pub(super) records: Vec<String>,
    pub(super) origin: String,
}

impl Layout {
    /// Reads a layout. None: it is none, or its events do not begin with a head that is known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let layout: Value = serde_json::from_str(text).ok()?;
        let head = layout.get("fields")?.get(0)?;
        if head.get("name")?.as_str()? != "ChangeEventHeader" {
            return None;
        }
        let members = head.get("type")?.get("fields")?.as_array()?;
        let member = |member: &Value| {
            Some((member.get("name")?.as_str()?.to_owned(), Type::parse(member.get("type")?)?))
        };
        members.iter().map(member).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The head of an event. None: its bytes have another layout.
    pub(super) fn head(&self, payload: &[u8]) -> Option<Head> {
        let mut bytes = Bytes(payload);
        let mut head = Head::default();
        for (name, kind) in &self.0 {
            match (name.as_str(), bytes.read(kind)?) {
                ("entityName", Read::Text(text)) => head.object = text,
                ("changeType", Read::Text(text)) => head.kind = text,
                ("changeOrigin", Read::Text(text)) => head.origin = text,
                ("recordIds", Read::Texts(texts)) => head.records = texts,
                (_, Read::Text(_) | Read::Texts(_) | Read::Other) => {}
            }
        }
        (!head.object.is_empty() && !head.kind.is_empty()).then_some(head)
    }
}

impl Type {
    fn parse(json: &Value) -> Option<Self> {
        if let Some(branches) = json.as_array() {
            return branches.iter().map(Self::parse).collect::<Option<_>>().map(Self::Union);
        }
        let word = json.as_str().or_else(|| json.get("type")?.as_str());
        Some(match word {
            Some("null") => Self::Null,
            Some("boolean") => Self::Flag,
            Some("int" | "long") => Self::Number,
            Some("string" | "bytes") => Self::Text,
            Some("enum") => {
                let symbols = json.get("symbols")?.as_array()?.iter();
                let symbols = symbols.map(|symbol| symbol.as_str().map(str::to_owned));
                Self::Enum(symbols.collect::<Option<_>>()?)
            }
            Some("array") => Self::List(Box::new(Self::parse(json.get("items")?)?)),
            Some(_) => return None,
            // A type that stands within `type`.
            None => Self::parse(json.get("type").filter(|inner| !inner.is_null())?)?,
        })
    }
}

/// What is left of an event.
struct Bytes<'p>(&'p [u8]);

impl Bytes<'_> {
    fn read(&mut self, kind: &Type) -> Option<Read> {
        Some(match kind {
            Type::Null => Read::Other,
            Type::Flag => {
                self.take(1)?;
                Read::Other
            }
            Type::Number => {
                self.number()?;
                Read::Other
            }
            Type::Text => Read::Text(self.text()?),
            Type::Enum(symbols) => Read::Text(symbols.get(self.index()?)?.clone()),
            Type::Union(branches) => {
                let branch = self.index()?;
                self.read(branches.get(branch)?)?
            }
            Type::List(items) => Read::Texts(self.list(items)?),
        })
    }

    /// Blocks of items; a block whose count is below zero says its length in bytes too.
    fn list(&mut self, items: &Type) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        loop {
            let count = self.number()?;
            if count == 0 {
                return Some(texts);
            }
            if count < 0 {
                self.number()?;
            }
            for _ in 0..count.checked_abs().filter(|count| *count <= MOST_ITEMS)? {
                match self.read(items)? {
                    Read::Text(text) => texts.push(text),
                    Read::Texts(_) | Read::Other => {}
                }
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        let length = self.index()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn index(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A number in groups of seven bits, the lowest first, its sign in the lowest bit.
    fn number(&mut self) -> Option<i64> {
        let mut found: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            found |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                let half = i64::try_from(found >> 1).ok()?;
                return Some(if found & 1 == 0 { half } else { -half - 1 });
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
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
            {"name":"changeOrigin","type":["null","string"]},
            {"name":"commitNumber","type":"long"},
            {"name":"nulledFields","type":{"type":"array","items":"string"}}]}},
        {"name":"Amount","type":["null","double"],"default":null}]}"#;

    /// Lengths and counts are doubled: 4 characters are 8.
    const EVENT: &[u8] = b"\x08Deal\x02\x04ab\x00\x02\x02\x02x\xac\x02\x01\x06\x04cd\x00rest";

    #[test]
    fn the_head_is_read_and_what_follows_it_is_left() {
        let layout = Layout::parse(LAYOUT).unwrap();
        let records = vec!["ab".to_owned()];
        let [object, kind, origin] = ["Deal", "UPDATE", "x"].map(str::to_owned);
        assert_eq!(layout.head(EVENT), Some(Head { object, kind, records, origin }));
    }

    #[test]
    fn other_bytes_and_other_layouts_are_refused() {
        let layout = Layout::parse(LAYOUT).unwrap();
        for end in 0..EVENT.len() - 5 {
            assert_eq!(layout.head(&EVENT[..end]), None, "{end}");
        }
        // A length of more than there is, an enum's symbol that is none, a number without an end.
        for bytes in [&b"\xfe\xff\xff\xff\x0fD"[..], b"\x08Deal\x00\x08", &[0xff; 12]] {
            assert_eq!(layout.head(bytes), None, "{bytes:?}");
        }
        for text in
            ["", "{}", r#"{"fields":[]}"#, r#"{"fields":[{"name":"Amount","type":"double"}]}"#]
        {
            assert_eq!(Layout::parse(text), None, "{text}");
        }
        let float = LAYOUT.replace("\"long\"", "\"float\"");
        assert_eq!(Layout::parse(&float), None);
    }
}
