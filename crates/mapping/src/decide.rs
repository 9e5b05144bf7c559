//! One decision per line: the first of six that fits.
//!
//! In: a line, its scene, its base pair. Out: a [`Verdict`]: what is written where, what the new
//! base is, and why. Must not know: which lines there are, how writes are put together.

use jiff::{SignedDuration, Timestamp};

use crate::decision::{BasePair, LineTrace, Outcome, Side};
use crate::fault::{Fault, FaultCode};
use crate::json::{self, Json};
use crate::line::{Repair, agrees, nothing, repair};
use crate::plan::{Line, SlotId, Via, Wins};
use crate::record::{SlotFault, same_plain};
use crate::scene::{Pair, Scene};
use crate::table::Because;
use crate::tree::Arrow;
use crate::union::{United, unite};
use crate::value::Value;

/// Why two sides that differ are left alone when nobody changed them.
pub(crate) const NEITHER_CHANGED: &str = "neither changed since the base, and they disagree";
/// The same of an element of a list.
pub(crate) const STAYS_ON_ONE_SIDE: &str = "on one side only, and neither changed since the base";

impl LineTrace {
    /// Why the sides may differ, when it is not that neither changed.
    pub fn set_aside(&self) -> Option<&str> {
        let usual = [NEITHER_CHANGED, STAYS_ON_ONE_SIDE];
        let is_drift = self.outcome == Outcome::Drifted;
        (is_drift && !usual.contains(&self.reason.as_str())).then_some(&self.reason)
    }
}

/// Two stamps closer than this do not say who was later.
const CLOSE: SignedDuration = SignedDuration::from_secs(60);

/// What the decisions of all lines share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The right record takes part: its values may leave for the left.
    pub(crate) opted_in: bool,
    /// When each side was last changed by someone else.
    pub(crate) stamps: [Option<Timestamp>; 2],
    /// What time it is; none: no clock is running, and nothing waits for one.
    pub(crate) now: Option<Timestamp>,
    /// `apply --old`: this side is taken as the one that must be brought in step.
    pub(crate) forced: Option<Side>,
}

/// What was decided about a line.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) trace: LineTrace,
    /// By side, what is written there; both sides only for `union`.
    pub(crate) set: Vec<(Side, Vec<(SlotId, Value)>)>,
    /// The base to keep; none: no base.
    pub(crate) base: Option<BasePair>,
    /// The base to keep instead, should the write have to wait.
    pub(crate) waiting: Option<BasePair>,
    pub(crate) parked: Option<Fault>,
    /// The left is not written before that.
    pub(crate) not_before: Option<Timestamp>,
}

impl Verdict {
    /// Puts the first of several steps in the place of the write; the line is taken up again after
    /// it, so both sides' changes stay known.
    pub(crate) fn step(&mut self, values: Vec<(SlotId, Value)>, why: &str) {
        self.trace.written = Some(tagged(values.iter().map(|(_, value)| value)));
        self.trace.reason.push_str(why);
        self.set = vec![(Side::Left, values)];
        self.base = self.waiting.take();
        self.not_before = None;
    }

    /// Says what is written to another record than the line's own; both sides' changes stay known.
    pub(crate) fn invite(&mut self, values: &[Value], why: &str) {
        self.trace.outcome = Outcome::WritesLeft;
        self.trace.written = Some(tagged(values.iter()));
        self.trace.reason.push_str(why);
        self.base = self.waiting.take();
    }

    /// Takes the write back, because something beyond the line forbids it. A lock that stays: both
    /// sides are taken as read. One that a person can lift (`waits`): the change stays known.
    pub(crate) fn hold(&mut self, lock: &str, waits: bool) {
        self.set.clear();
        self.trace.outcome = Outcome::Held(lock.to_owned());
        self.trace.written = None;
        if waits {
            self.base = self.waiting.take();
        }
    }
}

/// Which way a line must be repaired, and which of the six decisions says so.
enum Course {
    Repair(Side, &'static str),
    Unite(&'static str),
    Drifted,
    Keep(&'static str),
    Ask(&'static str),
}

/// A line under decision.
struct Case<'c> {
    scene: &'c Scene<'c>,
    rules: Rules,
    line: &'c Line,
    pair: Pair,
    base: Option<&'c BasePair>,
}

/// Decides one line.
pub(crate) fn decide(
    scene: &Scene<'_>,
    rules: Rules,
    line: &Line,
    base: Option<&BasePair>,
) -> Verdict {
    let broken = |pair: Option<&Pair>, fault: SlotFault| {
        let fault = scene.plan.fault_at(line.map_line, &line.rule, fault);
        let trace = trace(line, pair, Outcome::Parked(fault.message.clone()), "does not fit");
        let set = Vec::new();
        let (base, parked) = (base.cloned(), Some(fault));
        Verdict { trace, set, base, waiting: None, parked, not_before: None }
    };
    let mut pair = match scene.pair(line) {
        Ok(pair) => pair,
        Err(fault) => return broken(None, fault),
    };
    // What cannot be read back is no base.
    let known = |base: &&BasePair| values_of(&base.l).is_some() && values_of(&base.r).is_some();
    if let Some(base) = base.filter(|_| Side::BOTH.into_iter().any(|side| pair.lacks(side))) {
        for (side, text) in [(Side::Left, &base.l), (Side::Right, &base.r)] {
            pair.remember(side, &values_of(text).unwrap_or_default());
        }
    }
    match agrees(scene, line, &pair) {
        Err(fault) => broken(Some(&pair), fault),
        Ok(true) => Verdict {
            trace: trace(line, Some(&pair), Outcome::Agrees, "both sides agree"),
            set: Vec::new(),
            base: Some(base_pair(&pair)),
            waiting: None,
            parked: None,
            not_before: None,
        },
        Ok(false) => {
            let case = Case { scene, rules, line, pair, base: base.filter(known) };
            case.decide().unwrap_or_else(|fault| broken(Some(&case.pair), fault))
        }
    }
}

impl Case<'_> {
    fn decide(&self) -> Result<Verdict, SlotFault> {
        Ok(match self.course() {
            Course::Repair(to, reason) => self.carry_out(to, reason)?,
            Course::Unite(reason) => self.unite(reason)?,
            Course::Drifted => self.drifted(),
            Course::Keep(reason) => self.done(Outcome::Kept, reason),
            Course::Ask(why) => self.parked(FaultCode::Conflict, why, "a person must decide"),
        })
    }

    fn changed(&self, side: Side) -> bool {
        self.base.is_some_and(|base| !same_as_base(self.line, side, &self.pair, base))
    }

    fn course(&self) -> Course {
        let Case { line, pair, base, .. } = self;
        if let Some(owner) = one_way(line.arrow) {
            let to = owner.other();
            let keeps = matches!(line.wins, Wins::Side { side, .. } if side == to);
            if keeps && !nothing(line, pair.of(to)) {
                return Course::Keep("the target keeps the value that it has");
            }
        }
        // A flag that goes one way: whoever has reached it carries the other along.
        let behind = line.one_way.as_ref().map(|goal| {
            let left = pair.left.first().is_some_and(|v| same_plain(goal, v));
            if left { Side::Right } else { Side::Left }
        });
        if let Some(to) = behind
            && (!line.writes(to) || self.rules.forced.is_some_and(|forced| forced != to))
        {
            return Course::Keep("one way: it never goes back");
        }
        if let Some(to) = self.rules.forced {
            return Course::Repair(to, "the other side was given as changed");
        }
        let unchanged = !self.changed(Side::Left) && !self.changed(Side::Right);
        if base.is_some() && unchanged {
            return Course::Drifted;
        }
        if let Some(to) = behind {
            return Course::Repair(to, "one way: it never goes back");
        }
        match line.arrow {
            Arrow::ToRight => return Course::Repair(Side::Right, "the line flows to the right"),
            Arrow::ToLeft => return Course::Repair(Side::Left, "the line flows to the left"),
            Arrow::Both => {}
        }
        let Some(base) = base else { return first_contact(line, pair) };
        match (self.changed(Side::Left), self.changed(Side::Right)) {
            (_, false) => Course::Repair(Side::Right, "only the left changed"),
            (false, true) => Course::Repair(Side::Left, "only the right changed"),
            (true, true) => self.conflict(base),
        }
    }

    fn conflict(&self, base: &BasePair) -> Course {
        let asks = self.line.wins == Wins::Ask;
        if self.scene.left_lock.is_some() && !asks {
            let reason = "both changed: a closed referral beats every `wins`";
            return Course::Repair(Side::Right, reason);
        }
        match self.line.wins {
            Wins::Ask => Course::Ask("both sides changed, and the line says to ask"),
            Wins::Union => Course::Unite("both changed: `union` takes the values of both"),
            Wins::Side { side, unless_blank } => {
                let blank = unless_blank && nothing(self.line, self.pair.of(side));
                let winner = if blank { side.other() } else { side };
                Course::Repair(winner.other(), "both changed: `wins` decides")
            }
            Wins::Newest { fallback } => {
                let [left_stamp, right_stamp] = self.rules.stamps;
                let left = base.l_seen.or(left_stamp);
                let right = base.r_seen.or(right_stamp);
                let (winner, reason) = match (left, right) {
                    (Some(l), Some(r)) if l.duration_since(r).abs() >= CLOSE => {
                        let newest = if l > r { Side::Left } else { Side::Right };
                        (newest, "both changed: the newest wins")
                    }
                    _ => (fallback, "both changed at about the same time: the fallback wins"),
                };
                Course::Repair(winner.other(), reason)
            }
        }
    }

    fn carry_out(&self, to: Side, reason: &str) -> Result<Verdict, SlotFault> {
        let not_sent = to == Side::Left && !self.rules.opted_in;
        let planned = match repair(self.scene, self.line, to, &self.pair) {
            Err(_) if not_sent => return Ok(self.waits(Outcome::NotOptedIn, reason)),
            planned => planned?,
        };
        Ok(match planned {
            Repair::Set { because, .. } | Repair::Parked { because, .. } if not_sent => {
                with_reason(self.waits(Outcome::NotOptedIn, reason), because)
            }
            Repair::Set { values, because } => {
                let outcome = match to {
                    Side::Left => Outcome::WritesLeft,
                    Side::Right => Outcome::WritesRight,
                };
                let mut verdict = with_reason(self.done(outcome, reason), because);
                verdict.trace.written = Some(tagged(values.iter().map(|(_, v)| v)));
                verdict.waiting = self.waiting();
                verdict.not_before = because.not_before;
                verdict.set = vec![(to, values)];
                verdict
            }
            Repair::Kept { why, because } => with_reason(self.done(Outcome::Kept, why), because),
            Repair::Held { .. } if not_sent && self.line.on_invite => {
                self.waits(Outcome::NotOptedIn, reason)
            }
            Repair::Held { lock, because } => {
                let waiting = self.waiting();
                let mut verdict = Verdict { waiting, ..self.done(Outcome::Held(lock), reason) };
                verdict.trace.row_line = because.row;
                verdict
            }
            Repair::Parked { why, because } => {
                with_reason(self.parked(FaultCode::BlankParked, why, reason), because)
            }
        })
    }

    /// Each side gets what it lacks; all of it or, where one of them may not be written, nothing.
    fn unite(&self, reason: &str) -> Result<Verdict, SlotFault> {
        let united = match unite(self.scene, self.line, &self.pair) {
            Err(_) if !self.rules.opted_in => {
                return Ok(self.waits(Outcome::NotOptedIn, reason));
            }
            united => united?,
        };
        Ok(match united {
            United::Set { set, because } => {
                let sides: Vec<Side> = set.iter().map(|(side, _)| *side).collect();
                let outcome = match sides.as_slice() {
                    [] => Outcome::Kept,
                    [Side::Right] => Outcome::WritesRight,
                    _ if !self.rules.opted_in => {
                        return Ok(self.waits(Outcome::NotOptedIn, reason));
                    }
                    [Side::Left] => Outcome::WritesLeft,
                    [Side::Left | Side::Right, ..] => Outcome::WritesBoth,
                };
                let mut verdict = with_reason(self.done(outcome, reason), because);
                let values = set.iter().flat_map(|(_, values)| values).map(|(_, value)| value);
                verdict.trace.written = (!set.is_empty()).then(|| tagged(values));
                verdict.waiting = self.waiting();
                verdict.set = set;
                verdict
            }
            United::Held(lock) => self.done(Outcome::Held(lock), reason),
            United::Parked(why) => self.parked(FaultCode::Conflict, why, reason),
        })
    }

    fn drifted(&self) -> Verdict {
        let kept = Side::BOTH.into_iter().any(|to| {
            let repaired = || repair(self.scene, self.line, to, &self.pair);
            self.line.writes(to) && matches!(repaired(), Ok(Repair::Kept { .. }))
        });
        if kept {
            self.done(Outcome::Kept, "neither changed; what is blank or kept counts as agreeing")
        } else {
            self.done(Outcome::Drifted, NEITHER_CHANGED)
        }
    }

    /// The line is through: both sides are taken as read.
    fn done(&self, outcome: Outcome, reason: &str) -> Verdict {
        Verdict {
            trace: trace(self.line, Some(&self.pair), outcome, reason),
            set: Vec::new(),
            base: Some(base_pair(&self.pair)),
            waiting: None,
            parked: None,
            not_before: None,
        }
    }

    /// The line waits: its base stays.
    fn waits(&self, outcome: Outcome, reason: &str) -> Verdict {
        Verdict { base: self.waiting(), ..self.done(outcome, reason) }
    }

    fn parked(&self, code: FaultCode, why: &str, reason: &str) -> Verdict {
        let fault = SlotFault { code, message: why.to_owned() };
        let fault = self.scene.plan.fault_at(self.line.map_line, &self.line.rule, fault);
        let verdict = self.waits(Outcome::Parked(why.to_owned()), reason);
        Verdict { parked: Some(fault), ..verdict }
    }

    /// The base of a line that waits: as it was, with the time of the first sight of a change.
    fn waiting(&self) -> Option<BasePair> {
        let mut base = self.base?.clone();
        let [left, right] = self.rules.stamps;
        base.l_seen = self.changed(Side::Left).then(|| base.l_seen.or(left)).flatten();
        base.r_seen = self.changed(Side::Right).then(|| base.r_seen.or(right)).flatten();
        Some(base)
    }
}

/// The side that owns a line that flows one way.
fn one_way(arrow: Arrow) -> Option<Side> {
    match arrow {
        Arrow::ToRight => Some(Side::Left),
        Arrow::ToLeft => Some(Side::Right),
        Arrow::Both => None,
    }
}

fn first_contact(line: &Line, pair: &Pair) -> Course {
    if nothing(line, &pair.left) {
        return Course::Repair(Side::Left, "first contact: the left is blank");
    }
    if nothing(line, &pair.right) {
        return Course::Repair(Side::Right, "first contact: the right is blank");
    }
    if line.wins == Wins::Union {
        return Course::Unite("first contact: `union` takes the values of both");
    }
    match line.first_contact {
        Some(winner) => Course::Repair(winner.other(), "first contact: by its rule"),
        None => {
            Course::Ask("first contact, and no `first contact wins SIDE` says which side is right")
        }
    }
}

/// Whether a side is as the base has it.
pub(crate) fn same_as_base(line: &Line, side: Side, pair: &Pair, base: &BasePair) -> bool {
    let text = match side {
        Side::Left => &base.l,
        Side::Right => &base.r,
    };
    let Some(old) = values_of(text) else { return false };
    let new = pair.of(side);
    // A flag that was never set and one that is off are the same.
    let off = |value: &Value| matches!(value, Value::Blank | Value::Bool(false));
    match &line.via {
        Via::Convert(_) if old.iter().chain(new).all(off) => true,
        Via::Convert(conversion) => match side {
            Side::Left => conversion.same_left(&old, new),
            Side::Right => conversion.same_right(&old, new),
        },
        Via::Tables(_) => {
            old.len() == new.len() && old.iter().zip(new).all(|(a, b)| same_plain(a, b))
        }
    }
}

pub(crate) fn trace(line: &Line, pair: Option<&Pair>, outcome: Outcome, reason: &str) -> LineTrace {
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

fn with_reason(mut verdict: Verdict, because: Because) -> Verdict {
    note(&mut verdict.trace, because);
    verdict
}

/// Says in a trace which row decided, and its warning.
pub(crate) fn note(trace: &mut LineTrace, because: Because) {
    trace.row_line = because.row;
    if because.warning {
        trace.reason.push_str("; warning: no row has the value, `otherwise` decides");
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
