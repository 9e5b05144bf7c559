//! Partner Center's API: tokens, creates, patches, lists, and how each says no.

use sandbox::{Config, HtmlEscape, Switch};
use serde_json::{Value, json};

use crate::client::{Client, REFERRALS, encode};

pub(crate) fn referral(name: &str) -> Value {
    json!({
        "name": name,
        "type": "Shared",
        "qualification": "SalesQualified",
        "externalReferenceId": "0065g0000000001AAA",
        "customerProfile": {
            "name": "Harrow & Pell",
            "address": { "addressLine1": "3 Flour Lane", "city": "Leeds", "country": "GB" },
            "team": [{ "firstName": "Nora", "lastName": "Probe", "email": "n@h.example" }],
        },
        "consent": { "consentToToShareInfoWithOthers": true, "consentToContact": true },
        "details": {
            "notes": "Planning",
            "dealValue": 48000.5,
            "currency": "GBP",
            "closingDateTime": "2026-04-30T00:00:00.000Z",
            "requirements": { "solutions": [{ "id": "SOL-1", "type": "Name" }] },
        },
        "team": [{ "firstName": "Jonas", "lastName": "Beispiel", "email": "j@t.example" }],
        "target": [{ "type": "SolutionProfile", "id": "SOL-1" }],
    })
}

/// A deal that Microsoft's sellers see, with a customer who can be called and a request for help.
pub(crate) fn shared(name: &str) -> Value {
    let mut referral = referral(name);
    referral["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
    referral["customerProfile"]["team"][0]["phoneNumber"] = json!("+1 202 555 0177");
    referral["inviteContext"] =
        json!({ "notes": "Please help.", "assistanceRequestCode": "ProofOfConceptOrDemo" });
    referral
}

/// The same as Microsoft's half of an engagement.
pub(crate) fn half(engagement: &str) -> Value {
    let mut half = shared("Joint");
    half["engagementId"] = json!(engagement);
    half["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    half["team"] = json!([]);
    half
}

#[tokio::test]
async fn a_token_is_for_one_host() {
    let client = Client::start().await;
    let api = client.partner_token("api.partner.microsoft.com").await.is(200);
    assert_ne!(
        api.text("/refresh_token"),
        client.sandbox.credentials().partner_center.refresh_token
    );
    let hooks = client.partner_token("api.partnercenter.microsoft.com").await.is(200);
    let (api, hooks) = (api.text("/access_token"), hooks.text("/access_token"));
    client.partner_as(&api, "GET", REFERRALS).await.is(200);
    client.partner_as(&api, "GET", "/referrals").await.is(200);
    let got = client.partner_as(&hooks, "GET", REFERRALS).await.is(401);
    assert_eq!(got.text("/error/code"), "unauthenticated");
    assert!(got.headers.contains_key("www-authenticate"));
    client.partner_as("none", "GET", REFERRALS).await.is(401);
    client.partner_token("graph.microsoft.com").await.is(400);
    // The old refresh token is still good.
    client.partner_token("api.partner.microsoft.com").await.is(200);
}

#[tokio::test]
async fn a_deal_of_the_partner_is_active_at_once() {
    let client = Client::start().await;
    let made = client.partner("POST", "", &referral("A & B")).await.is(200);
    for (pointer, wanted) in [
        ("/status", "Active"),
        ("/substatus", "Accepted"),
        ("/direction", "Outgoing"),
        ("/name", "A &amp; B"),
        ("/customerProfile/name", "Harrow &amp; Pell"),
        ("/details/notes", "Planning"),
        ("/details/closingDateTime", "2026-04-30T00:00:00Z"),
        ("/externalReferenceId", "0065g0000000001AAA"),
        ("/inviteContext/assistanceRequestCode", "Unknown"),
    ] {
        assert_eq!(made.text(pointer), wanted);
    }
    assert_eq!(made.headers["etag"], made.text("/eTag"));
    assert_eq!(made.text("/updatedDateTime").len(), 28);
    assert_eq!(made.body["details"]["dealValue"].to_string(), "48000.5");
    assert_eq!(made.body["team"][0]["title"], Value::Null);
    let id = made.text("/id");
    let read =
        client.partner("GET", &format!("/{}", id.to_uppercase()), &Value::Null).await.is(200);
    assert_eq!(read.body, made.body);
    let got =
        client.partner("GET", "/696c8cc6-68f3-41eb-9494-b8b93601b89e", &Value::Null).await.is(404);
    assert_eq!(got.text("/error/code"), "itemNotFound");
}

#[tokio::test]
async fn a_create_is_checked() {
    let client = Client::start().await;
    for (pointer, value, target) in [
        ("/type", Value::Null, "type"),
        ("/name", Value::Null, "name"),
        ("/consent", Value::Null, "consent"),
        ("/customerProfile", Value::Null, "customerProfile"),
        ("/details", Value::Null, "details"),
        ("/type", json!("Other"), "type"),
        ("/customerProfile/address/country", json!("UK"), "customerProfile.address.country"),
        ("/details/dealValue", json!(0), "details.dealValue"),
        ("/details/currency", json!("Pounds"), "details.currency"),
        ("/details/closingDateTime", json!("soon"), "details.closingDateTime"),
        ("/details/requirements/solutions", json!([]), "details.requirements.solutions"),
        ("/team", json!([]), "team"),
        ("/customerProfile/address/city", json!(" "), "customerProfile.address.city"),
        (
            "/consent/consentToToShareInfoWithOthers",
            json!(false),
            "consent.consentToToShareInfoWithOthers",
        ),
    ] {
        let mut body = referral("x");
        *body.pointer_mut(pointer).unwrap() = value;
        let got = client.partner("POST", "", &body).await.is(400);
        assert_eq!(
            (got.text("/error/code").as_str(), got.text("/error/target").as_str()),
            ("invalidRequest", target)
        );
        assert!(!got.text("/error/innerError/message").is_empty());
    }
    let listed = client.partner("GET", "", &Value::Null).await.is(200);
    assert_eq!(listed.body["@odata.count"], json!(0));
}

#[tokio::test]
async fn microsofts_half_joins_the_engagement_once() {
    let client = Client::start().await;
    let own = client.partner("POST", "", &shared("Joint")).await.is(200);
    let engagement = own.text("/engagementId");
    for (pointer, value, target) in [
        ("/engagementId", Value::Null, "engagementId"),
        ("/engagementId", json!("696c8cc6-68f3-41eb-9494-b8b93601b89e"), "engagementId"),
        ("/inviteContext/assistanceRequestCode", json!("Unknown"), CODE),
        ("/inviteContext/assistanceRequestCode", json!("Everything"), CODE),
        ("/customerProfile/team/0/phoneNumber", Value::Null, "customerProfile.team"),
        ("/consent/consentToShareReferralWithMicrosoftSellers", json!(false), SHARE),
    ] {
        let mut body = half(&engagement);
        *body.pointer_mut(pointer).unwrap() = value;
        let got = client.partner("POST", "", &body).await.is(400);
        assert_eq!(got.text("/error/target"), target);
    }
    let made = client.partner("POST", "", &half(&engagement)).await.is(200);
    assert_eq!(made.text("/organizationId"), "msft");
    assert_eq!(made.text("/type"), "Shared");
    assert_eq!(made.text("/status"), "New");
    client.partner("POST", "", &half(&engagement)).await.is(400);
    let mut again = shared("Joint");
    again["engagementId"] = json!(engagement);
    client.partner("POST", "", &again).await.is(400);
    let filter = format!("?$filter=engagementId%20eq%20'{engagement}'");
    let both = client.partner("GET", &filter, &Value::Null).await.is(200);
    assert_eq!(both.body["value"].as_array().unwrap().len(), 2);
    let operations = json!([{ "op": "replace", "path": "/details/notes", "value": "x" }]);
    let path = format!("/{}", made.text("/id"));
    client.partner("PATCH", &path, &operations).await.is(403);
    // A private deal gets no help.
    let private = client.partner("POST", "", &referral("Private")).await.is(200);
    client.partner("POST", "", &half(&private.text("/engagementId"))).await.is(400);
}

const CODE: &str = "inviteContext.assistanceRequestCode";
const SHARE: &str = "consent.consentToShareReferralWithMicrosoftSellers";

#[tokio::test]
async fn a_patch_changes_admitted_paths_only() {
    let client = Client::start().await;
    let made = client.partner("POST", "", &referral("Patch")).await.is(200);
    let path = format!("/{}", made.text("/id"));
    let operations = json!([
        { "op": "replace", "path": "/details/dealValue", "value": "52500" },
        { "op": "add", "path": "/team/-", "value": { "firstName": "A", "lastName": "B", "email": "a@b.example" } },
        { "op": "add", "path": "/details/requirements/solutions/-", "value": { "id": "SOL-2" } },
        { "op": "replace", "path": "/consent/consentToShareReferralWithMicrosoftSellers", "value": true },
    ]);
    let tag = made.text("/eTag");
    let headers = [("If-Match", tag.as_str()), ("Prefer", "return=representation")];
    let got = client.partner_with("PATCH", &path, &headers, &operations).await.is(200);
    assert_eq!(got.body["details"]["dealValue"].to_string(), "52500");
    assert_eq!(got.body["team"][1]["title"], Value::Null);
    assert_eq!(got.body["details"]["requirements"]["solutions"][1]["type"], json!("Name"));
    assert_ne!(got.text("/eTag"), tag);
    assert!(got.text("/updatedDateTime") > made.text("/updatedDateTime"));
    let stale = client.partner_with("PATCH", &path, &headers, &operations).await.is(412);
    assert_eq!(stale.text("/error/code"), "preconditionFailed");
    assert_eq!(stale.text("/error/innerError/code"), "resourceModified");
    let notes = json!([{ "op": "add", "path": "/details/notes", "value": "n" }]);
    client.partner("PATCH", &path, &notes).await.is(204);

    for (op, pointer, value) in [
        ("remove", "/details/notes", json!("x")),
        ("replace", "/name", json!("x")),
        ("replace", "/customerProfile/address", json!({})),
        ("replace", "/details/dealValue", json!(-1)),
        ("replace", "/team", json!([])),
        ("replace", "/status", json!("Closed")),
        ("replace", "/status", json!("New")),
        ("replace", "/substatus", json!("Received")),
        ("replace", "/consent/consentToShareReferralWithMicrosoftSellers", json!(false)),
    ] {
        let operations = json!([{ "op": op, "path": pointer, "value": value }]);
        let got = client.partner("PATCH", &path, &operations).await.is(400);
        assert_eq!(got.text("/error/code"), "invalidRequest", "{pointer}");
    }
    let close = json!([
        { "op": "replace", "path": "/status", "value": "Closed" },
        { "op": "replace", "path": "/substatus", "value": "Won" },
    ]);
    client.partner("PATCH", &path, &close).await.is(204);
    let closed = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(closed.text("/closedDateTime").len(), 28);
    client.partner("PATCH", &path, &notes).await.is(400);
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let partner_center = vec![Switch::TopIsPage];
    let client = Client::with(Config { partner_center, ..Config::default() }).await;
    for number in 0..7 {
        let mut body = referral(&format!("n{number}"));
        body["externalReferenceId"] = json!(format!("ref-{}", number % 2));
        client.partner("POST", "", &body).await.is(200);
    }
    client.admin("POST", "/partner-center/referrals", &json!({ "name": "in" })).await.is(201);
    let mut path = "?$orderby=updatedDateTime%20desc&$top=3".to_owned();
    let mut names = Vec::new();
    loop {
        let got = client.partner("GET", &path, &Value::Null).await.is(200);
        assert_eq!(got.body["@odata.count"], json!(8));
        let value = got.body["value"].as_array().unwrap().clone();
        names.extend(value.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        let Some(next) = got.body["@odata.nextLink"].as_str() else { break };
        assert!(next.contains("/v1.0/referrals?$skiptoken="));
        path = format!("?{}", next.split_once('?').unwrap().1);
    }
    assert_eq!(names, ["in", "n6", "n5", "n4", "n3", "n2", "n1", "n0"]);
    for (filter, count) in [
        ("externalReferenceId eq 'ref-1'", 3),
        ("status eq 'New' and substatus eq 'Received' and direction eq 'Incoming'", 1),
        ("type eq 'Independent' and direction eq 'Outgoing'", 7),
    ] {
        let filter = encode(filter);
        let got = client.partner("GET", &format!("?$filter={filter}"), &Value::Null).await.is(200);
        assert_eq!(got.body["value"].as_array().unwrap().len(), count);
    }
    for bad in ["$filter=updatedDateTime%20gt%202020", "$orderby=name", "$top=x", "$skiptoken=x"] {
        client.partner("GET", &format!("?{bad}"), &Value::Null).await.is(400);
    }
}

#[tokio::test]
async fn microsoft_sends_and_changes_referrals() {
    let config = Config { html_escape: HtmlEscape::Off, ..Config::default() };
    let client = Client::with(config).await;
    let given =
        json!({ "name": "Q & A", "details": { "dealValue": 125_000.10, "currency": "EUR" } });
    let made = client.admin("POST", "/partner-center/referrals", &given).await.is(201);
    assert_eq!(
        (made.text("/status").as_str(), made.text("/substatus").as_str()),
        ("New", "Received")
    );
    assert_eq!(
        (made.text("/direction").as_str(), made.text("/name").as_str()),
        ("Incoming", "Q & A")
    );
    assert_eq!(made.text("/details/currency"), "EUR");
    assert_eq!(made.text("/inviteContext/invitedBy/organizationId"), "msft");
    assert!(made.text("/expirationDateTime") > made.text("/createdDateTime"));
    let path = format!("/partner-center/referrals/{}", made.text("/id"));
    let patch =
        json!({ "trackingInfo": { "microsoftMsxId": "7-X" }, "details": { "notes": null } });
    let changed = client.admin("PATCH", &path, &patch).await.is(200);
    assert_eq!(changed.text("/trackingInfo/microsoftMsxId"), "7-X");
    assert_eq!(changed.body["details"]["notes"], Value::Null);
    assert_ne!(changed.text("/eTag"), made.text("/eTag"));
    let accept = json!([
        { "op": "replace", "path": "/status", "value": "Active" },
        { "op": "replace", "path": "/substatus", "value": "Accepted" },
    ]);
    let id = format!("/{}", made.text("/id"));
    client.partner("PATCH", &id, &accept).await.is(204);
    let read = client.partner("GET", &id, &Value::Null).await.is(200);
    assert_eq!(read.body["expirationDateTime"], Value::Null);
    let counts = client.admin("GET", "/counts", &Value::Null).await.is(200).body;
    assert_eq!(counts["partner_center"]["writes"], json!(0));
    assert_eq!(counts["partner_center"]["by_user"]["partner"]["writes"], json!(1));
}
