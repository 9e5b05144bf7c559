//! Who somebody is, for applications that ask. In come people; out go signed id tokens, the key that proves
//! them, and where everything of the directory is. It must not know access tokens.

use serde_json::{Value, json};

use super::{PartnerHome, Person};
use crate::{database::StoreError, der, sign, store::Tx};

const KEPT: (&str, &str) = ("meta", "partner-id-key");

/// The signing key in PEM, made when the first one asks.
fn key(tx: &Tx<'_>) -> Result<String, StoreError> {
    if let Some(kept) = tx.doc(KEPT.0, KEPT.1)?.as_ref().and_then(Value::as_str) {
        return Ok(kept.to_owned());
    }
    // Without a key there is no signature, and whoever checks it says so.
    let made = sign::new_key_pem().unwrap_or_default();
    tx.put_doc(KEPT.0, KEPT.1, &json!(made))?;
    Ok(made)
}

/// What a key is called.
fn name(public: &[u8]) -> String {
    sign::fingerprint(public)
}

/// The keys of id tokens.
pub(super) fn keys(tx: &Tx<'_>) -> Result<Value, StoreError> {
    let public = sign::public_key(&key(tx)?).unwrap_or_default();
    let (modulus, exponent) = der::rsa_numbers(&public).unwrap_or_default();
    Ok(json!({ "keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": name(&public),
        "n": sign::base64_url(modulus),
        "e": sign::base64_url(exponent),
    }]}))
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
    let pem = key(tx)?;
    let public = sign::public_key(&pem).unwrap_or_default();
    let now = tx.now_milliseconds() / 1000;
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": name(&public) });
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
    let part = |value: &Value| sign::base64_url(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = sign::sign_with(&pem, signed.as_bytes()).unwrap_or_default();
    Ok(format!("{signed}.{}", sign::base64_url(&signature)))
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
