//! Both records and the base in, a [`Decision`] out.
//!
//! In: a plan, the two records as read, the base, the time. Out: what to write on which side, the
//! new base, and line by line why. Must not know: how records are fetched or written.

use jiff::Timestamp;

use crate::decide::{Rules, Verdict, decide};
use crate::decision::{
    Base, Change, Deadline, DeadlineKind, Decision, Draft, Effect, Input, OnHold, Outcome, Pending,
    Side,
};
use crate::draft::Drafted;
use crate::element::change;
use crate::fault::{Fault, FaultCode};
use crate::hold::Would;
use crate::invite::{Invitation, add_new};
use crate::json;
use crate::list::{ListVerdict, decide_list};
use crate::plan::{Line, Plan, Require, SlotId, StatesPlan};
use crate::record::{Record, with_changes};
use crate::scene::Scene;
use crate::schema::first_step;
use crate::value::Value;

impl Plan {
    /// Decides what brings the two records into agreement.
    ///
    /// One record missing: the other is created if this one takes part. Errors: a record that is
    /// not JSON or not an object; everything else parks its line.
    pub fn reconcile(&self, input: &Input<'_>) -> Result<Decision, Fault> {
        match (&input.left, &input.right) {
            (None, None) => Ok(Decision::default()),
            (Some(left), None) => self.create(Side::Right, left.body),
            (None, Some(right)) => self.create(Side::Left, right.body),
            (Some(left), Some(right)) => {
                let left_record = Record::read(self, Side::Left, left.body.as_bytes())?;
                let right_record = Record::read(self, Side::Right, right.body.as_bytes())?;
                let rules = Rules {
                    opted_in: self.opted_in(Side::Right, &right_record)?,
                    stamps: [left.stamp, right.stamp],
                    now: Some(input.now),
                    forced: None,
                };
                Ok(self.bring_together(&left_record, &right_record, rules, input.base))
            }
        }
    }

    fn create(&self, to: Side, body: &str) -> Result<Decision, Fault> {
        let from = Record::read(self, to.other(), body.as_bytes())?;
        if !self.opted_in(to.other(), &from)? {
            return Ok(Decision::default());
        }
        if to == Side::Left && self.key_in(Side::Right, &from)?.is_some() {
            let (left, right) = (self.side_name(Side::Left), self.side_name(Side::Right));
            let message = format!(
                "the {right} names a {left}, and that one was not given; a second one is not made"
            );
            let refused = Some(self.fault(FaultCode::NoPartner, message));
            return Ok(Decision { refused, ..Decision::default() });
        }
        if let (Some(hold), Side::Left) = (self.keeps(&from), to) {
            let on_hold = Some(OnHold { why: self.held_words(hold), map_line: hold.map_line });
            return Ok(Decision { on_hold, ..Decision::default() });
        }
        let Drafted { draft, traces, faults, fatal, .. } = self.draft(to, &from);
        let mut decision = Decision { parked: faults, lines: traces, ..Decision::default() };
        if fatal.is_some() {
            decision.refused = fatal;
            return Ok(decision);
        }
        match to {
            Side::Left => decision.left = Effect::Create(draft),
            Side::Right => decision.right = Effect::Create(draft),
        }
        Ok(decision)
    }

    /// Whether a left record is in a state that it never leaves: nothing can be written to it any more.
    pub fn is_over(&self, left: &str) -> Result<bool, Fault> {
        Ok(self.left_lock(&Record::read(self, Side::Left, left.as_bytes())?).is_some())
    }

    /// Why nothing may be written to the left record at all.
    fn left_lock(&self, left: &Record<'_>) -> Option<String> {
        let states = self.states.as_ref()?;
        let now = states_of(states, left);
        let name = self.side_name(Side::Left);
        states.terminal.contains(&now).then(|| format!("the {name} is closed ({})", now.join("/")))
    }

    pub(crate) fn bring_together(
        &self,
        left: &Record<'_>,
        right: &Record<'_>,
        rules: Rules,
        base: &Base,
    ) -> Decision {
        let lock = self.left_lock(left);
        let shared = self.shared.is_some_and(|slot| left.value(slot) == Ok(&Value::Bool(true)));
        let scene = Scene { left_lock: lock.as_deref(), shared, ..Scene::of(self, [left, right]) };
        let mut gathered = Gathered::of(&scene);
        let concerned = |writes: bool| rules.forced.is_none() || writes;
        for line in &self.lines {
            if concerned(rules.forced.is_some_and(|to| line.writes(to))) {
                let verdict = decide(&scene, rules, line, base.lines.get(&line.hash));
                gathered.lines.push((line.hash.as_str(), verdict));
            }
        }
        for each in self.lists.iter().filter(|each| !each.create_only) {
            let writes = |to| each.lines.iter().any(|line| line.writes(to));
            if concerned(rules.forced.is_some_and(writes)) {
                gathered.lists.push((each.left, decide_list(&scene, rules, each, base)));
            }
        }
        gathered.step_or_hold();
        gathered.hold_too_early(rules.now);
        // What is on hold is asked for nothing; and what fails may be what would end the hold.
        gathered.hold_all();
        gathered.hold_what_fails();
        gathered.hold_all();
        gathered.invite(rules);
        gathered.note_answers(rules);
        gathered.into_decision()
    }
}

/// The values of the status fields.
fn states_of(states: &StatesPlan, record: &Record<'_>) -> Vec<String> {
    states.slots.iter().map(|slot| record.value(*slot).map(state).unwrap_or_default()).collect()
}

fn state(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => String::new(),
    }
}

/// What the decisions of all lines add up to.
struct Gathered<'g> {
    scene: &'g Scene<'g>,
    /// With the hash of its line.
    lines: Vec<(&'g str, Verdict)>,
    /// With the slot of its left list.
    lists: Vec<(SlotId, ListVerdict)>,
    parked: Vec<Fault>,
    deadlines: Vec<Deadline>,
    on_hold: Option<OnHold>,
    /// Hashes of lines that go in steps.
    steps: Vec<String>,
    /// Microsoft's half, which is to be made.
    half: Option<Draft>,
}

impl<'g> Gathered<'g> {
    fn of(scene: &'g Scene<'g>) -> Self {
        let (lines, lists, parked, deadlines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (on_hold, steps, half) = (None, Vec::new(), None);
        Gathered { scene, lines, lists, parked, deadlines, on_hold, steps, half }
    }

    /// Both records as what was decided would leave them.
    fn would(&self) -> Would<'_> {
        let sets = self.lines.iter().flat_map(|(_, verdict)| &verdict.set);
        let written = sets.flat_map(|(side, values)| {
            values.iter().map(move |(slot, value)| (*side, *slot, value))
        });
        Would { records: self.scene.records, written: written.collect() }
    }

    /// Holds everything that would be written to the left of a deal that is on hold and stays so.
    fn hold_all(&mut self) {
        let plan = self.scene.plan;
        let writes = self.left_values().next().is_some()
            || self.lists.iter().any(|(_, list)| list.left.is_some());
        if plan.holds.is_empty() || !writes {
            return;
        }
        let Some(hold) = plan.holding(&self.would()) else { return };
        let why = plan.held_words(hold);
        self.hold(|_, _| true, &why, true);
        self.on_hold = Some(OnHold { why, map_line: hold.map_line });
    }

    /// Holds lines whose row is written only later, and notes when that is.
    fn hold_too_early(&mut self, now: Option<Timestamp>) {
        let Some(now) = now else { return };
        for (_, verdict) in &mut self.lines {
            let Some(at) = verdict.not_before.filter(|at| *at > now) else { continue };
            let until = at.strftime("%Y-%m-%d %H:%M UTC");
            verdict.hold(&format!("not before {until}"), true);
            self.deadlines.push(Deadline {
                kind: DeadlineKind::Write,
                at,
                rule: verdict.trace.rule.clone(),
                map_line: verdict.trace.row_line.unwrap_or(verdict.trace.map_line),
            });
        }
    }

    /// Notes until when somebody has to answer.
    fn note_answers(&mut self, rules: Rules) {
        if rules.forced.is_none() && !self.scene.plan.holds.is_empty() {
            let answers = self.scene.plan.answers(&self.would());
            self.deadlines.extend(answers);
        }
    }

    /// What is written to the left record's own fields, line by line.
    fn left_values(&self) -> impl Iterator<Item = &(SlotId, Value)> {
        self.lines
            .iter()
            .flat_map(|(_, verdict)| &verdict.set)
            .filter(|(side, _)| *side == Side::Left)
            .flat_map(|(_, values)| values)
    }

    /// A change of status that the left system makes only in steps takes the first of them; one
    /// that it never makes is held.
    fn step_or_hold(&mut self) {
        let Some(states) = &self.scene.plan.states else { return };
        let now = states_of(states, self.scene.deal);
        let written = |slot: &SlotId| self.left_values().find(|(id, _)| id == slot);
        if !states.slots.iter().any(|slot| written(slot).is_some()) {
            return;
        }
        let goal: Vec<String> = states
            .slots
            .iter()
            .zip(&now)
            .map(|(slot, old)| written(slot).map_or_else(|| old.clone(), |(_, v)| state(v)))
            .collect();
        if goal == now || states.moves.iter().any(|(from, to)| *from == now && *to == goal) {
            return;
        }
        let step = first_step(&states.moves, &states.terminal, &now, &goal);
        if let Some(step) = step
            && states
                .slots
                .iter()
                .zip(now.iter().zip(step))
                .all(|(slot, (old, new))| old == new || written(slot).is_some())
        {
            self.step(&states.slots, &now, step, &goal);
            return;
        }
        let (now, goal) = (now.join("/"), goal.join("/"));
        let lock = format!("Partner Center does not go from {now} to {goal}");
        self.hold(|id, _| states.slots.contains(&id), &lock, false);
    }

    /// Writes the first step instead of the whole change of status.
    fn step(&mut self, slots: &[SlotId], now: &[String], step: &[String], goal: &[String]) {
        let why = format!("; in steps: first {}, then {}", step.join("/"), goal.join("/"));
        for (hash, verdict) in &mut self.lines {
            let of_left = verdict.set.iter().filter(|(side, _)| *side == Side::Left);
            let writes: Vec<SlotId> =
                of_left.flat_map(|(_, values)| values).map(|(id, _)| *id).collect();
            if !writes.iter().any(|id| slots.contains(id)) {
                continue;
            }
            let values: Vec<(SlotId, Value)> = slots
                .iter()
                .zip(now.iter().zip(step))
                .filter(|(id, (old, new))| writes.contains(id) && old != new)
                .map(|(id, (_, new))| (*id, Value::Text(new.clone())))
                .collect();
            if values.is_empty() {
                verdict.hold(why.trim_start_matches("; "), true);
            } else {
                verdict.step(values, &why);
                self.steps.push((*hash).to_owned());
            }
        }
    }

    /// Holds what a line of `require` names, when the left record would not fulfil it. Every round
    /// holds something, so there are no more rounds than lines. All lines that fail and name what is held are told.
    fn hold_what_fails(&mut self) {
        let plan = self.scene.plan;
        let mut told = vec![false; plan.requires.len()];
        for _ in &plan.requires {
            let mut changes = self.left_changes();
            changes.extend(self.lists.iter().filter_map(|(_, list)| list.left.clone()));
            if changes.is_empty() {
                break;
            }
            let after = with_changes(self.scene.deal.json.clone().into_owned(), &changes);
            let after = Record::of(&plan.side(Side::Left).slots, after);
            let named = plan.failing(&after).find(|require| {
                let names = |change: &Change| plan.names(require, &change.path);
                changes.iter().any(names)
            });
            let Some(require) = named else { break };
            let names = |_, path: &str| plan.names(require, path);
            self.hold(names, &require.otherwise, true);
            changes.retain(|change| plan.names(require, &change.path));
            let fails = |other: &Require| plan.failing(&after).any(|one| std::ptr::eq(one, other));
            for (told, other) in told.iter_mut().zip(&plan.requires) {
                let is_named = changes.iter().any(|change| plan.names(other, &change.path));
                *told |= is_named && fails(other);
            }
        }
        let unmet = plan.requires.iter().zip(told).filter(|(_, told)| *told);
        self.parked.extend(unmet.map(|(require, _)| plan.require_fault(require)));
    }

    /// What cannot be changed any more but can be asked for with an invitation is, when nothing else
    /// is written to the left.
    fn invite(&mut self, rules: Rules) {
        let plan = self.scene.plan;
        let is_asking = |hash: &str, verdict: &Verdict| {
            let of = |line: &&Line| line.hash == hash && line.on_invite;
            matches!(verdict.trace.outcome, Outcome::Held(_))
                && plan.lines.iter().any(|line| of(&line))
        };
        let asks = self.lines.iter().any(|(hash, verdict)| is_asking(hash, verdict));
        let is_open = rules.opted_in && rules.forced.is_none() && self.scene.left_lock.is_none();
        if plan.invite.is_none() || !asks || !is_open {
            return;
        }
        let writes = self.left_values().next().is_some()
            || self.lists.iter().any(|(_, list)| list.left.is_some());
        let [left, right] = self.scene.records;
        let (mut held, mut half) = (None, None);
        match plan.invitation(left, right) {
            Invitation::None => return,
            _ if writes => held = Some("Microsoft is asked when the rest is written".to_owned()),
            Invitation::Lacks(faults) => {
                held = faults.first().map(|fault| fault.message.clone());
                add_new(&mut self.parked, faults);
            }
            Invitation::OnHold(hold) => {
                held = Some(hold.why.clone());
                self.on_hold = Some(hold);
            }
            Invitation::Half(draft) => half = Some(draft),
        }
        let body = half.as_ref().map(Draft::to_json);
        let json = body.as_ref().and_then(|body| json::read(body.as_bytes()).ok());
        let record = json.map(|json| Record::of(&plan.side(Side::Left).slots, json));
        for (hash, verdict) in &mut self.lines {
            let line =
                plan.lines.iter().find(|line| line.hash == *hash && is_asking(hash, verdict));
            let Some(line) = line else { continue };
            match (&held, &record) {
                (Some(why), _) => verdict.hold(why, true),
                (None, Some(record)) => {
                    let values = record.values(line.source(Side::Left).slots()).unwrap_or_default();
                    verdict.invite(&values, "; Microsoft is asked to join");
                }
                (None, None) => {}
            }
        }
        self.half = half;
    }

    /// Takes back the writes of left fields that `which` picks by slot and path.
    fn hold(&mut self, which: impl Fn(SlotId, &str) -> bool, lock: &str, waits: bool) {
        let scene = self.scene;
        let picked =
            |id: SlotId| scene.slot(Side::Left, id).is_some_and(|slot| which(id, &slot.path));
        for (_, verdict) in &mut self.lines {
            let to_left = verdict.set.iter().filter(|(side, _)| *side == Side::Left);
            if to_left.flat_map(|(_, values)| values).any(|(id, _)| picked(*id)) {
                verdict.hold(lock, waits);
            }
        }
        for (slot, list) in &mut self.lists {
            if list.left.is_some() && picked(*slot) {
                list.hold(&Outcome::Held(lock.to_owned()), waits);
            }
        }
    }

    fn left_changes(&self) -> Vec<Change> {
        let slot = |id: &SlotId| self.scene.slot(Side::Left, *id);
        self.left_values().filter_map(|(id, value)| Some(change(slot(id)?, value))).collect()
    }

    fn into_decision(self) -> Decision {
        let scene = self.scene;
        let (deadlines, on_hold, half) = (self.deadlines, self.on_hold, self.half);
        let mut decision = Decision { deadlines, on_hold, ..Decision::default() };
        let mut pending = Pending { steps: self.steps, ..Pending::default() };
        let (mut left, mut right, mut children) = (Vec::new(), Vec::new(), Vec::new());
        for (hash, verdict) in self.lines {
            decision.lines.push(verdict.trace);
            decision.parked.extend(verdict.parked);
            decision.base.lines.extend(verdict.base.map(|pair| (hash.to_owned(), pair)));
            for (side, values) in verdict.set {
                let slot = |id| scene.slot(side, id);
                let changes =
                    values.iter().filter_map(|(id, value)| Some(change(slot(*id)?, value)));
                let (effect, keys) = match side {
                    Side::Left => (&mut left, &mut pending.left),
                    Side::Right => (&mut right, &mut pending.right),
                };
                effect.extend(changes);
                keys.push(hash.to_owned());
            }
        }
        for (_, list) in self.lists {
            decision.lines.extend(list.traces);
            decision.parked.extend(list.parked);
            decision.base.lines.extend(list.base);
            left.extend(list.left);
            children.extend(list.children);
            for (side, key) in list.wrote {
                match side {
                    Side::Left => pending.left.push(key),
                    Side::Right => pending.right.push(key),
                }
            }
        }
        decision.parked.extend(self.parked);
        // What closes the referral goes last: nothing could be written after it.
        let states = scene.plan.states.as_ref().map_or(&[][..], |states| &states.slots);
        let closes = |path: &str| {
            let slots = states.iter().filter_map(|id| scene.plan.slot(Side::Left, *id));
            slots.into_iter().any(|slot| slot.path == path)
        };
        left.sort_by_key(|change: &Change| closes(&change.path));
        if !left.is_empty() {
            decision.left = Effect::Update { changes: left, children: Vec::new() };
        }
        if let (true, Some(half)) = (decision.left.is_nothing(), half) {
            decision.left = Effect::Invite(half);
        }
        if !(right.is_empty() && children.is_empty()) {
            decision.right = Effect::Update { changes: right, children };
        }
        pending.base = decision.base.clone();
        decision.pending = pending;
        decision
    }
}
