//! What one plan costs both ways: a record that is applied, and deals that are reconciled.
//!
//! In: generated records. Out: a table. Must not know: how a plan works.
//!
//! Deals at rest are measured in two amounts: some that stay in the processor's caches, and many
//! whose records and bases do not, as in a sweep over all deals.

use std::hint::black_box;

use cpu_time::ProcessTime;
use mapping::decision::{Base, Input, Seen, Side};
use mapping::plan::Plan;
use mapping::{Reconciled, Timestamp};
use serde_json::{Value, json};

use crate::flags::Flags;
use crate::generate::Generator;
use crate::records::SEED;
use crate::table::{Spread, print};
use crate::{Stop, say};

/// How many deals there are.
const AMOUNTS: [usize; 2] = [100, 3_000];

/// How many deals are gone through in a round.
const ROUND: usize = 6_000;

/// Both records of a deal, and its base.
struct Deal {
    left: String,
    right: String,
    base: Base,
}

impl Deal {
    /// A deal at rest.
    fn new(plan: &Plan, left: String) -> Result<Deal, Stop> {
        let right = plan.apply(Side::Right, &left, None).map_err(|fault| fault.to_json())?;
        let mut deal = Deal { left, right, base: Base::default() };
        deal.base = plan.reconcile(&deal.input()).map_err(|fault| fault.to_json())?.base;
        Ok(deal)
    }

    /// The same with another name on the left.
    fn renamed(&self) -> Deal {
        let mut left: Value = serde_json::from_str(&self.left).unwrap_or_default();
        left["name"] = json!("Another name");
        Deal { left: left.to_string(), right: self.right.clone(), base: self.base.clone() }
    }

    fn input(&self) -> Input<'_> {
        let seen = |body| Some(Seen { body, stamp: None });
        let (left, right) = (seen(self.left.as_str()), seen(self.right.as_str()));
        Input { left, right, base: &self.base, now: Timestamp::UNIX_EPOCH }
    }
}

/// Nanoseconds of processor time of each of the deals, gone through often enough to be measured.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn time(deals: &[Deal], mut each: impl FnMut(&Deal) -> Result<(), Stop>) -> Result<f64, Stop> {
    let times = (ROUND / deals.len().max(1)).max(1);
    let start = ProcessTime::now();
    for _ in 0..times {
        for deal in deals {
            each(deal)?;
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / (times * deals.len()) as f64)
}

/// Times of an `apply`, and of a reconcile as a ratio to it, round by round.
#[derive(Default)]
struct Measured {
    apply: Vec<f64>,
    reconcile: Vec<f64>,
    ratios: Vec<f64>,
}

fn measure(plan: &Plan, deals: &[Deal], at_rest: bool, rounds: usize) -> Result<Measured, Stop> {
    let (mut applier, mut reconciler) = (plan.applier(Side::Right), plan.reconciler());
    let mut out = Vec::new();
    let mut measured = Measured::default();
    for round in 0..=rounds {
        let apply = time(deals, |deal| {
            out.clear();
            let made = applier.apply(deal.left.as_bytes(), &mut out);
            black_box(&out);
            made.map_err(|fault| fault.to_json())
        })?;
        let reconcile = time(deals, |deal| {
            let done = reconciler.reconcile(&deal.input()).map_err(|fault| fault.to_json())?;
            let same = at_rest == (black_box(done) == Reconciled::InStep);
            if same { Ok(()) } else { Err("a deal is not as it should be".to_owned()) }
        })?;
        if round > 0 {
            measured.apply.push(apply);
            measured.reconcile.push(reconcile);
            measured.ratios.push(reconcile / apply);
        }
    }
    Ok(measured)
}

/// Measures deals at rest, and deals of which one field was edited.
pub(crate) fn run(flags: &Flags) -> Result<bool, Stop> {
    if !flags.wants("cosell") {
        return Ok(true);
    }
    let plan = bench_ours::plan(&[])?;
    let mut rows = Vec::new();
    for count in AMOUNTS {
        let mut generator = Generator::new(SEED);
        let deals = (0..count).map(|_| Deal::new(&plan, generator.referral()));
        let rest = deals.collect::<Result<Vec<_>, _>>()?;
        let edited: Vec<Deal> = rest.iter().map(Deal::renamed).collect();
        for (name, deals, at_rest) in [("at rest", rest, true), ("one edit", edited, false)] {
            let measured = measure(&plan, &deals, at_rest, flags.rounds)?;
            let micro = |times: &[f64]| format!("{:.2}", Spread::of(times).median / 1e3);
            let ratio = Spread::of(&measured.ratios);
            rows.push(vec![
                name.to_owned(),
                count.to_string(),
                micro(&measured.apply),
                micro(&measured.reconcile),
                format!("{:.2}", ratio.median),
                format!("{:.2}–{:.2}", ratio.least, ratio.most),
            ]);
        }
    }
    say("Reconcile: µs of processor time of a deal, beside `apply` of its left record.");
    print(&["deals", "how many", "apply µs", "reconcile µs", "x apply", "min–max"], &rows);
    Ok(true)
}
