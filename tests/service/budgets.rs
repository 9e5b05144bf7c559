//! Wires that rest when a system does not work, and the destinations that a whole story contacts.
//!
//! In: a running demo, faults of the sandbox. Out: few calls while nothing works, agreement afterwards, no
//! contact with anybody else. Must not know: how failures are counted.

use std::time::Instant;

use serde_json::{Value, json};

use crate::environments::{Town, org};
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

/// A staging service with these limits, on a Salesforce that takes so many calls a day.
async fn with_limits(limits: &str, daily_calls: &str) -> (Town, Sides) {
    let mut town = Town::new();
    let copy = town.sandbox_with("copy", "sandbox", &["--daily-calls", daily_calls]).await;
    let shared = town.shared("copy", &copy, "  account: own\n");
    let shared = shared.replace("  poll_seconds: 0.5\n", limits);
    town.configure(&format!(
        "environment: staging\nstore: sqlite:a.db\n{shared}{}",
        org("copy", &copy, "")
    ));
    town.serve().await;
    let mut ready = copy;
    ready["console"] = town.console();
    let sides = Sides::new(&ready);
    (town, sides)
}

#[tokio::test]
async fn who_polls_has_a_share_of_the_day_and_leaves_the_rest_to_what_just_happened() {
    // A hundredth of the day's calls is ours, and three tenths of that the poll's: 60, at most an eighth at once.
    let limits = "  poll_seconds: 0.1\n  salesforce_daily_share: 1\n";
    let (town, sides) = with_limits(limits, "20000").await;
    let held = eventually("the poll has used up its share", async || {
        let wire = wire(&sides, "salesforce").await;
        (wire["held_back"]["poll"].as_u64() >= Some(1)).then_some(wire)
    })
    .await;
    assert_eq!(held["ours_a_day"], 200, "{held:#}");
    let polls = held["calls"]["poll"].as_u64().unwrap();
    assert!((5..=9).contains(&polls), "{held:#}");
    // A deal of Microsoft's goes on as if nothing were used up.
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    sides.becomes_opportunity(&referral).await;
    let after = eventually("its calls are counted", async || {
        let wire = wire(&sides, "salesforce").await;
        (wire["calls"]["live"].as_u64() > held["calls"]["live"].as_u64()).then_some(wire)
    })
    .await;
    assert_eq!(after["held_back"]["live"].as_u64().unwrap_or(0), 0, "{after:#}");
    assert!(after["calls"]["poll"].as_u64() <= Some(polls + 5), "{after:#}");
    assert_eq!(sides.status().await["denied"], json!([]));
    let (_, said) = town.run(&["status"]);
    assert!(said.contains("held back: ") && said.contains("poll "), "{said}");
}

#[tokio::test]
async fn partner_center_is_called_no_more_often_in_a_minute_than_it_may_be() {
    let began = Instant::now();
    let limits = "  poll_seconds: 0.5\n  partner_center_per_minute: 20\n";
    let (_town, sides) = with_limits(limits, "100000").await;
    let mut referrals = Vec::new();
    for name in ["Alpine", "Harrow", "Borealis", "Pell", "Quartz", "Rosen", "Tal", "Umber"] {
        referrals.push(sides.microsoft_sends(&inbound(name)).await);
    }
    let held = eventually("calls are held back", async || {
        let wire = wire(&sides, "partner center").await;
        let held = wire["held_back"].as_object().is_some_and(|lanes| !lanes.is_empty());
        held.then_some(wire)
    })
    .await;
    let most = 20.0 + began.elapsed().as_secs_f64() * 20.0 / 60.0 + 1.0;
    let made = u32::try_from(calls(&held)).unwrap();
    assert!(f64::from(made) <= most, "{made} calls, {most} are allowed: {held:#}");
    assert_eq!(sides.status().await["denied"], json!([]), "that is no failure");
    // All of it is done all the same.
    for referral in &referrals {
        sides.becomes_opportunity(referral).await;
    }
}
