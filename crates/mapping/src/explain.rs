//! Every line of a map beside what a reconcile decided about it.
//!
//! In: a plan, what it looked at, what it decided. Out: each line with its clauses, what was looked
//! at, the base and which of the six decisions fitted; lines that were not looked at, and why; the
//! lines of `require`. Must not know: files, how it is shown.

use crate::decide::{same_as_base, values_of};
use crate::decision::{
    Base, BasePair, Change, Decision, Effect, Input, LineTrace, Outcome, Side, nest,
};
use crate::fault::FaultCode;
use crate::json::{self, Json};
use crate::plan::text::{condition_text, list_clauses};
use crate::plan::{Each, Line, Plan, Related, Require, Slot, Via};
use crate::record::{Record, with_changes};
use crate::scene::{Pair, Scene};
use crate::table;
use crate::tree::Arrow;

/// A line of the map with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The line as the map says it, without clauses.
    pub rule: String,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
    /// Its conversion or table, and its clauses, those of `defaults` included.
    pub clauses: String,
    /// What was looked at: once, or once an element of a list.
    pub looks: Vec<Look>,
    /// Why it was not looked at.
    pub idle: Option<&'static str>,
}

/// One look at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The key of the element, in lists.
    pub element: Option<String>,
    /// What was decided.
    pub trace: LineTrace,
    /// What was last read back.
    pub base: Option<BasePair>,
    /// Which sides changed since.
    pub changed: [bool; 2],
    /// Which of the six sentences of the manual ("What happens, and why") fitted, from 1; none: the
    /// line has an owner, or a record is made.
    pub decision: Option<u8>,
}

/// A line of `require` with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// What must hold.
    pub test: String,
    /// When it must hold.
    pub when: Option<String>,
    /// What the seller reads.
    pub otherwise: String,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
    /// Whether it holds of the left record as it would be.
    pub holds: Holds,
}

/// What became of a line of `require`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// It holds.
    Yes,
    /// It does not hold, and keeps something from being written.
    No,
    /// It does not hold, and nothing that it names is written.
    Idle,
    /// Its `when` does not hold.
    NotAsked,
}

/// Every line of `fields`, `related` and `each`, in the order of the plan.
pub fn lines(plan: &Plan, input: &Input<'_>, decision: &Decision) -> Vec<Explained> {
    let explaining = Explaining {
        plan,
        base: input.base,
        decision,
        agreeing: agreeing_rows(plan, input),
        made: match (input.left.is_some(), input.right.is_some()) {
            (true, false) => Some(Side::Right),
            (false, true) => Some(Side::Left),
            (true, true) | (false, false) => None,
        },
    };
    let own = Side::BOTH.map(|side| plan.side(side).slots.as_slice());
    let mut lines: Vec<Explained> =
        plan.lines.iter().map(|line| explaining.line(line, own, None)).collect();
    for related in &plan.related {
        lines.push(explaining.related(related));
        lines.extend(related.lines.iter().map(|line| {
            let mut explained = explaining.line(line, own, None);
            if explaining.made.is_none() {
                explained.idle = Some("written only when its record is made");
            }
            explained
        }));
    }
    for each in &plan.lists {
        let [left, right] = &each.elements;
        lines.push(explaining.head(each));
        lines.extend(each.lines.iter().map(|l| explaining.line(l, [left, right], Some(each))));
    }
    // What is about no line of its own.
    let known: Vec<usize> = lines.iter().map(|line| line.map_line).collect();
    let others = decision.lines.iter().filter(|trace| !known.contains(&trace.map_line));
    lines.extend(others.map(|trace| Explained {
        rule: trace.rule.clone(),
        map_line: trace.map_line,
        clauses: String::new(),
        looks: vec![Look {
            element: None,
            trace: trace.clone(),
            base: None,
            changed: [false, false],
            decision: None,
        }],
        idle: None,
    }));
    lines
}

/// Every line of `require`. `left`: the left record as read.
pub fn requires(plan: &Plan, left: Option<&str>, decision: &Decision) -> Vec<Required> {
    let mut json = left.and_then(|text| json::read(text.as_bytes()).ok()).unwrap_or(Json::Null);
    let mut changes: Vec<Change> = Vec::new();
    let draft;
    match &decision.left {
        Effect::Nothing => {}
        Effect::Create(made) | Effect::Invite(made) => {
            draft = nest(&made.changes);
            json = json::read(draft.as_bytes()).unwrap_or(Json::Null);
        }
        Effect::Update { changes: own, .. } => changes.clone_from(own),
    }
    let after = with_changes(json.into_owned(), &changes);
    let after = Record::of(&plan.side(Side::Left).slots, after);
    let slots = &plan.side(Side::Left).slots;
    let failed = |require: &Require| {
        let mut faults = decision.parked.iter().chain(&decision.refused);
        faults.any(|fault| {
            fault.code == FaultCode::Require
                && (fault.map.as_str(), fault.map_line) == plan.place(require.map_line)
        })
    };
    let holds = |require: &Require| {
        let asked = require.when.as_ref().is_none_or(|when| after.fulfils(when) == Ok(true));
        match (failed(require), asked, after.fulfils(&require.test) == Ok(true)) {
            (true, _, _) => Holds::No,
            (false, false, _) => Holds::NotAsked,
            (false, true, true) => Holds::Yes,
            (false, true, false) => Holds::Idle,
        }
    };
    let requires = plan.requires.iter().map(|require| Required {
        test: condition_text(&require.test, slots),
        when: require.when.as_ref().map(|when| condition_text(when, slots)),
        otherwise: require.otherwise.clone(),
        map_line: require.map_line,
        holds: holds(require),
    });
    requires.collect()
}

/// The rows by which the sides of lines agree, by line and row of the map.
fn agreeing_rows(plan: &Plan, input: &Input<'_>) -> Vec<(usize, usize)> {
    let (Some(left), Some(right)) = (&input.left, &input.right) else { return Vec::new() };
    let left = Record::read(plan, Side::Left, left.body.as_bytes());
    let right = Record::read(plan, Side::Right, right.body.as_bytes());
    let (Ok(left), Ok(right)) = (left, right) else { return Vec::new() };
    let scene = Scene::of(plan, [&left, &right]);
    let row = |line: &Line| {
        let Via::Tables(tables) = &line.via else { return None };
        let pair = scene.pair(line).ok()?;
        let because = table::agreement(&scene, line, tables, &pair).ok()??;
        Some((line.map_line, because.row?))
    };
    plan.lines.iter().filter_map(row).collect()
}

struct Explaining<'e> {
    plan: &'e Plan,
    agreeing: Vec<(usize, usize)>,
    base: &'e Base,
    decision: &'e Decision,
    /// The side whose record is made.
    made: Option<Side>,
}

impl Explaining<'_> {
    fn line(&self, line: &Line, slots: [&[Slot]; 2], each: Option<&Each>) -> Explained {
        let traces = self.decision.lines.iter().filter(|trace| trace.map_line == line.map_line);
        let looks: Vec<Look> = traces
            .map(|trace| {
                let element = each.and_then(|each| element_of(each, &line.rule, &trace.rule));
                let key = match (each, &element) {
                    (Some(each), Some(key)) => crate::element::line_key(each, key, line),
                    (Some(_) | None, _) => line.hash.clone(),
                };
                self.look(line, element, trace, self.base.lines.get(&key))
            })
            .collect();
        let idle = looks.is_empty().then(|| self.why_idle(line, each));
        Explained {
            rule: line.rule.clone(),
            map_line: line.map_line,
            clauses: self.plan.line_clauses(line, slots),
            looks,
            idle,
        }
    }

    fn look(
        &self,
        line: &Line,
        element: Option<String>,
        trace: &LineTrace,
        base: Option<&BasePair>,
    ) -> Look {
        let values = (values_of(&trace.left), values_of(&trace.right));
        let changed = match (values, base) {
            ((Some(left), Some(right)), Some(base)) => {
                let pair = Pair::new(left, right);
                Side::BOTH.map(|side| !same_as_base(line, side, &pair, base))
            }
            (_, _) => [false, false],
        };
        let decision = if self.made.is_some() || trace.left.is_empty() {
            None
        } else if trace.outcome == Outcome::Agrees {
            Some(1)
        } else {
            let fitted = match (base, changed) {
                (None, _) => 2,
                (Some(_), [true, false]) => 3,
                (Some(_), [false, true]) => 4,
                (Some(_), [true, true]) => 5,
                (Some(_), [false, false]) => 6,
            };
            Some(fitted).filter(|fitted| line.arrow == Arrow::Both || *fitted == 6)
        };
        let mut trace = trace.clone();
        if trace.outcome == Outcome::Agrees && element.is_none() {
            let mut rows = self.agreeing.iter();
            let known = rows.find(|(map_line, _)| *map_line == line.map_line);
            trace.row_line = trace.row_line.or(known.map(|(_, row)| *row));
        }
        Look { element, trace, base: base.cloned(), changed, decision }
    }

    fn why_idle(&self, line: &Line, each: Option<&Each>) -> &'static str {
        let nothing = self.decision.lines.is_empty() && !self.decision.writes();
        match (self.made, each) {
            (None, Some(each)) if each.create_only => "looked at only when a record is made",
            (Some(to), Some(_)) if line.writes(to) => "written with each element that is made",
            (None, Some(_)) => "no element stands on both sides",
            (Some(_), _) if nothing => "nothing is made",
            (Some(to), _) if !line.writes(to) => "does not flow to the record that is made",
            (Some(_) | None, _) => "not looked at",
        }
    }

    fn related(&self, related: &Related) -> Explained {
        let rules: Vec<String> = related
            .rules
            .iter()
            .map(|rule| format!("match {} several ask", self.plan.match_text(rule)))
            .collect();
        let none = if related.create_if_none { "create" } else { "park" };
        let idle = match self.made {
            Some(Side::Right) => "found, or made, when the record is made",
            Some(Side::Left) => "read through the record that there is",
            None => "shared by many deals: left alone once the deal exists",
        };
        Explained {
            rule: format!("related {} through {}", related.object, related.through),
            map_line: related.map_line,
            clauses: format!("{} none {none}", rules.join(" ")),
            looks: Vec::new(),
            idle: Some(idle),
        }
    }

    /// The head of an `each` block, with what was decided about whole elements.
    fn head(&self, each: &Each) -> Explained {
        let traces = self.decision.lines.iter().filter(|trace| trace.map_line == each.map_line);
        let looks: Vec<Look> = traces
            .map(|trace| {
                let element = element_of(each, "", &trace.rule);
                let key = element.as_ref().map(|key| crate::element::mark_key(each, key));
                let base = key.and_then(|key| self.base.lines.get(&key)).cloned();
                Look {
                    element,
                    trace: trace.clone(),
                    base,
                    changed: [false, false],
                    decision: None,
                }
            })
            .collect();
        let quiet = match (self.made, each.create_only) {
            (None, true) => "looked at only when a record is made",
            (_, _) => "no element is added or removed",
        };
        Explained {
            rule: format!("each {}", each.rule),
            map_line: each.map_line,
            clauses: list_clauses(each).join(" "),
            idle: looks.is_empty().then_some(quiet),
            looks,
        }
    }
}

/// The key of the element in the rule of a trace: `LIST with LIST [KEY] LINE`.
fn element_of(each: &Each, rule: &str, traced: &str) -> Option<String> {
    let rest = traced.strip_prefix(&each.rule)?.strip_prefix(" [")?;
    let end = if rule.is_empty() { "]".to_owned() } else { format!("] {rule}") };
    rest.strip_suffix(&end).map(str::to_owned)
}
