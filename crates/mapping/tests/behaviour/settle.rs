//! After a write: what was read back becomes the base.

use mapping::decision::{Base, Decision, Outcome};
use mapping::plan::Plan;
use serde_json::{Value, json};

use super::lists::{actions, both_ways, list, records, solutions, two};
use super::support::{Deal, get, outcome, set, small, write, writes};

fn topic() -> (Plan, Deal) {
    let plan = small("details.topic <-> Topic__c wins newest else opportunity", "");
    let deal = Deal::settled(&plan, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
    (plan, deal)
}

fn carry_out(deal: &mut Deal, decision: &Decision) {
    write(&mut deal.left, &decision.left);
    write(&mut deal.right, &decision.right);
}

#[test]
fn what_reads_back_as_written_is_the_base() {
    let (plan, mut deal) = topic();
    set(&mut deal.left, "details.topic", "b");
    let decision = deal.round(&plan);
    writes(&decision, &[], &["Topic__c = \"b\""]);
    assert_ne!(deal.base, decision.base, "not what was read before the write");
    assert_eq!(deal.base, deal.decide(&plan).base);
    // Going back to the value before is a change like any other.
    set(&mut deal.left, "details.topic", "a");
    writes(&deal.round(&plan), &[], &["Topic__c = \"a\""]);
}

#[test]
fn what_was_trimmed_or_rounded_and_agrees_is_the_base() {
    let plan = small(
        "details.topic <-> Topic__c as text cut at 5 wins opportunity\n\
         details.value <-> Amount as money with 0 decimals wins opportunity\n\
         details.mail <-> Mail__c wins opportunity",
        "",
    );
    let mut deal = Deal::settled(&plan, &json!({}), &json!({}));
    set(&mut deal.left, "details", json!({"topic": "abcdefg", "value": 10.4, "mail": "A@B.ch"}));
    let decision = deal.decide(&plan);
    carry_out(&mut deal, &decision);
    set(&mut deal.right, "Topic__c", " abcde ");
    set(&mut deal.right, "Mail__c", "a@b.ch");
    deal.settle(&plan, &decision);
    writes(&deal.round(&plan), &[], &[]);
    set(&mut deal.right, "Amount", 11);
    writes(&deal.round(&plan), &["details.value = 11"], &[]);
}

#[test]
fn what_was_refused_silently_is_not_tried_again() {
    let (plan, start) = topic();
    let mut deal = start.clone();
    set(&mut deal.left, "details.topic", "b");
    let decision = deal.decide(&plan);
    deal.settle(&plan, &decision);
    let next = deal.round(&plan);
    writes(&next, &[], &[]);
    assert_eq!(outcome(&next, "topic"), &Outcome::Drifted);
    set(&mut deal.left, "details.topic", "c");
    writes(&deal.decide(&plan), &[], &["Topic__c = \"c\""]);
    // The same for lines with an owner, and for flags that go one way.
    let plan = small("score -> Score__c\nshared <-> Flag__c one way to true", "");
    let mut deal = Deal::new(&json!({"score": "1", "shared": true}), &json!({"Flag__c": false}));
    set(&mut deal.right, "Score__c", "0");
    let decision = deal.decide(&plan);
    writes(&decision, &[], &["Score__c = \"1\"", "Flag__c = true"]);
    deal.settle(&plan, &decision);
    for _ in 0..2 {
        let next = deal.round(&plan);
        writes(&next, &[], &[]);
        assert_eq!(outcome(&next, "score"), &Outcome::Drifted);
    }
    set(&mut deal.right, "Flag__c", Value::Null);
    set(&mut deal.left, "score", "2");
    writes(&deal.decide(&plan), &[], &["Score__c = \"2\""]);
}

#[test]
fn a_third_value_is_the_other_sides_change() {
    let (plan, mut deal) = topic();
    set(&mut deal.left, "details.topic", "b");
    let decision = deal.decide(&plan);
    carry_out(&mut deal, &decision);
    set(&mut deal.right, "Topic__c", "someone else");
    deal.settle(&plan, &decision);
    writes(&deal.round(&plan), &["details.topic = \"someone else\""], &[]);
    writes(&deal.round(&plan), &[], &[]);
    // Also on the side that was not written.
    set(&mut deal.left, "details.topic", "c");
    let decision = deal.decide(&plan);
    carry_out(&mut deal, &decision);
    set(&mut deal.left, "details.topic", "d");
    deal.settle(&plan, &decision);
    writes(&deal.round(&plan), &[], &["Topic__c = \"d\""]);
}

#[test]
fn after_a_crash_the_same_settles_it() {
    let (plan, start) = topic();
    let mut changed = start.clone();
    set(&mut changed.left, "details.topic", "b");
    let decision = changed.decide(&plan);
    let kept = serde_json::to_string(&decision.pending).unwrap();
    let pending = serde_json::from_str(&kept).unwrap();
    // Written, and then the crash.
    let mut written = changed.clone();
    carry_out(&mut written, &decision);
    let (left, right) = (written.left.to_string(), written.right.to_string());
    written.base = plan.settle(&pending, &left, &right).unwrap();
    writes(&written.decide(&plan), &[], &[]);
    // The crash before the write: the old base would send it again, this one takes it as refused.
    let (left, right) = (changed.left.to_string(), changed.right.to_string());
    let base = plan.settle(&pending, &left, &right).unwrap();
    assert_eq!(base, pending.base, "by this the service sees that nothing was written");
    writes(&changed.decide(&plan), &[], &["Topic__c = \"b\""]);
}

#[test]
fn lines_that_were_not_written_keep_what_was_read_before() {
    let plan = small(
        "details.topic <-> Topic__c wins opportunity\ndetails.other <-> Other__c wins opportunity",
        "",
    );
    let mut deal = Deal::settled(&plan, &json!({}), &json!({}));
    set(&mut deal.left, "details", json!({"topic": "t"}));
    let decision = deal.decide(&plan);
    carry_out(&mut deal, &decision);
    // Between read and write a rep filled in the other field.
    set(&mut deal.right, "Other__c", "o");
    deal.settle(&plan, &decision);
    writes(&deal.round(&plan), &["details.other = \"o\""], &[]);
    writes(&deal.round(&plan), &[], &[]);
}

#[test]
fn children_settle_by_what_is_there() {
    let plan = both_ways("");
    let start = two(&plan);
    // A child that was made and is not there is not made again and again.
    let mut deal = start.clone();
    solutions(&mut deal).push(json!({"id": "x", "name": "X"}));
    let decision = deal.decide(&plan);
    deal.settle(&plan, &decision);
    for _ in 0..2 {
        let next = deal.round(&plan);
        writes(&next, &[], &[]);
        assert!(actions(&next).is_empty());
        assert_eq!(outcome(&next, "[x]"), &Outcome::Drifted);
    }
    // A child that was removed and is still there is not removed again.
    let mut deal = start.clone();
    solutions(&mut deal).remove(0);
    let decision = deal.decide(&plan);
    deal.settle(&plan, &decision);
    assert!(!deal.round(&plan).writes());
    // Removed on both sides, it is forgotten.
    records(&mut deal).remove(0);
    deal.round(&plan);
    solutions(&mut deal).push(json!({"id": "a", "name": "A"}));
    assert_eq!(actions(&deal.round(&plan)).len(), 1);
    assert!(!deal.round(&plan).writes());
    // A name that the other system changed while it was written flows back.
    let mut deal = start;
    solutions(&mut deal)[0]["name"] = json!("A2");
    let decision = deal.decide(&plan);
    carry_out(&mut deal, &decision);
    records(&mut deal)[0]["Name"] = json!("A3");
    deal.settle(&plan, &decision);
    assert_eq!(list(&deal.round(&plan))[0]["name"], "A3");
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_default_of_an_element_settles_as_agreeing() {
    let plan = both_ways("");
    let mut deal = two(&plan);
    solutions(&mut deal).push(json!({"id": "x", "name": null}));
    deal.round(&plan);
    let named = |deal: &Deal| deal.base.lines.values().filter(|pair| pair.l == "[null]").count();
    let before = named(&deal);
    assert!(!deal.round(&plan).writes());
    assert!(named(&deal) >= before && before > 0);
    assert_eq!(get(&deal.left, "details.solutions")[2]["name"], Value::Null);
}

#[test]
fn what_is_read_back_must_be_records() {
    let (plan, deal) = topic();
    let decision = deal.decide(&plan);
    assert!(plan.settle(&decision.pending, "{", "{}").is_err());
    assert!(plan.settle(&decision.pending, "{}", "[]").is_err());
    let base = plan.settle(&decision.pending, "{}", "{}").unwrap();
    assert_eq!(base, decision.base);
    let text = serde_json::to_string(&base).unwrap();
    assert_eq!(serde_json::from_str::<Base>(&text).unwrap(), base);
}
