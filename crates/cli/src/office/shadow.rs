//! `cosell shadow`: what an environment that does not write would have written, by line of the map.
//!
//! In: the audit of its state file. Out: lines with the deals they would write to. Values of records only when
//! they are asked for. Must not know: how it was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use mapping::decision::Outcome as Done;
use runner::config::Reach;
use runner::store::{KeyId, Store};
use runner::why::{Event, Line, history};
use runner::worker::{ALSO, MET, WOULD};
use serde::Serialize;

use super::why::plain;
use super::{Face, Office, json};
use crate::command::Shadow;
use crate::terminal::{Outcome, Stop, count, print};

/// All of the audit is looked through.
pub(super) const ALL: u32 = u32::MAX >> 1;
/// So many deals of a line are named.
const NAMED: usize = 5;

/// What the environment would do.
#[derive(Debug, Serialize)]
struct Report {
    environment: String,
    kind: &'static str,
    /// Deals to which something would be written now.
    deals: usize,
    /// Among them: deals whose record would be made, by system.
    new_records: usize,
    new_referrals: usize,
    /// Deals of which Microsoft would be asked for help.
    asked: usize,
    /// How often somebody else did what would have been done, or it was wanted no more.
    met: usize,
    /// How often a seller would be told something else than what was told before.
    told_sellers: usize,
    lines: Vec<Group>,
}

/// A line of a map that would write.
#[derive(Debug, Serialize)]
struct Group {
    map: String,
    line: usize,
    rule: String,
    to: &'static str,
    /// How often it was told, also where it is over.
    told: usize,
    /// Where it would write now.
    deals: Vec<Wanted>,
}

/// What a line would write to a deal.
#[derive(Debug, Serialize)]
struct Wanted {
    deal: KeyId,
    /// The kind of the entry: `would-update`, `would-create-record`, `would-create-referral`,
    /// `would-ask-microsoft`.
    kind: String,
    /// Since when.
    at: runner::Timestamp,
    /// Its number in the audit.
    seq: i64,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Values>,
}

#[derive(Debug, Serialize)]
struct Values {
    partner_center: String,
    salesforce: String,
    written: Option<String>,
}

/// Shows it.
pub(crate) fn run(args: &Shadow) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    writes_somewhere(&office)?;
    let key = args.deal.as_deref().map(|name| office.deal(name)).transpose()?.map(|deal| deal.key);
    let events = history(office.ask(office.store.audit(key, ALL))?);
    let environment = &office.config.environment;
    let report = Report {
        environment: environment.name.clone(),
        kind: environment.kind.name(),
        ..report(&events, args.values)
    };
    print(&match office.face {
        Face::Json => json(&report),
        Face::Text => text(&report, args.all),
    })?;
    Ok(Outcome::Fine)
}

/// Refuses an environment that does all that it wants: nothing would ever be shown, as if nothing had been written.
fn writes_somewhere(office: &Office) -> Result<(), Stop> {
    let environment = &office.config.environment;
    if office.config.reach != Reach::Both {
        return Ok(());
    }
    Err(Stop::because(
        format!(
            "{} is no shadow: it is of kind {} and writes to both systems",
            environment.name,
            environment.kind.name()
        ),
        "`cosell why DEAL` tells what it wrote; name an environment of kind shadow, or of kind staging with \
         `account: shared`: `cosell shadow --env NAME` (`cosell env` lists them)",
    ))
}

/// The deals to which something would be written now. `events` are newest first.
pub(super) fn open(events: &[Event]) -> BTreeSet<KeyId> {
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    let wishes = events.iter().filter(|event| event.kind.starts_with(WOULD));
    for event in wishes.filter(|event| event.kind != "would-report") {
        if seen.insert(event.key) && event.kind != MET {
            found.insert(event.key);
        }
    }
    found
}

/// `events` are newest first.
fn report(events: &[Event], values: bool) -> Report {
    let mut groups: BTreeMap<(String, usize, String, &'static str), Group> = BTreeMap::new();
    // Deals whose newer entries tell all there is; by deal, the lines that newer entries told.
    let (mut seen, mut open) = (BTreeSet::new(), BTreeMap::new());
    let mut newer: BTreeSet<(KeyId, &str, usize, &str)> = BTreeSet::new();
    let (mut met, mut told_sellers) = (0, 0);
    for event in events.iter().filter(|event| event.kind.starts_with(WOULD)) {
        if event.kind == "would-report" {
            told_sellers += 1;
            continue;
        }
        // The newest word about a deal holds, and what stands before it where it tells only what is new.
        let holds = !seen.contains(&event.key);
        if event.kind != ALSO {
            seen.insert(event.key);
        }
        if event.kind == MET {
            met += 1;
            continue;
        }
        if holds && event.kind != ALSO {
            open.insert(event.key, event.kind.as_str());
        }
        for line in &event.lines {
            let newest = newer.insert((event.key, &line.map, line.map_line, &line.rule));
            let Some(to) = target(&line.outcome) else { continue };
            let place = (line.map.clone(), line.map_line, line.rule.clone(), to);
            let group = groups.entry(place).or_insert_with(|| Group {
                map: line.map.clone(),
                line: line.map_line,
                rule: line.rule.clone(),
                to,
                told: 0,
                deals: Vec::new(),
            });
            group.told += 1;
            if holds && newest {
                group.deals.push(wanted(event, line, values));
            }
        }
    }
    let of = |kind: &str| open.values().filter(|found| **found == kind).count();
    Report {
        environment: String::new(),
        kind: "",
        deals: open.len(),
        new_records: of("would-create-record"),
        new_referrals: of("would-create-referral"),
        asked: of("would-ask-microsoft"),
        met,
        told_sellers,
        lines: groups.into_values().collect(),
    }
}

fn wanted(event: &Event, line: &Line, values: bool) -> Wanted {
    let values = values.then(|| Values {
        partner_center: line.left.clone(),
        salesforce: line.right.clone(),
        written: line.written.clone(),
    });
    let (kind, reason) = (event.kind.clone(), line.reason.clone());
    let Event { key: deal, at, seq, .. } = *event;
    Wanted { deal, kind, at, seq, reason, row_line: line.row_line, values }
}

/// Where a line writes.
fn target(outcome: &Done) -> Option<&'static str> {
    match outcome {
        Done::WritesLeft => Some("Partner Center"),
        Done::WritesRight => Some("Salesforce"),
        Done::WritesBoth => Some("both"),
        Done::Agrees
        | Done::Kept
        | Done::Held(_)
        | Done::Drifted
        | Done::Parked(_)
        | Done::NotOptedIn => None,
    }
}

fn text(report: &Report, all: bool) -> String {
    let mut text = String::new();
    let Report { environment, deals, new_records, new_referrals, met, .. } = report;
    // INVARIANT: writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "{environment}: nothing was written; {} would be written to now ({new_records} new in Salesforce, \
         {new_referrals} new in Partner Center), {met} wanted no more\n",
        count(*deals, "deal"),
    );
    let (now, over): (Vec<&Group>, Vec<&Group>) =
        report.lines.iter().partition(|group| !group.deals.is_empty());
    let shown = if all { [now, over.clone()].concat() } else { now };
    for group in shown {
        let Group { map, line, rule, to, told, deals } = group;
        let now = count(deals.len(), "deal");
        let times = if *told == 1 { "once".to_owned() } else { format!("{told} times") };
        let _ = writeln!(text, "{map}:{line}  {rule}\n  to {to}: {now} now, told {times}");
        for wanted in deals.iter().take(NAMED) {
            let at = wanted.at.strftime("%Y-%m-%d %H:%M:%S UTC");
            let row = wanted.row_line.map_or_else(String::new, |row| format!(", row {map}:{row}"));
            let _ = writeln!(text, "    {}  {at}  {}{row}", wanted.deal, wanted.reason);
            if let Some(values) = &wanted.values {
                let shown = |tagged: &str| plain(tagged).unwrap_or_else(|| "nothing".to_owned());
                let written = values.written.as_deref().map_or("nothing".to_owned(), shown);
                let _ = writeln!(text, "      Partner Center  {}", shown(&values.partner_center));
                let _ = writeln!(text, "      Salesforce      {}", shown(&values.salesforce));
                let _ = writeln!(text, "      would write     {written}");
            }
        }
        if deals.len() > NAMED {
            let _ = writeln!(text, "    and {} more", deals.len() - NAMED);
        }
    }
    if !over.is_empty() && !all {
        let lines = count(over.len(), "line");
        let _ = writeln!(
            text,
            "{lines} would write to no deal any more; `--all` shows what was told of them."
        );
    }
    if report.told_sellers > 0 {
        let times = report.told_sellers;
        let _ = writeln!(text, "Sellers would be told something new {times} times.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: i64, seq: i64, kind: &str, written: &str) -> Event {
        let line = Line {
            rule: "details.dealValue <-> Amount".to_owned(),
            map: "opportunity.map".to_owned(),
            map_line: 34,
            row_line: None,
            outcome: Done::WritesRight,
            reason: "only the left changed".to_owned(),
            left: "[{\"t\":\"secret\"}]".to_owned(),
            right: "[null]".to_owned(),
            written: Some(written.to_owned()),
        };
        let lines = if kind == MET { Vec::new() } else { vec![line] };
        let at = runner::Timestamp::from_second(1_800_000_000).unwrap();
        let (key, kind) = (KeyId(key), kind.to_owned());
        Event {
            key,
            seq,
            at,
            kind,
            because: Vec::new(),
            plan: None,
            causes: Vec::new(),
            lines,
            from: Vec::new(),
            to: Vec::new(),
        }
    }

    #[test]
    fn the_newest_word_about_a_deal_holds_and_values_are_shown_when_asked_for() {
        let events = [
            event(2, 6, "would-create-record", "[{\"t\":\"6\"}]"),
            event(1, 5, MET, ""),
            event(3, 4, "would-update", "[{\"t\":\"SUMMER\"}]"),
            event(3, 3, "would-update", "3"),
            event(1, 2, "would-update", "2"),
            event(4, 1, "update", "1"),
        ];
        let found = report(&events, false);
        assert_eq!((found.deals, found.new_records, found.met), (2, 1, 1));
        assert_eq!(open(&events), BTreeSet::from([KeyId(2), KeyId(3)]));
        assert_eq!(found.lines.len(), 1);
        assert_eq!((found.lines[0].told, found.lines[0].deals.len()), (4, 2));
        let told = text(&found, false);
        assert!(told.contains("opportunity.map:34") && told.contains("2 deals now"), "{told}");
        assert!(!told.contains("secret") && !json(&found).contains("secret"));
        let told = text(&report(&events, true), false);
        assert!(told.contains("Partner Center  \"secret\""), "{told}");
        assert!(told.contains("would write     \"SUMMER\"") && !told.contains("\"t\""), "{told}");
    }

    #[test]
    fn what_is_told_alone_holds_with_what_was_told_before() {
        let named = |rule: &str, mut event: Event| {
            for line in &mut event.lines {
                rule.clone_into(&mut line.rule);
            }
            event
        };
        let mut over = named("b", event(1, 3, ALSO, ""));
        over.lines[0].outcome = Done::Agrees;
        let events = [
            over,
            named("b", event(1, 2, ALSO, "b")),
            named("a", event(1, 1, "would-update", "a")),
            named("old", event(1, 0, "would-update", "old")),
        ];
        assert_eq!(open(&events), BTreeSet::from([KeyId(1)]));
        let found = report(&events, false);
        assert_eq!(found.deals, 1);
        let now = |rule: &str| {
            found.lines.iter().find(|line| line.rule == rule).map(|line| line.deals.len())
        };
        assert_eq!([now("a"), now("b"), now("old")], [Some(1), Some(0), Some(0)]);
        let told = text(&found, false);
        assert!(
            told.contains("  a\n") && !told.contains("  b\n") && told.contains("2 lines"),
            "{told}"
        );
        assert!(text(&found, true).contains("  b\n"));
    }
}
