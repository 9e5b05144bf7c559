//! Every kind of fault, as a client sees it on the wire.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    client::{Client, DATA, REFERRALS},
    partner_center::referral,
    raw::{End, Wire, ask},
};

const SHORT: Duration = Duration::from_millis(150);

async fn order(client: &Client, fault: Value) {
    client.admin("POST", "/faults", &fault).await.is(201);
}

/// The rep makes an account over a connection of its own.
async fn account(client: &Client, name: &str) -> Wire {
    let base = &client.sandbox.addresses().salesforce;
    let token = &client.sandbox.credentials().salesforce.access_token;
    let body = json!({ "Name": name }).to_string();
    ask(base, "POST", &format!("{DATA}/sobjects/Account"), token, &body, SHORT).await
}

async fn count(client: &Client, name: &str) -> u64 {
    let soql = format!("SELECT COUNT() FROM Account WHERE Name = '{name}'");
    client.query(&soql).await.is(200).body["totalSize"].as_u64().unwrap()
}

/// Orders a fault for the rep's next account; answers what came and how many accounts there are.
async fn struck(client: &Client, kind: &str) -> (Wire, u64) {
    let fault = json!({
        "system": "salesforce", "kind": kind, "method": "POST", "path": "*/sobjects/Account",
        "delay_ms": 400,
    });
    order(client, fault).await;
    let wire = if kind.contains("slow") || kind == "cut_body" || kind == "duplicate_reply" {
        let base = &client.sandbox.addresses().salesforce;
        let token = &client.sandbox.credentials().salesforce.access_token;
        let body = json!({ "Name": kind }).to_string();
        let path = format!("{DATA}/sobjects/Account");
        ask(base, "POST", &path, token, &body, Duration::from_millis(700)).await
    } else {
        account(client, kind).await
    };
    (wire, count(client, kind).await)
}

#[tokio::test]
async fn answers_come_late_or_bit_by_bit() {
    let client = Client::start().await;
    let (wire, made) = struck(&client, "slow_header").await;
    assert!(wire.head().starts_with("HTTP/1.1 201") && made == 1, "{wire:?}");
    assert!(wire.times[0].0 >= Duration::from_millis(390), "{wire:?}");

    let (wire, made) = struck(&client, "slow_body").await;
    assert!(wire.head().starts_with("HTTP/1.1 201") && made == 1, "{wire:?}");
    assert_eq!(wire.body().len(), wire.promised());
    let (first, last) = (wire.times[0], wire.times[wire.times.len() - 1]);
    assert!(first.0 < Duration::from_millis(200) && wire.times.len() > 5, "{wire:?}");
    assert!(last.0 >= Duration::from_millis(350), "{wire:?}");
}

#[tokio::test]
async fn answers_end_in_their_middle_or_come_twice() {
    let client = Client::start().await;
    let (wire, made) = struck(&client, "cut_body").await;
    assert!(wire.head().starts_with("HTTP/1.1 201") && made == 1, "{wire:?}");
    assert_eq!((wire.body().len(), &wire.end), (wire.promised() / 2, &End::Closed), "{wire:?}");

    let (wire, made) = struck(&client, "duplicate_reply").await;
    assert_eq!((wire.text.matches("HTTP/1.1 201").count(), made), (2, 1), "{wire:?}");
    assert_eq!(wire.end, End::Open);
    let half = wire.text.len() / 2;
    assert_eq!(wire.text[..half], wire.text[half..]);
}

#[tokio::test]
async fn connections_end_before_or_after_the_call_is_carried_out() {
    let client = Client::start().await;
    let long = |kind| {
        let client = &client;
        async move {
            order(client, json!({ "system": "salesforce", "kind": kind, "method": "POST" })).await;
            let wire = account(client, kind).await;
            (wire.text, wire.end, count(client, kind).await)
        }
    };
    let nothing = String::new;
    assert_eq!(long("close").await, (nothing(), End::Closed, 0));
    assert_eq!(long("applied_then_close").await, (nothing(), End::Closed, 1));
    assert_eq!(long("reset").await, (nothing(), End::Reset, 0));
    assert_eq!(long("applied_then_reset").await, (nothing(), End::Reset, 1));
    // No answer comes for two minutes.
    assert_eq!(long("timeout").await, (nothing(), End::Open, 0));
    assert_eq!(long("applied_then_timeout").await, (nothing(), End::Open, 1));
    let log = client.admin("GET", "/requests?fault=any", &Value::Null).await.is(200).body;
    let shown: Vec<(&Value, &Value)> =
        log.as_array().unwrap().iter().map(|line| (&line["fault"], &line["status"])).collect();
    assert_eq!(shown.len(), 6);
    assert_eq!(shown[5], (&json!("applied_then_timeout"), &Value::Null));
}

#[tokio::test]
async fn answers_are_not_what_they_should_be() {
    let client = Client::start().await;
    let (wire, made) = struck(&client, "html").await;
    assert_eq!(made, 0);
    // It came 400 ms later, when nobody listened any more.
    assert_eq!(wire.end, End::Open);
    for (kind, status, kind_of_body, made) in [
        ("html", 200, "text/html; charset=utf-8", 1),
        ("wrong_type", 201, "text/html;charset=UTF-8", 2),
    ] {
        let fault = json!({ "system": "salesforce", "kind": kind, "method": "POST" });
        order(&client, fault).await;
        let wire = account(&client, "html").await;
        assert!(wire.head().starts_with(&format!("HTTP/1.1 {status}")), "{wire:?}");
        assert!(wire.head().contains(&format!("content-type: {kind_of_body}")), "{wire:?}");
        assert_eq!(wire.body().starts_with("<!DOCTYPE html>"), kind == "html");
        assert_eq!(count(&client, "html").await, made - 1);
    }
    order(&client, json!({ "system": "salesforce", "kind": "applied_twice", "method": "POST" }))
        .await;
    let wire = account(&client, "twice").await;
    assert!(wire.head().starts_with("HTTP/1.1 201"), "{wire:?}");
    assert_eq!(count(&client, "twice").await, 2);
}

#[tokio::test]
async fn refusals_have_the_bodies_of_the_real_systems() {
    let client = Client::start().await;
    let limit =
        |message: &str| json!([{ "message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED" }]);
    let lock = "unable to obtain exclusive access to this record or 1 records";
    for (kind, status, body) in [
        ("daily_limit", 403, limit("TotalRequests Limit exceeded.")),
        ("concurrent_limit", 403, limit("ConcurrentPerOrgLongTxn Limit exceeded.")),
        (
            "lock_row",
            400,
            json!([{ "message": lock, "errorCode": "UNABLE_TO_LOCK_ROW", "fields": [] }]),
        ),
        (
            "expired_token",
            401,
            json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]),
        ),
    ] {
        order(&client, json!({ "system": "salesforce", "kind": kind })).await;
        let got =
            client.rep("POST", "/sobjects/Account", &json!({ "Name": kind })).await.is(status);
        assert_eq!(got.body, body);
        assert_eq!(count(&client, kind).await, 0);
    }
    for (kind, status, code, inner) in [
        ("conflict", 409, "resourceModified", "conflict"),
        ("precondition_failed", 412, "preconditionFailed", "resourceModified"),
        ("expired_token", 401, "unauthenticated", "invalidToken"),
        ("server_error", 500, "generalException", "internalError"),
        ("unavailable", 503, "serviceNotAvailable", "unavailable"),
    ] {
        order(&client, json!({ "system": "partner_center", "kind": kind })).await;
        let got = client.partner("GET", "", &Value::Null).await.is(status);
        let codes = (got.text("/error/code"), got.text("/error/innerError/code"));
        assert_eq!(codes, (code.to_owned(), inner.to_owned()));
        assert_eq!(got.headers.contains_key("retry-after"), kind == "unavailable");
    }
    let fault =
        json!({ "system": "partner_center", "kind": "too_many_requests", "retry_after": 57 });
    order(&client, fault).await;
    let got = client.partner("GET", "", &Value::Null).await.is(429);
    let message = "Rate limit is exceeded. Try again in 57 seconds.";
    assert_eq!(got.body, json!({ "statusCode": 429, "message": message }));
    assert_eq!(got.headers["retry-after"], "57");
    order(&client, json!({ "system": "webhooks", "status": 500 })).await;
    let got = client.hooks("GET", "", &Value::Null).await.is(500);
    assert_eq!((&got.body["code"], &got.body["data"]), (&json!("500"), &json!([])));
}

#[tokio::test]
async fn a_token_that_ended_in_mid_run_stays_ended() {
    let client = Client::start().await;
    let token = client.service_token().await;
    let path = format!("{DATA}/limits");
    client.service("GET", &path, &token, &Value::Null).await.is(200);
    order(&client, json!({ "system": "salesforce", "kind": "expired_token", "nth": 2 })).await;
    for status in [200, 401, 401] {
        client.service("GET", &path, &token, &Value::Null).await.is(status);
    }
    let token = client.service_token().await;
    client.service("GET", &path, &token, &Value::Null).await.is(200);
    let token = client.partner_token("api.partner.microsoft.com").await.text("/access_token");
    order(&client, json!({ "system": "partner_center", "kind": "expired_token" })).await;
    for _ in 0..2 {
        client.partner_as(&token, "GET", "/referrals").await.is(401);
    }
}

/// Accounts of a collection.
fn rows(count: usize, all_or_none: bool) -> Value {
    let row = |n| json!({ "attributes": { "type": "Account" }, "Name": format!("row {n}") });
    let records: Vec<Value> = (0..count).map(row).collect();
    json!({ "allOrNone": all_or_none, "records": records })
}

#[tokio::test]
async fn some_rows_of_a_batch_fail_and_the_same_seed_fails_the_same() {
    let mut all = Vec::new();
    for _ in 0..2 {
        let client = Client::start().await;
        let fault =
            json!({ "system": "salesforce", "kind": "partial_batch", "seed": 11, "times": 2 });
        order(&client, fault).await;
        // Single rows are no batch.
        client.make("Account", &json!({ "Name": "single" })).await;
        let got = client.rep("POST", "/composite/sobjects", &rows(20, false)).await.is(200);
        let results = got.body.as_array().unwrap().clone();
        assert_eq!(results.len(), 20);
        let mut fates = Vec::new();
        for (n, result) in results.iter().enumerate() {
            let made = result["success"] == json!(true);
            assert_eq!(count(&client, &format!("row {n}")).await, u64::from(made));
            if !made {
                assert_eq!(result["errors"][0]["statusCode"], json!("UNABLE_TO_LOCK_ROW"));
            }
            fates.push(made);
        }
        assert!(fates.contains(&true) && fates.contains(&false));
        all.push(fates);
        let got = client.rep("POST", "/composite/sobjects", &rows(5, true)).await.is(200);
        let codes: Vec<&Value> = got
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["errors"][0]["statusCode"])
            .collect();
        assert!(codes.contains(&&json!("UNABLE_TO_LOCK_ROW")), "{codes:?}");
        assert!(codes.contains(&&json!("ALL_OR_NONE_OPERATION_ROLLED_BACK")), "{codes:?}");
        let got = client.query("SELECT COUNT() FROM Account").await.is(200);
        let made = all[0].iter().filter(|made| **made).count() + 1;
        assert_eq!(got.body["totalSize"], json!(made));
    }
    assert_eq!(all[0], all[1]);
}

#[tokio::test]
async fn some_parts_of_a_composite_fail_with_what_depends_on_them() {
    let client = Client::start().await;
    let url = |path: &str| format!("{DATA}/sobjects/{path}");
    let parts = json!({ "compositeRequest": [
        { "method": "POST", "url": url("Account"), "referenceId": "a", "body": { "Name": "a" } },
        { "method": "POST", "url": url("Contact"), "referenceId": "b",
          "body": { "LastName": "b", "AccountId": "@{a.id}" } },
        { "method": "POST", "url": url("Account"), "referenceId": "c", "body": { "Name": "c" } },
    ]});
    let mut saw_dependent = false;
    for seed in 1..12 {
        let fault = json!({ "system": "salesforce", "kind": "partial_batch", "seed": seed });
        order(&client, fault).await;
        let got = client.rep("POST", "/composite", &parts).await.is(200);
        let answers = got.body["compositeResponse"].as_array().unwrap();
        let code = |n: usize| answers[n]["body"][0]["errorCode"].as_str().unwrap_or("");
        for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
            assert_eq!(answers[n]["referenceId"], json!(name));
        }
        let codes = [code(0), code(1), code(2)];
        assert!(codes.contains(&"UNABLE_TO_LOCK_ROW"), "{answers:?}");
        assert!(codes[0].is_empty() || !codes[1].is_empty(), "{answers:?}");
        saw_dependent |= codes[1] == "PROCESSING_HALTED";
    }
    assert!(saw_dependent);
}

#[tokio::test]
async fn an_answer_may_be_from_before_the_last_write() {
    let client = Client::start().await;
    let id = client.make("Account", &json!({ "Name": "old", "Site": "one" })).await;
    let path = format!("/sobjects/Account/{id}");
    client.rep("PATCH", &path, &json!({ "Name": "new" })).await.is(204);
    let stale = json!({ "system": "salesforce", "kind": "stale_read" });
    order(&client, stale.clone()).await;
    assert_eq!(client.rep("GET", &path, &Value::Null).await.is(200).text("/Name"), "old");
    assert_eq!(client.rep("GET", &path, &Value::Null).await.is(200).text("/Name"), "new");
    // A query lags too, whether it was ordered before the write or after it.
    order(&client, stale.clone()).await;
    client.rep("PATCH", &path, &json!({ "Name": "newer" })).await.is(204);
    assert_eq!(client.names("Name", "SELECT Name FROM Account").await, ["new"]);
    assert_eq!(client.names("Name", "SELECT Name FROM Account").await, ["newer"]);
    // A row that was just made is not there yet, two writes ago it had its first name.
    order(&client, json!({ "system": "salesforce", "kind": "stale_read", "behind": 3 })).await;
    client.rep("GET", &path, &Value::Null).await.is(404);

    let made = client.partner("POST", "", &referral("x")).await.is(200);
    let path = format!("/{}", made.text("/id"));
    let change = json!([{ "op": "replace", "path": "/details/notes", "value": "later" }]);
    client.partner("PATCH", &path, &change).await.is(204);
    order(&client, json!({ "system": "partner_center", "kind": "stale_read" })).await;
    let old = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(old.headers["etag"], made.headers["etag"]);
    let new = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(new.text("/details/notes"), "later");
}

#[tokio::test]
async fn faults_are_ordered_in_plans_and_read_back() {
    let client = Client::start().await;
    let plan = json!([
        { "system": "salesforce", "kind": "lock_row", "path": "*/sobjects/Account", "nth": 2 },
        { "system": "partner_center", "status": 500, "probability": 0.5, "seed": 3, "times": "always" },
    ]);
    let got = client.admin("POST", "/faults", &plan).await.is(201);
    assert_eq!(got.body["plan"], plan);
    assert_eq!(got.body["armed"].as_array().unwrap().len(), 2);
    for status in [201, 400, 201] {
        client.rep("POST", "/sobjects/Account", &json!({ "Name": "x" })).await.is(status);
    }
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mut statuses = Vec::new();
        for _ in 0..30 {
            statuses.push(client.partner("GET", "?$top=1", &Value::Null).await.status);
        }
        assert!(statuses.contains(&200) && statuses.contains(&500));
        runs.push(statuses);
        // The plan that was read back gives the same faults once more.
        let read = client.admin("GET", "/faults", &Value::Null).await.is(200).body["plan"].clone();
        assert_eq!(read, plan);
        client.admin("DELETE", "/faults", &Value::Null).await.is(204);
        client.admin("POST", "/faults", &read).await.is(201);
    }
    assert_eq!(runs[0], runs[1]);
    let armed = client.admin("GET", "/faults", &Value::Null).await.is(200).body["armed"].clone();
    let number = armed[1]["number"].as_i64().unwrap();
    client.admin("DELETE", &format!("/faults/{number}"), &Value::Null).await.is(204);
    client.admin("DELETE", &format!("/faults/{number}"), &Value::Null).await.is(404);
    // Of a list with a mistake in it, nothing is ordered.
    let wrong = json!([{ "system": "salesforce", "status": 500 }, { "system": "salesforce", "kind": "html5" }]);
    let got = client.admin("POST", "/faults", &wrong).await.is(400);
    assert_eq!(got.text("/error"), "there is no fault of kind \"html5\"; did you mean html?");
    let armed = client.admin("GET", "/faults", &Value::Null).await.is(200).body["armed"].clone();
    assert_eq!(armed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn faults_strike_where_they_were_ordered_only() {
    let client = Client::start().await;
    let made = client.partner("POST", "", &referral("x")).await.is(200);
    let path = format!("{REFERRALS}/{}", made.text("/id"));
    order(
        &client,
        json!({ "system": "partner_center", "path": path, "method": "PATCH", "status": 503 }),
    )
    .await;
    client.partner("GET", &format!("/{}", made.text("/id")), &Value::Null).await.is(200);
    client.partner("GET", "", &Value::Null).await.is(200);
    client.rep("PATCH", "/sobjects/Account/x", &json!({})).await.is(404);
    let change = json!([{ "op": "replace", "path": "/details/notes", "value": "x" }]);
    client.partner("PATCH", &format!("/{}", made.text("/id")), &change).await.is(503);
    client.partner("PATCH", &format!("/{}", made.text("/id")), &change).await.is(204);
}
