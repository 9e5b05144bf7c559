//! `cosell sandbox log`: the requests that a sandbox received.
//!
//! In: which ones. Out: a line each, or everything that is known of them. Must not know: what they mean.

use std::fmt::Write as _;
use std::time::Duration;

use mapping::problem::nearest;
use serde_json::Value;

use crate::command::sandbox::Log;
use crate::terminal::{Stop, print};

use super::talk::{Talk, Who};

/// How long `--follow` waits between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// The most that one look brings.
const MOST: u32 = 10_000;

/// Shows the log.
pub(super) fn show(args: &Log) -> Result<(), Stop> {
    check(args)?;
    let talk = Talk::to(&args.to)?;
    if let Some(kind) = &args.fault {
        check_fault(&talk, kind)?;
    }
    // What comes between the two looks is among the first ones, and is not shown again.
    let newest = talk.need(Who::Admin, "GET", "/requests?limit=1", None)?;
    let first = talk.need(Who::Admin, "GET", &address(args, None), None)?;
    if !args.follow {
        return talk.show(&first, |all| {
            let shown: String = each(all).map(|one| entry(one, args.bodies)).collect();
            if shown.is_empty() { "no such request was received\n".to_owned() } else { shown }
        });
    }
    let mut last = number(&newest).max(number(&first)).unwrap_or(0);
    let mut found = first;
    loop {
        for one in each(&found) {
            let text = if talk.is_json() { format!("{one}\n") } else { entry(one, args.bodies) };
            print(&text)?;
        }
        std::thread::sleep(PAUSE);
        found = talk.need(Who::Admin, "GET", &address(args, Some(last)), None)?;
        last = number(&found).unwrap_or(last);
    }
}

/// Refuses what no request can be like.
fn check(args: &Log) -> Result<(), Stop> {
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OTHER"];
    if let Some(method) = &args.method {
        one_of("method", &method.to_uppercase(), &METHODS)?;
    }
    if let Some(status) = &args.status {
        let is_number = status.parse::<u16>().is_ok_and(|status| (100..600).contains(&status));
        let is_class = status
            .strip_suffix("xx")
            .is_some_and(|class| ["1", "2", "3", "4", "5"].contains(&class));
        if !is_number && !is_class && status != "none" {
            let help = "say a number such as 404, a class such as 5xx, or none";
            return Err(Stop::because(format!("there is no status `{status}`"), help));
        }
    }
    Ok(())
}

/// Refuses a word that is not among those that are known, with the one that may be meant.
fn one_of(what: &str, word: &str, known: &[&str]) -> Result<(), Stop> {
    if known.contains(&word) {
        return Ok(());
    }
    let help = nearest(word, known.iter().copied()).map_or_else(
        || format!("it is one of {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Stop::because(format!("there is no {what} `{word}`"), help))
}

/// Refuses a kind of fault that there is not.
fn check_fault(talk: &Talk, kind: &str) -> Result<(), Stop> {
    let found = talk.need(Who::Admin, "GET", "/faults", None)?;
    let kinds = found.get("kinds").and_then(Value::as_array).into_iter().flatten();
    let known: Vec<&str> = kinds.filter_map(Value::as_str).chain(["any", "status"]).collect();
    one_of("fault", kind, &known)
}

fn each(all: &Value) -> impl Iterator<Item = &Value> {
    all.as_array().into_iter().flatten()
}

/// The number of the newest.
fn number(all: &Value) -> Option<u64> {
    all.as_array()?.last()?.get("number")?.as_u64()
}

fn address(args: &Log, after: Option<u64>) -> String {
    let mut address = "/requests?".to_owned();
    let system = args.system.map(|system| system.name().to_owned());
    let limit = if after.is_some() { MOST } else { args.limit };
    for (name, value) in [
        ("limit", Some(limit.to_string())),
        ("after", after.map(|after| after.to_string())),
        ("system", system),
        ("method", args.method.clone()),
        ("path", args.path.clone()),
        ("status", args.status.clone()),
        ("user", args.user.clone()),
        ("fault", args.fault.clone()),
    ] {
        let Some(value) = value else { continue };
        // Writing into a text cannot fail.
        let _ = write!(address, "{name}=");
        for byte in value.bytes() {
            let _ = write!(address, "%{byte:02X}");
        }
        address.push('&');
    }
    address
}

/// One request on a line; with `bodies` also all of it.
fn entry(one: &Value, bodies: bool) -> String {
    let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let number = |pointer: &str| one.pointer(pointer).and_then(Value::as_u64);
    let at = text("/at");
    let time = at.get(11..23).unwrap_or(at);
    let status = number("/status").map_or_else(|| "---".to_owned(), |status| status.to_string());
    let microseconds = number("/duration_us").unwrap_or(0);
    let (system, user) = (text("/system"), text("/user"));
    let mut line = format!(
        "{time}  {:>6}  {status}  {:>3}.{:01} ms  {system:<14}  {user:<8}  {:<6} {}",
        number("/number").unwrap_or(0),
        microseconds / 1000,
        microseconds % 1000 / 100,
        text("/method"),
        text("/path"),
    );
    if let Some(fault) = one.get("fault").and_then(Value::as_str) {
        let _ = write!(line, "  [{fault}]");
    }
    line.push('\n');
    if bodies {
        for (sign, part) in [('>', "request"), ('<', "answer")] {
            let headers = one.pointer(&format!("/{part}/headers")).and_then(Value::as_object);
            for (name, value) in headers.into_iter().flatten() {
                let _ = writeln!(line, "  {sign} {name}: {}", value.as_str().unwrap_or_default());
            }
            for body in text(&format!("/{part}/body")).lines() {
                let _ = writeln!(line, "  {sign} {body}");
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_a_line_or_all_of_it() {
        let one = json!({
            "number": 7, "at": "2026-03-02T09:14:27.5510934Z", "duration_us": 1250,
            "system": "salesforce", "method": "GET", "path": "/x?q=1", "status": 503, "user": null,
            "fault": "status",
            "request": { "headers": { "accept": "*/*" }, "body": "", "bytes": 0 },
            "answer": { "headers": {}, "body": "{\n}", "bytes": 3 },
        });
        let line = "09:14:27.551       7  503    1.2 ms  salesforce      -         GET    /x?q=1  [status]\n";
        assert_eq!(entry(&one, false), line);
        assert_eq!(entry(&one, true), format!("{line}  > accept: */*\n  < {{\n  < }}\n"));
    }
}
