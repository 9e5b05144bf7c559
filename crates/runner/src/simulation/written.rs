//! What the service does to the two systems' records.
//!
//! In: its writes, as they are carried out. Out: the records after them, and breaches that the writes themselves
//! are: what was overwritten unread, what was made twice. Must not know: faults, wires, the runner.

use serde_json::Value;

use super::ledger::{Breach, Cell, End};
use super::state::PROVEN;
use super::world::{OPPORTUNITY, Record, Thing, World, at, set};

impl World {
    /// What people entered since the task read the record is not its to overwrite: it cannot know of it.
    fn overwrites(&mut self, thing: &Thing, place: (End, &str), cell: Cell, value: &Value) {
        let (end, id) = place;
        let seen = self.seen.get(&(self.task, id.to_owned())).copied().unwrap_or(i64::MIN);
        let Some(held) = thing.tokens.get(&cell).copied() else { return };
        let is_same = cell.plain(value).as_deref() == Some(self.ledger.value(held));
        if !is_same && thing.entered_at.get(&cell).is_some_and(|at| *at > seen) {
            let gone = self.ledger.value(held).to_owned();
            let how = format!("{cell:?} {gone:?} at the {end:?} was overwritten unread");
            self.ledger.breach(Breach::Lost, how);
        }
    }

    /// The service changes a referral; false when nothing was different.
    pub(super) fn write_left(&mut self, id: &str, changes: &[(String, Value)], now: i64) -> bool {
        let Some(thing) = self.referrals.get(id).cloned() else { return false };
        for (pointer, value) in changes {
            if let Some(cell) = Cell::ALL.into_iter().find(|cell| cell.pointer() == pointer) {
                self.overwrites(&thing, (End::Referral, id), cell, value);
            }
        }
        let Some(thing) = self.referrals.get_mut(id) else { return false };
        thing.keep_before(now);
        let mut differs = false;
        for (pointer, value) in changes {
            differs |= at(&thing.record, pointer) != value;
            if let Some(cell) = Cell::ALL.into_iter().find(|cell| cell.pointer() == pointer) {
                let over = thing.tokens.get(&cell).copied();
                let place = (thing.deal, End::Referral, true);
                thing.doubts.entry(cell).or_insert(over);
                if let Some(token) = self.ledger.written(place, cell, value, over) {
                    thing.tokens.insert(cell, token);
                }
            }
            set(&mut thing.record, pointer, value.clone());
        }
        self.writes += 1;
        self.touch_left(id, now);
        differs
    }

    /// The service changes a row.
    pub(super) fn write_row(&mut self, object: &str, id: &str, fields: Record, now: i64) {
        // A closed referral beats every other rule, also before its id stands in the opportunity.
        let deal = self.rows.get(&(object.to_owned(), id.to_owned())).map(|row| row.deal);
        let mut referrals = self.referrals.values();
        let is_open = !referrals.any(|referral| {
            Some(referral.deal) == deal
                && referral.text("organizationId") != "msft"
                && referral.text("status") == "Closed"
        });
        let key = (object.to_owned(), id.to_owned());
        if let Some(thing) = self.rows.get(&key).filter(|_| object == OPPORTUNITY).cloned() {
            for (name, value) in &fields {
                if let Some(cell) = Cell::ALL.into_iter().find(|cell| cell.field() == name) {
                    self.overwrites(&thing, (End::Opportunity, id), cell, value);
                }
            }
        }
        let Some(thing) = self.rows.get_mut(&key) else { return };
        thing.keep_before(now);
        for (name, mut value) in fields {
            // Salesforce trims what it keeps.
            if let Value::String(text) = &mut value {
                text.truncate(text.trim_end().len());
            }
            let cell = Cell::ALL.into_iter().find(|cell| cell.field() == name);
            if let Some(cell) = cell.filter(|_| object == OPPORTUNITY) {
                let over = thing.tokens.get(&cell).copied();
                let place = (thing.deal, End::Opportunity, is_open);
                if let Some(token) = self.ledger.written(place, cell, &value, over) {
                    thing.tokens.insert(cell, token);
                }
            }
            thing.record.insert(name, value);
        }
        thing.modified = now;
        self.writes += 1;
    }

    /// The service makes a referral.
    pub(super) fn make_referral(&mut self, record: Record, now: i64) -> String {
        let reference =
            record.get("externalReferenceId").and_then(Value::as_str).unwrap_or_default();
        let reference = reference.to_owned();
        let row = self.rows.get(&(OPPORTUNITY.to_owned(), reference.clone()));
        let deal = row.map_or(usize::MAX, |row| row.deal);
        // One that the sync user may not see any more, before its id came to the opportunity, is not there for
        // anybody who looks: neither the list nor the opportunity tells of it.
        let named =
            row.map(|row| row.text("Referral_Identifier__c").to_owned()).unwrap_or_default();
        let unseen = self.referrals.iter_mut().filter(|(id, thing)| {
            thing.deal == deal && thing.is_hidden && thing.is_ours && **id != named
        });
        unseen.for_each(|(_, thing)| thing.deal = usize::MAX);
        let is_skewed = self.is_skewed;
        let same = self
            .referrals
            .iter_mut()
            .find(|(_, thing)| thing.deal == deal && thing.text("organizationId") != "msft");
        if let Some((other, thing)) = same {
            // The list hid it for longer than anybody looks, or than the runners' clocks took it for.
            let lag = thing.listed_at - thing.created;
            if thing.is_ours && thing.listed_at > now && (lag > PROVEN || is_skewed) {
                self.doubles.push(other.clone());
                thing.deal = usize::MAX;
            } else {
                let how = format!("a second referral for {reference}: there is {other}");
                self.ledger.breach(Breach::Duplicate, how);
            }
        }
        let id = self.referral_id();
        let mut thing = Self::begin(record, deal, now);
        thing.record.insert("id".to_owned(), id.clone().into());
        thing.is_ours = true;
        self.written_all(&mut thing, End::Referral);
        self.referrals.insert(id.clone(), thing);
        self.writes += 1;
        self.touched.push(("referral-created", id.clone()));
        id
    }

    /// The service makes Microsoft's half of a deal.
    pub(super) fn make_half(&mut self, mut record: Record, deal: usize, now: i64) -> String {
        let id = self.referral_id();
        record.insert("id".to_owned(), id.clone().into());
        let thing = Thing { is_ours: true, ..Self::begin(record, deal, now) };
        self.referrals.insert(id.clone(), thing);
        self.writes += 1;
        self.touched.push(("referral-created", id.clone()));
        id
    }

    /// The service makes a row.
    pub(super) fn make_row(&mut self, object: &str, record: Record, now: i64) -> String {
        let mut deal = usize::MAX;
        if object == OPPORTUNITY {
            let key = record.get("Referral_Identifier__c").and_then(Value::as_str);
            let key = key.unwrap_or_default().to_owned();
            deal = self.referrals.get(&key).map_or(usize::MAX, |referral| referral.deal);
            // One that was deleted before the service could know of it was never there for it.
            let same = self.rows.iter().find(|((name, _), row)| {
                name == object && row.deal == deal && !(row.is_deleted && row.is_unknown)
            });
            if let Some(((_, other), row)) = same {
                let state = if row.is_deleted { "deleted " } else { "" };
                let how = format!("a second opportunity for {key}: there is {state}{other}");
                self.ledger.breach(Breach::Duplicate, how);
            }
        } else {
            self.must_be_new(object, &record);
        }
        let id = self.add_row(object, Record::new(), deal, now);
        self.write_row(object, &id, record, now);
        if let Some(thing) = self.rows.get_mut(&(object.to_owned(), id.clone())) {
            (thing.is_ours, thing.is_unknown) = (true, true);
            thing.before = None;
        }
        id
    }

    /// Records that several deals share are made once.
    fn must_be_new(&mut self, object: &str, record: &Record) {
        let keys: &[&str] = match object {
            "Account" => &["Name", "BillingPostalCode"],
            "Contact" => &["Email"],
            "Microsoft_Solution__c" => &["Opportunity__c", "Solution_Identifier__c"],
            "OpportunityContactRole" => &["OpportunityId", "ContactId"],
            _ => return,
        };
        let is_same = |row: &Thing| keys.iter().all(|key| row.record.get(*key) == record.get(*key));
        let mut all = self.rows.iter().filter(|((name, _), row)| name == object && !row.is_deleted);
        if let Some(((_, id), _)) = all.find(|(_, row)| is_same(row)) {
            let how = format!("a second {object} beside {id}");
            self.ledger.breach(Breach::Duplicate, how);
        }
    }

    fn written_all(&mut self, thing: &mut Thing, end: End) {
        for cell in Cell::ALL {
            let value = at(&thing.record, cell.pointer());
            if cell.plain(value).is_none() {
                continue;
            }
            if let Some(token) = self.ledger.written((thing.deal, end, true), cell, value, None) {
                thing.tokens.insert(cell, token);
            }
        }
    }
}
