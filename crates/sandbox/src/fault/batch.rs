//! Batches of which some fail. In comes a call of many rows or parts and a chance; out go the call with the
//! rest of them, and how their answers and the failures become one answer. It must not know rows.

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Body, Call, Method},
    fault::{answers::lock_row, mix},
};

/// What is carried out of a batch, and what is not.
#[derive(Debug)]
pub(crate) struct Part {
    /// The call with what is carried out; `None`: all or nothing was asked for, so nothing is.
    pub(crate) call: Option<Call>,
    shape: Shape,
    /// For each item, whether it fails.
    fails: Vec<bool>,
    /// What composites call their parts.
    names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A list of results for `records` or `ids`.
    Collection,
    /// `compositeResponse`.
    Composite,
}

/// Whether the call has several items that can fail one by one.
pub(crate) fn is_batch(call: &Call) -> bool {
    items(call).is_some_and(|(_, items)| items.len() > 1)
}

/// The shape, and the items as JSON.
fn items(call: &Call) -> Option<(Shape, Vec<Value>)> {
    let parts = call.parts();
    let ["services", "data", _, "composite", rest @ ..] = parts.as_slice() else {
        return None;
    };
    let list = |key: &str| {
        let body: Value = serde_json::from_slice(&call.body).ok()?;
        body.get(key)?.as_array().cloned()
    };
    match (call.method, rest) {
        (Method::Post, []) => Some((Shape::Composite, list("compositeRequest")?)),
        (Method::Post | Method::Patch, ["sobjects"]) | (Method::Patch, ["sobjects", _, _]) => {
            Some((Shape::Collection, list("records")?))
        }
        (Method::Delete, ["sobjects"]) => {
            let ids = call.parameter("ids")?.split(',').map(|id| json!(id)).collect();
            Some((Shape::Collection, ids))
        }
        (_, _) => None,
    }
}

/// Chooses the items that fail: some, and not all. `None`: the call is no batch.
pub(crate) fn fail_some(call: &Call, roll: u64) -> Option<Part> {
    let (shape, items) = items(call)?;
    let count = u64::try_from(items.len()).ok().filter(|count| *count > 1)?;
    let mut fails: Vec<bool> = (0..count).map(|place| mix(roll, place).is_multiple_of(2)).collect();
    let all_alike = fails.iter().all(|fails| *fails) || !fails.iter().any(|fails| *fails);
    if let Some(one) = usize::try_from(roll % count).ok().and_then(|one| fails.get_mut(one))
        && all_alike
    {
        *one = !*one;
    }
    let kept: Vec<Value> = items
        .iter()
        .zip(&fails)
        .filter(|(_, fails)| !**fails)
        .map(|(item, _)| item.clone())
        .collect();
    let name = |item: &Value| item.get("referenceId").and_then(Value::as_str).map(str::to_owned);
    let names = items.iter().map(|item| name(item).unwrap_or_default()).collect();
    let call = (!all_or_none(call)).then(|| with(call, shape, kept));
    Some(Part { call, shape, fails, names })
}

fn all_or_none(call: &Call) -> bool {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    call.parameter("allOrNone") == Some("true")
        || body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false)
}

/// The call with other items.
fn with(call: &Call, shape: Shape, items: Vec<Value>) -> Call {
    if call.method == Method::Delete {
        let ids: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        let path = call.target.split('?').next().unwrap_or_default();
        let target = format!("{path}?allOrNone=false&ids={}", ids.join(","));
        return Call::new(call.method, &target, call.headers.clone(), Vec::new());
    }
    let mut body: Map<String, Value> = serde_json::from_slice(&call.body).unwrap_or_default();
    let key = match shape {
        Shape::Collection => "records",
        Shape::Composite => "compositeRequest",
    };
    body.insert(key.to_owned(), Value::Array(items));
    let bytes = Value::Object(body).to_string().into_bytes();
    Call::new(call.method, &call.target, call.headers.clone(), bytes)
}

impl Part {
    /// One answer of the answers to what was carried out, if anything was, and the failures.
    pub(crate) fn join(&self, done: Option<Answer>) -> Answer {
        let (headers, answers) = match done {
            None => (Vec::new(), None),
            Some(Answer { status: 200, headers, body: Body::Json(body) }) => {
                let list = match self.shape {
                    Shape::Collection => body.as_array(),
                    Shape::Composite => body.get("compositeResponse").and_then(Value::as_array),
                };
                (headers, Some(list.cloned().unwrap_or_default()))
            }
            // What failed as a whole failed as a whole.
            Some(other) => return other,
        };
        let mut answers = answers.map(Vec::into_iter);
        let all = self.fails.iter().zip(&self.names).map(|(fails, name)| {
            match answers.as_mut().filter(|_| !fails) {
                Some(answers) => answers.next().unwrap_or_default(),
                None if *fails => self.failed(name),
                None => self.rolled_back(name),
            }
        });
        let all = Value::Array(all.collect());
        let body = match self.shape {
            Shape::Collection => all,
            Shape::Composite => json!({ "compositeResponse": all }),
        };
        Answer { status: 200, headers, body: Body::Json(body) }
    }

    fn failed(&self, name: &str) -> Value {
        match self.shape {
            Shape::Collection => json!({ "success": false, "errors": [lock_row("statusCode")] }),
            Shape::Composite => json!({
                "body": [lock_row("errorCode")],
                "httpHeaders": {},
                "httpStatusCode": 400,
                "referenceId": name,
            }),
        }
    }

    fn rolled_back(&self, name: &str) -> Value {
        match self.shape {
            Shape::Collection => json!({ "success": false, "errors": [{
                "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "message": "Record rolled back because not all records were valid and the request was \
                            using AllOrNone header",
                "fields": [],
            }]}),
            Shape::Composite => json!({
                "body": [{
                    "errorCode": "PROCESSING_HALTED",
                    "message": "The transaction was rolled back since another operation in the same \
                                transaction failed.",
                }],
                "httpHeaders": {},
                "httpStatusCode": 400,
                "referenceId": name,
            }),
        }
    }
}
