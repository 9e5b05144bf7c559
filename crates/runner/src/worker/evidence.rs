//! Whether a write whose outcome is not known was carried out, as what its record holds now tells.
//!
//! In: a record's fields as read before, as sent, and the record as it reads now. Out: yes, or nobody can
//! tell. Must not know: plans, wires. No value is kept, only fingerprints. Both systems take the fields of
//! one request all together or not at all: one that stands there as it was sent speaks for the others.

use mapping::decision::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dotted;
use crate::fingerprint::fingerprint;

/// One field of a write: where it stands, what stood there, what was to stand there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trace {
    path: String,
    was: String,
    sent: String,
}

/// A value's fingerprint, without what systems trim.
fn print(value: &Value) -> String {
    match value {
        Value::String(text) => fingerprint(&["text", text.replace("\r\n", "\n").trim_end()]),
        Value::Null => fingerprint(&["null"]),
        other => fingerprint(&["other", &other.to_string()]),
    }
}

fn at<'r>(record: &'r Value, path: &str) -> &'r Value {
    dotted::at(record, path).unwrap_or(&Value::Null)
}

/// What is to be looked for afterwards. A field that is sent as it stands tells nothing.
pub(super) fn traces(changes: &[Change], body: &str) -> Vec<Trace> {
    let record: Value = serde_json::from_str(body).unwrap_or_default();
    let trace = |change: &Change| {
        let value: Value = serde_json::from_str(&change.value).unwrap_or_default();
        let (was, sent) = (print(at(&record, &change.path)), print(&value));
        Trace { path: change.path.clone(), was, sent }
    };
    changes.iter().map(trace).filter(|trace| trace.was != trace.sent).collect()
}

/// Whether the fields were written: one of them stands there as sent, and none as it was before. What stands
/// there otherwise was entered by somebody afterwards.
pub(super) fn is_seen(traces: &[Trace], body: &str) -> bool {
    let record: Value = serde_json::from_str(body).unwrap_or_default();
    let now: Vec<String> = traces.iter().map(|trace| print(at(&record, &trace.path))).collect();
    let both = || traces.iter().zip(&now);
    both().any(|(trace, now)| trace.sent == *now) && both().all(|(trace, now)| trace.was != *now)
}

/// Whether all of the fields stand there as they did before: who knows that they were written reads too early.
pub(super) fn is_untouched(traces: &[Trace], body: &str) -> bool {
    let record: Value = serde_json::from_str(body).unwrap_or_default();
    let stands = |trace: &Trace| print(at(&record, &trace.path)) == trace.was;
    !traces.is_empty() && traces.iter().all(stands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_as_sent_speaks_for_all_unless_another_is_as_before() {
        let change = |path: &str, value: &str| Change {
            path: path.to_owned(),
            pointer: None,
            value: value.to_owned(),
        };
        let before = r#"{"a":1,"b":{"c":"x"},"same":"s"}"#;
        let sent = [change("a", "2"), change("b.c", r#""y ""#), change("same", r#""s ""#)];
        let traces = traces(&sent, before);
        assert_eq!(traces.len(), 2, "what is sent as it stands tells nothing");
        assert!(is_seen(&traces, r#"{"a":2,"b":{"c":"y"}}"#));
        assert!(is_seen(&traces, r#"{"a":3,"b":{"c":"y"},"same":"t"}"#), "a was entered later");
        assert!(!is_seen(&traces, r#"{"a":1,"b":{"c":"y"}}"#), "nobody knows");
        assert!(!is_seen(&traces, r#"{"a":3,"b":{"c":"z"}}"#), "nobody knows");
        assert!(!is_seen(&traces, before));
        assert!(!is_seen(&[], before));
        assert!(is_untouched(&traces, before) && !is_untouched(&[], before));
        assert!(!is_untouched(&traces, r#"{"a":1,"b":{"c":"z"}}"#));
    }
}
