//! Lines with several fields on one side and one on the other: templates and `first of`.

use serde_json::json;

use super::support::{Deal, said, set, small, writes};

const NOTE: &str =
    "details.topic, details.value -> Topic__c as text \"{topic} ({value})\" cut at 40";
const PHONE: &str = "details.phone, details.other <-> Phone__c as first of\n wins opportunity first contact wins opportunity";

#[test]
fn a_template_writes_one_text_of_several_fields_and_writes_it_once() {
    let plan = small(NOTE, "");
    let left = json!({"details": {"topic": "Fleet", "value": 12.50}});
    let mut deal = Deal::new(&left, &json!({}));
    writes(&deal.decide(&plan), &[], &["Topic__c = \"Fleet (12.5)\""]);
    deal.quiet(&plan);
    set(&mut deal.left, "details.topic", "Depots");
    writes(&deal.decide(&plan), &[], &["Topic__c = \"Depots (12.5)\""]);
    deal.quiet(&plan);
    set(&mut deal.right, "Topic__c", "Depots");
    writes(&deal.decide(&plan), &[], &["Topic__c = \"Depots (12.5)\""]);
}

#[test]
fn the_first_field_is_written_back_and_the_others_stay() {
    let plan = small(PHONE, "");
    let left = json!({"details": {"phone": null, "other": "555"}});
    let mut deal = Deal::new(&left, &json!({}));
    writes(&deal.decide(&plan), &[], &["Phone__c = \"555\""]);
    deal.quiet(&plan);
    set(&mut deal.right, "Phone__c", "777");
    writes(&deal.decide(&plan), &["details.phone = \"777\""], &[]);
    deal.quiet(&plan);
    assert_eq!(deal.left["details"]["other"], "555");
    set(&mut deal.left, "details.other", "556");
    writes(&deal.decide(&plan), &[], &[]);
    set(&mut deal.left, "details.phone", "");
    writes(&deal.decide(&plan), &[], &["Phone__c = \"556\""]);
}

#[test]
fn a_cleared_first_of_clears_all_its_fields() {
    let plan = small(&format!("{PHONE}\n to referral blank clear"), "");
    let left = json!({"details": {"phone": "1", "other": "2"}});
    let mut deal = Deal::settled(&plan, &left, &json!({}));
    set(&mut deal.right, "Phone__c", "");
    writes(&deal.decide(&plan), &["details.phone = null", "details.other = null"], &[]);
    deal.quiet(&plan);
}

#[test]
fn what_does_not_fit_is_said_at_the_word() {
    for (line, code, at) in [
        (NOTE.replace("{value}", "{valu}"), "bad-argument", "valu"),
        (NOTE.replace("->", "<->"), "no-way-back", "as text \"{topic} ({value})\" cut at 40"),
        (NOTE.replace(" cut at 40", ""), "", ""),
        (
            NOTE.replace("cut at 40", "cut at 41"),
            "too-long",
            "as text \"{topic} ({value})\" cut at 41",
        ),
        (
            NOTE.replace("details.value", "tags").replace("value", "tags"),
            "conversion-mismatch",
            "as text \"{topic} ({tags})\" cut at 40",
        ),
        (PHONE.replace("first of", "first of phone"), "bad-argument", "as first of phone"),
        (PHONE.replace("first of", "first of phone, othr"), "bad-argument", "othr"),
        (PHONE.replace("details.other", "details.value"), "conversion-mismatch", "as first of"),
        (PHONE.replace("details.other", "score"), "", ""),
        (PHONE.replace("details.phone", "score"), "read-only", "score"),
        ("details.topic -> Topic__c as first of".to_owned(), "conversion-mismatch", "as first of"),
        (format!("{PHONE}\n details.other <- Other__c"), "", ""),
        (
            format!("{PHONE}\n details.phone <- Other__c"),
            "double-target",
            "details.phone <- Other__c",
        ),
    ] {
        let wanted: Vec<(&str, String)> =
            if code.is_empty() { Vec::new() } else { vec![(code, at.to_owned())] };
        assert_eq!(said(&line, ""), wanted, "{line}");
    }
}
