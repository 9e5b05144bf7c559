//! Looks after the sign-ins while the service runs.
//!
//! In: the clients of the two systems. Out: how each is signed in and stands, for showing; a note as long as a refresh token in use is not kept. Must not
//! know: how somebody signs in, how a token is kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::standing::Standing;
use crate::store::Store;
use crate::wires::LiveWires;
use crate::worker::Worker;

/// How often it is looked how the connections stand.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts to look after the refresh tokens of both systems.
pub(super) fn watch_over<S: Store>(
    worker: &Arc<Worker<S, LiveWires>>,
    stopped: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    let wires = &worker.wires;
    tasks.spawn(show(worker.clone(), stopped.clone()));
    let systems = [
        ("partner center", Some(wires.partner_center.unkept())),
        ("salesforce", wires.salesforce.unkept()),
    ];
    for (system, unkept) in systems {
        let Some(unkept) = unkept else { continue };
        tasks.spawn(tell(worker.standing.clone(), system, unkept, stopped.clone()));
    }
}

/// Shows how the connections are signed in, until the service ends.
async fn show<S: Store>(worker: Arc<Worker<S, LiveWires>>, mut stopped: watch::Receiver<bool>) {
    let wires = &worker.wires;
    let mut unasked = true;
    loop {
        let salesforce = wires.salesforce.session();
        // Salesforce tells whom a token is for when it is asked: once, after somebody else signed in.
        if unasked && salesforce.since.is_some() && salesforce.principal.is_none() {
            unasked = false;
            if let Err(error) = wires.salesforce.sign_in().await {
                tracing::debug!(%error, "salesforce did not tell whom the token is for");
            }
        }
        let [referrals, events] = wires.partner_center.sessions();
        worker.standing.logins([referrals, events, wires.salesforce.session()]);
        let mut egress = wires.partner_center.destinations();
        egress.add(wires.salesforce.destinations());
        let states = vec![wires.partner_center.wire(), wires.salesforce.wire()];
        worker.standing.wires(states, egress);
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn tell(
    standing: Arc<Standing>,
    system: &'static str,
    mut unkept: watch::Receiver<Option<String>>,
    mut stopped: watch::Receiver<bool>,
) {
    let name = format!("login {system}");
    loop {
        tokio::select! {
            changed = unkept.changed() => if changed.is_err() { return },
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let why = unkept.borrow_and_update().clone();
        let note = why.map(|why| {
            format!(
                "the refresh token that replaces the old one is in memory alone: {why}; put that right before \
                 the service ends, or sign in again: `cosell login`"
            )
        });
        standing.note(&name, note);
    }
}
