//! Stories of the flows, each with the calls that it costs: just those, and then none.
//!
//! In: a running demo. Out: what the service said to both systems, from the sandbox's wire log. Must not
//! know: the service inside. Echoes of our own writes are looked at again, which reads and writes nothing;
//! how many of them come together is chance, so reads have a bound and writes are exact.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// A look at a deal: its record and its referral.
const LOOK: usize = 2;
/// The most looks of one story: before and after each write, and for each hint and echo.
const LOOKS: usize = 12;

/// A demo with a deal that both sides have, on hold, and nothing left to do.
async fn held() -> (Machine, Sides, String, String) {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    rests(&sides).await;
    (machine, sides, referral, deal)
}

/// The same, accepted.
async fn deal() -> (Machine, Sides, String, String) {
    let (machine, sides, referral, deal) = held().await;
    sides.rep_changes(&deal, &json!({"StageName": "Qualification"})).await;
    is_accepted(&sides, &referral).await;
    rests(&sides).await;
    (machine, sides, referral, deal)
}

async fn is_accepted(sides: &Sides, referral: &str) {
    eventually("it is accepted", async || {
        (text(&sides.referral(referral).await, "/status") == "Active").then_some(())
    })
    .await;
}

/// Everything is done, second looks included.
async fn rests(sides: &Sides) {
    sides.settled().await;
    sleep(Duration::from_secs(3)).await;
    sides.settled().await;
}

/// The story is over: it wrote just this; and then it is quiet.
async fn cost(sides: &Sides, writes: &[&str]) {
    rests(sides).await;
    let said = sides.said().await;
    assert_eq!(said.writes(), writes, "{said:#?}");
    assert!(said.reads() <= LOOKS * LOOK, "{} reads: {said:#?}", said.reads());
    sides.listen().await;
    sleep(Duration::from_secs(3)).await;
    // The sweep, which looks for itself, may see a version for the first time.
    let after = sides.said().await;
    let quiet = after.writes().is_empty() && after.reads() <= 3 * LOOK;
    assert!(quiet, "quiet afterwards: {after:#?}");
}

#[tokio::test]
async fn a_deal_of_microsofts_becomes_an_opportunity() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    sides.listen().await;
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    sides.becomes_opportunity(&referral).await;
    let made = "composite POST Account, PATCH Opportunity, POST Microsoft_Solution__c, POST Contact, POST \
                OpportunityContactRole";
    // On hold nothing goes to Microsoft, not even the record's id.
    cost(&sides, &[made]).await;
}

#[tokio::test]
async fn a_rep_changes_one_value() {
    let (_machine, sides, referral, deal) = deal().await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"Amount": 9000})).await;
    arrives(&sides, &referral, 9000).await;
    cost(&sides, &["PATCH referral /details/dealValue", "PATCH Opportunity Audit__c"]).await;
}

#[tokio::test]
async fn leaving_the_on_hold_stage_accepts() {
    let (_machine, sides, referral, deal) = held().await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"StageName": "Qualification"})).await;
    is_accepted(&sides, &referral).await;
    cost(
        &sides,
        &["PATCH referral /externalReferenceId /status /substatus", "PATCH Opportunity Audit__c"],
    )
    .await;
}

async fn arrives(sides: &Sides, referral: &str, amount: u64) {
    eventually("the amount arrives", async || {
        let left = sides.referral(referral).await;
        same_number(&left["details"]["dealValue"], amount).then_some(())
    })
    .await;
}

#[tokio::test]
async fn microsoft_changes_one_value() {
    let (_machine, sides, referral, deal) = deal().await;
    sides.listen().await;
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "Call in May."}})).await;
    eventually("the notes arrive", async || {
        (text(&sides.opportunity(&deal).await, "/Description") == "Call in May.").then_some(())
    })
    .await;
    cost(&sides, &["PATCH Opportunity Audit__c Description"]).await;
}

#[tokio::test]
async fn what_concerns_nobody_is_only_read() {
    let (_machine, sides, referral, deal) = deal().await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"NextStep": "call"})).await;
    cost(&sides, &[]).await;
    sides.listen().await;
    // The same value again: an event, and no difference.
    sides.microsoft_changes(&referral, &json!({"details": {"dealValue": 125_000}})).await;
    cost(&sides, &[]).await;
}

#[tokio::test]
async fn a_rep_shares_an_opportunity() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = sides.rep_prepares("Harrow").await;
    sides.rep_adds_solution(&deal).await;
    rests(&sides).await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"Sync_with_Partner_Center__c": true})).await;
    sides.becomes_referral(&deal).await;
    let back = "PATCH Opportunity Audit__c Name Referral_Identifier__c Referral_Link__c";
    cost(&sides, &["POST referral", back]).await;
}

#[tokio::test]
async fn a_solution_comes_goes_and_comes_back() {
    let (_machine, sides, referral, deal) = deal().await;
    let sold = async |count: usize| {
        eventually(&format!("{count} solutions at Microsoft"), async || {
            let left = sides.referral(&referral).await;
            let found = left["details"]["requirements"]["solutions"].as_array().map_or(0, Vec::len);
            (found == count).then_some(())
        })
        .await;
    };
    let writes = ["PATCH referral /details/requirements/solutions", "PATCH Opportunity Audit__c"];
    sides.listen().await;
    let fields = json!({
        "Opportunity__c": deal, "Name": "Depot", "Solution_Identifier__c": "SOL-30418-EXA"
    });
    let solution = sides.rep_makes("Microsoft_Solution__c", &fields).await;
    sold(2).await;
    cost(&sides, &writes).await;
    sides.listen().await;
    sides.rep_deletes("Microsoft_Solution__c", &solution).await;
    sold(1).await;
    cost(&sides, &writes).await;
    sides.listen().await;
    sides.rep_undeletes(&solution);
    sold(2).await;
    cost(&sides, &writes).await;
}

#[tokio::test]
async fn microsofts_half_tells_its_crm_identifier() {
    let (_machine, sides, referral, deal) = deal().await;
    sides.listen().await;
    sides.microsoft_changes(&referral, &json!({"trackingInfo": {"microsoftMsxId": "7-EXA"}})).await;
    eventually("the identifier arrives", async || {
        (text(&sides.opportunity(&deal).await, "/Microsoft_CRM_Identifier__c") == "7-EXA")
            .then_some(())
    })
    .await;
    cost(&sides, &["PATCH Opportunity Audit__c Microsoft_CRM_Identifier__c"]).await;
}

#[tokio::test]
async fn a_deleted_opportunity_sends_nothing_and_goes_on_by_itself() {
    let (_machine, sides, referral, deal) = deal().await;
    sides.listen().await;
    sides.rep_deletes("Opportunity", &deal).await;
    eventually("it is parked", async || {
        let status = sides.status().await;
        (status["parked"][0]["causes"][0]["code"] == "record-deleted").then_some(())
    })
    .await;
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "While it was gone."}})).await;
    sleep(Duration::from_secs(3)).await;
    let said = sides.said().await;
    assert!(said.writes().is_empty(), "{said:#?}");
    assert!(sides.opportunities("Id != null").await.is_empty());
    sides.rep_undeletes(&deal);
    eventually("it goes on by itself", async || {
        let found = sides.opportunities(&format!("Id = '{deal}'")).await;
        let there =
            found.first().is_some_and(|deal| text(deal, "/Description") == "While it was gone.");
        there.then_some(())
    })
    .await;
    sides.settled().await;
    assert_eq!(sides.status().await["parked_count"], 0);
}

#[tokio::test]
async fn a_cleared_identifier_is_repaired() {
    let (_machine, sides, referral, deal) = deal().await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"Referral_Identifier__c": null})).await;
    assert_eq!(sides.becomes_referral(&deal).await, referral);
    cost(&sides, &["PATCH Opportunity Audit__c Referral_Identifier__c"]).await;
    assert_eq!(sides.referrals().await.len(), 1);
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed() {
    let (_machine, sides, referral, deal) = deal().await;
    // Only the service patches referrals.
    let order = json!({"system": "partner_center", "kind": "expired_token", "method": "PATCH"});
    sides.fault(&order).await;
    sides.rep_changes(&deal, &json!({"Amount": 9000})).await;
    arrives(&sides, &referral, 9000).await;
    sides.settled().await;
    let found = sides.opportunity(&deal).await;
    assert!(text(&found, "/Audit__c").contains("Amount"), "{found:#}");
    let status = sides.status().await;
    assert_eq!((&status["parked_count"], &status["denied"]), (&json!(0), &json!([])), "{status:#}");
}
