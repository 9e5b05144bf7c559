//! Signing in to Partner Center's directory: with a browser, with a device's code, without a user; and how
//! each is refused.

use std::time::Duration;

use base64::Engine as _;
use sandbox::Config;
use serde_json::{Value, json};

use crate::client::{Client, Got, REFERRALS, encode};

const API: &str = "https://api.partner.microsoft.com";
const HOOKS: &str = "https://api.partnercenter.microsoft.com";
const BACK: &str = "http://localhost:53682/callback";

/// The address of something in the partner's own directory.
fn at(client: &Client, what: &str) -> String {
    let tenant = &client.sandbox.credentials().partner_center.tenant;
    format!("{}/{tenant}/{what}", client.sandbox.addresses().partner_center)
}

fn app(client: &Client) -> String {
    client.sandbox.credentials().partner_center.client_id.clone()
}

fn secret(client: &Client) -> String {
    client.sandbox.credentials().partner_center.client_secret.clone()
}

fn pairs(pairs: &[(&str, &str)]) -> String {
    let all: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    all.join("&")
}

/// A refusal's word and number.
#[track_caller]
fn no(got: Got, status: u16) -> (String, i64) {
    let got = got.is(status);
    let code = got.body["error_codes"][0].as_i64().unwrap();
    let description = got.text("/error_description");
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    for part in ["Trace ID: ", "Correlation ID: ", "Timestamp: "] {
        assert!(description.contains(part), "{description}");
    }
    assert_eq!(got.text("/timestamp").len(), 20);
    assert!(got.headers["cache-control"].contains("no-store"));
    (got.text("/error"), code)
}

#[track_caller]
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The question of a browser; more pairs come on top.
fn question(client: &Client, more: &[(&str, &str)]) -> String {
    let scope = format!("{API}/user_impersonation offline_access openid");
    let id = app(client);
    let mut all = vec![
        ("client_id", id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", scope.as_str()),
        ("state", "a&b"),
        ("nonce", "n-1"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    all.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    all.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    format!("{}?{}", at(client, "oauth2/v2.0/authorize"), pairs(&all))
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What a redirect carries.
#[track_caller]
fn sent_back(got: Got) -> Vec<(String, String)> {
    let location = got.is(302).headers["location"].clone();
    let query = location.strip_prefix(&format!("{BACK}?")).expect("back to the application");
    let decode = |text: &str| text.replace("%20", " ").replace("%26", "&").replace("%3A", ":");
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), decode(value)))
        .collect()
}

fn of(pairs: &[(String, String)], name: &str) -> String {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .unwrap_or_else(|| panic!("{name}: {pairs:?}"))
        .1
        .clone()
}

/// Signs in on the page and answers the code.
async fn code(client: &Client, more: &[(&str, &str)], form: &str) -> String {
    let back = sent_back(client.form(&question(client, more), form).await);
    assert_eq!(of(&back, "state"), "a&b");
    of(&back, "code")
}

/// Redeems a code; more pairs come on top.
async fn redeem(client: &Client, code: &str, more: &[(&str, &str)]) -> Got {
    let id = app(client);
    let mut all = vec![
        ("grant_type", "authorization_code"),
        ("client_id", id.as_str()),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    all.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    all.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    let scope = [("scope", "https://api.partner.microsoft.com/user_impersonation openid")];
    if !more.iter().any(|(name, _)| *name == "scope") {
        all.extend(scope);
    }
    client.form(&at(client, "oauth2/v2.0/token"), &pairs(&all)).await
}

#[tokio::test]
async fn a_browser_brings_a_code_that_is_good_once() {
    let client = Client::start().await;
    let page = client.call("GET", &question(&client, &[]), &[], "").await.unwrap().is(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    let code = code(&client, &[], "user=partner&mfa=yes").await;
    let got = redeem(&client, &code, &[]).await.is(200);
    assert_eq!(got.body["expires_in"], json!(7200));
    assert_eq!(got.text("/token_type"), "Bearer");
    assert_eq!(got.text("/scope"), format!("{API}/user_impersonation"));
    let access = claims(&got.text("/access_token"));
    assert_eq!((&access["aud"], &access["amr"]), (&json!(API), &json!(["pwd", "mfa"])));
    assert_eq!(access["upn"], json!("partner@sandbox.example"));
    let id = claims(&got.text("/id_token"));
    assert_eq!((&id["nonce"], &id["aud"]), (&json!("n-1"), &json!(app(&client))));
    client.partner_as(&got.text("/access_token"), "GET", REFERRALS).await.is(200);
    assert_eq!(no(redeem(&client, &code, &[]).await, 400), ("invalid_grant".to_owned(), 54_005));
    // One refresh token brings tokens for both hosts.
    let refresh = |scope: String| {
        let id = app(&client);
        let token = got.text("/refresh_token");
        pairs(&[
            ("grant_type", "refresh_token"),
            ("client_id", &id),
            ("refresh_token", &token),
            ("scope", &scope),
        ])
    };
    let url = at(&client, "oauth2/v2.0/token");
    for audience in [API, HOOKS] {
        let got = client.form(&url, &refresh(format!("{audience}/.default"))).await.is(200);
        assert_eq!(claims(&got.text("/access_token"))["aud"], json!(audience));
    }
}

#[tokio::test]
async fn codes_are_bound_to_who_asked_and_end() {
    let client = Client::start().await;
    let fresh = async || code(&client, &[], "user=partner&mfa=yes").await;
    for (more, status, word, number) in [
        ([("code_verifier", "x")], 400, "invalid_grant", 501_481),
        ([("code_verifier", "")], 400, "invalid_grant", 501_481),
        ([("redirect_uri", "http://localhost:1/callback")], 400, "invalid_grant", 500_112),
        ([("code", "x")], 400, "invalid_grant", 70_000),
        ([("client_id", "x")], 400, "unauthorized_client", 700_016),
        ([("client_secret", "x")], 401, "invalid_client", 7_000_215),
        ([("scope", "https://graph.microsoft.com/.default")], 400, "invalid_scope", 70_011),
        ([("grant_type", "telepathy")], 400, "unsupported_grant_type", 70_003),
        ([("grant_type", "")], 400, "invalid_request", 900_144),
    ] {
        let got = redeem(&client, &fresh().await, &more).await;
        assert_eq!(no(got, status), (word.to_owned(), number), "{more:?}");
    }
    // A refused try does not use a code up.
    let code = fresh().await;
    redeem(&client, &code, &[("code_verifier", "x")]).await.is(400);
    redeem(&client, &code, &[]).await.is(200);
    let late = fresh().await;
    client.admin("POST", "/clock", &json!({ "advance": "10m" })).await.is(200);
    assert_eq!(no(redeem(&client, &late, &[]).await, 400), ("invalid_grant".to_owned(), 70_008));
}

#[tokio::test]
async fn without_pkce_only_the_secret_proves_the_application() {
    let client = Client::start().await;
    let plain = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = code(&client, &plain, "user=cosell&mfa=yes").await;
    let got = redeem(&client, &code, &[("code_verifier", "")]).await;
    assert_eq!(no(got, 401), ("invalid_client".to_owned(), 7_000_218));
    let secret = secret(&client);
    let more = [("code_verifier", ""), ("client_secret", secret.as_str())];
    let got = redeem(&client, &code, &more).await.is(200);
    assert_eq!(claims(&got.text("/access_token"))["appidacr"], json!("1"));
}

#[tokio::test]
async fn who_does_not_sign_in_is_sent_back_with_the_reason() {
    let client = Client::start().await;
    let back = sent_back(client.form(&question(&client, &[]), "cancel=yes").await);
    assert_eq!((of(&back, "error"), of(&back, "state")), ("access_denied".into(), "a&b".into()));
    let ask = async |more: &[(&str, &str)]| {
        let back = client.call("GET", &question(&client, more), &[], "").await.unwrap();
        of(&sent_back(back), "error")
    };
    assert_eq!(ask(&[("prompt", "none")]).await, "login_required");
    assert_eq!(ask(&[("response_type", "token")]).await, "unsupported_response_type");
    assert_eq!(ask(&[("code_challenge", "short")]).await, "invalid_request");
    assert_eq!(ask(&[("code_challenge_method", "S512")]).await, "invalid_request");
    assert_eq!(ask(&[("scope", "https://graph.microsoft.com/.default")]).await, "invalid_scope");
    // Who is not sent back sees a page.
    for more in [
        [("redirect_uri", "https://evil.example/")],
        [("redirect_uri", "http://localhost.evil.example/")],
        [("redirect_uri", "http://127.0.0.1@evil.example/")],
        [("redirect_uri", "")],
        [("client_id", "x")],
    ] {
        let page = client.call("GET", &question(&client, &more), &[], "").await.unwrap().is(400);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{more:?}");
    }
    let page = client.form(&question(&client, &[]), "user=stranger").await.is(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    // Without a second factor one is let in, but not to the API.
    let code = code(&client, &[], "user=partner").await;
    let token = redeem(&client, &code, &[]).await.is(200).text("/access_token");
    assert_eq!(claims(&token)["amr"], json!(["pwd"]));
    client.partner_as(&token, "GET", REFERRALS).await.is(401);
}

#[tokio::test]
async fn the_older_form_has_resources_and_numbers_as_texts() {
    let client = Client::start().await;
    let (id, secret) = (app(&client), secret(&client));
    let ask = pairs(&[
        ("client_id", &id),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("resource", HOOKS),
    ]);
    let url = format!("{}?{ask}", at(&client, "oauth2/authorize"));
    let code = of(&sent_back(client.form(&url, "user=partner&mfa=yes").await), "code");
    let form = pairs(&[
        ("grant_type", "authorization_code"),
        ("client_id", &id),
        ("client_secret", &secret),
        ("code", &code),
        ("redirect_uri", BACK),
        ("resource", HOOKS),
        ("scope", "openid"),
    ]);
    let got = client.form(&at(&client, "oauth2/token"), &form).await.is(200);
    for name in ["expires_in", "ext_expires_in", "expires_on", "not_before"] {
        assert!(got.text(&format!("/{name}")).parse::<i64>().is_ok());
    }
    assert_eq!(
        (got.text("/resource"), got.text("/scope")),
        (HOOKS.into(), "user_impersonation".into())
    );
    assert_eq!(claims(&got.text("/id_token"))["ver"], json!("1.0"));
    assert!(got.text("/refresh_token").len() > 20);
    let no_resource = pairs(&[
        ("grant_type", "refresh_token"),
        ("client_id", &id),
        ("refresh_token", &got.text("/refresh_token")),
    ]);
    let got = client.form(&at(&client, "oauth2/token"), &no_resource).await;
    assert_eq!(no(got, 400), ("invalid_request".to_owned(), 900_144));
}

/// A device's codes; more pairs come on top.
async fn device(client: &Client) -> Got {
    let scope = format!("{API}/.default offline_access");
    let form = pairs(&[("client_id", &app(client)), ("scope", &scope)]);
    client.form(&at(client, "oauth2/v2.0/devicecode"), &form).await.is(200)
}

async fn poll(client: &Client, code: &str) -> Got {
    let form = pairs(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", &app(client)),
        ("device_code", code),
    ]);
    client.form(&at(client, "oauth2/v2.0/token"), &form).await
}

async fn quick() -> Client {
    Client::with(Config { device_poll: Duration::from_secs(1), ..Config::default() }).await
}

#[tokio::test]
async fn a_device_waits_for_its_user() {
    let client = quick().await;
    let made = device(&client).await;
    let (typed, code) = (made.text("/user_code"), made.text("/device_code"));
    assert_eq!((&made.body["interval"], &made.body["expires_in"]), (&json!(1), &json!(900)));
    assert!(made.text("/message").contains(&typed));
    let pending = ("authorization_pending".to_owned(), 70_016);
    assert_eq!(no(poll(&client, &code).await, 400), pending);
    // Too soon, which makes the wait longer.
    assert_eq!(no(poll(&client, &code).await, 400), ("slow_down".to_owned(), 70_016));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(no(poll(&client, &code).await, 400), ("slow_down".to_owned(), 70_016));
    let page = made.text("/verification_uri");
    assert_eq!(client.call("GET", &page, &[], "").await.unwrap().status, 200);
    client.form(&page, "user_code=nothing&user=partner&mfa=yes").await.is(200);
    let lower = typed.to_lowercase();
    client.form(&page, &format!("user_code={lower}&user=partner&mfa=yes")).await.is(200);
    let got = poll(&client, &code).await.is(200);
    client.partner_as(&got.text("/access_token"), "GET", REFERRALS).await.is(200);
    assert!(got.text("/refresh_token").len() > 20);
    assert_eq!(no(poll(&client, &code).await, 400), ("bad_verification_code".to_owned(), 70_018));
}

#[tokio::test]
async fn a_device_is_declined_or_forgotten() {
    let client = quick().await;
    let made = device(&client).await;
    let page = made.text("/verification_uri");
    client.form(&page, &format!("user_code={}&cancel=yes", made.text("/user_code"))).await.is(200);
    let code = made.text("/device_code");
    assert_eq!(no(poll(&client, &code).await, 400), ("authorization_declined".to_owned(), 70_017));
    let made = device(&client).await;
    client.admin("POST", "/clock", &json!({ "advance": "15m" })).await.is(200);
    let order = json!({ "user_code": made.text("/user_code") });
    client.admin("POST", "/partner-center/sign-in", &order).await.is(400);
    let code = made.text("/device_code");
    assert_eq!(no(poll(&client, &code).await, 400), ("expired_token".to_owned(), 70_020));
    // An order signs in as the page does.
    let made = device(&client).await;
    let order = json!({ "user_code": made.text("/user_code"), "user": "seller", "mfa": false });
    client.admin("POST", "/partner-center/sign-in", &order).await.is(200);
    let got = poll(&client, &made.text("/device_code")).await.is(200);
    assert_eq!(claims(&got.text("/access_token"))["amr"], json!(["pwd"]));
}

#[tokio::test]
async fn the_older_device_form_differs_in_names() {
    let client = quick().await;
    let form = pairs(&[("client_id", &app(&client)), ("resource", API)]);
    let made = client.form(&at(&client, "oauth2/devicecode"), &form).await.is(200);
    assert_eq!((made.text("/expires_in"), made.text("/interval")), ("900".into(), "1".into()));
    assert!(made.text("/verification_url").ends_with("/deviceauth"));
    let form = pairs(&[
        ("grant_type", "device_code"),
        ("client_id", &app(&client)),
        ("code", &made.text("/device_code")),
        ("resource", API),
    ]);
    let url = at(&client, "oauth2/token");
    assert_eq!(no(client.form(&url, &form).await, 400).0, "authorization_pending");
    let order = json!({ "user_code": made.text("/user_code") });
    client.admin("POST", "/partner-center/sign-in", &order).await.is(200);
    let got = client.form(&url, &form).await.is(200);
    assert_eq!(got.text("/resource"), API);
}

#[tokio::test]
async fn an_application_alone_reaches_webhooks_only() {
    let client = Client::start().await;
    let (id, secret) = (app(&client), secret(&client));
    let ask = async |tenant: &str, scope: &str, secret: &str| {
        let form = pairs(&[
            ("grant_type", "client_credentials"),
            ("client_id", &id),
            ("client_secret", secret),
            ("scope", scope),
        ]);
        let base = &client.sandbox.addresses().partner_center;
        client.form(&format!("{base}/{tenant}/oauth2/v2.0/token"), &form).await
    };
    let tenant = client.sandbox.credentials().partner_center.tenant.clone();
    let api = format!("{API}/.default");
    let got = ask(&tenant, &api, &secret).await.is(200);
    assert_eq!(got.body.get("refresh_token"), None);
    let token = got.text("/access_token");
    assert_eq!((claims(&token).get("scp"), &claims(&token)["idtyp"]), (None, &json!("app")));
    let got = client.partner_as(&token, "GET", REFERRALS).await.is(403);
    assert_eq!(got.text("/error/code"), "accessDenied");
    let token = ask("sandbox.example", &format!("{HOOKS}/.default"), &secret).await.is(200);
    let url = format!("{}/webhooks/v1/registration/events", client.sandbox.addresses().webhooks);
    let bearer = format!("Bearer {}", token.text("/access_token"));
    client.call("GET", &url, &[("Authorization", &bearer)], "").await.unwrap().is(200);
    for (tenant, scope, secret, status, code) in [
        ("common", api.as_str(), secret.as_str(), 400, 50_059),
        (&tenant, &api, "x", 401, 7_000_215),
        (&tenant, &api, "", 401, 7_000_218),
        (&tenant, "https://api.partner.microsoft.com/user_impersonation", &secret, 400, 1_002_012),
        ("elsewhere.example", &api, &secret, 400, 90_002),
    ] {
        assert_eq!(no(ask(tenant, scope, secret).await, status).1, code, "{tenant} {scope}");
    }
}

#[tokio::test]
async fn passwords_do_not_bring_the_second_factor() {
    let client = Client::start().await;
    let ask = async |user: &str| {
        let form = pairs(&[
            ("grant_type", "password"),
            ("client_id", &app(&client)),
            ("resource", API),
            ("username", user),
            ("password", "x"),
        ]);
        client.form(&at(&client, "oauth2/token"), &form).await
    };
    assert_eq!(no(ask("partner@sandbox.example").await, 400), ("invalid_grant".to_owned(), 50_076));
    assert_eq!(no(ask("stranger@sandbox.example").await, 400).1, 50_034);
}

#[tokio::test]
async fn refresh_tokens_end() {
    let client = Client::start().await;
    let first = client.partner_token("api.partner.microsoft.com").await.is(200);
    client.admin("POST", "/clock", &json!({ "advance": "89d" })).await.is(200);
    client.partner_token("api.partner.microsoft.com").await.is(200);
    client.admin("POST", "/clock", &json!({ "advance": "2d" })).await.is(200);
    let got = client.partner_token("api.partner.microsoft.com").await;
    assert_eq!(no(got, 400), ("invalid_grant".to_owned(), 700_082));
    client.admin("DELETE", "/partner-center/tokens", &Value::Null).await.is(204);
    let form = pairs(&[
        ("grant_type", "refresh_token"),
        ("client_id", &app(&client)),
        ("refresh_token", &first.text("/refresh_token")),
        ("resource", API),
    ]);
    let url = at(&client, "oauth2/token");
    assert_eq!(no(client.form(&url, &form).await, 400), ("invalid_grant".to_owned(), 50_173));
    // A body that is no form has no parameters.
    let kind = [("Content-Type", "application/json")];
    let got = client.call("POST", &url, &kind, &form).await.unwrap();
    assert_eq!(no(got, 400).1, 900_144);
    let got = client.call("GET", &url, &[], "").await.unwrap();
    assert_eq!(got.headers["allow"], "POST");
    assert_eq!(no(got, 405).1, 900_561);
}

#[tokio::test]
async fn the_directory_tells_where_everything_is() {
    let client = Client::start().await;
    for (path, version) in [("", ""), ("v2.0/", "/v2.0")] {
        let url = at(&client, &format!("{path}.well-known/openid-configuration"));
        let found = client.call("GET", &url, &[], "").await.unwrap().is(200);
        let endpoint = at(&client, &format!("oauth2{version}/token"));
        assert_eq!(found.text("/token_endpoint"), endpoint);
        let keys = client.call("GET", &found.text("/jwks_uri"), &[], "").await.unwrap().is(200);
        assert_eq!((keys.text("/keys/0/e"), keys.text("/keys/0/n").len()), ("AQAB".into(), 342));
    }
    let code = code(&client, &[], "user=partner&mfa=yes").await;
    let token = redeem(&client, &code, &[]).await.is(200).text("/id_token");
    let keys = client.call("GET", &at(&client, "discovery/v2.0/keys"), &[], "").await.unwrap();
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let number = |name: &str| url.decode(keys.text(&format!("/keys/0/{name}"))).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = aws_lc_rs::rsa::PublicKeyComponents { n: number("n"), e: number("e") };
    let algorithm = &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
    key.verify(algorithm, signed.as_bytes(), &url.decode(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn no_secret_of_a_sign_in_is_in_the_log() {
    let client = quick().await;
    let code = code(&client, &[], "user=partner&mfa=yes").await;
    let got = redeem(&client, &code, &[]).await.is(200);
    let made = device(&client).await;
    poll(&client, &made.text("/device_code")).await;
    let log =
        client.admin("GET", "/requests?limit=100", &Value::Null).await.is(200).body.to_string();
    let secrets =
        [code, got.text("/access_token"), got.text("/id_token"), made.text("/device_code")];
    for secret in secrets.iter().chain(&[VERIFIER.to_owned()]) {
        assert!(!log.contains(secret.as_str()), "{secret}");
    }
}
