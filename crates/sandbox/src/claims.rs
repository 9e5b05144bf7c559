//! What is said of people to applications, signed. In come claims; out go JSON web tokens, and the keys that
//! prove them. It must not know what is claimed.

use serde_json::{Value, json};

use crate::{database::StoreError, der, sign, store::Tx};

/// The signing key of a name in PEM, made when the first one asks.
fn key(tx: &Tx<'_>, named: &str) -> Result<String, StoreError> {
    if let Some(kept) = tx.doc("meta", named)?.as_ref().and_then(Value::as_str) {
        return Ok(kept.to_owned());
    }
    // Without a key there is no signature, and whoever checks it says so.
    let made = sign::new_key_pem().unwrap_or_default();
    tx.put_doc("meta", named, &json!(made))?;
    Ok(made)
}

/// What a key is called.
fn id(public: &[u8]) -> String {
    sign::fingerprint(public)
}

/// The key of a name as others check signatures by it: a JSON web key set.
pub(crate) fn keys(tx: &Tx<'_>, named: &str) -> Result<Value, StoreError> {
    let public = sign::public_key(&key(tx, named)?).unwrap_or_default();
    let (modulus, exponent) = der::rsa_numbers(&public).unwrap_or_default();
    Ok(json!({ "keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": id(&public),
        "n": sign::base64_url(modulus),
        "e": sign::base64_url(exponent),
    }]}))
}

/// A token with these claims, signed by the key of a name.
pub(crate) fn token(tx: &Tx<'_>, named: &str, claims: &Value) -> Result<String, StoreError> {
    let pem = key(tx, named)?;
    let public = sign::public_key(&pem).unwrap_or_default();
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": id(&public) });
    let part = |value: &Value| sign::base64_url(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = sign::sign_with(&pem, signed.as_bytes()).unwrap_or_default();
    Ok(format!("{signed}.{}", sign::base64_url(&signature)))
}
