//! What goes away: records in the bin, records nobody may see any more, children that were taken out.

use std::time::Duration;

use connect::Error;
use serde_json::{Value, json};

use super::house::{House, MAP, REFERRAL};
use super::model::{Record, Trouble};
use super::text;
use crate::store::Store;

async fn deal() -> (House, String) {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    (house, id)
}

fn solutions(house: &House) -> usize {
    let referral = house.referral(REFERRAL);
    referral["details"]["requirements"]["solutions"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_deleted_opportunity_sends_nothing_and_resumes_by_itself_when_undeleted() {
    let (house, id) = deal().await;
    house.world.edit_row("Opportunity", &id, "Amount", json!(7));
    house.world.delete_row("Opportunity", &id);
    let writes = house.world.writes();
    // The poll alone finds that it went: nothing else happens to the deal.
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["record-deleted"]);
    house.world.edit_referral(REFERRAL, "/details/notes", json!("after the deletion"));
    house.rest().await.unwrap();
    assert_eq!((house.world.writes(), house.world.all("Opportunity").len()), (writes, 0));
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, status.linked), (1, 1), "a tombstone stays");
    house.clock.advance(std::time::Duration::from_secs(5));
    house.world.undelete_row("Opportunity", &id);
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    assert_eq!(text(&house.opportunity(&id), "Description"), "after the deletion");
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "7");
}

#[tokio::test]
async fn an_opportunity_that_nobody_may_see_is_not_taken_for_deleted() {
    let (house, id) = deal().await;
    let key = ("Opportunity".to_owned(), id.clone());
    let row = house.world.state().rows.remove(&key).unwrap();
    let writes = house.world.writes();
    house.world.edit_referral(REFERRAL, "/details/notes", json!("unseen"));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["record-gone"]);
    assert_eq!((house.world.writes(), house.world.all("Opportunity").len()), (writes, 0));
    house.world.state().rows.insert(key, row);
    house.world.edit_row("Opportunity", &id, "NextStep", json!("shared again"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Description"), "unseen");
    assert_eq!(house.parked().await, [""; 0]);
}

#[tokio::test]
async fn an_opportunity_that_is_deleted_before_anybody_knew_it_begins_nothing() {
    let house = House::new().await;
    let deal = house.flagged();
    house.world.delete_row("Opportunity", &deal);
    house.rest().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, house.world.writes()), (0, 0));
}

#[tokio::test]
async fn an_opportunity_that_is_unshared_before_it_has_a_referral_is_listed() {
    let house = House::new().await;
    let deal = house.flagged();
    house.hint_record(&deal).await;
    let key = ("Opportunity".to_owned(), deal.clone());
    let row = house.world.state().rows.remove(&key).unwrap();
    house.work().await.unwrap();
    assert_eq!(house.parked().await, ["record-gone"]);
    house.world.state().rows.insert(key, row);
    house.worker.store.release(crate::store::Release::All, house.clock.now()).await.unwrap();
    house.work().await.unwrap();
    assert_eq!(text(&house.opportunity(&deal), "Referral_Identifier__c"), house.the_referral().0);
}

#[tokio::test]
async fn an_opportunity_that_is_deleted_between_read_and_write_is_known_to_be() {
    let (house, id) = deal().await;
    house.world.edit_referral(REFERRAL, "/details/notes", json!("late"));
    let gone = connect::Error::Gone { why: "ENTITY_IS_DELETED".to_owned() };
    house.world.trouble("change row", Trouble::Answer(gone));
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    // It was not: the fault alone said so, and the next look knew better.
    assert_eq!(house.parked().await, [""; 0]);
    assert_eq!(text(&house.opportunity(&id), "Description"), "late");
}

#[tokio::test]
async fn a_solution_that_is_deleted_leaves_the_referral_and_comes_back() {
    let (house, deal) = deal().await;
    house.clock.advance(std::time::Duration::from_mins(2));
    let second = house.world.add_row(
        "Microsoft_Solution__c",
        &json!({"Name": "Depot", "Opportunity__c": deal, "Solution_Identifier__c": "SOL-2"}),
    );
    house.rest().await.unwrap();
    assert_eq!(solutions(&house), 2);
    house.clock.advance(std::time::Duration::from_mins(2));
    house.world.delete_row("Microsoft_Solution__c", &second);
    house.rest().await.unwrap();
    assert_eq!(solutions(&house), 1, "the poll finds it in the bin");
    house.clock.advance(std::time::Duration::from_mins(2));
    house.world.undelete_row("Microsoft_Solution__c", &second);
    house.rest().await.unwrap();
    assert_eq!(solutions(&house), 2);
    assert_eq!(house.parked().await, [""; 0]);
}

/// A write to the referral whose outcome is not known, when one of the two records cannot be read for a while.
async fn unseen_in_the_middle_of_a_write(unseen: impl Fn(&House, &str) -> Box<dyn Fn(&House)>) {
    let (house, id) = deal().await;
    let turn = || house.clock.advance(std::time::Duration::from_mins(5));
    house.world.edit_row("Opportunity", &id, "Campaign_Code__c", json!("ONE"));
    house.world.trouble("change referral", Trouble::AppliedThenLost);
    house.hint_record(&id).await;
    house.worker.step().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "campaignId"), "ONE");
    let seen_again = unseen(&house, &id);
    house.work().await.unwrap();
    assert_eq!(house.parked().await.len(), 1);
    let status = house.worker.store.status().await.unwrap();
    assert_eq!(status.open_intents, 1, "what came of it is still to be found out");
    seen_again(&house);
    turn();
    house.world.edit_row("Opportunity", &id, "Campaign_Code__c", json!("TWO"));
    turn();
    // The referral is the one that changed last, by another field: what was written there is older all the same.
    house.world.edit_referral(REFERRAL, "/details/notes", json!("newest"));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    assert_eq!(text(&house.opportunity(&id), "Campaign_Code__c"), "TWO");
    assert_eq!(text(&house.referral(REFERRAL), "campaignId"), "TWO");
    assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
}

#[tokio::test]
async fn what_was_written_before_the_referral_was_hidden_is_known_when_it_is_seen_again() {
    unseen_in_the_middle_of_a_write(|house, _| {
        let referral = house.world.state().referrals.remove(REFERRAL).unwrap();
        Box::new(move |house| {
            house.world.state().referrals.insert(REFERRAL.to_owned(), referral.clone());
        })
    })
    .await;
}

#[tokio::test]
async fn what_was_written_before_the_opportunity_was_deleted_is_known_when_it_is_undeleted() {
    unseen_in_the_middle_of_a_write(|house, id| {
        house.world.delete_row("Opportunity", id);
        let id = id.to_owned();
        Box::new(move |house| house.world.undelete_row("Opportunity", &id))
    })
    .await;
}

#[tokio::test]
async fn a_cleared_identifier_is_repaired() {
    let (house, id) = deal().await;
    house.world.edit_row("Opportunity", &id, "Referral_Identifier__c", Value::Null);
    house.world.edit_row("Opportunity", &id, "Amount", json!(9));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Referral_Identifier__c"), REFERRAL);
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "9");
    assert_eq!(house.world.state().referrals.len(), 1);
    assert_eq!(house.worker.store.status().await.unwrap().keys, 1);
}

#[tokio::test]
async fn a_referral_that_may_not_be_read_is_no_refused_write() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let refused = || Error::Refused {
        code: "insufficientClaims".to_owned(),
        why: "read referral: partner center answered 403 accessDenied/insufficientClaims"
            .to_owned(),
        fields: Vec::new(),
    };
    for _ in 0..10 {
        house.world.trouble("read referral", Trouble::Answer(refused()));
    }
    house.world.edit_referral(REFERRAL, "/details/notes", json!("more"));
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    let cause = &status.parked[0].causes[0];
    assert_eq!(cause.code, "unread::insufficientClaims");
    assert!(cause.message.starts_with("partner_center does not let it be read"), "{cause:?}");
    assert!(cause.help.contains("Referrals admin") && !cause.help.contains("value"), "{cause:?}");
}

#[tokio::test]
async fn of_a_refused_related_record_the_object_and_its_line_are_told() {
    let house = House::new().await;
    let refused = Error::Refused {
        code: "DUPLICATES_DETECTED".to_owned(),
        why: "Account: a duplicate rule of the org found 0015g00000AcExAAAV".to_owned(),
        fields: Vec::new(),
    };
    house.world.trouble("composite", Trouble::Answer(refused));
    house.inbound();
    house.rest().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    let cause = &status.parked[0].causes[0];
    let line = MAP.lines().position(|line| line.starts_with("related Account")).unwrap();
    assert_eq!(cause.map_line, Some(line + 1), "{cause:?}");
    assert!(cause.message.contains("Account: ") && cause.message.contains("0015g"), "{cause:?}");
}

#[tokio::test]
async fn tries_are_counted_while_the_records_change_in_between() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    for _ in 0..50 {
        house.world.trouble("change referral", Trouble::Answer(Error::Changed));
    }
    let (id, _) = house.the_opportunity();
    house.world.edit_row("Opportunity", &id, "Amount", json!(77));
    house.hint_record(&id).await;
    house.worker.step().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    assert_eq!(status.waiting[0].attempts, 1, "{:?}", status.waiting);
}

#[tokio::test]
async fn a_record_and_its_children_are_changed_in_one_request_all_or_nothing() {
    let (house, id) = deal().await;
    let mut solutions = house.referral(REFERRAL)["details"]["requirements"]["solutions"].clone();
    let more = json!({"id": "SOL-NEW-2", "name": "Added", "type": "Name"});
    solutions.as_array_mut().unwrap().push(more);
    let children = house.world.all("Microsoft_Solution__c").len();
    let before = house.opportunity(&id);
    house.clock.advance(Duration::from_secs(5));
    house.world.edit_referral(REFERRAL, "/details/dealValue", json!(4711));
    house.world.edit_referral(REFERRAL, "/details/requirements/solutions", solutions);
    let (why, unknown_outcome) = ("503".to_owned(), false);
    let busy = Error::Later { after: None, why, unknown_outcome };
    house.world.trouble("composite", Trouble::Answer(busy));
    house.hint_referral(REFERRAL).await;
    house.worker.step().await.unwrap();
    assert_eq!(house.opportunity(&id), before, "not a part of it");
    house.rest().await.unwrap();
    let after = house.opportunity(&id);
    assert_eq!(after["Amount"].to_string(), "4711");
    assert_eq!(house.world.all("Microsoft_Solution__c").len(), children + 1);
    let lines = |row: &Record| text(row, "Audit__c").lines().count();
    assert_eq!(lines(&after), lines(&before) + 1, "one line: {}", text(&after, "Audit__c"));
}
