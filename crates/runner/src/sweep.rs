//! Looks through Partner Center's list for changes whose webhook call was lost, as hints.
//!
//! In: the list ordered by last change, a watermark. Out: hints, and the watermark moved once all of
//! them are kept. Must not know: what a change means.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use connect::partner_center::{List, Order, Referral};
use jiff::Timestamp;
use mapping::decision::Side;
use mapping::schema::System;

use crate::clock::earlier;
use crate::echo;
use crate::half::is_microsofts;
use crate::poll::{SeenVersions, Setback};
use crate::store::{Alias, Hint, Source, Store};
use crate::wires::Wires;
use crate::worker::Worker;

const WATERMARK: &str = "sweep:referrals";
/// The most pages of one sweep; the rest waits for the next one.
const MOST_PAGES: usize = 2000;
/// How long hashes of events and closed intents are kept.
const KEPT: Duration = Duration::from_hours(720);

/// Sweeps, round after round.
#[derive(Debug)]
pub(crate) struct Sweeper<S, W> {
    worker: Arc<Worker<S, W>>,
    seen: SeenVersions,
    /// What was not changed since then is the backfill's.
    old_before: Option<Timestamp>,
}

impl<S: Store, W: Wires> Sweeper<S, W> {
    pub(crate) fn new(worker: Arc<Worker<S, W>>) -> Self {
        Self { worker, seen: SeenVersions::default(), old_before: None }
    }

    /// Leaves what was not changed since then to the backfill.
    pub(crate) fn leave_old(&mut self, before: Option<Timestamp>) {
        self.old_before = before;
    }

    /// One sweep; how many hints were kept.
    pub(crate) async fn round(&mut self) -> Result<u64, Setback> {
        let kept = self.worker.store.cursor(WATERMARK).await?;
        let watermark: Option<Timestamp> = kept.as_deref().and_then(|text| text.parse().ok());
        let oldest = watermark.map(|at| earlier(at, self.worker.limits.overlap));
        let oldest = oldest.max(self.old_before);
        let mut list = List { filter: None, order: Order::UpdatedDescending, token: None };
        let (mut newest, mut hints, mut whole) = (watermark, 0, false);
        let mut listed = HashSet::new();
        for _ in 0..MOST_PAGES {
            let page = self.worker.wires.referrals(&list).await;
            let page = page.map_err(|error| Setback::Wire(System::PartnerCenter, error))?;
            hints += self.accept(&page.records).await?;
            listed.extend(page.records.iter().map(|referral| referral.id.as_str().to_owned()));
            let updated = page.records.iter().filter_map(|referral| referral.updated);
            newest = updated.clone().fold(newest, |newest, at| newest.max(Some(at)));
            let reached = oldest.is_some_and(|oldest| updated.min().is_some_and(|at| at < oldest));
            match page.next {
                Some(next) if !reached => list.token = Some(next),
                Some(_) | None => {
                    whole = true;
                    break;
                }
            }
        }
        // A sweep that was cut off starts from the same watermark again.
        if whole
            && newest > watermark
            && let Some(newest) = newest
        {
            self.worker.store.advance(WATERMARK, kept, newest.to_string()).await?;
        }
        // A page may reach further back than was asked for: what it lists again was looked at.
        if whole {
            self.seen.keep_only(&listed);
        }
        let now = self.worker.clock.now();
        self.worker.store.prune(earlier(now, KEPT)).await?;
        self.worker.standing.at("sweep", now);
        self.worker.standing.accepted(System::PartnerCenter);
        Ok(hints)
    }

    async fn accept(&mut self, referrals: &[Referral]) -> Result<u64, Setback> {
        let mut hints = Vec::new();
        let mut versions = Vec::new();
        let is_old = |at: Timestamp| self.old_before.is_some_and(|before| at < before);
        for referral in referrals {
            if referral.updated.is_some_and(is_old) {
                continue;
            }
            if !self.seen.is_new(referral.id.as_str(), referral.updated, "") {
                continue;
            }
            versions.push(referral);
            let is_echo = self.worker.in_step.holds(echo::of_referral(referral));
            if !is_echo && self.is_relevant(referral).await? {
                let alias = Alias::Referral(referral.id.clone());
                hints.push(Hint { alias, version: referral.updated });
            }
        }
        let count = u64::try_from(hints.len()).unwrap_or(u64::MAX);
        if !hints.is_empty() {
            let now = self.worker.clock.now();
            self.worker.store.accept(hints, None, Source::Sweep, now).await?;
        }
        for referral in versions {
            self.seen.keep(referral.id.as_str(), referral.updated, "");
        }
        Ok(count)
    }

    /// Whether a referral takes part.
    pub(crate) fn begins(&self, referral: &Referral) -> bool {
        let takes_part = |map: &crate::deal_map::DealMap| {
            map.plan().takes_part(Side::Left, &referral.body).unwrap_or(true)
        };
        self.worker.maps.now().iter().any(takes_part)
    }

    /// A referral matters when it takes part, names a record, belongs to a known deal, or is a half
    /// of Microsoft's that a map reads.
    pub(crate) async fn is_relevant(&self, referral: &Referral) -> Result<bool, Setback> {
        let maps = self.worker.maps.now();
        if referral.external_reference_id.is_some() || self.begins(referral) {
            return Ok(true);
        }
        // Its deal may become known later.
        if is_microsofts(referral) && maps.iter().any(crate::deal_map::DealMap::reads_half) {
            return Ok(true);
        }
        let mut names = vec![Alias::Referral(referral.id.clone())];
        names
            .extend(referral.engagement_id.as_ref().map(|id| Alias::Engagement(id.to_lowercase())));
        for name in names {
            if self.worker.store.owner(name).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
