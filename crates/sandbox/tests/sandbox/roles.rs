//! Who may see and do what in Partner Center: admins all, users the deals of their teams, others nothing.

use serde_json::{Value, json};

use crate::{
    client::{Client, Got, REFERRALS, encode},
    partner_center::referral,
};

async fn token(client: &Client, order: Value) -> String {
    client.admin("POST", "/partner-center/tokens", &order).await.is(201).text("/access_token")
}

async fn ask(client: &Client, token: &str, method: &str, path: &str, body: &Value) -> Got {
    let url = format!("{}{REFERRALS}{path}", client.sandbox.addresses().partner_center);
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    client.call(method, &url, &headers, &body.to_string()).await.unwrap()
}

#[tokio::test]
async fn users_see_the_deals_of_their_teams() {
    let client = Client::start().await;
    let others = client.partner("POST", "", &referral("others")).await.is(200).text("/id");
    let mut body = referral("own");
    body["team"][0]["email"] = json!("Seller@sandbox.example");
    let own = client.partner("POST", "", &body).await.is(200).text("/id");
    let seller = token(&client, json!({ "user": "seller" })).await;
    let listed = ask(&client, &seller, "GET", "", &Value::Null).await.is(200);
    assert_eq!(listed.body["@odata.count"], json!(1));
    assert_eq!(listed.body["value"][0]["name"], json!("own"));
    let filter = format!("?$filter={}", encode("status eq 'Active'"));
    let listed = ask(&client, &seller, "GET", &filter, &Value::Null).await.is(200);
    assert_eq!(listed.body["value"].as_array().unwrap().len(), 1);
    ask(&client, &seller, "GET", &format!("/{own}"), &Value::Null).await.is(200);
    let notes = json!([{ "op": "replace", "path": "/details/notes", "value": "x" }]);
    ask(&client, &seller, "PATCH", &format!("/{own}"), &notes).await.is(204);
    for (method, body) in [("GET", Value::Null), ("PATCH", notes), ("PUT", json!({}))] {
        let got = ask(&client, &seller, method, &format!("/{others}"), &body).await.is(403);
        assert_eq!(got.text("/error/code"), "accessDenied");
        assert_eq!(got.text("/error/innerError/message"), "Unauthorized referral access");
    }
    // Users make deals too.
    ask(&client, &seller, "POST", "", &body).await.is(200);
}

#[tokio::test]
async fn others_see_nothing_and_only_some_register_webhooks() {
    let client = Client::start().await;
    for (order, referrals, webhooks) in [
        (json!({ "user": "partner" }), 200, 200),
        (json!({ "user": "partner", "role": "user" }), 200, 403),
        (json!({ "user": "guest" }), 403, 403),
        (json!({ "role": "none" }), 403, 403),
        (json!({ "role": "app" }), 403, 200),
        (json!({ "user": "anybody" }), 200, 200),
    ] {
        let token = token(&client, order.clone()).await;
        ask(&client, &token, "GET", "", &Value::Null).await.is(referrals);
        let url =
            format!("{}/webhooks/v1/registration/events", client.sandbox.addresses().webhooks);
        let bearer = format!("Bearer {token}");
        let got = client.call("GET", &url, &[("Authorization", &bearer)], "").await.unwrap();
        assert_eq!(got.status, webhooks, "{order}");
    }
    client.admin("POST", "/partner-center/tokens", &json!({ "role": "boss" })).await.is(400);
}
