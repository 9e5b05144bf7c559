//! Writes whose outcome is not known: what is found out, and what people entered meanwhile.

use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use super::model::Trouble;
use super::text;
use crate::store::Store;

#[tokio::test]
async fn a_referral_whose_creation_was_not_answered_is_found_again() {
    for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
        let house = House::new().await;
        let deal = house.flagged();
        house.world.trouble("create referral", trouble.clone());
        house.rest().await.unwrap();
        let (id, _) = house.the_referral();
        assert_eq!(text(&house.opportunity(&deal), "Referral_Identifier__c"), id, "{trouble:?}");
        let status = house.worker.store.status().await.unwrap();
        let found = status.counters.get("creates_found_again").copied().unwrap_or(0);
        assert_eq!(found, u64::from(matches!(trouble, Trouble::AppliedThenLost)));
        assert_eq!((status.open_intents, status.parked_count), (0, 0));
    }
}

#[tokio::test]
async fn an_opportunity_whose_creation_was_not_answered_is_found_again() {
    for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
        let house = House::new().await;
        house.inbound();
        house.world.trouble("composite", trouble);
        house.rest().await.unwrap();
        let (_, deal) = house.the_opportunity();
        assert_eq!(text(&deal, "Referral_Identifier__c"), REFERRAL);
        assert_eq!(house.world.all("Account").len(), 1);
        assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
    }
}

#[tokio::test]
async fn an_update_that_was_not_answered_arrives_once() {
    for kind in ["change referral", "change row"] {
        for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
            let house = House::new().await;
            house.inbound();
            house.rest().await.unwrap();
            let (id, _) = house.the_opportunity();
            house.world.edit_row("Opportunity", &id, "Amount", json!(9));
            house.world.edit_referral(REFERRAL, "/details/notes", json!("both sides"));
            house.world.trouble(kind, trouble.clone());
            house.rest().await.unwrap();
            let referral = house.referral(REFERRAL);
            assert_eq!(referral["details"]["dealValue"].to_string(), "9", "{kind} {trouble:?}");
            let deal = house.opportunity(&id);
            assert_eq!(text(&deal, "Description"), "both sides", "{kind} {trouble:?}");
            assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
        }
    }
}

#[tokio::test]
async fn a_new_referral_waits_while_another_deal_is_just_creating_one() {
    let house = House::new().await;
    let deal = house.flagged();
    house.hint_record(&deal).await;
    house.world.trouble("create referral", Trouble::AppliedThenLost);
    house.worker.step().await.unwrap();
    // The created referral is announced before its creator knows of it, and names no record.
    let (id, _) = house.the_referral();
    house.world.edit_referral(&id, "/externalReferenceId", Value::Null);
    house.hint_referral(&id).await;
    house.worker.step().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    assert!(status.waiting.iter().any(|key| key.why.contains("just creating")), "{status:?}");
    assert_eq!(house.world.all("Opportunity").len(), 1);
    house.world.edit_referral(&id, "/externalReferenceId", json!(deal));
    house.rest().await.unwrap();
    assert_eq!(house.world.all("Opportunity").len(), 1);
    assert_eq!(house.worker.store.status().await.unwrap().keys, 1);
}

#[tokio::test]
async fn what_a_rep_enters_behind_a_write_that_was_not_answered_is_newer() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.world.edit_referral(REFERRAL, "/campaignId", json!("ONE"));
    // A closed referral is not written to, and wins where both sides changed.
    house.world.edit_referral(REFERRAL, "/status", json!("Closed"));
    house.world.edit_referral(REFERRAL, "/substatus", json!("Lost"));
    house.world.trouble("change row", Trouble::AppliedThenLost);
    house.hint_referral(REFERRAL).await;
    house.worker.step().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Campaign_Code__c"), "ONE", "it was applied");
    house.clock.advance(std::time::Duration::from_mins(5));
    house.world.edit_row("Opportunity", &id, "Campaign_Code__c", json!("TWO"));
    house.rest().await.unwrap();
    // The stage and the audit line stand there as sent: so ONE stood there too, and the rep knew it.
    assert_eq!(text(&house.opportunity(&id), "Campaign_Code__c"), "TWO");
    assert_eq!(text(&house.opportunity(&id), "StageName"), "Closed Lost");
}
