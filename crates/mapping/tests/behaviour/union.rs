//! `union`: of lists that both sides changed, the values of both.

use std::sync::OnceLock;

use mapping::decision::Outcome;
use mapping::plan::Plan;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{cases, left_record, pick, right_record};
use super::laws::{edit, lawful_round, linked};
use super::lists::{actions, both_ways, list, records, solutions, two};
use super::support::{Deal, get, outcome, said, set, small, writes};

fn tags(clauses: &str) -> Plan {
    small(&format!("tags <-> Tags__c union {clauses}"), "")
}

fn deal(plan: &Plan, tags: &str) -> Deal {
    let list: Vec<&str> = tags.split(';').collect();
    Deal::settled(plan, &json!({"tags": list}), &json!({"Tags__c": tags}))
}

#[test]
fn both_sides_get_what_they_lack() {
    let plan = tags("");
    let mut deal = deal(&plan, "red");
    set(&mut deal.left, "tags", json!(["red", "green"]));
    set(&mut deal.right, "Tags__c", "blue;red");
    let decision = deal.decide(&plan);
    let wanted = ["tags = [\"red\",\"green\",\"blue\"]"];
    writes(&decision, &wanted, &["Tags__c = \"blue;red;green\""]);
    assert_eq!(outcome(&decision, "tags"), &Outcome::WritesBoth);
    deal.round(&plan);
    assert!(!deal.decide(&plan).writes());
    assert_eq!(outcome(&deal.decide(&plan), "tags"), &Outcome::Agrees);
    // A side that has everything already is not written.
    set(&mut deal.left, "tags", json!(["green"]));
    set(&mut deal.right, "Tags__c", "green;blue");
    writes(&deal.decide(&plan), &["tags = [\"green\",\"blue\"]"], &[]);
}

#[test]
fn one_change_wins_and_may_remove() {
    let plan = tags("");
    let mut deal = deal(&plan, "red;green");
    set(&mut deal.left, "tags", json!(["green"]));
    writes(&deal.decide(&plan), &[], &["Tags__c = \"green\""]);
    deal.quiet(&plan);
    set(&mut deal.right, "Tags__c", "green;blue");
    writes(&deal.decide(&plan), &["tags = [\"green\",\"blue\"]"], &[]);
    deal.quiet(&plan);
    // Emptied there and added to here: what is here counts.
    set(&mut deal.left, "tags", json!([]));
    set(&mut deal.right, "Tags__c", "red");
    writes(&deal.decide(&plan), &["tags = [\"red\"]"], &[]);
}

#[test]
fn at_first_contact_each_side_gets_what_it_lacks() {
    let plan = tags("");
    let mut deal = Deal::new(&json!({"tags": ["red", "green"]}), &json!({"Tags__c": "blue"}));
    let decision = deal.round(&plan);
    let wanted = ["tags = [\"red\",\"green\",\"blue\"]"];
    writes(&decision, &wanted, &["Tags__c = \"blue;red;green\""]);
    assert!(!deal.decide(&plan).writes());
}

#[test]
fn nothing_is_written_by_halves() {
    let plan = tags("");
    // The right record does not take part: nothing leaves it, and both changes stay known.
    let mut deal = deal(&plan, "red");
    set(&mut deal.right, "Sync__c", false);
    set(&mut deal.left, "tags", json!(["red", "green"]));
    set(&mut deal.right, "Tags__c", "red;blue");
    for _ in 0..2 {
        let decision = deal.round(&plan);
        assert!(!decision.writes());
        assert_eq!(outcome(&decision, "tags"), &Outcome::NotOptedIn);
    }
    set(&mut deal.right, "Sync__c", true);
    assert_eq!(outcome(&deal.round(&plan), "tags"), &Outcome::WritesBoth);
    // A value that the picklist does not have.
    let mut deal = Deal::new(&json!({"tags": ["pink"]}), &json!({"Tags__c": "blue"}));
    assert!(!deal.round(&plan).writes());
    assert_eq!(deal.decide(&plan).parked.len(), 1);
    // A lock on one side.
    let plan = tags("to referral on create only");
    let mut deal = Deal::new(&json!({"tags": ["red"]}), &json!({"Tags__c": "blue"}));
    assert!(matches!(outcome(&deal.round(&plan), "tags"), Outcome::Held(_)));
    assert!(!deal.round(&plan).writes());
}

#[test]
fn what_one_side_refused_is_sent_once_more_and_then_known() {
    let plan = tags("");
    let mut deal = deal(&plan, "red");
    set(&mut deal.left, "tags", json!(["red", "green"]));
    set(&mut deal.right, "Tags__c", "red;blue");
    // The left side says yes and keeps what it had.
    let decision = deal.decide(&plan);
    super::support::write(&mut deal.right, &decision.right);
    deal.settle(&plan, &decision);
    let again = deal.decide(&plan);
    assert!(again.right.is_nothing());
    assert_eq!(outcome(&again, "tags"), &Outcome::WritesLeft);
    deal.settle(&plan, &again);
    assert_eq!(outcome(&deal.decide(&plan), "tags"), &Outcome::Drifted);
}

#[test]
fn texts_of_elements_and_tables_are_united_too() {
    let line = "details.solutions <-> Topic__c as list of id joined by \"; \" union";
    let plan = small(line, "");
    let one = json!([{"id": "S1", "price": 1}]);
    let mut deal =
        Deal::settled(&plan, &json!({"details": {"solutions": one}}), &json!({"Topic__c": "S1"}));
    set(&mut deal.left, "details.solutions", json!([{"id": "S1", "price": 1}, {"id": "S2"}]));
    set(&mut deal.right, "Topic__c", "S3; S1");
    let wanted =
        "details.solutions = [{\"id\":\"S1\",\"price\":1},{\"id\":\"S2\"},{\"id\":\"S3\"}]";
    writes(&deal.decide(&plan), &[wanted], &["Topic__c = \"S3; S1; S2\""]);
    deal.quiet(&plan);
    let table = "values colours\n a <-> red\n b <-> green\n c -> green\n d <-> blue\nend";
    let plan = small("tags <-> Tags__c using colours union", table);
    let mut deal = Deal::new(&json!({"tags": ["c", "a"]}), &json!({"Tags__c": "green;blue"}));
    // `c` stands for green already.
    let wanted = ["tags = [\"c\",\"a\",\"d\"]"];
    writes(&deal.decide(&plan), &wanted, &["Tags__c = \"green;blue;red\""]);
    deal.quiet(&plan);
}

#[test]
fn lists_that_both_changed_lose_nothing() {
    let plan = both_ways("union");
    let mut deal = two(&plan);
    solutions(&mut deal).remove(0);
    records(&mut deal).remove(1);
    records(&mut deal).push(json!({"Id": "c9", "Code__c": "new", "Name": "New"}));
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["create {\"Code__c\":\"b\",\"Name\":\"B\"}"]);
    let ids: Vec<Value> =
        list(&decision).as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, ["b", "a", "new"]);
    assert!(!deal.round(&plan).writes());
    // Only one list changed: a removal is one.
    solutions(&mut deal).remove(0);
    assert_eq!(actions(&deal.round(&plan)), ["remove c0010"]);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_list_that_waits_is_not_taken_for_one_that_lost_elements() {
    let plan = both_ways("union");
    let mut deal = two(&plan);
    set(&mut deal.right, "Sync__c", false);
    solutions(&mut deal).remove(0);
    records(&mut deal).remove(1);
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["create {\"Code__c\":\"b\",\"Name\":\"B\"}"]);
    assert!(decision.left.is_nothing());
    assert!(!deal.round(&plan).writes(), "the removal of `a` is not sent");
    set(&mut deal.right, "Sync__c", true);
    assert_eq!(list(&deal.round(&plan)).as_array().unwrap().len(), 2);
    assert!(!deal.round(&plan).writes());
    assert_eq!(get(&deal.right, "Solutions__r.records").as_array().unwrap().len(), 2);
}

#[test]
fn a_misplaced_union_is_told() {
    let one = "details.topic <-> Topic__c union";
    assert_eq!(said(one, ""), [("clause-misplaced", "union".to_owned())]);
    assert_eq!(said("tags -> Tags__c union", ""), [("clause-misplaced", "union".to_owned())]);
    for (clauses, at) in [
        ("union wins referral", "wins referral"),
        ("conflict ask union", "union"),
        ("union first contact wins referral", "first contact wins referral"),
    ] {
        let said = said(&format!("tags <-> Tags__c {clauses}"), "");
        assert_eq!(said, [("clause-conflict", at.to_owned())]);
    }
    let each = |clause: &str, arrow: &str| {
        let block = format!(
            "each details.solutions with Solutions__r {clause}\n match id with Code__c\n \
             name {arrow} Name to opportunity default id wins opportunity\nend"
        );
        said("score -> Score__c", &block)
    };
    assert_eq!(each("union", "<->"), []);
    assert_eq!(each("union removed keep", "<->")[0].0, "clause-conflict");
    assert_eq!(each("on create only union", "<->")[0].0, "clause-conflict");
    assert!(each("union", "->").contains(&("clause-misplaced", "union".to_owned())));
}

fn plans() -> &'static [Plan] {
    static MADE: OnceLock<Vec<Plan>> = OnceLock::new();
    MADE.get_or_init(|| {
        let table = "values colours\n red <-> red\n blue <-> green\n green -> green\n \
                     otherwise -> keep\n otherwise <- keep\nend";
        let each = "each details.solutions with Solutions__r union\n match id with Code__c\n \
                    name <-> Name wins opportunity first contact wins referral\n \
                    to opportunity default id\nend";
        vec![
            small("tags <-> Tags__c union", each),
            small("tags <-> Tags__c as list joined by \";\" union blank clear", each),
            small("tags <-> Topic__c as list joined by \", \" union", ""),
            small("details.solutions <-> Topic__c as list of id joined by \"; \" union", ""),
            small("tags <-> Tags__c using colours union", table),
        ]
    })
}

fn lists() -> impl Strategy<Value = [Value; 3]> {
    let left = pick(&[
        "null",
        "[]",
        "[\"red\"]",
        "[\"blue\", \"red\"]",
        "[\"green\", 3]",
        "[\"red\", \"red\"]",
    ]);
    let right = pick(&["null", "\"red\"", "\"red;blue\"", "\"green\"", "\"blue;green;red\""]);
    let text = pick(&["null", "\"a\"", "\"b, red\"", "\"c; a\"", "\"red , blue\"", "\"3\""]);
    (left, right, text).prop_map(|(left, right, text)| [left, right, text])
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn united_lists_come_to_rest_in_one_round_and_again_after_edits(
        plan in 0..5_usize, first in lists(), then in lists(), last in lists(),
        left in left_record(), right in right_record(),
        new_left in left_record(), new_right in right_record(),
        which in any::<[u32; 2]>(),
    ) {
        let plan = &plans()[plan];
        let put = |deal: &mut Deal, [left, right, text]: &[Value; 3]| {
            set(&mut deal.left, "tags", left.clone());
            set(&mut deal.right, "Tags__c", right.clone());
            set(&mut deal.right, "Topic__c", text.clone());
        };
        let mut deal = linked(&left, &right, [None, None]);
        put(&mut deal, &first);
        lawful_round(plan, &mut deal)?;
        edit(&mut deal.left, &new_left, which[0]);
        put(&mut deal, &then);
        lawful_round(plan, &mut deal)?;
        edit(&mut deal.right, &new_right, which[1]);
        set(&mut deal.left, "tags", last[0].clone());
        lawful_round(plan, &mut deal)?;
        set(&mut deal.right, "Sync__c", true);
        lawful_round(plan, &mut deal)?;
    }

    #[test]
    fn united_lists_lose_nothing(
        first in lists(), then in lists(),
    ) {
        let plan = &plans()[0];
        let mut deal = Deal::new(&json!({"tags": first[0]}), &json!({"Tags__c": first[1]}));
        deal.round(plan);
        let before = (deal.left.clone(), deal.right.clone());
        set(&mut deal.left, "tags", then[0].clone());
        set(&mut deal.right, "Tags__c", then[1].clone());
        let words = |left: &Value, right: &Value| {
            let own = left["tags"].as_array().into_iter().flatten();
            let own = own.map(|item| item.to_string().replace('"', ""));
            let other = right["Tags__c"].as_str().unwrap_or("").split(';').map(str::to_owned);
            let all = own.chain(other).filter(|word| !word.is_empty());
            all.collect::<std::collections::BTreeSet<String>>()
        };
        let wanted = words(&deal.left, &deal.right);
        let decision = deal.round(plan);
        if outcome(&decision, "tags") == &Outcome::WritesBoth {
            prop_assert_eq!(words(&deal.left, &json!({})), wanted.clone());
            prop_assert_eq!(words(&json!({}), &deal.right), wanted);
            prop_assert!(before.0["tags"] != then[0] || before.1["Tags__c"] != then[1]);
        }
    }
}
