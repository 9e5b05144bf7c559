//! Who somebody is, for applications that ask. In come people; out go signed id tokens, the key that proves
//! them, and where everything of the directory is. It must not know access tokens.

use serde_json::{Value, json};

use super::{PartnerHome, Person};
use crate::{claims, database::StoreError, sign, store::Tx};

const KEY: &str = "partner-id-key";

/// The keys of id tokens.
pub(super) fn keys(tx: &Tx<'_>) -> Result<Value, StoreError> {
    claims::keys(tx, KEY)
}

/// Who issues id tokens.
fn issuer(home: &PartnerHome, tenant: &str, newer: bool) -> String {
    if newer {
        format!("{}/{tenant}/v2.0", home.base)
    } else {
        format!("https://sts.windows.net/{tenant}/")
    }
}

/// A signed id token.
pub(super) fn token(
    home: &PartnerHome,
    tx: &Tx<'_>,
    person: &Person,
    newer: bool,
    nonce: Option<&str>,
) -> Result<String, StoreError> {
    let now = tx.now_milliseconds() / 1000;
    let claims = json!({
        "aud": home.client_id,
        "iss": issuer(home, &home.tenant, newer),
        "iat": now,
        "nbf": now,
        "exp": now + home.token_seconds,
        "amr": if person.mfa { json!(["pwd", "mfa"]) } else { json!(["pwd"]) },
        "name": person.user,
        "nonce": nonce,
        "oid": person.oid(),
        "sub": sign::fingerprint(person.user.as_bytes()),
        "tid": home.tenant,
        "preferred_username": person.address(),
        "upn": person.address(),
        "ver": if newer { "2.0" } else { "1.0" },
    });
    claims::token(tx, KEY, &claims)
}

/// Where everything is: `.well-known/openid-configuration`.
pub(super) fn discovery(home: &PartnerHome, tenant: &str, newer: bool) -> Value {
    let base = format!("{}/{tenant}", home.base);
    let version = if newer { "/v2.0" } else { "" };
    let at = |what: &str| format!("{base}/oauth2{version}/{what}");
    let of = if matches!(tenant, "common" | "organizations") { "{tenantid}" } else { &home.tenant };
    json!({
        "issuer": issuer(home, of, newer),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "device_authorization_endpoint": at("devicecode"),
        "jwks_uri": format!("{base}/discovery{version}/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nbf", "amr", "nonce", "name", "oid", "tid", "preferred_username", "ver"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    })
}
