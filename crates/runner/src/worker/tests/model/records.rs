//! Records of the two modelled systems: stamps, members, how they are read.
//!
//! In: JSON objects. Out: the same, changed, or as the wires give them. Must not know: calls.

use connect::partner_center::Referral;
use connect::salesforce::Literal;
use connect::{ETag, RecordId, ReferralId};
use jiff::Timestamp;
use serde_json::Value;

use super::Record;

/// Which relationship leads over which field to which object.
pub(super) const PARENTS: [(&str, &str, &str); 2] =
    [("Account", "AccountId", "Account"), ("Contact", "ContactId", "Contact")];
/// Which list of an opportunity has which object, and how it refers back.
pub(super) const CHILDREN: [(&str, &str, &str); 2] = [
    ("Microsoft_Solutions__r", "Microsoft_Solution__c", "Opportunity__c"),
    ("OpportunityContactRoles", "OpportunityContactRole", "OpportunityId"),
];

pub(super) fn rows_empty(list: &Value) -> bool {
    list["records"].as_array().is_some_and(Vec::is_empty)
}

pub(super) fn stamp_row(row: &mut Record, now: Timestamp) {
    let text = now.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    row.insert("SystemModstamp".to_owned(), text.clone().into());
    row.insert("LastModifiedDate".to_owned(), text.into());
}

pub(super) fn stamp_referral(record: &mut Record, now: Timestamp) {
    let before = record.get("eTag").and_then(Value::as_str).unwrap_or_default();
    let number: u64 = before.trim_matches('"').parse().unwrap_or(0);
    record.insert("eTag".to_owned(), format!("\"{}\"", number + 1).into());
    record.insert("updatedDateTime".to_owned(), now.to_string().into());
}

pub(super) fn moment(record: &Record, name: &str) -> Option<Timestamp> {
    let text = record.get(name)?.as_str()?.replace("+0000", "Z");
    text.parse().ok()
}

pub(super) fn referral(record: &Record) -> Referral {
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    Referral {
        id: ReferralId::parse(&text("id").unwrap()).unwrap(),
        etag: text("eTag").and_then(|text| ETag::parse(&text).ok()),
        updated: moment(record, "updatedDateTime"),
        created: moment(record, "createdDateTime"),
        external_reference_id: text("externalReferenceId"),
        organization_id: text("organizationId"),
        engagement_id: text("engagementId"),
        body: Value::Object(record.clone()).to_string(),
    }
}

pub(super) fn same(value: Option<&Value>, literal: &Literal) -> bool {
    match (value.unwrap_or(&Value::Null), literal) {
        (Value::Null, Literal::Null) => true,
        (Value::String(a), Literal::Text(b)) => a.eq_ignore_ascii_case(b),
        (Value::Bool(a), Literal::Bool(b)) => a == b,
        (Value::Number(a), Literal::Number(b)) => a.to_string() == *b,
        _ => false,
    }
}

/// Whether something that changed then comes after `since`, or after the record of that second.
pub(super) fn is_later(
    changed: Option<Timestamp>,
    id: &str,
    since: Timestamp,
    after: Option<&RecordId>,
) -> bool {
    let since = Timestamp::from_second(since.as_second()).ok();
    match after {
        None => changed >= since,
        Some(after) => (changed, id) > (since, after.as_str()),
    }
}
