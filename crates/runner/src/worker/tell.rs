//! What the seller is told: badge and line of the audit, also of a deal that cannot go on.
//!
//! In: a decision or causes, and what the seller was told before. Out: the record's report fields written, once; a
//! line that could not be written is owed, and goes with whatever is written next. Must not know: what a line says.

use connect::Error;
use connect::salesforce::Row;
use jiff::Timestamp;
use mapping::decision::{Decision, LineTrace, Outcome, Side, nest};
use mapping::plan::{Became, Plan};
use mapping::report::ReportEvent;
use mapping::schema::System;

use crate::store::{Cause, Commit, Ending, IntentKind, Store};
use crate::wires::Wires;

use super::identity::Scene;
use super::note::Memo;
use super::refused::refused_cause;
use super::round::Announced;
use super::{Deal, Halt, note};

/// So many lines are owed at most; older ones are in the history.
const OWED_MOST: usize = 5;

impl Memo {
    /// A line could not be written, or nobody knows whether it was.
    pub(super) fn owe(&mut self, line: &str) {
        let before = self.owed.take().unwrap_or_default();
        let lines = std::iter::once(line).chain(before.lines()).take(OWED_MOST);
        self.owed = Some(lines.collect::<Vec<_>>().join("\n"));
    }

    /// Lines that stand in a record are not owed.
    pub(super) fn saw(&mut self, body: &str) {
        let Some(owed) = self.owed.take() else { return };
        let stands = |line: &&str| {
            let text = serde_json::to_string(line).unwrap_or_default();
            body.contains(text.trim_matches('"'))
        };
        let left: Vec<&str> = owed.lines().filter(|line| !stands(line)).collect();
        self.owed = (!left.is_empty()).then(|| left.join("\n"));
    }

    /// The lines that are owed, the newest first.
    pub(super) fn late(&self) -> &str {
        self.owed.as_deref().unwrap_or_default()
    }
}

/// What is owed when the referral was changed, and the record that would say so was not.
pub(super) fn line_of_left(plan: &Plan, decision: &Decision, now: Timestamp) -> Option<String> {
    let is_left =
        |line: &&LineTrace| matches!(line.outcome, Outcome::WritesLeft | Outcome::WritesBoth);
    let lines = decision.lines.iter().filter(is_left).cloned().collect();
    let left = Decision { lines, ..Decision::default() };
    plan.audit_line(&left, &ReportEvent::Done, now)
}

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// The deal cannot go on: the seller is told once, and it is parked.
    pub(super) async fn refuse(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        causes: Vec<Cause>,
        reason: String,
    ) -> Result<Commit, Halt> {
        let told = note::told(&causes);
        let event =
            if told == self.memo.told { ReportEvent::Late } else { ReportEvent::Failed(reason) };
        let is_said = event == ReportEvent::Late && self.memo.owed.is_none();
        if is_said || scene.right.is_none() {
            return Ok(super::parked(causes));
        }
        match self.tell(scene, decision, &event, told).await {
            Ok(()) => {}
            // The cause is shown in the console all the same.
            Err(Halt::Wire(system, error @ (Error::Refused { .. } | Error::Gone { .. }))) => {
                tracing::warn!(key = %self.claim.key, %system, %error, "the seller was not told");
            }
            Err(other) => return Err(other),
        }
        Ok(super::parked(causes))
    }

    /// A deal that ends so waits for a person: the seller is told, where the record can be read.
    pub(super) async fn end_of(&mut self, halt: Halt) -> Result<Commit, Halt> {
        let causes = match halt {
            Halt::Park(causes) => causes,
            Halt::Fault(fault) => vec![note::cause_of(&fault)],
            Halt::Wire(system, Error::Gone { why }) => vec![note::gone_cause(system, &why)],
            Halt::Wire(system, Error::Refused { code, why, fields }) => {
                vec![refused_cause(system, &code, &why, &fields, None)]
            }
            other @ (Halt::Wire(
                _,
                Error::Changed | Error::Denied { .. } | Error::Resting { .. } | Error::Later { .. },
            )
            | Halt::Store(_)
            | Halt::Again(..)
            | Halt::Unsteady
            | Halt::Busy(_)
            | Halt::Creating
            | Halt::Merged
            | Halt::Tripped) => return Err(other),
        };
        let is_said = note::told(&causes) == self.memo.told && self.memo.owed.is_none();
        let record = self.claim.record().map(|(object, id)| (object.to_owned(), id.clone()));
        let of_map = record.and_then(|(object, id)| Some((self.map_of(&object)?, id)));
        let Some((map, id)) = of_map.filter(|_| !is_said) else {
            return Ok(super::parked(causes));
        };
        let right = match self.read_record(map, &id).await {
            Ok(right) => right,
            Err(Halt::Park(_)) => None,
            Err(other) => return Err(other),
        };
        // What cannot be read, or became another record, cannot be written to either.
        let itself = |row: &Row| map.plan().became(Side::Right, &row.body) == Ok(Became::Itself);
        let Some(right) = right.filter(itself) else { return Ok(super::parked(causes)) };
        self.memo.saw(&right.body);
        let reason = causes.first().map(|cause| cause.message.clone()).unwrap_or_default();
        let scene = Scene { map, left: None, right: Some(right) };
        self.refuse(&scene, &Decision::default(), causes, reason).await
    }

    /// Writes badge and audit line alone. `told`: what the seller knows then; a line that could not be written,
    /// or of which nobody knows, is owed.
    pub(super) async fn tell(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        event: &ReportEvent,
        told: Option<String>,
    ) -> Result<(), Halt> {
        let Some(right) = &scene.right else { return Ok(()) };
        if !self.worker.reach.writes(System::Salesforce) {
            self.would_tell(scene, decision).await?;
            self.is_told(told);
            return Ok(());
        }
        let (plan, now) = (scene.map.plan(), self.now());
        let report = plan.report(decision, Some(&right.body), event, self.memo.late(), now);
        if report.is_empty() {
            self.is_told(told);
            return Ok(());
        }
        let announced = Announced { object: scene.map.object().to_owned(), ..Announced::default() };
        let intent = self.announce(IntentKind::Report, &announced).await?;
        let written = self.write_right(scene, &right.id, &nest(&report), None).await?;
        let ending = match &written {
            Ok(()) => Ending::Applied,
            Err(Error::Refused { .. } | Error::Gone { .. }) => Ending::Refused,
            // Also when the outcome is unknown: what does not stand there the next time is said again.
            Err(
                Error::Changed | Error::Denied { .. } | Error::Resting { .. } | Error::Later { .. },
            ) => Ending::NotApplied,
        };
        match ending {
            Ending::Applied => self.is_told(told),
            Ending::NotApplied => {
                if let Some(line) = plan.audit_line(decision, event, now) {
                    self.memo.owe(&line);
                    (self.memo.told, self.memo.followed) = (told, None);
                }
            }
            Ending::Refused => {}
        }
        if written.is_ok()
            && let Some(row) = self.read_record(scene.map, &right.id).await?
        {
            self.memo.right_stamp = row.modified;
        }
        self.close(intent, ending).await?;
        written.map_err(|error| Halt::Wire(System::Salesforce, error))
    }

    /// The seller knows all that there is to say.
    fn is_told(&mut self, told: Option<String>) {
        self.memo.told = told;
        self.memo.followed = None;
        self.memo.owed = None;
    }
}
