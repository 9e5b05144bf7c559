//! Why the service did not start, or had to end.
//!
//! In: the errors of its parts. Out: one type the command can show. Must not know: terminals.

use std::path::PathBuf;

use mapping::problem::Report;

use crate::config::ConfigProblem;
use crate::store::StoreError;

/// Why the service did not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used: {} problems", .0.len())]
    Config(Vec<ConfigProblem>),
    /// A mapping has problems of severity error.
    #[error("the mapping cannot be used: {0}")]
    Map(Box<Report>),
    /// A mapping is fine, but not for this service.
    #[error("{0}")]
    MapSides(String),
    /// Two maps are for one object: they would write against each other.
    #[error("{first} and {second} are both maps of {object}: they would write against each other")]
    Twins {
        /// The file that is named first.
        first: String,
        /// The other one.
        second: String,
        /// The CRM object.
        object: String,
    },
    /// A schema file cannot be used; one sentence a problem.
    #[error("the schemas cannot be used: {}", .0.join("; "))]
    Schemas(Vec<String>),
    /// A file cannot be read or made.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A release is not what was promoted.
    #[error("{}: {why}", path.display())]
    Release {
        /// The file of it.
        path: PathBuf,
        /// Why it cannot be used.
        why: String,
    },
    /// A map that is being tried out is not for production.
    #[error("the mapping {map} ({file}) is experimental, and production takes stable maps only")]
    Experimental {
        /// The mapping.
        map: String,
        /// Its file.
        file: String,
    },
    /// The state file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address, certificate or sign-in that cannot be used.
    #[error("a setting cannot be used: {}", plain(.0))]
    Setting(connect::Error),
    /// No environment may run; each with why.
    #[error("no environment may run: {}", .0.join("; "))]
    Halted(Vec<String>),
    /// The socket.
    #[error("the listener failed: {0}")]
    Listen(std::io::Error),
}

/// What is wrong with a setting, without the word that programs know it by.
fn plain(error: &connect::Error) -> String {
    match error {
        connect::Error::Refused { why, .. } => why.clone(),
        other @ (connect::Error::Later { .. }
        | connect::Error::Denied { .. }
        | connect::Error::Changed
        | connect::Error::Resting { .. }
        | connect::Error::Gone { .. }) => other.to_string(),
    }
}
