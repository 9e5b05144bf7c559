//! `as list of id joined by`: elements of a list by a member, in one text.

use serde_json::json;

use super::support::{Deal, mended, said, set, small, writes};

#[test]
fn elements_and_their_ids_in_one_text_come_to_rest() {
    let line = "details.solutions <-> Topic__c as list of id joined by \"; \"\n \
        wins opportunity first contact wins referral";
    let plan = small(line, "");
    let two = json!([{"id": "S1", "name": "One", "price": 1.5}, {"id": "S2", "name": "Two"}]);
    let mut deal = Deal::new(&json!({"details": {"solutions": two}}), &json!({}));
    writes(&deal.decide(&plan), &[], &["Topic__c = \"S1; S2\""]);
    deal.quiet(&plan);
    // Order, blanks and repetition say nothing.
    set(&mut deal.right, "Topic__c", "S2;S1 ; S2");
    writes(&deal.decide(&plan), &[], &[]);
    deal.quiet(&plan);
    // What is known stays as it is, what is new has its id, what is gone goes.
    set(&mut deal.right, "Topic__c", "S3; S1");
    let wanted =
        "details.solutions = [{\"id\":\"S1\",\"name\":\"One\",\"price\":1.5},{\"id\":\"S3\"}]";
    writes(&deal.decide(&plan), &[wanted], &[]);
    deal.quiet(&plan);
    set(&mut deal.right, "Topic__c", json!(null));
    writes(&deal.decide(&plan), &[], &[]);
    deal.quiet(&plan);
    // Elements without an id are nothing to the text, and are kept.
    set(&mut deal.left, "details.solutions", json!([{"name": "Nameless"}]));
    writes(&deal.decide(&plan), &[], &[]);
    deal.quiet(&plan);
    set(&mut deal.right, "Topic__c", "S9");
    let wanted = "details.solutions = [{\"name\":\"Nameless\"},{\"id\":\"S9\"}]";
    writes(&deal.decide(&plan), &[wanted], &[]);
    deal.quiet(&plan);
    // An id with the separator in it fits no text.
    set(&mut deal.left, "details.solutions", json!([{"id": "S1;S2"}]));
    assert_eq!(deal.decide(&plan).parked.len(), 1);
}

#[test]
fn the_member_of_a_list_is_checked() {
    let line =
        |member: &str| format!("details.solutions -> Topic__c as list of {member} joined by \";\"");
    assert!(said(&line("id"), "").is_empty());
    assert_eq!(said(&line("ids"), ""), [("unknown-field", "ids".to_owned())]);
    assert!(mended(&line("naem"), "", "unknown-field").contains("list of name joined"));
    let tags = "tags -> Topic__c as list of id joined by \";\"";
    assert_eq!(said(tags, ""), [("conversion-mismatch", "id".to_owned())]);
    assert_eq!(said("details.solutions -> Topic__c as list of \"x\"", "")[0].0, "bad-argument");
}
