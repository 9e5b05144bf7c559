//! One subscription. In come fetch requests; out go events as fast as they were asked for, and a sign of
//! life where there are none. It must not know the gRPC library.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{Receiver, Sender},
    time::Instant,
};

use super::{
    Code, Hub, Noted, Refused, Ticket, Told, Topic,
    messages::{ConsumerEvent, FetchRequest, FetchResponse, ProducerEvent, ReplayPreset},
};
use crate::{
    salesforce::changes::{log::Change, payload, schema::Book},
    serve::stopped,
    store::Tx,
};

/// Most events that can be asked for at once.
const MOST: i32 = 100;

/// Answers to the client; an error is the last one.
type Out = Sender<Told<FetchResponse>>;

/// What a running subscription knows.
struct Subscription {
    hub: Arc<Hub>,
    ticket: Ticket,
    name: String,
    topic: Topic,
    /// The last replay id that was passed.
    position: i64,
    /// How many events the client still wants.
    pending: i32,
    book: Arc<Mutex<Book>>,
    /// How many events it gave.
    given: usize,
    /// The fault that ended it.
    fault: Option<&'static str>,
}

/// Serves one subscription until either side ends it.
pub(crate) async fn run(
    hub: Arc<Hub>,
    ticket: Ticket,
    mut requests: Receiver<FetchRequest>,
    out: Out,
) {
    let Some(first) = requests.recv().await else {
        return;
    };
    let begun = Instant::now();
    let preset = ReplayPreset::try_from(first.replay_preset).unwrap_or(ReplayPreset::Latest);
    let asked = json!({
        "topicName": first.topic_name,
        "replayPreset": preset.word(),
        "numRequested": first.num_requested,
    });
    let note = |method, told, refused: Option<&Refused>, fault| {
        let asked = asked.clone();
        let begun = begun.into_std();
        hub.note(&Noted { method, asked, told, begun, refused, fault });
    };
    let opened = Subscription::open(Arc::clone(&hub), ticket, first).await;
    note("Subscribe", Value::Null, opened.as_ref().err(), None);
    let ended = match opened {
        Ok(mut subscription) => {
            let ended = subscription.serve(&mut requests, &out).await;
            let told = json!({ "events": subscription.given });
            note("Subscribe/end", told, ended.as_ref().err(), subscription.fault);
            ended
        }
        Err(refused) => Err(refused),
    };
    if let Err(refused) = ended {
        // Nobody listening any more needs no reason.
        let _ = out.send(Err(refused)).await;
    }
}

impl Subscription {
    async fn open(hub: Arc<Hub>, ticket: Ticket, first: FetchRequest) -> Told<Self> {
        let pending = requested(&first)?;
        let name = first.topic_name.clone();
        let admitted = ticket.clone();
        let (topic, position) = hub
            .with_state(move |hub, tx| {
                hub.admit(tx, &admitted)?;
                let topic = Topic::named(tx, &first.topic_name)?;
                Ok((topic, begin(tx, &first)?))
            })
            .await?;
        let book = Arc::default();
        Ok(Self { hub, ticket, name, topic, position, pending, book, given: 0, fault: None })
    }

    async fn serve(&mut self, requests: &mut Receiver<FetchRequest>, out: &Out) -> Told<()> {
        let mut news = self.hub.store.news();
        let mut drops = self.hub.drops.subscribe();
        let mut silence = self.hub.keep_alive.subscribe();
        let stop = stopped(self.hub.stop.clone());
        tokio::pin!(stop);
        let mut alive = self.next_sign();
        // A client that asks for no more still gets what it asked for.
        let mut may_ask = true;
        while may_ask || self.pending > 0 {
            news.mark_unchanged();
            if self.pending > 0 {
                let events = self.events().await?;
                if !events.is_empty() {
                    if !self.say(events, out).await? {
                        return Ok(());
                    }
                    alive = self.next_sign();
                    continue;
                }
            }
            tokio::select! {
                request = requests.recv(), if may_ask => match request {
                    Some(request) => self.add(&request).await?,
                    None => may_ask = false,
                },
                changed = news.changed() => if changed.is_err() {
                    return Ok(());
                },
                _ = silence.changed() => alive = self.next_sign(),
                _ = drops.changed() => return Err(Refused::unavailable()),
                () = &mut stop => return Err(Refused::unavailable()),
                () = out.closed() => return Ok(()),
                () = tokio::time::sleep_until(alive), if self.pending > 0 => {
                    self.sign_of_life().await?;
                    if !self.say(Vec::new(), out).await? {
                        return Ok(());
                    }
                    alive = self.next_sign();
                }
            }
        }
        Ok(())
    }

    fn next_sign(&self) -> Instant {
        Instant::now() + (*self.hub.keep_alive.borrow()).max(Duration::from_millis(1))
    }

    /// Takes a further request.
    async fn add(&mut self, request: &FetchRequest) -> Told<()> {
        let more = requested(request)?;
        if !request.topic_name.is_empty() && request.topic_name != self.name {
            let message = "The topic name cannot change within a subscription.";
            let word = "subscription.fetch.topic.mismatch";
            return Err(Refused::new(Code::InvalidArgument, word, message));
        }
        let mut ticket = self.ticket.clone();
        if !request.auth_refresh.is_empty() {
            ticket.token.clone_from(&request.auth_refresh);
        }
        let admitted = ticket.clone();
        let told = self.hub.with_state(move |hub, tx| hub.admit(tx, &admitted)).await;
        told.map_err(|refused| match refused.code {
            Code::Unauthenticated if !request.auth_refresh.is_empty() => {
                let message = "The authentication refresh is not valid.";
                Refused::new(refused.code, "service.auth.refresh.invalid", message)
            }
            _ => refused,
        })?;
        self.ticket = ticket;
        self.pending = self.pending.saturating_add(more);
        Ok(())
    }

    /// The next events that the client has room for.
    async fn events(&mut self) -> Told<Vec<ConsumerEvent>> {
        let (position, topic) = (self.position, self.topic.clone());
        let limit = i64::from(self.pending.min(MOST));
        let book = Arc::clone(&self.book);
        let ticket = self.ticket.clone();
        let (position, events) = self
            .hub
            .with_state(move |hub, tx| {
                hub.admit(tx, &ticket)?;
                let changes = tx.changes_after(position, topic.entities(), limit)?;
                let last = changes.last().map_or(position, |change| change.number);
                let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
                let mut events = Vec::new();
                for change in &changes {
                    events.extend(event(tx, &mut book, change)?);
                }
                Ok((last, events))
            })
            .await?;
        self.position = position;
        Ok(events)
    }

    fn response(&mut self, events: Vec<ConsumerEvent>) -> FetchResponse {
        self.pending -= i32::try_from(events.len()).unwrap_or(self.pending);
        FetchResponse {
            events,
            latest_replay_id: payload::replay_bytes(self.position),
            rpc_id: self.ticket.rpc.clone(),
            pending_num_requested: self.pending,
        }
    }

    /// Gives an answer, unless a fault strikes it; answers whether the client is still there.
    async fn say(&mut self, events: Vec<ConsumerEvent>, out: &Out) -> Told<bool> {
        let met = self.hub.meet("Subscribe/answers", &self.ticket.token).await;
        if let Some(ending) = met.ending {
            self.fault = met.fault;
            return Err(ending.refusal(&self.ticket.wire));
        }
        self.given += events.len();
        let response = self.response(events);
        if met.twice && out.send(Ok(response.clone())).await.is_err() {
            return Ok(false);
        }
        Ok(out.send(Ok(response)).await.is_ok())
    }

    /// Moves the position to the end of a quiet topic; the session must still be valid.
    async fn sign_of_life(&mut self) -> Told<()> {
        let ticket = self.ticket.clone();
        let (position, topic) = (self.position, self.topic.clone());
        let latest = self
            .hub
            .with_state(move |hub, tx| {
                hub.admit(tx, &ticket)?;
                // What arrived meanwhile must not be skipped.
                let has_more = !tx.changes_after(position, topic.entities(), 1)?.is_empty();
                Ok(if has_more { position } else { tx.fresh_replay_id()? })
            })
            .await?;
        self.position = latest;
        Ok(())
    }
}

fn requested(request: &FetchRequest) -> Told<i32> {
    if (1..=MOST).contains(&request.num_requested) {
        return Ok(request.num_requested);
    }
    let message = format!("The number of requested events must be from 1 to {MOST}.");
    let word = "subscription.fetch.requested.events.invalid";
    Err(Refused::new(Code::InvalidArgument, word, message))
}

/// The position that a first request asks for.
fn begin(tx: &Tx<'_>, request: &FetchRequest) -> Told<i64> {
    let preset = ReplayPreset::try_from(request.replay_preset).unwrap_or(ReplayPreset::Latest);
    match preset {
        ReplayPreset::Latest => Ok(tx.newest_replay_id()?),
        ReplayPreset::Earliest => Ok(0),
        ReplayPreset::Custom if request.replay_id.is_empty() => {
            let message = "A replay ID is required for the CUSTOM replay preset.";
            let word = "subscription.fetch.replayid.validation.failed";
            Err(Refused::new(Code::InvalidArgument, word, message))
        }
        ReplayPreset::Custom => {
            let number = payload::replay_number(&request.replay_id);
            let kept = number.map(|number| tx.is_kept(number)).transpose()?.unwrap_or_default();
            number.filter(|_| kept).ok_or_else(|| {
                let message =
                    "The Replay ID validation failed. Ensure that the Replay ID is valid.";
                let word = "subscription.fetch.replayid.corrupted";
                Refused::new(Code::InvalidArgument, word, message)
            })
        }
    }
}

/// A change as an event; nothing when its object is unknown by now.
fn event(tx: &Tx<'_>, book: &mut Book, change: &Change) -> Told<Option<ConsumerEvent>> {
    let found = book.find(tx, &change.entry.entity, change.number)?;
    Ok(found.map(|(schema_id, schema)| ConsumerEvent {
        event: Some(ProducerEvent {
            id: format!("{:08x}-0000-4000-8000-{:012x}", change.sequence, change.number),
            schema_id,
            payload: payload::avro(change, &schema),
            headers: Vec::new(),
        }),
        replay_id: payload::replay_bytes(change.number),
    }))
}
