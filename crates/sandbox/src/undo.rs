//! The state before the last writes. In come records about to be written; out goes a transaction's view of the
//! state as it was, for answers of a copy that lags behind. It must not know what a field means.

use std::collections::VecDeque;

use crate::{
    database::{Cell, Result},
    store::Tx,
};

/// Transactions that can be looked behind.
const DEEPEST: usize = 64;
/// Records of one transaction; of a larger one nothing is remembered, nor of those before it.
const WIDEST: usize = 1000;

/// A record as it was, absent when nothing but its key is there.
#[derive(Debug, Clone)]
pub(crate) enum Before {
    /// Object and id; then deleted, stamp and body; then the indexed values.
    Row { key: [String; 2], cells: Option<(bool, String, String)>, keys: Vec<(String, String)> },
    /// The id; then engagement, created, updated and body.
    Referral { id: String, cells: Option<[String; 4]> },
}

impl Before {
    /// The indexed values of a row.
    pub(crate) fn keys(&self) -> &[(String, String)] {
        match self {
            Self::Row { keys, .. } => keys,
            Self::Referral { .. } => &[],
        }
    }

    fn is_row(&self) -> bool {
        matches!(self, Self::Row { .. })
    }
}

/// What the last transactions wrote over, one list each for rows and referrals.
#[derive(Debug, Default)]
pub(crate) struct Past {
    rows: VecDeque<Vec<Before>>,
    referrals: VecDeque<Vec<Before>>,
}

/// Which records are looked at, and how many transactions back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lag {
    Rows(usize),
    Referrals(usize),
}

impl Past {
    /// Takes in what one transaction wrote over, oldest first.
    pub(crate) fn take(&mut self, written: Vec<Before>) {
        if written.len() > WIDEST {
            *self = Self::default();
            return;
        }
        let (rows, referrals): (Vec<_>, Vec<_>) = written.into_iter().partition(Before::is_row);
        for (list, written) in [(&mut self.rows, rows), (&mut self.referrals, referrals)] {
            if !written.is_empty() {
                list.push_back(written);
            }
            if list.len() > DEEPEST {
                list.pop_front();
            }
        }
    }

    /// Writes over records what they were before the last transactions.
    pub(crate) fn go_back(&self, tx: &Tx<'_>, lag: Lag) -> Result<()> {
        let (list, behind) = match lag {
            Lag::Rows(behind) => (&self.rows, behind),
            Lag::Referrals(behind) => (&self.referrals, behind),
        };
        let newest_first = list.iter().rev().take(behind);
        newest_first.flat_map(|written| written.iter().rev()).try_for_each(|one| tx.restore(one))
    }
}

impl Tx<'_> {
    /// A row as it is, with its indexed values.
    pub(crate) fn row_before(&self, object: &str, id: &str) -> Result<Before> {
        let key: [Cell; 2] = [object.into(), id.into()];
        let sql = "SELECT deleted, stamp, body FROM rows WHERE object = ?1 AND id = ?2";
        let cells =
            self.database.one(sql, &key, |row| Ok((row.flag(0)?, row.text(1)?, row.text(2)?)))?;
        let keys = if cells.is_some() {
            let sql = "SELECT field, value FROM keys WHERE object = ?1 AND id = ?2";
            self.database.all(sql, &key, |row| Ok((row.text(0)?, row.text(1)?)))?
        } else {
            Vec::new()
        };
        Ok(Before::Row { key: [object.to_owned(), id.to_owned()], cells, keys })
    }

    /// Forgets a row and its indexed values.
    pub(crate) fn drop_row(&self, object: &str, id: &str) -> Result<()> {
        let before = self.row_before(object, id)?;
        let key: [Cell; 2] = [object.into(), id.into()];
        self.database.run("DELETE FROM keys WHERE object = ?1 AND id = ?2", &key)?;
        self.database.run("DELETE FROM rows WHERE object = ?1 AND id = ?2", &key)?;
        self.written.borrow_mut().push(before);
        Ok(())
    }

    /// A referral as it is.
    pub(crate) fn referral_before(&self, id: &str) -> Result<Before> {
        let sql = "SELECT engagement, created, updated, body FROM referrals WHERE id = ?1";
        let cells = self.database.one(sql, &[id.into()], |row| {
            Ok([row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?])
        })?;
        Ok(Before::Referral { id: id.to_owned(), cells })
    }

    fn restore(&self, before: &Before) -> Result<()> {
        match before {
            Before::Row { key: [object, id], cells, keys } => {
                let key: [Cell; 2] = [object.as_str().into(), id.as_str().into()];
                self.database.run("DELETE FROM keys WHERE object = ?1 AND id = ?2", &key)?;
                let Some((deleted, stamp, body)) = cells else {
                    return self
                        .database
                        .run("DELETE FROM rows WHERE object = ?1 AND id = ?2", &key);
                };
                let [object, id] = key;
                let row = [
                    object.clone(),
                    id.clone(),
                    (*deleted).into(),
                    stamp.as_str().into(),
                    body.as_str().into(),
                ];
                self.database.run(
                    "INSERT OR REPLACE INTO rows (object, id, deleted, stamp, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                    &row,
                )?;
                keys.iter().try_for_each(|(field, value)| {
                    let cells =
                        [object.clone(), field.as_str().into(), value.as_str().into(), id.clone()];
                    self.database.run(
                        "INSERT OR REPLACE INTO keys (object, field, value, id) VALUES (?1, ?2, ?3, ?4)",
                        &cells,
                    )
                })
            }
            Before::Referral { id, cells: None } => {
                self.database.run("DELETE FROM referrals WHERE id = ?1", &[id.as_str().into()])
            }
            Before::Referral { id, cells: Some(cells) } => {
                let mut row: Vec<Cell> = vec![id.as_str().into()];
                row.extend(cells.iter().map(|cell| Cell::from(cell.as_str())));
                self.database.run(
                    "INSERT OR REPLACE INTO referrals (id, engagement, created, updated, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                    &row,
                )
            }
        }
    }
}
