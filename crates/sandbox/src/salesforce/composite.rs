//! Several requests in one. In comes a composite body; out goes the answer of each part, all kept or all
//! undone when so asked. It must not know what the parts mean.

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Body, Call, Method},
    salesforce::{
        data,
        refusal::{Done, Refusal, Stop, Wrong, bad, not_found},
        session::{Session, parse_body},
    },
    store::End,
};

/// Most parts of a composite.
const MOST: usize = 25;
/// Most parts of a graph.
const MOST_OF_GRAPH: usize = 500;
/// Most queries and collections among them.
const MOST_HEAVY: usize = 5;
const HALTED: &str = "PROCESSING_HALTED";
const ROLLED_BACK: &str =
    "The transaction was rolled back since another operation in the same transaction failed.";

/// One part, read.
struct Part {
    method: Method,
    url: String,
    reference: String,
    body: Option<Value>,
    headers: Vec<(String, String)>,
}

/// One part's answer.
struct Outcome {
    reference: String,
    status: u16,
    headers: Map<String, Value>,
    body: Value,
}

impl Outcome {
    fn failed(&self) -> bool {
        self.status >= 300 && self.status != 304
    }

    fn halted(reference: &str, message: &str) -> Self {
        let body = json!([{ "errorCode": HALTED, "message": message }]);
        Self { reference: reference.to_owned(), status: 400, headers: Map::new(), body }
    }
}

/// `POST /composite`.
pub(crate) fn run(session: &Session<'_>) -> Done<Answer> {
    let body = parse_body(session.raw)?;
    let all_or_none = body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let parts = read(&body, MOST)?;
    let outcomes = carry_out(session, &parts, all_or_none)?;
    Ok(Answer::json(200, json!({ "compositeResponse": shown(outcomes) })))
}

/// One graph: all of it or nothing. Answers its parts' answers and whether it was done; `begin`: else every
/// part says that it was halted.
pub(crate) fn whole(session: &Session<'_>, graph: &Value, begin: bool) -> Done<(Vec<Value>, bool)> {
    let parts = read(graph, MOST_OF_GRAPH)?;
    let outcomes = if begin {
        carry_out(session, &parts, true)?
    } else {
        let halted = |part: &Part| Outcome::halted(&part.reference, ROLLED_BACK);
        parts.iter().map(halted).collect()
    };
    let done = !outcomes.iter().any(Outcome::failed);
    Ok((shown(outcomes), done))
}

fn carry_out(session: &Session<'_>, parts: &[Part], all_or_none: bool) -> Done<Vec<Outcome>> {
    session.tx.step::<_, Stop>(|| {
        let mut outcomes: Vec<Outcome> = Vec::new();
        for part in parts {
            let outcome = one(session, part, &outcomes)?;
            let failed = outcome.failed();
            outcomes.push(outcome);
            if failed && all_or_none {
                return Ok(End::Undo(halt(parts, outcomes)));
            }
        }
        Ok(End::Keep(outcomes))
    })
}

fn shown(outcomes: Vec<Outcome>) -> Vec<Value> {
    let shown = outcomes.into_iter().map(|outcome| {
        json!({
            "body": outcome.body,
            "httpHeaders": outcome.headers,
            "httpStatusCode": outcome.status,
            "referenceId": outcome.reference,
        })
    });
    shown.collect()
}

/// The last outcome stays; all others say that they were undone or not begun.
fn halt(parts: &[Part], mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let mut failed = outcomes.pop();
    parts
        .iter()
        .filter_map(|part| match &failed {
            Some(outcome) if outcome.reference == part.reference => failed.take(),
            Some(_) | None => Some(Outcome::halted(&part.reference, ROLLED_BACK)),
        })
        .collect()
}

fn invalid(message: impl Into<String>) -> Stop {
    bad(Wrong::new("INVALID_INPUT", message))
}

fn read(body: &Value, most: usize) -> Done<Vec<Part>> {
    let Some(given) = body.get("compositeRequest").and_then(Value::as_array) else {
        return Err(invalid("compositeRequest must be a list of subrequests"));
    };
    if given.len() > most {
        let message = format!("Limit exceeded: {most} subrequests at most in a composite request");
        return Err(bad(Wrong::new("LIMIT_EXCEEDED", message)));
    }
    let mut parts: Vec<Part> = Vec::new();
    for part in given {
        let text = |name: &str| part.get(name).and_then(Value::as_str);
        let (Some(method), Some(url), Some(reference)) =
            (text("method"), text("url"), text("referenceId"))
        else {
            return Err(invalid("each subrequest needs method, url and referenceId"));
        };
        if reference.is_empty()
            || !reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(invalid(format!("Invalid reference id: {reference}")));
        }
        if parts.iter().any(|other| other.reference == reference) {
            return Err(invalid(format!("Duplicate reference id: {reference}")));
        }
        let headers = part.get("httpHeaders").and_then(Value::as_object);
        parts.push(Part {
            method: Method::parse(method),
            url: url.to_owned(),
            reference: reference.to_owned(),
            body: part.get("body").filter(|body| !body.is_null()).cloned(),
            headers: headers.map(read_headers).unwrap_or_default(),
        });
    }
    let heavy =
        |part: &&Part| part.url.contains("/query") || part.url.contains("/composite/sobjects");
    if parts.iter().filter(heavy).count() > MOST_HEAVY {
        let message = format!("Limit exceeded: {MOST_HEAVY} queries or collections at most");
        return Err(bad(Wrong::new("LIMIT_EXCEEDED", message)));
    }
    Ok(parts)
}

fn read_headers(headers: &Map<String, Value>) -> Vec<(String, String)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
        .collect()
}

/// Carries out one part, undoing it alone when it fails.
fn one(session: &Session<'_>, part: &Part, before: &[Outcome]) -> Done<Outcome> {
    let filled = fill_text(&part.url, before).and_then(|url| {
        let body = part.body.as_ref().map(|body| fill(body, before)).transpose()?;
        Ok((url, body))
    });
    let (url, body) = match filled {
        Ok(filled) => filled,
        Err(message) => return Ok(Outcome::halted(&part.reference, &message)),
    };
    let raw = body.map(|body| body.to_string()).unwrap_or_default();
    let call = Call::new(part.method, &url, part.headers.clone(), Vec::new());
    let answer = session.tx.step::<_, Stop>(|| match inner(session, &call, &raw) {
        Ok(answer) if answer.is_success() => Ok(End::Keep(answer)),
        Ok(answer) => Ok(End::Undo(answer)),
        Err(Stop::Refused(refusal)) => Ok(End::Undo(refusal.answer())),
        Err(stop @ Stop::Store(_)) => Err(stop),
    })?;
    let headers = answer.headers.iter().filter(|(name, _)| name == "Location");
    Ok(Outcome {
        reference: part.reference.clone(),
        status: answer.status,
        headers: headers.map(|(name, value)| (name.clone(), json!(value))).collect(),
        body: match answer.body {
            Body::Json(body) => body,
            Body::Empty | Body::Bytes(..) => Value::Null,
        },
    })
}

fn inner(session: &Session<'_>, call: &Call, raw: &str) -> Done<Answer> {
    let parts = call.parts();
    let ["services", "data", version, rest @ ..] = parts.as_slice() else {
        return Err(not_found());
    };
    let version = super::version(version).ok_or_else(not_found)?;
    let is_allowed = matches!(
        rest,
        ["query" | "queryAll" | "sobjects" | "limits", ..] | ["composite", "sobjects" | "tree", ..]
    );
    if !is_allowed {
        let message =
            format!("The resource is not allowed in a composite request: {}", call.target);
        return Err(Refusal::new(400, Wrong::new("INVALID_INPUT", message)).into());
    }
    // A part's own headers count for it; the others are those of the whole request.
    let origin = super::origin(call, "rest", version);
    let origin =
        if call.header("sforce-call-options").is_some() { &origin } else { session.origin };
    let allow_save = session.allow_save || super::allows_save(call);
    data::dispatch(&Session { allow_save, version, raw, origin, ..*session }, call, rest)
}

/// Puts values in the place of references, at any depth.
fn fill(value: &Value, before: &[Outcome]) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => {
            let whole = text.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}'));
            match whole.filter(|path| !path.contains('{')) {
                Some(path) => look_up(path, before)?,
                None => Value::String(fill_text(text, before)?),
            }
        }
        Value::Array(items) => {
            items.iter().map(|item| fill(item, before)).collect::<Result<_, _>>()?
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| Ok((key.clone(), fill(value, before)?)));
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

fn fill_text(text: &str, before: &[Outcome]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once("@{") {
        let Some((path, after)) = after.split_once('}') else {
            break;
        };
        out.push_str(plain);
        match look_up(path, before)? {
            Value::String(text) => out.push_str(&text),
            other => out.push_str(&other.to_string()),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of `ref.id` or `ref.records[0].Id` in the answers so far.
fn look_up(path: &str, before: &[Outcome]) -> Result<Value, String> {
    let mut steps = path.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let reference = steps.next().unwrap_or_default();
    let missing =
        || format!("Invalid reference specified. No value for {path} found in {reference}");
    let outcome = before
        .iter()
        .find(|outcome| outcome.reference == reference && !outcome.failed())
        .ok_or_else(missing)?;
    let mut here = &outcome.body;
    for step in steps {
        let next = match here {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|place| items.get(place)),
            Value::Object(map) => map.get(step),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        here = next.ok_or_else(missing)?;
    }
    Ok(here.clone())
}
