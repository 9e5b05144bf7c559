//! The webhooks host. In come registrations and test requests; out go what is registered and what became
//! of tests. It must not know referrals.

use serde_json::{Value, json};

use super::{
    PartnerHome, events,
    events::Registration,
    headers, refusal,
    refusal::{Done, webhooks, webhooks_wrong_method},
};
use crate::{
    call::{Answer, Call, Method},
    clock, sign,
    store::Tx,
};

/// Events that can be registered for.
const EVENTS: [&str; 6] = [
    "referral-created",
    "referral-updated",
    "related-referral-created",
    "related-referral-updated",
    "test-created",
    "subscription-updated",
];
const TESTS: &str = "webhook-test";
/// Tests allowed in a minute.
const TESTS_A_MINUTE: usize = 2;

/// How long the outcome of a test is kept, in milliseconds: seven days.
const TEST_LIFE: i64 = 7 * 24 * 3600 * 1000;

/// Answers calls below `/webhooks/v1/registration`; `rest` is what follows.
pub(crate) fn dispatch(
    home: &PartnerHome,
    tx: &Tx<'_>,
    call: &Call,
    rest: &[&str],
) -> Done<Answer> {
    headers::check(call, refusal::webhooks_unfit)?;
    match (call.method, rest) {
        (Method::Get, ["events"]) => Ok(Answer::json(200, json!(EVENTS))),
        (Method::Get, []) => match events::registration(tx)? {
            Some(registration) => Ok(Answer::json(200, shown(&registration, false))),
            None => Err(none()),
        },
        (Method::Post, []) => register(tx, call),
        (Method::Put, []) => {
            if events::registration(tx)?.is_none() {
                return Err(none());
            }
            register(tx, call)
        }
        (Method::Post, ["validationEvents"]) => test(tx),
        (Method::Get, ["validationEvents", id]) => outcome(home, tx, id),
        (_, []) => Err(webhooks_wrong_method("GET, POST, PUT")),
        (_, ["events"] | ["validationEvents", _]) => Err(webhooks_wrong_method("GET")),
        (_, ["validationEvents"]) => Err(webhooks_wrong_method("POST")),
        (_, _) => Err(webhooks(404, "404", "Nothing is served at this address.")),
    }
}

fn none() -> super::refusal::Stop {
    webhooks(404, "2001", "There is no webhook registration.")
}

fn shown(registration: &Registration, with_subscriber: bool) -> Value {
    let mut shown = json!({
        "WebhookUrl": registration.url,
        "WebhookEvents": registration.events,
    });
    if let Some(map) = shown.as_object_mut().filter(|_| with_subscriber) {
        map.shift_insert(0, "SubscriberId".to_owned(), json!(registration.subscriber));
    }
    shown
}

fn register(tx: &Tx<'_>, call: &Call) -> Done<Answer> {
    let wrong = |description: &str| webhooks(400, "2000", description);
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|_| wrong("The body is not JSON."))?;
    let given = |name: &str| {
        let entries = body.as_object().into_iter().flatten();
        entries.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let url = given("WebhookUrl").and_then(Value::as_str).unwrap_or_default();
    if !is_address(url) {
        return Err(wrong("The webhook URL is not valid."));
    }
    let names = given("WebhookEvents").and_then(Value::as_array);
    let named = |event: &Value| {
        let event = event.as_str()?;
        EVENTS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(event))
            .map(|known| (*known).to_owned())
    };
    let events: Option<Vec<String>> = names.and_then(|names| names.iter().map(named).collect());
    let Some(events) = events.filter(|events| !events.is_empty()) else {
        return Err(wrong("The webhook events are not valid."));
    };
    let signature_aside = match given("SignatureTokenToMsSignatureHeader") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(aside)) => *aside,
        Some(_) => return Err(wrong("SignatureTokenToMsSignatureHeader is true or false.")),
    };
    // Who subscribes stays the same, whatever it registers.
    let before = events::registration(tx)?.map(|before| before.subscriber);
    let subscriber = before.filter(|id| !id.is_empty()).unwrap_or_else(sign::guid);
    let registration = Registration { url: url.to_owned(), events, signature_aside, subscriber };
    events::register(tx, &registration)?;
    Ok(Answer::json(200, shown(&registration, true)))
}

/// Whether a text is an address that webhooks can go to: absolute, with a host, and without a user.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain
        && host.is_some_and(|host| {
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
                Some(_) | None => (host, None),
            };
            let has_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
            !name.is_empty() && has_port && !host.contains('@')
        })
}

fn test(tx: &Tx<'_>) -> Done<Answer> {
    let now = tx.now_milliseconds();
    let made = |kept: &Value| kept.get("made").and_then(Value::as_i64).unwrap_or_default();
    let tests = tx.docs(TESTS)?;
    let recent =
        tests.iter().map(|(_, kept)| made(kept)).filter(|at| *at > now - 60_000 && *at <= now);
    let recent: Vec<i64> = recent.collect();
    if let (true, Some(oldest)) = (recent.len() >= TESTS_A_MINUTE, recent.iter().min()) {
        let wait = (oldest + 60_000 - now + 999).div_euclid(1000).max(1);
        let message = format!("Rate limit is exceeded. Try again in {wait} seconds.");
        let body = json!({ "statusCode": 429, "message": message });
        return Ok(Answer::json(429, body).with("Retry-After", wait.to_string()));
    }
    let correlation = sign::guid();
    let uri = format!(
        "http://api.partnercenter.microsoft.com/webhooks/v1/registration/validationEvents/{correlation}"
    );
    let Some(registration) = events::registration(tx)? else {
        return Err(none());
    };
    if !events::send(tx, "test-created", "test", &uri, Some(correlation.clone()))? {
        return Err(webhooks(400, "2002", "The test-created event is not registered."));
    }
    let kept =
        json!({ "made": now, "url": registration.url, "status": "inprogress", "results": [] });
    tx.put_doc(TESTS, &correlation, &kept)?;
    Ok(Answer::json(200, json!({ "correlationId": correlation })))
}

fn outcome(home: &PartnerHome, tx: &Tx<'_>, id: &str) -> Done<Answer> {
    let kept = tx.doc(TESTS, id)?.filter(|kept| {
        let made = kept.get("made").and_then(Value::as_i64).unwrap_or_default();
        tx.now_milliseconds() < made + TEST_LIFE
    });
    let Some(kept) = kept else {
        return Err(webhooks(404, "2003", "There is no validation event with this id."));
    };
    let part = |name: &str| kept.get(name).cloned().unwrap_or_default();
    Ok(Answer::json(
        200,
        json!({
            "correlationId": id,
            "partnerId": home.organization().0,
            "status": part("status"),
            "callbackUrl": part("url"),
            "results": part("results"),
        }),
    ))
}

/// Notes one attempt to deliver a test: the receiver's status, or `None` when nothing answered.
pub(crate) fn note(
    tx: &Tx<'_>,
    correlation: &str,
    status: Option<u16>,
    is_last: bool,
) -> Result<(), crate::database::StoreError> {
    let Some(mut kept) = tx.doc(TESTS, correlation)? else {
        return Ok(());
    };
    let result = json!({
        "responseCode": status.map_or_else(|| "NoResponse".to_owned(), word),
        "responseMessage": "",
        "systemError": status.is_none(),
        "dateTimeUtc": clock::partner_center(tx.now_ticks()).trim_end_matches('Z'),
    });
    if let Some(results) = kept.get_mut("results").and_then(Value::as_array_mut) {
        results.push(result);
    }
    if let Some(map) = kept.as_object_mut().filter(|_| is_last) {
        map.insert("status".to_owned(), json!("completed"));
    }
    tx.put_doc(TESTS, correlation, &kept)
}

fn word(status: u16) -> String {
    match status {
        200 => "OK".to_owned(),
        202 => "Accepted".to_owned(),
        204 => "NoContent".to_owned(),
        301 => "MovedPermanently".to_owned(),
        302 => "Redirect".to_owned(),
        307 => "TemporaryRedirect".to_owned(),
        400 => "BadRequest".to_owned(),
        401 => "Unauthorized".to_owned(),
        403 => "Forbidden".to_owned(),
        404 => "NotFound".to_owned(),
        408 => "RequestTimeout".to_owned(),
        410 => "Gone".to_owned(),
        415 => "UnsupportedMediaType".to_owned(),
        429 => "TooManyRequests".to_owned(),
        502 => "BadGateway".to_owned(),
        504 => "GatewayTimeout".to_owned(),
        500 => "InternalServerError".to_owned(),
        503 => "ServiceUnavailable".to_owned(),
        other => other.to_string(),
    }
}

/// Forgets all tests.
pub(crate) fn forget_tests(tx: &Tx<'_>) -> Result<(), crate::database::StoreError> {
    tx.drop_docs(TESTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_absolute() {
        for fine in [
            "https://a.example/hook?x=1",
            "http://127.0.0.1:8080",
            "https://[::1]:1/",
            "http://[::1]",
        ] {
            assert!(is_address(fine), "{fine}");
        }
        for bad in [
            "",
            "nowhere",
            "ftp://a/",
            "https://",
            "https:///x",
            "https://a b/",
            "http://:80/",
            "http://a:port/",
            "http://a:99999/",
            "http://u@a/",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
