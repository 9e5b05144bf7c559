//! Counts that need not be flushed. In come names; out go numbers, which a folder keeps now and then. It
//! must not know what is counted.

use super::{Count, Store, lock};
use crate::database::{Database, Result};

pub(super) const COUNTS: &str = "
CREATE TABLE IF NOT EXISTS counts (system TEXT NOT NULL, user TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (system, user, kind)) WITHOUT ROWID;
";

#[derive(Debug)]
pub(super) struct Counts {
    pub(super) list: Vec<Count>,
    pub(super) is_saved: bool,
    pub(super) database: Database,
}

impl Store {
    /// Counts one thing that need not be flushed; answers the new count.
    #[expect(clippy::unnecessary_wraps, reason = "where it is kept is nobody else's business")]
    pub(crate) fn count_lightly(&self, system: &str, user: &str, kind: &str) -> Result<i64> {
        let mut counts = lock(&self.shared.counts);
        counts.is_saved = false;
        let fits = |count: &&mut Count| count.2 == kind && count.1 == user && count.0 == system;
        if let Some(count) = counts.list.iter_mut().find(fits) {
            count.3 += 1;
            return Ok(count.3);
        }
        counts.list.push((system.to_owned(), user.to_owned(), kind.to_owned(), 1));
        Ok(1)
    }

    /// The counts of `count_lightly`.
    pub(crate) fn light_counts(&self) -> Vec<Count> {
        lock(&self.shared.counts).list.clone()
    }

    /// Writes the counts of `count_lightly`, if there is a folder and anything new.
    pub(crate) fn save_counts(&self) -> Result<()> {
        let mut counts = lock(&self.shared.counts);
        if counts.is_saved || !self.shared.is_kept {
            return Ok(());
        }
        counts.database.batch("BEGIN; DELETE FROM counts;")?;
        for (system, user, kind, number) in &counts.list {
            let cells = [
                system.as_str().into(),
                user.as_str().into(),
                kind.as_str().into(),
                (*number).into(),
            ];
            let sql =
                "INSERT OR REPLACE INTO counts (system, user, kind, n) VALUES (?1, ?2, ?3, ?4)";
            counts.database.run(sql, &cells)?;
        }
        counts.database.batch("COMMIT")?;
        counts.is_saved = true;
        Ok(())
    }

    /// Forgets the counts of `count_lightly`.
    pub(crate) fn clear_light_counts(&self) {
        let mut counts = lock(&self.shared.counts);
        counts.list.clear();
        counts.is_saved = false;
    }
}
