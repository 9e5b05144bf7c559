//! Consent by browser: the pages, and the code that goes back to the application. In come requests for
//! authorization and forms; out go pages and redirects, and who a code is of. It must not know tokens.

use serde_json::{Value, json};

use super::{Consent, LIFE, Step, is_client, is_fresh, page, scopes, step, sweep, text};
use crate::{
    call::{Answer, Call, Method},
    database::StoreError,
    html::encode,
    salesforce::{login::No, session::Home},
    sign,
    store::Tx,
};

const CODES: &str = "salesforce-code";
/// Where people can be sent back to besides this machine.
const SUCCESS: &str = "/services/oauth2/success";

/// What an application asks for, after a look at it.
struct Request {
    client: String,
    scope: String,
}

/// Answers `…/services/oauth2/authorize`: `GET` begins, `POST` is the forms.
pub(crate) fn authorize(home: &Home, tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let pairs = &call.query;
    let client = match is_client(home, text(pairs, "client_id")) {
        Ok(client) => client,
        Err(No(error, description)) => return Ok(page::wrong(error, description)),
    };
    // Who does not know where to send people back gets a page.
    let to = match text(pairs, "redirect_uri") {
        Some(to) if is_registered(home, to) => to,
        Some(_) => {
            let description = "redirect_uri must match configuration";
            return Ok(page::wrong("redirect_uri_mismatch", description));
        }
        None => return Ok(page::wrong("redirect_uri_missing", "redirect_uri not provided")),
    };
    let state = text(pairs, "state");
    let refuse = |No(error, description): No| {
        send_back(to, &[("error", error), ("error_description", description)], state)
    };
    let request = match request(client, call) {
        Ok(request) => request,
        Err(no) => return Ok(refuse(no)),
    };
    if call.method == Method::Get {
        return Ok(page::sign_in(&call.target, text(pairs, "login_hint"), None, ""));
    }
    Ok(match step(home, tx, call)? {
        Step::SignIn(wrong) => page::sign_in(&call.target, None, wrong, ""),
        Step::Ask(ticket, who) => {
            page::consent(&call.target, &ticket, &who, &request.client, &request.scope, "")
        }
        Step::Denied => refuse(No("access_denied", "end-user denied authorization")),
        Step::Allowed(user) => {
            sweep(tx, CODES, LIFE)?;
            let code = format!("aPrx{}", sign::token());
            let kept = json!({
                "user": user,
                "client": request.client,
                "scope": request.scope,
                "to": to,
                "challenge": text(pairs, "code_challenge"),
                "nonce": text(pairs, "nonce"),
                "made": tx.now_milliseconds(),
            });
            tx.put_doc(CODES, &code, &kept)?;
            send_back(to, &[("code", &code)], state)
        }
    })
}

fn request(client: String, call: &Call) -> Result<Request, No> {
    let pairs = &call.query;
    if text(pairs, "response_type") != Some("code") {
        return Err(No("unsupported_response_type", "response type must be code"));
    }
    let is_challenge = |text: &str| {
        text.len() == 43
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let challenge = text(pairs, "code_challenge");
    let is_known = matches!(text(pairs, "code_challenge_method"), None | Some("S256"));
    if !is_known || challenge.is_some_and(|text| !is_challenge(text)) {
        return Err(No("invalid_request", "invalid code challenge"));
    }
    let scope = scopes(text(pairs, "scope"))?;
    if matches!(text(pairs, "prompt"), Some("none")) || text(pairs, "immediate") == Some("true") {
        return Err(No("immediate_unsuccessful", "user is not logged in"));
    }
    Ok(Request { client, scope })
}

/// Whether people may be sent to an address: one of this machine, at any port, or Salesforce's own.
fn is_registered(home: &Home, to: &str) -> bool {
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic()) && !to.contains(['#', '\\', '@']);
    let is_here = ["http", "https"].iter().any(|scheme| {
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
            let rest = to.strip_prefix(&format!("{scheme}://{host}"));
            rest.is_some_and(|rest| {
                let authority = rest.split(['/', '?']).next().unwrap_or_default();
                let digits = authority.strip_prefix(':');
                authority.is_empty() || digits.is_some_and(|port| port.parse::<u16>().is_ok())
            })
        })
    });
    let hosts = ["https://login.salesforce.com", "https://test.salesforce.com"];
    let own = [home.base.as_str()].into_iter().chain(hosts);
    let is_success = own.into_iter().any(|host| to.strip_prefix(host) == Some(SUCCESS));
    is_plain && (is_here || is_success)
}

fn send_back(to: &str, told: &[(&str, &str)], state: Option<&str>) -> Answer {
    let told = told.iter().copied().chain(state.map(|state| ("state", state)));
    let pairs: Vec<String> =
        told.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let sign = if to.contains('?') { '&' } else { '?' };
    Answer::empty(302)
        .with("Location", format!("{to}{sign}{}", pairs.join("&")))
        .with("Cache-Control", "no-store")
}

/// Who a code is of. It is good once, for 15 minutes, for the application and the address that it was made
/// for, and for whoever knows the verifier.
pub(crate) fn redeem(
    tx: &Tx<'_>,
    client: &str,
    form: &[(String, String)],
) -> Result<Result<Consent, No>, StoreError> {
    let invalid = |description| Ok(Err(No("invalid_grant", description)));
    let code = text(form, "code").unwrap_or_default();
    let Some(kept) = tx.doc(CODES, code)? else {
        return invalid("invalid authorization code");
    };
    let of = |name: &str| kept.get(name).and_then(Value::as_str);
    if kept.get("spent").is_some() || !is_fresh(tx, &kept, LIFE) {
        return invalid("expired authorization code");
    }
    if of("client") != Some(client) {
        return invalid("invalid authorization code");
    }
    if of("to") != text(form, "redirect_uri") {
        return Ok(Err(No("redirect_uri_mismatch", "redirect_uri must match configuration")));
    }
    let verifier =
        text(form, "code_verifier").map(|verifier| sign::sha256_url(verifier.as_bytes()));
    if of("challenge") != verifier.as_deref() {
        return invalid("invalid code verifier");
    }
    let mut spent = kept.clone();
    if let Some(map) = spent.as_object_mut() {
        map.insert("spent".to_owned(), json!(true));
    }
    tx.put_doc(CODES, code, &spent)?;
    Ok(Ok(Consent::of(&kept)))
}
