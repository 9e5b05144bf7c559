//! Change events over the Streaming API. In come Bayeux messages as old clients send them; out go replies and
//! events. It must not know how the sandbox keeps them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{client::Client, writes::by_soap};
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

fn topic(name: &str, query: &str) -> Value {
    json!({ "Name": name, "Query": query, "ApiVersion": 60.0 })
}

/// A client that hears of a topic from an id on, and has polled before.
async fn listen(client: &Client, channel: &str, replay: &Value) -> String {
    let id = handshake(client).await;
    say(client, connect(&id)).await;
    let reply = say(client, subscribe(&id, channel, replay)).await.remove(0);
    assert_eq!(reply["successful"], true, "{reply}");
    id
}

/// What a poll brings of a channel: the kinds of events, and the rows.
async fn heard(client: &Client, id: &str, channel: &str) -> Vec<(String, Value)> {
    let mut replies = say(client, connect(id)).await;
    replies.retain(|reply| reply["channel"] == channel);
    let event = |reply: &Value| {
        let kind = reply["data"]["event"]["type"].as_str().unwrap().to_owned();
        (kind, reply["data"]["sobject"].clone())
    };
    replies.iter().map(event).collect()
}

#[tokio::test]
async fn a_topic_tells_of_the_rows_of_its_query() {
    let client = Client::start().await;
    let query = "SELECT Id, Name, CreatedDate FROM Opportunity WHERE Amount > 100 AND StageName != 'Closed Lost'";
    client.make("PushTopic", &topic("Large", query)).await;
    let id = listen(&client, "/topic/Large", &json!(-1)).await;

    client.make("Opportunity", &deal("small")).await;
    let mut large = deal("large");
    large["Amount"] = json!(500);
    let record = client.make("Opportunity", &large).await;
    let path = format!("/sobjects/Opportunity/{record}");
    client.rep("PATCH", &path, &json!({ "NextStep": "not looked at" })).await.is(204);
    client.rep("PATCH", &path, &json!({ "Amount": 600 })).await.is(204);
    client.rep("PATCH", &path, &json!({ "Amount": 50 })).await.is(204);
    client.rep("PATCH", &path, &json!({ "Amount": 700 })).await.is(204);
    client.rep("DELETE", &path, &Value::Null).await.is(204);
    by_soap(&client, "undelete", &[&record]).await;

    let mut replies = say(&client, connect(&id)).await;
    replies.pop();
    let kinds: Vec<_> = replies.iter().map(|reply| &reply["data"]["event"]["type"]).collect();
    assert_eq!(kinds, ["created", "updated", "updated", "deleted", "undeleted"], "{replies:?}");
    let made = &replies[0];
    assert_eq!(made["channel"], "/topic/Large");
    let row = made["data"]["sobject"].as_object().unwrap();
    let names: Vec<_> = row.keys().collect();
    assert_eq!(names, ["Id", "Name", "CreatedDate"], "the fields of the query, and no others");
    assert_eq!((&row["Id"], &row["Name"]), (&json!(record), &json!("large")));
    assert_eq!(&row["CreatedDate"].as_str().unwrap()[19..], ".000Z");
    let event = made["data"]["event"].as_object().unwrap();
    assert_eq!(event.keys().collect::<Vec<_>>(), ["createdDate", "replayId", "type"]);
    let created = event["createdDate"].as_str().unwrap();
    assert_eq!((created.len(), &created[23..]), (24, "Z"));
    assert_eq!(replies[3]["data"]["sobject"], json!({ "Id": record }), "only the id is left");
}

#[tokio::test]
async fn a_topic_looks_at_the_fields_and_operations_that_it_names() {
    let client = Client::start().await;
    for (notify, query) in [
        ("All", "SELECT Id FROM Opportunity"),
        ("Select", "SELECT Id, Name FROM Opportunity WHERE Amount > 1"),
        ("Where", "SELECT Id, Name FROM Opportunity WHERE Amount > 1"),
    ] {
        let mut topic = topic(notify, query);
        topic["NotifyForFields"] = json!(notify);
        topic["NotifyForOperationCreate"] = json!(false);
        client.make("PushTopic", &topic).await;
    }
    let mut large = deal("one");
    large["Amount"] = json!(5);
    let record = client.make("Opportunity", &large).await;
    for patch in [json!({ "Name": "two" }), json!({ "Amount": 6 }), json!({ "NextStep": "x" })] {
        client.rep("PATCH", &format!("/sobjects/Opportunity/{record}"), &patch).await.is(204);
    }
    // An edit that changes nothing is not told.
    let same = json!({ "Name": "two" });
    client.rep("PATCH", &format!("/sobjects/Opportunity/{record}"), &same).await.is(204);
    for (notify, count) in [("All", 3), ("Select", 1), ("Where", 1)] {
        let channel = format!("/topic/{notify}");
        let id = listen(&client, &channel, &json!(-2)).await;
        let events = heard(&client, &id, &channel).await;
        assert_eq!(events.len(), count, "{notify}: {events:?}");
        assert!(events.iter().all(|(kind, _)| kind == "updated"));
    }
}

#[tokio::test]
async fn a_topic_is_replayed_for_a_day_and_may_be_renamed_and_put_to_rest() {
    let client =
        Client::with(Config { poll_hold: Duration::from_millis(50), ..Config::default() }).await;
    let other = topic("Other", "SELECT Id, Name FROM Account");
    client.make("PushTopic", &other).await;
    client.make("Account", &json!({ "Name": "elsewhere" })).await;
    let made = client.make("PushTopic", &topic("Deals", "SELECT Id, Name FROM Opportunity")).await;
    for name in ["one", "two", "three"] {
        client.make("Opportunity", &deal(name)).await;
    }
    let channel = "/topic/Deals";
    let id = listen(&client, channel, &json!(-2)).await;
    let replies = say(&client, connect(&id)).await;
    let first = replies[0]["data"]["event"]["replayId"].clone();
    let names = |events: Vec<(String, Value)>| -> Vec<Value> {
        events.into_iter().map(|(_, row)| row["Name"].clone()).collect()
    };
    let id = listen(&client, channel, &first).await;
    assert_eq!(names(heard(&client, &id, channel).await), ["two", "three"]);

    // Who hears of it goes on to do so; the channel has the new name for those who come.
    let path = format!("/sobjects/PushTopic/{made}");
    client.rep("PATCH", &path, &json!({ "Name": "Sales" })).await.is(204);
    client.make("Opportunity", &deal("four")).await;
    assert_eq!(names(heard(&client, &id, channel).await), ["four"]);
    let reply = say(&client, subscribe(&id, channel, &json!(-1))).await.remove(0);
    let wanted = "400::The channel you requested to subscribe to does not exist {/topic/Deals}";
    assert_eq!((&reply["successful"], &reply["error"]), (&json!(false), &json!(wanted)));
    let reply = say(&client, subscribe(&id, "/topic/Sales", &json!(1))).await.remove(0);
    let error = reply["error"].as_str().unwrap();
    assert!(error.starts_with("400::The replayId {1} you provided"), "another topic's: {error}");

    client.rep("PATCH", &path, &json!({ "IsActive": false })).await.is(204);
    client.make("Opportunity", &deal("five")).await;
    assert_eq!(heard(&client, &id, channel).await, []);
    client.rep("PATCH", &path, &json!({ "IsActive": true })).await.is(204);
    client.make("Opportunity", &deal("six")).await;
    assert_eq!(names(heard(&client, &id, channel).await), ["six"]);

    client.admin("POST", "/clock", &json!({ "advance": "25h" })).await.is(200);
    let reply = say(&client, subscribe(&id, "/topic/Sales", &first)).await.remove(0);
    assert_eq!(reply["successful"], false, "{reply}");
    client.rep("DELETE", &path, &Value::Null).await.is(204);
    let reply = say(&client, subscribe(&id, "/topic/Sales", &json!(-1))).await.remove(0);
    assert_eq!(reply["successful"], false, "{reply}");
}

#[tokio::test]
async fn a_topic_that_cannot_be_told_is_refused() {
    let client = Client::start().await;
    let refuse = async |topic: Value| {
        let got = client.rep("POST", "/sobjects/PushTopic", &topic).await.is(400);
        (got.text("/0/errorCode"), got.text("/0/message"))
    };
    for (query, wanted) in [
        ("SELECT Name FROM Account", "the Id field must be in the SELECT clause"),
        ("SELECT Id FROM Account", "NotifyForFields Referenced needs a field other than Id"),
        ("SELECT Id, Name FROM Account LIMIT 10", "'LIMIT' is not allowed"),
        ("SELECT Id, Name FROM Account ORDER BY Name", "'ORDER BY' clause is not allowed"),
        ("SELECT Id, COUNT(Name) FROM Account", "Aggregate queries are not supported"),
        ("SELECT COUNT() FROM Account", "Aggregate queries are not supported"),
        ("SELECT Id, Account.Name FROM Contact", "relationships are not supported"),
        (
            "SELECT Id, Name FROM Contact WHERE Account.Name = 'x'",
            "relationships are not supported",
        ),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "relationships are not supported"),
        (
            "SELECT Id, Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact)",
            "semi/anti join sub-selects are not supported",
        ),
        ("SELECT Id, Name FROM Account WHERE NOT Name = 'x'", "'NOT' is not supported"),
        ("SELECT Id, Name FROM User", "entity User is not supported"),
        ("SELECT Id, Nothing__c FROM Account", "No such column 'Nothing__c' on entity 'Account'"),
    ] {
        let (code, message) = refuse(topic("Bad", query)).await;
        assert_eq!(code, "INVALID_FIELD", "{query}: {message}");
        assert!(message.contains(wanted), "{query}: {message}");
    }
    let good = "SELECT Id, Name FROM Account WHERE Name NOT IN ('x')";
    let (code, _) = refuse(topic("Bad", "SELECT Id Name FROM Account")).await;
    assert_eq!(code, "MALFORMED_QUERY");
    let (code, _) = refuse(topic("A name of twenty-six chars", good)).await;
    assert_eq!(code, "STRING_TOO_LONG");
    let (code, _) = refuse(json!({ "Name": "Bad", "Query": good })).await;
    assert_eq!(code, "REQUIRED_FIELD_MISSING");
    let (code, _) = refuse(json!({ "Name": "Bad", "Query": good, "ApiVersion": 20 })).await;
    assert_eq!(code, "FIELD_INTEGRITY_EXCEPTION");

    let made = client.make("PushTopic", &topic("Good", good)).await;
    let (code, _) = refuse(topic("good", good)).await;
    assert_eq!(code, "DUPLICATE_VALUE");
    let path = format!("/sobjects/PushTopic/{made}");
    let row = client.rep("GET", &path, &Value::Null).await.is(200).body;
    assert_eq!((&row["IsActive"], &row["NotifyForFields"]), (&json!(true), &json!("Referenced")));
    assert_eq!(row["NotifyForOperationUndelete"], true);
    let names = client.names("Name", "SELECT Name FROM PushTopic").await;
    assert_eq!(names, ["Good"]);
    client.rep("PATCH", &path, &json!({ "Query": "SELECT Name FROM Account" })).await.is(400);
}
