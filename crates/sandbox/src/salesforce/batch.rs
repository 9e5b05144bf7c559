//! Requests that have nothing to do with one another, sent together. In comes a batch; out goes the status
//! and the result of each. It must not know what the parts mean.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Body, Call, Method},
    salesforce::{
        data,
        refusal::{Done, Refusal, Stop, Wrong, bad, not_found},
        session::{Session, parse_body},
        version,
    },
    store::End,
};

/// Most parts of a batch.
const MOST: usize = 25;

/// `POST /composite/batch`.
pub(crate) fn run(session: &Session<'_>) -> Done<Answer> {
    let body = parse_body(session.raw)?;
    let Some(parts) = body.get("batchRequests").and_then(Value::as_array) else {
        return Err(bad(Wrong::new("INVALID_INPUT", "batchRequests must be a list")));
    };
    if parts.len() > MOST {
        let message = format!("Limit exceeded: {MOST} subrequests at most in a batch request");
        return Err(bad(Wrong::new("LIMIT_EXCEEDED", message)));
    }
    let halts = body.get("haltOnError").and_then(Value::as_bool).unwrap_or(false);
    let mut results = Vec::new();
    let mut failed = false;
    for part in parts {
        let answer = if failed && halts {
            let message = "Batch processing halted per request";
            Refusal::new(412, Wrong::new("BATCH_PROCESSING_HALTED", message)).answer()
        } else {
            one(session, part)?
        };
        // Each part is a transaction of its own to those who subscribe.
        session.tx.seal_changes()?;
        failed |= !answer.is_success();
        let result = match answer.body {
            Body::Json(result) => result,
            Body::Empty | Body::Bytes(..) => Value::Null,
        };
        results.push(json!({ "statusCode": answer.status, "result": result }));
    }
    Ok(Answer::json(200, json!({ "hasErrors": failed, "results": results })))
}

/// Carries out one part, undoing it alone when it fails.
fn one(session: &Session<'_>, part: &Value) -> Done<Answer> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let (Some(method), Some(url)) = (text("method"), text("url")) else {
        return Err(bad(Wrong::new("INVALID_INPUT", "each subrequest needs method and url")));
    };
    let raw = part.get("richInput").filter(|body| !body.is_null());
    let raw = raw.map(ToString::to_string).unwrap_or_default();
    let call = Call::new(Method::parse(method), url, Vec::new(), Vec::new());
    session.tx.step::<_, Stop>(|| match inner(session, &call, &raw) {
        Ok(answer) if answer.is_success() => Ok(End::Keep(answer)),
        Ok(answer) => Ok(End::Undo(answer)),
        Err(Stop::Refused(refusal)) => Ok(End::Undo(refusal.answer())),
        Err(stop @ Stop::Store(_)) => Err(stop),
    })
}

/// Addresses begin with the version, or with all that stands before it.
fn inner(session: &Session<'_>, call: &Call, raw: &str) -> Done<Answer> {
    let parts = call.parts();
    let (["services", "data", word, rest @ ..] | [word, rest @ ..]) = parts.as_slice() else {
        return Err(not_found());
    };
    let version = version(word).ok_or_else(not_found)?;
    if !matches!(rest, ["query" | "queryAll" | "search" | "sobjects" | "limits", ..]) {
        let message = format!("The resource is not allowed in a batch request: {}", call.target);
        return Err(bad(Wrong::new("INVALID_INPUT", message)));
    }
    data::dispatch(&Session { version, raw, ..*session }, call, rest)
}
