//! `cosell try`: one reconcile, explained.
//!
//! In: a map, the records of one deal, perhaps a base. Out: line by line what was decided and why,
//! and what would be written. Must not know: how it is decided. Values of records are shown here:
//! whoever gives the records may see them.

mod json;
mod lines;
mod text;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mapping::decision::{Base, Change, Decision, Effect, Input, Outcome as Decided, Seen, Side};
use mapping::explain::{self, Explained, Required};
use mapping::fault::Fault;
use mapping::json::Json;
use mapping::plan::Plan;
use mapping::problem::nearest;
use mapping::report::ReportEvent;
use mapping::value::Value;

use crate::project::{Map, open_usable, read};
use crate::terminal::{Color, Outcome, Stop, print, shown};

/// How decisions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Where the records and the base come from.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) left: Option<PathBuf>,
    pub(crate) right: Option<PathBuf>,
    pub(crate) base: Option<PathBuf>,
    /// Only the lines with this field.
    pub(crate) only: Option<String>,
}

/// What was tried, and what came of it.
struct Tried<'p> {
    plan: &'p Plan,
    map: &'p Map,
    /// Every line of the map, or only those that were asked for.
    lines: Vec<Explained>,
    requires: Vec<Required>,
    /// Only some lines were asked for.
    some: bool,
    decision: Decision,
    /// Which records were given, and why one of them takes no part, where that is so.
    given: [bool; 2],
    absent: Option<Side>,
    has_base: bool,
    /// Badge and audit, which ride in the write to the right side.
    report: Vec<Change>,
}

impl Tried<'_> {
    fn effect(&self, side: Side) -> &Effect {
        match side {
            Side::Left => &self.decision.left,
            Side::Right => &self.decision.right,
        }
    }

    /// Keeps only the lines that have a field. Errors: there is none.
    fn keep(&mut self, field: &str) -> Result<(), Stop> {
        let fields = |line: &Explained| {
            let words = line.rule.split([' ', ',']).map(|word| word.trim_matches('`').to_owned());
            words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        let is_meant = |line: &Explained| {
            fields(line).iter().any(|own| {
                own.eq_ignore_ascii_case(field)
                    || own.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(field))
            })
        };
        if !self.lines.iter().any(is_meant) {
            let known: Vec<String> = self.lines.iter().flat_map(fields).collect();
            let help = nearest(field, known.iter().map(String::as_str)).map_or_else(
                || "write a field as a line of the map has it".to_owned(),
                |near| format!("did you mean `--only {near}`?"),
            );
            return Err(Stop::because(format!("no line of the map has a field `{field}`"), help));
        }
        self.lines.retain(is_meant);
        self.some = true;
        Ok(())
    }

    /// A decision in a few words.
    fn words(&self, decided: &Decided) -> String {
        let name = |side| self.plan.side_name(side);
        match decided {
            Decided::Agrees => "agrees".to_owned(),
            Decided::Kept => "kept".to_owned(),
            Decided::WritesLeft => format!("writes the {}", name(Side::Left)),
            Decided::WritesRight => format!("writes the {}", name(Side::Right)),
            Decided::WritesBoth => "writes both".to_owned(),
            Decided::Held(lock) => format!("held ({lock})"),
            Decided::Drifted => "drifted".to_owned(),
            Decided::Parked(why) => format!("parked ({why})"),
            Decided::NotOptedIn => {
                format!("not sent (the {} does not take part)", name(Side::Right))
            }
        }
    }
}

/// Tries one reconcile; nothing is written anywhere.
pub(crate) fn run(
    map: &Path,
    org: Option<&str>,
    files: &Files,
    face: Face,
    color: Color,
) -> Result<Outcome, Stop> {
    let map = open_usable(map, org, color)?;
    let Some((_, plan)) = map.usable() else { return Ok(Outcome::NotFine) };
    let left = files.left.as_deref().map(read).transpose()?;
    let right = files.right.as_deref().map(read).transpose()?;
    let base = files.base.as_deref().map(read_base).transpose()?;
    let mut tried = reconcile(plan, &map, left.as_deref(), right.as_deref(), base)
        .map_err(|(side, fault)| not_a_record(files, side, &fault))?;
    if let Some(field) = &files.only {
        tried.keep(field)?;
    }
    print(&match face {
        Face::Text => text::text(&tried),
        Face::Json => json::json(&tried),
    })?;
    Ok(Outcome::fine_if(tried.decision.refused.is_none() && tried.decision.parked.is_empty()))
}

fn reconcile<'p>(
    plan: &'p Plan,
    map: &'p Map,
    left: Option<&str>,
    right: Option<&str>,
    base: Option<Base>,
) -> Result<Tried<'p>, (Side, Fault)> {
    let mut absent = None;
    for (side, body) in [(Side::Left, left), (Side::Right, right)] {
        let Some(body) = body else { continue };
        if !plan.takes_part(side, body).map_err(|fault| (side, fault))? {
            absent = Some(side);
        }
    }
    let has_base = base.is_some();
    let now = SystemTime::now().try_into().unwrap_or_default();
    let seen = |names: &'static [&str]| {
        move |body| Seen { body, stamp: stamp(body, names).and_then(|text| text.parse().ok()) }
    };
    let base = base.unwrap_or_default();
    let input = Input {
        left: left.map(seen(&["updatedDateTime"])),
        right: right.map(seen(&["SystemModstamp", "LastModifiedDate"])),
        base: &base,
        now,
    };
    let decision = plan.reconcile(&input).map_err(|fault| (Side::Left, fault))?;
    let report = if decision.writes() {
        plan.report(&decision, right, &ReportEvent::Done, "", now)
    } else {
        Vec::new()
    };
    let lines = explain::lines(plan, &input, &decision);
    let requires = explain::requires(plan, left, &decision);
    let given = [left.is_some(), right.is_some()];
    Ok(Tried { plan, map, lines, requires, some: false, decision, given, absent, has_base, report })
}

/// When a record was last changed, as it says itself: the first of the members that it has.
fn stamp(body: &str, names: &[&str]) -> Option<String> {
    let record: serde_json::Value = serde_json::from_str(body).ok()?;
    names.iter().find_map(|name| record[*name].as_str().map(str::to_owned))
}

fn not_a_record(files: &Files, side: Side, fault: &Fault) -> Stop {
    let path = match side {
        Side::Left => &files.left,
        Side::Right => &files.right,
    };
    let name = path.as_deref().map_or_else(String::new, shown);
    Stop::because(format!("{name} cannot be used: {fault}"), "give one record as a JSON object")
}

fn read_base(path: &Path) -> Result<Base, Stop> {
    let text = read(path)?;
    let wrong = || {
        Stop::because(
            format!("{} is no base", shown(path)),
            "give the `base` of an earlier `cosell try --format json`, a JSON object with `lines`",
        )
    };
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong())?;
    Base::from_json(&json).ok_or_else(wrong)
}

/// The values in a trace: a list of tagged values, or else one JSON text.
fn values_of(text: &str) -> Option<Vec<Value>> {
    let Ok(Json::List(items)) = mapping::json::read(text.as_bytes()) else { return None };
    items.iter().map(|item| Value::from_json(item).ok()).collect()
}
