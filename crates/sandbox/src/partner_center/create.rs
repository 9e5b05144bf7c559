//! Referrals made. In come bodies from the partner or from Microsoft; out go whole stored referrals. It
//! must not know HTTP.

use serde_json::{Value, json};

use super::{
    PartnerHome, events,
    events::Change,
    referral::{self, blank, complete, overlay, set, text},
    refusal::{Done, invalid},
    rules,
};
use crate::{
    clock,
    store::{ReferralOrder, ReferralWalk, Tx},
};

/// How long an unanswered invitation lives, in ticks: 14 days.
const FORTNIGHT: i64 = 14 * 24 * 3600 * 10_000_000;

/// What a create takes from its body; all else is the service's own.
const TAKEN: [&str; 15] = [
    "name",
    "externalReferenceId",
    "type",
    "qualification",
    "campaignId",
    "salesStage",
    "referralProgram",
    "mpnId",
    "target",
    "customerProfile",
    "consent",
    "details",
    "team",
    "inviteContext",
    "engagementId",
];

/// Makes a deal as the partner does: its own half, or Microsoft's half of an engagement.
pub(crate) fn by_partner(home: &PartnerHome, tx: &Tx<'_>, given: &Value) -> Done<Value> {
    for key in ["type", "customerProfile", "consent", "details", "name"] {
        if given.get(key).is_none_or(Value::is_null) {
            return Err(invalid(key, "required", &format!("{key} is required.")));
        }
    }
    let mut referral = blank();
    let taken: serde_json::Map<String, Value> = TAKEN
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), given.get(*key)?.clone())))
        .collect();
    overlay(&mut referral, &Value::Object(taken));
    let is_microsofts = is_for_microsoft(given);
    check(&mut referral, is_microsofts)?;
    join(tx, &referral)?;
    complete(&mut referral);
    let (id, name) = home.organization();
    if is_microsofts {
        for (key, value) in [
            ("organizationId", json!("msft")),
            ("organizationName", json!("Microsoft")),
            ("externalReferenceId", Value::Null),
            ("status", json!("New")),
            ("substatus", json!("Received")),
            ("direction", json!("Incoming")),
            ("mpnId", Value::Null),
        ] {
            set(&mut referral, key, value);
        }
    } else {
        for (key, value) in [
            ("organizationId", json!(id)),
            ("organizationName", json!(name)),
            ("status", json!("Active")),
            ("substatus", json!("Accepted")),
            ("direction", json!("Outgoing")),
        ] {
            set(&mut referral, key, value);
        }
        if text(&referral, "/mpnId").is_empty() {
            set(&mut referral, "mpnId", json!(home.mpn_id));
        }
    }
    if let Some(by) = referral.pointer_mut("/inviteContext/invitedBy") {
        *by = json!({ "organizationId": id, "organizationName": name });
    }
    referral::found(tx, &mut referral)?;
    if is_microsofts {
        expire_later(&mut referral);
    }
    referral::follow_status(&mut referral);
    tx.put_referral(&referral)?;
    events::notify(home, tx, Change::Created, &referral)?;
    Ok(referral)
}

fn is_for_microsoft(given: &Value) -> bool {
    let targets = given.get("target").and_then(Value::as_array).map(Vec::as_slice);
    targets.unwrap_or_default().iter().any(|target| {
        text(target, "/type") == "BusinessProfileLocation"
            && text(target, "/id").eq_ignore_ascii_case("msft")
    })
}

fn check(referral: &mut Value, is_microsofts: bool) -> Done<()> {
    if !matches!(text(referral, "/type"), "Independent" | "Shared") {
        return Err(invalid("type", "invalidType", "Type must be Independent or Shared."));
    }
    if !referral.get("consent").is_some_and(Value::is_object) {
        return Err(invalid("consent", "invalidType", "Consent must be an object."));
    }
    let qualification = text(referral, "/qualification");
    if !matches!(qualification, "None" | "Direct" | "MarketingQualified" | "SalesQualified") {
        return Err(invalid(
            "qualification",
            "invalidQualification",
            "Qualification is not known.",
        ));
    }
    for path in ["/name", "/customerProfile/name"] {
        if text(referral, path).trim().is_empty() {
            let target = path.trim_start_matches('/').replace('/', ".");
            return Err(invalid(&target, "required", "A name is required."));
        }
    }
    let at = |path: &str| referral.pointer(path).cloned().unwrap_or_default();
    rules::country(&at("/customerProfile/address/country"))?;
    rules::solutions(&at("/details/requirements/solutions"))?;
    rules::contacts(&at("/customerProfile/team"))?;
    if !is_microsofts {
        rules::team(&at("/team"))?;
    }
    let settled = [
        ("/details/currency", rules::currency(&at("/details/currency"))?),
        ("/details/dealValue", rules::deal_value(&at("/details/dealValue"))?),
        ("/details/closingDateTime", rules::closing(&at("/details/closingDateTime"))?),
    ];
    for (path, value) in settled {
        if let Some(place) = referral.pointer_mut(path) {
            *place = value;
        }
    }
    Ok(())
}

/// An engagement that is named must be there.
fn join(tx: &Tx<'_>, referral: &Value) -> Done<()> {
    let engagement = text(referral, "/engagementId");
    if engagement.is_empty() {
        return Ok(());
    }
    let walk = ReferralWalk {
        order: ReferralOrder::Created,
        descending: false,
        engagement: Some(engagement),
        after: None,
    };
    let mut is_there = false;
    tx.walk_referrals(&walk, &mut |_| {
        is_there = true;
        false
    })?;
    if is_there {
        return Ok(());
    }
    Err(invalid("engagementId", "notFound", "There is no engagement with this id."))
}

fn expire_later(referral: &mut Value) {
    let later = clock::partner_center(clock::now_ticks() + FORTNIGHT);
    set(referral, "expirationDateTime", json!(later));
}

/// Makes a referral as Microsoft does: inbound and not answered yet, unless `given` says otherwise.
pub(crate) fn by_microsoft(home: &PartnerHome, tx: &Tx<'_>, given: &Value) -> Done<Value> {
    let mut referral = blank();
    overlay(&mut referral, &inbound(home));
    // Like a merge, but keys that no referral has are kept too: Microsoft adds some now and then.
    referral::merge(&mut referral, given);
    complete(&mut referral);
    let id = text(&referral, "/id").to_owned();
    if tx.referral(&id)?.is_some() {
        return Err(invalid("id", "exists", "There is a referral with this id."));
    }
    referral::found(tx, &mut referral)?;
    if text(&referral, "/status") == "New" && given.get("expirationDateTime").is_none() {
        expire_later(&mut referral);
    }
    referral::follow_status(&mut referral);
    tx.put_referral(&referral)?;
    events::notify(home, tx, Change::Created, &referral)?;
    Ok(referral)
}

fn inbound(home: &PartnerHome) -> Value {
    let (id, name) = home.organization();
    json!({
        "name": "Contoso Bakeries - depot telemetry",
        "organizationId": id,
        "organizationName": name,
        "status": "New",
        "substatus": "Received",
        "type": "Shared",
        "direction": "Incoming",
        "mpnId": home.mpn_id,
        "target": [{ "type": "SolutionProfile", "id": "SOL-20417-TWA" }],
        "customerProfile": {
            "name": "Contoso Bakeries AG",
            "size": "251to1000employees",
            "isMatchingComplete": true,
            "address": {
                "addressLine1": "Gotthardstrasse 7",
                "city": "Altdorf",
                "state": "UR",
                "postalCode": "6460",
                "country": "CH",
            },
            "team": [{
                "firstName": "Mira",
                "lastName": "Testhofer",
                "phoneNumber": "+1 202 555 0143",
                "email": "mira.testhofer@contoso.example",
                "title": "Head of Fleet",
            }],
            "ids": [{ "profileType": "External", "id": "6-ZZTEST001" }],
        },
        "consent": {
            "consentToToShareInfoWithOthers": true,
            "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": true,
        },
        "details": {
            "notes": "Wants a demo before the budget round.",
            "dealValue": 125_000,
            "currency": "CHF",
            "closingDateTime": "2026-12-31T00:00:00Z",
            "requirements": {
                "solutions": [{ "id": "SOL-20417-TWA" }],
                "additionalRequirements": {
                    "attributes": [{ "type": "CustomerMarketplaceIntent", "id": "HaveNotDecided" }],
                },
            },
        },
        "inviteContext": {
            "notes": "Customer asked for a local partner.",
            "invitedMpnId": home.mpn_id,
            "invitedBy": { "organizationId": "msft", "organizationName": "Microsoft" },
        },
    })
}
