//! The backlog: deals from before the service, in a queue of their own that gives way to what changes now.
//!
//! In: an open transaction, pages of two lists, words of a person. Out: changed rows, the deal whose turn it is.
//! Must not know: how the lists are read. A page and its place are one step, and so are a deal's key and its way
//! out of the queue: after an end at any moment nothing is lost and nothing comes twice.

use std::future::Future;

use jiff::Timestamp;
use serde::Serialize;

use super::keys::{millis, mint, timestamp, was_told};
use super::sqlite::{Db, Row};
use super::{Hint, KeyId, Source, SqliteStore, StoreError, books, links};

/// Under these names the places in the lists are kept.
pub const PLACES: &str = "backfill:";
/// So many begun deals for each one that is worked on: those that wait for their share of the calls.
const BEGUN: u64 = 4;
/// So many that are known by now are left out in one step.
const LEFT_OUT: usize = 500;
/// Turns are counted up to here.
const TURNS: i64 = 100;

/// How far the backfill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackfillState {
    /// Nobody spoke of it: old deals are taken in like others.
    #[default]
    None,
    /// Old deals are left until somebody says `start`.
    Waiting,
    /// Under way.
    Running,
    /// No further deal is begun.
    Paused,
    /// Every old deal was looked at.
    Done,
    /// Somebody ended it.
    Stopped,
}

impl BackfillState {
    const ALL: [Self; 6] =
        [Self::None, Self::Waiting, Self::Running, Self::Paused, Self::Done, Self::Stopped];

    /// The word on disk, and in what is shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }

    fn read(word: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.word() == word);
        found.ok_or_else(|| StoreError::Broken("expected a known state of the backfill".to_owned()))
    }

    /// What a word makes of it; none when it does not fit.
    fn after(self, word: BackfillWord) -> Option<Self> {
        match (self, word) {
            (Self::None | Self::Waiting | Self::Done | Self::Stopped, BackfillWord::Start)
            | (Self::Paused, BackfillWord::Resume) => Some(Self::Running),
            (Self::Running, BackfillWord::Pause) => Some(Self::Paused),
            (Self::Running | Self::Paused, BackfillWord::Stop) => Some(Self::Stopped),
            (_, _) => None,
        }
    }
}

/// What a person says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackfillWord {
    /// From the beginning of both lists.
    Start,
    /// No further deal is begun.
    Pause,
    /// Goes on where it was.
    Resume,
    /// What is not begun is left.
    Stop,
}

/// How the backfill stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Backfill {
    /// How far it is.
    pub state: BackfillState,
    /// Polls and sweeps look no further back, also when it is done.
    pub old_before: Option<Timestamp>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it was done or stopped.
    pub ended: Option<Timestamp>,
    /// So many records of both lists were looked through.
    pub listed: u64,
    /// Whether both lists were read to their ends.
    pub is_listed: bool,
    /// So many records are still to be looked at; the two of one deal count as two.
    pub left: u64,
    /// Deals in work, or put off.
    pub in_work: u64,
    /// Deals that are done.
    pub done: u64,
    /// Deals of it that wait for a person.
    pub parked: u64,
}

/// How far the backfill is, without what it counts: for whoever asks often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stage {
    /// How far it is.
    pub state: BackfillState,
    /// Polls and sweeps look no further back, also when it is done.
    pub old_before: Option<Timestamp>,
}

impl Stage {
    /// What nobody knows, and was not changed since then, is left to it.
    pub fn leaves(&self) -> Option<Timestamp> {
        match self.state {
            BackfillState::None | BackfillState::Done => None,
            BackfillState::Waiting
            | BackfillState::Running
            | BackfillState::Paused
            | BackfillState::Stopped => self.old_before,
        }
    }
}

/// What the backlog needs beside the operations on deals.
pub trait Backlog: Send + Sync {
    /// How far the backfill is.
    fn stage(&self) -> impl Future<Output = Result<Stage, StoreError>> + Send;

    /// How the backfill stands, counted.
    fn backfill(&self) -> impl Future<Output = Result<Backfill, StoreError>> + Send;

    /// At the start: since when a first start takes deals in when it asks about older ones, the share of a hundred
    /// turns that those have while others are due, and how many of them are worked on at once.
    fn prepare_backfill(
        &self,
        asks: Option<Timestamp>,
        share: u32,
        at_once: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Does what a person says; false when it does not fit how it stands.
    fn say_backfill(
        &self,
        word: BackfillWord,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Keeps a page of a list and the place after it, in one step; false when somebody was faster.
    fn keep_page(
        &self,
        list: &str,
        expected: Option<String>,
        place: String,
        listed: u64,
        records: Vec<Hint>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// All lists were read: the backfill is done once nothing is left and nothing is in work.
    fn end_lists(&self, now: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Backlog for SqliteStore {
    async fn stage(&self) -> Result<Stage, StoreError> {
        self.ask(stage).await
    }

    async fn backfill(&self) -> Result<Backfill, StoreError> {
        self.ask(view).await
    }

    async fn prepare_backfill(
        &self,
        asks: Option<Timestamp>,
        share: u32,
        at_once: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let at_once = i64::try_from(at_once).unwrap_or(i64::MAX);
        self.ask(move |db| prepare(db, asks, i64::from(share), at_once, now)).await
    }

    async fn say_backfill(&self, word: BackfillWord, now: Timestamp) -> Result<bool, StoreError> {
        self.ask(move |db| say(db, word, now)).await
    }

    async fn keep_page(
        &self,
        list: &str,
        expected: Option<String>,
        place: String,
        listed: u64,
        records: Vec<Hint>,
    ) -> Result<bool, StoreError> {
        let name = format!("{PLACES}{list}");
        self.ask(move |db| keep(db, (&name, expected.as_deref(), &place), listed, &records)).await
    }

    async fn end_lists(&self, now: Timestamp) -> Result<(), StoreError> {
        self.ask(move |db| end(db, now)).await
    }
}

/// The one row, with what decides about turns.
struct Turns {
    state: BackfillState,
    share: i64,
    at_once: u64,
    turn: i64,
}

impl Turns {
    /// Of a hundred turns so many are the backlog's, spread evenly.
    fn is_its_turn(&self) -> bool {
        (self.turn + 1) * self.share / TURNS > self.turn * self.share / TURNS
    }
}

fn turns(db: &Db) -> Result<Option<Turns>, StoreError> {
    let read = |row: Row| {
        Ok(Turns {
            state: BackfillState::read(&row.text(0)?)?,
            share: row.int(1)?,
            at_once: u64::try_from(row.int(2)?).unwrap_or(1).max(1),
            turn: row.int(3)?,
        })
    };
    db.row("SELECT state, share, at_once, turn FROM backfill", &[])?.map(read).transpose()
}

fn prepare(
    db: &Db,
    asks: Option<Timestamp>,
    share: i64,
    at_once: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    db.run("INSERT OR IGNORE INTO backfill (one) VALUES (1)", &[])?;
    let sql = "UPDATE backfill SET share = ?1, at_once = ?2";
    db.run(sql, &[share.min(TURNS).into(), at_once.into()])?;
    if let Some(since) = asks {
        // Whoever had a service before has no old deals.
        let sql = "UPDATE backfill SET state = 'waiting', old_before = ?1 WHERE state = 'none' \
                   AND NOT EXISTS (SELECT 1 FROM keys) AND NOT EXISTS (SELECT 1 FROM cursors)";
        db.run(sql, &[millis(since)])?;
    } else if stage(db)?.state == BackfillState::Waiting {
        say(db, BackfillWord::Start, now)?;
    }
    Ok(())
}

fn say(db: &Db, word: BackfillWord, now: Timestamp) -> Result<bool, StoreError> {
    db.run("INSERT OR IGNORE INTO backfill (one) VALUES (1)", &[])?;
    let Some(state) = stage(db)?.state.after(word) else { return Ok(false) };
    match word {
        BackfillWord::Start => {
            forget(db)?;
            db.run("UPDATE keys SET backlog = 0 WHERE backlog = 2", &[])?;
            let sql = "UPDATE backfill SET began = ?1, ended = NULL, listed = 0, is_listed = 0";
            db.run(sql, &[millis(now)])?;
        }
        BackfillWord::Stop => {
            forget(db)?;
            db.run("UPDATE backfill SET ended = ?1", &[millis(now)])?;
        }
        BackfillWord::Pause | BackfillWord::Resume => {}
    }
    db.run("UPDATE backfill SET state = ?1", &[state.word().into()])?;
    Ok(true)
}

fn forget(db: &Db) -> Result<(), StoreError> {
    db.run("DELETE FROM backlog", &[])?;
    db.run("DELETE FROM cursors WHERE substr(name, 1, 9) = ?1", &[PLACES.into()]).map(drop)
}

fn keep(
    db: &Db,
    (name, expected, place): (&str, Option<&str>, &str),
    listed: u64,
    records: &[Hint],
) -> Result<bool, StoreError> {
    let runs = turns(db)?.is_some_and(|turns| turns.state == BackfillState::Running);
    if !runs || !books::advance(db, name, expected, place)? {
        return Ok(false);
    }
    for Hint { alias, version } in records {
        if links::find(db, alias)?.is_none() {
            let sql = "INSERT OR IGNORE INTO backlog (space, id, object, version) \
                       VALUES (?1, ?2, ?3, ?4)";
            let [space, id, object] = links::cells(alias);
            let version = version.map_or(super::sqlite::Cell::Null, millis);
            db.run(sql, &[space, id, object, version])?;
        }
    }
    let listed = i64::try_from(listed).unwrap_or(i64::MAX);
    db.run("UPDATE backfill SET listed = listed + ?1", &[listed.into()])?;
    Ok(true)
}

fn end(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    db.run("UPDATE backfill SET is_listed = 1 WHERE state = 'running'", &[])?;
    let sql = "UPDATE backfill SET state = 'done', ended = ?1 \
               WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM backlog) \
               AND NOT EXISTS (SELECT 1 FROM keys WHERE backlog = 1)";
    db.run(sql, &[millis(now)]).map(drop)
}

fn stage(db: &Db) -> Result<Stage, StoreError> {
    let read = |row: Row| {
        let old_before = row.maybe_int(1)?.map(timestamp).transpose()?;
        Ok(Stage { state: BackfillState::read(&row.text(0)?)?, old_before })
    };
    let row = db.row("SELECT state, old_before FROM backfill", &[])?;
    Ok(row.map(read).transpose()?.unwrap_or_default())
}

pub(super) fn view(db: &Db) -> Result<Backfill, StoreError> {
    let Stage { state, old_before } = stage(db)?;
    let sql = "SELECT began, ended, listed, is_listed FROM backfill";
    let Some(row) = db.row(sql, &[])? else { return Ok(Backfill::default()) };
    let time = |index| row.maybe_int(index)?.map(timestamp).transpose();
    let of_keys = |which: &str| {
        db.count(&format!("SELECT COUNT(*) FROM keys WHERE backlog > 0 AND {which}"), &[])
    };
    Ok(Backfill {
        state,
        old_before,
        began: time(0)?,
        ended: time(1)?,
        listed: u64::try_from(row.int(2)?).unwrap_or(0),
        is_listed: row.int(3)? != 0,
        left: db.count("SELECT COUNT(*) FROM backlog", &[])?,
        in_work: of_keys("backlog = 1")?,
        done: of_keys("backlog = 2 AND parked IS NULL")?,
        parked: of_keys("backlog = 2 AND parked IS NOT NULL")?,
    })
}

/// The deal whose turn it is, and whether its last worker has left it.
pub(super) fn next(db: &Db, now: Timestamp) -> Result<Option<(KeyId, bool)>, StoreError> {
    let live = due(db, "<> 1", now)?;
    let Some(turns) = turns(db)? else { return Ok(live) };
    if let Some(live) = live {
        let is_its_turn = turns.is_its_turn();
        if turns.state == BackfillState::Running {
            db.run("UPDATE backfill SET turn = ?1", &[((turns.turn + 1) % TURNS).into()])?;
        }
        if !is_its_turn {
            return Ok(Some(live));
        }
        return Ok(Some(old(db, &turns, now)?.unwrap_or(live)));
    }
    old(db, &turns, now)
}

fn due(db: &Db, backlog: &str, now: Timestamp) -> Result<Option<(KeyId, bool)>, StoreError> {
    let sql = format!(
        "SELECT id, lease_until FROM keys WHERE dirty_seq > done_seq AND due_at <= ?1 \
         AND lease_until <= ?1 AND backlog {backlog} ORDER BY due_at, id LIMIT 1"
    );
    let row = db.row(&sql, &[millis(now)])?;
    row.map(|row| Ok((KeyId(row.int(0)?), row.int(1)? > 0))).transpose()
}

/// One that was begun, else the next of the queue.
fn old(db: &Db, turns: &Turns, now: Timestamp) -> Result<Option<(KeyId, bool)>, StoreError> {
    let held = "SELECT COUNT(*) FROM keys WHERE backlog = 1 AND lease_until > ?1";
    if db.count(held, &[millis(now)])? >= turns.at_once {
        return Ok(None);
    }
    if let Some(begun) = due(db, "= 1", now)? {
        return Ok(Some(begun));
    }
    let begun = "SELECT COUNT(*) FROM keys WHERE backlog = 1 AND attempts = 0";
    let has_room = db.count(begun, &[])? < turns.at_once.saturating_mul(BEGUN);
    if turns.state != BackfillState::Running || !has_room {
        return Ok(None);
    }
    for _ in 0..LEFT_OUT {
        let sql = "SELECT seq, space, id, object, version FROM backlog ORDER BY seq LIMIT 1";
        let Some(row) = db.row(sql, &[])? else { return Ok(None) };
        db.run("DELETE FROM backlog WHERE seq = ?1", &[row.int(0)?.into()])?;
        let alias = links::named_so(&row.text(1)?, &row.text(2)?, row.maybe(3)?)?;
        // It changed in the meantime, or is the other half of a deal that was looked at.
        if links::find(db, &alias)?.is_some() {
            continue;
        }
        let key = mint(db, &alias, now)?;
        if let (Some(slot), Some(version)) = (links::slot(&alias), row.maybe_int(4)?) {
            was_told(db, key, slot, timestamp(version)?)?;
        }
        db.run("UPDATE keys SET backlog = 1 WHERE id = ?1", &[key.0.into()])?;
        let word = Source::Backfill.word();
        let sql = "INSERT INTO hints (key, at, source) VALUES (?1, ?2, ?3)";
        db.run(sql, &[key.0.into(), millis(now), word.into()])?;
        books::count(db, &format!("accepted_{word}"), 1)?;
        return Ok(Some((key, false)));
    }
    Ok(None)
}

/// A deal of the backlog that changes now is one like others, and waits for no share of the calls.
pub(super) fn is_news(db: &Db, key: KeyId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET backlog = 2, due_at = MIN(due_at, ?2) WHERE id = ?1 AND backlog = 1";
    db.run(sql, &[key.0.into(), millis(now)]).map(drop)
}
