//! `require` lines after the record was shared: what they name is held, and nothing else.

use mapping::decision::Outcome;
use mapping::fault::FaultCode;
use mapping::plan::Plan;
use serde_json::{Value, json};

use super::lists::{left, records, right};
use super::support::{Deal, get, held, outcome, set, small, writes};

fn plan() -> Plan {
    small(
        "details.value, details.currency <-> Amount, CurrencyIsoCode as money wins opportunity\n\
         details.topic <-> Topic__c wins opportunity blank clear\n\
         details.other <-> Other__c wins opportunity blank clear",
        "each details.solutions with Solutions__r\n match id with Code__c\n\
         name <-> Name wins opportunity\nend\n\
         require before sharing\n\
         details.value above 0 else \"Set an amount.\"\n\
         details.solutions not empty else \"Add a solution.\"\n\
         details.topic is present when details.other is present else \"Other needs a topic.\"\n\
         end",
    )
}

fn deal(plan: &Plan) -> Deal {
    let mut first = left(&json!([{"id": "a", "name": "A"}, {"name": "no key"}]));
    set(&mut first, "details.value", 10);
    set(&mut first, "details.currency", "EUR");
    set(&mut first, "details.topic", "t");
    let mut second = right(&json!([{"Id": "c1", "Code__c": "a", "Name": "A"}]));
    set(&mut second, "Amount", 10);
    set(&mut second, "CurrencyIsoCode", "EUR");
    set(&mut second, "Topic__c", "t");
    Deal::settled(plan, &first, &second)
}

#[test]
fn a_write_that_would_break_a_line_is_held_and_goes_when_it_is_mended() {
    let plan = plan();
    let mut deal = deal(&plan);
    set(&mut deal.right, "Amount", 0);
    set(&mut deal.right, "Topic__c", "new");
    let decision = deal.round(&plan);
    writes(&decision, &["details.topic = \"new\""], &[]);
    assert_eq!(held(&decision, "Amount"), "Set an amount.");
    assert_eq!(decision.parked[0].code, FaultCode::Require);
    for _ in 0..2 {
        let decision = deal.round(&plan);
        assert!(!decision.writes());
        assert_eq!(held(&decision, "Amount"), "Set an amount.", "said for as long as it lasts");
    }
    set(&mut deal.right, "Amount", 20);
    let decision = deal.round(&plan);
    writes(&decision, &["details.value = 20", "details.currency = \"EUR\""], &[]);
    assert!(decision.parked.is_empty());
}

#[test]
fn a_line_counts_as_it_would_be_after_the_write() {
    let plan = plan();
    let mut deal = deal(&plan);
    set(&mut deal.right, "Topic__c", "");
    set(&mut deal.right, "Other__c", "o");
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(held(&decision, "topic"), "Other needs a topic.");
    assert_eq!(held(&decision, "other"), "Other needs a topic.");
    // Both together fulfil it.
    set(&mut deal.right, "Topic__c", "t2");
    let decision = deal.round(&plan);
    writes(&decision, &["details.topic = \"t2\"", "details.other = \"o\""], &[]);
}

#[test]
fn all_lines_that_a_held_value_breaks_are_told_at_once_in_the_order_of_the_map() {
    let plan = small(
        "details.value <-> Amount wins opportunity\ndetails.topic <-> Topic__c wins opportunity blank clear",
        "require before sharing\n\
         details.value above 5 else \"More than five.\"\n\
         details.topic is present else \"A topic.\"\n\
         details.value above 0 else \"An amount.\"\n\
         details.topic is present when details.value is 0 else \"Nothing needs a topic.\"\n\
         end",
    );
    let mut deal = Deal::settled(
        &plan,
        &json!({"name": "n", "details": {"value": 10, "topic": "t"}}),
        &json!({"Name": "n", "Amount": 10, "Topic__c": "t"}),
    );
    let told = |deal: &mut Deal| {
        let decision = deal.round(&plan);
        writes(&decision, &[], &[]);
        decision.parked.into_iter().map(|fault| fault.message).collect::<Vec<_>>()
    };
    set(&mut deal.right, "Amount", 0);
    assert_eq!(told(&mut deal), ["More than five.", "An amount."]);
    set(&mut deal.right, "Topic__c", "");
    let all = ["More than five.", "A topic.", "An amount.", "Nothing needs a topic."];
    assert_eq!(told(&mut deal), all);
    set(&mut deal.right, "Amount", 10);
    assert_eq!(told(&mut deal), ["A topic."]);
}

#[test]
fn inbound_is_never_checked() {
    let plan = plan();
    let mut deal = deal(&plan);
    set(&mut deal.left, "details.value", 0);
    set(&mut deal.left, "details.solutions", json!([{"name": "no key"}]));
    let decision = deal.round(&plan);
    assert!(decision.parked.is_empty());
    writes(&decision, &[], &["Amount = 0", "CurrencyIsoCode = \"EUR\""]);
    // What is broken already holds only what names it.
    set(&mut deal.right, "Topic__c", "on");
    let decision = deal.round(&plan);
    writes(&decision, &["details.topic = \"on\""], &[]);
    assert!(decision.parked.is_empty());
}

#[test]
fn a_list_that_would_be_empty_is_held() {
    let plan = plan();
    let mut deal = deal(&plan);
    set(&mut deal.left, "details.solutions", json!([{"id": "a", "name": "A"}]));
    deal.quiet(&plan);
    records(&mut deal).clear();
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    let removed = outcome(&decision, "[a]");
    assert!(matches!(removed, Outcome::Held(_)), "{removed:?}");
    assert_eq!(get(&deal.left, "details.solutions").as_array().unwrap().len(), 1);
    assert!(deal.right["Solutions__r"]["records"].as_array().unwrap().is_empty());
    let _: &Value = get(&deal.right, "Amount");
}

#[test]
fn a_field_that_only_a_requirement_names_is_read() {
    let plan = |path: &str| {
        small(
            "details.topic <- Topic__c",
            &format!(
                "require before sharing\n details.notes is present\n when {path} is \"x\" else \"A note.\"\nend"
            ),
        )
    };
    let (one, other) = (plan("name"), plan("score"));
    assert_ne!(one.hash(), other.hash());
    assert!(one.to_text().contains("require details.notes is present when name is"));
}
