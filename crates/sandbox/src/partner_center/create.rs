//! Referrals made. In come bodies from the partner or from Microsoft; out go whole stored referrals. It
//! must not know HTTP.

use serde_json::{Value, json};

use super::{
    PartnerHome, Switch, asked, events,
    events::Change,
    lifetime, patch,
    referral::{self, blank, complete, overlay, set, text},
    refusal::{Done, invalid},
    rules, shape, states,
};
use crate::store::{ReferralOrder, ReferralWalk, Tx};

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
    if !given.is_object() {
        return Err(invalid("body", "invalidBody", "The body must be a JSON object."));
    }
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
    let taken = Value::Object(taken);
    shape::object(&taken, "")?;
    overlay(&mut referral, &taken);
    let is_microsofts = is_for_microsoft(given);
    check(&mut referral, is_microsofts)?;
    if !is_microsofts {
        asked::refuse(tx, &referral)?;
    }
    complete(&mut referral);
    let own = join(home, tx, &referral)?;
    let (id, name) = home.organization();
    if let Some(by) = referral.pointer_mut("/inviteContext/invitedBy") {
        *by = json!({ "organizationId": id, "organizationName": name });
    }
    if is_microsofts {
        return ask(home, tx, referral, own);
    }
    if own.is_some() {
        let message = "The engagement has a referral of this organization.";
        return Err(invalid("engagementId", "exists", message));
    }
    start(home, tx, referral)
}

/// The partner's own half, active at once.
fn start(home: &PartnerHome, tx: &Tx<'_>, mut referral: Value) -> Done<Value> {
    let (id, name) = home.organization();
    for (key, value) in [
        ("organizationId", json!(id)),
        ("organizationName", json!(name)),
        ("status", json!("Active")),
        ("substatus", json!("Accepted")),
        ("direction", json!("Outgoing")),
    ] {
        set(&mut referral, key, value);
    }
    states::follow_consent(home, &mut referral);
    if text(&referral, "/mpnId").is_empty() {
        set(&mut referral, "mpnId", json!(home.mpn_id));
    }
    made(home, tx, referral)
}

/// Gives a referral its id and times, keeps it and tells of it.
pub(crate) fn made(home: &PartnerHome, tx: &Tx<'_>, mut referral: Value) -> Done<Value> {
    referral::found(tx, &mut referral)?;
    let is_new = text(&referral, "/status") == "New";
    let has_end = referral.get("expirationDateTime").is_some_and(|end| !end.is_null());
    if is_new && !has_end && !lifetime::needs_no_answer(&referral) {
        set(&mut referral, "expirationDateTime", json!(lifetime::expiry(tx)));
    }
    referral::follow_status(&mut referral);
    lifetime::put(tx, &referral)?;
    events::notify(home, tx, Change::Created, &referral)?;
    Ok(referral)
}

/// Microsoft's half of the deal `own`: the partner asks for help, which it can once.
pub(crate) fn ask(
    home: &PartnerHome,
    tx: &Tx<'_>,
    mut half: Value,
    own: Option<Value>,
) -> Done<Value> {
    let Some(mut own) = own else {
        let message = "Microsoft joins an engagement in which this organization has a referral.";
        return Err(invalid("engagementId", "required", message));
    };
    states::is_open(&own)?;
    if text(&own, "/status") != "Active" {
        return Err(invalid("status", "notActive", "The deal is not accepted yet."));
    }
    let consent = "consent.consentToShareReferralWithMicrosoftSellers";
    if !states::is_shared(&own) || !states::is_shared(&half) {
        let message = "Help is asked for deals that are shared with Microsoft's sellers.";
        return Err(invalid(consent, "notShared", message));
    }
    if !states::is_help_asked(&half) {
        let message = "An assistance request code is required.";
        return Err(invalid("inviteContext.assistanceRequestCode", "required", message));
    }
    if half_of_microsoft(tx, text(&own, "/engagementId"))?.is_some() {
        let message = "Microsoft's help was asked for already.";
        return Err(invalid("engagementId", "exists", message));
    }
    rules::reachable(half.pointer("/customerProfile/team").unwrap_or(&Value::Null))?;
    for (key, value) in [
        ("id", Value::Null),
        ("team", json!([])),
        ("acceptedDateTime", Value::Null),
        ("engagementId", own.get("engagementId").cloned().unwrap_or_default()),
        ("organizationId", json!("msft")),
        ("organizationName", json!("Microsoft")),
        ("externalReferenceId", Value::Null),
        ("status", json!("New")),
        ("substatus", json!("Received")),
        ("direction", json!("Incoming")),
        ("mpnId", Value::Null),
        ("target", json!([{ "type": "BusinessProfileLocation", "id": "msft" }])),
    ] {
        set(&mut half, key, value);
    }
    if !home.has(Switch::TypeAsGiven) {
        set(&mut half, "type", json!("Shared"));
    }
    let half = made(home, tx, half)?;
    if !states::is_help_asked(&own) {
        for key in ["assistanceRequestCode", "notes"] {
            let asked = half.pointer(&format!("/inviteContext/{key}")).cloned();
            if let Some(place) = own.pointer_mut(&format!("/inviteContext/{key}")) {
                *place = asked.unwrap_or_default();
            }
        }
        patch::keep(home, tx, own)?;
    }
    Ok(half)
}

/// Microsoft's half of an engagement.
pub(crate) fn half_of_microsoft(tx: &Tx<'_>, engagement: &str) -> Done<Option<Value>> {
    let halves = halves(tx, engagement)?;
    Ok(halves.into_iter().find(|half| text(half, "/organizationId") == "msft"))
}

/// All referrals of an engagement.
pub(crate) fn halves(tx: &Tx<'_>, engagement: &str) -> Done<Vec<Value>> {
    let walk = ReferralWalk {
        order: ReferralOrder::Created,
        descending: false,
        engagement: Some(engagement),
        after: None,
    };
    let mut halves = Vec::new();
    tx.walk_referrals(&walk, &mut |referral| {
        halves.push(referral);
        true
    })?;
    Ok(halves)
}

fn is_for_microsoft(given: &Value) -> bool {
    let targets = given.get("target").and_then(Value::as_array).map(Vec::as_slice);
    targets.unwrap_or_default().iter().any(|target| {
        text(target, "/type") == "BusinessProfileLocation"
            && text(target, "/id").eq_ignore_ascii_case("msft")
    })
}

/// A request for help needs a shared deal and a customer who can be reached.
fn help(referral: &Value) -> Done<()> {
    let code = text(referral, "/inviteContext/assistanceRequestCode");
    if !states::is_help(code) {
        let message = "The assistance request code is not known.";
        let target = "inviteContext.assistanceRequestCode";
        let is_none = matches!(code, "" | "Unknown");
        return if is_none { Ok(()) } else { Err(invalid(target, "invalidCode", message)) };
    }
    if !states::is_shared(referral) {
        let target = "consent.consentToShareReferralWithMicrosoftSellers";
        let message = "Help is asked for deals that are shared with Microsoft's sellers.";
        return Err(invalid(target, "notShared", message));
    }
    rules::reachable(referral.pointer("/customerProfile/team").unwrap_or(&Value::Null))
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
    for path in [
        "/name",
        "/customerProfile/name",
        "/customerProfile/address/addressLine1",
        "/customerProfile/address/city",
    ] {
        if text(referral, path).trim().is_empty() {
            let target = path.trim_start_matches('/').replace('/', ".");
            return Err(invalid(&target, "required", "A text is required."));
        }
    }
    if referral.pointer("/consent/consentToToShareInfoWithOthers") != Some(&json!(true)) {
        let target = "consent.consentToToShareInfoWithOthers";
        return Err(invalid(target, "required", "The customer must consent."));
    }
    if !referral
        .pointer("/consent/consentToShareReferralWithMicrosoftSellers")
        .is_some_and(Value::is_boolean)
    {
        let target = "consent.consentToShareReferralWithMicrosoftSellers";
        return Err(invalid(target, "invalidType", "The value must be true or false."));
    }
    help(referral)?;
    let at = |path: &str| referral.pointer(path).cloned().unwrap_or_default();
    rules::sales_stage(&at("/salesStage"))?;
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

/// An engagement that is named must be there; answers the partner's own half of it.
fn join(home: &PartnerHome, tx: &Tx<'_>, referral: &Value) -> Done<Option<Value>> {
    let engagement = text(referral, "/engagementId");
    if engagement.is_empty() {
        return Ok(None);
    }
    let halves = halves(tx, engagement)?;
    if halves.is_empty() {
        return Err(invalid("engagementId", "notFound", "There is no engagement with this id."));
    }
    let own = home.organization().0;
    Ok(halves.into_iter().find(|half| text(half, "/organizationId") == own))
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
    made(home, tx, referral)
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
