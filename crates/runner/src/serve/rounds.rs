//! The rounds that go on by themselves: poll, sweep, census.
//!
//! In: a worker's parts. Out: hints in the store, a wake-up for the workers. Must not know: what the
//! rounds ask for.

use std::sync::Arc;
use std::time::Duration;

use connect::{Error, Lane};
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::hear::Ears;
use crate::backlog::Filler;
use crate::census::Census;
use crate::clock::later;
use crate::clocks::{self, Warned};
use crate::hear::{Look, SLOWER, Silence};
use crate::poll::{Poller, Setback};
use crate::store::{Backlog, Source, Store, StoreError};
use crate::sweep::Sweeper;
use crate::wires::Wires;
use crate::worker::Worker;

/// How often somebody's word about the backfill is looked for.
const BACKFILL: Duration = Duration::from_secs(1);
/// The pause between two pages of the census or the backfill.
const BETWEEN_PAGES: Duration = Duration::from_millis(200);
/// A round that takes longer than this is spoken of.
const BEHIND: Duration = Duration::from_mins(10);
/// A round that waits for no longer than this is not spoken of.
const SHORT: Duration = Duration::from_mins(1);

/// Asks Salesforce for changes until the service ends: for all objects in turn, but less often for those
/// whose events flow, and for those at once that the listeners call it for. Never more often than set.
pub(super) async fn poll<S: Store + Backlog, W: Wires>(
    worker: Arc<Worker<S, W>>,
    wake: Arc<Notify>,
    ears: Arc<Ears>,
    stopped: watch::Receiver<bool>,
) {
    let limits = &worker.limits;
    let mut poller = Poller::new(worker.clone());
    let mut swept = worker.clock.now();
    let mut whole = Timestamp::MIN;
    let mut silence = Silence::default();
    let mut pace = Pace(swept);
    while !*stopped.borrow() {
        let now = worker.clock.now();
        let told = ears.take();
        if told.deep || later(swept, limits.sweep) <= now {
            poller.look_again();
            swept = now;
        }
        let all = later(whole, limits.poll * SLOWER) <= now;
        let is_wanted =
            |object: &str| all || told.wanted.contains(object) || !told.flowing.contains(object);
        let asked = async {
            poller.leave_old(old_before(&worker).await?);
            poller.round(is_wanted).await
        };
        let round = Lane::Poll.run(asked).await;
        match &round {
            Ok(_) if all => whole = now,
            Ok(_) => {}
            // What was wanted still is.
            Err(_) => told.wanted.iter().for_each(|object| ears.look(object, Look::Soon)),
        }
        if let Err(error) = deleted(&worker, &ears, &wake).await {
            tracing::error!(%error, "a deletion was not kept");
        }
        let is_done = round.is_ok();
        for (object, stamp) in poller.take_found() {
            silence.found(&object, stamp);
        }
        fall_silent(&worker, &ears, &mut silence);
        let rest = after(&worker, "poll", round, &wake, limits.poll);
        pace.say(&worker, is_done);
        pause(rest, stopped.clone()).await;
        if is_done && poller.is_all(|object| told.flowing.contains(object)) {
            let due = later(whole, limits.poll * SLOWER).min(later(swept, limits.sweep));
            let rest = due.duration_since(worker.clock.now());
            tokio::select! {
                () = pause(Duration::try_from(rest).unwrap_or_default(), stopped.clone()) => {}
                () = ears.called() => {}
            }
        }
    }
}

/// Objects whose changes come without events are asked for.
fn fall_silent<S: Store, W: Wires>(worker: &Worker<S, W>, ears: &Ears, silence: &mut Silence) {
    for object in silence.silent(worker.clock.now(), |object| ears.last(object)) {
        tracing::warn!(object, "records change and no events come");
        let note = format!(
            "changes of {object} come without events, and are polled for; is it still selected in Setup, Change Data \
             Capture?"
        );
        worker.standing.note(&format!("events {object} silent"), Some(note));
        ears.stops(&object);
    }
}

/// When a round of questions ended last.
struct Pace(Timestamp);

impl Pace {
    /// Says when a round takes so long that nobody would expect it.
    fn say<S: Store, W: Wires>(&mut self, worker: &Worker<S, W>, is_done: bool) {
        let now = worker.clock.now();
        if is_done {
            self.0 = now;
        }
        let is_late = later(self.0, BEHIND.max(worker.limits.poll * SLOWER * 2)) <= now;
        let note = is_late.then(|| {
            let since = self.0.strftime("%Y-%m-%d %H:%M UTC");
            format!(
                "not all objects were asked for changes since {since}; `wires` says what holds it up: use change events, \
                 or raise `limits.salesforce_daily_share`"
            )
        });
        worker.standing.note("poll pace", note);
    }
}

/// Records that were deleted before their deal was linked: the poll does not see what is not there.
async fn deleted<S: Store, W: Wires>(
    worker: &Worker<S, W>,
    ears: &Ears,
    wake: &Notify,
) -> Result<(), StoreError> {
    let now = worker.clock.now();
    for record in ears.still_unknown(now) {
        if worker.store.owner(record.clone()).await?.is_some() {
            worker.store.accept(vec![record.clone()], None, Source::Event, now).await?;
            ears.is_known(&record);
            wake.notify_one();
        }
    }
    Ok(())
}

/// Sweeps Partner Center until the service ends.
pub(super) async fn sweep<S: Store + Backlog, W: Wires>(
    worker: Arc<Worker<S, W>>,
    wake: Arc<Notify>,
    stopped: watch::Receiver<bool>,
) {
    let mut sweeper = Sweeper::new(worker.clone());
    while !*stopped.borrow() {
        let asked = async {
            sweeper.leave_old(old_before(&worker).await?);
            sweeper.round().await
        };
        let round = Lane::Sweep.run(asked).await;
        let rest = after(&worker, "sweep", round, &wake, worker.limits.sweep);
        pause(rest, stopped.clone()).await;
    }
}

/// Counts the linked deals now and then, a page at a time, until the service ends.
pub(super) async fn census<S: Store + Backlog, W: Wires>(
    worker: Arc<Worker<S, W>>,
    wake: Arc<Notify>,
    stopped: watch::Receiver<bool>,
) {
    let mut census = Census::new(worker.clone());
    while !*stopped.borrow() {
        let asked = async {
            census.leave_old(worker.store.stage().await?.leaves());
            census.step().await
        };
        let step = Lane::Census.run(asked).await;
        let goes_on = matches!(step, Ok(true));
        let rest = match step {
            Ok(_) => {
                wake.notify_one();
                worker.limits.sweep.min(worker.limits.census)
            }
            Err(setback) => after(&worker, "census", Err(setback), &wake, worker.limits.sweep),
        };
        pause(if goes_on { BETWEEN_PAGES } else { rest }, stopped.clone()).await;
    }
}

/// Since when polls and sweeps look for what changed.
async fn old_before<S: Store + Backlog, W>(
    worker: &Worker<S, W>,
) -> Result<Option<Timestamp>, Setback> {
    Ok(worker.store.stage().await?.old_before)
}

/// Reads both lists for the backfill, a page at a time, whenever it is under way, until the service ends.
pub(super) async fn backfill<S: Store + Backlog, W: Wires>(
    worker: Arc<Worker<S, W>>,
    wake: Arc<Notify>,
    stopped: watch::Receiver<bool>,
) {
    let mut filler = Filler::new(worker.clone());
    while !*stopped.borrow() {
        let rest = match Lane::Backfill.run(filler.step()).await {
            Ok(goes_on) => {
                worker.standing.note("backfill", None);
                if goes_on {
                    wake.notify_one();
                }
                if goes_on { BETWEEN_PAGES } else { BACKFILL }
            }
            Err(setback) => after(&worker, "backfill", Err(setback), &wake, BACKFILL),
        };
        pause(rest, stopped.clone()).await;
    }
}

/// Looks at what has to be answered, until the service ends.
pub(super) async fn clocks<S: Store, W: Wires>(
    worker: Arc<Worker<S, W>>,
    stopped: watch::Receiver<bool>,
) {
    let mut warned = Warned::default();
    while !*stopped.borrow() {
        match worker.store.status().await {
            Ok(status) => warned.look(&status.deadlines, &worker.standing, worker.clock.now()),
            Err(error) => tracing::warn!(%error, "the deadlines could not be read"),
        }
        pause(clocks::PAUSE, stopped.clone()).await;
    }
}

/// How long to rest after a round.
fn after<S: Store, W: Wires>(
    worker: &Worker<S, W>,
    name: &str,
    round: Result<u64, Setback>,
    wake: &Notify,
    usual: Duration,
) -> Duration {
    match round {
        Ok(hints) => {
            worker.standing.note(name, None);
            if hints > 0 {
                tracing::debug!(hints, name, "hints were kept");
                wake.notify_one();
            }
            usual
        }
        Err(Setback::Store(error)) => {
            tracing::error!(%error, name, "hints were not kept");
            usual.max(Duration::from_secs(1))
        }
        Err(Setback::Wire(system, error)) => {
            // A round that waits for its share a little is no news.
            let is_short = matches!(&error, Error::Resting { after, .. } if *after < SHORT);
            if !is_short {
                tracing::warn!(%system, %error, name, "a round ended early");
                worker.standing.note(name, Some(format!("{system}: {error}")));
            }
            match error {
                Error::Denied { why, who } => {
                    let now = worker.clock.now();
                    let rest = worker.limits.denied_retry;
                    worker.standing.deny(system, &why, &who, now, later(now, rest));
                    rest
                }
                Error::Later { after, .. } => {
                    after.unwrap_or(worker.limits.retry).max(worker.limits.retry)
                }
                Error::Resting { after, .. } => after.max(worker.limits.retry),
                Error::Refused { .. } | Error::Changed | Error::Gone { .. } => {
                    worker.limits.denied_retry
                }
            }
        }
    }
}

/// Rests, at most until the service ends.
pub(super) async fn pause(rest: Duration, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(rest) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}
