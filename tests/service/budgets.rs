//! Wires that rest when a system does not work, and the destinations that a whole story contacts.
//!
//! In: a running demo, faults of the sandbox. Out: few calls while nothing works, agreement afterwards, no
//! contact with anybody else. Must not know: how failures are counted.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::sides::{Sides, eventually, inbound, same_number};

/// How a wire stands.
async fn wire(sides: &Sides, system: &str) -> Value {
    let status = sides.status().await;
    let wires = status["wires"].as_array().unwrap();
    wires.iter().find(|wire| wire["system"] == system).cloned().unwrap_or_default()
}

fn calls(wire: &Value) -> u64 {
    wire["calls"].as_object().unwrap().values().filter_map(Value::as_u64).sum()
}

#[tokio::test]
async fn a_system_that_does_not_work_is_left_alone_and_no_deal_is_counted_as_failing() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    let others = [sides.rep_shares("Harrow").await, sides.rep_shares("Pell").await];
    for other in &others {
        sides.becomes_referral(other).await;
    }
    sides.settled().await;
    let down = json!({"system": "partner_center", "status": "close", "times": "always"});
    sides.fault(&down).await;
    for deal in others.iter().chain([&deal]) {
        sides.rep_changes(deal, &json!({"Amount": 77})).await;
    }
    let before = eventually("the wire rests again and again", async || {
        let wire = wire(&sides, "partner center").await;
        (wire["rests"].as_u64() >= Some(2)).then_some(wire)
    })
    .await;
    let after = eventually("it is tried", async || {
        let wire = wire(&sides, "partner center").await;
        (wire["rests"].as_u64() >= before["rests"].as_u64().map(|rests| rests + 2)).then_some(wire)
    })
    .await;
    assert_ne!(after["state"], "open", "{after:#}");
    let (tries, rests) = (
        calls(&after) - calls(&before),
        after["rests"].as_u64().unwrap() - before["rests"].as_u64().unwrap(),
    );
    assert!(tries <= rests + 1, "{tries} calls for {rests} rests: {before:#} {after:#}");
    let (_, said) = beside(&machine, &["status"]);
    assert!(
        said.contains("wire     partner center is ") && said.contains("rests after failures"),
        "{said}"
    );
    let status = sides.status().await;
    assert_eq!(status["denied"], json!([]), "{status:#}");
    sides.admin.need("DELETE", "/faults", None).await.unwrap();
    sides.settled().await;
    let state = wire(&sides, "partner center").await;
    assert_eq!(state["state"], "open", "{state:#}");
    for deal in others.iter().chain([&deal]) {
        assert!(same_number(&sides.opportunity(deal).await["Amount"], 77));
    }
}

#[tokio::test]
async fn a_whole_story_contacts_only_what_the_configuration_names() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_changes(&deal, &json!({"StageName": "Qualification", "Amount": 5000})).await;
    let shared = sides.rep_shares("Harrow").await;
    sides.becomes_referral(&shared).await;
    sides.settled().await;
    let told = eventually("all is counted", async || {
        let told = asked(&machine, &["egress"]);
        (told["service"]["contacted"].as_object().is_some_and(|all| all.len() >= 4)).then_some(told)
    })
    .await;
    let named: Vec<&str> = told["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["address"].as_str().unwrap())
        .collect();
    for (address, count) in told["service"]["contacted"].as_object().unwrap() {
        assert!(
            named.contains(&address.as_str()) && count.as_u64() > Some(0),
            "{address}: {told:#}"
        );
        assert!(address.starts_with("http://127.0.0.1:"), "{told:#}");
    }
    assert_eq!(told["service"]["refused"], json!({}));
    let (code, said) = beside(&machine, &["egress"]);
    assert!(code == Some(0) && said.contains("referrals (partner_center.api)"), "{said}");
    let status = sides.status().await;
    let wire = status["wires"][1].clone();
    assert!(wire["of_day"][1] == 100_000 && wire["ours_a_day"] == 50_000, "{wire:#}");
    assert!(wire["calls"]["poll"].as_u64() > Some(0) && wire["calls"]["live"].as_u64() > Some(0));
}
