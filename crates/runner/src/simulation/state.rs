//! All that a simulated run consists of, behind one lock: time, chance, both systems, faults, history.
//!
//! In: a seed's recipe. Out: what the wires, the store and the people of a run work on. Must not know:
//! how a task is scheduled. Nothing here depends on the machine: maps are ordered, time is turned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use jiff::Timestamp;

use super::chance::Chance;
use super::ledger::Cell;
use super::sabotage::Sabotage;
use super::story::Happens;
use super::world::World;
use crate::clock::Clock;

/// How many runners share the store.
pub(super) const RUNNERS: usize = 3;

/// Everything that goes wrong, or that people do at a bad moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Slow,
    Busy,
    Lost,
    ServerError,
    AppliedThenLost,
    StaleRead,
    EditBetween,
    PageSkipped,
    PageRepeated,
    StoreSlow,
    StoreUnavailable,
    StoreUnknown,
    HintRefused,
    HookDropped,
    HookDoubled,
    HookDelayed,
    HookForged,
    ListLags,
    Denied,
    DiskFull,
    Crash,
    CrashOfAll,
    Pause,
    ClockJump,
    PermissionLost,
    FieldRemoved,
    Rejected,
    Unshared,
    PartialBatch,
    PlanChanged,
    Deleted,
    Copied,
    Merged,
    FlagOff,
    Automation,
    BothEdit,
}

/// So long is a referral looked for that may have been made, before it counts as not made.
pub(super) const PROVEN: i64 = 420_000;

/// The faults that single calls draw, with their most cases in a thousand.
const DRAWN: [(Fault, usize); 18] = [
    (Fault::Slow, 40),
    (Fault::Busy, 60),
    (Fault::Lost, 60),
    (Fault::ServerError, 40),
    (Fault::AppliedThenLost, 150),
    (Fault::StaleRead, 60),
    (Fault::EditBetween, 120),
    (Fault::PageSkipped, 100),
    (Fault::PageRepeated, 100),
    (Fault::StoreSlow, 30),
    (Fault::StoreUnavailable, 20),
    (Fault::StoreUnknown, 20),
    (Fault::HintRefused, 250),
    (Fault::HookDropped, 300),
    (Fault::HookDoubled, 300),
    (Fault::HookDelayed, 300),
    (Fault::HookForged, 100),
    (Fault::ListLags, 400),
];

/// What a task knows of a cell that was written to: that this stands there, and no more what stood there.
#[derive(Debug, Clone, Copy)]
struct Answer {
    written: Option<usize>,
    before: Option<usize>,
}

/// The whole of a run.
#[derive(Debug)]
pub(super) struct State {
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// Delays and faults.
    pub(super) chance: Chance,
    pub(super) world: World,
    pub(super) sabotage: Option<Sabotage>,
    /// What each runner takes for the time, and how far that is wrong.
    pub(super) clocks: Vec<Clock>,
    pub(super) skews: Vec<i64>,
    /// The task that is being polled, and when each one goes on.
    pub(super) current: usize,
    pub(super) wakes: BTreeMap<usize, i64>,
    rates: BTreeMap<Fault, usize>,
    /// Until when something does not work at all.
    pub(super) until: BTreeMap<Fault, i64>,
    /// The task that stands still in the middle of its next deal, and for how long.
    pub(super) pause: Option<(usize, i64)>,
    /// How long whichever task next announces a new record stands still right after that.
    pub(super) standstill: Option<i64>,
    /// What a rep changes while a deal is in work, and for how long it still is after that.
    pub(super) hasty: Option<(Cell, i64)>,
    /// The task that stands still next, and for how long.
    pub(super) stopping: Option<(usize, i64)>,
    /// The tasks that have a deal in hand.
    pub(super) holding: BTreeSet<usize>,
    pub(super) counts: BTreeMap<Fault, u64>,
    pub(super) events: u64,
    /// What a task looked at last: an opportunity, and whether it took part.
    pub(super) looked: BTreeMap<usize, (String, bool)>,
    /// What single tasks know of referrals' doubts, and have not kept yet: lost with them.
    answers: BTreeMap<usize, BTreeMap<String, BTreeMap<Cell, Answer>>>,
    /// Opportunities that a flow changes after each of our writes, and how often yet.
    pub(super) flows: BTreeMap<String, u8>,
    /// What happens because of what just happened, in so many milliseconds.
    pub(super) then: Vec<(i64, Happens)>,
    pub(super) history: Vec<String>,
}

impl State {
    pub(super) fn new(seed: u64, without: &BTreeSet<Fault>, sabotage: Option<Sabotage>) -> Self {
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut chance = Chance::new(seed, 1);
        let mut rates = BTreeMap::new();
        for (fault, most) in DRAWN {
            // Each seed has some kinds of faults, and each of them seldom or often.
            let often = if chance.in_thousand(100) { 4 } else { 1 };
            let rate = if chance.in_thousand(450) { chance.below(most * often) + 1 } else { 0 };
            if !without.contains(&fault) {
                rates.insert(fault, rate);
            }
        }
        Self {
            now: start.as_millisecond(),
            chance,
            world: World::default(),
            sabotage,
            clocks: (0..RUNNERS).map(|_| Clock::hand(start)).collect(),
            skews: vec![0; RUNNERS],
            current: 0,
            wakes: BTreeMap::new(),
            rates,
            until: BTreeMap::new(),
            pause: None,
            standstill: None,
            hasty: None,
            stopping: None,
            holding: BTreeSet::new(),
            counts: BTreeMap::new(),
            events: 0,
            looked: BTreeMap::new(),
            answers: BTreeMap::new(),
            flows: BTreeMap::new(),
            then: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Whether this fault happens now; counted when it does.
    pub(super) fn draws(&mut self, fault: Fault) -> bool {
        let rate = self.rates.get(&fault).copied().unwrap_or(0);
        let happens = rate > 0 && self.chance.in_thousand(rate);
        if happens {
            self.happened(fault);
        }
        happens
    }

    pub(super) fn happened(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    /// Whether something does not work for a while.
    pub(super) fn is_out(&self, fault: Fault) -> bool {
        self.until.get(&fault).is_some_and(|until| *until > self.now)
    }

    /// How long a referral that is just made is not in the list yet: minutes at most, but for a few.
    pub(super) fn listed_after(&mut self) -> i64 {
        if !self.draws(Fault::ListLags) {
            return 0;
        }
        let most = if self.chance.in_thousand(100) { 4 * PROVEN } else { PROVEN - 20_000 };
        self.chance.between(10_000, most)
    }

    /// How long the current task stands still: once, at any point of its next deal.
    pub(super) fn stands_still(&mut self) -> i64 {
        let current = self.current;
        if let Some((_, millis)) = self.stopping.take_if(|(task, _)| *task == current) {
            return millis;
        }
        if !self.holding.contains(&current) || !self.chance.in_thousand(250) {
            return 0;
        }
        self.pause.take_if(|(task, _)| *task == current).map_or(0, |(_, millis)| millis)
    }

    /// The service knows now what stands in a referral: the task that asked does.
    pub(super) fn is_known(&mut self, id: &str) {
        let Some(referral) = self.world.referrals.get_mut(id) else { return };
        let doubts = std::mem::take(&mut referral.doubts);
        let answer = |(cell, before)| {
            (cell, Answer { written: referral.tokens.get(&cell).copied(), before })
        };
        let known = self.answers.entry(self.current).or_default().entry(id.to_owned()).or_default();
        known.extend(doubts.into_iter().map(answer));
    }

    /// What a task knew is on disk.
    pub(super) fn is_kept(&mut self) {
        let kept = self.answers.remove(&self.current).unwrap_or_default();
        // Whatever others knew of the same referrals is not lost with them any more.
        self.answers.values_mut().for_each(|known| known.retain(|id, _| !kept.contains_key(id)));
    }

    /// What a task knew is gone with it: whoever comes next cannot tell what was entered since the write, before
    /// or after the answer to it, from what was entered before the write.
    pub(super) fn forgets(&mut self, task: usize) {
        let World { referrals, ledger, .. } = &mut self.world;
        for (id, known) in self.answers.remove(&task).unwrap_or_default() {
            let Some(referral) = referrals.get_mut(&id) else { continue };
            for (cell, Answer { written, before }) in known {
                if referral.tokens.get(&cell).copied() == written {
                    referral.doubts.entry(cell).or_insert(before);
                }
                let entered = referral.entered.iter().filter(|(at, _)| *at == cell);
                entered.for_each(|(_, edit)| ledger.doubts(*edit, written, before));
            }
        }
    }

    /// Whether a kind of fault is among those of the story.
    pub(super) fn can_fail(&self, fault: Fault) -> bool {
        self.rates.contains_key(&fault)
    }

    /// No fault from here on, and none that still lasts.
    pub(super) fn heal(&mut self) {
        self.rates.clear();
        self.until.clear();
        (self.pause, self.standstill, self.hasty, self.stopping) = (None, None, None, None);
        self.flows.clear();
        self.skews.fill(0);
        self.world.show_all();
    }

    /// Turns the time, and every runner's clock.
    pub(super) fn turn(&mut self, now: i64) {
        self.now = self.now.max(now);
        for (clock, skew) in self.clocks.iter().zip(&self.skews) {
            if let Clock::Hand(millis) = clock {
                millis.store(self.now + skew, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn is_sabotaged(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// One line of the history.
    pub(super) fn note(&mut self, who: &str, what: &str) {
        self.events += 1;
        let mut line = String::with_capacity(who.len() + what.len() + 16);
        let at = self.now - 1_772_445_600_000;
        let _ = write!(line, "{:>4}.{:03} {who:<10} {what}", at / 1000, at % 1000);
        self.history.push(line);
    }
}

/// The run, shared by everything that takes part in it.
#[derive(Debug)]
pub(super) struct Sim(Mutex<State>);

impl Sim {
    pub(super) fn new(state: State) -> Arc<Self> {
        Arc::new(Self(Mutex::new(state)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets others go on for so many milliseconds.
    pub(super) fn wait(self: &Arc<Self>, millis: i64) -> Wait {
        Wait { sim: self.clone(), millis, is_armed: false }
    }
}

/// A point at which the scheduler chooses who goes on.
#[derive(Debug)]
pub(super) struct Wait {
    sim: Arc<Sim>,
    millis: i64,
    is_armed: bool,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.is_armed {
            return Poll::Ready(());
        }
        self.is_armed = true;
        let mut state = self.sim.lock();
        let (task, at) = (state.current, state.now + self.millis);
        state.wakes.insert(task, at);
        Poll::Pending
    }
}
