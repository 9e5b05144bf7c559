//! The solutions that a partner has: those of a list that was imported, and those seen in referrals.
//!
//! In: an open transaction. Out: changed rows, the list. Must not know: where a list comes from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::keys::millis;
use super::sqlite::Db;

/// A solution of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Solution {
    /// Such as `SOL-34104-EBB`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose it is, such as `3P`; may be empty.
    #[serde(rename = "type")]
    pub kind: String,
    /// How far it is with Microsoft, such as `Co-sell ready`; may be empty.
    pub status: String,
    /// It stands in the list that was imported last.
    pub imported: bool,
    /// A referral named it.
    pub seen: bool,
}

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// Solutions that were not known.
    pub new: u64,
    /// Solutions of which the list says something else than before.
    pub changed: u64,
    /// Solutions that say the same.
    pub same: u64,
    /// Solutions of the list before that are not in this one.
    pub gone: u64,
}

/// All of them, by id.
pub(super) fn list(db: &Db) -> Result<Vec<Solution>, StoreError> {
    let sql = "SELECT id, name, type, status, imported, seen FROM solutions ORDER BY id";
    let rows = db.rows(sql, &[])?;
    let one = |row: super::sqlite::Row| {
        Ok(Solution {
            id: row.text(0)?,
            name: row.text(1)?,
            kind: row.text(2)?,
            status: row.text(3)?,
            imported: row.int(4)? != 0,
            seen: row.maybe_int(5)?.is_some(),
        })
    };
    rows.into_iter().map(one).collect()
}

/// A list takes the place of the one before. What was seen in referrals stays known.
pub(super) fn import(db: &Db, solutions: &[Solution]) -> Result<Imported, StoreError> {
    let known = list(db)?;
    let mut done = Imported::default();
    let is_in = |id: &str| solutions.iter().any(|solution| solution.id == id);
    done.gone = u64::try_from(known.iter().filter(|s| s.imported && !is_in(&s.id)).count())
        .unwrap_or(u64::MAX);
    db.run("UPDATE solutions SET imported = 0", &[])?;
    db.run("DELETE FROM solutions WHERE seen IS NULL", &[])?;
    for solution in solutions {
        let before = known.iter().find(|known| known.id == solution.id);
        let says = |s: &Solution| (s.name.clone(), s.kind.clone(), s.status.clone());
        match before {
            None => done.new += 1,
            Some(before) if before.imported && says(before) == says(solution) => done.same += 1,
            Some(_) => done.changed += 1,
        }
        let sql = "INSERT INTO solutions (id, name, type, status, imported) VALUES (?1, ?2, ?3, ?4, 1) \
                   ON CONFLICT (id) DO UPDATE SET name = ?2, type = ?3, status = ?4, imported = 1";
        let Solution { id, name, kind, status, .. } = solution;
        db.run(sql, &[(&**id).into(), (&**name).into(), (&**kind).into(), (&**status).into()])?;
    }
    Ok(done)
}

/// Solutions that a referral names. What an imported list says of them stays.
pub(super) fn see(db: &Db, solutions: &[Solution], now: Timestamp) -> Result<(), StoreError> {
    for Solution { id, name, kind, .. } in solutions {
        let sql = "INSERT INTO solutions (id, name, type, status, imported, seen) \
                   VALUES (?1, ?2, ?3, '', 0, ?4) \
                   ON CONFLICT (id) DO UPDATE SET seen = ?4 WHERE seen IS NULL";
        let cells = [(&**id).into(), (&**name).into(), (&**kind).into(), millis(now)];
        db.run(sql, &cells)?;
    }
    Ok(())
}
