//! One environment while the service runs: its state, its wires, everything that works for it.
//!
//! In: its settings. Out: a place for hints, and work from the moment at which the organisation has said that
//! it is of the right kind. Must not know: the listener, the other environments beyond a shared account.

use std::sync::Arc;

use connect::PartnerCenter;
use mapping::schema::System;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::{
    hear, load, logins, map_files, partner_center, register, reload, rounds, salesforce, walk,
    webhook_url,
};
use crate::clock::{Clock, earlier, later};
use crate::config::{Config, Events, OldDeals, OrgKind, PartnerCenterSettings};
use crate::echo::InStep;
use crate::error::Error;
use crate::hear::watched;
use crate::intake::Room;
use crate::maps::InService;
use crate::maps::shelf::Packed;
use crate::standing::Standing;
use crate::store::{Backlog, Role, SqliteStore};
use crate::wires::LiveWires;
use crate::worker::{Tripwire, Worker, work};

/// What is noted while the organisation has not answered.
const NOTE: &str = "organisation";
const UNSEEN: &str =
    "it does not say whether it is a sandbox; let the sync user see Organization.IsSandbox";

/// An environment that was made and does not work yet.
pub(super) struct Open {
    config: Config,
    worker: Arc<Worker<SqliteStore, LiveWires>>,
    wake: Arc<Notify>,
    /// Looks after the files of the maps.
    maps: reload::Watch,
    /// Called when deals are to be looked at with other maps.
    again: Arc<Notify>,
}

/// Makes all of them; nothing is sent yet. Those of one partner account share a client, and so its token
/// and whatever it is told about its pace.
pub(super) fn open(configs: &[Config]) -> Result<Vec<Open>, Error> {
    let mut accounts: Vec<(&PartnerCenterSettings, Arc<PartnerCenter>)> = Vec::new();
    let mut all = Vec::new();
    for config in configs {
        let settings = &config.partner_center;
        let known = accounts.iter().find(|(other, _)| is_same_sign_in(other, settings));
        let client = if let Some((_, client)) = known {
            client.clone()
        } else {
            let client = Arc::new(partner_center(settings, &config.limits)?);
            accounts.push((settings, client.clone()));
            client
        };
        all.push(Open::make(config, client)?);
    }
    Ok(all)
}

fn is_same_sign_in(one: &PartnerCenterSettings, other: &PartnerCenterSettings) -> bool {
    let text = |settings: &PartnerCenterSettings| {
        [&settings.api, &settings.webhooks, &settings.login, &settings.tenant, &settings.client_id]
            .map(String::clone)
    };
    let token = |settings: &PartnerCenterSettings| settings.refresh_token.reveal().to_owned();
    text(one) == text(other) && token(one) == token(other)
}

impl Open {
    fn make(config: &Config, partner_center: Arc<PartnerCenter>) -> Result<Self, Error> {
        let files = map_files::MapFiles::of(config);
        let (found, made, refused) = files.begin(&config.store)?;
        let packed = Packed::of(&found.bundle, &made);
        let wires = LiveWires {
            partner_center,
            salesforce: salesforce(&config.salesforce)?.paced(config.limits.pace(0)),
            reach: config.reach,
        };
        let worker = Worker {
            store: Arc::new(load::open_store(&config.store, Role::Runner)?),
            wires: Arc::new(wires),
            maps: Arc::new(InService::new(made.maps)),
            reach: config.reach,
            limits: config.limits.clone(),
            clock: Clock::Machine,
            standing: Arc::new(Standing::default()),
            tripwire: Tripwire::default(),
            in_step: InStep::default(),
        };
        let (worker, wake) = (Arc::new(worker), Arc::new(Notify::new()));
        let again = Arc::new(Notify::new());
        let mut maps = reload::Watch::new(files, &found, config, worker.clone(), again.clone());
        if let Some(why) = &refused {
            maps.refuse(why.clone(), why);
        }
        maps.put_away(&packed);
        Ok(Self { config: config.clone(), worker, wake, maps, again })
    }

    /// Where hints for it are kept, and what is shown of it.
    pub(super) fn room(&self) -> Room<SqliteStore> {
        Room {
            environment: self.config.environment.clone(),
            reach: self.config.reach,
            store: self.worker.store.clone(),
            standing: self.worker.standing.clone(),
            wake: self.wake.clone(),
            maps: self.worker.maps.clone(),
        }
    }

    /// Before anything is heard: whether deals that are there already are taken in.
    pub(super) async fn prepare(&self) -> Result<(), Error> {
        let Worker { store, limits, clock, .. } = self.worker.as_ref();
        let now = clock.now();
        let asks = match self.config.backfill {
            OldDeals::Auto => None,
            // Another system's clock may be behind.
            OldDeals::Ask => Some(earlier(now, limits.overlap)),
        };
        let (share, at_once) = (limits.backfill_share, limits.backfill_at_once());
        store.prepare_backfill(asks, share, at_once, now).await.map_err(Error::Store)
    }

    /// Works until the service ends. Tells `halted` when it must not: hints are still kept for it then.
    pub(super) async fn live(
        self,
        mut stopped: watch::Receiver<bool>,
        halted: mpsc::UnboundedSender<String>,
    ) {
        let mut tasks = JoinSet::new();
        logins::watch_over(&self.worker, &stopped, &mut tasks);
        let confirmed = tokio::select! {
            confirmed = self.confirm() => confirmed,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        if let Err(why) = confirmed {
            let name = &self.config.environment.name;
            tracing::error!(environment = name, why, "an environment must not run");
            self.worker.standing.halt(&why);
            // INVARIANT: whoever listens lives as long as the service; else it is ending.
            let _ = halted.send(format!("{name}: {why}"));
            return;
        }
        self.start(&stopped, &mut tasks);
        while tasks.join_next().await.is_some() {}
    }

    /// Asks the organisation what it is, again and again until it answers: before that nothing is written,
    /// and nothing is read that would be kept. Error: it is not of the kind that this environment is for.
    async fn confirm(&self) -> Result<(), String> {
        let Worker { wires, standing, limits, clock, .. } = self.worker.as_ref();
        let kind = self.config.environment.kind;
        let mut failures = 0;
        loop {
            let found = wires.salesforce.query(OrgKind::QUERY).await;
            let org = found.as_ref().ok().and_then(|rows| OrgKind::read(rows.first()?));
            if let Some(org) = org {
                standing.note(NOTE, None);
                standing.accepted(System::Salesforce);
                return kind.refuses(&org).map_or(Ok(()), Err);
            }
            let (said, rest) = match found {
                Ok(_) => (UNSEEN.to_owned(), limits.denied_retry),
                Err(connect::Error::Denied { why, who }) => {
                    let (now, rest) = (clock.now(), limits.denied_retry);
                    standing.deny(System::Salesforce, &why, &who, now, later(now, rest));
                    (format!("{why}; {who} must act"), rest)
                }
                Err(error) => (error.to_string(), limits.wait_after(failures)),
            };
            failures = failures.saturating_add(1);
            tracing::warn!(environment = %self.config.environment, said, "the organisation is not known yet");
            standing.note(NOTE, Some(format!("nothing is done until it says what it is: {said}")));
            tokio::time::sleep(rest).await;
        }
    }

    /// Starts everything that works by itself.
    fn start(self, stopped: &watch::Receiver<bool>, tasks: &mut JoinSet<()>) {
        let Self { config, worker, wake, maps, again } = self;
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
        tasks.spawn(rounds::census(worker.clone(), wake.clone(), stopped.clone()));
        tasks.spawn(rounds::backfill(worker.clone(), wake.clone(), stopped.clone()));
        tasks.spawn(rounds::clocks(worker.clone(), stopped.clone()));
        let webhook = config.partner_center.webhook.clone();
        let url = webhook_url(&config);
        tasks.spawn(register::keep(worker.clone(), webhook, url, stopped.clone()));
        tasks.spawn(reload::keep(maps, stopped.clone()));
        tasks.spawn(walk::keep(worker, again, wake, stopped.clone()));
    }
}
