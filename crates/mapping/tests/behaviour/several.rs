//! Lines with several fields on one side and one on the other: templates and `first of`.

use mapping::decision::Side;
use mapping::schema::Schemas;
use proptest::prelude::*;
use serde_json::json;

use super::support::{Deal, compiled, said, set, small, writes};

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

#[test]
fn a_json_path_opposite_to_a_list_stands_for_all_that_it_finds() {
    let plan = compiled(
        "language 1
mapping deal \"Deal\"
side referral is partner_center Referral
side opportunity is salesforce Opportunity
match referral.id with opportunity.Referral_Identifier__c
fields
  name -> Name
  \"Prospecting\" -> StageName
  details.closingDateTime -> CloseDate as date in \"UTC\"
  $.details.requirements.solutions[*].id -> Products__c as list joined by \", \"
  $.details.requirements.solutions[*].name -> NextStep
end
",
        Schemas::built_in(),
    );
    let left = json!({"id": "7", "name": "x", "details": {"closingDateTime": "2026-06-30T00:00:00Z", "requirements": {"solutions": [
        {"id": "SOL-1", "name": "One"}, {"id": "SOL-2"}
    ]}}});
    let made = plan.apply(Side::Right, &left.to_string(), None).unwrap();
    assert_eq!(
        made,
        r#"{"Referral_Identifier__c":"7","Name":"x","StageName":"Prospecting","CloseDate":"2026-06-30","Products__c":"SOL-1, SOL-2","NextStep":"One"}"#
    );
}

#[test]
fn of_several_from_lines_one_has_to_hold() {
    let plan = compiled(
        "language 1
mapping deal \"Deal\"
side referral is partner_center Referral
side opportunity is salesforce Opportunity
match referral.id with opportunity.Referral_Identifier__c
sync
  from opportunity when Sync_with_Partner_Center__c is true and Amount above 10
  from opportunity when Sync_with_Partner_Center__c is true and Name is \"x\"
end
fields
  details.notes <- Description
end
",
        Schemas::built_in(),
    );
    let takes_part = |amount: u32, name: &str| {
        let right = json!({"Sync_with_Partner_Center__c": true, "Amount": amount, "Name": name});
        plan.takes_part(Side::Right, &right.to_string()).unwrap()
    };
    assert!(takes_part(11, "y") && takes_part(9, "x") && !takes_part(9, "y"));
    assert!(!plan.takes_part(Side::Left, "{}").unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn lines_of_several_fields_come_to_rest_in_one_round(
        texts in prop::collection::vec("|[a-c]|CRM-[a-c]|CRM-", 6),
        sort in 0..3_usize,
        wins in any::<bool>(),
        clear in any::<bool>(),
    ) {
        let side = if wins { "referral" } else { "opportunity" };
        let line = [
            "details.topic, details.other <-> Topic__c as first of other, topic",
            "details.topic <-> Topic__c, Other__c as first of",
            "details.topic <-> Topic__c as text \"CRM-{topic}\"",
        ][sort];
        let blank = if clear { "blank clear" } else { "blank keep" };
        let plan = small(&format!("{line} wins {side} first contact wins {side} {blank}"), "");
        let deal = |at: usize, deal: &mut Deal| {
            set(&mut deal.left, "details.topic", texts[at].as_str());
            set(&mut deal.left, "details.other", texts[at + 1].as_str());
            set(&mut deal.right, "Topic__c", texts[at + 2].as_str());
        };
        let mut one = Deal::new(&json!({}), &json!({"Other__c": texts[1]}));
        for at in [0, 3] {
            deal(at, &mut one);
            one.round(&plan);
            let second = one.round(&plan);
            prop_assert!(!second.writes(), "{line} {blank}: {second:#?}");
        }
    }
}
