//! Calls of the Pub/Sub API that are refused. In come calls that are wrong, or that this organisation has
//! nothing for; out go statuses and Salesforce's own codes. It must not know the sandbox's inside.

use serde_json::Value;

use crate::{
    bus::{
        Bus, CUSTOM, Code, Fetch, LATEST, Managed, Produced, Publish, Schema, Topic, after,
        error_code, fetch,
    },
    client::Client,
};

const OPPORTUNITIES: &str = "/data/OpportunityChangeEvent";
const ALL: &str = "/data/ChangeEvents";

#[tokio::test]
async fn calls_are_refused_as_salesforce_does() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    for topic in [
        "/data/OpportunityTeamMemberChangeEvent",
        "/data/opportunityChangeEvent",
        "/data/NothingChangeEvent",
        "/event/Thing__e",
    ] {
        let status = bus.ask::<Topic>("GetTopic", topic).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{topic}");
    }
    let status = bus.ask::<Schema>("GetSchema", "nothing").await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let strangers = [
        bus.with("accesstoken", "00D!x"),
        bus.with("tenantid", "00D000000000000EAA"),
        bus.with("instanceurl", "http://elsewhere.example"),
    ];
    for stranger in &strangers {
        let status = stranger.ask::<Topic>("GetTopic", OPPORTUNITIES).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(error_code(&status), "service.auth.error");
        assert!(status.message().contains("rpcId: "), "{status:?}");
        let mut stream = stranger.subscribe(fetch(OPPORTUNITIES, LATEST, 1)).await.unwrap();
        assert_eq!(stream.refusal().await.code(), Code::Unauthenticated);
    }
    for (request, code) in [
        (fetch(OPPORTUNITIES, LATEST, 0), "subscription.fetch.requested.events.invalid"),
        (fetch(OPPORTUNITIES, LATEST, 101), "subscription.fetch.requested.events.invalid"),
        (fetch(OPPORTUNITIES, CUSTOM, 1), "subscription.fetch.replayid.validation.failed"),
        (after(OPPORTUNITIES, b"nonsense"), "subscription.fetch.replayid.corrupted"),
        (
            after(OPPORTUNITIES, &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
            "subscription.fetch.replayid.corrupted",
        ),
    ] {
        let mut stream = bus.subscribe(request).await.unwrap();
        let status = stream.refusal().await;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(error_code(&status), code);
    }
    let status = bus.ask::<Topic>("Sing", OPPORTUNITIES).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let log = client.admin("GET", "/requests?system=pubsub", &Value::Null).await.is(200);
    let paths: Vec<&str> =
        log.body.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"/eventbus.v1.PubSub/Subscribe"), "{paths:?}");
}

#[tokio::test]
async fn each_refusal_has_the_code_of_the_published_table() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let topic = async |bus: &Bus, name: &str| bus.ask::<Topic>("GetTopic", name).await.unwrap_err();
    for (name, code, word) in [
        ("", Code::InvalidArgument, "topic.validation.empty"),
        ("/data/NothingChangeEvent", Code::NotFound, "topic.not.found"),
    ] {
        let status = topic(&bus, name).await;
        assert_eq!((status.code(), error_code(&status).as_str()), (code, word));
    }
    for name in ["accesstoken", "instanceurl", "tenantid"] {
        let status = topic(&bus.with(name, ""), OPPORTUNITIES).await;
        assert_eq!(error_code(&status), "service.auth.headers.invalid");
    }
    for (id, word) in [("", "schema.validation.failed"), ("x", "schema.meta.permission")] {
        let status = bus.ask::<Schema>("GetSchema", id).await.unwrap_err();
        assert_eq!(error_code(&status), word);
    }
    let mut stream = bus.subscribe(fetch(OPPORTUNITIES, LATEST, 1)).await.unwrap();
    stream.asks.send(fetch(ALL, LATEST, 1)).await.unwrap();
    assert_eq!(error_code(&stream.refusal().await), "subscription.fetch.topic.mismatch");
    let fetch = Fetch { auth_refresh: "x".to_owned(), ..fetch(OPPORTUNITIES, LATEST, 1) };
    let mut stream = bus.subscribe(fetch.clone()).await.unwrap();
    stream.asks.send(fetch).await.unwrap();
    assert_eq!(error_code(&stream.refusal().await), "service.auth.refresh.invalid");
}

#[tokio::test]
async fn nothing_is_published_and_no_subscription_is_managed() {
    let client = Client::start().await;
    let bus = Bus::of(&client).await;
    let event = Produced { schema_id: "x".to_owned(), payload: vec![0] };
    let publish =
        |name: &str, events: &[Produced]| Publish { it: name.to_owned(), events: events.to_vec() };
    for (request, code, word) in [
        (publish("", &[]), Code::InvalidArgument, "publish.topic.validation.empty"),
        (publish(ALL, &[]), Code::InvalidArgument, "publish.event.count.invalid"),
        (publish("/event/X__e", std::slice::from_ref(&event)), Code::NotFound, "topic.not.found"),
        (publish(ALL, &[event]), Code::PermissionDenied, "publish.topic.cannot.publish"),
    ] {
        for method in ["Publish", "PublishStream"] {
            let status = bus.refused(method, request.clone()).await;
            assert_eq!((status.code(), error_code(&status).as_str()), (code, word), "{method}");
        }
    }
    let managed = |id: &str, name: &str| Managed { id: id.to_owned(), name: name.to_owned() };
    for (request, word) in [
        (managed("", ""), "id.or.developer.name.empty"),
        (managed("", "Deals"), "developer.name.not.found"),
        (managed("18x", ""), "subscription.id.invalid"),
        (managed("18x000000000001", ""), "subscription.id.not.found"),
    ] {
        let status = bus.refused("ManagedSubscribe", request).await;
        assert_eq!(error_code(&status), format!("managed.subscription.{word}"));
    }
    let log = client.admin("GET", "/requests?system=pubsub", &Value::Null).await.is(200);
    assert_eq!(log.body.as_array().unwrap().len(), 12);
}
