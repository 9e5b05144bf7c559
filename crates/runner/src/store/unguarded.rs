//! Ways around the store's guards, for planted bugs alone.
//!
//! In: a claim or a deal. Out: what a store without the guard would have done. Must not know: who plants.
//! It exists in test builds only.

use super::engine::SqliteStore;
use super::{Claim, KeyId, StoreError};

impl SqliteStore {
    /// Makes a claim look as if nobody else had taken its deal meanwhile.
    pub(crate) async fn forgive(&self, claim: &mut Claim) -> Result<(), StoreError> {
        let key = claim.key;
        let sql = "SELECT lease_epoch, version FROM keys WHERE id = ?1";
        let found = self
            .ask(move |db| {
                let row = db.row(sql, &[key.0.into()])?;
                row.map(|row| Ok((row.int(0)?, row.int(1)?))).transpose()
            })
            .await?;
        if let Some((epoch, version)) = found {
            (claim.epoch, claim.version) = (epoch, version);
        }
        Ok(())
    }

    /// Forgets what became dirty while the deal was in work.
    pub(crate) async fn forget_marks(&self, key: KeyId) -> Result<(), StoreError> {
        let sql = "UPDATE keys SET done_seq = dirty_seq WHERE id = ?1";
        self.ask(move |db| db.run(sql, &[key.0.into()]).map(drop)).await
    }
}
