//! Leads: what comes of them, and what a converted one is followed to.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, MAP};
use super::model::{Record, Trouble};
use super::text;
use crate::store::Store;
use crate::worker::Tripwire;

const LEADS: &str = include_str!("../../../../../mappings/lead.map");
const INBOUND: &str = include_str!("../../../../../mappings/examples/lead.json");
const REFERRAL: &str = "5b8b3a0e-41d7-4d0c-8f3e-0a6c7e9b1d22";

/// What a conversion gives the opportunity of the lead's own fields.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mapped {
    /// All of the connector's, as an org that maps them.
    All,
    /// The flag alone.
    Flag,
    /// None, as an org that never looked at it.
    Nothing,
}

const MAPPED: [Mapped; 3] = [Mapped::All, Mapped::Flag, Mapped::Nothing];

async fn house() -> House {
    let house = House::with_maps(&[MAP, LEADS]).await;
    house.world.add_referral(INBOUND, REFERRAL);
    house
}

/// The only lead there is.
fn the_lead(house: &House) -> (String, Record) {
    let mut all = house.world.all("Lead");
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// A rep converts the lead; the opportunity's id.
fn convert(house: &House, mapped: Mapped) -> String {
    let (id, lead) = the_lead(house);
    let mut deal = json!({
        "Name": "Blue Harbour-", "StageName": "Prospecting", "CloseDate": "2026-06-30",
        "Sync_with_Partner_Center__c": mapped != Mapped::Nothing
    });
    if mapped == Mapped::All {
        for name in
            ["Referral_Identifier__c", "Referral_Link__c", "Audit__c", "Visible_to_Microsoft__c"]
        {
            deal[name] = lead.get(name).cloned().unwrap_or_default();
        }
    }
    let deal = house.world.add_row("Opportunity", &deal);
    mark(house, &id, &json!(deal));
    deal
}

/// The lead is converted, to this opportunity or to none.
fn mark(house: &House, lead: &str, deal: &Value) {
    for (name, value) in [
        ("Status", &json!("Closed - Converted")),
        ("ConvertedOpportunityId", deal),
        ("IsConverted", &json!(true)),
    ] {
        house.world.edit_row("Lead", lead, name, value.clone());
    }
}

/// The deal is the opportunity's, and all is as it was promised.
async fn is_followed(house: &House, deal: &str, mapped: Mapped) {
    let told = format!("{mapped:?} {:?}", house.world.state().writes);
    let (found, opportunity) = house.the_opportunity();
    assert_eq!(found, deal, "{told}");
    let (_, referral) = house.the_referral();
    assert_eq!(text(&opportunity, "Referral_Identifier__c"), REFERRAL, "{told}");
    assert_eq!(text(&referral, "status"), "Active", "conversion accepts: {told}");
    let is_named = text(&referral, "externalReferenceId") == deal;
    assert_eq!(is_named, mapped != Mapped::Nothing, "only a shared opportunity is named: {told}");
    assert_eq!(house.parked().await, [""; 0], "{told}");
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, status.linked, status.open_intents), (1, 1, 0), "{told}");
    assert_eq!(status.counters.get("followed"), Some(&1), "{told}");
    let audit = text(&opportunity, "Audit__c");
    assert_eq!(audit.matches("Goes on from the converted Lead.").count(), 1, "{told} {audit}");
    assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
}

#[tokio::test]
async fn an_inbound_lead_becomes_one_lead_and_what_reps_do_goes_back() {
    let house = house().await;
    house.rest().await.unwrap();
    let (id, lead) = the_lead(&house);
    assert_eq!(text(&lead, "Referral_Identifier__c"), REFERRAL);
    assert!(house.world.all("Opportunity").is_empty());
    let referral = house.referral(REFERRAL);
    assert_eq!(text(&referral, "externalReferenceId"), "", "nothing is told while it is on hold");
    house.world.edit_row("Lead", &id, "Status", json!("Working - Contacted"));
    house.world.edit_row("Lead", &id, "Description", json!("Called."));
    house.rest().await.unwrap();
    let referral = house.referral(REFERRAL);
    assert_eq!(
        (text(&referral, "status"), text(&referral, "substatus")),
        ("Active".into(), "Accepted".into())
    );
    assert_eq!(referral["details"]["notes"], "Called.");
    assert_eq!(text(&referral, "externalReferenceId"), id);
    let writes = house.world.writes();
    house.hint_referral(REFERRAL).await;
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes);
}

#[tokio::test]
async fn a_converted_lead_is_followed_to_its_opportunity() {
    for mapped in MAPPED {
        let house = house().await;
        house.rest().await.unwrap();
        let (lead, before) = the_lead(&house);
        let deal = convert(&house, mapped);
        house.rest().await.unwrap();
        is_followed(&house, &deal, mapped).await;
        assert_eq!(the_lead(&house).1["Audit__c"], before["Audit__c"], "it is left alone");
        // What a rep does with the opportunity reaches Microsoft only when the flag came along.
        house.world.edit_row("Opportunity", &deal, "StageName", json!("Closed Won"));
        house.world.edit_referral(REFERRAL, "/details/notes", json!("Heard."));
        house.rest().await.unwrap();
        let shared = mapped != Mapped::Nothing;
        let status = text(&house.referral(REFERRAL), "status");
        assert_eq!(status, if shared { "Closed" } else { "Active" }, "{mapped:?}");
        if !shared {
            assert_eq!(text(&house.opportunity(&deal), "Description"), "Heard.");
        }
        let writes = house.world.writes();
        house.hint_referral(REFERRAL).await;
        house.world.edit_row("Lead", &lead, "Rating", json!("Hot"));
        house.rest().await.unwrap();
        assert_eq!(house.world.writes(), writes, "{mapped:?} {:?}", house.world.state().writes);
        assert_eq!(house.worker.store.status().await.unwrap().keys, 1);
    }
}

#[tokio::test]
async fn the_opportunity_may_be_seen_before_its_lead() {
    for mapped in [Mapped::All, Mapped::Flag] {
        let house = house().await;
        house.rest().await.unwrap();
        let deal = convert(&house, mapped);
        house.hint_record(&deal).await;
        house.work().await.unwrap();
        is_followed(&house, &deal, mapped).await;
        house.rest().await.unwrap();
        is_followed(&house, &deal, mapped).await;
    }
}

#[tokio::test]
async fn a_lead_that_was_converted_before_the_service_knew_of_anything_is_followed() {
    for mapped in MAPPED {
        let mut house = house().await;
        house.rest().await.unwrap();
        let deal = convert(&house, mapped);
        // The state file is lost.
        house.forget().await;
        house.rest().await.unwrap();
        if mapped != Mapped::All {
            is_followed(&house, &deal, mapped).await;
            continue;
        }
        // The opportunity names its referral itself: the lead is not needed to find it.
        assert_eq!(house.the_opportunity().0, deal);
        assert_eq!(text(&house.the_referral().1, "id"), REFERRAL);
        assert_eq!(house.parked().await, [""; 0]);
        house.world.edit_referral(REFERRAL, "/details/notes", json!("Heard."));
        house.rest().await.unwrap();
        assert_eq!(text(&house.opportunity(&deal), "Description"), "Heard.");
    }
}

#[tokio::test]
async fn a_lead_that_is_converted_between_read_and_write_is_followed() {
    let house = house().await;
    house.rest().await.unwrap();
    let (lead, _) = the_lead(&house);
    let deal = house.world.add_row(
        "Opportunity",
        &json!({"Name": "Blue Harbour-", "StageName": "Prospecting", "CloseDate": "2026-06-30",
            "Sync_with_Partner_Center__c": true}),
    );
    house.world.edit_row("Lead", &lead, "ConvertedOpportunityId", json!(deal));
    house.world.edit_referral(REFERRAL, "/details/notes", json!("Late."));
    let trouble = Trouble::Edit("Lead", "IsConverted", json!(true));
    house.world.trouble("change row", trouble);
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    house.rest().await.unwrap();
    let (_, opportunity) = house.the_opportunity();
    assert_eq!(text(&opportunity, "Description"), "Late.");
    assert_eq!(house.parked().await, [""; 0]);
    assert_eq!(house.worker.store.status().await.unwrap().counters.get("followed"), Some(&1));
}

#[tokio::test]
async fn killed_at_any_step_it_is_followed_once() {
    for mapped in MAPPED {
        for step in 0.. {
            let mut house = house().await;
            house.rest().await.unwrap();
            house.reopen(Tripwire::after(step)).await;
            let deal = convert(&house, mapped);
            let mut unharmed = true;
            while house.rest().await.is_err() {
                assert!(house.worker.tripwire.has_tripped());
                unharmed = false;
                // The second kill hits what the first one left.
                house.reopen(Tripwire::after(step % 5)).await;
                if house.rest().await.is_err() {
                    house.reopen(Tripwire::default()).await;
                }
                house.clock.advance(Duration::from_secs(1));
            }
            is_followed(&house, &deal, mapped).await;
            let lines = house.worker.store.audit(None, 100).await.unwrap();
            let followed = lines.iter().filter(|line| line.entry.contains(r#""kind":"followed""#));
            assert_eq!(followed.count(), 1, "{mapped:?}, killed at step {step}");
            if unharmed {
                assert!(step > 8, "{step} steps");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_lead_that_was_converted_without_an_opportunity_waits_for_one() {
    let house = house().await;
    house.rest().await.unwrap();
    let (lead, _) = the_lead(&house);
    mark(&house, &lead, &Value::Null);
    house.rest().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "status"), "Active", "conversion accepts");
    assert_eq!(house.parked().await, ["converted-alone"]);
    let writes = house.world.writes();
    house.world.edit_referral(REFERRAL, "/details/notes", json!("Nobody reads it."));
    house.rest().await.unwrap();
    assert_eq!(
        (house.parked().await, house.world.writes()),
        (vec!["converted-alone".to_owned()], writes)
    );
    // A rep makes the opportunity by hand.
    let deal = house.world.add_row(
        "Opportunity",
        &json!({"Name": "By hand", "StageName": "Prospecting", "CloseDate": "2026-06-30",
            "Sync_with_Partner_Center__c": true, "Referral_Identifier__c": REFERRAL}),
    );
    house.rest().await.unwrap();
    is_followed(&house, &deal, Mapped::All).await;
}

#[tokio::test]
async fn a_deleted_opportunity_of_a_lead_parks_the_deal_and_nothing_is_made_anew() {
    for early in [false, true] {
        let house = house().await;
        house.rest().await.unwrap();
        let deal = convert(&house, Mapped::All);
        if !early {
            house.rest().await.unwrap();
        }
        let key = ("Opportunity".to_owned(), deal.clone());
        let row = house.world.state().rows.remove(&key).unwrap();
        house.world.edit_referral(REFERRAL, "/details/notes", json!("after the deletion"));
        house.rest().await.unwrap();
        assert_eq!(house.parked().await, ["record-gone"], "early: {early}");
        assert!(house.world.all("Opportunity").is_empty() && house.world.all("Lead").len() == 1);
        house.world.state().rows.insert(key, row);
        house.world.edit_row("Opportunity", &deal, "NextStep", json!("undeleted"));
        house.rest().await.unwrap();
        assert_eq!(text(&house.opportunity(&deal), "Description"), "after the deletion");
        is_followed(&house, &deal, Mapped::All).await;
    }
}

#[tokio::test]
async fn an_opportunity_of_another_referral_is_not_taken_over() {
    let house = house().await;
    house.inbound();
    house.rest().await.unwrap();
    let (lead, _) = the_lead(&house);
    let (other, before) = house.the_opportunity();
    mark(&house, &lead, &json!(other));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["second-claimant"]);
    assert_eq!(
        text(&house.opportunity(&other), "Referral_Identifier__c"),
        text(&before, "Referral_Identifier__c")
    );
}

#[tokio::test]
async fn where_opportunities_are_not_kept_in_step_a_converted_lead_is_left_alone() {
    let house = House::with_maps(&[LEADS]).await;
    house.world.add_referral(INBOUND, REFERRAL);
    house.rest().await.unwrap();
    convert(&house, Mapped::All);
    house.rest().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "status"), "Active");
    let writes = house.world.writes();
    house.world.edit_referral(REFERRAL, "/details/notes", json!("Nobody reads it."));
    house.rest().await.unwrap();
    assert_eq!((house.parked().await.len(), house.world.writes()), (0, writes));
}
