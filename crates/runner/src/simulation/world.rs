//! The two systems' records, and what people do to them.
//!
//! In: edits of people; what the service writes is next door (`written`). Out: records, and their history in
//! the ledger. Must not know: faults, wires, the runner.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::ledger::{Cell, End, Ledger};

pub(super) type Record = Map<String, Value>;

/// A record of either system.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that can be true by itself")]
pub(super) struct Thing {
    pub(super) record: Record,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) version: u64,
    pub(super) is_deleted: bool,
    /// The sync user may not see it.
    pub(super) is_hidden: bool,
    /// The service made it, and was not told so, nor has it seen it since.
    pub(super) is_unknown: bool,
    /// The service made it.
    pub(super) is_ours: bool,
    /// From when on lists have it.
    pub(super) listed_at: i64,
    /// Which deal it belongs to.
    pub(super) deal: usize,
    /// Who entered what stands in each cell.
    pub(super) tokens: BTreeMap<Cell, usize>,
    /// What stood in cells before the service wrote to them and was not told whether it did: whoever
    /// enters something there meanwhile does so, for all that anybody can know, over this.
    pub(super) doubts: BTreeMap<Cell, Option<usize>>,
    /// What people entered, in which cell.
    pub(super) entered: Vec<(Cell, usize)>,
    /// When somebody last entered something in a cell.
    pub(super) entered_at: BTreeMap<Cell, i64>,
    /// What stood there before.
    pub(super) before: Option<Box<Before>>,
}

/// A record as it was before it changed last.
#[derive(Debug, Clone)]
pub(super) struct Before {
    until: i64,
    record: Record,
    modified: i64,
    version: u64,
}

/// A record as somebody reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'t> {
    pub(super) record: &'t Record,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) version: u64,
}

/// Both systems.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) referrals: BTreeMap<String, Thing>,
    /// By object and id.
    pub(super) rows: BTreeMap<(String, String), Thing>,
    pub(super) ledger: Ledger,
    /// Referrals that changed since this was last emptied: webhook calls come of them.
    pub(super) touched: Vec<(&'static str, String)>,
    /// The task that asks, and up to when each one has read which record.
    pub(super) task: usize,
    pub(super) seen: BTreeMap<(usize, String), i64>,
    /// Referrals beside which another one was made, because nothing could be known of them.
    pub(super) doubles: Vec<String>,
    /// Records that the store has as a deal's.
    pub(super) linked: BTreeSet<String>,
    /// Some runner's clock is wrong.
    pub(super) is_skewed: bool,
    /// How many writes of the service were carried out.
    pub(super) writes: u64,
    /// How many deals people began.
    pub(super) deals: usize,
    made: u64,
    entered: i64,
}

pub(super) const OPPORTUNITY: &str = "Opportunity";

/// How long a change may not be seen by those who read.
const STALE: i64 = 3000;

impl Thing {
    pub(super) fn text(&self, name: &str) -> &str {
        self.record.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// As it is read; a stale reading is as it was a moment ago, when it changed a moment ago.
    pub(super) fn reading(&self, now: i64, is_stale: bool) -> Reading<'_> {
        let before = self.before.as_ref().filter(|before| is_stale && now - before.until < STALE);
        let (record, modified, version) = match before {
            Some(before) => (&before.record, before.modified, before.version),
            None => (&self.record, self.modified, self.version),
        };
        Reading { record, created: self.created, modified, version }
    }

    pub(super) fn keep_before(&mut self, now: i64) {
        self.before = Some(Box::new(Before {
            until: now,
            record: self.record.clone(),
            modified: self.modified,
            version: self.version,
        }));
    }
}

pub(super) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

/// As Salesforce writes it: whole seconds.
pub(super) fn salesforce_time(millis: i64) -> String {
    moment(millis).strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// The member at a JSON pointer.
pub(super) fn at<'r>(record: &'r Record, pointer: &str) -> &'r Value {
    let mut names = pointer.trim_start_matches('/').split('/');
    let first = names.next().and_then(|name| record.get(name)).unwrap_or(&Value::Null);
    names.fold(first, |at, name| at.get(name).unwrap_or(&Value::Null))
}

/// Sets the member at a JSON pointer.
pub(crate) fn set(record: &mut Map<String, Value>, pointer: &str, value: Value) {
    let mut names: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
    let last = names.pop().unwrap();
    let mut at = record;
    for name in names {
        let slot = at.entry(name.to_owned()).or_insert_with(|| json!({}));
        if !slot.is_object() {
            *slot = json!({});
        }
        at = slot.as_object_mut().unwrap();
    }
    at.insert(last.to_owned(), value);
}

impl World {
    pub(super) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// A value that nobody entered before.
    pub(super) fn fresh(&mut self, cell: Cell, end: End) -> Value {
        self.entered += 1;
        let n = self.entered;
        match (cell, end) {
            (Cell::Amount, _) if n % 3 == 0 => {
                serde_json::from_str(&format!("{}.50", 1000 + n)).unwrap()
            }
            (Cell::Amount, _) => json!(1000 + n),
            (Cell::Notes, End::Referral) => json!(format!("note {n}\r\nsecond line ")),
            (Cell::Notes, End::Opportunity) => json!(format!("note {n}\nsecond line")),
            (Cell::Campaign, _) => json!(format!("CAMP-{n}")),
            (Cell::Close, _) => {
                let day = "2027-01-01".parse::<jiff::civil::Date>().unwrap();
                let day = day.checked_add(jiff::Span::new().days(n)).unwrap();
                match end {
                    End::Referral => json!(format!("{day}T00:00:00Z")),
                    End::Opportunity => json!(day.to_string()),
                }
            }
        }
    }

    pub(super) fn show_all(&mut self) {
        for thing in self.referrals.values_mut() {
            (thing.is_hidden, thing.listed_at) = (false, 0);
        }
        self.rows.values_mut().for_each(|thing| thing.is_hidden = false);
    }

    /// A record that is just made.
    pub(super) fn begin(record: Record, deal: usize, now: i64) -> Thing {
        Thing { record, created: now, modified: now, version: 1, deal, ..Thing::default() }
    }

    pub(super) fn add_referral(&mut self, mut record: Record, deal: usize, now: i64) -> String {
        let id = self.referral_id();
        record.insert("id".to_owned(), id.clone().into());
        let mut thing = Self::begin(record, deal, now);
        self.enter_all(&mut thing, End::Referral);
        self.referrals.insert(id.clone(), thing);
        self.touched.push(("referral-created", id.clone()));
        id
    }

    pub(super) fn referral_id(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.number())
    }

    /// A row by anybody; its id.
    pub(super) fn add_row(
        &mut self,
        object: &str,
        record: Record,
        deal: usize,
        now: i64,
    ) -> String {
        let prefix = match object {
            OPPORTUNITY => "006",
            "Account" => "001",
            "Contact" => "003",
            "User" => "005",
            _ => "a0X",
        };
        let id = connect::RecordId::parse(&format!("{prefix}{:012}", self.number())).unwrap();
        let id = id.to_string();
        let mut thing = Self::begin(record, deal, now);
        thing.record.insert("Id".to_owned(), id.clone().into());
        if object == OPPORTUNITY {
            self.enter_all(&mut thing, End::Opportunity);
        }
        self.rows.insert((object.to_owned(), id.clone()), thing);
        id
    }

    fn enter_all(&mut self, thing: &mut Thing, end: End) {
        for cell in Cell::ALL {
            let value = match end {
                End::Referral => at(&thing.record, cell.pointer()),
                End::Opportunity => thing.record.get(cell.field()).unwrap_or(&Value::Null),
            };
            if cell.plain(value).is_some() {
                thing.tokens.insert(cell, self.ledger.enters(thing.deal, cell, value, None));
            }
        }
    }

    /// A person changes a referral in Microsoft's portal.
    pub(super) fn enter_left(&mut self, id: &str, cell: Cell, value: Value, now: i64) {
        let Some(thing) = self.referrals.get_mut(id) else { return };
        let stood = thing.tokens.get(&cell).copied();
        let over = thing.doubts.remove(&cell).unwrap_or(stood);
        let token = self.ledger.enters(thing.deal, cell, &value, over);
        self.ledger.really(token, stood);
        thing.tokens.insert(cell, token);
        thing.entered.push((cell, token));
        thing.entered_at.insert(cell, now);
        thing.keep_before(now);
        set(&mut thing.record, cell.pointer(), value);
        self.touch_left(id, now);
    }

    /// A person changes an opportunity.
    pub(super) fn enter_right(&mut self, id: &str, cell: Cell, value: Value, now: i64) {
        let Some(thing) = self.rows.get_mut(&(OPPORTUNITY.to_owned(), id.to_owned())) else {
            return;
        };
        let over = thing.tokens.get(&cell).copied();
        let token = self.ledger.enters(thing.deal, cell, &value, over);
        thing.tokens.insert(cell, token);
        thing.entered_at.insert(cell, now);
        self.edit_row(OPPORTUNITY, id, cell.field(), value, now);
    }

    /// A person changes a field that is no cell.
    pub(super) fn edit_left(&mut self, id: &str, pointer: &str, value: Value, now: i64) {
        if let Some(thing) = self.referrals.get_mut(id) {
            thing.keep_before(now);
            set(&mut thing.record, pointer, value);
            self.touch_left(id, now);
        }
    }

    pub(super) fn edit_row(&mut self, object: &str, id: &str, field: &str, value: Value, now: i64) {
        if let Some(thing) = self.rows.get_mut(&(object.to_owned(), id.to_owned())) {
            thing.keep_before(now);
            thing.record.insert(field.to_owned(), value);
            thing.modified = now;
        }
    }

    pub(super) fn touch_left(&mut self, id: &str, now: i64) {
        if let Some(thing) = self.referrals.get_mut(id) {
            thing.version += 1;
            thing.modified = now;
            self.touched.push(("referral-updated", id.to_owned()));
        }
    }

    /// The task that asks reads a record.
    pub(super) fn sees(&mut self, id: &str, is_stale: bool, now: i64) {
        let row = || self.rows.iter().find(|((_, known), _)| known == id).map(|(_, row)| row);
        let thing = self.referrals.get(id).or_else(row);
        let before = thing.and_then(|thing| thing.before.as_ref());
        let before = before.filter(|before| is_stale && now - before.until < STALE);
        let upto = before.map_or(now, |before| before.until - 1);
        self.seen.insert((self.task, id.to_owned()), upto);
    }

    /// The opportunity of a deal that is there and linked to the referral.
    pub(super) fn opportunity_of(&self, referral: &str) -> Option<(&str, &Thing)> {
        let mut all = self.rows.iter().filter(|((object, _), row)| {
            object == OPPORTUNITY && row.text("Referral_Identifier__c") == referral
        });
        let deal = self.referrals.get(referral)?.deal;
        all.find(|(_, row)| row.deal == deal).map(|((_, id), row)| (id.as_str(), row))
    }
}
