//! The real store in memory as a runner reaches it: slow, faulty, and with planted bugs.
//!
//! In: requests of a worker, a poll, a sweep or a webhook call. Out: what the store's own code answers,
//! or a failure. Must not know: what a request is for.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::ledger::End;
use super::sabotage::Sabotage;
use super::state::{Fault, Sim};
use super::story::Happens;
use super::world::OPPORTUNITY;
use crate::store::{
    Accepted, Alias, AuditLine, Claim, Commit, DealView, DifferentLine, Hint, HintEvent, Imported,
    IntentId, IntentKind, KeyId, Linked, Next, ParkedKey, Release, Solution, Source, SqliteStore,
    Status, Store, StoreError, Taken, Verified,
};

/// The store of one runner; all share what is inside.
#[derive(Debug)]
pub(super) struct SimStore {
    pub(super) inner: Arc<SqliteStore>,
    sim: Arc<Sim>,
    name: String,
}

impl SimStore {
    pub(super) fn new(sim: Arc<Sim>, inner: Arc<SqliteStore>, runner: usize) -> Self {
        Self { inner, sim, name: format!("runner {runner}") }
    }

    /// Lets others go on, and says what goes wrong before anything is done.
    async fn before(&self) -> Result<(), StoreError> {
        let wait = {
            let mut state = self.sim.lock();
            let slow = state.draws(Fault::StoreSlow);
            let most = if slow { 8000 } else { 4 };
            state.chance.between(most / 16, most) + state.stands_still()
        };
        self.sim.wait(wait).await;
        let mut state = self.sim.lock();
        if state.is_out(Fault::DiskFull) || state.draws(Fault::StoreUnavailable) {
            let current = state.current;
            state.forgets(current);
            return Err(StoreError::Unavailable("the disk is full".to_owned()));
        }
        Ok(())
    }

    /// Lets others go on after it was done; perhaps the answer says that it was not.
    async fn after<T>(&self, what: &str, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let (wait, is_unknown) = {
            let mut state = self.sim.lock();
            let how = match &result {
                Ok(_) => String::new(),
                Err(error) => format!(" -> {error}"),
            };
            state.note(&self.name, &format!("{what}{how}"));
            (state.chance.between(0, 4), state.draws(Fault::StoreUnknown))
        };
        self.sim.wait(wait).await;
        if is_unknown && result.is_ok() {
            return Err(StoreError::Unavailable("nobody knows whether it was kept".to_owned()));
        }
        result
    }

    fn is_sabotaged(&self, sabotage: Sabotage) -> bool {
        self.sim.lock().is_sabotaged(sabotage)
    }

    /// What the task knows of its writes is on disk, or lost.
    fn ends(&self, is_kept: bool) {
        let mut state = self.sim.lock();
        let current = state.current;
        if is_kept { state.is_kept() } else { state.forgets(current) }
    }

    /// Somebody changes a deal that is just found in step, and what is kept of it takes a while.
    fn is_edited(&self, claim: &Claim, commit: &Commit) {
        let Some((_, id)) = claim.record().filter(|_| commit.next == Next::Done) else { return };
        let mut state = self.sim.lock();
        let place = (OPPORTUNITY.to_owned(), id.to_string());
        let Some(deal) = state.world.rows.get(&place).map(|row| row.deal) else { return };
        if let Some((cell, millis)) = state.hasty.take() {
            state.stopping = Some((state.current, millis));
            state.then.push((1, Happens::Edit(deal, cell, End::Opportunity)));
        }
    }

    async fn forgive(&self, claim: &mut Claim) -> Result<(), StoreError> {
        if self.is_sabotaged(Sabotage::NoEpochCheck) {
            self.inner.forgive(claim).await?;
        }
        Ok(())
    }

    /// For a planted bug: a deleted opportunity is not remembered.
    fn forget_deleted(&self, claim: &mut Claim) {
        let state = self.sim.lock();
        let is_gone = |alias: &Alias| match alias {
            Alias::Record { id, .. } => {
                let row = state.world.rows.get(&(OPPORTUNITY.to_owned(), id.to_string()));
                row.is_some_and(|row| row.is_deleted)
            }
            Alias::Referral(_) | Alias::Engagement(_) | Alias::Half(_) | Alias::Former { .. } => {
                false
            }
        };
        if state.is_sabotaged(Sabotage::IgnoresTombstone) && claim.referral().is_some() {
            claim.aliases.retain(|alias| !is_gone(alias));
        }
    }
}

impl Store for SimStore {
    async fn accept<H: Into<Hint> + Send>(
        &self,
        hints: Vec<H>,
        event: Option<HintEvent>,
        source: Source,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let what = format!("accepts {} of the {}", hints.len(), source.word());
        let mut ready = self.before().await;
        if ready.is_ok() && self.sim.lock().draws(Fault::HintRefused) {
            self.sim.lock().note(&self.name, &format!("{what} -> refused"));
            ready = Err(StoreError::Unavailable("the disk is full".to_owned()));
        }
        if let Err(error) = ready {
            if self.is_sabotaged(Sabotage::AcceptsInVain) {
                return Ok(Accepted::default());
            }
            return Err(error);
        }
        let accepted = self.inner.accept(hints, event, source, now).await;
        self.after(&what, accepted).await
    }

    async fn take(&self, now: Timestamp, lease: Duration) -> Result<Taken, StoreError> {
        self.before().await?;
        let mut taken = self.inner.take(now, lease).await;
        match &mut taken {
            Ok(Taken::Claim(claim)) => {
                self.forget_deleted(claim);
                {
                    let mut state = self.sim.lock();
                    let current = state.current;
                    state.holding.insert(current);
                    state.edit_in_work(claim.referral());
                }
                let what = format!("takes {} ({} open)", claim.key, claim.intents.len());
                self.after(&what, taken).await
            }
            Ok(Taken::Idle(_)) | Err(_) => taken,
        }
    }

    async fn renew(&self, claim: &mut Claim, until: Timestamp) -> Result<(), StoreError> {
        self.forgive(claim).await?;
        let what = format!("renews {}", claim.key);
        let renewed = self.inner.renew(claim, until).await;
        self.after(&what, renewed).await
    }

    async fn intend(
        &self,
        claim: &mut Claim,
        kind: IntentKind,
        body: String,
        now: Timestamp,
    ) -> Result<IntentId, StoreError> {
        self.before().await?;
        self.forgive(claim).await?;
        let what = format!("intends {} of {}", kind.word(), claim.key);
        if self.is_sabotaged(Sabotage::NoIntent) {
            return self.after(&what, Ok(IntentId(-1))).await;
        }
        let intent = self.inner.intend(claim, kind, body, now).await;
        if intent.is_ok()
            && matches!(
                kind,
                IntentKind::CreateRecord | IntentKind::CreateReferral | IntentKind::AskMicrosoft
            )
        {
            let mut state = self.sim.lock();
            let current = state.current;
            if let Some(millis) = state.standstill.take() {
                state.stopping = Some((current, millis));
            }
        }
        self.after(&what, intent).await
    }

    async fn remember(
        &self,
        claim: &mut Claim,
        intent: IntentId,
        body: String,
    ) -> Result<(), StoreError> {
        self.before().await?;
        self.forgive(claim).await?;
        if intent.0 < 0 {
            return Ok(());
        }
        let what = format!("remembers more of {}", claim.key);
        let kept = self.inner.remember(claim, intent, body).await;
        // Kept is kept, whether or not whoever asked for it is told.
        self.ends(kept.is_ok());
        self.after(&what, kept).await
    }

    async fn commit(
        &self,
        claim: &mut Claim,
        mut commit: Commit,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.is_edited(claim, &commit);
        self.before().await?;
        self.forgive(claim).await?;
        if self.is_sabotaged(Sabotage::NoBaseAfterWrite) && !commit.close.is_empty() {
            commit.base = None;
        }
        let (closes, holds) = (!commit.close.is_empty(), commit.next == Next::Hold);
        let is_over = matches!(commit.next, Next::Done | Next::Parked(_));
        if commit.next != Next::Hold {
            let mut state = self.sim.lock();
            let current = state.current;
            state.holding.remove(&current);
        }
        let what = match &commit.next {
            Next::Hold => format!("keeps {}", claim.key),
            Next::Done => format!("is done with {}", claim.key),
            Next::Later { why, .. } => format!("puts {} off: {why}", claim.key),
            Next::Parked(causes) => {
                let codes: Vec<&str> = causes.iter().map(|cause| cause.code.as_str()).collect();
                format!("parks {}: {}", claim.key, codes.join(","))
            }
        };
        let kept = self.inner.commit(claim, commit, now).await;
        if is_over && kept.is_ok() && self.is_sabotaged(Sabotage::ForgetsMarks) {
            self.inner.forget_marks(claim.key).await?;
        }
        // Kept is kept, whether or not whoever asked for it is told.
        if closes || !holds || kept.is_err() {
            self.ends((closes || is_over) && kept.is_ok());
        }
        self.after(&what, kept).await
    }

    async fn link(
        &self,
        claim: &mut Claim,
        alias: Alias,
        now: Timestamp,
    ) -> Result<Linked, StoreError> {
        self.before().await?;
        self.forgive(claim).await?;
        let name = alias.clone();
        let linked = self.inner.link(claim, alias, now).await;
        if let (Alias::Record { id, .. }, Ok(Linked::Here | Linked::Merged(_))) = (&name, &linked) {
            self.sim.lock().world.linked.insert(id.to_string());
        }
        let what = format!("links {} to {name:?}: {linked:?}", claim.key);
        let linked = self.after(&what, linked).await?;
        let is_deal = matches!(name, Alias::Referral(_) | Alias::Record { .. });
        if is_deal && self.is_sabotaged(Sabotage::LinksSecondClaimant) {
            return Ok(match linked {
                Linked::Taken(_) => Linked::Here,
                other => other,
            });
        }
        Ok(linked)
    }

    async fn follow(
        &self,
        claim: &mut Claim,
        to: Alias,
        memo: String,
        entry: String,
        now: Timestamp,
    ) -> Result<Linked, StoreError> {
        self.before().await?;
        self.forgive(claim).await?;
        let what = format!("lets {} follow", claim.key);
        let linked = self.inner.follow(claim, to, memo, entry, now).await;
        self.after(&what, linked).await
    }

    async fn join(
        &self,
        claim: &mut Claim,
        engagement: String,
        now: Timestamp,
    ) -> Result<Option<Linked>, StoreError> {
        self.before().await?;
        let joined = self.inner.join(claim, engagement, now).await;
        self.after("joins a half", joined).await
    }

    async fn owner(&self, alias: Alias) -> Result<Option<(KeyId, Vec<Alias>)>, StoreError> {
        self.before().await?;
        self.inner.owner(alias).await
    }

    async fn open_creates(&self, except: KeyId) -> Result<u64, StoreError> {
        self.before().await?;
        if self.is_sabotaged(Sabotage::NoLookBeforeCreate) {
            return Ok(0);
        }
        self.inner.open_creates(except).await
    }

    async fn reserve(
        &self,
        claim: &Claim,
        name: String,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.before().await?;
        let what = format!("reserves for {}", claim.key);
        let ours = self.inner.reserve(claim, name, now, until).await;
        let ours = self.after(&what, ours).await?;
        Ok(ours || self.is_sabotaged(Sabotage::NoReservation))
    }

    async fn solutions(&self) -> Result<Vec<Solution>, StoreError> {
        self.before().await?;
        self.inner.solutions().await
    }

    async fn see_solutions(
        &self,
        solutions: Vec<Solution>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.before().await?;
        self.inner.see_solutions(solutions, now).await
    }

    async fn import_solutions(&self, solutions: Vec<Solution>) -> Result<Imported, StoreError> {
        self.before().await?;
        self.inner.import_solutions(solutions).await
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.before().await?;
        self.inner.cursor(name).await
    }

    async fn advance(
        &self,
        name: &str,
        expected: Option<String>,
        new: String,
    ) -> Result<bool, StoreError> {
        self.before().await?;
        let what = format!("moves {name} to {new}");
        let moved = self.inner.advance(name, expected, new).await;
        self.after(&what, moved).await
    }

    async fn release(&self, what: Release, now: Timestamp) -> Result<u64, StoreError> {
        self.before().await?;
        let said = format!("releases {what:?}");
        let released = self.inner.release(what, now).await;
        self.after(&said, released).await
    }

    async fn audit(&self, key: Option<KeyId>, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.inner.audit(key, limit).await
    }

    async fn linked(&self, after: KeyId, most: u32) -> Result<Vec<KeyId>, StoreError> {
        self.inner.linked(after, most).await
    }

    async fn parked(&self) -> Result<Vec<ParkedKey>, StoreError> {
        self.inner.parked().await
    }

    async fn differences(&self) -> Result<Vec<DifferentLine>, StoreError> {
        self.inner.differences().await
    }

    async fn deal(&self, name: String) -> Result<Option<DealView>, StoreError> {
        self.inner.deal(name).await
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        self.inner.verify().await
    }

    async fn status(&self) -> Result<Status, StoreError> {
        self.inner.status().await
    }

    async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.before().await?;
        self.inner.prune(before).await
    }
}
