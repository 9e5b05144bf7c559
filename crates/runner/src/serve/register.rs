//! Looks after the webhook's registration while the service runs.
//!
//! In: settings, the address wanted. Out: the registration made at the start; later a note that says
//! whose it is. Must not know: what is received there. It is never taken back silently: somebody may
//! have had a reason.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::WebhookSettings;
use crate::standing::Standing;
use crate::store::Store;
use crate::webhook::{self, Failure, Found, Registered, Replace, TAKEN, compare};
use crate::wires::LiveWires;
use crate::worker::Worker;

const NOTE: &str = "webhook";

/// Makes the registration, then compares it now and then until the service ends.
pub(super) async fn keep<S: Store>(
    worker: Arc<Worker<S, LiveWires>>,
    settings: WebhookSettings,
    url: Option<String>,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(url) = url.filter(|_| settings.register) else { return };
    let mut had_it = false;
    loop {
        let looked = look(&worker, &settings, &url, &mut had_it).await;
        if let Err(error) = looked {
            tracing::warn!(%error, "the webhook registration could not be looked at");
            worker.standing.note(NOTE, Some(format!("registration: {error}")));
        }
        let rest = if had_it { worker.limits.registration } else { worker.limits.denied_retry };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn look<S: Store>(
    worker: &Worker<S, LiveWires>,
    settings: &WebhookSettings,
    url: &str,
    had_it: &mut bool,
) -> Result<(), Failure> {
    let partner_center = &worker.wires.partner_center;
    if *had_it {
        let found = partner_center.registration().await?;
        tell(&worker.standing, &compare(found.as_ref(), url, &settings.events));
        return Ok(());
    }
    let store = worker.store.as_ref();
    let replace = if settings.take_over { Replace::Once } else { Replace::Never };
    let done = webhook::register(partner_center, store, url, &settings.events, replace).await?;
    let (mut note, mut alarm) = (None, None);
    match &done {
        Registered::Already => {}
        Registered::Made => tracing::info!("the webhook is registered"),
        Registered::TookOver(old) => {
            tracing::warn!(replaced = old, "the webhook was taken over");
            note = Some(format!("took over from {old}; `cosell webhook restore` gives it back"));
        }
        Registered::Left(other) => {
            alarm = Some(format!(
                "{other} gets the events; changes are found by the sweep alone. \
                 `cosell webhook register --overwrite` replaces it"
            ));
        }
    }
    worker.standing.note(NOTE, note);
    let before = worker.standing.replace_note(TAKEN, alarm.clone());
    if let (Some(said), None) = (&alarm, before) {
        tracing::error!(note = said, "somebody else's address is registered");
    }
    *had_it = alarm.is_none();
    Ok(())
}

/// Says what became of a registration that was ours.
fn tell(standing: &Standing, found: &Found) {
    let note = match found {
        Found::Ours => {
            standing.note(TAKEN, None);
            return;
        }
        Found::Foreign(other) => format!(
            "{other} replaced us and gets the events since; changes are found by the sweep alone. \
             `cosell webhook register --overwrite` takes it back"
        ),
        Found::Nothing => {
            "the registration is gone; `cosell webhook register` makes it again".to_owned()
        }
        Found::Lacks(events) => format!(
            "the registration lacks {}; `cosell webhook register` adds them",
            events.join(", ")
        ),
    };
    tracing::error!(note, "the webhook's registration is not as it was made");
    standing.note(TAKEN, Some(note));
}
