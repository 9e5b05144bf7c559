//! What would be written where this environment does not write: told in the audit, once, until it changes.
//!
//! In: a scene and a decision. Out: entries of the audit whose kind begins with `would-`, and a base that claims
//! nothing which is not so. Must not know: who reads them. Nothing here calls a system to change anything.

use std::borrow::Cow;

use mapping::decision::{Base, Decision, Effect, LineTrace, Outcome, Pending};
use mapping::schema::System;

use crate::config::Reach;
use crate::fingerprint::fingerprint;
use crate::store::{Commit, Next, Store};
use crate::wires::Wires;

use super::identity::Scene;
use super::recover::keep_unsent;
use super::round::Announced;
use super::{Deal, Halt, note};

/// What stands before the kind of an entry that was not carried out.
pub const WOULD: &str = "would-";
/// The kind of the entry that ends a wish: somebody else did it, or it is not wanted any more.
pub const MET: &str = "would-no-more";

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// Tells what of a decision is not carried out here. What is left of it to be written; none: nothing, and
    /// the commit is what ends the work.
    pub(super) async fn within_reach<'d>(
        &mut self,
        scene: &Scene<'_>,
        decision: &'d Decision,
    ) -> Result<Result<Cow<'d, Decision>, Commit>, Halt> {
        let reach = self.worker.reach;
        if reach == Reach::Both || !decision.writes() {
            return Ok(Ok(Cow::Borrowed(decision)));
        }
        let untouched = !decision.left.is_nothing() && !reach.writes(System::PartnerCenter);
        let goes_on = reach.writes(System::Salesforce) && !decision.right.is_nothing();
        if !untouched && goes_on {
            return Ok(Ok(Cow::Borrowed(decision)));
        }
        if !goes_on {
            if let (Effect::Create(draft), Reach::Nothing) = (&decision.right, reach) {
                self.could_be_made(scene, draft).await?;
            }
            return Ok(Err(self.wish(scene, decision)));
        }
        // The right side alone: what would go left is told, and stays as it was.
        if let Some(entry) = self.new_wish("would-update", scene, decision) {
            let count = vec![("would_write".to_owned(), 1)];
            self.hold(Commit { audit: vec![entry], count, ..Commit::default() }).await?;
        }
        Ok(Ok(Cow::Owned(right_alone(decision))))
    }

    /// All of it is told and none of it done.
    fn wish(&mut self, scene: &Scene<'_>, decision: &Decision) -> Commit {
        let kind = match (&decision.left, &decision.right) {
            (Effect::Create(_), _) => "would-create-referral",
            (_, Effect::Create(_)) => "would-create-record",
            (_, _) => "would-update",
        };
        let entry = self.new_wish(kind, scene, decision);
        let causes = note::causes(decision);
        self.memo.told = note::told(&causes);
        let both = scene.left.is_some() && scene.right.is_some();
        let base = both.then(|| self.unwritten(&decision.pending, [false; 2]));
        let count = entry.is_some().then(|| ("would_write".to_owned(), 1));
        Commit {
            base: base.and_then(|base| serde_json::to_string(&base).ok()),
            audit: entry.into_iter().collect(),
            count: count.into_iter().collect(),
            next: if causes.is_empty() { Next::Done } else { Next::Parked(causes) },
            ..Commit::default()
        }
    }

    /// The base of a decision of which only some sides were written: every other line keeps the pair it had.
    fn unwritten(&self, pending: &Pending, sent: [bool; 2]) -> Base {
        let announced = Announced { pending: pending.clone(), sent, ..Announced::default() };
        keep_unsent(self.base(), &announced, pending.base.clone())
    }

    /// The same for what was read back afterwards.
    pub(super) fn settled_within_reach(&self, pending: &Pending, settled: Base) -> Base {
        if self.worker.reach.writes(System::PartnerCenter) {
            return settled;
        }
        let sent = [false, true];
        let announced = Announced { pending: pending.clone(), sent, ..Announced::default() };
        keep_unsent(self.base(), &announced, settled)
    }

    /// The entry of a wish, unless it was told before and has not changed since.
    fn new_wish(
        &mut self,
        kind: &'static str,
        scene: &Scene<'_>,
        decision: &Decision,
    ) -> Option<String> {
        let reach = self.worker.reach;
        let mut told = decision.clone();
        told.lines.retain(|line| is_unwritten(line, reach));
        let mut parts = vec![kind, scene.map.plan().hash()];
        for line in &told.lines {
            parts.extend([line.rule.as_str(), line.written.as_deref().unwrap_or_default()]);
        }
        let print = fingerprint(&parts);
        if self.memo.wish.as_ref() == Some(&print) {
            return None;
        }
        self.memo.wish = Some(print);
        let of = |side: Option<&str>| side.map(str::to_owned);
        let referral = of(scene.left.as_ref().map(|left| left.id.as_str()));
        let record = of(scene.right.as_ref().map(|right| right.id.as_str()));
        let known = record.or(referral);
        Some(self.entry(kind, scene, &told, known.as_deref()))
    }

    /// The entry that ends a wish which nobody has to fulfil any more.
    pub(super) fn met(&mut self, scene: &Scene<'_>, decision: &Decision) -> Vec<String> {
        if self.memo.wish.take().is_none() {
            return Vec::new();
        }
        let nothing = Decision { lines: Vec::new(), ..decision.clone() };
        vec![self.entry(MET, scene, &nothing, None)]
    }

    /// Badge and audit line that the seller would be shown.
    pub(super) async fn would_tell(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
    ) -> Result<(), Halt> {
        let entry = self.entry("would-report", scene, decision, None);
        self.hold(Commit { audit: vec![entry], ..Commit::default() }).await
    }
}

/// A line whose target is not written.
fn is_unwritten(line: &LineTrace, reach: Reach) -> bool {
    let unwritten = |system| !reach.writes(system);
    match line.outcome {
        Outcome::WritesLeft => unwritten(System::PartnerCenter),
        Outcome::WritesRight => unwritten(System::Salesforce),
        Outcome::WritesBoth => unwritten(System::PartnerCenter) || unwritten(System::Salesforce),
        Outcome::Agrees
        | Outcome::Kept
        | Outcome::Held(_)
        | Outcome::Drifted
        | Outcome::Parked(_)
        | Outcome::NotOptedIn => false,
    }
}

/// The decision without its left side; its lines say so.
fn right_alone(decision: &Decision) -> Decision {
    let mut rest = Decision { left: Effect::Nothing, ..decision.clone() };
    for line in &mut rest.lines {
        match line.outcome {
            Outcome::WritesLeft => {
                let why = "this environment writes nothing to Partner Center".to_owned();
                line.outcome = Outcome::Held(why);
                line.written = None;
            }
            Outcome::WritesBoth => line.outcome = Outcome::WritesRight,
            Outcome::WritesRight
            | Outcome::Agrees
            | Outcome::Kept
            | Outcome::Held(_)
            | Outcome::Drifted
            | Outcome::Parked(_)
            | Outcome::NotOptedIn => {}
        }
    }
    rest
}
