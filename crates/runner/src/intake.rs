//! What is received over HTTP: webhook calls, and questions about the service.
//!
//! In: requests. Out: a 202 only after the hint is on disk; status and probes as JSON; the console
//! page. Must not know: what a hint leads to. Nothing in a call is believed but the id it names.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use connect::webhook::event::LARGEST_BODY;
use connect::webhook::{Event, EventName, SignatureHeaders, Verifier};
use connect::{ReferralId, Secret};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::console;
use crate::deal_map::DealMap;
use crate::fingerprint::fingerprint;
use crate::maps::InService;
use crate::maps::reloading::Reloading;
use crate::standing::{Denial, Login, Standing};
use crate::store::{Alias, HintEvent, ParkedKey, Source, Status, Store, StoreError, WaitingKey};

/// Where Partner Center calls.
pub const WEBHOOK_PATH: &str = "/webhooks/partner-center";
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long the store may take before the caller is asked to come again.
const STORE_TIME: Duration = Duration::from_secs(5);
/// What the caller is told to wait then, in seconds.
const RETRY_AFTER: &str = "5";

/// A mapping as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownMap {
    /// The mapping's name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The plan's hash.
    pub hash: String,
}

impl ShownMap {
    fn of(map: &DealMap) -> Self {
        let plan = map.plan();
        let [name, file, hash] = [plan.name(), plan.file(), plan.hash()].map(str::to_owned);
        Self { name, file, hash }
    }
}

/// Everything that requests are answered from.
#[derive(Debug)]
pub struct Intake<S> {
    /// Where hints are kept.
    pub store: Arc<S>,
    /// Who judges signatures.
    pub verifier: Verifier,
    /// What time it is.
    pub clock: Clock,
    /// Tallies and stopped wires.
    pub standing: Arc<Standing>,
    /// Called when there is work.
    pub wake: Arc<Notify>,
    /// The largest body that is read.
    pub max_body_bytes: usize,
    /// The unguessable last part of the webhook's path, when there is one.
    pub secret: Option<Secret>,
    /// The mappings in service.
    pub maps: Arc<InService>,
}

/// What `/status` answers.
#[derive(Debug, Clone, Serialize)]
pub struct StatusView {
    /// The program's version.
    pub version: &'static str,
    /// The mappings in service.
    pub maps: Vec<ShownMap>,
    /// All deals ever seen.
    pub keys: u64,
    /// Those that have both records.
    pub linked: u64,
    /// Those with work to do.
    pub dirty: u64,
    /// Since when the longest waiting one waits.
    pub oldest_waiting: Option<Timestamp>,
    /// Writes whose outcome is not known.
    pub open_intents: u64,
    /// How many deals are parked.
    pub parked_count: u64,
    /// The parked ones: why, since when, what to do.
    pub parked: Vec<ParkedKey>,
    /// Those that are put off, and what they wait for.
    pub waiting: Vec<WaitingKey>,
    /// Counts that are kept.
    pub counters: BTreeMap<String, u64>,
    /// Counts since the start.
    pub tallies: BTreeMap<String, u64>,
    /// Stopped wires, and who must act.
    pub denied: Vec<Denial>,
    /// When something last happened, such as `poll`.
    pub times: BTreeMap<String, Timestamp>,
    /// Sentences for the operator.
    pub notes: BTreeMap<String, String>,
    /// The connections, and how they are signed in.
    pub logins: Vec<Login>,
    /// What becomes of changed maps.
    pub reload: Reloading,
}

/// The routes.
pub fn router<S: Store>(intake: Arc<Intake<S>>) -> Router {
    Router::new()
        .route(WEBHOOK_PATH, post(receive::<S>))
        .route(&format!("{WEBHOOK_PATH}/{{secret}}"), post(receive_secret::<S>))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready::<S>))
        .route("/status", get(status::<S>))
        .route("/", get(page::<S>))
        .with_state(intake)
}

async fn receive<S: Store>(
    State(intake): State<Arc<Intake<S>>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if intake.secret.is_some() {
        return StatusCode::NOT_FOUND.into_response();
    }
    intake.receive(&headers, body).await
}

async fn receive_secret<S: Store>(
    State(intake): State<Arc<Intake<S>>>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // Hashes are compared, so that the time it takes tells nothing about the secret.
    let hash = |text: &str| fingerprint(&[text]);
    let known = intake.secret.as_ref().map(|secret| hash(secret.reveal()));
    if known != Some(hash(&secret)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    intake.receive(&headers, body).await
}

impl<S: Store> Intake<S> {
    async fn receive(&self, headers: &HeaderMap, body: Body) -> Response {
        match self.judge(headers, body).await {
            Ok(Some((referral, event))) => self.keep(referral, event).await,
            Ok(None) => StatusCode::ACCEPTED.into_response(),
            Err((status, word)) => {
                self.standing.tally(&format!("refused_{word}"));
                tracing::debug!(status = status.as_u16(), word, "a webhook call was refused");
                status.into_response()
            }
        }
    }

    /// The referral that a call is about with a hash of the event; none when it has no effect.
    async fn judge(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Option<(ReferralId, HintEvent)>, (StatusCode, &'static str)> {
        let most = self.max_body_bytes.min(LARGEST_BODY);
        let stated = one(headers, header::CONTENT_LENGTH.as_str());
        if stated.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > most) {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
        }
        let body = match tokio::time::timeout(BODY_TIME, to_bytes(body, most)).await {
            Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "too-slow")),
            Ok(Err(_)) => return Err((StatusCode::PAYLOAD_TOO_LARGE, "too-large")),
            Ok(Ok(body)) => body,
        };
        let signature = SignatureHeaders {
            authorization: one(headers, "authorization"),
            ms_signature: one(headers, "x-ms-signature"),
            certificate_url: one(headers, "x-ms-certificate-url"),
            algorithm: one(headers, "x-ms-signature-algorithm"),
        };
        self.verifier
            .verify(&signature, &body, self.clock.now())
            .await
            .map_err(|refusal| (StatusCode::UNAUTHORIZED, refusal.word()))?;
        let event = Event::parse(&body).map_err(|bad| (StatusCode::BAD_REQUEST, bad.word()))?;
        match event.name {
            EventName::TestCreated => self.standing.tally("test_events"),
            EventName::Other(_) => self.standing.tally("unknown_events"),
            EventName::ReferralCreated
            | EventName::ReferralUpdated
            | EventName::RelatedReferralCreated
            | EventName::RelatedReferralUpdated => {
                let Some(referral) = event.referral else {
                    return Err((StatusCode::BAD_REQUEST, "no-referral-id"));
                };
                let changed = event.changed.map_or_else(String::new, |at| at.to_string());
                let hash = fingerprint(&[event.name.as_str(), referral.as_str(), &changed]);
                let name = event.name.as_str().to_owned();
                return Ok(Some((referral, HintEvent { name, hash })));
            }
        }
        Ok(None)
    }

    /// INVARIANT: 202 only after the store has committed.
    async fn keep(&self, referral: ReferralId, event: HintEvent) -> Response {
        let now = self.clock.now();
        let hint = vec![Alias::Referral(referral)];
        let accept = self.store.accept(hint, Some(event), Source::Webhook, now);
        match tokio::time::timeout(STORE_TIME, accept).await {
            Ok(Ok(accepted)) => {
                tracing::debug!(replayed = accepted.replayed, "a webhook call was kept");
                self.wake.notify_one();
                StatusCode::ACCEPTED.into_response()
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a webhook call was not kept");
                come_again()
            }
            Err(_) => come_again(),
        }
    }

    async fn view(&self) -> Result<StatusView, StoreError> {
        let store = tokio::time::timeout(STORE_TIME, self.store.status());
        let status: Status = store.await.map_err(|_| StoreError::Closed)??;
        let standing = self.standing.snapshot();
        Ok(StatusView {
            version: env!("CARGO_PKG_VERSION"),
            maps: self.maps.now().iter().map(ShownMap::of).collect(),
            keys: status.keys,
            linked: status.linked,
            dirty: status.dirty,
            oldest_waiting: status.oldest_dirty,
            open_intents: status.open_intents,
            parked_count: status.parked_count,
            parked: status.parked,
            waiting: status.waiting,
            counters: status.counters,
            tallies: standing.tallies,
            denied: standing.denied,
            times: standing.times,
            notes: standing.notes,
            logins: standing.logins,
            reload: standing.reload,
        })
    }
}

/// The header's text, when it comes exactly once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (_, _) => None,
    }
}

fn come_again() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_AFTER)]).into_response()
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
}

async fn ready<S: Store>(State(intake): State<Arc<Intake<S>>>) -> Response {
    let mut reasons = Vec::new();
    if let Err(error) = intake.view().await {
        reasons.push(error.to_string());
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons })).into_response()
}

async fn status<S: Store>(State(intake): State<Arc<Intake<S>>>) -> Response {
    match intake.view().await {
        Ok(view) => Json(view).into_response(),
        Err(_) => come_again(),
    }
}

async fn page<S: Store>(State(intake): State<Arc<Intake<S>>>) -> Response {
    let audit = intake.store.audit(None, 20).await;
    match (intake.view().await, audit) {
        (Ok(view), Ok(audit)) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
            let headers = [
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::CACHE_CONTROL, "no-store"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, Html(console::page(&view, &audit, intake.clock.now()))).into_response()
        }
        (_, _) => come_again(),
    }
}
