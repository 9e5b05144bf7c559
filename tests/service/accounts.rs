//! Accounts that are found by several `match` lines.
//!
//! In: a running demo whose map looks for the customer's number first, then for name and postal code.
//! Out: which account a deal gets, and how many accounts there are. Must not know: the service inside.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, text};

/// The shipped map with one more rule, and the number in the account that is made.
fn map() -> String {
    let shipped = include_str!("../../mappings/opportunity.map");
    let by_name = "  match customerProfile.name with Name";
    let number = "customerProfile.ids[profileType is \"Duns\"].id";
    assert!(shipped.contains(by_name));
    let lines = format!(
        "  {number} -> AccountNumber  on create only\n  match {number} with AccountNumber\n{by_name}"
    );
    shipped.replace(by_name, &lines)
}

fn customer(name: &str, number: &str) -> Value {
    let mut referral = inbound(name);
    referral["customerProfile"]["ids"] = json!([{"profileType": "Duns", "id": number}]);
    referral
}

async fn has_account(sides: &Sides, name: &str, number: &str) -> String {
    let account = json!({
        "Name": format!("{name} & Co AG"), "BillingPostalCode": "6460", "AccountNumber": number
    });
    sides.rep_makes("Account", &account).await
}

async fn accounts(sides: &Sides) -> Vec<Value> {
    let query = "/services/data/v64.0/query?q=SELECT+Id,Name,AccountNumber+FROM+Account";
    let found = sides.rep.need("GET", query, None).await.unwrap();
    found["records"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_account_is_found_by_the_second_rule_and_two_that_the_first_finds_park_the_deal() {
    let machine = Machine::with_map(Some(&map())).await;
    let sides = Sides::new(&machine.ready);
    let known = has_account(&sides, "Alpine", "").await;
    let twins = [
        has_account(&sides, "Twin 1", "315-2").await,
        has_account(&sides, "Twin 2", "315-2").await,
    ];
    let found = sides.microsoft_sends(&customer("Alpine", "315-1")).await;
    let deal = sides.becomes_opportunity(&found).await;
    assert_eq!(text(&sides.opportunity(&deal).await, "/AccountId"), known);
    sides.settled().await;
    // The second rule would find one, and is not asked.
    let before = sides.writes().await;
    let parked = sides.microsoft_sends(&customer("Twin 1", "315-2")).await;
    let cause = eventually("the deal is parked", async || {
        let status = sides.status().await;
        let parked = status["parked"].as_array().unwrap().clone();
        parked.first().map(|key| key["causes"][0].clone())
    })
    .await;
    assert_eq!(cause["code"], "fault::related", "{cause:#}");
    for twin in &twins {
        assert!(text(&cause, "/message").contains(twin.as_str()), "{cause:#}");
    }
    sleep(Duration::from_secs(2)).await;
    let condition = format!("Referral_Identifier__c = '{parked}'");
    assert!(sides.opportunities(&condition).await.is_empty());
    assert_eq!(sides.writes().await, before, "nothing is written");
    assert_eq!(accounts(&sides).await.len(), 3);
}

#[tokio::test]
async fn one_account_is_made_for_deals_that_come_at_once_and_through_kills() {
    let mut machine = Machine::with_map(Some(&map())).await;
    for round in 0..4 {
        let sides = Sides::new(&machine.ready);
        let number = format!("400-{round}");
        // The same number under three names: only the first rule sees that it is one customer.
        let names = ["a", "b", "c"].map(|name| format!("Alpine {round}{name}"));
        let sent = names.each_ref().map(|name| customer(name, &number));
        let (a, b, c) = tokio::join!(
            sides.microsoft_sends(&sent[0]),
            sides.microsoft_sends(&sent[1]),
            sides.microsoft_sends(&sent[2]),
        );
        if round % 2 == 1 {
            sleep(Duration::from_millis(150 * round)).await;
            machine.kill_and_wait("serve").await;
        }
        let sides = Sides::new(&machine.ready);
        let mut given = Vec::new();
        for referral in [a, b, c] {
            let deal = sides.becomes_opportunity(&referral).await;
            given.push(text(&sides.opportunity(&deal).await, "/AccountId").to_owned());
        }
        given.dedup();
        assert_eq!(given.len(), 1, "round {round}: {given:?}\n{}", machine.log());
        let made = accounts(&sides).await;
        let made = made.iter().filter(|account| text(account, "/AccountNumber") == number);
        assert_eq!(made.count(), 1, "round {round}");
    }
}
