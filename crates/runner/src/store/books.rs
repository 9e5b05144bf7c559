//! Cursors, counters, the chained audit, and the counts that are shown.
//!
//! In: an open transaction. Out: changed rows, lists and counts. Must not know: what an audit entry
//! says.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::keys::{hints, millis, read_parked, timestamp};
use super::sqlite::Db;
use super::{
    AuditLine, DeadlineKind, DealView, KeyId, ParkedKey, Status, StoreError, Verified, WaitingKey,
    backlog, deadlines, differences, links, record_of, referral_of,
};
use crate::fingerprint::fingerprint;

/// What the first line of the audit follows.
const ORIGIN: &str = "cosell audit 1";
/// How many parked deals the status lists.
const LISTED: i64 = 200;
/// How many hints of a deal are shown.
const NEWEST: i64 = 20;
/// How many lines `verify` reads at a time.
const PAGE: i64 = 1000;

pub(super) fn count(db: &Db, name: &str, by: u64) -> Result<(), StoreError> {
    if by == 0 {
        return Ok(());
    }
    let sql = "INSERT INTO counters (name, count) VALUES (?1, ?2) \
               ON CONFLICT (name) DO UPDATE SET count = count + ?2";
    db.run(sql, &[name.into(), i64::try_from(by).unwrap_or(i64::MAX).into()]).map(drop)
}

pub(super) fn cursor(db: &Db, name: &str) -> Result<Option<String>, StoreError> {
    let row = db.row("SELECT at FROM cursors WHERE name = ?1", &[name.into()])?;
    row.map(|row| row.text(0)).transpose()
}

pub(super) fn advance(
    db: &Db,
    name: &str,
    expected: Option<&str>,
    new: &str,
) -> Result<bool, StoreError> {
    let changed = match expected {
        None => {
            let sql = "INSERT OR IGNORE INTO cursors (name, at) VALUES (?1, ?2)";
            db.run(sql, &[name.into(), new.into()])?
        }
        Some(expected) => {
            let sql = "UPDATE cursors SET at = ?3 WHERE name = ?1 AND at = ?2";
            db.run(sql, &[name.into(), expected.into(), new.into()])?
        }
    };
    Ok(changed > 0)
}

/// The hash of one line, over the hash before it and everything the line says.
fn chain(prev: &str, line: &AuditLine) -> String {
    let number = |number: i64| number.to_string();
    let (seq, key, at) = (line.seq, line.key.0, line.at.as_millisecond());
    fingerprint(&[prev, &number(seq), &number(key), &number(at), &line.entry])
}

pub(super) fn append(db: &Db, key: KeyId, now: Timestamp, entry: &str) -> Result<(), StoreError> {
    let last = db.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", &[])?;
    let (seq, prev) = match last {
        Some(row) => (row.int(0)?.saturating_add(1), row.text(1)?),
        None => (1, ORIGIN.to_owned()),
    };
    let at = timestamp(now.as_millisecond())?;
    let line = AuditLine { seq, key, at, entry: entry.to_owned() };
    let hash = chain(&prev, &line);
    let sql = "INSERT INTO audit (seq, key, at, entry, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let cells = [seq.into(), key.0.into(), millis(at), entry.into(), prev.into(), hash.into()];
    db.run(sql, &cells).map(drop)
}

pub(super) fn audit(db: &Db, key: Option<KeyId>, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
    let limit = i64::from(limit).into();
    let rows = match key {
        None => {
            let sql = "SELECT seq, key, at, entry FROM audit ORDER BY seq DESC LIMIT ?1";
            db.rows(sql, &[limit])?
        }
        Some(key) => {
            let sql = "SELECT seq, key, at, entry FROM audit WHERE key = ?2 \
                       ORDER BY seq DESC LIMIT ?1";
            db.rows(sql, &[limit, key.0.into()])?
        }
    };
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.push(AuditLine {
            seq: row.int(0)?,
            key: KeyId(row.int(1)?),
            at: timestamp(row.int(2)?)?,
            entry: row.text(3)?,
        });
    }
    Ok(lines)
}

pub(super) fn verify(db: &Db) -> Result<Verified, StoreError> {
    let sql = "SELECT seq, key, at, entry, prev, hash FROM audit WHERE seq > ?1 \
               ORDER BY seq LIMIT ?2";
    let mut verified = Verified { lines: 0, last: ORIGIN.to_owned(), broken_at: None };
    let (mut seq, mut prev) = (0_i64, ORIGIN.to_owned());
    loop {
        let rows = db.rows(sql, &[seq.into(), PAGE.into()])?;
        if rows.is_empty() {
            return Ok(verified);
        }
        for row in rows {
            let line = AuditLine {
                seq: row.int(0)?,
                key: KeyId(row.int(1)?),
                at: timestamp(row.int(2)?)?,
                entry: row.text(3)?,
            };
            let hash = row.text(5)?;
            let follows = line.seq == seq + 1 && row.text(4)? == prev;
            if !follows || chain(&prev, &line) != hash {
                verified.broken_at = Some(seq + 1);
                return Ok(verified);
            }
            verified.last.clone_from(&hash);
            (seq, prev) = (line.seq, hash);
            verified.lines += 1;
        }
    }
}

pub(super) fn status(db: &Db) -> Result<Status, StoreError> {
    let oldest = "SELECT MIN(dirty_since) FROM keys WHERE dirty_seq > done_seq";
    let oldest = db.row(oldest, &[])?.map(|row| row.maybe_int(0)).transpose()?.flatten();
    let linked = "SELECT COUNT(*) FROM (SELECT key FROM aliases WHERE slot IS NOT NULL \
                  GROUP BY key HAVING COUNT(*) = 2)";
    Ok(Status {
        keys: db.count("SELECT COUNT(*) FROM keys", &[])?,
        linked: db.count(linked, &[])?,
        dirty: db.count("SELECT COUNT(*) FROM keys WHERE dirty_seq > done_seq", &[])?,
        open_intents: db.count("SELECT COUNT(*) FROM intents WHERE state = 'open'", &[])?,
        oldest_dirty: oldest.map(timestamp).transpose()?,
        parked_count: db.count("SELECT COUNT(*) FROM keys WHERE parked IS NOT NULL", &[])?,
        parked: parked(db, Some(LISTED))?,
        waiting: waiting(db)?,
        unanswered: deadlines::count(db, DeadlineKind::Answer)?,
        too_early: deadlines::count(db, DeadlineKind::Write)?,
        deadlines: deadlines::list(db)?,
        differing: differences::count(db)?,
        backfill: backlog::view(db)?,
        counters: counters(db)?,
        cursors: cursors(db)?,
    })
}

/// Parked deals, oldest first; at most so many.
pub(super) fn parked(db: &Db, most: Option<i64>) -> Result<Vec<ParkedKey>, StoreError> {
    let sql = "SELECT id, parked, parked_since FROM keys WHERE parked IS NOT NULL \
               ORDER BY parked_since, id LIMIT ?1";
    let mut parked = Vec::new();
    for row in db.rows(sql, &[most.unwrap_or(-1).into()])? {
        let key = KeyId(row.int(0)?);
        let Some(why) = read_parked(row.maybe(1)?, row.maybe_int(2)?)? else { continue };
        let aliases = links::aliases(db, key)?;
        let referral = referral_of(&aliases).map(ToString::to_string);
        let record = record_of(&aliases).map(|(_, id)| id.to_string());
        parked.push(ParkedKey { key, referral, record, since: why.since, causes: why.causes });
    }
    Ok(parked)
}

/// A deal by its key or by an id it is known by.
pub(super) fn deal(db: &Db, name: &str) -> Result<Option<DealView>, StoreError> {
    let Some(key) = links::named(db, name)? else { return Ok(None) };
    let sql = "SELECT created, base, dirty_seq > done_seq, waiting, parked, parked_since \
               FROM keys WHERE id = ?1";
    let Some(row) = db.row(sql, &[key.0.into()])? else { return Ok(None) };
    Ok(Some(DealView {
        key,
        created: timestamp(row.int(0)?)?,
        aliases: links::aliases(db, key)?,
        base: row.maybe(1)?,
        is_dirty: row.int(2)? != 0,
        waiting: row.maybe(3)?,
        parked: read_parked(row.maybe(4)?, row.maybe_int(5)?)?,
        differences: differences::of(db, key)?,
        hints: hints(db, key, 0, NEWEST)?,
    }))
}

fn waiting(db: &Db) -> Result<Vec<WaitingKey>, StoreError> {
    let sql = "SELECT id, attempts, waiting, dirty_since, due_at FROM keys \
               WHERE dirty_seq > done_seq AND waiting IS NOT NULL ORDER BY dirty_since, id LIMIT 50";
    let read = |row: &super::sqlite::Row| {
        Ok(WaitingKey {
            key: KeyId(row.int(0)?),
            attempts: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
            why: row.text(2)?,
            since: timestamp(row.int(3)?)?,
            due: timestamp(row.int(4)?)?,
        })
    };
    db.rows(sql, &[])?.iter().map(read).collect()
}

fn counters(db: &Db) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows = db.rows("SELECT name, count FROM counters", &[])?;
    rows.iter().map(|row| Ok((row.text(0)?, u64::try_from(row.int(1)?).unwrap_or(0)))).collect()
}

fn cursors(db: &Db) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = db.rows("SELECT name, at FROM cursors", &[])?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

pub(super) fn prune(db: &Db, before: Timestamp) -> Result<u64, StoreError> {
    let events = db.run("DELETE FROM events WHERE at < ?1", &[millis(before)])?;
    db.run("DELETE FROM hints WHERE at < ?1", &[millis(before)])?;
    db.run("DELETE FROM deadlines WHERE at < ?1", &[millis(before)])?;
    let closed = "DELETE FROM intents WHERE state <> 'open' AND closed < ?1";
    Ok(events + db.run(closed, &[millis(before)])?)
}
