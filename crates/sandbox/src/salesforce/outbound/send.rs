//! Outbound messages sent. In come notifications that are due; out they go until somebody acknowledges them.
//! The only file of the area that knows the client library; it must not know what they say.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{
    Action, Waiting, due, left, note,
    soap::{Sender, envelope, is_acknowledged},
};
use crate::{
    database::Result,
    salesforce::{auth, automation::LOOK, session::Home},
    serve::stopped,
    store::{End, Store},
};

/// How long an endpoint may take to acknowledge.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long a session lasts that a message carries, in milliseconds.
const SESSION: i64 = 2 * 60 * 60 * 1000;

/// A message that is ready: what for, what it tells, and its text.
type Ready = (Action, Vec<Waiting>, String);

/// What each attempt needs.
#[derive(Debug, Clone)]
struct Post {
    store: Arc<Store>,
    home: Arc<Home>,
    client: reqwest::Client,
}

/// Sends what is due, again and again, until told to stop.
pub(crate) fn run(
    store: Arc<Store>,
    home: Home,
    stop: watch::Receiver<bool>,
) -> std::result::Result<JoinHandle<()>, String> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| error.to_string())?;
    let post = Post { store, home: Arc::new(home), client };
    Ok(tokio::spawn(async move {
        tokio::select! {
            () = stopped(stop) => {}
            () = post.work() => {}
        }
    }))
}

impl Post {
    async fn work(self) {
        let mut dues = self.store.dues();
        loop {
            dues.mark_unchanged();
            let here = self.clone();
            let found = tokio::task::spawn_blocking(move || here.prepare()).await;
            // A state that cannot be read now may be readable in a moment.
            let (messages, is_waiting) = match found {
                Ok(Ok((messages, left))) => (messages, left > 0),
                Ok(Err(_)) | Err(_) => (Vec::new(), true),
            };
            if !messages.is_empty() {
                let mut tries = JoinSet::new();
                for (action, waiting, body) in messages {
                    tries.spawn(self.clone().attempt(action, waiting, body));
                }
                tries.join_all().await;
                continue;
            }
            tokio::select! {
                changed = dues.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(LOOK), if is_waiting => {}
            }
        }
    }

    /// The messages that are due, with the rows as they are now.
    fn prepare(&self) -> Result<(Vec<Ready>, i64)> {
        self.store.transaction(|tx| {
            let mut messages = Vec::new();
            for (action, waiting) in due(tx)? {
                let mut rows = Vec::new();
                for one in &waiting {
                    let row = tx.row(&action.object, &one.record)?.map(|row| row.body);
                    rows.push((one.id.clone(), row.unwrap_or_default()));
                }
                let user = rows.first().and_then(|(_, row)| row.get("LastModifiedById"));
                let user = user.and_then(Value::as_str).unwrap_or_default();
                let session = if action.session {
                    let until = Some(tx.now_milliseconds() + SESSION);
                    Some(auth::grant_access(&self.home, tx, user, until)?)
                } else {
                    None
                };
                let sender = Sender {
                    organization: &self.home.organization,
                    action: &action.id,
                    session: session.as_deref(),
                    base: &self.home.base,
                    object: &action.object,
                    fields: &action.fields,
                };
                let body = envelope(&sender, &rows);
                messages.push((action, waiting, body));
            }
            Ok(End::Keep((messages, left(tx)?)))
        })
    }

    async fn attempt(self, action: Action, waiting: Vec<Waiting>, body: String) {
        let acknowledged = self.post(&action.url, body).await;
        let noted = tokio::task::spawn_blocking(move || {
            self.store.transaction::<_, crate::database::StoreError>(|tx| {
                Ok(End::Keep(note(tx, &action, &waiting, acknowledged)?))
            })
        });
        if !matches!(noted.await, Ok(Ok(()))) {
            // What cannot be noted stays due; not at once, so that a full disk is not hammered.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn post(&self, url: &str, body: String) -> bool {
        let request = self
            .client
            .post(url)
            .header("Content-Type", "text/xml; charset=UTF-8")
            .header("SOAPAction", "\"\"")
            .body(body);
        let Ok(response) = request.send().await else {
            return false;
        };
        let is_fine = response.status().as_u16() == 200;
        is_fine && response.text().await.is_ok_and(|text| is_acknowledged(&text))
    }
}
