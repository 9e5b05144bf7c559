//! What the seller sees: the badge and the audit line.

use mapping::decision::{Decision, Side};
use mapping::plan::Plan;
use mapping::report::ReportEvent;
use serde_json::{Value, json};

use super::support::{Deal, NOW, create, json as parsed, said, sample, set, shipped, small};

const REPORT: &str = "report\n badge prefix of Name \"✔\" or \"✘\"\n audit in Audit__c\nend";

fn plan() -> Plan {
    small(
        "name -> Name\ndetails.topic <-> Topic__c conflict ask\n\
         details.value <-> Amount wins opportunity\ndetails.notes <-> Description wins opportunity",
        REPORT,
    )
}

fn report(plan: &Plan, decision: &Decision, right: Option<&Value>, event: &ReportEvent) -> Value {
    let mut fields = json!({});
    let right = right.map(Value::to_string);
    for change in plan.report(decision, right.as_deref(), event, "", NOW.parse().unwrap()) {
        set(&mut fields, &change.path, parsed(&change.value));
    }
    fields
}

#[test]
fn the_audit_says_what_was_done_in_the_words_of_the_record() {
    let plan = plan();
    let mut deal = Deal::settled(&plan, &json!({"name": "n"}), &json!({"Name": "n"}));
    set(&mut deal.left, "details.notes", "from microsoft");
    set(&mut deal.right, "Amount", 5);
    let decision = deal.decide(&plan);
    let found = report(&plan, &decision, Some(&deal.right), &ReportEvent::Done);
    assert_eq!(
        found["Audit__c"],
        "2026-04-01 12:00 - Partner Center Referral to CRM sync success: Notes. CRM to Partner \
         Center Referral sync success: Amount."
    );
    assert_eq!(found["Name"], "✔ n");
}

#[test]
fn what_waits_is_said_and_the_badge_is_bad() {
    let plan = plan();
    let mut deal = Deal::settled(
        &plan,
        &json!({"name": "n", "details": {"topic": "a"}}),
        &json!({"Name": "✔ n", "Topic__c": "a"}),
    );
    set(&mut deal.left, "details.topic", "b");
    set(&mut deal.right, "Topic__c", "c");
    let decision = deal.decide(&plan);
    let found = report(&plan, &decision, Some(&deal.right), &ReportEvent::Done);
    assert_eq!(found["Name"], "✘ n");
    assert_eq!(
        found["Audit__c"],
        "2026-04-01 12:00 - Waiting: both sides changed, and the line says to ask."
    );
    set(&mut deal.right, "Amount", 5);
    let later = deal.decide(&plan);
    let found = report(&plan, &later, Some(&deal.right), &ReportEvent::More);
    assert_eq!(found["Name"], "✘ n", "it still waits");
    assert_eq!(
        found["Audit__c"],
        "2026-04-01 12:00 - CRM to Partner Center Referral sync success: Amount.",
        "which was said before"
    );
    let failed = ReportEvent::Failed("the amount is missing.".to_owned());
    let found = report(&plan, &Decision::default(), Some(&deal.right), &failed);
    assert_eq!(found["Name"], "✘ n");
    assert_eq!(
        found["Audit__c"],
        "2026-04-01 12:00 - Not in step with Microsoft: the amount is missing."
    );
    let now = report(&plan, &Decision::default(), Some(&deal.right), &ReportEvent::Done);
    assert_eq!(now, json!({"Audit__c": "2026-04-01 12:00 - Sync success."}), "the badge stands");
}

#[test]
fn every_line_of_require_that_does_not_hold_is_told_at_once_in_the_order_of_the_map() {
    let plan = shipped();
    let mut opportunity = sample("flagged.json");
    set(&mut opportunity, "Amount", Value::Null);
    set(&mut opportunity, "Customer_Consent__c", json!(false));
    set(&mut opportunity, "Microsoft_Solutions__r.records", json!([]));
    let decision = create(plan, Side::Left, &opportunity);
    let first = decision.refused.as_ref().unwrap().message.clone();
    let failed = ReportEvent::Failed(first);
    let found = report(plan, &decision, Some(&opportunity), &failed);
    let line = found["Audit__c"].as_str().unwrap().lines().next().unwrap();
    assert_eq!(
        line,
        "2026-04-01 12:00 - Not in step with Microsoft: Set an amount above 0 before you share this deal with \
         Microsoft. Add at least one Microsoft solution. Tick Customer consent when the customer agrees that you \
         share this deal with Microsoft.",
        "and none of them twice"
    );
    // A write that was refused for something else says that alone.
    let other = Decision { refused: None, ..decision };
    let failed = ReportEvent::Failed("Partner Center refused the change: it is full".to_owned());
    let found = report(plan, &other, Some(&opportunity), &failed);
    let line = found["Audit__c"].as_str().unwrap().lines().next().unwrap().to_owned();
    assert!(line.ends_with("refused the change: it is full"), "{line}");
}

#[test]
fn old_lines_of_the_audit_are_dropped_whole() {
    let plan = plan();
    let old = format!("{}\n{}\nlast", "first".repeat(10), "😀".repeat(40));
    let right = json!({"Name": "n", "Audit__c": old});
    let found = report(&plan, &Decision::default(), Some(&right), &ReportEvent::Done);
    let lines: Vec<&str> = found["Audit__c"].as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 4, "32 + 1 + 50 + 1 + 80 + 1 + 4 fit into 200");
    let old = format!("{}\n{}\nlast", "first".repeat(10), "😀".repeat(59));
    let right = json!({"Name": "n", "Audit__c": old});
    let found = report(&plan, &Decision::default(), Some(&right), &ReportEvent::Done);
    let lines: Vec<&str> = found["Audit__c"].as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 2, "what stands behind a dropped line goes too");
    let long = ReportEvent::Failed("😀".repeat(300));
    let found = report(&plan, &Decision::default(), None, &long);
    let text = found["Audit__c"].as_str().unwrap();
    assert!(text.encode_utf16().count() <= 200);
}

#[test]
fn a_name_is_never_cut_to_make_room_for_a_badge() {
    let plan = plan();
    let badge = |name: String| {
        let right = json!({ "Name": name });
        report(&plan, &Decision::default(), Some(&right), &ReportEvent::Done)["Name"].clone()
    };
    assert_eq!(badge("n".repeat(118)), json!(format!("✔ {}", "n".repeat(118))));
    assert_eq!(badge("n".repeat(119)), Value::Null);
    assert_eq!(badge("😀".repeat(60)), Value::Null);
    assert_eq!(badge(format!("✘ {}", "n".repeat(118))), json!(format!("✔ {}", "n".repeat(118))));
    assert_eq!(badge("✔ fine".to_owned()), Value::Null, "it stands there already");
}

#[test]
fn badge_and_audit_ride_in_the_write_that_creates() {
    let plan = shipped();
    let decision = create(plan, Side::Right, &sample("inbound.json"));
    let found = report(plan, &decision, None, &ReportEvent::Done);
    assert_eq!(found["Name"], "✔ Alpine Freight & Co - depot telemetry");
    assert!(found["Audit__c"].as_str().unwrap().contains("created from the referral"));
    let flagged = sample("flagged.json");
    let decision = create(plan, Side::Left, &flagged);
    let found = report(plan, &decision, Some(&flagged), &ReportEvent::Done);
    assert!(found["Audit__c"].as_str().unwrap().contains("referral created"));
}

#[test]
fn a_report_causes_no_write() {
    let plan = plan();
    let mut deal = Deal::settled(
        &plan,
        &json!({"name": "n", "details": {"topic": "a"}}),
        &json!({"Name": "n", "Topic__c": "a"}),
    );
    for event in [ReportEvent::Done, ReportEvent::Failed("why".to_owned())] {
        let found = report(&plan, &deal.decide(&plan), Some(&deal.right), &event);
        for (name, value) in found.as_object().unwrap() {
            set(&mut deal.right, name, value.clone());
        }
        assert!(!deal.round(&plan).writes());
    }
}

/// What a person sees who looks for the name: the field as it is, without a badge.
fn bare(name: &Value) -> String {
    let mut name = name.as_str().unwrap_or("");
    loop {
        let rest = name.strip_prefix(['✔', '✘', '✓', '✗']);
        let rest = rest.map(|rest| rest.strip_prefix('\u{fe0f}').unwrap_or(rest));
        match rest.and_then(|rest| rest.strip_prefix(' ')) {
            Some(rest) => name = rest,
            None => return name.to_owned(),
        }
    }
}

#[test]
fn a_hundred_rounds_leave_the_name_as_it_was() {
    let field = "report\n badge in Other__c \"✔\" or \"✘\"\n audit in Audit__c\nend";
    let audit = "report\n audit in Audit__c\nend";
    let topic = "details.topic <-> Topic__c conflict ask";
    let cut = "name <-> Name as text cut at 20 wins opportunity first contact wins referral\n \
               to referral on create only";
    let long = "details.notes <-> Name as text wins newest else referral\n \
                first contact wins referral";
    let names = [
        "Fleet",
        "✔ Fleet",
        "✘ ✔ Fleet",
        " Fleet ",
        "✔Fleet",
        "✔\u{fe0f} Fleet",
        "✓ ✗",
        "✔",
        "a name that is longer than twenty",
        "😀😀😀😀😀😀😀😀😀😀😀😀",
        "A &amp; B",
        "n\u{308}ame",
    ];
    for badge in [REPORT, field, audit, ""] {
        for (line, path) in [(cut, "name"), (long, "details.notes")] {
            let plan = small(&format!("{line}\n{topic}"), badge);
            for name in names {
                let mut left = json!({"details": {"topic": "a"}});
                set(&mut left, path, name);
                let made = create(&plan, Side::Right, &{
                    set(&mut left, "id", "r-1");
                    left.clone()
                });
                let mut deal = Deal::new(&left, &json!({}));
                super::support::write(&mut deal.right, &made.right);
                for (field, value) in
                    report(&plan, &made, None, &ReportEvent::Done).as_object().unwrap()
                {
                    set(&mut deal.right, field, value.clone());
                }
                set(&mut deal.right, "Sync__c", true);
                deal.settle(&plan, &made);
                deal.round(&plan);
                let (first_left, first) = (deal.left.clone(), bare(&deal.right["Name"]));
                for number in 0..100 {
                    // Both sides are at work on something else; what waits makes the badge bad.
                    set(&mut deal.left, "details.topic", format!("l{}", number / 3));
                    set(&mut deal.right, "Topic__c", format!("r{}", number / 2));
                    let seen = deal.right.clone();
                    let decision = deal.round(&plan);
                    let event = match number % 3 {
                        0 => ReportEvent::Failed("why".to_owned()),
                        _ => ReportEvent::Done,
                    };
                    let told = report(&plan, &decision, Some(&seen), &event);
                    for (field, value) in told.as_object().unwrap() {
                        set(&mut deal.right, field, value.clone());
                    }
                    assert_eq!(bare(&deal.right["Name"]), first, "{name:?} in round {number}");
                    let left = |record: &Value| super::support::get(record, path).clone();
                    assert_eq!(left(&deal.left), left(&first_left), "{name:?} in round {number}");
                }
            }
        }
    }
}

#[test]
fn a_badge_has_a_field_of_its_own_or_none() {
    let badge = |line: &str| format!("report\n badge in {line}\nend");
    let plan = small("name -> Name", &badge("Other__c \"In step\" or \"Look here\""));
    let deal = Deal::settled(&plan, &json!({"name": "n"}), &json!({"Name": "✔ n"}));
    let decision = deal.decide(&plan);
    let found = report(&plan, &decision, Some(&deal.right), &ReportEvent::Done);
    assert_eq!(found, json!({"Other__c": "In step"}));
    let failed = report(&plan, &decision, None, &ReportEvent::Failed("why".to_owned()));
    assert_eq!(failed, json!({"Other__c": "Look here"}));
    let stands = json!({"Other__c": "In step"});
    assert_eq!(report(&plan, &decision, Some(&stands), &ReportEvent::Done), json!({}));
    let said = |fields: &str, line: &str| said(fields, &badge(line));
    let name = "name -> Name";
    assert_eq!(said(name, "Plan__c \"Low\" or \"High\""), []);
    let unknown = said(name, "Plan__c \"Low\" or \"Hihg\"");
    assert_eq!(unknown, [("unknown-value", "\"Hihg\"".to_owned())]);
    let long = format!("\"{}\"", "x".repeat(11));
    assert_eq!(said(name, &format!("Score__c \"ok\" or {long}")), [("bad-report", long)]);
    assert_eq!(said(name, "Amount \"1\" or \"2\"")[0].0, "bad-report");
    assert_eq!(said(name, "Other__c \" \" or \"2\"")[0].0, "bad-report");
    let doubled = said("details.other -> Other__c", "Other__c \"1\" or \"2\"");
    assert_eq!(doubled[0].0, "double-target");
}

#[test]
fn a_line_that_could_not_be_written_is_said_later_as_it_was() {
    let plan = plan();
    let mut deal = Deal::settled(&plan, &json!({"name": "n"}), &json!({"Name": "\u{2714} n"}));
    set(&mut deal.right, "Audit__c", "2026-03-31 09:00 - Sync success.");
    let late = "2026-04-01 11:59 - second\n2026-04-01 11:58 - first";
    let say = |deal: &Deal, event| {
        let decision = deal.decide(&plan);
        let right = deal.right.to_string();
        let changes = plan.report(&decision, Some(&right), event, late, NOW.parse().unwrap());
        changes.into_iter().map(|change| (change.path, parsed(&change.value))).collect::<Vec<_>>()
    };
    let alone = format!("{late}\n2026-03-31 09:00 - Sync success.");
    assert_eq!(say(&deal, &ReportEvent::Late), [("Audit__c".to_owned(), json!(alone))]);
    set(&mut deal.right, "Amount", 5);
    let with =
        format!("2026-04-01 12:00 - CRM to Partner Center Referral sync success: Amount.\n{alone}");
    assert_eq!(say(&deal, &ReportEvent::Done), [("Audit__c".to_owned(), json!(with))]);
}
