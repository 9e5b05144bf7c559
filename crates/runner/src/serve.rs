//! The service as a whole: everything is made, started, and ended in order.
//!
//! In: a configuration, a bound listener, a signal to end. Out: a running service, or why it cannot
//! run. Must not know: how any part does its work. The only shell of the crate beside `config`: it
//! reads maps and schemas.

mod hear;
mod load;
mod logins;
mod register;
mod reload;
mod rounds;
mod walk;

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connect::salesforce::Auth;
use connect::webhook::{Trust, Verifier};
use connect::{PartnerCenter, PartnerCenterConfig, Salesforce, SalesforceConfig, Timeouts};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{Config, Events, SalesforceSettings, SalesforceSignIn, TrustSetting};
use crate::error::Error;
use crate::hear::watched;
use crate::intake::{Intake, WEBHOOK_PATH, router};
use crate::listen::Capped;
use crate::maps::InService;
use crate::maps::shelf::Packed;
use crate::standing::Standing;
use crate::store::{Role, SqliteStore};
use crate::wires::LiveWires;
use crate::worker::{Tripwire, Worker, work};

pub use load::{base_beside, load_maps, open_store};
pub use reload::{ASKED, Asked, in_service};

/// How long calls that came in may take to end: whoever is cut off comes again.
const HANG_UP: Duration = Duration::from_secs(1);
/// How long running work may take to end.
const DRAIN: Duration = Duration::from_secs(20);

/// The service serves now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The address of console, status and probes.
    pub address: SocketAddr,
    /// The path of the webhook on it.
    pub webhook_path: String,
}

/// Runs the service until `shutdown`. `ready` is called once it serves.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(Ready),
) -> Result<(), Error> {
    let files = reload::MapFiles::of(&config);
    let (bundle, made) = files.begin()?;
    let packed = Packed::of(&bundle, &made);
    let store = Arc::new(load::open_store(&config.store, Role::Runner)?);
    let wires = Arc::new(live_wires(&config)?);
    let maps = Arc::new(InService::new(made.maps));
    let intake = intake(&config, maps.clone(), store.clone())?;
    let webhook_path = webhook_path(&config);
    let address = listener.local_addr().map_err(Error::Listen)?;
    let (stop, stopped) = watch::channel(false);
    let worker = Arc::new(Worker {
        store,
        wires,
        maps,
        limits: config.limits.clone(),
        clock: Clock::Machine,
        standing: intake.standing.clone(),
        tripwire: Tripwire::default(),
    });
    let mut tasks = start(&config, &worker, &intake.wake, &stopped);
    let again = Arc::new(Notify::new());
    let watch = reload::Watch::new(files, &bundle, &config, worker.clone(), again.clone());
    watch.put_away(&packed);
    tasks.spawn(reload::keep(watch, stopped.clone()));
    tasks.spawn(walk::keep(worker, again, intake.wake.clone(), stopped.clone()));
    ready(Ready { address, webhook_path });
    tracing::info!(%address, "serving");
    let server = axum::serve(Capped::new(listener, config.limits.connections), router(intake));
    let mut ending = stopped.clone();
    let server = server.with_graceful_shutdown(async move {
        let _ = ending.wait_for(|stop| *stop).await;
    });
    tasks.spawn(async move {
        tokio::select! {
            served = server.into_future() => if let Err(error) = served {
                tracing::error!(%error, "the listener failed");
            },
            () = hung_up(stopped) => {}
        }
    });
    shutdown.await;
    tracing::info!("ending");
    // INVARIANT: the receivers live in the tasks; when all have ended there is nobody to tell.
    let _ = stop.send(true);
    let drained = tokio::time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!("work was cut off; its intents are settled at the next start");
    }
    Ok(())
}

/// Ends a little after the service was told to end: a caller that is slow is not waited for.
async fn hung_up(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
    tokio::time::sleep(HANG_UP).await;
}

/// Starts everything that works by itself.
fn start(
    config: &Config,
    worker: &Arc<Worker<SqliteStore, LiveWires>>,
    wake: &Arc<Notify>,
    stopped: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..config.limits.workers {
        tasks.spawn(work(worker.clone(), wake.clone(), stopped.clone()));
    }
    let ears = Arc::new(hear::Ears::default());
    tasks.spawn(rounds::poll(worker.clone(), wake.clone(), ears.clone(), stopped.clone()));
    match config.salesforce.events.clone() {
        Events::Poll => {}
        Events::PubSub { address } => {
            let (worker, wake) = (worker.clone(), wake.clone());
            let ground = hear::Ground { worker, ears, wake, pubsub: address };
            for watched in watched(&ground.worker.maps.now()) {
                tasks.spawn(hear::listen(ground.clone(), watched, stopped.clone()));
            }
        }
    }
    tasks.spawn(rounds::sweep(worker.clone(), wake.clone(), stopped.clone()));
    logins::watch_over(worker, stopped, &mut tasks);
    let webhook = config.partner_center.webhook.clone();
    let url = webhook_url(config);
    tasks.spawn(register::keep(worker.clone(), webhook, url, stopped.clone()));
    tasks
}

/// The webhook's address as Microsoft reaches it, when the configuration says under which name.
pub fn webhook_url(config: &Config) -> Option<String> {
    let url = config.partner_center.webhook.public_url.as_ref()?;
    Some(format!("{}{}", url.trim_end_matches('/'), webhook_path(config)))
}

fn webhook_path(config: &Config) -> String {
    match &config.webhook_secret {
        Some(secret) => format!("{WEBHOOK_PATH}/{}", secret.reveal()),
        None => WEBHOOK_PATH.to_owned(),
    }
}

/// Clients for the two systems. Nothing is sent yet.
pub fn live_wires(config: &Config) -> Result<LiveWires, Error> {
    let settings = &config.partner_center;
    let partner_center = PartnerCenter::new(PartnerCenterConfig {
        api: settings.api.clone(),
        webhooks: settings.webhooks.clone(),
        login: settings.login.clone(),
        tenant: settings.tenant.clone(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        refresh_token: settings.refresh_token.clone(),
        timeouts: Timeouts::default(),
    });
    let partner_center = partner_center.map_err(Error::Setting)?;
    Ok(LiveWires {
        partner_center: match settings.refresh_token_file.clone() {
            Some(file) => partner_center.kept_in(Arc::new(file)),
            None => partner_center,
        },
        salesforce: salesforce(&config.salesforce)?,
    })
}

/// A client for the org. Nothing is sent yet.
pub fn salesforce(settings: &SalesforceSettings) -> Result<Salesforce, Error> {
    let client_id = settings.client_id.clone();
    let auth = match settings.sign_in.clone() {
        SalesforceSignIn::Secret(client_secret) => {
            Auth::ClientCredentials { client_id, client_secret }
        }
        SalesforceSignIn::Key { username, private_key_pem } => {
            Auth::Jwt { client_id, username, private_key_pem }
        }
        SalesforceSignIn::Refresh { client_secret, token, .. } => {
            Auth::Refresh { client_id, client_secret, refresh_token: token }
        }
    };
    let client = Salesforce::new(SalesforceConfig {
        login: settings.login.clone(),
        instance: None,
        auth,
        api_version: settings.api_version.clone(),
        client: "cosell".to_owned(),
        timeouts: Timeouts::default(),
    });
    let client = client.map_err(Error::Setting)?;
    Ok(match &settings.sign_in {
        SalesforceSignIn::Refresh { file: Some(file), .. } => {
            client.kept_in(Arc::new(file.clone()))
        }
        SalesforceSignIn::Refresh { .. }
        | SalesforceSignIn::Secret(_)
        | SalesforceSignIn::Key { .. } => client,
    })
}

fn intake(
    config: &Config,
    maps: Arc<InService>,
    store: Arc<SqliteStore>,
) -> Result<Arc<Intake<SqliteStore>>, Error> {
    let trust = match config.partner_center.webhook.trust.clone() {
        TrustSetting::Pinned { certificate_pem } => Trust::Pinned { certificate_pem },
        TrustSetting::Microsoft { hosts, roots_pem, subject } => {
            Trust::Microsoft { hosts, roots_pem, subject }
        }
    };
    Ok(Arc::new(Intake {
        store,
        verifier: Verifier::new(trust).map_err(Error::Setting)?,
        clock: Clock::Machine,
        standing: Arc::new(Standing::default()),
        wake: Arc::new(Notify::new()),
        max_body_bytes: config.limits.max_body_bytes,
        secret: config.webhook_secret.clone(),
        maps,
    }))
}
