//! Who asks. In come token requests and bearer tokens; out go tokens, OAuth errors and users. It must not
//! know rows.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    database::StoreError,
    salesforce::session::{Caller, Home},
    sign,
    store::Tx,
};

const ACCESS: &str = "salesforce-access";
const REFRESH: &str = "salesforce-refresh";

/// Answers `POST …/services/oauth2/token`.
pub(crate) fn token(home: &Home, tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let form = call.form();
    let given =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let basic = basic(call);
    let client = given("client_id").or_else(|| basic.as_ref().map(|(id, _)| id.clone()));
    let secret = given("client_secret").or_else(|| basic.map(|(_, secret)| secret));
    let grant = given("grant_type").unwrap_or_default();
    if !matches!(grant.as_str(), "client_credentials" | "refresh_token") {
        return Ok(refused("unsupported_grant_type", "grant type not supported"));
    }
    if client.as_ref() != Some(&home.client_id) {
        return Ok(refused("invalid_client_id", "client identifier invalid"));
    }
    // A refresh may leave the secret out, but not give a wrong one.
    let may_lack = grant == "refresh_token" && secret.is_none();
    if !may_lack && secret.as_ref() != Some(&home.client_secret) {
        return Ok(refused("invalid_client", "invalid client credentials"));
    }
    let user = if grant == "refresh_token" {
        let kept = tx.doc(REFRESH, &given("refresh_token").unwrap_or_default())?;
        let Some(user) = kept.as_ref().and_then(|kept| kept.get("user")?.as_str()) else {
            return Ok(refused("invalid_grant", "expired access/refresh token"));
        };
        user.to_owned()
    } else {
        home.integration_user.clone()
    };
    let expires = tx.now_milliseconds() + home.token_seconds * 1000;
    let access = grant_access(home, tx, &user, Some(expires))?;
    let id = format!("{}/id/{}/{user}", home.base, home.organization);
    let answer = json!({
        "access_token": access,
        "signature": format!("{}=", sign::token()),
        "scope": "api",
        "instance_url": home.base,
        "id": id,
        "token_type": "Bearer",
        "issued_at": tx.now_milliseconds().to_string(),
        "api_instance_url": home.base,
    });
    Ok(Answer::json(200, answer).with("Cache-Control", "no-store"))
}

fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, encoded) = call.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(sign::from_base64(encoded.trim())?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn refused(error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description });
    Answer::json(400, body).with("Cache-Control", "no-store")
}

/// Makes an access token for a user; `expires` in milliseconds, `None` for ever.
pub(crate) fn grant_access(
    home: &Home,
    tx: &Tx<'_>,
    user: &str,
    expires: Option<i64>,
) -> Result<String, StoreError> {
    let short = super::ids::short(&home.organization).to_owned();
    let token = format!("{short}!{}", sign::token());
    tx.put_doc(ACCESS, &token, &json!({ "user": user, "expires": expires }))?;
    Ok(token)
}

/// Makes a refresh token for a user.
pub(crate) fn grant_refresh(tx: &Tx<'_>, user: &str) -> Result<String, StoreError> {
    let token = format!("5Aep{}", sign::token());
    tx.put_doc(REFRESH, &token, &json!({ "user": user }))?;
    Ok(token)
}

/// The user of a call's bearer token, unless it is unknown or too old.
pub(crate) fn caller(tx: &Tx<'_>, call: &Call) -> Result<Option<Caller>, StoreError> {
    let Some(token) = call.bearer() else {
        return Ok(None);
    };
    let Some(kept) = tx.doc(ACCESS, token)? else {
        return Ok(None);
    };
    let expires = kept.get("expires").and_then(Value::as_i64).unwrap_or(i64::MAX);
    if expires <= tx.now_milliseconds() {
        return Ok(None);
    }
    let id = kept.get("user").and_then(Value::as_str).unwrap_or_default().to_owned();
    let user = tx.row("User", &id)?;
    let alias = user.as_ref().and_then(|user| user.body.get("Alias")?.as_str());
    Ok(Some(Caller { alias: alias.unwrap_or(&id).to_owned(), id }))
}

/// Forgets the token of `POST /services/oauth2/revoke`.
pub(crate) fn revoke(tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let form = call.form();
    if let Some((_, token)) = form.iter().find(|(key, _)| key == "token") {
        tx.drop_doc(ACCESS, token)?;
        tx.drop_doc(REFRESH, token)?;
    }
    Ok(Answer::empty(200))
}

/// Ends one access token, if it can end.
pub(crate) fn expire(tx: &Tx<'_>, token: &str) -> Result<(), StoreError> {
    let kept = tx.doc(ACCESS, token)?;
    let can_end = kept.is_some_and(|kept| kept.get("expires").is_some_and(Value::is_number));
    if can_end { tx.drop_doc(ACCESS, token) } else { Ok(()) }
}

/// Ends all access tokens that can end, as when a session times out.
pub(crate) fn expire_all(tx: &Tx<'_>) -> Result<(), StoreError> {
    for (token, kept) in tx.docs(ACCESS)? {
        if kept.get("expires").is_some_and(Value::is_number) {
            tx.drop_doc(ACCESS, &token)?;
        }
    }
    Ok(())
}

/// Answers `GET /services/oauth2/userinfo` and the identity address.
pub(crate) fn identity(home: &Home, tx: &Tx<'_>, caller: &Caller) -> Result<Answer, StoreError> {
    let user = tx.row("User", &caller.id)?.map(|user| user.body).unwrap_or_default();
    let text = |name: &str| user.get(name).cloned().unwrap_or_default();
    Ok(Answer::json(
        200,
        json!({
            "sub": format!("{}/id/{}/{}", home.base, home.organization, caller.id),
            "id": format!("{}/id/{}/{}", home.base, home.organization, caller.id),
            "user_id": caller.id,
            "organization_id": home.organization,
            "preferred_username": text("Username"),
            "username": text("Username"),
            "nickname": text("Alias"),
            "name": text("Name"),
            "display_name": text("Name"),
            "given_name": text("FirstName"),
            "family_name": text("LastName"),
            "email": text("Email"),
            "email_verified": true,
            "user_type": "STANDARD",
            "active": text("IsActive"),
            "language": "en_US",
            "locale": "en_US",
            "zoneinfo": "Europe/Zurich",
            "urls": { "rest": format!("{}/services/data/v{{version}}/", home.base) },
        }),
    ))
}
