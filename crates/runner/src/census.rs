//! The census: whether every linked pair is still there and linked, whether a change of it went unheard, and
//! what takes part and was overlooked.
//!
//! In: what both systems list (ids, keys and stamps alone), the links in the store. Out: hints for the deals
//! that need a look. Must not know: what a difference means. It goes on where it was after a restart. When
//! more deals than a few are missing it hints none of them and asks: that is rather a lost permission.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use connect::partner_center::{List, Order};
use connect::salesforce::{Filter, Select};
use connect::{RecordId, ReferralId};
use jiff::Timestamp;
use mapping::schema::System;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::later;
use crate::overlooked;
use crate::poll::Setback;
use crate::store::{Alias, DealView, KeyId, Source, Store, record_of, referral_of};
use crate::sweep::Sweeper;
use crate::wires::Wires;
use crate::worker::Worker;

/// Where it stands is kept under this name.
pub const STATE: &str = "census";
/// So many deals are looked at in one step.
const PAGE: u32 = 100;
/// The most pages of referrals that are listed.
const MOST_PAGES: usize = 5000;
/// A change that was heard of may be stamped so much later than the hint: clocks differ.
const SLACK: Duration = Duration::from_mins(1);
/// So many missing deals are remembered by number.
const MOST_REMEMBERED: usize = 10_000;

/// How far a census is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it ended; none while it is under way.
    pub ended: Option<Timestamp>,
    /// The last deal that was looked at.
    pub at: i64,
    /// How many were looked at.
    pub checked: u64,
    /// How many of them need a look.
    pub hinted: u64,
    /// Deals one of whose records is not listed any more.
    pub missing: Vec<i64>,
    /// So many are missing that a person is asked.
    pub held: bool,
}

impl Progress {
    /// Reads what is kept of it.
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// What is kept of it.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Counts, step after step.
#[derive(Debug)]
pub(crate) struct Census<S, W> {
    worker: Arc<Worker<S, W>>,
    /// The referrals that are listed, with their last change, and when the list was begun.
    listed: Option<(Timestamp, HashMap<String, Option<Timestamp>>)>,
    /// Referrals that nobody knows and that were not changed since then are the backfill's.
    old_before: Option<Timestamp>,
}

/// How a deal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    InStep,
    NeedsALook,
    Missing,
}

impl<S: Store, W: Wires> Census<S, W> {
    pub(crate) fn new(worker: Arc<Worker<S, W>>) -> Self {
        Self { worker, listed: None, old_before: None }
    }

    /// Leaves what nobody knows, and was not changed since then, to the backfill.
    pub(crate) fn leave_old(&mut self, before: Option<Timestamp>) {
        self.old_before = before;
    }

    /// One step, when one is due; whether another one is.
    pub(crate) async fn step(&mut self) -> Result<bool, Setback> {
        let store = self.worker.store.clone();
        let kept = store.cursor(STATE).await?;
        let mut progress = Progress::read(kept.as_deref());
        let now = self.worker.clock.now();
        match (progress.began, progress.ended) {
            // The first one comes when everything was looked at for the first time.
            (None, _) => progress = Progress { began: Some(now), ended: Some(now), ..progress },
            (Some(_), Some(ended)) if later(ended, self.worker.limits.census) <= now => {
                self.listed = None;
                progress = Progress { began: Some(now), ..Progress::default() };
            }
            (Some(_), Some(_)) => {}
            (Some(_), None) => self.page(&mut progress).await?,
        }
        self.tell(&progress, now);
        let goes_on = progress.ended.is_none();
        let text = progress.write();
        if kept.as_deref() != Some(&text) {
            // A person may have spoken meanwhile: then the next step sees both.
            store.advance(STATE, kept, text).await?;
        }
        Ok(goes_on)
    }

    /// Looks at the next deals.
    async fn page(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        if self.listed.is_none() {
            self.listed = Some(self.list().await?);
            overlooked::look(&self.worker).await?;
        }
        let store = self.worker.store.clone();
        let keys = store.linked(KeyId(progress.at), PAGE).await?;
        let Some(last) = keys.last().copied() else { return self.end(progress).await };
        let mut views = Vec::new();
        for key in keys {
            views.extend(store.deal(key.to_string()).await?);
        }
        let records = self.records(&views).await?;
        let mut needy = Vec::new();
        for view in &views {
            match self.judge(view, &records) {
                Found::InStep => {}
                Found::NeedsALook => needy.push(view.key),
                Found::Missing => progress.missing.push(view.key.0),
            }
        }
        progress.missing.truncate(MOST_REMEMBERED);
        progress.at = last.0;
        progress.checked += u64::try_from(views.len()).unwrap_or(u64::MAX);
        progress.hinted += u64::try_from(needy.len()).unwrap_or(u64::MAX);
        self.hint(needy).await
    }

    /// All deals were looked at.
    async fn end(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        self.listed = None;
        progress.ended = Some(self.worker.clock.now());
        if progress.missing.len() > self.worker.limits.most_gone {
            progress.held = true;
            return Ok(());
        }
        let missing: Vec<KeyId> =
            std::mem::take(&mut progress.missing).into_iter().map(KeyId).collect();
        progress.hinted += u64::try_from(missing.len()).unwrap_or(u64::MAX);
        self.hint(missing).await
    }

    /// All referrals that there are for us. Those that nobody knows of become hints, and those that take part
    /// and have no record: when they were looked at, they may not have been there for us.
    async fn list(&self) -> Result<(Timestamp, HashMap<String, Option<Timestamp>>), Setback> {
        let begun = self.worker.clock.now();
        let sweeper = Sweeper::new(self.worker.clone());
        let mut list = List { filter: None, order: Order::CreatedAscending, token: None };
        let mut listed = HashMap::new();
        for _ in 0..MOST_PAGES {
            let page = self.worker.wires.referrals(&list).await;
            let page = page.map_err(|error| Setback::Wire(System::PartnerCenter, error))?;
            let mut unknown = Vec::new();
            for referral in &page.records {
                listed.insert(referral.id.as_str().to_lowercase(), referral.updated);
                let alias = Alias::Referral(referral.id.clone());
                let needs_a_look = match self.worker.store.owner(alias.clone()).await? {
                    Some((_, names)) => record_of(&names).is_none() && sweeper.begins(referral),
                    None if referral.updated < self.old_before => false,
                    None => sweeper.is_relevant(referral).await?,
                };
                unknown.extend(needs_a_look.then_some(alias));
            }
            if !unknown.is_empty() {
                self.worker.store.accept(unknown, None, Source::Census, begun).await?;
            }
            match page.next {
                Some(next) => list.token = Some(next),
                None => return Ok((begun, listed)),
            }
        }
        tracing::warn!("the list of referrals is too long for a census");
        Ok((begun, listed))
    }

    /// The key and the last change of each deal's record.
    async fn records(
        &self,
        views: &[DealView],
    ) -> Result<HashMap<RecordId, (Option<String>, Option<Timestamp>)>, Setback> {
        let mut wanted: BTreeMap<&str, Vec<RecordId>> = BTreeMap::new();
        for (object, id) in views.iter().filter_map(|view| record_of(&view.aliases)) {
            wanted.entry(object).or_default().push(id.clone());
        }
        let maps = self.worker.maps.now();
        let mut found = HashMap::new();
        for (object, ids) in wanted {
            let Some(map) = maps.iter().find(|map| map.object() == object) else { continue };
            let key = map.key_field();
            let select = Select { fields: vec![key.to_owned()], ..Select::default() };
            let rows = self.worker.wires.rows(object, &select, &Filter::Ids(ids)).await;
            for row in rows.map_err(|error| Setback::Wire(System::Salesforce, error))? {
                let body: Option<Value> = serde_json::from_str(&row.body).ok();
                let key = body.and_then(|body| Some(body.get(key)?.as_str()?.to_lowercase()));
                found.insert(row.id, (key, row.modified));
            }
        }
        Ok(found)
    }

    fn judge(
        &self,
        view: &DealView,
        records: &HashMap<RecordId, (Option<String>, Option<Timestamp>)>,
    ) -> Found {
        let Some((begun, listed)) = &self.listed else { return Found::InStep };
        let (Some(referral), Some((object, record))) =
            (referral_of(&view.aliases), record_of(&view.aliases))
        else {
            return Found::InStep;
        };
        // A deal that waits for a person is tried again; one that is in work is looked at anyway.
        if view.parked.is_some() {
            return Found::NeedsALook;
        }
        let heard = view.hints.first().map_or(view.created, |hint| hint.at);
        if view.is_dirty || heard >= *begun {
            return Found::InStep;
        }
        if !self.worker.maps.now().iter().any(|map| map.object() == object) {
            return Found::InStep;
        }
        let id = referral.as_str().to_lowercase();
        let (Some(updated), Some((key, modified))) = (listed.get(&id), records.get(record)) else {
            return Found::Missing;
        };
        let unheard = |at: &Option<Timestamp>| at.is_some_and(|at| at > later(heard, SLACK));
        if key.as_deref() != Some(&id) || unheard(updated) || unheard(modified) {
            return Found::NeedsALook;
        }
        Found::InStep
    }

    async fn hint(&self, keys: Vec<KeyId>) -> Result<(), Setback> {
        let mut hints = Vec::new();
        for key in keys {
            let view = self.worker.store.deal(key.to_string()).await?;
            let referral: Option<ReferralId> =
                view.as_ref().and_then(|view| referral_of(&view.aliases).cloned());
            hints.extend(referral.map(Alias::Referral));
        }
        if !hints.is_empty() {
            let now = self.worker.clock.now();
            self.worker.store.accept(hints, None, Source::Census, now).await?;
        }
        Ok(())
    }

    fn tell(&self, progress: &Progress, now: Timestamp) {
        let standing = &self.worker.standing;
        if progress.ended == Some(now) {
            standing.at("census", now);
        }
        let missing = progress.missing.len();
        let note = match progress {
            Progress { held: true, .. } => Some(format!(
                "{missing} linked deals have a record that is not listed any more, more than `most_gone`; nothing \
                 was done. See whether the users still see them; `cosell release --missing` has the deals looked at"
            )),
            Progress { ended: None, checked, .. } => {
                Some(format!("under way: {checked} deals looked at"))
            }
            Progress { .. } => None,
        };
        standing.note("census", note);
    }
}
