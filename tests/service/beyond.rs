//! What a deal's lines read of records that many deals share: a contact's phone, an account's street.
//!
//! In: a service that only asks for changes, and a rep who edits such a record long after the deal. Out: what
//! Microsoft knows. Must not know: the service inside.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::environments::Town;
use crate::sides::{Sides, eventually, text};

#[tokio::test]
async fn a_contact_and_an_account_are_heard_of_long_after_the_deal_was_changed() {
    let mut town = Town::new();
    let copy = town.sandbox_with("copy", "sandbox", &["--daily-calls", "5000000"]).await;
    let sides = Sides::new(&town.alone("copy", &copy));
    let config = std::fs::read_to_string(town.place("cosell.yaml")).unwrap();
    town.configure(&config.replace("limits:\n", "limits:\n  overlap_seconds: 1\n"));
    town.serve().await;
    let deal = sides.rep_prepares("Harrow").await;
    sides.rep_adds_solution(&deal).await;
    let contact = json!({"FirstName": "Ada", "LastName": "Pell", "Email": "ada@harrow.example"});
    let contact = sides.rep_makes("Contact", &contact).await;
    sides
        .rep_makes("OpportunityContactRole", &json!({"OpportunityId": deal, "ContactId": contact}))
        .await;
    sides.rep_changes(&deal, &json!({"Sync_with_Partner_Center__c": true})).await;
    let referral = sides.becomes_referral(&deal).await;
    // Another deal cannot be shared for want of a street.
    let waits = sides.rep_prepares("Borealis").await;
    sides.rep_adds_solution(&waits).await;
    let account = text(&sides.opportunity(&waits).await, "/AccountId").to_owned();
    sides.rep_edits("Account", &account, &json!({"BillingStreet": null})).await;
    sides.rep_changes(&waits, &json!({"Sync_with_Partner_Center__c": true})).await;
    eventually("it waits for a person", async || {
        let parked = sides.status().await["parked"].as_array()?.len();
        (parked == 1).then_some(())
    })
    .await;
    // Both are long past for whoever asks what changed.
    sleep(Duration::from_secs(8)).await;
    sides.rep_edits("Contact", &contact, &json!({"Phone": "+44 113 555 0199"})).await;
    eventually("Microsoft knows the phone", async || {
        let found = sides.referral(&referral).await;
        let phone = found["customerProfile"]["team"][0]["phoneNumber"].as_str();
        (phone == Some("+44 113 555 0199")).then_some(())
    })
    .await;
    sides.rep_edits("Account", &account, &json!({"BillingStreet": "3 Flour Lane"})).await;
    sides.becomes_referral(&waits).await;
    eventually("nothing is parked", async || {
        (sides.status().await["parked"] == json!([])).then_some(())
    })
    .await;
    assert_eq!(sides.status().await["notes"], json!({}), "all questions are answered");
}
