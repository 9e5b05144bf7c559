//! What a service that starts would do with the deals that are there already. Nothing is written.
//!
//! In: both systems' lists, the maps. Out: counts: what would be linked, created on each side, changed by field,
//! and what would wait for a person. Must not know: the store; whoever is linked already is in step or changed.

use std::collections::{BTreeMap, BTreeSet};

use connect::partner_center::{List, Order, Referral};
use connect::salesforce::{Filter, Row, behind};
use connect::{Error, Lane};
use jiff::Timestamp;
use mapping::decision::{Base, Effect, Input, Seen, Side};
use mapping::schema::System;
use serde::Serialize;

use crate::deal_map::DealMap;
use crate::half::{self, Half};
use crate::wires::Wires;

/// How many records one query may answer with.
const PAGE: u32 = 1000;
/// The most pages of referrals.
const MOST_PAGES: usize = 5000;
/// So many examples of each finding are named.
const NAMED: usize = 10;

/// Deals of one kind, and a few of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// The ids of the first ones.
    pub first: Vec<String>,
}

impl Group {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(id.to_owned());
        }
    }
}

/// What would be done by one map.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// The map.
    pub map: String,
    /// The CRM object.
    pub object: String,
    /// Pairs that name one another and agree: they are linked, nothing is written.
    pub agree: Group,
    /// Pairs that name one another and differ.
    pub differ: Group,
    /// Of the pairs that differ: how often each field would be written, by `SYSTEM FIELD`.
    pub fields: BTreeMap<String, u64>,
    /// Records that would be made in Salesforce, by their referrals.
    pub new_records: Group,
    /// Referrals that would be made in Partner Center, by their records.
    pub new_referrals: Group,
    /// Deals of which Microsoft would be asked for help.
    pub asked: Group,
    /// Deals that would wait for a person, by what is wrong with them.
    pub parked: BTreeMap<String, Group>,
    /// Referrals and records that take no part.
    pub left_alone: u64,
}

/// Looks through both systems, as the background does.
pub async fn outlook<W: Wires>(
    wires: &W,
    maps: &[DealMap],
    now: Timestamp,
) -> Result<Vec<Outlook>, (System, Error)> {
    Lane::Backfill
        .run(async {
            let referrals = referrals(wires).await?;
            let mut all = Vec::new();
            for map in maps {
                let records = records(wires, map).await?;
                all.push(weigh(map, &referrals, &records, now));
            }
            Ok(all)
        })
        .await
}

async fn referrals<W: Wires>(wires: &W) -> Result<Vec<Referral>, (System, Error)> {
    let mut list = List { filter: None, order: Order::CreatedAscending, token: None };
    let mut all = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = wires.referrals(&list).await;
        let page = page.map_err(|error| (System::PartnerCenter, error))?;
        all.extend(page.records);
        match page.next {
            Some(next) => list.token = Some(next),
            None => break,
        }
    }
    Ok(all)
}

async fn records<W: Wires>(wires: &W, map: &DealMap) -> Result<Vec<Row>, (System, Error)> {
    let (mut since, mut after, mut all) = (Timestamp::UNIX_EPOCH, None, Vec::new());
    loop {
        let filter = Filter::ModifiedSince { since, after, also: Vec::new(), limit: PAGE };
        let rows = wires.rows(map.object(), map.select(), &filter).await;
        let rows = rows.map_err(|error| (System::Salesforce, error))?;
        let next = behind(&rows, rows.last().and_then(|row| row.modified), PAGE);
        all.extend(rows);
        match next {
            Some((stamp, id)) => (since, after) = (stamp, Some(id)),
            None => return Ok(all),
        }
    }
}

/// What one map would do with these.
fn weigh(map: &DealMap, referrals: &[Referral], records: &[Row], now: Timestamp) -> Outlook {
    let plan = map.plan();
    let (name, object) = (plan.name().to_owned(), map.object().to_owned());
    let mut outlook = Outlook { map: name, object, ..Outlook::default() };
    let mut by_key: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for row in records {
        match plan.key_of(Side::Right, &row.body) {
            Ok(Some(key)) => by_key.entry(key.to_lowercase()).or_default().push(row),
            Ok(None) => unnamed.push(row),
            Err(fault) => outlook.wait(fault.code.name(), row.id.as_str()),
        }
    }
    let mut paired: BTreeSet<&str> = BTreeSet::new();
    let halves = halves(map, referrals);
    for referral in &halves {
        let id = referral.id.as_str();
        // The record names the referral, or the referral names the record.
        let named = by_key.remove(&id.to_lowercase()).unwrap_or_default();
        let reference = referral.external_reference_id.as_deref();
        let by_reference =
            || unnamed.iter().copied().find(|row| Some(row.id.as_str()) == reference);
        match named.as_slice() {
            [] => match by_reference() {
                Some(row) => {
                    paired.insert(row.id.as_str());
                    outlook.pair(map, Some(referral), Some(row), now);
                }
                None => outlook.pair(map, Some(referral), None, now),
            },
            [row] => outlook.pair(map, Some(referral), Some(row), now),
            [..] => outlook.wait("named-by-several-records", id),
        }
    }
    for row in by_key.into_values().flatten() {
        outlook.wait("names-a-referral-that-is-not-listed", row.id.as_str());
    }
    for row in unnamed.into_iter().filter(|row| !paired.contains(row.id.as_str())) {
        outlook.pair(map, None, Some(row), now);
    }
    outlook
}

/// The referrals, each with Microsoft's half of its engagement, as the service reads them.
fn halves(map: &DealMap, referrals: &[Referral]) -> Vec<Referral> {
    let is_joined = |one: &&Referral| half::is_microsofts(one) && one.engagement_id.is_some();
    let joined: BTreeMap<&str, &Referral> = referrals
        .iter()
        .filter(is_joined)
        .filter_map(|half| Some((half.engagement_id.as_deref()?, half)))
        .collect();
    let woven = |own: &Referral| {
        let half = own.engagement_id.as_deref().and_then(|engagement| joined.get(engagement));
        let half = half.filter(|_| map.names_half() && !half::is_microsofts(own));
        let body = half.map_or_else(
            || own.body.clone(),
            |half| Half::There(half.body.clone()).woven_into(&own.body, Some(&half.id)),
        );
        Referral { body, ..own.clone() }
    };
    referrals.iter().map(woven).collect()
}

impl Outlook {
    fn wait(&mut self, code: &str, id: &str) {
        self.parked.entry(code.to_owned()).or_default().add(id);
    }

    /// What becomes of one pair, or of one record without its partner.
    fn pair(
        &mut self,
        map: &DealMap,
        referral: Option<&Referral>,
        row: Option<&Row>,
        now: Timestamp,
    ) {
        let plan = map.plan();
        let base = Base::default();
        let left = referral.map(|referral| Seen { body: &referral.body, stamp: referral.updated });
        let right = row.map(|row| Seen { body: &row.body, stamp: row.modified });
        let id = row.map(|row| row.id.as_str());
        let id = id.or(referral.map(|one| one.id.as_str())).unwrap_or_default();
        let decision = match plan.reconcile(&Input { left, right, base: &base, now }) {
            Ok(decision) => decision,
            Err(fault) => return self.wait(fault.code.name(), id),
        };
        if let Some(fault) = &decision.refused {
            return self.wait(fault.code.name(), id);
        }
        for fault in &decision.parked {
            self.wait(fault.code.name(), id);
        }
        if matches!(decision.left, Effect::Invite(_)) {
            self.asked.add(id);
        }
        match (&decision.left, &decision.right) {
            (Effect::Create(_), _) => self.new_referrals.add(id),
            (_, Effect::Create(_)) => self.new_records.add(id),
            (Effect::Nothing | Effect::Invite(_), Effect::Nothing)
                if referral.is_some() && row.is_some() =>
            {
                self.agree.add(id);
            }
            (Effect::Nothing | Effect::Invite(_), Effect::Nothing) => self.left_alone += 1,
            (left, right) => {
                self.differ.add(id);
                for (system, effect) in [("Partner Center", left), ("Salesforce", right)] {
                    let Effect::Update { changes, children } = effect else { continue };
                    for change in changes {
                        *self.fields.entry(format!("{system} {}", change.path)).or_default() += 1;
                    }
                    if !children.is_empty() {
                        *self.fields.entry(format!("{system} related records")).or_default() += 1;
                    }
                }
            }
        }
    }
}
