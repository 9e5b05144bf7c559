//! The ways into Salesforce: assertions, passwords, the old SOAP call, and https.

use aws_lc_rs::{rand::SystemRandom, rsa, signature};
use base64::{Engine as _, engine::general_purpose};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use sandbox::Config;
use serde_json::{Value, json};

use crate::client::{Client, Got, encode};

/// An assertion with these claims beside the usual ones, signed by a key.
fn assertion(client: &Client, pair: &KeyPair, claims: &Value) -> String {
    let keys = &client.sandbox.credentials().salesforce;
    let now = jiff::Timestamp::now().as_second();
    let mut all = json!({
        "iss": keys.client_id,
        "sub": keys.username,
        "aud": client.sandbox.addresses().salesforce,
        "exp": now + 180,
    });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    let part = |value: &Value| general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256" })), part(&all));
    let key = rsa::KeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
    let mut bytes = vec![0; key.public_modulus_len()];
    let how = &signature::RSA_PKCS1_SHA256;
    key.sign(how, &SystemRandom::new(), signed.as_bytes(), &mut bytes).unwrap();
    format!("{signed}.{}", general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

async fn by_assertion(client: &Client, assertion: &str) -> Got {
    let url = format!("{}/services/oauth2/token", client.sandbox.addresses().salesforce);
    let grant = encode("urn:ietf:params:oauth:grant-type:jwt-bearer");
    let form = format!("grant_type={grant}&assertion={assertion}");
    client.call("POST", &url, &[], &form).await.unwrap()
}

fn own_key(client: &Client) -> KeyPair {
    let pem = &client.sandbox.credentials().salesforce.private_key_pem;
    KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_RSA_SHA256).unwrap()
}

#[tokio::test]
async fn an_assertion_is_taken_when_its_signature_and_its_claims_fit() {
    let client = Client::start().await;
    let key = own_key(&client);
    let good = by_assertion(&client, &assertion(&client, &key, &json!({}))).await.is(200);
    assert_eq!(good.body.get("refresh_token"), None);
    let path = "/services/oauth2/userinfo";
    let me = client.service("GET", path, &good.text("/access_token"), &Value::Null).await.is(200);
    assert_eq!(me.text("/nickname"), "cosell");
    let rep = json!({ "sub": "Riley.Rep@sandbox.example", "aud": "https://login.salesforce.com" });
    by_assertion(&client, &assertion(&client, &key, &rep)).await.is(200);
    let text = (jiff::Timestamp::now().as_second() + 60).to_string();
    by_assertion(&client, &assertion(&client, &key, &json!({ "exp": text }))).await.is(200);

    for (claims, error, description) in [
        (json!({ "aud": "https://x.example" }), "invalid_grant", "audience is invalid"),
        (json!({ "exp": 1 }), "invalid_grant", "expired authorization code"),
        (json!({ "exp": null }), "invalid_grant", "expired authorization code"),
        (json!({ "sub": "x" }), "invalid_grant", "user hasn't approved this consumer"),
        (json!({ "iss": "x" }), "invalid_client_id", "client identifier invalid"),
    ] {
        let bad = by_assertion(&client, &assertion(&client, &key, &claims)).await.is(400);
        assert_eq!(bad.text("/error"), error, "{claims}");
        assert_eq!(bad.text("/error_description"), description, "{claims}");
    }
    let whole = assertion(&client, &key, &json!({}));
    for broken in [&whole[..whole.len() - 8], "", "x", "a.b", "a.b.c", "a.b.c.d"] {
        let bad = by_assertion(&client, broken).await.is(400);
        assert_eq!(bad.text("/error"), "invalid_grant", "{broken}");
    }
}

#[tokio::test]
async fn another_certificate_can_be_registered() {
    let client = Client::start().await;
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&pair).unwrap();
    let theirs = assertion(&client, &pair, &json!({}));
    by_assertion(&client, &theirs).await.is(400);
    let url = format!("{}/salesforce/certificates", client.sandbox.addresses().admin);
    let token = format!("Bearer {}", client.sandbox.credentials().admin_token);
    let headers = [("Authorization", token.as_str())];
    client.call("POST", &url, &headers, "no certificate").await.unwrap().is(400);
    client.call("POST", &url, &headers, &certificate.pem()).await.unwrap().is(204);
    by_assertion(&client, &theirs).await.is(200);
    by_assertion(&client, &assertion(&client, &own_key(&client), &json!({}))).await.is(200);
}

fn envelope(name: &str, password: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
         <login xmlns=\"urn:partner.soap.sforce.com\"><username>{name}</username>\
         <password>{password}</password></login></e:Body></e:Envelope>"
    )
}

#[tokio::test]
async fn passwords_are_taken_unless_they_are_switched_off() {
    for on in [true, false] {
        let config = Config { password_logins: on, ..Config::default() };
        let client = Client::with(config).await;
        let keys = client.sandbox.credentials().salesforce.clone();
        let base = client.sandbox.addresses().salesforce.clone();
        let form = |password: &str| {
            format!(
                "grant_type=password&client_id={}&client_secret={}&username={}&password={password}",
                keys.client_id, keys.client_secret, keys.username
            )
        };
        let token = format!("{base}/login.salesforce.com/services/oauth2/token");
        let soap = format!("{base}/login.salesforce.com/services/Soap/u/60.0");
        let ask = |url: &str, body: String| {
            let (client, url) = (&client, url.to_owned());
            async move { client.call("POST", &url, &[], &body).await.unwrap().status }
        };
        let both = format!("{}{}", keys.password, keys.security_token);
        let fine = if on { 200 } else { 400 };
        assert_eq!(ask(&token, form(&keys.password)).await, fine);
        assert_eq!(ask(&token, form(&both)).await, fine);
        assert_eq!(ask(&token, form("x")).await, 400);
        let fine = if on { 200 } else { 500 };
        assert_eq!(ask(&soap, envelope(&keys.username, &both)).await, fine);
        assert_eq!(ask(&soap, envelope(&keys.username, "x")).await, 500);
        assert_eq!(ask(&soap, envelope("x", &both)).await, 500);
        let plain = format!("<![CDATA[{both}]]>");
        assert_eq!(ask(&soap, envelope(&keys.username, &plain)).await, fine);
        assert_eq!(ask(&soap, "<x/>".to_owned()).await, 500);
    }
}

#[tokio::test]
async fn over_https_answers_name_the_https_address() {
    let client = Client::start().await;
    let keys = client.sandbox.credentials().salesforce.clone();
    let base = client.sandbox.addresses().salesforce_https.clone();
    assert!(base.starts_with("https://127.0.0.1:"), "{base}");
    let authority = reqwest::Certificate::from_pem(keys.authority_pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        keys.client_id, keys.client_secret
    );
    let url = format!("{base}/services/oauth2/token");
    let text = http.post(&url).body(form).send().await.unwrap().text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["instance_url"], json!(base));
    assert!(body["id"].as_str().unwrap().starts_with(&format!("{base}/id/00D")), "{body}");
    let token = body["access_token"].as_str().unwrap();
    let url = format!("{base}/services/data/v60.0/");
    let text = http.get(&url).bearer_auth(token).send().await.unwrap().text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    assert!(body["identity"].as_str().unwrap().starts_with(&base), "{body}");
    let strange = reqwest::Client::builder().no_proxy().build().unwrap();
    strange.get(&url).send().await.unwrap_err();
}
