//! Names of deals, and the merging of two keys that turn out to be one deal.
//!
//! In: an open transaction. Out: changed rows. Must not know: how a link was found out.

use connect::{RecordId, ReferralId};
use jiff::Timestamp;

use super::keys::{self, Place};
use super::sqlite::{Cell, Db, Row};
use super::{Alias, IntentKind, KeyId, Linked, StoreError, books};

const PARTNER_CENTER: &str = "partner-center";
const SALESFORCE: &str = "salesforce";
const ENGAGEMENT: &str = "engagement";

/// The space in which a name is unique.
pub(super) fn space(alias: &Alias) -> &'static str {
    match alias {
        Alias::Referral(_) | Alias::Half(_) => PARTNER_CENTER,
        Alias::Record { .. } | Alias::Former { .. } => SALESFORCE,
        Alias::Engagement(_) => ENGAGEMENT,
    }
}

fn id(alias: &Alias) -> &str {
    match alias {
        Alias::Referral(id) | Alias::Half(id) => id.as_str(),
        Alias::Record { id, .. } | Alias::Former { id, .. } => id.as_str(),
        Alias::Engagement(id) => id,
    }
}

/// The slot of which a deal has at most one.
pub(super) fn slot(alias: &Alias) -> Option<&'static str> {
    match alias {
        Alias::Referral(_) => Some("left"),
        Alias::Record { .. } => Some("right"),
        Alias::Engagement(_) | Alias::Half(_) | Alias::Former { .. } => None,
    }
}

fn object(alias: &Alias) -> Option<String> {
    match alias {
        Alias::Record { object, .. } | Alias::Former { object, .. } => Some(object.clone()),
        Alias::Referral(_) | Alias::Engagement(_) | Alias::Half(_) => None,
    }
}

/// Space, id and object of a name, as they are kept.
pub(super) fn cells(alias: &Alias) -> [Cell; 3] {
    [space(alias).into(), id(alias).into(), object(alias).into()]
}

/// The name of a deal's own record that is kept so.
pub(super) fn named_so(space: &str, id: &str, object: Option<String>) -> Result<Alias, StoreError> {
    alias(space, id.to_owned(), true, object.unwrap_or_default())
}

fn read_alias(row: &Row) -> Result<Alias, StoreError> {
    let is_own = row.maybe(2)?.is_some();
    alias(&row.text(0)?, row.text(1)?, is_own, row.maybe(3)?.unwrap_or_default())
}

fn alias(space: &str, id: String, is_own: bool, object: String) -> Result<Alias, StoreError> {
    let broken = |_| StoreError::Broken("expected an id in the table of names".to_owned());
    let record = || RecordId::parse(&id).map_err(broken);
    Ok(match space {
        SALESFORCE if is_own => Alias::Record { object, id: record()? },
        SALESFORCE => Alias::Former { object, id: record()? },
        PARTNER_CENTER if is_own => Alias::Referral(ReferralId::parse(&id).map_err(broken)?),
        PARTNER_CENTER => Alias::Half(ReferralId::parse(&id).map_err(broken)?),
        _ => Alias::Engagement(id),
    })
}

pub(super) fn insert(db: &Db, key: KeyId, alias: &Alias) -> Result<(), StoreError> {
    let sql = "INSERT INTO aliases (space, id, key, slot, object) VALUES (?1, ?2, ?3, ?4, ?5)";
    let cells = [
        space(alias).into(),
        id(alias).into(),
        key.0.into(),
        slot(alias).map(str::to_owned).into(),
        object(alias).into(),
    ];
    db.run(sql, &cells).map(drop)
}

/// The deal that has a name, and the slot it fills there.
pub(super) fn find(db: &Db, alias: &Alias) -> Result<Option<(KeyId, Option<String>)>, StoreError> {
    let sql = "SELECT key, slot FROM aliases WHERE space = ?1 AND id = ?2";
    let row = db.row(sql, &[space(alias).into(), id(alias).into()])?;
    row.map(|row| Ok((KeyId(row.int(0)?), row.maybe(1)?))).transpose()
}

/// The deal that is meant by `deal-42`, or by an id that it is known by.
pub(super) fn named(db: &Db, name: &str) -> Result<Option<KeyId>, StoreError> {
    if let Some(key) = name.strip_prefix("deal-").and_then(|digits| digits.parse().ok()) {
        return Ok(Some(KeyId(key)));
    }
    let record = RecordId::parse(name).map(|id| id.to_string());
    let id = record.unwrap_or_else(|_| name.to_lowercase());
    let sql = "SELECT key FROM aliases WHERE id = ?1 ORDER BY slot IS NULL LIMIT 1";
    db.row(sql, &[id.into()])?.map(|row| row.int(0).map(KeyId)).transpose()
}

pub(super) fn aliases(db: &Db, key: KeyId) -> Result<Vec<Alias>, StoreError> {
    let sql = "SELECT space, id, slot, object FROM aliases WHERE key = ?1 ORDER BY space, id";
    db.rows(sql, &[key.0.into()])?.iter().map(read_alias).collect()
}

/// Deals that have both records, by number.
pub(super) fn linked(db: &Db, after: KeyId, most: u32) -> Result<Vec<KeyId>, StoreError> {
    let sql = "SELECT key FROM aliases WHERE slot IS NOT NULL AND key > ?1 \
               GROUP BY key HAVING COUNT(*) = 2 ORDER BY key LIMIT ?2";
    let rows = db.rows(sql, &[after.0.into(), i64::from(most).into()])?;
    rows.iter().map(|row| Ok(KeyId(row.int(0)?))).collect()
}

pub(super) fn owner(db: &Db, alias: &Alias) -> Result<Option<(KeyId, Vec<Alias>)>, StoreError> {
    let Some((key, _)) = find(db, alias)? else { return Ok(None) };
    Ok(Some((key, aliases(db, key)?)))
}

fn slots(db: &Db, key: KeyId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT slot FROM aliases WHERE key = ?1 AND slot IS NOT NULL";
    db.rows(sql, &[key.0.into()])?.iter().map(|row| row.text(0)).collect()
}

fn has_open_intents(db: &Db, key: KeyId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM intents WHERE key = ?1 AND state = 'open'";
    Ok(db.count(sql, &[key.0.into()])? > 0)
}

fn is_leased(db: &Db, key: KeyId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM keys WHERE id = ?1 AND lease_until > ?2";
    Ok(db.count(sql, &[key.0.into(), keys::millis(now)])? > 0)
}

/// True while a worker has the deal, or a write of it has no known outcome.
fn is_busy(db: &Db, key: KeyId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(is_leased(db, key, now)? || has_open_intents(db, key)?)
}

/// True while all that is not known of a deal's writes is which referral was made for it.
fn only_makes_referral(db: &Db, key: KeyId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM intents WHERE key = ?1 AND state = 'open' AND kind <> ?2";
    let other = db.count(sql, &[key.0.into(), IntentKind::CreateReferral.word().into()])?;
    Ok(other == 0 && has_open_intents(db, key)?)
}

pub(super) fn link(
    db: &Db,
    at: &Place,
    alias: &Alias,
    now: Timestamp,
) -> Result<(Linked, Vec<Alias>), StoreError> {
    keys::check_epoch(db, at.key, at.epoch)?;
    let linked = match find(db, alias)? {
        None => add(db, at.key, alias)?,
        Some((key, _)) if key == at.key => Linked::Here,
        // A half that waited for its deal.
        Some((key, _)) if matches!(alias, Alias::Engagement(_)) && slots(db, key)?.is_empty() => {
            if is_busy(db, key, now)? {
                Linked::Busy(key)
            } else {
                absorb(db, at.key, key, now)?;
                Linked::Here
            }
        }
        // A half whose own event came before the deal knew of it.
        Some((key, Some(_))) if matches!(alias, Alias::Half(_)) && slots(db, key)? == ["left"] => {
            if is_busy(db, key, now)? {
                Linked::Busy(key)
            } else {
                no_longer_own(db, key)?;
                absorb(db, at.key, key, now)?;
                Linked::Here
            }
        }
        Some((key, filled)) => {
            // A name without a slot does not make two keys one deal.
            if slot(alias).is_none() || filled.is_none() {
                Linked::Taken(key)
            } else {
                unite(db, at, key, now)?
            }
        }
    };
    Ok((linked, aliases(db, at.key)?))
}

fn add(db: &Db, key: KeyId, alias: &Alias) -> Result<Linked, StoreError> {
    let filled = slots(db, key)?;
    if slot(alias).is_some_and(|slot| filled.iter().any(|f| f == slot)) {
        return Ok(Linked::Taken(key));
    }
    insert(db, key, alias)?;
    Ok(Linked::Here)
}

fn unite(db: &Db, at: &Place, other: KeyId, now: Timestamp) -> Result<Linked, StoreError> {
    let (ours, theirs) = (slots(db, at.key)?, slots(db, other)?);
    if ours.iter().any(|slot| theirs.contains(slot)) {
        return Ok(Linked::Taken(other));
    }
    // A referral for whose record one is being made is that one: the deal in the middle of it stays.
    let is_awaited = ours == ["left"] && !has_open_intents(db, at.key)?;
    if is_awaited && !is_leased(db, other, now)? && only_makes_referral(db, other)? {
        absorb(db, other, at.key, now)?;
        let sql = "UPDATE keys SET due_at = ?2, attempts = 0 WHERE id = ?1";
        db.run(sql, &[other.0.into(), keys::millis(now)])?;
        return Ok(Linked::Merged(other));
    }
    if is_busy(db, other, now)? {
        return Ok(Linked::Busy(other));
    }
    // The older one stays, unless we are in the middle of a write.
    if at.key < other || has_open_intents(db, at.key)? {
        absorb(db, at.key, other, now)?;
        Ok(Linked::Here)
    } else {
        absorb(db, other, at.key, now)?;
        Ok(Linked::Merged(other))
    }
}

/// The deal's record became `to`: see [`super::Store::follow`].
pub(super) fn follow(
    db: &Db,
    at: &Place,
    to: &Alias,
    (memo, entry): (&str, &str),
    now: Timestamp,
) -> Result<(Linked, Vec<Alias>), StoreError> {
    keys::check_epoch(db, at.key, at.epoch)?;
    let other = match find(db, to)? {
        None => None,
        Some((key, filled)) if key == at.key => {
            let linked = if filled.is_some() { Linked::Here } else { Linked::Taken(key) };
            return Ok((linked, aliases(db, at.key)?));
        }
        Some((key, filled)) => {
            if filled.is_none() || slots(db, key)?.iter().any(|slot| slot == "left") {
                return Ok((Linked::Taken(key), aliases(db, at.key)?));
            }
            if is_busy(db, key, now)? {
                return Ok((Linked::Busy(key), aliases(db, at.key)?));
            }
            Some(key)
        }
    };
    let own: Cell = at.key.0.into();
    let former = "UPDATE aliases SET slot = NULL WHERE key = ?1 AND slot = 'right'";
    db.run(former, std::slice::from_ref(&own))?;
    match other {
        Some(other) => absorb(db, at.key, other, now)?,
        None => insert(db, at.key, to)?,
    }
    db.run(
        "UPDATE keys SET base = NULL, memo = ?2, right_told = NULL WHERE id = ?1",
        &[own, memo.into()],
    )?;
    books::count(db, "followed", 1)?;
    books::append(db, at.key, now, entry)?;
    Ok((Linked::Here, aliases(db, at.key)?))
}

/// Everything of `loser` becomes `winner`'s; later commits of `loser` find nothing.
fn absorb(db: &Db, winner: KeyId, loser: KeyId, now: Timestamp) -> Result<(), StoreError> {
    let pair: [Cell; 2] = [winner.0.into(), loser.0.into()];
    let sql = "UPDATE keys SET base = COALESCE(keys.base, other.base), \
               left_told = COALESCE(keys.left_told, other.left_told), \
               right_told = COALESCE(keys.right_told, other.right_told), \
               backlog = CASE WHEN keys.backlog = 1 AND other.backlog <> 1 THEN 2 ELSE keys.backlog END \
               FROM keys AS other WHERE keys.id = ?1 AND other.id = ?2";
    db.run(sql, &pair)?;
    for table in ["aliases", "intents", "reservations", "hints"] {
        db.run(&format!("UPDATE {table} SET key = ?1 WHERE key = ?2"), &pair)?;
    }
    // The times of both are worked out anew.
    db.run("DELETE FROM deadlines WHERE key = ?1", &[loser.0.into()])?;
    db.run("DELETE FROM keys WHERE id = ?1", &[loser.0.into()])?;
    keys::mark_dirty(db, winner, now)?;
    books::count(db, "merged", 1)?;
    let entry = format!(r#"{{"kind":"merged","with":"{loser}"}}"#);
    books::append(db, winner, now, &entry)
}

/// Its referral is another party's half: what a list told of it says nothing of the deal's own.
fn no_longer_own(db: &Db, key: KeyId) -> Result<(), StoreError> {
    db.run("UPDATE aliases SET slot = NULL WHERE key = ?1", &[key.0.into()])?;
    db.run("UPDATE keys SET left_told = NULL WHERE id = ?1", &[key.0.into()]).map(drop)
}

pub(super) fn join(
    db: &Db,
    at: &Place,
    engagement: &str,
    now: Timestamp,
) -> Result<Option<Linked>, StoreError> {
    keys::check_epoch(db, at.key, at.epoch)?;
    let name = Alias::Engagement(engagement.to_owned());
    let has_record = slots(db, at.key)?.iter().any(|slot| slot == "right");
    let Some((deal, _)) = find(db, &name)? else {
        if !has_record {
            // It waits under the engagement's name until its deal is known.
            no_longer_own(db, at.key)?;
            insert(db, at.key, &name)?;
        }
        return Ok(None);
    };
    if deal == at.key {
        return Ok(Some(Linked::Here));
    }
    if has_record {
        return Ok(Some(Linked::Taken(deal)));
    }
    if is_busy(db, deal, now)? {
        return Ok(Some(Linked::Busy(deal)));
    }
    no_longer_own(db, at.key)?;
    absorb(db, deal, at.key, now)?;
    Ok(Some(Linked::Merged(deal)))
}
