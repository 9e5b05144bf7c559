//! What would be written where this environment does not write: told in the audit, once, until it changes.
//!
//! In: a scene and a decision. Out: entries of the audit whose kind begins with `would-`, and a base that claims
//! nothing which is not so. Must not know: who reads them. Nothing here calls a system to change anything.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use mapping::decision::{Base, Decision, Effect, LineTrace, Outcome, Pending};
use mapping::schema::System;
use serde::{Deserialize, Serialize};

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
/// The kind of the entry that tells all that would be written to a deal that has both records.
const UPDATE: &str = "would-update";
/// The kind of the entry that tells only what changed since the entry before: lines that are wanted now, and such as
/// are wanted no more.
pub const ALSO: &str = "would-also";
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
        if let Some(entry) = self.new_wish(UPDATE, scene, decision) {
            let count = vec![("would_write".to_owned(), 1)];
            self.hold(Commit { audit: vec![entry], count, ..Commit::default() }).await?;
        }
        let why = "this environment writes nothing to Partner Center";
        Ok(Ok(Cow::Owned(right_alone(decision, why))))
    }

    /// All of it is told and none of it done.
    fn wish(&mut self, scene: &Scene<'_>, decision: &Decision) -> Commit {
        let kind = match (&decision.left, &decision.right) {
            (Effect::Create(_), _) => "would-create-referral",
            (Effect::Invite(_), _) => "would-ask-microsoft",
            (_, Effect::Create(_)) => "would-create-record",
            (_, _) => UPDATE,
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
        let wish = Wish::of(&[kind, scene.map.plan().hash()], &told.lines);
        let before = self.memo.wish.as_deref().and_then(Wish::read);
        let before = before.filter(|before| {
            kind == UPDATE && before.whole == wish.whole && before.is_all_among(&decision.lines)
        });
        if before.as_ref() == Some(&wish) || self.memo.wish.as_ref() == Some(&wish.write()) {
            return None;
        }
        self.memo.wish = Some(wish.write());
        let mut kind = kind;
        if let Some(before) = before {
            kind = ALSO;
            told.lines.clone_from(&decision.lines);
            told.lines.retain_mut(|line| before.is_news(&wish, line, is_unwritten(line, reach)));
        }
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

/// What is wanted, in prints: a line each, and the kind and plan of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wish {
    whole: String,
    /// By line, what would be written.
    lines: BTreeMap<String, String>,
}

impl Wish {
    fn of(whole: &[&str], lines: &[LineTrace]) -> Wish {
        let written =
            |line: &LineTrace| fingerprint(&[line.written.as_deref().unwrap_or_default()]);
        Wish {
            whole: fingerprint(whole),
            lines: lines.iter().map(|line| (named(line), written(line))).collect(),
        }
    }

    /// None: an older program kept one print of all.
    fn read(kept: &str) -> Option<Wish> {
        serde_json::from_str(kept).ok()
    }

    fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether something is to be said of a line: it is wanted otherwise than before, or not any more.
    fn is_news(&self, now: &Wish, line: &mut LineTrace, wanted: bool) -> bool {
        let name = named(line);
        if wanted {
            return self.lines.get(&name) != now.lines.get(&name);
        }
        line.written = None;
        line.outcome = Outcome::Held("it is wanted no more".to_owned());
        self.lines.contains_key(&name)
    }

    /// Whether each line is one of these, so that it can be said of it that it is over.
    fn is_all_among(&self, lines: &[LineTrace]) -> bool {
        let names: BTreeSet<String> = lines.iter().map(named).collect();
        self.lines.keys().all(|name| names.contains(name))
    }
}

/// The print of a line, of an element of a list too.
fn named(line: &LineTrace) -> String {
    fingerprint(&[&line.map_line.to_string(), &line.rule])
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

/// The decision without its left side; its lines say why.
pub(super) fn right_alone(decision: &Decision, why: &str) -> Decision {
    let mut rest = Decision { left: Effect::Nothing, ..decision.clone() };
    for line in &mut rest.lines {
        match line.outcome {
            Outcome::WritesLeft => {
                line.outcome = Outcome::Held(why.to_owned());
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
