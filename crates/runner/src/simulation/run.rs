//! One seed from its first event to the verdict.
//!
//! In: a seed, what is left out of it, a planted bug. Out: breaches with the history that led to them.
//! Must not know: how many seeds there are.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::Breach;
use super::plans;
use super::sabotage::Sabotage;
use super::stage::{Stage, at_once};
use super::state::{Fault, RUNNERS, Sim, State};
use super::story::{Happens, story};
use super::verdict;
use crate::store::{Release, Store};

/// What a run is made from.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) seed: u64,
    /// Faults that do not happen.
    pub(super) without: BTreeSet<Fault>,
    pub(super) story: Vec<(i64, Happens)>,
    pub(super) sabotage: Option<Sabotage>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) breaches: Vec<(Breach, String)>,
    pub(super) events: u64,
    pub(super) faults: BTreeMap<Fault, u64>,
    pub(super) history: Vec<String>,
}

impl Recipe {
    pub(super) fn of(seed: u64, sabotage: Option<Sabotage>) -> Self {
        let without = BTreeSet::new();
        let story = story(seed, &without);
        Self { seed, without, story, sabotage }
    }
}

/// A run under way.
struct Run {
    stage: Stage,
    agenda: BTreeMap<(i64, u64), Happens>,
    next: u64,
}

/// How long the service has to come to rest, in rounds of a little more than a sweep.
const ROUNDS: usize = 60;
const ROUND: i64 = 65_000;

impl Run {
    fn plan(&mut self, at: i64, happens: Happens) {
        self.agenda.insert((at, self.next), happens);
        self.next += 1;
    }

    fn now(&self) -> i64 {
        self.stage.sim.lock().now
    }

    /// Lets everything happen that is due until a time.
    fn until(&mut self, end: i64) {
        loop {
            let wake = self.stage.next_wake().unwrap_or(i64::MAX);
            let due = self.agenda.first_key_value().map_or(i64::MAX, |((at, _), _)| *at);
            if wake.min(due) > end {
                break;
            }
            let then = if due <= wake {
                let Some((_, happens)) = self.agenda.pop_first() else { break };
                self.stage.sim.lock().turn(due);
                self.stage.happens(&happens)
            } else {
                self.stage.step();
                self.stage.calls_to_come()
            };
            let now = self.now();
            for (after, happens) in then {
                self.plan(now + after, happens);
            }
        }
        self.stage.sim.lock().turn(end);
    }

    /// Waits until nothing is dirty, no call is under way and nothing was written for two rounds. A deal
    /// that waits for one that is listed rests too: it says so, and goes on with it.
    fn rests(&mut self) -> bool {
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let before = self.stage.sim.lock().world.writes;
            self.until(self.now() + ROUND);
            let status = at_once(self.stage.store.status()).unwrap();
            let is_same = self.stage.sim.lock().world.writes == before;
            let waits = status.waiting.iter().filter(|key| key.why.contains("which is parked"));
            let dirty = status.dirty - u64::try_from(waits.count()).unwrap_or(0);
            let is_quiet = is_same && dirty == 0 && self.agenda.is_empty();
            quiet = if is_quiet { quiet + 1 } else { 0 };
            if quiet == 2 {
                return true;
            }
        }
        false
    }

    fn breach(&self, what: Breach, how: &str) {
        let mut state = self.stage.sim.lock();
        state.note("judge", how);
        state.world.ledger.breach(what, how.to_owned());
    }

    /// All that was wrong is put right, as an operator would.
    fn heal(&mut self) {
        self.agenda.retain(|_, happens| matches!(happens, Happens::Hook(..) | Happens::Start(_)));
        self.stage.sim.lock().heal();
        self.stage.sim.lock().note("world", "everything works from here on");
        (0..RUNNERS).for_each(|runner| self.stage.start(runner));
        // What changes while nobody may see it leaves no trace in any list: the next census finds it.
        if self.stage.sim.lock().counts.contains_key(&Fault::Unshared) {
            let now = self.stage.sim.lock().clocks[0].now();
            at_once(self.stage.store.release(Release::Linked, now)).unwrap();
            self.stage.spawn_look();
        }
        if !self.rests() {
            self.breach(Breach::Lost, "the service does not come to rest");
        }
        self.stage.spawn_release();
        if !self.rests() {
            self.breach(Breach::Lost, "the service does not come to rest after a release");
        }
    }

    /// Every hint again: of the census, of every referral, of a deep look. Nothing may come of it.
    fn hint_all(&mut self) {
        let writes = {
            let mut state = self.stage.sim.lock();
            state.note("world", "every hint comes again");
            let all: Vec<String> = state.world.referrals.keys().cloned().collect();
            state.world.touched.extend(all.into_iter().map(|id| ("referral-updated", id)));
            state.world.writes
        };
        for runner in 0..RUNNERS {
            self.stage.crash(runner);
            self.stage.start(runner);
        }
        let now = self.stage.sim.lock().clocks[0].now();
        at_once(self.stage.store.release(Release::Linked, now)).unwrap();
        if !self.rests() {
            self.breach(Breach::Echo, "the service does not come to rest though nothing changed");
        }
        let more = self.stage.sim.lock().world.writes - writes;
        if more > 0 {
            self.breach(Breach::Echo, &format!("{more} writes though nothing changed"));
        }
    }
}

/// Runs a seed.
pub(super) fn run(recipe: &Recipe) -> Outcome {
    let state = State::new(recipe.seed, &recipe.without, recipe.sabotage);
    let begin = state.now;
    let is_changed = recipe.story.iter().any(|(_, happens)| *happens == Happens::Plan);
    let stage = Stage::new(Sim::new(state), plans::of(recipe.seed, is_changed));
    let mut run = Run { stage, agenda: BTreeMap::new(), next: 0 };
    for (at, happens) in &recipe.story {
        run.plan(begin + at, happens.clone());
    }
    let end = recipe.story.last().map_or(0, |(at, _)| *at);
    run.until(begin + end + 2000);
    run.heal();
    verdict::judge(&run.stage);
    run.hint_all();
    let mut state = run.stage.sim.lock();
    Outcome {
        breaches: std::mem::take(&mut state.world.ledger.breaches),
        events: state.events,
        faults: std::mem::take(&mut state.counts),
        history: std::mem::take(&mut state.history),
    }
}
