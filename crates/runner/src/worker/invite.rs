//! A new referral for an opportunity, made once however often something fails on the way.
//!
//! In: an opportunity and a draft. Out: the referral, linked. Must not know: how the draft was made.
//! Partner Center has no idempotent create: the referral carries the record's id, and after an
//! unknown outcome it is looked for, several times, before another one is made.

use std::time::Duration;

use connect::partner_center::{List, Order, Referral};
use connect::{RecordId, ReferralId};
use jiff::Timestamp;
use mapping::decision::{Decision, Draft};
use mapping::report::shared;
use mapping::schema::System;

use crate::clock::{earlier, later};
use crate::deal_map::DealMap;
use crate::half::is_microsofts;
use crate::store::{Alias, Commit, Ending, IntentKind, OpenIntent, Store};
use crate::wires::Wires;

use super::identity::{Scene, second_claimant};
use super::recover::{base_of_found, base_of_new};
use super::round::Announced;
use super::write::text_change;
use super::{Deal, Halt};

/// How far before the intent the list is searched: clocks differ.
pub(super) const SEARCH_BACK: Duration = Duration::from_mins(10);
/// So often is it looked for a referral that may have been made.
const LOOKS: u32 = 4;
const LOOKING: &str = "looking several times whether the referral was created";
/// The most pages that are searched.
const MOST_PAGES: usize = 200;

impl<S: Store, W: Wires> Deal<'_, S, W> {
    pub(super) async fn create_referral(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        draft: &Draft,
    ) -> Result<Option<Commit>, Halt> {
        let Some(right) = &scene.right else { return Ok(None) };
        self.check_pace().await?;
        let mut draft = draft.clone();
        let reference = scene.map.reference();
        draft.changes.retain(|change| change.path != reference);
        draft.changes.push(text_change(reference, right.id.as_str()));
        let mut announced = Announced {
            object: scene.map.object().to_owned(),
            record: right.id.to_string(),
            source: right.body.clone(),
            entry: self.entry("create-referral", scene, decision, None),
            draft: draft.to_json(),
            ..Announced::default()
        };
        let intent = self.announce(IntentKind::CreateReferral, &announced).await?;
        if !self.may_still_leave(scene, right).await? {
            self.close(intent, Ending::NotApplied).await?;
            return Ok(None);
        }
        self.confirm().await?;
        self.worker.tripwire.pass()?;
        let created = self.worker.wires.create_referral(&announced.draft).await;
        self.worker.tripwire.pass()?;
        let referral = match created {
            Ok(referral) => referral,
            Err(error) => {
                let failure = (System::PartnerCenter, error);
                return self.after_failure(scene, decision, intent, None, failure).await;
            }
        };
        announced.referral = Some(referral.id.to_string());
        self.worker.store.remember(&mut self.claim, intent, announced.write()).await?;
        self.worker.tripwire.pass()?;
        self.adopt_referral(&referral.id).await?;
        self.memo.left_stamp = referral.updated;
        self.memo.writes += 1;
        self.memo.followed = Some(shared(referral.created.unwrap_or_else(|| self.now())));
        let plan = scene.map.plan();
        self.memo.asks = plan.asks(&announced.draft);
        let id = referral.id.as_str();
        self.hold(Commit {
            base: base_of_new(plan, &referral.body, &right.body),
            audit: vec![self.entry("create-referral", scene, decision, Some(id))],
            close: vec![(intent, Ending::Applied)],
            count: vec![
                ("creates_partner_center".to_owned(), 1),
                ("writes_partner_center".to_owned(), 1),
            ],
            ..Commit::default()
        })
        .await?;
        Ok(None)
    }

    async fn adopt_referral(&mut self, id: &ReferralId) -> Result<(), Halt> {
        if self.link(Alias::Referral(id.clone())).await? {
            return Ok(());
        }
        Err(Halt::Park(vec![second_claimant()]))
    }

    /// What came of a create whose outcome is not known.
    pub(super) async fn recover_referral(
        &mut self,
        intent: &OpenIntent,
        mut announced: Announced,
    ) -> Result<(), Halt> {
        // Its webhook call may have told which it is, or the record itself.
        let known = announced.referral.as_deref().and_then(|id| ReferralId::parse(id).ok());
        let found = match known.or_else(|| self.claim.referral().cloned()) {
            Some(id) => Some(id),
            None => self.search(&announced.record, intent.created).await?,
        };
        if let Some(id) = found {
            announced.referral = Some(id.to_string());
            self.remember(intent.id, &announced).await?;
            self.adopt_referral(&id).await?;
            let count = vec![
                ("creates_partner_center".to_owned(), 1),
                ("creates_found_again".to_owned(), 1),
            ];
            let close = vec![(intent.id, Ending::Applied)];
            let plan = self.map_of(&announced.object).map(DealMap::plan);
            self.memo.asks = plan.is_some_and(|plan| plan.asks(&announced.draft));
            let made = self.read_referral(&id).await?;
            let created = made.as_ref().and_then(|made| made.created);
            self.memo.followed = Some(shared(created.unwrap_or(intent.created)));
            let Announced { draft, source, .. } = &announced;
            let base = self.map_of(&announced.object).and_then(|map| match &made {
                Some(made) => base_of_found(map.plan(), draft, &made.body, source),
                // It cannot be read now: what it was made with is what both sides agreed on last.
                None => base_of_new(map.plan(), draft, source),
            });
            let audit = announced.audit();
            return self.hold(Commit { base, audit, close, count, ..Commit::default() }).await;
        }
        self.has_missed(intent, announced).await
    }

    /// It was looked for in vain. The list may lag behind: several looks, each twice as far from the one before
    /// as that was, before the referral counts as not made.
    pub(super) async fn has_missed(
        &mut self,
        intent: &OpenIntent,
        mut announced: Announced,
    ) -> Result<(), Halt> {
        let now = self.now();
        let check = self.worker.limits.create_check;
        let gap =
            |misses: u32| check.saturating_mul(2_u32.saturating_pow(misses.saturating_sub(1)));
        // One that an older program wrote down had been missed once.
        let misses = announced.misses.max(u32::from(announced.missed.is_some()));
        let due = announced.missed.map(|missed| later(missed, gap(misses)));
        if let Some(due) = due.filter(|due| now < *due) {
            let wait = Duration::try_from(due.duration_since(now)).unwrap_or(check);
            return Err(Halt::Again(wait, LOOKING));
        }
        let misses = misses + 1;
        if misses >= LOOKS {
            return self.close(intent.id, Ending::NotApplied).await;
        }
        (announced.missed, announced.misses) = (Some(now), misses);
        self.remember(intent.id, &announced).await?;
        Err(Halt::Again(gap(misses), LOOKING))
    }

    /// Looks for our own referral that names the record, among those created since shortly before
    /// the intent.
    async fn search(
        &mut self,
        record: &str,
        intended: Timestamp,
    ) -> Result<Option<ReferralId>, Halt> {
        let Ok(record) = RecordId::parse(record) else { return Ok(None) };
        let oldest = earlier(intended, SEARCH_BACK);
        let list = List { filter: None, order: Order::CreatedDescending, token: None };
        let is_it = |referral: &Referral| {
            let names = referral.external_reference_id.as_deref().map(RecordId::parse);
            names == Some(Ok(record.clone())) && !is_microsofts(referral)
        };
        let is_too_old = |last: &Referral| last.created.is_some_and(|created| created < oldest);
        self.listed(list, MOST_PAGES, is_it, is_too_old).await
    }

    /// The first referral of a list that is meant, on so many pages at most; a page whose last one is beyond what
    /// may be meant is the last.
    pub(super) async fn listed(
        &mut self,
        mut list: List,
        most_pages: usize,
        is_it: impl Fn(&Referral) -> bool,
        is_beyond: impl Fn(&Referral) -> bool,
    ) -> Result<Option<ReferralId>, Halt> {
        for _ in 0..most_pages {
            self.keep().await?;
            let page = self.worker.wires.referrals(&list).await;
            let page = self.read(System::PartnerCenter, page)?;
            if let Some(found) = page.records.iter().find(|referral| is_it(referral)) {
                return Ok(Some(found.id.clone()));
            }
            if page.records.last().is_some_and(&is_beyond) {
                return Ok(None);
            }
            match page.next {
                Some(next) => list.token = Some(next),
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}
