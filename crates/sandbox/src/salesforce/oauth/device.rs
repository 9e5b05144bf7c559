//! Consent for a device without a browser: it shows a code, which somebody types into a page elsewhere. In
//! come the device's requests and the page's forms; out go codes and pages, and who a device acts for. It must
//! not know tokens.

use serde_json::{Value, json};

use super::{Consent, Step, is_client, is_fresh, page as pages, scopes, step, sweep, text};
use crate::{
    call::{Answer, Call, Method},
    database::StoreError,
    salesforce::{login::No, session::Home},
    sign,
    store::Tx,
};

const DEVICES: &str = "salesforce-device";
/// How long a device's codes are good, in milliseconds: ten minutes.
const LIFE: i64 = 10 * 60 * 1000;
/// How long a device waits between two looks, in seconds.
const INTERVAL: i64 = 5;

/// Answers `response_type=device_code` at the token address.
pub(crate) fn begin(
    home: &Home,
    tx: &Tx<'_>,
    form: &[(String, String)],
) -> Result<Result<Answer, No>, StoreError> {
    let asked = is_client(home, text(form, "client_id"))
        .and_then(|client| Ok((client, scopes(text(form, "scope"))?)));
    let (client, scope) = match asked {
        Ok(asked) => asked,
        Err(no) => return Ok(Err(no)),
    };
    sweep(tx, DEVICES, LIFE)?;
    let (code, shown) = (sign::token(), sign::short().to_uppercase());
    let kept = json!({
        "shown": shown, "client": client, "scope": scope, "made": tx.now_milliseconds(),
    });
    tx.put_doc(DEVICES, &code, &kept)?;
    let told = json!({
        "user_code": shown,
        "device_code": code,
        "verification_uri": format!("{}/setup/connect", home.base),
        "interval": INTERVAL,
    });
    Ok(Ok(Answer::json(200, told).with("Cache-Control", "no-store")))
}

/// Answers `/setup/connect`: `GET` begins, `POST` is the forms.
pub(crate) fn page(home: &Home, tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let form = call.form();
    let typed =
        text(&form, "user_code").or_else(|| call.parameter("user_code")).unwrap_or_default();
    let typed = typed.trim().to_uppercase();
    let field = pages::code_field(&typed);
    let target = "/setup/connect";
    if call.method == Method::Get {
        return Ok(pages::sign_in(target, None, None, &field));
    }
    let waiting = tx.docs(DEVICES)?.into_iter().find(|(_, kept)| {
        let is_shown = kept.get("shown").and_then(Value::as_str) == Some(typed.as_str());
        is_shown
            && is_fresh(tx, kept, LIFE)
            && kept.get("user").is_none()
            && kept.get("denied").is_none()
    });
    let Some((code, mut kept)) = waiting else {
        let wrong = "The code you entered is invalid or has expired.";
        return Ok(pages::sign_in(target, None, Some(wrong), &field));
    };
    let (said, name, value) = match step(home, tx, call)? {
        Step::SignIn(wrong) => return Ok(pages::sign_in(target, None, wrong, &field)),
        Step::Ask(ticket, who) => {
            let of = |name: &str| kept.get(name).and_then(Value::as_str).unwrap_or_default();
            return Ok(pages::consent(target, &ticket, &who, of("client"), of("scope"), &field));
        }
        Step::Allowed(user) => {
            ("You're connected. You can go back to your device.", "user", json!(user))
        }
        Step::Denied => ("You did not connect the device.", "denied", json!(true)),
    };
    if let Some(map) = kept.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
    tx.put_doc(DEVICES, &code, &kept)?;
    Ok(pages::said(200, said))
}

/// Whom a device acts for, if somebody has said so. A code that was answered is good once.
pub(crate) fn asked(
    tx: &Tx<'_>,
    client: &str,
    form: &[(String, String)],
) -> Result<Result<Consent, No>, StoreError> {
    let code = text(form, "code").unwrap_or_default();
    let kept = tx.doc(DEVICES, code)?.filter(|kept| {
        is_fresh(tx, kept, LIFE) && kept.get("client").and_then(Value::as_str) == Some(client)
    });
    let Some(kept) = kept else {
        return Ok(Err(No("invalid_grant", "invalid device code")));
    };
    if kept.get("denied").is_some() {
        return Ok(Err(No("access_denied", "end-user denied authorization")));
    }
    if kept.get("user").is_none() {
        return Ok(Err(No("authorization_pending", "user hasn't completed the verification yet")));
    }
    tx.drop_doc(DEVICES, code)?;
    Ok(Ok(Consent::of(&kept)))
}
