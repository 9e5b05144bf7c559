//! The token endpoint. In come codes, refresh tokens and secrets; out go access tokens for one resource, with
//! refresh and id tokens where they were asked for. It must not know pages.

use serde_json::{Value, json};

use super::{
    super::{
        Switch,
        auth::{self, Audience, Grant},
    },
    Answered, Asked, No, Pairs, PartnerHome, Permission, Person, application, code, device, form,
    granted, identity,
};
use crate::{call::Call, database::StoreError, store::Tx};

/// Who gets tokens, and what for.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) person: Person,
    pub(super) asked: Asked,
    pub(super) nonce: Option<String>,
}

/// Work that can be refused at the token endpoint.
pub(super) type Signing = Result<Result<Signed, No>, StoreError>;

/// Lets a refusal out of work that the store may also stop.
macro_rules! or_no {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(no) => return Ok(Err(no)),
        }
    };
}
pub(super) use or_no;

/// Answers `POST /{tenant}/oauth2/v2.0/token`, and the older `/{tenant}/oauth2/token`.
pub(super) fn token(
    home: &PartnerHome,
    tx: &Tx<'_>,
    call: &Call,
    tenant: &str,
    newer: bool,
) -> Answered {
    let form = form(call);
    let pairs = Pairs(&form);
    let grant = or_no!(pairs.need("grant_type"));
    or_no!(pairs.need("client_id").and_then(|id| application(home, id)));
    let is_confidential = or_no!(secret(home, pairs));
    let signed = match grant {
        "refresh_token" => refresh(home, tx, pairs, newer)?,
        "authorization_code" => code::redeem(tx, pairs, newer, is_confidential)?,
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
            device::poll(home, tx, pairs, newer)?
        }
        "client_credentials" => app_only(home, pairs, tenant, newer, is_confidential),
        "password" => Err(password(pairs)),
        other => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            Err(No::new("unsupported_grant_type", 70_003, text))
        }
    };
    let signed = or_no!(signed);
    Ok(Ok(granted(tokens(home, tx, &signed, is_confidential)?)))
}

/// Whether the application proved itself; a wrong secret is refused.
fn secret(home: &PartnerHome, pairs: Pairs<'_>) -> Result<bool, No> {
    match pairs.text("client_secret") {
        None => Ok(false),
        Some(given) if given == home.client_secret => Ok(true),
        Some(_) => {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client \
                 secret value, not the client secret ID, for a secret added to app '{}'.",
                home.client_id
            );
            Err(No::new("invalid_client", 7_000_215, text).with(401))
        }
    }
}

/// 401 for an application that has to prove itself.
pub(super) fn unproven() -> No {
    let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    No::new("invalid_client", 7_000_218, text).with(401)
}

fn refresh(home: &PartnerHome, tx: &Tx<'_>, pairs: Pairs<'_>, newer: bool) -> Signing {
    let given = or_no!(pairs.need("refresh_token"));
    let person = or_no!(auth::refreshed(tx, given)?.map_err(|gone| match gone {
        auth::Gone::Unknown => {
            let text = "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid.";
            No::new("invalid_grant", 70_000, text)
        }
        auth::Gone::Expired => {
            let text = "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.";
            No::new("invalid_grant", 700_082, text)
        }
        auth::Gone::Revoked => {
            let text = "The provided grant has expired due to it being revoked, a fresh auth token is needed. \
                        The user might have changed or reset their password.";
            No::new("invalid_grant", 50_173, text)
        }
    }));
    let mut asked = or_no!(Asked::read(pairs, newer));
    or_no!(needs_resource(&asked));
    asked.offline = true;
    if home.has(Switch::RefreshOnce) {
        auth::forget_refresh(tx, given)?;
    }
    Ok(Ok(Signed { person, asked, nonce: None }))
}

fn needs_resource(asked: &Asked) -> Result<(), No> {
    if asked.audience.is_some() || asked.newer {
        return Ok(());
    }
    Err(No::missing("resource"))
}

/// An application without a user: it must prove itself, in a directory that it names.
fn app_only(
    home: &PartnerHome,
    pairs: Pairs<'_>,
    tenant: &str,
    newer: bool,
    is_confidential: bool,
) -> Result<Signed, No> {
    if !is_confidential {
        return Err(unproven());
    }
    if matches!(tenant, "common" | "organizations") {
        let text = "No tenant-identifying information found in either the request or implied by any provided \
                    credentials.";
        return Err(No::new("invalid_request", 50_059, text));
    }
    let mut asked = Asked::read(pairs, newer)?;
    needs_resource(&asked)?;
    if asked.audience.is_none() || asked.permission == Permission::Named {
        let scope = pairs.text("scope").unwrap_or_default();
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope \
             value with /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(No::new("invalid_scope", 1_002_012, text));
    }
    (asked.offline, asked.openid) = (false, false);
    Ok(Signed { person: Person::app(&home.client_id), asked, nonce: None })
}

/// Every account needs a second factor, which this grant cannot ask for.
fn password(pairs: Pairs<'_>) -> No {
    let name = match pairs.need("username").and_then(|name| pairs.need("password").map(|_| name)) {
        Ok(name) => name,
        Err(no) => return no,
    };
    if Person::account(name).is_none() {
        let text = format!(
            "The user account {name} does not exist in the Sandbox Software GmbH directory. To sign into this \
             application, the account must be added to the directory."
        );
        return No::new("invalid_grant", 50_034, text);
    }
    let text = "Due to a configuration change made by your administrator, or because you moved to a new \
                location, you must use multi-factor authentication to access the resource.";
    No::new("invalid_grant", 50_076, text)
}

/// The answer with all tokens; the older endpoint writes its numbers as texts.
fn tokens(
    home: &PartnerHome,
    tx: &Tx<'_>,
    signed: &Signed,
    is_confidential: bool,
) -> Result<Value, StoreError> {
    let Signed { person, asked, nonce } = signed;
    let seconds = home.token_seconds;
    let expires = tx.now_milliseconds() + seconds * 1000;
    let audience = asked.audience.unwrap_or(Audience::Graph);
    let access =
        Grant { person, audience: Some(audience), expires: Some(expires), is_confidential };
    let number = |number: i64| if asked.newer { json!(number) } else { json!(number.to_string()) };
    let mut body = json!({
        "token_type": "Bearer",
        "scope": asked.scopes(),
        "expires_in": number(seconds),
        "ext_expires_in": number(seconds),
        "access_token": auth::grant_access(home, tx, &access)?,
    });
    let mut more = Vec::new();
    if !asked.newer {
        let now = tx.now_milliseconds() / 1000;
        more.push(("expires_on", number(now + seconds)));
        more.push(("not_before", number(now)));
        more.push(("resource", json!(audience.address())));
    }
    if asked.offline {
        more.push(("refresh_token", json!(auth::grant_refresh(tx, person)?)));
    }
    if asked.openid {
        let nonce = nonce.as_deref();
        more.push(("id_token", json!(identity::token(home, tx, person, asked.newer, nonce)?)));
    }
    if let Some(map) = body.as_object_mut() {
        map.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(body)
}
