//! Whether what is sent has the types that a referral has. In come parts of a referral; out goes the
//! refusal of the first value of another type. It must not know what the values mean.

use serde_json::Value;

use super::refusal::{Done, invalid};

/// Keys that say yes or no.
const FLAGS: [&str; 11] = [
    "attachServices",
    "azureCertifiedDevice",
    "consentToContact",
    "consentToMicrosoftToContactSpecificPartners",
    "consentToShareReferralWithMicrosoftSellers",
    "consentToToShareInfoWithOthers",
    "customerRequestedContact",
    "disableNotifications",
    "favorite",
    "isMatchingComplete",
    "isSpam",
];
/// Keys that are numbers, or their digits.
const NUMBERS: [&str; 3] = ["dealValue", "price", "quantity"];
/// Keys that have members of their own.
const OBJECTS: [&str; 11] = [
    "additionalRequirements",
    "address",
    "consent",
    "contactPreference",
    "customerProfile",
    "details",
    "inviteContext",
    "invitedBy",
    "iot",
    "requirements",
    "trackingInfo",
];
/// Keys that are lists of objects.
const LISTS: [&str; 11] = [
    "attributes",
    "ids",
    "industries",
    "offers",
    "products",
    "salesPlays",
    "services",
    "solutions",
    "tags",
    "target",
    "team",
];

/// Refuses an object in which a member has another type than its key says; null stands for left out.
pub(crate) fn object(given: &Value, path: &str) -> Done<()> {
    let Some(members) = given.as_object() else {
        return Err(invalid(path, "invalidType", "The value must be an object."));
    };
    members.iter().try_for_each(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        member(key, value, &path)
    })
}

fn member(key: &str, value: &Value, path: &str) -> Done<()> {
    let is = |keys: &[&str]| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    if value.is_null() {
        return Ok(());
    }
    if is(&OBJECTS) {
        return object(value, path);
    }
    if is(&LISTS) {
        let items = value.as_array();
        let items =
            items.ok_or_else(|| invalid(path, "invalidType", "The value must be a list."))?;
        return items.iter().try_for_each(|item| object(item, path));
    }
    if is(&FLAGS) {
        let message = "The value must be true or false.";
        return fits(value.is_boolean(), path, message);
    }
    if is(&NUMBERS) {
        return fits(value.is_number() || value.is_string(), path, "The value must be a number.");
    }
    fits(value.is_string(), path, "The value must be a text.")
}

fn fits(fits: bool, path: &str, message: &str) -> Done<()> {
    if fits { Ok(()) } else { Err(invalid(path, "invalidType", message)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_follow_from_keys() {
        let fine = json!({
            "name": "x",
            "Consent": { "ConsentToContact": true },
            "details": { "dealValue": "1", "requirements": { "solutions": [{ "price": 1 }] } },
            "team": null,
        });
        assert!(object(&fine, "").is_ok());
        for bad in [
            json!({ "name": 1 }),
            json!({ "team": "x" }),
            json!({ "team": ["x"] }),
            json!({ "details": [] }),
            json!({ "consent": { "consentToContact": "true" } }),
            json!({ "details": { "dealValue": true } }),
            json!([]),
        ] {
            assert!(object(&bad, "").is_err(), "{bad}");
        }
    }
}
