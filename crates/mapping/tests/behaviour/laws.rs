//! Laws that hold for any two records: stable, correct, idempotent.

use mapping::decision::{Base, Change, Decision, Outcome, Side};
use mapping::plan::Plan;
use proptest::prelude::*;
use serde_json::Value;

use super::generate::{PLANS, cases, left_record, plans, right_record};
use super::support::{Deal, changes, create, set, write};

pub(crate) fn linked(left: &Value, right: &Value, stamps: [Option<i64>; 2]) -> Deal {
    let opted_in = right["Sync__c"].clone();
    let mut deal = Deal::new(left, right);
    set(&mut deal.right, "Sync__c", opted_in);
    deal.stamps = stamps;
    deal
}

/// Puts some members of another record into this one, as people do.
pub(crate) fn edit(record: &mut Value, from: &Value, which: u32) {
    let Value::Object(members) = from else { return };
    for (place, (name, value)) in members.iter().enumerate() {
        if which >> (place % 32) & 1 == 0 || name == "Sync__c" {
            continue;
        }
        match (record.get_mut(name), value) {
            (Some(Value::Object(_)), Value::Object(_)) if name == "details" => {
                edit(&mut record[name], value, which.rotate_right(7));
            }
            _ => record[name] = value.clone(),
        }
    }
}

fn stamps() -> impl Strategy<Value = [Option<i64>; 2]> {
    let stamp = || prop::option::of(0_i64..300);
    (stamp(), stamp()).prop_map(|(left, right)| [left, right])
}

/// One round, and what must hold of it.
pub(crate) fn lawful_round(plan: &Plan, deal: &mut Deal) -> Result<(), TestCaseError> {
    let before = deal.decide(plan);
    let writes = deal.round(plan);
    prop_assert_eq!(&before, &writes, "the same input gives the same decision");
    // A status that is reached in steps is there after the last of them.
    if !writes.pending.steps.is_empty() {
        return lawful_round(plan, deal);
    }
    // Correct: what was written agrees afterwards.
    let mut after = deal.decide(plan);
    let closes = |change: &Change| change.path == "status" && change.value == "\"Closed\"";
    if changes(&writes.left).iter().any(closes) && after.writes() {
        // What waited loses to the referral that was just closed.
        prop_assert!(after.left.is_nothing(), "{:#?}", after);
        deal.round(plan);
        after = deal.decide(plan);
    }
    for written in writes.lines.iter().filter(|line| line.written.is_some()) {
        let same = |line: &&mapping::decision::LineTrace| line.rule == written.rule;
        let now = after.lines.iter().find(same).unwrap();
        let settled = matches!(now.outcome, Outcome::Agrees | Outcome::Kept);
        prop_assert!(settled, "{:#?}\nthen {:#?}", written, now);
    }
    // Idempotent: the next round writes nothing.
    prop_assert!(!after.writes(), "{:#?}\nthen {:#?}", writes, after);
    prop_assert_eq!(&after.base, &deal.decide(plan).base);
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_two_records_come_to_rest_in_one_round_and_again_after_edits(
        plan in 0..PLANS,
        left in left_record(), right in right_record(),
        new_left in left_record(), new_right in right_record(),
        which in any::<[u32; 2]>(), stamps in stamps(),
    ) {
        let plan = &plans()[plan];
        let mut deal = linked(&left, &right, stamps);
        lawful_round(plan, &mut deal)?;
        edit(&mut deal.left, &new_left, which[0]);
        lawful_round(plan, &mut deal)?;
        edit(&mut deal.left, &new_left, which[1]);
        edit(&mut deal.right, &new_right, which[0].rotate_left(9));
        lawful_round(plan, &mut deal)?;
        // Switched on again, what waited goes out.
        set(&mut deal.right, "Sync__c", true);
        lawful_round(plan, &mut deal)?;
    }

    #[test]
    fn a_record_made_from_the_other_agrees_with_it(
        plan in 0..PLANS, left in left_record(), right in right_record(),
    ) {
        let plan = &plans()[plan];
        let mut inbound = Deal::of(left.clone(), Value::Null);
        set(&mut inbound.left, "id", "r-1");
        let made = create(plan, Side::Right, &inbound.left);
        if made.writes() {
            write(&mut inbound.right, &made.right);
            set(&mut inbound.right, "Id", "006000000000001AAA");
            set(&mut inbound.right, "Sync__c", true);
            inbound.settle(plan, &made);
            let next = inbound.round(plan);
            prop_assert!(next.right.is_nothing(), "{:#?}", next);
            let sent = next.lines.iter().filter(|line| line.outcome == Outcome::WritesLeft);
            for line in sent {
                prop_assert!(line.rule.contains("reference"), "{:#?}", line);
            }
            prop_assert!(!inbound.round(plan).writes());
        }
        let mut outbound = Deal::of(Value::Null, right.clone());
        set(&mut outbound.right, "Id", "006000000000001AAA");
        let made = create(plan, Side::Left, &outbound.right);
        if made.writes() {
            write(&mut outbound.left, &made.left);
            set(&mut outbound.left, "id", "r-1");
            if outbound.left["status"].is_null() {
                set(&mut outbound.left, "status", "New");
                set(&mut outbound.left, "substatus", "Open");
            }
            outbound.settle(plan, &made);
            outbound.quiet(plan);
        }
    }

    #[test]
    fn at_rest_sides_agree_or_are_said_not_to_and_an_echo_writes_nothing(
        plan in 0..PLANS, left in left_record(), right in right_record(),
    ) {
        let plan = &plans()[plan];
        let mut deal = linked(&left, &right, [None, None]);
        set(&mut deal.right, "Sync__c", true);
        deal.quiet(plan);
        let decision = deal.decide(plan);
        prop_assert!(decision.lines.iter().all(|line| !line.reason.is_empty()));
        // Whether two sides agree does not depend on what was known of them.
        let fresh = Deal { base: Base::default(), ..deal.clone() }.decide(plan);
        let agreeing = |decision: &Decision| {
            let lines = decision.lines.iter().filter(|line| line.outcome == Outcome::Agrees);
            lines.map(|line| line.rule.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(agreeing(&decision), agreeing(&fresh));
        // An echo of our own write changes nothing.
        let mut echo = deal.clone();
        echo.stamps = [Some(1), Some(1_000_000)];
        prop_assert!(!echo.decide(plan).writes());
    }
}
