//! The one webhook registration that a tenant has: looked at, made, never taken over unasked.
//!
//! In: settings, the address wanted. Out: the registration made, or a note that says whose it is.
//! Must not know: what is received there.

use std::sync::Arc;
use std::time::Duration;

use connect::webhook::{EventName, Registration};
use connect::{Error, PartnerCenter};
use tokio::sync::watch;

use crate::config::WebhookSettings;
use crate::store::Store;
use crate::wires::LiveWires;
use crate::worker::Worker;

const NOTE: &str = "webhook";
/// Where the address that was replaced is kept, to be given back.
pub(super) const PREVIOUS: &str = "webhook:previous";

/// What must be done about a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Course {
    /// It is ours, with all events.
    Fine,
    /// Nobody's or ours: make it.
    Register,
    /// Somebody else's, and it may be replaced.
    TakeOver(String),
    /// Somebody else's: leave it.
    Leave(String),
}

fn wanted() -> Vec<EventName> {
    vec![
        EventName::ReferralCreated,
        EventName::ReferralUpdated,
        EventName::RelatedReferralCreated,
        EventName::RelatedReferralUpdated,
        EventName::TestCreated,
    ]
}

fn course(found: Option<&Registration>, url: &str, take_over: bool) -> Course {
    let Some(found) = found else { return Course::Register };
    if found.url != url {
        let url = found.url.clone();
        return if take_over { Course::TakeOver(url) } else { Course::Leave(url) };
    }
    let has =
        |event: &EventName| found.events.iter().any(|e| e.eq_ignore_ascii_case(event.as_str()));
    if wanted().iter().all(has) { Course::Fine } else { Course::Register }
}

/// Looks after the registration until it is settled or the service ends.
pub(super) async fn keep<S: Store>(
    worker: Arc<Worker<S, LiveWires>>,
    settings: WebhookSettings,
    url: Option<String>,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(url) = url.filter(|_| settings.register) else { return };
    loop {
        let partner_center = &worker.wires.partner_center;
        match settle(partner_center, &worker, &url, settings.take_over).await {
            Ok(note) => {
                worker.standing.note(NOTE, note);
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the webhook registration could not be looked at");
                worker.standing.note(NOTE, Some(format!("registration: {error}")));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn settle<S: Store>(
    partner_center: &PartnerCenter,
    worker: &Worker<S, LiveWires>,
    url: &str,
    take_over: bool,
) -> Result<Option<String>, Error> {
    let found = partner_center.registration().await?;
    match course(found.as_ref(), url, take_over) {
        Course::Fine => Ok(None),
        Course::Register => {
            partner_center.register(url, &wanted(), false).await?;
            tracing::info!("the webhook is registered");
            Ok(None)
        }
        Course::TakeOver(old) => {
            let before = worker.store.cursor(PREVIOUS).await.unwrap_or_default();
            if let Err(error) = worker.store.advance(PREVIOUS, before, old.clone()).await {
                let why = format!("the address to be replaced could not be kept: {error}");
                return Err(Error::Later { after: None, why, unknown_outcome: false });
            }
            partner_center.register(url, &wanted(), false).await?;
            tracing::warn!(replaced = old, "the webhook was taken over");
            Ok(Some(format!("took over from {old}; register that address again to give it back")))
        }
        Course::Leave(other) => Ok(Some(format!(
            "{other} gets the events; changes are found by the sweep alone. \
             Set `take_over: true` to replace it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_registration_is_left_unless_told_otherwise() {
        let events: Vec<String> = wanted().iter().map(|e| e.as_str().to_owned()).collect();
        let registered = |url: &str, events: &[String]| Registration {
            url: url.to_owned(),
            events: events.to_vec(),
            subscriber: None,
        };
        let (ours, other) = ("https://a/x", "https://b/y");
        assert_eq!(course(None, ours, false), Course::Register);
        assert_eq!(course(Some(&registered(ours, &events)), ours, false), Course::Fine);
        assert_eq!(course(Some(&registered(ours, &events[..2])), ours, false), Course::Register);
        let foreign = registered(other, &events);
        assert_eq!(course(Some(&foreign), ours, false), Course::Leave(other.to_owned()));
        assert_eq!(course(Some(&foreign), ours, true), Course::TakeOver(other.to_owned()));
    }
}
