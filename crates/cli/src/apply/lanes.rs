//! Work that is done side by side and handed on in its order, with a bound on how much is under way.
//!
//! In: jobs from one thread. Out: their parts, to one thread, in the order of the jobs. Must not
//! know: what a job or a part is.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a thread that broke off left behind.
pub(crate) type Broken = Box<dyn Any + Send>;

/// What comes next in order.
pub(crate) enum Next<P, E> {
    /// A part of the job whose turn it is.
    Part(P),
    /// Nothing within the time.
    Idle,
    /// All parts of all jobs were handed on; and how the jobs ended.
    End(Result<(), E>),
    /// A thread broke off.
    Broken(Broken),
}

struct Job<J> {
    number: u64,
    job: J,
}

struct State<J, P, E> {
    waiting: VecDeque<Job<J>>,
    /// At most one part of a job, and whether it is the last one.
    parts: BTreeMap<u64, (P, bool)>,
    /// How much each job weighs that is not handed on wholly.
    weights: VecDeque<usize>,
    weight: usize,
    /// The job whose turn it is, from 0.
    turn: u64,
    end: Option<Result<(), E>>,
    broken: Option<Broken>,
    stopped: bool,
}

/// The state, while nobody else has it.
type Held<'l, J, P, E> = MutexGuard<'l, State<J, P, E>>;

/// Jobs under way.
pub(crate) struct Lanes<J, P, E> {
    state: Mutex<State<J, P, E>>,
    /// How many jobs are under way at most.
    jobs: usize,
    /// How much they weigh together at most, but for a single one.
    weight: usize,
    room: Condvar,
    work: Condvar,
    taken: Condvar,
    ready: Condvar,
}

impl<J, P, E> Lanes<J, P, E> {
    /// Nothing under way.
    pub(crate) fn new(jobs: usize, weight: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            parts: BTreeMap::new(),
            weights: VecDeque::new(),
            weight: 0,
            turn: 0,
            end: None,
            broken: None,
            stopped: false,
        };
        let new = Condvar::new;
        let (room, work, taken, ready) = (new(), new(), new(), new());
        Lanes { state: Mutex::new(state), jobs, weight, room, work, taken, ready }
    }

    // INVARIANT: nothing breaks off while it holds the state.
    fn state(&self) -> Held<'_, J, P, E> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, as soon as there is room. False: nobody wants it any more.
    pub(crate) fn push(&self, job: J, weight: usize) -> bool {
        let Some((number, mut state)) = self.admit(weight) else { return false };
        state.waiting.push_back(Job { number, job });
        drop(state);
        self.work.notify_one();
        true
    }

    /// The number of a job that whoever asks carries out, as soon as there is room. None: nobody
    /// wants it any more.
    pub(crate) fn begin(&self, weight: usize) -> Option<u64> {
        self.admit(weight).map(|(number, _)| number)
    }

    fn admit(&self, weight: usize) -> Option<(u64, Held<'_, J, P, E>)> {
        let full = |state: &mut State<J, P, E>| {
            let under_way = state.weights.len();
            let heavy = under_way > 0 && state.weight + weight > self.weight;
            !state.stopped && (under_way >= self.jobs || heavy)
        };
        let state = self.room.wait_while(self.state(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return None;
        }
        let number = state.turn + state.weights.len() as u64;
        state.weights.push_back(weight);
        state.weight += weight;
        Some((number, state))
    }

    /// No job comes any more.
    pub(crate) fn end(&self, end: Result<(), E>) {
        self.state().end = Some(end);
        self.work.notify_all();
        self.ready.notify_one();
    }

    /// The next job with its number, as soon as there is one. None: there will be none.
    pub(crate) fn take(&self) -> Option<(u64, J)> {
        let idle = |state: &mut State<J, P, E>| {
            !state.stopped && state.waiting.is_empty() && state.end.is_none()
        };
        let state = self.work.wait_while(self.state(), idle);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return None;
        }
        state.waiting.pop_front().map(|Job { number, job }| (number, job))
    }

    /// Hands over a part of a job, as soon as the one before is taken. False: nobody wants it.
    pub(crate) fn hand_over(&self, number: u64, part: P, is_last: bool) -> bool {
        let occupied =
            |state: &mut State<J, P, E>| !state.stopped && state.parts.contains_key(&number);
        let state = self.taken.wait_while(self.state(), occupied);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return false;
        }
        state.parts.insert(number, (part, is_last));
        let its_turn = state.turn == number;
        drop(state);
        if its_turn {
            self.ready.notify_one();
        }
        true
    }

    /// What comes next in order, as soon as it is there, or after some time.
    pub(crate) fn next(&self, patience: Duration) -> Next<P, E> {
        let idle = |state: &mut State<J, P, E>| {
            let over = state.end.is_some() && state.weights.is_empty();
            state.broken.is_none() && !over && !state.parts.contains_key(&state.turn)
        };
        let waited = self.ready.wait_timeout_while(self.state(), patience, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(broken) = state.broken.take() {
            return Next::Broken(broken);
        }
        let turn = state.turn;
        if let Some((part, is_last)) = state.parts.remove(&turn) {
            if is_last {
                state.turn += 1;
                let weight = state.weights.pop_front().unwrap_or(0);
                state.weight -= weight;
                drop(state);
                self.room.notify_one();
            } else {
                drop(state);
                self.taken.notify_all();
            }
            return Next::Part(part);
        }
        if state.weights.is_empty()
            && let Some(end) = state.end.take()
        {
            // Who has not seen the end yet shall not wait for another one.
            drop(state);
            self.stop();
            return Next::End(end);
        }
        Next::Idle
    }

    /// A thread broke off; nothing can be handed on.
    pub(crate) fn break_off(&self, broken: Broken) {
        self.state().broken = Some(broken);
        self.ready.notify_one();
    }

    /// Nobody wants anything any more: whoever waits goes on, and ends.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.room.notify_all();
        self.work.notify_all();
        self.taken.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// A job is a number of parts; a part is the job's number and its own.
    fn parts(lanes: &Lanes<u64, (u64, u64), &'static str>, workers: usize) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                for job in 0..200 {
                    assert!(lanes.push(1 + job * 7 % 4, 1));
                }
                lanes.end(Err("over"));
            });
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some((number, count)) = lanes.take() {
                        for part in 0..count {
                            lanes.hand_over(number, (number, part), part + 1 == count);
                        }
                    }
                });
            }
            loop {
                match lanes.next(SOON) {
                    Next::Part(part) => found.push(part),
                    Next::End(end) => break assert_eq!(end, Err("over")),
                    Next::Idle | Next::Broken(_) => {
                        lanes.stop();
                        panic!("it got stuck");
                    }
                }
            }
        });
        found
    }

    #[test]
    fn all_parts_come_in_the_order_of_the_jobs() {
        let expected: Vec<(u64, u64)> =
            (0..200).flat_map(|job| (0..=job * 7 % 4).map(move |part| (job, part))).collect();
        for (workers, jobs, weight) in [(1, 1, 1), (3, 4, 100), (8, 18, 2), (2, 6, 0)] {
            assert_eq!(parts(&Lanes::new(jobs, weight), workers), expected);
        }
    }

    #[test]
    fn jobs_that_their_workers_begin_are_in_the_order_of_their_beginning() {
        let lanes: Lanes<(), u64, ()> = Lanes::new(2, 3);
        let source = Mutex::new(0..200_u8);
        let next = || {
            let mut source = source.lock().unwrap();
            let job = source.next();
            if job.is_none() {
                lanes.end(Ok(()));
            }
            job.map(|job| (lanes.begin(usize::from(job) % 5 * 2 + 1).unwrap(), u64::from(job)))
        };
        let mut found = Vec::new();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while let Some((number, job)) = next() {
                        assert!(lanes.hand_over(number, job, true));
                    }
                });
            }
            while let Next::Part(part) = lanes.next(SOON) {
                found.push(part);
            }
            lanes.stop();
        });
        assert_eq!(found, (0..200).collect::<Vec<u64>>());
    }

    #[test]
    fn whoever_waits_ends_when_it_is_stopped() {
        let lanes: Lanes<u64, u64, ()> = Lanes::new(1, 1);
        assert!(lanes.push(0, 1));
        let number = lanes.take().unwrap().0;
        assert!(lanes.hand_over(number, 0, false));
        thread::scope(|scope| {
            let pushing = scope.spawn(|| lanes.push(1, 1));
            let taking = scope.spawn(|| lanes.take());
            let handing = scope.spawn(|| lanes.hand_over(number, 1, true));
            let beginning = scope.spawn(|| lanes.begin(1));
            lanes.stop();
            assert!(!pushing.join().unwrap());
            assert_eq!(taking.join().unwrap(), None);
            assert!(!handing.join().unwrap());
            assert_eq!(beginning.join().unwrap(), None);
        });
    }

    #[test]
    fn a_thread_that_broke_off_is_told_and_waiting_has_an_end() {
        let lanes: Lanes<u64, u64, ()> = Lanes::new(1, 1);
        assert!(matches!(lanes.next(Duration::ZERO), Next::Idle));
        assert!(lanes.push(0, 1));
        lanes.break_off(Box::new("why"));
        assert!(matches!(lanes.next(SOON), Next::Broken(_)));
    }
}
