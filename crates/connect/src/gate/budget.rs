//! Budgets of calls: a minute's, and a day's of which each asker has a share.
//!
//! In: who asks, what the other side says of its limit, the time. Out: yes, or how long to wait and why. Must
//! not know: wires. Shares refill steadily (a token bucket each), so whoever used much goes on slowly
//! instead of not at all. What runs in the background stops before it touches what the live stream needs.

use std::time::{Duration, Instant};

use super::Lane;

/// A day.
const DAY: Duration = Duration::from_hours(24);
/// How long what the other side said of its limit is believed.
const FRESH: Duration = Duration::from_mins(10);
/// The parts of one call that a bucket counts in.
const PARTS: u128 = 1_000_000;

/// Yes, or how long to wait and why.
pub(super) type Verdict = Result<(), (Duration, &'static str)>;

/// So many calls at once, and so many more in each span.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    burst: u64,
    refill: u64,
    span: Duration,
    level: u128,
    at: Instant,
}

impl Bucket {
    fn full(burst: u64, refill: u64, span: Duration, now: Instant) -> Self {
        Self { burst, refill, span, level: u128::from(burst) * PARTS, at: now }
    }

    fn refresh(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_nanos();
        let more = passed * u128::from(self.refill) * PARTS / self.span.as_nanos().max(1);
        let most = u128::from(self.burst) * PARTS;
        // Time too short to add anything is kept for later.
        if more > 0 || self.level >= most {
            self.level = (self.level + more).min(most);
            self.at = now;
        }
    }

    /// How long until a call is left beside `reserve` calls; zero when one is.
    fn lacks(&self, reserve: u64) -> Duration {
        let need = (u128::from(reserve) + 1) * PARTS;
        let lack = need.saturating_sub(self.level);
        let refill = u128::from(self.refill.max(1)) * PARTS;
        let nanos = (lack * self.span.as_nanos()).div_ceil(refill);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(DAY)
    }

    fn take(&mut self) {
        self.level = self.level.saturating_sub(PARTS);
    }
}

/// Calls a minute.
#[derive(Debug, Default)]
pub(super) struct Minutes(Option<(u32, Bucket)>);

impl Minutes {
    /// One call of at most `most` a minute; half of them are the live stream's alone.
    pub(super) fn take(&mut self, most: u32, lane: Lane, now: Instant) -> Verdict {
        if most == 0 {
            return Ok(());
        }
        let many = u64::from(most);
        let fresh = || Bucket::full(many, many, Duration::from_mins(1), now);
        let (_, bucket) = match &mut self.0 {
            Some(kept) if kept.0 == most => kept,
            other => other.insert((most, fresh())),
        };
        bucket.refresh(now);
        let reserve = if is_live(lane) { 0 } else { many / 2 };
        let lacks = bucket.lacks(reserve);
        if !lacks.is_zero() {
            return Err((lacks, "the calls of this minute are used up"));
        }
        bucket.take();
        Ok(())
    }
}

/// What of the day's calls is ours, and whose.
#[derive(Debug, Default)]
pub(super) struct Budget {
    told: Option<(u64, u64, Instant)>,
    /// For which limit and share the buckets are.
    made_for: Option<(u64, u32)>,
    all: Option<Bucket>,
    lanes: [Option<Bucket>; 4],
}

/// The part of a day's calls, in a hundred, that a lane beside the live one may use.
fn share(lane: Lane) -> Option<(usize, u64)> {
    match lane {
        Lane::Live => None,
        Lane::Poll => Some((0, 30)),
        Lane::Sweep => Some((1, 10)),
        Lane::Census => Some((2, 10)),
        Lane::Backfill => Some((3, 20)),
    }
}

/// What a deal waits for that changed just now.
fn is_live(lane: Lane) -> bool {
    matches!(lane, Lane::Live | Lane::Poll)
}

/// When this much of the limit, in a hundred, is used up by all programs, a lane stops.
fn stops_at(lane: Lane) -> u64 {
    match lane {
        Lane::Live => 101,
        Lane::Poll => 95,
        Lane::Sweep | Lane::Census | Lane::Backfill => 80,
    }
}

impl Budget {
    pub(super) fn told(&mut self, used: u64, most: u64, now: Instant) {
        self.told = Some((used, most, now));
    }

    pub(super) fn of_day(&self) -> Option<(u64, u64)> {
        self.told.map(|(used, most, _)| (used, most))
    }

    /// How many calls a day are ours.
    pub(super) fn ours(&self, percent: u32) -> Option<u64> {
        self.told.map(|(_, most, _)| most.saturating_mul(u64::from(percent)) / 100)
    }

    /// One call; everything is allowed until the other side has told its limit.
    pub(super) fn take(&mut self, percent: u32, lane: Lane, now: Instant) -> Verdict {
        let (Some((used, most, at)), Some(ours)) = (self.told, self.ours(percent)) else {
            return Ok(());
        };
        let age = now.saturating_duration_since(at);
        // What was said long ago may be over: one call finds out.
        if age < FRESH && used.saturating_mul(100) >= most.saturating_mul(stops_at(lane)) {
            return Err((
                FRESH.saturating_sub(age),
                "the day's calls are nearly used up, by all programs together",
            ));
        }
        if self.made_for != Some((most, percent)) {
            self.make(ours, now);
            self.made_for = Some((most, percent));
        }
        let Some(all) = &mut self.all else { return Ok(()) };
        all.refresh(now);
        let reserve = if is_live(lane) { 0 } else { all.burst / 2 };
        let lacks = all.lacks(reserve);
        if !lacks.is_zero() {
            let why = if is_live(lane) {
                "our share of the day's calls is used up"
            } else {
                "the rest of our share of the day's calls is for the live stream"
            };
            return Err((lacks, why));
        }
        if let Some(bucket) = share(lane).and_then(|(at, _)| self.lanes.get_mut(at)?.as_mut()) {
            bucket.refresh(now);
            let lacks = bucket.lacks(0);
            if !lacks.is_zero() {
                return Err((lacks, "its own share of the day's calls is used up"));
            }
            bucket.take();
        }
        all.take();
        Ok(())
    }

    /// Buckets that together let at most `ours` through a day.
    fn make(&mut self, ours: u64, now: Instant) {
        self.all = Some(Bucket::full((ours / 2).max(1), (ours / 2).max(1), DAY, now));
        for lane in [Lane::Poll, Lane::Sweep, Lane::Census, Lane::Backfill] {
            let Some((at, part)) = share(lane) else { continue };
            let day = ours.saturating_mul(part) / 100;
            let burst = (day / 8).max(1);
            let bucket = Bucket::full(burst, day.saturating_sub(burst).max(1), DAY, now);
            if let Some(slot) = self.lanes.get_mut(at) {
                *slot = Some(bucket);
            }
        }
    }
}
