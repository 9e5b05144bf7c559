//! The one clock: what it moves, and what time does to referrals.

use std::time::Duration;

use sandbox::Config;
use serde_json::{Value, json};

use crate::{
    client::{Client, REFERRALS, Receiver},
    partner_center::{half, shared},
    rows::deal,
};

async fn advance(client: &Client, by: &str) -> String {
    client.admin("POST", "/clock", &json!({ "advance": by })).await.is(200).text("/now")
}

#[tokio::test]
async fn what_is_not_answered_in_fourteen_days_expires() {
    let client = Client::start().await;
    let receiver = Receiver::start(&[200]).await;
    let registration = json!({
        "WebhookUrl": receiver.url,
        "WebhookEvents": ["referral-updated", "related-referral-updated"],
    });
    client.hooks("POST", "", &registration).await.is(200);
    let inbound = client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    let lead = json!({ "type": "Independent", "qualification": "MarketingQualified" });
    let lead = client.admin("POST", "/partner-center/referrals", &lead).await.is(201);
    let own = client.partner("POST", "", &shared("Own")).await.is(200);
    let half = client.partner("POST", "", &half(&own.text("/engagementId"))).await.is(200);
    let paths = [&inbound, &lead, &half, &own].map(|made| format!("/{}", made.text("/id")));
    advance(&client, "13d 23h").await;
    for path in &paths[..3] {
        let got = client.partner("GET", path, &Value::Null).await.is(200);
        assert_eq!(got.text("/status"), "New");
    }
    let now = advance(&client, "1h").await;
    for (path, contacts) in paths.iter().zip([1, 0, 1]) {
        let got = client.partner("GET", path, &Value::Null).await.is(200);
        assert_eq!(
            (got.text("/status"), got.text("/substatus")),
            ("Closed".into(), "Expired".into())
        );
        assert_eq!(&got.text("/closedDateTime")[..16], &now[..16]);
        let team = got.body["customerProfile"]["team"].as_array().unwrap();
        assert_eq!(team.len(), contacts, "an expired lead loses its contacts");
    }
    let accept = json!([
        { "op": "replace", "path": "/status", "value": "Active" },
        { "op": "replace", "path": "/substatus", "value": "Accepted" },
    ]);
    client.partner("PATCH", &paths[0], &accept).await.is(400);
    let own = client.partner("GET", &paths[3], &Value::Null).await.is(200);
    assert_eq!(own.text("/status"), "Active");
    let mut names: Vec<String> =
        receiver.wait(3).await.iter().map(|got| got.json()["EventName"].to_string()).collect();
    names.sort();
    assert_eq!(
        names,
        ["\"referral-updated\""; 2]
            .into_iter()
            .chain(["\"related-referral-updated\""])
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_lead_that_needs_no_answer_vanishes_after_six_months() {
    let client = Client::start().await;
    let lead = json!({ "type": "Independent", "callToAction": "Free trial" });
    let lead = client.admin("POST", "/partner-center/referrals", &lead).await.is(201);
    assert_eq!(lead.body["expirationDateTime"], Value::Null);
    let path = format!("/{}", lead.text("/id"));
    advance(&client, "100d").await;
    let got = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(got.text("/status"), "New");
    advance(&client, "100d").await;
    client.partner("GET", &path, &Value::Null).await.is(404);
}

#[tokio::test]
async fn one_clock_moves_both_systems() {
    let client = Client::start().await;
    let token = client.service_token().await;
    let partner = client.partner_token("api.partner.microsoft.com").await.is(200);
    client.admin("POST", "/clock", &json!({ "set": "2031-05-06T07:08:09Z" })).await.is(200);
    let clock = client.admin("GET", "/clock", &Value::Null).await.is(200);
    assert_eq!(clock.text("/now"), "2031-05-06T07:08:09.0000000Z");
    assert_eq!(clock.body["runs"], json!(false));
    client.service("GET", "/services/data/v60.0/limits", &token, &Value::Null).await.is(401);
    client.partner_as(&partner.text("/access_token"), "GET", REFERRALS).await.is(401);
    let id = client.make("Opportunity", &deal("Later")).await;
    let row = client.rep("GET", &format!("/sobjects/Opportunity/{id}"), &Value::Null).await.is(200);
    assert_eq!(row.text("/CreatedDate"), "2031-05-06T07:08:09.000+0000");
    let made = client.partner("POST", "", &shared("Later")).await.is(200);
    assert_eq!(&made.text("/createdDateTime")[..19], "2031-05-06T07:08:09");
    // Even a clock that stands still gives each change a later time and another tag.
    let path = format!("/{}", made.text("/id"));
    let notes = json!([{ "op": "add", "path": "/details/notes", "value": "n" }]);
    let kept = [("Prefer", "return=representation")];
    let next = client.partner_with("PATCH", &path, &kept, &notes).await.is(200);
    assert!(next.text("/updatedDateTime") > made.text("/updatedDateTime"));
    for bad in [json!({}), json!({ "advance": "soon" }), json!({ "advance": "1d", "set": "+1d" })] {
        client.admin("POST", "/clock", &bad).await.is(400);
    }
}

#[tokio::test]
async fn a_refresh_token_lives_ninety_days() {
    let client = Client::start().await;
    advance(&client, "89d").await;
    client.partner_token("api.partner.microsoft.com").await.is(200);
    advance(&client, "2d").await;
    let got = client.partner_token("api.partner.microsoft.com").await.is(400);
    assert_eq!(got.text("/error"), "invalid_grant");
}

#[tokio::test]
async fn the_clock_follows_its_file_and_nobody_need_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    let client = Client::with(Config { clock: Some(file.clone()), ..Config::default() }).await;
    let receiver = Receiver::start(&[200]).await;
    let registration = json!({ "WebhookUrl": receiver.url, "WebhookEvents": ["referral-updated"] });
    client.hooks("POST", "", &registration).await.is(200);
    client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    std::fs::write(&file, "+15d").unwrap();
    // No request comes: the expiry is told all the same.
    let got = receiver.wait(1).await.remove(0);
    assert_eq!(got.json()["EventName"], json!("referral-updated"));
    advance(&client, "1d").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), "+1382400s");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let setting = client.admin("GET", "/clock", &Value::Null).await.is(200).text("/setting");
    assert_eq!(setting, "+1382400s");
}

#[tokio::test]
async fn a_sandbox_with_a_state_folder_keeps_its_clock() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config { state: Some(folder.path().join("box")), ..Config::default() };
    let client = Client::with(config()).await;
    let there = advance(&client, "40d").await;
    client.sandbox.stop().await;
    let client = Client::with(config()).await;
    let now = client.admin("GET", "/clock", &Value::Null).await.is(200).text("/now");
    assert!(now >= there, "{now} {there}");
}
