//! Webhooks on their way. In come bodies to deliver and what became of each attempt; out go those that
//! are due. It must not know how they are sent.

use crate::{
    clock,
    database::{Cells, Result},
    store::Tx,
};

/// A webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Given when it is put on its way.
    pub(crate) number: i64,
    pub(crate) url: String,
    pub(crate) body: String,
    /// Put the signature into `x-ms-signature` in place of `Authorization`.
    pub(crate) signature_aside: bool,
    /// The validation event this belongs to, if any.
    pub(crate) correlation: Option<String>,
    pub(crate) attempts: i64,
}

const SELECT: &str =
    "SELECT number, url, body, aside, correlation, attempts, due FROM deliveries WHERE offline =";

impl Tx<'_> {
    /// Puts a webhook on its way, due in so many milliseconds.
    pub(crate) fn enqueue(&self, delivery: &Delivery, wait: i64) -> Result<()> {
        let due = if wait > 0 { clock::now_milliseconds() + wait } else { 0 };
        self.has_deliveries.set(true);
        self.count("webhooks", "", "sent")?;
        self.database.run(
            "INSERT INTO deliveries (url, body, aside, correlation, attempts, due, offline) VALUES (?1, ?2, ?3, ?4, 0, ?5, 0)",
            &[
                delivery.url.as_str().into(),
                delivery.body.as_str().into(),
                delivery.signature_aside.into(),
                delivery.correlation.as_deref().into(),
                due.into(),
            ],
        )
    }

    /// Webhooks due by `now` (milliseconds), oldest first, and when the next one after them is due.
    pub(crate) fn due(&self, now: i64, limit: i64) -> Result<(Vec<Delivery>, Option<i64>)> {
        let sql = format!("{SELECT} 0 AND due <= ?1 ORDER BY due, number LIMIT ?2");
        let found = self.database.all(&sql, &[now.into(), limit.into()], delivery)?;
        let sql = "SELECT min(due) FROM deliveries WHERE offline = 0 AND due > ?1";
        let next = self.database.one(sql, &[now.into()], |row| row.number_or_null(0))?;
        Ok((found, next.flatten()))
    }

    /// Webhooks that are no longer tried.
    pub(crate) fn offline(&self) -> Result<Vec<Delivery>> {
        self.database.all(&format!("{SELECT} 1 ORDER BY number"), &[], delivery)
    }

    /// Notes a failed attempt: tried again at `due` (milliseconds), or never when `None`.
    pub(crate) fn postpone(&self, delivery: &Delivery, due: Option<i64>) -> Result<()> {
        if due.is_none() {
            self.count("webhooks", "", "failed")?;
        }
        self.database.run(
            "UPDATE deliveries SET attempts = attempts + 1, due = coalesce(?2, due), offline = ?3 WHERE number = ?1",
            &[delivery.number.into(), due.into(), due.is_none().into()],
        )
    }

    /// Takes a delivered webhook off the list.
    pub(crate) fn delivered(&self, delivery: &Delivery) -> Result<()> {
        self.count("webhooks", "", "delivered")?;
        self.database.run("DELETE FROM deliveries WHERE number = ?1", &[delivery.number.into()])
    }

    /// How many webhooks are waiting for an attempt.
    pub(crate) fn waiting(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM deliveries WHERE offline = 0";
        Ok(self.database.one(sql, &[], |row| row.number(0))?.unwrap_or_default())
    }
}

fn delivery(row: &Cells<'_>) -> Result<Delivery> {
    Ok(Delivery {
        number: row.number(0)?,
        url: row.text(1)?,
        body: row.text(2)?,
        signature_aside: row.flag(3)?,
        correlation: row.text_or_null(4)?,
        attempts: row.number(5)?,
    })
}
