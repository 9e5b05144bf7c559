//! A deal that is said to be in step is one that the plan would leave alone.

use mapping::decision::{Base, Decision, Input, Outcome, Seen};
use mapping::plan::Plan;
use mapping::{Reconciled, Reconciler};
use proptest::prelude::*;
use serde_json::Value;

use super::generate::{PLANS, cases, left_record, plans, right_record};
use super::laws::{edit, linked};
use super::support::{Deal, sample, set, shipped};

/// What both say of a deal; whether it was said to be in step.
#[track_caller]
fn compare(plan: &Plan, reconciler: &mut Reconciler<'_>, deal: &Deal) -> bool {
    let (left, right) = (deal.left.to_string(), deal.right.to_string());
    let seen = |body, stamp: Option<i64>| {
        let stamp = stamp.map(|at| mapping::Timestamp::from_second(at).unwrap());
        Some(Seen { body, stamp })
    };
    let [left_stamp, right_stamp] = deal.stamps;
    let input = Input {
        left: seen(&left, left_stamp),
        right: seen(&right, right_stamp),
        base: &deal.base,
        now: super::support::NOW.parse().unwrap(),
    };
    let wanted = plan.reconcile(&input);
    match reconciler.reconcile(&input) {
        Ok(Reconciled::InStep) => {
            let decision = wanted.unwrap();
            assert!(leaves_alone(&decision, &deal.base), "{decision:#?}\n{left}\n{right}");
            true
        }
        Ok(Reconciled::Decision(decision)) => {
            assert_eq!(Ok(*decision), wanted);
            false
        }
        Err(fault) => {
            assert_eq!(Err(fault), wanted);
            false
        }
    }
}

fn leaves_alone(decision: &Decision, base: &Base) -> bool {
    !decision.writes()
        && decision.base == *base
        && decision.parked.is_empty()
        && decision.refused.is_none()
        && decision.lines.iter().all(|line| matches!(line.outcome, Outcome::Agrees | Outcome::Kept))
}

/// Rounds until nothing is left to do, then edits, and all of it seen by both.
fn rounds(plan: &Plan, mut deal: Deal, edits: &[(Value, Value, u32)]) -> usize {
    let mut reconciler = plan.reconciler();
    let mut in_step = 0;
    let rest = |deal: &mut Deal, reconciler: &mut Reconciler<'_>| {
        let mut seen = 0;
        for _ in 0..4 {
            seen += usize::from(compare(plan, reconciler, deal));
            deal.round(plan);
        }
        seen
    };
    in_step += rest(&mut deal, &mut reconciler);
    for (left, right, which) in edits {
        edit(&mut deal.left, left, *which);
        edit(&mut deal.right, right, which.rotate_left(9));
        in_step += rest(&mut deal, &mut reconciler);
    }
    in_step
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn what_is_in_step_is_left_alone(
        left in left_record(), right in right_record(),
        edits in prop::collection::vec((left_record(), right_record(), any::<u32>()), 0..3),
        number in 0..PLANS,
    ) {
        rounds(&plans()[number], linked(&left, &right, [None, None]), &edits);
    }
}

#[test]
fn deals_at_rest_are_seen_to_be_in_step() {
    let plan = super::support::small(
        "name <-> Name as text cut at 20 first contact wins referral\n\
         details.value <-> Amount first contact wins referral\n\
         details.closes <-> CloseDate as date in \"UTC\" first contact wins referral\n\
         details.notes <-> Description as long text first contact wins referral\n\
         shared <-> Flag__c one way to true",
        "",
    );
    let left = serde_json::json!({
        "id": "r-1", "name": "Fleet", "shared": true, "created": "2026-01-01T00:00:00Z",
        "details": {"value": 10.50, "closes": "2026-06-30T10:00:00.1230000Z", "notes": "a \"b\""},
    });
    let right = serde_json::json!({
        "Id": "006000000000001AAA", "Name": "Fleet", "Flag__c": true, "Amount": 10.5, "Sync__c": true,
        "CloseDate": "2026-06-30", "Description": "a \"b\"",
    });
    let mut deal = Deal::new(&left, &right);
    deal.round(&plan);
    let mut reconciler = plan.reconciler();
    assert!(compare(&plan, &mut reconciler, &deal));
    set(&mut deal.left, "details.notes", "other");
    assert!(!compare(&plan, &mut reconciler, &deal), "an edit is seen");
    deal.round(&plan);
    assert!(compare(&plan, &mut reconciler, &deal), "and in step again");
}

#[test]
fn a_deal_of_the_shipped_map() {
    let plan = shipped();
    let mut deal = Deal::new(&sample("accepted.json"), &serde_json::json!({}));
    for _ in 0..3 {
        deal.round(plan);
    }
    let mut reconciler = plan.reconciler();
    compare(plan, &mut reconciler, &deal);
}
