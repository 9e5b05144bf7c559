//! What the real systems say when they fail. In come a system and a kind of fault; out goes the answer in that
//! system's shape, if there is one. It must not know calls.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Body},
    fault::Kind,
    serve::System,
};

/// What is answered in place of the call's own answer; `None`: the fault has no answer of its own.
pub(crate) fn answer(system: System, kind: Kind, retry_after: Option<i64>) -> Option<Answer> {
    let answer = match kind {
        Kind::Status(status) => by_status(system, status, retry_after),
        Kind::Html => page(system),
        Kind::ExpiredToken => by_status(system, 401, None),
        Kind::DailyLimit => limit("TotalRequests Limit exceeded."),
        Kind::ConcurrentLimit => limit("ConcurrentPerOrgLongTxn Limit exceeded."),
        Kind::LockRow => Answer::json(400, json!([lock_row("errorCode")])),
        Kind::SlowHeader
        | Kind::SlowBody
        | Kind::CutBody
        | Kind::Close
        | Kind::AppliedThenClose
        | Kind::Reset
        | Kind::AppliedThenReset
        | Kind::Timeout
        | Kind::AppliedThenTimeout
        | Kind::WrongType
        | Kind::DuplicateReply
        | Kind::AppliedTwice
        | Kind::PartialBatch
        | Kind::StaleRead => return None,
    };
    Some(match retry_after {
        Some(seconds) => answer.with("Retry-After", seconds.to_string()),
        None => answer,
    })
}

fn limit(message: &str) -> Answer {
    Answer::json(403, json!([{ "message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED" }]))
}

/// A row that somebody else holds; the code's key is another one in collections.
pub(crate) fn lock_row(code: &str) -> Value {
    json!({
        "message": "unable to obtain exclusive access to this record or 1 records",
        code: "UNABLE_TO_LOCK_ROW",
        "fields": [],
    })
}

/// A page for people with status 200, as sign-in pages and front doors send.
fn page(system: System) -> Answer {
    let title = match system {
        System::Salesforce | System::PubSub => "Login",
        System::PartnerCenter | System::Webhooks | System::Admin => "Sign in to your account",
    };
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><form method=\"post\"><input name=\"un\"></form></body>\n</html>\n"
    );
    let body = Body::Bytes("text/html; charset=utf-8", html.into_bytes());
    Answer { status: 200, headers: Vec::new(), body }
}

fn by_status(system: System, status: u16, retry_after: Option<i64>) -> Answer {
    match system {
        System::Salesforce | System::PubSub | System::Admin => salesforce(status),
        System::PartnerCenter | System::Webhooks if status == 429 => {
            let wait = retry_after.unwrap_or(1);
            let message = format!("Rate limit is exceeded. Try again in {wait} seconds.");
            Answer::json(429, json!({ "statusCode": 429, "message": message }))
        }
        System::PartnerCenter => partner_center(status),
        System::Webhooks => {
            let description = match status {
                401 => "The token is not valid.",
                403 => "The caller is not authorized to access the resource.",
                404 => "Nothing is served at this address.",
                409 => "The resource was changed by another request.",
                503 => "The service is temporarily unavailable.",
                status if status < 500 => "The request is not valid.",
                _ => "An unexpected error occurred.",
            };
            let code = status.to_string();
            let body = json!({ "code": code, "description": description, "data": [], "source": "Webhooks" });
            Answer::json(status, body)
        }
    }
}

fn salesforce(status: u16) -> Answer {
    let (code, message) = match status {
        400 => return Answer::json(400, json!([lock_row("errorCode")])),
        401 => ("INVALID_SESSION_ID", "Session expired or invalid"),
        403 => return limit("TotalRequests Limit exceeded."),
        404 => ("NOT_FOUND", "The requested resource does not exist"),
        409 => (
            "CONFLICT",
            "The request couldn't be completed due to a conflict with the current state of the resource",
        ),
        412 => (
            "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE",
            "Record has been modified since the time given in If-Unmodified-Since",
        ),
        429 => ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        503 => ("SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
        _ => ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    };
    Answer::json(status, json!([{ "message": message, "errorCode": code }]))
}

fn partner_center(status: u16) -> Answer {
    let denied = "Caller is not authorized to access the resource.";
    let (code, message, inner) = match status {
        401 => ("unauthenticated", denied, ("invalidToken", "The token has expired.")),
        403 => ("accessDenied", denied, ("insufficientClaims", "The token lacks a claim.")),
        404 => (
            "itemNotFound",
            "The referral was not found.",
            ("notFound", "No referral with this id."),
        ),
        409 => (
            "resourceModified",
            "The resource was changed by another request.",
            ("conflict", "Read the resource again."),
        ),
        412 => (
            "preconditionFailed",
            "The precondition of the request was not met.",
            ("resourceModified", "The eTag does not match."),
        ),
        503 => (
            "serviceNotAvailable",
            "The service is not available.",
            ("unavailable", "Try again later."),
        ),
        status if status < 500 => (
            "invalidRequest",
            "The request is not valid.",
            ("invalid", "The request is not valid."),
        ),
        _ => (
            "generalException",
            "An unexpected error occurred.",
            ("internalError", "An unexpected error occurred."),
        ),
    };
    let body = json!({ "error": {
        "code": code,
        "message": message,
        "target": "referral",
        "innerError": { "code": inner.0, "message": inner.1 },
    }});
    let answer = Answer::json(status, body);
    if status == 401 {
        return answer.with("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    }
    answer
}
