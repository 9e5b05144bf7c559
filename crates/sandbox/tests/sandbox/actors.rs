//! Microsoft's seller and the partner's user in the portal, over the administration.

use sandbox::{Config, HtmlEscape};
use serde_json::{Value, json};

use crate::{
    client::{Client, Got, Receiver},
    partner_center::{half, referral, shared},
};

async fn plain() -> Client {
    Client::with(Config { html_escape: HtmlEscape::Off, ..Config::default() }).await
}

async fn read(client: &Client, id: &str) -> Got {
    client.partner("GET", &format!("/{id}"), &Value::Null).await.is(200)
}

async fn seller(client: &Client, id: &str, act: &str, given: &Value) -> Got {
    client.admin("POST", &format!("/partner-center/microsoft/{id}/{act}"), given).await
}

fn state(got: &Got) -> [String; 2] {
    ["/status", "/substatus"].map(|pointer| got.text(pointer))
}

#[tokio::test]
async fn microsofts_seller_accepts_and_both_halves_tell_of_it() {
    let client = plain().await;
    let own = client.partner("POST", "", &shared("Joint")).await.is(200);
    let (id, engagement) = (own.text("/id"), own.text("/engagementId"));
    seller(&client, &id, "accept", &json!({})).await.is(400);
    let theirs = client.partner("POST", "", &half(&engagement)).await.is(200).text("/id");
    let receiver = Receiver::start(&[200]).await;
    let registration = json!({
        "WebhookUrl": receiver.url,
        "WebhookEvents": ["referral-updated", "related-referral-updated"],
    });
    client.hooks("POST", "", &registration).await.is(200);
    let accepted = seller(&client, &id, "accept", &json!({ "msx_id": "7-TEST1" })).await.is(200);
    assert_eq!(
        (accepted.text("/id"), state(&accepted)),
        (theirs, ["Active", "Accepted"].map(Into::into))
    );
    assert_eq!(read(&client, &id).await.text("/trackingInfo/microsoftMsxId"), "7-TEST1");
    let mut told: Vec<[String; 2]> = receiver
        .wait(2)
        .await
        .iter()
        .map(|got| {
            let body = got.json();
            let uri = body["ResourceUri"].as_str().unwrap();
            [
                body["EventName"].as_str().unwrap().to_owned(),
                uri.rsplit('/').next().unwrap().to_owned(),
            ]
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            ["referral-updated".to_owned(), id.clone()],
            ["related-referral-updated".to_owned(), accepted.text("/id")],
        ]
    );
    let edit = json!({ "name": "Another name", "details": { "dealValue": 7 } });
    let edited = seller(&client, &id, "edit", &edit).await.is(200);
    assert_eq!(
        (edited.text("/name"), &edited.body["details"]["dealValue"]),
        ("Another name".into(), &json!(7))
    );
    assert_eq!(read(&client, &id).await.text("/name"), "Joint");
    for (act, given) in [
        ("decline", json!({})),
        ("edit", json!({ "customerProfile": { "name": "x" } })),
        ("edit", json!({ "consent": { "consentToShareReferralWithMicrosoftSellers": false } })),
        ("edit", json!({ "details": { "dealValue": -1 } })),
    ] {
        seller(&client, &id, act, &given).await.is(400);
    }
    let won = seller(&client, &id, "win", &json!({})).await.is(200);
    assert_eq!(state(&won), ["Closed", "Won"].map(String::from));
    seller(&client, &id, "edit", &edit).await.is(400);
    seller(&client, &id, "dance", &json!({})).await.is(404);
}

#[tokio::test]
async fn microsofts_seller_declines_for_good() {
    let client = plain().await;
    let own = client.partner("POST", "", &shared("Joint")).await.is(200);
    client.partner("POST", "", &half(&own.text("/engagementId"))).await.is(200);
    let declined =
        seller(&client, &own.text("/id"), "decline", &json!({ "reason": "Busy" })).await.is(200);
    assert_eq!(state(&declined), ["Closed", "Declined"].map(String::from));
    assert_eq!(declined.text("/statusReason"), "Busy");
    seller(&client, &own.text("/id"), "accept", &json!({})).await.is(400);
    client.partner("POST", "", &half(&own.text("/engagementId"))).await.is(400);
    assert_eq!(
        state(&read(&client, &own.text("/id")).await),
        ["Active", "Accepted"].map(String::from)
    );
}

#[tokio::test]
async fn microsoft_asks_the_partner_into_a_deal() {
    let client = plain().await;
    let asked = client
        .admin("POST", "/partner-center/microsoft/ask", &json!({ "name": "Come" }))
        .await
        .is(201);
    assert_eq!(asked.text("/own/engagementId"), asked.text("/microsoft/engagementId"));
    assert_eq!(
        (asked.text("/own/status"), asked.text("/microsoft/status")),
        ("New".into(), "Active".into())
    );
    assert!(!asked.text("/microsoft/trackingInfo/microsoftMsxId").is_empty());
    let path = format!("/{}", asked.text("/own/id"));
    let decline = json!([
        { "op": "replace", "path": "/status", "value": "Closed" },
        { "op": "replace", "path": "/substatus", "value": "Declined" },
    ]);
    client.partner("PATCH", &path, &decline).await.is(204);
}

#[tokio::test]
async fn a_user_makes_and_edits_deals_in_the_portal() {
    let client = plain().await;
    let portal = "/partner-center/portal/referrals";
    let mut without = shared("Portal");
    without["details"]["notes"] = json!("");
    client.admin("POST", portal, &without).await.is(400);
    let made = client.admin("POST", portal, &shared("Portal")).await.is(201);
    let filter = format!("?$filter=engagementId%20eq%20'{}'", made.text("/engagementId"));
    let halves = client.partner("GET", &filter, &Value::Null).await.is(200);
    assert_eq!(halves.body["@odata.count"], json!(2), "help was asked for at once");

    let private = client.admin("POST", portal, &referral("Private")).await.is(201);
    let path = format!("{portal}/{}", private.text("/id"));
    let change = json!({
        "name": "Renamed", "favorite": true, "salesStage": "40",
        "details": { "dealValue": 5, "notes": "New notes" },
        "customerProfile": { "team": [{ "firstName": "N", "lastName": "P", "email": "n@h.example", "phoneNumber": "1" }] },
    });
    let changed = client.admin("PATCH", &path, &change).await.is(200);
    assert_eq!(
        (changed.text("/name"), changed.text("/details/notes")),
        ("Renamed".into(), "New notes".into())
    );
    for locked in [
        json!({ "customerProfile": { "name": "x" } }),
        json!({ "mpnId": "1" }),
        json!({ "type": "Independent" }),
        json!({ "consent": { "consentToContact": false } }),
        json!({ "status": "Closed", "substatus": "Declined" }),
        json!({ "name": "" }),
        json!({}),
        // Help needs a deal that is shared.
        json!({ "inviteContext": { "assistanceRequestCode": "GeneralOrOther" } }),
    ] {
        client.admin("PATCH", &path, &locked).await.is(400);
    }
    let ask = json!({
        "consent": { "consentToShareReferralWithMicrosoftSellers": true },
        "inviteContext": { "assistanceRequestCode": "GeneralOrOther", "notes": "Help" },
    });
    let asked = client.admin("PATCH", &path, &ask).await.is(200);
    assert_eq!(asked.text("/inviteContext/assistanceRequestCode"), "GeneralOrOther");
    client.admin("PATCH", &path, &ask).await.is(400);
    let contacts = json!({ "customerProfile": { "team": [] } });
    client.admin("PATCH", &path, &contacts).await.is(400);
    let won = json!({ "status": "Closed", "substatus": "Won" });
    client.admin("PATCH", &path, &won).await.is(200);
    client.admin("PATCH", &path, &json!({ "name": "Late" })).await.is(400);
}
