//! `cosell status`: how the service stands, from its state file and from itself.
//!
//! In: the state file, and what the service says when it runs. Out: a page, once or again and again.
//! Must not know: how anything on it comes about.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use runner::Timestamp;
use runner::clocks::{is_urgent, left};
use runner::config::Kind;
use runner::store::{BackfillState, DeadlineKind, Status as Counts, Store};
use runner::webhook::TAKEN;
use serde_json::{Value, json};

use super::backfill::told;
use super::{Face, Office, json};
use crate::command::Status;
use crate::terminal::{Outcome, Stop, print};

/// How often `--watch` looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Clears the page, on a terminal.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";
/// So many deals that are put off are named.
const NAMED: usize = 5;

/// Shows it, for each environment.
pub(crate) fn run(args: &Status) -> Result<Outcome, Stop> {
    let offices = Office::open_all(&args.kept)?;
    loop {
        let now = Timestamp::now();
        let (mut fine, mut texts, mut values) = (true, Vec::new(), Vec::new());
        for office in &offices {
            let counts = office.ask(office.store.status())?;
            let service = office.service();
            let is_fine = is_fine(&counts, service.as_ref(), now);
            fine &= is_fine;
            texts.push(text(office, &counts, service.as_ref(), now));
            let environment = &office.config.environment;
            values.push(json!({
                "environment": environment, "service": service, "state": counts, "fine": is_fine
            }));
        }
        let page = match (offices.first().map(|office| office.face), values.as_slice()) {
            (Some(Face::Json), [only]) => json(only),
            (Some(Face::Json), several) => json(&json!({ "environments": several, "fine": fine })),
            (Some(Face::Text) | None, _) => texts.join("\n"),
        };
        let clear = args.watch && !page.starts_with('{') && std::io::stdout().is_terminal();
        print(&format!("{}{page}", if clear { CLEAR } else { "" }))?;
        if !args.watch {
            return Ok(Outcome::fine_if(fine));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether nobody has to do anything.
fn is_fine(counts: &Counts, service: Option<&Value>, now: Timestamp) -> bool {
    let denied = service.and_then(|service| service.get("denied")?.as_array());
    let urgent = counts.deadlines.iter().any(|timed| is_urgent(timed, now));
    let refused = service.and_then(|service| service.pointer("/reload/refused")?.as_str());
    let halted = service.and_then(|service| service.get("halted")?.as_str());
    halted.is_none()
        && counts.parked_count == 0
        && denied.is_some_and(Vec::is_empty)
        && refused.is_none()
        && !is_taken_over(service)
        && !urgent
}

/// Whether Microsoft calls somebody else by now.
fn is_taken_over(service: Option<&Value>) -> bool {
    let notes = service.and_then(|service| service.get("notes")?.as_object());
    notes.is_some_and(|notes| notes.contains_key(TAKEN))
}

fn text(office: &Office, counts: &Counts, service: Option<&Value>, now: Timestamp) -> String {
    let mut text = String::new();
    let word = |service: &Value, name: &str| {
        service.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    // INVARIANT: writing to a string cannot fail, here and below.
    let _ = writeln!(text, "for      {}", named(office, service));
    if let Some(why) = service.and_then(|service| service.get("halted")?.as_str()) {
        let _ = writeln!(text, "STOPPED  {why}");
    }
    let _ = match service {
        Some(service) => writeln!(
            text,
            "service  runs, version {}; console http://{}",
            word(service, "version"),
            office.config.listen
        ),
        None => {
            writeln!(text, "service  does not run, or does not answer at {}", office.config.listen)
        }
    };
    let _ = writeln!(
        text,
        "deals    {} known, {} linked, {} with work to do, {} parked",
        counts.keys, counts.linked, counts.dirty, counts.parked_count
    );
    aside(counts, &mut text);
    if let Some(oldest) = counts.oldest_dirty {
        let _ = writeln!(text, "oldest   waits since {}", ago(oldest, now));
    }
    for waiting in counts.waiting.iter().take(NAMED) {
        let (key, attempts) = (waiting.key, waiting.attempts);
        let _ = writeln!(text, "waits    {key}: {} (tried {attempts} times)", waiting.why);
    }
    deadlines(counts, now, &mut text);
    let mut codes: Vec<&str> =
        counts.parked.iter().flat_map(|key| &key.causes).map(|cause| cause.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    if !codes.is_empty() {
        let _ = writeln!(text, "parked   {}; `cosell parked` says what to do", codes.join(", "));
    }
    if counts.open_intents > 0 {
        let _ = writeln!(text, "writes   {} whose outcome is not known yet", counts.open_intents);
    }
    if let Some(service) = service {
        said(service, now, &mut text);
    }
    text
}

/// Deals that nothing is written to for the time being.
fn aside(counts: &Counts, text: &mut String) {
    if counts.differing > 0 {
        let (deals, differ) =
            if counts.differing == 1 { ("deal", "differs") } else { ("deals", "differ") };
        let _ = writeln!(
            text,
            "held     {} {deals} {differ} in a line that is not written; `cosell held` says which",
            counts.differing
        );
    }
    if counts.backfill.state != BackfillState::None {
        let _ = writeln!(text, "backfill {}", told(&counts.backfill));
    }
}

/// Which environment it is, and where it does not write.
fn named(office: &Office, service: Option<&Value>) -> String {
    let environment = &office.config.environment;
    let kind = environment.kind.name();
    let own = if environment.name == kind { String::new() } else { format!(", {kind}") };
    let reach = service.and_then(|service| service.get("reach")?.as_str());
    let reach = match (reach, environment.kind) {
        (Some("salesforce-only"), _) => {
            "; it writes nothing to Partner Center: `cosell shadow` tells what"
        }
        (_, Kind::Shadow) => "; it writes nothing: `cosell shadow` tells what it would write",
        (_, Kind::Production | Kind::Staging) => "",
    };
    format!("{}{own}{reach}", environment.name)
}

/// Deals that nobody has answered, and what waits for its time; the soonest of each.
fn deadlines(counts: &Counts, now: Timestamp, text: &mut String) {
    let kinds = [
        (DeadlineKind::Answer, counts.unanswered, "answer  ", "wait for an answer to Microsoft"),
        (
            DeadlineKind::Write,
            counts.too_early,
            "later   ",
            "have something that Microsoft is told later",
        ),
    ];
    for (kind, count, word, what) in kinds.into_iter().filter(|(_, count, ..)| *count > 0) {
        let what = if count == 1 {
            what.replacen("wait ", "waits ", 1).replacen("have ", "has ", 1)
        } else {
            what.to_owned()
        };
        let deals = if count == 1 { "deal" } else { "deals" };
        let _ = writeln!(text, "{word} {count} {deals} {what}");
        let of_kind = counts.deadlines.iter().filter(|timed| timed.kind == kind);
        for timed in of_kind.take(NAMED) {
            let at = timed.at;
            let until = if kind == DeadlineKind::Answer { "until" } else { "from" };
            let record = timed.record.as_deref().unwrap_or_default();
            let _ = writeln!(
                text,
                "         {} {record} {until} {} ({})",
                timed.key,
                at.strftime("%Y-%m-%d %H:%M UTC"),
                left(at, now)
            );
        }
    }
}

/// What only the running service knows.
fn said(service: &Value, now: Timestamp, text: &mut String) {
    let list = |name: &str| service.get(name).and_then(Value::as_array).into_iter().flatten();
    let word = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    for denied in list("denied") {
        let [system, why, who] = ["system", "why", "who"].map(|name| word(denied, name));
        let _ = writeln!(text, "stopped  {system}: {why}; {who} must act");
    }
    for wire in list("wires") {
        let _ = writeln!(text, "wire     {}", told_of_wire(wire));
    }
    let times = service.get("times").and_then(Value::as_object);
    for (name, at) in times.into_iter().flatten() {
        if let Some(at) = at.as_str().and_then(|at| at.parse().ok()) {
            let _ = writeln!(text, "last     {name} {}", ago(at, now));
        }
    }
    let notes = service.get("notes").and_then(Value::as_object);
    for (name, note) in notes.into_iter().flatten() {
        let _ = writeln!(text, "note     {name}: {}", note.as_str().unwrap_or_default());
    }
    let left = service.pointer("/reload/to_look_at").and_then(Value::as_u64).unwrap_or(0);
    if left > 0 {
        let _ =
            writeln!(text, "again    {left} deals are still to be looked at with the changed maps");
    }
    if let Some(release) = service.pointer("/reload/release").and_then(Value::as_str) {
        let short = release.get(..12).unwrap_or(release);
        let _ = writeln!(text, "release  {short}");
    }
    for map in list("maps") {
        let hash = word(map, "hash");
        let short = hash.get(..12).unwrap_or(&hash);
        let stability = match word(map, "stability").as_str() {
            "" | "stable" => String::new(),
            other => format!("  {other}"),
        };
        let (name, file) = (word(map, "name"), word(map, "file"));
        let _ = writeln!(text, "map      {name} {short}  {file}{stability}");
    }
}

/// Whether a wire is open, and what was called on it.
fn told_of_wire(wire: &Value) -> String {
    let word = |name: &str| wire.get(name).and_then(Value::as_str);
    let mut said =
        format!("{} is {}", word("system").unwrap_or_default(), word("state").unwrap_or_default());
    if let Some(why) = word("why") {
        let _ = write!(said, " ({why})");
    }
    if let Some([used, most]) = wire.get("of_day").and_then(Value::as_array).map(Vec::as_slice) {
        let _ = write!(said, "; {used} of the day's {most} calls are used, by all programs");
    }
    for (name, words) in [("calls", "ours since the start"), ("held_back", "held back")] {
        let lanes = wire.get(name).and_then(Value::as_object).into_iter().flatten();
        let lanes: Vec<String> = lanes.map(|(lane, count)| format!("{lane} {count}")).collect();
        if !lanes.is_empty() {
            let _ = write!(said, "; {words}: {}", lanes.join(", "));
        }
    }
    said
}

/// `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        ..=99 => format!("{seconds} s ago"),
        100..=5_999 => format!("{} min ago", seconds / 60),
        6_000..=172_799 => format!("{} h ago", seconds / 3600),
        172_800.. => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_does_not_run_is_not_fine() {
        let counts = Counts::default();
        let now = Timestamp::UNIX_EPOCH;
        assert!(!is_fine(&counts, None, now));
        let well = json!({ "denied": [] });
        assert!(is_fine(&counts, Some(&well), now));
        assert!(!is_fine(&counts, Some(&json!({ "denied": [{}] })), now));
        let refused = json!({ "denied": [], "reload": { "refused": "opportunity.map:3:1: …" } });
        assert!(!is_fine(&counts, Some(&refused), now));
        assert!(!is_fine(&Counts { parked_count: 1, ..counts }, Some(&well), now));
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let told = [5, 200, 7200, 200_000]
            .map(|s| ago(Timestamp::from_second(1_000_000 - s).unwrap(), now));
        assert_eq!(told, ["5 s ago", "3 min ago", "2 h ago", "2 d ago"]);
    }
}
