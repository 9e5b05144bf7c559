//! The worker: takes one dirty deal, brings its two records into agreement, gives it back.
//!
//! In: a store, two wires, mappings. Out: writes, and commits that say what was done. Must not know:
//! where hints come from. Waiting and trying again are the store's: a step never sleeps.

mod again;
mod asked;
mod catalogue;
mod create;
mod evidence;
mod follow;
mod help;
mod identity;
mod invite;
mod kept;
mod note;
mod recover;
mod refused;
mod remedy;
mod round;
mod tell;
#[cfg(test)]
mod tests;
mod wish;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use connect::partner_center::Referral;
use connect::salesforce::Row;
use connect::{Error, Lane};
use jiff::Timestamp;
use mapping::fault::Fault;
use mapping::plan::Became;
use mapping::schema::System;

use crate::clock::{Clock, later};
use crate::config::{Limits, Reach};
use crate::deal_map::DealMap;
use crate::echo::{InStep, Version};
use crate::fingerprint::permille;
use crate::half::Half;
use crate::maps::InService;
use crate::standing::Standing;
use crate::store::{AFTER_CREATES, Cause, Claim, Commit, KeyId, Next, Store, StoreError, Taken};
use crate::wires::Wires;

use note::Memo;
use refused::refused_cause;
pub use wish::{ALSO, MET, WOULD};

/// How often the records of one deal are brought together in one step.
const ROUNDS: usize = 6;

/// How long a deal waits at first for another one that has what it needs.
const BUSY: Duration = Duration::from_millis(100);

/// How long a deal waits whose records change each time before they are in step.
const UNSTEADY: Duration = Duration::from_secs(5);

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// It worked on this deal.
    Worked(KeyId),
    /// Nothing was due; the time when something will be, when that is known.
    Idle(Option<Timestamp>),
}

/// Stops a worker at the n-th durable or outgoing step, as a crash would. For tests.
#[derive(Debug, Clone, Default)]
pub struct Tripwire(Option<Arc<AtomicI64>>);

impl Tripwire {
    /// Trips when `steps` steps have been passed.
    pub fn after(steps: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(steps))))
    }

    fn pass(&self) -> Result<(), Halt> {
        match &self.0 {
            Some(left) if left.fetch_sub(1, Ordering::Relaxed) <= 0 => Err(Halt::Tripped),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it has tripped.
    pub fn has_tripped(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) < 0)
    }
}

/// Why the work on a deal ends before it is in step.
#[derive(Debug)]
enum Halt {
    /// A wire did not do it.
    Wire(System, Error),
    /// The store did not do it.
    Store(StoreError),
    /// A record cannot be read by the plan.
    Fault(Fault),
    /// It is to be tried again shortly, without anything being wrong.
    Again(Duration, &'static str),
    /// The records change each time before they are in step.
    Unsteady,
    /// Another deal has what this one needs: it is tried again, ever less often.
    Busy(KeyId),
    /// It may be the very referral that another deal is making: it goes on when that is known.
    Creating,
    /// It waits for a person.
    Park(Vec<Cause>),
    /// It is part of another deal now.
    Merged,
    /// The tripwire.
    Tripped,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Halt::Store(error)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Halt::Fault(fault)
    }
}

/// One worker; several may share everything it holds.
#[derive(Debug)]
pub struct Worker<S, W> {
    /// Where deals come from and go back to.
    pub store: Arc<S>,
    /// The two systems.
    pub wires: Arc<W>,
    /// The mappings, in the order of the configuration.
    pub maps: Arc<InService>,
    /// Where may be written.
    pub reach: Reach,
    /// Paces and bounds.
    pub limits: Limits,
    /// What time it is.
    pub clock: Clock,
    /// What is shown and which wires are stopped.
    pub standing: Arc<Standing>,
    /// For tests.
    pub tripwire: Tripwire,
    /// The versions with which deals were found in step.
    pub in_step: InStep,
}

/// A deal in work.
struct Deal<'w, S, W> {
    worker: &'w Worker<S, W>,
    /// Those in service when the work began.
    maps: &'w [DealMap],
    claim: Claim,
    memo: Memo,
    /// Microsoft's half, read at most once in one piece of work.
    half: Half,
    /// Both records as just read back.
    fresh: Option<(Referral, Row)>,
    /// Their versions, when the deal is in step with them.
    seen: Vec<Version>,
}

impl<S: Store, W: Wires> Worker<S, W> {
    /// Takes one deal and does all that can be done for it now. Errors are the store's alone.
    pub async fn step(&self) -> Result<Stepped, StoreError> {
        let now = self.clock.now();
        if let Some(until) = self.standing.stopped_until(now) {
            return Ok(Stepped::Idle(Some(until)));
        }
        let systems = [System::PartnerCenter, System::Salesforce];
        if let Some(rest) = systems.into_iter().filter_map(|one| self.wires.rests(one)).max() {
            return Ok(Stepped::Idle(Some(later(now, rest))));
        }
        let claim = match self.store.take(now, self.limits.lease).await? {
            Taken::Claim(claim) => *claim,
            Taken::Idle(due) => return Ok(Stepped::Idle(due)),
        };
        let key = claim.key;
        let mut memo = Memo::read(claim.memo.as_deref());
        memo.was_told(claim.told);
        let maps = self.maps.now();
        let is_old = claim.is_old;
        self.forget(&claim);
        let half = Half::Unread;
        let (fresh, seen) = (None, Vec::new());
        let mut deal = Deal { worker: self, maps: &maps, claim, memo, half, fresh, seen };
        let run = Box::pin(deal.run());
        let run = if is_old { Lane::Backfill.run(run).await } else { run.await };
        let end = match run {
            Ok(commit) => Ok(commit),
            Err(halt) => deal.end_of(halt).await,
        };
        deal.finish(end).await?;
        Ok(Stepped::Worked(key))
    }
}

impl<S, W> Worker<S, W> {
    /// Whatever is heard of a deal in work counts.
    fn forget(&self, claim: &Claim) {
        if let Some(referral) = claim.referral() {
            self.in_step.forget(&referral.as_str().to_lowercase());
        }
        if let Some((_, record)) = claim.record() {
            self.in_step.forget(record.as_str());
        }
    }
}

impl<S: Store, W: Wires> Deal<'_, S, W> {
    fn now(&self) -> Timestamp {
        self.worker.clock.now()
    }

    async fn run(&mut self) -> Result<Commit, Halt> {
        for _ in 0..ROUNDS {
            self.recover().await?;
            let Some(scene) = self.scene().await? else {
                return Ok(Commit { next: Next::Done, ..Commit::default() });
            };
            self.look_again_if_older(scene.left.as_ref(), scene.right.as_ref())?;
            let became = scene.became()?;
            if became != Became::Itself {
                match self.follow(&scene, became).await? {
                    Some(commit) => return Ok(commit),
                    None => continue,
                }
            }
            if let Some(commit) = self.round(scene).await? {
                return Ok(commit);
            }
        }
        Err(Halt::Unsteady)
    }

    /// Gives the deal back with what came of it.
    async fn finish(mut self, end: Result<Commit, Halt>) -> Result<(), StoreError> {
        let now = self.now();
        let key = self.claim.key;
        let mut commit = match end {
            Ok(commit) => commit,
            Err(Halt::Merged | Halt::Store(StoreError::Fenced)) => return Ok(()),
            Err(Halt::Store(error)) => return Err(error),
            Err(Halt::Tripped) => return Err(StoreError::Closed),
            Err(Halt::Again(after, why)) => self.put_off(later(now, after), false, why.to_owned()),
            Err(Halt::Unsteady) => {
                let why = "the records change while they are brought in step";
                self.put_off(later(now, UNSTEADY), true, why.to_owned())
            }
            Err(Halt::Busy(other)) => self.wait_for(other).await?,
            Err(Halt::Creating) => {
                self.put_off(later(now, self.busy_wait()), true, AFTER_CREATES.to_owned())
            }
            Err(Halt::Park(causes)) => parked(causes),
            Err(Halt::Fault(fault)) => parked(vec![note::cause_of(&fault)]),
            Err(Halt::Wire(system, error)) => self.after_wire(system, error),
        };
        if let Next::Parked(causes) = &commit.next {
            let codes: Vec<&str> = causes.iter().map(|cause| cause.code.as_str()).collect();
            if self.claim.parked.as_ref().is_none_or(|parked| parked.causes != *causes) {
                tracing::warn!(%key, causes = codes.join(","), "parked");
                commit.audit.push(note::parked_entry(causes, &self.claim.because));
            }
        }
        commit.memo = Some(self.memo.write());
        let is_done = commit.next == Next::Done;
        match self.worker.store.commit(&mut self.claim, commit, now).await {
            Ok(()) => {
                let seen = std::mem::take(&mut self.seen);
                self.worker.in_step.keep(seen.into_iter().filter(|_| is_done));
                Ok(())
            }
            Err(StoreError::Fenced) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn put_off(&self, at: Timestamp, counted: bool, why: String) -> Commit {
        tracing::debug!(key = %self.claim.key, why, "put off");
        Commit { next: Next::Later { at, counted, why }, ..Commit::default() }
    }

    fn after_wire(&self, system: System, error: Error) -> Commit {
        let now = self.now();
        match error {
            // Not this deal's fault: it comes as soon as the wire is open again.
            Error::Resting { after, why } => self.put_off(later(now, after), false, why),
            Error::Later { why, .. } if let Some(rest) = self.worker.wires.rests(system) => {
                self.put_off(later(now, rest), false, format!("{system}: {why}"))
            }
            Error::Later { after, why, .. } => {
                let wait = self.back_off().max(after.unwrap_or_default());
                self.put_off(later(now, wait), true, format!("{system}: {why}"))
            }
            Error::Changed => self.put_off(now, true, "changed by someone else".to_owned()),
            Error::Denied { why, who } => {
                let until = later(now, self.worker.limits.denied_retry);
                tracing::error!(%system, why, who, "the wire is stopped");
                self.worker.standing.deny(system, &why, &who, now, until);
                self.put_off(until, false, format!("{system}: {why}; {who} must act"))
            }
            Error::Refused { code, why, fields } => {
                parked(vec![refused_cause(system, &code, &why, &fields, None)])
            }
            Error::Gone { why } => parked(vec![note::gone_cause(system, &why)]),
        }
    }

    /// Doubled with every failure, with a jitter (see [`Deal::jittered`]).
    fn back_off(&self) -> Duration {
        self.jittered(self.worker.limits.wait_after(self.claim.attempts))
    }

    /// A little longer; the same for the same deal and attempt.
    fn jittered(&self, wait: Duration) -> Duration {
        let parts = [self.claim.key.to_string(), self.claim.attempts.to_string()];
        let jitter = permille(&[&parts[0], &parts[1]]);
        wait.saturating_add(wait.saturating_mul(jitter) / 4000)
    }

    /// Short at first, then ever longer.
    fn busy_wait(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.claim.attempts.min(16));
        let most = self.worker.limits.retry_most;
        self.jittered(BUSY.saturating_mul(doubled).min(most))
    }

    /// Comes again soon at first, then ever less often: the other deal may be parked, and for long.
    async fn wait_for(&self, other: KeyId) -> Result<Commit, StoreError> {
        let wait = self.busy_wait();
        let view = self.worker.store.deal(other.to_string()).await?;
        let what = match view.and_then(|view| view.parked) {
            Some(_) => "is parked in the middle of a write: its own cause is listed",
            None => "is in work",
        };
        let why = format!("waits for {other}, which {what}");
        Ok(self.put_off(later(self.now(), wait), true, why))
    }

    /// Makes sure, whatever the clock says, that the deal is still in these hands, before something is made
    /// that the other system would make twice.
    async fn confirm(&mut self) -> Result<(), Halt> {
        let until = later(self.now(), self.worker.limits.lease);
        Ok(self.worker.store.renew(&mut self.claim, until).await?)
    }

    /// Keeps the deal for longer when half of its time is over.
    async fn keep(&mut self) -> Result<(), Halt> {
        let now = self.now();
        let lease = self.worker.limits.lease;
        if self.claim.lease_ends_before(later(now, lease / 2)) {
            self.worker.store.renew(&mut self.claim, later(now, lease)).await?;
        }
        Ok(())
    }

    /// Commits and keeps the deal.
    async fn hold(&mut self, mut commit: Commit) -> Result<(), Halt> {
        let now = self.now();
        self.worker.tripwire.pass()?;
        commit.next = Next::Hold;
        commit.memo = Some(self.memo.write());
        self.worker.store.commit(&mut self.claim, commit, now).await?;
        self.worker.tripwire.pass()
    }

    /// What reads as older than it was is read again a little later: nobody changed it back.
    fn look_again_if_older(
        &mut self,
        left: Option<&Referral>,
        right: Option<&Row>,
    ) -> Result<(), Halt> {
        let left = left.and_then(|left| left.updated);
        let right = right.and_then(|right| right.modified);
        if self.memo.is_older(left, right) {
            let why = "a record reads as it was before its last change";
            return Err(Halt::Again(Duration::from_millis(500), why));
        }
        Ok(())
    }

    /// A read: its failure ends the work on the deal.
    fn read<T>(&self, system: System, result: Result<T, Error>) -> Result<T, Halt> {
        match result {
            Ok(value) => {
                self.worker.standing.accepted(system);
                Ok(value)
            }
            Err(Error::Refused { code, why, .. }) => {
                Err(Halt::Park(vec![note::unread_cause(system, &code, &why)]))
            }
            Err(error) => Err(Halt::Wire(system, error)),
        }
    }
}

fn parked(causes: Vec<Cause>) -> Commit {
    Commit { next: Next::Parked(causes), ..Commit::default() }
}

/// Works until `shutdown` says so; sleeps while nothing is due, until `wake` calls.
pub async fn work<S: Store, W: Wires>(
    worker: Arc<Worker<S, W>>,
    wake: Arc<tokio::sync::Notify>,
    mut shutdown: tokio::sync::watch::Receiver<bool>,
) {
    while !*shutdown.borrow() {
        let rest = match worker.step().await {
            Ok(Stepped::Worked(_)) => {
                // Others may have work too now.
                wake.notify_one();
                continue;
            }
            Ok(Stepped::Idle(due)) => rest(&worker.clock, due),
            Err(error) => {
                tracing::error!(%error, "the store did not do it");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = wake.notified() => {}
            _ = shutdown.changed() => {}
        }
    }
}

/// Until the next deal is due, at most half a second: other programs may release deals too.
fn rest(clock: &Clock, due: Option<Timestamp>) -> Duration {
    let most = Duration::from_millis(500);
    let wait = due.map(|due| due.duration_since(clock.now()));
    wait.map_or(most, |wait| Duration::try_from(wait).unwrap_or_default().min(most))
        .max(Duration::from_millis(1))
}
