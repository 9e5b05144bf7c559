//! The subscriptions to Salesforce's change events, one an object, for as long as the service runs.
//!
//! In: a worker's parts, the address of the Pub/Sub API. Out: hints in the store, calls for the poll. Must
//! not know: what a batch becomes (`crate::hear` does). A place is kept only after its hints are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connect::Error;
use connect::salesforce::events::{Batch, From};
use jiff::Timestamp;
use mapping::schema::System;
use tokio::sync::{Notify, watch};

use super::rounds::pause;
use crate::clock::later;
use crate::hear::{Look, Watched, begin};
use crate::poll::Setback;
use crate::store::{Alias, Source, SqliteStore, Store};
use crate::wires::LiveWires;
use crate::worker::Worker;

/// How long after its deletion a record may still be linked to a deal.
const LINKED_BY: Duration = Duration::from_mins(2);

/// What the listeners and the poll tell one another.
#[derive(Debug, Default)]
pub(super) struct Ears {
    inner: Mutex<Told>,
    called: Notify,
}

/// What was said since the poll last listened.
#[derive(Debug, Default, Clone)]
pub(super) struct Told {
    /// Objects that are to be looked at now.
    pub(super) wanted: BTreeSet<String>,
    /// The whole overlap of all objects is to be looked at.
    pub(super) deep: bool,
    /// Objects whose events flow: one came since their stream was opened. A stream of an object that nobody
    /// selected for change events opens too, and stays silent.
    pub(super) flowing: BTreeSet<String>,
    /// When an event of an object last came.
    pub(super) last: BTreeMap<String, Timestamp>,
    /// Records that were deleted while no deal had them, and when: their link may just be made.
    deleted: Vec<(Alias, Timestamp)>,
}

impl Ears {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the poll.
    pub(super) fn look(&self, object: &str, look: Look) {
        match look {
            Look::Not => return,
            Look::Soon => {}
            Look::Deep => self.lock().deep = true,
        }
        self.lock().wanted.insert(object.to_owned());
        self.called.notify_one();
    }

    /// An event of an object came.
    fn flows(&self, object: &str, now: Timestamp) {
        let mut inner = self.lock();
        inner.flowing.insert(object.to_owned());
        inner.last.insert(object.to_owned(), now);
    }

    /// Records that belonged to no known deal when they were deleted.
    fn deleted(&self, records: Vec<Alias>, now: Timestamp) {
        self.lock().deleted.extend(records.into_iter().map(|record| (record, now)));
    }

    /// Those of them that are to be looked for once more; after a while they are forgotten.
    pub(super) fn still_unknown(&self, now: Timestamp) -> Vec<Alias> {
        let mut inner = self.lock();
        inner.deleted.retain(|(_, at)| later(*at, LINKED_BY) > now);
        inner.deleted.iter().map(|(record, _)| record.clone()).collect()
    }

    /// A deal has it now.
    pub(super) fn is_known(&self, record: &Alias) {
        self.lock().deleted.retain(|(other, _)| other != record);
    }

    /// When an event of an object last came, while they flow.
    pub(super) fn last(&self, object: &str) -> Option<Timestamp> {
        let inner = self.lock();
        inner.last.get(object).copied().filter(|_| inner.flowing.contains(object))
    }

    /// They do not any more.
    pub(super) fn stops(&self, object: &str) {
        self.lock().flowing.remove(object);
        self.look(object, Look::Soon);
    }

    /// What was said; what is to be looked at is taken away.
    pub(super) fn take(&self) -> Told {
        let mut inner = self.lock();
        let told = inner.clone();
        inner.wanted.clear();
        inner.deep = false;
        told
    }

    /// Ends when the poll is called.
    pub(super) async fn called(&self) {
        self.called.notified().await;
    }
}

/// What a listener works with.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) worker: Arc<Worker<SqliteStore, LiveWires>>,
    pub(super) ears: Arc<Ears>,
    pub(super) wake: Arc<Notify>,
    pub(super) pubsub: String,
}

/// Listens to one object until the service ends.
pub(super) async fn listen(ground: Ground, watched: Watched, mut stopped: watch::Receiver<bool>) {
    let mut listener = Listener { ground, watched, failures: 0, again: false };
    while !*stopped.borrow() {
        let ended = tokio::select! {
            ended = listener.stream() => ended,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        listener.ground.ears.stops(&listener.watched.object);
        let rest = listener.after(&ended);
        pause(rest, stopped.clone()).await;
    }
}

struct Listener {
    ground: Ground,
    watched: Watched,
    /// Subscriptions in a row that ended before anything came.
    failures: u32,
    /// The place that was kept is too old: begin with the oldest event.
    again: bool,
}

impl Listener {
    /// One subscription, until it ends; why it did.
    async fn stream(&mut self) -> Setback {
        match self.hear().await {
            Ok(never) => match never {},
            Err(setback) => setback,
        }
    }

    async fn hear(&mut self) -> Result<std::convert::Infallible, Setback> {
        let wire = |error| Setback::Wire(System::Salesforce, error);
        let name = self.watched.cursor();
        let mut kept = self.ground.worker.store.cursor(&name).await?;
        let from = if self.again { From::Oldest } else { begin(kept.as_deref()) };
        let salesforce = &self.ground.worker.wires.salesforce;
        let opened = salesforce.subscribe(&self.ground.pubsub, &self.watched.object, from).await;
        let mut subscription = opened.map_err(wire)?;
        self.ground.worker.standing.note(&self.note(), None);
        // Whatever came before the stream was opened is the poll's.
        self.ground.ears.look(&self.watched.object, Look::Soon);
        tracing::info!(object = self.watched.object, "a stream of events is open");
        loop {
            let batch = subscription.next().await.map_err(wire)?;
            kept = self.keep(&name, kept, batch).await?;
            (self.failures, self.again) = (0, false);
        }
    }

    /// Keeps what a batch becomes, then the place after it.
    async fn keep(
        &self,
        name: &str,
        kept: Option<String>,
        batch: Batch,
    ) -> Result<Option<String>, Setback> {
        let worker = &self.ground.worker;
        let mut known = BTreeSet::new();
        for id in self.watched.named(&batch.changes) {
            if worker.store.owner(self.watched.alias(id)).await?.is_some() {
                known.insert(id);
            }
        }
        let heard = self.watched.become_of(&batch.changes, &known);
        let now = worker.clock.now();
        self.ground.ears.deleted(self.watched.deleted(&batch.changes, &known), now);
        if !heard.hints.is_empty() {
            worker.store.accept(heard.hints, None, Source::Event, now).await?;
            self.ground.wake.notify_one();
        }
        if !batch.changes.is_empty() {
            self.ground.ears.flows(&self.watched.object, now);
            worker.standing.note(&format!("{} silent", self.note()), None);
        }
        self.ground.ears.look(&self.watched.object, heard.look);
        worker.standing.at("events", now);
        let Some(place) = batch.upto.map(|place| place.to_string()) else { return Ok(kept) };
        if kept.as_deref() != Some(&place) {
            worker.store.advance(name, kept, place.clone()).await?;
        }
        Ok(Some(place))
    }

    fn note(&self) -> String {
        format!("events {}", self.watched.object)
    }

    /// What the end of a subscription means; how long to rest.
    fn after(&mut self, ended: &Setback) -> Duration {
        let object = &self.watched.object;
        let worker = &self.ground.worker;
        let limits = &worker.limits;
        let error = match ended {
            Setback::Store(error) => {
                tracing::error!(%error, object, "events were not kept");
                return self.rest();
            }
            Setback::Wire(_, error) => error,
        };
        tracing::warn!(%error, object, "events do not flow");
        let polled = format!("{object} is only polled: {error}");
        match error {
            Error::Gone { .. } => {
                self.again = true;
                self.ground.ears.look(object, Look::Deep);
                let lost = format!("{} lost", self.note());
                let note = format!(
                    "{}: events of {object} were missed, for longer than Salesforce keeps them; its records \
                     were looked through",
                    worker.clock.now()
                );
                worker.standing.note(&lost, Some(note));
                worker.standing.tally("events_lost");
                self.rest()
            }
            Error::Refused { .. } => {
                worker.standing.note(&self.note(), Some(polled));
                limits.sweep
            }
            Error::Denied { why, who } => {
                let (now, rest) = (worker.clock.now(), limits.denied_retry);
                worker.standing.note(&self.note(), Some(polled));
                worker.standing.deny(System::Salesforce, why, who, now, later(now, rest));
                rest
            }
            Error::Later { after, .. } => {
                let after = after.unwrap_or_default();
                worker.standing.note(&self.note(), Some(polled));
                self.rest().max(after)
            }
            Error::Resting { after, .. } => (*after).max(limits.retry),
            Error::Changed => self.rest(),
        }
    }

    fn rest(&mut self) -> Duration {
        let rest = self.ground.worker.limits.wait_after(self.failures);
        self.failures = self.failures.saturating_add(1);
        rest
    }
}
