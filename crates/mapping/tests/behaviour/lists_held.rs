//! Lists that flow one way, that may not be written, or that do not take part.

use mapping::decision::{Outcome, Side};
use serde_json::{Value, json};

use super::lists::{actions, both_ways, left, list, records, right, solutions, two};
use super::support::{Deal, create, get, outcome, set, small, unset};

fn inbound(clause: &str) -> mapping::plan::Plan {
    small(
        "score -> Score__c",
        &format!(
            "each details.solutions with Solutions__r {clause}\n match id with Code__c\n\
             name -> Name\n default id\nend"
        ),
    )
}

fn outbound(clause: &str) -> mapping::plan::Plan {
    small(
        "reference <- Id as id",
        &format!(
            "each details.solutions with Solutions__r {clause}\n match id with Code__c\n\
             name <- Name\nend"
        ),
    )
}

#[test]
fn a_list_that_flows_to_the_right_has_the_left_as_its_owner() {
    let plan = inbound("");
    let mut deal = two(&plan);
    // Removed on the right: made again.
    records(&mut deal).remove(0);
    assert_eq!(actions(&deal.round(&plan)), ["create {\"Code__c\":\"a\",\"Name\":\"A\"}"]);
    assert!(!deal.round(&plan).writes());
    // Removed on the left: removed on the right.
    solutions(&mut deal).remove(1);
    assert_eq!(actions(&deal.round(&plan)), ["remove c2"]);
    // New on the right: left alone.
    records(&mut deal).push(json!({"Id": "c9", "Code__c": "own", "Name": "Own"}));
    let decision = deal.round(&plan);
    assert!(!decision.writes());
    assert_eq!(outcome(&decision, "[own]"), &Outcome::Drifted);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_list_that_flows_to_the_left_has_the_right_as_its_owner() {
    let plan = outbound("");
    let mut deal = two(&plan);
    solutions(&mut deal).remove(0);
    assert_eq!(list(&deal.round(&plan)).as_array().unwrap().len(), 2, "put back");
    assert!(!deal.round(&plan).writes());
    records(&mut deal).remove(1);
    assert_eq!(list(&deal.round(&plan)), json!([{"id": "a", "name": "A"}]));
    solutions(&mut deal).push(json!({"id": "own", "name": "Own"}));
    let decision = deal.round(&plan);
    assert!(!decision.writes(), "new on the left: left alone");
    assert_eq!(outcome(&decision, "[own]"), &Outcome::Drifted);
}

#[test]
fn an_empty_right_list_does_not_empty_a_list_that_cannot_be_cleared() {
    let plan = outbound("");
    let mut deal = two(&plan);
    records(&mut deal).clear();
    let decision = deal.round(&plan);
    assert!(decision.left.is_nothing());
    let locks: Vec<&Outcome> = decision.lines.iter().map(|line| &line.outcome).collect();
    let held = Outcome::Held("`details.solutions` cannot be cleared".to_owned());
    assert_eq!(locks.iter().filter(|outcome| ***outcome == held).count(), 2, "{locks:?}");
    // It goes as soon as another one stands there: who replaces the only one takes it out first.
    assert!(!deal.round(&plan).writes());
    records(&mut deal).push(json!({"Id": "c3", "Code__c": "n", "Name": "N"}));
    assert_eq!(list(&deal.round(&plan)), json!([{"id": "n", "name": "N"}]));
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_held_removal_is_not_undone() {
    let plan = small(
        "status, substatus <-> StageName using stage wins opportunity",
        "values stage\n Active, Accepted <-> \"Open\"\n Closed, Won <-> \"Won\"\n otherwise -> keep\n otherwise <- keep\nend\n\
         each details.solutions with Solutions__r\n match id with Code__c\n name <-> Name wins opportunity\nend",
    );
    let mut deal = two(&plan);
    set(&mut deal.left, "status", "Closed");
    set(&mut deal.left, "substatus", "Won");
    deal.quiet(&plan);
    records(&mut deal).remove(0);
    records(&mut deal).push(json!({"Id": "c9", "Code__c": "late", "Name": "Late"}));
    for _ in 0..3 {
        let decision = deal.round(&plan);
        assert!(!decision.writes(), "neither written nor made again: {decision:#?}");
    }
    assert!(matches!(
        outcome(&two(&plan).decide(&plan), "StageName"),
        Outcome::Agrees | Outcome::Kept | Outcome::Drifted
    ));
    // What changes later still flows.
    solutions(&mut deal)[1]["name"] = json!("B2");
    assert_eq!(actions(&deal.round(&plan)), ["update c2 {\"Name\":\"B2\"}"]);
}

#[test]
fn a_list_is_locked_after_sharing() {
    let plan = both_ways("until shared");
    let mut deal = two(&plan);
    set(&mut deal.left, "shared", true);
    records(&mut deal)[0]["Name"] = json!("A2");
    let decision = deal.round(&plan);
    assert!(!decision.writes());
    assert!(matches!(
        outcome(&decision, "[a] name"),
        Outcome::Held(lock) if lock.contains("after sharing")
    ));
    assert!(!deal.round(&plan).writes());
    // Inbound goes on.
    solutions(&mut deal)[1]["name"] = json!("B2");
    assert_eq!(actions(&deal.round(&plan)), ["update c2 {\"Name\":\"B2\"}"]);
}

#[test]
fn nothing_leaves_while_the_record_does_not_take_part() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    set(&mut deal.right, "Sync__c", false);
    records(&mut deal).remove(0);
    records(&mut deal).push(json!({"Id": "c9", "Code__c": "new", "Name": "New"}));
    records(&mut deal)[0]["Name"] = json!("B2");
    solutions(&mut deal).push(json!({"id": "in", "name": "In"}));
    let decision = deal.round(&plan);
    assert!(decision.left.is_nothing());
    assert_eq!(actions(&decision), ["create {\"Code__c\":\"in\",\"Name\":\"In\"}"]);
    assert!(!deal.round(&plan).writes());
    // Switched on, it is merged from where it was.
    set(&mut deal.right, "Sync__c", true);
    let decision = deal.round(&plan);
    assert_eq!(
        list(&decision),
        json!([
            {"id": "b", "name": "B2"}, {"id": "in", "name": "In"},
            {"id": "new", "name": "New", "kind": "Name"}
        ])
    );
    assert!(decision.right.is_nothing());
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_list_on_create_only_is_left_alone_afterwards() {
    let plan = both_ways("on create only");
    let mut deal = two(&plan);
    records(&mut deal).clear();
    assert!(!deal.decide(&plan).writes());
    let made = create(&plan, Side::Right, &deal.left);
    assert_eq!(actions(&made).len(), 2);
}

#[test]
fn a_new_record_gets_every_element_with_a_key_of_its_own() {
    let plan = both_ways("");
    let list = json!([
        {"id": "a", "name": "A"}, {"id": null, "name": "N"}, {"id": "d"}, {"id": "d"}, {"id": "e"}
    ]);
    let decision = create(&plan, Side::Right, &left(&list));
    assert_eq!(
        actions(&decision),
        ["create {\"Code__c\":\"a\",\"Name\":\"A\"}", "create {\"Code__c\":\"e\",\"Name\":\"e\"}"]
    );
    let told = decision.lines.iter().find(|line| line.rule.contains("solutions")).unwrap();
    assert!(told.reason.contains("3 left out"), "{}", told.reason);
    let mut record = right(&json!([{"Id": "c1", "Code__c": "a", "Name": "A"}]));
    set(&mut record, "Sync__c", true);
    let mut deal = Deal::new(&Value::Null, &record);
    unset(&mut deal.right, "Key__c");
    let decision = create(&plan, Side::Left, &deal.right);
    super::support::write(&mut deal.left, &decision.left);
    assert_eq!(
        get(&deal.left, "details.solutions"),
        &json!([{"id": "a", "name": "A", "kind": "Name"}])
    );
}
