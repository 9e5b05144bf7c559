//! What Partner Center's API makes of headers, methods and query options; and how many calls it takes.

use sandbox::{Config, Switch};
use serde_json::{Value, json};

use crate::{
    client::{Client, Got, encode},
    partner_center::{referral, shared},
};

fn notes(text: &str) -> Value {
    json!([{ "op": "replace", "path": "/details/notes", "value": text }])
}

async fn deal(client: &Client) -> (String, Got) {
    let made = client.partner("POST", "", &referral("Protocol")).await.is(200);
    (format!("/{}", made.text("/id")), made)
}

#[tokio::test]
async fn bodies_are_json_and_so_are_answers() {
    let client = Client::start().await;
    let (path, _) = deal(&client).await;
    for kind in ["text/plain", "application/xml", "application/json; charset=utf-16", ""] {
        for (method, path) in [("POST", ""), ("PATCH", path.as_str()), ("PUT", path.as_str())] {
            let headers = [("Content-Type", kind)];
            let got = client.partner_with(method, path, &headers, &notes("x")).await.is(415);
            assert_eq!(got.text("/error/innerError/code"), "unsupportedMediaType");
        }
    }
    let fine = [("Content-Type", "application/json; charset=utf-8")];
    client.partner_with("PATCH", &path, &fine, &notes("x")).await.is(204);
    for (accept, status) in [
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
    ] {
        client.partner_with("GET", &path, &[("Accept", accept)], &Value::Null).await.is(status);
    }
}

#[tokio::test]
async fn versions_are_compared_strongly_and_change_with_each_write() {
    let client = Client::start().await;
    let (path, made) = deal(&client).await;
    let tag = made.text("/eTag");
    assert!(tag.starts_with('"') && tag.ends_with('"'));
    let weak = format!("W/{tag}");
    let bare = tag.trim_matches('"').to_owned();
    for (version, status) in [(weak.as_str(), 412), (&bare, 412), ("\"x\"", 412), ("*", 204)] {
        let headers = [("If-Match", version)];
        let got = client.partner_with("PATCH", &path, &headers, &notes(version)).await.is(status);
        if status == 412 {
            assert_eq!(got.text("/error/code"), "preconditionFailed");
        } else {
            assert_ne!(got.headers["etag"], tag);
        }
    }
    let now = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(now.text("/eTag"), now.headers["etag"]);
    let list = format!("\"x\", {}", now.text("/eTag"));
    client.partner_with("PATCH", &path, &[("If-Match", &list)], &notes("y")).await.is(204);
    // A refused change leaves the version as it was.
    let now = client.partner("GET", &path, &Value::Null).await.is(200).text("/eTag");
    let bad = json!([{ "op": "replace", "path": "/details/dealValue", "value": -1 }]);
    client.partner("PATCH", &path, &bad).await.is(400);
    assert_eq!(client.partner("GET", &path, &Value::Null).await.is(200).text("/eTag"), now);
    // A whole referral needs a version.
    let got = client.partner("PUT", &path, &json!({})).await.is(400);
    assert_eq!(got.text("/error/target"), "If-Match");
}

#[tokio::test]
async fn the_first_preference_says_whether_the_referral_comes_back() {
    let client = Client::start().await;
    let (path, _) = deal(&client).await;
    for (prefer, status) in [
        ("return=representation", 200),
        ("respond-async, Return=Representation", 200),
        ("return=minimal", 204),
        ("return=minimal, return=representation", 204),
        ("not-return=representation", 204),
    ] {
        let got = client.partner_with("PATCH", &path, &[("Prefer", prefer)], &notes(prefer)).await;
        assert_eq!((got.status, got.body.is_object()), (status, status == 200), "{prefer}");
        assert!(got.headers.contains_key("etag"));
    }
}

#[tokio::test]
async fn methods_that_are_not_there_are_told_with_those_that_are() {
    let client = Client::start().await;
    let (path, _) = deal(&client).await;
    for method in ["DELETE", "OPTIONS", "TRACE", "BREW"] {
        for (path, allowed) in [("", "GET, POST"), (path.as_str(), "GET, PUT, PATCH")] {
            let got = client.partner(method, path, &Value::Null).await.is(405);
            assert_eq!(got.headers["allow"], allowed, "{method}");
            assert_eq!(got.text("/error/code"), "invalidRequest");
        }
    }
    let head = client.partner("HEAD", &path, &Value::Null).await.is(405);
    assert_eq!((head.headers["allow"].as_str(), head.body), ("GET, PUT, PATCH", Value::Null));
    let below = format!("{path}/team");
    client.partner("GET", &below, &Value::Null).await.is(404);
}

#[tokio::test]
async fn query_options_are_those_of_a_list() {
    let client = Client::start().await;
    let made = client.partner("POST", "", &shared("Q")).await.is(200);
    let engagement = made.text("/engagementId").to_uppercase();
    for (query, status) in [
        (format!("$filter={}", encode(&format!("engagementId eq {engagement}"))), 200),
        (format!("$filter={}", encode(&format!("engagementId eq '{engagement}'"))), 200),
        (format!("$filter={}", encode("status eq Active")), 400),
        (format!("$filter={}", encode(&format!("name eq '{}'", "x".repeat(3000)))), 400),
        (format!("$filter={}", encode(&format!("{} eq 'x'", "x".repeat(3000)))), 400),
        ("$search=x".to_owned(), 400),
        ("$apply=x".to_owned(), 400),
        ("$top=1&$top=2".to_owned(), 400),
        ("$top=1&$TOP=2".to_owned(), 400),
        ("$skip=-1".to_owned(), 400),
        ("$skip=99999999999999999999".to_owned(), 400),
        ("$skip=1000".to_owned(), 200),
        ("$count=yes".to_owned(), 400),
        ("$expand=team".to_owned(), 400),
        ("other=x".to_owned(), 200),
    ] {
        let got = client.partner("GET", &format!("?{query}"), &Value::Null).await.is(status);
        if status == 400 {
            assert!(got.text("/error/innerError/message").chars().count() <= 1024);
        } else if query.contains("engagement") {
            assert_eq!(got.body["value"].as_array().unwrap().len(), 1, "{query}");
        }
    }
    let wrong_case = encode("status eq 'active'");
    let got = client.partner("GET", &format!("?$filter={wrong_case}"), &Value::Null).await.is(200);
    assert_eq!(got.body["value"], json!([]));
}

#[tokio::test]
async fn the_type_follows_from_the_consent_to_share() {
    let client = Client::start().await;
    let kind = |got: &Got| got.text("/type");
    let mut body = referral("Private");
    body["type"] = json!("Shared");
    let made = client.partner("POST", "", &body).await.is(200);
    assert_eq!(kind(&made), "Independent");
    let share = "/consent/consentToShareReferralWithMicrosoftSellers";
    let operations = json!([{ "op": "replace", "path": share, "value": true }]);
    let path = format!("/{}", made.text("/id"));
    let whole = [("Prefer", "return=representation")];
    let got = client.partner_with("PATCH", &path, &whole, &operations).await.is(200);
    assert_eq!(kind(&got), "Shared");
    let mut body = shared("Shared");
    body["type"] = json!("Independent");
    assert_eq!(kind(&client.partner("POST", "", &body).await.is(200)), "Shared");
    let config = Config { partner_center: vec![Switch::TypeAsGiven], ..Config::default() };
    let client = Client::with(config).await;
    assert_eq!(kind(&client.partner("POST", "", &body).await.is(200)), "Independent");
}

#[tokio::test]
async fn too_many_calls_are_told_how_long_to_wait() {
    let client = Client::start().await;
    let path = "/partner-center/limits";
    for bad in [
        json!([]),
        json!({ "everything": { "calls": 1, "seconds": 1 } }),
        json!({ "referrals": { "calls": 0, "seconds": 1 } }),
        json!({ "referrals": { "calls": 1 } }),
    ] {
        client.admin("PUT", path, &bad).await.is(400);
    }
    // A clock that stands still makes the seconds exact.
    client.admin("POST", "/clock", &json!({ "set": "2027-01-01T00:00:00Z" })).await.is(200);
    let order = json!({ "referrals": { "calls": 3, "seconds": 60 } });
    let shown = client.admin("PUT", path, &order).await.is(200).body;
    assert_eq!(shown, json!({ "referrals": { "calls": 3, "seconds": 60 }, "webhooks": null }));
    for _ in 0..3 {
        client.partner("GET", "", &Value::Null).await.is(200);
    }
    let got = client.partner("POST", "", &referral("x")).await.is(429);
    assert_eq!(got.headers["retry-after"], "60");
    let message = "Rate limit is exceeded. Try again in 60 seconds.";
    assert_eq!(got.body, json!({ "statusCode": 429, "message": message }));
    // The other host, tokens and the administration go on; a refused create made nothing.
    client.hooks("GET", "/events", &Value::Null).await.is(200);
    client.partner_token("api.partner.microsoft.com").await.is(200);
    let made = client.admin("GET", "/partner-center/referrals", &Value::Null).await.is(200);
    assert_eq!(made.body["value"], json!([]));
    client.admin("POST", "/clock", &json!({ "set": "2027-01-01T00:01:00Z" })).await.is(200);
    client.partner("GET", "", &Value::Null).await.is(200);
    client.admin("PUT", path, &json!({})).await.is(200);
    for _ in 0..10 {
        client.partner("GET", "", &Value::Null).await.is(200);
    }
}
