//! Both outside systems on loopback: a Salesforce organisation and Partner Center with its webhooks. In
//! come HTTP calls; out go the answers and webhooks the real ones would give, and faults on request. It
//! must not know the clients that it is there to check.

mod admin;
mod call;
mod claims;
mod clock;
mod database;
mod decimal;
mod deliver;
mod der;
mod due;
mod edge;
mod fault;
mod house;
mod html;
mod journal;
mod moving;
mod outbox;
mod partner_center;
mod plant;
mod remote;
mod salesforce;
mod serve;
mod sign;
mod start;
mod store;
mod tls;
mod undo;
mod usage;
mod wire;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

pub use remote::Remote;

pub use crate::salesforce::Unreadable as UnreadableDescribe;
use crate::{
    admin::Admin,
    fault::Faults,
    house::House,
    journal::Journal,
    partner_center::PartnerCenter,
    salesforce::{Notifier, Salesforce},
    serve::System,
    sign::Signer,
    store::{End, Store},
    usage::Usage,
};
pub use crate::{
    database::StoreError,
    deliver::Patience,
    partner_center::{HtmlEscape, Switch},
    plant::PlantError,
    sign::SignError,
    tls::TlsError,
};

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state folder could not be made.
    #[error("the state folder could not be made: {0}")]
    Folder(#[source] io::Error),
    /// The state could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no webhook signing key.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The records that it begins with could not be made.
    #[error(transparent)]
    Plant(#[from] PlantError),
    /// There is no https listener.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address is in use.
    #[error(
        "the sandbox cannot listen on 127.0.0.1:{port}: {source}; give another port, or 0 for a free one"
    )]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// An object of the organisation cannot be read.
    #[error(transparent)]
    Org(#[from] UnreadableDescribe),
    /// The sender of webhooks could not be made.
    #[error("the sender of webhooks could not be made: {0}")]
    Client(String),
}

/// A port for each listener; 0 takes the one of the last start, or a free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// Salesforce.
    pub salesforce: u16,
    /// Salesforce over https.
    pub salesforce_https: u16,
    /// Partner Center's API.
    pub partner_center: u16,
    /// Partner Center's webhooks host.
    pub webhooks: u16,
    /// The administration.
    pub admin: u16,
    /// Salesforce's Pub/Sub API.
    pub pubsub: u16,
}

/// How a sandbox is set up. `Config::default()` keeps nothing and takes free ports.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything is kept; `None`: in memory only.
    pub state: Option<PathBuf>,
    /// Where it listens.
    pub ports: Ports,
    /// How long the access tokens last that clients get.
    pub token_life: Duration,
    /// The calls a day that Salesforce speaks of in `Sforce-Limit-Info`.
    pub daily_calls: u32,
    /// Which of Partner Center's texts leave HTML-escaped.
    pub html_escape: HtmlEscape,
    /// How webhooks are tried.
    pub patience: Patience,
    /// Objects of the Salesforce organisation as describe answers have them, beside the standard ones and
    /// in the place of those of the same name.
    pub describes: Vec<Value>,
    /// The file that moves the sandbox's clock; without one, `clock` in the state folder.
    pub clock: Option<PathBuf>,
    /// What of Partner Center is less strict than by default.
    pub partner_center: Vec<Switch>,
    /// What kind of Salesforce organisation a new state is.
    pub org_kind: OrgKind,
    /// How many referrals a new state begins with, and the accounts, contacts and opportunities beside them.
    pub referrals: u32,
    /// The same seed makes the same records.
    pub seed: u64,
    /// Whether Salesforce lets users in by name and password (OAuth's password grant and SOAP `login`),
    /// as organisations did before these ways were retired.
    pub password_logins: bool,
    /// How long a device that waits for its user's sign-in waits between two polls.
    pub device_poll: Duration,
    /// The longest silence on a Pub/Sub stream that waits for events.
    pub keep_alive: Duration,
    /// How long a poll of the Streaming API is held that has nothing to say.
    pub poll_hold: Duration,
}

/// What a Salesforce organisation says of itself in `Organization.IsSandbox`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrgKind {
    /// A sandbox.
    #[default]
    Sandbox,
    /// A production organisation.
    Production,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state: None,
            ports: Ports::default(),
            token_life: Duration::from_hours(2),
            daily_calls: 100_000,
            html_escape: HtmlEscape::default(),
            patience: Patience::default(),
            describes: Vec::new(),
            clock: None,
            partner_center: Vec::new(),
            org_kind: OrgKind::Sandbox,
            referrals: 0,
            seed: 1,
            password_logins: true,
            device_poll: Duration::from_secs(5),
            keep_alive: Duration::from_secs(270),
            poll_hold: Duration::from_secs(110),
        }
    }
}

/// Where a sandbox listens: scheme, host and port, without a slash at the end.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Salesforce: login host and instance in one.
    pub salesforce: String,
    /// The same over https, for clients that speak nothing else.
    pub salesforce_https: String,
    /// Partner Center's API and its token endpoint.
    pub partner_center: String,
    /// Partner Center's webhooks host.
    pub webhooks: String,
    /// The administration.
    pub admin: String,
    /// Salesforce's Pub/Sub API: gRPC, with or without TLS.
    pub pubsub: String,
}

/// What a client of the sandbox needs to be let in. These are secrets of the sandbox alone.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// For Salesforce.
    pub salesforce: SalesforceCredentials,
    /// For both hosts of Partner Center.
    pub partner_center: PartnerCenterCredentials,
    /// The administration's bearer token.
    pub admin_token: String,
}

/// What a client of Salesforce needs.
#[derive(Debug, Clone)]
pub struct SalesforceCredentials {
    /// The connected application, which runs as the integration user.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// A refresh token of the integration user.
    pub refresh_token: String,
    /// A long-lived access token of a sales rep.
    pub access_token: String,
    /// The integration user's name.
    pub username: String,
    /// The password of every user.
    pub password: String,
    /// The security token that may follow the password.
    pub security_token: String,
    /// The connected application's private key in PEM, to sign assertions (JWT bearer) with.
    pub private_key_pem: String,
    /// The authority to trust for the https address, in PEM.
    pub authority_pem: String,
    /// The organisation's id, which the Pub/Sub API asks for.
    pub organization: String,
}

/// What a client of Partner Center needs.
#[derive(Debug, Clone)]
pub struct PartnerCenterCredentials {
    /// The directory that the token endpoint's path names.
    pub tenant: String,
    /// The registered application.
    pub client_id: String,
    /// Its secret, which it need not send unless it acts without a user.
    pub client_secret: String,
    /// The service's refresh token.
    pub refresh_token: String,
    /// A long-lived access token of a person at the partner, good for both hosts.
    pub access_token: String,
}

/// Both systems, running. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Sandbox {
    addresses: Addresses,
    credentials: Credentials,
    certificate_pem: String,
    root_pem: String,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// The order of the listeners.
const SYSTEMS: [System; 5] = [
    System::Salesforce,
    System::PartnerCenter,
    System::Webhooks,
    System::Admin,
    System::Salesforce,
];
/// The place of the listener that speaks https.
const SECURE: usize = 4;

impl Sandbox {
    /// Starts both systems on 127.0.0.1. Must run inside a tokio runtime.
    pub async fn start(config: Config) -> Result<Self, Error> {
        if let Some(folder) = &config.state {
            start::make_private(folder).map_err(Error::Folder)?;
        }
        let store = Arc::new(Store::open(config.state.as_deref(), start::clock(&config))?);
        let signer = Signer::open(config.state.as_deref())?;
        let org = salesforce::org(&config.describes)?;
        let (mut listeners, addresses) = start::listen(&store, config.ports).await?;
        let streams = listeners.pop();
        let (credentials, home, partner, identity) = store.transaction::<_, Error>(|tx| {
            Ok(End::Keep(start::settle(tx, &config, &addresses, org)?))
        })?;
        start::plant(&store, &config, &credentials, &home, &partner).await?;
        let certificate_pem = signer.certificate_pem().to_owned();
        let root_pem = signer.root_pem().to_owned();
        let courier = start::courier(&store, signer, &addresses, config.patience.clone())?;
        let faults = Arc::new(Faults::open(&store)?);
        let journal = Arc::new(Journal::default());
        let usage = Arc::new(Usage::default());
        let (stop, stopping) = watch::channel(false);
        let waits = (config.keep_alive, config.poll_hold);
        let (names, notes) = ((&home, &addresses), (&journal, &faults));
        let notifier = Arc::new(Notifier::new(&store, names, notes, &stopping, waits));
        let house = Arc::new(House {
            salesforce: Salesforce::new(
                home.clone(),
                &addresses.salesforce_https,
                Arc::clone(&store),
            ),
            partner_center: PartnerCenter { home: partner.clone(), store: Arc::clone(&store) },
            admin: Admin {
                store: Arc::clone(&store),
                courier: Arc::clone(&courier),
                salesforce: home,
                partner,
                token: credentials.admin_token.clone(),
                faults: Arc::clone(&faults),
                journal: Arc::clone(&journal),
                usage: Arc::clone(&usage),
                notifier: Arc::clone(&notifier),
            },
            courier: Arc::clone(&courier),
            store: Arc::clone(&store),
            faults,
            journal,
            usage,
            notifier: Arc::clone(&notifier),
        });
        let passing = partner_center::live(&house.partner_center, stopping.clone());
        let mut tasks =
            vec![courier.run(stopping.clone()), passing, start::save(store, stopping.clone())];
        if let Some(streams) = streams {
            let door = tls::Door::either(streams, &identity)?;
            tasks.extend(notifier.run(door).map_err(Error::Client)?);
        }
        for (door, system) in start::doors(listeners, &identity)?.into_iter().zip(SYSTEMS) {
            tasks.push(serve::serve(door, Arc::clone(&house), system, stopping.clone()));
        }
        Ok(Self { addresses, credentials, certificate_pem, root_pem, stop, tasks })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// What clients need.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The certificate of whoever signs the webhooks.
    pub fn webhook_certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The root to which that certificate leads.
    pub fn webhook_root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Addresses and credentials as scripts read them. It holds secrets: write it for its owner only.
    pub fn ready(&self) -> Value {
        let Credentials { salesforce, partner_center, admin_token } = &self.credentials;
        json!({
            "salesforce": {
                "url": self.addresses.salesforce,
                "https_url": self.addresses.salesforce_https,
                "access_token": salesforce.access_token,
                "refresh_token": salesforce.refresh_token,
                "client_id": salesforce.client_id,
                "client_secret": salesforce.client_secret,
                "username": salesforce.username,
                "password": salesforce.password,
                "security_token": salesforce.security_token,
                "private_key_pem": salesforce.private_key_pem,
                "authority_pem": salesforce.authority_pem,
                "organization": salesforce.organization,
                "pubsub_url": self.addresses.pubsub,
            },
            "partner_center": {
                "url": self.addresses.partner_center,
                "webhooks_url": self.addresses.webhooks,
                "access_token": partner_center.access_token,
                "refresh_token": partner_center.refresh_token,
                "client_id": partner_center.client_id,
                "client_secret": partner_center.client_secret,
                "tenant": partner_center.tenant,
            },
            "admin": { "url": self.addresses.admin, "token": admin_token },
        })
    }

    /// Lets running calls end, five seconds at most, and stops.
    pub async fn stop(self) {
        // Nobody listening any more is as good as stopped.
        let _ = self.stop.send(true);
        for mut task in self.tasks {
            if tokio::time::timeout(Duration::from_secs(5), &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}
