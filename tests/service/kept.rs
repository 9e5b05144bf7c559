//! A value that Salesforce accepts and does not keep: the amount of a deal with line items.
//!
//! In: a running demo, products, Microsoft's edits. Out: what the seller reads, and the calls that it costs. Must not
//! know: the service inside.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, same_number, text};
use crate::stories::rests;

/// The deal's amount becomes the sum of one line item of 450.
async fn sells(sides: &Sides, deal: &str) {
    let query = "/services/data/v64.0/query?q=SELECT+Id+FROM+Pricebook2+WHERE+IsStandard=true";
    let found = sides.rep.need("GET", query, None).await.unwrap();
    let book = text(&found, "/records/0/Id").to_owned();
    let product = sides.rep_makes("Product2", &json!({"Name": "Box", "IsActive": true})).await;
    let currency = sides.opportunity(deal).await["CurrencyIsoCode"].clone();
    let entry = json!({
        "Pricebook2Id": book, "Product2Id": product, "UnitPrice": 100, "IsActive": true,
        "CurrencyIsoCode": currency
    });
    let entry = sides.rep_makes("PricebookEntry", &entry).await;
    sides.rep_changes(deal, &json!({"Pricebook2Id": book})).await;
    let item = json!({
        "OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 3, "UnitPrice": 150
    });
    sides.rep_makes("OpportunityLineItem", &item).await;
}

/// Nobody writes any more, although the sides differ.
async fn quiet(sides: &Sides) {
    eventually("it is quiet", async || {
        let before = sides.writes().await;
        sleep(Duration::from_secs(4)).await;
        (sides.writes().await == before).then_some(())
    })
    .await;
}

async fn parked(sides: &Sides) -> Vec<Value> {
    sides.status().await["parked"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_amount_that_is_a_sum_of_line_items_is_no_success() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_accepts(&referral, &deal).await;
    sells(&sides, &deal).await;
    eventually("Microsoft knows the sum", async || {
        let found = sides.referral(&referral).await;
        same_number(&found["details"]["dealValue"], 450).then_some(())
    })
    .await;
    rests(&sides).await;
    sides.microsoft_changes(&referral, &json!({"details": {"dealValue": 9999}})).await;
    let cause = eventually("the deal waits for a person", async || {
        parked(&sides).await.first().map(|key| key["causes"][0].clone())
    })
    .await;
    assert_eq!(cause["code"], "fault::not-kept", "{cause:#}");
    assert_eq!(cause["message"], "Salesforce accepted a new Amount and kept its own");
    let told = sides.opportunity(&deal).await;
    assert!(text(&told, "/Name").starts_with('✘'), "{told:#}");
    let audit = text(&told, "/Audit__c");
    let newest = audit.lines().next().unwrap_or_default();
    let waiting = "Waiting: Salesforce accepted a new Amount and kept its own.";
    assert!(newest.contains(waiting), "{audit}");
    // That is said once, whatever else is changed.
    quiet(&sides).await;
    sides.listen().await;
    sides.microsoft_changes(&referral, &json!({"campaignId": "C-77"})).await;
    eventually("the campaign arrives", async || {
        (sides.opportunity(&deal).await["Campaign_Code__c"] == "C-77").then_some(())
    })
    .await;
    quiet(&sides).await;
    let said = sides.said().await;
    assert_eq!(said.writes(), ["PATCH Opportunity Audit__c Campaign_Code__c"], "{said:#?}");
    let told = sides.opportunity(&deal).await;
    let newest = text(&told, "/Audit__c").lines().next().unwrap_or_default();
    assert!(newest.ends_with("success: Campaign Code."), "{newest}");
    assert!(text(&told, "/Name").starts_with('✘'), "{told:#}");
    // Microsoft makes the two equal.
    sides.microsoft_changes(&referral, &json!({"details": {"dealValue": 450}})).await;
    eventually("nothing waits", async || parked(&sides).await.is_empty().then_some(())).await;
    eventually("the seller reads so", async || {
        text(&sides.opportunity(&deal).await, "/Name").starts_with('✔').then_some(())
    })
    .await;
}
