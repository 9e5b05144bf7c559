//! The hot path and nothing else, for `.ci/instructions`: how many instructions a record costs.
//!
//! In: `apply` or `reconcile`, and how often. Out: nothing but its processor time. It goes through
//! the benchmark's records as often as it is told, so the difference of two counts is the path alone.

use std::process::ExitCode;

use mapping::decision::{Base, Input, Seen, Side};
use mapping::plan::Plan;
use mapping::schema::Schemas;
use mapping::{Reconciled, Timestamp};

const RECORDS: &str = include_str!("../benches/referrals.ndjson");

fn plan() -> Option<Plan> {
    let files = [
        ("referral.yaml", include_str!("../benches/schemas/referral.yaml")),
        ("opportunity.yaml", include_str!("../benches/schemas/opportunity.yaml")),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let schemas = Schemas::from_yaml(&files).ok()?;
    mapping::compile("referral.map", include_str!("../benches/referral.map"), &schemas).plan
}

/// Every record, `times` over. None: something is not as it should be.
fn apply(plan: &Plan, times: usize) -> Option<()> {
    let mut applier = plan.applier(Side::Right);
    let mut out = Vec::new();
    for _ in 0..times {
        for record in RECORDS.lines() {
            out.clear();
            applier.apply(record.as_bytes(), &mut out).ok()?;
        }
    }
    Some(())
}

/// Every record with the one that comes of it, at rest, `times` over.
fn reconcile(plan: &Plan, times: usize) -> Option<()> {
    let now = Timestamp::UNIX_EPOCH;
    let mut deals = Vec::new();
    for left in RECORDS.lines() {
        let right = plan.apply(Side::Right, left, None).ok()?;
        let seen = |body| Some(Seen { body, stamp: None });
        let input = Input { left: seen(left), right: seen(&right), base: &Base::default(), now };
        let base = plan.reconcile(&input).ok()?.base;
        deals.push((left, right, base));
    }
    let mut reconciler = plan.reconciler();
    for _ in 0..times {
        for (left, right, base) in &deals {
            let seen = |body| Some(Seen { body, stamp: None });
            let input = Input { left: seen(left), right: seen(right), base, now };
            if reconciler.reconcile(&input).ok()? != Reconciled::InStep {
                return None;
            }
        }
    }
    Some(())
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (path, times) = (words.next(), words.next().and_then(|times| times.parse().ok()));
    let done = match (path.as_deref(), times, plan()) {
        (Some("apply"), Some(times), Some(plan)) => apply(&plan, times),
        (Some("reconcile"), Some(times), Some(plan)) => reconcile(&plan, times),
        _ => None,
    };
    if done.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
