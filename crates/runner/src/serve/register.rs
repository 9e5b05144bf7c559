//! Looks after the webhook's registration while the service runs.
//!
//! In: settings, the address wanted. Out: the registration made at the start; later a note that says
//! whose it is. Must not know: what is received there. It is never taken back silently: somebody may
//! have had a reason.

use std::sync::Arc;

use connect::webhook::Address;
use tokio::sync::watch;

use crate::config::WebhookSettings;
use crate::standing::Standing;
use crate::store::Store;
use crate::webhook::{
    self, ELSEWHERE, Failure, Found, OwnActs, Registered, Replace, TAKEN, Whose, compare,
};
use crate::wires::LiveWires;
use crate::worker::Worker;

const NOTE: &str = "webhook";

/// Makes the registration, then compares it now and then until the service ends.
pub(super) async fn keep<S: Store>(
    worker: Arc<Worker<S, LiveWires>>,
    settings: WebhookSettings,
    url: Option<Address>,
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
    url: &Address,
    had_it: &mut bool,
) -> Result<(), Failure> {
    let (partner_center, store) = (&worker.wires.partner_center, worker.store.as_ref());
    if *had_it {
        let found = partner_center.registration().await?;
        let own = OwnActs::of(store).await?;
        tell(&worker.standing, &compare(found.as_ref(), url, &settings.events, &own));
        return Ok(());
    }
    let replace = if settings.take_over { Replace::Once } else { Replace::Never };
    let done = webhook::register(partner_center, store, url, &settings.events, replace).await?;
    let (mut note, mut alarm, mut elsewhere) = (None, None, None);
    match &done {
        Registered::Already => {}
        Registered::Made => tracing::info!("the webhook is registered"),
        Registered::TookOver(old) => {
            tracing::warn!(replaced = %old, "the webhook was taken over");
            note = Some(format!("took over from {old}; `cosell webhook restore` gives it back"));
        }
        Registered::Left(Whose::GivenBack, other) => elsewhere = Some(given_back(other)),
        Registered::Left(Whose::Ours, other) => {
            alarm = Some(format!(
                "{other}, the address that this service had before, is still the one that is called; \
                 `cosell webhook register --overwrite` puts {url} in its place"
            ));
        }
        Registered::Left(Whose::Stranger, other) => {
            alarm = Some(format!(
                "{other} gets the events; changes are found by the sweep alone. \
                 `cosell webhook register --overwrite` replaces it"
            ));
        }
    }
    worker.standing.note(ELSEWHERE, elsewhere);
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
    let (alarm, own_doing) = match found {
        Found::Ours => (None, None),
        Found::Other(Whose::Stranger, other) => {
            let alarm = format!(
                "{other} replaced us and gets the events since; changes are found by the sweep alone. \
                 `cosell webhook register --overwrite` takes it back"
            );
            (Some(alarm), None)
        }
        Found::Other(Whose::GivenBack, other) => (None, Some(given_back(other))),
        Found::Other(Whose::Ours, other) => {
            let note = format!(
                "`cosell webhook register` registered {other} meanwhile: another address than this service was \
                 started with. Start it again with the configuration as it is now"
            );
            (None, Some(note))
        }
        Found::Nothing => (
            Some("the registration is gone; `cosell webhook register` makes it again".to_owned()),
            None,
        ),
        Found::Lacks(events) => {
            let events = events.join(", ");
            let alarm =
                format!("the registration lacks {events}; `cosell webhook register` adds them");
            (Some(alarm), None)
        }
    };
    if let Some(note) = &alarm {
        tracing::error!(note, "the webhook's registration is not as it was made");
    }
    standing.note(TAKEN, alarm);
    let before = standing.replace_note(ELSEWHERE, own_doing.clone());
    if let Some(note) = own_doing.filter(|note| before.as_ref() != Some(note)) {
        tracing::info!(note, "the webhook's registration was changed by a command of this program");
    }
}

/// What is said while `cosell webhook restore` is the reason why the service is not called.
fn given_back(other: &Address) -> String {
    format!(
        "`cosell webhook restore` gave the events to {other}; changes are found by the sweep alone. \
         `cosell webhook register --overwrite` takes them"
    )
}
