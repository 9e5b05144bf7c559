//! `cosell diff`: two maps on recorded deals.

use serde_json::{Value, json};

use crate::folder::{Folder, REFERRAL, TWO_WAY};

const ARGS: [&str; 5] = ["diff", "deal.map", "new.map", "--replay", "deals.ndjson"];

const OPPORTUNITY: &str = r#"{"Id":"006000000000001AAA","Referral_Identifier__c":"r-1","Sync_with_Partner_Center__c":true,"Name":"Fleet","StageName":"Prospecting","Amount":50000.5,"CurrencyIsoCode":"CHF","CloseDate":"2026-06-30"}"#;

fn folder(from: &str, to: &str, deals: &str) -> Folder {
    assert!(TWO_WAY.contains(from), "{from}");
    let folder = Folder::with_map(TWO_WAY);
    folder.write("new.map", TWO_WAY.replacen(from, to, 1)).write("deals.ndjson", deals);
    folder
}

fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(start)).unwrap() + 1
}

#[test]
fn the_same_map_makes_no_difference() {
    let deals = format!(
        "{{\"left\":{REFERRAL}}}\n{{\"right\":{OPPORTUNITY}}}\n\
         {{\"left\":{REFERRAL},\"right\":{OPPORTUNITY}}}\n\
         {{\"left\":{REFERRAL},\"right\":{OPPORTUNITY},\"base\":{{}}}}\n"
    );
    let folder = folder("# why", "# what", &deals);
    let done = folder.run(&ARGS).ends(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("4 deals replayed, no difference\n", ""));
    let done = folder.run_with(&["diff", "deal.map", "new.map", "--replay", "-"], deals).ends(0);
    assert_eq!(done.out, "4 deals replayed, no difference\n");
}

#[test]
fn what_is_written_differently_stands_under_its_line() {
    let deals = format!(
        "{{\"left\":{REFERRAL}}}\n{{\"left\":{REFERRAL},\"right\":{OPPORTUNITY},\"base\":{{}}}}\n"
    );
    let folder = folder("with 2 decimals", "with 0 decimals", &deals);
    let number = line_of(TWO_WAY, "details.dealValue, details.currency");
    let expected = format!(
        "2 deals written differently\n  \
         line  new.map:{number}  details.dealValue, details.currency <-> Amount, CurrencyIsoCode as money with 0 decimals\n    \
         line 1  opportunity Amount         99999999999999.99 -> 100000000000000\n    \
         line 2  referral details.dealValue  50000.5 -> 50000\n\n\
         2 deals replayed, 2 with a difference\n"
    );
    let expected = expected.replace("Amount         9", "Amount          9");
    assert_eq!(folder.run(&ARGS).ends(1).out, expected);
}

#[test]
fn json_has_the_samples_that_were_asked_for_and_keeps_digits() {
    let deals = format!("{{\"left\":{REFERRAL}}}\n").repeat(5);
    let from =
        "  details.closingDateTime                <-> CloseDate                as date in \"UTC\"";
    let folder = folder(
        from,
        "  createdDateTime -> CloseDate as date in \"UTC\" default \"2026-01-01\"",
        &deals,
    );
    let args = [&ARGS[..], &["--samples", "2", "--format", "json"]].concat();
    let found = folder.run(&args).ends(1).json();
    let group = &found["groups"][0];
    assert_eq!(
        (&found["records"], &found["changed"], &found["broken"]),
        (&json!(5), &json!(5), &json!(0))
    );
    assert_eq!(group["line"]["line"], line_of(TWO_WAY, "details.closingDateTime"));
    assert_eq!(group["fields"], json!([{"side": "opportunity", "field": "CloseDate"}]));
    let sample = |line| json!({"line": line, "side": "opportunity", "field": "CloseDate", "old": "2026-06-30", "new": "2026-01-01"});
    assert_eq!(group["samples"], json!([sample(1), sample(2)]));
}

#[test]
fn a_line_that_is_gone_and_a_field_that_is_not_written() {
    let deals = format!("{{\"left\":{REFERRAL}}}\n");
    let line = "  name                                   <-> Name                     as text cut at 120\n      to referral on create only\n";
    let folder = folder(line, "  \"Deal\" -> Name on create only\n", &deals);
    let found = folder.run(&[&ARGS[..], &["--format", "json"]].concat()).ends(1).json();
    assert_eq!(found["groups"][0]["gone"], false);
    let gone = Folder::with_map(TWO_WAY);
    let without = TWO_WAY.replacen(
        "  type                                   <-  \"Shared\"                 on create only\n",
        "",
        1,
    );
    gone.write("new.map", &without);
    let deal = json!({"right": serde_json::from_str::<Value>(OPPORTUNITY).unwrap()});
    gone.write("deals.ndjson", deal.to_string());
    // Neither map can make a referral of it, for the same reason.
    assert_eq!(gone.run(&ARGS).ends(0).out, "1 deal replayed, no difference\n");
}

#[test]
fn new_and_solved_faults_and_conflicts() {
    let opportunity = OPPORTUNITY.replace("50000.5", "-1");
    let deals = format!("{{\"left\":{REFERRAL},\"right\":{opportunity},\"base\":{{}}}}\n");
    let folder = folder("  first contact wins opportunity\n", "", &deals);
    let args = [&ARGS[..], &["--format", "json"]].concat();
    let found = folder.run(&args).ends(1).json();
    let conflict = &found["new_conflicts"][0];
    assert_eq!((&conflict["code"], &conflict["lines"]), (&json!("fault::conflict"), &json!([1])));
    assert_eq!(conflict["line"]["map"], "new.map");
    let solved = &found["solved_faults"][0];
    assert_eq!(
        (&solved["code"], &solved["line"]["map"]),
        (&json!("fault::require"), &json!("deal.map"))
    );
    let text = folder.run(&ARGS).ends(1).out;
    assert!(text.contains("1 deal with a new conflict\n  line  new.map:"), "{text}");
    assert!(text.contains("1 deal with a fault that is solved\n  line  deal.map:"), "{text}");
}

#[test]
fn a_line_that_is_no_deal_is_a_fault_and_the_others_go_on() {
    let lines = [
        "{\"left\":",
        "[1]",
        "{\"lfet\":{}}",
        "{\"left\":5}",
        "{\"at\":\"now\"}",
        "{\"left\":{},\"left\":{}}",
        "{\"left\":{},\"base\":{\"lines\":5}}",
        "{\"left\":{\"id\":\"secret\"},\"bsae\":{}}",
    ];
    let deals = format!("{}\n\n{{\"at\":1,\"left\":{REFERRAL}}}\n", lines.join("\n"));
    let done = folder("# why", "# what", &deals).run(&ARGS).ends(1);
    assert_eq!(done.out, "1 deal replayed, no difference, 8 broken lines left out\n");
    let faults: Vec<(u64, String)> = done
        .faults()
        .iter()
        .map(|f| (f["line"].as_u64().unwrap(), f["message"].as_str().unwrap().to_owned()))
        .collect();
    let numbers: Vec<u64> = faults.iter().map(|(line, _)| *line).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(faults[2].1, "expected `left`, found `lfet`; write `left`");
    assert_eq!(faults[3].1, "expected an object at `left`, found a number");
    assert_eq!(faults[5].1, "`left` stands twice; write it once");
    assert!(!done.err.contains("secret"), "{}", done.err);
}

#[test]
fn a_map_with_errors_or_a_file_that_is_not_there_is_2() {
    let folder = folder("Amount,", "Amuont,", "");
    let done = folder.run(&ARGS).ends(2);
    assert!(done.err.contains("new.map has errors, so it cannot be used"), "{}", done.err);
    folder.write("new.map", TWO_WAY);
    let done = folder.run(&["diff", "deal.map", "new.map", "--replay", "none"]).ends(2);
    assert!(done.err.starts_with("error: cannot read none: it does not exist\n"), "{}", done.err);
}
