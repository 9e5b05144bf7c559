//! Deals and the work on them: accept, take, renew, intend, commit, release.
//!
//! In: an open transaction. Out: changed rows. Must not know: threads, groups of commits, or what
//! base and memo say.

use std::time::Duration;

use jiff::Timestamp;

use super::sqlite::{Cell, Db, Row};
use super::{
    AFTER_CREATES, Accepted, Alias, Because, Cause, Claim, Commit, Hint, HintEvent, IntentId,
    IntentKind, KeyId, Next, OpenIntent, Parked, Release, Source, StoreError, Taken, backlog,
    books, deadlines, differences, links,
};

/// How many hints a claim tells of.
const FEW: i64 = 3;

/// A claim's place, for compare-and-set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) key: KeyId,
    pub(super) epoch: i64,
    pub(super) version: i64,
    pub(super) dirty_upto: i64,
}

impl Place {
    pub(super) fn of(claim: &Claim) -> Self {
        Self {
            key: claim.key,
            epoch: claim.epoch,
            version: claim.version,
            dirty_upto: claim.dirty_upto,
        }
    }
}

pub(super) fn millis(at: Timestamp) -> Cell {
    Cell::Int(at.as_millisecond())
}

pub(super) fn timestamp(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|error| StoreError::Broken(error.to_string()))
}

/// Ends every lease: their holders are gone, and older epochs can commit nothing.
pub(super) fn end_leases(db: &Db) -> Result<(), StoreError> {
    db.run(
        "UPDATE keys SET lease_until = 0, lease_epoch = lease_epoch + 1 WHERE lease_until > 0",
        &[],
    )
    .map(drop)
}

pub(super) fn accept(
    db: &Db,
    hints: &[Hint],
    event: Option<&HintEvent>,
    source: Source,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    let mut accepted = Accepted::default();
    if let Some(HintEvent { hash, .. }) = event {
        let sql = "INSERT OR IGNORE INTO events (hash, at) VALUES (?1, ?2)";
        accepted.replayed = db.run(sql, &[hash.as_str().into(), millis(now)])? == 0;
    }
    for hint in hints {
        let (key, slot) = if let Some((key, slot)) = links::find(db, &hint.alias)? {
            mark_dirty(db, key, now)?;
            backlog::is_news(db, key, now)?;
            (key, slot)
        } else {
            (mint(db, &hint.alias, now)?, links::slot(&hint.alias).map(str::to_owned))
        };
        if let (Some(slot), Some(version)) = (slot, hint.version) {
            was_told(db, key, &slot, version)?;
        }
        let sql = "INSERT INTO hints (key, at, source, event) VALUES (?1, ?2, ?3, ?4)";
        let name = event.map(|event| event.name.clone());
        db.run(sql, &[key.0.into(), millis(now), source.word().into(), name.into()])?;
        accepted.keys.push(key);
    }
    let hints = u64::try_from(hints.len()).unwrap_or(u64::MAX);
    books::count(db, &format!("accepted_{}", source.word()), hints)?;
    if accepted.replayed {
        books::count(db, "replayed", 1)?;
    }
    Ok(accepted)
}

/// Remembers the newest version of a deal's record that a list told of, until it was read.
pub(super) fn was_told(
    db: &Db,
    key: KeyId,
    slot: &str,
    version: Timestamp,
) -> Result<(), StoreError> {
    let column = if slot == "left" { "left_told" } else { "right_told" };
    let sql = format!("UPDATE keys SET {column} = MAX(COALESCE({column}, ?2), ?2) WHERE id = ?1");
    db.run(&sql, &[key.0.into(), millis(version)]).map(drop)
}

pub(super) fn mint(db: &Db, name: &Alias, now: Timestamp) -> Result<KeyId, StoreError> {
    let sql = "INSERT INTO keys (created, dirty_since, due_at) VALUES (?1, ?1, ?1)";
    db.run(sql, &[millis(now)])?;
    let key = KeyId(db.last_id());
    links::insert(db, key, name)?;
    Ok(key)
}

/// A clean deal becomes due at once; one that waits for a reason goes on waiting.
pub(super) fn mark_dirty(db: &Db, key: KeyId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET \
               dirty_since = CASE WHEN dirty_seq = done_seq THEN ?2 ELSE dirty_since END, \
               due_at = CASE WHEN dirty_seq = done_seq THEN ?2 ELSE due_at END, \
               dirty_seq = dirty_seq + 1 WHERE id = ?1";
    db.run(sql, &[key.0.into(), millis(now)]).map(drop)
}

pub(super) fn take(db: &Db, now: Timestamp, lease: Duration) -> Result<Taken, StoreError> {
    deadlines::wake(db, now)?;
    let Some((key, is_taken_over)) = backlog::next(db, now)? else {
        // One of the backlog that is due has to wait until another one ends.
        let sql = "SELECT MIN(MAX(due_at, lease_until)) FROM keys WHERE dirty_seq > done_seq \
                   AND (backlog <> 1 OR MAX(due_at, lease_until) > ?1)";
        let due = db.row(sql, &[millis(now)])?.map(|row| row.maybe_int(0)).transpose()?.flatten();
        let due = due.into_iter().chain(deadlines::next(db)?).min();
        return Ok(Taken::Idle(due.map(timestamp).transpose()?));
    };
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 4);
    let until = now.as_millisecond().saturating_add(lease);
    let sql = "UPDATE keys SET lease_epoch = lease_epoch + 1, lease_until = ?2 WHERE id = ?1";
    db.run(sql, &[key.0.into(), until.into()])?;
    let claim = Claim { is_taken_over, ..read_claim(db, key)? };
    Ok(Taken::Claim(Box::new(claim)))
}

fn read_claim(db: &Db, key: KeyId) -> Result<Claim, StoreError> {
    let sql = "SELECT lease_epoch, version, dirty_seq, lease_until, attempts, base, memo, parked, \
               parked_since, dirty_since, left_told, right_told, backlog = 1 FROM keys WHERE id = ?1";
    let row = db.row(sql, &[key.0.into()])?.ok_or(StoreError::Fenced)?;
    let told = |index| row.maybe_int(index)?.map(timestamp).transpose();
    Ok(Claim {
        key,
        epoch: row.int(0)?,
        version: row.int(1)?,
        dirty_upto: row.int(2)?,
        lease_until: timestamp(row.int(3)?)?,
        is_taken_over: false,
        attempts: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        base: row.maybe(5)?,
        memo: row.maybe(6)?,
        aliases: links::aliases(db, key)?,
        intents: open_intents(db, key)?,
        parked: read_parked(row.maybe(7)?, row.maybe_int(8)?)?,
        because: hints(db, key, row.int(9)?, FEW)?,
        told: [told(10)?, told(11)?],
        is_old: row.int(12)? != 0,
    })
}

/// The newest hints of a deal since a time, newest first.
pub(super) fn hints(
    db: &Db,
    key: KeyId,
    since: i64,
    most: i64,
) -> Result<Vec<Because>, StoreError> {
    let sql = "SELECT source, event, at FROM hints WHERE key = ?1 AND at >= ?2 \
               ORDER BY at DESC, seq DESC LIMIT ?3";
    let read = |row: &Row| {
        Ok(Because { source: row.text(0)?, event: row.maybe(1)?, at: timestamp(row.int(2)?)? })
    };
    db.rows(sql, &[key.0.into(), since.into(), most.into()])?.iter().map(read).collect()
}

pub(super) fn read_parked(
    causes: Option<String>,
    since: Option<i64>,
) -> Result<Option<Parked>, StoreError> {
    let (Some(causes), Some(since)) = (causes, since) else { return Ok(None) };
    let causes = serde_json::from_str(&causes)
        .map_err(|_| StoreError::Broken("expected the causes of a parked deal".to_owned()))?;
    Ok(Some(Parked { causes, since: timestamp(since)? }))
}

fn open_intents(db: &Db, key: KeyId) -> Result<Vec<OpenIntent>, StoreError> {
    let sql = "SELECT id, kind, body, created FROM intents WHERE key = ?1 AND state = 'open' \
               ORDER BY id";
    let mut intents = Vec::new();
    for row in db.rows(sql, &[key.0.into()])? {
        let kind = IntentKind::read(&row.text(1)?)
            .ok_or_else(|| StoreError::Broken("expected a known kind of intent".to_owned()))?;
        intents.push(OpenIntent {
            id: IntentId(row.int(0)?),
            kind,
            body: row.text(2)?,
            created: timestamp(row.int(3)?)?,
        });
    }
    Ok(intents)
}

/// Fenced unless the deal still has this epoch.
pub(super) fn check_epoch(db: &Db, key: KeyId, epoch: i64) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*) FROM keys WHERE id = ?1 AND lease_epoch = ?2";
    match db.count(sql, &[key.0.into(), epoch.into()])? {
        0 => Err(StoreError::Fenced),
        1.. => Ok(()),
    }
}

pub(super) fn renew(db: &Db, key: KeyId, epoch: i64, until: Timestamp) -> Result<(), StoreError> {
    check_epoch(db, key, epoch)?;
    db.run("UPDATE keys SET lease_until = ?2 WHERE id = ?1", &[key.0.into(), millis(until)])
        .map(drop)
}

pub(super) fn intend(
    db: &Db,
    key: KeyId,
    epoch: i64,
    kind: IntentKind,
    body: String,
    now: Timestamp,
) -> Result<OpenIntent, StoreError> {
    check_epoch(db, key, epoch)?;
    let sql = "INSERT INTO intents (key, epoch, kind, body, created) VALUES (?1, ?2, ?3, ?4, ?5)";
    let cells = [key.0.into(), epoch.into(), kind.word().into(), body.clone().into(), millis(now)];
    db.run(sql, &cells)?;
    Ok(OpenIntent { id: IntentId(db.last_id()), kind, body, created: now })
}

pub(super) fn remember(
    db: &Db,
    key: KeyId,
    epoch: i64,
    intent: IntentId,
    body: &str,
) -> Result<(), StoreError> {
    check_epoch(db, key, epoch)?;
    let sql = "UPDATE intents SET body = ?3 WHERE id = ?2 AND key = ?1 AND state = 'open'";
    match db.run(sql, &[key.0.into(), intent.0.into(), body.into()])? {
        0 => Err(StoreError::Fenced),
        1.. => Ok(()),
    }
}

pub(super) fn open_creates(db: &Db, except: KeyId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM intents WHERE state = 'open' AND kind = ?1 AND key <> ?2 \
               AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.id = intents.key \
               AND parked IS NOT NULL)";
    db.count(sql, &[IntentKind::CreateReferral.word().into(), except.0.into()])
}

pub(super) fn reserve(
    db: &Db,
    key: KeyId,
    epoch: i64,
    name: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    check_epoch(db, key, epoch)?;
    let sql = "INSERT INTO reservations (name, key, until) VALUES (?1, ?2, ?3) \
               ON CONFLICT (name) DO UPDATE SET key = ?2, until = ?3 \
               WHERE reservations.key = ?2 OR reservations.until <= ?4";
    let cells = [name.into(), key.0.into(), millis(until), millis(now)];
    Ok(db.run(sql, &cells)? > 0)
}

pub(super) fn commit(
    db: &Db,
    at: &Place,
    commit: &Commit,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET version = version + 1, base = COALESCE(?4, base), \
               memo = COALESCE(?5, memo) WHERE id = ?1 AND version = ?2 AND lease_epoch = ?3";
    let key: Cell = at.key.0.into();
    let cells = [
        key.clone(),
        at.version.into(),
        at.epoch.into(),
        commit.base.clone().into(),
        commit.memo.clone().into(),
    ];
    if db.run(sql, &cells)? == 0 {
        return Err(StoreError::Fenced);
    }
    for (intent, ending) in &commit.close {
        let sql = "UPDATE intents SET state = ?3, closed = ?4 \
                   WHERE id = ?2 AND key = ?1 AND state = 'open'";
        let cells = [key.clone(), intent.0.into(), ending.word().into(), millis(now)];
        db.run(sql, &cells)?;
    }
    for entry in &commit.audit {
        books::append(db, at.key, now, entry)?;
    }
    for (name, count) in &commit.count {
        books::count(db, name, *count)?;
    }
    if let Some(times) = &commit.deadlines {
        deadlines::set(db, at.key, times)?;
    }
    if ends_create(db, at.key, commit)? {
        let sql = "UPDATE keys SET due_at = ?1, attempts = 0 \
                   WHERE dirty_seq > done_seq AND due_at > ?1 AND waiting = ?2";
        db.run(sql, &[millis(now), AFTER_CREATES.into()])?;
    }
    if let Some(found) = &commit.differences {
        differences::set(db, at.key, now.as_millisecond(), found)?;
    }
    give_back(db, at, &commit.next, now)
}

/// Whether others need not wait any more for a referral that this deal was making.
fn ends_create(db: &Db, key: KeyId, commit: &Commit) -> Result<bool, StoreError> {
    let kind: Cell = IntentKind::CreateReferral.word().into();
    for (intent, _) in &commit.close {
        let sql = "SELECT COUNT(*) FROM intents WHERE id = ?1 AND kind = ?2";
        if db.count(sql, &[intent.0.into(), kind.clone()])? > 0 {
            return Ok(true);
        }
    }
    if !matches!(commit.next, Next::Parked(_)) {
        return Ok(false);
    }
    let sql = "SELECT COUNT(*) FROM intents WHERE key = ?1 AND state = 'open' AND kind = ?2";
    Ok(db.count(sql, &[key.0.into(), kind])? > 0)
}

/// INVARIANT: `done_seq` becomes what was dirty at the take, so a mark set meanwhile is not lost.
fn give_back(db: &Db, at: &Place, next: &Next, now: Timestamp) -> Result<(), StoreError> {
    let key: Cell = at.key.0.into();
    let done = "lease_until = 0, attempts = 0, done_seq = MAX(done_seq, ?2), due_at = ?3, \
                dirty_since = ?3, waiting = NULL, \
                left_told = CASE WHEN dirty_seq > ?2 THEN left_told END, \
                right_told = CASE WHEN dirty_seq > ?2 THEN right_told END, \
                backlog = CASE WHEN backlog = 1 AND dirty_seq <= ?2 THEN 2 ELSE backlog END";
    match next {
        Next::Hold => return Ok(()),
        Next::Done => {
            let sql =
                format!("UPDATE keys SET {done}, parked = NULL, parked_since = NULL WHERE id = ?1");
            db.run(&sql, &[key.clone(), at.dirty_upto.into(), millis(now)])?;
        }
        Next::Later { at: due, counted, why } => {
            let sql = "UPDATE keys SET lease_until = 0, due_at = ?2, attempts = attempts + ?3, \
                       waiting = ?4 WHERE id = ?1";
            let counted = i64::from(*counted).into();
            db.run(sql, &[key.clone(), millis(*due), counted, why.as_str().into()])?;
        }
        Next::Parked(causes) => {
            let causes = write_causes(causes);
            let sql = format!(
                "UPDATE keys SET {done}, \
                 parked_since = CASE WHEN parked = ?4 THEN parked_since ELSE ?3 END, parked = ?4 \
                 WHERE id = ?1"
            );
            db.run(&sql, &[key.clone(), at.dirty_upto.into(), millis(now), causes.into()])?;
        }
    }
    let sql = "DELETE FROM reservations WHERE key = ?1 AND NOT EXISTS \
               (SELECT 1 FROM intents WHERE intents.key = ?1 AND state = 'open')";
    db.run(sql, &[key]).map(drop)
}

fn write_causes(causes: &[Cause]) -> String {
    serde_json::to_string(causes).unwrap_or_else(|_| "[]".to_owned())
}

/// Lets deals go on, and notes who did.
pub(super) fn release(db: &Db, what: &Release, now: Timestamp) -> Result<u64, StoreError> {
    let linked = "(SELECT COUNT(slot) FROM aliases WHERE key = keys.id) = 2 \
                  AND parked IS NULL AND dirty_seq = done_seq";
    let with_code = "parked IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(keys.parked) \
                     WHERE json_extract(value, '$.code') = ?2)";
    let (which, source, cell): (_, _, Option<Cell>) = match what {
        Release::Key(key) => ("id = ?2", Source::Operator, Some(key.0.into())),
        Release::All => ("parked IS NOT NULL", Source::Operator, None),
        Release::Code(code) => (with_code, Source::Operator, Some(code.as_str().into())),
        Release::Linked => (linked, Source::Census, None),
    };
    let cells: Vec<Cell> = std::iter::once(millis(now)).chain(cell).collect();
    let word = source.word();
    let note = "INSERT INTO hints (key, at, source)";
    db.run(&format!("{note} SELECT id, ?1, '{word}' FROM keys WHERE {which}"), &cells)?;
    let set = "UPDATE keys SET dirty_seq = dirty_seq + 1, attempts = 0, due_at = ?1, \
               backlog = CASE WHEN backlog = 1 THEN 2 ELSE backlog END, \
               dirty_since = CASE WHEN dirty_seq = done_seq THEN ?1 ELSE dirty_since END WHERE";
    db.run(&format!("{set} {which}"), &cells)
}
