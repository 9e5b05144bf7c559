//! Leads: sent by Microsoft, worked on by reps, converted, deleted, taken out of the bin.
//!
//! In: a running demo. Out: records at both systems, and what the service says of them. Must not know:
//! the service inside.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::sides::{Sides, eventually, text};

/// A lead as the marketplace sends it, of this company.
pub(crate) fn lead(company: &str) -> Value {
    json!({
        "name": format!("{company} - Free trial"), "type": "Independent", "qualification": "Direct",
        "direction": "Incoming", "status": "New", "substatus": "Received",
        "referralSource": "Azure Marketplace",
        "customerProfile": {
            "name": company,
            "address": {
                "addressLine1": "Havenstraat 12", "city": "Rotterdam", "postalCode": "3011 AA",
                "country": "NL"
            },
            "team": [{
                "firstName": "Eva", "lastName": "Jansen", "phoneNumber": "+31 10 555 0102",
                "email": "eva.jansen@blue-harbour.example", "title": "Operations"
            }]
        },
        "consent": {
            "consentToToShareInfoWithOthers": true, "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": false
        },
        "details": {"notes": "Started a free trial."}
    })
}

/// The lead of a referral, once it is there; its id.
pub(crate) async fn becomes_lead(sides: &Sides, referral: &str) -> String {
    let condition = format!("Referral_Identifier__c = '{referral}'");
    eventually("the referral becomes a lead", async || {
        let found = sides.leads(&condition).await;
        found.first().map(|lead| text(lead, "/Id").to_owned())
    })
    .await
}

/// A lead that both sides have: its referral and its id.
async fn both_have(sides: &Sides) -> (String, String) {
    let referral = sides.microsoft_sends(&lead("Blue Harbour & Sons")).await;
    let lead = becomes_lead(sides, &referral).await;
    sides.settled().await;
    (referral, lead)
}

/// The referral is accepted, sooner or later.
async fn is_accepted(sides: &Sides, referral: &str) {
    eventually("the referral is accepted", async || {
        let left = sides.referral(referral).await;
        (text(&left, "/status") == "Active").then_some(())
    })
    .await;
}

/// Which opportunity a lead became.
async fn became(sides: &Sides, lead: &str) -> String {
    let found = sides.leads(&format!("Id = '{lead}'")).await;
    text(&found[0], "/ConvertedOpportunityId").to_owned()
}

/// One opportunity, one referral, one lead, and the history says what happened.
async fn is_followed(machine: &Machine, sides: &Sides, referral: &str, deal: &str) {
    eventually("the opportunity takes the deal over", async || {
        let told = asked(machine, &["why", referral]);
        let events = told["events"].as_array().cloned().unwrap_or_default();
        let followed = events.iter().filter(|event| event["kind"] == "followed").count();
        (followed == 1 && text(&told, "/record").ends_with(deal)).then_some(())
    })
    .await;
    sides.settled().await;
    let deals = sides.opportunities("Id != null").await;
    assert_eq!(deals.len(), 1, "{deals:#?}");
    assert_eq!(
        (text(&deals[0], "/Id"), text(&deals[0], "/Referral_Identifier__c")),
        (deal, referral)
    );
    let audit = text(&deals[0], "/Audit__c");
    assert_eq!(audit.matches("Goes on from the converted Lead.").count(), 1, "{audit}");
    assert_eq!((sides.referrals().await.len(), sides.leads("Id != null").await.len()), (1, 1));
    let status = sides.status().await;
    assert_eq!((&status["keys"], &status["parked_count"]), (&json!(1), &json!(0)), "{status:#}");
    assert_eq!(beside(machine, &["verify"]).0, Some(0));
}

#[tokio::test]
async fn an_inbound_lead_becomes_a_lead_and_what_the_rep_does_with_it_goes_back() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, lead) = both_have(&sides).await;
    let found = &sides.leads(&format!("Id = '{lead}'")).await[0];
    let names = ["/LastName", "/Company", "/Status", "/City"].map(|name| text(found, name));
    assert_eq!(names, ["Jansen", "Blue Harbour & Sons", "Open - Not Contacted", "Rotterdam"]);
    assert!(sides.opportunities("Id != null").await.is_empty());
    // On hold: Microsoft learns whose it is when it is accepted.
    assert!(!crate::sides::names(&sides.referral(&referral).await, &lead));
    sides
        .rep_edits(
            "Lead",
            &lead,
            &json!({"Status": "Working - Contacted", "Description": "Called."}),
        )
        .await;
    is_accepted(&sides, &referral).await;
    sides.settled().await;
    assert_eq!(sides.referral(&referral).await["details"]["notes"], "Called.");
    assert!(crate::sides::names(&sides.referral(&referral).await, &lead));
    sides
        .microsoft_changes(&referral, &json!({"details": {"notes": "Microsoft calls too."}}))
        .await;
    eventually("Microsoft's notes arrive", async || {
        let found = &sides.leads(&format!("Id = '{lead}'")).await[0];
        (text(found, "/Description") == "Microsoft calls too.").then_some(())
    })
    .await;
    sides.rep_edits("Lead", &lead, &json!({"Status": "Closed - Not Converted"})).await;
    eventually("the lead is lost", async || {
        let left = sides.referral(&referral).await;
        (text(&left, "/status") == "Closed" && text(&left, "/substatus") == "Lost").then_some(())
    })
    .await;
    sides.settled().await;
}

#[tokio::test]
async fn a_converted_lead_is_followed_to_its_opportunity_through_which_the_deal_is_won() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, lead) = both_have(&sides).await;
    sides.rep_converts(&lead);
    let deal = became(&sides, &lead).await;
    is_accepted(&sides, &referral).await;
    is_followed(&machine, &sides, &referral, &deal).await;
    // Now the opportunity's map is in force, both ways.
    sides
        .rep_changes(
            &deal,
            &json!({"Amount": 9000, "CurrencyIsoCode": "EUR", "StageName": "Qualification"}),
        )
        .await;
    eventually("the amount arrives", async || {
        let left = sides.referral(&referral).await;
        crate::sides::same_number(&left["details"]["dealValue"], 9000).then_some(())
    })
    .await;
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "Call in May."}})).await;
    eventually("the notes arrive", async || {
        (text(&sides.opportunity(&deal).await, "/Description") == "Call in May.").then_some(())
    })
    .await;
    sides.rep_changes(&deal, &json!({"StageName": "Closed Won"})).await;
    eventually("it is won", async || {
        let left = sides.referral(&referral).await;
        (text(&left, "/substatus") == "Won").then_some(())
    })
    .await;
    is_followed(&machine, &sides, &referral, &deal).await;
}

#[tokio::test]
async fn a_lead_that_is_converted_while_the_service_is_down_is_followed() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, lead) = both_have(&sides).await;
    // Killed just when the rep converts: the demo starts it again.
    machine.kill("serve");
    sides.rep_converts(&lead);
    machine.wait_for_new("serve").await;
    let deal = became(&sides, &lead).await;
    is_accepted(&sides, &referral).await;
    machine.kill_and_wait("serve").await;
    is_followed(&machine, &sides, &referral, &deal).await;
}

#[tokio::test]
async fn a_deleted_lead_parks_and_goes_on_when_it_comes_back() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, lead) = both_have(&sides).await;
    sides.rep_deletes("Lead", &lead).await;
    eventually("it is parked", async || (sides.status().await["parked_count"] == 1).then_some(()))
        .await;
    let sent = sides.writes().await;
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "While it was gone."}})).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    // One write is the test's own, as Microsoft.
    assert_eq!(sides.writes().await.0, sent.0, "nothing is made anew");
    assert!(sides.leads("Id != null").await.is_empty());
    sides.rep_undeletes(&lead);
    eventually("it goes on by itself", async || {
        let found = sides.leads(&format!("Id = '{lead}'")).await;
        found
            .first()
            .is_some_and(|lead| text(lead, "/Description") == "While it was gone.")
            .then_some(())
    })
    .await;
    sides.settled().await;
    assert_eq!(sides.status().await["parked_count"], 0);
}

/// The deal has this lead now, and the history says once how.
async fn goes_on_with(machine: &Machine, sides: &Sides, referral: &str, lead: &str) {
    eventually("the other lead takes the deal over", async || {
        let told = asked(machine, &["why", referral]);
        let events = told["events"].as_array().cloned().unwrap_or_default();
        let followed = events.iter().filter(|event| event["kind"] == "followed").count();
        (followed == 1 && text(&told, "/record").ends_with(lead)).then_some(())
    })
    .await;
    eventually("it has the referral", async || {
        let found = sides.leads(&format!("Id = '{lead}'")).await;
        (text(&found[0], "/Referral_Identifier__c") == referral).then_some(())
    })
    .await;
    let status = eventually("all is done", async || {
        let status = sides.status().await;
        (status["dirty"] == 0 && status["open_intents"] == 0).then_some(status)
    })
    .await;
    assert_eq!(status["parked_count"], 0, "{status:#}");
    assert_eq!(sides.referrals().await.len(), 1);
}

#[tokio::test]
async fn a_merged_lead_is_followed_to_the_one_that_is_left() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, first) = both_have(&sides).await;
    // The rep keeps a lead of the rep's own, without its referral.
    let own = json!({"LastName": "Jansen", "Company": "Blue Harbour", "City": "Rotterdam"});
    let second = sides.rep_makes("Lead", &own).await;
    sides.rep_merges(&first, &second, ("Sync_with_Partner_Center__c", "true"));
    goes_on_with(&machine, &sides, &referral, &second).await;
    sides
        .rep_edits(
            "Lead",
            &second,
            &json!({"Status": "Working - Contacted", "Description": "Called."}),
        )
        .await;
    is_accepted(&sides, &referral).await;
    sides.settled().await;
    assert!(crate::sides::names(&sides.referral(&referral).await, &second));
    assert_eq!(beside(&machine, &["verify"]).0, Some(0));
}

#[tokio::test]
async fn a_merged_lead_is_followed_also_when_its_referral_went_along() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, first) = both_have(&sides).await;
    let own = json!({
        "LastName": "Jansen", "Company": "Blue Harbour", "Sync_with_Partner_Center__c": true
    });
    let second = sides.rep_makes("Lead", &own).await;
    sides.rep_merges(&first, &second, ("Referral_Identifier__c", &referral));
    goes_on_with(&machine, &sides, &referral, &second).await;
    sides.settled().await;
    assert_eq!(sides.status().await["keys"], 1);
}

#[tokio::test]
async fn two_leads_of_microsofts_that_are_merged_are_told() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (_, first) = both_have(&sides).await;
    let (other, second) = both_have(&sides).await;
    sides.rep_merges(&first, &second, ("City", "Delft"));
    let parked = eventually("the one without a lead is parked", async || {
        let parked = asked(&machine, &["parked"]);
        (parked[0]["cause"]["code"] == "merged-with-another").then_some(parked)
    })
    .await;
    assert!(text(&parked, "/0/cause/help").contains("as a duplicate"), "{parked:#}");
    let left = sides.leads(&format!("Id = '{second}'")).await;
    assert_eq!(text(&left[0], "/Referral_Identifier__c"), other, "the other deal goes on");
}
