//! Faults on request. In come orders to fail and calls; out goes how a call is to fail, as often as
//! ordered. It must not know connections.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Method},
    database::StoreError,
    serve::System,
    store::{End, Store, Tx},
};

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Not carried out; answered with this status.
    Answer { status: u16, retry_after: Option<i64> },
    /// Not carried out; the connection is closed.
    Close,
    /// Carried out; the connection is closed in place of an answer.
    AppliedThenClose,
}

/// A fault that struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    /// `None`: the call is only slow.
    pub(crate) effect: Option<Effect>,
    pub(crate) delay_milliseconds: u64,
}

const KIND: &str = "fault";

/// Keeps an order; answers what is wrong with it otherwise.
pub(crate) fn order(tx: &Tx<'_>, given: &Value) -> Result<Result<(), &'static str>, StoreError> {
    let system = given.get("system").and_then(Value::as_str).unwrap_or_default();
    if System::faulty(system).is_none() {
        return Ok(Err("system must be salesforce, partner_center or webhooks"));
    }
    let delays = given.get("delay_ms").and_then(Value::as_u64).is_some();
    if effect(given).is_none() && !delays {
        return Ok(Err(
            "status must be a number from 400 to 599, or the word close or applied_then_close",
        ));
    }
    if given.get("times").is_some_and(|times| times.as_i64().is_none_or(|times| times < 1)) {
        return Ok(Err("times must be a number from 1"));
    }
    let number = tx.next(KIND)?;
    tx.put_doc(KIND, &format!("{number:012}"), given)?;
    Ok(Ok(()))
}

/// All orders not used up yet.
pub(crate) fn armed(tx: &Tx<'_>) -> Result<Vec<Value>, StoreError> {
    Ok(tx.docs(KIND)?.into_iter().map(|(_, fault)| fault).collect())
}

/// Forgets all orders.
pub(crate) fn disarm(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.drop_docs(KIND)
}

/// The fault that strikes this call, if any, which is then used up once more.
pub(crate) fn strike(
    store: &Store,
    system: System,
    call: &Call,
) -> Result<Option<Strike>, StoreError> {
    store.transaction::<_, StoreError>(|tx| {
        for (id, mut fault) in tx.docs(KIND)? {
            if !fits(&fault, system, call) {
                continue;
            }
            let number = |name: &str| fault.get(name).and_then(Value::as_i64);
            let (after, times) = (number("after").unwrap_or(0), number("times").unwrap_or(1));
            let delay = number("delay_ms").unwrap_or(0);
            let (name, left) = if after > 0 { ("after", after - 1) } else { ("times", times - 1) };
            if let Some(map) = fault.as_object_mut() {
                map.insert(name.to_owned(), json!(left));
            }
            if name == "times" && left < 1 {
                tx.drop_doc(KIND, &id)?;
            } else {
                tx.put_doc(KIND, &id, &fault)?;
            }
            if name == "after" {
                continue;
            }
            let delay_milliseconds = u64::try_from(delay).unwrap_or(0);
            return Ok(End::Keep(Some(Strike { effect: effect(&fault), delay_milliseconds })));
        }
        Ok(End::Keep(None))
    })
}

fn fits(fault: &Value, system: System, call: &Call) -> bool {
    let text = |name: &str| fault.get(name).and_then(Value::as_str);
    text("system").and_then(System::faulty) == Some(system)
        && text("method").is_none_or(|method| Method::parse(method) == call.method)
        && text("path_contains").is_none_or(|part| call.target.contains(part))
}

fn effect(fault: &Value) -> Option<Effect> {
    let flag = |name: &str| fault.get(name).and_then(Value::as_bool).unwrap_or(false);
    let word = fault.get("status").and_then(Value::as_str).unwrap_or_default();
    if word == "close" || flag("close") {
        return Some(Effect::Close);
    }
    if word == "applied_then_close" || flag("applied_then_close") {
        return Some(Effect::AppliedThenClose);
    }
    let status = fault.get("status").and_then(Value::as_u64)?;
    let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status))?;
    let retry_after = fault.get("retry_after").and_then(Value::as_i64);
    Some(Effect::Answer { status, retry_after })
}

/// What a system says with this status.
pub(crate) fn answer(system: System, status: u16, retry_after: Option<i64>) -> Answer {
    let wait = retry_after.unwrap_or(1);
    let throttled = json!({
        "statusCode": 429,
        "message": format!("Rate limit is exceeded. Try again in {wait} seconds."),
    });
    let body = match (system, status) {
        (System::PartnerCenter | System::Webhooks, 429) => throttled,
        (System::PartnerCenter, status) => {
            let code = match status {
                401 => "unauthenticated",
                403 => "accessDenied",
                404 => "itemNotFound",
                412 => "preconditionFailed",
                503 => "serviceNotAvailable",
                status if status < 500 => "invalidRequest",
                _ => "generalException",
            };
            json!({ "error": { "code": code, "message": "A fault was asked for.", "target": "fault" } })
        }
        (System::Webhooks, status) => json!({
            "code": status.to_string(),
            "description": "A fault was asked for.",
            "data": [],
            "source": "Fault",
        }),
        (System::Salesforce | System::Admin, status) => {
            let (code, message) = match status {
                401 => ("INVALID_SESSION_ID", "Session expired or invalid"),
                403 => ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
                503 => ("SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
                429 => ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
                400 => ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
                _ => ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
            };
            json!([{ "message": message, "errorCode": code }])
        }
    };
    let answer = Answer::json(status, body);
    match retry_after {
        Some(seconds) => answer.with("Retry-After", seconds.to_string()),
        None => answer,
    }
}
