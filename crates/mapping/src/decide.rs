//! One decision per line: the first of six that fits.
//!
//! In: a line, its scene, its base pair. Out: a [`Verdict`]: what is written where, what the new
//! base is, and why. Must not know: which lines there are, how writes are put together.

use jiff::Timestamp;

use crate::decision::{BasePair, LineTrace, Outcome, Side};
use crate::fault::{Fault, FaultCode};
use crate::json::{self, Json};
use crate::line::{Pair, Repair, Scene, agrees, all_blank, repair};
use crate::plan::{Line, SlotId, Via, Wins};
use crate::record::{SlotFault, same_plain};
use crate::tree::Arrow;
use crate::value::Value;

/// Two stamps closer than this do not say who was later.
const CLOSE_SECONDS: i64 = 60;

/// What the decisions of all lines share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The right record takes part: its values may leave for the left.
    pub(crate) opted_in: bool,
    /// When each side was last changed by someone else.
    pub(crate) stamps: [Option<Timestamp>; 2],
    /// `apply --old`: this side is taken as the one that must be brought in step.
    pub(crate) forced: Option<Side>,
}

/// What was decided about a line.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) trace: LineTrace,
    pub(crate) set: Option<(Side, Vec<(SlotId, Value)>)>,
    /// The base to keep; none: no base.
    pub(crate) base: Option<BasePair>,
    pub(crate) parked: Option<Fault>,
}

/// Which way a line must be repaired, and which of the six decisions says so.
enum Course {
    Repair(Side, &'static str),
    Drifted,
    Keep(&'static str),
    Ask(&'static str),
}

/// Decides one line.
pub(crate) fn decide(
    scene: &Scene<'_>,
    rules: Rules,
    line: &Line,
    base: Option<&BasePair>,
) -> Verdict {
    let field = line.rule.as_str();
    let broken = |fault: SlotFault| {
        let fault = scene.plan.fault_at(line.map_line, field, fault);
        let trace = trace(line, None, Outcome::Parked(fault.message.clone()), "does not fit");
        Verdict { trace, set: None, base: base.cloned(), parked: Some(fault) }
    };
    let pair = match scene.pair(line) {
        Ok(pair) => pair,
        Err(fault) => return broken(fault),
    };
    match agrees(scene, line, &pair) {
        Err(fault) => broken(fault),
        Ok(true) => Verdict {
            trace: trace(line, Some(&pair), Outcome::Agrees, "both sides agree"),
            set: None,
            base: Some(base_pair(&pair)),
            parked: None,
        },
        Ok(false) => match course(scene, rules, line, &pair, base) {
            Course::Repair(to, reason) => {
                carry_out(scene, rules, line, &pair, base, (to, reason)).unwrap_or_else(broken)
            }
            Course::Drifted => drifted(scene, line, &pair),
            Course::Keep(reason) => Verdict {
                trace: trace(line, Some(&pair), Outcome::Kept, reason),
                set: None,
                base: Some(base_pair(&pair)),
                parked: None,
            },
            Course::Ask(why) => {
                let fault = SlotFault { code: FaultCode::Conflict, message: why.to_owned() };
                let fault = scene.plan.fault_at(line.map_line, field, fault);
                let outcome = Outcome::Parked(why.to_owned());
                Verdict {
                    trace: trace(line, Some(&pair), outcome, "a person must decide"),
                    set: None,
                    base: waiting(base, line, &pair, rules),
                    parked: Some(fault),
                }
            }
        },
    }
}

fn course(
    scene: &Scene<'_>,
    rules: Rules,
    line: &Line,
    pair: &Pair,
    base: Option<&BasePair>,
) -> Course {
    match line.arrow {
        Arrow::ToRight => return owned(line, pair, Side::Right, "the line flows to the right"),
        Arrow::ToLeft => return owned(line, pair, Side::Left, "the line flows to the left"),
        Arrow::Both => {}
    }
    if let Some(goal) = &line.one_way {
        let left = pair.left.first().is_some_and(|v| same_plain(goal, v));
        let to = if left { Side::Right } else { Side::Left };
        return Course::Repair(to, "one way: it never goes back");
    }
    if let Some(to) = rules.forced {
        return Course::Repair(to, "the other side was given as changed");
    }
    let Some(base) = base else { return first_contact(line, pair) };
    let changed = |side: Side| !same_as_base(line, side, pair, base);
    match (changed(Side::Left), changed(Side::Right)) {
        (true, false) => Course::Repair(Side::Right, "only the left changed"),
        (false, true) => Course::Repair(Side::Left, "only the right changed"),
        (false, false) => Course::Drifted,
        (true, true) => conflict(scene, rules, line, pair, base),
    }
}

/// A one-way line has an owner; `wins SIDE unless blank` lets the target keep what it has.
fn owned(line: &Line, pair: &Pair, to: Side, reason: &'static str) -> Course {
    let keeps = matches!(line.wins, Wins::Side { side, .. } if side == to);
    if keeps && !all_blank(pair.of(to)) {
        return Course::Keep("the target keeps the value that it has");
    }
    Course::Repair(to, reason)
}

fn first_contact(line: &Line, pair: &Pair) -> Course {
    if all_blank(&pair.left) {
        return Course::Repair(Side::Left, "first contact: the left is blank");
    }
    if all_blank(&pair.right) {
        return Course::Repair(Side::Right, "first contact: the right is blank");
    }
    match line.first_contact {
        Some(winner) => Course::Repair(winner.other(), "first contact: by its rule"),
        None => {
            Course::Ask("first contact, and no `first contact wins SIDE` says which side is right")
        }
    }
}

fn conflict(scene: &Scene<'_>, rules: Rules, line: &Line, pair: &Pair, base: &BasePair) -> Course {
    if scene.left_lock.is_some() {
        return Course::Repair(Side::Right, "both changed: a closed referral beats every `wins`");
    }
    match line.wins {
        Wins::Ask => Course::Ask("both sides changed, and the line says to ask"),
        Wins::Side { side, unless_blank } => {
            let blank = unless_blank && all_blank(pair.of(side));
            let winner = if blank { side.other() } else { side };
            Course::Repair(winner.other(), "both changed: `wins` decides")
        }
        Wins::Newest { fallback } => {
            let [left_stamp, right_stamp] = rules.stamps;
            let left = base.l_seen.or(left_stamp);
            let right = base.r_seen.or(right_stamp);
            let (winner, reason) = match (left, right) {
                (Some(l), Some(r)) if (l.as_second() - r.as_second()).abs() >= CLOSE_SECONDS => {
                    let newest = if l > r { Side::Left } else { Side::Right };
                    (newest, "both changed: the newest wins")
                }
                _ => (fallback, "both changed at about the same time: the fallback wins"),
            };
            Course::Repair(winner.other(), reason)
        }
    }
}

fn same_as_base(line: &Line, side: Side, pair: &Pair, base: &BasePair) -> bool {
    let text = match side {
        Side::Left => &base.l,
        Side::Right => &base.r,
    };
    let Some(old) = values_of(text) else { return false };
    let new = pair.of(side);
    match &line.via {
        Via::Convert(conversion) => match side {
            Side::Left => conversion.same_left(&old, new),
            Side::Right => conversion.same_right(&old, new),
        },
        Via::Tables(_) => {
            old.len() == new.len() && old.iter().zip(new).all(|(a, b)| same_plain(a, b))
        }
    }
}

fn drifted(scene: &Scene<'_>, line: &Line, pair: &Pair) -> Verdict {
    let kept = Side::BOTH.into_iter().any(|to| {
        line.writes(to) && matches!(repair(scene, line, to, pair), Ok(Repair::Kept { .. }))
    });
    let (outcome, reason) = if kept {
        (Outcome::Kept, "neither changed; what is blank or kept counts as agreeing")
    } else {
        (Outcome::Drifted, "neither changed since the base, and they disagree")
    };
    Verdict {
        trace: trace(line, Some(pair), outcome, reason),
        set: None,
        base: Some(base_pair(pair)),
        parked: None,
    }
}

fn carry_out(
    scene: &Scene<'_>,
    rules: Rules,
    line: &Line,
    pair: &Pair,
    base: Option<&BasePair>,
    (to, reason): (Side, &str),
) -> Result<Verdict, SlotFault> {
    let planned = repair(scene, line, to, pair)?;
    let planned = match planned {
        Repair::Set { values, row } if to == Side::Left && !scene.creating => {
            transition(scene, values, row)
        }
        other => other,
    };
    let done = |outcome, base| Verdict {
        trace: trace(line, Some(pair), outcome, reason),
        set: None,
        base,
        parked: None,
    };
    Ok(match planned {
        Repair::Set { values, row } => {
            if to == Side::Left && !rules.opted_in {
                return Ok(done(Outcome::NotOptedIn, waiting(base, line, pair, rules)));
            }
            let outcome = match to {
                Side::Left => Outcome::WritesLeft,
                Side::Right => Outcome::WritesRight,
            };
            let mut trace = trace(line, Some(pair), outcome, reason);
            trace.row_line = row;
            trace.written = Some(tagged(values.iter().map(|(_, v)| v)));
            Verdict { trace, set: Some((to, values)), base: Some(base_pair(pair)), parked: None }
        }
        Repair::Kept { row, why } => {
            let mut verdict = done(Outcome::Kept, Some(base_pair(pair)));
            verdict.trace.row_line = row;
            why.clone_into(&mut verdict.trace.reason);
            verdict
        }
        Repair::Held(lock) => done(Outcome::Held(lock), Some(base_pair(pair))),
        Repair::Parked { row, why } => {
            let fault = SlotFault { code: FaultCode::BlankParked, message: why.to_owned() };
            let fault = scene.plan.fault_at(line.map_line, &line.rule, fault);
            let mut verdict =
                done(Outcome::Parked(why.to_owned()), waiting(base, line, pair, rules));
            verdict.trace.row_line = row;
            verdict.parked = Some(fault);
            verdict
        }
    })
}

/// Holds a change of status that the left system does not allow.
fn transition(scene: &Scene<'_>, values: Vec<(SlotId, Value)>, row: Option<usize>) -> Repair {
    let Some(states) = &scene.plan.states else { return Repair::Set { values, row } };
    if !values.iter().any(|(slot, _)| states.slots.contains(slot)) {
        return Repair::Set { values, row };
    }
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    let now: Vec<String> = states
        .slots
        .iter()
        .map(|slot| scene.deal.value(*slot).map(text).unwrap_or_default())
        .collect();
    let goal: Vec<String> = states
        .slots
        .iter()
        .zip(&now)
        .map(|(slot, old)| {
            values.iter().find(|(s, _)| s == slot).map_or_else(|| old.clone(), |(_, v)| text(v))
        })
        .collect();
    if states.moves.iter().any(|(from, to)| *from == now && *to == goal) {
        return Repair::Set { values, row };
    }
    Repair::Held(format!("Partner Center does not go from {} to {}", now.join("/"), goal.join("/")))
}

/// The base of a line that waits: as it was, with the time of the first sight of a change.
fn waiting(base: Option<&BasePair>, line: &Line, pair: &Pair, rules: Rules) -> Option<BasePair> {
    let mut base = base.cloned()?;
    let [left, right] = rules.stamps;
    if base.l_seen.is_none() && !same_as_base(line, Side::Left, pair, &base) {
        base.l_seen = left;
    }
    if base.r_seen.is_none() && !same_as_base(line, Side::Right, pair, &base) {
        base.r_seen = right;
    }
    Some(base)
}

fn trace(line: &Line, pair: Option<&Pair>, outcome: Outcome, reason: &str) -> LineTrace {
    let text = |side| pair.map_or_else(String::new, |p| tagged(p.of(side).iter()));
    LineTrace {
        rule: line.rule.clone(),
        map_line: line.map_line,
        row_line: None,
        outcome,
        reason: reason.to_owned(),
        left: text(Side::Left),
        right: text(Side::Right),
        written: None,
    }
}

/// Both sides as read, for the base.
pub(crate) fn base_pair(pair: &Pair) -> BasePair {
    BasePair {
        l: tagged(pair.left.iter()),
        r: tagged(pair.right.iter()),
        l_seen: None,
        r_seen: None,
    }
}

/// Values as one tagged JSON text.
pub(crate) fn tagged<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    let mut text = String::new();
    Json::List(values.map(Value::to_json).collect()).write(&mut text);
    text
}

/// The values of a tagged JSON text.
pub(crate) fn values_of(text: &str) -> Option<Vec<Value>> {
    let Ok(Json::List(items)) = json::read(text.as_bytes()) else { return None };
    items.iter().map(|item| Value::from_json(item).ok()).collect()
}
