//! Tokens. In come refresh tokens and bearer tokens; out go access tokens for one audience, and users.
//! It must not know referrals.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    clock,
    database::StoreError,
    sign,
    store::Tx,
};

use super::{PartnerHome, refusal::Done};

const ACCESS: &str = "partner-access";
const REFRESH: &str = "partner-refresh";

/// For which host a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// `https://api.partner.microsoft.com`
    Referrals,
    /// `https://api.partnercenter.microsoft.com`
    Webhooks,
}

impl Audience {
    fn address(self) -> &'static str {
        match self {
            Self::Referrals => "https://api.partner.microsoft.com",
            Self::Webhooks => "https://api.partnercenter.microsoft.com",
        }
    }
}

/// Answers `POST /{tenant}/oauth2/v2.0/token`, and the older `/{tenant}/oauth2/token`.
pub(crate) fn token(
    home: &PartnerHome,
    tx: &Tx<'_>,
    call: &Call,
    newer: bool,
) -> Result<Answer, StoreError> {
    let form = call.form();
    let given = |name: &str| {
        form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    };
    if given("grant_type") != "refresh_token" {
        let text = "AADSTS70003: The app requested an unsupported grant type.";
        return Ok(refused("unsupported_grant_type", text, 70_003));
    }
    if given("client_id") != home.client_id {
        let text = "AADSTS700016: The application was not found in the directory.";
        return Ok(refused("unauthorized_client", text, 700_016));
    }
    let Some(kept) = tx.doc(REFRESH, given("refresh_token"))? else {
        let text = "AADSTS700082: The refresh token has expired or was revoked.";
        return Ok(refused("invalid_grant", text, 700_082));
    };
    let user = kept.get("user").and_then(Value::as_str).unwrap_or_default();
    let wanted = if newer { given("scope") } else { given("resource") };
    let audience = [Audience::Webhooks, Audience::Referrals].into_iter().find(|audience| {
        wanted.split(' ').any(|scope| {
            let rest = scope.strip_prefix(audience.address());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    });
    let Some(audience) = audience else {
        let text = "AADSTS70011: The provided value for the input parameter 'scope' is not valid.";
        return Ok(refused("invalid_scope", text, 70_011));
    };
    let expires = clock::now_milliseconds() + home.token_seconds * 1000;
    let access = grant_access(home, tx, user, Some(audience), Some(expires))?;
    let refresh = grant_refresh(tx, user)?;
    let body = granted(home.token_seconds, audience, newer, [&access, &refresh]);
    Ok(Answer::json(200, body).with("Cache-Control", "no-store"))
}

/// The answer with an access and a refresh token; the older endpoint writes its numbers as texts.
fn granted(seconds: i64, audience: Audience, newer: bool, tokens: [&str; 2]) -> Value {
    let [access, refresh] = tokens;
    if newer {
        return json!({
            "token_type": "Bearer",
            "scope": format!("{}/user_impersonation", audience.address()),
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": access,
            "refresh_token": refresh,
        });
    }
    let now = clock::now_milliseconds() / 1000;
    json!({
        "token_type": "Bearer",
        "scope": "user_impersonation",
        "expires_in": seconds.to_string(),
        "ext_expires_in": seconds.to_string(),
        "expires_on": (now + seconds).to_string(),
        "not_before": now.to_string(),
        "resource": audience.address(),
        "access_token": access,
        "refresh_token": refresh,
    })
}

fn refused(error: &str, description: &str, code: i64) -> Answer {
    let body = json!({
        "error": error,
        "error_description": description,
        "error_codes": [code],
        "timestamp": clock::partner_center(clock::now_ticks()),
        "trace_id": sign::guid(),
        "correlation_id": sign::guid(),
    });
    Answer::json(400, body).with("Cache-Control", "no-store")
}

/// Makes an access token; without an audience it is good for both hosts, without an end it lasts.
pub(crate) fn grant_access(
    home: &PartnerHome,
    tx: &Tx<'_>,
    user: &str,
    audience: Option<Audience>,
    expires: Option<i64>,
) -> Result<String, StoreError> {
    let now = clock::now_milliseconds() / 1000;
    let claims = json!({
        "aud": audience.map_or(Audience::Referrals, |audience| audience).address(),
        "iss": format!("https://sts.windows.net/{}/", home.tenant),
        "iat": now,
        "nbf": now,
        "exp": expires.map_or(now + 10 * 365 * 24 * 3600, |expires| expires / 1000),
        "amr": ["pwd", "mfa"],
        "appid": home.client_id,
        "scp": "user_impersonation",
        "tid": home.tenant,
        "upn": format!("{user}@sandbox.example"),
        "ver": "1.0",
    });
    let header = json!({ "typ": "JWT", "alg": "RS256" });
    let part = |value: &Value| sign::base64_url(value.to_string().as_bytes());
    let token = format!("{}.{}.{}", part(&header), part(&claims), sign::token());
    let audience = audience.map(Audience::address);
    tx.put_doc(ACCESS, &token, &json!({ "user": user, "audience": audience, "expires": expires }))?;
    Ok(token)
}

/// Makes a refresh token for a user.
pub(crate) fn grant_refresh(tx: &Tx<'_>, user: &str) -> Result<String, StoreError> {
    let token = format!("0.{}", sign::token());
    tx.put_doc(REFRESH, &token, &json!({ "user": user }))?;
    Ok(token)
}

/// Ends all access tokens that can end.
pub(crate) fn expire_all(tx: &Tx<'_>) -> Result<(), StoreError> {
    for (token, kept) in tx.docs(ACCESS)? {
        if kept.get("expires").is_some_and(Value::is_number) {
            tx.drop_doc(ACCESS, &token)?;
        }
    }
    Ok(())
}

/// The user of a call's bearer token, or why it is not good for this host.
pub(crate) fn caller(
    tx: &Tx<'_>,
    call: &Call,
    audience: Audience,
) -> Done<Result<String, &'static str>> {
    let Some(token) = call.bearer() else {
        return Ok(Err("The token is missing."));
    };
    let Some(kept) = tx.doc(ACCESS, token)? else {
        return Ok(Err("The token is not valid."));
    };
    let expires = kept.get("expires").and_then(Value::as_i64).unwrap_or(i64::MAX);
    if expires <= clock::now_milliseconds() {
        return Ok(Err("The token has expired."));
    }
    let is_for = kept.get("audience").and_then(Value::as_str);
    if is_for.is_some_and(|address| address != audience.address()) {
        return Ok(Err("The token is for another audience."));
    }
    Ok(Ok(kept.get("user").and_then(Value::as_str).unwrap_or_default().to_owned()))
}
