//! Change events over the Pub/Sub API. In come writes by REST; out go events as a gRPC client reads them. It
//! must not know how the sandbox keeps them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    bus::{Bus, Code, EARLIEST, LATEST, Stream, Topic, after, error_code, fetch},
    client::Client,
};
use sandbox::Config;

const OPPORTUNITIES: &str = "/data/OpportunityChangeEvent";
const ALL: &str = "/data/ChangeEvents";

fn deal(name: &str) -> Value {
    json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31" })
}

#[tokio::test]
async fn a_change_is_told_with_its_fields_and_where_it_came_from() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, LATEST, 10)).await.unwrap();
    // The subscription begins once its request was read.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut fields = deal("Depot");
    fields["Amount"] = json!(125_000.1);
    fields["NextStep"] = json!("call");
    let id = client.make("Opportunity", &fields).await;
    let origin = [("Sforce-Call-Options", "client=cosell")];
    let path = format!("/sobjects/Opportunity/{id}");
    let patch = json!({ "StageName": "Qualification", "NextStep": null });
    client.rep_with("PATCH", &path, &origin, &patch).await.is(204);
    client.rep("DELETE", &path, &Value::Null).await.is(204);

    let got = stream.events(3).await;
    let made = bus.read(&got[0]).await;
    let header = &made["ChangeEventHeader"];
    assert_eq!(header["changeType"], "CREATE");
    assert_eq!(header["entityName"], "Opportunity");
    assert_eq!(header["recordIds"], json!([id]));
    assert_eq!(header["changeOrigin"], "com/salesforce/api/rest/60.0");
    assert_eq!(header["sequenceNumber"], 1);
    assert_eq!(header["changedFields"], json!([]));
    assert!(header["commitUser"].as_str().unwrap().starts_with("005"));
    assert_eq!(made["Name"], "Depot");
    assert_eq!(made["Amount"], json!(125_000.1));
    assert_eq!(made["CloseDate"], json!(1_798_675_200_000_i64));
    assert_eq!(made["IsClosed"], false);
    assert_eq!(made["Description"], Value::Null);

    let changed = bus.read(&got[1]).await;
    let header = &changed["ChangeEventHeader"];
    assert_eq!(header["changeType"], "UPDATE");
    assert_eq!(header["changeOrigin"], "com/salesforce/api/rest/60.0;client=cosell");
    assert_eq!(header["changedFields"], json!(["StageName", "NextStep", "LastModifiedDate"]));
    assert_eq!(header["nulledFields"], json!(["NextStep"]));
    assert_eq!(changed["StageName"], "Qualification");
    assert_eq!(changed["Name"], Value::Null, "what did not change is null");
    assert!(changed["LastModifiedDate"].is_i64());

    let gone = bus.read(&got[2]).await;
    assert_eq!(gone["ChangeEventHeader"]["changeType"], "DELETE");
    assert_eq!(gone["Name"], Value::Null);
}

#[tokio::test]
async fn every_route_that_writes_is_heard_and_rolled_back_ones_are_not() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let account = client.make("Account", &json!({ "Name": "Alpine" })).await;
    let mut fields = deal("By upsert");
    fields["AccountId"] = json!(account);
    let upsert = "/sobjects/Opportunity/Referral_Identifier__c/r-1";
    client.rep("PATCH", upsert, &fields).await.is(201);
    client.rep("PATCH", upsert, &json!({ "Amount": 5 })).await.is(200);
    let many: Vec<Value> = ["A", "B"]
        .iter()
        .map(|name| json!({ "attributes": { "type": "Contact" }, "LastName": name }))
        .collect();
    let body = json!({ "allOrNone": true, "records": many });
    client.rep("POST", "/composite/sobjects", &body).await.is(200);
    let part = |id: &str, object: &str, body: Value| json!({ "method": "POST", "url": format!("/services/data/v60.0/sobjects/{object}"), "referenceId": id, "body": body });
    let good = part("a", "Account", json!({ "Name": "One" }));
    let bad = part("b", "Account", json!({ "Nonsense": 1 }));
    let body = json!({ "allOrNone": true, "compositeRequest": [good, bad] });
    client.rep("POST", "/composite", &body).await.is(200);
    let body = json!({ "allOrNone": true, "compositeRequest": [good] });
    client.rep("POST", "/composite", &body).await.is(200);
    client.rep("DELETE", &format!("/sobjects/Account/{account}"), &Value::Null).await.is(204);

    let mut stream = bus.subscribe(fetch(ALL, EARLIEST, 100)).await.unwrap();
    let mut told = Vec::new();
    let mut keys = Vec::new();
    for consumed in stream.events(8).await {
        let event = bus.read(&consumed).await;
        let header = &event["ChangeEventHeader"];
        let text = |name: &str| header[name].as_str().unwrap().to_owned();
        told.push(format!("{} {}", text("changeType"), text("entityName")));
        keys.push((text("transactionKey"), header["sequenceNumber"].as_i64().unwrap()));
    }
    let wanted = [
        "CREATE Account",
        "CREATE Opportunity",
        "UPDATE Opportunity",
        "CREATE Contact",
        "CREATE Contact",
        "CREATE Account",
        "DELETE Account",
        "DELETE Opportunity",
    ];
    assert_eq!(told, wanted);
    assert_eq!(keys[3].0, keys[4].0, "one call is one transaction");
    assert_eq!((keys[3].1, keys[4].1), (1, 2));
    assert_eq!((keys[6].1, keys[7].1), (1, 2), "a cascade belongs to its delete");
    assert_ne!(keys[0].0, keys[1].0);
}

#[tokio::test]
async fn compound_fields_are_nested_and_their_parts_have_bitmaps_of_their_own() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let fields = json!({
        "Name": "Alpine", "BillingCity": "Chur", "BillingCountry": "CH", "ShippingCity": "Bern",
    });
    let account = client.make("Account", &fields).await;
    let path = format!("/sobjects/Account/{account}");
    client.rep("PATCH", &path, &json!({ "ShippingCity": "Biel" })).await.is(204);
    let nulls = json!({ "BillingCity": null, "BillingCountry": null });
    client.rep("PATCH", &path, &nulls).await.is(204);
    client.make("Contact", &json!({ "LastName": "Meier", "FirstName": "Anna" })).await;
    let mut stream = bus.subscribe(fetch(ALL, EARLIEST, 10)).await.unwrap();
    let got = stream.events(4).await;

    let made = bus.read(&got[0]).await;
    assert_eq!(made["Name"], "Alpine", "an account's name is the text of its union");
    assert_eq!(made["BillingAddress"]["City"], "Chur");
    assert_eq!(made["BillingAddress"]["Street"], Value::Null);
    assert_eq!(made["ShippingAddress"]["City"], "Bern");
    let moved = bus.read(&got[1]).await;
    let header = &moved["ChangeEventHeader"];
    assert_eq!(header["changedFields"], json!(["LastModifiedDate", "ShippingAddress.City"]));
    assert_eq!(moved["ShippingAddress"]["City"], "Biel");
    assert_eq!(moved["BillingAddress"], Value::Null);
    let emptied = bus.read(&got[2]).await;
    let header = &emptied["ChangeEventHeader"];
    assert_eq!(header["nulledFields"], json!(["BillingAddress"]), "all of it is one field");
    let person = bus.read(&got[3]).await;
    assert_eq!(person["Name"]["LastName"], "Meier");
    assert_eq!(person["Name"]["FirstName"], "Anna");
}

#[tokio::test]
async fn schemas_belong_to_topics_and_begin_with_the_header() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let topic: Topic = bus.ask("GetTopic", OPPORTUNITIES).await.unwrap();
    assert_eq!(topic.name, OPPORTUNITIES);
    assert!(topic.can_subscribe && !topic.can_publish);
    assert_eq!(topic.schema_id.len(), 22);
    let schema = bus.schema(&topic.schema_id).await;
    assert_eq!(schema["name"], "OpportunityChangeEvent");
    assert_eq!(schema["namespace"], "com.sforce.eventbus");
    let names: Vec<&str> = schema["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "ChangeEventHeader");
    assert!(names.contains(&"StageName") && names.contains(&"Referral_Identifier__c"));
    for absent in ["Id", "SystemModstamp", "IsDeleted", "ExpectedRevenue"] {
        assert!(!names.contains(&absent), "{absent}");
    }
    let custom: Topic = bus.ask("GetTopic", "/data/Microsoft_Solution__ChangeEvent").await.unwrap();
    assert_ne!(custom.schema_id, topic.schema_id);
}

#[tokio::test]
async fn no_more_events_come_than_were_asked_for() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    for name in ["one", "two", "three"] {
        client.make("Opportunity", &deal(name)).await;
    }
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 2)).await.unwrap();
    let got = stream.next().await.unwrap();
    assert_eq!((got.events.len(), got.pending_num_requested), (2, 0));
    assert_eq!(got.latest_replay_id, got.events[1].replay_id);
    let more = tokio::time::timeout(Duration::from_millis(300), stream.got.message()).await;
    assert!(more.is_err(), "nothing was asked for: {more:?}");
    stream.asks.send(fetch("", LATEST, 5)).await.unwrap();
    let got = stream.next().await.unwrap();
    assert_eq!((got.events.len(), got.pending_num_requested), (1, 4));
    client.make("Opportunity", &deal("four")).await;
    assert_eq!(stream.next().await.unwrap().pending_num_requested, 3);
    stream.asks.send(fetch(ALL, LATEST, 5)).await.unwrap();
    assert_eq!(stream.refusal().await.code(), Code::InvalidArgument, "a topic stays what it is");
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives_and_its_position_can_be_kept() {
    let keep_alive = Duration::from_millis(100);
    let client = Client::with(Config { keep_alive, ..Config::default() }).await;
    let bus = Bus::of(&client).await;
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, LATEST, 5)).await.unwrap();
    let sign = stream.next().await.unwrap();
    assert!(sign.events.is_empty());
    assert_eq!(sign.pending_num_requested, 5);
    client.make("Opportunity", &deal("after")).await;
    let mut again = bus.subscribe(after(OPPORTUNITIES, &sign.latest_replay_id)).await.unwrap();
    let event = bus.read(&again.events(1).await[0]).await;
    assert_eq!(event["Name"], "after");
}

#[tokio::test]
async fn a_replay_id_goes_on_after_a_restart_until_the_window_closes() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { state: Some(folder.path().to_owned()), ..Config::default() };
    let client = Client::with(config.clone()).await;
    let bus = Bus::of(&client).await;
    client.make("Opportunity", &deal("first")).await;
    let first = {
        let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 10)).await.unwrap();
        stream.events(1).await.remove(0)
    };
    client.make("Opportunity", &deal("second")).await;
    drop(bus);
    client.sandbox.stop().await;

    let client = Client::with(config).await;
    let bus = Bus::of(&client).await;
    let mut stream = bus.subscribe(after(OPPORTUNITIES, &first.replay_id)).await.unwrap();
    let second = stream.events(1).await.remove(0);
    assert_eq!(bus.read(&second).await["Name"], "second");
    client.admin("POST", "/salesforce/changes/expire", &json!({ "keep": 1 })).await.is(200);
    let mut stream = bus.subscribe(after(OPPORTUNITIES, &first.replay_id)).await.unwrap();
    assert_eq!(error_code(&stream.refusal().await), "subscription.fetch.replayid.corrupted");
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 10)).await.unwrap();
    assert_eq!(stream.events(1).await[0].replay_id, second.replay_id);
}

#[tokio::test]
async fn gaps_are_told_and_streams_are_cut_on_request() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let id = client.make("Opportunity", &deal("first")).await;
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 10)).await.unwrap();
    stream.events(1).await;
    let gap = json!({ "entity": "Opportunity", "type": "GAP_UPDATE", "ids": [id] });
    client.admin("POST", "/salesforce/changes/gap", &gap).await.is(201);
    let event = bus.read(&stream.events(1).await[0]).await;
    assert_eq!(event["ChangeEventHeader"]["changeType"], "GAP_UPDATE");
    assert_eq!(event["ChangeEventHeader"]["recordIds"], json!([id]));
    assert_eq!(event["ChangeEventHeader"]["changeOrigin"], "");
    assert_eq!(event["Name"], Value::Null);
    let flood = json!({ "entity": "Opportunity", "type": "GAP_OVERFLOW" });
    client.admin("POST", "/salesforce/changes/gap", &flood).await.is(201);
    let event = bus.read(&stream.events(1).await[0]).await;
    assert_eq!(event["ChangeEventHeader"]["recordIds"], json!(["000000000000000AAA"]));
    for bad in [
        json!({ "entity": "OpportunityTeamMember", "type": "GAP_UPDATE", "ids": [id] }),
        json!({ "entity": "Opportunity", "type": "UPDATE", "ids": [id] }),
        json!({ "entity": "Opportunity", "type": "GAP_UPDATE", "ids": ["x"] }),
        json!({ "entity": "Opportunity", "type": "GAP_UPDATE" }),
    ] {
        client.admin("POST", "/salesforce/changes/gap", &bad).await.is(400);
    }
    client.admin("POST", "/salesforce/changes/drop-streams", &Value::Null).await.is(204);
    let status = stream.refusal().await;
    assert_eq!(
        (status.code(), error_code(&status).as_str()),
        (Code::Unavailable, "service.unavailable")
    );
}

#[tokio::test]
async fn objects_can_be_left_out_and_one_edit_twice_in_a_transaction_is_one_event() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    client.admin("PUT", "/salesforce/changes/off", &json!(["Account"])).await.is(200);
    client.make("Account", &json!({ "Name": "silent" })).await;
    let url = "/services/data/v60.0/sobjects/Opportunity";
    let body = json!({ "allOrNone": true, "compositeRequest": [
        { "method": "POST", "url": url, "referenceId": "o", "body": deal("twice") },
        { "method": "PATCH", "url": format!("{url}/@{{o.id}}"), "referenceId": "p", "body": { "Amount": 7 } },
    ] });
    client.rep("POST", "/composite", &body).await.is(200);
    client.make("Opportunity", &deal("last")).await;
    let mut stream = bus.subscribe(fetch(ALL, EARLIEST, 10)).await.unwrap();
    let got = stream.events(2).await;
    let twice = bus.read(&got[0]).await;
    assert_eq!(twice["ChangeEventHeader"]["changeType"], "CREATE");
    assert_eq!(twice["Amount"], json!(7.0));
    assert_eq!(bus.read(&got[1]).await["Name"], "last");
}

#[tokio::test]
async fn a_long_text_that_changes_travels_as_what_differs() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let line = "x".repeat(600);
    let mut fields = deal("long");
    fields["Description"] = json!(format!("{line}\nold\n{line}"));
    let id = client.make("Opportunity", &fields).await;
    let patch = json!({ "Description": format!("{line}\nnew\n{line}") });
    client.rep("PATCH", &format!("/sobjects/Opportunity/{id}"), &patch).await.is(204);
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 10)).await.unwrap();
    let got = stream.events(2).await;
    let event = bus.read(&got[1]).await;
    let header = &event["ChangeEventHeader"];
    assert_eq!(header["diffFields"], json!(["Description"]));
    assert_eq!(header["changedFields"], json!(["Description", "LastModifiedDate"]));
    let text = event["Description"].as_str().unwrap();
    assert!(
        text.starts_with("--- \n+++ ") && text.ends_with("@@ -2,1 +2,1 @@\n-old\n+new\n"),
        "{text}"
    );
}

#[tokio::test]
async fn the_window_is_72_hours_by_the_sandboxs_clock() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    client.make("Opportunity", &deal("old")).await;
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 1)).await.unwrap();
    let old = stream.events(1).await.remove(0).replay_id;
    client.admin("POST", "/clock", &json!({ "advance": "71h" })).await.is(200);
    let mut stream = bus.subscribe(after(OPPORTUNITIES, &old)).await.unwrap();
    client.make("Opportunity", &deal("new")).await;
    assert_eq!(bus.read(&stream.events(1).await[0]).await["Name"], "new");
    client.admin("POST", "/clock", &json!({ "advance": "2h" })).await.is(200);
    let mut stream = bus.subscribe(after(OPPORTUNITIES, &old)).await.unwrap();
    assert_eq!(error_code(&stream.refusal().await), "subscription.fetch.replayid.corrupted");
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 5)).await.unwrap();
    assert_eq!(bus.read(&stream.events(1).await[0]).await["Name"], "new");
}

#[tokio::test]
async fn replay_ids_grow_and_cannot_be_computed() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        client.make("Opportunity", &deal(name)).await;
    }
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 10)).await.unwrap();
    let ids: Vec<Vec<u8>> =
        stream.events(6).await.into_iter().map(|event| event.replay_id).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 10));
    let number = |id: &[u8]| i64::from_be_bytes(id[..8].try_into().unwrap());
    let mut steps: Vec<i64> =
        ids.windows(2).map(|pair| number(&pair[1]) - number(&pair[0])).collect();
    steps.dedup();
    assert!(steps.len() > 1, "{steps:?}");
}

#[tokio::test]
async fn a_client_that_closes_its_side_still_gets_what_it_asked_for() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let stream = bus.subscribe(fetch(OPPORTUNITIES, EARLIEST, 2)).await.unwrap();
    let Stream { asks, mut got } = stream;
    drop(asks);
    for name in ["one", "two", "three"] {
        client.make("Opportunity", &deal(name)).await;
    }
    let mut count = 0;
    while let Some(fetched) = got.message().await.unwrap() {
        count += fetched.events.len();
    }
    assert_eq!(count, 2);
}

#[tokio::test]
async fn clients_may_keep_replay_ids_as_numbers_and_name_organisation_and_instance_otherwise() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    for name in ["one", "two"] {
        client.make("Opportunity", &deal(name)).await;
    }
    let short = &client.sandbox.credentials().salesforce.organization[..15];
    let secure = client.sandbox.addresses().salesforce_https.clone();
    let other = bus.with("tenantid", short).with("instanceurl", &format!("{secure}/"));
    let mut stream = other.subscribe(fetch(OPPORTUNITIES, EARLIEST, 2)).await.unwrap();
    let first = stream.events(2).await.remove(0).replay_id;
    let mut stream = other.subscribe(after(OPPORTUNITIES, &first[..8])).await.unwrap();
    assert_eq!(bus.read(&stream.events(1).await[0]).await["Name"], "two");
}

#[tokio::test]
async fn the_silence_of_streams_can_be_set_while_they_are_open() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, LATEST, 5)).await.unwrap();
    let order = json!({ "milliseconds": 50 });
    client.admin("POST", "/salesforce/changes/keep-alive", &order).await.is(204);
    assert!(stream.next().await.unwrap().events.is_empty());
    for bad in [json!({}), json!({ "milliseconds": 0 })] {
        client.admin("POST", "/salesforce/changes/keep-alive", &bad).await.is(400);
    }
}

#[tokio::test]
async fn a_channel_of_ones_own_tells_of_its_objects() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let channel = "/data/Deals__chn";
    assert!(bus.ask::<Topic>("GetTopic", channel).await.is_err());
    let channels = json!({ "Deals__chn": ["Opportunity", "Account"] });
    let state = client.admin("PUT", "/salesforce/changes/channels", &channels).await.is(200);
    assert_eq!(state.body["channels"], channels);
    for wrong in [json!([]), json!({ "Deals": ["Account"] }), json!({ "D__chn": ["Note"] })] {
        client.admin("PUT", "/salesforce/changes/channels", &wrong).await.is(400);
    }
    client.make("Account", &json!({ "Name": "Alpine" })).await;
    client.make("Contact", &json!({ "LastName": "Meier" })).await;
    client.make("Opportunity", &deal("Depot")).await;
    assert_eq!(bus.ask::<Topic>("GetTopic", channel).await.unwrap().schema_id, "");
    let mut stream = bus.subscribe(fetch(channel, EARLIEST, 10)).await.unwrap();
    let mut names = Vec::new();
    for event in stream.events(2).await {
        names.push(bus.read(&event).await["Name"].clone());
    }
    assert_eq!(names, ["Alpine", "Depot"]);
    client.make("Contact", &json!({ "LastName": "Keller" })).await;
    client.make("Account", &json!({ "Name": "Berg" })).await;
    assert_eq!(bus.read(&stream.events(1).await[0]).await["Name"], "Berg");
}
