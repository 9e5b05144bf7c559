//! Referrals changed. In come JSON Patch operations or whole referrals of the partner, or a merge of
//! Microsoft; out go changed referrals, all or nothing. It must not know HTTP beyond the precondition.

use serde_json::{Value, json};

use super::{
    PartnerHome, Switch, events,
    events::Change,
    headers, lifetime,
    referral::{self, complete, show, text},
    refusal::{Done, Stop, denied, invalid, modified, not_found},
    registration, rules, states,
};
use crate::store::Tx;

/// Paths of single values and whole lists that the partner may change.
pub(super) const PATHS: [&str; 15] = [
    "/campaignId",
    "/consent/consentToShareReferralWithMicrosoftSellers",
    "/customerProfile/team",
    "/details/closingDateTime",
    "/details/currency",
    "/details/dealValue",
    "/details/notes",
    "/details/requirements/solutions",
    "/externalReferenceId",
    "/referralProgram",
    "/salesStage",
    "/status",
    "/statusReason",
    "/substatus",
    "/team",
];

/// The partner's own referral, if the version that is asked for is the present one.
fn own(home: &PartnerHome, tx: &Tx<'_>, id: &str, versions: Option<&[&str]>) -> Done<Value> {
    let before = tx.referral(id)?.ok_or_else(not_found)?;
    if text(&before, "/organizationId") != home.organization().0 {
        return Err(denied("The referral belongs to another organization."));
    }
    if versions.is_some_and(|versions| !headers::matches(versions, text(&before, "/eTag"))) {
        return Err(modified());
    }
    Ok(before)
}

/// Changes a referral as the partner does.
pub(crate) fn by_partner(
    home: &PartnerHome,
    tx: &Tx<'_>,
    id: &str,
    versions: Option<&[&str]>,
    operations: &Value,
) -> Done<Value> {
    let before = own(home, tx, id, versions)?;
    let Some(operations) = operations.as_array().filter(|operations| !operations.is_empty()) else {
        let message = "The body must be a list of operations.";
        return Err(invalid("body", "invalidPatch", message));
    };
    let mut after = before.clone();
    for operation in operations {
        apply(home, tx, &before, &mut after, operation)?;
    }
    if after.get("registrations") != before.get("registrations") {
        registration::settle(tx, &mut after)?;
    }
    complete(&mut after);
    states::change(home, &before, &after)?;
    states::follow_consent(home, &mut after);
    keep(home, tx, after)
}

/// Replaces a referral as the partner does; what cannot be changed must be as it is, or be left out.
pub(crate) fn replace(
    home: &PartnerHome,
    tx: &Tx<'_>,
    id: &str,
    versions: Option<&[&str]>,
    given: &Value,
) -> Done<Value> {
    if versions.is_none() {
        return Err(invalid("If-Match", "required", "The header If-Match is required."));
    }
    let before = own(home, tx, id, versions)?;
    for key in ["type", "customerProfile", "consent", "details"] {
        if given.get(key).is_none_or(Value::is_null) {
            return Err(invalid(key, "required", &format!("{key} is required.")));
        }
    }
    if given.get("links").is_some() {
        return Err(invalid("links", "readOnly", "Links must be left out."));
    }
    states::is_open(&before)?;
    let shown = show(home, &before);
    unchanged(&before, &shown, given, "")?;
    let mut after = before.clone();
    for path in PATHS {
        let value = match (given.pointer(path), path) {
            (Some(value), _) => value.clone(),
            (None, "/customerProfile/team") => json!([]),
            (None, "/status" | "/substatus") => before.pointer(path).cloned().unwrap_or_default(),
            (None, "/consent/consentToShareReferralWithMicrosoftSellers") => json!(false),
            (None, _) => Value::Null,
        };
        let is_as_it_was = [&before, &shown].iter().any(|it| it.pointer(path) == Some(&value));
        if !is_as_it_was {
            write(&mut after, path, &value)?;
        }
    }
    complete(&mut after);
    states::change(home, &before, &after)?;
    states::follow_consent(home, &mut after);
    keep(home, tx, after)
}

/// Refuses a whole referral that differs where nothing can be changed; texts may stand there as they are
/// kept or as they were shown.
fn unchanged(kept: &Value, shown: &Value, given: &Value, path: &str) -> Done<()> {
    if PATHS.contains(&path) {
        return Ok(());
    }
    if let (Value::Object(kept), Value::Object(given)) = (kept, given) {
        for (key, value) in given {
            if let Some(kept) = kept.get(key) {
                let path = format!("{path}/{key}");
                unchanged(kept, shown.get(key).unwrap_or(kept), value, &path)?;
            }
        }
        return Ok(());
    }
    if kept == given || shown == given {
        return Ok(());
    }
    Err(invalid(&dotted(path), "readOnly", "This cannot be changed."))
}

/// Changes a referral as the sandbox's owner wants, also as nobody could.
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

/// Writes a changed referral and tells of it.
pub(crate) fn keep(home: &PartnerHome, tx: &Tx<'_>, mut referral: Value) -> Done<Value> {
    referral::touch(tx, &mut referral)?;
    referral::follow_status(&mut referral);
    lifetime::put(tx, &referral)?;
    events::notify(home, tx, Change::Updated, &referral)?;
    Ok(referral)
}

fn apply(
    home: &PartnerHome,
    tx: &Tx<'_>,
    before: &Value,
    referral: &mut Value,
    operation: &Value,
) -> Done<()> {
    let name = text(operation, "/op");
    let path = text(operation, "/path");
    if path.is_empty() {
        return Err(invalid("path", "invalidPath", "The operation has no path."));
    }
    if !matches!(name, "add" | "replace") {
        return Err(invalid(path, "invalidOperation", "Only add and replace are supported."));
    }
    let Some(value) = operation.get("value") else {
        return Err(invalid(path, "invalidOperation", "The operation has no value."));
    };
    if path.ends_with("/-") && name != "add" {
        return Err(invalid(path, "invalidOperation", "The end of a list can only be added to."));
    }
    if path.starts_with("/registrations/") {
        return registration::apply(tx, before, referral, path, value);
    }
    states::is_open(before)?;
    if let Some(list) = path.strip_suffix("/-") {
        return append(referral, list, path, value);
    }
    if path == "/name" && home.has(Switch::PatchName) {
        return rename(referral, value);
    }
    write(referral, path, value)
}

/// Gives a deal another name.
pub(crate) fn rename(referral: &mut Value, name: &Value) -> Done<()> {
    if name.as_str().unwrap_or_default().trim().is_empty() {
        return Err(invalid("name", "required", "A name is required."));
    }
    referral::set(referral, "name", name.clone());
    Ok(())
}

fn dotted(path: &str) -> String {
    path.trim_start_matches('/').replace('/', ".")
}

/// Writes one value or whole list where the partner may.
pub(crate) fn write(referral: &mut Value, path: &str, value: &Value) -> Done<()> {
    let target = dotted(path);
    let value = match path {
        "/campaignId"
        | "/details/notes"
        | "/externalReferenceId"
        | "/referralProgram"
        | "/status"
        | "/substatus"
        | "/statusReason" => {
            rules::text(&target, value)?;
            value.clone()
        }
        "/salesStage" => {
            rules::sales_stage(value)?;
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

/// 400 for a path that is not among those that can be changed.
pub(crate) fn not_patchable(path: &str) -> Stop {
    invalid(path, "invalidPath", "This path cannot be changed.")
}

fn append(referral: &mut Value, list: &str, path: &str, value: &Value) -> Done<()> {
    match list {
        "/customerProfile/team" => rules::person("customerProfile.team", value)?,
        "/team" => rules::person("team", value)?,
        "/details/requirements/solutions" => rules::solution(value)?,
        _ => return Err(not_patchable(path)),
    }
    if let Some(items) = referral.pointer_mut(list).and_then(Value::as_array_mut) {
        items.push(value.clone());
        if items.len() > 50 {
            return Err(invalid(path, "tooMany", "A list takes fifty items at most."));
        }
    }
    Ok(())
}
