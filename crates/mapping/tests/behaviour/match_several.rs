//! `match` by several fields in `each`: all of them must be equal.

use mapping::plan::Plan;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{cases, pick};
use super::laws::lawful_round;
use super::lists::{actions, left, list, records, right, solutions};
use super::support::{Deal, set, small};

fn plan(clause: &str) -> Plan {
    small(
        "details.topic <-> Topic__c wins opportunity",
        &format!(
            "each details.solutions with Solutions__r {clause}\n\
             match id with Code__c, name with Name\n\
             kind <-> Note__c wins opportunity first contact wins referral\nend"
        ),
    )
}

fn deal(plan: &Plan) -> Deal {
    let list = json!([{"id": "a", "name": "x"}, {"id": "a", "name": "y", "kind": "k"}]);
    let children = json!([
        {"Id": "c1", "Code__c": "a", "Name": "y", "Note__c": "k"},
        {"Id": "c2", "Code__c": "a", "Name": "x"}
    ]);
    Deal::settled(plan, &left(&list), &right(&children))
}

#[test]
fn elements_that_share_one_field_are_told_apart_by_the_other() {
    let plan = plan("");
    let mut deal = deal(&plan);
    assert!(!deal.decide(&plan).writes());
    solutions(&mut deal)[1]["kind"] = json!("k2");
    assert_eq!(actions(&deal.round(&plan)), ["update c1 {\"Note__c\":\"k2\"}"]);
    solutions(&mut deal).push(json!({"id": "b", "name": "x", "kind": "n"}));
    let made = ["create {\"Code__c\":\"b\",\"Name\":\"x\",\"Note__c\":\"n\"}"];
    assert_eq!(actions(&deal.round(&plan)), made);
    records(&mut deal).remove(1);
    let left = list(&deal.round(&plan));
    assert_eq!(left.as_array().unwrap().len(), 2, "just the one with both fields went: {left}");
    assert!(!deal.round(&plan).writes());
    // Another value of one of the fields is another element.
    let renamed = solutions(&mut deal).iter().position(|item| item["id"] == "b").unwrap();
    solutions(&mut deal)[renamed]["name"] = json!("z");
    let done = actions(&deal.round(&plan));
    assert_eq!(done.len(), 2, "{done:?}");
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_blank_field_equals_only_a_blank_one() {
    let plan = plan("");
    let list = json!([
        {"id": "a", "name": null}, {"id": "", "name": "n"}, {"id": null, "name": " "},
        {"id": "d", "name": "d"}, {"id": "d", "name": "d"}
    ]);
    let children = json!([{"Id": "c1", "Code__c": null, "Name": "n"}]);
    let mut deal = Deal::new(&left(&list), &right(&children));
    let decision = deal.round(&plan);
    // An opportunity's solution needs its name; what has no key, or a doubled one, is left alone.
    assert!(actions(&decision).is_empty(), "{:?}", actions(&decision));
    assert_eq!(decision.parked.len(), 1, "{:?}", decision.parked);
    let said: Vec<&str> = decision.lines.iter().map(|line| line.reason.as_str()).collect();
    assert!(said.iter().any(|reason| reason.contains("stands twice")), "{said:?}");
    assert!(said.iter().any(|reason| reason.contains("without a key")), "{said:?}");
    assert_eq!(solutions(&mut deal).len(), 5);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn parts_of_a_key_do_not_run_into_each_other() {
    let plan = plan("");
    let list = json!([{"id": "a, b", "name": "c"}, {"id": "a", "name": "b, c"}]);
    let mut deal = Deal::new(&left(&list), &right(&json!([])));
    assert_eq!(actions(&deal.round(&plan)).len(), 2);
    assert!(!deal.round(&plan).writes());
    solutions(&mut deal).remove(0);
    assert_eq!(actions(&deal.round(&plan)), ["remove c0001"]);
}

fn elements() -> impl Strategy<Value = Vec<[Value; 3]>> {
    let id = pick(&["null", "\"a\"", "\"b\"", "\" a\"", "\"a, b\""]);
    let name = pick(&["null", "\"a\"", "\"b\"", "\"b, a\""]);
    let kind = pick(&["null", "\"k\"", "\"l\""]);
    prop::collection::vec((id, name, kind).prop_map(|(id, name, kind)| [id, name, kind]), 0..4)
}

fn put(deal: &mut Deal, lists: [&[[Value; 3]]; 2]) {
    let [own, other] = lists;
    let item = |[id, name, kind]: &[Value; 3]| json!({"id": id, "name": name, "kind": kind});
    set(&mut deal.left, "details.solutions", own.iter().map(item).collect::<Vec<_>>());
    let record = |(at, [id, name, kind]): (usize, &[Value; 3])| json!({"Id": format!("c{:04}", at + 1), "Code__c": id, "Name": name, "Note__c": kind});
    let children: Vec<Value> = other.iter().enumerate().map(record).collect();
    set(&mut deal.right, "Solutions__r", json!({"done": true, "records": children}));
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn lists_matched_by_two_fields_come_to_rest_in_one_round(
        lists in prop::array::uniform4(elements()), clause in 0..3_usize, opted_in in any::<bool>(),
    ) {
        let plan = plan(["", "union", "removed keep"][clause]);
        let mut deal = Deal::new(&json!({}), &json!({}));
        put(&mut deal, [&lists[0], &lists[1]]);
        set(&mut deal.right, "Sync__c", opted_in);
        lawful_round(&plan, &mut deal)?;
        put(&mut deal, [&lists[2], &lists[1]]);
        lawful_round(&plan, &mut deal)?;
        put(&mut deal, [&lists[0], &lists[3]]);
        lawful_round(&plan, &mut deal)?;
        set(&mut deal.right, "Sync__c", true);
        lawful_round(&plan, &mut deal)?;
    }
}
