//! Clients that poll. In come their ids and what they subscribe to; out go the events that each has not seen
//! yet. They live in memory alone, as the real ones do. It must not know Bayeux's replies.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::Instant};

use super::UNKNOWN;
use crate::{
    database::Result,
    salesforce::{
        changes::{payload, schema::Book},
        pubsub::Topic,
        topics,
    },
    sign,
    store::Tx,
};

/// How long a client may stay away before it is forgotten.
const PATIENCE: Duration = Duration::from_mins(5);
/// Most events of one answer.
const MOST: i64 = 200;

/// All clients that shook hands.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    known: Mutex<HashMap<String, Client>>,
    book: Mutex<Book>,
    drops: Notify,
}

#[derive(Debug)]
struct Client {
    subscriptions: Vec<Subscription>,
    has_polled: bool,
    seen: Instant,
}

#[derive(Debug, Clone)]
struct Subscription {
    channel: String,
    source: Source,
    position: i64,
}

/// Where the events of a channel come from.
#[derive(Debug, Clone)]
enum Source {
    Changes(Topic),
    /// The id of a push topic: what is subscribed stays so when the topic gets another name.
    Pushed(String),
}

impl Source {
    /// The source of a channel, if there is such a channel.
    fn read(tx: &Tx<'_>, channel: &str) -> Result<Option<Self>> {
        match channel.strip_prefix("/topic/") {
            Some(name) => Ok(topics::named(tx, name)?.map(Self::Pushed)),
            None => Ok(Topic::read(tx, channel)?.map(Self::Changes)),
        }
    }

    fn newest(&self, tx: &Tx<'_>) -> Result<i64> {
        match self {
            Self::Changes(_) => tx.newest_replay_id(),
            Self::Pushed(_) => tx.newest_pushed(),
        }
    }

    fn is_kept(&self, tx: &Tx<'_>, number: i64) -> Result<bool> {
        match self {
            Self::Changes(_) => tx.is_kept(number),
            Self::Pushed(topic) => tx.is_pushed(topic, number),
        }
    }

    /// Events after a position as subscribers read them, each with its replay id.
    fn after(&self, tx: &Tx<'_>, book: &mut Book, position: i64) -> Result<Vec<(i64, Value)>> {
        let topic = match self {
            Self::Changes(topic) => topic,
            Self::Pushed(topic) => return tx.pushed_after(topic, position, MOST),
        };
        let mut events = Vec::new();
        for change in tx.changes_after(position, topic.entities(), MOST)? {
            let found = book.find(tx, &change.entry.entity, change.number)?;
            let data = found.map(|(id, schema)| payload::json(&change, &id, &schema));
            events.push((change.number, data.unwrap_or_default()));
        }
        Ok(events)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clients {
    /// Lets in a new client; answers its id.
    pub(crate) fn add(&self) -> String {
        let id = sign::token().to_lowercase().replace(['-', '_'], "x");
        let client = Client { subscriptions: Vec::new(), has_polled: false, seen: Instant::now() };
        let mut known = lock(&self.known);
        known.retain(|_, client| client.seen.elapsed() < PATIENCE);
        known.insert(id.clone(), client);
        id
    }

    pub(crate) fn forget(&self, id: &str) {
        lock(&self.known).remove(id);
        self.drops.notify_waiters();
    }

    pub(crate) fn clear(&self) {
        lock(&self.known).clear();
        self.drops.notify_waiters();
    }

    /// Ends when some client was forgotten.
    pub(crate) async fn dropped(&self) {
        self.drops.notified().await;
    }

    /// Notes a poll; answers whether it is the client's first, or `None` for an unknown one.
    pub(crate) fn poll(&self, id: &str) -> Option<bool> {
        let mut known = lock(&self.known);
        let client = known.get_mut(id)?;
        client.seen = Instant::now();
        Some(!std::mem::replace(&mut client.has_polled, true))
    }

    /// Subscribes a client to a channel; -1 is from now on, -2 all that is kept, else after that id. The
    /// inner error is what the client is told.
    pub(crate) fn subscribe(
        &self,
        tx: &Tx<'_>,
        id: &str,
        channel: &str,
        replay: std::result::Result<i64, String>,
    ) -> Result<std::result::Result<(), String>> {
        let Some(source) = Source::read(tx, channel)? else {
            return Ok(Err(format!(
                "400::The channel you requested to subscribe to does not exist {{{channel}}}"
            )));
        };
        let position = match replay {
            Ok(-1) => source.newest(tx)?,
            Ok(-2) => 0,
            Ok(number) if source.is_kept(tx, number)? => number,
            Ok(number) => return Ok(Err(invalid_replay(&number.to_string()))),
            Err(given) => return Ok(Err(invalid_replay(&given))),
        };
        let mut known = lock(&self.known);
        let Some(client) = known.get_mut(id) else {
            return Ok(Err(UNKNOWN.to_owned()));
        };
        client.seen = Instant::now();
        client.subscriptions.retain(|other| other.channel != channel);
        client.subscriptions.push(Subscription { channel: channel.to_owned(), source, position });
        Ok(Ok(()))
    }

    /// Ends subscriptions; answers whether the client is known.
    pub(crate) fn unsubscribe(&self, id: &str, channels: &[&str]) -> bool {
        let mut known = lock(&self.known);
        let Some(client) = known.get_mut(id) else {
            return false;
        };
        client.subscriptions.retain(|other| !channels.contains(&other.channel.as_str()));
        true
    }

    /// The events that a client has not seen; `None` for an unknown client.
    pub(crate) fn events(&self, tx: &Tx<'_>, id: &str) -> Result<Option<Vec<Value>>> {
        let mut known = lock(&self.known);
        let Some(client) = known.get_mut(id) else {
            return Ok(None);
        };
        client.seen = Instant::now();
        let mut book = lock(&self.book);
        let mut events = Vec::new();
        for subscription in &mut client.subscriptions {
            let found = subscription.source.after(tx, &mut book, subscription.position)?;
            for (number, data) in found {
                subscription.position = number;
                // Of what has no schema any more nothing is told.
                if !data.is_null() {
                    events.push(json!({ "channel": subscription.channel, "data": data }));
                }
            }
        }
        Ok(Some(events))
    }
}

/// The wording is Salesforce's, with its two spaces.
fn invalid_replay(given: &str) -> String {
    format!(
        "400::The replayId {{{given}}} you provided was invalid.  Please provide a valid ID, -2 to \
         replay all events, or -1 to replay only new events."
    )
}
