//! Signing in for a program without a browser: it shows a code, somebody types it into a page elsewhere,
//! and the program asks until that is done. In come requests, forms and polls; out go codes, pages, and who
//! signed in. It must not know tokens.

use serde_json::{Value, json};

use super::{
    super::refusal::invalid,
    Answered, Asked, Done, No, Pairs, PartnerHome, Person, application,
    code::signed_in,
    form, granted,
    grants::{Signed, Signing, or_no},
    page,
};
use crate::{
    call::{Call, Method},
    clock,
    database::StoreError,
    sign,
    store::Tx,
};

const DEVICES: &str = "partner-device";
/// By the code that people type: the code of the device.
const TYPED: &str = "partner-device-typed";
/// How long a code is good, in seconds: fifteen minutes.
const LIFE: i64 = 900;

/// Answers `POST /{tenant}/oauth2/v2.0/devicecode`, and the older one.
pub(super) fn begin(home: &PartnerHome, tx: &Tx<'_>, call: &Call, newer: bool) -> Answered {
    let form = form(call);
    let pairs = Pairs(&form);
    or_no!(pairs.need("client_id").and_then(|id| application(home, id)));
    or_no!(Asked::read(pairs, newer));
    let (device, typed) = (sign::token(), typed());
    let kept = json!({
        "made": tx.now_milliseconds(),
        "newer": newer,
        "scope": pairs.text("scope"),
        "resource": pairs.text("resource"),
        "state": "pending",
        "interval": home.poll_seconds,
    });
    tx.put_doc(DEVICES, &device, &kept)?;
    tx.put_doc(TYPED, &typed, &json!(device))?;
    let page = format!("{}/common/oauth2/deviceauth", home.base);
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {typed} to authenticate."
    );
    let number = |number: i64| if newer { json!(number) } else { json!(number.to_string()) };
    let mut body = json!({
        "user_code": typed,
        "device_code": device,
        "expires_in": number(LIFE),
        "interval": number(home.poll_seconds),
        "message": message,
    });
    if let Some(map) = body.as_object_mut() {
        let name = if newer { "verification_uri" } else { "verification_url" };
        map.insert(name.to_owned(), json!(page));
    }
    Ok(Ok(granted(body)))
}

/// Nine letters and digits that cannot be taken for one another.
fn typed() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let random = sign::token().into_bytes();
    let letters =
        random.iter().take(9).filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
    letters.map(|letter| char::from(*letter)).collect()
}

/// Somebody types the code into a page and signs in.
pub(super) fn page(home: &PartnerHome, tx: &Tx<'_>, call: &Call) -> Answered {
    let given = if call.method == Method::Get { call.query.clone() } else { form(call) };
    let pairs = Pairs(&given);
    let show =
        |typed: Option<&str>, wrong: Option<&str>| Ok(Ok(page::device(&home.base, typed, wrong)));
    let typed = pairs.text("user_code").or_else(|| pairs.text("otc"));
    if call.method == Method::Get {
        return show(typed, None);
    }
    let Some(device) = device_of(tx, typed.unwrap_or_default())? else {
        return show(typed, Some("That code is not known, or has expired. Ask for another one."));
    };
    let person = if pairs.text("cancel").is_some() {
        None
    } else {
        let Some(person) = signed_in(pairs) else {
            return show(typed, Some("AADSTS50034: The account does not exist in the directory."));
        };
        Some(person)
    };
    settle(tx, &device, person.as_ref())?;
    let text = if person.is_some() {
        "You have signed in. You can close this page."
    } else {
        "You did not sign in. You can close this page."
    };
    Ok(Ok(page::said(text)))
}

/// The device that waits for a typed code.
fn device_of(tx: &Tx<'_>, typed: &str) -> Result<Option<String>, StoreError> {
    let typed: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    let Some(device) = tx.doc(TYPED, &typed.to_uppercase())? else { return Ok(None) };
    let device = device.as_str().unwrap_or_default().to_owned();
    let kept = tx.doc(DEVICES, &device)?.unwrap_or_default();
    let waits = kept.get("state") == Some(&json!("pending")) && !is_over(tx, &kept);
    Ok(waits.then_some(device))
}

/// Notes who signed in, or that nobody wants to.
fn settle(tx: &Tx<'_>, device: &str, person: Option<&Person>) -> Result<(), StoreError> {
    let mut kept = tx.doc(DEVICES, device)?.unwrap_or_default();
    if let Some(map) = kept.as_object_mut() {
        let state = if person.is_some() { "signed-in" } else { "declined" };
        map.insert("state".to_owned(), json!(state));
        if let Some(person) = person {
            map.insert("person".to_owned(), person.kept());
        }
    }
    tx.put_doc(DEVICES, device, &kept)
}

/// Signs in without a page, by an order such as `{"user_code": "…", "user": "partner", "mfa": true}`; with
/// `"decline": true` nobody signs in.
pub(in super::super) fn decide(tx: &Tx<'_>, given: &Value) -> Done<Value> {
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let flag = |name: &str, usual: bool| given.get(name).and_then(Value::as_bool).unwrap_or(usual);
    let device = device_of(tx, text("user_code"))?;
    let device = device.ok_or_else(|| {
        invalid("user_code", "notFound", "No device waits for this code; it may have expired.")
    })?;
    if flag("decline", false) {
        settle(tx, &device, None)?;
        return Ok(json!({ "state": "declined" }));
    }
    let name = given.get("user").and_then(Value::as_str).unwrap_or(super::super::PERSON);
    let person = Person::account(name)
        .ok_or_else(|| invalid("user", "notFound", "The directory has no such account."))?;
    let person = Person { mfa: flag("mfa", true), ..person };
    settle(tx, &device, Some(&person))?;
    Ok(json!({ "state": "signed-in", "user": person.user, "mfa": person.mfa }))
}

fn is_over(tx: &Tx<'_>, kept: &Value) -> bool {
    let made = kept.get("made").and_then(Value::as_i64).unwrap_or_default();
    tx.now_milliseconds() >= made + LIFE * 1000
}

/// Answers a device that asks whether somebody signed in. How often it asks follows the machine's clock,
/// how long its code is good that of the sandbox.
pub(super) fn poll(home: &PartnerHome, tx: &Tx<'_>, pairs: Pairs<'_>, newer: bool) -> Signing {
    // The older endpoint calls it a code.
    let code = or_no!(
        pairs
            .text("device_code")
            .or_else(|| pairs.text("code"))
            .ok_or_else(|| No::missing("device_code"))
    );
    let mut kept = or_no!(tx.doc(DEVICES, code)?.ok_or_else(|| {
        let text = "The provided value for the input parameter 'device_code' is not valid. Device codes \
                    supported by this service are not of this form.";
        No::new("bad_verification_code", 70_018, text)
    }));
    if is_over(tx, &kept) {
        tx.drop_doc(DEVICES, code)?;
        let error = if newer { "expired_token" } else { "code_expired" };
        let text = "The provided value for the input parameter 'device_code' is not valid. This device code has expired.";
        return Ok(Err(No::new(error, 70_020, text)));
    }
    let state = kept.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
    let text = |name: &str| kept.get(name).and_then(Value::as_str);
    match state.as_str() {
        "declined" => {
            let why = "The user declined to sign in on the device.";
            Ok(Err(No::new("authorization_declined", 70_017, why)))
        }
        "signed-in" => {
            let first: Vec<(String, String)> = ["scope", "resource"]
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), text(name)?.to_owned())))
                .collect();
            let was_newer = kept.get("newer").and_then(Value::as_bool).unwrap_or(newer);
            let mut asked = or_no!(Asked::read(Pairs(&first), was_newer));
            asked.newer = newer;
            let person = Person::of(&kept.get("person").cloned().unwrap_or_default());
            tx.drop_doc(DEVICES, code)?;
            Ok(Ok(Signed { person, asked, nonce: None }))
        }
        _ => {
            let no = wait(home, &mut kept);
            tx.put_doc(DEVICES, code, &kept)?;
            Ok(Err(no))
        }
    }
}

/// Not yet; and slower, for a device that asks sooner than it was told. Each time the wait grows.
fn wait(home: &PartnerHome, kept: &mut Value) -> No {
    let number = |name: &str| kept.get(name).and_then(Value::as_i64);
    let (now, last) = (clock::now_milliseconds(), number("asked"));
    let interval = number("interval").unwrap_or(home.poll_seconds);
    // A device's own timer may be a little early.
    let is_early = last.is_some_and(|last| now < last + interval * 1000 - 500);
    if let Some(map) = kept.as_object_mut() {
        map.insert("asked".to_owned(), json!(now));
        if is_early {
            map.insert("interval".to_owned(), json!(interval + 5));
        }
    }
    if is_early {
        let text = "The device asks too often. Wait five seconds more between two requests.";
        return No::new("slow_down", 70_016, text);
    }
    let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
    No::new("authorization_pending", 70_016, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_can_be_typed() {
        let codes: Vec<String> = (0..20).map(|_| typed()).collect();
        for code in &codes {
            assert_eq!(code.len(), 9);
            assert!(!code.contains(['0', 'O', '1', 'I']), "{code}");
        }
        assert_ne!(codes[0], codes[1]);
    }
}
