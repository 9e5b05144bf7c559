//! Which versions of records were found in step: a list that shows such a version tells nothing new.
//!
//! In: records as read for a deal that was found in step, and as lists show them. Out: whether both are the
//! same. Must not know: the store, wires. It is an economy and nothing rests on it: what is not known here is
//! read. Two changes of one second have one stamp in Salesforce, so the fields are compared too. No value is
//! kept, only fingerprints; none outlives the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use connect::partner_center::Referral;
use connect::salesforce::Row;
use serde_json::Value;

use crate::deal_map::DealMap;
use crate::dotted::at;
use crate::fingerprint::fingerprint;

/// So many records are remembered; then all are forgotten, and the next lists are read anew.
const MOST: usize = 50_000;

/// A record's id, and what its version looks like.
pub(crate) type Version = (String, String);

/// The versions, by the records' ids.
#[derive(Debug, Default)]
pub struct InStep(Mutex<HashMap<String, String>>);

impl InStep {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A deal was found in step with these.
    pub(crate) fn keep(&self, versions: impl IntoIterator<Item = Version>) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.extend(versions);
    }

    /// The deal of this record is in work.
    pub(crate) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Whether a deal was last found in step with this very version.
    pub(crate) fn holds(&self, version: Option<Version>) -> bool {
        version.is_some_and(|(id, seen)| self.lock().get(&id) == Some(&seen))
    }
}

/// A referral's version; none when Partner Center does not tell it.
pub(crate) fn of_referral(referral: &Referral) -> Option<Version> {
    let etag = referral.etag.as_ref()?.as_str();
    let updated = referral.updated?.to_string();
    Some((referral.id.as_str().to_lowercase(), fingerprint(&[etag, &updated])))
}

/// A record's version: its stamp, and every field of its own that the map reads. None of one in the bin.
pub(crate) fn of_row(map: &DealMap, row: &Row) -> Option<Version> {
    let stamp = row.modified?.to_string();
    let record: Value = serde_json::from_str(&row.body).ok().filter(|_| !row.is_deleted())?;
    let mut parts = vec![stamp];
    for path in &map.select().fields {
        parts.extend([path.clone(), at(&record, path).unwrap_or(&Value::Null).to_string()]);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Some((row.id.to_string(), fingerprint(&parts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(body: &str) -> Row {
        let id = connect::RecordId::parse("0065g0000000001AAA").unwrap();
        let modified = "2026-03-02T10:00:00Z".parse().ok();
        Row { id, modified, last_modified: modified, modified_by: None, body: body.to_owned() }
    }

    #[test]
    fn only_the_very_version_that_was_in_step_is_an_echo() {
        let text = include_str!("../../../mappings/opportunity.map");
        let schemas = mapping::schema::Schemas::built_in();
        let plan = mapping::compile("opportunity.map", text, schemas).plan.unwrap();
        let map = DealMap::new(plan, schemas).unwrap();
        let read =
            row(r#"{"Amount":1,"Account":{"Name":"A"},"Microsoft_Solutions__r":{"records":[]}}"#);
        let known = InStep::default();
        let holds = |row: &Row| known.holds(of_row(&map, row));
        assert!(!holds(&read), "nothing is known");
        known.keep(of_row(&map, &read));
        assert!(holds(&row(r#"{"Account":{"Name":"A"},"Amount":1,"IsDeleted":false}"#)));
        for other in [
            r#"{"Amount":2,"Account":{"Name":"A"}}"#,
            r#"{"Amount":1,"Account":{"Name":"B"}}"#,
            r#"{"Amount":1,"Account":{"Name":"A"},"IsDeleted":true}"#,
        ] {
            assert!(!holds(&row(other)), "the same second, another change: {other}");
        }
        let modified = "2026-03-02T10:00:01Z".parse().ok();
        assert!(!holds(&Row { modified, ..read.clone() }), "a later change");
        known.forget(read.id.as_str());
        assert!(!holds(&read), "its deal is in work");
    }
}
