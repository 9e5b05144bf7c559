//! Webhooks: registration, signed delivery, patience, tests, and forged ones on request.

use std::time::Duration;

use sandbox::{Config, Patience};
use serde_json::{Value, json};

use crate::{
    client::{Client, Receiver},
    partner_center::referral,
};

async fn impatient() -> Client {
    let patience = Patience {
        attempts: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(10),
        timeout: Duration::from_secs(5),
    };
    Client::with(Config { patience, ..Config::default() }).await
}

fn registration(url: &str) -> Value {
    json!({
        "WebhookUrl": url,
        "WebhookEvents": ["referral-created", "referral-updated", "related-referral-created", "test-created"],
    })
}

#[tokio::test]
async fn one_registration_is_kept_and_replaced() {
    let client = Client::start().await;
    let events = client.hooks("GET", "/events", &Value::Null).await.is(200);
    assert!(events.body.as_array().unwrap().contains(&json!("referral-created")));
    let none = client.hooks("GET", "", &Value::Null).await.is(404);
    assert_eq!(none.body["data"], json!([]));
    client.hooks("PUT", "", &registration("http://127.0.0.1:1/")).await.is(404);
    client.hooks("POST", "", &registration("nowhere")).await.is(400);
    let made = client.hooks("POST", "", &registration("http://127.0.0.1:1/a")).await.is(200);
    assert_eq!(made.text("/SubscriberId").len(), 36);
    client.hooks("PUT", "", &registration("http://127.0.0.1:1/b")).await.is(200);
    let kept = client.hooks("GET", "", &Value::Null).await.is(200);
    assert_eq!(kept.text("/WebhookUrl"), "http://127.0.0.1:1/b");
    let token = client.partner_token("api.partner.microsoft.com").await.text("/access_token");
    let url = format!("{}/webhooks/v1/registration", client.sandbox.addresses().webhooks);
    let bearer = format!("Bearer {token}");
    let got = client.call("GET", &url, &[("Authorization", &bearer)], "").await.unwrap();
    assert_eq!((got.status, got.body["code"].as_str()), (401, Some("401")));
}

#[tokio::test]
async fn a_change_is_delivered_signed() {
    let client = impatient().await;
    let receiver = Receiver::start(&[200]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    let made = client.partner("POST", "", &referral("Hook")).await.is(200);
    let got = receiver.wait(1).await.remove(0);
    let body = got.json();
    assert_eq!(body["EventName"], json!("referral-created"));
    assert_eq!(body["ResourceName"], json!("referral"));
    assert_eq!(body["AuditUri"], Value::Null);
    let uri = body["ResourceUri"].as_str().unwrap();
    assert_eq!(uri.rsplit('/').next().unwrap(), made.text("/id"));
    assert!(body["ResourceChangeUtcDate"].as_str().unwrap().ends_with("+00:00"));
    assert_eq!(got.header("x-ms-signature-algorithm").unwrap(), "rsa-sha256");

    // The signature of PKCS#1 v1.5 is the same each time, so the admin's must equal it.
    let url = format!("{}/webhook/sign", client.sandbox.addresses().admin);
    let bearer = format!("Bearer {}", client.sandbox.credentials().admin_token);
    let signed = client.call("POST", &url, &[("Authorization", &bearer)], &got.body).await.unwrap();
    assert_eq!(signed.text("/headers/Authorization"), got.header("authorization").unwrap());
    let certificate = got.header("x-ms-certificate-url").unwrap();
    assert!(certificate.starts_with(&client.sandbox.addresses().webhooks));
    assert_eq!(client.call("GET", &certificate, &[], "").await.unwrap().status, 200);
    assert!(client.sandbox.webhook_certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));

    let operations = json!([{ "op": "replace", "path": "/details/notes", "value": "x" }]);
    client.partner("PATCH", &format!("/{}", made.text("/id")), &operations).await.is(204);
    assert_eq!(receiver.wait(2).await[1].json()["EventName"], json!("referral-updated"));
    let mut half = referral("Hook");
    half["engagementId"] = json!(made.text("/engagementId"));
    half["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    client.partner("POST", "", &half).await.is(200);
    assert_eq!(receiver.wait(3).await[2].json()["EventName"], json!("related-referral-created"));
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_and_then_put_aside() {
    let client = impatient().await;
    let receiver = Receiver::start(&[500, 200, 500]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    let got = receiver.wait(2).await;
    assert_eq!(got[0].body, got[1].body);
    client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    receiver.wait(5).await;
    let mut webhooks = Value::Null;
    for _ in 0..200 {
        webhooks = client.admin("GET", "/counts", &Value::Null).await.body["webhooks"].clone();
        if webhooks["failed"] == json!(1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(webhooks, json!({ "sent": 2, "delivered": 1, "failed": 1, "waiting": 0 }));
    let offline = client.admin("GET", "/webhook/offline", &Value::Null).await.is(200);
    assert_eq!(offline.body[0]["attempts"], json!(3));
}

#[tokio::test]
async fn a_test_event_reports_each_attempt() {
    let client = impatient().await;
    client.hooks("POST", "/validationEvents", &Value::Null).await.is(404);
    let receiver = Receiver::start(&[500, 200]).await;
    let mut registration = registration(&receiver.url);
    registration["signatureTokenToMsSignatureHeader"] = json!(true);
    client.hooks("POST", "", &registration).await.is(200);
    let made = client.hooks("POST", "/validationEvents", &Value::Null).await.is(200);
    let path = format!("/validationEvents/{}", made.text("/correlationId"));
    let got = receiver.wait(2).await;
    assert!(got[0].header("x-ms-signature").unwrap().starts_with("Signature "));
    assert_eq!(got[0].header("authorization"), None);
    assert_eq!(got[0].json()["EventName"], json!("test-created"));
    let mut outcome = Value::Null;
    for _ in 0..200 {
        outcome = client.hooks("GET", &path, &Value::Null).await.is(200).body;
        if outcome["status"] == json!("completed") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let codes: Vec<_> =
        outcome["results"].as_array().unwrap().iter().map(|r| r["responseCode"].clone()).collect();
    assert_eq!(codes, [json!("InternalServerError"), json!("OK")]);
    client.hooks("POST", "/validationEvents", &Value::Null).await.is(200);
    client.hooks("POST", "/validationEvents", &Value::Null).await.is(429);
}

#[tokio::test]
async fn any_body_is_sent_on_request() {
    let client = impatient().await;
    client.admin("POST", "/webhook/send", &json!({})).await.is(409);
    let receiver = Receiver::start(&[401]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    let sent = client.admin("POST", "/webhook/send", &json!({ "EventName": "odd" })).await.is(200);
    assert_eq!(sent.body["status"], json!(401));
    assert_eq!(receiver.wait(1).await[0].body, "{\"EventName\":\"odd\"}");
}
