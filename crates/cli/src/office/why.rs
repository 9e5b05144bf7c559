//! `cosell why`: why a field of a deal is what it is.
//!
//! In: a deal, a field, the state file, the maps. Out: the line that decides, what it did last and what
//! set it off; or the deal's history. Must not know: how it was decided.

use std::fmt::Write as _;

use mapping::decision::{Base, Outcome as Done};
use mapping::json::Json;
use mapping::value::Value;
use runner::deal_map::DealMap;
use runner::store::{Because, DealView, Difference, Store, record_of};
use runner::why::{Event, Known, Line, Told, history, why};
use runner::worker::WOULD;
use serde_json::json;

use super::{Face, Office, ids, json, names};
use crate::command::Why;
use crate::terminal::{Outcome, Stop, print, tell};

/// All of a deal's history is looked through.
const ALL: u32 = u32::MAX >> 1;

/// Answers.
pub(crate) fn run(args: &Why) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let deal = office.deal(&args.deal)?;
    let most = if args.field.is_some() { ALL } else { args.last };
    let events = history(office.ask(office.store.audit(Some(deal.key), most))?);
    let (referral, record) = ids(&deal.aliases);
    let Some(field) = &args.field else {
        let shown = match office.face {
            Face::Json => json(&json!({
                "deal": deal.key, "referral": referral, "record": record, "parked": deal.parked,
                "waiting": deal.waiting, "differences": deal.differences, "events": events,
            })),
            Face::Text => told_history(&deal, &events),
        };
        print(&shown)?;
        return Ok(Outcome::Fine);
    };
    let maps = maps(&office);
    let plan = plan_of(&maps, &deal).map(DealMap::plan);
    let base = deal.base.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let base: Base = base.unwrap_or_default();
    let known = Known { base: &base, differences: &deal.differences };
    let told = why(field, &events, known, plan).map_err(|near| {
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "`cosell plan MAP` lists the fields; leave the field out for the history".to_owned()
            }
        };
        Stop::because(format!("no line of the map is about a field `{field}`"), help)
    })?;
    print(&match office.face {
        Face::Json => json(&json!({
            "deal": deal.key, "referral": referral, "record": record, "field": field, "why": told,
        })),
        Face::Text => {
            let mut text = names(deal.key, referral.as_deref(), record.as_deref()) + "\n\n";
            for told in &told {
                one(told, plan.map(mapping::plan::Plan::hash), &mut text);
            }
            parked(&deal, &told, &mut text);
            text
        }
    })?;
    Ok(Outcome::Fine)
}

/// The maps in service, as far as they can be read: the history tells enough without them.
fn maps(office: &Office) -> Vec<DealMap> {
    // Those that the service put beside its state; the files may say something else by now.
    let shelf = runner::serve::in_service(&office.config.store);
    let release = shelf.pointer().ok().flatten().and_then(|at| at.current().map(str::to_owned));
    if let Some((_, _, made)) = release.and_then(|release| shelf.compile(&release).ok()) {
        return made.maps;
    }
    runner::serve::load_maps(&office.config.maps).unwrap_or_else(|error| {
        tell(&format!("note: fields that nothing was written to cannot be told: {error}\n"));
        Vec::new()
    })
}

/// The map of a deal's record; while there is none, the one by which it waits, or the only one there is.
fn plan_of<'m>(maps: &'m [DealMap], deal: &DealView) -> Option<&'m DealMap> {
    if let Some((object, _)) = record_of(&deal.aliases) {
        return maps.iter().find(|map| map.object() == object);
    }
    let causes = deal.parked.iter().flat_map(|parked| &parked.causes);
    let files: Vec<&str> = causes.filter_map(|cause| cause.map.as_deref()).collect();
    let waits = maps.iter().find(|map| files.contains(&map.plan().file()));
    waits.or_else(|| maps.first().filter(|_| maps.len() == 1))
}

/// One line with what it did last.
fn one(told: &Told, now: Option<&str>, text: &mut String) {
    let Told { line, part, by, now: differs } = told;
    // INVARIANT: writing to a string cannot fail, here and below.
    let block = (line.rule.as_str(), line.map.as_str(), line.map_line);
    let own = part.as_ref().map(|part| (part.rule.as_str(), part.map.as_str(), part.map_line));
    let (rule, map, at) = own.unwrap_or(block);
    let _ = writeln!(text, "{rule}\n  line            {map}:{at}");
    if own.is_some() {
        let (rule, map, at) = block;
        let _ = writeln!(text, "  of the list     {map}:{at}  {rule}");
    }
    if let Some(row) = line.row_line {
        let _ = writeln!(text, "  row             {}:{row}", line.map);
    }
    let is_unread = line.left.is_empty() && line.right.is_empty() && by.is_none();
    let did = match &line.outcome {
        Done::Agrees if is_unread => "nothing yet".to_owned(),
        done => outcome(done, by.as_ref().map_or("", |by| by.kind.as_str())),
    };
    let _ = writeln!(text, "  did             {did}: {}", line.reason);
    for (name, values) in [
        ("Partner Center", Some(&line.left)),
        ("Salesforce", Some(&line.right)),
        ("written", line.written.as_ref()),
    ] {
        if let Some(values) = values.and_then(|values| plain(values)) {
            let _ = writeln!(text, "  {name:<15} {values}");
        }
    }
    if let Some(by) = by {
        let _ = writeln!(text, "  event           {}", because(&by.because));
        let _ = writeln!(
            text,
            "  kept            {} as line {} of the audit ({})",
            second(by.at),
            by.seq,
            by.kind
        );
        if let Some(plan) = &by.plan {
            let short = plan.get(..12).unwrap_or(plan);
            let old = if now.is_some_and(|now| now != plan) { ", not today's" } else { "" };
            let _ = writeln!(text, "  plan            {short}{old}");
        }
    }
    if let (Some(differs), true) = (differs, by.is_some()) {
        differing(differs, text);
    }
    text.push('\n');
}

/// Why nothing is written to a line in which the two sides differ.
fn reason(differs: &Difference) -> &str {
    differs.held.as_deref().unwrap_or("neither side changed since")
}

/// How a line stands now, when the two sides differ in it.
fn differing(differs: &Difference, text: &mut String) {
    let why = reason(differs);
    let _ = writeln!(text, "  now             the sides differ, nothing is written: {why}");
    for (name, values) in [("Partner Center", &differs.left), ("Salesforce", &differs.right)] {
        if let Some(values) = plain(values) {
            let _ = writeln!(text, "  {name:<15} {values}");
        }
    }
}

/// Causes for which the deal is parked, when they are about one of the lines, or keep all from being looked at.
fn parked(deal: &DealView, told: &[Told], text: &mut String) {
    for cause in deal.parked.iter().flat_map(|parked| &parked.causes) {
        let is_here = told.iter().any(|told| cause.map_line == Some(told.line.map_line));
        if is_here || told.iter().all(|told| told.by.is_none()) {
            let _ = writeln!(text, "parked: {}\n  to do: {}", cause.message, cause.help);
        }
    }
}

fn told_history(deal: &DealView, events: &[Event]) -> String {
    let (referral, record) = ids(&deal.aliases);
    let mut text = names(deal.key, referral.as_deref(), record.as_deref()) + "\n";
    if let Some(waiting) = &deal.waiting {
        let _ = writeln!(text, "waits: {waiting}");
    }
    for cause in deal.parked.iter().flat_map(|parked| &parked.causes) {
        let _ = writeln!(text, "parked: {}\n  to do: {}", cause.message, cause.help);
    }
    for differs in &deal.differences {
        let Difference { rule, map, map_line, .. } = differs;
        let _ = writeln!(text, "differs: {map}:{map_line}  {rule}: {}", reason(differs));
    }
    for event in events {
        let _ = writeln!(
            text,
            "\n{}  {}  by {}",
            second(event.at),
            event.kind,
            because(&event.because)
        );
        for cause in &event.causes {
            let _ = writeln!(text, "  {}: {}", cause.code, cause.message);
        }
        if let (from @ [_, ..], to) = (event.from.as_slice(), &event.to) {
            let _ = writeln!(text, "  {} became {}", from.join(" "), to.join(" "));
        }
        for line in event.lines.iter().filter(|line| is_told(line)) {
            let _ = writeln!(
                text,
                "  {}:{}  {}  {}",
                line.map,
                line.map_line,
                line.rule,
                outcome(&line.outcome, &event.kind)
            );
        }
    }
    if events.is_empty() {
        text.push_str("\nNothing was written for this deal yet.\n");
    }
    text
}

/// Whether a line did something.
fn is_told(line: &Line) -> bool {
    match line.outcome {
        Done::WritesLeft | Done::WritesRight | Done::WritesBoth | Done::Parked(_) => true,
        Done::Agrees | Done::Kept | Done::Held(_) | Done::Drifted | Done::NotOptedIn => false,
    }
}

/// What a line did; in an entry of something that was not done: what it would have done.
fn outcome(outcome: &Done, kind: &str) -> String {
    let wrote = if kind.starts_with(WOULD) { "would write" } else { "wrote" };
    match outcome {
        Done::Agrees => "nothing, both sides agree".to_owned(),
        Done::Kept => "nothing, the value is kept".to_owned(),
        Done::WritesLeft => format!("{wrote} to Partner Center"),
        Done::WritesRight => format!("{wrote} to Salesforce"),
        Done::WritesBoth => format!("{wrote} both sides"),
        Done::Held(word) => format!("held back ({word})"),
        Done::Drifted => "nothing, the sides differ and neither changed".to_owned(),
        Done::Parked(why) => format!("waits for a person ({why})"),
        Done::NotOptedIn => "nothing, the record does not take part".to_owned(),
    }
}

/// `referral-updated (webhook) at 09:14:27`, newest first; several of a kind are told once.
fn because(hints: &[Because]) -> String {
    if hints.is_empty() {
        return "the service itself".to_owned();
    }
    let mut told: Vec<&Because> = Vec::new();
    for hint in hints {
        if !told.iter().any(|other| (&other.source, &other.event) == (&hint.source, &hint.event)) {
            told.push(hint);
        }
    }
    let one = |hint: &&Because| match &hint.event {
        Some(event) => format!("{event} ({}) at {}", hint.source, second(hint.at)),
        None => format!("{} at {}", hint.source, second(hint.at)),
    };
    told.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A time to the second, in UTC.
fn second(at: runner::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Tagged values as people read them. None: there are none.
pub(super) fn plain(tagged: &str) -> Option<String> {
    let Ok(Json::List(items)) = mapping::json::read(tagged.as_bytes()) else { return None };
    let values: Vec<Value> = items.iter().filter_map(|item| Value::from_json(item).ok()).collect();
    let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}
