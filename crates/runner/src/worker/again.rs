//! A write that was refused is not sent again by itself: nothing would be different.
//!
//! In: a scene, what is to be written, what was refused before. Out: the causes that it was parked for, while neither
//! the write nor a record changed. Must not know: what the write is about. A person, a census and another map have it
//! tried again.

use jiff::Timestamp;
use mapping::decision::{Decision, Effect};
use serde::{Deserialize, Serialize};

use super::identity::Scene;
use super::{Deal, Halt};
use crate::fingerprint::fingerprint;
use crate::store::{Cause, Commit, Source, Store};
use crate::wires::Wires;

/// A write that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rejected {
    at: Timestamp,
    /// A fingerprint of the plan and of what was to be written.
    print: String,
    /// The states of both records, leaving out what we told the seller.
    left: Option<Timestamp>,
    right: Option<Timestamp>,
}

impl<S: Store, W: Wires> Deal<'_, S, W> {
    fn rejected(&self, scene: &Scene<'_>, decision: &Decision) -> Rejected {
        let effects = format!("{:?}", (&decision.left, &decision.right));
        // Nobody is asked for help again in the same words.
        let asks = matches!(decision.left, Effect::Invite(_));
        let [left, right] = [
            scene.left.as_ref().and_then(|left| left.updated),
            scene.right.as_ref().and_then(|right| right.modified),
        ]
        .map(|version| version.filter(|_| !asks));
        let print = fingerprint(&[scene.map.plan().hash(), &effects]);
        Rejected { at: self.now(), print, left, right }
    }

    /// Parks a deal whose write was refused, and remembers which one that was.
    pub(super) async fn reject(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        cause: Cause,
        reason: String,
    ) -> Result<Commit, Halt> {
        let (rejected, before) = (self.rejected(scene, decision), self.memo.right_stamp);
        self.memo.rejected = Some(rejected);
        let commit = self.refuse(scene, decision, vec![cause], reason).await?;
        let ours = self.memo.right_stamp;
        if let Some(rejected) =
            self.memo.rejected.as_mut().filter(|one| one.right.is_some() && ours != before)
        {
            rejected.right = ours;
        }
        Ok(commit)
    }

    /// The deal stays parked when this very write was refused, and nothing happened since.
    pub(super) async fn stays_rejected(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
    ) -> Result<Option<Commit>, Halt> {
        if (&decision.left, &decision.right) == (&Effect::Nothing, &Effect::Nothing) {
            return Ok(None);
        }
        let Some((before, parked)) = self.memo.rejected.clone().zip(self.claim.parked.clone())
        else {
            return Ok(None);
        };
        let now = Rejected { at: before.at, ..self.rejected(scene, decision) };
        let is_refused = parked.causes.iter().any(|cause| cause.code.starts_with("refused::"));
        if !is_refused || now != before || self.is_to_try_since(before.at).await? {
            return Ok(None);
        }
        let reasons: Vec<&str> = parked.causes.iter().map(|cause| &*cause.message).collect();
        let reason = reasons.join("; ");
        self.refuse(scene, decision, parked.causes, reason).await.map(Some)
    }

    /// Whether somebody wants it tried again, whatever became of it before.
    async fn is_to_try_since(&self, since: Timestamp) -> Result<bool, Halt> {
        let view = self.worker.store.deal(self.claim.key.to_string()).await?;
        let hints = view.map(|view| view.hints).unwrap_or_default();
        let wants = [Source::Operator, Source::Census, Source::Map, Source::Clock];
        let wants = |word: &str| wants.iter().any(|source| source.word() == word);
        Ok(hints.iter().any(|hint| hint.at > since && wants(&hint.source)))
    }
}
