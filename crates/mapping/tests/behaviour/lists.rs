//! Lists whose elements correspond, by key, against the base.

use mapping::decision::{ChildAction, ChildChange, Decision, Outcome};
use mapping::fault::FaultCode;
use mapping::plan::Plan;
use serde_json::{Value, json};

use super::support::{Deal, changes, children, get, json as parsed, outcome, set, small, unset};

/// Solutions flow both ways.
pub(crate) fn both_ways(clause: &str) -> Plan {
    small(
        "details.topic <-> Topic__c wins opportunity",
        &format!(
            "each details.solutions with Solutions__r {clause}\n match id with Code__c\n\
             name <-> Name wins opportunity\n to opportunity default id\n\
             kind <- \"Name\" on create only\nend"
        ),
    )
}

pub(crate) fn left(solutions: &Value) -> Value {
    json!({"details": {"solutions": solutions}})
}

pub(crate) fn right(solutions: &Value) -> Value {
    json!({"Solutions__r": {"totalSize": 9, "done": true, "records": solutions}})
}

/// A deal in step with solutions a and b.
pub(crate) fn two(plan: &Plan) -> Deal {
    let solutions = json!([{"id": "a", "name": "A", "price": 1}, {"id": "b", "name": "B"}]);
    let records = json!([
        {"Id": "c1", "Code__c": "a", "Name": "A", "Note__c": "n"},
        {"Id": "c2", "Code__c": "b", "Name": "B"}
    ]);
    Deal::settled(plan, &left(&solutions), &right(&records))
}

/// The left list that is written; null when none is.
pub(crate) fn list(decision: &Decision) -> Value {
    let change = changes(&decision.left).iter().find(|change| change.path == "details.solutions");
    change.map_or(Value::Null, |change| parsed(&change.value))
}

/// What is done to the children: `create a`, `update c1 {…}`, `remove c2`.
pub(crate) fn actions(decision: &Decision) -> Vec<String> {
    let one = |child: &ChildChange| {
        assert_eq!((&*child.object, &*child.parent_field), ("Solution__c", "Deal__c"));
        let fields = mapping::decision::nest(&child.changes);
        match &child.action {
            ChildAction::Create => format!("create {fields}"),
            ChildAction::Update(id) => format!("update {id} {fields}"),
            ChildAction::Remove(id) => format!("remove {id}"),
        }
    };
    children(&decision.right).iter().map(one).collect()
}

pub(crate) fn records(deal: &mut Deal) -> &mut Vec<Value> {
    deal.right["Solutions__r"]["records"].as_array_mut().unwrap()
}

pub(crate) fn solutions(deal: &mut Deal) -> &mut Vec<Value> {
    deal.left["details"]["solutions"].as_array_mut().unwrap()
}

#[test]
fn in_step_nothing_is_written_in_any_order() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    assert!(!deal.decide(&plan).writes());
    solutions(&mut deal).reverse();
    assert!(!deal.decide(&plan).writes());
}

#[test]
fn new_on_one_side_is_added_to_the_other() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal).push(json!({"id": "x", "name": null, "price": 3}));
    records(&mut deal).push(json!({"Id": "c9", "Code__c": "y", "Name": "Y"}));
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["create {\"Code__c\":\"x\",\"Name\":\"x\"}"]);
    assert_eq!(
        list(&decision),
        json!([
            {"id": "a", "name": "A", "price": 1}, {"id": "b", "name": "B"},
            {"id": "x", "name": null, "price": 3}, {"id": "y", "name": "Y", "kind": "Name"}
        ])
    );
    let decision = deal.round(&plan);
    assert!(!decision.writes(), "the default is not sent back: {:#?}", decision.lines);
}

#[test]
fn at_first_contact_both_lists_become_the_union() {
    let plan = both_ways("");
    let mut deal = Deal::new(
        &left(&json!([{"id": "a", "name": "A"}])),
        &right(&json!([{"Id": "c1", "Code__c": "b", "Name": "B"}])),
    );
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["create {\"Code__c\":\"a\",\"Name\":\"A\"}"]);
    assert_eq!(list(&decision).as_array().unwrap().len(), 2);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn gone_on_one_side_is_removed_from_the_other() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal).remove(0);
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["remove c1"]);
    assert!(decision.left.is_nothing());
    assert!(!deal.round(&plan).writes());
    let mut deal = two(&plan);
    records(&mut deal).remove(1);
    let decision = deal.round(&plan);
    assert_eq!(list(&decision), json!([{"id": "a", "name": "A", "price": 1}]));
    assert!(decision.right.is_nothing());
    assert!(!deal.round(&plan).writes());
    // It comes back later as a new one.
    records(&mut deal).push(json!({"Id": "c8", "Code__c": "b", "Name": "B2"}));
    assert_eq!(list(&deal.round(&plan)).as_array().unwrap().len(), 2);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn gone_on_one_side_and_changed_on_the_other_comes_back() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal)[0]["name"] = json!("A2");
    records(&mut deal).remove(0);
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["create {\"Code__c\":\"a\",\"Name\":\"A2\"}"]);
    assert!(decision.left.is_nothing());
    assert!(!deal.round(&plan).writes());
    // A member that the map does not name is no change.
    let mut deal = two(&plan);
    solutions(&mut deal)[0]["price"] = json!(99);
    records(&mut deal).remove(0);
    assert_eq!(list(&deal.round(&plan)), json!([{"id": "b", "name": "B"}]));
}

#[test]
fn elements_in_both_lists_are_merged_line_by_line_and_keep_the_rest() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal)[0]["name"] = json!("A2");
    records(&mut deal)[1]["Name"] = json!("B2");
    let decision = deal.round(&plan);
    assert_eq!(actions(&decision), ["update c1 {\"Name\":\"A2\"}"]);
    assert_eq!(
        list(&decision),
        json!([{"id": "a", "name": "A2", "price": 1}, {"id": "b", "name": "B2"}])
    );
    assert_eq!(get(&deal.right, "Solutions__r")["records"][0]["Note__c"], "n");
    assert!(!deal.round(&plan).writes());
}

#[test]
fn blank_and_doubled_keys_are_carried_along() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal).push(json!({"id": null, "name": "no key"}));
    solutions(&mut deal).push(json!({"id": "d", "name": "one"}));
    solutions(&mut deal).push(json!({"id": "d", "name": "two"}));
    records(&mut deal).push(json!({"Id": "c7", "Code__c": "", "Name": "no key"}));
    let decision = deal.round(&plan);
    assert!(!decision.writes());
    let reported = decision.lines.iter().filter(|line| line.outcome == Outcome::Drifted).count();
    assert_eq!(reported, 3, "{:#?}", decision.lines);
    // One of them on the right is neither added again nor removed.
    records(&mut deal).push(json!({"Id": "c8", "Code__c": "d", "Name": "one"}));
    assert!(!deal.round(&plan).writes());
    // They ride along when the list is written.
    records(&mut deal)[0]["Name"] = json!("A2");
    let written = list(&deal.round(&plan));
    assert_eq!(written[2], json!({"id": null, "name": "no key"}));
    assert_eq!(written[4], json!({"id": "d", "name": "two"}));
    // A known key that becomes doubled is not removed either.
    solutions(&mut deal).push(json!({"id": "a", "name": "again"}));
    assert!(!deal.round(&plan).writes());
    solutions(&mut deal).pop();
    assert!(!deal.round(&plan).writes());
    // One that is missed may be the one without a key.
    records(&mut deal).remove(0);
    assert!(!deal.round(&plan).writes());
    records(&mut deal).retain(|record| record["Code__c"] != "");
    let rest = list(&deal.round(&plan));
    assert!(rest.as_array().unwrap().iter().all(|item| item["id"] != "a"), "still known");
}

#[test]
fn a_missing_list_is_no_change() {
    let plan = both_ways("");
    let full = two(&plan);
    let mut deal = full.clone();
    unset(&mut deal.left, "details.solutions");
    assert!(!deal.round(&plan).writes());
    let mut deal = full.clone();
    set(&mut deal.left, "details.solutions", Value::Null);
    assert!(!deal.round(&plan).writes(), "null is no evidence on the left");
    set(&mut deal.left, "details.solutions", full.left["details"]["solutions"].clone());
    solutions(&mut deal).remove(0);
    assert_eq!(actions(&deal.round(&plan)), ["remove c1"], "what was known stayed known");
    let mut deal = full.clone();
    unset(&mut deal.right, "Solutions__r");
    assert!(!deal.round(&plan).writes());
    // Nothing was ever known: null is an empty list.
    let mut deal = Deal::new(&left(&Value::Null), &full.right);
    assert_eq!(list(&deal.round(&plan)).as_array().unwrap().len(), 2);
}

#[test]
fn salesforce_says_null_for_no_children() {
    let plan = both_ways("removed keep");
    let keeps = two(&plan);
    let plan_removes = both_ways("");
    let removes = two(&plan_removes);
    for none in [Value::Null, json!({"totalSize": 0, "done": true, "records": []})] {
        let mut deal = removes.clone();
        solutions(&mut deal).push(json!({"name": "no key, so the list is not emptied"}));
        deal.right["Solutions__r"] = none.clone();
        assert_eq!(list(&deal.decide(&plan_removes)).as_array().unwrap().len(), 1, "{none}");
        let mut deal = keeps.clone();
        deal.right["Solutions__r"] = none;
        assert!(!deal.round(&plan).writes());
        assert!(!deal.round(&plan).writes(), "kept, and not made anew");
    }
}

#[test]
fn a_list_of_which_only_a_page_was_read_removes_nothing() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    records(&mut deal).remove(0);
    deal.right["Solutions__r"]["done"] = json!(false);
    let decision = deal.decide(&plan);
    assert!(!decision.writes());
    assert_eq!(decision.parked[0].code, FaultCode::WrongType);
    assert!(decision.parked[0].message.contains("first page"));
}

#[test]
fn what_is_no_list_parks_the_list_alone() {
    let plan = both_ways("");
    for wrong in [json!("x"), json!(7), json!({"a": 1}), json!(true)] {
        let mut deal = two(&plan);
        deal.left["details"]["solutions"] = wrong;
        set(&mut deal.right, "Topic__c", "t");
        let decision = deal.decide(&plan);
        assert_eq!(decision.parked.len(), 1, "{:?}", decision.parked);
        assert_eq!(changes(&decision.left).len(), 1, "the topic goes on");
    }
    let mut deal = two(&plan);
    solutions(&mut deal)[0] = json!("not an object");
    let decision = deal.decide(&plan);
    assert!(!decision.right.is_nothing() || !decision.parked.is_empty() || !decision.writes());
}

#[test]
fn an_element_that_does_not_fit_is_parked_alone() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal).push(json!({"id": "x", "name": "y".repeat(41)}));
    solutions(&mut deal).push(json!({"id": "z", "name": "Z"}));
    for _ in 0..2 {
        let decision = deal.round(&plan);
        assert_eq!(decision.parked[0].code, FaultCode::TooLong);
    }
    assert_eq!(records(&mut deal).len(), 3, "the other was made");
    // A child without an id cannot be changed: said, not swallowed.
    let mut deal = two(&plan);
    records(&mut deal)[0].as_object_mut().unwrap().shift_remove("Id");
    solutions(&mut deal)[0]["name"] = json!("A2");
    let decision = deal.round(&plan);
    assert!(!decision.writes());
    assert!(decision.parked[0].message.contains("`Id`"));
    solutions(&mut deal).remove(0);
    assert_eq!(deal.decide(&plan).parked.len(), 1);
}

#[test]
fn keys_are_compared_as_what_they_are() {
    let plan = small(
        "score -> Score__c",
        "each details.contacts with Contacts__r\n match email with Email__c\n\
         lastName <-> LastName__c wins opportunity\nend",
    );
    let mut deal = Deal::new(
        &json!({"details": {"contacts": [{"email": " Mira@Example.com", "lastName": "Muster"}]}}),
        &json!({"Contacts__r": {"records": [
            {"Id": "k1", "Email__c": "mira@example.com", "LastName__c": "Muster"}
        ]}}),
    );
    assert!(!deal.round(&plan).left.is_nothing() || deal.right["Score__c"].is_null());
    assert!(!deal.round(&plan).writes());
    assert_eq!(deal.right["Contacts__r"]["records"].as_array().unwrap().len(), 1);
    assert_eq!(outcome(&deal.decide(&plan), "lastName"), &Outcome::Agrees);
}

#[test]
fn a_key_with_a_slash_is_a_key_like_any_other() {
    let plan = both_ways("");
    let list =
        json!([{"id": "a/b", "name": "1"}, {"id": "a", "name": "2"}, {"id": "%2F", "name": "3"}]);
    let mut deal = Deal::new(&left(&list), &right(&json!([])));
    deal.quiet(&plan);
    assert_eq!(records(&mut deal).len(), 3);
    solutions(&mut deal).remove(1);
    assert_eq!(actions(&deal.round(&plan)), ["remove c0002"]);
    solutions(&mut deal).remove(0);
    assert_eq!(actions(&deal.round(&plan)), ["remove c0001"]);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_new_element_says_what_it_lacks_and_why() {
    let parked = |lines: &str| {
        let list = format!(
            "each details.solutions with Solutions__r\n match id with Code__c\n{lines}\nend"
        );
        let plan = small("details.topic <-> Topic__c wins opportunity", &list);
        let solutions = json!([{"id": "a", "name": null}]);
        let decision = Deal::new(&left(&solutions), &right(&json!([]))).decide(&plan);
        decision.parked.first().map(|fault| fault.message.clone()).unwrap_or_default()
    };
    assert_eq!(
        [parked("name -> Name"), parked("name <- Name\n kind -> Note__c")],
        [
            "`Name` must be given in each new element of the list, and its source is blank",
            "`Name` must be given in each new element of the list, and no line writes it",
        ]
    );
}
