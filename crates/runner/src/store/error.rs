//! Why the store did not do what it was asked for.
//!
//! In: nothing. Out: errors that people read. Must not know: what was asked for.

/// Why the store did not do it. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another worker has the deal, or it is part of another one now.
    #[error("the deal was given to another worker; nothing was kept")]
    Fenced,
    /// The disk or the file does not take it now.
    #[error("the state file cannot be written now: {0}")]
    Unavailable(String),
    /// What was read is not what this program writes.
    #[error("the state file is damaged: {0}")]
    Broken(String),
    /// Another program's file, or one that was damaged.
    #[error("the state file is no database of cosell any more: {0}")]
    NoDatabase(String),
    /// A newer program wrote the file.
    #[error("the state file has format {found}, this program knows up to {known}: use a newer one")]
    TooNew {
        /// The format found.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// An older program wrote the file, and whoever only looks does not change it.
    #[error(
        "the state file has format {found}, this program needs {known}: start the service with this program \
         once"
    )]
    TooOld {
        /// The format found.
        found: i64,
        /// The one needed.
        known: i64,
    },
    /// Nothing was kept yet.
    #[error("there is no state file {0}: has the service run with this configuration?")]
    NotThere(String),
    /// Another runner has the file.
    #[error("another runner uses {0}: stop it first, or name another file at `store`")]
    InUse(String),
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
}
