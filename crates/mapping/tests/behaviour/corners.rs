//! Rare records: members that are missing, entities in lists, doubled keys, partial answers.

use serde_json::json;

use super::support::{Deal, get, said, set, small, writes};

#[test]
fn what_is_missing_altogether_clears_nothing_whatever_the_path() {
    let plan = small(
        "$.details.topic -> Topic__c blank clear\n\
         details.contacts[first].email -> Mail__c blank clear\n\
         $.details.contacts[0].phone -> Phone__c blank clear",
        "",
    );
    let there =
        json!({"details": {"topic": "t", "contacts": [{"email": "a@b.example", "phone": "1"}]}});
    let mut deal = Deal::settled(&plan, &there, &json!({}));
    let whole = deal.left.clone();
    deal.left = json!({"id": "r-1"});
    writes(&deal.decide(&plan), &[], &[]);
    // An element that a list does not have is known not to be there.
    deal.left = whole;
    set(&mut deal.left, "details.contacts", json!([]));
    writes(&deal.decide(&plan), &[], &["Mail__c = null", "Phone__c = null"]);
}

#[test]
fn entities_are_decoded_in_lists_too_and_once() {
    let table = "values colours\n \"R & D\" -> red\n otherwise -> ignore\nend";
    let plan = small(
        "tags -> Topic__c as list joined by \"; \"\n tags -> Tags__c using colours\n\
         details.solutions -> Other__c as list of id joined by \"; \"",
        table,
    );
    let left = json!({
        "tags": ["R &amp; D", null], "details": {"solutions": [{"id": "a &amp; b"}]}
    });
    let wanted = ["Topic__c = \"R & D\"", "Tags__c = \"red\"", "Other__c = \"a & b\""];
    writes(&Deal::new(&left, &json!({})).decide(&plan), &[], &wanted);
    let plan = small("details.topic <-> Topic__c wins referral first contact wins referral", "");
    let left = json!({"details": {"topic": "&amp;lt;b&amp;gt;"}});
    let deal = Deal::new(&left, &json!({"Topic__c": "<b>"}));
    writes(&deal.decide(&plan), &[], &["Topic__c = \"&lt;b&gt;\""]);
}

#[test]
fn a_default_goes_the_way_of_its_line() {
    let plan = small("reference -> Topic__c as text \"CRM-{reference}\" default score", "");
    let made = plan.apply(mapping::decision::Side::Right, r#"{"id":"r-1","score":"X"}"#, None);
    assert_eq!(made.unwrap(), r#"{"Key__c":"r-1","Topic__c":"CRM-X"}"#);
}

#[test]
fn an_otherwise_that_keeps_one_of_two_fields_comes_to_rest() {
    let table = "values two\n New -> a, b\n otherwise -> same, keep\nend";
    let plan = small("status -> Topic__c, Other__c using two", table);
    let mut deal = Deal::new(&json!({"status": "Active"}), &json!({"Other__c": "Kept"}));
    writes(&deal.decide(&plan), &[], &["Topic__c = \"Active\""]);
    deal.quiet(&plan);
    assert_eq!(get(&deal.right, "Other__c"), "Kept");
}

#[test]
fn what_a_table_ignores_leaves_a_list_as_a_blank_does() {
    let rows = "values colours\n a -> red\n b -> ignore\nend";
    let written = |clause: &str| {
        let plan = small(&format!("tags -> Tags__c using colours {clause}"), rows);
        let mut deal = Deal::settled(&plan, &json!({"tags": ["a"]}), &json!({}));
        set(&mut deal.left, "tags", json!(["b"]));
        deal.decide(&plan)
    };
    writes(&written("blank keep"), &[], &[]);
    writes(&written("blank clear"), &[], &["Tags__c = null"]);
}

#[test]
fn a_key_that_stands_twice_is_told_where_it_is_read_by_a_jsonpath_or_in_a_list() {
    let plan = small(
        "$.details.topic -> Topic__c\n details.solutions -> Other__c as list of id joined by \";\"",
        "",
    );
    let parked = |left: &str| {
        let fault = plan.apply(mapping::decision::Side::Right, left, None).unwrap_err();
        fault.code.name().to_owned()
    };
    assert_eq!(parked(r#"{"id":"r-1","details":{"topic":"a","topic":"b"}}"#), "fault::doubled-key");
    assert_eq!(
        parked(r#"{"id":"r-1","details":{"solutions":[{"id":"a","id":"b"}]}}"#),
        "fault::wrong-type"
    );
    let elsewhere = r#"{"id":"r-1","x":{"y":1,"y":2},"details":{"topic":"a"}}"#;
    assert!(plan.apply(mapping::decision::Side::Right, elsewhere, None).is_ok());
}

#[test]
fn what_does_nothing_or_cannot_hold_its_text_is_told() {
    let code = |fields: &str, blocks: &str| -> Vec<String> {
        said(fields, blocks).into_iter().map(|(code, text)| format!("{code} {text}")).collect()
    };
    assert_eq!(
        code("details.topic <- Topic__c as text cut at 20", ""),
        ["clause-misplaced as text cut at 20"]
    );
    assert_eq!(
        code("details.value -> Score__c as number", "")[0].split(' ').next(),
        Some("too-long")
    );
    let audit = |field: &str| code("", &format!("report\n audit in {field}\nend"));
    assert_eq!(audit("Topic__c"), ["bad-report Topic__c"]);
    assert_eq!(audit("Audit__c"), [""; 0]);
    let twice = code("details.topic -> Audit__c", "report\n audit in Audit__c\nend");
    assert_eq!(twice[0].split(' ').next(), Some("double-target"), "{twice:?}");
}

#[test]
fn a_link_that_is_longer_than_its_field_is_told() {
    let shipped = include_str!("../../../../mappings/opportunity.map");
    let is_told = |field: &str| {
        let text = shipped.replace("-> Referral_Link__c", &format!("-> {field}"));
        let schemas = mapping::schema::Schemas::built_in();
        let report = mapping::compile("test.map", &text, schemas).report;
        report.problems().iter().any(|problem| problem.code.name() == "map::too-long")
    };
    assert!(!is_told("Referral_Link__c") && !is_told("NextStep"), "255 characters are enough");
    assert!(is_told("Microsoft_Status__c"), "40 are not enough");
}

#[test]
fn a_key_field_must_hold_ids_and_be_found() {
    let map = |kind: &str| {
        let schemas = super::support::with_field(&format!("      Ref: {{ {kind} }}\n"));
        let text = super::support::small_text("name -> Topic__c", "").replace("Key__c", "Ref");
        let report = mapping::compile("test.map", &text, &schemas).report;
        report.problems().iter().map(|problem| problem.code.name()).collect::<Vec<_>>()
    };
    assert_eq!(map("type: text, length: 40"), [""; 0]);
    assert_eq!(map("type: text, length: 18"), ["map::too-long"]);
    assert_eq!(map("type: long_text, length: 1000"), ["map::bad-match"]);
}

#[test]
fn a_default_with_too_many_digits_is_told() {
    assert_eq!(
        said("details.value -> Rate__c default 1.234", ""),
        [("too-wide", "1.234".to_owned())]
    );
}

#[test]
fn an_element_that_lost_its_key_is_not_taken_for_removed() {
    use super::lists::{actions, both_ways, list, records, solutions, two};
    let plan = both_ways("");
    let mut deal = two(&plan);
    records(&mut deal)[0]["Code__c"] = json!(null);
    let decision = deal.round(&plan);
    assert_eq!((list(&decision), actions(&decision)), (json!(null), Vec::new()));
    deal.quiet(&plan);
    // With its key again all is as it was; without the element it is removed.
    records(&mut deal)[0]["Code__c"] = json!("a");
    assert!(!deal.round(&plan).writes());
    records(&mut deal)[0]["Code__c"] = json!(null);
    deal.round(&plan);
    records(&mut deal).remove(0);
    assert_eq!(list(&deal.decide(&plan)), json!([{"id": "b", "name": "B"}]));
    let mut deal = two(&plan);
    solutions(&mut deal)[1]["id"] = json!("");
    assert_eq!(actions(&deal.decide(&plan)), [""; 0]);
}

#[test]
fn a_mark_in_front_of_the_referrals_name_is_no_part_of_it() {
    let plan = small(
        "name <-> Name wins referral first contact wins referral\n to referral on create only",
        "report\n badge prefix of Name \"✔\" or \"✘\"\nend",
    );
    let mut deal = Deal::new(&json!({"name": "✔ Big"}), &json!({"Name": "Old"}));
    writes(&deal.decide(&plan), &[], &["Name = \"Big\""]);
    deal.right["Name"] = json!("✔ Big");
    assert!(!deal.round(&plan).writes());
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_jsonpath_through_members_that_the_schema_does_not_know_is_told() {
    let told = |path: &str| -> Vec<String> {
        let found = super::support::problems(&format!("{path} -> Topic__c"), "");
        found.iter().map(|problem| format!("{:?} {}", problem.severity, problem.message)).collect()
    };
    for path in [
        "$.details.topic",
        "$.details.solutions[0].name",
        "$.details.solutions[?@.id == 'a'].kind",
        "$.tags[0]",
        "$..anything",
        "$.details['topic']",
    ] {
        assert_eq!(told(path), [""; 0], "{path}");
    }
    let found = told("$.details.solutions[*].nmae");
    assert!(found.len() == 1 && found[0].contains("no field `nmae`"), "{found:?}");
    assert!(told("$.detials.topic")[0].starts_with("Warning"), "{:?}", told("$.detials.topic"));
    assert_eq!(told("$.details.solutions.name").len(), 1);
}

#[test]
fn what_would_clear_or_write_nothing_is_told() {
    let table = |cell: &str| format!("values t\n New -> {cell}\n otherwise -> keep\nend");
    let codes = |fields: &str, blocks: &str| -> Vec<&str> {
        let found = said(fields, blocks).into_iter().map(|(code, _)| code);
        found.filter(|code| *code != "only-otherwise").collect()
    };
    assert_eq!(codes("status -> CurrencyIsoCode using t", &table("blank")), ["not-clearable"]);
    assert_eq!(codes("status -> Topic__c using t", &table("blank")), [""; 0]);
    assert_eq!(codes("blank -> Topic__c", ""), ["bad-argument"]);
}

#[test]
fn a_constant_for_a_list_without_active_values_is_told() {
    let schemas = super::support::with_field(
        "      Gone: { type: enum, values: [{ value: Old, active: false }] }\n",
    );
    let text = super::support::small_text("\"Old\" -> Gone on create only", "");
    let report = mapping::compile("test.map", &text, &schemas).report;
    let told: Vec<&str> = report.problems().iter().map(|p| p.code.name()).collect();
    assert_eq!(told, ["map::unknown-value"]);
}
