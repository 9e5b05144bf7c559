//! What the one function does with slow, torn, large and redirecting answers.

use super::*;
use crate::responder::{Reply, Responder, reply};

fn quick() -> Timeouts {
    Timeouts { connect: Duration::from_millis(300), whole: Duration::from_millis(300) }
}

async fn ask(responder: &Responder, writes: bool) -> Result<Answer, Error> {
    let base = Base::parse("api", &responder.url).unwrap();
    let wire = Wire::new(quick(), &[&base]).unwrap();
    let request = if writes {
        Request::write("write", Verb::Post, base.at("/x"), Body::Json("{}".to_owned()))
    } else {
        Request::get("read", base.at("/x"))
    };
    wire.send(request).await
}

#[tokio::test]
async fn an_answer_brings_status_body_and_wait() {
    let responder = Responder::start(|_, _| {
        Reply::Answer(429, vec!["Retry-After: 23".to_owned()], "slow down".to_owned())
    })
    .await;
    let answer = ask(&responder, true).await.unwrap();
    assert_eq!((answer.status, answer.text().unwrap()), (429, "slow down"));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(23)));
    let asked = responder.asked();
    assert_eq!(asked[0].header("user-agent"), Some(USER_AGENT.to_owned()));
    assert_eq!(asked[0].header("content-type"), Some("application/json".to_owned()));
    assert_eq!(asked[0].body, "{}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let responder = Responder::start(|_, _| {
        Reply::Answer(302, vec!["Location: http://127.0.0.1:1/".to_owned()], String::new())
    })
    .await;
    assert_eq!(ask(&responder, false).await.unwrap().status, 302);
    assert_eq!(responder.asked().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_write_leaves_the_outcome_unknown() {
    for lost in [Reply::Silence, Reply::Close, Reply::Torn] {
        let responder = Responder::start(move |_, _| lost.clone()).await;
        assert!(ask(&responder, true).await.unwrap_err().outcome_unknown());
        let read = ask(&responder, false).await.unwrap_err();
        assert!(matches!(read, Error::Later { unknown_outcome: false, .. }), "{read:?}");
    }
}

#[tokio::test]
async fn nothing_was_carried_out_when_no_connection_stood() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let base = Base::parse("api", &url).unwrap();
    let wire = Wire::new(quick(), &[&base]).unwrap();
    let request = Request::write("write", Verb::Post, base.at("/x?q=anna"), Body::None);
    let error = wire.send(request).await.unwrap_err();
    assert!(matches!(&error, Error::Later { unknown_outcome: false, .. }), "{error:?}");
    assert!(!error.to_string().contains("anna"), "{error}");
    assert!(
        error.to_string().contains("refused") && !error.to_string().contains("os error"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_dropped() {
    let responder = Responder::start(|_, _| reply(200, &"x".repeat(3000))).await;
    let base = Base::parse("api", &responder.url).unwrap();
    let mut wire = Wire::new(Timeouts::default(), &[&base]).unwrap();
    wire.largest = 2048;
    let error = wire.send(Request::get("read", base.at("/"))).await.unwrap_err();
    assert!(error.to_string().contains("larger than 2 KiB"), "{error}");
}

#[tokio::test]
async fn the_public_wire_reaches_neither_this_machine_nor_plain_http() {
    let responder = Responder::start(|_, _| reply(200, "secret")).await;
    let wire = Wire::public_only(quick(), 1024, &["localhost".to_owned()]).unwrap();
    let port = responder.url.rsplit_once(':').unwrap().1.to_owned();
    for url in [responder.url.clone(), format!("https://localhost:{port}/")] {
        assert!(wire.send(Request::get("fetch", url)).await.is_err());
    }
    assert!(responder.asked().is_empty());
}

#[test]
fn waits_are_seconds_or_dates_and_bounded() {
    let now: Timestamp = "2026-03-02T09:20:11Z".parse().unwrap();
    let read = |text: &str| retry_after(text, now).map(|wait| wait.as_secs());
    assert_eq!(read("57"), Some(57));
    assert_eq!(read(" 0 "), Some(0));
    assert_eq!(read("99999999999999999999999"), Some(86400));
    assert_eq!(read("Mon, 02 Mar 2026 09:21:11 GMT"), Some(60));
    assert_eq!(read("Mon, 02 Mar 2026 09:00:00 GMT"), Some(0));
    assert_eq!(read("soon"), None);
    assert_eq!(read("-5"), None);
    assert_eq!(read(""), None);
}

#[test]
fn addresses_are_checked_before_use() {
    for good in [
        "https://api.partner.microsoft.com",
        "https://api.example/base/",
        "http://127.0.0.1:8701",
        "http://localhost:1",
        "http://sandbox:8080",
        "http://[::1]:80",
    ] {
        assert!(Base::parse("api", good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "api.example",
        "ftp://api.example",
        "http://api.example",
        "https://user@api.example",
        "https://:pw@api.example",
        "https://api.example?x=1",
        "https://api.example#x",
    ] {
        assert!(Base::parse("api", bad).is_err(), "{bad}");
    }
    let base = Base::parse("api", "https://api.example/base/").unwrap();
    assert_eq!(base.at("/x"), "https://api.example/base/x");
}

#[test]
fn encoding_leaves_nothing_that_means_something() {
    assert_eq!(encode("a b/c?d#e&f=g+h%é'"), "a%20b%2Fc%3Fd%23e%26f%3Dg%2Bh%25%C3%A9%27");
    assert_eq!(encode("Az09-._~"), "Az09-._~");
}

#[test]
fn call_ids_are_guids_and_differ() {
    let (one, two) = (call_id(), call_id());
    assert!(crate::ReferralId::parse(&one).is_ok(), "{one}");
    assert_ne!(one, two);
    assert_eq!(one.chars().nth(14), Some('4'));
}
