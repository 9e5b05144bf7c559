//! Both records and the base in, a [`Decision`] out.
//!
//! In: a plan, the two records as read, the base, the time. Out: what to write on which side, the
//! new base, and line by line why. Must not know: how records are fetched or written.

use crate::decide::{Rules, decide};
use crate::decision::{
    Base, Change, ChildChange, Decision, Effect, Input, LineTrace, Outcome, Pending, Side,
};
use crate::draft::{Drafted, change};
use crate::fault::Fault;
use crate::line::Scene;
use crate::list::decide_list;
use crate::plan::{Plan, SlotId};
use crate::record::Record;
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
        let Drafted { draft, faults, fatal } = self.draft(to, &from);
        let mut decision = Decision { parked: faults, refused: fatal, ..Decision::default() };
        if decision.refused.is_some() {
            return Ok(decision);
        }
        decision.lines = draft.changes.iter().map(|c| created_trace(to, c)).collect();
        match to {
            Side::Left => decision.left = Effect::Create(draft),
            Side::Right => decision.right = Effect::Create(draft),
        }
        Ok(decision)
    }

    /// Why nothing may be written to the left record at all.
    fn left_lock(&self, left: &Record<'_>) -> Option<String> {
        let states = self.states.as_ref()?;
        let now: Vec<String> = states
            .slots
            .iter()
            .map(|slot| match left.value(*slot) {
                Ok(Value::Text(text)) => text.clone(),
                Ok(_) | Err(_) => String::new(),
            })
            .collect();
        states
            .terminal
            .contains(&now)
            .then(|| format!("the {} is closed ({})", self.side_name(Side::Left), now.join("/")))
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
        let [left_side, right_side] = &self.sides;
        let scene = Scene {
            plan: self,
            slots: [&left_side.slots, &right_side.slots],
            records: [left, right],
            deal: left,
            creating: false,
            left_lock: lock.as_deref(),
            shared,
        };
        let mut gathered = Gathered::default();
        for line in &self.lines {
            let verdict = decide(&scene, rules, line, base.lines.get(&line.hash));
            gathered.traces.push(verdict.trace);
            gathered.parked.extend(verdict.parked);
            if let Some(pair) = verdict.base {
                gathered.base.lines.insert(line.hash.clone(), pair);
            }
            if let Some((side, values)) = verdict.set {
                gathered.set(&scene, side, &values, line.hash.clone());
            }
        }
        for each in self.lists.iter().filter(|each| !each.create_only) {
            let verdict = decide_list(&scene, rules, each, base);
            gathered.traces.extend(verdict.traces);
            gathered.parked.extend(verdict.parked);
            gathered.base.lines.extend(verdict.base);
            gathered.children.extend(verdict.children);
            gathered.left.extend(verdict.left);
            for (side, key) in verdict.wrote {
                gathered.wrote(side, key);
            }
        }
        gathered.into_decision(self)
    }
}

fn created_trace(to: Side, change: &Change) -> LineTrace {
    LineTrace {
        rule: change.path.clone(),
        map_line: 0,
        row_line: None,
        outcome: match to {
            Side::Left => Outcome::WritesLeft,
            Side::Right => Outcome::WritesRight,
        },
        reason: "the record is created".to_owned(),
        left: String::new(),
        right: String::new(),
        written: Some(change.value.clone()),
    }
}

/// What the decisions of all lines add up to.
#[derive(Default)]
struct Gathered {
    left: Vec<Change>,
    right: Vec<Change>,
    children: Vec<ChildChange>,
    base: Base,
    traces: Vec<LineTrace>,
    parked: Vec<Fault>,
    pending: Pending,
}

impl Gathered {
    fn set(&mut self, scene: &Scene<'_>, side: Side, values: &[(SlotId, Value)], key: String) {
        let changes = values.iter().filter_map(|(id, v)| Some(change(scene.slot(side, *id)?, v)));
        match side {
            Side::Left => self.left.extend(changes),
            Side::Right => self.right.extend(changes),
        }
        self.wrote(side, key);
    }

    fn wrote(&mut self, side: Side, key: String) {
        match side {
            Side::Left => self.pending.left.push(key),
            Side::Right => self.pending.right.push(key),
        }
    }

    fn into_decision(mut self, plan: &Plan) -> Decision {
        // What closes the referral goes last: nothing could be written after it.
        let states: Vec<&str> = plan.states.as_ref().map_or_else(Vec::new, |states| {
            states
                .slots
                .iter()
                .filter_map(|slot| plan.slot(Side::Left, *slot).map(|s| s.path.as_str()))
                .collect()
        });
        self.left.sort_by_key(|change| states.contains(&change.path.as_str()));
        self.pending.base = self.base.clone();
        let update = |changes: Vec<Change>, children: Vec<ChildChange>| {
            if changes.is_empty() && children.is_empty() {
                Effect::Nothing
            } else {
                Effect::Update { changes, children }
            }
        };
        Decision {
            left: update(self.left, Vec::new()),
            right: update(self.right, self.children),
            base: self.base,
            lines: self.traces,
            parked: self.parked,
            refused: None,
            pending: self.pending,
        }
    }
}
