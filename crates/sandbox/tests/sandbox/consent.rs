//! Letting an application into Salesforce: with a browser, with a device's code; and how each is refused.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::client::{Client, Got, encode};

const BACK: &str = "http://localhost:1717/OauthRedirect";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn pairs(pairs: &[(&str, &str)]) -> String {
    let all: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    all.join("&")
}

fn base(client: &Client) -> &str {
    &client.sandbox.addresses().salesforce
}

/// What an application asks for; pairs of the same name stand in the place of the usual ones.
fn question(client: &Client, more: &[(&str, &str)]) -> String {
    let id = client.sandbox.credentials().salesforce.client_id.clone();
    let usual = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", BACK),
        ("state", "s t&"),
    ];
    let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let all: Vec<_> = usual.chain(more.iter().copied()).collect();
    format!("{}/services/oauth2/authorize?{}", base(client), pairs(&all))
}

async fn get(client: &Client, url: &str) -> Got {
    client.call("GET", url, &[], "").await.unwrap()
}

async fn post(client: &Client, url: &str, form: &[(&str, &str)]) -> Got {
    client.call("POST", url, &[], &pairs(form)).await.unwrap()
}

/// What stands behind `name="…" value="` on a page.
fn field(page: &Got, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    let (_, after) = page.said.split_once(&begin).unwrap_or_else(|| panic!("{name}: {page:?}"));
    after.split_once('"').unwrap().0.to_owned()
}

/// Signs in and answers the question whether the application may act; answers where that leads.
async fn answer(client: &Client, url: &str, said: &str) -> String {
    let keys = client.sandbox.credentials().salesforce.clone();
    let page = get(client, url).await.is(200);
    assert!(
        page.headers["content-type"].starts_with("text/html") && page.said.contains("Log In"),
        "{page:?}"
    );
    let page =
        post(client, url, &[("username", &keys.username), ("pw", &keys.password)]).await.is(200);
    assert!(page.said.contains("Allow Access?") && page.said.contains(&keys.username), "{page:?}");
    let ticket = field(&page, "ticket");
    let back = post(client, url, &[("ticket", &ticket), ("answer", said)]).await.is(302);
    let again = post(client, url, &[("ticket", &ticket), ("answer", said)]).await.is(200);
    assert!(again.said.contains("check your username"), "a ticket is good once: {again:?}");
    back.headers["location"].clone()
}

async fn code(client: &Client, more: &[(&str, &str)]) -> String {
    let back = answer(client, &question(client, more), "allow").await;
    let (code, state) =
        back.strip_prefix(&format!("{BACK}?code=")).unwrap().split_once('&').unwrap();
    assert_eq!(state, "state=s%20t%26");
    code.to_owned()
}

async fn token(client: &Client, more: &[(&str, &str)]) -> Got {
    let url = format!("{}/services/oauth2/token", base(client));
    let keys = client.sandbox.credentials().salesforce.clone();
    let usual =
        [("client_id", keys.client_id.as_str()), ("client_secret", keys.client_secret.as_str())];
    let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    post(client, &url, &usual.chain(more.iter().copied()).collect::<Vec<_>>()).await
}

async fn redeem(client: &Client, code: &str, more: &[(&str, &str)]) -> Got {
    let mut all = vec![("grant_type", "authorization_code"), ("code", code)];
    if more.iter().all(|(name, _)| *name != "redirect_uri") {
        all.push(("redirect_uri", BACK));
    }
    all.extend(more);
    token(client, &all).await
}

/// Checks that a call is refused, and with what.
#[track_caller]
fn no(got: Got, error: &str, description: &str) {
    let got = got.is(400);
    assert_eq!(
        (got.text("/error").as_str(), got.text("/error_description").as_str()),
        (error, description)
    );
}

#[tokio::test]
async fn a_browser_brings_a_code_and_the_code_tokens() {
    let client = Client::start().await;
    let code = code(&client, &[("code_challenge", CHALLENGE), ("nonce", "n-1")]).await;
    no(redeem(&client, &code, &[]).await, "invalid_grant", "invalid code verifier");
    no(
        redeem(&client, &code, &[("code_verifier", CHALLENGE)]).await,
        "invalid_grant",
        "invalid code verifier",
    );
    let verifier = ("code_verifier", VERIFIER);
    let mismatch = "redirect_uri must match configuration";
    no(
        redeem(&client, &code, &[verifier, ("redirect_uri", "http://localhost/")]).await,
        "redirect_uri_mismatch",
        mismatch,
    );
    no(
        redeem(&client, &code, &[verifier, ("client_secret", "")]).await,
        "invalid_client",
        "invalid client credentials",
    );
    let cli = [verifier, ("client_id", "PlatformCLI"), ("client_secret", "")];
    no(redeem(&client, &code, &cli).await, "invalid_grant", "invalid authorization code");
    let got = redeem(&client, &code, &[verifier]).await.is(200);
    no(redeem(&client, &code, &[verifier]).await, "invalid_grant", "expired authorization code");
    no(redeem(&client, "x", &[verifier]).await, "invalid_grant", "invalid authorization code");
    assert_eq!(got.text("/scope"), "refresh_token api id openid");

    let path = "/services/oauth2/userinfo";
    let me = client.service("GET", path, &got.text("/access_token"), &Value::Null).await.is(200);
    assert_eq!(me.text("/preferred_username"), client.sandbox.credentials().salesforce.username);
    assert_eq!(me.text("/id"), got.text("/id"));
    let refresh = got.text("/refresh_token");
    let next = token(&client, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)])
        .await
        .is(200);
    assert_ne!(next.text("/access_token"), got.text("/access_token"));
    assert_eq!(next.text("/scope"), got.text("/scope"));
    let url = format!("{}/services/oauth2/revoke", base(&client));
    post(&client, &url, &[("token", &refresh)]).await.is(200);
    let gone =
        token(&client, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    no(gone, "invalid_grant", "expired access/refresh token");
    is_proven(&client, &got).await;
}

/// Checks an id token by the keys that the discovery document leads to.
async fn is_proven(client: &Client, got: &Got) {
    let found =
        get(client, &format!("{}/.well-known/openid-configuration", base(client))).await.is(200);
    get(client, &found.text("/authorization_endpoint")).await.is(400);
    let keys = get(client, &found.text("/jwks_uri")).await.is(200);
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let token = got.text("/id_token");
    let parts: Vec<&str> = token.split('.').collect();
    let head: Value = serde_json::from_slice(&bytes(parts[0])).unwrap();
    assert_eq!(head["kid"], keys.body["keys"][0]["kid"]);
    let number = |name: &str| bytes(&keys.text(&format!("/keys/0/{name}")));
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    let signed = format!("{}.{}", parts[0], parts[1]);
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(parts[2])).unwrap();
    let claims: Value = serde_json::from_slice(&bytes(parts[1])).unwrap();
    assert_eq!((&claims["sub"], &claims["nonce"]), (&json!(got.text("/id")), &json!("n-1")));
    assert_eq!(claims["aud"], json!(client.sandbox.credentials().salesforce.client_id));
}

#[tokio::test]
async fn scopes_say_what_comes_with_a_token() {
    let client = Client::start().await;
    let only = code(&client, &[("scope", "api id")]).await;
    let got = redeem(&client, &only, &[]).await.is(200);
    assert_eq!(
        (got.text("/scope").as_str(), got.body.get("refresh_token"), got.body.get("id_token")),
        ("api id", None, None)
    );
    let cli = [
        ("client_id", "PlatformCLI"),
        ("scope", "refresh_token api web"),
        ("code_challenge", CHALLENGE),
    ];
    let theirs = code(&client, &cli).await;
    let cli = [("client_id", "PlatformCLI"), ("client_secret", ""), ("code_verifier", VERIFIER)];
    let got = redeem(&client, &theirs, &cli).await.is(200);
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", &*got.text("/refresh_token"))]
            .map(|(n, v)| (n, v.to_owned()));
    let refresh: Vec<(&str, &str)> = refresh.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let other = token(&client, &refresh).await;
    no(other, "invalid_grant", "expired access/refresh token");
    let own: Vec<(&str, &str)> = refresh
        .iter()
        .copied()
        .chain([("client_id", "PlatformCLI"), ("client_secret", "")])
        .collect();
    token(&client, &own).await.is(200);
}

#[tokio::test]
async fn what_is_not_in_order_never_brings_a_code() {
    let client = Client::start().await;
    for (pair, error) in [
        (("client_id", "x"), "invalid_client_id"),
        (("redirect_uri", "https://evil.example/"), "redirect_uri_mismatch"),
        (("redirect_uri", "http://localhost:1717@evil.example/"), "redirect_uri_mismatch"),
        (("redirect_uri", "http://localhost.evil.example/"), "redirect_uri_mismatch"),
    ] {
        let page = get(&client, &question(&client, &[pair])).await.is(400);
        assert!(page.said.contains(error) && !page.headers.contains_key("location"), "{page:?}");
    }
    for (pair, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "everything"), "invalid_scope"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("prompt", "none"), "immediate_unsuccessful"),
    ] {
        let got = get(&client, &question(&client, &[pair])).await.is(302);
        let begin = format!("{BACK}?error={error}&error_description=");
        assert!(got.headers["location"].starts_with(&begin), "{got:?}");
        assert!(got.headers["location"].ends_with("&state=s%20t%26"), "{got:?}");
    }
    let url = question(&client, &[]);
    let denied = answer(&client, &url, "deny").await;
    assert!(denied.starts_with(&format!("{BACK}?error=access_denied&")), "{denied}");
    let username = client.sandbox.credentials().salesforce.username.clone();
    for form in [
        vec![("username", username.as_str()), ("pw", "x")],
        vec![("username", "x"), ("pw", "x"), ("answer", "allow")],
        vec![],
    ] {
        let page = post(&client, &url, &form).await.is(200);
        assert!(page.said.contains("Log In"), "{page:?}");
    }
    let code = code(&client, &[]).await;
    client.admin("POST", "/clock", &json!({ "advance": "15m" })).await.is(200);
    no(redeem(&client, &code, &[]).await, "invalid_grant", "expired authorization code");
}

#[tokio::test]
async fn a_device_shows_a_code_and_waits() {
    let client = Client::start().await;
    let keys = client.sandbox.credentials().salesforce.clone();
    let begin = [("response_type", "device_code"), ("scope", "api refresh_token")];
    for said in ["deny", "allow"] {
        let got = token(&client, &begin).await.is(200);
        let device = got.text("/device_code");
        let ask = [("grant_type", "device"), ("code", device.as_str())];
        no(
            token(&client, &ask).await,
            "authorization_pending",
            "user hasn't completed the verification yet",
        );
        let url = got.text("/verification_uri");
        let shown = got.text("/user_code");
        get(&client, &url).await.is(200);
        let who = [("username", keys.username.as_str()), ("pw", keys.password.as_str())];
        let wrong = post(&client, &url, &[&[("user_code", "x")], &who[..]].concat()).await.is(200);
        assert!(wrong.said.contains("invalid or has expired"), "{wrong:?}");
        let page = post(&client, &url, &[&[("user_code", shown.as_str())], &who[..]].concat())
            .await
            .is(200);
        assert_eq!(field(&page, "user_code"), shown);
        let ticket = field(&page, "ticket");
        let form = [("user_code", shown.as_str()), ("ticket", &ticket), ("answer", said)];
        post(&client, &url, &form).await.is(200);
        if said == "deny" {
            no(token(&client, &ask).await, "access_denied", "end-user denied authorization");
            continue;
        }
        let got = token(&client, &ask).await.is(200);
        assert_eq!(got.text("/scope"), "api refresh_token");
        client
            .service("GET", "/services/data/v60.0/limits", &got.text("/access_token"), &Value::Null)
            .await
            .is(200);
        no(token(&client, &ask).await, "invalid_grant", "invalid device code");
    }
    let got = token(&client, &begin).await.is(200);
    client.admin("POST", "/clock", &json!({ "advance": "10m" })).await.is(200);
    let ask = [("grant_type", "device"), ("code", &*got.text("/device_code"))]
        .map(|(n, v)| (n, v.to_owned()));
    let ask: Vec<(&str, &str)> = ask.iter().map(|(n, v)| (*n, v.as_str())).collect();
    no(token(&client, &ask).await, "invalid_grant", "invalid device code");
    no(
        token(&client, &[("response_type", "device_code"), ("client_id", "x")]).await,
        "invalid_client_id",
        "client identifier invalid",
    );
}

#[tokio::test]
async fn the_request_log_keeps_no_password_and_no_code() {
    let client = Client::start().await;
    let code = code(&client, &[]).await;
    let got = redeem(&client, &code, &[]).await.is(200);
    let bulk = format!("{}/services/async/60.0/job/x", base(&client));
    client
        .call("GET", &bulk, &[("X-SFDC-Session", &got.text("/access_token"))], "")
        .await
        .unwrap()
        .is(400);
    let log = client.admin("GET", "/requests", &Value::Null).await.is(200).said;
    for shown in ["/services/oauth2/authorize", "/services/async", "grant_type="] {
        assert!(log.contains(shown), "{shown}: {log}");
    }
    let keys = client.sandbox.credentials().salesforce.clone();
    for secret in [
        &code,
        &keys.password,
        &keys.client_secret,
        &got.text("/access_token"),
        &got.text("/refresh_token"),
    ] {
        for form in [secret.clone(), encode(secret)] {
            assert!(!log.contains(&form), "{secret} is in {log}");
        }
    }
}
