//! Looking after the service: its state file, read and released beside it.
//!
//! In: a configuration. Out: the state file open for a visitor, the deals that are meant. Must not know:
//! what is done with them, how anything is shown.

mod backfill;
mod catalogue;
mod env;
mod held;
mod parked;
mod release;
mod reload;
mod rollback;
mod shadow;
mod solutions;
mod status;
mod verify;
mod why;

pub(crate) use backfill::run as backfill;
pub(crate) use env::run as environments;
pub(crate) use held::run as held;
pub(crate) use parked::run as parked;
pub(crate) use release::{release, replay};
pub(crate) use reload::run as reload;
pub(crate) use rollback::run as rollback;
pub(crate) use shadow::run as shadow;
pub(crate) use solutions::run as solutions;
pub(crate) use status::{ago, run as status};
pub(crate) use verify::run as verify;
pub(crate) use why::run as why;

use runner::config::StateConfig;
use runner::store::{
    Alias, DealView, Role, SqliteStore, Store, StoreError, record_of, referral_of,
};

use crate::command::Kept;
use crate::terminal::{Stop, shown};
use crate::{life, serve};

/// How something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Text,
    Json,
}

/// What to do about a state file that cannot be opened.
pub(crate) fn remedy(error: &StoreError) -> &'static str {
    match error {
        StoreError::NoDatabase(_) | StoreError::Broken(_) => {
            "end the service and put the backup in its place (the manual: The state file). Without a backup move the \
             file away, with its companions `-wal` and `-shm`: the next start makes a new one, finds the deals again \
             by the ids that both records carry, and `first contact` decides where they differ; the history is gone"
        }
        StoreError::Unavailable(_) => "see that the file can be read and written by your user",
        StoreError::TooNew { .. } => "use the program that wrote it, or a newer one",
        StoreError::TooOld { .. } => "start the service with this program once",
        StoreError::NotThere(_) => "start the service once: `cosell serve`",
        StoreError::InUse(_) => "end the other service first, or name another file at `store`",
        StoreError::Fenced | StoreError::Closed => "try it again",
    }
}

/// The state file, and who runs what is asked of it.
struct Office {
    config: StateConfig,
    store: SqliteStore,
    runtime: tokio::runtime::Runtime,
    face: Face,
}

impl Office {
    /// Opens the state file of a configuration.
    fn open(kept: &Kept) -> Result<Self, Stop> {
        let read = StateConfig::load_one(&kept.config, kept.env.as_deref());
        Self::of(kept, serve::usable(&kept.config, read)?)
    }

    /// Those of all its environments, or of the one that is named.
    fn open_all(kept: &Kept) -> Result<Vec<Self>, Stop> {
        let read = StateConfig::load(&kept.config, kept.env.as_deref());
        let all = serve::usable(&kept.config, read)?;
        all.into_iter().map(|config| Self::of(kept, config)).collect()
    }

    fn of(kept: &Kept, config: StateConfig) -> Result<Self, Stop> {
        let runtime = life::runtime()?;
        let store = SqliteStore::open(&config.store, Role::Visitor).map_err(|error| {
            let start = || {
                format!("start the service once: `cosell serve --config {}`", shown(&kept.config))
            };
            let help = match &error {
                StoreError::NotThere(_) => start(),
                other => remedy(other).to_owned(),
            };
            Stop::because(error.to_string(), help)
        })?;
        Ok(Self { config, store, runtime, face: kept.format.into() })
    }

    /// Asks the store.
    fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Stop> {
        self.runtime.block_on(work).map_err(|error| {
            let help = match &error {
                StoreError::NoDatabase(_) | StoreError::Broken(_) => remedy(&error),
                _ => "try it again; another program may hold the file",
            };
            Stop::because(error.to_string(), help)
        })
    }

    /// What the running service says of this environment.
    fn service(&self) -> Option<serde_json::Value> {
        let StateConfig { listen, environment, .. } = &self.config;
        self.runtime.block_on(runner::ask::status(*listen, Some(&environment.name)))
    }

    /// The deal that somebody names.
    fn deal(&self, name: &str) -> Result<DealView, Stop> {
        self.ask(self.store.deal(name.to_owned()))?.ok_or_else(|| {
            Stop::because(
                format!("no deal is known as `{name}`"),
                "name its number (`deal-42`), or the id of its referral, engagement or record; \
                 `cosell parked` and the console list deals",
            )
        })
    }
}

/// Pretty JSON with a line end.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).map_or_else(|_| String::new(), |text| text + "\n")
}

/// The ids by which both systems know a deal: referral, then record.
fn ids(aliases: &[Alias]) -> (Option<String>, Option<String>) {
    let referral = referral_of(aliases).map(ToString::to_string);
    let record = record_of(aliases).map(|(object, id)| format!("{object} {id}"));
    (referral, record)
}

/// `deal-42`, the referral and the record on a line.
fn names(key: impl std::fmt::Display, referral: Option<&str>, record: Option<&str>) -> String {
    let referral = referral.map_or_else(String::new, |id| format!("  referral {id}"));
    let record = record.map_or_else(String::new, |id| format!("  {id}"));
    format!("{key}{referral}{record}")
}
