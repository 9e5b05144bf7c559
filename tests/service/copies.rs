//! An opportunity that is copied with its referral's identifier, in an org that does not forbid it.
//!
//! In: an org whose identifier is not unique. Out: what becomes of the copy and of the deal. Must not know:
//! the service inside.

use std::fs;

use serde_json::{Value, json};

use crate::environments::Town;
use crate::sides::{Sides, eventually, inbound, text};

/// The describe of the sandbox's opportunity, with an identifier that several may have.
async fn describe(sides: &Sides) -> Value {
    let path = "/services/data/v64.0/sobjects/Opportunity/describe";
    let mut describe = sides.rep.need("GET", path, None).await.unwrap();
    let fields = describe["fields"].as_array_mut().unwrap();
    let key = fields.iter_mut().find(|field| field["name"] == "Referral_Identifier__c").unwrap();
    key["unique"] = json!(false);
    describe
}

#[tokio::test]
async fn a_copy_with_the_same_identifier_is_parked_alone_and_shared_when_it_is_cleared() {
    let mut town = Town::new();
    let plain = town.sandbox("plain", "sandbox").await;
    let mut ready = plain.clone();
    ready["console"] = town.console();
    let describe = describe(&Sides::new(&ready)).await;
    town.kill("plain");
    fs::create_dir(town.place("org")).unwrap();
    fs::write(town.place("org/Opportunity.json"), describe.to_string()).unwrap();
    let org = town.place("org").display().to_string();
    let ready = town.sandbox_with("own", "sandbox", &["--org", &org]).await;
    let sides = Sides::new(&town.alone("own", &ready));
    town.serve().await;

    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_accepts(&referral, &deal).await;
    sides.settled().await;
    sides.listen().await;
    let found = sides.opportunity(&deal).await;
    let mut copy = json!({"Sync_with_Partner_Center__c": true, "Customer_Consent__c": true});
    for name in [
        "Name",
        "StageName",
        "CloseDate",
        "Amount",
        "CurrencyIsoCode",
        "AccountId",
        "Referral_Identifier__c",
    ] {
        copy[name] = found[name].clone();
    }
    let copy = sides.rep_makes("Opportunity", &copy).await;
    sides.rep_adds_solution(&copy).await;
    eventually("the copy is parked", async || {
        (sides.parked_for(&copy).await == ["second-claimant"]).then_some(())
    })
    .await;
    // The deal it was copied from goes on, and it alone.
    let change = json!({"details": {"notes": "Goes on."}});
    sides.microsoft_changes(&referral, &change).await;
    eventually("the deal goes on", async || {
        let found = sides.opportunity(&deal).await;
        (text(&found, "/Description") == "Goes on.").then_some(())
    })
    .await;
    assert_ne!(text(&sides.opportunity(&copy).await, "/Description"), "Goes on.");
    assert_eq!(sides.told_microsoft().await, Vec::<String>::new());
    assert_eq!(sides.parked_for(&deal).await, Vec::<String>::new());
    // What `cosell parked` says to do.
    sides.rep_changes(&copy, &json!({"Referral_Identifier__c": null})).await;
    let other = sides.becomes_referral(&copy).await;
    assert_ne!(other, referral);
    sides.settled().await;
    assert_eq!(sides.told_microsoft().await, ["POST referral"]);
    assert_eq!(sides.becomes_referral(&deal).await, referral);
    assert_eq!(sides.status().await["parked_count"], 0);
}
