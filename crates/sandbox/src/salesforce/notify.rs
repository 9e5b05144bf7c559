//! What others hear of the organisation, by itself: streams, automation and outbound messages together. In
//! come the parts of the sandbox; out go the running tasks and the answers to the admin's orders. It must
//! not know what is told.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    Addresses,
    call::{Answer, Call},
    database::StoreError,
    fault::Faults,
    journal::Journal,
    salesforce::{
        Home, automation, changes, cometd::Cometd, orders, outbound, pubsub, pubsub::Hub,
    },
    store::{End, Store},
    tls::Door,
};

/// Everything that tells.
#[derive(Debug)]
pub(crate) struct Notifier {
    store: Arc<Store>,
    hub: Arc<Hub>,
    pub(crate) cometd: Arc<Cometd>,
}

impl Notifier {
    /// A notifier that does not run yet. `silence` is the longest one on a gRPC stream, `hold` the longest
    /// poll.
    pub(crate) fn new(
        store: &Arc<Store>,
        (home, addresses): (&Home, &Addresses),
        (journal, faults): (&Arc<Journal>, &Arc<Faults>),
        stop: &watch::Receiver<bool>,
        (silence, hold): (Duration, Duration),
    ) -> Self {
        let hub = Hub {
            home: home.clone(),
            instances: [addresses.salesforce.clone(), addresses.salesforce_https.clone()],
            store: Arc::clone(store),
            journal: Arc::clone(journal),
            faults: Arc::clone(faults),
            drops: watch::Sender::new(()),
            stop: stop.clone(),
            keep_alive: watch::Sender::new(silence),
        };
        let cometd = Cometd::new(Arc::clone(store), stop.clone(), hold);
        Self { store: Arc::clone(store), hub: Arc::new(hub), cometd: Arc::new(cometd) }
    }

    /// Starts what runs by itself; an error says why a client could not be made.
    pub(crate) fn run(&self, door: Door) -> Result<Vec<JoinHandle<()>>, String> {
        let (home, stop) = (&self.hub.home, &self.hub.stop);
        Ok(vec![
            pubsub::serve(door, Arc::clone(&self.hub)),
            automation::run(Arc::clone(&self.store), home.clone(), stop.clone()),
            outbound::run(Arc::clone(&self.store), home.clone(), stop.clone())?,
        ])
    }

    /// Sets the longest silence on a gRPC stream, also on those that are open.
    fn keep_alive(&self, body: &Value) -> Answer {
        let given = body.get("milliseconds").and_then(Value::as_u64).filter(|given| *given > 0);
        let Some(given) = given else {
            let error = "`milliseconds` must be a whole number from 1";
            return Answer::json(400, json!({ "error": error }));
        };
        self.hub.keep_alive.send_replace(Duration::from_millis(given));
        Answer::empty(204)
    }

    /// Answers `/salesforce/changes`, `/salesforce/automation`, `/salesforce/outbound` and what is below
    /// them; `None` for other addresses.
    pub(crate) fn order(&self, call: &Call) -> Option<Result<Answer, StoreError>> {
        let parts = call.parts();
        let ["salesforce", area @ ("changes" | "automation" | "outbound"), rest @ ..] =
            parts.as_slice()
        else {
            return None;
        };
        if (*area, rest) == ("changes", &["drop-streams"]) {
            self.hub.drops.send_replace(());
            self.cometd.drop_all();
            return Some(Ok(Answer::empty(204)));
        }
        let Some(body) = call.json_or_null() else {
            let answer = Answer::json(400, json!({ "error": "the body must be JSON" }));
            return Some(Ok(answer));
        };
        if (*area, rest) == ("changes", &["keep-alive"]) {
            return Some(Ok(self.keep_alive(&body)));
        }
        let (orgs, method) = (self.hub.home.orgs.now(), call.method);
        Some(self.store.transaction(|tx| {
            let answer = match *area {
                "changes" => changes::control::answer(tx, method, rest, &body)?,
                "automation" => {
                    orders::answer(&automation::Rules(&orgs.whole), tx, method, rest, &body)?
                }
                _ => orders::answer(&outbound::Messages(&orgs.whole), tx, method, rest, &body)?,
            };
            Ok(if answer.is_success() { End::Keep(answer) } else { End::Undo(answer) })
        }))
    }
}
