//! The console page: what is in step, what waits, what is parked and why, what was done last.
//!
//! In: the status and the newest lines of the audit. Out: HTML that works without scripts, in light
//! and dark. Must not know: the store, HTTP. It shows rules and line numbers, never values of
//! records. The only file that names the template library.

use std::time::Duration;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;

use crate::clocks::{is_urgent, left};
use crate::config::Reach;
use crate::store::{AuditLine, Cause, DeadlineKind, ParkedKey};
use crate::view::StatusView;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #c0362c; --good: #2a7d4f; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a7a; --good: #7fd6a4; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; }
.tile { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; min-width: 7rem; }
.tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.bad { color: var(--bad); } .good { color: var(--good); }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; }
code { background: var(--soft); border-radius: .25rem; padding: 0 .25rem; }
small { opacity: .75; }
";

/// What the page shows of an audit entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    kind: String,
    lines: Vec<EntryLine>,
    causes: Vec<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EntryLine {
    rule: String,
    map: String,
    map_line: usize,
    reason: String,
}

/// The whole page: each environment with the newest lines of its audit.
pub(crate) fn page(shown: &[(StatusView, Vec<AuditLine>)], now: Timestamp) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="10";
                title { "cosell" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "cosell " small { (env!("CARGO_PKG_VERSION")) } }
                @for (view, audit) in shown {
                    section {
                        (name(view))
                        (tiles(view, now))
                        (denied(view))
                        (notes(view))
                        (wires(view))
                        (parked(&view.parked, view.parked_count))
                        (waiting(view, now))
                        (deadlines(view, now))
                        (last(audit))
                        (maps(view))
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// Which environment it is, and whether it may do anything.
fn name(view: &StatusView) -> Markup {
    html! {
        @if let Some(environment) = &view.environment {
            h1 {
                (environment.name)
                @if environment.name != environment.kind.name() { " " small { (environment.kind) } }
                @match view.reach {
                    Some(Reach::Nothing) => { " " small { "writes nothing, tells what it would write" } }
                    Some(Reach::SalesforceOnly) => { " " small { "writes nothing to Partner Center" } }
                    Some(Reach::Both) | None => {}
                }
            }
        }
        @if let Some(why) = &view.halted { p.bad { b { "Stopped: " } (why) } }
    }
}

fn tiles(view: &StatusView, now: Timestamp) -> Markup {
    let count = |name: &str| view.counters.get(name).copied().unwrap_or(0);
    let oldest = view.oldest_waiting.map_or_else(|| "–".to_owned(), |since| ago(since, now));
    html! {
        div.tiles {
            div.tile { b.good { (view.linked) } "linked deals" }
            div.tile { b { (view.dirty) } "waiting" }
            div.tile { b { (oldest) } "longest wait" }
            div.tile { b.bad[view.parked_count > 0] { (view.parked_count) } "parked" }
            div.tile { b { (view.differing) } "held or drifted" }
            div.tile { b { (count("accepted_webhook")) } "webhook calls kept" }
            div.tile { b { (count("writes_salesforce")) } "writes to Salesforce" }
            div.tile { b { (count("writes_partner_center")) } "writes to Partner Center" }
        }
    }
}

fn denied(view: &StatusView) -> Markup {
    html! {
        @for denial in &view.denied {
            p.bad { b { (denial.system) " is stopped: " } (denial.why) ". " (denial.who) " must act." }
        }
    }
}

fn wires(view: &StatusView) -> Markup {
    html! {
        @if !view.wires.is_empty() {
            h2 { "Wires" }
            table {
                tr { th { "to" } th { "is" } th { "calls of the day, all programs" } th { "ours since the start" } }
                @for wire in &view.wires {
                    tr {
                        td { (wire.system) }
                        td.bad[wire.state != "open"] {
                            (wire.state)
                            @if let Some(why) = &wire.why { ": " (why) }
                        }
                        td { @if let Some((used, most)) = wire.of_day { (used) " of " (most) } }
                        td { @for (lane, count) in &wire.calls { (format!("{lane:?}").to_lowercase()) " " (count) " " } }
                    }
                }
            }
        }
    }
}

fn notes(view: &StatusView) -> Markup {
    html! {
        @if !view.notes.is_empty() {
            h2 { "To note" }
            ul { @for (name, note) in &view.notes { li { b { (name) } ": " (note) } } }
        }
    }
}

fn parked(parked: &[ParkedKey], count: u64) -> Markup {
    html! {
        h2 { "Parked" }
        @if parked.is_empty() { p { "Nothing is parked." } } @else {
            table {
                tr { th { "deal" } th { "why" } th { "what to do" } th { "since" } }
                @for key in parked {
                    @for cause in &key.causes {
                        tr {
                            td { (key.key) (ids(key)) }
                            td { code { (cause.code) } " " (cause.message) (place(cause)) }
                            td { (cause.help) }
                            td { (minute(key.since)) }
                        }
                    }
                }
            }
            @if count > 200 { p { "The oldest 200 of " (count) " are shown." } }
        }
    }
}

fn ids(key: &ParkedKey) -> Markup {
    html! {
        @for id in key.record.iter().chain(&key.referral) { br; small { code { (id) } } }
    }
}

fn place(cause: &Cause) -> Markup {
    html! {
        @if let (Some(map), Some(line)) = (&cause.map, cause.map_line) {
            " " small { code { (map) ":" (line) } }
        }
    }
}

fn waiting(view: &StatusView, now: Timestamp) -> Markup {
    html! {
        @if !view.waiting.is_empty() {
            h2 { "Put off" }
            table {
                tr { th { "deal" } th { "what it waits for" } th { "attempts" } th { "for" } }
                @for key in &view.waiting {
                    tr {
                        td { (key.key) }
                        td { (key.why) }
                        td { (key.attempts) }
                        td { (ago(key.since, now)) }
                    }
                }
            }
        }
    }
}

/// Deals that nobody has answered, and what waits for its time.
fn deadlines(view: &StatusView, now: Timestamp) -> Markup {
    html! {
        @if !view.deadlines.is_empty() {
            h2 { "Deadlines" }
            table {
                tr { th { "deal" } th { "what" } th { "when" } th { "left" } }
                @for timed in &view.deadlines {
                    @let left = left(timed.at, now);
                    tr {
                        td {
                            (timed.key)
                            @for id in timed.record.iter().chain(&timed.referral) { br; small { code { (id) } } }
                        }
                        td {
                            @match timed.kind {
                                DeadlineKind::Answer => { "nobody has answered Microsoft yet" }
                                DeadlineKind::Write => { "is told to Microsoft only then" }
                            }
                            " " small { code { (timed.map) ":" (timed.map_line) } }
                        }
                        td { (minute(timed.at)) }
                        td.bad[is_urgent(timed, now)] { (left) }
                    }
                }
            }
        }
    }
}

fn last(audit: &[AuditLine]) -> Markup {
    html! {
        h2 { "Done last" }
        @if audit.is_empty() { p { "Nothing was done yet." } } @else {
            table {
                tr { th { "when" } th { "deal" } th { "what" } th { "which lines, and why" } }
                @for line in audit {
                    @let entry: Entry = serde_json::from_str(&line.entry).unwrap_or_default();
                    tr {
                        td { (minute(line.at)) }
                        td { (line.key) }
                        td { (entry.kind) }
                        td {
                            @for (index, rule) in entry.lines.iter().enumerate() {
                                @if index > 0 { br; }
                                code { (rule.rule) } small { " " (rule.reason) (number(rule)) }
                            }
                            @for cause in &entry.causes { code { (cause.code) } " " }
                        }
                    }
                }
            }
        }
    }
}

fn number(line: &EntryLine) -> String {
    match (line.map_line, line.map.as_str()) {
        (0, _) => String::new(),
        (number, "") => format!(", line {number}"),
        (number, map) => format!(", {map}:{number}"),
    }
}

fn maps(view: &StatusView) -> Markup {
    html! {
        h2 { "Mappings" }
        @if let Some(release) = &view.reload.release {
            p { "Release " code { (short(release)) } }
        }
        ul {
            @for map in &view.maps {
                li {
                    b { (map.name) } " " (map.file) " " small { code { (short(&map.hash)) } }
                    @if map.stability != "stable" { " " b.bad { (map.stability) } }
                }
            }
        }
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago, in the largest unit that fits.
fn ago(since: Timestamp, now: Timestamp) -> String {
    let span = Duration::try_from(now.duration_since(since)).unwrap_or_default().as_secs();
    match span {
        0..60 => format!("{span} s"),
        60..3600 => format!("{} min", span / 60),
        3600..86_400 => format!("{} h", span / 3600),
        86_400.. => format!("{} d", span / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Environment, Kind};
    use crate::store::{DeadlineKey, KeyId};

    fn times(key: KeyId) -> Vec<DeadlineKey> {
        let one = |kind, days: i64| {
            let at = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * days);
            let (rule, map) = ("hold referral".to_owned(), "o.map".to_owned());
            DeadlineKey { key, referral: None, record: None, kind, at, rule, map, map_line: 15 }
        };
        vec![one(DeadlineKind::Answer, 2), one(DeadlineKind::Write, 5)]
    }

    #[test]
    fn what_stands_in_a_cause_cannot_become_markup() {
        let cause = Cause {
            code: "x".to_owned(),
            message: "<script>alert(1)</script>".to_owned(),
            map: Some("o.map".to_owned()),
            map_line: Some(7),
            help: "h".to_owned(),
        };
        let since = Timestamp::UNIX_EPOCH;
        let key = KeyId(1);
        let parked =
            vec![ParkedKey { key, referral: None, record: None, since, causes: vec![cause] }];
        let view = StatusView {
            version: "0",
            environment: Some(Environment { name: "trial".to_owned(), kind: Kind::Shadow }),
            reach: Some(Reach::Nothing),
            halted: Some("<b>wrong</b>".to_owned()),
            maps: Vec::new(),
            keys: 1,
            linked: 0,
            dirty: 0,
            oldest_waiting: None,
            open_intents: 0,
            parked_count: 1,
            parked,
            waiting: Vec::new(),
            unanswered: 1,
            too_early: 1,
            deadlines: times(key),
            differing: 2,
            backfill: crate::store::Backfill::default(),
            counters: BTreeMap::new(),
            tallies: BTreeMap::new(),
            denied: Vec::new(),
            times: BTreeMap::new(),
            notes: BTreeMap::new(),
            logins: Vec::new(),
            reload: crate::maps::reloading::Reloading::default(),
            environments: Vec::new(),
            wires: Vec::new(),
            egress: connect::Destinations::default(),
        };
        let entry = r#"{"kind":"update","lines":[{"rule":"a <-> B","map_line":3,"reason":"r",
            "left":"secret","outcome":"WritesLeft"}]}"#;
        let audit = vec![AuditLine { seq: 1, key, at: since, entry: entry.to_owned() }];
        let page = page(&[(view, audit)], since);
        assert!(page.contains("trial") && page.contains("Stopped: </b>&lt;b&gt;wrong"));
        assert!(!page.contains("<script") && page.contains("&lt;script"));
        assert!(page.contains("o.map:7") && page.contains("a &lt;-&gt; B"));
        assert!(!page.contains("secret"));
        assert!(page.contains("nobody has answered Microsoft yet") && page.contains(">2 d<"));
        assert!(page.contains("is told to Microsoft only then") && page.contains(">5 d<"));
    }
}
