//! The modelled Partner Center: what it answers, and what it refuses.
//!
//! In: calls of the service. Out: referrals, pages, refusals. Must not know: faults, the runner.

use connect::partner_center::{List, Order, Page, PatchOp, Referral};
use connect::{ETag, Error, ReferralId};
use serde_json::{Value, json};

use super::ledger::Breach;
use super::state::{Fault, PROVEN, State};
use super::world::{OPPORTUNITY, Reading, Record, Thing, at, moment, set};

/// How many referrals a page has.
const PAGE: usize = 4;

fn refused(code: &str, field: &str) -> Error {
    let (code, why) = (code.to_owned(), "the model refuses this".to_owned());
    Error::Refused { code, why, fields: vec![field.to_owned()] }
}

fn referral(id: &str, reading: Reading<'_>) -> Referral {
    let mut record = reading.record.clone();
    let text =
        |record: &Record, name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let etag = format!("\"{}\"", reading.version);
    let (updated, created) = (moment(reading.modified), moment(reading.created));
    record.insert("eTag".to_owned(), etag.clone().into());
    record.insert("updatedDateTime".to_owned(), updated.to_string().into());
    record.insert("createdDateTime".to_owned(), created.to_string().into());
    Referral {
        id: ReferralId::parse(id).unwrap(),
        etag: ETag::parse(&etag).ok(),
        updated: Some(updated),
        created: Some(created),
        external_reference_id: text(&record, "externalReferenceId"),
        organization_id: text(&record, "organizationId"),
        engagement_id: text(&record, "engagementId"),
        body: Value::Object(record).to_string(),
    }
}

fn is_listed(thing: &Thing, now: i64) -> bool {
    !thing.is_hidden && thing.listed_at <= now
}

/// What may become of a status.
fn may_become(from: (&str, &str), to: (&str, &str)) -> bool {
    from == to
        || matches!(
            (from.0, to),
            ("New", ("Active", "Accepted") | ("Closed", "Declined"))
                | ("Active", ("Closed", "Won" | "Lost"))
        )
}

impl State {
    pub(super) fn read_referral(&self, id: &str, is_stale: bool) -> Option<Referral> {
        let thing = self.world.referrals.get(id).filter(|thing| !thing.is_hidden)?;
        Some(referral(id, thing.reading(self.now, is_stale)))
    }

    pub(super) fn change_referral(
        &mut self,
        id: &str,
        changes: &[PatchOp],
        etag: Option<&str>,
    ) -> Result<Referral, Error> {
        let now = self.now;
        let thing = self.world.referrals.get(id).filter(|thing| !thing.is_hidden);
        let thing = thing.ok_or(Error::Gone { why: "itemNotFound".to_owned() })?;
        if etag.is_some_and(|etag| etag != format!("\"{}\"", thing.version)) {
            return Err(Error::Changed);
        }
        let value = |op: &PatchOp| serde_json::from_str(&op.value).unwrap_or(Value::Null);
        let changes: Vec<(String, Value)> =
            changes.iter().map(|op| (op.path.clone(), value(op))).collect();
        let mut after = thing.record.clone();
        for (path, value) in &changes {
            set(&mut after, path, value.clone());
        }
        let words = |record: &Record| {
            let word = |name: &str| {
                record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            (word("status"), word("substatus"))
        };
        let ((a, b), (c, d)) = (words(&thing.record), words(&after));
        if a == "Closed" {
            return Err(refused("referralClosed", "status"));
        }
        if !may_become((&a, &b), (&c, &d)) {
            return Err(refused("invalidStatusTransition", "status"));
        }
        let row = self.world.opportunity_of(id).map(|(row, _)| row.to_owned());
        self.must_take_part(row, id);
        if !self.world.write_left(id, &changes, now) {
            let how = format!("{id} was written to, and nothing was different");
            self.world.ledger.breach(Breach::Echo, how);
        }
        self.world.sees(id, false, now);
        self.read_referral(id, false).ok_or(Error::Gone { why: "itemNotFound".to_owned() })
    }

    pub(super) fn create_referral(&mut self, body: &str) -> Result<Referral, Error> {
        let mut record: Record = serde_json::from_str(body).unwrap();
        if record.get("target").is_some_and(|target| target.to_string().contains("msft")) {
            return self.ask_microsoft(record);
        }
        let number = self.world.number();
        for (name, value) in [
            ("engagementId", json!(format!("00000000-0000-4000-a000-{number:012x}"))),
            ("organizationId", json!("4f2d6c1e-93d5-4f0a-8a1b-0c7d5b9e6a21")),
            ("status", json!("Active")),
            ("substatus", json!("Accepted")),
            ("direction", json!("Outgoing")),
        ] {
            record.insert(name.to_owned(), value);
        }
        let named = record.get("externalReferenceId").and_then(Value::as_str).map(str::to_owned);
        self.must_take_part(named, "a new referral");
        let id = self.world.make_referral(record, self.now);
        self.lags(&id);
        // The worst that can come together: neither the answer nor an event tells of it, the list does so late.
        if number.is_multiple_of(3) && self.can_fail(Fault::AppliedThenLost) {
            self.world.touched.retain(|(_, touched)| *touched != id);
            if let Some(thing) = self.world.referrals.get_mut(&id) {
                thing.listed_at = self.now + PROVEN / 3;
            }
            let why = "no answer".to_owned();
            return Err(Error::Later { after: None, why, unknown_outcome: true });
        }
        self.read_referral(&id, false).ok_or(Error::Gone { why: "itemNotFound".to_owned() })
    }

    /// The list shows a new referral later than others do.
    pub(super) fn lags(&mut self, id: &str) {
        let listed_at = self.now + self.listed_after();
        if let Some(thing) = self.world.referrals.get_mut(id) {
            thing.listed_at = listed_at;
        }
    }

    /// Microsoft's half of an engagement: there is one. Whoever asks again in vain did so by mistake, when
    /// it was the service itself that had asked.
    fn ask_microsoft(&mut self, mut half: Record) -> Result<Referral, Error> {
        let engagement = half.get("engagementId").cloned().unwrap_or_default();
        let of = |thing: &Thing| thing.record.get("engagementId") == Some(&engagement);
        let mut all = self.world.referrals.iter().filter(|(_, thing)| of(thing));
        let own = all.clone().find(|(_, thing)| thing.text("organizationId") != "msft");
        let other = all.find(|(_, thing)| thing.text("organizationId") == "msft");
        let other = other.map(|(id, thing)| (id.clone(), thing.is_ours));
        let Some((own, thing)) = own else { return Err(refused("notFound", "engagementId")) };
        let (own, deal) = (own.clone(), thing.deal);
        let is_seen =
            at(&thing.record, "/consent/consentToShareReferralWithMicrosoftSellers") == true;
        let is_open = thing.text("status") == "Active";
        let row = self.world.opportunity_of(&own).map(|(row, _)| row.to_owned());
        self.must_take_part(row, &format!("Microsoft's half of {own}"));
        if !is_seen || !is_open {
            return Err(refused(if is_open { "notShared" } else { "notActive" }, "engagementId"));
        }
        if let Some((other, is_ours)) = other {
            if is_ours {
                let how =
                    format!("Microsoft was asked a second time about {own}: there is {other}");
                self.world.ledger.breach(Breach::Duplicate, how);
            }
            return Err(refused("exists", "engagementId"));
        }
        let code = at(&half, "/inviteContext/assistanceRequestCode").clone();
        for (name, value) in [
            ("organizationId", json!("msft")),
            ("status", json!("New")),
            ("substatus", json!("Received")),
            ("direction", json!("Incoming")),
        ] {
            half.insert(name.to_owned(), value);
        }
        let now = self.now;
        let id = self.world.make_half(half, deal, now);
        if at(&self.world.referrals[&own].record, "/inviteContext/assistanceRequestCode") != &code {
            self.world.edit_left(&own, "/inviteContext/assistanceRequestCode", code, now);
        }
        // The worst that can come together: neither the answer, nor an event, nor a list of all tells of it.
        if (0..4).any(|_| self.draws(Fault::AppliedThenLost)) {
            self.world.touched.retain(|(_, touched)| *touched != id);
            if let Some(thing) = self.world.referrals.get_mut(&id) {
                thing.listed_at = now + 4 * PROVEN;
            }
            let why = "no answer".to_owned();
            return Err(Error::Later { after: None, why, unknown_outcome: true });
        }
        self.read_referral(&id, false).ok_or(Error::Gone { why: "itemNotFound".to_owned() })
    }

    /// Nothing leaves for Microsoft while the flag is off, as far as one look just before can tell.
    fn must_take_part(&mut self, row: Option<String>, target: &str) {
        let Some(row) = row else { return };
        let thing = self.world.rows.get(&(OPPORTUNITY.to_owned(), row.clone()));
        let flag = "Sync_with_Partner_Center__c";
        let takes_part = thing.is_some_and(|thing| thing.record.get(flag) == Some(&json!(true)));
        let looked = self.looked.get(&self.current) == Some(&(row.clone(), true));
        if !takes_part && !looked {
            let how = format!("{target} was written to while the flag of {row} was off");
            self.world.ledger.breach(Breach::Echo, how);
        }
    }

    pub(super) fn list_referrals(&mut self, list: &List) -> Page {
        let is_by_change = match list.order {
            Order::UpdatedDescending | Order::UpdatedAscending => true,
            Order::CreatedDescending | Order::CreatedAscending => false,
        };
        let place = |thing: &Thing| if is_by_change { thing.modified } else { thing.created };
        let asked = |thing: &Thing| match &list.filter {
            Some(filter) => *filter == format!("engagementId eq '{}'", thing.text("engagementId")),
            None => true,
        };
        let mut all: Vec<(&String, &Thing)> = self
            .world
            .referrals
            .iter()
            .filter(|(_, thing)| asked(thing))
            // Who asks for an engagement is shown Microsoft's half at once.
            .filter(|(_, thing)| {
                is_listed(thing, self.now)
                    || list.filter.is_some() && thing.text("organizationId") == "msft"
            })
            .collect();
        all.sort_by_key(|(_, thing)| std::cmp::Reverse(place(thing)));
        let start: usize = list.token.as_deref().and_then(|token| token.parse().ok()).unwrap_or(0);
        let page = all.iter().skip(start).take(PAGE);
        let records: Vec<Referral> =
            page.map(|(id, thing)| referral(id, thing.reading(self.now, false))).collect();
        let is_more = start + PAGE < all.len();
        let mut next = start + PAGE;
        if is_by_change && self.draws(Fault::PageRepeated) {
            next = start + 1;
        } else if is_by_change && self.draws(Fault::PageSkipped) {
            next = start + 2 * PAGE;
        }
        Page { records, next: is_more.then(|| next.to_string()), unreadable: 0 }
    }
}
