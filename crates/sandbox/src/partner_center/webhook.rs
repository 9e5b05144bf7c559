//! The webhooks host. In come registrations and test requests; out go what is registered and what became
//! of tests. It must not know referrals.

use serde_json::{Value, json};

use super::{
    PartnerHome, events,
    events::Registration,
    refusal::{Done, webhooks},
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
        (_, [] | ["events" | "validationEvents", ..]) => {
            Err(webhooks(405, "405", "The method is not supported here."))
        }
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
        map.shift_insert(0, "SubscriberId".to_owned(), json!(sign::guid()));
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
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(str::is_empty) {
        return Err(wrong("The webhook URL is not valid."));
    }
    let events: Vec<String> = given("WebhookEvents")
        .and_then(Value::as_array)
        .map(|events| events.iter().filter_map(|e| e.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    let is_known = |event: &String| EVENTS.iter().any(|known| known.eq_ignore_ascii_case(event));
    if events.is_empty() || !events.iter().all(is_known) {
        return Err(wrong("The webhook events are not valid."));
    }
    let aside = given("SignatureTokenToMsSignatureHeader").and_then(Value::as_bool);
    let registration =
        Registration { url: url.to_owned(), events, signature_aside: aside.unwrap_or(false) };
    events::register(tx, &registration)?;
    Ok(Answer::json(200, shown(&registration, true)))
}

fn test(tx: &Tx<'_>) -> Done<Answer> {
    let now = tx.now_milliseconds();
    let made = |kept: &Value| kept.get("made").and_then(Value::as_i64).unwrap_or_default();
    let recent = tx.docs(TESTS)?.iter().filter(|(_, kept)| made(kept) > now - 60_000).count();
    if recent >= TESTS_A_MINUTE {
        let body = json!({
            "statusCode": 429,
            "message": "Rate limit is exceeded. Try again in 60 seconds.",
        });
        return Ok(Answer::json(429, body).with("Retry-After", "60"));
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
        401 => "Unauthorized".to_owned(),
        403 => "Forbidden".to_owned(),
        404 => "NotFound".to_owned(),
        500 => "InternalServerError".to_owned(),
        503 => "ServiceUnavailable".to_owned(),
        other => other.to_string(),
    }
}

/// Forgets all tests.
pub(crate) fn forget_tests(tx: &Tx<'_>) -> Result<(), crate::database::StoreError> {
    tx.drop_docs(TESTS)
}
