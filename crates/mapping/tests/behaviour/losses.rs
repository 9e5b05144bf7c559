//! What does not come back when a record is made anew: found with its smallest value, or nothing.

use super::support::{small, with_field};

/// The losses of one line, each as `side value -> what comes back`.
fn losses(line: &str, blocks: &str) -> Vec<String> {
    let plan = small(&format!("{line}\n wins opportunity to referral on create only"), blocks);
    told(&plan)
}

fn told(plan: &mapping::plan::Plan) -> Vec<String> {
    let losses = plan.losses();
    losses.iter().map(|l| format!("{} {} -> {}", l.side, l.value, l.becomes)).collect()
}

#[test]
fn what_is_lost_is_named_with_its_smallest_value() {
    let long = "\"aaaaaaaaaaaa…\" (42 characters)";
    let cut = "\"aaaaaaaaaaaa…\" (41 characters)";
    for (line, wanted) in [
        (
            "details.topic <-> Topic__c as text cut at 2",
            vec!["referral \"Yes\" -> \"Ye\"", "opportunity \"Yes\" -> \"Ye\""],
        ),
        ("details.topic <-> Link__c as text cut at 41", vec![]),
        (
            "details.topic <-> Topic__c as upper",
            vec!["referral \"a\" -> \"A\"", "opportunity \"a\" -> \"A\""],
        ),
        (
            "details.topic <-> Topic__c as lower",
            vec!["referral \"A\" -> \"a\"", "opportunity \"A\" -> \"a\""],
        ),
        (
            "details.notes <-> Description as text",
            vec!["referral \"a\\nb\" -> \"a b\"", "opportunity \"a\\nb\" -> \"a b\""],
        ),
        (
            "details.closes <-> CloseDate as date in \"UTC\"",
            vec!["referral \"2026-03-31T12:00:00Z\" -> \"2026-03-31T00:00:00Z\""],
        ),
        (
            "details.closes <-> CloseDate as date in \"Europe/Zurich\"",
            vec!["referral \"2026-03-31T00:00:00Z\" -> \"2026-03-30T22:00:00Z\""],
        ),
        (
            "details.value <-> Amount as money with 2 decimals",
            vec!["referral 0.001 -> 0.00", "opportunity 0.001 -> 0.00"],
        ),
        (
            "details.value <-> Amount as money with 0 decimals",
            vec!["referral 0.1 -> 0", "opportunity 0.1 -> 0"],
        ),
        (
            "details.value, details.currency <-> Amount as money in \"EUR\"",
            vec!["referral 1, \"eur\" -> 1, \"EUR\""],
        ),
        (
            "details.currency <-> CurrencyIsoCode as currency code",
            vec!["referral \"eur\" -> \"EUR\"", "opportunity \"eur\" -> \"EUR\""],
        ),
        (
            "details.topic, details.other <-> Topic__c as first of",
            vec!["referral \"a\", \"a\" -> \"a\", null"],
        ),
    ] {
        let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        if line.ends_with("41") {
            wanted.extend(["referral", "opportunity"].map(|s| format!("{s} {long} -> {cut}")));
        }
        assert_eq!(losses(line, ""), wanted, "{line}");
    }
}

#[test]
fn what_comes_back_as_it_was_is_not_named() {
    for line in [
        "details.topic <-> Topic__c",
        "details.topic <-> Topic__c as text",
        "details.topic <-> Topic__c as text exactly",
        "details.notes <-> Description as long text",
        "details.notes <-> Description as trim",
        "details.value <-> Amount",
        "details.value <-> Amount as number",
        "details.value <-> Amount as money",
        "details.mail <-> Mail__c as email",
        "details.topic <-> Topic__c as text \"Co-sell: {topic}\"",
        "details.topic -> Topic__c as text cut at 2",
        "details.topic <- Topic__c as upper",
    ] {
        let clauses = if line.contains("<->") { "" } else { "-" };
        let found = if clauses.is_empty() { losses(line, "") } else { told(&small(line, "")) };
        assert!(found.is_empty(), "{line}: {found:?}");
    }
}

#[test]
fn of_a_table_every_value_that_comes_back_as_another_is_named() {
    let table =
        "values t\n  Sales <-> red\n  Sales <-  pink\n  Tech  <-> green\n  Other  -> green\nend";
    let found = losses("help <-> Topic__c using t", table);
    assert_eq!(found, ["referral \"Other\" -> \"Tech\"", "opportunity \"pink\" -> \"red\""]);
    let table = "values t\n  Sales <-> red\n  Tech <-> green\n  Other <-> blue\nend";
    assert!(losses("help <-> Topic__c using t", table).is_empty());
    // A spelling that the org does not have is not one of its values.
    let schemas =
        with_field("      Spelled__c: { type: enum, values: [sales support, tech, other] }\n");
    let rows = "values t\n  Sales <-> \"sales support\"\n  Sales <-> Sales-Support\n  Tech <-> tech\n  Other <-> other\nend";
    let text = super::support::small_text(
        "help <-> Spelled__c using t\n wins opportunity to referral on create only",
        rows,
    );
    let plan = mapping::compile("small.map", &text, &schemas).plan.unwrap();
    assert!(plan.losses().is_empty(), "{:?}", plan.losses());
}
