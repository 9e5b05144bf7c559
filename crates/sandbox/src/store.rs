//! Everything both systems remember. In come records, documents and counts; out they go again, also
//! after the process was killed. It must not know what a field means.

mod counts;
mod docs;

use std::{
    cell::{Cell, RefCell},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};
use tokio::sync::watch;

use self::{
    counts::{COUNTS, Counts},
    docs::{Docs, Remembered},
};
use crate::{
    clock::Clock,
    database::{Cells, Database, Result, StoreError},
    salesforce::{OpenChanges, TABLES},
    undo::{Before, Lag, Past},
};

/// How a piece of work ends: what it wrote stays, or is undone.
#[derive(Debug)]
pub(crate) enum End<T> {
    Keep(T),
    Undo(T),
}

/// A stored Salesforce row.
#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub(crate) deleted: bool,
    pub(crate) body: Map<String, Value>,
}

/// Which rows of an object to read.
#[derive(Debug, Clone)]
pub(crate) enum Pick {
    /// All of them.
    All,
    /// Those with one of these ids.
    Ids(Vec<String>),
    /// Those with one of these values in an indexed field; values in lower case, except ids.
    Key(String, Vec<String>),
    /// Those stamped at or after this stored time.
    Since(String),
}

impl Pick {
    /// Rows whose indexed field has this value, without regard to case.
    pub(crate) fn key(field: &str, value: &str) -> Self {
        Self::Key(field.to_owned(), vec![value.trim().to_lowercase()])
    }
}

/// By which time referrals are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReferralOrder {
    Created,
    Updated,
}

/// Where a walk over the referrals begins and how it goes.
#[derive(Debug)]
pub(crate) struct ReferralWalk<'a> {
    pub(crate) order: ReferralOrder,
    pub(crate) descending: bool,
    pub(crate) engagement: Option<&'a str>,
    /// Time and id of the last one already seen.
    pub(crate) after: Option<(&'a str, &'a str)>,
}

/// A count: system, user, kind, number.
pub(crate) type Count = (String, String, String, i64);

/// The state of one sandbox, or a view of it that lags behind.
#[derive(Debug)]
pub(crate) struct Store {
    shared: Arc<Shared>,
    pub(crate) clock: Arc<Clock>,
    lag: Option<Lag>,
}

/// Records that must survive in one database; counts that need not be flushed in memory, and now and then
/// in another.
#[derive(Debug)]
struct Shared {
    main: Mutex<Main>,
    counts: Mutex<Counts>,
    /// Whether there is a folder.
    is_kept: bool,
    /// Rings after a commit that put webhooks on their way.
    deliveries: watch::Sender<()>,
    /// Rings after a commit that left something else to do.
    dues: watch::Sender<()>,
    /// Rings after a commit that subscribers are to hear of.
    news: watch::Sender<()>,
}

#[derive(Debug)]
struct Main {
    database: Database,
    past: Past,
    remembered: RefCell<Remembered>,
}

/// One transaction on the records.
#[derive(Debug)]
pub(crate) struct Tx<'a> {
    pub(crate) database: &'a Database,
    pub(crate) clock: &'a Clock,
    docs: Docs<'a>,
    /// Changes of rows that subscribers are to hear of.
    pub(crate) changes: RefCell<OpenChanges>,
    /// What it wrote over.
    pub(crate) written: RefCell<Vec<Before>>,
    /// Whether it put webhooks on their way.
    pub(crate) has_deliveries: Cell<bool>,
    /// Whether it left something else to do.
    has_dues: Cell<bool>,
    /// Whether subscribers are to hear of it.
    has_news: Cell<bool>,
}

const MAIN: &str = "
CREATE TABLE IF NOT EXISTS docs (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (object TEXT NOT NULL, id TEXT NOT NULL, deleted INTEGER NOT NULL, stamp TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (object, id));
CREATE INDEX IF NOT EXISTS rows_by_stamp ON rows (object, stamp);
CREATE TABLE IF NOT EXISTS keys (object TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (object, field, value, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_id ON keys (object, id);
CREATE TABLE IF NOT EXISTS referrals (id TEXT PRIMARY KEY, engagement TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS referrals_by_updated ON referrals (updated, id);
CREATE INDEX IF NOT EXISTS referrals_by_created ON referrals (created, id);
CREATE INDEX IF NOT EXISTS referrals_by_engagement ON referrals (engagement);
CREATE TABLE IF NOT EXISTS dues (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dues_by_time ON dues (at);
CREATE TABLE IF NOT EXISTS deliveries (number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, body TEXT NOT NULL, aside INTEGER NOT NULL, correlation TEXT, attempts INTEGER NOT NULL, due INTEGER NOT NULL, offline INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (offline, due);
CREATE TABLE IF NOT EXISTS counts (system TEXT NOT NULL, user TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (system, user, kind)) WITHOUT ROWID;
";
const COUNT: &str = "INSERT INTO counts (system, user, kind, n) VALUES (?1, ?2, ?3, 1)
 ON CONFLICT (system, user, kind) DO UPDATE SET n = n + 1";

impl Store {
    /// Opens the state in a folder that exists, or in memory.
    pub(crate) fn open(folder: Option<&Path>, clock: Clock) -> Result<Self> {
        let file = |name: &str| folder.map(|folder| folder.join(name));
        let database = Database::open(file("state.sqlite").as_deref(), true, MAIN)?;
        for tables in TABLES {
            database.batch(tables)?;
        }
        let counts = Database::open(file("requests.sqlite").as_deref(), false, COUNTS)?;
        let list = read_counts(&counts)?;
        let shared = Shared {
            main: Mutex::new(Main {
                database,
                past: Past::default(),
                remembered: RefCell::default(),
            }),
            counts: Mutex::new(Counts { list, is_saved: true, database: counts }),
            is_kept: folder.is_some(),
            deliveries: watch::Sender::new(()),
            dues: watch::Sender::new(()),
            news: watch::Sender::new(()),
        };
        Ok(Self { shared: Arc::new(shared), clock: Arc::new(clock), lag: None })
    }

    /// Whether anything is left when the process is gone; then a write takes as long as the disk.
    pub(crate) fn is_kept(&self) -> bool {
        self.shared.is_kept
    }

    /// The same state as it was some writes ago. What is written through this view is forgotten.
    pub(crate) fn before(&self, lag: Lag) -> Self {
        let (shared, clock) = (Arc::clone(&self.shared), Arc::clone(&self.clock));
        Self { shared, clock, lag: Some(lag) }
    }

    /// Runs `work` in one transaction. It is on disk when this returns, unless `work` failed or undid it.
    pub(crate) fn transaction<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> std::result::Result<End<T>, E>,
    ) -> std::result::Result<T, E> {
        let mut main = lock(&self.shared.main);
        let Main { database, past, remembered } = &mut *main;
        let database = &*database;
        database.run("BEGIN", &[])?;
        let tx = Tx {
            database,
            clock: &self.clock,
            docs: Docs::new(remembered),
            changes: RefCell::default(),
            written: RefCell::default(),
            has_deliveries: Cell::new(false),
            has_dues: Cell::new(false),
            has_news: Cell::new(false),
        };
        let done = match self.lag.map_or(Ok(()), |lag| past.go_back(&tx, lag)) {
            Ok(()) => work(&tx),
            Err(error) => Err(error.into()),
        };
        let sealed = match &done {
            Ok(End::Keep(_)) if tx.has_news.get() => tx.seal_changes(),
            Ok(End::Keep(_) | End::Undo(_)) | Err(_) => Ok(()),
        };
        match done {
            Ok(End::Keep(value)) if self.lag.is_none() => {
                if let Err(error) = sealed.and_then(|()| database.run("COMMIT", &[])) {
                    // A failed commit may leave the transaction open; the first error matters more.
                    let _ = database.run("ROLLBACK", &[]);
                    return Err(error.into());
                }
                past.take(tx.written.take());
                for (rings, bell) in [
                    (tx.has_deliveries.get(), &self.shared.deliveries),
                    (tx.has_dues.get(), &self.shared.dues),
                    (tx.has_news.get(), &self.shared.news),
                ] {
                    if rings {
                        bell.send_replace(());
                    }
                }
                Ok(value)
            }
            Ok(End::Keep(value) | End::Undo(value)) => {
                database.run("ROLLBACK", &[])?;
                Ok(value)
            }
            Err(error) => {
                // The first error matters more than one of the undo.
                let _ = database.run("ROLLBACK", &[]);
                Err(error)
            }
        }
    }

    /// Hears of commits that put webhooks on their way.
    pub(crate) fn deliveries(&self) -> watch::Receiver<()> {
        self.shared.deliveries.subscribe()
    }

    /// Hears of commits that left something else to do.
    pub(crate) fn dues(&self) -> watch::Receiver<()> {
        self.shared.dues.subscribe()
    }

    /// Hears of commits that subscribers are to hear of.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.shared.news.subscribe()
    }
}

fn lock<T>(database: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves an open transaction at worst, which the next BEGIN reports.
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_counts(database: &Database) -> Result<Vec<Count>> {
    database.all("SELECT system, user, kind, n FROM counts", &[], |row| {
        Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.number(3)?))
    })
}

impl Tx<'_> {
    /// Says that others have something to do once this transaction is kept.
    pub(crate) fn has_dues(&self) {
        self.has_dues.set(true);
    }

    /// Says that subscribers have something to hear of once this transaction is kept.
    pub(crate) fn has_news(&self) {
        self.has_news.set(true);
    }

    /// Runs `work` so that it alone can be undone.
    pub(crate) fn step<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> std::result::Result<End<T>, E>,
    ) -> std::result::Result<T, E> {
        self.database.run("SAVEPOINT step", &[])?;
        let changes = self.changes.borrow().mark();
        let undo = || {
            self.changes.borrow_mut().go_back(changes);
            self.database.run("ROLLBACK TO step", &[])?;
            self.database.run("RELEASE step", &[])
        };
        match work() {
            Ok(End::Keep(value)) => {
                self.database.run("RELEASE step", &[])?;
                Ok(value)
            }
            Ok(End::Undo(value)) => {
                undo()?;
                Ok(value)
            }
            Err(error) => {
                // The first error matters more than one of the undo.
                let _ = undo();
                Err(error)
            }
        }
    }

    /// Milliseconds since 1970 by the sandbox's clock.
    pub(crate) fn now_milliseconds(&self) -> i64 {
        self.clock.now_milliseconds()
    }

    /// Hundreds of nanoseconds since 1970 by the sandbox's clock.
    pub(crate) fn now_ticks(&self) -> i64 {
        self.clock.now_ticks()
    }

    /// One Salesforce row, deleted ones too.
    pub(crate) fn row(&self, object: &str, id: &str) -> Result<Option<StoredRow>> {
        let sql = "SELECT deleted, body FROM rows WHERE object = ?1 AND id = ?2";
        self.database.one(sql, &[object.into(), id.into()], stored)
    }

    /// Writes or replaces a Salesforce row and its indexed values.
    pub(crate) fn put_row(
        &self,
        object: &str,
        id: &str,
        stamp: &str,
        row: &StoredRow,
        keys: &[(&str, String)],
    ) -> Result<()> {
        let body = serde_json::to_string(&row.body)?;
        let before = self.row_before(object, id)?;
        self.database.run(
            "INSERT OR REPLACE INTO rows (object, id, deleted, stamp, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[object.into(), id.into(), row.deleted.into(), stamp.into(), body.into()],
        )?;
        self.put_keys([object, id], before.keys(), keys)?;
        self.written.borrow_mut().push(before);
        Ok(())
    }

    /// Writes the indexed values of a row that are not there yet, and drops those that no longer are.
    fn put_keys(
        &self,
        [object, id]: [&str; 2],
        before: &[(String, String)],
        keys: &[(&str, String)],
    ) -> Result<()> {
        for (field, value) in before {
            if !keys.iter().any(|(name, new)| name == field && new == value) {
                self.database.run(
                    "DELETE FROM keys WHERE object = ?1 AND field = ?2 AND value = ?3 AND id = ?4",
                    &[object.into(), field.as_str().into(), value.as_str().into(), id.into()],
                )?;
            }
        }
        for (field, value) in keys {
            if !before.iter().any(|(name, old)| name == field && old == value) {
                self.database.run(
                    "INSERT OR REPLACE INTO keys (object, field, value, id) VALUES (?1, ?2, ?3, ?4)",
                    &[object.into(), (*field).into(), value.as_str().into(), id.into()],
                )?;
            }
        }
        Ok(())
    }

    /// Salesforce rows of one object, deleted ones too; a row that fits twice comes twice.
    pub(crate) fn rows(&self, object: &str, pick: &Pick) -> Result<Vec<StoredRow>> {
        // `CROSS` keeps the order: the few keys first, and not all rows of the object in the order of ids.
        const BY_KEY: &str = "SELECT deleted, body FROM keys
            CROSS JOIN rows ON rows.object = keys.object AND rows.id = keys.id
            WHERE keys.object = ?1 AND keys.field = ?2 AND keys.value = ?3 ORDER BY keys.id";
        let mut found = Vec::new();
        match pick {
            Pick::All => {
                let sql = "SELECT deleted, body FROM rows WHERE object = ?1 ORDER BY id";
                found = self.database.all(sql, &[object.into()], stored)?;
            }
            Pick::Since(stamp) => {
                let sql =
                    "SELECT deleted, body FROM rows WHERE object = ?1 AND stamp >= ?2 ORDER BY id";
                found = self.database.all(sql, &[object.into(), stamp.as_str().into()], stored)?;
            }
            Pick::Ids(ids) => {
                for id in ids {
                    found.extend(self.row(object, id)?);
                }
            }
            Pick::Key(field, values) => {
                for value in values {
                    let cells = [object.into(), field.as_str().into(), value.as_str().into()];
                    found.extend(self.database.all(BY_KEY, &cells, stored)?);
                }
            }
        }
        Ok(found)
    }

    /// Forgets all Salesforce rows of one object.
    pub(crate) fn drop_rows(&self, object: &str) -> Result<()> {
        self.database.run("DELETE FROM rows WHERE object = ?1", &[object.into()])?;
        self.database.run("DELETE FROM keys WHERE object = ?1", &[object.into()])
    }

    /// One referral.
    pub(crate) fn referral(&self, id: &str) -> Result<Option<Value>> {
        let sql = "SELECT body FROM referrals WHERE id = ?1";
        self.database.one(sql, &[id.into()], |row| row.json(0))
    }

    /// Writes or replaces a referral; its id, engagement and times are taken from the body.
    pub(crate) fn put_referral(&self, body: &Value) -> Result<()> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().into();
        let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
        self.written.borrow_mut().push(self.referral_before(id)?);
        self.database.run(
            "INSERT OR REPLACE INTO referrals (id, engagement, created, updated, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                text("id"),
                text("engagementId"),
                text("createdDateTime"),
                text("updatedDateTime"),
                body.to_string().into(),
            ],
        )
    }

    /// Shows referrals to `visit` in order until it answers `false`.
    pub(crate) fn walk_referrals(
        &self,
        walk: &ReferralWalk<'_>,
        visit: &mut dyn FnMut(Value) -> bool,
    ) -> Result<()> {
        let column = match walk.order {
            ReferralOrder::Created => "created",
            ReferralOrder::Updated => "updated",
        };
        let (beyond, direction) = if walk.descending { ("<", "DESC") } else { (">", "ASC") };
        let sql = format!(
            "SELECT body FROM referrals WHERE (?1 IS NULL OR engagement = ?1)
             AND (?2 IS NULL OR ({column}, id) {beyond} (?2, ?3))
             ORDER BY {column} {direction}, id {direction}"
        );
        let (time, id) = walk.after.unzip();
        let cells = [walk.engagement.into(), time.into(), id.into()];
        self.database.each(&sql, &cells, &mut |row| Ok(visit(row.json(0)?)))
    }

    /// How many referrals there are.
    pub(crate) fn referral_count(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM referrals";
        Ok(self.database.one(sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// Forgets all referrals and all webhooks on their way.
    pub(crate) fn drop_referrals(&self) -> Result<()> {
        self.database.batch("DELETE FROM referrals; DELETE FROM dues; DELETE FROM deliveries;")
    }

    /// Counts one thing in this transaction.
    pub(crate) fn count(&self, system: &str, user: &str, kind: &str) -> Result<()> {
        self.database.run(COUNT, &[system.into(), user.into(), kind.into()])
    }

    /// All counts of `count`.
    pub(crate) fn counts(&self) -> Result<Vec<Count>> {
        read_counts(self.database)
    }

    /// Sets all counts to nothing.
    pub(crate) fn drop_counts(&self) -> Result<()> {
        self.database.batch("DELETE FROM counts")
    }
}

fn stored(row: &Cells<'_>) -> Result<StoredRow> {
    let deleted = row.flag(0)?;
    let body = match row.json(1)? {
        Value::Object(body) => body,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    Ok(StoredRow { deleted, body })
}
