//! One round: both records and the base through the plan, and what follows from the decision.
//!
//! In: a scene. Out: a commit when the deal is in step (or parked), none when another round is
//! needed. Must not know: how a write is put together.

use std::time::Duration;

use connect::Error;
use connect::salesforce::Row;
use jiff::Timestamp;
use mapping::decision::{Base, Decision, Effect, Input, Pending, Seen, Side};
use mapping::plan::Became;
use mapping::report::ReportEvent;
use mapping::schema::System;
use serde::{Deserialize, Serialize};

use crate::echo;
use crate::store::{Commit, Ending, IntentId, IntentKind, Next, Parked, Source, Store};
use crate::wires::Wires;

use super::evidence::{Trace, is_seen, is_untouched};
use super::identity::Scene;
use super::refused::refused_cause;
use super::wish::right_alone;
use super::{Deal, Halt, note};

/// The cause of a deal that is written to again and again.
const FIGHT: &str = "write-fight";

/// What is written down with an intent, so that it can be settled after a crash.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Announced {
    /// The CRM object, which tells the mapping.
    pub(super) object: String,
    /// What `settle` needs.
    pub(super) pending: Pending,
    /// The record for which a referral is being created, or that was made.
    pub(super) record: String,
    /// The referral that was created, or for which a record is being created.
    pub(super) referral: Option<String>,
    /// The record from which the other one is being created, as it was read.
    pub(super) source: String,
    /// When a look for the created referral last found nothing, and how often it has.
    pub(super) missed: Option<Timestamp>,
    pub(super) misses: u32,
    /// By side, whether its record's fields were written for certain, when a later part was not.
    pub(super) sent: [bool; 2],
    /// By side, what its record would show, had the fields been written.
    pub(super) traces: [Vec<Trace>; 2],
    /// What the audit says of it, by the plan that decided: another one may settle it.
    pub(super) entry: String,
    /// What the seller is owed when only the referral is changed; none: it is not.
    pub(super) line: Option<String>,
    /// By side, when its record had last been changed when this was decided.
    pub(super) seen: [Option<Timestamp>; 2],
    /// The referral as it was sent to be made.
    pub(super) draft: String,
    /// The engagement in which Microsoft's half is being made, and that half once it is known.
    pub(super) engagement: String,
    pub(super) half: Option<String>,
}

impl Announced {
    pub(super) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What the audit is to say, when it is found that it was done.
    pub(super) fn audit(&self) -> Vec<String> {
        let is_known = !self.entry.is_empty();
        is_known.then(|| self.entry.clone()).into_iter().collect()
    }

    /// Itself, with what the two records show to have been sent. The CRM record is written to when the referral
    /// has taken its part: so what stands there speaks for both.
    pub(super) fn as_seen(&self, bodies: [&str; 2]) -> Self {
        let mut seen = self.clone();
        for ((sent, traces), body) in seen.sent.iter_mut().zip(&self.traces).zip(bodies) {
            *sent = *sent || is_seen(traces, body);
        }
        let [left, right] = &mut seen.sent;
        *left = *left || (*right && self.traces.first().is_some_and(|traces| !traces.is_empty()));
        seen
    }

    /// Whether one of the records was written for certain, and reads as before all the same.
    pub(super) fn reads_too_early(&self, bodies: [&str; 2]) -> bool {
        let mut sides = self.sent.iter().zip(&self.traces).zip(bodies);
        sides.any(|((sent, traces), body)| *sent && is_untouched(traces, body))
    }

    /// Itself, when a part of it was written for certain.
    pub(super) fn any_sent(&self) -> Option<&Announced> {
        self.sent.contains(&true).then_some(self)
    }
}

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// The deal's base as it is kept.
    pub(super) fn base(&self) -> Base {
        let base = self.claim.base.as_deref();
        base.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// What the plan says of the two records and the base.
    pub(super) fn decide(&mut self, scene: &Scene<'_>) -> Result<Decision, Halt> {
        let base = self.base();
        let freed = scene.left.as_ref().and_then(|left| self.without_former(scene.map, left));
        let left = scene.left.as_ref().map(|left| Seen {
            body: freed.as_deref().unwrap_or(&left.body),
            stamp: left.updated.filter(|at| Some(*at) != self.memo.left_stamp),
        });
        let right = scene.right.as_ref().map(|right| Seen {
            body: &right.body,
            stamp: right.modified.filter(|at| Some(*at) != self.memo.right_stamp),
        });
        let input = Input { left, right, base: &base, now: self.now() };
        let mut decision = scene.map.plan().reconcile(&input)?;
        self.memo.park_kept(scene.map.plan(), &mut decision);
        self.with_help(scene, decision)
    }

    pub(super) async fn round(&mut self, scene: Scene<'_>) -> Result<Option<Commit>, Halt> {
        self.hear_what_was_said(&scene);
        let decision = self.decide(&scene)?;
        if let Some(fault) = &decision.refused {
            let causes = vec![note::cause_of(fault)];
            return self.refuse(&scene, &decision, causes, fault.message.clone()).await.map(Some);
        }
        if matches!(decision.left, Effect::Invite(_)) && self.has_joined(&scene).await? {
            return Ok(None);
        }
        let decision = match self.within_reach(&scene, &decision).await? {
            Ok(decision) => decision,
            Err(commit) => return Ok(Some(commit)),
        };
        if let Some(parked) = self.solutions(&scene, &decision).await? {
            return Ok(Some(parked));
        }
        if let Some(parked) = self.stays_rejected(&scene, &decision).await? {
            return Ok(Some(parked));
        }
        match (&decision.left, &decision.right) {
            (Effect::Create(draft), _) => self.create_referral(&scene, &decision, draft).await,
            (Effect::Invite(half), Effect::Nothing) => self.ask(&scene, &decision, half).await,
            // Microsoft is asked when all else is written.
            (Effect::Invite(_), _) => {
                let rest = right_alone(&decision, "Microsoft is asked when the rest is written");
                self.update(&scene, &rest).await
            }
            (_, Effect::Create(draft)) => self.create_record(&scene, &decision, draft).await,
            (Effect::Nothing, Effect::Nothing) => self.quiet(&scene, &decision).await,
            (_, _) => self.update(&scene, &decision).await,
        }
    }

    /// Nothing is to be written, except a word to the seller when something waits or waits no more.
    async fn quiet(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
    ) -> Result<Option<Commit>, Halt> {
        let audit = self.met(scene, decision);
        if scene.left.is_none() || scene.right.is_none() {
            // The mark of a deal that was never shared goes when it is taken out.
            let plan = scene.map.plan();
            let is_out = |row: &Row| {
                !row.is_deleted() && plan.takes_part(Side::Right, &row.body) == Ok(false)
            };
            if self.memo.told.is_some() && scene.right.as_ref().is_some_and(is_out) {
                self.tell(scene, decision, &ReportEvent::Out, None).await?;
            }
            return Ok(Some(Commit { audit, next: Next::Done, ..Commit::default() }));
        }
        let causes = note::causes(decision);
        let told = note::told_of(decision);
        if let (Some(left), Some(right)) = (&scene.left, &scene.right) {
            let versions = [echo::of_referral(left), echo::of_row(scene.map, right)];
            self.seen = versions.into_iter().flatten().collect();
        }
        if told != self.memo.told || self.memo.followed.is_some() {
            let event = self.done(decision);
            self.tell(scene, decision, &event, told).await?;
        } else if self.memo.owed.is_some() {
            self.tell(scene, decision, &ReportEvent::Late, told).await?;
        }
        let next = if causes.is_empty() { Next::Done } else { Next::Parked(causes) };
        let base = serde_json::to_string(&decision.base).ok();
        let count = vec![("in_step".to_owned(), 1)];
        let deadlines = Some(note::deadlines(scene.map.plan(), decision));
        let differences = Some(note::differences(scene.map.plan(), decision));
        let commit =
            Commit { base, audit, count, deadlines, differences, next, ..Commit::default() };
        Ok(Some(commit))
    }

    /// What was written and why, for the audit.
    pub(super) fn entry(
        &self,
        kind: &'static str,
        scene: &Scene<'_>,
        decision: &Decision,
        record: Option<&str>,
    ) -> String {
        note::write_entry(kind, scene.map.plan(), decision, record, &self.claim.because)
    }

    /// Announces a write: nothing goes out before this is on disk.
    pub(super) async fn announce(
        &mut self,
        kind: IntentKind,
        announced: &Announced,
    ) -> Result<IntentId, Halt> {
        self.keep().await?;
        let now = self.now();
        self.worker.tripwire.pass()?;
        let body = announced.write();
        let intent = self.worker.store.intend(&mut self.claim, kind, body, now).await?;
        self.worker.tripwire.pass()?;
        Ok(intent)
    }

    /// Keeps what became known of an announced write.
    pub(super) async fn remember(
        &mut self,
        intent: IntentId,
        announced: &Announced,
    ) -> Result<(), Halt> {
        self.worker.tripwire.pass()?;
        let body = announced.write();
        self.worker.store.remember(&mut self.claim, intent, body).await?;
        self.worker.tripwire.pass()
    }

    /// An intent is over, and nothing else changes.
    pub(super) async fn close(&mut self, intent: IntentId, ending: Ending) -> Result<(), Halt> {
        self.hold(Commit { close: vec![(intent, ending)], ..Commit::default() }).await
    }

    /// Whether a person says that the fight for which the deal is parked is over.
    async fn is_fight_over(&self) -> Result<bool, Halt> {
        let fights = |parked: &&Parked| parked.causes.iter().any(|cause| cause.code == FIGHT);
        match self.claim.parked.as_ref().filter(fights) {
            Some(parked) => self.was_let_go(parked).await,
            None => Ok(false),
        }
    }

    /// Whether a person let the deal go on since it was parked.
    pub(super) async fn was_let_go(&self, parked: &Parked) -> Result<bool, Halt> {
        let view = self.worker.store.deal(self.claim.key.to_string()).await?;
        let hints = view.map(|view| view.hints).unwrap_or_default();
        let person = Source::Operator.word();
        Ok(hints.iter().any(|hint| hint.source == person && hint.at >= parked.since))
    }

    /// Parks a deal that is written to so often that another program must be writing against us.
    pub(super) async fn check_pace(&mut self) -> Result<(), Halt> {
        let now = self.now();
        if self.is_fight_over().await? {
            (self.memo.writes, self.memo.writes_since) = (0, Some(now));
        }
        let writes = self.memo.writes_in_an_hour(now);
        if writes < self.worker.limits.writes_per_hour {
            return Ok(());
        }
        Err(Halt::Park(vec![note::plain(
            FIGHT,
            &format!(
                "the deal was written to {writes} times within an hour; another automation \
                      seems to change it back each time"
            ),
            "find the flow or integration that writes the same fields and switch one of the two off; then \
             `cosell release --code write-fight`",
        )]))
    }

    /// What follows from a write that did not succeed. `sent`: what was announced, when another part
    /// of it did.
    pub(super) async fn after_failure(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        intent: IntentId,
        sent: Option<&Announced>,
        failure: (System, Error),
    ) -> Result<Option<Commit>, Halt> {
        let (system, error) = failure;
        if let Some(announced) = sent {
            self.remember(intent, announced).await?;
        }
        if error.outcome_unknown() {
            // The intent stays open: the next step looks what came of it.
            return Err(Halt::Wire(system, error));
        }
        if sent.is_some() {
            self.recover().await?;
        } else {
            let refused = matches!(error, Error::Refused { .. });
            let ending = if refused { Ending::Refused } else { Ending::NotApplied };
            self.close(intent, ending).await?;
        }
        match error {
            Error::Changed => Ok(None),
            // The next look says whether it was deleted.
            Error::Gone { .. } if system == System::Salesforce => Ok(None),
            Error::Refused { .. } if self.has_become(scene, system).await? => Ok(None),
            Error::Refused { code, why, fields } => {
                let plan = scene.map.plan();
                let decided = Some((plan, decision));
                let cause = refused_cause(system, &code, &why, &fields, decided);
                let reason = format!("{system} refused the change: {why}");
                self.reject(scene, decision, cause, reason).await.map(Some)
            }
            error @ (Error::Later { .. }
            | Error::Resting { .. }
            | Error::Denied { .. }
            | Error::Gone { .. }) => Err(Halt::Wire(system, error)),
        }
    }

    /// Whether what refused a write is a record that was converted meanwhile.
    async fn has_become(&self, scene: &Scene<'_>, system: System) -> Result<bool, Halt> {
        let plan = scene.map.plan();
        let (Some(right), Some(_)) = (&scene.right, plan.successor(Side::Right)) else {
            return Ok(false);
        };
        if system != System::Salesforce {
            return Ok(false);
        }
        let Some(now) = self.read_record(scene.map, &right.id).await? else { return Ok(false) };
        Ok(plan.became(Side::Right, &now.body)? != Became::Itself)
    }

    /// Shortly again, because another deal makes a record that this one needs too.
    pub(super) fn wait_for_other() -> Halt {
        Halt::Again(Duration::from_millis(500), "another deal is creating a record it shares")
    }
}
