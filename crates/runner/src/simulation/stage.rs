//! The scheduler: three runners in one thread, in an order that a seed repeats.
//!
//! In: futures of the runner's own code, and the times at which they go on. Out: one step after the
//! other. Must not know: what a task does. There is no other source of order, time or chance.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use jiff::Timestamp;

use super::sabotage::Sabotage;
use super::state::{RUNNERS, Sim};
use super::store::SimStore;
use super::wires::SimWires;
use crate::clock::Clock;
use crate::config::{Limits, Reach};
use crate::echo::InStep;
use crate::maps::InService;
use crate::overlooked;
use crate::poll::{Poller, Setback};
use crate::store::SqliteStore;
use crate::sweep::Sweeper;
use crate::worker::{Stepped, Tripwire, Worker};

type Hands = Arc<Worker<SimStore, SimWires>>;
type Future = Pin<Box<dyn std::future::Future<Output = ()>>>;

/// Something that goes on by itself.
struct Task {
    /// The runner that it ends with; none for calls from outside.
    runner: Option<usize>,
    future: Future,
}

/// All tasks of a run.
pub(super) struct Stage {
    pub(super) sim: Arc<Sim>,
    pub(super) store: Arc<SqliteStore>,
    pub(super) maps: Arc<InService>,
    /// The poll asks often.
    is_quick: bool,
    tasks: BTreeMap<usize, Task>,
    next: usize,
}

/// The paces of a simulated runner.
fn limits(is_quick: bool) -> Limits {
    Limits {
        poll: Duration::from_secs(if is_quick { 3 } else { 20 }),
        lease: Duration::from_mins(1),
        sweep: Duration::from_mins(1),
        retry_most: Duration::from_mins(1),
        denied_retry: Duration::from_secs(20),
        overlap: Duration::from_hours(2),
        ..Limits::default()
    }
}

impl Stage {
    pub(super) fn new(sim: Arc<Sim>, maps: Arc<InService>) -> Self {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let is_quick = sim.lock().chance.in_thousand(250);
        let mut stage = Self { sim, store, maps, is_quick, tasks: BTreeMap::new(), next: 0 };
        (0..RUNNERS).for_each(|runner| stage.start(runner));
        stage
    }

    pub(super) fn is_up(&self, runner: usize) -> bool {
        self.tasks.values().any(|task| task.runner == Some(runner))
    }

    /// A runner begins, or begins anew.
    pub(super) fn start(&mut self, runner: usize) {
        if self.is_up(runner) {
            return;
        }
        let worker = self.worker(runner);
        self.sim.lock().note(&format!("runner {runner}"), "starts");
        let sim = self.sim.clone();
        self.spawn(Some(runner), Box::pin(works(sim.clone(), worker.clone())));
        // Whichever runs asks: the cursors are shared.
        match runner {
            0 => self.spawn(Some(runner), Box::pin(polls(sim, worker))),
            1 => self.spawn(Some(runner), Box::pin(sweeps(sim, worker))),
            _ => {}
        }
    }

    fn worker(&self, runner: usize) -> Hands {
        let clock = self.sim.lock().clocks[runner].clone();
        Arc::new(Worker {
            store: Arc::new(SimStore::new(self.sim.clone(), self.store.clone(), runner)),
            wires: Arc::new(SimWires::new(self.sim.clone(), runner)),
            maps: self.maps.clone(),
            reach: Reach::Both,
            limits: self.limits(),
            clock,
            standing: Arc::default(),
            tripwire: Tripwire::default(),
            in_step: InStep::default(),
        })
    }

    /// What a census does beside the deals that are linked.
    pub(super) fn spawn_look(&mut self) {
        let worker = self.worker(0);
        self.spawn(
            None,
            Box::pin(async move {
                overlooked::look(&worker).await.unwrap();
            }),
        );
    }

    fn limits(&self) -> Limits {
        let usual = limits(self.is_quick);
        // Who does not look does not wait for a look either.
        let hurries = [Sabotage::LooksTooSoon, Sabotage::NoLookAfterUnknown];
        if hurries.into_iter().any(|one| self.sim.lock().is_sabotaged(one)) {
            return Limits { create_check: Duration::from_millis(1), ..usual };
        }
        usual
    }

    /// A runner is gone in the middle of whatever it does.
    pub(super) fn crash(&mut self, runner: usize) {
        self.sim.lock().note(&format!("runner {runner}"), "crashes");
        let gone: Vec<usize> = self.tasks_of(runner);
        for task in gone {
            self.tasks.remove(&task);
            let mut state = self.sim.lock();
            state.wakes.remove(&task);
            state.forgets(task);
        }
    }

    /// The tasks of a runner, its worker first.
    pub(super) fn tasks_of(&self, runner: usize) -> Vec<usize> {
        let tasks = self.tasks.iter().filter(|(_, task)| task.runner == Some(runner));
        tasks.map(|(id, _)| *id).collect()
    }

    /// Takes part from now on.
    pub(super) fn spawn(&mut self, runner: Option<usize>, future: Future) {
        let task = self.next;
        self.next += 1;
        self.tasks.insert(task, Task { runner, future });
        let mut state = self.sim.lock();
        let at = state.now;
        state.wakes.insert(task, at);
    }

    /// When the next task goes on.
    pub(super) fn next_wake(&self) -> Option<i64> {
        self.sim.lock().wakes.values().min().copied()
    }

    /// Lets the task go on whose turn it is.
    pub(super) fn step(&mut self) {
        let id = {
            let mut state = self.sim.lock();
            let next = state.wakes.iter().min_by_key(|(id, at)| (**at, **id));
            let Some((id, at)) = next.map(|(id, at)| (*id, *at)) else { return };
            state.wakes.remove(&id);
            state.turn(at);
            (state.current, state.world.task) = (id, id);
            id
        };
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let mut context = Context::from_waker(Waker::noop());
        if task.future.as_mut().poll(&mut context).is_ready() {
            self.tasks.remove(&id);
        }
    }
}

/// The answer of a request that nothing delays.
pub(super) fn at_once<T>(future: impl std::future::Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("expected a store in memory to answer at once"),
    }
}

/// What `worker::work` does, with time that is turned.
async fn works(sim: Arc<Sim>, worker: Hands) {
    loop {
        let rest = match worker.step().await {
            Ok(Stepped::Worked(_)) => 1,
            Ok(Stepped::Idle(due)) => until(&worker.clock, due).clamp(1, 1500),
            Err(_) => 1000,
        };
        sim.wait(rest).await;
    }
}

fn until(clock: &Clock, due: Option<Timestamp>) -> i64 {
    due.map_or(i64::MAX, |due| due.as_millisecond() - clock.now().as_millisecond())
}

/// What `serve` does with the poll.
async fn polls(sim: Arc<Sim>, worker: Hands) {
    let mut poller = Poller::new(worker.clone());
    loop {
        let round = poller.round(|_| true).await;
        let rest = rest_after(&worker, &round, worker.limits.poll);
        sim.wait(rest).await;
    }
}

/// What `serve` does with the sweep.
async fn sweeps(sim: Arc<Sim>, worker: Hands) {
    let mut sweeper = Sweeper::new(worker.clone());
    loop {
        let round = sweeper.round().await;
        let rest = rest_after(&worker, &round, worker.limits.sweep);
        sim.wait(rest).await;
    }
}

fn rest_after(worker: &Hands, round: &Result<u64, Setback>, usual: Duration) -> i64 {
    let rest = match round {
        Ok(_) => usual,
        Err(Setback::Store(_)) => Duration::from_secs(1),
        Err(Setback::Wire(_, _)) => worker.limits.denied_retry,
    };
    i64::try_from(rest.as_millis()).unwrap()
}
