//! Partner Center's tokens: audiences, the second factor, rotation.

use sandbox::{Config, Switch};
use serde_json::{Value, json};

use crate::client::{Client, Got, REFERRALS};

async fn hooks_as(client: &Client, token: &str) -> Got {
    let url = format!("{}/webhooks/v1/registration/events", client.sandbox.addresses().webhooks);
    let bearer = format!("Bearer {token}");
    client.call("GET", &url, &[("Authorization", &bearer)], "").await.unwrap()
}

#[tokio::test]
async fn each_host_takes_its_audience_alone() {
    let client = Client::start().await;
    let tokens = |audience: &str| json!({ "audience": audience });
    let order = "/partner-center/tokens";
    let api = client.admin("POST", order, &tokens("referrals")).await.is(201).text("/access_token");
    let hooks =
        client.admin("POST", order, &tokens("webhooks")).await.is(201).text("/access_token");
    client.partner_as(&api, "GET", REFERRALS).await.is(200);
    hooks_as(&client, &hooks).await.is(200);
    let got = client.partner_as(&hooks, "GET", REFERRALS).await.is(401);
    assert_eq!(got.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    let got = hooks_as(&client, &api).await.is(401);
    assert_eq!(got.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    assert_eq!(got.body["code"], json!("401"));
    client.admin("POST", order, &tokens("graph")).await.is(400);
}

#[tokio::test]
async fn without_a_second_factor_nobody_is_let_in() {
    let client = Client::start().await;
    let order = json!({ "mfa": false });
    let tokens = client.admin("POST", "/partner-center/tokens", &order).await.is(201);
    let refresh = tokens.text("/refresh_token");
    // A refresh brings no factor that the sign-in lacked.
    let keys = &client.sandbox.credentials().partner_center;
    let form = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={refresh}&resource=https%3A%2F%2Fapi.partner.microsoft.com",
        keys.client_id
    );
    let base = &client.sandbox.addresses().partner_center;
    let url = format!("{base}/{}/oauth2/token", keys.tenant);
    let renewed = client.form(&url, &form).await.is(200);
    for token in [tokens.text("/access_token"), renewed.text("/access_token")] {
        let got = client.partner_as(&token, "GET", REFERRALS).await.is(401);
        assert_eq!(got.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
        assert_eq!((got.body, got.headers["content-length"].as_str()), (Value::Null, "0"));
    }
    hooks_as(&client, &tokens.text("/access_token")).await.is(401);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_when_so_wanted() {
    let config = Config { partner_center: vec![Switch::RefreshOnce], ..Config::default() };
    let client = Client::with(config).await;
    let first = client.partner_token("api.partner.microsoft.com").await.is(200);
    assert_ne!(
        first.text("/refresh_token"),
        client.sandbox.credentials().partner_center.refresh_token
    );
    let got = client.partner_token("api.partner.microsoft.com").await.is(400);
    assert_eq!(got.text("/error"), "invalid_grant");
}

#[tokio::test]
async fn switches_are_set_while_it_runs() {
    let client = Client::start().await;
    let path = "/partner-center/switches";
    let made = client.partner("POST", "", &crate::partner_center::referral("x")).await.is(200);
    let rename = json!([{ "op": "replace", "path": "/name", "value": "y" }]);
    let deal = format!("/{}", made.text("/id"));
    client.partner("PATCH", &deal, &rename).await.is(400);
    let on = json!({ "on": ["patch-name", "any-close"] });
    client.admin("PUT", path, &on).await.is(200);
    client.partner("PATCH", &deal, &rename).await.is(204);
    let declined = json!([
        { "op": "replace", "path": "/status", "value": "Closed" },
        { "op": "replace", "path": "/substatus", "value": "Declined" },
    ]);
    client.admin("PUT", path, &json!({ "on": ["patch-name"] })).await.is(200);
    client.partner("PATCH", &deal, &declined).await.is(400);
    client.admin("PUT", path, &on).await.is(200);
    client.partner("PATCH", &deal, &declined).await.is(204);
    for bad in [json!({}), json!({ "on": "any-close" }), json!({ "on": ["nothing"] })] {
        client.admin("PUT", path, &bad).await.is(400);
    }
    let shown = client.admin("GET", path, &Value::Null).await.is(200);
    assert_eq!(shown.body, json!({ "on": ["any-close", "patch-name"] }));
}

#[test]
fn switches_have_names() {
    for switch in Switch::ALL {
        assert_eq!(Switch::named(switch.name()), Some(switch));
    }
    assert_eq!(Switch::named("anything"), None);
}
