//! Asks Salesforce what changed, as hints.
//!
//! In: cursors, the modification stamps of records. Out: hints for the records that take part or are
//! known. Must not know: what a change means. The cursor never passes a hint that was not kept.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use connect::salesforce::{Ask, Filter, Row, Select};
use connect::{Error, RecordId};
use jiff::Timestamp;
use mapping::decision::Side;
use mapping::schema::System;

use crate::clock::earlier;
use crate::deal_map::{DealMap, Watch};
use crate::echo;
use crate::store::{Alias, Hint, Source, Store, StoreError};
use crate::wires::Wires;
use crate::worker::Worker;

/// How many records one query may answer with.
const PAGE: u32 = 1000;

/// How far an ordinary round looks back: stamps are given before their transaction ends, so a record
/// may become visible after a younger one. Longer transactions are found by the deep rounds.
const SHALLOW: Duration = Duration::from_mins(1);

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

    /// Forgets the versions of all others.
    pub(crate) fn keep_only(&mut self, listed: &HashSet<String>) {
        self.0.retain(|id, _| listed.contains(id));
    }

    /// Forgets all, so that everything within the overlap is hinted again.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Asks for changes, round after round.
#[derive(Debug)]
pub(crate) struct Poller<S, W> {
    worker: Arc<Worker<S, W>>,
    seen: SeenVersions,
    /// This round looks back over the whole overlap.
    deep: bool,
    /// So does the one after it.
    again: bool,
    /// What was asked in this round: one that ended because calls are few is gone on with, so that whoever
    /// comes last has a turn too.
    asked: HashSet<String>,
    /// What was not changed since then is the backfill's.
    old_before: Option<Timestamp>,
    /// The newest changes that were found, by object, since somebody asked.
    found: HashMap<String, Timestamp>,
}

/// What is asked for: the deal's own records, or children of them.
enum Asked<'m> {
    Records(&'m DealMap),
    Children(&'m DealMap, &'m Watch),
}

impl Asked<'_> {
    fn object(&self) -> &str {
        match self {
            Asked::Records(map) => map.object(),
            Asked::Children(_, watch) => &watch.object,
        }
    }

    /// The question, among those of a round.
    fn name(&self) -> String {
        match self {
            Asked::Records(map) => map.object().to_owned(),
            Asked::Children(map, watch) => format!("{}.{}", map.object(), watch.object),
        }
    }

    fn select(&self) -> Select {
        match self {
            // Enough to see whether the record takes part; its lists are read by the worker.
            Asked::Records(map) => {
                let fields = map.select().fields.clone();
                Select { fields, children: Vec::new(), deleted: true }
            }
            Asked::Children(_, watch) => {
                let fields = vec![watch.parent_field.clone()];
                Select { fields, children: Vec::new(), deleted: true }
            }
        }
    }
}

/// One question, and how far its answer is taken.
struct Part<'m> {
    asked: Asked<'m>,
    name: String,
    /// The cursor as it is kept, and what it says.
    kept: Option<String>,
    cursor: Timestamp,
    /// Where to go on from.
    from: Timestamp,
    after: Option<RecordId>,
    /// The newest change that was found.
    newest: Timestamp,
    is_over: bool,
}

impl Part<'_> {
    fn ask(&self) -> Ask {
        let (since, after) = (self.from, self.after.clone());
        let filter = Filter::ModifiedSince { since, after, also: Vec::new(), limit: PAGE };
        Ask { object: self.asked.object().to_owned(), select: self.asked.select(), filter }
    }
}

impl<S: Store, W: Wires> Poller<S, W> {
    pub(crate) fn new(worker: Arc<Worker<S, W>>) -> Self {
        Self {
            worker,
            seen: SeenVersions::default(),
            deep: true,
            again: false,
            asked: HashSet::new(),
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

    /// The next round that begins hints the whole overlap again.
    pub(crate) fn look_again(&mut self) {
        self.seen.clear();
        if self.asked.is_empty() {
            self.deep = true;
        } else {
            self.again = true;
        }
    }

    /// One round over the objects that are `wanted`, or over all when it is a deep one; how many hints were
    /// kept. All are asked for together; one that fails holds up none of the others.
    pub(crate) async fn round(&mut self, wanted: impl Fn(&str) -> bool) -> Result<u64, Setback> {
        let maps = self.worker.maps.now();
        let deep = self.deep;
        let wanted = |object: &str| deep || wanted(object);
        let mut open = Vec::new();
        for map in maps.iter() {
            let children = map.watches().iter().map(|watch| Asked::Children(map, watch));
            for asked in std::iter::once(Asked::Records(map)).chain(children) {
                if wanted(asked.object()) && !self.asked.contains(&asked.name()) {
                    open.push(self.begin(asked).await?);
                }
            }
        }
        let (mut hints, mut setback, mut rests) = (0, None, false);
        while !open.is_empty() {
            let asks: Vec<Ask> = open.iter().map(Part::ask).collect();
            let answers = self.worker.wires.several(&asks).await;
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

    /// Where to go on from.
    async fn begin<'m>(&self, asked: Asked<'m>) -> Result<Part<'m>, Setback> {
        let name = format!("poll:{}", asked.object());
        let kept = self.worker.store.cursor(&name).await?;
        let oldest = self.old_before.unwrap_or(Timestamp::UNIX_EPOCH);
        let cursor: Timestamp =
            kept.as_deref().and_then(|text| text.parse().ok()).unwrap_or(oldest);
        let whole = self.worker.limits.overlap;
        let overlap = if self.deep { whole } else { whole.min(SHALLOW) };
        let from = earlier(cursor, overlap).max(oldest);
        let (after, newest, is_over) = (None, cursor, false);
        Ok(Part { asked, name, kept, cursor, from, after, newest, is_over })
    }

    /// Takes the answer to one question; how many hints were kept.
    async fn take(
        &mut self,
        part: &mut Part<'_>,
        rows: Result<Vec<Row>, Error>,
    ) -> Result<u64, Setback> {
        let rows = match (rows, &part.asked) {
            (Ok(rows), _) => rows,
            (Err(Error::Refused { why, .. }), Asked::Children(_, watch)) => {
                // The org has no such object, or the sync user may not see it.
                let note = format!("changes of {} are not seen: {why}", watch.object);
                self.worker.standing.note(&format!("poll {}", watch.object), Some(note));
                part.is_over = true;
                return Ok(0);
            }
            (Err(error), _) => return Err(Setback::Wire(System::Salesforce, error)),
        };
        let hints = self.accept(&part.asked, &rows).await?;
        part.newest = rows.iter().filter_map(|row| row.modified).fold(part.newest, Timestamp::max);
        let full = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= PAGE;
        match rows.last() {
            Some(Row { id, modified: Some(modified), .. }) if full => {
                (part.from, part.after) = (*modified, Some(id.clone()));
            }
            Some(_) | None => self.end(part).await?,
        }
        Ok(hints)
    }

    /// All that one question asked for was answered.
    async fn end(&mut self, part: &mut Part<'_>) -> Result<(), Setback> {
        part.is_over = true;
        let (newest, object) = (part.newest, part.asked.object());
        if newest > part.cursor {
            let kept = part.kept.take();
            self.worker.store.advance(&part.name, kept, newest.to_string()).await?;
            self.found.insert(object.to_owned(), newest);
            self.seen.forget_before(earlier(newest, self.worker.limits.overlap * 2));
        }
        Ok(())
    }

    async fn accept(&mut self, asked: &Asked<'_>, rows: &[Row]) -> Result<u64, Setback> {
        let mut hints = Vec::new();
        let mut versions = Vec::new();
        let is_new = |row: &&Row| self.seen.is_new(row.id.as_str(), row.modified, &row.body);
        for row in rows.iter().filter(is_new) {
            versions.push(row);
            let hint = match asked {
                // An echo of what the deal is in step with already.
                Asked::Records(map) if self.worker.in_step.holds(echo::of_row(map, row)) => None,
                Asked::Records(map) => self.relevant(map, row).await?,
                Asked::Children(map, watch) => self.parent(map, watch, row).await?,
            };
            // A child's version says nothing about the deal's record.
            let version = row.modified.filter(|_| matches!(asked, Asked::Records(_)));
            hints.extend(hint.map(|alias| Hint { alias, version }));
        }
        let count = u64::try_from(hints.len()).unwrap_or(u64::MAX);
        if !hints.is_empty() {
            let now = self.worker.clock.now();
            self.worker.store.accept(hints, None, Source::Poll, now).await?;
        }
        for row in versions {
            self.seen.keep(row.id.as_str(), row.modified, &row.body);
        }
        Ok(count)
    }

    /// A record matters when it takes part, names a referral, or belongs to a known deal.
    pub(crate) async fn relevant(
        &self,
        map: &DealMap,
        row: &Row,
    ) -> Result<Option<Alias>, Setback> {
        let alias = Alias::Record { object: map.object().to_owned(), id: row.id.clone() };
        let plan = map.plan();
        let begins = || {
            plan.takes_part(Side::Right, &row.body).unwrap_or(true)
                || !matches!(plan.key_of(Side::Right, &row.body), Ok(None))
        };
        // What is in the bin begins nothing, but whoever knows it has to hear of it.
        if (!row.is_deleted() && begins())
            || self.worker.store.owner(alias.clone()).await?.is_some()
        {
            return Ok(Some(alias));
        }
        Ok(None)
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
        let Some(id) = id else { return Ok(None) };
        let alias = Alias::Record { object: map.object().to_owned(), id };
        let known = self.worker.store.owner(alias.clone()).await?.is_some();
        Ok(known.then_some(alias))
    }
}
