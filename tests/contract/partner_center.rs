//! Partner Center: sign-in, referrals, the webhook's registration and signature, and each way to say no.

use connect::error::Error;
use connect::partner_center::{List, Order, PatchOp};
use connect::webhook::{SignatureHeaders, Trust, Verifier};
use connect::{ETag, PartnerCenter, PartnerCenterConfig, Secret, Timeouts};
use serde_json::{Value, json};

use crate::Ground;

impl Ground {
    fn partner_center(&self) -> PartnerCenter {
        let own = &self.sandbox.credentials().partner_center;
        let addresses = self.sandbox.addresses();
        PartnerCenter::new(PartnerCenterConfig {
            api: addresses.partner_center.clone(),
            webhooks: addresses.webhooks.clone(),
            login: addresses.partner_center.clone(),
            tenant: own.tenant.clone(),
            client_id: own.client_id.clone(),
            client_secret: None,
            refresh_token: Secret::new(&own.refresh_token),
            timeouts: Timeouts::default(),
        })
        .unwrap()
    }
}

fn private() -> String {
    json!({
        "type": "Independent",
        "qualification": "SalesQualified",
        "name": "Depot telemetry",
        "customerProfile": {
            "name": "Harrow & Pell",
            "address": { "addressLine1": "3 Flour Lane", "city": "Leeds", "country": "GB" },
            "team": [{ "firstName": "Nora", "lastName": "Probe", "email": "n@harrow.example" }],
        },
        "consent": {
            "consentToToShareInfoWithOthers": true,
            "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": false,
        },
        "details": {
            "dealValue": 1000.5,
            "currency": "EUR",
            "closingDateTime": "2027-06-30T00:00:00Z",
            "requirements": { "solutions": [{ "id": "SOL-1", "type": "Name" }] },
        },
        "team": [{ "firstName": "Jonas", "lastName": "Beispiel", "email": "j@t.example" }],
        "target": [{ "type": "SolutionProfile", "id": "SOL-1" }],
    })
    .to_string()
}

fn set(path: &str, value: &Value) -> PatchOp {
    PatchOp { path: path.into(), value: value.to_string() }
}

fn page(token: Option<String>) -> List {
    List { filter: None, order: Order::UpdatedDescending, token }
}

#[tokio::test]
async fn referrals_are_made_listed_changed_and_read() {
    let ground = Ground::new().await;
    let partner = ground.partner_center();
    partner.sign_in().await.unwrap();
    let mut ids = Vec::new();
    // One more than a page.
    for _ in 0..101 {
        ids.push(partner.create(&private()).await.unwrap().id);
    }
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let page = partner.list(&page(token)).await.unwrap();
        assert_eq!(page.unreadable, 0);
        seen.extend(page.records.into_iter().map(|referral| referral.id));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    seen.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(seen, ids);
    let one = partner.referral(&ids[0]).await.unwrap().unwrap();
    let value = [set("/details/dealValue", &json!(2500.75)), set("/details/notes", &json!("call"))];
    let changed = partner.patch(&one.id, &value, one.etag.as_ref()).await.unwrap();
    assert_ne!(changed.etag, one.etag);
    assert!(changed.body.contains("2500.75") && changed.updated >= one.updated);
    let late = partner.patch(&one.id, &value, one.etag.as_ref()).await.unwrap_err();
    assert_eq!(late, Error::Changed);
    let other = ETag::parse("\"other\"").unwrap();
    assert_eq!(partner.patch(&one.id, &value, Some(&other)).await.unwrap_err(), Error::Changed);
    let none = connect::ReferralId::parse("6f1de8f0-2b60-4f1e-9c3b-5b0c6d2f9a11").unwrap();
    assert_eq!(partner.referral(&none).await.unwrap(), None);
}

#[tokio::test]
async fn each_refusal_says_what_to_do_next() {
    let ground = Ground::new().await;
    let partner = ground.partner_center();
    let one = partner.create(&private()).await.unwrap();
    for operation in [
        set("/name", &json!("Other")),
        set("/customerProfile/name", &json!("Other")),
        set("/details/dealValue", &json!({})),
        set("/status", &json!("Sold")),
        set("/nothing", &json!(1)),
    ] {
        let path = operation.path.clone();
        let error = partner.patch(&one.id, &[operation], None).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{path}: {error:?}");
    }
    let closed = [set("/status", &json!("Closed")), set("/substatus", &json!("Won"))];
    partner.patch(&one.id, &closed, None).await.unwrap();
    let late = partner.patch(&one.id, &[set("/details/dealValue", &json!(1))], None).await;
    assert!(matches!(late.unwrap_err(), Error::Refused { .. }));
    let bad = partner.create("{}").await.unwrap_err();
    assert!(matches!(bad, Error::Refused { .. }), "{bad:?}");
    let fault = |status: u16| json!({ "system": "partner_center", "method": "GET", "status": status, "retry_after": 7 });
    ground.order("POST", "/faults", fault(429)).await;
    match partner.referral(&one.id).await.unwrap_err() {
        Error::Later { after, unknown_outcome, .. } => {
            assert_eq!((after.map(|wait| wait.as_secs()), unknown_outcome), (Some(7), false));
        }
        other => panic!("{other:?}"),
    }
    // Until then nothing is asked on this wire; another client has a wire of its own.
    let rests = partner.referral(&one.id).await.unwrap_err();
    assert!(matches!(rests, Error::Resting { .. }), "{rests:?}");
    let partner = ground.partner_center();
    assert!(partner.referral(&one.id).await.unwrap().is_some());
    ground.order("POST", "/tokens/expire", Value::Null).await;
    assert!(partner.referral(&one.id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_webhook_is_registered_and_its_calls_are_believed() {
    let ground = Ground::new().await;
    let partner = ground.partner_center();
    assert_eq!(partner.registration().await.unwrap(), None);
    let events = partner.events().await.unwrap();
    assert!(events.iter().any(|event| event == "referral-created"));
    let wanted: Vec<_> = ["referral-created", "referral-updated", "test-created"]
        .into_iter()
        .map(|name| connect::webhook::EventName::parse(name).unwrap())
        .collect();
    for url in ["http://127.0.0.1:9/one", "http://127.0.0.1:9/two"] {
        let kept = partner.register(url, &wanted, true).await.unwrap();
        assert_eq!((kept.url.whole(), kept.events.len()), (url, 3));
    }
    let correlation = partner.send_validation().await.unwrap();
    assert!(!partner.validation(&correlation).await.unwrap().status.is_empty());
    let body = json!({ "EventName": "referral-updated" });
    let signed = ground.order("POST", "/webhook/sign", body.clone()).await;
    let header = |name: &str| {
        let headers = signed["headers"].as_object().unwrap();
        let found = headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str())
    };
    let headers = SignatureHeaders {
        authorization: header("authorization"),
        ms_signature: header("x-ms-signature"),
        certificate_url: header("x-ms-certificate-url"),
        algorithm: header("x-ms-signature-algorithm"),
    };
    let certificate_pem = ground.sandbox.webhook_certificate_pem().to_owned();
    let verifier = Verifier::new(Trust::Pinned { certificate_pem }).unwrap();
    let now = "2026-11-27T00:00:00Z".parse().unwrap();
    verifier.verify(&headers, body.to_string().as_bytes(), now).await.unwrap();
    assert!(verifier.verify(&headers, b"{}", now).await.is_err());
}
