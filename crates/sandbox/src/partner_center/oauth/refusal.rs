//! How the sign-in service says no. In come AADSTS numbers and texts; out go error bodies, or the pairs that
//! a redirect carries. It must not know what was asked.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    clock, sign,
    store::Tx,
};

/// Why a sign-in or a token was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct No {
    pub(super) status: u16,
    /// OAuth's word.
    pub(super) error: &'static str,
    pub(super) code: i64,
    pub(super) text: String,
}

impl No {
    /// 400 with OAuth's word and Entra's number and text.
    pub(super) fn new(error: &'static str, code: i64, text: impl Into<String>) -> Self {
        Self { status: 400, error, code, text: text.into() }
    }

    /// The same with another status.
    pub(super) fn with(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// 400 for a parameter that is missing.
    pub(super) fn missing(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, text)
    }

    /// Number and text in one.
    pub(super) fn description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    /// The error body.
    pub(super) fn answer(&self, base: &str, tx: &Tx<'_>, call: &Call) -> Answer {
        let (trace, correlation) = (sign::guid(), correlation(call));
        let now = clock::partner_center(tx.now_ticks());
        let (day, time) = (now.get(..10).unwrap_or(&now), now.get(11..19).unwrap_or_default());
        let at = format!("{day} {time}Z");
        let ids = format!("Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}");
        let mut body = json!({
            "error": self.error,
            "error_description": format!("{} {ids}", self.description()),
            "error_codes": [self.code],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{base}/error?code={}", self.code),
        });
        if let Some(map) = body.as_object_mut().filter(|_| self.code == 50_076) {
            map.insert("suberror".to_owned(), json!("basic_action"));
        }
        never_kept(Answer::json(self.status, body))
    }
}

fn correlation(call: &Call) -> String {
    call.header("client-request-id").map_or_else(sign::guid, str::to_owned)
}

/// An answer that nobody on the way keeps.
pub(super) fn never_kept(answer: Answer) -> Answer {
    answer.with("Cache-Control", "no-store, no-cache").with("Pragma", "no-cache")
}

/// A granted answer.
pub(super) fn granted(body: Value) -> Answer {
    never_kept(Answer::json(200, body))
}
