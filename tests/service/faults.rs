//! Calls that fail in every way a call can fail: the deal ends in agreement, once on each side.
//!
//! In: faults ordered at the sandbox, one at a time. Out: agreement, no second record. Must not
//! know: how failures are sorted.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// A way to fail.
fn ways() -> Vec<Value> {
    vec![
        json!({"status": 500}),
        json!({"status": 503, "retry_after": 1}),
        json!({"status": 429, "retry_after": 1}),
        json!({"status": "close"}),
        json!({"status": "applied_then_close"}),
    ]
}

/// A fault for the next call of this kind; `times` of them.
fn fault(system: &str, method: &str, path: &str, way: &Value, times: u64) -> Value {
    let mut order = way.clone();
    for (name, value) in [
        ("system", json!(system)),
        ("method", json!(method)),
        ("path_contains", json!(path)),
        ("times", json!(times)),
    ] {
        order[name] = value;
    }
    order
}

#[tokio::test]
async fn changes_arrive_whatever_happens_to_the_calls() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_accepts(&referral, &deal).await;
    sides.settled().await;
    let mut value = 1000;
    for way in ways() {
        value += 1;
        sides.fault(&fault("salesforce", "PATCH", "Opportunity", &way, 1)).await;
        sides.microsoft_changes(&referral, &json!({"details": {"dealValue": value}})).await;
        sides.struck().await;
        arrived(&sides, &referral, &deal, value).await;
        value += 1;
        // What was carried out is found so, and not sent again.
        let times = if way["status"] == "applied_then_close" { 1 } else { 2 };
        sides.fault(&fault("partner_center", "PATCH", "referrals", &way, times)).await;
        sides.rep_changes(&deal, &json!({"Amount": value})).await;
        sides.struck().await;
        arrived(&sides, &referral, &deal, value).await;
    }
    // Somebody else was faster: read again.
    for way in [json!({"status": 412}), json!({"status": 401})] {
        value += 1;
        sides.fault(&fault("partner_center", "PATCH", "referrals", &way, 1)).await;
        sides.rep_changes(&deal, &json!({"Amount": value})).await;
        sides.struck().await;
        arrived(&sides, &referral, &deal, value).await;
    }
    // Signed out on both sides.
    sides.admin.need("POST", "/tokens/expire", None).await.unwrap();
    value += 1;
    sides.microsoft_changes(&referral, &json!({"details": {"dealValue": value}})).await;
    arrived(&sides, &referral, &deal, value).await;
    sides.settled().await;
    assert_eq!(sides.opportunities("Id != null").await.len(), 1);
}

async fn arrived(sides: &Sides, referral: &str, deal: &str, value: u64) {
    eventually(&format!("{value} on both sides"), async || {
        let left = sides.referral(referral).await;
        let right = sides.opportunity(deal).await;
        let there = same_number(&left["details"]["dealValue"], value)
            && same_number(&right["Amount"], value);
        there.then_some(())
    })
    .await;
}

#[tokio::test]
async fn records_are_made_once_whatever_happens_to_the_calls() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut made = 0;
    for way in ways() {
        made += 2;
        sides.fault(&fault("partner_center", "POST", "referrals", &way, 1)).await;
        let shared = sides.rep_shares(&format!("Harrow {made}")).await;
        sides.becomes_referral(&shared).await;
        sides.struck().await;
        sides.fault(&fault("salesforce", "POST", "composite", &way, 1)).await;
        // The same customer each time: its account must be made once.
        let sent = sides.microsoft_sends(&inbound("Alpine")).await;
        sides.becomes_opportunity(&sent).await;
        sides.struck().await;
    }
    sides.settled().await;
    assert_eq!(sides.referrals().await.len(), made);
    let deals = sides.opportunities("Id != null").await;
    assert_eq!(deals.len(), made);
    let mut accounts: Vec<&str> = deals
        .iter()
        .map(|deal| text(deal, "/Account/Name"))
        .filter(|n| n.starts_with("Alpine"))
        .collect();
    assert_eq!(accounts.len(), made / 2);
    accounts.dedup();
    assert_eq!(accounts, ["Alpine & Co AG"]);
    let query = "/services/data/v64.0/query?q=SELECT+Id+FROM+Account+WHERE+Name='Alpine+%26+Co+AG'";
    let found = sides.rep.need("GET", query, None).await.unwrap();
    assert_eq!(found["totalSize"], 1, "{found}");
}

#[tokio::test]
async fn reads_that_fail_delay_and_nothing_more() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.fault(&fault("salesforce", "GET", "query", &json!({"status": 500}), 2)).await;
    sides.fault(&fault("partner_center", "GET", "referrals", &json!({"status": "close"}), 2)).await;
    sides.fault(&json!({"system": "partner_center", "method": "PATCH", "delay_ms": 700})).await;
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    struck_or_unused(&sides).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_accepts(&referral, &deal).await;
    sides.settled().await;
    // Both sides edit different fields at the same time, again and again.
    for round in 0..5_u64 {
        let code = format!("C-{round}");
        let change = json!({"Campaign_Code__c": code});
        let notes = format!("Notes {round}");
        let edit = json!({"details": {"notes": notes}});
        tokio::join!(sides.rep_changes(&deal, &change), sides.microsoft_changes(&referral, &edit));
        eventually("both edits arrive", async || {
            let left = sides.referral(&referral).await;
            let right = sides.opportunity(&deal).await;
            let there = text(&left, "/campaignId") == code && text(&right, "/Description") == notes;
            there.then_some(())
        })
        .await;
    }
    sides.settled().await;
}

/// Faults of reads strike the test's own reads as well: those that are left are taken back.
async fn struck_or_unused(sides: &Sides) {
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    sides.admin.need("DELETE", "/faults", None).await.unwrap();
}
