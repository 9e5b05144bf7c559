//! What goes over the wire to Partner Center, and what is made of the answers.

use std::time::Duration;

use super::*;
use crate::responder::{Asked, Reply, Responder, reply};

const ID: &str = "c2f7b088-a98a-4d0a-b509-fdd40775fcc1";

/// A responder that signs in by itself and leaves the rest to `answer`.
async fn partner_center<F>(answer: F) -> (Responder, PartnerCenter)
where
    F: Fn(&Asked) -> Reply + Send + Sync + 'static,
{
    let responder = Responder::start(move |asked, _| {
        if asked.line.contains("/oauth2/token") {
            return reply(200, r#"{"access_token":"t","refresh_token":"next"}"#);
        }
        answer(asked)
    })
    .await;
    let url = responder.url.clone();
    let client = PartnerCenter::new(PartnerCenterConfig {
        api: url.clone(),
        webhooks: url.clone(),
        login: url,
        tenant: "tannwerk.example".to_owned(),
        client_id: "app".to_owned(),
        client_secret: Some(Secret::new("s")),
        refresh_token: Secret::new("kept"),
        timeouts: Timeouts { whole: Duration::from_millis(500), ..Timeouts::default() },
    })
    .unwrap();
    (responder, client)
}

fn id() -> ReferralId {
    ReferralId::parse(ID).unwrap()
}

fn referral(value: &str) -> String {
    format!(r#"{{"id":"{ID}","eTag":"\"e1\"","details":{{"dealValue":{value}}}}}"#)
}

#[tokio::test]
async fn a_referral_is_read_with_its_text_untouched() {
    let (responder, client) = partner_center(|_| reply(200, &referral("125000.10"))).await;
    let found = client.referral(&id()).await.unwrap().unwrap();
    assert_eq!(found.body, referral("125000.10"));
    let asked = responder.asked();
    assert!(asked[0].line.starts_with("POST /tannwerk.example/oauth2/token "));
    assert!(asked[0].body.contains("resource=https%3A%2F%2Fapi.partner.microsoft.com"));
    assert_eq!(asked[1].line, format!("GET /v1.0/engagements/referrals/{ID} HTTP/1.1"));
    assert_eq!(asked[1].header("authorization").unwrap(), "Bearer t");
    assert!(ReferralId::parse(&asked[1].header("client-request-id").unwrap()).is_ok());
    assert_eq!(client.refresh_token_changed(), Some(Secret::new("next")));
}

#[tokio::test]
async fn a_referral_that_is_not_there_is_none() {
    let body = r#"{"error":{"code":"itemNotFound"}}"#;
    let (_responder, client) = partner_center(move |_| reply(404, body)).await;
    assert_eq!(client.referral(&id()).await, Ok(None));
}

#[tokio::test]
async fn a_patch_sends_versions_and_reads_back_after_204() {
    let (responder, client) = partner_center(|asked| {
        if asked.line.starts_with("PATCH") { reply(204, "") } else { reply(200, &referral("7")) }
    })
    .await;
    let operations = [
        PatchOp { path: "/details/dealValue".to_owned(), value: "7.10".to_owned() },
        PatchOp { path: "/team/-".to_owned(), value: r#"{"email":"a"}"#.to_owned() },
    ];
    let etag = ETag::parse("\"e0\"").unwrap();
    let after = client.patch(&id(), &operations, Some(&etag)).await.unwrap();
    assert_eq!(after.body, referral("7"));
    let patch = &responder.asked()[1];
    assert_eq!(patch.header("if-match").unwrap(), "\"e0\"");
    assert_eq!(patch.header("prefer").unwrap(), "return=representation");
    assert_eq!(
        patch.body,
        r#"[{"op":"replace","path":"/details/dealValue","value":7.10},{"op":"add","path":"/team/-","value":{"email":"a"}}]"#
    );
}

#[tokio::test]
async fn a_patch_of_another_version_changes_nothing() {
    let (_responder, client) = partner_center(|_| reply(412, "")).await;
    let operations = [PatchOp { path: "/status".to_owned(), value: "\"Active\"".to_owned() }];
    assert_eq!(client.patch(&id(), &operations, None).await, Err(Error::Changed));
}

#[tokio::test]
async fn a_patch_that_cannot_be_read_back_is_in_doubt() {
    let (_responder, client) = partner_center(|asked| {
        if asked.line.starts_with("PATCH") { reply(204, "") } else { reply(404, "") }
    })
    .await;
    let operations = [PatchOp { path: "/status".to_owned(), value: "\"Active\"".to_owned() }];
    assert!(client.patch(&id(), &operations, None).await.unwrap_err().outcome_unknown());
}

#[tokio::test]
async fn patches_that_make_no_sense_are_not_sent() {
    let (responder, client) = partner_center(|_| reply(500, "")).await;
    for (path, value) in [("status", "1"), ("/a\"b", "1"), ("/status", "{"), ("/status", "1,2")] {
        let operations = [PatchOp { path: path.to_owned(), value: value.to_owned() }];
        let outcome = client.patch(&id(), &operations, None).await;
        assert!(matches!(outcome, Err(Error::Refused { .. })), "{path} {value}");
    }
    assert!(matches!(client.patch(&id(), &[], None).await, Err(Error::Refused { .. })));
    assert!(responder.asked().is_empty());
}

#[tokio::test]
async fn a_create_without_an_answer_is_in_doubt() {
    for lost in [Reply::Silence, Reply::Close, reply(200, "<html>"), reply(502, "")] {
        let (_responder, client) = partner_center(move |_| lost.clone()).await;
        assert!(client.create("{}").await.unwrap_err().outcome_unknown());
    }
}

#[tokio::test]
async fn a_list_is_asked_for_on_our_own_address_only() {
    let (responder, client) = partner_center(|_| {
        let link = "http://evil.example/v1.0/referrals?$skiptoken=a%2Fb";
        let body = format!(r#"{{"@odata.nextLink":"{link}","value":[{}]}}"#, referral("1"));
        reply(200, &body)
    })
    .await;
    let mut list = List {
        filter: Some("engagementId eq 'x'".to_owned()),
        order: Order::UpdatedDescending,
        token: None,
    };
    let page = client.list(&list).await.unwrap();
    assert_eq!(page.records[0].body, referral("1"));
    list.token = page.next;
    client.list(&list).await.unwrap();
    let line = &responder.asked()[2].line;
    assert_eq!(
        line,
        "GET /v1.0/engagements/referrals?$orderby=updatedDateTime%20desc\
         &$filter=engagementId%20eq%20%27x%27&$skiptoken=a%2Fb HTTP/1.1"
    );
}

#[tokio::test]
async fn a_user_who_stays_refused_stops_the_wire() {
    let (responder, client) = partner_center(|_| reply(401, "")).await;
    let outcome = client.referral(&id()).await;
    assert!(matches!(outcome, Err(Error::Denied { who, .. }) if who.contains("second factor")));
    assert_eq!(responder.asked().len(), 4);
}

#[tokio::test]
async fn who_asks_too_often_lets_all_calls_wait() {
    let (responder, client) =
        partner_center(|_| Reply::Answer(429, vec!["Retry-After: 23".to_owned()], String::new()))
            .await;
    let Err(Error::Later { after, .. }) = client.referral(&id()).await else { panic!("not later") };
    assert_eq!(after, Some(Duration::from_secs(23)));
    let Err(Error::Resting { after, .. }) = client.registration().await else {
        panic!("it does not wait")
    };
    assert!(after > Duration::from_secs(20) && client.rests().is_some(), "{after:?}");
    let asked: Vec<String> = responder.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(asked.iter().filter(|line| !line.contains("/token")).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn who_is_down_for_a_while_and_says_so_is_left_alone_for_so_long() {
    let (responder, client) =
        partner_center(|_| Reply::Answer(503, vec!["Retry-After: 23".to_owned()], String::new()))
            .await;
    assert!(client.referral(&id()).await.is_err());
    let Err(Error::Resting { after, .. }) = client.registration().await else {
        panic!("it does not wait")
    };
    assert!(after > Duration::from_secs(20), "{after:?}");
    let asked = responder.asked().into_iter().filter(|asked| !asked.line.contains("/token"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn a_system_that_does_not_work_is_left_alone_and_tried_by_one_call() {
    let (responder, client) = partner_center(|_| Reply::Close).await;
    let pace = Pace { failures: 3, rest: Duration::from_millis(300), ..Pace::default() };
    let client = client.paced(pace);
    for _ in 0..20 {
        assert!(client.referral(&id()).await.is_err());
    }
    let calls = |responder: &Responder| {
        responder.asked().iter().filter(|asked| !asked.line.contains("/token")).count()
    };
    assert_eq!(calls(&responder), 3);
    tokio::time::sleep(Duration::from_millis(350)).await;
    let _ = tokio::join!(client.registration(), client.registration(), client.registration());
    assert_eq!(calls(&responder), 4, "one call tries it");
}
