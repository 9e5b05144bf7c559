//! How version 1.0 of the interface is written, as XML and as JSON. In come infos, ids and refusals; out go
//! answers. It must not know what jobs do.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Body, Call},
    salesforce::{refusal::Refusal, xml},
};

const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";
const XML: &str = "application/xml";

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Xml,
    Json,
}

impl Face {
    /// The form that a caller writes in, or asks for.
    pub(super) fn of(call: &Call) -> Self {
        let says = |header: &str| {
            call.header(header)
                .is_some_and(|text| text.trim_start().starts_with("application/json"))
        };
        if says("content-type") || says("accept") { Self::Json } else { Self::Xml }
    }

    /// The form of answers about a job: that of its content, where that is JSON.
    pub(super) fn about(self, job: &Value) -> Self {
        match job.get("contentType").and_then(Value::as_str) {
            Some("JSON") => Self::Json,
            Some(_) | None => self,
        }
    }

    /// A member of what a caller sent.
    pub(super) fn read(self, raw: &str, name: &str) -> String {
        match self {
            Self::Xml => xml::element(raw, name).unwrap_or_default(),
            Self::Json => {
                let read: Value = serde_json::from_str(raw).unwrap_or_default();
                match read.get(name) {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Number(number)) => number.to_string(),
                    Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_))
                    | None => String::new(),
                }
            }
        }
    }

    /// What is told of a job or a batch.
    pub(super) fn info(self, status: u16, name: &str, info: &Value) -> Answer {
        match self {
            Self::Xml => document(status, name, &members(info)),
            Self::Json => Answer::json(status, info.clone()),
        }
    }

    /// What is told of a job's batches.
    pub(super) fn batches(self, infos: &[Value]) -> Answer {
        match self {
            Self::Xml => {
                let each =
                    infos.iter().map(|info| format!("<batchInfo>{}</batchInfo>", members(info)));
                document(200, "batchInfoList", &each.collect::<String>())
            }
            Self::Json => Answer::json(200, json!({ "batchInfo": infos })),
        }
    }

    /// The ids of a query's results.
    pub(super) fn results(self, ids: &[&str]) -> Answer {
        match self {
            Self::Xml => {
                let each = ids.iter().map(|id| format!("<result>{id}</result>"));
                document(200, "result-list", &each.collect::<String>())
            }
            Self::Json => Answer::json(200, json!(ids)),
        }
    }

    /// Why a call was refused.
    pub(super) fn refused(self, refusal: &Refusal) -> Answer {
        let (code, message) = match refusal.wrongs.first() {
            Some(wrong) => (wrong.code, wrong.message.as_str()),
            None => ("Unknown", ""),
        };
        let error = json!({ "exceptionCode": code, "exceptionMessage": message });
        match self {
            Self::Xml => document(refusal.status, "error", &members(&error)),
            Self::Json => Answer::json(refusal.status, error),
        }
    }
}

fn document(status: u16, name: &str, inside: &str) -> Answer {
    let text = format!("{}<{name} xmlns=\"{NAMESPACE}\">{inside}</{name}>", xml::HEAD);
    Answer { status, headers: Vec::new(), body: Body::Bytes(XML, text.into_bytes()) }
}

/// An element for each member; times end in `Z` here.
fn members(info: &Value) -> String {
    let element = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::Null => return String::new(),
            Value::String(text) => match text.strip_suffix("+0000") {
                Some(time) => format!("{time}Z"),
                None => xml::escape(text),
            },
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                value.to_string()
            }
        };
        format!("<{name}>{text}</{name}>")
    };
    info.as_object().into_iter().flatten().map(element).collect()
}
