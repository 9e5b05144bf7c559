//! The worker against two modelled systems.

mod backfill;
mod census;
mod catalogue;
mod copies;
mod gone;
mod half;
mod help;
mod house;
mod leads;
mod life;
mod model;
mod polls;
mod refusals;
mod reloads;
mod rules;
mod storms;
mod unknown;
mod wishes;

use connect::Error;
use serde_json::{Value, json};

use house::{House, REFERRAL};
use model::Trouble;

use super::Tripwire;
use crate::store::{Release, Store};

fn text(record: &model::Record, name: &str) -> String {
    record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_inbound_referral_becomes_one_opportunity_and_then_all_is_quiet() {
    let house = House::new().await;
    house.inbound();
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    let (id, deal) = house.the_opportunity();
    assert_eq!(text(&deal, "Referral_Identifier__c"), REFERRAL);
    assert_eq!(text(&deal, "Name"), "✔ Alpine Freight & Co - depot telemetry");
    assert_eq!(deal["Amount"].to_string(), "125000.10");
    assert!(text(&deal, "Audit__c").contains("sync success"), "{deal:?}");
    assert_eq!(text(&house.referral(REFERRAL), "externalReferenceId"), id);
    assert_eq!(house.world.all("Account").len(), 1);
    assert_eq!(house.world.all("Microsoft_Solution__c").len(), 1);
    house.rest().await.unwrap();
    let writes = house.world.writes();
    house.hint_referral(REFERRAL).await;
    house.hint_record(&id).await;
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes, "{:?}", house.world.state().writes);
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, status.linked, status.open_intents), (1, 1, 0));
}

#[tokio::test]
async fn a_flagged_opportunity_becomes_one_referral() {
    let house = House::new().await;
    let deal = house.flagged();
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    let (id, referral) = house.the_referral();
    assert_eq!(text(&referral, "externalReferenceId"), deal);
    assert_eq!(text(&house.opportunity(&deal), "Referral_Identifier__c"), id);
    assert_eq!(house.world.all("Opportunity").len(), 1, "our own referral made no second one");
    let writes = house.world.writes();
    house.hint_referral(&id).await;
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes);
}

#[tokio::test]
async fn changes_flow_both_ways_and_conflicts_go_by_the_map() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.world.edit_row("Opportunity", &id, "StageName", json!("Qualification"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "status"), "Active");
    house.world.edit_referral(REFERRAL, "/details/notes", json!("a new note"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Description"), "a new note");
    house.world.edit_referral(REFERRAL, "/details/dealValue", json!(1));
    house.world.edit_row("Opportunity", &id, "Amount", json!(2));
    house.rest().await.unwrap();
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "2");
    assert_eq!(house.opportunity(&id)["Amount"].to_string(), "2");
    assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
}

#[tokio::test]
async fn an_edit_between_read_and_write_is_not_lost() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.world.edit_row("Opportunity", &id, "Amount", json!(7));
    house.world.trouble(
        "change referral",
        Trouble::Edit("Referral", "/details/notes", json!("typed meanwhile")),
    );
    house
        .world
        .trouble("change row", Trouble::Edit("Opportunity", "Campaign_Code__c", json!("C-7")));
    house.clock.advance(std::time::Duration::from_secs(2));
    house.rest().await.unwrap();
    let referral = house.referral(REFERRAL);
    assert_eq!(referral["details"]["dealValue"].to_string(), "7");
    assert_eq!(text(&house.opportunity(&id), "Description"), "typed meanwhile");
    assert_eq!(text(&referral, "campaignId"), "C-7");
}

#[tokio::test]
async fn an_edit_behind_our_write_is_not_lost_when_the_second_half_of_the_write_fails() {
    let later =
        |unknown_outcome| Error::Later { after: None, why: "503".to_owned(), unknown_outcome };
    for error in [later(true), later(false), Error::Changed] {
        let house = House::new().await;
        house.inbound();
        house.rest().await.unwrap();
        let (id, _) = house.the_opportunity();
        // Microsoft changes the amount that was just written, before the seller is told of it.
        house.world.edit_row("Opportunity", &id, "Amount", json!(7));
        let edit = ("Referral", "/details/dealValue", json!(8));
        let trouble = Trouble::EditAndAnswer(edit.0, edit.1, edit.2, error.clone());
        house.world.trouble("change row", trouble);
        house.rest().await.unwrap();
        assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "8", "{error:?}");
        assert_eq!(house.opportunity(&id)["Amount"].to_string(), "8", "{error:?}");
        assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
    }
}

#[tokio::test]
async fn an_edit_while_the_opportunity_is_being_made_is_not_lost() {
    for unanswered in [false, true] {
        let house = House::new().await;
        house.inbound();
        let edit = Trouble::Edit("Referral", "/details/notes", json!("typed meanwhile"));
        house.world.trouble("composite", if unanswered { Trouble::AppliedThenLost } else { edit });
        house.hint_referral(REFERRAL).await;
        house.worker.step().await.unwrap();
        if unanswered {
            house.world.edit_referral(REFERRAL, "/details/notes", json!("typed meanwhile"));
        }
        house.rest().await.unwrap();
        let (_, deal) = house.the_opportunity();
        assert_eq!(text(&deal, "Description"), "typed meanwhile", "unanswered: {unanswered}");
        assert_eq!(house.referral(REFERRAL)["details"]["notes"], "typed meanwhile");
    }
}

#[tokio::test]
async fn a_copied_opportunity_is_parked_alone() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    let mut copy = house.opportunity(&id);
    copy.shift_remove("Id");
    house.clock.advance(std::time::Duration::from_mins(1));
    house.world.add_row("Opportunity", &Value::Object(copy));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["second-claimant"]);
    house.world.edit_referral(REFERRAL, "/details/notes", json!("still in step"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Description"), "still in step");
}

#[tokio::test]
async fn a_referral_that_cannot_be_read_any_more_is_not_made_again() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    let referrals = std::mem::take(&mut house.world.state().referrals);
    let writes = house.world.writes();
    house.world.edit_row("Opportunity", &id, "Amount", json!(3));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["referral-unreadable"]);
    assert_eq!(house.world.writes(), writes + 1, "the seller is told, and nothing else is written");
    let deal = house.opportunity(&id);
    assert!(text(&deal, "Name").starts_with('✘'), "{deal:?}");
    let audit = text(&deal, "Audit__c");
    assert!(audit.contains("Not in step with Microsoft: the referral cannot be read"), "{audit}");
    house.world.edit_row("Opportunity", &id, "Amount", json!(4));
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes + 1, "told once");
    house.world.state().referrals = referrals;
    house.world.edit_row("Opportunity", &id, "Amount", json!(5));
    house.rest().await.unwrap();
    assert!(house.parked().await.is_empty());
    assert!(text(&house.opportunity(&id), "Name").starts_with('✔'));
}

/// A line of the audit is written though the write that was to carry it did not get through, or nobody knows.
#[tokio::test]
async fn a_line_of_the_audit_that_was_not_written_is_written_once_with_the_next_write() {
    let refused = || Error::Refused {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        why: "not now".to_owned(),
        fields: Vec::new(),
    };
    let busy = || Error::Later { after: None, why: "503".to_owned(), unknown_outcome: false };
    for trouble in [
        Trouble::Lost,
        Trouble::AppliedThenLost,
        Trouble::Answer(busy()),
        Trouble::Answer(refused()),
    ] {
        let what = format!("{trouble:?}");
        let house = House::new().await;
        house.inbound();
        house.rest().await.unwrap();
        let (id, _) = house.the_opportunity();
        house.world.edit_row("Opportunity", &id, "StageName", json!("Qualification"));
        house.rest().await.unwrap();
        house.clock.advance(std::time::Duration::from_mins(5));
        house.world.edit_row("Opportunity", &id, "Amount", json!(7));
        house.world.trouble("change row", trouble);
        house.rest().await.unwrap();
        let audit = text(&house.opportunity(&id), "Audit__c");
        let told = audit.matches("CRM to Partner Center Referral sync success: Amount").count();
        assert_eq!(told, 1, "{what}: {audit}");
    }
}

#[tokio::test]
async fn nothing_leaves_once_the_flag_is_off() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.world.edit_row("Opportunity", &id, "Amount", json!(5));
    // The flag goes off after the records were read for the decision.
    house.hint_record(&id).await;
    house.world.trouble("read rows", Trouble::Edit("None", "", Value::Null));
    let off = Trouble::Edit("Opportunity", "Sync_with_Partner_Center__c", json!(false));
    house.world.trouble("read rows", off);
    house.clock.advance(std::time::Duration::from_secs(5));
    house.work().await.unwrap();
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "125000.10");
    house.world.edit_referral(REFERRAL, "/details/notes", json!("inbound goes on"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Description"), "inbound goes on");
    house.world.edit_row("Opportunity", &id, "Sync_with_Partner_Center__c", json!(true));
    house.rest().await.unwrap();
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "5");
}

#[tokio::test]
async fn a_deal_that_may_not_be_shared_yet_says_so_once_and_goes_on_when_completed() {
    let house = House::new().await;
    let deal = house.flagged();
    house.world.edit_row("Opportunity", &deal, "Amount", json!(0));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["fault::require"]);
    assert!(text(&house.opportunity(&deal), "Name").starts_with('✘'));
    assert!(house.world.state().referrals.is_empty());
    let audit = text(&house.opportunity(&deal), "Audit__c");
    house.hint_record(&deal).await;
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&deal), "Audit__c"), audit, "said once");
    house.world.edit_row("Opportunity", &deal, "Amount", json!(100));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    house.the_referral();
    assert!(text(&house.opportunity(&deal), "Name").starts_with('✔'));
}

#[tokio::test]
async fn a_refused_write_parks_the_deal_with_its_line_and_tells_the_seller() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    let refused = Error::Refused {
        code: "invalidRequest".to_owned(),
        why: "the value is too large".to_owned(),
        fields: vec!["/details/dealValue".to_owned()],
    };
    for _ in 0..10 {
        house.world.trouble("change referral", Trouble::Answer(refused.clone()));
    }
    house.world.edit_row("Opportunity", &id, "Amount", json!(11));
    house.rest().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    let cause = &status.parked[0].causes[0];
    assert_eq!(cause.code, "refused::invalidRequest");
    assert!(cause.map_line.is_some_and(|line| line > 0), "{cause:?}");
    let deal = house.opportunity(&id);
    assert!(text(&deal, "Name").starts_with('✘'), "{deal:?}");
    let lines = text(&deal, "Audit__c").matches("too large").count();
    assert_eq!(lines, 1);
    house.world.state().troubles.clear();
    house.worker.store.release(Release::All, house.clock.now()).await.unwrap();
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "11");
    assert!(text(&house.opportunity(&id), "Name").starts_with('✔'));
}

#[tokio::test]
async fn two_deals_of_one_customer_share_one_account() {
    let house = House::new().await;
    house.inbound();
    let second = "d2f7b088-a98a-4d0a-b509-fdd40775fcc2";
    let text = Value::Object(house.referral(REFERRAL)).to_string();
    let text = text.replace("engagementId\":\"", "engagementId\":\"x");
    house.world.add_referral(&text, second);
    house.rest().await.unwrap();
    assert_eq!(house.world.all("Opportunity").len(), 2);
    assert_eq!(house.world.all("Account").len(), 1);
}

#[tokio::test]
async fn another_automation_that_fights_back_is_parked() {
    let mut house = House::new().await;
    house.limits.writes_per_hour = 5;
    house.reopen(Tripwire::default()).await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    for n in 0..10 {
        house.world.edit_row("Opportunity", &id, "Amount", json!(n));
        house.rest().await.unwrap();
    }
    assert_eq!(house.parked().await, ["write-fight"]);
    let value = || house.referral(REFERRAL)["details"]["dealValue"].to_string();
    let held = value();
    house.hint_record(&id).await;
    house.rest().await.unwrap();
    assert_eq!((house.parked().await, value()), (vec!["write-fight".to_owned()], held));
    // A person who has put an end to it says so.
    let released = Release::Code("write-fight".to_owned());
    assert_eq!(house.worker.store.release(released, house.clock.now()).await.unwrap(), 1);
    house.rest().await.unwrap();
    assert_eq!((house.parked().await.len(), value().as_str()), (0, "9"));
}

#[tokio::test]
async fn a_denied_wire_stops_until_somebody_acts() {
    let house = House::new().await;
    house.inbound();
    let denied = Error::Denied { why: "sign-in expired".to_owned(), who: "the admin".to_owned() };
    house.world.trouble("read referral", Trouble::Answer(denied));
    house.hint_referral(REFERRAL).await;
    house.worker.step().await.unwrap();
    let snapshot = house.worker.standing.snapshot();
    assert_eq!(snapshot.denied[0].who, "the admin");
    house.work().await.unwrap();
    assert!(house.worker.standing.snapshot().denied.is_empty());
    house.the_opportunity();
}

#[tokio::test]
async fn microsofts_half_makes_no_opportunity() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let half = "e2f7b088-a98a-4d0a-b509-fdd40775fcc3";
    let text = Value::Object(house.referral(REFERRAL)).to_string();
    house.world.add_referral(&text, half);
    house.world.edit_referral(half, "/organizationId", json!("msft"));
    house.hint_referral(half).await;
    house.rest().await.unwrap();
    house.the_opportunity();
    let status = house.worker.store.status().await.unwrap();
    assert_eq!(status.keys, 1, "the half belongs to the deal");
}

#[tokio::test]
async fn records_that_take_no_part_are_not_even_looked_at() {
    let house = House::new().await;
    let deal = house.flagged();
    house.world.edit_row("Opportunity", &deal, "Sync_with_Partner_Center__c", json!(false));
    house.inbound();
    house.world.edit_referral(REFERRAL, "/type", json!("Independent"));
    house.rest().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, house.world.writes()), (0, 0));
}

#[tokio::test]
async fn a_solution_added_by_the_rep_reaches_microsoft() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.clock.advance(std::time::Duration::from_mins(2));
    house.world.add_row(
        "Microsoft_Solution__c",
        &json!({"Name": "Depot", "Opportunity__c": id, "Solution_Identifier__c": "SOL-2"}),
    );
    house.rest().await.unwrap();
    let referral = house.referral(REFERRAL);
    let solutions = referral["details"]["requirements"]["solutions"].as_array().unwrap();
    assert_eq!(solutions.len(), 2, "{solutions:?}");
}

#[tokio::test]
async fn a_solution_that_is_gone_at_microsoft_is_removed_from_the_opportunity() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    house.clock.advance(std::time::Duration::from_mins(2));
    let other = json!([{"id": "SOL-7", "type": "Name", "name": "Yard"}]);
    house.world.edit_referral(REFERRAL, "/details/requirements/solutions", other);
    house.rest().await.unwrap();
    let rows = house.world.all("Microsoft_Solution__c");
    let ids: Vec<&Value> = rows.iter().map(|(_, row)| &row["Solution_Identifier__c"]).collect();
    assert_eq!(ids, [&json!("SOL-7")], "{:?}", house.world.state().writes);
    assert_eq!(house.parked().await, [""; 0]);
}
