//! How the things of a story happen.
//!
//! In: something that happens. Out: changed records, runners that end or begin, webhook calls. Must not
//! know: what the service makes of it.

use connect::ReferralId;
use serde_json::{Value, json};

use super::ledger::{Cell, End};
use super::plans;
use super::salesforce::next_second;
use super::stage::Stage;
use super::state::{Fault, RUNNERS, State};
use super::store::SimStore;
use super::story::Happens;
use super::world::{OPPORTUNITY, Record, at, set};
use crate::store::{Alias, HintEvent, Release, Source, Store};

const INBOUND: &str = include_str!("../../../../mappings/examples/inbound.json");
const FLAG: &str = "Sync_with_Partner_Center__c";
const VISIBLE: &str = "Visible_to_Microsoft__c";
pub(super) const HELP: &str = "How_can_Microsoft_help__c";

/// What else happens because of it: when, from now on.
type Then = Vec<(i64, Happens)>;

impl State {
    /// A deal's own referral.
    pub(super) fn referral_of(&self, deal: usize) -> Option<String> {
        let mut all = self.world.referrals.iter();
        let found = all.find(|(_, r)| r.deal == deal && r.text("organizationId") != "msft");
        found.map(|(id, _)| id.clone())
    }

    /// A deal's opportunity, deleted or not.
    pub(super) fn row_of(&self, deal: usize) -> Option<String> {
        let mut all = self.world.rows.iter();
        let found = all.find(|((object, _), row)| object == OPPORTUNITY && row.deal == deal);
        found.map(|((_, id), _)| id.clone())
    }

    /// Somebody changes a referral while its deal is in work.
    pub(super) fn edit_in_work(&mut self, referral: Option<&ReferralId>) {
        let Some(referral) = referral.filter(|_| self.draws(Fault::EditBetween)) else { return };
        if let Some(thing) = self.world.referrals.get(&referral.to_string()) {
            let edit = Happens::Edit(thing.deal, self.chance.pick(&Cell::ALL), End::Referral);
            self.then.push((self.chance.between(0, 500), edit));
        }
    }

    /// What happens to a deal's opportunity, a moment later when it was changed in this very second:
    /// nobody can tell two changes of one second apart.
    fn on_row(
        &mut self,
        deal: usize,
        happens: &Happens,
        work: impl FnOnce(&mut State, &str),
    ) -> Then {
        let Some(id) = self.row_of(deal) else { return Vec::new() };
        let row = &self.world.rows[&(OPPORTUNITY.to_owned(), id.clone())];
        let undeletes = *happens == Happens::Delete(deal, false);
        if row.is_deleted != undeletes {
            return Vec::new();
        }
        let free = next_second(row.modified);
        if free > self.now {
            return vec![(free - self.now, happens.clone())];
        }
        self.note("person", &format!("{happens:?} of {id}"));
        work(self, &id);
        Vec::new()
    }

    fn on_referral(&mut self, deal: usize, happens: &Happens, work: impl FnOnce(&mut State, &str)) {
        if let Some(id) = self.referral_of(deal) {
            self.note("person", &format!("{happens:?} of {id}"));
            work(self, &id);
        }
    }

    fn values(&mut self, record: &mut Record, end: End) {
        for cell in Cell::ALL {
            let value = self.world.fresh(cell, end);
            let pointer = format!("/{}", cell.field());
            set(record, if end == End::Referral { cell.pointer() } else { &pointer }, value);
        }
    }

    fn customer(&mut self) -> &'static str {
        self.chance.pick(&["Alpine Freight AG", "Harrow Bakeries Ltd"])
    }

    fn begin_with_referral(&mut self) {
        let mut record: Record = serde_json::from_str(INBOUND).unwrap();
        let deal = self.world.deals;
        self.world.deals += 1;
        let engagement = format!("00000000-0000-4000-a000-{:012x}", self.world.number());
        let customer = self.customer();
        for (pointer, value) in [
            ("/name", json!(format!("deal {deal}"))),
            ("/engagementId", json!(engagement)),
            ("/customerProfile/name", json!(customer)),
            ("/details/requirements/solutions/0", Value::Null),
        ] {
            set(&mut record, pointer, value);
        }
        set(&mut record, "/details/requirements/solutions", json!([solution(deal)]));
        self.values(&mut record, End::Referral);
        let now = self.now;
        let id = self.world.add_referral(record, deal, now);
        self.lags(&id);
        self.note("person", &format!("begins deal {deal} with {id}"));
    }

    fn begin_with_opportunity(&mut self) {
        let deal = self.world.deals;
        self.world.deals += 1;
        let (now, customer) = (self.now, self.customer());
        let account = json!({"Name": customer, "BillingStreet": "3 Flour Lane", "BillingCity": "Leeds",
            "BillingPostalCode": "LS1 1AA", "BillingCountry": "GB"});
        let account = self.shared("Account", "Name", &account);
        let owner = json!({"FirstName": "Riley", "LastName": "Rep", "Phone": "+44 113 555 0101",
            "Email": "riley.rep@example-software.example"});
        let owner = self.shared("User", "Email", &owner);
        let record = json!({"Name": format!("deal {deal}"), "StageName": "Needs Analysis",
            "CurrencyIsoCode": "GBP", "AccountId": account, "OwnerId": owner,
            "Customer_Consent__c": true, "Visible_to_Microsoft__c": false,
            "Referral_Identifier__c": null, FLAG: true});
        let mut record = record.as_object().unwrap().clone();
        self.values(&mut record, End::Opportunity);
        let id = self.world.add_row(OPPORTUNITY, record, deal, now);
        self.add_solution(deal, &id);
        // Help that is asked for with the deal can be asked for twice: nothing at Microsoft says so yet.
        if deal.is_multiple_of(3) {
            self.asks_for_help(&id);
        }
        self.note("person", &format!("begins deal {deal} with {id}"));
    }

    /// The row that others use too, made when there is none.
    fn shared(&mut self, object: &str, key: &str, fields: &Value) -> String {
        let fields = fields.as_object().unwrap();
        let wanted = fields[key].as_str().unwrap_or_default();
        let same = |row: &&super::world::Thing| row.text(key) == wanted && !row.is_deleted;
        let mut rows = self.world.rows.iter().filter(|((name, _), _)| name == object);
        if let Some(((_, id), _)) = rows.find(|(_, row)| same(row)) {
            return id.clone();
        }
        self.world.add_row(object, fields.clone(), usize::MAX, self.now)
    }

    fn add_solution(&mut self, number: usize, opportunity: &str) {
        let row = json!({"Name": format!("Solution {number}"), "Opportunity__c": opportunity,
            "Solution_Identifier__c": format!("SOL-{number}")});
        let row = row.as_object().unwrap().clone();
        self.world.add_row("Microsoft_Solution__c", row, usize::MAX, self.now);
    }

    fn edit(&mut self, deal: usize, cell: Cell, end: End, happens: &Happens) -> Then {
        match end {
            End::Referral => {
                self.on_referral(deal, happens, |state, id| {
                    if state.world.referrals[id].text("status") != "Closed" {
                        let value = state.world.fresh(cell, end);
                        let now = state.now;
                        state.world.enter_left(id, cell, value, now);
                    }
                });
                Vec::new()
            }
            End::Opportunity => self.on_row(deal, happens, |state, id| {
                let value = state.world.fresh(cell, end);
                let now = state.now;
                state.world.enter_right(id, cell, value, now);
            }),
        }
    }

    fn solution(&mut self, deal: usize, end: End, happens: &Happens) -> Then {
        let number = 100 + usize::try_from(self.world.number()).unwrap();
        match end {
            End::Referral => {
                self.on_referral(deal, happens, |state, id| {
                    let place = "/details/requirements/solutions";
                    let mut list = at(&state.world.referrals[id].record, place).clone();
                    if let Some(list) = list.as_array_mut() {
                        list.push(solution(number));
                    }
                    let now = state.now;
                    state.world.edit_left(id, place, list, now);
                });
                Vec::new()
            }
            End::Opportunity => {
                self.on_row(deal, happens, |state, id| state.add_solution(number, id))
            }
        }
    }

    /// A rep lets Microsoft's sellers see a deal, with somebody to call, and asks for help.
    fn asks_for_help(&mut self, id: &str) {
        let now = self.now;
        let contact = json!({"FirstName": "Ada", "LastName": "Pell", "Phone": "+44 113 555 0199",
            "Email": "ada@harrow.example"});
        let contact = self.shared("Contact", "Email", &contact);
        let role = json!({"OpportunityId": id, "ContactId": contact});
        let role = role.as_object().unwrap().clone();
        let mut roles = self.world.rows.iter();
        // Whoever asks again calls the same person.
        let is_of = |row: &super::world::Thing| row.text("OpportunityId") == id && !row.is_deleted;
        if !roles.any(|((name, _), row)| name == "OpportunityContactRole" && is_of(row)) {
            self.world.add_row("OpportunityContactRole", role, usize::MAX, now);
        }
        self.world.edit_row(OPPORTUNITY, id, VISIBLE, json!(true), now);
        self.world.edit_row(OPPORTUNITY, id, HELP, json!("Quotes or licensing"), now);
    }

    /// What people do.
    fn person(&mut self, happens: &Happens) -> Then {
        let now = self.now;
        match happens {
            Happens::Referral => self.begin_with_referral(),
            Happens::Opportunity => self.begin_with_opportunity(),
            Happens::Edit(deal, cell, end) => return self.edit(*deal, *cell, *end, happens),
            Happens::EditBoth(deal, cell) => {
                self.edit(*deal, *cell, End::Referral, happens);
                return self.edit(
                    *deal,
                    *cell,
                    End::Opportunity,
                    &Happens::Edit(*deal, *cell, End::Opportunity),
                );
            }
            Happens::Touch(deal, End::Referral) => self.on_referral(*deal, happens, |state, id| {
                state.world.edit_left(id, "/tags", json!([now]), now);
            }),
            Happens::Touch(deal, End::Opportunity) => {
                return self.on_row(*deal, happens, |state, id| {
                    state.world.edit_row(OPPORTUNITY, id, "NextStep", json!(now), now);
                });
            }
            Happens::Stage(deal, stage) => {
                return self.on_row(*deal, happens, |state, id| {
                    state.world.edit_row(OPPORTUNITY, id, "StageName", json!(stage), now);
                });
            }
            Happens::Close(deal, how) => self.on_referral(*deal, happens, |state, id| {
                state.world.edit_left(id, "/status", json!("Closed"), now);
                state.world.edit_left(id, "/substatus", json!(how), now);
            }),
            Happens::Solution(deal, end) => return self.solution(*deal, *end, happens),
            Happens::Ask(deal) => {
                return self.on_row(*deal, happens, State::asks_for_help);
            }
            Happens::Flag(deal, is_on) => {
                return self.on_row(*deal, happens, |state, id| {
                    state.world.edit_row(OPPORTUNITY, id, FLAG, json!(is_on), now);
                });
            }
            _ => return self.seldom(happens),
        }
        Vec::new()
    }

    /// What people do seldom.
    fn seldom(&mut self, happens: &Happens) -> Then {
        let now = self.now;
        match happens {
            Happens::Delete(deal, is_deleted) => {
                return self.on_row(*deal, happens, |state, id| {
                    let key = (OPPORTUNITY.to_owned(), id.to_owned());
                    if let Some(row) = state.world.rows.get_mut(&key) {
                        row.is_deleted = *is_deleted;
                        row.modified = now;
                    }
                });
            }
            Happens::Copy(deal) => {
                return self.on_row(*deal, happens, |state, id| {
                    let key = (OPPORTUNITY.to_owned(), id.to_owned());
                    let mut record = state.world.rows[&key].record.clone();
                    if record.get("Referral_Identifier__c").is_some_and(Value::is_string) {
                        record.shift_remove("Id");
                        let copy = 1000 + state.world.deals * 10 + deal;
                        state.world.add_row(OPPORTUNITY, record, copy, now);
                    }
                });
            }
            Happens::Hide(deal, is_hidden) => self.on_referral(*deal, happens, |state, id| {
                if let Some(referral) = state.world.referrals.get_mut(id) {
                    referral.is_hidden = *is_hidden;
                }
            }),
            Happens::Unshare(deal, is_hidden) => {
                // Who made a record owns it: it is given to somebody else only when its deal is known.
                let key = |id: &String| (OPPORTUNITY.to_owned(), id.clone());
                let is_known = |id: &String| {
                    !self.world.rows[&key(id)].is_ours || self.world.linked.contains(id)
                };
                if let Some(id) = self.row_of(*deal).filter(is_known) {
                    self.note("person", &format!("{happens:?} of {id}"));
                    if let Some(row) = self.world.rows.get_mut(&(OPPORTUNITY.to_owned(), id)) {
                        row.is_hidden = *is_hidden;
                    }
                }
            }
            Happens::Many(deal) => self.many_solutions(*deal),
            Happens::Merge => self.merge_accounts(),
            Happens::Flow(deal) => {
                if let Some(id) = self.row_of(*deal) {
                    self.note("person", &format!("switches a flow on for {id}"));
                    self.flows.insert(id, 3);
                }
            }
            Happens::Half(deal) => self.half(*deal),
            _ => {}
        }
        Vec::new()
    }

    /// More solutions than one request to Salesforce takes.
    fn many_solutions(&mut self, deal: usize) {
        let Some(id) = self.referral_of(deal) else { return };
        let place = "/details/requirements/solutions";
        let mut list = at(&self.world.referrals[&id].record, place).clone();
        let (number, now) = (1000 + usize::try_from(self.world.number()).unwrap() * 100, self.now);
        if let Some(list) = list.as_array_mut() {
            list.extend((number..number + 30).map(solution));
        }
        self.note("person", &format!("adds thirty solutions to {id}"));
        self.world.edit_left(&id, place, list, now);
    }

    fn merge_accounts(&mut self) {
        let account =
            self.world.rows.iter().find(|((name, _), row)| name == "Account" && !row.is_deleted);
        let Some(((_, old), row)) = account else { return };
        let (old, record, now) = (old.clone(), row.record.clone(), self.now);
        self.note("person", &format!("merges account {old} into a new one"));
        let new = self.world.add_row("Account", record, usize::MAX, now);
        let key = ("Account".to_owned(), old.clone());
        if let Some(row) = self.world.rows.get_mut(&key) {
            row.is_deleted = true;
        }
        let rows = self.world.rows.iter_mut().filter(|((name, _), _)| name == OPPORTUNITY);
        for (_, row) in rows.filter(|(_, row)| row.text("AccountId") == old) {
            row.record.insert("AccountId".to_owned(), new.clone().into());
        }
    }

    /// Microsoft's half has the same engagement and no fields that we write.
    fn half(&mut self, deal: usize) {
        let now = self.now;
        let half = self
            .world
            .referrals
            .iter()
            .find(|(_, r)| r.deal == deal && r.text("organizationId") == "msft");
        if let Some(id) = half.map(|(id, _)| id.clone()) {
            self.note("person", &format!("Microsoft changes its half {id}"));
            self.world.edit_left(&id, "/tags", json!([now]), now);
            return;
        }
        let Some(own) = self.referral_of(deal) else { return };
        let engagement = self.world.referrals[&own].text("engagementId").to_owned();
        let record = json!({"engagementId": engagement, "organizationId": "msft", "type": "Shared",
            "status": "Active", "substatus": "Accepted", "name": "Microsoft's half"});
        let id = self.world.add_referral(record.as_object().unwrap().clone(), deal, now);
        self.note("person", &format!("Microsoft adds its half {id}"));
    }
}

fn solution(number: usize) -> Value {
    json!({"id": format!("SOL-{number}"), "name": format!("Solution {number}"), "type": "Name"})
}

impl Stage {
    /// Something happens; what else will because of it.
    pub(super) fn happens(&mut self, happens: &Happens) -> Then {
        let mut then = Vec::new();
        if let Some(fault) = happens.fault() {
            self.sim.lock().happened(fault);
        }
        match happens {
            Happens::Crash(runner, millis) => {
                self.crash(*runner);
                then.push((*millis, Happens::Start(*runner)));
            }
            Happens::CrashOfAll(millis) => {
                (0..RUNNERS).for_each(|runner| self.crash(runner));
                then.extend((0..RUNNERS).map(|runner| (*millis, Happens::Start(runner))));
            }
            Happens::Start(runner) => self.start(*runner),
            Happens::Pause(runner, millis) => {
                let task = self.tasks_of(*runner).first().copied();
                self.sim.lock().pause = task.map(|task| (task, *millis));
            }
            Happens::Standstill(millis) => self.sim.lock().standstill = Some(*millis),
            Happens::Hasty(cell, millis) => self.sim.lock().hasty = Some((*cell, *millis)),
            Happens::Jump(runner, millis) => {
                let mut state = self.sim.lock();
                state.note(&format!("runner {runner}"), &format!("its clock jumps by {millis} ms"));
                state.skews[*runner] = *millis;
                state.world.is_skewed = true;
            }
            Happens::Out(fault, millis) => {
                let mut state = self.sim.lock();
                let until = state.now + millis;
                state.note("world", &format!("{fault:?} for {millis} ms"));
                state.until.insert(*fault, until);
            }
            Happens::Plan => {
                self.sim.lock().note("operator", "puts other maps in service");
                self.maps.put(plans::other());
            }
            Happens::Forge => {
                self.call("referral-updated", "ffffffff-0000-4000-8000-000000000000", 9);
            }
            Happens::Release => self.spawn_release(),
            Happens::Hook(event, id, tries) => self.call(event, id, *tries),
            _ => then = self.sim.lock().person(happens),
        }
        then.extend(self.calls_to_come());
        then
    }

    /// The webhook calls that follow from what changed, each perhaps lost, doubled or late.
    pub(super) fn calls_to_come(&mut self) -> Then {
        let mut state = self.sim.lock();
        let mut then = std::mem::take(&mut state.then);
        for (event, id) in std::mem::take(&mut state.world.touched) {
            let is_half = state.world.referrals[&id].text("organizationId") == "msft";
            let event = match (event, is_half) {
                ("referral-created", true) => "related-referral-created",
                (_, true) => "related-referral-updated",
                (event, false) => event,
            };
            if state.draws(Fault::HookDropped) {
                continue;
            }
            let mut delay = state.chance.between(50, 2000);
            if state.draws(Fault::HookDelayed) {
                delay += state.chance.between(1_000, 90_000);
            }
            then.push((delay, Happens::Hook(event, id.clone(), 0)));
            if state.draws(Fault::HookDoubled) {
                let delay = delay + state.chance.between(0, 30_000);
                then.push((delay, Happens::Hook(event, id, 0)));
            }
        }
        then
    }

    /// A webhook call, as the intake keeps it; one that is not kept comes again.
    fn call(&mut self, event: &'static str, id: &str, tries: u8) {
        let up = (0..RUNNERS).find(|runner| self.is_up(*runner));
        let sim = self.sim.clone();
        let id = id.to_owned();
        let Some(runner) = up else {
            sim.lock()
                .then
                .extend((tries < 3).then(|| (10_000, Happens::Hook(event, id, tries + 1))));
            return;
        };
        let store = SimStore::new(sim.clone(), self.store.clone(), runner);
        let clock = sim.lock().clocks[runner].clone();
        self.spawn(
            None,
            Box::pin(async move {
                let hint = vec![Alias::Referral(ReferralId::parse(&id).unwrap())];
                let hash = format!("{event} {id} {tries}");
                let event_kept = HintEvent { name: event.to_owned(), hash };
                let kept = store.accept(hint, Some(event_kept), Source::Webhook, clock.now()).await;
                if kept.is_err() && tries < 3 {
                    sim.lock().then.push((10_000, Happens::Hook(event, id, tries + 1)));
                }
            }),
        );
    }

    /// An operator lets everything go on.
    pub(super) fn spawn_release(&mut self) {
        let sim = self.sim.clone();
        let store = SimStore::new(sim.clone(), self.store.clone(), 0);
        let clock = sim.lock().clocks[0].clone();
        self.spawn(
            None,
            Box::pin(async move {
                let _ = store.release(Release::All, clock.now()).await;
            }),
        );
    }
}
