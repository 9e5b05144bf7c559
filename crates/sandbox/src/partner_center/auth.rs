//! Tokens, as they are kept. In come people and what they may use; out go tokens, and whose they are when they
//! come back. It must not know referrals, nor how people sign in.

use serde_json::{Value, json};

use crate::{call::Call, database::StoreError, sign, store::Tx};

use super::{
    PartnerHome,
    people::{Person, Role},
    refusal::{self, Done, Stop, denied, invalid, unauthenticated},
};

const ACCESS: &str = "partner-access";
const REFRESH: &str = "partner-refresh";

/// How long a refresh token lives, in milliseconds: 90 days.
const REFRESH_LIFE: i64 = 90 * 24 * 3600 * 1000;

/// For which host a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// `https://api.partner.microsoft.com`
    Referrals,
    /// `https://api.partnercenter.microsoft.com`
    Webhooks,
    /// What a token is for when no resource was asked for: nothing here.
    Graph,
}

impl Audience {
    /// The name of the resource.
    pub(super) fn address(self) -> &'static str {
        match self {
            Self::Referrals => "https://api.partner.microsoft.com",
            Self::Webhooks => "https://api.partnercenter.microsoft.com",
            Self::Graph => "https://graph.microsoft.com",
        }
    }

    /// The resource of a name, or of the id of its application.
    pub(super) fn named(name: &str) -> Option<Self> {
        [
            (Self::Referrals, "4990cffe-04e8-4e8b-808a-1175604b879f"),
            (Self::Webhooks, "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"),
        ]
        .into_iter()
        .find(|(audience, id)| {
            name.eq_ignore_ascii_case(audience.address()) || name.eq_ignore_ascii_case(id)
        })
        .map(|(audience, _)| audience)
    }
}

/// What an access token is made of.
#[derive(Debug)]
pub(super) struct Grant<'a> {
    pub(super) person: &'a Person,
    /// `None`: good for both hosts.
    pub(super) audience: Option<Audience>,
    /// When it ends, in milliseconds; `None`: never.
    pub(super) expires: Option<i64>,
    /// Whether the application proved itself by its secret.
    pub(super) is_confidential: bool,
}

/// Makes an access token.
pub(super) fn grant_access(
    home: &PartnerHome,
    tx: &Tx<'_>,
    grant: &Grant<'_>,
) -> Result<String, StoreError> {
    let Grant { person, audience, expires, is_confidential } = *grant;
    let now = tx.now_milliseconds() / 1000;
    let mut claims = json!({
        "aud": audience.unwrap_or(Audience::Referrals).address(),
        "iss": format!("https://sts.windows.net/{}/", home.tenant),
        "iat": now,
        "nbf": now,
        "exp": expires.map_or(now + 10 * 365 * 24 * 3600, |expires| expires / 1000),
        "acr": "1",
        "appid": home.client_id,
        "appidacr": if is_confidential { "1" } else { "0" },
        "tid": home.tenant,
        "oid": person.oid(),
        "ver": "1.0",
    });
    let more = if person.role == Role::App {
        json!({ "idtyp": "app" })
    } else {
        json!({
            "amr": if person.mfa { json!(["pwd", "mfa"]) } else { json!(["pwd"]) },
            "scp": "user_impersonation",
            "name": person.user,
            "unique_name": person.address(),
            "upn": person.address(),
        })
    };
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        claims.extend(more);
    }
    let header = json!({ "typ": "JWT", "alg": "RS256" });
    let part = |value: &Value| sign::base64_url(value.to_string().as_bytes());
    let token = format!("{}.{}.{}", part(&header), part(&claims), sign::token());
    let mut kept = person.kept();
    if let Some(map) = kept.as_object_mut() {
        map.insert("audience".to_owned(), json!(audience.map(Audience::address)));
        map.insert("expires".to_owned(), json!(expires));
    }
    tx.put_doc(ACCESS, &token, &kept)?;
    Ok(token)
}

/// Makes a refresh token.
pub(super) fn grant_refresh(tx: &Tx<'_>, person: &Person) -> Result<String, StoreError> {
    let token = format!("0.{}", sign::token());
    let mut kept = person.kept();
    if let Some(map) = kept.as_object_mut() {
        map.insert("made".to_owned(), json!(tx.now_milliseconds()));
    }
    tx.put_doc(REFRESH, &token, &kept)?;
    Ok(token)
}

/// Why a refresh token is no longer good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    Unknown,
    Expired,
    Revoked,
}

/// Whose a refresh token is.
pub(super) fn refreshed(tx: &Tx<'_>, token: &str) -> Result<Result<Person, Gone>, StoreError> {
    let Some(kept) = tx.doc(REFRESH, token)? else { return Ok(Err(Gone::Unknown)) };
    if kept.get("revoked").is_some() {
        return Ok(Err(Gone::Revoked));
    }
    let made = kept.get("made").and_then(Value::as_i64);
    if made.is_some_and(|made| tx.now_milliseconds() >= made + REFRESH_LIFE) {
        return Ok(Err(Gone::Expired));
    }
    Ok(Ok(Person::of(&kept)))
}

/// Ends a refresh token.
pub(super) fn forget_refresh(tx: &Tx<'_>, token: &str) -> Result<(), StoreError> {
    tx.drop_doc(REFRESH, token)
}

/// Ends all refresh tokens, as a new password or an administrator does.
pub(super) fn revoke_all(tx: &Tx<'_>) -> Result<(), StoreError> {
    for (token, mut kept) in tx.docs(REFRESH)? {
        if let Some(map) = kept.as_object_mut() {
            map.insert("revoked".to_owned(), json!(true));
        }
        tx.put_doc(REFRESH, &token, &kept)?;
    }
    Ok(())
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
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let mut person = match text("role") {
        Some("app") => Person::app(&home.client_id),
        _ => Person::sure(text("user").unwrap_or(super::PERSON)),
    };
    if let Some(word) = text("role") {
        person.role = Role::named(word).ok_or_else(|| {
            invalid("role", "invalidRole", "The role is admin, user, none or app.")
        })?;
    }
    person.mfa = given.get("mfa").and_then(Value::as_bool).unwrap_or(person.role != Role::App);
    let expires = Some(tx.now_milliseconds() + home.token_seconds * 1000);
    let grant = Grant { person: &person, audience, expires, is_confidential: false };
    Ok(json!({
        "access_token": grant_access(home, tx, &grant)?,
        "refresh_token": grant_refresh(tx, &person)?,
    }))
}

/// Whose a call's bearer token is, or the refusal if it is not good for this host.
pub(crate) fn caller(
    tx: &Tx<'_>,
    call: &Call,
    audience: Audience,
) -> Result<Result<Person, Stop>, StoreError> {
    let no = |message: &str| {
        Ok(Err(match audience {
            Audience::Referrals | Audience::Graph => unauthenticated(message),
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
    let refusal = match (person.role, audience) {
        (Role::App, Audience::Webhooks) | (Role::Admin, _) | (Role::User, Audience::Referrals) => {
            None
        }
        (Role::App, _) => {
            Some(denied("Referrals are for users; an application alone has no access."))
        }
        (Role::User | Role::Nobody, Audience::Webhooks) => {
            let message = "The user has no role that may register webhooks.";
            Some(refusal::webhooks(403, "403", message))
        }
        (Role::User | Role::Nobody, _) => Some(denied("The user has no role for referrals.")),
    };
    if person.role != Role::App && !person.mfa {
        return Ok(Err(refusal::without_mfa()));
    }
    Ok(refusal.map_or(Ok(person), Err))
}
