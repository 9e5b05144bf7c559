//! The tables, and how an older file becomes a newer one.
//!
//! In: an open database. Out: the same with the newest layout, or a refusal of a newer one. Must
//! not know: what the operations do with the tables.

use super::StoreError;
use super::sqlite::Db;

/// One step a format; the n-th leads from format n - 1 to format n.
const STEPS: &[&str] = &[
    "
CREATE TABLE keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,
    dirty_seq INTEGER NOT NULL DEFAULT 1,
    done_seq INTEGER NOT NULL DEFAULT 0 CHECK (done_seq <= dirty_seq),
    dirty_since INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    base TEXT,
    memo TEXT,
    waiting TEXT,
    parked TEXT,
    parked_since INTEGER
) STRICT;
CREATE INDEX keys_due ON keys (due_at, id) WHERE dirty_seq > done_seq;
CREATE INDEX keys_parked ON keys (parked_since) WHERE parked IS NOT NULL;

CREATE TABLE aliases (
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    key INTEGER NOT NULL REFERENCES keys (id),
    slot TEXT,
    object TEXT,
    PRIMARY KEY (space, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX aliases_slot ON aliases (key, slot) WHERE slot IS NOT NULL;
CREATE INDEX aliases_key ON aliases (key);

CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key INTEGER NOT NULL REFERENCES keys (id),
    epoch INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    closed INTEGER,
    state TEXT NOT NULL DEFAULT 'open'
) STRICT;
CREATE INDEX intents_open ON intents (key) WHERE state = 'open';

CREATE TABLE reservations (
    name TEXT PRIMARY KEY,
    key INTEGER NOT NULL REFERENCES keys (id),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE events (hash TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    at INTEGER NOT NULL,
    entry TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_key ON audit (key, seq);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
",
    "
CREATE TABLE hints (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key INTEGER NOT NULL REFERENCES keys (id),
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    event TEXT
) STRICT;
CREATE INDEX hints_key ON hints (key, at);
CREATE INDEX hints_at ON hints (at);
",
    "
CREATE TABLE solutions (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    imported INTEGER NOT NULL,
    seen INTEGER
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE deadlines (
    key INTEGER NOT NULL REFERENCES keys (id),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    rule TEXT NOT NULL,
    map TEXT NOT NULL,
    map_line INTEGER NOT NULL,
    PRIMARY KEY (key, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX deadlines_at ON deadlines (kind, at);
",
    "
ALTER TABLE keys ADD COLUMN left_told INTEGER;
ALTER TABLE keys ADD COLUMN right_told INTEGER;
",
    "
CREATE TABLE differences (
    key INTEGER NOT NULL REFERENCES keys (id),
    rule TEXT NOT NULL,
    map TEXT NOT NULL,
    map_line INTEGER NOT NULL,
    held TEXT,
    left_value TEXT NOT NULL,
    right_value TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (key, rule)
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE keys ADD COLUMN backlog INTEGER NOT NULL DEFAULT 0;
CREATE INDEX keys_backlog ON keys (backlog) WHERE backlog > 0;

CREATE TABLE backfill (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL DEFAULT 'none',
    old_before INTEGER,
    began INTEGER,
    ended INTEGER,
    listed INTEGER NOT NULL DEFAULT 0,
    is_listed INTEGER NOT NULL DEFAULT 0,
    share INTEGER NOT NULL DEFAULT 0,
    at_once INTEGER NOT NULL DEFAULT 1,
    turn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE backlog (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    object TEXT,
    version INTEGER,
    UNIQUE (space, id)
) STRICT;
",
];

/// The newest format, and the one that the file has.
fn formats(db: &Db) -> Result<(i64, i64), StoreError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let found = db.row("PRAGMA user_version", &[])?.map(|row| row.int(0)).transpose()?.unwrap_or(0);
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    Ok((known, found))
}

/// Refuses a file that has not the newest format: whoever only looks changes nothing.
pub(super) fn expect(db: &Db) -> Result<(), StoreError> {
    let (known, found) = formats(db)?;
    if found < known { Err(StoreError::TooOld { found, known }) } else { Ok(()) }
}

/// Brings the file to the newest format, one step a transaction.
pub(super) fn migrate(db: &Db) -> Result<(), StoreError> {
    let (_, found) = formats(db)?;
    for (index, step) in STEPS.iter().enumerate() {
        let format = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
        if format > found {
            db.batch(&format!("BEGIN IMMEDIATE; {step} PRAGMA user_version = {format}; COMMIT;"))
                .inspect_err(|_| drop(db.batch("ROLLBACK")))?;
        }
    }
    Ok(())
}
