//! The ways to sign in that need more than the application's secret: signed assertions and passwords. In
//! come claims, names and passwords; out go users, or why not. It must not know HTTP.

use serde_json::{Value, json};

use crate::{
    database::StoreError,
    der,
    salesforce::session::Home,
    sign::{self, SignError},
    store::{Pick, Tx},
};

/// The grant type of a signed assertion.
pub(crate) const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const KEPT: (&str, &str) = ("meta", "salesforce-login");
/// Keys that tests registered for the connected application.
const CERTIFICATES: &str = "salesforce-certificate";
/// Hosts that an assertion may be meant for besides this one.
const LOGIN_HOSTS: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

/// What people and applications sign in with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Login {
    /// The password of every user.
    pub(crate) password: String,
    /// What may follow the password, as from outside a trusted network.
    pub(crate) security_token: String,
    /// The connected application's private key in PEM, for whoever signs assertions.
    pub(crate) private_key: String,
    /// Its public half.
    pub(crate) public_key: Vec<u8>,
    /// Whether passwords are taken at all.
    pub(crate) by_password: bool,
    /// The addresses of this host.
    pub(crate) hosts: Vec<String>,
}

/// Why a sign-in was refused: OAuth's word and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct No(pub(crate) &'static str, pub(crate) &'static str);

/// The id of the user who signed in, or why nobody did.
pub(crate) type Granted = Result<Result<String, No>, StoreError>;

fn invalid(description: &'static str) -> No {
    No("invalid_grant", description)
}

/// Makes the secrets the first time, and reads them later.
pub(crate) fn prepare(
    tx: &Tx<'_>,
    hosts: &[String],
    by_password: bool,
) -> Result<Result<Login, SignError>, StoreError> {
    let kept = match tx.doc(KEPT.0, KEPT.1)? {
        Some(kept) => kept,
        None => match sign::new_key_pem() {
            Ok(private_key) => {
                let made = json!({
                    "password": sign::token(),
                    "security_token": sign::short(),
                    "private_key": private_key,
                });
                tx.put_doc(KEPT.0, KEPT.1, &made)?;
                made
            }
            Err(error) => return Ok(Err(error)),
        },
    };
    let text = |name: &str| kept.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let private_key = text("private_key");
    let Some(public_key) = sign::public_key(&private_key) else {
        return Ok(Err(SignError::Unusable));
    };
    Ok(Ok(Login {
        password: text("password"),
        security_token: text("security_token"),
        private_key,
        public_key,
        by_password,
        hosts: hosts.to_vec(),
    }))
}

/// Lets assertions be signed by another key too: that of a certificate, or a public key, in PEM. `false`:
/// the text is neither.
pub(crate) fn register(tx: &Tx<'_>, pem: &str) -> Result<bool, StoreError> {
    let Some((label, bytes)) = sign::from_pem(pem) else {
        return Ok(false);
    };
    let key = match label {
        "CERTIFICATE" => der::key_of_certificate(&bytes),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Some(bytes.as_slice()),
        _ => None,
    };
    let Some(key) = key else {
        return Ok(false);
    };
    let number = tx.next(CERTIFICATES)?;
    tx.put_doc(CERTIFICATES, &format!("{number:06}"), &json!(sign::base64_url(key)))?;
    Ok(true)
}

/// The user of a signed assertion (a JSON web token, RS256).
pub(crate) fn by_assertion(home: &Home, tx: &Tx<'_>, assertion: &str) -> Granted {
    let mut parts = assertion.split('.');
    let (Some(head), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(Err(invalid("invalid assertion")));
    };
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&sign::from_base64_url(part)?).ok()
    };
    let (Some(head), Some(read), Some(signature)) =
        (json(head), json(claims), sign::from_base64_url(signature))
    else {
        return Ok(Err(invalid("invalid assertion")));
    };
    if head.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Ok(Err(invalid("algorithm type not supported")));
    }
    let claim = |name: &str| read.get(name).and_then(Value::as_str).unwrap_or_default();
    if claim("iss") != home.client_id {
        return Ok(Err(No("invalid_client_id", "client identifier invalid")));
    }
    let signed = assertion.rsplit_once('.').map_or("", |(signed, _)| signed);
    if !is_signed(home, tx, signed, &signature)? {
        return Ok(Err(invalid("invalid assertion")));
    }
    if !is_meant_for_us(home, read.get("aud").unwrap_or(&Value::Null)) {
        return Ok(Err(invalid("audience is invalid")));
    }
    let expires = read.get("exp").and_then(whole);
    if expires.is_none_or(|expires| expires <= tx.now_milliseconds() / 1000) {
        return Ok(Err(invalid("expired authorization code")));
    }
    let user = user_named(tx, claim("sub"))?;
    Ok(user.ok_or_else(|| invalid("user hasn't approved this consumer")))
}

/// Whole seconds; some clients send them as text.
fn whole(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    text.split('.').next()?.parse().ok()
}

fn is_signed(home: &Home, tx: &Tx<'_>, signed: &str, signature: &[u8]) -> Result<bool, StoreError> {
    let fits = |key: &[u8]| sign::verifies(key, signed.as_bytes(), signature);
    if fits(&home.login.public_key) {
        return Ok(true);
    }
    let others = tx.docs(CERTIFICATES)?;
    let mut others = others.iter().filter_map(|(_, key)| sign::from_base64_url(key.as_str()?));
    Ok(others.any(|key| fits(&key)))
}

fn is_meant_for_us(home: &Home, audience: &Value) -> bool {
    let is_ours = |name: &str| {
        let name = name.trim_end_matches('/');
        let of_host = |host: &String| {
            name.strip_prefix(host.as_str()).is_some_and(|p| p.is_empty() || p.starts_with('/'))
        };
        LOGIN_HOSTS.contains(&name) || home.login.hosts.iter().any(of_host)
    };
    match audience {
        Value::String(name) => is_ours(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is_ours),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The user of a name and a password.
pub(crate) fn by_password(home: &Home, tx: &Tx<'_>, name: &str, password: &str) -> Granted {
    let login = &home.login;
    let rest = password.strip_prefix(login.password.as_str());
    let fits = rest.is_some_and(|rest| rest.is_empty() || rest == login.security_token);
    let user = if fits { user_named(tx, name)? } else { None };
    Ok(user.ok_or_else(|| invalid("authentication failure - Invalid Password")))
}

/// The active user of a name, in any case.
fn user_named(tx: &Tx<'_>, name: &str) -> Result<Option<String>, StoreError> {
    let users = tx.rows("User", &Pick::All)?;
    let found = users.into_iter().filter(|user| !user.deleted).map(|user| user.body).find(|user| {
        let named = user.get("Username").and_then(Value::as_str);
        named.is_some_and(|named| named.eq_ignore_ascii_case(name))
            && user.get("IsActive") == Some(&Value::Bool(true))
    });
    Ok(found.and_then(|user| user.get("Id")?.as_str().map(str::to_owned)))
}
