//! The referral's shape. In come parts of a referral; out go whole ones with every key, as answers carry
//! them. It must not know who may change what.

use serde_json::{Map, Value, json};

use crate::{clock, database::StoreError, html::escape, sign, store::Tx};

use super::{HtmlEscape, PartnerHome};

/// A referral with all keys and nothing in them.
pub(crate) fn blank() -> Value {
    let mut referral = json!({
        "id": null,
        "engagementId": null,
        "name": null,
        "organizationId": null,
        "organizationName": null,
        "lastModifiedVia": null,
        "lastRunId": null,
        "externalReferenceId": null,
        "createdDateTime": null,
        "updatedDateTime": null,
        "expirationDateTime": null,
        "status": null,
        "substatus": null,
        "statusReason": null,
        "qualification": "SalesQualified",
        "type": "Independent",
        "referralSource": null,
        "eTag": null,
        "favorite": false,
        "campaignId": null,
        "salesStage": null,
        "quality": "Unknown",
        "isSpam": false,
        "direction": null,
        "mpnId": null,
        "referralProgram": null,
        "dealSensitivity": "None",
        "createdVia": null,
        "tags": [],
        "acceptedDateTime": null,
        "closedDateTime": null,
        "callToAction": null,
        "registrationStatus": "None",
        "target": [],
    });
    let nested = [
        ("customerProfile", customer()),
        ("consent", consent()),
        ("details", details()),
        ("team", json!([])),
        ("inviteContext", invite()),
        ("links", Value::Null),
        ("trackingInfo", tracking()),
        ("registrations", json!([])),
    ];
    if let Some(map) = referral.as_object_mut() {
        map.extend(nested.map(|(key, value)| (key.to_owned(), value)));
    }
    referral
}

fn customer() -> Value {
    json!({
        "name": null,
        "size": "",
        "isMatchingComplete": false,
        "address": {
            "addressLine1": null,
            "addressLine2": "",
            "city": null,
            "state": "",
            "postalCode": "",
            "country": null,
            "region": null,
        },
        "team": [],
        "ids": [],
    })
}

fn consent() -> Value {
    json!({
        "consentToToShareInfoWithOthers": false,
        "consentToContact": false,
        "consentToMicrosoftToContactSpecificPartners": null,
        "consentToShareReferralWithMicrosoftSellers": false,
    })
}

fn details() -> Value {
    json!({
        "notes": null,
        "dealValue": null,
        "currency": null,
        "closingDateTime": null,
        "customerRequestedContact": null,
        "customerAction": null,
        "incentiveLevel": null,
        "requirements": {
            "industries": [],
            "products": [],
            "services": [],
            "solutions": [],
            "offers": [],
            "salesPlays": [],
            "additionalRequirements": {
                "iot": {
                    "customerLicenseAgreementNumber": null,
                    "deviceCategory": null,
                    "siliconType": null,
                    "azureCertifiedDevice": false,
                    "attachServices": false,
                },
                "attributes": [],
            },
        },
    })
}

fn invite() -> Value {
    json!({
        "notes": null,
        "assistanceRequestCode": "Unknown",
        "invitedMpnId": null,
        "invitedBy": { "organizationId": null, "organizationName": null },
    })
}

fn tracking() -> Value {
    json!({
        "microsoftMsxId": null,
        "microsoftUSFedOpportunityId": null,
        "microsoftUSFedLeadId": null,
        "migratedPSCDealId": null,
        "migratedPSCPartnerDealId": null,
    })
}

fn member() -> Value {
    json!({
        "firstName": null,
        "lastName": null,
        "phoneNumber": null,
        "email": null,
        "title": null,
        "contactPreference": { "locale": null, "disableNotifications": null },
    })
}

fn solution() -> Value {
    json!({
        "id": null,
        "name": null,
        "type": "Name",
        "price": null,
        "quantity": null,
        "currency": null,
        "publisherName": null,
        "solutionType": null,
        "closingDateTime": null,
    })
}

/// Puts what was given into a whole referral; keys the referral does not have are passed over, and null in
/// the place of an object or a list stands for left out.
pub(crate) fn overlay(whole: &mut Value, given: &Value) {
    match (whole, given) {
        (Value::Object(whole), Value::Object(given)) => {
            for (key, here) in whole {
                if let Some(value) = given.get(key.as_str()).or_else(|| loosely(given, key)) {
                    overlay(here, value);
                }
            }
        }
        (Value::Object(_) | Value::Array(_), Value::Null) => {}
        (whole, given) => *whole = given.clone(),
    }
}

/// The value of a key in any case: documented requests write some keys in Pascal case.
fn loosely<'a>(given: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    given.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// Makes something with all keys and nothing in it.
type Blank = fn() -> Value;

/// Completes the people and solutions of a referral with the keys that were left out.
pub(crate) fn complete(referral: &mut Value) {
    let lists: [(&str, Blank); 3] = [
        ("/customerProfile/team", member),
        ("/team", member),
        ("/details/requirements/solutions", solution),
    ];
    for (path, blank) in lists {
        let items = referral.pointer_mut(path).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            let mut whole = blank();
            overlay(&mut whole, item);
            *item = whole;
        }
    }
}

/// The text at a dotted path, or nothing.
pub(crate) fn text<'a>(referral: &'a Value, pointer: &str) -> &'a str {
    referral.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Sets a top-level key.
pub(crate) fn set(referral: &mut Value, key: &str, value: Value) {
    if let Some(map) = referral.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// The next time stamp in ticks: now, but always later than the last.
pub(crate) fn tick(tx: &Tx<'_>) -> Result<i64, StoreError> {
    let last = tx.doc("meta", "referral-ticks")?.and_then(|last| last.as_i64()).unwrap_or(0);
    let now = tx.now_ticks().max(last + 1);
    tx.put_doc("meta", "referral-ticks", &now.into())?;
    Ok(now)
}

/// Gives a new referral its id, links and times.
pub(crate) fn found(tx: &Tx<'_>, referral: &mut Value) -> Result<(), StoreError> {
    for key in ["id", "engagementId"] {
        if text(referral, &format!("/{key}")).is_empty() {
            set(referral, key, json!(sign::guid()));
        }
    }
    let base = "https://api.partner.microsoft.com/v1.0/engagements/referrals";
    let engagement = text(referral, "/engagementId").to_owned();
    let id = text(referral, "/id").to_owned();
    set(
        referral,
        "links",
        json!({
            "relatedReferrals": {
                "uri": format!("{base}?$filter=engagementId eq {engagement}"),
                "method": "GET",
            },
            "self": { "uri": format!("{base}/{id}"), "method": "GET" },
        }),
    );
    let now = clock::partner_center(tick(tx)?);
    set(referral, "createdDateTime", json!(now));
    set(referral, "updatedDateTime", json!(now));
    renew_tag(tx, referral);
    Ok(())
}

/// Marks a change: a later time and another tag.
pub(crate) fn touch(tx: &Tx<'_>, referral: &mut Value) -> Result<(), StoreError> {
    let now = clock::partner_center(tick(tx)?);
    set(referral, "updatedDateTime", json!(now));
    renew_tag(tx, referral);
    Ok(())
}

fn renew_tag(tx: &Tx<'_>, referral: &mut Value) {
    let seconds = tx.now_milliseconds() / 1000;
    set(referral, "eTag", json!(format!("\"{}-0000-0100-0000-{seconds:08x}0000\"", sign::short())));
}

/// Fills the times that follow from the status.
pub(crate) fn follow_status(referral: &mut Value) {
    let now = referral.get("updatedDateTime").cloned().unwrap_or_default();
    let is_unset = |key: &str, referral: &Value| referral.get(key).is_none_or(Value::is_null);
    if text(referral, "/status") == "Active" {
        set(referral, "expirationDateTime", Value::Null);
        if is_unset("acceptedDateTime", referral) {
            set(referral, "acceptedDateTime", now.clone());
        }
    }
    if text(referral, "/status") == "Closed" && is_unset("closedDateTime", referral) {
        set(referral, "closedDateTime", now);
    }
}

/// A referral as answers carry it.
pub(crate) fn show(home: &PartnerHome, referral: &Value) -> Value {
    let mut shown = referral.clone();
    match home.html_escape {
        HtmlEscape::Off => {}
        HtmlEscape::Names => {
            for path in ["/name", "/customerProfile/name"] {
                shown.pointer_mut(path).into_iter().for_each(escape_all);
            }
        }
        HtmlEscape::AllText => {
            let parts = [
                "/name",
                "/statusReason",
                "/customerProfile",
                "/details",
                "/inviteContext",
                "/team",
            ];
            for path in parts {
                shown.pointer_mut(path).into_iter().for_each(escape_all);
            }
        }
    }
    shown
}

fn escape_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = escape(text),
        Value::Array(items) => items.iter_mut().for_each(escape_all),
        Value::Object(map) => map.values_mut().for_each(escape_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Changes a value as RFC 7396 says: null removes the value, objects merge, all else replaces. Keys stay,
/// so that a referral keeps its shape.
pub(crate) fn merge(whole: &mut Value, patch: &Value) {
    if let (Value::Object(whole), Value::Object(patch)) = (&mut *whole, patch) {
        for (key, value) in patch {
            merge(whole.entry(key.clone()).or_insert(Value::Null), value);
        }
        return;
    }
    *whole = match patch {
        Value::Object(patch) => {
            let kept = patch.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>(),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            patch.clone()
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_completed_and_what_is_unknown_is_passed_over() {
        let mut referral = blank();
        overlay(
            &mut referral,
            &json!({ "name": "A & B", "nonsense": 1, "team": [{ "email": "a@b.example" }] }),
        );
        complete(&mut referral);
        assert!(referral.get("nonsense").is_none());
        assert_eq!(referral.pointer("/team/0/title"), Some(&Value::Null));
        assert_eq!(escape("<A & 'B'>"), "&lt;A &amp; &#39;B&#39;&gt;");
    }

    #[test]
    fn a_merge_keeps_the_shape() {
        let mut referral = blank();
        merge(&mut referral, &json!({ "details": { "dealValue": 5 }, "campaignId": null }));
        assert_eq!(referral.pointer("/details/dealValue"), Some(&json!(5)));
        assert_eq!(referral.pointer("/details/currency"), Some(&Value::Null));
        assert_eq!(referral.get("campaignId"), Some(&Value::Null));
    }
}
