//! Referrals changed. In come JSON Patch operations of the partner, or a merge of Microsoft; out go
//! changed referrals, all or nothing. It must not know HTTP beyond the precondition.

use serde_json::{Value, json};

use super::{
    PartnerHome, events,
    events::Change,
    referral::{self, complete, text},
    refusal::{Done, denied, invalid, modified, not_found},
    rules,
};
use crate::store::Tx;

/// Changes a referral as the partner does.
pub(crate) fn by_partner(
    home: &PartnerHome,
    tx: &Tx<'_>,
    id: &str,
    if_match: Option<&str>,
    operations: &Value,
) -> Done<Value> {
    let before = tx.referral(id)?.ok_or_else(not_found)?;
    if text(&before, "/organizationId") != home.organization().0 {
        return Err(denied("The referral belongs to another organization."));
    }
    if if_match.is_some_and(|tag| tag != "*" && tag != text(&before, "/eTag")) {
        return Err(modified());
    }
    let Some(operations) = operations.as_array().filter(|operations| !operations.is_empty()) else {
        let message = "The body must be a list of operations.";
        return Err(invalid("body", "invalidPatch", message));
    };
    if text(&before, "/status") == "Closed" {
        return Err(invalid("status", "closed", "A closed referral cannot be changed."));
    }
    let mut after = before.clone();
    for operation in operations {
        apply(&mut after, operation)?;
    }
    check(&before, &after)?;
    complete(&mut after);
    keep(home, tx, after)
}

/// Changes a referral as Microsoft or a user of the portal does.
pub(crate) fn by_merge(home: &PartnerHome, tx: &Tx<'_>, id: &str, patch: &Value) -> Done<Value> {
    let mut referral = tx.referral(id)?.ok_or_else(not_found)?;
    for key in ["id", "createdDateTime", "updatedDateTime", "eTag"] {
        if patch.get(key).is_some() {
            return Err(invalid(key, "readOnly", "This is the service's own."));
        }
    }
    if !patch.is_object() {
        return Err(invalid("body", "invalidPatch", "The body must be a JSON object."));
    }
    referral::merge(&mut referral, patch);
    complete(&mut referral);
    keep(home, tx, referral)
}

fn keep(home: &PartnerHome, tx: &Tx<'_>, mut referral: Value) -> Done<Value> {
    referral::touch(tx, &mut referral)?;
    referral::follow_status(&mut referral);
    tx.put_referral(&referral)?;
    events::notify(home, tx, Change::Updated, &referral)?;
    Ok(referral)
}

fn apply(referral: &mut Value, operation: &Value) -> Done<()> {
    let name = text(operation, "/op");
    let path = text(operation, "/path");
    if !matches!(name, "add" | "replace") {
        return Err(invalid(path, "invalidOperation", "Only add and replace are supported."));
    }
    let Some(value) = operation.get("value") else {
        return Err(invalid(path, "invalidOperation", "The operation has no value."));
    };
    if let Some(list) = path.strip_suffix("/-") {
        return append(referral, list, path, name, value);
    }
    let target = path.trim_start_matches('/').replace('/', ".");
    let value = match path {
        "/campaignId"
        | "/details/notes"
        | "/externalReferenceId"
        | "/referralProgram"
        | "/salesStage"
        | "/status"
        | "/substatus"
        | "/statusReason" => {
            rules::text(&target, value)?;
            value.clone()
        }
        "/consent/consentToShareReferralWithMicrosoftSellers" => {
            if !value.is_boolean() {
                return Err(invalid(&target, "invalidType", "The value must be true or false."));
            }
            value.clone()
        }
        "/customerProfile/team" => {
            rules::contacts(value)?;
            value.clone()
        }
        "/team" => {
            rules::team(value)?;
            value.clone()
        }
        "/details/requirements/solutions" => {
            rules::solutions(value)?;
            value.clone()
        }
        "/details/closingDateTime" => rules::closing(value)?,
        "/details/currency" => rules::currency(value)?,
        "/details/dealValue" => rules::deal_value(value)?,
        _ => return Err(not_patchable(path)),
    };
    if let Some(place) = referral.pointer_mut(path) {
        *place = value;
    }
    Ok(())
}

fn not_patchable(path: &str) -> super::refusal::Stop {
    invalid(path, "invalidPath", "This path cannot be changed.")
}

fn append(referral: &mut Value, list: &str, path: &str, name: &str, value: &Value) -> Done<()> {
    match list {
        "/customerProfile/team" => rules::person("customerProfile.team", value)?,
        "/team" => rules::person("team", value)?,
        "/details/requirements/solutions" => rules::solution(value)?,
        _ => return Err(not_patchable(path)),
    }
    if name != "add" {
        return Err(invalid(path, "invalidOperation", "The end of a list can only be added to."));
    }
    if let Some(items) = referral.pointer_mut(list).and_then(Value::as_array_mut) {
        items.push(value.clone());
        if items.len() > 50 {
            return Err(invalid(path, "tooMany", "A list takes fifty items at most."));
        }
    }
    Ok(())
}

/// Rules that need the referral before and after.
fn check(before: &Value, after: &Value) -> Done<()> {
    let (from, to) = (text(before, "/status"), text(after, "/status"));
    let substatus = text(after, "/substatus");
    if !rules::pair(to, substatus) {
        let message = format!("Status {to} and substatus {substatus} do not go together.");
        return Err(invalid("substatus", "invalidSubstatus", &message));
    }
    if !rules::step(from, to) {
        let message = format!("Status {from} cannot become {to}.");
        return Err(invalid("status", "invalidStatus", &message));
    }
    let shared = "/consent/consentToShareReferralWithMicrosoftSellers";
    let is_shared = |referral: &Value| referral.pointer(shared) == Some(&json!(true));
    if is_shared(before) && !is_shared(after) {
        let target = "consent.consentToShareReferralWithMicrosoftSellers";
        return Err(invalid(target, "irreversible", "A shared referral cannot be hidden again."));
    }
    Ok(())
}
