//! Webhooks: registration, signed delivery, patience, tests, and forged ones on request.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject as _};
use sandbox::{Config, Patience};
use serde_json::{Value, json};

use crate::{
    client::{Client, Receiver},
    partner_center::{half, shared},
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
    let made = client.partner("POST", "", &shared("Hook")).await.is(200);
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
    client.partner("POST", "", &half(&made.text("/engagementId"))).await.is(200);
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

#[tokio::test]
async fn a_new_registration_replaces_the_old_one_without_a_word() {
    let client = impatient().await;
    let (old, new) = (Receiver::start(&[200]).await, Receiver::start(&[200]).await);
    client.hooks("POST", "", &registration(&old.url)).await.is(200);
    client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    old.wait(1).await;
    client.hooks("POST", "", &registration(&new.url)).await.is(200);
    client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    new.wait(1).await;
    assert_eq!(old.wait(1).await.len(), 1);
}

#[tokio::test]
async fn ten_attempts_and_never_again() {
    let patience = Patience {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        ..Patience::default()
    };
    let client = Client::with(Config { patience, ..Config::default() }).await;
    let receiver = Receiver::start(&[503]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    receiver.wait(10).await;
    // A day later nobody tries again.
    client.admin("POST", "/clock", &json!({ "advance": "1d" })).await.is(200);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let got = receiver.wait(10).await;
    assert_eq!(got.len(), 10);
    assert!(got.iter().all(|one| one.body == got[0].body));
    let offline = client.admin("GET", "/webhook/offline", &Value::Null).await.is(200);
    assert_eq!(offline.body[0]["attempts"], json!(10));
}

#[tokio::test]
async fn events_are_doubled_and_shuffled_on_request() {
    let client = impatient().await;
    let receiver = Receiver::start(&[200]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    let path = "/partner-center/webhooks/disorder";
    let order = json!({ "copies": 2, "shuffle_ms": 300, "seed": 7, "times": 10 });
    client.admin("POST", path, &order).await.is(201);
    for number in 0..11 {
        let name = json!({ "name": format!("n{number}") });
        client.admin("POST", "/partner-center/referrals", &name).await.is(201);
    }
    // Ten twice, and the eleventh once and at once.
    let got = receiver.wait(21).await;
    let times: Vec<String> = got
        .iter()
        .map(|one| one.json()["ResourceChangeUtcDate"].as_str().unwrap().to_owned())
        .collect();
    let mut sorted = times.clone();
    sorted.sort();
    assert_ne!(times, sorted, "some came out of order");
    sorted.dedup();
    assert_eq!(sorted.len(), 11);
    for bad in [json!({ "copies": 0 }), json!({ "shuffle_ms": -1 }), json!({ "times": "x" })] {
        client.admin("POST", path, &bad).await.is(400);
    }
    client.admin("DELETE", path, &Value::Null).await.is(204);
}

#[tokio::test]
async fn the_signers_certificate_leads_to_the_root() {
    let client = Client::start().await;
    let pem = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let leaf = pem(client.sandbox.webhook_certificate_pem());
    let root = pem(client.sandbox.webhook_root_pem());
    let anchors = [webpki::anchor_from_trusted_cert(&root).unwrap()];
    let end = webpki::EndEntityCert::try_from(&leaf).unwrap();
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let usage = webpki::KeyUsage::client_auth();
    let leads = |anchors: &[_]| {
        let now = UnixTime::now();
        end.verify_for_usage(algorithms, anchors, &[], now, usage, None, None).is_ok()
    };
    assert!(leads(&anchors) && !leads(&[]));
    let organization = b"Microsoft Corporation";
    assert!(leaf.windows(organization.len()).any(|part| part == organization), "the issuer's name");
    assert_ne!(leaf, root);
}

#[tokio::test]
async fn answers_of_the_webhooks_host_carry_its_headers() {
    let client = Client::start().await;
    let got = client.hooks("GET", "/events", &Value::Null).await.is(200);
    assert_eq!(got.headers["x-locale"], "en-US");
    assert_eq!(got.headers["ms-correlationid"].len(), 36);
    assert_eq!(got.headers["ms-requestid"].len(), 36);
}

#[tokio::test]
async fn tests_are_two_a_minute_and_kept_for_a_week() {
    let client = impatient().await;
    let receiver = Receiver::start(&[200]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    let ask = async || client.hooks("POST", "/validationEvents", &Value::Null).await;
    let first = ask().await.is(200).text("/correlationId");
    ask().await.is(200);
    let third = ask().await.is(429);
    assert_eq!(
        (third.headers["retry-after"].as_str(), &third.body["statusCode"]),
        ("60", &json!(429))
    );
    client.admin("POST", "/clock", &json!({ "advance": "61s" })).await.is(200);
    ask().await.is(200);
    let path = format!("/validationEvents/{first}");
    client.hooks("GET", &path, &Value::Null).await.is(200);
    client.admin("POST", "/clock", &json!({ "advance": "7d" })).await.is(200);
    client.hooks("GET", &path, &Value::Null).await.is(404);
}

#[tokio::test]
async fn registrations_are_checked_and_keep_their_subscriber() {
    let client = Client::start().await;
    let with = |name: &str, value: Value| {
        let mut body = registration("http://127.0.0.1:1/a");
        body[name] = value;
        body
    };
    for bad in [
        with("WebhookEvents", json!([])),
        with("WebhookEvents", json!(["referral-created", "referral-deleted"])),
        with("WebhookEvents", json!(["referral-created", 5])),
        with("WebhookEvents", json!("referral-created")),
        with("WebhookUrl", json!("http://")),
        with("WebhookUrl", json!("http://a b/")),
        with("WebhookUrl", json!(5)),
        with("SignatureTokenToMsSignatureHeader", json!("true")),
        json!([]),
    ] {
        let got = client.hooks("POST", "", &bad).await.is(400);
        assert_eq!((got.text("/code").as_str(), &got.body["data"]), ("2000", &json!([])), "{bad}");
    }
    client.hooks("GET", "", &Value::Null).await.is(404);
    let first = client.hooks("POST", "", &registration("http://127.0.0.1:1/a")).await.is(200);
    let names = with("WebhookEvents", json!(["Referral-Updated"]));
    let second = client.hooks("PUT", "", &names).await.is(200);
    assert_eq!(first.text("/SubscriberId"), second.text("/SubscriberId"));
    assert_eq!(second.body["WebhookEvents"], json!(["referral-updated"]));
    let url = format!("{}/webhooks/v1/registration", client.sandbox.addresses().webhooks);
    let bearer = format!("Bearer {}", client.sandbox.credentials().partner_center.access_token);
    let typed = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
    let text = registration("http://127.0.0.1:1/b").to_string();
    let got = client.call("PUT", &url, &typed, &text).await.unwrap().is(415);
    assert_eq!(got.text("/code"), "415");
    for (method, path, allowed) in [
        ("DELETE", "", "GET, POST, PUT"),
        ("PATCH", "", "GET, POST, PUT"),
        ("POST", "/events", "GET"),
        ("GET", "/validationEvents", "POST"),
        ("DELETE", "/validationEvents/x", "GET"),
    ] {
        let got = client.hooks(method, path, &Value::Null).await.is(405);
        assert_eq!(got.headers["allow"], allowed, "{method} {path}");
    }
    client.hooks("GET", "/nothing", &Value::Null).await.is(404);
    client.hooks("GET", "/validationEvents/x", &Value::Null).await.is(404);
    // Only what is registered is sent, and a test must be registered for.
    let got = client.hooks("POST", "/validationEvents", &Value::Null).await.is(400);
    assert_eq!(got.text("/code"), "2002");
}

#[tokio::test]
async fn silence_redirects_and_goodbyes_are_failures_like_any_other() {
    let patience = Patience {
        attempts: 4,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(10),
        timeout: Duration::from_millis(300),
    };
    let client = Client::with(Config { patience, ..Config::default() }).await;
    let receiver = Receiver::start(&[302, 410, 0, 202]).await;
    client.hooks("POST", "", &registration(&receiver.url)).await.is(200);
    let made = client.hooks("POST", "/validationEvents", &Value::Null).await.is(200);
    let path = format!("/validationEvents/{}", made.text("/correlationId"));
    let mut outcome = Value::Null;
    for _ in 0..300 {
        outcome = client.hooks("GET", &path, &Value::Null).await.is(200).body;
        if outcome["status"] == json!("completed") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let results = outcome["results"].as_array().unwrap();
    let told: Vec<(&str, bool)> = results
        .iter()
        .map(|one| (one["responseCode"].as_str().unwrap(), one["systemError"] == json!(true)))
        .collect();
    assert_eq!(
        told,
        [("Redirect", false), ("Gone", false), ("NoResponse", true), ("Accepted", false)]
    );
    let got = receiver.wait(4).await;
    assert_eq!(got.len(), 4, "a redirect is not followed");
    assert!(got.iter().all(|one| one.head.starts_with("POST /hook ")));
    assert!(got.iter().all(|one| one.body == got[0].body));
    assert_eq!(outcome["callbackUrl"], json!(receiver.url));
}

#[tokio::test]
async fn both_forms_of_the_signature_are_over_the_same_bytes() {
    let client = impatient().await;
    let receiver = Receiver::start(&[200]).await;
    let mut aside = registration(&receiver.url);
    aside["SignatureTokenToMsSignatureHeader"] = json!(true);
    for (body, name, other) in [
        (registration(&receiver.url), "authorization", "x-ms-signature"),
        (aside, "x-ms-signature", "authorization"),
    ] {
        client.hooks("POST", "", &body).await.is(200);
        client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
        let count = if name == "authorization" { 1 } else { 2 };
        let got = receiver.wait(count).await.remove(count - 1);
        assert_eq!(got.header(other), None);
        let signature = got.header(name).unwrap();
        let url = format!("{}/webhook/sign", client.sandbox.addresses().admin);
        let bearer = format!("Bearer {}", client.sandbox.credentials().admin_token);
        let authorization = [("Authorization", bearer.as_str())];
        let signed = client.call("POST", &url, &authorization, &got.body).await.unwrap();
        assert_eq!(signed.text("/headers/Authorization"), signature);
    }
}
