//! Faults on request. In come orders to fail and calls; out goes how a call is to fail, as often and as
//! seldom as ordered: the same orders and the same calls give the same faults. It must not know connections.

mod answers;
mod batch;
mod order;

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

pub(crate) use self::{
    answers::answer,
    batch::fail_some,
    order::{Kind, Order, unknown},
};
use crate::{
    call::Call,
    database::StoreError,
    serve::System,
    store::{End, Store, Tx},
};

/// A fault that struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) kind: Kind,
    /// Before the answer, or how long its body takes, or how long nothing is said.
    pub(crate) milliseconds: u64,
    pub(crate) retry_after: Option<i64>,
    /// How many writes a stale answer is behind.
    pub(crate) behind: usize,
    /// Chance that belongs to this strike alone.
    pub(crate) roll: u64,
}

const KIND: &str = "fault";
/// Orders that are remembered for whoever wants to repeat them.
const PLAN_LENGTH: usize = 1000;

/// An order and how far it is carried out.
#[derive(Debug)]
struct Armed {
    number: i64,
    order: Order,
    /// Calls that fitted.
    seen: u64,
    /// Calls that failed.
    struck: u64,
}

impl Armed {
    fn is_used_up(&self) -> bool {
        self.order.times.is_some_and(|times| self.struck >= times)
    }

    /// As orders are shown: what is left of it.
    fn shown(&self) -> Value {
        let mut shown = self.order.given.clone();
        let after = self.order.after.saturating_sub(self.seen);
        let times = self.order.times.map(|times| times.saturating_sub(self.struck));
        if let Some(map) = shown.as_object_mut() {
            for (name, value) in [
                ("number", json!(self.number)),
                ("after", json!(after)),
                ("times", times.map_or_else(|| json!("always"), |times| json!(times))),
                ("seed", json!(self.order.seed)),
                ("seen", json!(self.seen)),
                ("struck", json!(self.struck)),
            ] {
                map.insert(name.to_owned(), value);
            }
        }
        shown
    }

    /// As it is kept: the order, and what was counted.
    fn kept(&self) -> Value {
        json!({ "order": self.order.given, "seen": self.seen, "struck": self.struck })
    }

    /// Counts this call; answers the strike, if it strikes.
    fn meet(&mut self) -> Option<Strike> {
        self.seen += 1;
        let roll = mix(self.order.seed, self.seen);
        if self.seen <= self.order.after || roll % 1_000_000 >= self.order.millionths {
            return None;
        }
        self.struck += 1;
        Some(Strike {
            kind: self.order.kind,
            milliseconds: self.order.milliseconds,
            retry_after: self.order.retry_after,
            behind: self.order.behind,
            roll: mix(roll, 1),
        })
    }
}

/// The n-th number of a seed.
pub(crate) fn mix(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// All orders.
#[derive(Debug)]
pub(crate) struct Faults {
    /// Spares calls the lock as long as nothing is ordered.
    is_armed: AtomicBool,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    armed: Vec<Armed>,
    /// Every order as it was given, used up or not.
    plan: Vec<Value>,
}

impl Faults {
    /// The orders of the last start that are not used up.
    pub(crate) fn open(store: &Store) -> Result<Self, StoreError> {
        let kept = store.transaction::<_, StoreError>(|tx| Ok(End::Keep(tx.docs(KIND)?)))?;
        let armed: Vec<Armed> = kept.iter().filter_map(|(id, kept)| read(id, kept)).collect();
        let plan = armed.iter().map(|armed| armed.order.given.clone()).collect();
        let is_armed = AtomicBool::new(!armed.is_empty());
        Ok(Self { is_armed, list: Mutex::new(List { armed, plan }) })
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // Each change of the list is whole, whatever happens elsewhere.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps orders, all or none; answers what is wrong with one otherwise.
    pub(crate) fn order(
        &self,
        store: &Store,
        given: &[Value],
    ) -> Result<Result<(), String>, StoreError> {
        let mut orders = Vec::new();
        for given in given {
            match order::read(given) {
                Ok(order) => orders.push(order),
                Err(message) => return Ok(Err(message)),
            }
        }
        let armed = store.transaction::<_, StoreError>(|tx| {
            let mut armed = Vec::new();
            for order in orders {
                let new = Armed { number: tx.next(KIND)?, order, seen: 0, struck: 0 };
                tx.put_doc(KIND, &id(new.number), &new.kept())?;
                armed.push(new);
            }
            Ok(End::Keep(armed))
        })?;
        let mut list = self.lock();
        list.plan.extend(armed.iter().map(|armed| armed.order.given.clone()));
        let surplus = list.plan.len().saturating_sub(PLAN_LENGTH);
        list.plan.drain(..surplus);
        list.armed.extend(armed);
        self.is_armed.store(!list.armed.is_empty(), Ordering::SeqCst);
        Ok(Ok(()))
    }

    /// What is not used up yet, and all that was ever ordered.
    pub(crate) fn shown(&self) -> Value {
        let list = self.lock();
        let armed: Vec<Value> = list.armed.iter().map(Armed::shown).collect();
        json!({ "armed": armed, "plan": list.plan, "kinds": order::kinds() })
    }

    /// Forgets the order of a number; answers whether it was there.
    pub(crate) fn cancel(&self, tx: &Tx<'_>, number: &str) -> Result<bool, StoreError> {
        let Ok(number) = number.parse::<i64>() else {
            return Ok(false);
        };
        let mut list = self.lock();
        let before = list.armed.len();
        list.armed.retain(|armed| armed.number != number);
        let was_there = list.armed.len() < before;
        self.is_armed.store(!list.armed.is_empty(), Ordering::SeqCst);
        drop(list);
        tx.drop_doc(KIND, &id(number))?;
        Ok(was_there)
    }

    /// Forgets all orders.
    pub(crate) fn clear(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        *self.lock() = List::default();
        self.is_armed.store(false, Ordering::SeqCst);
        tx.drop_docs(KIND)
    }

    /// Whether anything is ordered.
    pub(crate) fn are_armed(&self) -> bool {
        self.is_armed.load(Ordering::SeqCst)
    }

    /// The fault that strikes this call, if any, which is then used up once more.
    pub(crate) fn strike(&self, store: &Store, system: System, call: &Call) -> Option<Strike> {
        if !self.is_armed.load(Ordering::SeqCst) {
            return None;
        }
        let mut changed = Vec::new();
        let mut strike = None;
        let mut list = self.lock();
        for armed in &mut list.armed {
            if armed.order.fits(system, call) {
                strike = armed.meet();
                let kept = (!armed.is_used_up()).then(|| armed.kept());
                changed.push((id(armed.number), kept));
            }
            if strike.is_some() {
                break;
            }
        }
        list.armed.retain(|armed| !armed.is_used_up());
        self.is_armed.store(!list.armed.is_empty(), Ordering::SeqCst);
        // The store is never asked with the list in hand: a reset takes them the other way round.
        drop(list);
        let written = store.transaction::<_, StoreError>(|tx| {
            for (id, kept) in &changed {
                match kept {
                    Some(kept) => tx.put_doc(KIND, id, kept)?,
                    None => tx.drop_doc(KIND, id)?,
                }
            }
            Ok(End::Keep(()))
        });
        // A fault strikes although it could not be noted: it strikes once more after a restart.
        drop(written);
        strike
    }
}

fn id(number: i64) -> String {
    format!("{number:012}")
}

fn read(id: &str, kept: &Value) -> Option<Armed> {
    let number = id.trim_start_matches('0').parse().ok()?;
    let order = order::read(kept.get("order")?).ok()?;
    let count = |name: &str| kept.get(name).and_then(Value::as_u64).unwrap_or_default();
    Some(Armed { number, order, seen: count("seen"), struck: count("struck") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::Method, clock::Clock};

    fn strikes(seed: u64) -> Vec<bool> {
        let store = Store::open(None, Clock::new(None)).unwrap();
        let faults = Faults::open(&store).unwrap();
        let order = json!({
            "system": "salesforce", "kind": "lock_row", "probability": 0.3, "seed": seed,
            "times": "always", "path": "/services/data/*/sobjects/*",
        });
        faults.order(&store, &[order]).unwrap().unwrap();
        let call = |path: &str| Call::new(Method::Post, path, Vec::new(), Vec::new());
        let hit = call("/services/data/v60.0/sobjects/Account");
        let miss = call("/services/data/v60.0/query");
        (0..200)
            .map(|_| {
                assert!(faults.strike(&store, System::Salesforce, &miss).is_none());
                faults.strike(&store, System::Salesforce, &hit).is_some()
            })
            .collect()
    }

    #[test]
    fn the_same_seed_and_the_same_calls_give_the_same_faults() {
        let first = strikes(7);
        assert_eq!(first, strikes(7));
        assert_ne!(first, strikes(8));
        let count = first.iter().filter(|struck| **struck).count();
        assert!((40..80).contains(&count), "{count} of 200");
    }

    #[test]
    fn what_is_left_of_an_order_is_there_after_a_restart() {
        let store = Store::open(None, Clock::new(None)).unwrap();
        let faults = Faults::open(&store).unwrap();
        let order = json!({ "system": "salesforce", "status": 503, "after": 1, "times": 2 });
        faults.order(&store, &[order]).unwrap().unwrap();
        let call = Call::new(Method::Get, "/x", Vec::new(), Vec::new());
        assert!(faults.strike(&store, System::Salesforce, &call).is_none());
        assert!(faults.strike(&store, System::Salesforce, &call).is_some());
        let faults = Faults::open(&store).unwrap();
        let armed = faults.shown();
        assert_eq!(armed.pointer("/armed/0/times"), Some(&json!(1)));
        assert_eq!(armed.pointer("/armed/0/after"), Some(&json!(0)));
        assert!(faults.strike(&store, System::Salesforce, &call).is_some());
        assert!(faults.strike(&store, System::Salesforce, &call).is_none());
        let left = Faults::open(&store).unwrap().shown();
        assert_eq!((&left["armed"], &left["plan"]), (&json!([]), &json!([])));
    }
}
