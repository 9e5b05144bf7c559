//! Times that matter to deals: until when somebody has to answer, from when on something is written.
//!
//! In: an open transaction. Out: changed rows, and lists as they are shown. Must not know: where a
//! time comes from.

use jiff::Timestamp;
use serde::Serialize;

use super::keys::{mark_dirty, millis, timestamp};
use super::sqlite::{Db, Row};
use super::{KeyId, Source, StoreError, links, record_of, referral_of};

/// A time that matters to a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// What happens then.
    pub kind: DeadlineKind,
    /// When.
    pub at: Timestamp,
    /// The line of the map that says so.
    pub rule: String,
    /// The map's file.
    pub map: String,
    /// The line in it, from 1.
    pub map_line: usize,
}

/// What happens when a time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadlineKind {
    /// Nobody may answer any more.
    Answer,
    /// What is held is written.
    Write,
}

impl DeadlineKind {
    /// The word on disk.
    pub fn word(self) -> &'static str {
        match self {
            DeadlineKind::Answer => "answer",
            DeadlineKind::Write => "write",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Answer, Self::Write].into_iter().find(|kind| kind.word() == word)
    }
}

/// A deal with a time that matters to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadlineKey {
    /// The deal.
    pub key: KeyId,
    /// Our referral.
    pub referral: Option<String>,
    /// The CRM record.
    pub record: Option<String>,
    /// What happens then.
    pub kind: DeadlineKind,
    /// When.
    pub at: Timestamp,
    /// The line of the map that says so.
    pub rule: String,
    /// The map's file.
    pub map: String,
    /// The line in it, from 1.
    pub map_line: usize,
}

/// How many the status lists.
const LISTED: i64 = 200;

/// The times of a deal, instead of those it had.
pub(super) fn set(db: &Db, key: KeyId, deadlines: &[Deadline]) -> Result<(), StoreError> {
    db.run("DELETE FROM deadlines WHERE key = ?1", &[key.0.into()])?;
    for deadline in deadlines {
        let sql = "INSERT OR IGNORE INTO deadlines (key, kind, at, rule, map, map_line) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let line = i64::try_from(deadline.map_line).unwrap_or(0);
        let cells = [
            key.0.into(),
            deadline.kind.word().into(),
            millis(deadline.at),
            deadline.rule.as_str().into(),
            deadline.map.as_str().into(),
            line.into(),
        ];
        db.run(sql, &cells)?;
    }
    Ok(())
}

/// Deals whose time to write has come are looked at.
pub(super) fn wake(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    let write = DeadlineKind::Write.word();
    let sql = "SELECT key FROM deadlines WHERE kind = ?1 AND at <= ?2";
    for row in db.rows(sql, &[write.into(), millis(now)])? {
        let key = KeyId(row.int(0)?);
        mark_dirty(db, key, now)?;
        let sql = "INSERT INTO hints (key, at, source) VALUES (?1, ?2, ?3)";
        db.run(sql, &[key.0.into(), millis(now), Source::Clock.word().into()])?;
        db.run(
            "DELETE FROM deadlines WHERE key = ?1 AND kind = ?2",
            &[key.0.into(), write.into()],
        )?;
    }
    Ok(())
}

/// When the next deal is woken.
pub(super) fn next(db: &Db) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MIN(at) FROM deadlines WHERE kind = ?1";
    let row = db.row(sql, &[DeadlineKind::Write.word().into()])?;
    Ok(row.map(|row| row.maybe_int(0)).transpose()?.flatten())
}

/// How many deals have a time of this kind.
pub(super) fn count(db: &Db, kind: DeadlineKind) -> Result<u64, StoreError> {
    db.count("SELECT COUNT(DISTINCT key) FROM deadlines WHERE kind = ?1", &[kind.word().into()])
}

/// All of them, soonest first.
pub(super) fn list(db: &Db) -> Result<Vec<DeadlineKey>, StoreError> {
    let sql = "SELECT key, kind, at, rule, map, map_line FROM deadlines ORDER BY at, key LIMIT ?1";
    let read = |row: &Row| {
        let key = KeyId(row.int(0)?);
        let aliases = links::aliases(db, key)?;
        let kind = DeadlineKind::read(&row.text(1)?)
            .ok_or_else(|| StoreError::Broken("expected a known kind of deadline".to_owned()))?;
        Ok(DeadlineKey {
            key,
            referral: referral_of(&aliases).map(ToString::to_string),
            record: record_of(&aliases).map(|(_, id)| id.to_string()),
            kind,
            at: timestamp(row.int(2)?)?,
            rule: row.text(3)?,
            map: row.text(4)?,
            map_line: usize::try_from(row.int(5)?).unwrap_or(0),
        })
    };
    db.rows(sql, &[LISTED.into()])?.iter().map(read).collect()
}
