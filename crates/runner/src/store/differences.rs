//! Lines in which the records of a deal differ and nothing is done about it: held, or drifted.
//!
//! In: an open transaction. Out: changed rows, and lists as they are shown. Must not know: how a line is
//! decided.

use serde::{Deserialize, Serialize};

use super::keys::timestamp;
use super::sqlite::{Db, Row};
use super::{KeyId, StoreError, links, record_of, referral_of};

/// A line in which the two records differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The line as the map says it; of a list, with the element's key.
    pub rule: String,
    /// The map's file.
    pub map: String,
    /// The line in it, from 1.
    pub map_line: usize,
    /// Why nothing is written. None: neither side changed since they were last read.
    pub held: Option<String>,
    /// The left values as tagged JSON text.
    pub left: String,
    /// The right values.
    pub right: String,
}

/// A deal in which a line differs. Tells no values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferentKey {
    /// The deal.
    pub key: KeyId,
    /// Our referral.
    pub referral: Option<String>,
    /// The CRM record.
    pub record: Option<String>,
    /// Since when.
    pub since: jiff::Timestamp,
}

/// A line of a map with the deals in which it differs, for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferentLine {
    /// The map's file.
    pub map: String,
    /// The line in it, from 1.
    pub map_line: usize,
    /// The line as the map says it.
    pub rule: String,
    /// Why nothing is written. None: neither side changed since they were last read.
    pub held: Option<String>,
    /// How many deals.
    pub count: u64,
    /// The first of them, longest first.
    pub deals: Vec<DifferentKey>,
}

/// How many lines, and how many deals of each, a list names.
const LISTED: i64 = 50;

/// The differences of a deal, instead of those it had. What was held and is only different by now keeps
/// its reason; what was different keeps its time.
pub(super) fn set(
    db: &Db,
    key: KeyId,
    now: i64,
    differences: &[Difference],
) -> Result<(), StoreError> {
    let sql = "SELECT rule, held, since FROM differences WHERE key = ?1";
    let rows = db.rows(sql, &[key.0.into()])?;
    if rows.is_empty() && differences.is_empty() {
        return Ok(());
    }
    let mut known = Vec::with_capacity(rows.len());
    for row in &rows {
        known.push((row.text(0)?, row.maybe(1)?, row.int(2)?));
    }
    db.run("DELETE FROM differences WHERE key = ?1", &[key.0.into()])?;
    for difference in differences {
        let before = known.iter().find(|(rule, ..)| *rule == difference.rule);
        let held = difference.held.clone().or_else(|| before.and_then(|(_, held, _)| held.clone()));
        let sql = "INSERT OR REPLACE INTO differences \
                   (key, rule, map, map_line, held, left_value, right_value, since) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let line = i64::try_from(difference.map_line).unwrap_or(0);
        let cells = [
            key.0.into(),
            difference.rule.as_str().into(),
            difference.map.as_str().into(),
            line.into(),
            held.into(),
            difference.left.as_str().into(),
            difference.right.as_str().into(),
            before.map_or(now, |(.., since)| *since).into(),
        ];
        db.run(sql, &cells)?;
    }
    Ok(())
}

/// Those of a deal.
pub(super) fn of(db: &Db, key: KeyId) -> Result<Vec<Difference>, StoreError> {
    let sql = "SELECT rule, map, map_line, held, left_value, right_value FROM differences \
               WHERE key = ?1 ORDER BY map_line, rule";
    let read = |row: &Row| {
        Ok(Difference {
            rule: row.text(0)?,
            map: row.text(1)?,
            map_line: usize::try_from(row.int(2)?).unwrap_or(0),
            held: row.maybe(3)?,
            left: row.text(4)?,
            right: row.text(5)?,
        })
    };
    db.rows(sql, &[key.0.into()])?.iter().map(read).collect()
}

/// How many deals differ somewhere.
pub(super) fn count(db: &Db) -> Result<u64, StoreError> {
    db.count("SELECT COUNT(DISTINCT key) FROM differences", &[])
}

/// By line and reason, those of most deals first.
pub(super) fn lines(db: &Db) -> Result<Vec<DifferentLine>, StoreError> {
    let sql = "SELECT map, map_line, held, COUNT(DISTINCT key), MIN(rule) FROM differences \
               GROUP BY map, map_line, held ORDER BY 4 DESC, 1, 2 LIMIT ?1";
    let mut found = Vec::new();
    for row in db.rows(sql, &[LISTED.into()])? {
        let (map, line, held) = (row.text(0)?, row.int(1)?, row.maybe(2)?);
        found.push(DifferentLine {
            deals: deals(db, &map, line, held.as_deref())?,
            map,
            map_line: usize::try_from(line).unwrap_or(0),
            rule: without_key(&row.text(4)?).to_owned(),
            held,
            count: u64::try_from(row.int(3)?).unwrap_or(0),
        });
    }
    Ok(found)
}

fn deals(
    db: &Db,
    map: &str,
    line: i64,
    held: Option<&str>,
) -> Result<Vec<DifferentKey>, StoreError> {
    let sql = "SELECT key, MIN(since) FROM differences \
               WHERE map = ?1 AND map_line = ?2 AND held IS ?3 GROUP BY key ORDER BY 2, 1 LIMIT ?4";
    let cells = [map.into(), line.into(), held.map(str::to_owned).into(), LISTED.into()];
    let read = |row: &Row| {
        let key = KeyId(row.int(0)?);
        let aliases = links::aliases(db, key)?;
        Ok(DifferentKey {
            key,
            referral: referral_of(&aliases).map(ToString::to_string),
            record: record_of(&aliases).map(|(_, id)| id.to_string()),
            since: timestamp(row.int(1)?)?,
        })
    };
    db.rows(sql, &cells)?.iter().map(read).collect()
}

/// A line without the element that it is about: an element's key may be a person's address.
fn without_key(rule: &str) -> &str {
    rule.split(" [").next().unwrap_or(rule)
}
