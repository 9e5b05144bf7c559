//! What is explained of a reconcile is what it decided.

use mapping::decision::{Input, Seen};
use mapping::explain::{self, Holds};
use mapping::fault::FaultCode;
use proptest::prelude::*;

use super::generate::{PLANS, cases, left_record, plans, right_record};
use super::laws::{edit, linked};
use super::support::NOW;

/// The number that belongs to a reason, where the reason says it.
fn number(reason: &str) -> Option<u8> {
    let numbers = [
        ("both sides agree", 1),
        ("first contact", 2),
        ("only the left changed", 3),
        ("only the right changed", 4),
        ("both changed", 5),
        ("both sides changed", 5),
        ("neither changed", 6),
    ];
    numbers.iter().find(|(start, _)| reason.starts_with(start)).map(|(_, number)| *number)
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn every_decision_is_explained_once_by_the_sentence_that_fitted(
        plan in 0..PLANS, left in left_record(), right in right_record(),
        new_left in left_record(), new_right in right_record(), which in any::<[u32; 2]>(),
        given in 0..3,
    ) {
        let plan = &plans()[plan];
        let mut deal = linked(&left, &right, [None, None]);
        deal.round(plan);
        edit(&mut deal.left, &new_left, which[0]);
        edit(&mut deal.right, &new_right, which[1]);
        let (left, right) = (deal.left.to_string(), deal.right.to_string());
        let seen = |body, there: bool| there.then_some(Seen { body, stamp: None });
        let input = Input {
            left: seen(&left, given != 1),
            right: seen(&right, given != 2),
            base: &deal.base,
            now: NOW.parse().unwrap(),
        };
        let decision = plan.reconcile(&input).unwrap();
        let lines = explain::lines(plan, &input, &decision);
        let looks: Vec<_> = lines.iter().flat_map(|line| &line.looks).collect();
        prop_assert_eq!(looks.len(), decision.lines.len());
        for line in &lines {
            prop_assert_eq!(line.idle.is_some(), line.looks.is_empty(), "{:?}", line);
        }
        for look in looks {
            if let (Some(said), true) = (number(&look.trace.reason), look.decision.is_some()) {
                prop_assert_eq!(look.decision, Some(said), "{:#?}", look);
            }
        }
        let failing = decision.parked.iter().chain(&decision.refused);
        let failing = failing.filter(|fault| fault.code == FaultCode::Require).count();
        let requires = explain::requires(plan, (given != 1).then_some(left.as_str()), &decision);
        let told = requires.iter().filter(|one| one.holds == Holds::No).count();
        prop_assert_eq!(told, failing);
    }
}
