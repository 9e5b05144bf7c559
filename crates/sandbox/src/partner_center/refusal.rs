//! How Partner Center says no. In come what is wrong and where; out go error bodies of both its hosts. It
//! must not know how the wrong was found.

use serde_json::{Value, json};

use super::headers::Unfit;
use crate::{call::Answer, database::StoreError};

const CHALLENGE: &str = "Bearer error=\"invalid_token\"";

/// Why a piece of work stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(Box<Answer>),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The result of work that can be refused.
pub(crate) type Done<T> = Result<T, Stop>;

fn refuse(status: u16, body: Value) -> Stop {
    Stop::Refused(Box::new(Answer::json(status, body)))
}

fn referrals_error(code: &str, message: &str, target: &str, inner: (&str, &str)) -> Value {
    json!({ "error": {
        "code": code,
        "message": message,
        "target": target,
        "innerError": { "code": inner.0, "message": inner.1 },
    }})
}

/// The most characters of a message.
const LONGEST: usize = 1024;

/// 400 for a value or a change that is not allowed; `target` is a dotted path.
pub(crate) fn invalid(target: &str, code: &str, message: &str) -> Stop {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let (target, message) = (cut(target), cut(message));
    let why = "The request is not valid.";
    refuse(400, referrals_error("invalidRequest", why, &target, (code, &message)))
}

/// 401 for a call without a token that fits this host.
pub(crate) fn unauthenticated(message: &str) -> Stop {
    let inner = ("invalidToken", message);
    let caller = "Caller is not authorized to access the resource.";
    let body = referrals_error("unauthenticated", caller, "referral", inner);
    Stop::Refused(Box::new(Answer::json(401, body).with("WWW-Authenticate", CHALLENGE)))
}

/// 401 of the webhooks host.
pub(crate) fn webhooks_unauthenticated(message: &str) -> Stop {
    let body = json!({ "code": "401", "description": message, "data": [], "source": "Webhooks" });
    Stop::Refused(Box::new(Answer::json(401, body).with("WWW-Authenticate", CHALLENGE)))
}

/// 401 for a person who signed in without a second factor; it has no body.
pub(crate) fn without_mfa() -> Stop {
    Stop::Refused(Box::new(Answer::empty(401).with("WWW-Authenticate", CHALLENGE)))
}

/// 403 for a referral of another organisation.
pub(crate) fn denied(message: &str) -> Stop {
    let text = "Caller is not authorized to access the resource.";
    refuse(403, referrals_error("accessDenied", text, "referral", ("notOwner", message)))
}

/// 404 for a referral that is not there.
pub(crate) fn not_found() -> Stop {
    let inner = ("notFound", "No referral with this id.");
    refuse(404, referrals_error("itemNotFound", "The referral was not found.", "referral", inner))
}

/// 404 for an address without a resource.
pub(crate) fn no_address() -> Stop {
    let inner = ("notFound", "Nothing is served at this address.");
    refuse(404, referrals_error("itemNotFound", "The resource was not found.", "address", inner))
}

/// 415 or 406 for headers that do not fit.
pub(super) fn unfit(why: Unfit) -> Stop {
    let (status, message) = why.told();
    let code = if status == 415 { "unsupportedMediaType" } else { "notAcceptable" };
    refuse(status, referrals_error("invalidRequest", message, "headers", (code, message)))
}

/// The same of the webhooks host.
pub(super) fn webhooks_unfit(why: Unfit) -> Stop {
    let (status, message) = why.told();
    webhooks(status, &status.to_string(), message)
}

/// 405 for a method that the resource does not have, with those that it has.
pub(crate) fn wrong_method(allowed: &str) -> Stop {
    let inner = ("methodNotAllowed", "The resource does not support this method.");
    let body = referrals_error("invalidRequest", "Method not allowed.", "address", inner);
    Stop::Refused(Box::new(Answer::json(405, body).with("Allow", allowed)))
}

/// 412 for an `If-Match` that does not match.
pub(crate) fn modified() -> Stop {
    let message = "The precondition of the request was not met.";
    let inner = ("resourceModified", "The eTag does not match.");
    refuse(412, referrals_error("preconditionFailed", message, "referral", inner))
}

/// The body of 503 when the state cannot be read or written.
pub(crate) fn unavailable() -> Answer {
    let inner = ("unavailable", "Try again later.");
    let body =
        referrals_error("serviceNotAvailable", "The service is not available.", "service", inner);
    Answer::json(503, body).with("Retry-After", "1")
}

/// 405 of the webhooks host, with the methods that the resource has.
pub(crate) fn webhooks_wrong_method(allowed: &str) -> Stop {
    let description = "The method is not supported here.";
    let body =
        json!({ "code": "405", "description": description, "data": [], "source": "Webhooks" });
    Stop::Refused(Box::new(Answer::json(405, body).with("Allow", allowed)))
}

/// An error of the webhooks host.
pub(crate) fn webhooks(status: u16, code: &str, description: &str) -> Stop {
    refuse(
        status,
        json!({ "code": code, "description": description, "data": [], "source": "Webhooks" }),
    )
}
