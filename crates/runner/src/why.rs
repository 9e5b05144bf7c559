//! Why the fields of a deal are what they are.
//!
//! In: a deal as it is kept, its part of the audit, the plan in service. Out: for each field the line
//! that decides about it, what that line did last, and the event that set it off. Must not know: where
//! any of it comes from, or how it is shown.

use jiff::Timestamp;
use mapping::decision::{Base, Outcome};
use mapping::plan::{Block, Outlined, Plan};
use mapping::problem::nearest;
use serde::{Deserialize, Serialize};

use crate::store::{AuditLine, Because, Cause, Difference, KeyId};

/// One entry of a deal's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The deal.
    pub key: KeyId,
    /// Its number in the audit.
    pub seq: i64,
    /// When it was kept.
    pub at: Timestamp,
    /// `update`, `create-record`, `create-referral`, `ask-microsoft`, `parked`, `merged` or
    /// `followed`.
    pub kind: String,
    /// The hints that the deal was looked at for, newest first.
    pub because: Vec<Because>,
    /// The hash of the plan that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Why it was parked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// When it goes on with another record: object and id of the old one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// And of the new one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// What was decided, line by line.
    pub lines: Vec<Line>,
}

/// What one line decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The line as the map says it.
    pub rule: String,
    /// The map's file.
    pub map: String,
    /// The line, from 1.
    pub map_line: usize,
    /// The line of the table's row that was used, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_line: Option<usize>,
    /// What was done.
    pub outcome: Outcome,
    /// Why, in words.
    pub reason: String,
    /// The left values as tagged JSON text.
    pub left: String,
    /// The right values.
    pub right: String,
    /// The values written, if any.
    #[serde(default)]
    pub written: Option<String>,
}

/// Why a field is what it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The line that decides about the field, with what it did last; where it never did anything, with
    /// the values that both sides agreed on.
    pub line: Line,
    /// The line about the field itself, where it is a field of a list's elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// When it did that, and what set it off. None: both sides agreed by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// When the two sides differ now, and nothing is done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Difference>,
}

/// A line inside a block, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The line as the map says it.
    pub rule: String,
    /// The map's file.
    pub map: String,
    /// The line, from 1.
    pub map_line: usize,
}

/// The entry of the audit that a decision stands in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct By {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What was done as a whole.
    pub kind: String,
    /// The hints that led to it.
    pub because: Vec<Because>,
    /// The hash of the plan that decided.
    pub plan: Option<String>,
}

/// What the audit keeps of an entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kept {
    kind: String,
    because: Vec<Because>,
    plan: Option<String>,
    causes: Vec<Cause>,
    from: Vec<String>,
    to: Vec<String>,
    lines: Vec<Line>,
}

/// Entries of the audit, read. What cannot be read is shown by its number alone.
pub fn history(audit: Vec<AuditLine>) -> Vec<Event> {
    let read = |line: AuditLine| {
        let kept: Kept = serde_json::from_str(&line.entry).unwrap_or_default();
        let Kept { kind, because, plan, causes, from, to, lines } = kept;
        let (key, seq, at) = (line.key, line.seq, line.at);
        Event { key, seq, at, kind, because, plan, causes, from, to, lines }
    };
    audit.into_iter().map(read).collect()
}

/// What is kept of a deal beside its history.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// What both sides agreed on last.
    pub base: &'k Base,
    /// Where they differ.
    pub differences: &'k [Difference],
}

/// What decided about `field` last, one answer a line of the map, or an element of a list. `history` is
/// newest first.
///
/// Error: no line of the plan or the history is about such a field; the nearest name, if one is near.
pub fn why(
    field: &str,
    history: &[Event],
    kept: Known<'_>,
    plan: Option<&Plan>,
) -> Result<Vec<Told>, Option<String>> {
    let Some(plan) = plan else { return without_plan(field, history) };
    let outline = plan.outline();
    let mut found: Vec<Told> = Vec::new();
    for asked in asked_for(&outline, field) {
        let place = plan.place(asked.map_line);
        let is_twin = outline.iter().filter(|line| line.rule == asked.rule).count() > 1;
        let told = match asked.block {
            Block::Deal => last_of(history, |line| is_line(line, asked, place, is_twin)),
            Block::Related(_) if !asked.is_head => {
                last_of(history, |line| is_line(line, asked, place, is_twin))
            }
            Block::Related(head) => {
                let (map, first) = plan.place(head);
                let inside = outline.iter().filter(|line| line.block == asked.block);
                let last = inside.map(|line| plan.place(line.map_line).1).max().unwrap_or(first);
                let lines = first..=last;
                last_of(history, |line| line.map == map && lines.contains(&line.map_line))
                    .map(|told| Told { line: head_line(asked, place, FOUND), ..told })
            }
            Block::List(head) => {
                found.extend(of_list(history, kept, asked, place, plan.place(head)));
                None
            }
            Block::Report => last_of(history, |line| is_written(&line.outcome))
                .map(|told| Told { line: head_line(asked, place, REPORTED), ..told }),
        };
        found.extend(told);
        if !found.iter().any(|told| is_at(told, place)) {
            let other =
                kept.differences.iter().find(|one| is_difference(one, asked, place, is_twin));
            let line = agreed(asked, place, kept.base);
            found.push(other.map_or(Told { line, part: None, by: None, now: None }, differing));
        }
    }
    for told in &mut found {
        told.now = now(&told.line, kept.differences);
    }
    if found.is_empty() {
        found.extend(without_plan(field, history).unwrap_or_default());
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let all = outline.iter().flat_map(|line| line.fields.iter().flatten());
    Err(nearest(field, all.flat_map(|name| [name.as_str(), last(name)])).map(str::to_owned))
}

/// How a line stands now, when the two sides differ in it.
fn now(line: &Line, differences: &[Difference]) -> Option<Difference> {
    let is_it = |one: &&Difference| one.rule == line.rule && one.map_line == line.map_line;
    differences.iter().find(is_it).cloned()
}

/// Whether an answer is about the line at a place.
fn is_at(told: &Told, place: (&str, usize)) -> bool {
    let (line, part) = (&told.line, told.part.as_ref());
    part.map_or((line.map.as_str(), line.map_line), |p| (p.map.as_str(), p.map_line)) == place
}

/// The newest decision of each element of a list, and those that differ.
fn of_list(
    history: &[Event],
    kept: Known<'_>,
    asked: &Outlined,
    place: (&str, usize),
    head: (&str, usize),
) -> Vec<Told> {
    let mut found: Vec<Told> = elements(history, head).collect();
    let here = kept.differences.iter().filter(|one| (one.map.as_str(), one.map_line) == head);
    for one in here {
        if !found.iter().any(|told| told.line.rule == one.rule) {
            found.push(differing(one));
        }
    }
    for told in &mut found {
        told.part = (!asked.is_head).then(|| Part::of(asked, place));
    }
    found
}

/// Why a record that deals share is the one it is.
const FOUND: &str = "the record was found by `match`, or made, when the deal began";
/// Why a field for sellers has what it has.
const REPORTED: &str = "written together with the fields, one word for each attempt";

/// The newest decision of a line.
fn last_of(history: &[Event], is_it: impl Fn(&Line) -> bool) -> Option<Told> {
    let lines = history.iter().flat_map(|event| event.lines.iter().map(move |line| (event, line)));
    lines.into_iter().find(|(_, line)| is_it(line)).map(|(event, line)| told(event, line))
}

/// The newest decision of each element of a list.
fn elements(history: &[Event], head: (&str, usize)) -> impl Iterator<Item = Told> {
    let mut found: Vec<Told> = Vec::new();
    for event in history {
        for line in event.lines.iter().filter(|line| (line.map.as_str(), line.map_line) == head) {
            if !found.iter().any(|told| told.line.rule == line.rule) {
                found.push(told(event, line));
            }
        }
    }
    found.into_iter()
}

fn told(event: &Event, line: &Line) -> Told {
    let by = By {
        seq: event.seq,
        at: event.at,
        kind: event.kind.clone(),
        because: event.because.clone(),
        plan: event.plan.clone(),
    };
    Told { line: line.clone(), part: None, by: Some(by), now: None }
}

/// Whether a decision is of this line of the plan, which may have moved since; where another line reads
/// alike (`name <-> Name` of a deal and of its account), the place decides.
fn is_line(line: &Line, asked: &Outlined, (map, map_line): (&str, usize), is_twin: bool) -> bool {
    line.rule == asked.rule && (!is_twin || (line.map == map && line.map_line == map_line))
}

fn is_difference(one: &Difference, asked: &Outlined, place: (&str, usize), is_twin: bool) -> bool {
    one.rule == asked.rule && (!is_twin || (one.map.as_str(), one.map_line) == place)
}

/// A line that the history knows nothing of, and in which the sides differ.
fn differing(one: &Difference) -> Told {
    let Difference { rule, map, map_line, held, left, right } = one.clone();
    let outcome = held.clone().map_or(Outcome::Drifted, Outcome::Held);
    let reason = match &held {
        Some(_) => "nothing is written while it is so",
        None => "neither changed since they were last read",
    };
    let line = Line {
        rule,
        map,
        map_line,
        row_line: None,
        outcome,
        reason: reason.to_owned(),
        left,
        right,
        written: None,
    };
    Told { line, part: None, by: None, now: None }
}

fn is_written(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::WritesLeft | Outcome::WritesRight | Outcome::WritesBoth | Outcome::Parked(_) => {
            true
        }
        Outcome::Agrees
        | Outcome::Kept
        | Outcome::Held(_)
        | Outcome::Drifted
        | Outcome::NotOptedIn => false,
    }
}

/// What is known where the audit has no word of the plan: the lines that name the field themselves.
fn without_plan(field: &str, history: &[Event]) -> Result<Vec<Told>, Option<String>> {
    let mut found: Vec<Told> = Vec::new();
    let lines =
        || history.iter().flat_map(|event| event.lines.iter().map(move |line| (event, line)));
    for (event, line) in lines().filter(|(_, line)| fields_of(&line.rule).any(|f| names(f, field)))
    {
        let is_there =
            |told: &Told| (&told.line.rule, told.line.map_line) == (&line.rule, line.map_line);
        if !found.iter().any(is_there) {
            found.push(told(event, line));
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let all = lines().flat_map(|(_, line)| fields_of(&line.rule));
    Err(nearest(field, all.flat_map(|name| [name, last(name)])).map(str::to_owned))
}

/// The line of a block's head, or of the report, which decides nothing by itself.
fn head_line(asked: &Outlined, (map, map_line): (&str, usize), reason: &str) -> Line {
    Line {
        rule: asked.rule.clone(),
        map: map.to_owned(),
        map_line,
        row_line: None,
        outcome: Outcome::WritesRight,
        reason: reason.to_owned(),
        left: String::new(),
        right: String::new(),
        written: None,
    }
}

/// What is known of a line that never did anything.
fn agreed(asked: &Outlined, place: (&str, usize), base: &Base) -> Line {
    let pair = asked.hash.as_ref().and_then(|hash| base.lines.get(hash));
    let reason = match pair {
        Some(_) => "both sides agreed when they were last read; nothing had to be written",
        None => "nothing was written under this line yet",
    };
    Line {
        outcome: Outcome::Agrees,
        left: pair.map(|pair| pair.l.clone()).unwrap_or_default(),
        right: pair.map(|pair| pair.r.clone()).unwrap_or_default(),
        ..head_line(asked, place, reason)
    }
}

impl Part {
    fn of(asked: &Outlined, (map, map_line): (&str, usize)) -> Self {
        Self { rule: asked.rule.clone(), map: map.to_owned(), map_line }
    }
}

/// The lines about a field: those that call it just so, else in other letters, else by the end of a path.
fn asked_for<'o>(outline: &'o [Outlined], field: &str) -> Vec<&'o Outlined> {
    let field = field.trim();
    let like = |is_it: &dyn Fn(&str) -> bool| -> Vec<&'o Outlined> {
        outline.iter().filter(|line| line.fields.iter().flatten().any(|path| is_it(path))).collect()
    };
    let just = like(&|path| path == field);
    let lines = if just.is_empty() { like(&|path| path.eq_ignore_ascii_case(field)) } else { just };
    if lines.is_empty() { like(&|path| names(path, field)) } else { lines }
}

/// Whether a path is what somebody asks for: the whole of it, the end of it, in any case.
fn names(path: &str, field: &str) -> bool {
    let (path, field) = (path.trim(), field.trim());
    let Some(before) = path.len().checked_sub(field.len()) else { return false };
    let end = path.get(before..).is_some_and(|end| end.eq_ignore_ascii_case(field));
    end && !field.is_empty()
        && (before == 0 || path.get(..before).is_some_and(|p| p.ends_with('.')))
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The fields that a line names: `a.b, c <-> D`, `match id with Key__c`.
fn fields_of(rule: &str) -> impl Iterator<Item = &str> {
    let rule = rule.strip_prefix("match ").unwrap_or(rule);
    let sides = ["<->", "->", "<-", " with "].into_iter().find_map(|arrow| rule.split_once(arrow));
    let (left, right) = sides.unwrap_or((rule, ""));
    let names = [left, right].into_iter().flat_map(|side| side.split(','));
    names.map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rule: &str, map_line: usize) -> Line {
        Line {
            rule: rule.to_owned(),
            map: "opportunity.map".to_owned(),
            map_line,
            row_line: Some(25),
            outcome: Outcome::WritesRight,
            reason: "only the left changed".to_owned(),
            left: "[]".to_owned(),
            right: "[]".to_owned(),
            written: None,
        }
    }

    fn event(seq: i64, lines: Vec<Line>) -> Event {
        let at = Timestamp::from_second(seq).unwrap();
        let because = vec![Because { source: "poll".to_owned(), event: None, at }];
        let (kind, plan) = ("update".to_owned(), Some("hash".to_owned()));
        let causes = Vec::new();
        let (from, to) = (Vec::new(), Vec::new());
        Event { key: KeyId(1), seq, at, kind, because, plan, causes, from, to, lines }
    }

    #[test]
    fn the_newest_decision_about_a_field_is_told() {
        let stage = "status, substatus <-> StageName";
        let history = [
            event(9, vec![line("details.dealValue <-> Amount", 71)]),
            event(7, vec![line(stage, 69)]),
            event(3, vec![line(stage, 69), line("match id with Referral_Identifier__c", 9)]),
        ];
        let base = Base::default();
        let known = Known { base: &base, differences: &[] };
        for name in ["StageName", "substatus", "stagename"] {
            let told = why(name, &history, known, None).unwrap();
            assert_eq!((told.len(), told[0].by.as_ref().unwrap().seq), (1, 7), "{name}");
            assert_eq!((told[0].line.map_line, told[0].line.row_line), (69, Some(25)));
        }
        assert_eq!(why("dealValue", &history, known, None).unwrap()[0].line.map_line, 71);
        assert_eq!(why("Referral_Identifier__c", &history, known, None).unwrap().len(), 1);
        let near = why("StageNam", &history, known, None).unwrap_err();
        assert_eq!(near.as_deref(), Some("StageName"));
    }

    #[test]
    fn a_field_that_was_never_written_has_its_line_and_values() {
        let text = "language 1\nmapping m \"M\"\nside referral is partner_center Referral\n\
                    side opportunity is salesforce Opportunity\n\
                    match referral.id with opportunity.Referral_Identifier__c\n\
                    sync\n  from referral\nend\nfields\n  name <-> Name as text cut at 120\nend\n";
        let schemas = mapping::schema::Schemas::built_in();
        let plan = mapping::compile("m.map", text, schemas).plan.unwrap();
        let told =
            why("Name", &[], Known { base: &Base::default(), differences: &[] }, Some(&plan))
                .unwrap();
        assert_eq!((told[0].line.map_line, told[0].by.is_none()), (10, true));
        assert_eq!(told[0].line.outcome, Outcome::Agrees);
        assert!(
            why("Nmae", &[], Known { base: &Base::default(), differences: &[] }, Some(&plan))
                .unwrap_err()
                .is_some()
        );
    }
}
