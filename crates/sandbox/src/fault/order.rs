//! Orders to fail. In comes JSON; out go orders, or what is wrong with the JSON and what to write instead. It
//! must not know how a fault is carried out.

use serde_json::{Number, Value};

use crate::{
    call::{Call, Method},
    decimal::Decimal,
    fault::batch,
    serve::System,
};

/// How a call fails. Unless another word is said, it is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Carried out; nothing is said for a while.
    SlowHeader,
    /// Carried out; the body comes in pieces.
    SlowBody,
    /// Carried out; the body ends in its middle.
    CutBody,
    /// The connection is closed.
    Close,
    /// Carried out; the connection is closed in place of an answer.
    AppliedThenClose,
    /// The connection is reset.
    Reset,
    /// Carried out; the connection is reset in place of an answer.
    AppliedThenReset,
    /// No answer comes.
    Timeout,
    /// Carried out; no answer comes.
    AppliedThenTimeout,
    /// Answered with a status from 400 to 599.
    Status(u16),
    /// Answered with 200 and a page for people.
    Html,
    /// Carried out; the answer's content type is wrong.
    WrongType,
    /// Answered with 401; the token, if it can end, has ended.
    ExpiredToken,
    /// Salesforce's 403 for a day's calls.
    DailyLimit,
    /// Salesforce's 403 for too many long calls at a time.
    ConcurrentLimit,
    /// Salesforce's 400 for a row that somebody else holds.
    LockRow,
    /// Carried out; the answer is sent twice.
    DuplicateReply,
    /// Carried out twice, as by a proxy that tries again; answered once.
    AppliedTwice,
    /// Carried out for some of a collection's rows or a composite's parts.
    PartialBatch,
    /// Answered from the state before the last writes.
    StaleRead,
}

/// The words of all kinds but `Status`; some words stand for a status.
const WORDS: [(&str, Kind); 24] = [
    ("slow_header", Kind::SlowHeader),
    ("slow_body", Kind::SlowBody),
    ("cut_body", Kind::CutBody),
    ("close", Kind::Close),
    ("applied_then_close", Kind::AppliedThenClose),
    ("reset", Kind::Reset),
    ("applied_then_reset", Kind::AppliedThenReset),
    ("timeout", Kind::Timeout),
    ("applied_then_timeout", Kind::AppliedThenTimeout),
    ("html", Kind::Html),
    ("wrong_type", Kind::WrongType),
    ("expired_token", Kind::ExpiredToken),
    ("daily_limit", Kind::DailyLimit),
    ("concurrent_limit", Kind::ConcurrentLimit),
    ("lock_row", Kind::LockRow),
    ("duplicate_reply", Kind::DuplicateReply),
    ("applied_twice", Kind::AppliedTwice),
    ("partial_batch", Kind::PartialBatch),
    ("stale_read", Kind::StaleRead),
    ("conflict", Kind::Status(409)),
    ("precondition_failed", Kind::Status(412)),
    ("too_many_requests", Kind::Status(429)),
    ("server_error", Kind::Status(500)),
    ("unavailable", Kind::Status(503)),
];

impl Kind {
    /// The word that orders it; `status` for a status that is not named.
    pub(crate) fn word(self) -> &'static str {
        let named = !matches!(self, Self::Status(_));
        let found = WORDS.iter().find(|(_, kind)| named && *kind == self);
        found.map_or("status", |(word, _)| word)
    }

    fn of(word: &str) -> Option<(&'static str, Self)> {
        let word = word.replace('-', "_");
        WORDS.into_iter().find(|(known, _)| *known == word)
    }

    /// Milliseconds, unless the order says otherwise.
    fn usual_wait(self) -> u64 {
        let slow = matches!(self, Self::SlowHeader | Self::SlowBody);
        let silent = matches!(self, Self::Timeout | Self::AppliedThenTimeout);
        if silent { 120_000 } else { u64::from(slow) * 2_000 }
    }

    /// Whether only Salesforce fails in this way.
    fn is_of_salesforce(self) -> bool {
        matches!(
            self,
            Self::DailyLimit | Self::ConcurrentLimit | Self::LockRow | Self::PartialBatch
        )
    }
}

/// Which calls fail, how, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    system: System,
    method: Option<Method>,
    path: Option<String>,
    path_contains: Option<String>,
    pub(crate) kind: Kind,
    /// Fitting calls that are let through first.
    pub(crate) after: u64,
    /// Strikes; `None` for ever.
    pub(crate) times: Option<u64>,
    /// How many of a million fitting calls fail.
    pub(crate) millionths: u64,
    pub(crate) seed: u64,
    pub(crate) milliseconds: u64,
    pub(crate) retry_after: Option<i64>,
    pub(crate) behind: usize,
    /// As it came.
    pub(crate) given: Value,
}

impl Order {
    /// Whether it speaks of this call.
    pub(crate) fn fits(&self, system: System, call: &Call) -> bool {
        let path = call.target.split('?').next().unwrap_or_default();
        let is_read = matches!(call.method, Method::Get | Method::Head);
        // Only streams say the same twice, and only the beginning of a call meets a page for people.
        let is_answer = path.ends_with("/answers");
        let is_struck = if is_answer {
            !matches!(self.kind, Kind::Html | Kind::WrongType)
        } else {
            self.kind != Kind::DuplicateReply
        };
        (system != System::PubSub || is_struck)
            && self.system == system
            && self.method.is_none_or(|method| method == call.method)
            && self.path_contains.as_ref().is_none_or(|part| call.target.contains(part.as_str()))
            && self.path.as_ref().is_none_or(|pattern| is_like(path, pattern))
            && (self.kind != Kind::StaleRead || is_read)
            && (self.kind != Kind::PartialBatch || batch::is_batch(call))
    }
}

/// Whether a path is a pattern's, in which `*` stands for anything.
fn is_like(path: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return path == pattern;
    };
    let Some(mut left) = path.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    left.ends_with(last)
}

/// The keys of an order.
const KEYS: [&str; 17] = [
    "system",
    "kind",
    "status",
    "close",
    "applied_then_close",
    "method",
    "path",
    "path_contains",
    "after",
    "nth",
    "times",
    "probability",
    "seed",
    "delay_ms",
    "retry_after",
    "behind",
    "number",
];
/// Keys of an order that is shown again, which say what was counted.
const COUNTED: [&str; 2] = ["seen", "struck"];

/// Reads one order.
pub(crate) fn read(given: &Value) -> Result<Order, String> {
    let Some(map) = given.as_object() else {
        return Err("an order must be a JSON object".to_owned());
    };
    let is_known = |key: &str| KEYS.contains(&key) || COUNTED.contains(&key);
    if let Some(key) = map.keys().find(|key| !is_known(key)) {
        return Err(unknown("an order has no key", key, &KEYS));
    }
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let system = text("system").and_then(System::faulty);
    let system = system.ok_or("system must be salesforce, pubsub, partner_center or webhooks")?;
    let (kind, asked_wait) = kind(given)?;
    if kind.is_of_salesforce() && system != System::Salesforce {
        return Err(format!("only salesforce answers with {}", kind.word()));
    }
    if system == System::PubSub && matches!(kind, Kind::AppliedTwice | Kind::StaleRead) {
        return Err(format!("pubsub has no fault of kind {}", kind.word()));
    }
    let method = text("method").map(Method::parse);
    if method == Some(Method::Other) {
        return Err("method must be GET, HEAD, POST, PUT, PATCH or DELETE".to_owned());
    }
    let after = number(given, "after", 0)?.unwrap_or(0);
    let nth = number(given, "nth", 1)?;
    let times = match given.get("times") {
        Some(Value::String(word)) if word == "always" => None,
        Some(_) => Some(number(given, "times", 1)?.unwrap_or(1)),
        None => Some(1),
    };
    Ok(Order {
        system,
        method,
        path: text("path").map(str::to_owned),
        path_contains: text("path_contains").map(str::to_owned),
        kind,
        after: nth.map_or(after, |nth| nth - 1),
        times,
        millionths: probability(given)?,
        seed: number(given, "seed", 0)?.unwrap_or(1),
        milliseconds: number(given, "delay_ms", 0)?.unwrap_or_else(|| kind.usual_wait()),
        retry_after: number(given, "retry_after", 0)?
            .and_then(|seconds| i64::try_from(seconds).ok())
            .or((asked_wait && says_when(system, kind)).then_some(1)),
        behind: number(given, "behind", 1)?.and_then(|n| usize::try_from(n).ok()).unwrap_or(1),
        given: given.clone(),
    })
}

/// Whether a refusal says when to come again unless the order says otherwise: Salesforce's 503 does not.
fn says_when(system: System, kind: Kind) -> bool {
    kind == Kind::Status(429) || kind == Kind::Status(503) && system == System::PartnerCenter
}

/// The words of all kinds.
pub(crate) fn kinds() -> Vec<&'static str> {
    WORDS.iter().map(|(word, _)| *word).collect()
}

/// The kind, and whether it was given by a word that says to wait.
fn kind(given: &Value) -> Result<(Kind, bool), String> {
    let flag = |name: &str| given.get(name).and_then(Value::as_bool).unwrap_or(false);
    let words = kinds();
    let by_word = |word: &str| {
        let found = Kind::of(word).map(|(_, kind)| (kind, true));
        found.ok_or_else(|| {
            let status = if word == "status" { Some(404) } else { word.parse().ok() };
            let status = given.get("status").and_then(Value::as_u64).or(status);
            match status.filter(|status| (400..600).contains(status)) {
                Some(status) => format!(
                    "there is no fault of kind \"{word}\"; a plain status is ordered without a kind: \
                     {{\"status\": {status}}}"
                ),
                None => unknown("there is no fault of kind", word, &words),
            }
        })
    };
    match (given.get("kind"), given.get("status")) {
        (Some(Value::String(word)), _) | (None, Some(Value::String(word))) => by_word(word),
        (Some(_), _) => Err("kind must be a text".to_owned()),
        (None, Some(status)) => {
            let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
            let status = status.filter(|status| (400..600).contains(status));
            let message =
                "status must be a number from 400 to 599; for other faults say kind: ".to_owned();
            status.map(|status| (Kind::Status(status), false)).ok_or(message + &words.join(", "))
        }
        (None, None) if flag("applied_then_close") => Ok((Kind::AppliedThenClose, false)),
        (None, None) if flag("close") => Ok((Kind::Close, false)),
        (None, None) if given.get("delay_ms").is_some() => Ok((Kind::SlowHeader, false)),
        (None, None) => Err(format!("kind is missing; it is one of {}", words.join(", "))),
    }
}

fn number(given: &Value, name: &str, least: u64) -> Result<Option<u64>, String> {
    let Some(value) = given.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value.as_u64().filter(|number| *number >= least);
    number.map(Some).ok_or_else(|| format!("{name} must be a whole number from {least}"))
}

/// How many of a million.
fn probability(given: &Value) -> Result<u64, String> {
    let Some(value) = given.get("probability").filter(|value| !value.is_null()) else {
        return Ok(1_000_000);
    };
    let digits = value.as_number().map(Number::to_string).unwrap_or_default();
    let million = Decimal::parse("1000000");
    let parts = Decimal::parse(&digits)
        .zip(million)
        .and_then(|(given, million)| given.times(million)?.round(0))
        .and_then(|parts| parts.text(0).parse::<u64>().ok());
    parts
        .filter(|parts| (1..=1_000_000).contains(parts))
        .ok_or_else(|| "probability must be a number above 0 and up to 1".to_owned())
}

/// What is not known, and what may be meant.
pub(crate) fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|other| (distance(word, other), other)).min();
    match near.filter(|(distance, _)| *distance <= word.len().div_ceil(3)) {
        Some((_, near)) => format!("{what} {word:?}; did you mean {near}?"),
        None => format!("{what} {word:?}; it is one of {}", known.join(", ")),
    }
}

/// How many letters have to be put in, left out or changed.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut before = line;
        let mut left = line + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (place, wanted) in row.iter_mut().skip(1).zip(other.chars()) {
            let best = (before + usize::from(letter != wanted)).min(left + 1).min(*place + 1);
            before = *place;
            *place = best;
            left = best;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn orders_say_what_is_wrong_with_them() {
        let wrong = |given: Value| read(&given).unwrap_err();
        assert_eq!(
            wrong(json!({ "system": "salesforce", "kind": "lockrow" })),
            "there is no fault of kind \"lockrow\"; did you mean lock_row?"
        );
        assert_eq!(
            wrong(json!({ "system": "salesforce", "knd": "close" })),
            "an order has no key \"knd\"; did you mean kind?"
        );
        for (kind, status, told) in
            [("404", Value::Null, 404), ("status", json!(503), 503), ("status", Value::Null, 404)]
        {
            let given = json!({ "system": "salesforce", "kind": kind, "status": status });
            let wanted = format!(
                "there is no fault of kind \"{kind}\"; a plain status is ordered without a kind: {{\"status\": {told}}}"
            );
            assert_eq!(wrong(given), wanted);
        }
        assert!(wrong(json!({ "system": "x", "status": 500 })).starts_with("system must be"));
        assert!(wrong(json!({ "system": "salesforce" })).starts_with("kind is missing"));
        assert!(wrong(json!({ "system": "webhooks", "kind": "lock_row" })).starts_with("only"));
        for probability in [json!(0), json!(1.5), json!("x"), json!(-0.5)] {
            let given =
                json!({ "system": "salesforce", "kind": "close", "probability": probability });
            assert!(wrong(given).starts_with("probability must be"));
        }
        for times in [json!(0), json!(-1), json!("often")] {
            let given = json!({ "system": "salesforce", "status": 500, "times": times });
            assert!(wrong(given).starts_with("times must be"));
        }
    }

    #[test]
    fn older_words_are_understood() {
        let kind = |given: Value| read(&given).unwrap().kind;
        let of = |key: &str, value: Value| kind(json!({ "system": "webhooks", key: value }));
        assert_eq!(of("status", json!("close")), Kind::Close);
        assert_eq!(of("status", json!("applied-then-close")), Kind::AppliedThenClose);
        assert_eq!(of("close", json!(true)), Kind::Close);
        assert_eq!(of("delay_ms", json!(5)), Kind::SlowHeader);
        assert_eq!(of("status", json!(503)), Kind::Status(503));
        let order = json!({ "system": "webhooks", "status": 429, "times": 2, "after": 3 });
        let order = read(&order).unwrap();
        assert_eq!((order.after, order.times, order.retry_after), (3, Some(2), None));
        let order = json!({ "system": "webhooks", "kind": "too_many_requests", "nth": 3 });
        let order = read(&order).unwrap();
        assert_eq!((order.after, order.times, order.retry_after), (2, Some(1), Some(1)));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (path, pattern, fits) in [
            ("/a/b", "/a/b", true),
            ("/a/b", "/a", false),
            ("/a/b", "/a/*", true),
            ("/a/b/c", "*/c", true),
            ("/a/b/c", "/a/*/c", true),
            ("/a/b/c", "/a/*/d", false),
            ("/a/b/c/d", "/*/b/*", true),
        ] {
            assert_eq!(is_like(path, pattern), fits, "{path} {pattern}");
        }
    }
}
