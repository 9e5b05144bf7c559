//! Whether a call may go out now: the breaker of a wire, waits that the other side asked for, and budgets.
//!
//! In: who asks, and what came of each call. Out: a permit, or [`Error::Resting`]: nothing was sent. Must not
//! know: what is called. A wire that failed several times in a row rests; then one call alone tries it, and
//! opens it for all, or lets it rest for longer.

mod budget;

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use budget::{Budget, Minutes};

/// How soon others ask again while one call tries the wire.
const WHILE_TRIED: Duration = Duration::from_millis(250);
/// The longest that one answer may hold up a whole wire.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// Who asks for a call, in the order in which a budget serves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Deals that changed, and people at the command line.
    Live,
    /// Questions for what changed lately.
    Poll,
    /// Looks for what was missed.
    Sweep,
    /// Looks at everything.
    Census,
    /// Deals from before the service.
    Backfill,
}

tokio::task_local! {
    static LANE: Lane;
}

impl Lane {
    /// Does `work`, whose calls are counted here.
    pub async fn run<F: Future>(self, work: F) -> F::Output {
        LANE.scope(self, work).await
    }

    /// Whose calls are counted now.
    fn current() -> Self {
        LANE.try_with(|lane| *lane).unwrap_or(Lane::Live)
    }
}

/// How much a wire is used, and when it rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So many failures in a row and the wire rests.
    pub failures: u32,
    /// The first rest; doubled each time.
    pub rest: Duration,
    /// The longest.
    pub rest_most: Duration,
    /// Calls a minute at most; no limit with 0.
    pub per_minute: u32,
    /// Of the calls that the other side allows a day, so many in a hundred are ours.
    pub daily_share: u32,
}

impl Default for Pace {
    /// Five failures, rests from a second to a minute, no limit a minute, half of the day's calls.
    fn default() -> Self {
        let (rest, rest_most) = (Duration::from_secs(1), Duration::from_mins(1));
        Self { failures: 5, rest, rest_most, per_minute: 0, daily_share: 50 }
    }
}

/// A wire as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireState {
    /// Which system.
    pub system: String,
    /// `open`, `resting` after failures, `tried` by one call, or `paused` because the other side asked.
    pub state: String,
    /// Why it is not open.
    pub why: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When it is tried again.
    pub until: Option<Timestamp>,
    /// How often it had to rest since the start.
    pub rests: u64,
    /// Calls since the start, by who asked.
    pub calls: BTreeMap<Lane, u64>,
    /// Calls that were not made because a share was used up, by who asked.
    pub held_back: BTreeMap<Lane, u64>,
    /// Calls of the last 24 hours, of all programs, and how many there may be, as the other side says.
    pub of_day: Option<(u64, u64)>,
    /// How many of them may be ours.
    pub ours_a_day: Option<u64>,
}

/// Decides about the calls of one wire.
#[derive(Debug)]
pub(crate) struct Gate {
    system: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    minutes: Minutes,
    budget: Budget,
    failures: u32,
    /// The address that the last failure was about, when the other side answered at all.
    failing: Option<u64>,
    rest: Option<Rest>,
    paused: Option<(Instant, String)>,
    rests: u64,
    calls: BTreeMap<Lane, u64>,
    held_back: BTreeMap<Lane, u64>,
}

#[derive(Debug)]
struct Rest {
    since: Timestamp,
    until: Instant,
    length: Duration,
    why: String,
    /// A call tries the wire.
    tried: bool,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Came {
    /// The other side answered as one that works.
    Answer,
    /// It did not answer, or said that it does not work; about which address, when it said so.
    Failure { why: String, about: Option<u64> },
}

impl Came {
    /// A failure that was answered: the other side says that it does not work.
    pub(crate) fn failed_at(address: &str, why: String) -> Self {
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        Came::Failure { why, about: Some(hasher.finish()) }
    }
}

/// The right to make one call. A call that is given up tells nothing of the wire.
#[derive(Debug)]
pub(crate) struct Permit<'g> {
    gate: &'g Gate,
    tries: bool,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.tries
            && let Some(rest) = &mut self.gate.lock().rest
        {
            rest.tried = false;
        }
    }
}

impl Permit<'_> {
    /// Says what came of the call.
    pub(crate) fn tell(self, came: Came) {
        let now = Instant::now();
        let mut state = self.gate.lock();
        match came {
            Came::Answer => {
                if state.rest.take().is_some() {
                    tracing::info!(system = self.gate.system, "the wire works again");
                }
                (state.failures, state.failing) = (0, None);
            }
            Came::Failure { why, about } => {
                state.failed(self.gate.system, why, about, self.tries, now);
            }
        }
    }
}

impl State {
    fn failed(&mut self, system: &str, why: String, about: Option<u64>, tried: bool, now: Instant) {
        if !tried {
            // Calls that were under way when the wire began to rest say nothing new; nor does one
            // record that the other side cannot handle, however often.
            if self.rest.is_some() || (about.is_some() && about == self.failing) {
                return;
            }
            self.failing = about;
            self.failures = self.failures.saturating_add(1);
            if self.failures < self.pace.failures {
                return;
            }
        }
        let before = self.rest.as_ref().map(|rest| (rest.length, rest.since));
        let length = before.map_or(self.pace.rest, |(length, _)| length * 2);
        let length = length.min(self.pace.rest_most);
        let since = before.map_or_else(Timestamp::now, |(_, since)| since);
        tracing::warn!(system, why, ?length, "the wire rests");
        self.rests += 1;
        self.rest = Some(Rest { since, until: now + length, length, why, tried: false });
    }

    /// How long nobody is to call, and why.
    fn shut(&self, now: Instant) -> Option<(Duration, String)> {
        if let Some((until, why)) = &self.paused
            && *until > now
        {
            return Some((*until - now, format!("the other side asked to wait: {why}")));
        }
        let rest = self.rest.as_ref()?;
        let why = format!("rests after failures in a row: {}", rest.why);
        match (rest.until.checked_duration_since(now), rest.tried) {
            (Some(left), _) if !left.is_zero() => Some((left, why)),
            (_, true) => Some((WHILE_TRIED, why)),
            (_, false) => None,
        }
    }
}

impl Gate {
    pub(crate) fn new(system: &'static str) -> Self {
        let state = State {
            pace: Pace::default(),
            minutes: Minutes::default(),
            budget: Budget::default(),
            failures: 0,
            failing: None,
            rest: None,
            paused: None,
            rests: 0,
            calls: BTreeMap::new(),
            held_back: BTreeMap::new(),
        };
        Self { system, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets another pace.
    pub(crate) fn set(&self, pace: Pace) {
        self.lock().pace = pace;
    }

    /// A permit for one call, or why not now. Calls of the sign-in are not `counted`.
    pub(crate) fn admit(&self, counted: bool) -> Result<Permit<'_>, Error> {
        let (lane, now) = (Lane::current(), Instant::now());
        let mut state = self.lock();
        if let Some((after, why)) = state.shut(now) {
            return Err(self.resting(after, &why));
        }
        if counted {
            let pace = state.pace;
            let minutes = state.minutes.take(pace.per_minute, lane, now);
            let day = minutes.and_then(|()| state.budget.take(pace.daily_share, lane, now));
            if let Err((after, why)) = day {
                *state.held_back.entry(lane).or_default() += 1;
                return Err(self.resting(after, why));
            }
            *state.calls.entry(lane).or_default() += 1;
        }
        let tries = state.rest.is_some();
        if let Some(rest) = &mut state.rest {
            rest.tried = true;
        }
        Ok(Permit { gate: self, tries })
    }

    fn resting(&self, after: Duration, why: &str) -> Error {
        Error::Resting { after, why: format!("{}: {why}", self.system) }
    }

    /// The other side asked everybody to wait.
    pub(crate) fn pause(&self, wait: Duration, why: &str) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        let mut state = self.lock();
        if state.paused.as_ref().is_none_or(|(before, _)| *before < until) {
            state.paused = Some((until, why.to_owned()));
        }
    }

    /// An answer that says how long to wait is meant for all: so is every rejected call of who asks too often,
    /// which counts too.
    pub(crate) fn heed(&self, status: u16, retry_after: Option<Duration>, error: &Error) {
        if let (408 | 425 | 429 | 500.., Some(wait), Error::Later { why, .. }) =
            (status, retry_after, error)
        {
            self.pause(wait, why);
        }
    }

    /// What the other side says of the day's calls: used up, and how many there may be.
    pub(crate) fn used_of_day(&self, used: u64, most: u64) {
        self.lock().budget.told(used, most, Instant::now());
    }

    /// What the other side said last of the day's calls.
    pub(crate) fn of_day(&self) -> Option<(u64, u64)> {
        self.lock().budget.of_day()
    }

    /// How long no call is made at all.
    pub(crate) fn rests(&self) -> Option<Duration> {
        self.lock().shut(Instant::now()).map(|(after, _)| after)
    }

    /// As it is shown.
    pub(crate) fn shown(&self) -> WireState {
        let (now, clock) = (Instant::now(), Timestamp::now());
        let state = self.lock();
        let paused = state.paused.as_ref().is_some_and(|(until, _)| *until > now);
        let word = match (&state.rest, paused) {
            (_, true) => "paused",
            (None, false) => "open",
            (Some(rest), false) if rest.tried => "tried",
            (Some(_), false) => "resting",
        };
        let shut = state.shut(now);
        let until = shut.as_ref().and_then(|(after, _)| clock.checked_add(*after).ok());
        WireState {
            system: self.system.to_owned(),
            state: word.to_owned(),
            why: shut
                .map(|(_, why)| why)
                .or_else(|| state.rest.as_ref().map(|rest| rest.why.clone())),
            since: state.rest.as_ref().map(|rest| rest.since),
            until,
            rests: state.rests,
            calls: state.calls.clone(),
            held_back: state.held_back.clone(),
            of_day: state.budget.of_day(),
            ours_a_day: state.budget.ours(state.pace.daily_share),
        }
    }
}

#[cfg(test)]
mod tests;
