//! What the service must not do: echo, share what may not be shared, join what does not belong
//! together.
//!
//! In: a running demo. Out: records and counts at both systems. Must not know: the service inside.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, same_number, text};

#[tokio::test]
async fn our_own_writes_come_back_and_cause_nothing() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let sent = sides.microsoft_sends(&inbound("Alpine")).await;
    let shared = sides.rep_shares("Harrow").await;
    let deal = sides.becomes_opportunity(&sent).await;
    sides.becomes_referral(&shared).await;
    sides.rep_changes(&deal, &json!({"StageName": "Qualification", "Amount": 9000})).await;
    sides.settled().await;
    let writes = sides.writes().await;
    let before = eventually("our own writes are announced too", async || {
        let status = sides.status().await;
        let heard = status["counters"]["accepted_webhook"].as_u64();
        // One may be Microsoft's deal, unless that came before the service was registered.
        (heard >= Some(2) && status["dirty"] == 0).then_some(status)
    })
    .await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(sides.writes().await, writes);
    let after = sides.status().await;
    assert_eq!((&after["dirty"], &after["parked_count"]), (&json!(0), &json!(0)));
    assert_ne!(after["times"]["poll"], before["times"]["poll"], "it went on looking");
    assert_eq!(sides.referrals().await.len(), 2);
    assert_eq!(sides.opportunities("Id != null").await.len(), 2);
}

#[tokio::test]
async fn what_may_not_be_shared_yet_is_said_once_and_goes_on_when_it_is_complete() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = sides.rep_prepares("Harrow").await;
    sides.rep_changes(&deal, &json!({"Sync_with_Partner_Center__c": true})).await;
    let missing = "Add at least one Microsoft solution.";
    eventually("the rep is told", async || {
        let found = sides.opportunity(&deal).await;
        let told =
            text(&found, "/Name").starts_with('✘') && text(&found, "/Audit__c").contains(missing);
        told.then_some(())
    })
    .await;
    let writes = sides.writes().await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(sides.writes().await, writes, "said once");
    let found = sides.opportunity(&deal).await;
    assert_eq!(text(&found, "/Audit__c").matches(missing).count(), 1, "{found:#}");
    assert_eq!(text(&found, "/Name"), "✘ Harrow");
    assert!(sides.referrals().await.is_empty());
    assert_eq!(parked(&sides.status().await), ["fault::require"]);
    // Another edit that does not help says nothing new.
    sides.rep_changes(&deal, &json!({"NextStep": "call"})).await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(sides.writes().await, writes, "still said once");
    sides.rep_adds_solution(&deal).await;
    sides.becomes_referral(&deal).await;
    sides.settled().await;
    let found = sides.opportunity(&deal).await;
    assert_eq!(text(&found, "/Name"), "✔ Harrow");
    assert_eq!(parked(&sides.status().await), [""; 0]);
}

/// The codes of everything that is parked.
fn parked(status: &Value) -> Vec<String> {
    let keys = status["parked"].as_array().unwrap();
    let causes = keys.iter().flat_map(|key| key["causes"].as_array().unwrap());
    causes.map(|cause| cause["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nothing_is_sent_while_the_flag_is_off() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = sides.rep_shares("Harrow").await;
    let referral = sides.becomes_referral(&deal).await;
    sides.settled().await;
    let off = json!({"Sync_with_Partner_Center__c": false, "Amount": 60_000});
    sides.rep_changes(&deal, &off).await;
    sides.rep_changes(&deal, &json!({"Campaign_Code__c": "C-1"})).await;
    let (_, sent) = sides.writes().await;
    // Microsoft's changes still come in.
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "Still heard."}})).await;
    eventually("the notes arrive", async || {
        let found = sides.opportunity(&deal).await;
        (text(&found, "/Description") == "Still heard.").then_some(())
    })
    .await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(sides.writes().await.1, sent, "nothing left for Microsoft");
    let left = sides.referral(&referral).await;
    assert!(same_number(&left["details"]["dealValue"], 48_000), "{left:#}");
    sides.rep_changes(&deal, &json!({"Sync_with_Partner_Center__c": true})).await;
    eventually("what waited is sent", async || {
        let left = sides.referral(&referral).await;
        let there = same_number(&left["details"]["dealValue"], 60_000)
            && text(&left, "/campaignId") == "C-1";
        there.then_some(())
    })
    .await;
    sides.settled().await;
}

#[tokio::test]
async fn a_second_claim_on_a_deal_is_parked_and_the_first_goes_on() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let first = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&first).await;
    sides.settled().await;
    // A copy with the same referral cannot be made.
    let copy = json!({
        "Name": "Copy", "StageName": "Prospecting", "CloseDate": "2027-04-30",
        "Referral_Identifier__c": first, "Sync_with_Partner_Center__c": true
    });
    let path = "/services/data/v64.0/sobjects/Opportunity";
    let (status, answer) = sides.rep.call("POST", path, Some(&copy)).await.unwrap();
    assert_eq!((status, &answer[0]["errorCode"]), (400, &json!("DUPLICATE_VALUE")), "{answer}");
    // A second referral that says it belongs to the same opportunity.
    let mut second = inbound("Alpine");
    second["externalReferenceId"] = json!(deal);
    let second = sides.microsoft_sends(&second).await;
    eventually("it is parked", async || {
        let status = sides.status().await;
        (parked(&status) == ["second-claimant"] && status["dirty"] == 0).then_some(())
    })
    .await;
    sides.microsoft_changes(&second, &json!({"details": {"notes": "Not mine."}})).await;
    sides.microsoft_changes(&first, &json!({"details": {"notes": "Mine."}})).await;
    eventually("the first goes on", async || {
        let found = sides.opportunity(&deal).await;
        (text(&found, "/Description") == "Mine.").then_some(())
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    let deals = sides.opportunities("Id != null").await;
    assert_eq!(deals.len(), 1, "not merged, not doubled");
    assert_eq!(text(&deals[0], "/Referral_Identifier__c"), first);
    assert_eq!(parked(&sides.status().await), ["second-claimant"]);
    let left = sides.referral(&second).await;
    assert_eq!(text(&left, "/details/notes"), "Not mine.");
}
