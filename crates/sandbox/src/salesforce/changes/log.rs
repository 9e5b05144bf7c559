//! The table of changes. In come entries of the open transaction; out go sealed ones in order, until the
//! window closes behind them. It must not know what an object or a field is.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::{
    database::{Cells, Result},
    sign,
    store::Tx,
};

/// The tables that this file reads and writes.
pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS changes (number INTEGER PRIMARY KEY, entity TEXT NOT NULL, records TEXT NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL, user TEXT NOT NULL, body TEXT NOT NULL, key TEXT NOT NULL, commit_number INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS changes_by_entity ON changes (entity, number);
CREATE INDEX IF NOT EXISTS changes_by_time ON changes (at);
";

/// How long a change can be read again: 72 hours, in milliseconds.
pub(crate) const WINDOW: i64 = 72 * 60 * 60 * 1000;
/// Entries kept at most: beyond them the window closes early, so that a long load cannot fill the memory.
const MOST: i64 = 200_000;
/// Changes of one transaction that are told singly, and where the administration says otherwise.
const MOST_OF_ONE: usize = 100_000;
pub(crate) const OVERFLOW: (&str, &str) = ("salesforce-changes", "overflow");
/// The record id of an overflow event.
pub(crate) const NO_RECORD: &str = "000000000000000AAA";
/// Where replay ids and commit numbers begin.
const FIRST_NUMBER: i64 = 1_544_000;
const FIRST_COMMIT: i64 = 12_280_000_000_000;
/// What a marker is for: a position on a quiet topic that is younger than the window.
const MARKER: &str = "MARKER";

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Update,
    Delete,
    Undelete,
    GapCreate,
    GapUpdate,
    GapDelete,
    GapUndelete,
    GapOverflow,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Undelete,
        Self::GapCreate,
        Self::GapUpdate,
        Self::GapDelete,
        Self::GapUndelete,
        Self::GapOverflow,
    ];

    /// The word of the event's header.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
            Self::GapCreate => "GAP_CREATE",
            Self::GapUpdate => "GAP_UPDATE",
            Self::GapDelete => "GAP_DELETE",
            Self::GapUndelete => "GAP_UNDELETE",
            Self::GapOverflow => "GAP_OVERFLOW",
        }
    }

    /// The kind of a word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it only says that something happened.
    pub(crate) fn is_gap(self) -> bool {
        match self {
            Self::Create | Self::Update | Self::Delete | Self::Undelete => false,
            Self::GapCreate
            | Self::GapUpdate
            | Self::GapDelete
            | Self::GapUndelete
            | Self::GapOverflow => true,
        }
    }
}

/// What is written into the log.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) entity: String,
    pub(crate) records: Vec<String>,
    pub(crate) kind: Kind,
    /// `changeOrigin`; empty for what no API call did.
    pub(crate) origin: String,
    pub(crate) user: String,
    /// Values by the names of the REST API.
    pub(crate) fields: Map<String, Value>,
    /// Names of changed fields, for updates.
    pub(crate) changed: Vec<String>,
    /// Names of those that became empty.
    pub(crate) nulled: Vec<String>,
    /// Groups of fields that were touched.
    pub(crate) wholes: Vec<Whole>,
    /// What long texts were before.
    pub(crate) old: Map<String, Value>,
}

/// Fields that are told as one when all of them became empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) name: String,
    pub(crate) parts: Vec<String>,
    pub(crate) is_empty: bool,
}

impl Entry {
    /// Names of the fields that became empty, groups in the place of their parts.
    fn emptied(&self) -> Vec<String> {
        let mut names = self.nulled.clone();
        for whole in self.wholes.iter().filter(|whole| whole.is_empty) {
            let count = names.len();
            names.retain(|name| !whole.parts.contains(name));
            if names.len() < count {
                names.push(whole.name.clone());
            }
        }
        names
    }
}

/// A change as subscribers get it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The replay id.
    pub(crate) number: i64,
    pub(crate) entry: Entry,
    pub(crate) key: String,
    pub(crate) commit: i64,
    pub(crate) sequence: i64,
    /// When it was committed, in milliseconds.
    pub(crate) at: i64,
}

const COLUMNS: &str =
    "number, entity, records, kind, origin, user, body, key, commit_number, sequence, at";

/// How often the log is cut down to what is kept: with each so many-th commit.
const CUT_EVERY: i64 = 64;

/// The changes of a transaction that is still open, each with its replay id.
#[derive(Debug, Default)]
pub(crate) struct Open {
    entries: Vec<(i64, Entry)>,
    /// Where a record's entry is.
    places: HashMap<String, usize>,
    /// What each change of this list was before: nothing, or an entry at its place.
    undo: Vec<Option<(usize, Entry)>>,
}

impl Open {
    /// A point that can be come back to.
    pub(crate) fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Forgets what was added since.
    pub(crate) fn go_back(&mut self, mark: usize) {
        for before in self.undo.drain(mark.min(self.undo.len())..).rev() {
            if let Some((place, entry)) = before {
                if let Some((_, now)) = self.entries.get_mut(place) {
                    *now = entry;
                }
                continue;
            }
            let added = self.entries.pop().filter(|(_, entry)| !entry.kind.is_gap());
            if let Some(record) = added.and_then(|(_, entry)| entry.records.into_iter().next()) {
                self.places.remove(&record);
            }
        }
    }

    /// Puts a later change of a record into its entry, if it has one.
    fn merge(&mut self, later: &Entry) -> bool {
        let place = later.records.first().and_then(|record| self.places.get(record)).copied();
        let Some((place, (_, entry))) =
            place.and_then(|place| Some((place, self.entries.get_mut(place)?)))
        else {
            return false;
        };
        self.undo.push(Some((place, entry.clone())));
        merge(entry, later);
        true
    }

    fn add(&mut self, number: i64, entry: Entry) {
        if let Some(record) = entry.records.first().filter(|_| !entry.kind.is_gap()) {
            self.places.insert(record.clone(), self.entries.len());
        }
        self.entries.push((number, entry));
        self.undo.push(None);
    }
}

impl Tx<'_> {
    /// Adds an entry to the open transaction. A record that the transaction touched before keeps one
    /// entry, of the first kind.
    pub(crate) fn log_change(&self, entry: Entry) -> Result<()> {
        if !entry.kind.is_gap() && self.changes.borrow_mut().merge(&entry) {
            return Ok(());
        }
        let number = self.next_replay_id()?;
        self.changes.borrow_mut().add(number, entry);
        self.has_news();
        Ok(())
    }

    /// Replay ids only grow, and are not without gaps.
    fn next_replay_id(&self) -> Result<i64> {
        let number = self.newest_replay_id()?;
        let number = number + 1 + (number / 3) % 3;
        self.put_doc("sequence", "replay", &number.into())?;
        Ok(number)
    }

    /// How many changes of one transaction are told singly.
    fn most_of_one(&self) -> Result<usize> {
        let kept = self.doc(OVERFLOW.0, OVERFLOW.1)?.and_then(|kept| kept.as_u64());
        Ok(kept.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_OF_ONE))
    }

    /// Writes the changes of this transaction, with one key, commit number and time, and their places in it.
    pub(crate) fn seal_changes(&self) -> Result<()> {
        let Open { entries, .. } = self.changes.take();
        let Some((newest, _)) = entries.last() else {
            return Ok(());
        };
        // Ids are two apart on average.
        let oldest = newest - MOST * 2;
        let place = self.next("commit")?;
        let key = sign::guid();
        let now = self.now_milliseconds();
        let single = entries.len() == 1;
        let entries = if single { entries } else { gather(entries, self.most_of_one()?) };
        for (sequence, (number, entry)) in (1_i64..).zip(entries) {
            self.database.run(
                "INSERT INTO changes (number, entity, records, kind, origin, user, body, key, commit_number, sequence, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                &[
                    number.into(),
                    entry.entity.as_str().into(),
                    json!(entry.records).to_string().into(),
                    entry.kind.word().into(),
                    entry.origin.as_str().into(),
                    entry.user.as_str().into(),
                    body(entry).into(),
                    key.as_str().into(),
                    (FIRST_COMMIT + place).into(),
                    sequence.into(),
                    (now - now.rem_euclid(1000)).into(),
                ],
            )?;
        }
        if place % CUT_EVERY == 0 {
            self.database.run("DELETE FROM changes WHERE at <= ?1", &[(now - WINDOW).into()])?;
            self.database.run("DELETE FROM changes WHERE number <= ?1", &[oldest.into()])?;
        }
        Ok(())
    }

    /// Sealed changes after a position, oldest first, at most so many; of these entities, or of all when none
    /// is named.
    pub(crate) fn changes_after(
        &self,
        position: i64,
        entities: &[String],
        limit: i64,
    ) -> Result<Vec<Change>> {
        let since = self.now_milliseconds() - WINDOW;
        let (filter, entity) = match entities {
            [] => ("entity <> ?4", String::new()),
            [entity] => ("entity = ?4", entity.clone()),
            several => ("entity IN (SELECT value FROM json_each(?4))", json!(several).to_string()),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM changes WHERE number > ?1 AND at > ?2 AND {filter} ORDER BY number LIMIT ?3"
        );
        let cells = [position.into(), since.into(), limit.into(), entity.as_str().into()];
        self.database.all(&sql, &cells, change)
    }

    /// Whether a replay id names something that is still kept.
    pub(crate) fn is_kept(&self, number: i64) -> Result<bool> {
        let since = self.now_milliseconds() - WINDOW;
        let sql = "SELECT number FROM changes WHERE number = ?1 AND at > ?2";
        let found = self.database.one(sql, &[number.into(), since.into()], |row| row.number(0))?;
        Ok(found.is_some())
    }

    /// The last replay id that was given out.
    pub(crate) fn newest_replay_id(&self) -> Result<i64> {
        let last = self.doc("sequence", "replay")?.and_then(|last| last.as_i64());
        Ok(last.unwrap_or(FIRST_NUMBER))
    }

    /// A replay id at the end of the log that can be come back to for the whole window.
    pub(crate) fn fresh_replay_id(&self) -> Result<i64> {
        let now = self.now_milliseconds();
        let last = self.newest_replay_id()?;
        let sql = "SELECT number FROM changes WHERE number = ?1 AND at > ?2";
        let cells = [last.into(), (now - 60_000).into()];
        if self.database.one(sql, &cells, |row| row.number(0))?.is_some() {
            return Ok(last);
        }
        let number = self.next_replay_id()?;
        self.database.run(
            "INSERT INTO changes (number, entity, records, kind, origin, user, body, key, commit_number, sequence, at) VALUES (?1, '', '[]', ?2, '', '', '{}', ?2, 0, 0, ?3)",
            &[number.into(), MARKER.into(), now.into()],
        )?;
        Ok(number)
    }

    /// Closes the window behind the newest `keep` entries: older replay ids are no longer valid.
    pub(crate) fn expire_changes(&self, keep: i64) -> Result<()> {
        self.database.run(
            "DELETE FROM changes WHERE number NOT IN (SELECT number FROM changes ORDER BY number DESC LIMIT ?1)",
            &[keep.into()],
        )
    }

    /// How many entries are kept.
    pub(crate) fn change_count(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM changes WHERE entity <> ''";
        let sealed = self.database.one(sql, &[], |row| row.number(0))?.unwrap_or_default();
        let open = i64::try_from(self.changes.borrow().entries.len()).unwrap_or(i64::MAX);
        Ok(sealed.saturating_add(open))
    }
}

/// The events of a transaction's changes: records that changed alike share one, and of those beyond `most` only
/// the objects are named.
fn gather(mut entries: Vec<(i64, Entry)>, most: usize) -> Vec<(i64, Entry)> {
    let beyond = entries.split_off(most.min(entries.len()));
    let mut gathered: Vec<(i64, Entry)> = Vec::with_capacity(entries.len());
    // The last event of each object.
    let mut last: HashMap<String, usize> = HashMap::new();
    for (number, entry) in entries {
        let place = last.get(&entry.entity).copied();
        let alike = place.and_then(|place| gathered.get_mut(place));
        if let Some((_, other)) = alike.filter(|(_, other)| is_alike(other, &entry)) {
            other.records.extend(entry.records);
        } else {
            last.insert(entry.entity.clone(), gathered.len());
            gathered.push((number, entry));
        }
    }
    let mut flooded: Vec<String> = Vec::new();
    for (number, mut entry) in beyond {
        if !flooded.contains(&entry.entity) {
            flooded.push(entry.entity.clone());
            entry.kind = Kind::GapOverflow;
            entry.records = vec![NO_RECORD.to_owned()];
            entry.fields = Map::new();
            for names in [&mut entry.changed, &mut entry.nulled] {
                names.clear();
            }
            gathered.push((number, entry));
        }
    }
    gathered
}

/// Whether the same happened to two records.
fn is_alike(one: &Entry, other: &Entry) -> bool {
    one.kind != Kind::Create
        && !one.kind.is_gap()
        && one.kind == other.kind
        && one.origin == other.origin
        && one.user == other.user
        && one.changed == other.changed
        && one.nulled == other.nulled
        && one.wholes == other.wholes
        && one.fields == other.fields
        && one.old == other.old
}

fn body(entry: Entry) -> String {
    let nulled = json!(entry.emptied());
    let parts = [
        ("fields", Value::Object(entry.fields)),
        ("changed", json!(entry.changed)),
        ("nulled", nulled),
        ("old", Value::Object(entry.old)),
    ];
    let parts = parts.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Object(parts.collect()).to_string()
}

/// Makes one entry of two changes of a record in one transaction.
fn merge(first: &mut Entry, later: &Entry) {
    for (name, value) in &later.fields {
        first.fields.insert(name.clone(), value.clone());
    }
    match first.kind {
        Kind::Update => {
            for name in &later.changed {
                if !first.changed.contains(name) {
                    first.changed.push(name.clone());
                }
            }
            first.wholes.retain(|whole| later.wholes.iter().all(|now| now.name != whole.name));
            first.wholes.extend(later.wholes.iter().cloned());
            for (name, value) in &later.old {
                first.old.entry(name).or_insert_with(|| value.clone());
            }
            let fields = &first.fields;
            let is_empty = |name: &&String| fields.get(*name).is_none_or(Value::is_null);
            first.nulled = first.changed.iter().filter(is_empty).cloned().collect();
        }
        Kind::Create
        | Kind::Delete
        | Kind::Undelete
        | Kind::GapCreate
        | Kind::GapUpdate
        | Kind::GapDelete
        | Kind::GapUndelete
        | Kind::GapOverflow => first.fields.retain(|_, value| !value.is_null()),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn change(row: &Cells<'_>) -> Result<Change> {
    let body = row.json(6)?;
    let map = |name: &str| body.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let kind = row.text(3)?;
    Ok(Change {
        number: row.number(0)?,
        entry: Entry {
            entity: row.text(1)?,
            records: texts(Some(&row.json(2)?)),
            // Only words of this file are ever written.
            kind: Kind::named(&kind).unwrap_or(Kind::GapUpdate),
            origin: row.text(4)?,
            user: row.text(5)?,
            fields: map("fields"),
            changed: texts(body.get("changed")),
            nulled: texts(body.get("nulled")),
            wholes: Vec::new(),
            old: map("old"),
        },
        key: row.text(7)?,
        commit: row.number(8)?,
        sequence: row.number(9)?,
        at: row.number(10)?,
    })
}
