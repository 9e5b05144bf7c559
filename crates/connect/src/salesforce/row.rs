//! Pages of records, and the marks every record carries.
//!
//! In: the text of answers. Out: records as raw text with id and times, and the path of the next page
//! when it is one we may follow. It sends nothing.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::ids::RecordId;
use crate::members::Members;

/// One record. Everything but `body` is the part of it that synchronisation itself needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The record's id.
    pub id: RecordId,
    /// `SystemModstamp`: the last change by anybody or by the system.
    pub modified: Option<Timestamp>,
    /// `LastModifiedDate`: the last change by a user or an app.
    pub last_modified: Option<Timestamp>,
    /// `LastModifiedById`: who made it.
    pub modified_by: Option<String>,
    /// The JSON text of the record as received, with parents and related lists inside.
    pub body: String,
}

/// One page of a query.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) records: Vec<String>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    done: bool,
    #[serde(rename = "nextRecordsUrl")]
    next: Option<String>,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

/// The field by which a record in the recycle bin says so.
pub(super) const DELETED: &str = "IsDeleted";

/// The field by which a record that was merged into another one names that one. Some objects have it.
pub const MASTER: &str = "MasterRecordId";

/// Where a question for changes goes on behind these records, the last of which was changed at `stamp`: that, and its
/// id. None behind a page that is not full, after which nothing comes.
pub fn behind(rows: &[Row], stamp: Option<Timestamp>, limit: u32) -> Option<(Timestamp, RecordId)> {
    let is_full = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= limit;
    let last = rows.last().filter(|_| is_full)?;
    Some((stamp?, last.id.clone()))
}

impl Row {
    /// The record into which this one was merged; known only when [`MASTER`] was asked for.
    pub fn merged_into(&self) -> Option<RecordId> {
        RecordId::parse(&Members::of(&self.body)?.text(MASTER)?).ok()
    }

    /// Whether the record is in the recycle bin; known only when it was asked for.
    pub fn is_deleted(&self) -> bool {
        Members::of(&self.body)
            .and_then(|members| members.raw(DELETED))
            .is_some_and(|flag| flag.get() == "true")
    }

    /// Reads the marks of a record. `None` when it is no JSON object with an id.
    pub(super) fn from_text(body: String) -> Option<Self> {
        let members = Members::of(&body)?;
        Some(Self {
            id: RecordId::parse(&members.text("Id")?).ok()?,
            modified: members.moment("SystemModstamp"),
            last_modified: members.moment("LastModifiedDate"),
            modified_by: members.text("LastModifiedById"),
            body,
        })
    }
}

/// Reads a page. `None` when it is no page, or says that there is more but not where.
pub(super) fn page(text: &str) -> Option<Page> {
    let envelope: Envelope<'_> = serde_json::from_str(text).ok()?;
    let next = match (envelope.done, envelope.next) {
        (true, _) => None,
        (false, link) => Some(own_path(&link?)?),
    };
    let records = envelope.records.iter().map(|record| record.get().to_owned()).collect();
    Some(Page { records, next })
}

/// The id in the answer to a create or upsert.
pub(super) fn written(text: &str) -> Option<RecordId> {
    RecordId::parse(&Members::of(text)?.text("id")?).ok()
}

/// Where a related list of `record` goes on, when it did not fit.
pub(super) fn rest_of(record: &str, relationship: &str) -> Option<String> {
    let list = Members::of(record)?.raw(relationship)?.get();
    let envelope: Envelope<'_> = serde_json::from_str(list).ok()?;
    if envelope.done { None } else { own_path(&envelope.next?) }
}

/// Adds the rest of a related list, and marks the list as complete.
pub(super) fn append(mut record: Value, relationship: &str, more: &[String]) -> Option<Value> {
    let members = record.as_object_mut()?;
    let key = members.keys().find(|key| key.eq_ignore_ascii_case(relationship))?.clone();
    let list = members.get_mut(&key)?.as_object_mut()?;
    let records = list.get_mut("records")?.as_array_mut()?;
    for text in more {
        records.push(serde_json::from_str(text).ok()?);
    }
    list.insert("done".to_owned(), Value::Bool(true));
    list.shift_remove("nextRecordsUrl");
    Some(record)
}

/// The names in a list of objects.
pub(super) fn object_names(text: &str) -> Option<Vec<String>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let objects = answer.get("sobjects")?.as_array()?;
    objects.iter().map(|object| object.get("name")?.as_str().map(str::to_owned)).collect()
}

/// The path of a link to more records. A host in the link means nothing and is dropped.
fn own_path(link: &str) -> Option<String> {
    let path = match link.split_once("://") {
        Some((_, rest)) => rest.get(rest.find('/')?..)?,
        None => link,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    let ours = path.starts_with("/services/data/v")
        && path.contains("/query")
        && path.bytes().all(plain)
        && !path.contains("..");
    ours.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_its_text() {
        let body = r#"{"Id":"0065g00000TwAbC","Amount":125000.10,
            "SystemModstamp":"2026-03-02T09:20:11.000+0000","LastModifiedById":"005x"}"#;
        let row = Row::from_text(body.to_owned()).unwrap();
        assert_eq!(row.id.as_str(), "0065g00000TwAbCAAV");
        assert_eq!(row.modified.unwrap().to_string(), "2026-03-02T09:20:11Z");
        assert_eq!((row.last_modified, row.modified_by.as_deref()), (None, Some("005x")));
        assert_eq!(row.body, body);
        assert!(Row::from_text("{}".to_owned()).is_none());
    }

    #[test]
    fn only_paths_of_queries_are_followed() {
        let path = "/services/data/v66.0/query/0r85g00000TwQlAAAV-2000";
        assert_eq!(own_path(path).as_deref(), Some(path));
        assert_eq!(own_path(&format!("https://evil.example{path}")).as_deref(), Some(path));
        for bad in [
            "",
            "//evil.example/services/data/v66.0/query/x",
            "/services/data/v66.0/query/../../x",
            "/services/data/v66.0/sobjects/Lead",
            "/services/data/v66.0/query/x?y=z",
            "https://evil.example",
        ] {
            assert_eq!(own_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_page_that_hides_the_rest_is_no_page() {
        assert!(page(r#"{"done":true,"records":[{"Id":"x"}]}"#).is_some());
        assert!(page(r#"{"done":false,"records":[]}"#).is_none());
        assert!(page(r#"{"done":false,"nextRecordsUrl":"/x","records":[]}"#).is_none());
        assert!(page("[]").is_none());
    }
}
