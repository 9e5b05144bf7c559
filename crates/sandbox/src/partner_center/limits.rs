//! How many calls a host takes. In come calls, and orders that set the number; out goes how long to wait. No
//! number of the real service is known, so there is none until one is ordered. It must not know what is called.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::{
    auth::Audience,
    refusal::{Done, invalid},
};
use crate::{call::Answer, database::StoreError, store::Tx};

const KEPT: (&str, &str) = ("meta", "partner-center-limits");
/// The hosts by the names that orders use.
const HOSTS: [(&str, Audience); 2] =
    [("referrals", Audience::Referrals), ("webhooks", Audience::Webhooks)];

/// So many calls in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    calls: usize,
    seconds: i64,
}

/// One host's limit, and when its newest calls came.
#[derive(Debug, Default)]
struct Meter {
    rate: Option<Rate>,
    came: VecDeque<i64>,
}

impl Meter {
    /// Counts a call, a refused one too; answers how many seconds to wait if it is one too many.
    fn count(&mut self, now: i64) -> Option<i64> {
        let Rate { calls, seconds } = self.rate?;
        // A clock that was set back must not shut anybody out.
        self.came.retain(|at| *at <= now && now - *at < seconds * 1000);
        let is_too_many = self.came.len() >= calls;
        self.came.push_back(now);
        while self.came.len() > calls {
            self.came.pop_front();
        }
        let oldest = self.came.front().copied().unwrap_or(now);
        is_too_many.then(|| (oldest + seconds * 1000 - now + 999).div_euclid(1000).max(1))
    }
}

/// The limits of both hosts. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits(Arc<Mutex<[Meter; 2]>>);

impl Limits {
    /// The limits that were kept.
    pub(super) fn prepare(tx: &Tx<'_>) -> Result<Self, StoreError> {
        let limits = Self::default();
        if let Some(kept) = tx.doc(KEPT.0, KEPT.1)?
            && let Ok(rates) = rates(&kept)
        {
            limits.set(rates);
        }
        Ok(limits)
    }

    fn lock(&self) -> MutexGuard<'_, [Meter; 2]> {
        // Each change is whole, whatever happens elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, rates: [Option<Rate>; 2]) {
        for (meter, rate) in self.lock().iter_mut().zip(rates) {
            *meter = Meter { rate, came: VecDeque::new() };
        }
    }

    /// Counts a call to a host; answers 429 if it is one too many.
    pub(super) fn count(&self, host: Audience, now: i64) -> Option<Answer> {
        let place = HOSTS.iter().position(|(_, audience)| *audience == host)?;
        let wait = self.lock().get_mut(place)?.count(now)?;
        let message = format!("Rate limit is exceeded. Try again in {wait} seconds.");
        let body = json!({ "statusCode": 429, "message": message });
        Some(Answer::json(429, body).with("Retry-After", wait.to_string()))
    }

    /// The limits as they are ordered.
    pub(super) fn shown(&self) -> Value {
        let meters = self.lock();
        let shown = HOSTS.iter().zip(meters.iter()).map(|((name, _), meter)| {
            let rate =
                meter.rate.map(|rate| json!({ "calls": rate.calls, "seconds": rate.seconds }));
            ((*name).to_owned(), json!(rate))
        });
        Value::Object(shown.collect())
    }

    /// Takes `{"referrals": {"calls": 60, "seconds": 60}}`; a host that is left out has no limit.
    pub(super) fn order(&self, tx: &Tx<'_>, given: &Value) -> Done<Value> {
        self.set(rates(given)?);
        let shown = self.shown();
        tx.put_doc(KEPT.0, KEPT.1, &shown)?;
        Ok(shown)
    }
}

fn rates(given: &Value) -> Done<[Option<Rate>; 2]> {
    let unknown = |message: &str| Err(invalid("limits", "invalidLimits", message));
    let Some(map) = given.as_object() else {
        return unknown("An object with referrals and webhooks is expected.");
    };
    if map.keys().any(|key| HOSTS.iter().all(|(name, _)| name != key)) {
        return unknown("The hosts are referrals and webhooks.");
    }
    let mut rates = [None, None];
    for (place, (name, _)) in rates.iter_mut().zip(HOSTS) {
        let Some(rate) = map.get(name).filter(|rate| !rate.is_null()) else { continue };
        let number = |name: &str, most: u64| {
            let number = rate.get(name).and_then(Value::as_u64);
            number.filter(|number| (1..=most).contains(number))
        };
        let Some((calls, seconds)) = number("calls", 100_000).zip(number("seconds", 86_400)) else {
            return unknown("A limit has calls (1 to 100000) and seconds (1 to 86400).");
        };
        let (calls, seconds) = (usize::try_from(calls), i64::try_from(seconds));
        *place = calls.ok().zip(seconds.ok()).map(|(calls, seconds)| Rate { calls, seconds });
    }
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_calls_count_too() {
        let mut meter = Meter { rate: Some(Rate { calls: 2, seconds: 10 }), ..Meter::default() };
        assert_eq!((meter.count(0), meter.count(4000)), (None, None));
        assert_eq!(meter.count(5000), Some(9), "until the call at 4 s is ten seconds old");
        assert_eq!(meter.count(13_000), Some(2), "and who asks again waits for the refused one");
        assert_eq!(meter.count(23_100), None);
        assert_eq!(meter.count(1000), None, "the clock was set back");
        meter.rate = None;
        assert!((0..100).all(|now| meter.count(now).is_none()));
    }
}
