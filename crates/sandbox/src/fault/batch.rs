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
    items: Vec<Value>,
    /// Whether nothing is begun behind a failure.
    halts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A list of results for `records` or `ids`.
    Collection,
    /// `compositeResponse`.
    Composite,
    /// `results` of a batch, each with its status.
    Batch,
    /// `graphs`, each kept or undone as a whole.
    Graph,
    /// A tree: all or nothing.
    Tree,
}

impl Shape {
    /// What the list of items is called.
    fn key(self) -> &'static str {
        match self {
            Self::Collection | Self::Tree => "records",
            Self::Composite => "compositeRequest",
            Self::Batch => "batchRequests",
            Self::Graph => "graphs",
        }
    }
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
        (Method::Post, ["batch"]) => Some((Shape::Batch, list("batchRequests")?)),
        (Method::Post, ["graph"]) => Some((Shape::Graph, list("graphs")?)),
        (Method::Post, ["tree", _]) => Some((Shape::Tree, list("records")?)),
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
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(false);
    let halts = shape == Shape::Batch && flag("haltOnError");
    let all_or_none = call.parameter("allOrNone") == Some("true") || flag("allOrNone");
    let is_whole = shape == Shape::Tree || all_or_none;
    let pairs = || items.iter().zip(&fails);
    let begun = if halts { fails.iter().position(|fails| *fails) } else { None };
    let kept = pairs().take(begun.unwrap_or(usize::MAX)).filter(|(_, fails)| !**fails);
    let kept: Vec<Value> = kept.map(|(item, _)| item.clone()).collect();
    let call = (!is_whole).then(|| with(call, shape, kept));
    Some(Part { call, shape, fails, items, halts })
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
    body.insert(shape.key().to_owned(), Value::Array(items));
    let bytes = Value::Object(body).to_string().into_bytes();
    Call::new(call.method, &call.target, call.headers.clone(), bytes)
}

/// What a part of a composite is called.
fn name(item: &Value) -> &str {
    item.get("referenceId").and_then(Value::as_str).unwrap_or_default()
}

impl Part {
    /// One answer of the answers to what was carried out, if anything was, and the failures.
    pub(crate) fn join(&self, done: Option<Answer>) -> Answer {
        if self.shape == Shape::Tree {
            return self.tree();
        }
        let (headers, answers) = match done {
            None => (Vec::new(), None),
            Some(Answer { status: 200, headers, body: Body::Json(body) }) => {
                let list = match self.shape {
                    Shape::Collection | Shape::Tree => body.as_array(),
                    Shape::Composite => body.get("compositeResponse").and_then(Value::as_array),
                    Shape::Batch => body.get("results").and_then(Value::as_array),
                    Shape::Graph => body.get("graphs").and_then(Value::as_array),
                };
                (headers, Some(list.cloned().unwrap_or_default()))
            }
            // What failed as a whole failed as a whole.
            Some(other) => return other,
        };
        let mut answers = answers.map(Vec::into_iter);
        let mut is_halted = false;
        let all = self.fails.iter().zip(&self.items).map(|(fails, item)| {
            if is_halted {
                return halted();
            }
            is_halted = self.halts && *fails;
            match answers.as_mut().filter(|_| !fails) {
                Some(answers) => answers.next().unwrap_or_default(),
                None if *fails => self.failed(item),
                None => self.rolled_back(item),
            }
        });
        let all = Value::Array(all.collect());
        let body = match self.shape {
            Shape::Collection | Shape::Tree => all,
            Shape::Composite => json!({ "compositeResponse": all }),
            Shape::Batch => json!({ "hasErrors": true, "results": all }),
            Shape::Graph => json!({ "graphs": all }),
        };
        Answer { status: 200, headers, body: Body::Json(body) }
    }

    /// A tree tells the rows that failed, and none is made.
    fn tree(&self) -> Answer {
        let failed = self.items.iter().zip(&self.fails).filter(|(_, fails)| **fails);
        let results: Vec<Value> = failed
            .map(|(item, _)| {
                let reference = item.pointer("/attributes/referenceId").cloned();
                json!({
                    "referenceId": reference.unwrap_or_default(),
                    "errors": [lock_row("statusCode")],
                })
            })
            .collect();
        Answer::json(400, json!({ "hasErrors": true, "results": results }))
    }

    fn failed(&self, item: &Value) -> Value {
        match self.shape {
            Shape::Collection | Shape::Tree => {
                json!({ "success": false, "errors": [lock_row("statusCode")] })
            }
            Shape::Composite => of_composite(item, &lock_row("errorCode")),
            Shape::Batch => json!({ "statusCode": 400, "result": [lock_row("errorCode")] }),
            Shape::Graph => graph(item),
        }
    }

    fn rolled_back(&self, item: &Value) -> Value {
        match self.shape {
            Shape::Collection | Shape::Tree => json!({ "success": false, "errors": [{
                "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "message": "Record rolled back because not all records were valid and the request was \
                            using AllOrNone header",
                "fields": [],
            }]}),
            Shape::Composite | Shape::Batch | Shape::Graph => of_composite(item, &undone()),
        }
    }
}

fn of_composite(item: &Value, wrong: &Value) -> Value {
    json!({
        "body": [wrong],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": name(item),
    })
}

fn undone() -> Value {
    json!({
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction \
                    failed.",
    })
}

/// A graph whose first part failed, and the others with it.
fn graph(item: &Value) -> Value {
    let parts = item.get("compositeRequest").and_then(Value::as_array);
    let parts = parts.into_iter().flatten().enumerate().map(|(place, part)| {
        let wrong = if place == 0 { lock_row("errorCode") } else { undone() };
        of_composite(part, &wrong)
    });
    json!({
        "graphId": item.get("graphId").cloned().unwrap_or_default(),
        "graphResponse": { "compositeResponse": parts.collect::<Vec<_>>() },
        "isSuccessful": false,
    })
}

/// A part of a batch that was not begun.
fn halted() -> Value {
    json!({
        "statusCode": 412,
        "result": [{
            "errorCode": "BATCH_PROCESSING_HALTED",
            "message": "Batch processing halted per request",
        }],
    })
}
