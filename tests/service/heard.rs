//! Salesforce's change events: heard at once, gone on with after every break, and done without.
//!
//! In: a running demo, edits of a rep, streams that break. Out: edits on both sides, what the service says
//! of it. Must not know: the service inside.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::asked;
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// A deal that both sides have, with nothing left to do.
async fn deal(sides: &Sides) -> (String, String) {
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_accepts(&referral, &deal).await;
    sides.settled().await;
    (referral, deal)
}

/// An edit of a rep, and its arrival at Microsoft.
async fn edit(sides: &Sides, (referral, deal): &(String, String), amount: u64) {
    sides.rep_changes(deal, &json!({"Amount": amount})).await;
    arrives(sides, referral, amount).await;
}

async fn arrives(sides: &Sides, referral: &str, amount: u64) {
    eventually(&format!("{amount} arrives at Microsoft"), async || {
        let left = sides.referral(referral).await;
        same_number(&left["details"]["dealValue"], amount).then_some(())
    })
    .await;
}

/// Where the hints came from that led to the newest write of the amount, once it is in the history.
async fn sources(machine: &Machine, sides: &Sides) -> Vec<String> {
    sides.settled().await;
    let told = asked(machine, &["why", "deal-1", "Amount"]);
    let because = told["why"][0]["by"]["because"].as_array().cloned().unwrap_or_default();
    because.iter().map(|hint| text(hint, "/source").to_owned()).collect()
}

/// Edits until one is heard by an event: the slow poll may be first now and then.
async fn is_heard(machine: &Machine, sides: &Sides, deal: &(String, String), from: u64) {
    let mut seen = Vec::new();
    for amount in from..from + 5 {
        edit(sides, deal, amount).await;
        seen.extend(sources(machine, sides).await);
        if seen.iter().any(|source| source == "event") {
            return;
        }
    }
    panic!("heard by no event: {seen:?}\n{}", machine.log());
}

/// Edits until one is found by the poll: a sweep may be first now and then. None is heard by an event.
async fn is_polled(machine: &Machine, sides: &Sides, deal: &(String, String), from: u64) {
    let mut all = Vec::new();
    for amount in from..from + 5 {
        edit(sides, deal, amount).await;
        let seen = sources(machine, sides).await;
        let by = |source: &str| seen.iter().any(|seen| seen == source);
        assert!(!by("event"), "{seen:?}");
        if by("poll") {
            return;
        }
        all.extend(seen);
    }
    panic!("found by no poll: {all:?}\n{}", machine.log());
}

/// The operator's note of this name, once it says this.
async fn noted(sides: &Sides, name: &str, says: &str) {
    eventually(&format!("a note {name}: {says}"), async || {
        let status = sides.status().await;
        status["notes"][name].as_str().filter(|note| note.contains(says)).map(drop)
    })
    .await;
}

/// No stream can be opened, and those that were open end.
async fn cut_off(sides: &Sides) {
    let order = json!({"system": "pubsub", "kind": "unavailable", "times": "always"});
    sides.fault(&order).await;
    sides.admin.need("POST", "/salesforce/changes/drop-streams", None).await.unwrap();
    noted(sides, "events Opportunity", "only polled").await;
}

#[tokio::test]
async fn an_edit_of_a_rep_is_heard_by_an_event() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = deal(&sides).await;
    is_heard(&machine, &sides, &deal, 1000).await;
    // A child's event names no deal: the poll finds whose it is.
    sides.rep_adds_solution(&deal.1).await;
    sides.settled().await;
    // An unknown opportunity that begins to take part becomes a deal.
    let shared = sides.rep_shares("Harrow").await;
    sides.becomes_referral(&shared).await;
}

#[tokio::test]
async fn streams_that_break_are_gone_on_with_and_nothing_is_lost() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = deal(&sides).await;
    is_heard(&machine, &sides, &deal, 1000).await;
    sides.admin.need("POST", "/salesforce/changes/drop-streams", None).await.unwrap();
    is_heard(&machine, &sides, &deal, 2000).await;
    cut_off(&sides).await;
    edit(&sides, &deal, 3000).await;
    assert!(
        !sources(&machine, &sides).await.contains(&"event".to_owned()),
        "nothing could be heard"
    );
    sides.admin.need("DELETE", "/faults", None).await.unwrap();
    is_heard(&machine, &sides, &deal, 4000).await;
    sides.rep_changes(&deal.1, &json!({"Amount": 5000})).await;
    machine.kill_and_wait("sandbox").await;
    arrives(&sides, &deal.0, 5000).await;
    is_heard(&machine, &sides, &deal, 6000).await;
    sides.rep_changes(&deal.1, &json!({"Amount": 7000})).await;
    machine.kill_and_wait("serve").await;
    arrives(&sides, &deal.0, 7000).await;
    is_heard(&machine, &sides, &deal, 8000).await;
    sides.settled().await;
}

#[tokio::test]
async fn a_place_that_is_too_old_heals_and_is_told() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = deal(&sides).await;
    is_heard(&machine, &sides, &deal, 1000).await;
    cut_off(&sides).await;
    edit(&sides, &deal, 2000).await;
    sides
        .admin
        .need("POST", "/salesforce/changes/expire", Some(&json!({"keep": 0})))
        .await
        .unwrap();
    sides.admin.need("DELETE", "/faults", None).await.unwrap();
    noted(&sides, "events Opportunity lost", "were missed").await;
    is_heard(&machine, &sides, &deal, 3000).await;
    let status = sides.status().await;
    assert_eq!(status["notes"]["events Opportunity"], Value::Null, "{status:#}");
    assert!(status["tallies"]["events_lost"].as_u64() >= Some(1), "{status:#}");
}

#[tokio::test]
async fn an_object_without_events_is_polled() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let deal = deal(&sides).await;
    is_heard(&machine, &sides, &deal, 1000).await;
    // Refused: the service says so.
    let refusal =
        json!({"system": "pubsub", "status": 404, "path": "*/GetTopic", "times": "always"});
    sides.fault(&refusal).await;
    sides.admin.need("POST", "/salesforce/changes/drop-streams", None).await.unwrap();
    noted(&sides, "events Opportunity", "only polled: refused").await;
    is_polled(&machine, &sides, &deal, 2000).await;
    // Not selected: its stream opens and stays silent.
    let off = json!(["Opportunity"]);
    sides.admin.need("PUT", "/salesforce/changes/off", Some(&off)).await.unwrap();
    sides.admin.need("DELETE", "/faults", None).await.unwrap();
    eventually("the stream is open", async || {
        (sides.status().await["notes"]["events Opportunity"] == Value::Null).then_some(())
    })
    .await;
    // What was told while the stream was closed comes first.
    edit(&sides, &deal, 2500).await;
    sides.settled().await;
    is_polled(&machine, &sides, &deal, 3000).await;
}
