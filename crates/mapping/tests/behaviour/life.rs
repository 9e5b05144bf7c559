//! The life of a deal: on hold, accepted, won in steps and not too early.

use mapping::decision::{DeadlineKind, Outcome, Side};
use mapping::plan::Plan;
use proptest::prelude::*;
use serde_json::json;

use super::generate::{cases, left_record, parts, right_record};
use super::laws::{edit, linked};
use super::support::{
    Deal, create, get, held, outcome, said_with, sample, set, shipped, small_with, writes, written,
};

const STAGES: &str = "values stage
  New, Open        <-> \"Prospecting\"
  Active, Accepted <-> \"Qualification\"
  Closed, Won      <-> \"Closed Won\"  not before created plus 72 hours while Flag__c is true
  Closed, Lost     <-> \"Closed Lost\"
  otherwise        <-  keep
end";
const STAGE: &str =
    "status, substatus <-> StageName using stage\n wins opportunity first contact wins opportunity";
const NOTES: &str = "details.topic <-> Topic__c wins newest else opportunity";
const HOLD: &str = "hold referral while status is New answer by created plus 14 days";

fn plan() -> Plan {
    small_with(HOLD, &format!("{STAGE}\n{NOTES}"), STAGES)
}

fn deal(plan: &Plan, status: &str, substatus: &str, stage: &str) -> Deal {
    let left = json!({
        "status": status, "substatus": substatus, "created": "2026-03-31T00:00:00Z",
        "details": {"topic": "a"},
    });
    Deal::settled(plan, &left, &json!({"StageName": stage, "Topic__c": "a"}))
}

#[test]
fn nothing_leaves_while_a_deal_is_on_hold_and_all_of_it_when_it_is_accepted() {
    let plan = plan();
    let mut deal = deal(&plan, "New", "Open", "Prospecting");
    set(&mut deal.right, "Topic__c", "b");
    for _ in 0..3 {
        let decision = deal.round(&plan);
        writes(&decision, &[], &[]);
        assert_eq!(held(&decision, "topic"), "the deal is on hold while status is \"New\"");
        assert_eq!(decision.on_hold.unwrap().map_line, 9);
    }
    // Microsoft's changes go on, and both are merged as if there had been no hold.
    set(&mut deal.left, "details.topic", "c");
    deal.stamps = [Some(5000), Some(10)];
    writes(&deal.decide(&plan), &[], &["Topic__c = \"c\""]);
    deal.stamps = [Some(10), Some(5000)];
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    set(&mut deal.right, "StageName", "Qualification");
    let accepted = deal.round(&plan);
    let all = ["details.topic = \"b\"", "status = \"Active\"", "substatus = \"Accepted\""];
    let [mut found, right] = written(&accepted);
    found.sort();
    assert_eq!((found, right.len()), (all.map(str::to_owned).to_vec(), 0));
    assert!(!deal.round(&plan).writes());
}

#[test]
fn what_the_referral_would_be_decides_so_declining_and_winning_end_a_hold() {
    let plan = plan();
    for (stage, substatus) in [("Closed Lost", "Lost"), ("Closed Won", "Won")] {
        let mut deal = deal(&plan, "New", "Open", "Prospecting");
        set(&mut deal.right, "StageName", stage);
        set(&mut deal.right, "Topic__c", "b");
        let first = deal.round(&plan);
        assert!(written(&first)[0].contains(&"details.topic = \"b\"".to_owned()), "{stage}");
        deal.quiet(&plan);
        assert_eq!(get(&deal.left, "substatus"), substatus, "{stage}");
    }
}

#[test]
fn a_status_is_reached_in_steps_whoever_else_changes_it_meanwhile() {
    // `conflict ask`: our own step must not be taken for a change of the other side.
    let line = "status, substatus <-> StageName using stage\n conflict ask";
    let plan = small_with("", line, STAGES);
    let mut deal = deal(&plan, "New", "Open", "Prospecting");
    set(&mut deal.right, "StageName", "Closed Won");
    let first = deal.round(&plan);
    writes(&first, &["status = \"Active\"", "substatus = \"Accepted\""], &[]);
    assert!(first.lines.iter().any(|line| line.reason.contains("first Active/Accepted, then")));
    let second = deal.round(&plan);
    writes(&second, &["status = \"Closed\"", "substatus = \"Won\""], &[]);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn a_step_that_is_refused_silently_is_not_tried_for_ever() {
    let plan = plan();
    let mut deal = deal(&plan, "New", "Open", "Prospecting");
    set(&mut deal.right, "StageName", "Closed Won");
    let decision = deal.decide(&plan);
    deal.settle(&plan, &decision);
    assert_eq!(outcome(&deal.decide(&plan), "StageName"), &Outcome::Drifted);
}

#[test]
fn what_is_too_early_waits_for_its_time_and_everything_else_goes() {
    let plan = plan();
    let mut deal = deal(&plan, "Active", "Accepted", "Qualification");
    set(&mut deal.right, "Flag__c", true);
    set(&mut deal.right, "StageName", "Closed Won");
    set(&mut deal.right, "Topic__c", "b");
    let early = deal.round(&plan);
    writes(&early, &["details.topic = \"b\""], &[]);
    assert_eq!(held(&early, "StageName"), "not before 2026-04-03 00:00 UTC");
    let [deadline] = early.deadlines.as_slice() else { panic!("{:?}", early.deadlines) };
    assert_eq!(deadline.kind, DeadlineKind::Write);
    assert_eq!(deadline.at.to_string(), "2026-04-03T00:00:00Z");
    writes(&deal.round(&plan), &[], &[]);
    writes(&deal.decide_at(&plan, "2026-04-02T23:59:59Z"), &[], &[]);
    let won = deal.decide_at(&plan, "2026-04-03T00:00:00Z");
    writes(&won, &["status = \"Closed\"", "substatus = \"Won\""], &[]);
    assert_eq!(won.deadlines, []);
    // Without the flag it does not wait.
    set(&mut deal.right, "Flag__c", false);
    writes(&deal.decide(&plan), &["status = \"Closed\"", "substatus = \"Won\""], &[]);
}

#[test]
fn a_deal_that_is_won_on_hold_is_accepted_at_once_and_won_when_it_may_be() {
    let plan = plan();
    let mut deal = deal(&plan, "New", "Open", "Prospecting");
    set(&mut deal.right, "Flag__c", true);
    set(&mut deal.right, "StageName", "Closed Won");
    let first = deal.round(&plan);
    writes(&first, &["status = \"Active\"", "substatus = \"Accepted\""], &[]);
    let then = deal.round(&plan);
    writes(&then, &[], &[]);
    assert_eq!(held(&then, "StageName"), "not before 2026-04-03 00:00 UTC");
    let won = deal.decide_at(&plan, "2026-04-03T00:00:00Z");
    writes(&won, &["status = \"Closed\"", "substatus = \"Won\""], &[]);
}

#[test]
fn a_deal_that_waits_for_an_answer_says_until_when() {
    let plan = plan();
    let deal = deal(&plan, "New", "Open", "Prospecting");
    let [deadline] = &deal.decide(&plan).deadlines[..] else { panic!("one deadline") };
    assert_eq!(deadline.kind, DeadlineKind::Answer);
    assert_eq!((deadline.at.to_string().as_str(), deadline.map_line), ("2026-04-14T00:00:00Z", 9));
    let mut answered = deal.clone();
    set(&mut answered.right, "StageName", "Qualification");
    assert_eq!(answered.decide(&plan).deadlines, [], "it is being answered");
    // The shipped map takes what Microsoft says before it reckons itself.
    let mut inbound = Deal::of(sample("inbound.json"), json!({}));
    inbound.quiet(shipped());
    let at = |deal: &Deal| deal.decide(shipped()).deadlines[0].at.to_string();
    assert_eq!(at(&inbound), "2026-03-16T09:14:27.5510934Z");
    set(&mut inbound.left, "expirationDateTime", serde_json::Value::Null);
    set(&mut inbound.left, "createdDateTime", "2026-03-03T00:00:00Z");
    assert_eq!(at(&inbound), "2026-03-17T00:00:00Z");
}

#[test]
fn what_is_required_is_asked_for_only_when_something_leaves() {
    let require = "require before sharing\n details.topic is not b else \"Not b.\"\nend";
    let plan = small_with(HOLD, &format!("{STAGE}\n{NOTES}"), &format!("{STAGES}\n{require}"));
    let mut deal = deal(&plan, "New", "Open", "Prospecting");
    set(&mut deal.right, "Topic__c", "b");
    let decision = deal.round(&plan);
    writes(&decision, &[], &[]);
    assert!(decision.parked.is_empty(), "{:?}", decision.parked);
    set(&mut deal.right, "StageName", "Qualification");
    let accepted = deal.round(&plan);
    writes(&accepted, &["status = \"Active\"", "substatus = \"Accepted\""], &[]);
    assert_eq!(accepted.parked.len(), 1);
}

#[test]
fn a_hold_may_look_at_the_opportunity_and_ask_what_the_referral_is() {
    let sync = "hold opportunity while StageName is \"Prospecting\" when status is Active";
    let plan = small_with(sync, &format!("{STAGE}\n{NOTES}"), STAGES);
    let mut own = deal(&plan, "New", "Open", "Prospecting");
    set(&mut own.right, "Topic__c", "b");
    writes(&own.decide(&plan), &["details.topic = \"b\""], &[]);
    let mut put_back = deal(&plan, "Active", "Accepted", "Qualification");
    set(&mut put_back.right, "StageName", "Prospecting");
    set(&mut put_back.right, "Topic__c", "b");
    let decision = put_back.round(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(held(&decision, "topic"), "the deal is on hold while StageName is \"Prospecting\"");
    // Microsoft's word ends it too: what waited goes in the same round.
    set(&mut put_back.left, "status", "Closed");
    set(&mut put_back.left, "substatus", "Won");
    writes(&put_back.round(&plan), &[], &["StageName = \"Closed Won\""]);
}

#[test]
fn no_referral_is_made_of_an_opportunity_that_is_on_hold() {
    let fields = format!("{STAGE}\n{NOTES}");
    let right = json!({"Id": "006", "Sync__c": true, "StageName": "Prospecting", "Topic__c": "b"});
    let hold = "hold opportunity while StageName is \"Prospecting\"";
    let held = create(&small_with(hold, &fields, STAGES), Side::Left, &right);
    assert!(!held.writes() && held.refused.is_none(), "{held:?}");
    assert_eq!(held.on_hold.unwrap().why, "the deal is on hold while StageName is \"Prospecting\"");
    let incoming = format!("{hold} when status is New");
    assert!(create(&small_with(&incoming, &fields, STAGES), Side::Left, &right).writes());
}

#[test]
fn mistakes_in_holds_and_waits_are_told_where_they_are() {
    let fields = format!("{STAGE}\n{NOTES}");
    let one = |sync: &str| said_with(sync, &fields, STAGES);
    let told = |code, text: &str| vec![(code, text.to_owned())];
    assert_eq!(one("hold referral while score is x"), {
        told("hold-forever", "hold referral while score is x")
    });
    assert_eq!(one("hold referal while status is New"), told("unknown-side", "referal"));
    assert_eq!(one("hold referral while stats is New"), told("unknown-field", "stats"));
    let when = "hold referral while status is New when substatus is Open";
    assert_eq!(one(when), told("clause-misplaced", "substatus is Open"));
    let late = "hold referral while status is New answer by name plus 1 days";
    assert_eq!(one(late), told("type-mismatch", "name"));
    let twice = "hold referral while status is New\nhold referral while status is New";
    assert_eq!(one(twice), told("doubled", "hold referral while status is New"));
    assert_eq!(one("hold referral when status is New")[0].0, "syntax");
    let row = STAGES.replace("<-> \"Closed Won\"", "-> \"Closed Won\"");
    let row = row.replace("otherwise        <-", "Closed, Won <- \"Closed Won\"\n  otherwise <-");
    let found = said_with("", &fields, &row);
    assert_eq!(found, told("clause-misplaced", "created plus 72 hours"));
    let row = STAGES.replace("created plus", "name plus");
    assert_eq!(said_with("", &fields, &row), told("type-mismatch", "name"));
}

/// The maps of the laws, with a hold.
fn held_plans() -> &'static [Plan] {
    static MADE: std::sync::OnceLock<Vec<Plan>> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let made = (0..10).map(|number| {
            let (fields, blocks) = parts(number);
            small_with(HOLD, &fields, &blocks)
        });
        made.collect()
    })
}

proptest! {
    #![proptest_config(cases(300))]

    /// Whatever people do: as long as the referral is new and stays so, nothing is written to it;
    /// and once it is not, both come to rest.
    #[test]
    fn nothing_is_ever_written_to_a_referral_that_is_on_hold_and_stays_so(
        plan in 0..10_usize, left in left_record(), right in right_record(),
        new_left in left_record(), new_right in right_record(), which in any::<[u32; 3]>(),
    ) {
        let plan = &held_plans()[plan];
        let mut deal = linked(&left, &right, [None, None]);
        for which in which {
            edit(&mut deal.left, &new_left, which);
            edit(&mut deal.right, &new_right, which.rotate_left(9));
            for _ in 0..4 {
                let before = get(&deal.left, "status").clone();
                let decision = deal.round(plan);
                let stays = before == "New" && get(&deal.left, "status") == "New";
                prop_assert!(!stays || decision.left.is_nothing(), "{:#?}", decision);
                let said = decision.on_hold.is_some();
                prop_assert!(!said || decision.left.is_nothing());
            }
            prop_assert!(!deal.round(plan).writes(), "it does not come to rest");
        }
        set(&mut deal.left, "status", "Active");
        set(&mut deal.left, "substatus", "Accepted");
        set(&mut deal.right, "Sync__c", true);
        deal.quiet(plan);
        prop_assert!(deal.decide(plan).on_hold.is_none());
    }
}
