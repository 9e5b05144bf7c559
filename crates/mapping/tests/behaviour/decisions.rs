//! The six decisions, for plain, money, table and one-way lines; who wins; first contact.

use mapping::decision::{Outcome, Side};
use mapping::fault::FaultCode;
use mapping::plan::Plan;
use serde_json::{Value, json};

use super::support::{Deal, get, line, outcome, set, small, unset, writes};

const STAGES: &str = "values stage
  New, Open        <-> \"Prospecting\"
  Active, Accepted <-> \"Qualification\"
  Active, Accepted <-  \"Proposal\"
  Closed, Won      <-> \"Closed Won\"
  Closed, Lost     <-> \"Closed Lost\"
  otherwise         -> keep
  otherwise        <-  keep
end";

/// One pair of fields of each sort: left paths with two values, right fields with two values.
type Sort = (&'static str, fn() -> Plan, [Value; 2], [Value; 2]);

fn sorts() -> Vec<Sort> {
    vec![
        (
            "plain",
            || small("details.topic <-> Topic__c wins opportunity first contact wins referral", ""),
            [json!({"details": {"topic": "a"}}), json!({"details": {"topic": "b"}})],
            [json!({"Topic__c": "a"}), json!({"Topic__c": "c"})],
        ),
        (
            "money",
            || {
                small(
                    "details.value, details.currency <-> Amount, CurrencyIsoCode as money with 2 \
                     decimals\n wins opportunity first contact wins referral",
                    "",
                )
            },
            [
                json!({"details": {"value": 10.10, "currency": "EUR"}}),
                json!({"details": {"value": 20, "currency": "EUR"}}),
            ],
            [
                json!({"Amount": 10.1, "CurrencyIsoCode": "EUR"}),
                json!({"Amount": 10.1, "CurrencyIsoCode": "USD"}),
            ],
        ),
        (
            "table",
            || {
                small(
                    "status, substatus <-> StageName using stage wins opportunity first contact \
                     wins referral",
                    STAGES,
                )
            },
            [
                json!({"status": "New", "substatus": "Open"}),
                json!({"status": "Active", "substatus": "Accepted"}),
            ],
            [json!({"StageName": "Prospecting"}), json!({"StageName": "Closed Lost"})],
        ),
    ]
}

fn with(mut deal: Deal, left: Option<&Value>, right: Option<&Value>) -> Deal {
    let merge = |into: &mut Value, from: &Value| {
        for (name, value) in from.as_object().unwrap() {
            into[name] = value.clone();
        }
    };
    if let Some(left) = left {
        merge(&mut deal.left, left);
    }
    if let Some(right) = right {
        merge(&mut deal.right, right);
    }
    deal
}

fn sides(decision: &mapping::decision::Decision) -> (bool, bool) {
    (!decision.left.is_nothing(), !decision.right.is_nothing())
}

#[test]
fn each_of_the_six_decisions_for_each_sort_of_line() {
    for (sort, plan, [left, new_left], [right, new_right]) in sorts() {
        let plan = plan();
        // 1: agrees.
        let deal = Deal::settled(&plan, &left, &right);
        assert_eq!(sides(&deal.decide(&plan)), (false, false), "{sort} agrees");
        // 2: first contact, by its rule.
        let first = with(Deal::new(&left, &right), None, Some(&new_right)).decide(&plan);
        assert_eq!(sides(&first), (false, true), "{sort} first contact");
        // 3: only the left changed.
        let changed = with(deal.clone(), Some(&new_left), None);
        assert_eq!(sides(&changed.decide(&plan)), (false, true), "{sort} left changed");
        // 4: only the right changed.
        let changed = with(deal.clone(), None, Some(&new_right));
        assert_eq!(sides(&changed.decide(&plan)), (true, false), "{sort} right changed");
        // 5: both changed, the right wins; where the status has moved on, that may be illegal.
        let mut both = with(deal.clone(), Some(&new_left), Some(&new_right));
        assert_eq!(sides(&both.decide(&plan)), (true, false), "{sort} both changed");
        both.quiet(&plan);
        // 6: neither changed, and they disagree.
        let mut drifted = with(Deal::new(&left, &right), None, Some(&new_right));
        drifted.base = drifted.decide(&plan).base;
        let decision = drifted.decide(&plan);
        assert_eq!(sides(&decision), (false, false), "{sort} drifted");
        let drifts = decision.lines.iter().filter(|line| line.outcome == Outcome::Drifted).count();
        assert_eq!(drifts, 1, "{sort} drifted {:#?}", decision.lines);
    }
}

#[test]
fn a_line_that_flows_one_way_has_an_owner() {
    let plan = small("score -> Score__c\nreference <- Id as id", "");
    let mut deal =
        Deal::settled(&plan, &json!({"score": "high"}), &json!({"Id": "006000000000001AAA"}));
    assert_eq!(get(&deal.right, "Score__c"), "high");
    assert_eq!(get(&deal.left, "reference"), "006000000000001AAA");
    // The target was changed: repaired.
    set(&mut deal.right, "Score__c", "low");
    set(&mut deal.left, "reference", "mine");
    let decision = deal.round(&plan);
    writes(&decision, &["reference = \"006000000000001AAA\""], &["Score__c = \"high\""]);
    assert_eq!(line(&decision, "Score__c").reason, "the line flows to the right");
    // The 15 characters say the same.
    set(&mut deal.left, "reference", "006000000000001");
    writes(&deal.decide(&plan), &[], &[]);
    // The owner was cleared: a blank leaves the target as it is.
    set(&mut deal.left, "score", Value::Null);
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(outcome(&decision, "Score__c"), &Outcome::Kept);
    assert_eq!(outcome(&deal.decide(&plan), "Score__c"), &Outcome::Kept);
}

#[test]
fn a_target_that_keeps_what_it_has_is_only_filled() {
    let plan = small("reference <- Id as id\n wins referral unless blank", "");
    let mut deal = Deal::new(&json!({"reference": "theirs"}), &json!({}));
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(outcome(&decision, "reference"), &Outcome::Kept);
    set(&mut deal.left, "reference", "");
    writes(&deal.round(&plan), &["reference = \"006000000000001AAA\""], &[]);
    set(&mut deal.left, "reference", "changed");
    assert_eq!(outcome(&deal.decide(&plan), "reference"), &Outcome::Kept);
}

#[test]
fn a_cleared_or_changed_key_is_repaired() {
    let plan = small("score -> Score__c", "");
    let mut deal = Deal::settled(&plan, &json!({}), &json!({}));
    for broken in [Value::Null, json!(""), json!("r-2")] {
        set(&mut deal.right, "Key__c", broken);
        writes(&deal.round(&plan), &[], &["Key__c = \"r-1\""]);
    }
    unset(&mut deal.right, "Key__c");
    writes(&deal.decide(&plan), &[], &[]);
    deal.base = mapping::decision::Base::default();
    writes(&deal.decide(&plan), &[], &["Key__c = \"r-1\""]);
}

#[test]
fn wins_decides_when_both_changed() {
    let both = |clause: &str, left: Value, right: Value| {
        let plan = small(&format!("details.topic <-> Topic__c\n {clause}"), "");
        let mut deal =
            Deal::settled(&plan, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
        set(&mut deal.left, "details.topic", left);
        set(&mut deal.right, "Topic__c", right);
        deal.quiet(&plan);
        (get(&deal.left, "details.topic").clone(), get(&deal.right, "Topic__c").clone())
    };
    let texts = |l: &str, r: &str| (json!(l), json!(r));
    assert_eq!(both("wins opportunity", json!("b"), json!("c")), texts("c", "c"));
    assert_eq!(both("wins referral", json!("b"), json!("c")), texts("b", "b"));
    assert_eq!(
        both("wins opportunity unless blank", json!("b"), json!(null)),
        texts("b", "b"),
        "the blank winner loses"
    );
    assert_eq!(
        both("wins opportunity", json!("b"), json!("")),
        (json!("b"), json!("")),
        "a blank winner is kept, it does not clear"
    );
    assert_eq!(both("wins opportunity\n blank clear", json!("b"), json!("")).0, Value::Null);
}

#[test]
fn the_newest_wins_when_the_stamps_are_a_minute_apart() {
    let plan = small("details.topic <-> Topic__c\n wins newest else opportunity", "");
    let start =
        Deal::settled(&plan, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
    let winner = |left: Option<i64>, right: Option<i64>| {
        let mut deal = start.clone();
        set(&mut deal.left, "details.topic", "left");
        set(&mut deal.right, "Topic__c", "right");
        deal.stamps = [left, right];
        let decision = deal.decide(&plan);
        if decision.left.is_nothing() { Side::Left } else { Side::Right }
    };
    assert_eq!(winner(Some(1_000), Some(1_060)), Side::Right);
    assert_eq!(winner(Some(1_060), Some(1_000)), Side::Left);
    assert_eq!(winner(Some(1_059), Some(1_000)), Side::Right, "too close: the fallback");
    assert_eq!(winner(Some(9_999), None), Side::Right, "unknown: the fallback");
    assert_eq!(winner(None, None), Side::Right);
}

#[test]
fn a_change_counts_from_when_it_was_first_seen() {
    let plan = small("details.topic <-> Topic__c\n wins newest else referral", "");
    let mut deal =
        Deal::settled(&plan, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
    // Opted out, the rep changes the topic at 1000; the record is touched again much later.
    set(&mut deal.right, "Sync__c", false);
    set(&mut deal.right, "Topic__c", "rep");
    deal.stamps = [Some(10), Some(1_000)];
    assert_eq!(outcome(&deal.round(&plan), "topic"), &Outcome::NotOptedIn);
    set(&mut deal.right, "Sync__c", true);
    set(&mut deal.left, "details.topic", "microsoft");
    deal.stamps = [Some(5_000), Some(90_000)];
    writes(&deal.decide(&plan), &[], &["Topic__c = \"microsoft\""]);
    // Without the first change the later stamp counts.
    set(&mut deal.right, "Sync__c", false);
    set(&mut deal.right, "Topic__c", "a");
    set(&mut deal.left, "details.topic", "a");
    deal.round(&plan);
    set(&mut deal.right, "Sync__c", true);
    set(&mut deal.right, "Topic__c", "rep");
    set(&mut deal.left, "details.topic", "microsoft");
    writes(&deal.decide(&plan), &["details.topic = \"rep\""], &[]);
}

#[test]
fn conflict_ask_parks_that_line_alone() {
    let plan = small(
        "details.topic <-> Topic__c\n conflict ask\ndetails.other <-> Other__c\n wins referral",
        "",
    );
    let mut deal = Deal::settled(
        &plan,
        &json!({"details": {"topic": "a", "other": "x"}}),
        &json!({"Topic__c": "a", "Other__c": "x"}),
    );
    set(&mut deal.left, "details.topic", "b");
    set(&mut deal.right, "Topic__c", "c");
    set(&mut deal.left, "details.other", "y");
    for _ in 0..2 {
        let decision = deal.round(&plan);
        assert_eq!(decision.parked.len(), 1);
        assert_eq!(decision.parked[0].code, FaultCode::Conflict);
        assert!(matches!(outcome(&decision, "topic"), Outcome::Parked(_)));
    }
    assert_eq!(get(&deal.right, "Other__c"), "y", "the other line went on");
    // A person made them equal.
    set(&mut deal.right, "Topic__c", "b");
    let decision = deal.round(&plan);
    assert!(decision.parked.is_empty());
    writes(&decision, &[], &[]);
}

#[test]
fn at_first_contact_a_blank_side_takes_the_other_value() {
    let plan =
        small("details.topic <-> Topic__c\n wins opportunity first contact wins opportunity", "");
    let first = |left: Value, right: Value| {
        let deal = Deal::new(&json!({"details": {"topic": left}}), &json!({"Topic__c": right}));
        deal.decide(&plan)
    };
    writes(&first(json!("l"), json!("r")), &["details.topic = \"r\""], &[]);
    writes(&first(json!("l"), json!(null)), &[], &["Topic__c = \"l\""]);
    writes(&first(json!(" "), json!("r")), &["details.topic = \"r\""], &[]);
    writes(&first(json!(null), json!("")), &[], &[]);
    let asks = small("details.topic <-> Topic__c\n conflict ask", "");
    let deal = Deal::new(&json!({"details": {"topic": "l"}}), &json!({"Topic__c": "r"}));
    let decision = deal.decide(&asks);
    writes(&decision, &[], &[]);
    assert_eq!(decision.parked[0].code, FaultCode::Conflict);
}

#[test]
fn a_changed_line_is_first_contact_again() {
    let old =
        small("details.topic <-> Topic__c\n wins referral first contact wins opportunity", "");
    let new = small(
        "details.topic <-> Topic__c as text\n wins referral first contact wins opportunity",
        "",
    );
    let mut deal =
        Deal::settled(&old, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
    set(&mut deal.left, "details.topic", "b");
    writes(&deal.decide(&old), &[], &["Topic__c = \"b\""]);
    writes(&deal.decide(&new), &["details.topic = \"a\""], &[]);
    // A base that cannot be read is none.
    for pair in deal.base.lines.values_mut() {
        pair.l = "{".to_owned();
    }
    writes(&deal.decide(&old), &["details.topic = \"a\""], &[]);
}

#[test]
fn one_way_to_true_never_goes_back() {
    let plan = small("shared <-> Flag__c\n one way to true", "");
    let after = |left: Value, right: Value| {
        let mut deal = Deal::new(&json!({"shared": left}), &json!({"Flag__c": right}));
        deal.quiet(&plan);
        (get(&deal.left, "shared").clone(), get(&deal.right, "Flag__c").clone())
    };
    let yes = (json!(true), json!(true));
    assert_eq!(after(json!(false), json!(true)), yes);
    assert_eq!(after(json!(true), json!(false)), yes);
    assert_eq!(after(json!(null), json!(true)), yes);
    assert_eq!(after(json!(null), json!(false)), (json!(null), json!(false)), "never set is off");
    let mut deal = Deal::settled(&plan, &json!({"shared": true}), &json!({"Flag__c": true}));
    set(&mut deal.left, "shared", false);
    writes(&deal.decide(&plan), &["shared = true"], &[]);
    set(&mut deal.right, "Flag__c", false);
    set(&mut deal.left, "shared", true);
    writes(&deal.decide(&plan), &[], &["Flag__c = true"]);
}

#[test]
fn missing_never_counts_as_a_change() {
    let plan =
        small("details.notes <-> Description as long text\n blank clear\n wins referral", "");
    let mut deal =
        Deal::settled(&plan, &json!({"details": {"notes": "n"}}), &json!({"Description": "n"}));
    let full = deal.clone();
    unset(&mut deal.left, "details.notes");
    writes(&deal.decide(&plan), &[], &[]);
    set(&mut deal.right, "Description", "rep");
    writes(&deal.round(&plan), &["details.notes = \"rep\""], &[]);
    let mut deal = full.clone();
    set(&mut deal.left, "details", Value::Null);
    writes(&deal.decide(&plan), &[], &[]);
    let mut deal = full;
    set(&mut deal.left, "details.notes", Value::Null);
    writes(&deal.decide(&plan), &[], &["Description = null"]);
    // Without a base nothing is cleared by what is not there.
    let plan = small("score -> Score__c\n blank clear", "");
    let deal = Deal::new(&json!({}), &json!({"Score__c": "kept"}));
    writes(&deal.decide(&plan), &[], &[]);
    let deal = Deal::new(&json!({"score": null}), &json!({"Score__c": "gone"}));
    writes(&deal.decide(&plan), &[], &["Score__c = null"]);
}

#[test]
fn a_fault_parks_its_line_and_no_other() {
    let plan = small(
        "details.topic <-> Topic__c\n wins referral\ndetails.other <-> Other__c\n wins referral\n\
         details.value <-> Rate__c\n wins referral",
        "",
    );
    let start = Deal::settled(&plan, &json!({}), &json!({}));
    let mut deal = start.clone();
    set(
        &mut deal.left,
        "details",
        json!({"topic": "x".repeat(41), "other": "fine", "value": 0.125}),
    );
    let decision = deal.decide(&plan);
    writes(&decision, &[], &["Other__c = \"fine\""]);
    let codes: Vec<FaultCode> = decision.parked.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [FaultCode::TooLong, FaultCode::TooManyDigits]);
    assert!(!decision.parked[0].to_string().contains("abc"), "no values in faults");
    // Characters are counted as both systems do.
    set(&mut deal.left, "details", json!({"topic": "😀".repeat(20)}));
    assert!(deal.decide(&plan).parked.is_empty());
    set(&mut deal.left, "details", json!({"topic": "😀".repeat(21)}));
    assert_eq!(deal.decide(&plan).parked[0].code, FaultCode::TooLong);
    let mut deal = start;
    set(&mut deal.left, "details", json!({"topic": 7, "other": "fine"}));
    let decision = deal.decide(&plan);
    writes(&decision, &[], &["Other__c = \"fine\""]);
    assert_eq!(decision.parked[0].code, FaultCode::WrongType);
    assert!(decision.parked[0].map_line > 0);
}
