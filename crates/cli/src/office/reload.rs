//! `cosell reload`: the service looks at its maps, and takes those that were changed.
//!
//! In: the state file, where a request is left; the service's status. Out: what came of it. Must not know: how maps
//! are checked.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use runner::Timestamp;
use runner::serve::{ASKED, Asked};
use runner::store::Store;
use serde_json::Value;

use super::{Face, Office, json};
use crate::command::Reload;
use crate::terminal::{Outcome, Stop, print, tell};

/// How long an answer may take: deals may be looked at first.
const PATIENCE: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Asks the service, and waits for its answer.
pub(crate) fn run(args: &Reload) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let Some(before) = status(&office) else {
        return Err(Stop::because(
            format!("no service answers at {}", office.config.listen),
            "start it: the start takes the maps as they are",
        ));
    };
    // Whoever was shown changed maps means these, and not what they are a moment later.
    let shown = before.pointer("/reload/waiting/files").and_then(Value::as_str).map(str::to_owned);
    let (files, take) = (shown.filter(|_| !args.preview), !args.preview);
    let (outcome, status) = request(&office, files, take, false)?;
    print(&match office.face {
        Face::Json => json(&status["reload"]),
        Face::Text => told(&outcome, &status, args.preview),
    })?;
    Ok(Outcome::fine_if(match outcome.as_str() {
        "taken" | "unchanged" => true,
        "waiting" => args.preview,
        _ => false,
    }))
}

/// Has the service take its files, whatever they would write.
pub(super) fn at_once(office: &Office) -> Result<(String, Value), Stop> {
    request(office, None, true, true)
}

/// Leaves a request, and waits for its answer.
fn request(
    office: &Office,
    files: Option<String>,
    take: bool,
    at_once: bool,
) -> Result<(String, Value), Stop> {
    let id = format!("{}-{}", Timestamp::now().as_nanosecond(), std::process::id());
    let asked = Asked { id: id.clone(), files, take, at_once };
    let text = serde_json::to_string(&asked).unwrap_or_default();
    let kept = office.ask(office.store.cursor(ASKED))?;
    office.ask(office.store.advance(ASKED, kept, text))?;
    answer(office, &id)
}

fn status(office: &Office) -> Option<Value> {
    office.service()
}

/// What the service says to this request.
fn answer(office: &Office, id: &str) -> Result<(String, Value), Stop> {
    let (began, mut said) = (Instant::now(), false);
    loop {
        if let Some(status) = status(office) {
            let answered = &status["reload"]["answered"];
            if answered["asked"] == id {
                let outcome = answered["outcome"].as_str().unwrap_or_default().to_owned();
                return Ok((outcome, status));
            }
        }
        if began.elapsed() > PATIENCE {
            return Err(Stop::because(
                format!("the service did not answer within {} minutes", PATIENCE.as_secs() / 60),
                "`cosell status` shows how it stands",
            ));
        }
        if !said && began.elapsed() > Duration::from_secs(3) && std::io::stderr().is_terminal() {
            tell("the service looks at the maps, and at what they would write …\n");
            said = true;
        }
        std::thread::sleep(PAUSE);
    }
}

fn told(outcome: &str, status: &Value, preview: bool) -> String {
    let reload = &status["reload"];
    let mut text = String::new();
    // INVARIANT: writing to a string cannot fail, here and below.
    let _ = match outcome {
        "taken" => {
            figures(&reload["preview"], &mut text);
            for map in status["maps"].as_array().into_iter().flatten() {
                let of = |name: &str| map[name].as_str().unwrap_or_default();
                let hash = of("hash").get(..12).unwrap_or_default();
                let _ = writeln!(text, "in service  {} {hash}  {}", of("name"), of("file"));
            }
            let left = reload["to_look_at"].as_u64().unwrap_or(0);
            writeln!(
                text,
                "The deals of changed maps are looked at again, a few at a time ({left} to go)."
            )
        }
        "unchanged" => writeln!(text, "The maps are those in service."),
        "refused" => writeln!(
            text,
            "not taken   {}\nThe maps in service stay; correct the map, it is looked at again.",
            reload["refused"].as_str().unwrap_or_default()
        ),
        "waiting" => {
            figures(&reload["waiting"]["preview"], &mut text);
            let why = reload["waiting"]["why"].as_str().unwrap_or_default();
            if preview {
                writeln!(text, "Changed and checked, not in service: {why}.")
            } else {
                writeln!(text, "Not taken: the maps changed again since they were shown. {why}.")
            }
        }
        _ => writeln!(text, "Nothing was done; `cosell status` shows how the service stands."),
    };
    text
}

/// The figures of a preview, by line.
pub(super) fn figures(preview: &Value, text: &mut String) {
    let number = |name: &str| preview[name].as_u64().unwrap_or(0);
    if preview.is_null() {
        let _ = writeln!(text, "No line does anything else than before.");
        return;
    }
    for line in preview["lines"].as_array().into_iter().flatten() {
        let of = |name: &str| line[name].as_str().unwrap_or_default();
        let what = match of("what") {
            "gone" => "would no longer be written by",
            "new-fault" => "would be parked by",
            "new-conflict" => "would ask a person by",
            "solved-fault" | "solved-conflict" => "would be free again by",
            _ => "would be written by",
        };
        let deals = line["deals"].as_u64().unwrap_or(0);
        let place = format!("{}:{}", of("map"), line["line"]);
        let _ = writeln!(text, "{deals:>6} deals {what} {place}  {}", of("says"));
    }
    let _ = writeln!(
        text,
        "looked at   {} of {} deals: {} would be dealt with otherwise",
        number("looked_at"),
        number("of"),
        number("changed")
    );
}
