//! Which records a deal consists of.
//!
//! In: a claim. Out: both records as they are now, after the links that were found have been kept.
//! Must not know: what is written. The rules stand in the order in which they are asked: open
//! creates, the link table, the key field, the external reference.

use std::time::Duration;

use connect::partner_center::Referral;
use connect::salesforce::{Equality, Filter, MASTER, Row, Select};
use connect::{RecordId, ReferralId};
use jiff::Timestamp;
use mapping::decision::Side;
use mapping::schema::System;

use crate::deal_map::DealMap;
use crate::half::{self, Half, is_microsofts};
use crate::store::{Alias, Cause, Linked, Source, Store, record_of};
use crate::wires::Wires;

use super::{Deal, Halt, note};

/// So often is a referral that names no record looked at again while another deal is making one, which
/// would name its record: that is more than a minute.
const PATIENCE: u32 = 10;

/// The records of a deal as they were just read.
pub(super) struct Scene<'w> {
    pub(super) map: &'w DealMap,
    pub(super) left: Option<Referral>,
    pub(super) right: Option<Row>,
}

impl<'w, S: Store, W: Wires> Deal<'w, S, W> {
    /// The deal's records: as they were just read back after a write, else as they are now.
    pub(super) async fn scene(&mut self) -> Result<Option<Scene<'w>>, Halt> {
        let object = self.claim.record().map(|(object, _)| object.to_owned());
        let map = object.and_then(|object| self.map_of(&object));
        match (map, self.fresh.take()) {
            (Some(map), Some((left, right))) => {
                Ok(Some(Scene { map, left: Some(left), right: Some(right) }))
            }
            (_, _) => self.identify().await,
        }
    }

    /// Finds and reads the deal's records. None: there is nothing to do.
    pub(super) async fn identify(&mut self) -> Result<Option<Scene<'w>>, Halt> {
        let referral = self.claim.referral().cloned();
        let record = self.claim.record().map(|(object, id)| (object.to_owned(), id.clone()));
        match (referral, record) {
            (Some(referral), Some((object, id))) => {
                let Some(map) = self.map_of(&object) else { return Ok(None) };
                self.read_both(map, &referral, &id).await
            }
            (Some(referral), None) => self.start_with_referral(&referral).await,
            (None, Some((object, id))) => match self.map_of(&object) {
                Some(map) => self.start_with_record(map, &id).await,
                None => Ok(None),
            },
            (None, None) => Ok(None),
        }
    }

    pub(super) fn map_of(&self, object: &str) -> Option<&'w DealMap> {
        self.maps.iter().find(|map| map.object() == object)
    }

    pub(super) async fn read_referral(
        &mut self,
        id: &ReferralId,
    ) -> Result<Option<Referral>, Halt> {
        let read = self.worker.wires.referral(id).await;
        match self.read(System::PartnerCenter, read)? {
            Some(left) => self.with_half(left).await.map(Some),
            None => Ok(None),
        }
    }

    /// Our referral with Microsoft's half, when the deal has one and a map reads of it.
    async fn with_half(&mut self, left: Referral) -> Result<Referral, Halt> {
        let any = |says: fn(&DealMap) -> bool| match self.claim.record() {
            Some((object, _)) => self.map_of(object).is_some_and(says),
            None => self.maps.iter().any(says),
        };
        let (is_named, is_read) = (any(DealMap::names_half), any(DealMap::reads_half));
        let id = half::half_of(&self.claim.aliases).filter(|_| is_named && !is_microsofts(&left));
        let Some(id) = id.cloned() else { return Ok(left) };
        if self.half == Half::Unread && is_read {
            let read = half::read(&*self.worker.wires, &id).await;
            self.half = self.read(System::PartnerCenter, read)?;
        }
        let body = self.half.woven_into(&left.body, Some(&id));
        Ok(Referral { body, ..left })
    }

    pub(super) async fn read_record(
        &self,
        map: &DealMap,
        id: &RecordId,
    ) -> Result<Option<Row>, Halt> {
        Ok(self.find_rows(map, &Filter::Id(id.clone())).await?.into_iter().next())
    }

    pub(super) async fn find_rows(&self, map: &DealMap, filter: &Filter) -> Result<Vec<Row>, Halt> {
        self.select_rows(map, map.select(), filter).await
    }

    async fn select_rows(
        &self,
        map: &DealMap,
        select: &Select,
        filter: &Filter,
    ) -> Result<Vec<Row>, Halt> {
        let read = self.worker.wires.rows(map.object(), select, filter).await;
        self.read(System::Salesforce, read)
    }

    /// The records that carry a referral's id in the key field, the oldest first.
    pub(super) async fn rows_by_key(
        &self,
        map: &DealMap,
        select: &Select,
        referral: &ReferralId,
    ) -> Result<Vec<Row>, Halt> {
        let filter = Filter::Equal(vec![Equality::new(map.key_field(), referral.as_str())]);
        let mut rows = self.select_rows(map, select, &filter).await?;
        rows.sort_by_cached_key(|row| (member(&row.body, "CreatedDate"), row.id.clone()));
        Ok(rows)
    }

    /// Both records of a linked deal. One that is not there parks the deal: missing is not deleted,
    /// and neither is made anew. None: the referral is closed and the record gone, so nothing is to be done any more.
    pub(super) async fn read_both(
        &mut self,
        map: &'w DealMap,
        referral: &ReferralId,
        record: &RecordId,
    ) -> Result<Option<Scene<'w>>, Halt> {
        let Some(right) = self.read_record(map, record).await? else {
            if let Some(left) = self.read_referral(referral).await?
                && map.plan().is_over(&left.body)?
            {
                return Ok(None);
            }
            return Err(self.missing(map, record).await?);
        };
        let Some(left) = self.read_referral(referral).await? else {
            return Err(Halt::Park(vec![note::not_there_cause()]));
        };
        let left = self.keep_engagement(left).await?;
        Ok(Some(Scene { map, left: Some(left), right: Some(right) }))
    }

    /// Why a record is not there: it was merged into another one, with which the deal goes on, it lies in the
    /// bin, or nobody knows.
    async fn missing(&mut self, map: &'w DealMap, record: &RecordId) -> Result<Halt, Halt> {
        let Some(gone) = self.binned(map, record).await? else {
            return Ok(Halt::Park(vec![never_seen()]));
        };
        let Some(master) = gone.merged_into() else {
            return Ok(Halt::Park(vec![note::deleted_cause()]));
        };
        self.follow_merged(map, record, master).await?;
        let why = "its record was merged into another one, with which it goes on";
        Ok(Halt::Again(Duration::ZERO, why))
    }

    /// A record that lies in the bin.
    pub(super) async fn binned(&self, map: &DealMap, id: &RecordId) -> Result<Option<Row>, Halt> {
        let fields = map.can_merge().then(|| MASTER.to_owned()).into_iter().collect();
        let select = Select { deleted: true, fields, ..Select::default() };
        let found = self.select_rows(map, &select, &Filter::Id(id.clone())).await?;
        Ok(found.into_iter().find(Row::is_deleted))
    }

    /// Remembers the engagement, so that the other halves find their deal. A half that was there
    /// before its deal is the deal's now.
    async fn keep_engagement(&mut self, left: Referral) -> Result<Referral, Halt> {
        let Some(engagement) = &left.engagement_id else { return Ok(left) };
        let alias = Alias::Engagement(engagement.to_lowercase());
        if self.claim.aliases.contains(&alias) {
            return Ok(left);
        }
        let now = self.now();
        // Another deal may have it already: the first one keeps it.
        if let Linked::Busy(half) = self.worker.store.link(&mut self.claim, alias, now).await? {
            return Err(Halt::Busy(half));
        }
        self.with_half(left).await
    }

    async fn start_with_referral(&mut self, id: &ReferralId) -> Result<Option<Scene<'w>>, Halt> {
        let Some(left) = self.read_referral(id).await? else {
            let is_listed =
                self.claim.because.iter().any(|hint| hint.source == Source::Sweep.word());
            if is_listed || self.memo.left_read.is_some() {
                // It was shown to us a moment ago, and nothing will tell of this version again.
                let why = "it was there a moment ago, but partner center says it is not there";
                return Err(Halt::Park(vec![note::gone_cause(System::PartnerCenter, why)]));
            }
            // Never linked: nothing is lost, and a forged or foreign id is forgotten.
            self.worker.standing.tally("unknown_referral");
            return Ok(None);
        };
        if is_microsofts(&left) {
            return self.join(&left).await;
        }
        self.memo.left_read = self.memo.left_read.max(left.updated);
        let is_patient = self.claim.attempts < PATIENCE || left.external_reference_id.is_some();
        if is_patient && self.worker.store.open_creates(self.claim.key).await? > 0 {
            if self.is_awaited(&left).await?
                && let Some(scene) = self.by_reference(&left).await?
            {
                return Ok(Some(scene));
            }
            return Err(Halt::Creating);
        }
        let left = self.keep_engagement(left).await?;
        for map in self.maps {
            for row in self.rows_by_key(map, map.select(), id).await? {
                if self.link_record(map, &row.id).await? {
                    return Ok(Some(Scene { map, left: Some(left), right: Some(row) }));
                }
            }
        }
        if let Some(found) = self.by_reference(&left).await? {
            return Ok(Some(found));
        }
        for map in self.maps {
            if map.plan().takes_part(Side::Left, &left.body)? {
                return Ok(Some(Scene { map, left: Some(left), right: None }));
            }
        }
        Ok(None)
    }

    /// Whether the referral names the record of another deal: perhaps the one that is making it.
    async fn is_awaited(&self, left: &Referral) -> Result<bool, Halt> {
        let named = left.external_reference_id.as_deref();
        let Some(id) = named.and_then(|text| RecordId::parse(text).ok()) else { return Ok(false) };
        for map in self.maps {
            let alias = Alias::Record { object: map.object().to_owned(), id: id.clone() };
            let owner = self.worker.store.owner(alias).await?;
            if owner.is_some_and(|(key, _)| key != self.claim.key) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The record that the referral names as its own, unless that one belongs to another referral.
    async fn by_reference(&mut self, left: &Referral) -> Result<Option<Scene<'w>>, Halt> {
        let named = left.external_reference_id.as_deref();
        let Some(id) = named.and_then(|text| RecordId::parse(text).ok()) else { return Ok(None) };
        for map in self.maps {
            let Some(row) = self.read_record(map, &id).await? else { continue };
            let key = map.plan().key_of(Side::Right, &row.body)?;
            let other = key.is_some_and(|key| !key.eq_ignore_ascii_case(left.id.as_str()));
            if other || !self.link_record(map, &id).await? {
                return Err(Halt::Park(vec![second_referral()]));
            }
            return Ok(Some(Scene { map, left: Some(left.clone()), right: Some(row) }));
        }
        Ok(None)
    }

    /// True when the record is this deal's now; false when it is another referral's.
    async fn link_record(&mut self, map: &DealMap, id: &RecordId) -> Result<bool, Halt> {
        let alias = Alias::Record { object: map.object().to_owned(), id: id.clone() };
        self.link(alias).await
    }

    /// True when the name belongs to this deal now; false when another deal keeps it.
    pub(super) async fn link(&mut self, alias: Alias) -> Result<bool, Halt> {
        self.worker.tripwire.pass()?;
        let now = self.now();
        let linked = self.worker.store.link(&mut self.claim, alias, now).await?;
        self.worker.tripwire.pass()?;
        match linked {
            Linked::Here => Ok(true),
            Linked::Taken(_) => Ok(false),
            Linked::Merged(_) => Err(Halt::Merged),
            Linked::Busy(other) => Err(Halt::Busy(other)),
        }
    }

    /// Another party's half belongs to the deal of its engagement, and never makes one.
    async fn join(&mut self, left: &Referral) -> Result<Option<Scene<'w>>, Halt> {
        let Some(engagement) = &left.engagement_id else { return Ok(None) };
        let now = self.now();
        let engagement = engagement.to_lowercase();
        match self.worker.store.join(&mut self.claim, engagement, now).await? {
            None | Some(Linked::Here | Linked::Taken(_)) => Ok(None),
            Some(Linked::Merged(_)) => Err(Halt::Merged),
            Some(Linked::Busy(other)) => Err(Halt::Busy(other)),
        }
    }

    async fn start_with_record(
        &mut self,
        map: &'w DealMap,
        id: &RecordId,
    ) -> Result<Option<Scene<'w>>, Halt> {
        let Some(right) = self.read_record(map, id).await? else {
            // One that was deleted before it had a partner begins nothing. One that only cannot be seen was told
            // of a moment ago, and will not be told of again when it is shared: a person is.
            if self.binned(map, id).await?.is_some() {
                return Ok(None);
            }
            return Err(Halt::Park(vec![never_seen()]));
        };
        let Some(key) = map.plan().key_of(Side::Right, &right.body)? else {
            let takes_part = map.plan().takes_part(Side::Right, &right.body)?;
            if takes_part && self.is_of_converted(map, id).await? {
                return Ok(None);
            }
            if takes_part && let Some(cause) = self.copied(map, &right).await? {
                return Err(Halt::Park(vec![cause]));
            }
            return Ok(Some(Scene { map, left: None, right: Some(right) }));
        };
        let Ok(referral) = ReferralId::parse(&key) else {
            return Err(Halt::Park(vec![note::plain(
                "bad-referral-id",
                &format!(
                    "expected the id of a referral in {}, found another text",
                    map.key_field()
                ),
                "clear the field, or put the referral's id there",
            )]));
        };
        if !self.link(Alias::Referral(referral.clone())).await? {
            if self.is_of_owner(map, &right, &referral).await? {
                return Ok(None);
            }
            return Err(Halt::Park(vec![second_claimant()]));
        }
        self.read_both(map, &referral, id).await
    }

    /// Why a record that names no partner is a copy all the same: another field, such as the link, names a
    /// referral that another record holds. It is not shared as a new deal unasked.
    async fn copied(&self, map: &DealMap, right: &Row) -> Result<Option<Cause>, Halt> {
        for (field, text) in map.plan().partner_said(&right.body)? {
            for referral in referrals_in(&text) {
                if self.is_anothers(map, right, &referral).await?
                    && !self.is_of_owner(map, right, &referral).await?
                {
                    return Ok(Some(copied_deal(field)));
                }
            }
        }
        Ok(None)
    }

    /// Whether a referral is that of another record.
    async fn is_anothers(
        &self,
        map: &DealMap,
        right: &Row,
        referral: &ReferralId,
    ) -> Result<bool, Halt> {
        let owner = self.worker.store.owner(Alias::Referral(referral.clone())).await?;
        if let Some((_, names)) = &owner
            && let Some((object, id)) = record_of(names)
        {
            return Ok((object, id) != (map.object(), &right.id));
        }
        // The state may be new, and the deal not begun.
        let holders = self.rows_by_key(map, map.select(), referral).await?;
        Ok(holders.iter().any(|row| row.id != right.id))
    }
}

/// The ids of referrals in a text, such as an address.
fn referrals_in(text: &str) -> impl Iterator<Item = ReferralId> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    words.filter_map(|word| ReferralId::parse(word.trim_matches('-')).ok())
}

/// A record whose key field is blank, and that says all the same whose copy it is.
fn copied_deal(field: &str) -> Cause {
    note::plain(
        "second-claimant",
        &format!(
            "{field} names a referral that already belongs to another record (a copied deal?)"
        ),
        &format!(
            "clear {field} on the copy to share it as a deal of its own, or take it out of the sync"
        ),
    )
}

/// A record that neither stands there nor lies in the bin.
fn never_seen() -> Cause {
    note::gone_cause(System::Salesforce, "a query by its id finds nothing")
}

/// Two records claim one partner: the later one waits.
pub(super) fn second_claimant() -> Cause {
    note::plain(
        "second-claimant",
        "the record claims a partner that already belongs to another record (a copied deal?)",
        "clear the referral's id on the copy, and the link that was copied with it, or the external reference on the \
         other referral",
    )
}

/// Two referrals name one record: the one that the record does not name waits.
fn second_referral() -> Cause {
    note::plain(
        "second-claimant",
        "the referral names a record that belongs to another referral already (made twice?)",
        "close the one of the two referrals that is not wanted at Partner Center, or clear its external \
         reference; nothing is written for this one until then",
    )
}

/// When a record was made.
pub(super) fn created(row: &Row) -> Option<Timestamp> {
    member(&row.body, "CreatedDate").parse().ok()
}

/// A text member of a JSON object; empty when there is none.
fn member(body: &str, name: &str) -> String {
    let object: Option<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(body).ok();
    let value =
        object.and_then(|object| object.get(name).and_then(|v| v.as_str().map(str::to_owned)));
    value.unwrap_or_default()
}
