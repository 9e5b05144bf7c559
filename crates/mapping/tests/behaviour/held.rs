//! What may not be written is held; what does not take part is not sent.

use mapping::decision::{Outcome, Side};
use mapping::fault::FaultCode;
use serde_json::{Value, json};

use super::support::{
    Deal, create, get, held, line, outcome, sample, set, shipped, small, writes, written,
};

const STAGES: &str = "values stage
  New, Open        <-> \"Prospecting\"
  Active, Accepted <-> \"Qualification\"
  Closed, Won      <-> \"Closed Won\"
  Closed, Lost     <-> \"Closed Lost\"
  otherwise        <-  park
end";
const STAGE: &str =
    "status, substatus <-> StageName using stage\n wins opportunity first contact wins opportunity";

fn deal(plan: &mapping::plan::Plan, status: &str, substatus: &str, stage: &str) -> Deal {
    let left = json!({"status": status, "substatus": substatus, "details": {"topic": "a"}});
    Deal::settled(plan, &left, &json!({"StageName": stage, "Topic__c": "a"}))
}

#[test]
fn what_is_written_only_at_creation_is_held_once_and_then_left_alone() {
    let plan = small("name <-> Name\n to referral on create only\n wins opportunity", "");
    let mut deal = Deal::settled(&plan, &json!({"name": "n"}), &json!({"Name": "n"}));
    set(&mut deal.right, "Name", "renamed");
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    assert!(held(&decision, "name").contains("only when the record is created"));
    assert_eq!(outcome(&deal.round(&plan), "name"), &Outcome::Drifted);
    // Nothing more until a side changes.
    set(&mut deal.left, "name", "new");
    writes(&deal.round(&plan), &[], &["Name = \"new\""]);
}

#[test]
fn a_lock_names_its_field() {
    let table =
        "values helps\n Sales <-> Sales\n Tech <-> Tech\n Other <-> Other\n otherwise <- keep\nend";
    let rule = "help <-> Help__c using helps\n wins opportunity to referral on create only";
    let plan = small(rule, table);
    let mut help = Deal::settled(&plan, &json!({"help": "Sales"}), &json!({"Help__c": "Sales"}));
    set(&mut help.right, "Help__c", "Tech");
    writes(&help.decide(&plan), &[], &[]);
    assert!(matches!(outcome(&help.decide(&plan), "help"), Outcome::Held(_)));
    let row = line(&help.decide(&plan), "help").row_line;
    assert!(row.is_some(), "the row is told too");
    // A field that cannot be cleared.
    let plan = small("details.firm <-> Firm__c wins opportunity\n blank clear to opportunity", "");
    let mut firm =
        Deal::settled(&plan, &json!({"details": {"firm": "f"}}), &json!({"Firm__c": "f"}));
    set(&mut firm.right, "Firm__c", "");
    assert_eq!(outcome(&firm.decide(&plan), "firm"), &Outcome::Kept);
    let table = "values firms\n any -> blank\nend";
    let plan = small("score -> CurrencyIsoCode using firms", table);
    let currency = Deal::new(&json!({"score": "x"}), &json!({"CurrencyIsoCode": "EUR"}));
    assert!(held(&currency.decide(&plan), "CurrencyIsoCode").contains("cannot be cleared"));
}

#[test]
fn a_closed_referral_is_never_written_and_beats_every_wins() {
    let plan = small(&format!("{STAGE}\ndetails.topic <-> Topic__c\n wins opportunity"), STAGES);
    let mut closed = deal(&plan, "Closed", "Won", "Closed Won");
    set(&mut closed.right, "Topic__c", "rep");
    set(&mut closed.right, "StageName", "Qualification");
    let decision = closed.round(&plan);
    writes(&decision, &[], &[]);
    assert!(held(&decision, "topic").contains("closed (Closed/Won)"));
    assert!(held(&decision, "StageName").contains("closed"));
    writes(&closed.round(&plan), &[], &[]);
    // Both changed: the right follows.
    set(&mut closed.left, "details.topic", "microsoft");
    set(&mut closed.right, "Topic__c", "rep again");
    writes(&closed.decide(&plan), &[], &["Topic__c = \"microsoft\""]);
    // What would not fit does not matter where nothing may be written.
    set(&mut closed.right, "StageName", "Unheard");
    assert!(closed.decide(&plan).parked.iter().all(|fault| fault.code != FaultCode::NotInTable));
}

#[test]
fn the_write_that_closes_goes_last_and_in_one() {
    let plan = small(&format!("{STAGE}\ndetails.topic <-> Topic__c\n wins opportunity"), STAGES);
    let mut open = deal(&plan, "Active", "Accepted", "Qualification");
    set(&mut open.right, "StageName", "Closed Won");
    set(&mut open.right, "Topic__c", "last words");
    let decision = open.decide(&plan);
    let left = ["details.topic = \"last words\"", "status = \"Closed\"", "substatus = \"Won\""];
    writes(&decision, &left, &[]);
}

#[test]
fn a_move_that_partner_center_does_not_allow_is_held() {
    let plan = small(STAGE, STAGES);
    let mut back = deal(&plan, "Active", "Accepted", "Qualification");
    set(&mut back.right, "StageName", "Prospecting");
    let decision = back.round(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(
        held(&decision, "StageName"),
        "Partner Center does not go from Active/Accepted to New/Open"
    );
    assert_eq!(outcome(&back.round(&plan), "StageName"), &Outcome::Drifted);
    // The referral moved on: it wins, for only it changed.
    set(&mut back.left, "status", "Closed");
    set(&mut back.left, "substatus", "Won");
    writes(&back.decide(&plan), &[], &["StageName = \"Closed Won\""]);
    // A table may park.
    let mut parked = deal(&plan, "New", "Open", "Prospecting");
    set(&mut parked.right, "StageName", "Unheard");
    assert_eq!(parked.decide(&plan).parked.len(), 1);
}

#[test]
fn status_and_substatus_of_two_lines_are_one_move() {
    let tables = "values one\n New <-> \"a\"\n Active <-> \"b\"\n Closed <-> \"c\"\nend
values two\n Open <-> \"a\"\n Accepted <-> \"b\"\n Won <-> \"c\"\n Lost <-> \"d\"\nend";
    let fields = "status <-> Topic__c using one wins opportunity\nsubstatus <-> Other__c using two wins opportunity";
    let plan = small(fields, tables);
    let left = json!({"status": "New", "substatus": "Open"});
    let mut deal = Deal::settled(&plan, &left, &json!({"Topic__c": "a", "Other__c": "a"}));
    let start = deal.clone();
    set(&mut deal.right, "Topic__c", "b");
    set(&mut deal.right, "Other__c", "b");
    writes(&deal.decide(&plan), &["status = \"Active\"", "substatus = \"Accepted\""], &[]);
    let mut deal = start;
    set(&mut deal.right, "Topic__c", "b");
    assert!(held(&deal.decide(&plan), "status <-> Topic").contains("New/Open to Active/Open"));
}

#[test]
fn a_column_that_cannot_be_written_chooses_the_row() {
    let table = "values both\n Outgoing, \"x\" <- \"One\"\n Incoming, \"y\" <- \"One\"\nend";
    let plan = small("direction, details.topic <- StageName using both", table);
    let decide = |direction: &str| {
        let left = json!({"direction": direction, "details": {"topic": null}});
        Deal::new(&left, &json!({"StageName": "One"})).decide(&plan)
    };
    writes(&decide("Outgoing"), &["details.topic = \"x\""], &[]);
    writes(&decide("Incoming"), &["details.topic = \"y\""], &[]);
    assert_eq!(decide("Sideways").parked[0].code, FaultCode::NotInTable);
}

#[test]
fn nothing_leaves_while_the_record_does_not_take_part() {
    let plan = small(
        "details.topic <-> Topic__c\n wins newest else opportunity\nreference <- Id as id\n\
         details.other <-> Other__c wins opportunity",
        "",
    );
    let mut deal = Deal::settled(
        &plan,
        &json!({"details": {"topic": "a", "other": "x"}}),
        &json!({"Topic__c": "a", "Other__c": "x"}),
    );
    set(&mut deal.right, "Sync__c", false);
    set(&mut deal.right, "Topic__c", "rep");
    set(&mut deal.left, "reference", "");
    set(&mut deal.left, "details.other", "microsoft");
    for _ in 0..2 {
        let decision = deal.round(&plan);
        assert!(decision.left.is_nothing());
        assert_eq!(outcome(&decision, "topic"), &Outcome::NotOptedIn);
        assert_eq!(outcome(&decision, "reference"), &Outcome::NotOptedIn);
    }
    assert_eq!(get(&deal.right, "Other__c"), "microsoft", "inbound goes on");
    set(&mut deal.right, "Sync__c", true);
    let left = ["details.topic = \"rep\"", "reference = \"006000000000001AAA\""];
    writes(&deal.round(&plan), &left, &[]);
    writes(&deal.round(&plan), &[], &[]);
}

#[test]
fn what_would_not_fit_is_no_reason_to_park_what_is_not_sent() {
    let tables = "values codes\n Sales <-> \"S\"\n otherwise <- park\nend";
    let fields = "details.topic <-> Topic__c wins opportunity blank park\n\
                  details.other <-> Score__c using codes wins opportunity\n\
                  details.firm <-> Firm__c using codes wins opportunity";
    let plan = small(fields, &tables.replace(" otherwise <- park\n", ""));
    let parks = small(fields, tables);
    for plan in [plan, parks] {
        let left = json!({"details": {"topic": "a", "other": "Sales"}});
        let mut deal = Deal::settled(&plan, &left, &json!({"Topic__c": "a", "Score__c": "S"}));
        set(&mut deal.right, "Topic__c", "");
        set(&mut deal.right, "Score__c", "unheard");
        assert_eq!(deal.decide(&plan).parked.len(), 2);
        set(&mut deal.right, "Sync__c", false);
        let decision = deal.round(&plan);
        assert!(decision.parked.is_empty(), "{:?}", decision.parked);
        assert_eq!(outcome(&decision, "topic"), &Outcome::NotOptedIn);
        set(&mut deal.right, "Sync__c", true);
        assert_eq!(deal.decide(&plan).parked.len(), 2);
    }
}

#[test]
fn switched_on_again_a_conflict_is_merged_from_the_old_base() {
    let plan = small("details.topic <-> Topic__c\n wins referral", "");
    let mut deal =
        Deal::settled(&plan, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
    set(&mut deal.right, "Sync__c", false);
    set(&mut deal.right, "Topic__c", "rep");
    deal.round(&plan);
    set(&mut deal.left, "details.topic", "microsoft");
    set(&mut deal.right, "Sync__c", true);
    let decision = deal.decide(&plan);
    assert_eq!(line(&decision, "topic").reason, "both changed: `wins` decides");
    writes(&decision, &[], &["Topic__c = \"microsoft\""]);
}

#[test]
fn otherwise_with_a_warning_says_so() {
    let plan = shipped();
    let mut referral = sample("inbound.json");
    set(&mut referral, "substatus", "Error");
    set(&mut referral, "status", "None");
    let decision = create(plan, Side::Right, &referral);
    let stage = line(&decision, "StageName");
    assert_eq!(stage.outcome, Outcome::WritesRight);
    assert!(stage.reason.contains("warning: no row has the value"), "{}", stage.reason);
    assert!(stage.row_line.is_some());
    assert!(written(&decision)[1].contains(&"StageName = \"Prospecting\"".to_owned()));
    let mut deal = Deal::of(sample("accepted.json"), Value::Null);
    super::support::write(&mut deal.right, &create(plan, Side::Right, &deal.left).right);
    deal.quiet(plan);
    set(&mut deal.left, "status", "None");
    let decision = deal.decide(plan);
    assert_eq!(outcome(&decision, "StageName"), &Outcome::Kept);
    assert!(line(&decision, "StageName").reason.contains("warning"));
}

#[test]
fn tables_in_a_row_pass_values_on() {
    let tables = "values first\n New -> \"one\"\n Active -> \"two\"\n otherwise -> same\nend
values second\n \"one\" -> \"1\"\n \"two\" -> \"2\"\n Closed -> \"3\"\n otherwise -> same\nend";
    let plan = small("status -> Score__c using first then second", tables);
    for (status, score) in [("New", "1"), ("Active", "2"), ("Closed", "3")] {
        let mut deal = Deal::new(&json!({"status": status}), &json!({"Score__c": "old"}));
        let wanted = format!("Score__c = \"{score}\"");
        writes(&deal.round(&plan), &[], &[wanted.as_str()]);
        writes(&deal.round(&plan), &[], &[]);
        deal.base = mapping::decision::Base::default();
        writes(&deal.round(&plan), &[], &[]);
    }
}
