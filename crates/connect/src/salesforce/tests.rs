//! What goes over the wire to Salesforce, and what is made of the answers.

use std::time::Duration;

use super::*;
use crate::responder::{Asked, Reply, Responder, reply};

const ID: &str = "0065g00000TwAbCAAV";

/// A responder that signs in by itself, names itself as the instance, and leaves the rest to
/// `answer`.
async fn salesforce<F>(answer: F) -> (Responder, Salesforce)
where
    F: Fn(&Asked) -> Reply + Send + Sync + 'static,
{
    let responder = Responder::start(move |asked, _| {
        if asked.line.contains("/services/oauth2/token") {
            let host = asked.header("host").unwrap();
            let body = format!(r#"{{"access_token":"00D!t","instance_url":"http://{host}"}}"#);
            return reply(200, &body);
        }
        answer(asked)
    })
    .await;
    let client = Salesforce::new(config(&responder.url)).unwrap();
    (responder, client)
}

fn config(url: &str) -> SalesforceConfig {
    SalesforceConfig {
        login: url.to_owned(),
        instance: None,
        auth: Auth::ClientCredentials {
            client_id: "key".to_owned(),
            client_secret: Secret::new("s"),
        },
        api_version: "v66.0".to_owned(),
        client: "cosell".to_owned(),
        timeouts: Timeouts { whole: Duration::from_millis(500), ..Timeouts::default() },
    }
}

fn id() -> RecordId {
    RecordId::parse(ID).unwrap()
}

#[tokio::test]
async fn a_query_reads_all_pages_on_our_own_host() {
    let (responder, client) = salesforce(|asked| {
        let usage = vec!["Sforce-Limit-Info: api-usage=18/15000; per-app=1/2".to_owned()];
        let next = "https://evil.example/services/data/v66.0/query/0r8x-2000";
        let body = if asked.line.contains("/query?q=") {
            format!(r#"{{"done":false,"nextRecordsUrl":"{next}","records":[{{"A":1.10}}]}}"#)
        } else {
            r#"{"done":true,"records":[{"A":2.0}]}"#.to_owned()
        };
        Reply::Answer(200, usage, body)
    })
    .await;
    assert_eq!(client.usage(), None);
    let records = client.query("SELECT A FROM X WHERE B = 'c d+'").await.unwrap();
    assert_eq!(records, [r#"{"A":1.10}"#, r#"{"A":2.0}"#]);
    assert_eq!(client.usage(), Some((18, 15000)));
    let asked = responder.asked();
    assert_eq!(
        asked[1].line,
        "GET /services/data/v66.0/query?q=SELECT%20A%20FROM%20X%20WHERE%20B%20%3D%20%27c%20d%2B%27 HTTP/1.1"
    );
    assert_eq!(asked[1].header("sforce-call-options").unwrap(), "client=cosell");
    assert_eq!(asked[1].header("authorization").unwrap(), "Bearer 00D!t");
    assert_eq!(asked[2].line, "GET /services/data/v66.0/query/0r8x-2000 HTTP/1.1");
}

#[tokio::test]
async fn related_lists_are_read_to_their_end() {
    let (_responder, client) = salesforce(|asked| {
        let next = "/services/data/v66.0/query/0r8x-1";
        let body = if asked.line.contains("/query?q=") {
            format!(
                r#"{{"done":true,"records":[{{"Id":"{ID}","Amount":1.10,"Roles__r":{{"totalSize":2,"done":false,"nextRecordsUrl":"{next}","records":[{{"Id":"a"}}]}}}}]}}"#
            )
        } else {
            r#"{"done":true,"records":[{"Id":"b"}]}"#.to_owned()
        };
        reply(200, &body)
    })
    .await;
    let children =
        vec![ChildSelect { relationship: "Roles__r".to_owned(), fields: vec!["Id".to_owned()] }];
    let select = Select { fields: vec!["Amount".to_owned()], children, deleted: false };
    let rows = client.select("Opportunity", &select, &Filter::Id(id())).await.unwrap();
    let expected = format!(
        r#"{{"Id":"{ID}","Amount":1.10,"Roles__r":{{"totalSize":2,"done":true,"records":[{{"Id":"a"}},{{"Id":"b"}}]}}}}"#
    );
    assert_eq!(rows[0].body, expected);
    assert_eq!(rows[0].id, id());
}

#[tokio::test]
async fn an_update_may_depend_on_the_last_change() {
    let (responder, client) = salesforce(|asked| {
        let guarded = asked.header("if-unmodified-since").is_some();
        reply(if guarded { 412 } else { 204 }, "")
    })
    .await;
    client.update("Opportunity", &id(), "{}", None).await.unwrap();
    let since = Some("2026-03-02T09:20:11.9Z".parse().unwrap());
    let outcome = client.update("Opportunity", &id(), "{}", since).await;
    assert_eq!(outcome, Err(Error::Changed));
    let asked = responder.asked();
    assert_eq!(
        asked[1].line,
        format!("PATCH /services/data/v66.0/sobjects/Opportunity/{ID} HTTP/1.1")
    );
    assert_eq!(asked[2].header("if-unmodified-since").unwrap(), "Mon, 02 Mar 2026 09:20:11 GMT");
}

#[tokio::test]
async fn creates_and_upserts_bring_the_id() {
    let (responder, client) = salesforce(|asked| {
        let status = if asked.line.contains("/Key__c/") { 200 } else { 201 };
        reply(status, &format!(r#"{{"id":"{ID}","success":true,"errors":[]}}"#))
    })
    .await;
    assert_eq!(client.create("Opportunity", r#"{"Name":"x"}"#).await.unwrap(), id());
    let upserted = client.upsert("Opportunity", "Key__c", "a/b?c", "{}").await.unwrap();
    assert_eq!(upserted, Upserted { id: id(), created: false });
    assert!(responder.asked()[2].line.contains("/sobjects/Opportunity/Key__c/a%2Fb%3Fc "));
}

#[tokio::test]
async fn an_upsert_that_fits_several_records_is_refused() {
    let body = r#"["/services/data/v66.0/sobjects/X/1","/services/data/v66.0/sobjects/X/2"]"#;
    let (_responder, client) = salesforce(move |_| reply(300, body)).await;
    let Err(Error::Refused { code, fields, .. }) = client.upsert("X", "Key__c", "a", "{}").await
    else {
        panic!("expected refused")
    };
    assert_eq!((code.as_str(), fields), ("MULTIPLE_CHOICES", vec!["Key__c".to_owned()]));
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_in_doubt() {
    for lost in [Reply::Silence, Reply::Close, Reply::Torn, reply(503, ""), reply(201, "?")] {
        let (_responder, client) = salesforce(move |_| lost.clone()).await;
        assert!(client.create("Lead", "{}").await.unwrap_err().outcome_unknown());
    }
}

#[tokio::test]
async fn an_expired_session_is_renewed_but_a_hopeless_one_is_not() {
    let body =
        |message: &str| format!(r#"[{{"errorCode":"INVALID_SESSION_ID","message":"{message}"}}]"#);
    let expired = body("Session expired or invalid");
    let (responder, client) = salesforce(move |_| reply(401, &expired)).await;
    assert!(matches!(client.identity().await, Err(Error::Denied { .. })));
    assert_eq!(responder.asked().len(), 4);

    let hopeless = body("This session is not valid for use with the REST API");
    let (responder, client) = salesforce(move |_| reply(401, &hopeless)).await;
    assert!(matches!(client.identity().await, Err(Error::Denied { .. })));
    assert_eq!(responder.asked().len(), 2);
}

#[tokio::test]
async fn a_composite_is_one_request() {
    let (responder, client) = salesforce(|_| {
        let part =
            format!(r#"{{"body":{{"id":"{ID}"}},"httpStatusCode":201,"referenceId":"opp"}}"#);
        reply(200, &format!(r#"{{"compositeResponse":[{part}]}}"#))
    })
    .await;
    let sub = Sub::create("opp", "Opportunity", "{}".to_owned()).unwrap();
    let answers = client.composite(&[sub], true).await.unwrap();
    assert_eq!(answers[0].id, Some(id()));
    assert_eq!(responder.asked()[1].line, "POST /services/data/v66.0/composite HTTP/1.1");
}

#[tokio::test]
async fn a_query_that_does_not_fit_an_address_is_not_sent() {
    let (responder, client) = salesforce(|_| reply(500, "")).await;
    let outcome = client.query(&"x".repeat(20_000)).await;
    assert!(matches!(outcome, Err(Error::Refused { code, .. }) if code == "query-too-long"));
    assert!(responder.asked().is_empty());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |change: fn(&mut SalesforceConfig)| {
        let mut config = config("https://example.my.salesforce.com");
        change(&mut config);
        Salesforce::new(config).map(drop)
    };
    assert_eq!(with(|_| ()), Ok(()));
    for change in [
        |config: &mut SalesforceConfig| config.login = "http://example.com".to_owned(),
        |config: &mut SalesforceConfig| config.instance = Some(String::new()),
        |config: &mut SalesforceConfig| config.api_version = "66".to_owned(),
        |config: &mut SalesforceConfig| config.client = "a;b".to_owned(),
    ] {
        assert!(matches!(with(change), Err(Error::Refused { fields, .. }) if fields.len() == 1));
    }
}

#[test]
fn the_limit_header_is_read_in_its_forms() {
    assert_eq!(usage("api-usage=18/15000"), Some((18, 15000)));
    assert_eq!(usage("api-usage=1/2; per-app-api-usage=17/250(appName=x)"), Some((1, 2)));
    assert_eq!(usage("per-app-api-usage=17/250(appName=x)"), None);
    assert_eq!(usage("api-usage=x/y"), None);
}

#[tokio::test]
async fn objects_are_described_and_listed() {
    let (responder, client) = salesforce(|asked| {
        if asked.line.contains("/sobjects/Deal__c/describe ") {
            return reply(200, r#"{"name":"Deal__c","fields":[]}"#);
        }
        if asked.line.contains("/sobjects ") {
            return reply(200, r#"{"sobjects":[{"name":"Account"},{"name":"Deal__c"}]}"#);
        }
        let body =
            r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
        reply(404, body)
    })
    .await;
    assert_eq!(client.describe("Deal__c").await.unwrap(), r#"{"name":"Deal__c","fields":[]}"#);
    assert_eq!(client.objects().await.unwrap(), ["Account", "Deal__c"]);
    let error = client.describe("Ghost__c").await.unwrap_err();
    let Error::Refused { code, why, .. } = error else { panic!("{error}") };
    assert_eq!(code, "NOT_FOUND");
    assert!(why.contains("Ghost__c") && why.contains("may not see it"), "{why}");
    let asked = responder.asked();
    assert_eq!(asked[2].line, "GET /services/data/v66.0/sobjects HTTP/1.1");
}

#[tokio::test]
async fn an_answer_that_names_another_host_gets_no_token() {
    let elsewhere = Responder::start(|_, _| reply(200, "{}")).await;
    let url = elsewhere.url.clone();
    let responder = Responder::start(move |_, _| {
        reply(200, &format!(r#"{{"access_token":"00D!t","instance_url":"{url}"}}"#))
    })
    .await;
    let client = Salesforce::new(config(&responder.url)).unwrap();
    let Err(Error::Denied { why, who }) = client.query("SELECT Id FROM Lead").await else {
        panic!("not denied")
    };
    assert!(why.contains(&elsewhere.url) && who.contains("operator"), "{why}; {who}");
    assert!(elsewhere.asked().is_empty(), "nothing went there");
    let seen = client.destinations();
    assert_eq!((seen.refused.len(), seen.refused[&elsewhere.url]), (1, 1));
    // Unless the settings name it.
    let client = Salesforce::new(config(&responder.url)).unwrap();
    let client = client.reaching(std::slice::from_ref(&elsewhere.url));
    assert!(client.query("SELECT Id FROM Lead").await.is_err());
    assert_eq!(elsewhere.asked().len(), 1);
}

#[tokio::test]
async fn who_says_how_long_to_wait_is_left_alone_by_all_for_so_long() {
    for status in [429, 503] {
        let (responder, client) = salesforce(move |_| {
            Reply::Answer(status, vec!["Retry-After: 23".to_owned()], String::new())
        })
        .await;
        assert!(client.create("Lead", "{}").await.is_err());
        let Err(Error::Resting { after, .. }) = client.query("SELECT Id FROM Lead").await else {
            panic!("it does not wait")
        };
        assert!(after > Duration::from_secs(20), "{after:?}");
        let asked = responder.asked().into_iter().filter(|asked| !asked.line.contains("/token"));
        assert_eq!(asked.count(), 1);
    }
}
