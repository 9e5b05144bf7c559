//! Asks Salesforce what changed, as hints.
//!
//! In: cursors, the modification stamps of records. Out: hints for the records that take part or are
//! known. Must not know: what a change means. The cursor never passes a hint that was not kept.

mod question;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use connect::salesforce::{Ask, Row};
use connect::{Error, RecordId};
use jiff::Timestamp;
use mapping::decision::Side;
use mapping::schema::System;

use crate::clock::{earlier, later};
use crate::deal_map::{DealMap, Watch};
use crate::echo;
use crate::store::{Alias, Hint, Source, Store, StoreError};
use crate::wires::Wires;
use crate::worker::Worker;

use question::{Asked, Part};

/// How far an ordinary round looks back: stamps are given before their transaction ends, so a record
/// may become visible after a younger one. Longer transactions are found by the deep rounds.
const SHALLOW: Duration = Duration::from_mins(1);

/// For so long all questions of a round go in one call after calls were found to be few.
const SPARING: Duration = Duration::from_hours(1);

/// Why a round of questions ended early.
#[derive(Debug)]
pub(crate) enum Setback {
    /// A wire.
    Wire(System, Error),
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for Setback {
    fn from(error: StoreError) -> Self {
        Setback::Store(error)
    }
}

/// Which versions of which records were hinted already, within the overlap. Salesforce counts versions in whole
/// seconds: two of one second differ in what they say.
#[derive(Debug, Default)]
pub(crate) struct SeenVersions(HashMap<String, (Timestamp, u64)>);

/// A print of what a record says.
fn print_of(body: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

impl SeenVersions {
    /// True when this version was not hinted before.
    pub(crate) fn is_new(&self, id: &str, stamp: Option<Timestamp>, body: &str) -> bool {
        let known = self.0.get(id).copied();
        stamp.is_none_or(|stamp| known != Some((stamp, print_of(body))))
    }

    /// Remembers a version that was hinted.
    pub(crate) fn keep(&mut self, id: &str, stamp: Option<Timestamp>, body: &str) {
        if let Some(stamp) = stamp {
            self.0.insert(id.to_owned(), (stamp, print_of(body)));
        }
    }

    /// Forgets versions that no question will answer with any more.
    pub(crate) fn forget_before(&mut self, oldest: Timestamp) {
        self.0.retain(|_, (stamp, _)| *stamp >= oldest);
    }

    /// Forgets versions that may have been looked at too early.
    fn forget_since(&mut self, since: Timestamp) {
        self.0.retain(|_, (stamp, _)| *stamp < since);
    }

    /// Forgets the versions of all others.
    pub(crate) fn keep_only(&mut self, listed: &HashSet<String>) {
        self.0.retain(|id, _| listed.contains(id));
    }
}

/// Asks for changes, round after round.
#[derive(Debug)]
pub(crate) struct Poller<S, W> {
    worker: Arc<Worker<S, W>>,
    /// By question.
    seen: HashMap<String, SeenVersions>,
    /// This round looks back over the whole overlap.
    deep: bool,
    /// So does the one after it.
    again: bool,
    /// What was asked in this round: one that ended because calls are few is gone on with, so that whoever
    /// comes last has a turn too.
    asked: HashSet<String>,
    /// Calls are few: until then all questions go in one.
    sparing: Option<Timestamp>,
    /// What was not changed since then is the backfill's.
    old_before: Option<Timestamp>,
    /// The newest changes that were found, by object, since somebody asked.
    found: HashMap<String, Timestamp>,
}

impl<S: Store, W: Wires> Poller<S, W> {
    pub(crate) fn new(worker: Arc<Worker<S, W>>) -> Self {
        Self {
            worker,
            seen: HashMap::new(),
            deep: true,
            again: false,
            asked: HashSet::new(),
            sparing: None,
            old_before: None,
            found: HashMap::new(),
        }
    }

    /// Leaves what was not changed since then to the backfill.
    pub(crate) fn leave_old(&mut self, before: Option<Timestamp>) {
        self.old_before = before;
    }

    /// The newest changes that were found since this was asked.
    pub(crate) fn take_found(&mut self) -> HashMap<String, Timestamp> {
        std::mem::take(&mut self.found)
    }

    /// The next round that begins hints again what changed within the overlap.
    pub(crate) fn look_again(&mut self) {
        let since = earlier(self.worker.clock.now(), self.worker.limits.overlap);
        self.seen.values_mut().for_each(|seen| seen.forget_since(since));
        if self.asked.is_empty() {
            self.deep = true;
        } else {
            self.again = true;
        }
    }

    /// One round over the objects that are `wanted`, or over all when it is a deep one; how many hints were
    /// kept. One that fails holds up none of the others.
    pub(crate) async fn round(&mut self, wanted: impl Fn(&str) -> bool) -> Result<u64, Setback> {
        let maps = self.worker.maps.now();
        let deep = self.deep;
        let wanted = |object: &str| deep || wanted(object);
        let mut open = Vec::new();
        for map in maps.iter() {
            for asked in Asked::of(map, deep) {
                if wanted(asked.object()) && !self.asked.contains(&asked.name()) {
                    open.push(self.begin(asked).await?);
                }
            }
        }
        let (mut hints, mut setback, mut rests) = (0, None, false);
        while !open.is_empty() {
            let asks: Vec<Ask> = open.iter().map(Part::ask).collect();
            let answers = self.answers(&asks).await;
            let mut more = Vec::new();
            for (mut part, rows) in std::mem::take(&mut open).into_iter().zip(answers) {
                match self.take(&mut part, rows).await {
                    Ok(count) => hints += count,
                    Err(failed) => {
                        rests |= matches!(failed, Setback::Wire(_, Error::Resting { .. }));
                        setback.get_or_insert(failed);
                        continue;
                    }
                }
                if part.is_over {
                    self.asked.insert(part.asked.name());
                } else {
                    more.push(part);
                }
            }
            open = more;
        }
        if rests {
            self.sparing = Some(later(self.worker.clock.now(), SPARING));
        }
        if let Some(setback) = setback {
            if !rests {
                self.asked.clear();
            }
            return Err(setback);
        }
        self.asked.clear();
        self.deep = std::mem::take(&mut self.again);
        self.worker.standing.at("poll", self.worker.clock.now());
        self.worker.standing.accepted(System::Salesforce);
        Ok(hints)
    }

    /// Whether all objects that are asked for are like this.
    pub(crate) fn is_all(&self, like: impl Fn(&str) -> bool) -> bool {
        self.worker
            .maps
            .now()
            .iter()
            .all(|map| like(map.object()) && map.watches().iter().all(|watch| like(&watch.object)))
    }

    /// The answers, each by itself; all in one call when calls are few.
    async fn answers(&self, asks: &[Ask]) -> Vec<Result<Vec<Row>, Error>> {
        if self.sparing.is_some_and(|until| self.worker.clock.now() < until) {
            return self.worker.wires.several(asks).await;
        }
        let mut answers = Vec::with_capacity(asks.len());
        for Ask { object, select, filter } in asks {
            answers.push(self.worker.wires.rows(object, select, filter).await);
        }
        answers
    }

    /// Where to go on from.
    async fn begin<'m>(&self, asked: Asked<'m>) -> Result<Part<'m>, Setback> {
        let kept = self.worker.store.cursor(&asked.cursor()).await?;
        let whole = self.worker.limits.overlap;
        let oldest = match asked.parent() {
            None => self.old_before.unwrap_or(Timestamp::UNIX_EPOCH),
            // What a deal reads of its parents is read with it: only what changes from now on is news.
            Some(_) if kept.is_none() => earlier(self.worker.clock.now(), whole),
            Some(_) => Timestamp::UNIX_EPOCH,
        };
        let cursor: Timestamp =
            kept.as_deref().and_then(|text| text.parse().ok()).unwrap_or(oldest);
        let overlap = if self.deep { whole } else { whole.min(SHALLOW) };
        Ok(Part::new(asked, kept, cursor, earlier(cursor, overlap).max(oldest)))
    }

    /// Takes the answer to one question; how many hints were kept.
    async fn take(
        &mut self,
        part: &mut Part<'_>,
        rows: Result<Vec<Row>, Error>,
    ) -> Result<u64, Setback> {
        let (rows, note) = match (rows, part.asked) {
            (Ok(rows), _) => (rows, None),
            (Err(error), Asked::Records(_)) => {
                return Err(Setback::Wire(System::Salesforce, error));
            }
            // The org has no such object or field, or the sync user may not see it.
            (Err(Error::Refused { why, .. }), asked) => {
                (Vec::new(), Some(format!("changes of {} are not seen: {why}", asked.about())))
            }
            (Err(error), _) => return Err(Setback::Wire(System::Salesforce, error)),
        };
        self.worker.standing.note(&format!("poll {}", part.asked.about()), note);
        let stamps: Vec<Option<Timestamp>> = rows.iter().map(|row| part.asked.stamp(row)).collect();
        let hints = self.accept(&part.asked, &rows, &stamps).await?;
        part.pass(&rows, &stamps);
        self.keep_place(part).await?;
        Ok(hints)
    }

    /// The hints of a page are kept: after a cut-off its records are not asked for from the beginning.
    async fn keep_place(&mut self, part: &mut Part<'_>) -> Result<(), Setback> {
        let (name, newest) = (part.asked.cursor(), part.newest);
        if newest > part.cursor || (part.is_over && part.kept.is_none()) {
            let place = newest.to_string();
            self.worker.store.advance(&name, part.kept.take(), place.clone()).await?;
            (part.kept, part.cursor) = (Some(place), newest);
            if part.asked.parent().is_none() {
                self.found.insert(part.asked.object().to_owned(), newest);
            }
            let oldest = earlier(newest, self.worker.limits.overlap * 2);
            self.seen.entry(part.asked.name()).or_default().forget_before(oldest);
        }
        Ok(())
    }

    async fn accept(
        &mut self,
        asked: &Asked<'_>,
        rows: &[Row],
        stamps: &[Option<Timestamp>],
    ) -> Result<u64, Setback> {
        let seen = self.seen.entry(asked.name()).or_default();
        let is_new = |(row, stamp): &(&Row, &Option<Timestamp>)| {
            seen.is_new(row.id.as_str(), **stamp, &row.body)
        };
        let new: Vec<_> = rows.iter().zip(stamps).filter(is_new).collect();
        let mut hints = Vec::new();
        for (row, _) in &new {
            hints.extend(self.hint(asked, row).await?);
        }
        let count = u64::try_from(hints.len()).unwrap_or(u64::MAX);
        if !hints.is_empty() {
            let now = self.worker.clock.now();
            self.worker.store.accept(hints, None, Source::Poll, now).await?;
        }
        let seen = self.seen.entry(asked.name()).or_default();
        for (row, stamp) in new {
            seen.keep(row.id.as_str(), *stamp, &row.body);
        }
        Ok(count)
    }

    /// What a record that is shown says about a deal.
    async fn hint(&self, asked: &Asked<'_>, row: &Row) -> Result<Option<Hint>, Setback> {
        let alias = match asked {
            // An echo of what the deal is in step with already.
            Asked::Records(map) | Asked::OfParent(map, _)
                if self.worker.in_step.holds(echo::of_row(map, row)) =>
            {
                None
            }
            Asked::OfParent(map, _) if row.modified < self.old_before => {
                self.known(map, &row.id).await?
            }
            Asked::Records(map) | Asked::OfParent(map, _) => self.relevant(map, row).await?,
            Asked::Children(map, watch) | Asked::ChildrenOfParent(map, watch, _) => {
                self.parent(map, watch, row).await?
            }
        };
        // A child's or parent's version says nothing about the deal's record.
        let version = row.modified.filter(|_| matches!(asked, Asked::Records(_)));
        Ok(alias.map(|alias| Hint { alias, version }))
    }

    /// The record, when it is a known deal's.
    async fn known(&self, map: &DealMap, id: &RecordId) -> Result<Option<Alias>, Setback> {
        let alias = Alias::Record { object: map.object().to_owned(), id: id.clone() };
        let is_known = self.worker.store.owner(alias.clone()).await?.is_some();
        Ok(is_known.then_some(alias))
    }

    /// A record matters when it takes part, names a referral, or belongs to a known deal.
    pub(crate) async fn relevant(
        &self,
        map: &DealMap,
        row: &Row,
    ) -> Result<Option<Alias>, Setback> {
        let plan = map.plan();
        let begins = || {
            plan.takes_part(Side::Right, &row.body).unwrap_or(true)
                || !matches!(plan.key_of(Side::Right, &row.body), Ok(None))
        };
        // What is in the bin begins nothing, but whoever knows it has to hear of it.
        if !row.is_deleted() && begins() {
            let (object, id) = (map.object().to_owned(), row.id.clone());
            return Ok(Some(Alias::Record { object, id }));
        }
        self.known(map, &row.id).await
    }

    /// The deal that a child belongs to, when it is a known one.
    async fn parent(
        &self,
        map: &DealMap,
        watch: &Watch,
        row: &Row,
    ) -> Result<Option<Alias>, Setback> {
        let members: Option<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(&row.body).ok();
        let id = members
            .as_ref()
            .and_then(|members| members.get(&watch.parent_field)?.as_str())
            .and_then(|id| RecordId::parse(id).ok());
        match id {
            Some(id) => self.known(map, &id).await,
            None => Ok(None),
        }
    }
}
