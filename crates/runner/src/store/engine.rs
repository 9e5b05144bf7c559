//! The embedded engine: one writer thread that commits many requests at once.
//!
//! In: requests from any task. Out: their answers, given only after the commit that carries them.
//! Must not know: SQL; the operations are in `keys`, `links` and `books`.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::sqlite::Db;
use super::{
    Accepted, Alias, AuditLine, Claim, Commit, DealView, DifferentLine, Hint, HintEvent, Imported,
    IntentId, IntentKind, KeyId, Linked, ParkedKey, Release, Solution, Source, Status, Store,
    StoreError, Taken, Verified, books, differences, keys, layout, links, solutions,
};

/// How many requests one commit may carry.
const GROUP: usize = 256;
/// How many requests may wait for the writer before callers wait too.
const QUEUE: usize = 1024;

/// Who opens the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The service: locks the file against a second one, and ends the leases of its predecessor.
    Runner,
    /// A command that looks, or releases something, beside a running service.
    Visitor,
}

/// A request on its way through the writer.
trait Job: Send {
    fn run(&mut self, db: &Db);
    fn answer(self: Box<Self>, committed: &Result<(), StoreError>);
}

struct Request<T, F> {
    work: Option<F>,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Request<T, F>
where
    T: Send,
    F: FnOnce(&Db) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, db: &Db) {
        let Some(work) = self.work.take() else { return };
        let begun = db.batch("SAVEPOINT request");
        self.result = begun.and_then(|()| work(db));
        let end = match &self.result {
            Ok(_) => "RELEASE request",
            Err(_) => "ROLLBACK TO request; RELEASE request",
        };
        if let Err(error) = db.batch(end) {
            self.result = Err(error);
        }
    }

    fn answer(self: Box<Self>, committed: &Result<(), StoreError>) {
        let answer = match committed {
            Ok(()) => self.result,
            Err(error) => Err(error.clone()),
        };
        // INVARIANT: a caller that went away does not undo what is committed.
        drop(self.reply.send(answer));
    }
}

/// Who carries requests out.
#[derive(Debug)]
enum Hands {
    /// The writer thread.
    Writer(mpsc::Sender<Box<dyn Job>>),
    /// The caller itself, one request a commit: what the simulation drives.
    #[cfg(test)]
    Caller(std::sync::Mutex<Db>),
}

/// The embedded store.
#[derive(Debug)]
pub struct SqliteStore {
    hands: Hands,
    commits: Arc<AtomicU64>,
    /// Held for its lock.
    _lock: Option<File>,
}

impl SqliteStore {
    /// A store in memory whose requests are carried out at once by whoever asks.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let db = Db::in_memory()?;
        layout::migrate(&db)?;
        let hands = Hands::Caller(std::sync::Mutex::new(db));
        Ok(Self { hands, commits: Arc::default(), _lock: None })
    }

    /// Opens or creates the file at `path`.
    ///
    /// Fails when it cannot be opened, was written by a newer program, or (as a runner) is in use.
    pub fn open(path: &Path, role: Role) -> Result<Self, StoreError> {
        let lock = match role {
            Role::Runner => {
                let lock = lock(path)?;
                // What the library would make, everybody could read; its companions are made like the file itself.
                drop(private(path)?);
                Some(lock)
            }
            Role::Visitor => None,
        };
        if role == Role::Visitor && !path.exists() {
            return Err(StoreError::NotThere(path.display().to_string()));
        }
        let db = Db::open(path)?;
        match role {
            Role::Runner => {
                layout::migrate(&db)?;
                keys::end_leases(&db)?;
            }
            Role::Visitor => layout::expect(&db)?,
        }
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let counted = commits.clone();
        std::thread::Builder::new()
            .name("cosell-store".to_owned())
            .spawn(move || write_all(&db, waiting, &counted))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { hands: Hands::Writer(jobs), commits, _lock: lock })
    }

    /// How many commits were made: fewer than requests when they come together.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) async fn ask<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let request: Box<dyn Job> =
            Box::new(Request { work: Some(work), result: Err(StoreError::Closed), reply });
        match &self.hands {
            Hands::Writer(jobs) => jobs.send(request).await.map_err(|_| StoreError::Closed)?,
            #[cfg(test)]
            Hands::Caller(db) => {
                let db = db.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                write_now(&db, vec![request], &self.commits);
            }
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

#[cfg(test)]
impl SqliteStore {
    /// Ends the writer, as a disk that fails would.
    pub(crate) async fn break_down(&self) {
        let broken = |_: &Db| -> Result<(), StoreError> { std::panic::resume_unwind(Box::new(())) };
        let _ = self.ask(broken).await;
    }
}

/// Keeps a second runner away from the file, for as long as the answer lives.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private(Path::new(&name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StoreError::InUse(path.display().to_string()))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::Unavailable(error.to_string())),
    }
}

/// Opens a file, or makes it: for this user alone.
fn private(path: &Path) -> Result<File, StoreError> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}

/// The writer: takes what waits, commits it at once, answers. Ends when all senders are gone.
fn write_all(db: &Db, mut waiting: mpsc::Receiver<Box<dyn Job>>, commits: &AtomicU64) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP {
            let Ok(next) = waiting.try_recv() else { break };
            group.push(next);
        }
        write_now(db, group, commits);
    }
}

fn write_now(db: &Db, mut group: Vec<Box<dyn Job>>, commits: &AtomicU64) {
    let committed = write_group(db, &mut group);
    commits.fetch_add(1, Ordering::Relaxed);
    for job in group {
        job.answer(&committed);
    }
}

fn write_group(db: &Db, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    db.batch("BEGIN IMMEDIATE")?;
    for job in group.iter_mut() {
        job.run(db);
    }
    db.batch("COMMIT").inspect_err(|_| drop(db.batch("ROLLBACK")))
}

impl Store for SqliteStore {
    async fn accept<H: Into<Hint> + Send>(
        &self,
        hints: Vec<H>,
        event: Option<HintEvent>,
        source: Source,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let hints: Vec<Hint> = hints.into_iter().map(Into::into).collect();
        self.ask(move |db| keys::accept(db, &hints, event.as_ref(), source, now)).await
    }

    async fn take(&self, now: Timestamp, lease: Duration) -> Result<Taken, StoreError> {
        self.ask(move |db| keys::take(db, now, lease)).await
    }

    async fn renew(&self, claim: &mut Claim, until: Timestamp) -> Result<(), StoreError> {
        let (key, epoch) = (claim.key, claim.epoch);
        self.ask(move |db| keys::renew(db, key, epoch, until)).await?;
        claim.lease_until = until;
        Ok(())
    }

    async fn intend(
        &self,
        claim: &mut Claim,
        kind: IntentKind,
        body: String,
        now: Timestamp,
    ) -> Result<IntentId, StoreError> {
        let (key, epoch) = (claim.key, claim.epoch);
        let intent = self.ask(move |db| keys::intend(db, key, epoch, kind, body, now)).await?;
        let id = intent.id;
        claim.intents.push(intent);
        Ok(id)
    }

    async fn remember(
        &self,
        claim: &mut Claim,
        intent: IntentId,
        body: String,
    ) -> Result<(), StoreError> {
        let (key, epoch, kept) = (claim.key, claim.epoch, body.clone());
        self.ask(move |db| keys::remember(db, key, epoch, intent, &body)).await?;
        for open in claim.intents.iter_mut().filter(|open| open.id == intent) {
            open.body.clone_from(&kept);
        }
        Ok(())
    }

    async fn commit(
        &self,
        claim: &mut Claim,
        commit: Commit,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let at = keys::Place::of(claim);
        let kept = commit.clone();
        self.ask(move |db| keys::commit(db, &at, &commit, now)).await?;
        claim.version += 1;
        claim.base = kept.base.or(claim.base.take());
        claim.memo = kept.memo.or(claim.memo.take());
        claim.intents.retain(|open| !kept.close.iter().any(|(id, _)| *id == open.id));
        Ok(())
    }

    async fn link(
        &self,
        claim: &mut Claim,
        alias: Alias,
        now: Timestamp,
    ) -> Result<Linked, StoreError> {
        let at = keys::Place::of(claim);
        let name = alias.clone();
        let (linked, aliases) = self.ask(move |db| links::link(db, &at, &alias, now)).await?;
        if linked == Linked::Here {
            tracing::debug!(key = %claim.key, name = links::space(&name), "linked");
            claim.aliases = aliases;
        }
        Ok(linked)
    }

    async fn follow(
        &self,
        claim: &mut Claim,
        to: Alias,
        memo: String,
        entry: String,
        now: Timestamp,
    ) -> Result<Linked, StoreError> {
        let at = keys::Place::of(claim);
        let (linked, aliases) =
            self.ask(move |db| links::follow(db, &at, &to, (&memo, &entry), now)).await?;
        if linked == Linked::Here {
            claim.aliases = aliases;
            claim.base = None;
        }
        Ok(linked)
    }

    async fn join(
        &self,
        claim: &mut Claim,
        engagement: String,
        now: Timestamp,
    ) -> Result<Option<Linked>, StoreError> {
        let at = keys::Place::of(claim);
        self.ask(move |db| links::join(db, &at, &engagement, now)).await
    }

    async fn owner(&self, alias: Alias) -> Result<Option<(KeyId, Vec<Alias>)>, StoreError> {
        self.ask(move |db| links::owner(db, &alias)).await
    }

    async fn open_creates(&self, except: KeyId) -> Result<u64, StoreError> {
        self.ask(move |db| keys::open_creates(db, except)).await
    }

    async fn reserve(
        &self,
        claim: &Claim,
        name: String,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let (key, epoch) = (claim.key, claim.epoch);
        self.ask(move |db| keys::reserve(db, key, epoch, &name, now, until)).await
    }

    async fn solutions(&self) -> Result<Vec<Solution>, StoreError> {
        self.ask(solutions::list).await
    }

    async fn see_solutions(&self, all: Vec<Solution>, now: Timestamp) -> Result<(), StoreError> {
        self.ask(move |db| solutions::see(db, &all, now)).await
    }

    async fn import_solutions(&self, all: Vec<Solution>) -> Result<Imported, StoreError> {
        self.ask(move |db| solutions::import(db, &all)).await
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        self.ask(move |db| books::cursor(db, &name)).await
    }

    async fn advance(
        &self,
        name: &str,
        expected: Option<String>,
        new: String,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.ask(move |db| books::advance(db, &name, expected.as_deref(), &new)).await
    }

    async fn release(&self, what: Release, now: Timestamp) -> Result<u64, StoreError> {
        self.ask(move |db| keys::release(db, &what, now)).await
    }

    async fn audit(&self, key: Option<KeyId>, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.ask(move |db| books::audit(db, key, limit)).await
    }

    async fn linked(&self, after: KeyId, most: u32) -> Result<Vec<KeyId>, StoreError> {
        self.ask(move |db| links::linked(db, after, most)).await
    }

    async fn parked(&self) -> Result<Vec<ParkedKey>, StoreError> {
        self.ask(|db| books::parked(db, None)).await
    }

    async fn differences(&self) -> Result<Vec<DifferentLine>, StoreError> {
        self.ask(differences::lines).await
    }

    async fn deal(&self, name: String) -> Result<Option<DealView>, StoreError> {
        self.ask(move |db| books::deal(db, &name)).await
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        self.ask(books::verify).await
    }

    async fn status(&self) -> Result<Status, StoreError> {
        self.ask(books::status).await
    }

    async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.ask(move |db| books::prune(db, before)).await
    }
}
