//! Change events over the Streaming API. In come Bayeux messages as old clients send them; out go replies and
//! events. It must not know how the sandbox keeps them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use sandbox::Config;

const CHANNEL: &str = "/data/OpportunityChangeEvent";

async fn say(client: &Client, messages: Value) -> Vec<Value> {
    let token = client.sandbox.credentials().salesforce.access_token.clone();
    say_as(client, &token, "60.0", messages).await
}

async fn say_as(client: &Client, token: &str, version: &str, messages: Value) -> Vec<Value> {
    let url = format!("{}/cometd/{version}", client.sandbox.addresses().salesforce);
    let bearer = format!("OAuth {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let got = client.call("POST", &url, &headers, &messages.to_string()).await.unwrap().is(200);
    got.body.as_array().unwrap().clone()
}

async fn handshake(client: &Client) -> String {
    let message = json!([{ "channel": "/meta/handshake", "version": "1.0", "id": "1",
        "supportedConnectionTypes": ["websocket", "long-polling"] }]);
    let reply = say(client, message).await.remove(0);
    assert_eq!(reply["successful"], true, "{reply}");
    assert_eq!(reply["supportedConnectionTypes"], json!(["long-polling"]));
    assert_eq!(reply["ext"]["replay"], true);
    reply["clientId"].as_str().unwrap().to_owned()
}

fn subscribe(id: &str, channel: &str, replay: &Value) -> Value {
    json!([{ "channel": "/meta/subscribe", "clientId": id, "subscription": channel, "id": "3",
        "ext": { "replay": { channel: replay } } }])
}

fn connect(id: &str) -> Value {
    json!([{ "channel": "/meta/connect", "clientId": id, "connectionType": "long-polling", "id": "2" }])
}

fn deal(name: &str) -> Value {
    json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31", "NextStep": "call" })
}

#[tokio::test]
async fn a_poll_waits_for_events_and_carries_what_changed() {
    let client = Client::start().await;
    let id = handshake(&client).await;
    let replies = say(&client, connect(&id)).await;
    assert_eq!(replies[0]["successful"], true, "the first poll is answered at once");
    assert_eq!(replies[0]["advice"]["timeout"], 110_000);
    let reply = say(&client, subscribe(&id, CHANNEL, &json!(-1))).await.remove(0);
    assert_eq!((&reply["successful"], &reply["subscription"]), (&json!(true), &json!(CHANNEL)));

    let later = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.make("Opportunity", &deal("Depot")).await
    };
    let begun = Instant::now();
    let (replies, record) = tokio::join!(say(&client, connect(&id)), later);
    assert!(begun.elapsed() >= Duration::from_millis(200), "the poll waited");
    let event = &replies[0];
    assert_eq!(event["channel"], CHANNEL);
    let payload = &event["data"]["payload"];
    assert_eq!(payload["ChangeEventHeader"]["recordIds"], json!([record]));
    assert_eq!(payload["ChangeEventHeader"]["changeType"], "CREATE");
    assert_eq!(payload["Name"], "Depot");
    assert_eq!(payload["CloseDate"], "2026-12-31");
    assert_eq!(&payload["CreatedDate"].as_str().unwrap()[19..], ".000Z");
    assert!(event["data"]["event"]["replayId"].is_i64());
    assert_eq!(replies[1]["channel"], "/meta/connect");

    let path = format!("/sobjects/Opportunity/{record}");
    let patch = json!({ "StageName": "Qualification", "NextStep": null });
    client.rep("PATCH", &path, &patch).await.is(204);
    let replies = say(&client, connect(&id)).await;
    let payload = replies[0]["data"]["payload"].as_object().unwrap();
    let header = &payload["ChangeEventHeader"];
    assert_eq!(header["changedFields"], json!(["StageName", "NextStep", "LastModifiedDate"]));
    assert_eq!(header["nulledFields"], json!(["NextStep"]));
    assert_eq!(payload["NextStep"], Value::Null);
    assert_eq!(payload.len(), 4, "header and changed fields only: {payload:?}");
}

#[tokio::test]
async fn events_are_replayed_from_an_id_from_the_beginning_and_not_from_one_that_is_gone() {
    let client = Client::start().await;
    for name in ["one", "two", "three"] {
        client.make("Opportunity", &deal(name)).await;
    }
    let names = |replies: &[Value]| -> Vec<String> {
        let events = replies.iter().filter(|reply| reply["channel"] == CHANNEL);
        events.map(|e| e["data"]["payload"]["Name"].as_str().unwrap().to_owned()).collect()
    };
    let id = handshake(&client).await;
    let mut both = subscribe(&id, CHANNEL, &json!(-2)).as_array().unwrap().clone();
    both.extend(connect(&id).as_array().unwrap().clone());
    let replies = say(&client, Value::Array(both)).await;
    assert_eq!(names(&replies), ["one", "two", "three"]);
    let first = replies.iter().find(|reply| reply["channel"] == CHANNEL).unwrap();
    let first = first["data"]["event"]["replayId"].clone();

    let id = handshake(&client).await;
    say(&client, subscribe(&id, CHANNEL, &first)).await;
    assert_eq!(names(&say(&client, connect(&id)).await), ["two", "three"]);
    client.admin("POST", "/salesforce/changes/expire", &Value::Null).await.is(200);
    let reply = say(&client, subscribe(&id, CHANNEL, &first)).await.remove(0);
    assert_eq!(reply["successful"], false);
    let wanted = format!(
        "400::The replayId {{{first}}} you provided was invalid.  Please provide a valid ID, -2 to replay \
         all events, or -1 to replay only new events."
    );
    assert_eq!(reply["error"], wanted);
}

#[tokio::test]
async fn strangers_are_refused_as_salesforce_does() {
    let client =
        Client::with(Config { poll_hold: Duration::from_millis(50), ..Config::default() }).await;
    let message = json!({ "channel": "/meta/handshake", "version": "1.0" });
    let reply = say_as(&client, "00D!x", "60.0", message.clone()).await.remove(0);
    assert_eq!(reply["error"], "403::Handshake denied");
    assert_eq!(reply["ext"]["sfdc"]["failureReason"], "401::Authentication invalid");
    assert_eq!(reply["advice"]["reconnect"], "none");
    let token = client.sandbox.credentials().salesforce.access_token.clone();
    let reply = say_as(&client, &token, "", message).await.remove(0);
    assert!(
        reply["error"].as_str().unwrap().starts_with("400::API version in the URI is mandatory")
    );

    let reply = say(&client, connect("nobody")).await.remove(0);
    assert_eq!(reply["error"], "403::Unknown client");
    assert_eq!(reply["advice"]["reconnect"], "handshake");
    let id = handshake(&client).await;
    let reply =
        say(&client, subscribe(&id, "/data/NothingChangeEvent", &json!(-1))).await.remove(0);
    assert_eq!(reply["successful"], false);
    let reply = say_as(&client, "00D!x", "60.0", connect(&id)).await.remove(0);
    assert_eq!(reply["error"], "401::Authentication invalid");
    say(&client, connect(&id)).await;
    let replies = say(&client, connect(&id)).await;
    assert_eq!(replies.len(), 1, "an empty poll ends after its time");
    client.admin("POST", "/salesforce/changes/drop-streams", &Value::Null).await.is(204);
    let reply = say(&client, connect(&id)).await.remove(0);
    assert_eq!(reply["error"], "403::Unknown client");
    let url = format!("{}/cometd/60.0", client.sandbox.addresses().salesforce);
    client.call("GET", &url, &[], "").await.unwrap().is(400);
}
