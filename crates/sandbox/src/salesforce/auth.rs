//! Who asks. In come token requests and bearer tokens; out go tokens, OAuth errors and users. It must not
//! know rows, nor how assertions and passwords are checked.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    claims,
    database::StoreError,
    salesforce::{
        login::{self, No},
        oauth::{self, Consent},
        session::{Caller, Home},
    },
    sign,
    store::Tx,
};

const ACCESS: &str = "salesforce-access";
const REFRESH: &str = "salesforce-refresh";

/// The key of id tokens.
const ID_KEY: &str = "salesforce-id-key";
/// What an application is told of tokens that nobody agreed to on a page.
const SCOPE: &str = "api";

/// Answers `POST …/services/oauth2/token`.
pub(crate) fn token(home: &Home, tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let form = call.form();
    if given(&form, "response_type") == "device_code" {
        return Ok(match oauth::device_begin(home, tx, &form)? {
            Ok(answer) => answer,
            Err(No(error, description)) => refused(error, description),
        });
    }
    Ok(match granted(home, tx, call, &form)? {
        Ok(answer) => Answer::json(200, answer).with("Cache-Control", "no-store"),
        Err(No(error, description)) => refused(error, description),
    })
}

fn given<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    let found = form.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// What is told of a token that was granted.
fn granted(
    home: &Home,
    tx: &Tx<'_>,
    call: &Call,
    form: &[(String, String)],
) -> Result<Result<Value, No>, StoreError> {
    let of = |name: &str| given(form, name);
    let grant = of("grant_type");
    let consented = |consent: Result<Consent, No>| match consent {
        Ok(consent) => agreed(home, tx, &consent).map(Ok),
        Err(no) => Ok(Err(no)),
    };
    let user = match grant {
        login::ASSERTION => login::by_assertion(home, tx, of("assertion"))?,
        "client_credentials" => {
            client(home, call, form, false).map(|_| home.integration_user.clone())
        }
        "refresh_token" => match client(home, call, form, true) {
            Ok(client) => return refreshed(home, tx, &client, of("refresh_token")),
            Err(no) => Err(no),
        },
        "password" if home.login.by_password => match client(home, call, form, false) {
            Ok(_) => login::by_password(home, tx, of("username"), of("password"))?,
            Err(no) => Err(no),
        },
        "authorization_code" => match client(home, call, form, false) {
            Ok(client) => return consented(oauth::redeem(tx, &client, form)?),
            Err(no) => Err(no),
        },
        "device" => match client(home, call, form, true) {
            Ok(client) => return consented(oauth::device_asked(tx, &client, form)?),
            Err(no) => Err(no),
        },
        _ => Err(No("unsupported_grant_type", "grant type not supported")),
    };
    match user {
        Ok(user) => told(home, tx, &user, SCOPE).map(Ok),
        Err(no) => Ok(Err(no)),
    }
}

/// A new access token and what is told with it.
fn told(home: &Home, tx: &Tx<'_>, user: &str, scope: &str) -> Result<Value, StoreError> {
    let (access, _) = open(home, tx, user)?;
    Ok(json!({
        "access_token": access,
        "signature": format!("{}=", sign::token()),
        "scope": scope,
        "instance_url": home.base,
        "id": format!("{}/id/{}/{user}", home.base, home.organization),
        "token_type": "Bearer",
        "issued_at": tx.now_milliseconds().to_string(),
        "api_instance_url": home.base,
    }))
}

/// What is told of a token that somebody agreed to: by its scopes, also how to go on and who it was.
fn agreed(home: &Home, tx: &Tx<'_>, consent: &Consent) -> Result<Value, StoreError> {
    let mut told = told(home, tx, &consent.user, &consent.scope)?;
    let has = |wanted: &str| consent.scope.split_whitespace().any(|scope| scope == wanted);
    let mut more = Vec::new();
    if has("refresh_token") || has("offline_access") {
        let kept =
            json!({ "user": consent.user, "client": consent.client, "scope": consent.scope });
        let token = format!("5Aep{}", sign::token());
        tx.put_doc(REFRESH, &token, &kept)?;
        more.push(("refresh_token", json!(token)));
    }
    if has("openid") {
        let now = tx.now_milliseconds() / 1000;
        let access = told.get("access_token").and_then(Value::as_str).unwrap_or_default();
        let token = claims::token(
            tx,
            ID_KEY,
            &json!({
                "iss": home.base,
                "sub": told.get("id"),
                "aud": consent.client,
                "iat": now,
                "exp": now + home.token_seconds,
                "at_hash": sign::fingerprint(access.as_bytes()),
                "nonce": consent.nonce,
            }),
        )?;
        more.push(("id_token", json!(token)));
    }
    if let Some(map) = told.as_object_mut() {
        map.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(told)
}

/// Answers `GET /id/keys`: what id tokens are checked by.
pub(crate) fn keys(tx: &Tx<'_>) -> Result<Answer, StoreError> {
    Ok(Answer::json(200, claims::keys(tx, ID_KEY)?))
}

/// The application, if it is who it says; `may_lack`: it may leave its secret out, but not give a wrong one.
fn client(
    home: &Home,
    call: &Call,
    form: &[(String, String)],
    may_lack: bool,
) -> Result<String, No> {
    let given =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let basic = basic(call);
    let id = given("client_id").or_else(|| basic.as_ref().map(|(id, _)| id.clone()));
    let secret = given("client_secret").or_else(|| basic.map(|(_, secret)| secret));
    let is_command_line = id.as_deref() == Some(oauth::COMMAND_LINE)
        && secret.as_ref().is_none_or(String::is_empty)
        && given("grant_type")
            .is_some_and(|grant| grant != "client_credentials" && grant != "password");
    if is_command_line {
        return Ok(oauth::COMMAND_LINE.to_owned());
    }
    if id.as_ref() != Some(&home.client_id) {
        return Err(No("invalid_client_id", "client identifier invalid"));
    }
    let fits = secret.as_ref() == Some(&home.client_secret) || (may_lack && secret.is_none());
    if fits {
        Ok(home.client_id.clone())
    } else {
        Err(No("invalid_client", "invalid client credentials"))
    }
}

fn refreshed(
    home: &Home,
    tx: &Tx<'_>,
    client: &str,
    token: &str,
) -> Result<Result<Value, No>, StoreError> {
    let kept = tx.doc(REFRESH, token)?.unwrap_or_default();
    let text = |name: &str| kept.get(name).and_then(Value::as_str);
    // Those of the ready file are of the connected application.
    let is_theirs = text("client").unwrap_or(&home.client_id) == client;
    match text("user").filter(|_| is_theirs) {
        Some(user) => told(home, tx, user, text("scope").unwrap_or(SCOPE)).map(Ok),
        None => Ok(Err(No("invalid_grant", "expired access/refresh token"))),
    }
}

/// Signs a user in: an access token that lasts as long as tokens last here.
pub(crate) fn open(home: &Home, tx: &Tx<'_>, user: &str) -> Result<(String, Caller), StoreError> {
    let expires = tx.now_milliseconds() + home.token_seconds * 1000;
    let access = grant_access(home, tx, user, Some(expires))?;
    Ok((access, known(tx, user.to_owned())?))
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
    // The alias is kept with the token, once there is one: no user is read with each call.
    let alias = tx.row("User", user)?.and_then(|user| user.body.get("Alias").cloned());
    tx.put_doc(ACCESS, &token, &json!({ "user": user, "alias": alias, "expires": expires }))?;
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
    // The identity address may carry the token itself.
    let is_identity = call.path.first().is_some_and(|part| part == "id");
    let token = call.bearer().or_else(|| call.parameter("oauth_token").filter(|_| is_identity));
    token.map_or(Ok(None), |token| user_of(tx, token))
}

/// The user of an access token, unless it is unknown or too old.
pub(crate) fn user_of(tx: &Tx<'_>, token: &str) -> Result<Option<Caller>, StoreError> {
    let Some(kept) = tx.doc(ACCESS, token)? else {
        return Ok(None);
    };
    let expires = kept.get("expires").and_then(Value::as_i64).unwrap_or(i64::MAX);
    if expires <= tx.now_milliseconds() {
        return Ok(None);
    }
    let text = |name: &str| kept.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = text("user").unwrap_or_default();
    match text("alias") {
        Some(alias) => Ok(Some(Caller { id, alias })),
        None => known(tx, id).map(Some),
    }
}

fn known(tx: &Tx<'_>, id: String) -> Result<Caller, StoreError> {
    let user = tx.row("User", &id)?;
    let alias = user.as_ref().and_then(|user| user.body.get("Alias")?.as_str());
    Ok(Caller { alias: alias.unwrap_or(&id).to_owned(), id })
}

/// Forgets the token of `POST …/services/oauth2/revoke`, which may stand in the address.
pub(crate) fn revoke(tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let form = call.form();
    let token = form.iter().find(|(key, _)| key == "token").map(|(_, token)| token.as_str());
    if let Some(token) = token.or_else(|| call.parameter("token")) {
        forget(tx, token)?;
    }
    Ok(Answer::empty(200))
}

/// Ends one access token, if it can end.
pub(crate) fn expire(tx: &Tx<'_>, token: &str) -> Result<(), StoreError> {
    let kept = tx.doc(ACCESS, token)?;
    let can_end = kept.is_some_and(|kept| kept.get("expires").is_some_and(Value::is_number));
    if can_end { tx.drop_doc(ACCESS, token) } else { Ok(()) }
}

/// Ends a token of either kind.
pub(crate) fn forget(tx: &Tx<'_>, token: &str) -> Result<(), StoreError> {
    tx.drop_doc(ACCESS, token)?;
    tx.drop_doc(REFRESH, token)
}

/// Answers `POST …/services/oauth2/introspect` of the application.
pub(crate) fn introspect(home: &Home, tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let form = call.form();
    if let Err(No(error, description)) = client(home, call, &form, false) {
        return Ok(refused(error, description));
    }
    let token = form.iter().find(|(key, _)| key == "token").map(|(_, token)| token.as_str());
    let token = token.unwrap_or_default();
    let Some(caller) = user_of(tx, token)? else {
        return Ok(Answer::json(200, json!({ "active": false })));
    };
    let user = tx.row("User", &caller.id)?.map(|user| user.body).unwrap_or_default();
    let kept = tx.doc(ACCESS, token)?.unwrap_or_default();
    let expires = kept.get("expires").and_then(Value::as_i64).map(|expires| expires / 1000);
    Ok(Answer::json(
        200,
        json!({
            "active": true,
            "scope": "api",
            "client_id": home.client_id,
            "username": user.get("Username"),
            "sub": format!("{}/id/{}/{}", home.base, home.organization, caller.id),
            "token_type": "access_token",
            "exp": expires,
        }),
    ))
}

/// Answers `GET /.well-known/openid-configuration`.
pub(crate) fn discovery(home: &Home) -> Answer {
    let base = &home.base;
    let at = |name: &str| format!("{base}/services/oauth2/{name}");
    Answer::json(
        200,
        json!({
            "issuer": base,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "revocation_endpoint": at("revoke"),
            "userinfo_endpoint": at("userinfo"),
            "introspection_endpoint": at("introspect"),
            "jwks_uri": format!("{base}/id/keys"),
            "scopes_supported": ["api", "refresh_token", "openid", "id"],
            "code_challenge_methods_supported": ["S256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
    )
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
    let own = format!("{}/id/{}/{}", home.base, home.organization, caller.id);
    let photo = |size: &str| format!("{}/profilephoto/005/{size}", home.base);
    Ok(Answer::json(
        200,
        json!({
            "sub": own,
            "id": own,
            "asserted_user": true,
            "user_id": caller.id,
            "organization_id": home.organization,
            "preferred_username": text("Username"),
            "username": text("Username"),
            "nickname": text("Alias"),
            "nick_name": text("Alias"),
            "name": text("Name"),
            "display_name": text("Name"),
            "given_name": text("FirstName"),
            "first_name": text("FirstName"),
            "family_name": text("LastName"),
            "last_name": text("LastName"),
            "email": text("Email"),
            "email_verified": true,
            "mobile_phone": text("MobilePhone"),
            "addr_country": text("Country"),
            "photos": { "picture": photo("F"), "thumbnail": photo("T") },
            "user_type": "STANDARD",
            "active": text("IsActive"),
            "language": text("LanguageLocaleKey"),
            "locale": text("LocaleSidKey"),
            "zoneinfo": text("TimeZoneSidKey"),
            "timezone": text("TimeZoneSidKey"),
            "utcOffset": 3_600_000,
            "last_modified_date": text("LastModifiedDate"),
            "updated_at": text("LastModifiedDate"),
            "is_app_installed": true,
            "urls": urls(home, caller),
        }),
    ))
}

fn urls(home: &Home, caller: &Caller) -> Value {
    let base = &home.base;
    let versioned = |name: &str| format!("{base}/services/{name}");
    json!({
        "enterprise": versioned("Soap/c/{version}"),
        "partner": versioned("Soap/u/{version}"),
        "metadata": versioned("Soap/m/{version}"),
        "rest": versioned("data/v{version}/"),
        "sobjects": versioned("data/v{version}/sobjects/"),
        "query": versioned("data/v{version}/query/"),
        "search": versioned("data/v{version}/search/"),
        "recent": versioned("data/v{version}/recent/"),
        "profile": format!("{base}/{}", caller.id),
    })
}
