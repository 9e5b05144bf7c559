//! `cosell sandbox faults`, `clock`, `reset` and `usage`: the hand behind the scenes.
//!
//! In: orders. Out: what is then. Must not know: how the sandbox carries them out.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::command::sandbox::{Clock, ClockAct, Faults, FaultsAct, FaultsAdd, Reset, Usage};
use crate::terminal::{Stop, print, shown};

use super::talk::{Talk, Who};

/// Lists, orders or forgets faults.
pub(super) fn faults(args: &Faults) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    match &args.act {
        FaultsAct::List => {
            let found = talk.need(Who::Admin, "GET", "/faults", None)?;
            talk.show(&found, armed)
        }
        FaultsAct::Add(add) => {
            let order = match &add.file {
                Some(path) => plan(path)?,
                None => order(add)?,
            };
            let found = talk.need(Who::Admin, "POST", "/faults", Some(&order))?;
            talk.show(&found, armed)
        }
        FaultsAct::Clear(clear) => {
            let path = match clear.number {
                Some(number) => format!("/faults/{number}"),
                None => "/faults".to_owned(),
            };
            talk.need(Who::Admin, "DELETE", &path, None)?;
            let found = talk.need(Who::Admin, "GET", "/faults", None)?;
            talk.show(&found, armed)
        }
    }
}

/// The orders of a file: a list, or what `list --json` wrote.
fn plan(path: &Path) -> Result<Value, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| Stop::file("read", path, &error))?;
    let found: Value = serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let help = "give a JSON list of orders, or what `cosell sandbox faults list --json` wrote";
        Stop::because(format!("{} is not JSON: {place}", shown(path)), help)
    })?;
    Ok(found.get("plan").cloned().unwrap_or(found))
}

/// The order that was given word by word.
fn order(add: &FaultsAdd) -> Result<Value, Stop> {
    let number = |name: &str, text: &str| {
        serde_json::from_str::<Value>(text).ok().filter(Value::is_number).ok_or_else(|| {
            Stop::because(
                format!("--{name} takes a number, not `{text}`"),
                "`--help` shows examples",
            )
        })
    };
    let kind = add.kind.as_deref().unwrap_or_default();
    let status = kind.parse::<u16>().ok();
    let times = match add.times.as_deref() {
        Some("always") => Some(json!("always")),
        Some(times) => Some(number("times", times)?),
        None => None,
    };
    let share = add.probability.as_deref();
    let mut order = Map::new();
    for (name, value) in [
        ("system", add.system.map(|system| json!(system.name()))),
        ("status", status.map(|status| json!(status))),
        ("kind", status.is_none().then(|| json!(kind))),
        ("method", add.method.as_ref().map(|method| json!(method))),
        ("path", add.path.as_ref().map(|path| json!(path))),
        ("nth", add.nth.map(|nth| json!(nth))),
        ("times", times),
        ("probability", share.map(|share| number("probability", share)).transpose()?),
        ("seed", add.seed.map(|seed| json!(seed))),
        ("delay_ms", add.delay_ms.map(|delay| json!(delay))),
        ("retry_after", add.retry_after.map(|seconds| json!(seconds))),
        ("behind", add.behind.map(|behind| json!(behind))),
    ] {
        order.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(Value::Object(order))
}

/// The orders that are not used up, a line each.
fn armed(found: &Value) -> String {
    let all = found.get("armed").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return "no fault is ordered\n".to_owned();
    }
    all.iter().map(|one| words(one) + "\n").collect()
}

fn words(one: &Value) -> String {
    let text = |name: &str| match one.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    let or = |name: &str, other: &str| text(name).unwrap_or_else(|| other.to_owned());
    let kind = text("kind").or_else(|| text("status")).unwrap_or_else(|| "slow_header".to_owned());
    let path = text("path").or_else(|| text("path_contains").map(|part| format!("*{part}*")));
    let mut line = format!(
        "{:>4}  {kind:<20}  {:<14}  {:<6} {}  struck {}, left {}",
        or("number", "-"),
        or("system", "-"),
        or("method", "any"),
        path.unwrap_or_else(|| "*".to_owned()),
        or("struck", "0"),
        or("times", "1"),
    );
    for (name, sign) in [("probability", "probability "), ("seed", "seed ")] {
        if let Some(value) = text(name).filter(|_| one.get("probability").is_some()) {
            line = format!("{line}, {sign}{value}");
        }
    }
    if let Some(after) = text("after").filter(|after| after != "0") {
        line = format!("{line}, after {after} more");
    }
    line
}

/// Shows or moves the clock.
pub(super) fn clock(args: &Clock) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    let now = match &args.act {
        ClockAct::Show => talk.need(Who::Admin, "GET", "/clock", None)?,
        ClockAct::Advance { by } => {
            talk.need(Who::Admin, "POST", "/clock", Some(&json!({ "advance": by })))?
        }
        ClockAct::Set { to } => {
            talk.need(Who::Admin, "POST", "/clock", Some(&json!({ "set": to })))?
        }
    };
    talk.show(&now, |now| {
        let text = |name: &str| now.get(name).and_then(Value::as_str).unwrap_or("-");
        format!("{}  ({})\n", text("now"), text("setting"))
    })
}

/// Forgets everything.
pub(super) fn reset(args: &Reset) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    let body = json!({ "keep_registration": args.keep_registration });
    talk.need(Who::Admin, "POST", "/reset", Some(&body))?;
    talk.show(&json!({ "reset": true }), |_| "both systems are empty\n".to_owned())
}

/// Shows what the sandbox did and costs.
pub(super) fn usage(args: &Usage) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    let found = talk.need(Who::Admin, "GET", "/usage", None)?;
    if talk.is_json() {
        return print(&format!("{found:#}\n"));
    }
    let number = |pointer: &str| found.pointer(pointer).and_then(Value::as_u64);
    let (user, system) = (number("/cpu/user_ms"), number("/cpu/system_ms"));
    let requests = number("/requests/total").unwrap_or(0);
    let busy = user.zip(system).map(|(user, system)| user + system);
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
    let processor = busy.map(|busy| match (busy * 1000).checked_div(requests) {
        Some(each) => format!("{busy} ms, {each} µs a request"),
        None => format!("{busy} ms"),
    });
    print(&format!(
        "up          {} s\nrequests    {requests} (salesforce {}, partner_center {}, webhooks {}, admin {})\n\
         processor   {}\nmemory      {}, at most {}\nlog         {} requests\n",
        number("/uptime_ms").unwrap_or(0) / 1000,
        number("/requests/salesforce").unwrap_or(0),
        number("/requests/partner_center").unwrap_or(0),
        number("/requests/webhooks").unwrap_or(0),
        number("/requests/admin").unwrap_or(0),
        or_unknown(processor),
        or_unknown(number("/memory/resident_bytes").map(megabytes)),
        or_unknown(number("/memory/peak_bytes").map(megabytes)),
        number("/log/entries").unwrap_or(0),
    ))
}
