//! One sign-in for all who wait, renewal after a refusal, rotation of the refresh token.

use std::sync::Arc;

use super::*;
use crate::responder::{Asked, Reply, Responder, reply};
use crate::send::Timeouts;

fn door(responder: &Responder, grant: Grant) -> (Door, Base) {
    let base = Base::parse("login", &responder.url).unwrap();
    let wire = Wire::new(Timeouts::default(), &[&base]).unwrap();
    let gate = Arc::new(Gate::new("test"));
    (Door::new(wire, gate, &base, "/token", grant, |_| true), base)
}

fn client() -> Grant {
    Grant::ClientCredentials { client_id: "app".to_owned(), client_secret: Secret::new("s&c") }
}

fn is_token(asked: &Asked) -> bool {
    asked.line.contains("/token")
}

#[tokio::test]
async fn many_who_wait_share_one_sign_in() {
    let responder = Responder::start(|asked, _| {
        let body = if is_token(asked) { r#"{"access_token":"t1"}"# } else { "ok" };
        reply(200, body)
    })
    .await;
    let (door, base) = door(&responder, client());
    let door = Arc::new(door);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (door, url) = (door.clone(), base.at("/data"));
            tokio::spawn(async move { door.send(Request::get("read", url)).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().status, 200);
    }
    let asked = responder.asked();
    let sign_ins: Vec<_> = asked.iter().filter(|asked| is_token(asked)).collect();
    assert_eq!(sign_ins.len(), 1);
    assert_eq!(sign_ins[0].body, "grant_type=client_credentials&client_id=app&client_secret=s%26c");
    let data: Vec<_> = asked.iter().filter(|asked| !is_token(asked)).collect();
    assert!(data.iter().all(|one| one.header("authorization") == Some("Bearer t1".to_owned())));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let responder = Responder::start(|asked, number| {
        if is_token(asked) {
            return reply(200, &format!(r#"{{"access_token":"t{number}"}}"#));
        }
        let good = asked.header("authorization") == Some("Bearer t2".to_owned());
        reply(if good { 200 } else { 401 }, "")
    })
    .await;
    let (first, base) = door(&responder, client());
    let answer = first.send(Request::get("read", base.at("/data"))).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(responder.asked().len(), 4);

    let stubborn = Responder::start(|asked, _| {
        if is_token(asked) { reply(200, r#"{"access_token":"t"}"#) } else { reply(401, "") }
    })
    .await;
    let (second, base) = door(&stubborn, client());
    let answer = second.send(Request::get("read", base.at("/data"))).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(stubborn.asked().len(), 4);
}

#[tokio::test]
async fn those_who_wait_share_a_failed_sign_in() {
    let responder = Responder::start(|_, _| reply(503, "")).await;
    let (door, _) = door(&responder, client());
    let (one, two, three) = tokio::join!(door.bearer(None), door.bearer(None), door.bearer(None));
    for outcome in [one, two, three] {
        assert!(matches!(outcome, Err(Error::Later { unknown_outcome: false, .. })));
    }
    assert_eq!(responder.asked().len(), 1);
    assert!(door.bearer(None).await.is_err());
    assert_eq!(responder.asked().len(), 2);
}

#[tokio::test]
async fn a_replaced_refresh_token_is_used_and_shown() {
    let responder = Responder::start(|_, number| {
        reply(
            200,
            &format!(
                r#"{{"access_token":"a{number}","expires_in":"0","refresh_token":"r{number}"}}"#
            ),
        )
    })
    .await;
    let refresh = Arc::new(Rotating::new(Secret::new("kept")));
    let grant = Grant::Refresh {
        client_id: "app".to_owned(),
        client_secret: None,
        refresh: refresh.clone(),
        resource: Some("https://api.example"),
    };
    let (door, _) = door(&responder, grant);
    door.bearer(None).await.unwrap();
    assert_eq!(refresh.current().reveal(), "r0");
    door.bearer(None).await.unwrap();
    let asked = responder.asked();
    assert!(asked[0].body.contains("refresh_token=kept"));
    assert!(asked[0].body.contains("resource=https%3A%2F%2Fapi.example"));
    assert!(asked[1].body.contains("refresh_token=r0"));
}

#[test]
fn refusals_say_who_must_act_and_repeat_no_names() {
    let judge = |status: u16, body: &str| {
        let value: Option<Value> = serde_json::from_str(body).ok();
        refusal(&Answer::of(status, body), value.as_ref())
    };
    let expired = r#"{"error":"invalid_grant","error_description":"AADSTS50173: user 'anna@x.example' 2026-03-01"}"#;
    let Error::Denied { why, who } = judge(400, expired) else { panic!("expected denied") };
    assert!(why.contains("invalid_grant AADSTS50173"), "{why}");
    assert!(!why.contains("anna") && !why.contains("2026"), "{why}");
    assert_eq!(who, WHO_SIGNS_IN);
    let ids = "Trace ID: 7f1c9b02-0001-4d53-8a36-0c2d7f3b1a00 Correlation ID: 12345678-9abc-4def-8123-456789abcdef";
    let gone = format!(
        "AADSTS90002: Tenant 'acme.example' not found. {ids} Timestamp: 2026-03-01 09:00:00Z"
    );
    let gone =
        serde_json::json!({ "error": "invalid_request", "error_description": gone }).to_string();
    let Error::Denied { why, .. } = judge(400, &gone) else { panic!("expected denied") };
    let case = "(trace id 7f1c9b02-0001-4d53-8a36-0c2d7f3b1a00, correlation id 12345678-9abc-4def-8123-456789abcdef)";
    assert!(why.ends_with(case), "{why}");
    assert!(!why.contains("acme") && !why.contains("2026") && !why.contains("Timestamp"), "{why}");
    let forged = r#"{"error":"invalid_grant","error_description":"no. Trace ID: anna@x.example Correlation ID: 5"}"#;
    let Error::Denied { why, .. } = judge(400, forged) else { panic!("expected denied") };
    assert!(!why.contains("anna") && why.ends_with("no."), "{why}");
    let client = r#"{"error":"invalid_client","error_description":"invalid client credentials"}"#;
    assert!(matches!(judge(400, client), Error::Denied { who, .. } if who.contains("operator")));
    let tenant = r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found. Check it. Trace ID: 1a-2b Correlation ID: 3c"}"#;
    let Error::Denied { why, who } = judge(400, tenant) else { panic!("expected denied") };
    assert!(
        who.contains("operator") && who.contains("`tenant`") && who.contains("`login`"),
        "{who}"
    );
    assert!(why.contains("not found. Check it."), "{why}");
    assert!(matches!(judge(429, "{}"), Error::Later { .. }));
    assert!(matches!(judge(502, "<html>"), Error::Later { .. }));
    assert!(matches!(judge(302, ""), Error::Denied { .. }));
}

#[tokio::test]
async fn an_answer_without_a_token_is_no_token() {
    let responder =
        Responder::start(|_, _| Reply::Answer(200, Vec::new(), "<html>".to_owned())).await;
    let (door, _) = door(&responder, client());
    assert!(matches!(door.bearer(None).await, Err(Error::Later { .. })));
}
