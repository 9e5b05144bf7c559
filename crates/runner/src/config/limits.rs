//! Paces and bounds, and what they are when nothing is written.
//!
//! In: nothing. Out: numbers and spans. Must not know: how any of them is read or used.

use std::time::Duration;

use connect::Pace;

/// Paces and bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How often Salesforce is asked for changes.
    pub poll: Duration,
    /// How often both systems are swept.
    pub sweep: Duration,
    /// How often every linked deal is looked at, changed or not.
    pub census: Duration,
    /// How many deals are worked on at once.
    pub workers: usize,
    /// The largest webhook body.
    pub max_body_bytes: usize,
    /// How many connections are served at once.
    pub connections: usize,
    /// How long a worker may keep a deal without a sign of life.
    pub lease: Duration,
    /// How long between the two looks that prove that a create did not happen.
    pub create_check: Duration,
    /// The first wait after a failure; doubled each time.
    pub retry: Duration,
    /// The longest wait after failures.
    pub retry_most: Duration,
    /// How long a wire rests after it was denied.
    pub denied_retry: Duration,
    /// How often the webhook's registration is compared with what was made.
    pub registration: Duration,
    /// More writes than this to one deal in an hour are taken for a fight with another program.
    pub writes_per_hour: u64,
    /// How far sweeps and polls look back behind what they have seen.
    pub overlap: Duration,
    /// How often the files of the maps are looked at.
    pub reload: Duration,
    /// So many deals are looked at to say what a changed map would write.
    pub preview_deals: usize,
    /// So many of them a second.
    pub preview_pace: u32,
    /// More deals than this missing in a census, and a person is asked.
    pub most_gone: usize,
    /// So many failures in a row and a wire rests.
    pub wire_failures: u32,
    /// Of the calls that Salesforce allows a day, so many in a hundred are ours.
    pub salesforce_daily_share: u32,
    /// Calls of Partner Center a minute; no limit with 0.
    pub partner_center_per_minute: u32,
    /// While others are due, so many turns of a hundred are for deals of the backfill.
    pub backfill_share: u32,
}

impl Limits {
    /// How both wires are used, and when one rests.
    pub fn pace(&self, per_minute: u32) -> Pace {
        Pace {
            failures: self.wire_failures,
            rest: self.retry,
            rest_most: self.retry_most.min(Duration::from_mins(1)),
            per_minute,
            daily_share: self.salesforce_daily_share,
        }
    }

    /// How many deals of the backfill are worked on at once: one worker is always for what changes.
    pub fn backfill_at_once(&self) -> usize {
        self.workers.saturating_sub(1).max(1)
    }

    /// How long to rest after so many failures in a row, the first being 0: doubled each time.
    pub fn wait_after(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.min(16));
        self.retry.saturating_mul(doubled).min(self.retry_most)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(5),
            sweep: Duration::from_mins(5),
            census: Duration::from_hours(24),
            workers: 4,
            max_body_bytes: 64 * 1024,
            connections: 256,
            lease: Duration::from_mins(5),
            create_check: Duration::from_mins(1),
            retry: Duration::from_secs(1),
            retry_most: Duration::from_mins(5),
            denied_retry: Duration::from_secs(30),
            registration: Duration::from_mins(5),
            writes_per_hour: 120,
            overlap: Duration::from_mins(15),
            reload: Duration::from_secs(2),
            preview_deals: 100,
            preview_pace: 10,
            most_gone: 20,
            wire_failures: 5,
            salesforce_daily_share: 50,
            partner_center_per_minute: 1200,
            backfill_share: 10,
        }
    }
}
