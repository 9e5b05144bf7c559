//! What time it is.
//!
//! In: nothing. Out: timestamps, from the machine or from a hand that tests turn. Must not know:
//! what the time is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// A source of time.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    Machine,
    /// Milliseconds since 1970, turned by hand.
    Hand(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until it is turned.
    pub fn hand(start: Timestamp) -> Self {
        Clock::Hand(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// The time now, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Clock::Machine => Timestamp::now().as_millisecond(),
            Clock::Hand(millis) => millis.load(Ordering::Relaxed),
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Turns a hand clock on; the machine's is left alone.
    pub fn advance(&self, by: Duration) {
        match self {
            Clock::Machine => {}
            Clock::Hand(millis) => {
                let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                millis.fetch_add(by, Ordering::Relaxed);
            }
        }
    }
}

/// A time later by `by`; the last one there is when it would be beyond.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A time earlier by `by`; the first one there is when it would be before.
pub(crate) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}
