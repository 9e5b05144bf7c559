//! Fills the backlog: reads both systems' lists to their ends, a page at a time, and leaves the rest to the workers.
//!
//! In: what both systems list, oldest first. Out: records that nobody knows, in the store's queue. Must not know:
//! what becomes of them. A page and the place after it are kept in one step.

use std::sync::Arc;

use connect::partner_center::{List, Order};
use connect::salesforce::{Filter, Select, behind};
use connect::{Error, RecordId};
use jiff::Timestamp;
use mapping::schema::System;
use serde::{Deserialize, Serialize};

use crate::deal_map::DealMap;
use crate::poll::{Poller, Setback};
use crate::store::{Alias, BackfillState, Backlog, Hint, PLACES, Store};
use crate::sweep::Sweeper;
use crate::wires::Wires;
use crate::worker::Worker;

/// The list of referrals; those of records go by their object.
const REFERRALS: &str = "referrals";
/// How many records one query may answer with.
const PAGE: u32 = 1000;

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// Of referrals: the token of the next page.
    token: Option<String>,
    /// Of records: the change and the id of the last one.
    last: Option<(Timestamp, String)>,
    /// Nothing comes any more.
    is_end: bool,
}

impl Place {
    fn read(kept: Option<&str>) -> Self {
        kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A page of a list.
struct Page {
    listed: usize,
    records: Vec<Hint>,
    next: Place,
}

/// Reads the lists, step after step.
#[derive(Debug)]
pub(crate) struct Filler<S, W> {
    worker: Arc<Worker<S, W>>,
    sweeper: Sweeper<S, W>,
    poller: Poller<S, W>,
}

impl<S: Store + Backlog, W: Wires> Filler<S, W> {
    pub(crate) fn new(worker: Arc<Worker<S, W>>) -> Self {
        let (sweeper, poller) = (Sweeper::new(worker.clone()), Poller::new(worker.clone()));
        Self { worker, sweeper, poller }
    }

    /// One page, when one is to be read; whether another one is.
    pub(crate) async fn step(&mut self) -> Result<bool, Setback> {
        let store = self.worker.store.clone();
        if store.stage().await?.state != BackfillState::Running {
            return Ok(false);
        }
        let maps = self.worker.maps.now();
        let lists = std::iter::once(None).chain(maps.iter().map(Some));
        for map in lists {
            let list = map.map_or(REFERRALS, DealMap::object);
            let kept = store.cursor(&format!("{PLACES}{list}")).await?;
            let place = Place::read(kept.as_deref());
            if place.is_end {
                continue;
            }
            let page = match map {
                None => self.referrals(&place).await,
                Some(map) => self.records(map, &place).await,
            };
            let page = match page {
                // A place that is not known any more: from the beginning; what is known is left out.
                Err(Setback::Wire(_, Error::Refused { .. })) if place != Place::default() => {
                    Page { listed: 0, records: Vec::new(), next: Place::default() }
                }
                other => other?,
            };
            let listed = u64::try_from(page.listed).unwrap_or(u64::MAX);
            // A person may have spoken meanwhile: then nothing of it is kept.
            store.keep_page(list, kept, page.next.write(), listed, page.records).await?;
            return Ok(true);
        }
        store.end_lists(self.worker.clock.now()).await?;
        Ok(false)
    }

    async fn referrals(&self, place: &Place) -> Result<Page, Setback> {
        let token = place.token.clone();
        let list = List { filter: None, order: Order::CreatedAscending, token };
        let page = self.worker.wires.referrals(&list).await;
        let page = page.map_err(|error| Setback::Wire(System::PartnerCenter, error))?;
        let mut records = Vec::new();
        for referral in &page.records {
            if self.sweeper.is_relevant(referral).await? {
                let alias = Alias::Referral(referral.id.clone());
                records.push(Hint { alias, version: referral.updated });
            }
        }
        let is_end = page.next.is_none();
        let next = Place { token: page.next, last: None, is_end };
        Ok(Page { listed: page.records.len(), records, next })
    }

    async fn records(&self, map: &DealMap, place: &Place) -> Result<Page, Setback> {
        let (since, after) = match place.last.clone() {
            // What is no id is no place: from the beginning.
            Some((since, id)) if let Ok(id) = RecordId::parse(&id) => (since, Some(id)),
            Some(_) | None => (Timestamp::UNIX_EPOCH, None),
        };
        let filter = Filter::ModifiedSince { since, after, also: Vec::new(), limit: PAGE };
        let fields = map.select().fields.clone();
        let select = Select { fields, ..Select::default() };
        let rows = self.worker.wires.rows(map.object(), &select, &filter).await;
        let rows = rows.map_err(|error| Setback::Wire(System::Salesforce, error))?;
        let mut records = Vec::new();
        for row in &rows {
            let alias = self.poller.relevant(map, row).await?;
            records.extend(alias.map(|alias| Hint { alias, version: row.modified }));
        }
        let last = behind(&rows, rows.last().and_then(|row| row.modified), PAGE)
            .map(|(at, id)| (at, id.to_string()));
        let next = Place { token: None, is_end: last.is_none(), last };
        Ok(Page { listed: rows.len(), records, next })
    }
}
