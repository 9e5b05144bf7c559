//! Faults of subscriptions, over gRPC and over long polls. In come orders and writes; out go what a subscriber
//! meets and what the request log says of it. It must not know how faults are kept.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    bus::{Bus, Code, EARLIEST, LATEST, Stream, Topic, after, error_code, fetch},
    client::Client,
};

const TOPIC: &str = "/data/AccountChangeEvent";
const OPENING: &str = "*/Subscribe";
const ANSWERS: &str = "*/Subscribe/answers";

async fn order(client: &Client, kind: Value, path: &str, times: u64) {
    let fault =
        json!({ "system": "pubsub", "kind": kind, "path": path, "times": times, "delay_ms": 300 });
    let fault = if kind.is_number() {
        json!({ "system": "pubsub", "status": kind, "path": path, "times": times })
    } else {
        fault
    };
    client.admin("POST", "/faults", &fault).await.is(201);
}

async fn account(client: &Client, name: &str) {
    client.make("Account", &json!({ "Name": name })).await;
}

async fn opened(bus: &Bus) -> Stream {
    bus.subscribe(fetch(TOPIC, EARLIEST, 10)).await.unwrap()
}

#[tokio::test]
async fn calls_are_refused_by_order() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    for (kind, code) in [
        (json!(503), Code::Unavailable),
        (json!(429), Code::ResourceExhausted),
        (json!(403), Code::PermissionDenied),
        (json!(500), Code::Internal),
        (json!("expired_token"), Code::Unauthenticated),
    ] {
        order(&client, kind.clone(), "*/GetTopic", 1).await;
        let status = bus.ask::<Topic>("GetTopic", TOPIC).await.unwrap_err();
        assert_eq!(status.code(), code, "{kind}");
        assert!(!error_code(&status).is_empty());
        bus.ask::<Topic>("GetTopic", TOPIC).await.unwrap();
    }
    order(&client, json!("html"), "*/GetTopic", 1).await;
    let status = bus.ask::<Topic>("GetTopic", TOPIC).await.unwrap_err();
    let kind = status.metadata().get("content-type").unwrap().to_str().unwrap();
    assert!(kind.starts_with("text/html"), "{status:?}");
    for kind in ["reset", "close", "timeout"] {
        order(&client, json!(kind), "*/GetTopic", 1).await;
        let (begun, other) = (Instant::now(), Bus::of(&client).await);
        let status = other.ask::<Topic>("GetTopic", TOPIC).await.unwrap_err();
        assert!(status.metadata().get("error-code").is_none(), "{kind}: nobody answered");
        assert!(begun.elapsed() >= Duration::from_millis(if kind == "timeout" { 300 } else { 0 }));
    }
    for wrong in ["lock_row", "applied_twice", "stale_read"] {
        let fault = json!({ "system": "pubsub", "kind": wrong });
        client.admin("POST", "/faults", &fault).await.is(400);
    }
    let log = client.admin("GET", "/requests?system=pubsub&fault=any", &Value::Null).await.is(200);
    let faults: Vec<&str> =
        log.body.as_array().unwrap().iter().map(|entry| entry["fault"].as_str().unwrap()).collect();
    assert_eq!(faults.len(), 9, "{faults:?}");
    assert_eq!((faults[4], faults[5], faults[6]), ("expired_token", "html", "reset"));
}

#[tokio::test]
async fn a_stream_breaks_in_its_middle_and_nothing_is_lost_to_who_goes_on() {
    let client = Client::start().await;
    for kind in ["reset", "cut_body", "unavailable"] {
        let bus = Bus::of(&client).await;
        client.admin("POST", "/salesforce/changes/expire", &json!({ "keep": 0 })).await.is(200);
        account(&client, "one").await;
        let mut stream = opened(&bus).await;
        let first = stream.events(1).await.remove(0);
        order(&client, json!(kind), ANSWERS, 1).await;
        account(&client, "two").await;
        let status = stream.refusal().await;
        let is_told = status.metadata().get("error-code").is_some();
        assert_eq!(is_told, kind == "unavailable", "{kind}: {status:?}");
        let bus = Bus::of(&client).await;
        let mut stream = bus.subscribe(after(TOPIC, &first.replay_id)).await.unwrap();
        assert_eq!(bus.read(&stream.events(1).await[0]).await["Name"], "two", "{kind}");
    }
    let query = "/requests?system=pubsub&path=Subscribe/end&fault=any";
    let log = client.admin("GET", query, &Value::Null).await.is(200);
    assert_eq!(log.body[0]["fault"], "reset");
    assert_eq!(
        log.body[2]["answer"]["headers"]["error-code"],
        "sfdc.platform.eventbus.grpc.service.unavailable"
    );
    assert_eq!(log.body[2]["answer"]["body"], json!({ "events": 1 }).to_string());
}

#[tokio::test]
async fn answers_come_late_or_twice() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    account(&client, "one").await;
    order(&client, json!("duplicate_reply"), "*", 1).await;
    let mut stream = opened(&bus).await;
    let twice = stream.events(2).await;
    assert_eq!(twice[0].replay_id, twice[1].replay_id);
    order(&client, json!("slow_header"), ANSWERS, 1).await;
    let begun = Instant::now();
    account(&client, "two").await;
    stream.events(1).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
    order(&client, json!("slow_header"), OPENING, 1).await;
    let begun = Instant::now();
    opened(&bus).await.events(2).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_token_that_ends_ends_its_streams() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let bus = bus.with("accesstoken", &client.service_token().await);
    let mut stream = bus.subscribe(fetch(TOPIC, LATEST, 10)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.admin("POST", "/clock", &json!({ "advance": "3h" })).await.is(200);
    account(&client, "after").await;
    let status = stream.refusal().await;
    assert_eq!(
        (status.code(), error_code(&status).as_str()),
        (Code::Unauthenticated, "service.auth.error")
    );

    let bus = bus.with("accesstoken", &client.service_token().await);
    order(&client, json!("expired_token"), ANSWERS, 1).await;
    let mut stream = opened(&bus).await;
    assert_eq!(stream.refusal().await.code(), Code::Unauthenticated);
    let status = bus.ask::<Topic>("GetTopic", TOPIC).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "it stays ended");
}

#[tokio::test]
async fn long_polls_are_struck_too() {
    let client = Client::start().await;
    let url = format!("{}/cometd/60.0", client.sandbox.addresses().salesforce);
    let bearer = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let hello = json!([{ "channel": "/meta/handshake" }]).to_string();
    let ask = || async { client.call("POST", &url, &[("Authorization", &bearer)], &hello).await };
    let order = |kind: Value| json!({ "system": "salesforce", "status": kind, "path": "/cometd/*", "delay_ms": 300 });
    for (kind, status) in [(json!(503), 503), (json!(401), 401), (json!("html"), 200)] {
        client.admin("POST", "/faults", &order(kind.clone())).await.is(201);
        let got = ask().await.unwrap().is(status);
        assert!(!got.said.contains("clientId"), "{kind}");
        ask().await.unwrap().is(200);
    }
    for kind in ["reset", "applied_then_close", "cut_body"] {
        client.admin("POST", "/faults", &order(json!(kind))).await.is(201);
        assert!(ask().await.is_err(), "{kind}");
    }
    client.admin("POST", "/faults", &order(json!("slow_header"))).await.is(201);
    let begun = Instant::now();
    ask().await.unwrap().is(200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let log = client.admin("GET", "/requests?path=/cometd&fault=any", &Value::Null).await.is(200);
    assert_eq!(log.body.as_array().unwrap().len(), 7);
}
