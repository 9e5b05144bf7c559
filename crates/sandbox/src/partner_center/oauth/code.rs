//! Signing in with a browser: the page, the code that goes back to the application, and what it is good for.
//! In come requests for authorization and forms; out go pages, redirects, and who a code is of. It must not
//! know tokens.

use serde_json::{Value, json};

use super::{
    Answered, Asked, No, Pairs, PartnerHome, Person, application, form,
    grants::{Signed, Signing, or_no, unproven},
    page,
};
use crate::{
    call::{Answer, Call, Method},
    html, sign,
    store::Tx,
};

const CODES: &str = "partner-code";
/// How long a code is good, in milliseconds: ten minutes.
const LIFE: i64 = 10 * 60 * 1000;

/// How an answer goes back to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Query,
    Fragment,
    Form,
}

/// `GET` shows the page, `POST` is its form.
pub(super) fn authorize(home: &PartnerHome, tx: &Tx<'_>, call: &Call, newer: bool) -> Answered {
    let pairs = Pairs(&call.query);
    // Who does not know where to send people back gets a page.
    let to = match back(home, pairs) {
        Ok(to) => to,
        Err(no) => return Ok(Ok(page::wrong(&no.description()))),
    };
    let state = pairs.text("state");
    let mode = match pairs.text("response_mode") {
        None | Some("query") => Mode::Query,
        Some("fragment") => Mode::Fragment,
        Some("form_post") => Mode::Form,
        Some(_) => return Ok(Ok(page::wrong("AADSTS900144: The response_mode is not known."))),
    };
    let refuse = |no: &No| {
        let description = no.description();
        let told = [("error", no.error), ("error_description", &description)];
        Ok(Ok(send_back(to, mode, &told, state)))
    };
    if let Err(no) = wanted(pairs, newer) {
        return refuse(&no);
    }
    if call.method == Method::Get {
        if pairs.text("prompt") == Some("none") {
            let text = "Session information is not sufficient for single-sign-on.";
            return refuse(&No::new("login_required", 50_058, text));
        }
        return Ok(Ok(page::sign_in(&call.target, pairs.text("login_hint"), None)));
    }
    let form = form(call);
    let form = Pairs(&form);
    if form.text("cancel").is_some() {
        return refuse(&No::new(
            "access_denied",
            65_004,
            "User declined to consent to access the app.",
        ));
    }
    let Some(person) = signed_in(form) else {
        let text = "AADSTS50034: The account does not exist in the directory.";
        return Ok(Ok(page::sign_in(&call.target, None, Some(text))));
    };
    let code = format!("0.{}", sign::token());
    let kept = noted(tx, &person, pairs, to, newer);
    tx.put_doc(CODES, &code, &kept)?;
    let session = sign::guid();
    Ok(Ok(send_back(to, mode, &[("code", &code), ("session_state", &session)], state)))
}

/// What is kept of a request that somebody signed in for.
fn noted(tx: &Tx<'_>, person: &Person, pairs: Pairs<'_>, to: &str, newer: bool) -> Value {
    let mut kept = person.kept();
    let is_plain = pairs.text("code_challenge_method") != Some("S256");
    let more = [
        ("made", json!(tx.now_milliseconds())),
        ("to", json!(to)),
        ("newer", json!(newer)),
        ("scope", json!(pairs.text("scope"))),
        ("resource", json!(pairs.text("resource"))),
        ("challenge", json!(pairs.text("code_challenge"))),
        ("is_plain", json!(is_plain)),
        ("nonce", json!(pairs.text("nonce"))),
    ];
    if let Some(map) = kept.as_object_mut() {
        map.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    kept
}

/// The account of a sign-in form, and whether it used its second factor.
pub(super) fn signed_in(form: Pairs<'_>) -> Option<Person> {
    let person = Person::account(form.text("user")?)?;
    let mfa = form.text("mfa").is_some_and(|word| word != "no");
    Some(Person { mfa, ..person })
}

/// Where people are sent back to: to this machine at any port, as native applications register it.
fn back<'a>(home: &PartnerHome, pairs: Pairs<'a>) -> Result<&'a str, No> {
    pairs.need("client_id").and_then(|id| application(home, id))?;
    let to = pairs.need("redirect_uri")?;
    let is_native = to == "https://login.microsoftonline.com/common/oauth2/nativeclient";
    let is_here = ["http://localhost", "http://127.0.0.1", "http://[::1]"].iter().any(|host| {
        to.strip_prefix(host).is_some_and(|rest| {
            let (port, _) = rest.split_once('/').unwrap_or((rest, ""));
            let digits = port.strip_prefix(':');
            port.is_empty() || digits.is_some_and(|port| port.parse::<u16>().is_ok())
        })
    });
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic()) && !to.contains('#');
    if is_plain && (is_native || is_here) {
        return Ok(to);
    }
    let text = format!(
        "The redirect URI '{to}' specified in the request does not match the redirect URIs configured for the \
         application '{}'.",
        home.client_id
    );
    Err(No::new("invalid_request", 50_011, text))
}

fn wanted(pairs: Pairs<'_>, newer: bool) -> Result<(), No> {
    match pairs.text("response_type") {
        None => return Err(No::missing("response_type")),
        Some("code") => {}
        Some(other) => {
            let text = format!(
                "The provided value for the input parameter 'response_type' is not allowed: {other}."
            );
            return Err(No::new("unsupported_response_type", 70_005, text));
        }
    }
    let challenge = pairs.text("code_challenge");
    let is_challenge = |text: &str| {
        (43..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let is_known = matches!(pairs.text("code_challenge_method"), None | Some("plain" | "S256"));
    if !is_known || challenge.is_some_and(|text| !is_challenge(text)) {
        let text = "The size of the code_challenge parameter must be between 43 and 128 characters, and its \
                    method plain or S256.";
        return Err(No::new("invalid_request", 501_491, text));
    }
    Asked::read(pairs, newer).map(drop)
}

fn send_back(to: &str, mode: Mode, told: &[(&str, &str)], state: Option<&str>) -> Answer {
    let told: Vec<(&str, &str)> =
        told.iter().copied().chain(state.map(|state| ("state", state))).collect();
    if mode == Mode::Form {
        return page::hand_over(to, &told);
    }
    let pairs: Vec<String> =
        told.iter().map(|(name, value)| format!("{name}={}", html::encode(value))).collect();
    let sign = match mode {
        Mode::Fragment => '#',
        Mode::Query | Mode::Form if to.contains('?') => '&',
        Mode::Query | Mode::Form => '?',
    };
    Answer::empty(302).with("Location", format!("{to}{sign}{}", pairs.join("&")))
}

/// Who a code is of. A code is good once, for ten minutes, for the address that it was sent to, and for
/// whoever can prove to have asked for it.
pub(super) fn redeem(tx: &Tx<'_>, pairs: Pairs<'_>, newer: bool, is_confidential: bool) -> Signing {
    let code = or_no!(pairs.need("code"));
    let to = or_no!(pairs.need("redirect_uri"));
    let kept = or_no!(tx.doc(CODES, code)?.ok_or_else(|| {
        let text =
            "The provided value for the input parameter 'code' or 'refresh_token' is not valid.";
        No::new("invalid_grant", 70_000, text)
    }));
    let text = |name: &str| kept.get(name).and_then(Value::as_str);
    or_no!(fresh(tx, &kept));
    if text("to") != Some(to) {
        let why = "The reply URL specified in the request does not match the one that the code was sent to.";
        return Ok(Err(No::new("invalid_grant", 500_112, why)));
    }
    let is_plain = kept.get("is_plain").and_then(Value::as_bool).unwrap_or(false);
    or_no!(proven(text("challenge"), is_plain, pairs.text("code_verifier"), is_confidential));
    let mut spent = kept.clone();
    if let Some(map) = spent.as_object_mut() {
        map.insert("spent".to_owned(), json!(true));
    }
    tx.put_doc(CODES, code, &spent)?;
    let was_newer = kept.get("newer").and_then(Value::as_bool).unwrap_or(false);
    let first: Vec<(String, String)> = ["scope", "resource"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), text(name)?.to_owned())))
        .collect();
    // What is not said again is what was asked for at first.
    let says = pairs.text(if newer { "scope" } else { "resource" }).is_some();
    let mut asked = or_no!(Asked::read(if says { pairs } else { Pairs(&first) }, newer));
    if let Ok(before) = Asked::read(Pairs(&first), was_newer) {
        asked.offline |= before.offline;
        asked.openid |= before.openid;
        asked.audience = asked.audience.or(before.audience);
    }
    let nonce = text("nonce").map(str::to_owned);
    Ok(Ok(Signed { person: Person::of(&kept), asked, nonce }))
}

fn fresh(tx: &Tx<'_>, kept: &Value) -> Result<(), No> {
    if kept.get("spent").is_some() {
        let why = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use \
                   an existing refresh token.";
        return Err(No::new("invalid_grant", 54_005, why));
    }
    let made = kept.get("made").and_then(Value::as_i64).unwrap_or_default();
    if tx.now_milliseconds() >= made + LIFE {
        let why = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                   interactive authorization request for this user and resource.";
        return Err(No::new("invalid_grant", 70_008, why));
    }
    Ok(())
}

/// The verifier must fit the challenge; without a challenge only the secret proves the application.
fn proven(
    challenge: Option<&str>,
    is_plain: bool,
    verifier: Option<&str>,
    is_confidential: bool,
) -> Result<(), No> {
    let fits = match (challenge, verifier) {
        (None, None) => return if is_confidential { Ok(()) } else { Err(unproven()) },
        (Some(challenge), Some(verifier)) if is_plain => challenge == verifier,
        (Some(challenge), Some(verifier)) => challenge == sign::sha256_url(verifier.as_bytes()),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if fits {
        return Ok(());
    }
    let why = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
    Err(No::new("invalid_grant", 501_481, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge() {
        // The example of RFC 7636, appendix B.
        let (challenge, verifier) = (
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        );
        assert_eq!(proven(challenge, false, verifier, false), Ok(()));
        let code = |challenge, is_plain, verifier, secret| {
            proven(challenge, is_plain, verifier, secret).map_err(|no| no.code)
        };
        assert_eq!(code(challenge, true, verifier, true), Err(501_481));
        assert_eq!(code(challenge, false, None, true), Err(501_481));
        assert_eq!(code(None, false, verifier, true), Err(501_481));
        assert_eq!(code(None, false, None, false), Err(7_000_218));
        assert_eq!(code(None, false, None, true), Ok(()));
    }
}
