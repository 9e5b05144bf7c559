//! The wire log, and what the sandbox says of its own costs.

use serde_json::{Value, json};

use crate::client::{Client, DATA};

async fn log(client: &Client, query: &str) -> Vec<Value> {
    let got = client.admin("GET", &format!("/requests{query}"), &Value::Null).await.is(200);
    got.body.as_array().unwrap().clone()
}

#[tokio::test]
async fn every_request_is_seen_with_its_answer_and_without_secrets() {
    let client = Client::start().await;
    let token = client.service_token().await;
    let id = client.make("Account", &json!({ "Name": "seen" })).await;
    client.rep("GET", "/sobjects/Account/x", &Value::Null).await.is(404);
    let partner = client.partner_token("api.partner.microsoft.com").await.is(200);
    let lines = log(&client, "").await;
    assert_eq!(lines.len(), 4);
    let made = &lines[1];
    assert_eq!(made["method"], json!("POST"));
    assert_eq!(made["path"], json!(format!("{DATA}/sobjects/Account")));
    assert_eq!((&made["status"], &made["user"]), (&json!(201), &json!("rep")));
    assert_eq!(made["request"]["body"], json!("{\"Name\":\"seen\"}"));
    assert_eq!(made["request"]["headers"]["authorization"], json!("Bearer [redacted]"));
    assert!(made["answer"]["body"].as_str().unwrap().contains(&id));
    assert!(made["answer"]["headers"]["Sforce-Limit-Info"].is_string(), "{made}");
    assert!(made["duration_us"].is_u64() && made["at"].as_str().unwrap().ends_with('Z'));
    let whole = Value::Array(lines).to_string();
    let keys = client.sandbox.credentials();
    for secret in [
        &token,
        &keys.salesforce.access_token,
        &keys.salesforce.client_secret,
        &keys.partner_center.refresh_token,
        &partner.text("/access_token"),
        &partner.text("/refresh_token"),
    ] {
        assert!(!whole.contains(secret.as_str()), "{secret}");
    }
}

#[tokio::test]
async fn the_log_is_filtered_followed_and_cleared() {
    let client = Client::start().await;
    for name in ["a", "b", "c"] {
        client.make("Account", &json!({ "Name": name })).await;
    }
    client.partner("GET", "", &Value::Null).await.is(200);
    client.rep("GET", "/nothing", &Value::Null).await.is(404);
    for (query, count) in [
        ("?system=salesforce", 4),
        ("?system=salesforce&method=POST&limit=2", 2),
        ("?path=/nothing&status=4xx", 1),
        ("?user=partner", 1),
        ("?fault=any", 0),
    ] {
        assert_eq!(log(&client, query).await.len(), count, "{query}");
    }
    let last = log(&client, "?limit=1").await[0]["number"].as_u64().unwrap();
    let after = format!("?after={last}");
    assert!(log(&client, &after).await.is_empty());
    client.rep("GET", "/limits", &Value::Null).await.is(200);
    assert_eq!(log(&client, &after).await[0]["path"], json!(format!("{DATA}/limits")));
    client.admin("DELETE", "/requests", &Value::Null).await.is(204);
    assert!(log(&client, "").await.is_empty());
    // Numbers go on, so that whoever follows misses nothing.
    client.rep("GET", "/limits", &Value::Null).await.is(200);
    assert_eq!(log(&client, &after).await.len(), 1);
}

#[tokio::test]
async fn requests_and_their_costs_are_reported() {
    let client = Client::start().await;
    client.make("Account", &json!({ "Name": "x" })).await;
    client.partner("GET", "", &Value::Null).await.is(200);
    let usage = client.admin("GET", "/usage", &Value::Null).await.is(200).body;
    assert_eq!(usage["requests"]["salesforce"], json!(1));
    assert_eq!(usage["requests"]["partner_center"], json!(1));
    assert_eq!(usage["bytes"]["received"], json!("{\"Name\":\"x\"}".len()));
    assert!(usage["bytes"]["sent"].as_u64().unwrap() > 50);
    assert_eq!(usage["log"]["entries"], json!(2));
    assert_eq!(usage["pid"], json!(std::process::id()));
    if cfg!(target_os = "linux") {
        assert!(usage["memory"]["resident_bytes"].as_u64().unwrap() > 1_000_000, "{usage}");
        assert!(usage["cpu"]["user_ms"].is_u64(), "{usage}");
    }
}
