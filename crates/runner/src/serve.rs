//! The service as a whole: everything is made, started, and ended in order.
//!
//! In: a configuration, a bound listener, a signal to end. Out: a running service, or why it cannot
//! run. Must not know: how any part does its work. One process serves all environments of the file: one
//! listener and one way in, and of everything behind it one each. Files are read and written in `load`.

mod environment;
mod hear;
mod load;
mod logins;
mod map_files;
mod register;
mod reload;
mod rounds;
mod walk;

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connect::salesforce::Auth;
use connect::webhook::{Address, Trust, Verifier};
use connect::{PartnerCenter, PartnerCenterConfig, Salesforce, SalesforceConfig, Secret, Timeouts};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{
    Config, Limits, PartnerCenterSettings, SalesforceSettings, SalesforceSignIn, Site,
    TrustSetting, WebhookSettings,
};
use crate::error::Error;
use crate::intake::{Intake, Room, WEBHOOK_PATH, router};
use crate::listen::Capped;
use crate::standing::Standing;
use crate::store::SqliteStore;
use crate::wires::LiveWires;

pub use load::{base_beside, load_maps, make_home, open_store};
pub use map_files::{could_begin, in_service, only_stable};
pub use reload::{ASKED, Asked};

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

/// Runs all environments until `shutdown`. `ready` is called once it serves. Errors: a part cannot be made,
/// or no environment is left that may run.
pub async fn serve(
    site: Site,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(Ready),
) -> Result<(), Error> {
    let environments = environment::open(&site.environments)?;
    for environment in &environments {
        environment.prepare().await?;
    }
    let intake = intake(&site, environments.iter().map(environment::Open::room).collect())?;
    let webhook_path = webhook_path(site.webhook_secret.as_ref());
    let address = listener.local_addr().map_err(Error::Listen)?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let (halted, mut halts) = mpsc::unbounded_channel();
    let count = environments.len();
    for environment in environments {
        tasks.spawn(environment.live(stopped.clone(), halted.clone()));
    }
    ready(Ready { address, webhook_path });
    tracing::info!(%address, environments = count, "serving");
    let connections = site.environments.iter().map(|config| config.limits.connections).max();
    let listener = Capped::new(listener, connections.unwrap_or(1));
    let server = axum::serve(listener, router(intake));
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
    let ended = tokio::select! {
        () = shutdown => Ok(()),
        why = none_left(&mut halts, count) => Err(Error::Halted(why)),
    };
    tracing::info!("ending");
    // INVARIANT: the receivers live in the tasks; when all have ended there is nobody to tell.
    let _ = stop.send(true);
    let drained = tokio::time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!("work was cut off; its intents are settled at the next start");
    }
    ended
}

/// Ends when every environment had to stop; why they did.
async fn none_left(halts: &mut mpsc::UnboundedReceiver<String>, count: usize) -> Vec<String> {
    let mut why = Vec::new();
    while why.len() < count {
        match halts.recv().await {
            Some(one) => why.push(one),
            None => std::future::pending().await,
        }
    }
    why
}

/// Ends a little after the service was told to end: a caller that is slow is not waited for.
async fn hung_up(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
    tokio::time::sleep(HANG_UP).await;
}

/// The webhook's address as Microsoft reaches it, when the configuration says under which name.
pub fn webhook_url(config: &Config) -> Option<Address> {
    let url = config.partner_center.webhook.public_url.as_ref()?;
    let path = webhook_path(config.webhook_secret.as_ref());
    Some(Address::new(format!("{}{path}", url.trim_end_matches('/'))))
}

fn webhook_path(secret: Option<&Secret>) -> String {
    match secret {
        Some(secret) => format!("{WEBHOOK_PATH}/{}", secret.reveal()),
        None => WEBHOOK_PATH.to_owned(),
    }
}

/// Clients for the two systems. Nothing is sent yet.
pub fn live_wires(config: &Config) -> Result<LiveWires, Error> {
    Ok(LiveWires {
        partner_center: Arc::new(partner_center(&config.partner_center, &config.limits)?),
        salesforce: salesforce(&config.salesforce)?.paced(config.limits.pace(0)),
        reach: config.reach,
    })
}

/// A client for the partner account. Nothing is sent yet.
fn partner_center(
    settings: &PartnerCenterSettings,
    limits: &Limits,
) -> Result<PartnerCenter, Error> {
    let client = PartnerCenter::new(PartnerCenterConfig {
        api: settings.api.clone(),
        webhooks: settings.webhooks.clone(),
        login: settings.login.clone(),
        tenant: settings.tenant.clone(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        refresh_token: settings.refresh_token.clone(),
        timeouts: Timeouts::default(),
    });
    let pace = limits.pace(limits.partner_center_per_minute);
    let client = client.map_err(Error::Setting)?.paced(pace);
    Ok(match settings.refresh_token_file.clone() {
        Some(file) => client.kept_in(Arc::new(file)),
        None => client,
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
    let client = client.map_err(Error::Setting)?.reaching(&settings.hosts);
    Ok(match settings.sign_in.token_file() {
        Some(file) => client.kept_in(Arc::new(file.clone())),
        None => client,
    })
}

/// What judges the signatures of webhooks. Errors name the files that the certificates were read from.
pub fn verifier(settings: &WebhookSettings) -> Result<Verifier, Error> {
    let trust = match settings.trust.clone() {
        TrustSetting::Pinned { certificate_pem } => Trust::Pinned { certificate_pem },
        TrustSetting::Microsoft { hosts, roots_pem, subject } => {
            Trust::Microsoft { hosts, roots_pem, subject }
        }
    };
    let files: Vec<String> =
        settings.trust_files.iter().map(|file| file.display().to_string()).collect();
    Verifier::new(trust).map_err(|error| match error {
        connect::Error::Refused { code, why, fields } => {
            let why = format!("{}: {why}", files.join(", "));
            Error::Setting(connect::Error::Refused { code, why, fields })
        }
        other => Error::Setting(other),
    })
}

/// The way in. All environments believe the same signatures: the configuration sees to it.
fn intake(
    site: &Site,
    environments: Vec<Room<SqliteStore>>,
) -> Result<Arc<Intake<SqliteStore>>, Error> {
    let webhook = site.environments.first().map(|first| &first.partner_center.webhook);
    let verifier = verifier(webhook.ok_or(Error::Halted(Vec::new()))?)?;
    let most = site.environments.iter().map(|config| config.limits.max_body_bytes).max();
    Ok(Arc::new(Intake {
        environments,
        verifier,
        clock: Clock::Machine,
        standing: Arc::new(Standing::default()),
        max_body_bytes: most.unwrap_or_default(),
        secret: site.webhook_secret.clone(),
    }))
}
