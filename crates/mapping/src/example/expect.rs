//! What an example expects, against what was decided.
//!
//! In: an example that was carried out. Out: each line that does not hold, with what was found.
//! Must not know: how records are set up.

use crate::decision::{Effect, LineTrace, Outcome, Side};
use crate::fault::{Fault, FaultCode};
use crate::json::Json;
use crate::plan::Plan;
use crate::plan::writers::path_text;
use crate::tree::{At, ExampleLine, Path, Want};

use super::place::{find, is, json_of};
use super::{Example, Failure, Played, Step};

/// The lines of an example that do not hold.
pub(super) fn failures(plan: &Plan, example: &Example<'_>, played: &Played) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut waits = false;
    for step in &example.steps {
        let check = |name: &At<String>| {
            plan.side_named(&name.value).map(|side| Check { plan, played, step: *step, side })
        };
        match step.line {
            ExampleLine::GivesUnchanged(side) => {
                failures.extend(check(side).and_then(|check| check.unchanged()));
            }
            ExampleLine::GivesParked { side, text } => {
                waits = true;
                let text = text.as_ref().map(|text| text.value.as_str());
                failures.extend(check(side).and_then(|check| check.parked(text)));
            }
            ExampleLine::Gives { side, wants } => {
                waits |= wants.iter().any(|(_, want)| want.value == Want::Parked);
                let Some(check) = check(side) else { continue };
                failures.extend(wants.iter().filter_map(|(path, want)| check.want(path, want)));
            }
            ExampleLine::Given { .. }
            | ExampleLine::With { .. }
            | ExampleLine::Missing(_)
            | ExampleLine::Base { .. }
            | ExampleLine::BaseWith { .. }
            | ExampleLine::Has { .. }
            | ExampleLine::Newest(_)
            | ExampleLine::Time(_)
            | ExampleLine::FirstContact => {}
        }
    }
    if !waits && let Some(fault) = faults(played).next() {
        failures.push(Failure {
            map_line: example.map_line,
            expected: "nothing that waits for a person".to_owned(),
            found: format!("parked: {fault}"),
        });
    }
    failures
}

fn faults(played: &Played) -> impl Iterator<Item = &Fault> {
    played.decision.refused.iter().chain(&played.decision.parked)
}

/// One line of an example against what was decided about one side.
struct Check<'c> {
    plan: &'c Plan,
    played: &'c Played,
    step: Step<'c>,
    side: Side,
}

impl<'c> Check<'c> {
    fn fails(&self, expected: String, found: String) -> Failure {
        Failure { map_line: self.step.map_line, expected, found }
    }

    fn name(&self) -> &str {
        self.plan.side_name(self.side)
    }

    fn unchanged(&self) -> Option<Failure> {
        if self.played.effect(self.side).is_nothing() {
            return None;
        }
        let [now, after] = [&self.played.now, &self.played.after]
            .map(|records| records.get(self.side.index()).and_then(Option::as_ref));
        let written = differences(now, after?, "");
        let found = match now {
            Some(_) => format!("a write of {}", written.join(", ")),
            None => format!("that one is created with {}", written.join(", ")),
        };
        Some(self.fails(format!("{} unchanged", self.name()), found))
    }

    fn parked(&self, text: Option<&str>) -> Option<Failure> {
        let concerns = |fault: &&Fault| {
            let writes = self.lines_of_side().any(|line| line == fault.map_line);
            let require = fault.code == FaultCode::Require && self.side == Side::Left;
            writes || require || fault.map_line == 0
        };
        let all: Vec<&Fault> = faults(self.played).filter(concerns).collect();
        let holds = match text {
            None => !all.is_empty(),
            Some(text) => all.iter().any(|fault| fault.message.contains(text)),
        };
        if holds {
            return None;
        }
        let about = text.map_or_else(String::new, |text| format!(" with \"{text}\""));
        let texts: Vec<String> = all.iter().map(|fault| format!("\"{}\"", fault.message)).collect();
        let found = if texts.is_empty() {
            format!("nothing parked; {}", self.outcome())
        } else {
            format!("parked with {}", texts.join(", "))
        };
        Some(self.fails(format!("{} parked{about}", self.name()), found))
    }

    fn lines_of_side(&self) -> impl Iterator<Item = usize> {
        let plan = self.plan;
        let lists = plan.lists.iter();
        let inner = lists.clone().flat_map(|each| &each.lines);
        let related = plan.related.iter().flat_map(|related| &related.lines);
        let lines = plan.lines.iter().chain(related).chain(inner);
        let side = self.side;
        let written = lines.filter(move |line| line.writes(side)).map(|line| line.map_line);
        written.chain(lists.map(|each| each.map_line))
    }

    /// In a few words what is done on the side.
    fn outcome(&self) -> &'static str {
        match (self.played.effect(self.side).is_nothing(), self.here(&self.played.now).is_some()) {
            (true, _) => "nothing is written there",
            (false, true) => "it is written",
            (false, false) => "it is created",
        }
    }

    fn here(&self, records: &'c [Option<Json<'static>>; 2]) -> Option<&'c Json<'static>> {
        let [left, right] = records;
        if self.side == Side::Left { left.as_ref() } else { right.as_ref() }
    }

    fn want(&self, path: &At<Path>, want: &At<Want>) -> Option<Failure> {
        let name = format!("{} {}", self.name(), path_text(&path.value));
        let at = |records| self.here(records).and_then(|record| find(record, &path.value));
        let (now, after) = (at(&self.played.now), at(&self.played.after));
        let is_written = now != after || self.is_sent(&path_text(&path.value));
        match &want.value {
            Want::Is(wanted) => {
                let expected = format!("{name} = {}", shown(Some(&json_of(wanted))));
                match (is_written, is(after, wanted)) {
                    (true, true) => None,
                    (true, false) => Some(self.fails(expected, shown(after))),
                    (false, _) => Some(self.fails(expected, self.not_written(path, now))),
                }
            }
            Want::Unchanged if is_written => {
                Some(self.fails(format!("{name} unchanged"), format!("{} written", shown(after))))
            }
            Want::Unchanged => None,
            Want::Held => {
                let held = |trace: &&LineTrace| matches!(trace.outcome, Outcome::Held(_));
                if self.traces(path).any(|trace| held(&trace)) {
                    return None;
                }
                Some(self.fails(format!("{name} held"), self.instead(path, is_written, now, after)))
            }
            Want::Parked => {
                let lines = self.plan.writers(self.side, &path.value);
                if faults(self.played).any(|fault| lines.contains(&fault.map_line)) {
                    return None;
                }
                Some(
                    self.fails(
                        format!("{name} parked"),
                        self.instead(path, is_written, now, after),
                    ),
                )
            }
        }
    }

    /// Whether a field is among those that are written, also with the value that it has: an amount
    /// and its currency go together.
    fn is_sent(&self, path: &str) -> bool {
        match self.played.effect(self.side) {
            Effect::Update { changes, .. } => changes.iter().any(|change| change.path == path),
            Effect::Nothing | Effect::Create(_) | Effect::Invite(_) => false,
        }
    }

    /// What was decided about the lines that write a field.
    fn traces(&self, path: &At<Path>) -> impl Iterator<Item = &'c LineTrace> {
        let lines = self.plan.writers(self.side, &path.value);
        self.played.decision.lines.iter().filter(move |trace| lines.contains(&trace.map_line))
    }

    fn instead(
        &self,
        path: &At<Path>,
        is_written: bool,
        now: Option<&Json<'static>>,
        after: Option<&Json<'static>>,
    ) -> String {
        if is_written {
            return format!("{} written", shown(after));
        }
        self.not_written(path, now)
    }

    /// That a field is not written, what it has, and why.
    fn not_written(&self, path: &At<Path>, now: Option<&Json<'static>>) -> String {
        let stays = match (self.here(&self.played.now), now) {
            (Some(_), Some(now)) => format!("it is not written and stays {}", shown(Some(now))),
            (None, _) if self.played.effect(self.side).is_nothing() => {
                format!("no {} is created", self.name())
            }
            (Some(_) | None, _) => "it is not written".to_owned(),
        };
        let traces = self.traces(path).find(|trace| !is_write(&trace.outcome, self.side));
        let refused = || self.played.decision.refused.as_ref();
        match traces {
            Some(trace) => {
                let (_, line) = self.plan.place(trace.map_line);
                format!("{stays} (line {line}: {})", why(trace))
            }
            None => match refused() {
                Some(fault) => format!("{stays} ({fault})"),
                None => stays,
            },
        }
    }
}

fn is_write(outcome: &Outcome, side: Side) -> bool {
    match outcome {
        Outcome::WritesLeft => side == Side::Left,
        Outcome::WritesRight => side == Side::Right,
        Outcome::WritesBoth => true,
        Outcome::Agrees
        | Outcome::Kept
        | Outcome::Held(_)
        | Outcome::Drifted
        | Outcome::Parked(_)
        | Outcome::NotOptedIn => false,
    }
}

/// Why a line does not write, in words.
fn why(trace: &LineTrace) -> String {
    match &trace.outcome {
        Outcome::Held(lock) => format!("held, {lock}"),
        Outcome::Parked(reason) => format!("parked, {reason}"),
        Outcome::NotOptedIn => "not sent, the record does not take part in the sync".to_owned(),
        Outcome::WritesLeft | Outcome::WritesRight | Outcome::WritesBoth => {
            format!("the other side is written, {}", trace.reason)
        }
        Outcome::Agrees | Outcome::Kept | Outcome::Drifted => trace.reason.clone(),
    }
}

fn shown(found: Option<&Json<'static>>) -> String {
    match found {
        None => "nothing".to_owned(),
        Some(Json::Null) => "blank".to_owned(),
        Some(json) => json.to_string(),
    }
}

/// The places at which two records differ, with what stands there afterwards.
fn differences(now: Option<&Json<'static>>, after: &Json<'static>, path: &str) -> Vec<String> {
    let Json::Object(members) = after else {
        let same = now == Some(after);
        return if same { Vec::new() } else { vec![format!("{path} = {after}")] };
    };
    let within = |name: &str| {
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    };
    let old = |name: &str| now.and_then(|now| now.member(name).ok().flatten());
    members.iter().flat_map(|(name, json)| differences(old(name), json, &within(name))).collect()
}
