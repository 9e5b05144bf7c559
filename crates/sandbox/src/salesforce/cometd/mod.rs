//! The Streaming API for old clients: Bayeux messages over long polls. In come posts with messages; out go
//! their replies, and the events that were waited for. It must not know how rows change.

mod clients;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};
use tokio::{sync::watch, time::Instant};

use self::clients::Clients;
use crate::{
    call::{Answer, Call, Method},
    database::StoreError,
    salesforce::{auth, version},
    serve::stopped,
    store::{End, Store, Tx},
};

const INVALID: &str = "401::Authentication invalid";
const UNKNOWN: &str = "403::Unknown client";

/// Where old clients connect.
#[derive(Debug)]
pub(crate) struct Cometd {
    store: Arc<Store>,
    clients: Clients,
    stop: watch::Receiver<bool>,
    /// How long a poll is held that has nothing to say.
    hold: Duration,
}

/// A message, and who sent the request that it came in.
struct Said<'a> {
    message: &'a Value,
    is_signed_in: bool,
    /// Whether it is the only one of its request.
    is_alone: bool,
}

impl Said<'_> {
    fn text(&self, name: &str) -> &str {
        self.message.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A reply with what every reply repeats.
    fn reply(&self, successful: bool) -> Map<String, Value> {
        let mut reply = Map::new();
        for name in ["channel", "id", "clientId", "subscription"] {
            if let Some(value) = self.message.get(name) {
                reply.insert(name.to_owned(), value.clone());
            }
        }
        reply.insert("successful".to_owned(), json!(successful));
        reply
    }

    fn refuse(&self, error: &str, advice: Option<Value>) -> Value {
        let mut reply = self.reply(false);
        reply.insert("error".to_owned(), json!(error));
        if let Some(advice) = advice {
            reply.insert("advice".to_owned(), advice);
        }
        Value::Object(reply)
    }

    fn unknown(&self) -> Value {
        self.refuse(UNKNOWN, Some(json!({ "interval": 0, "reconnect": "handshake" })))
    }
}

/// Whether a call is for this API.
pub(crate) fn is_for(call: &Call) -> bool {
    call.path.first().is_some_and(|part| part == "cometd")
}

impl Cometd {
    pub(crate) fn new(store: Arc<Store>, stop: watch::Receiver<bool>, hold: Duration) -> Self {
        Self { store, clients: Clients::default(), stop, hold }
    }

    /// Forgets all clients, as when a server is restarted: they have to shake hands again.
    pub(crate) fn drop_all(&self) {
        self.clients.clear();
    }

    /// Answers one call; waits for events when it is a poll.
    pub(crate) async fn answer(self: &Arc<Self>, call: Call) -> Answer {
        let messages = messages(&call);
        let (Method::Post, false) = (call.method, messages.is_empty()) else {
            return Answer::json(400, json!("400::Unknown Bayeux Transport"));
        };
        let is_versioned = call.parts().get(1).copied().is_some_and(is_version);
        let is_signed_in = {
            let call = call.clone();
            self.with_state(move |tx| Ok(auth::caller(tx, &call)?.is_some())).await
        };
        let Ok(is_signed_in) = is_signed_in else {
            return Answer::json(503, json!("503::Server is too busy"));
        };
        let mut out = Vec::new();
        // Polls come last: what is subscribed to in the same request already counts.
        let is_poll = |message: &&Value| message.get("channel") == Some(&json!("/meta/connect"));
        let (polls, others): (Vec<_>, Vec<_>) = messages.iter().partition(is_poll);
        for message in others.into_iter().chain(polls) {
            let said = Said { message, is_signed_in, is_alone: messages.len() == 1 };
            if is_versioned {
                self.reply(&said, &mut out).await;
            } else {
                let error = "400::API version in the URI is mandatory. URI format: '/cometd/68.0'";
                out.push(said.refuse(error, Some(json!({ "reconnect": "none" }))));
            }
        }
        Answer::json(200, Value::Array(out))
    }

    async fn with_state<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ()> {
        let here = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            here.store.transaction::<_, StoreError>(|tx| Ok(End::Keep(work(tx)?)))
        });
        done.await.map_err(|_| ())?.map_err(|_| ())
    }

    async fn reply(self: &Arc<Self>, said: &Said<'_>, out: &mut Vec<Value>) {
        let channel = said.text("channel");
        if !said.is_signed_in {
            out.push(refuse_stranger(said, channel));
            return;
        }
        match channel {
            "/meta/handshake" => out.push(self.handshake(said)),
            "/meta/subscribe" => {
                for channel in texts(said.message.get("subscription")) {
                    out.push(self.subscribe(said, channel).await);
                }
            }
            "/meta/unsubscribe" => {
                let channels = texts(said.message.get("subscription"));
                let known = self.clients.unsubscribe(said.text("clientId"), &channels);
                out.push(if known { Value::Object(said.reply(true)) } else { said.unknown() });
            }
            "/meta/connect" => self.connect(said, out).await,
            "/meta/disconnect" => {
                self.clients.forget(said.text("clientId"));
                out.push(Value::Object(said.reply(true)));
            }
            _ => out.push(said.refuse("403::Publishing is not allowed", None)),
        }
    }

    fn handshake(&self, said: &Said<'_>) -> Value {
        let mut reply = said.reply(true);
        reply.insert("clientId".to_owned(), json!(self.clients.add()));
        reply.insert("version".to_owned(), json!("1.0"));
        reply.insert("minimumVersion".to_owned(), json!("1.0"));
        reply.insert("supportedConnectionTypes".to_owned(), json!(["long-polling"]));
        reply.insert("ext".to_owned(), json!({ "replay": true, "payload.format": true }));
        Value::Object(reply)
    }

    /// Subscribes to one channel, from where `ext.replay` says.
    async fn subscribe(self: &Arc<Self>, said: &Said<'_>, channel: &str) -> Value {
        let replay = said.message.pointer("/ext/replay").and_then(|replay| replay.get(channel));
        let replay = match replay {
            Some(replay) => replay.as_i64().ok_or_else(|| replay.to_string()),
            None => Ok(-1),
        };
        let here = Arc::clone(self);
        let (id, name) = (said.text("clientId").to_owned(), channel.to_owned());
        let done = self.with_state(move |tx| here.clients.subscribe(tx, &id, &name, replay)).await;
        match done {
            Ok(Ok(())) => {
                let mut reply = said.reply(true);
                reply.insert("subscription".to_owned(), json!(channel));
                Value::Object(reply)
            }
            Ok(Err(error)) if error == UNKNOWN => said.unknown(),
            Ok(Err(error)) => said.refuse(&error, None),
            Err(()) => said.refuse("503::Server is too busy", None),
        }
    }

    /// Waits until there are events, unless it is the first poll or comes with other messages.
    async fn connect(self: &Arc<Self>, said: &Said<'_>, out: &mut Vec<Value>) {
        let id = said.text("clientId").to_owned();
        let Some(is_first) = self.clients.poll(&id) else {
            out.push(said.unknown());
            return;
        };
        let asked = said.message.pointer("/advice/timeout").and_then(Value::as_u64);
        let hold = asked.map_or(self.hold, |asked| self.hold.min(Duration::from_millis(asked)));
        let hold = if is_first || !said.is_alone { Duration::ZERO } else { hold };
        let deadline = Instant::now() + hold;
        let mut news = self.store.news();
        let stop = stopped(self.stop.clone());
        tokio::pin!(stop);
        loop {
            news.mark_unchanged();
            let here = Arc::clone(self);
            let client = id.clone();
            match self.with_state(move |tx| here.clients.events(tx, &client)).await {
                Ok(None) => {
                    out.push(said.unknown());
                    return;
                }
                Ok(Some(events)) if !events.is_empty() => {
                    out.extend(events);
                    break;
                }
                Ok(Some(_)) | Err(()) => {}
            }
            tokio::select! {
                changed = news.changed() => if changed.is_err() { break },
                () = self.clients.dropped() => {}
                () = &mut stop => break,
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        let timeout = u64::try_from(self.hold.as_millis()).unwrap_or(u64::MAX);
        let mut reply = said.reply(true);
        let advice = json!({ "interval": 0, "timeout": timeout, "reconnect": "retry" });
        reply.insert("advice".to_owned(), advice);
        out.push(Value::Object(reply));
    }
}

fn refuse_stranger(said: &Said<'_>, channel: &str) -> Value {
    let advice = json!({ "reconnect": "none", "interval": 0 });
    if channel != "/meta/handshake" {
        return said.refuse(INVALID, Some(advice));
    }
    let mut reply = said.refuse("403::Handshake denied", Some(advice));
    if let Some(reply) = reply.as_object_mut() {
        let ext = json!({ "sfdc": { "failureReason": INVALID }, "replay": true });
        reply.insert("ext".to_owned(), ext);
    }
    reply
}

/// The messages of a body: JSON, or JSON in a form.
fn messages(call: &Call) -> Vec<Value> {
    let form = call.form();
    let given = form.iter().find(|(name, _)| name == "message").map(|(_, text)| text.as_bytes());
    match serde_json::from_slice(given.unwrap_or(&call.body)) {
        Ok(Value::Array(messages)) => messages,
        Ok(message @ Value::Object(_)) => vec![message],
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => {
            Vec::new()
        }
    }
}

/// One text or a list of them.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}

/// Whether a part of a path is a version that is served: `68.0`.
fn is_version(part: &str) -> bool {
    version(&format!("v{part}")).is_some()
}
