//! The two modelled systems as a runner reaches them: slow, faulty, and with planted bugs.
//!
//! In: calls of a worker, a poll or a sweep. Out: what the models answer, or a failure. Must not know:
//! what a call is for. Every call lets others go on before and after it takes effect.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connect::partner_center::{List, Order, Page, PatchOp, Referral};
use connect::salesforce::{Ask, Filter, Method, Row, Select, Sub, SubAnswer};
use connect::{ETag, Error, RecordId, ReferralId};
use jiff::Timestamp;
use serde_json::Value;

use super::ledger::{Cell, End};
use super::sabotage::Sabotage;
use super::salesforce::next_second;
use super::state::{Fault, Sim, State};
use super::world::{OPPORTUNITY, Record, set};
use crate::wires::Wires;

/// The wires of one runner.
#[derive(Debug)]
pub(super) struct SimWires {
    sim: Arc<Sim>,
    name: String,
    /// For planted bugs: what was sent last, and what was read last, by record.
    sent: Mutex<Vec<Sent>>,
    read: Mutex<Vec<(String, Row)>>,
}

/// The record that something was sent to, and what.
type Sent = (String, Vec<(String, Value)>);

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Reads,
    Writes,
}

fn later(why: &str, is_unknown: bool) -> Error {
    Error::Later { after: None, why: why.to_owned(), unknown_outcome: is_unknown }
}

impl State {
    /// What goes wrong with a call, and how long it takes there and back.
    fn trouble(&mut self, doing: Doing) -> (Option<Fault>, i64, i64) {
        let (mut there, mut back) = (self.chance.between(5, 200), self.chance.between(5, 200));
        if self.draws(Fault::Slow) {
            there += self.chance.between(1000, 25_000);
        }
        let kinds: &[Fault] = match doing {
            Doing::Reads => &[Fault::Busy, Fault::ServerError, Fault::StaleRead],
            Doing::Writes => &[
                Fault::Busy,
                Fault::Lost,
                Fault::ServerError,
                Fault::AppliedThenLost,
                Fault::EditBetween,
            ],
        };
        let fault = kinds.iter().copied().find(|fault| self.draws(*fault));
        // A runner stands still before or after it reads, or after it wrote: once a write is on its way,
        // nothing could help.
        let stop = self.stands_still();
        if stop > 0 && doing == Doing::Reads && self.chance.in_thousand(500) {
            there += stop;
        } else {
            back += stop;
        }
        (fault, there, back)
    }

    /// Breaches that were just found stand in the history too.
    fn note_breaches(&mut self, known: usize) {
        for index in known..self.world.ledger.breaches.len() {
            let (breach, how) = self.world.ledger.breaches[index].clone();
            self.note("judge", &format!("{breach:?}: {how}"));
        }
    }

    /// Somebody changes the record that is just about to be written to.
    fn edit_between(&mut self, target: (End, &str)) {
        let (end, id) = target;
        let now = self.now;
        let cell = self.chance.pick(&Cell::ALL);
        match end {
            End::Referral => {
                let value = self.world.fresh(cell, end);
                self.note("person", &format!("changes {cell:?} of {id} to {value} just now"));
                self.world.enter_left(id, cell, value, now);
            }
            End::Opportunity => {
                let row = self.world.rows.get(&(OPPORTUNITY.to_owned(), id.to_owned()));
                if row.is_none_or(|row| row.is_deleted || next_second(row.modified) > now) {
                    return;
                }
                let value = self.world.fresh(cell, end);
                self.note("person", &format!("changes {cell:?} of {id} to {value} just now"));
                self.world.enter_right(id, cell, value, now);
            }
        }
    }
}

impl SimWires {
    pub(super) fn new(sim: Arc<Sim>, runner: usize) -> Self {
        let name = format!("runner {runner}");
        Self { sim, name, sent: Mutex::default(), read: Mutex::default() }
    }

    /// One call: there, its effect, and back.
    async fn call<T: Send>(
        &self,
        what: &str,
        doing: Doing,
        target: Option<(End, &str)>,
        work: impl FnOnce(&mut State, bool) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let (fault, there, back) = self.sim.lock().trouble(doing);
        self.sim.wait(there).await;
        let result = {
            let mut state = self.sim.lock();
            let known = state.world.ledger.breaches.len();
            let result = match fault {
                _ if state.is_out(Fault::Denied) => Err(Error::Denied {
                    why: "the token is not accepted".to_owned(),
                    who: "the administrator".to_owned(),
                }),
                Some(Fault::Busy) => {
                    let after = state.chance.below(30);
                    let after = u64::try_from(after).unwrap();
                    let after = after.is_multiple_of(2).then(|| Duration::from_secs(after));
                    Err(Error::Later { after, why: "429".to_owned(), unknown_outcome: false })
                }
                Some(Fault::Lost | Fault::ServerError) => {
                    Err(later("the connection was cut", doing == Doing::Writes))
                }
                Some(Fault::AppliedThenLost) => {
                    work(&mut state, false).and(Err(later("no answer", true)))
                }
                Some(Fault::EditBetween) => {
                    if let Some(target) = target {
                        state.edit_between(target);
                    }
                    work(&mut state, false)
                }
                Some(Fault::StaleRead) => work(&mut state, true),
                Some(_) | None => work(&mut state, false),
            };
            let how = match (&result, fault) {
                (Ok(_), None) => String::new(),
                (Ok(_), Some(fault)) => format!(" ({fault:?})"),
                (Err(error), _) => format!(" -> {error} ({fault:?})"),
            };
            state.note(&self.name, &format!("{what}{how}"));
            state.note_breaches(known);
            result
        };
        self.sim.wait(back).await;
        result
    }

    fn is_sabotaged(&self, sabotage: Sabotage) -> bool {
        self.sim.lock().is_sabotaged(sabotage)
    }

    /// For a planted bug: remembers what was sent.
    fn remember_sent(&self, id: &str, changes: Vec<(String, Value)>) {
        if self.is_sabotaged(Sabotage::BaseFromSent) {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.retain(|(known, _)| known != id);
            sent.push((id.to_owned(), changes));
        }
    }

    /// For a planted bug: puts what was sent over what is read back.
    fn as_sent(&self, id: &str, body: &mut String) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = sent.iter().position(|(known, _)| known == id) {
            let (_, changes) = sent.remove(place);
            let mut record: Record = serde_json::from_str(body).unwrap();
            for (pointer, value) in changes {
                set(&mut record, &pointer, value);
            }
            *body = Value::Object(record).to_string();
        }
    }

    /// For planted bugs: what a row is taken for.
    fn taken_for(&self, rows: &mut [Row], is_by_id: bool) {
        for row in rows {
            self.as_sent(row.id.as_str(), &mut row.body);
            if self.is_sabotaged(Sabotage::IgnoresFlag) {
                let mut record: Record = serde_json::from_str(&row.body).unwrap();
                record.insert("Sync_with_Partner_Center__c".to_owned(), true.into());
                row.body = Value::Object(record).to_string();
            }
            if self.is_sabotaged(Sabotage::NoSecondLook) && is_by_id {
                let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
                let known = read.iter().position(|(id, _)| id == row.id.as_str());
                match known {
                    Some(place) => *row = read.remove(place).1,
                    None => read.push((row.id.to_string(), row.clone())),
                }
            }
        }
    }
}

impl Wires for SimWires {
    async fn referral(&self, id: &ReferralId) -> Result<Option<Referral>, Error> {
        let what = format!("reads {id}");
        let mut read = self
            .call(&what, Doing::Reads, None, |state, is_stale| {
                state.looked.remove(&state.current);
                if !is_stale {
                    state.is_known(id.as_str());
                }
                let now = state.now;
                state.world.sees(id.as_str(), is_stale, now);
                Ok(state.read_referral(id.as_str(), is_stale))
            })
            .await?;
        if let Some(referral) = &mut read {
            self.as_sent(id.as_str(), &mut referral.body);
            if self.is_sabotaged(Sabotage::NoLookBeforeCreate) {
                referral.external_reference_id = None;
            }
        }
        Ok(read)
    }

    async fn change_referral(
        &self,
        id: &ReferralId,
        changes: &[PatchOp],
        etag: Option<&ETag>,
    ) -> Result<Referral, Error> {
        let said: Vec<String> =
            changes.iter().map(|op| format!("{}={}", op.path, op.value)).collect();
        let what = format!("changes {id} {}", said.join(" "));
        let etag = etag.filter(|_| !self.is_sabotaged(Sabotage::NoIfMatch)).map(ETag::as_str);
        let target = Some((End::Referral, id.as_str()));
        let work = |state: &mut State, _| state.change_referral(id.as_str(), changes, etag);
        let answer = self.call(&what, Doing::Writes, target, work).await?;
        self.sim.lock().is_known(id.as_str());
        let value = |op: &PatchOp| serde_json::from_str(&op.value).unwrap_or(Value::Null);
        self.remember_sent(
            id.as_str(),
            changes.iter().map(|op| (op.path.clone(), value(op))).collect(),
        );
        Ok(answer)
    }

    async fn create_referral(&self, body: &str) -> Result<Referral, Error> {
        let work = |state: &mut State, _| state.create_referral(body);
        self.call("makes a referral", Doing::Writes, None, work).await
    }

    async fn referrals(&self, list: &List) -> Result<Page, Error> {
        let is_search = list.order == Order::CreatedDescending;
        let page = self
            .call("lists referrals", Doing::Reads, None, |state, _| {
                state.looked.remove(&state.current);
                Ok(state.list_referrals(list))
            })
            .await?;
        let is_half = list.filter.is_some();
        let is_vain = is_search
            && self.is_sabotaged(if is_half {
                Sabotage::NoLookForHalf
            } else {
                Sabotage::NoLookAfterUnknown
            });
        if is_vain {
            return Ok(Page { records: Vec::new(), next: None, unreadable: 0 });
        }
        Ok(page)
    }

    async fn rows(
        &self,
        object: &str,
        select: &Select,
        filter: &Filter,
    ) -> Result<Vec<Row>, Error> {
        let (which, is_by_id) = match filter {
            Filter::Id(id) => (id.to_string(), true),
            Filter::Ids(ids) => (format!("{} ids", ids.len()), false),
            Filter::Equal(all) => {
                let names: Vec<&str> = all.iter().map(|e| e.field.as_str()).collect();
                (format!("by {}", names.join(",")), false)
            }
            Filter::ModifiedSince { since, .. } => (format!("since {since}"), false),
            Filter::ParentModifiedSince { parent, since, .. } => {
                (format!("of a {parent} since {since}"), false)
            }
        };
        let what = format!("reads {object} {which}");
        let mut rows = self
            .call(&what, Doing::Reads, None, |state, is_stale| {
                let is_stale = is_stale && is_by_id;
                let rows = state.read_rows(object, select, filter, is_stale)?;
                let now = state.now;
                for row in &rows {
                    state.world.sees(row.id.as_str(), is_stale, now);
                }
                state.looks(object, &rows, is_by_id);
                Ok(rows)
            })
            .await?;
        if object == OPPORTUNITY {
            self.taken_for(&mut rows, is_by_id);
        }
        Ok(rows)
    }

    async fn several(&self, asks: &[Ask]) -> Vec<Result<Vec<Row>, Error>> {
        let objects: Vec<&str> = asks.iter().map(|ask| ask.object.as_str()).collect();
        let what = format!("asks for {}", objects.join(", "));
        let called = self.call(&what, Doing::Reads, None, |state, _| {
            let mut parts = Vec::new();
            for Ask { object, select, filter } in asks {
                // A part fails by itself.
                let is_lost = state.draws(Fault::ServerError);
                let rows = if is_lost {
                    state.note(&self.name, &format!("is not answered for {object}"));
                    Err(later("the part failed", false))
                } else {
                    state.read_rows(object, select, filter, false)
                };
                let now = state.now;
                for row in rows.iter().flatten() {
                    state.world.sees(row.id.as_str(), false, now);
                }
                parts.push(rows);
            }
            for (ask, rows) in asks.iter().zip(&parts) {
                state.looks(&ask.object, rows.as_deref().unwrap_or_default(), false);
            }
            Ok(parts)
        });
        let mut parts = match called.await {
            Ok(parts) => parts,
            Err(error) => return asks.iter().map(|_| Err(error.clone())).collect(),
        };
        for (ask, rows) in asks.iter().zip(&mut parts) {
            if let (OPPORTUNITY, Ok(rows)) = (ask.object.as_str(), rows) {
                self.taken_for(rows, false);
            }
        }
        parts
    }

    async fn change_row(
        &self,
        object: &str,
        id: &RecordId,
        body: &str,
        unmodified_since: Option<Timestamp>,
    ) -> Result<(), Error> {
        let what = format!("changes {object} {id} {body}");
        let since = unmodified_since.filter(|_| !self.is_sabotaged(Sabotage::NoUnmodifiedSince));
        let target = (object == OPPORTUNITY).then_some((End::Opportunity, id.as_str()));
        let work = |state: &mut State, _| state.change_row(object, id.as_str(), body, since);
        match self.call(&what, Doing::Writes, target, work).await {
            Err(error) if error.outcome_unknown() && self.is_sabotaged(Sabotage::UnknownIsDone) => {
            }
            Err(Error::Refused { .. }) if self.is_sabotaged(Sabotage::RefusedIsDone) => {}
            other => other?,
        }
        let fields: Record = serde_json::from_str(body).unwrap();
        let fields = fields.into_iter().map(|(name, value)| (format!("/{name}"), value));
        self.remember_sent(id.as_str(), fields.collect());
        Ok(())
    }

    async fn write_rows(&self, subs: &[Sub]) -> Result<Vec<SubAnswer>, Error> {
        let said: Vec<String> = subs
            .iter()
            .map(|sub| {
                let body = sub.body.as_deref().unwrap_or_default();
                format!("{:?} {} {body}", sub.method, sub.path.trim_start_matches("sobjects/"))
            })
            .collect();
        let what = format!("composite [{}]", said.join("; "));
        let mut subs = subs.to_vec();
        if self.is_sabotaged(Sabotage::NoUnmodifiedSince) {
            subs = subs.into_iter().map(|sub| sub.unmodified_since(None)).collect();
        }
        let changed = subs.iter().find_map(changes_opportunity);
        let target = changed.map(|id| (End::Opportunity, id));
        let work = |state: &mut State, _| state.composite(&subs);
        let answers = match self.call(&what, Doing::Writes, target, work).await {
            Err(error)
                if target.is_some()
                    && (error.outcome_unknown() && self.is_sabotaged(Sabotage::UnknownIsDone)
                        || matches!(error, Error::Refused { .. })
                            && self.is_sabotaged(Sabotage::RefusedIsDone)) =>
            {
                Vec::new()
            }
            other => other?,
        };
        for sub in &subs {
            if let Some(id) = changes_opportunity(sub) {
                let body = sub.body.as_deref().unwrap_or_default();
                let fields: Record = serde_json::from_str(body).unwrap_or_default();
                let fields = fields.into_iter().map(|(name, value)| (format!("/{name}"), value));
                self.remember_sent(id, fields.collect());
            }
        }
        for id in answers.iter().filter_map(|answer| answer.id.as_ref()) {
            self.sim.lock().knows(OPPORTUNITY, id.as_str());
        }
        Ok(answers)
    }
}

/// The opportunity that a part of a composite changes.
fn changes_opportunity(sub: &Sub) -> Option<&str> {
    let id = sub.path.strip_prefix("sobjects/")?.strip_prefix(OPPORTUNITY)?.strip_prefix('/')?;
    (sub.method == Method::Patch && !id.contains('/')).then_some(id)
}
