//! What goes away: records in the bin, records nobody may see any more, children that were taken out.

use serde_json::{Value, json};

use super::house::{House, REFERRAL};
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
async fn an_opportunity_that_is_deleted_between_read_and_write_is_known_to_be() {
    use super::model::Trouble;
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
