//! Documented requests are taken, and answers have the keys of documented ones.
//!
//! In: the samples in the folder that `COSELL_SAMPLES` names, else in `shared/samples` beside the
//! repository; skipped, with a word, where they are not.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use sandbox::{Config, HtmlEscape};
use serde_json::{Value, json};

use crate::client::{Client, Got};

fn sample(name: &str) -> Option<Value> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let folder = std::env::var_os("COSELL_SAMPLES").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("partner-center").join(name)) else {
        let say =
            "\nSKIPPED: a sample of Partner Center is not there; COSELL_SAMPLES names its folder";
        writeln!(std::io::stderr(), "{say}").unwrap();
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

async fn plain() -> Client {
    Client::with(Config { html_escape: HtmlEscape::Off, ..Config::default() }).await
}

async fn patched(client: &Client, made: &Got, name: &str) {
    let path = format!("/{}", made.text("/id"));
    let got = client.partner("PATCH", &path, &sample(name).unwrap()).await;
    assert_eq!(got.status, 204, "{name}: {got:?}");
}

#[tokio::test]
async fn documented_requests_are_taken() {
    let Some(private) = sample("referral-create-private-request.assembled.json") else { return };
    let client = plain().await;
    let private = client.partner("POST", "", &private).await.is(200);
    for name in ["dealvalue-and-team", "dealvalue-notes", "close-lost"] {
        patched(&client, &private, &format!("referral-patch-{name}.assembled.json")).await;
    }
    let step = sample("referral-create-cosell-step1-own-half.assembled.json").unwrap();
    let own = client.partner("POST", "", &step).await.is(200);
    assert_eq!(own.text("/inviteContext/assistanceRequestCode"), "ProofOfConceptOrDemo");
    let mut step = sample("referral-create-cosell-step2-microsoft-half.assembled.json").unwrap();
    step["engagementId"] = json!(own.text("/engagementId"));
    client.partner("POST", "", &step).await.is(200);
    patched(&client, &own, "referral-patch-close-won.assembled.json").await;
    let inbound = client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    patched(&client, &inbound, "referral-patch-accept.assembled.json").await;
}

#[tokio::test]
async fn keys_of_consent_are_read_in_any_case() {
    let client = plain().await;
    let mut body = crate::partner_center::referral("Pascal");
    body["consent"] = json!({
        "ConsentToToShareInfoWithOthers": true,
        "ConsentToContact": true,
        "ConsentToShareReferralWithMicrosoftSellers": true,
    });
    let made = client.partner("POST", "", &body).await.is(200);
    let consent = &made.body["consent"];
    assert_eq!(consent["consentToContact"], json!(true));
    assert_eq!(consent["consentToShareReferralWithMicrosoftSellers"], json!(true));
}

#[tokio::test]
async fn the_documented_registration_is_taken_in_its_time() {
    let Some(registration) = sample("deal-registration-create-patch.assembled.json") else {
        return;
    };
    let client = plain().await;
    let at = async |moment: &str| {
        client.admin("POST", "/clock", &json!({ "set": moment })).await.is(200);
    };
    at("2022-10-01T00:00:00Z").await;
    let mut body = crate::partner_center::shared("Registered");
    body["details"]["requirements"]["solutions"] = json!([{ "id": "SOL-1234-PQR" }]);
    let made = client.partner("POST", "", &body).await.is(200);
    let path = format!("/{}", made.text("/id"));
    client.partner("PATCH", &path, &registration).await.is(400);
    at("2022-10-03T23:00:00Z").await;
    let early = client.partner("POST", "", &body).await.is(200);
    patched(&client, &early, "referral-patch-close-won.assembled.json").await;
    at("2022-10-04T01:00:00Z").await;
    patched(&client, &made, "referral-patch-close-won.assembled.json").await;
    at("2022-10-20T00:00:00Z").await;
    let early = format!("/{}", early.text("/id"));
    let got = client.partner("PATCH", &early, &registration).await.is(400);
    assert_eq!(got.text("/error/innerError/code"), "tooYoung", "won within 72 hours");
    client.partner("PATCH", &path, &registration).await.is(204);
    let now = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(now.text("/registrationStatus"), "ReviewPending");
    let Some(whole) = sample("referral-full-won-with-registration.assembled.json") else { return };
    missing(&whole, &now.body, "");
    at("2022-12-30T00:00:00Z").await;
    let late =
        json!([{ "op": "replace", "path": "/registrations/0/contract/value", "value": 26_000 }]);
    let got = client.partner("PATCH", &path, &late).await.is(400);
    assert_eq!(got.text("/error/innerError/code"), "invalidSignDateTime", "signed too long ago");
}

/// Stops at a key of the sample that the answer has not.
fn missing(sample: &Value, answer: &Value, path: &str) {
    match (sample, answer) {
        (Value::Object(sample), Value::Object(answer)) => {
            for (key, value) in sample {
                let here = format!("{path}/{key}");
                missing(value, answer.get(key).unwrap_or_else(|| panic!("no {here}")), &here);
            }
        }
        (Value::Array(sample), Value::Array(answer)) => {
            for (sample, answer) in sample.iter().zip(answer) {
                missing(sample, answer, path);
            }
        }
        (_, _) => {}
    }
}

#[tokio::test]
async fn answers_have_the_keys_of_documented_ones() {
    let Some(inbound) = sample("referral-full-inbound-cosell.assembled.json") else { return };
    let client = plain().await;
    let made = client.admin("POST", "/partner-center/referrals", &json!({})).await.is(201);
    let path = format!("/{}", made.text("/id"));
    let got = client.partner("GET", &path, &Value::Null).await.is(200);
    missing(&inbound, &got.body, "");
    let list = client.partner("GET", "", &Value::Null).await.is(200);
    let mut sample = sample("referral-list-response.assembled.json").unwrap();
    sample.as_object_mut().unwrap().remove("@odata.nextLink");
    missing(&sample, &list.body, "");
}
