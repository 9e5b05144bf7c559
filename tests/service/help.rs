//! A rep asks Microsoft for help: its half of the deal is made once, with the deal or later.
//!
//! In: a running demo, what a rep chooses. Out: Microsoft's half, and the calls that it costs. Must not know: the
//! service inside.

use serde_json::json;

use crate::acts::Story;
use crate::machine::Machine;
use crate::sides::{Sides, eventually, text};
use crate::stories::{HALF, SENT, rests};

/// A deal of a rep's own, ready to ask for help, not shared yet.
async fn prepared(sides: &Sides) -> String {
    let deal = sides.rep_prepares("Harrow").await;
    sides.rep_adds_solution(&deal).await;
    let contact = json!({"FirstName": "Ada", "LastName": "Pell", "Email": "ada@harrow.example",
        "Phone": "+44 113 555 0199"});
    let contact = sides.rep_makes("Contact", &contact).await;
    let role = json!({"OpportunityId": deal, "ContactId": contact});
    sides.rep_makes("OpportunityContactRole", &role).await;
    deal
}

async fn stands(sides: &Sides, deal: &str, wanted: &str) {
    eventually(&format!("Microsoft's half is {wanted}"), async || {
        let found = sides.opportunity(deal).await;
        (text(&found, "/Microsoft_Status__c") == wanted).then_some(())
    })
    .await;
}

/// The story is over: it wrote just this; and then it is quiet.
async fn cost(sides: &Sides, writes: &[&str]) {
    rests(sides).await;
    let said = sides.said().await;
    assert_eq!(said.writes(), writes, "{said:#?}");
    sides.listen().await;
    rests(sides).await;
    let after = sides.said().await;
    assert!(after.writes().is_empty(), "quiet afterwards: {after:#?}");
}

#[tokio::test]
async fn a_rep_asks_for_help_later() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = prepared(&sides).await;
    let shares = json!({"Sync_with_Partner_Center__c": true, "Visible_to_Microsoft__c": true});
    sides.rep_changes(&deal, &shares).await;
    let referral = sides.becomes_referral(&deal).await;
    rests(&sides).await;
    assert!(sides.halves(&referral).await.is_empty(), "nobody asked");
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"How_can_Microsoft_help__c": "Quotes or licensing"})).await;
    stands(&sides, &deal, "Asked").await;
    cost(&sides, &[SENT, HALF]).await;
    let half = sides.halves(&referral).await.remove(0);
    assert_eq!(half["inviteContext"]["assistanceRequestCode"], "QuotesOrLicensing");
    assert_eq!(half["customerProfile"]["team"][0]["phoneNumber"], "+44 113 555 0199");
    let audit = text(&sides.opportunity(&deal).await, "/Audit__c").to_owned();
    assert!(audit.contains("Microsoft was asked for help."), "{audit}");
    let why = sides.status().await;
    assert_eq!(why["parked_count"], 0, "{why:#}");
    // Microsoft answers; other help that is asked for afterwards is held.
    sides.listen().await;
    let path = format!("/partner-center/microsoft/{referral}/accept");
    sides.admin.need("POST", &path, Some(&json!({"msx_id": "7-EXA"}))).await.unwrap();
    stands(&sides, &deal, "Accepted").await;
    rests(&sides).await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"How_can_Microsoft_help__c": "General or other"})).await;
    cost(&sides, &[]).await;
    assert_eq!(sides.halves(&referral).await.len(), 1);
}

#[tokio::test]
async fn a_rep_shares_an_opportunity_and_asks_for_help_at_once() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = prepared(&sides).await;
    rests(&sides).await;
    sides.listen().await;
    let shares = json!({"Sync_with_Partner_Center__c": true, "Visible_to_Microsoft__c": true,
        "How_can_Microsoft_help__c": "Quotes or licensing"});
    sides.rep_changes(&deal, &shares).await;
    stands(&sides, &deal, "Asked").await;
    cost(&sides, Story::AsksForHelp.writes()).await;
}

#[tokio::test]
async fn a_request_for_help_whose_answer_is_lost_is_made_once() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = prepared(&sides).await;
    let shares = json!({"Sync_with_Partner_Center__c": true, "Visible_to_Microsoft__c": true});
    sides.rep_changes(&deal, &shares).await;
    let referral = sides.becomes_referral(&deal).await;
    rests(&sides).await;
    let order = json!({"system": "partner_center", "kind": "applied_then_close", "method": "POST",
        "path": "*/engagements/referrals"});
    sides.fault(&order).await;
    sides.listen().await;
    sides.rep_changes(&deal, &json!({"How_can_Microsoft_help__c": "Quotes or licensing"})).await;
    stands(&sides, &deal, "Asked").await;
    cost(&sides, &[SENT, HALF]).await;
    assert_eq!(sides.halves(&referral).await.len(), 1);
}
