//! What happens to referrals by themselves. In come ids and moments; out go the ids whose moment has
//! come. It must not know what happens then.

use crate::{database::Result, store::Tx};

impl Tx<'_> {
    /// Notes when a referral's time is up, in ticks; `None`: never.
    pub(crate) fn put_due(&self, id: &str, at: Option<i64>) -> Result<()> {
        match at {
            Some(at) => {
                let sql = "INSERT OR REPLACE INTO dues (id, at) VALUES (?1, ?2)";
                self.database.run(sql, &[id.into(), at.into()])
            }
            None => self.database.run("DELETE FROM dues WHERE id = ?1", &[id.into()]),
        }
    }

    /// Whether any referral's time is up at `now` (ticks).
    pub(crate) fn is_any_due(&self, now: i64) -> Result<bool> {
        let sql = "SELECT 1 FROM dues WHERE at <= ?1 LIMIT 1";
        Ok(self.database.one(sql, &[now.into()], |row| row.number(0))?.is_some())
    }

    /// The referrals whose time is up at `now` (ticks), the earliest first.
    pub(crate) fn due_referrals(&self, now: i64) -> Result<Vec<String>> {
        let sql = "SELECT id FROM dues WHERE at <= ?1 ORDER BY at, id";
        self.database.all(sql, &[now.into()], |row| row.text(0))
    }

    /// Forgets a referral.
    pub(crate) fn drop_referral(&self, id: &str) -> Result<()> {
        self.put_due(id, None)?;
        self.database.run("DELETE FROM referrals WHERE id = ?1", &[id.into()])
    }
}
