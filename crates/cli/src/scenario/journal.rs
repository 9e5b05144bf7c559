//! That a scenario is under way: written down before the first record is made.
//!
//! In: a configuration's place, a mark. Out: a file that is there for as long as something may be left over. Must
//! not know: records.

use std::path::{Path, PathBuf};

use runner::Timestamp;
use serde_json::json;

use crate::passed;
use crate::ready;
use crate::terminal::Stop;

/// The file.
pub(super) struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The one beside a configuration.
    pub(super) fn beside(config: &Path) -> Self {
        Self { path: passed::list(config).with_file_name("scenario.json") }
    }

    /// Whoever holds it plays.
    pub(super) fn lock(&self) -> PathBuf {
        self.path.with_extension("lock")
    }

    /// A scenario did not come to its end.
    pub(super) fn is_open(&self) -> bool {
        self.path.exists()
    }

    /// From now on something may be left over.
    pub(super) fn open(&self, mark: &str) -> Result<(), Stop> {
        ready::write(&self.path, &json!({ "mark": mark, "began": Timestamp::now() }))
    }

    /// Nothing is.
    pub(super) fn close(&self) -> Result<(), Stop> {
        ready::forget(&self.path)
    }
}
