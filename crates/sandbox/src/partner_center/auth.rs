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

use super::{
    PartnerHome, Switch,
    refusal::{self, Done, Stop, invalid, unauthenticated},
};

const ACCESS: &str = "partner-access";
const REFRESH: &str = "partner-refresh";

/// How long a refresh token lives, in milliseconds: 90 days.
const REFRESH_LIFE: i64 = 90 * 24 * 3600 * 1000;

/// Who signed in, and whether with a second factor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person<'a> {
    pub(crate) user: &'a str,
    pub(crate) mfa: bool,
}

impl<'a> Person<'a> {
    /// Somebody who used a second factor.
    pub(crate) fn sure(user: &'a str) -> Self {
        Self { user, mfa: true }
    }

    fn of(kept: &'a Value) -> Self {
        let user = kept.get("user").and_then(Value::as_str).unwrap_or_default();
        let mfa = kept.get("mfa").and_then(Value::as_bool).unwrap_or(true);
        Self { user, mfa }
    }
}

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
        return Ok(refused(tx, "unsupported_grant_type", text, 70_003));
    }
    if given("client_id") != home.client_id {
        let text = "AADSTS700016: The application was not found in the directory.";
        return Ok(refused(tx, "unauthorized_client", text, 700_016));
    }
    let kept = tx.doc(REFRESH, given("refresh_token"))?.filter(|kept| {
        let made = kept.get("made").and_then(Value::as_i64);
        made.is_none_or(|made| tx.now_milliseconds() < made + REFRESH_LIFE)
    });
    let Some(kept) = kept else {
        let text = "AADSTS700082: The refresh token has expired or was revoked.";
        return Ok(refused(tx, "invalid_grant", text, 700_082));
    };
    let person = Person::of(&kept);
    let wanted = if newer { given("scope") } else { given("resource") };
    let audience = [Audience::Webhooks, Audience::Referrals].into_iter().find(|audience| {
        wanted.split(' ').any(|scope| {
            let rest = scope.strip_prefix(audience.address());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    });
    let Some(audience) = audience else {
        let text = "AADSTS70011: The provided value for the input parameter 'scope' is not valid.";
        return Ok(refused(tx, "invalid_scope", text, 70_011));
    };
    let expires = tx.now_milliseconds() + home.token_seconds * 1000;
    let access = grant_access(home, tx, person, Some(audience), Some(expires))?;
    let refresh = grant_refresh(tx, person)?;
    if home.has(Switch::RefreshOnce) {
        tx.drop_doc(REFRESH, given("refresh_token"))?;
    }
    let now = tx.now_milliseconds() / 1000;
    let body = granted(now, home.token_seconds, audience, newer, [&access, &refresh]);
    Ok(Answer::json(200, body).with("Cache-Control", "no-store"))
}

/// The answer with an access and a refresh token; the older endpoint writes its numbers as texts.
fn granted(now: i64, seconds: i64, audience: Audience, newer: bool, tokens: [&str; 2]) -> Value {
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

fn refused(tx: &Tx<'_>, error: &str, description: &str, code: i64) -> Answer {
    let body = json!({
        "error": error,
        "error_description": description,
        "error_codes": [code],
        "timestamp": clock::partner_center(tx.now_ticks()),
        "trace_id": sign::guid(),
        "correlation_id": sign::guid(),
    });
    Answer::json(400, body).with("Cache-Control", "no-store")
}

/// Makes an access token; without an audience it is good for both hosts, without an end it lasts.
pub(crate) fn grant_access(
    home: &PartnerHome,
    tx: &Tx<'_>,
    person: Person<'_>,
    audience: Option<Audience>,
    expires: Option<i64>,
) -> Result<String, StoreError> {
    let now = tx.now_milliseconds() / 1000;
    let Person { user, mfa } = person;
    let claims = json!({
        "aud": audience.map_or(Audience::Referrals, |audience| audience).address(),
        "iss": format!("https://sts.windows.net/{}/", home.tenant),
        "iat": now,
        "nbf": now,
        "exp": expires.map_or(now + 10 * 365 * 24 * 3600, |expires| expires / 1000),
        "amr": if mfa { json!(["pwd", "mfa"]) } else { json!(["pwd"]) },
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
    let kept = json!({ "user": user, "mfa": mfa, "audience": audience, "expires": expires });
    tx.put_doc(ACCESS, &token, &kept)?;
    Ok(token)
}

/// Makes a refresh token for a user.
pub(crate) fn grant_refresh(tx: &Tx<'_>, person: Person<'_>) -> Result<String, StoreError> {
    let token = format!("0.{}", sign::token());
    let Person { user, mfa } = person;
    let kept = json!({ "user": user, "mfa": mfa, "made": tx.now_milliseconds() });
    tx.put_doc(REFRESH, &token, &kept)?;
    Ok(token)
}

/// Ends one access token, if it can end.
pub(crate) fn expire(tx: &Tx<'_>, token: &str) -> Result<(), StoreError> {
    let kept = tx.doc(ACCESS, token)?;
    let can_end = kept.is_some_and(|kept| kept.get("expires").is_some_and(Value::is_number));
    if can_end { tx.drop_doc(ACCESS, token) } else { Ok(()) }
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

/// Tokens as an order of the administration wants them: `{"mfa": false, "audience": "referrals"}`.
pub(crate) fn handed_out(home: &PartnerHome, tx: &Tx<'_>, given: &Value) -> Done<Value> {
    let word = given.get("audience").map(|audience| audience.as_str().unwrap_or_default());
    let audience = match word {
        None => None,
        Some("referrals") => Some(Audience::Referrals),
        Some("webhooks") => Some(Audience::Webhooks),
        Some(_) => {
            let message = "The audience is referrals or webhooks.";
            return Err(invalid("audience", "invalidAudience", message));
        }
    };
    let person = Person {
        user: given.get("user").and_then(Value::as_str).unwrap_or("partner"),
        mfa: given.get("mfa").and_then(Value::as_bool).unwrap_or(true),
    };
    let expires = tx.now_milliseconds() + home.token_seconds * 1000;
    Ok(json!({
        "access_token": grant_access(home, tx, person, audience, Some(expires))?,
        "refresh_token": grant_refresh(tx, person)?,
    }))
}

/// The user of a call's bearer token, or the refusal if it is not good for this host.
pub(crate) fn caller(
    tx: &Tx<'_>,
    call: &Call,
    audience: Audience,
) -> Result<Result<String, Stop>, StoreError> {
    let no = |message: &str| {
        Ok(Err(match audience {
            Audience::Referrals => unauthenticated(message),
            Audience::Webhooks => refusal::webhooks_unauthenticated(message),
        }))
    };
    let Some(token) = call.bearer() else {
        return no("The token is missing.");
    };
    let Some(kept) = tx.doc(ACCESS, token)? else {
        return no("The token is not valid.");
    };
    let expires = kept.get("expires").and_then(Value::as_i64).unwrap_or(i64::MAX);
    if expires <= tx.now_milliseconds() {
        return no("The token has expired.");
    }
    let is_for = kept.get("audience").and_then(Value::as_str);
    if is_for.is_some_and(|address| address != audience.address()) {
        return no("The token is for another audience.");
    }
    let person = Person::of(&kept);
    if !person.mfa {
        return Ok(Err(refusal::without_mfa()));
    }
    Ok(Ok(person.user.to_owned()))
}
