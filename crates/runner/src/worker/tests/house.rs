//! A whole service without sockets: a store on disk, two modelled systems, a clock turned by hand.

use serde_json::{Value, json};

use super::model::{Record, World};
use crate::clock::Clock;
use crate::config::{Limits, Reach};
use crate::deal_map::DealMap;
use crate::echo::InStep;
use crate::maps::InService;
use crate::poll::Poller;
use crate::store::{Alias, Role, Source, SqliteStore, Store, StoreError};
use crate::sweep::Sweeper;
use crate::worker::{Stepped, Tripwire, Worker};

use std::sync::Arc;
use std::time::Duration;

pub(super) type Hands = Arc<Worker<SqliteStore, World>>;

pub(super) struct House {
    folder: tempfile::TempDir,
    pub(super) world: Arc<World>,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) worker: Hands,
}

pub(super) const MAP: &str = include_str!("deal.map");
const INBOUND: &str = include_str!("../../../../../mappings/examples/inbound.json");

pub(super) const REFERRAL: &str = "c2f7b088-a98a-4d0a-b509-fdd40775fcc1";

fn maps(texts: &[&str]) -> Arc<InService> {
    let maps = texts.iter().flat_map(|text| compiled(text));
    Arc::new(InService::new(maps.collect()))
}

/// A map's text, compiled.
pub(super) fn compiled(text: &str) -> Vec<DealMap> {
    let schemas = mapping::schema::Schemas::built_in();
    let compiled = mapping::compile("opportunity.map", text, schemas);
    let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.report.problems()));
    vec![DealMap::new(plan, schemas).unwrap()]
}

async fn open(folder: &tempfile::TempDir) -> SqliteStore {
    loop {
        match SqliteStore::open(&folder.path().join("state.db"), Role::Runner) {
            Ok(store) => return store,
            Err(StoreError::InUse(_) | StoreError::Unavailable(_)) => {
                // The writer of the store before is still closing.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl House {
    pub(super) async fn new() -> Self {
        Self::with_map(MAP).await
    }

    pub(super) async fn with_map(text: &str) -> Self {
        Self::with_maps(&[text]).await
    }

    pub(super) async fn with_maps(texts: &[&str]) -> Self {
        let clock = Clock::hand("2026-03-02T10:00:00Z".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let world = Arc::new(World::new(clock.clone()));
        let limits = Limits::default();
        let worker =
            hands(&folder, &world, &clock, &limits, maps(texts), Tripwire::default()).await;
        Self { folder, world, clock, limits, worker }
    }

    /// Another environment in front of the same two systems, with a store of its own.
    pub(super) async fn beside(&self, reach: Reach) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (world, clock, limits) = (self.world.clone(), self.clock.clone(), self.limits.clone());
        let hands = Worker {
            store: Arc::new(open(&folder).await),
            wires: world.clone(),
            maps: self.worker.maps.clone(),
            reach,
            limits: limits.clone(),
            clock: clock.clone(),
            standing: Arc::default(),
            tripwire: Tripwire::default(),
            in_step: InStep::default(),
        };
        Self { folder, world, clock, limits, worker: Arc::new(hands) }
    }

    /// Ends the worker as a crash would, and starts another one on the same file.
    pub(super) async fn reopen(&mut self, tripwire: Tripwire) {
        let maps = self.worker.maps.clone();
        let (folder, world) = (&self.folder, &self.world);
        // The old store must be gone before the file can be opened again.
        let idle = Worker {
            store: Arc::new(
                SqliteStore::open(&folder.path().join("other.db"), Role::Runner).unwrap(),
            ),
            wires: world.clone(),
            maps: maps.clone(),
            reach: Reach::Both,
            limits: self.limits.clone(),
            clock: self.clock.clone(),
            standing: Arc::default(),
            tripwire: Tripwire::default(),
            in_step: InStep::default(),
        };
        self.worker = Arc::new(idle);
        self.worker = hands(folder, world, &self.clock, &self.limits, maps, tripwire).await;
    }

    /// Loses the state file.
    pub(super) async fn forget(&mut self) {
        let maps = self.worker.maps.clone();
        self.folder = tempfile::tempdir().unwrap();
        let (folder, world, limits) = (&self.folder, &self.world, &self.limits);
        self.worker = hands(folder, world, &self.clock, limits, maps, Tripwire::default()).await;
    }

    pub(super) async fn hint_referral(&self, id: &str) {
        let hint = Alias::Referral(connect::ReferralId::parse(id).unwrap());
        let now = self.clock.now();
        self.worker.store.accept(vec![hint], None, Source::Webhook, now).await.unwrap();
    }

    pub(super) async fn hint_record(&self, id: &str) {
        let id = connect::RecordId::parse(id).unwrap();
        let hint = Alias::Record { object: "Opportunity".to_owned(), id };
        let now = self.clock.now();
        self.worker.store.accept(vec![hint], None, Source::Poll, now).await.unwrap();
    }

    /// Works until nothing is due within ten minutes, turning the clock to what is due.
    pub(super) async fn work(&self) -> Result<usize, StoreError> {
        for steps in 0..500 {
            match self.worker.step().await? {
                Stepped::Worked(_) => self.clock.advance(Duration::from_millis(10)),
                Stepped::Idle(None) => return Ok(steps),
                Stepped::Idle(Some(due)) => {
                    let wait = due.duration_since(self.clock.now());
                    let wait = Duration::try_from(wait).unwrap_or_default();
                    if wait > Duration::from_mins(10) {
                        return Ok(steps);
                    }
                    self.clock.advance(wait + Duration::from_millis(1));
                }
            }
        }
        panic!("the worker does not come to rest: {:?}", self.worker.store.status().await);
    }

    /// Polls, sweeps and works until a whole round brings nothing new.
    pub(super) async fn rest(&self) -> Result<(), StoreError> {
        let mut poller = Poller::new(self.worker.clone());
        let mut sweeper = Sweeper::new(self.worker.clone());
        for _ in 0..40 {
            self.clock.advance(Duration::from_secs(2));
            let found = poller.round(|_| true).await.unwrap() + sweeper.round().await.unwrap();
            self.work().await?;
            if found == 0 {
                return Ok(());
            }
        }
        panic!("the two sides do not come to rest: {:?}", self.world.state().writes);
    }

    pub(super) fn inbound(&self) -> String {
        self.world.add_referral(INBOUND, REFERRAL)
    }

    /// A flagged opportunity with everything that is needed to share it; its id.
    pub(super) fn flagged(&self) -> String {
        let account = self.world.add_row(
            "Account",
            &json!({"Name": "Harrow & Pell Bakeries Ltd", "BillingStreet": "3 Flour Lane",
                "BillingCity": "Leeds", "BillingPostalCode": "LS1 1AA", "BillingCountry": "GB"}),
        );
        let deal = self.world.add_row(
            "Opportunity",
            &json!({"Name": "Harrow & Pell - bakery planning", "StageName": "Needs Analysis",
                "Amount": 48000, "CurrencyIsoCode": "GBP", "CloseDate": "2026-04-30",
                "Description": "Planning for 12 bakeries.", "AccountId": account,
                "Customer_Consent__c": true, "Visible_to_Microsoft__c": false,
                "Sync_with_Partner_Center__c": true}),
        );
        self.world.add_row(
            "Microsoft_Solution__c",
            &json!({"Name": "Route Planner", "Opportunity__c": deal,
                "Solution_Identifier__c": "SOL-30417-EXA"}),
        );
        deal
    }

    pub(super) fn opportunity(&self, id: &str) -> Record {
        self.world.state().rows[&("Opportunity".to_owned(), id.to_owned())].clone()
    }

    pub(super) fn referral(&self, id: &str) -> Record {
        self.world.state().referrals[id].clone()
    }

    /// The only opportunity there is.
    pub(super) fn the_opportunity(&self) -> (String, Record) {
        let mut all = self.world.all("Opportunity");
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The only referral there is.
    pub(super) fn the_referral(&self) -> (String, Record) {
        let state = self.world.state();
        assert_eq!(state.referrals.len(), 1, "{:?}", state.writes);
        state.referrals.iter().next().map(|(id, r)| (id.clone(), r.clone())).unwrap()
    }

    /// The codes of everything that is parked.
    pub(super) async fn parked(&self) -> Vec<String> {
        let status = self.worker.store.status().await.unwrap();
        let causes = status.parked.iter().flat_map(|key| &key.causes);
        causes.map(|cause| cause.code.clone()).collect()
    }

    /// Both systems without what differs from run to run: versions, times, audit texts.
    pub(super) fn essence(&self) -> Value {
        let state = self.world.state();
        let strip = |record: &Record| {
            let mut record = record.clone();
            for name in [
                "eTag",
                "updatedDateTime",
                "createdDateTime",
                "SystemModstamp",
                "LastModifiedDate",
                "CreatedDate",
                "Audit__c",
            ] {
                record.shift_remove(name);
            }
            Value::Object(record)
        };
        let referrals: Vec<Value> = state.referrals.values().map(strip).collect();
        let rows: Vec<(String, Value)> = state
            .rows
            .iter()
            .map(|((object, id), row)| (format!("{object} {id}"), strip(row)))
            .collect();
        json!({"referrals": referrals, "rows": rows})
    }
}

async fn hands(
    folder: &tempfile::TempDir,
    world: &Arc<World>,
    clock: &Clock,
    limits: &Limits,
    maps: Arc<InService>,
    tripwire: Tripwire,
) -> Hands {
    Arc::new(Worker {
        store: Arc::new(open(folder).await),
        wires: world.clone(),
        maps,
        reach: Reach::Both,
        limits: limits.clone(),
        clock: clock.clone(),
        standing: Arc::default(),
        tripwire,
        in_step: InStep::default(),
    })
}
