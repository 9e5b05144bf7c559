//! What is received over HTTP: webhook calls, and questions about the service.
//!
//! In: requests. Out: a 202 only after the hint is on disk; status and probes as JSON; the console
//! page. Must not know: what a hint leads to. Nothing in a call is believed but the id it names.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
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
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{Environment, Reach};
use crate::console;
use crate::fingerprint::fingerprint;
use crate::maps::InService;
use crate::standing::Standing;
use crate::store::{Accepted, Alias, HintEvent, Source, Store, StoreError};
use crate::view::{StatusView, overview};

/// Where Partner Center calls.
pub const WEBHOOK_PATH: &str = "/webhooks/partner-center";
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long the store may take before the caller is asked to come again.
const STORE_TIME: Duration = Duration::from_secs(5);
/// What the caller is told to wait then, in seconds.
const RETRY_AFTER: &str = "5";

/// Everything that requests are answered from.
#[derive(Debug)]
pub struct Intake<S> {
    /// The environments that are told of each call; at least one.
    pub environments: Vec<Room<S>>,
    /// Who judges signatures.
    pub verifier: Verifier,
    /// What time it is.
    pub clock: Clock,
    /// Tallies of calls.
    pub standing: Arc<Standing>,
    /// The largest body that is read.
    pub max_body_bytes: usize,
    /// The unguessable last part of the webhook's path, when there is one.
    pub secret: Option<Secret>,
}

/// An environment as calls see it.
#[derive(Debug)]
pub struct Room<S> {
    /// Which it is.
    pub environment: Environment,
    /// Where it writes.
    pub reach: Reach,
    /// Where its hints are kept.
    pub store: Arc<S>,
    /// Its tallies and stopped wires.
    pub standing: Arc<Standing>,
    /// Called when there is work.
    pub wake: Arc<Notify>,
    /// The mappings in service.
    pub maps: Arc<InService>,
}

/// The routes.
pub fn router<S: Store>(intake: Arc<Intake<S>>) -> Router {
    Router::new()
        .route(WEBHOOK_PATH, post(receive::<S>))
        .route(&format!("{WEBHOOK_PATH}/{{secret}}"), post(receive_secret::<S>))
        .route("/livez", get(alive::<S>))
        .route("/readyz", get(ready::<S>))
        .route("/status", get(status::<S>))
        .route("/status/{environment}", get(status_of::<S>))
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

    /// INVARIANT: 202 only after the stores of all environments have committed. A call that only some have
    /// kept is made again by the caller: a hint that comes twice does no harm.
    async fn keep(&self, referral: ReferralId, event: HintEvent) -> Response {
        let now = self.clock.now();
        let mut keeping = JoinSet::new();
        for room in &self.environments {
            let (store, wake) = (room.store.clone(), room.wake.clone());
            let (hint, event) = (vec![Alias::Referral(referral.clone())], event.clone());
            keeping.spawn(async move {
                let kept = store.accept(hint, Some(event), Source::Webhook, now).await;
                wake.notify_one();
                kept
            });
        }
        let all = async {
            let mut missing = 0;
            while let Some(kept) = keeping.join_next().await {
                let kept = kept.unwrap_or(Err(StoreError::Closed));
                missing += usize::from(kept.is_err());
                match kept {
                    Ok(Accepted { replayed, .. }) => {
                        tracing::debug!(replayed, "a webhook call was kept");
                    }
                    Err(error) => tracing::error!(%error, "a webhook call was not kept"),
                }
            }
            missing
        };
        match tokio::time::timeout(STORE_TIME, all).await {
            Ok(0) => StatusCode::ACCEPTED.into_response(),
            Ok(_) | Err(_) => come_again(),
        }
    }

    async fn view_of(&self, room: &Room<S>) -> Result<StatusView, StoreError> {
        let store = tokio::time::timeout(STORE_TIME, room.store.status());
        let status = store.await.map_err(|_| StoreError::Closed)??;
        Ok(StatusView::of(room, status, &self.standing.snapshot().tallies))
    }

    async fn views(&self) -> Result<Vec<StatusView>, StoreError> {
        let mut views = Vec::new();
        for room in &self.environments {
            views.push(self.view_of(room).await?);
        }
        Ok(views)
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
    for room in &intake.environments {
        if let Err(error) = intake.view_of(room).await {
            reasons.push(format!("{}: {error}", room.environment));
        }
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons })).into_response()
}

/// The process answers. The first line is for machines; then each environment, and whether it works.
async fn alive<S: Store>(State(intake): State<Arc<Intake<S>>>) -> String {
    let mut text = "ok\n".to_owned();
    for room in &intake.environments {
        let how = if room.standing.snapshot().halted.is_some() { "stopped" } else { "ok" };
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(text, "{} {} {how}", room.environment, room.environment.kind);
    }
    text
}

async fn status<S: Store>(State(intake): State<Arc<Intake<S>>>) -> Response {
    match intake.views().await {
        Ok(views) => {
            let mut whole = overview(views);
            whole.egress.add(intake.verifier.destinations());
            Json(whole).into_response()
        }
        Err(_) => come_again(),
    }
}

async fn status_of<S: Store>(
    State(intake): State<Arc<Intake<S>>>,
    Path(name): Path<String>,
) -> Response {
    let room = intake.environments.iter().find(|room| room.environment.name == name);
    let Some(room) = room else { return StatusCode::NOT_FOUND.into_response() };
    match intake.view_of(room).await {
        Ok(view) => Json(view).into_response(),
        Err(_) => come_again(),
    }
}

async fn page<S: Store>(State(intake): State<Arc<Intake<S>>>) -> Response {
    let mut shown = Vec::new();
    for room in &intake.environments {
        let audit = room.store.audit(None, 20).await;
        let (Ok(view), Ok(audit)) = (intake.view_of(room).await, audit) else {
            return come_again();
        };
        shown.push((view, audit));
    }
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(console::page(&shown, intake.clock.now()))).into_response()
}
