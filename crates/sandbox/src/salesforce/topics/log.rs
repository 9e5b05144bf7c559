//! The table of what topics were told. In come notifications of the open transaction; out they go in order, for
//! a day. It must not know what they are about.

use serde_json::{Value, json};

use crate::{
    clock,
    database::{Cells, Result},
    store::Tx,
};

/// The table that this file reads and writes.
pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS pushed (number INTEGER PRIMARY KEY, topic TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS pushed_by_topic ON pushed (topic, number);
";

/// How long a notification can be read again: 24 hours, in milliseconds.
const WINDOW: i64 = 24 * 60 * 60 * 1000;
/// Notifications kept at most.
const MOST: i64 = 100_000;
/// How often the table is cut down to what is kept: with each so many-th notification.
const CUT_EVERY: i64 = 64;

impl Tx<'_> {
    /// Adds what happened to a row for a topic's subscribers.
    pub(crate) fn push(&self, topic: &str, happened: &str, sobject: &Value) -> Result<()> {
        let number = self.next("pushed")?;
        let now = self.now_milliseconds();
        let second = clock::salesforce(now);
        let second = second.get(..19).unwrap_or_default();
        let created = format!("{second}.{:03}Z", now.rem_euclid(1000));
        let event = json!({ "createdDate": created, "replayId": number, "type": happened });
        self.database.run(
            "INSERT INTO pushed (number, topic, body, at) VALUES (?1, ?2, ?3, ?4)",
            &[
                number.into(),
                topic.into(),
                json!({ "event": event, "sobject": sobject }).to_string().into(),
                now.into(),
            ],
        )?;
        if number % CUT_EVERY == 0 {
            self.database.run(
                "DELETE FROM pushed WHERE at <= ?1 OR number <= ?2",
                &[(now - WINDOW).into(), (number - MOST).into()],
            )?;
        }
        self.has_news();
        Ok(())
    }

    /// A topic's notifications after a position, oldest first, at most so many.
    pub(crate) fn pushed_after(
        &self,
        topic: &str,
        position: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Value)>> {
        let since = self.now_milliseconds() - WINDOW;
        let read = |row: &Cells<'_>| Ok((row.number(0)?, row.json(1)?));
        self.database.all(
            "SELECT number, body FROM pushed WHERE topic = ?1 AND number > ?2 AND at > ?3 ORDER BY number LIMIT ?4",
            &[topic.into(), position.into(), since.into(), limit.into()],
            read,
        )
    }

    /// Whether a replay id names a notification of a topic that is still kept.
    pub(crate) fn is_pushed(&self, topic: &str, number: i64) -> Result<bool> {
        Ok(self.pushed_after(topic, number - 1, 1)?.iter().any(|(found, _)| *found == number))
    }

    /// The replay id of the newest notification.
    pub(crate) fn newest_pushed(&self) -> Result<i64> {
        let sql = "SELECT ifnull(max(number), 0) FROM pushed";
        Ok(self.database.one(sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// Forgets all but the newest notifications.
    pub(crate) fn expire_pushed(&self, keep: i64) -> Result<()> {
        self.database.run(
            "DELETE FROM pushed WHERE number NOT IN (SELECT number FROM pushed ORDER BY number DESC LIMIT ?1)",
            &[keep.into()],
        )
    }
}
