//! Deals from before the service: left until somebody says so, then taken in beside what changes now.
//!
//! In: a sandbox that has deals before the service first starts, words of a person, kills. Out: who was taken in
//! when, and that each deal has one partner in the end. Must not know: the service inside.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::environments::Town;
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// So many deals of each side are there before the service (`COSELL_OLD`).
fn how_many() -> usize {
    std::env::var("COSELL_OLD").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}
/// So many of the rep's are linked already, by whatever was there before.
const LINKED: usize = 15;

/// The deals that are there.
struct Old {
    referrals: Vec<String>,
    opportunities: Vec<String>,
}

impl Old {
    async fn made(sides: &Sides) -> Self {
        let mut old = Self { referrals: Vec::new(), opportunities: Vec::new() };
        for number in 0..how_many() {
            let referral = sides.microsoft_sends(&inbound(&format!("Alpine {number}"))).await;
            let name = format!("Harrow {number}");
            let opportunity = if number < LINKED {
                let opportunity = sides.rep_prepares(&name).await;
                let link = json!({ "Referral_Identifier__c": referral });
                sides.rep_changes(&opportunity, &link).await;
                opportunity
            } else {
                sides.rep_shares(&name).await
            };
            old.referrals.push(referral);
            old.opportunities.push(opportunity);
        }
        old
    }
}

/// Opportunities that name a referral.
async fn linked(sides: &Sides) -> usize {
    sides.opportunities("Referral_Identifier__c != null").await.len()
}

fn told(town: &Town) -> Value {
    town.asked(&["backfill", "status"])["backfill"].clone()
}

/// A town with old deals, a moment after the last of them, and a service that asks.
async fn that_asks() -> (Town, Sides, Old) {
    let mut town = Town::new();
    let copy = town.sandbox_with("copy", "sandbox", &["--daily-calls", "5000000"]).await;
    let sides = Sides::new(&town.alone("copy", &copy));
    let config = std::fs::read_to_string(town.place("cosell.yaml")).unwrap();
    let config =
        config.replace("limits:\n", "backfill: ask\nlimits:\n  overlap_seconds: 2\n  workers: 3\n");
    town.configure(&config);
    let old = Old::made(&sides).await;
    sleep(Duration::from_secs(4)).await;
    (town, sides, old)
}

/// Only what changes is taken in: a new deal, an old referral, an old opportunity.
async fn only_what_changes(town: &Town, sides: &Sides, old: &Old) {
    eventually("both lists were read", async || {
        let times = sides.status().await["times"].clone();
        (times["sweep"].is_string() && times["poll"].is_string()).then_some(())
    })
    .await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(told(town)["state"], "waiting");
    assert_eq!((linked(sides).await, sides.status().await["keys"].clone()), (LINKED, json!(0)));
    let new = sides.microsoft_sends(&inbound("Borealis")).await;
    let (referral, opportunity) = (&old.referrals[LINKED], &old.opportunities[how_many() - 1]);
    sides.microsoft_changes(referral, &json!({"details": {"notes": "Of today."}})).await;
    sides.rep_changes(opportunity, &json!({"Amount": 501})).await;
    for referral in [&new, referral] {
        sides.becomes_opportunity(referral).await;
    }
    sides.becomes_referral(opportunity).await;
    assert_eq!(linked(sides).await, LINKED + 3);
    let (code, said) = town.run(&["status"]);
    assert!(said.contains("backfill waits") && code == Some(0), "{said}");
}

/// Words of a person, and a kill during a pause: then only what changes is worked on. An opportunity of then.
async fn paused_in_the_middle(town: &mut Town, sides: &Sides) -> String {
    let (code, said) = town.run(&["backfill", "resume"]);
    assert!(code == Some(1) && said.contains("Nothing was changed"), "{said}");
    let (code, said) = town.run(&["backfill", "start"]);
    assert!(code == Some(0) && said.contains("under way"), "{said}");
    eventually("it is in the middle", async || {
        (told(town)["done"].as_u64() >= Some(10)).then_some(())
    })
    .await;
    let (code, said) = town.run(&["backfill", "pause"]);
    assert!(code == Some(0) && said.contains("paused"), "{said}");
    let paused = eventually("what was begun is brought to its end", async || {
        let told = told(town);
        (told["in_work"] == 0).then_some(told)
    })
    .await;
    assert!(paused["left"].as_u64() > Some(20), "{paused:#}");
    town.kill("serve");
    town.serve().await;
    let late = sides.rep_shares("Pell").await;
    sides.becomes_referral(&late).await;
    let still = told(town);
    assert_eq!((&still["state"], &still["done"]), (&json!("paused"), &paused["done"]), "{still:#}");
    assert_eq!(town.run(&["backfill", "resume"]).0, Some(0));
    late
}

/// Kills in the middle of it, with edits of a rep that do not wait for it.
async fn killed_in_the_middle(town: &mut Town, sides: &Sides, late: &str) {
    for round in 0..3_u64 {
        let done = told(town)["done"].as_u64();
        eventually("it goes on", async || {
            let told = told(town);
            (told["done"].as_u64() > done.map(|done| done + 5) || told["state"] == "done")
                .then_some(())
        })
        .await;
        sides.rep_changes(late, &json!({"Amount": 900 + round})).await;
        town.kill("serve");
        town.serve().await;
        eventually("a rep's edit arrives beside it", async || {
            let deal = sides.opportunity(late).await;
            let referral = sides.referral(text(&deal, "/Referral_Identifier__c")).await;
            same_number(&referral["details"]["dealValue"], 900 + round).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn old_deals_wait_for_a_word_and_what_changes_does_not_wait_for_them() {
    let (mut town, sides, old) = that_asks().await;
    let outlook = town.asked(&["backfill"]);
    let count = |group: &str| outlook[0][group]["count"].as_u64().unwrap_or_default();
    let unlinked = (how_many() - LINKED) as u64;
    assert_eq!(count("agree") + count("differ"), LINKED as u64, "{outlook:#}");
    assert_eq!((count("new_records"), count("new_referrals")), (unlinked, unlinked), "{outlook:#}");
    town.serve().await;
    only_what_changes(&town, &sides, &old).await;
    let late = paused_in_the_middle(&mut town, &sides).await;
    killed_in_the_middle(&mut town, &sides, &late).await;
    let done = eventually("it is done", async || {
        let told = told(&town);
        (told["state"] == "done").then_some(told)
    })
    .await;
    sides.settled().await;
    // Every deal once: those that were linked, those of either side, and the two that came meanwhile.
    let all = LINKED + 2 * (how_many() - LINKED) + 2;
    assert_eq!((linked(&sides).await, sides.referrals().await.len()), (all, all));
    assert_eq!(
        (&done["left"], &done["in_work"], &done["parked"]),
        (&json!(0), &json!(0), &json!(0))
    );
    // Those that changed before or during it are no part of it.
    let of_it = done["done"].as_u64().unwrap();
    assert!((all as u64 - 20..=all as u64 - 4).contains(&of_it), "{done:#}");
    let status = sides.status().await;
    let calls = |wire: usize| status["wires"][wire]["calls"]["backfill"].as_u64();
    assert!(calls(0) > Some(0) && calls(1) > Some(0), "it has a share of its own: {status:#}");
    let (code, said) = town.run(&["verify"]);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn who_stops_a_backfill_leaves_the_rest_until_it_changes() {
    let (mut town, sides, old) = that_asks().await;
    // A word may be said before the service runs.
    town.serve().await;
    town.kill("serve");
    let (code, said) = town.run(&["backfill", "start"]);
    assert!(code == Some(0) && said.contains("The service does not run"), "{said}");
    town.serve().await;
    eventually("it is in the middle", async || {
        (told(&town)["done"].as_u64() >= Some(10)).then_some(())
    })
    .await;
    assert_eq!(town.run(&["backfill", "stop"]).0, Some(0));
    eventually("what was begun is brought to its end", async || {
        (told(&town)["in_work"] == 0 && sides.status().await["dirty"] == 0).then_some(())
    })
    .await;
    let (stopped, links) = (told(&town), linked(&sides).await);
    assert_eq!((&stopped["state"], &stopped["left"]), (&json!("stopped"), &json!(0)));
    // Neither a sweep nor a start of the service takes the rest in.
    town.kill("serve");
    town.serve().await;
    let one = sides.opportunities("Referral_Identifier__c = null").await;
    assert!(!one.is_empty());
    let left = text(&one[0], "/Id").to_owned();
    let new = sides.microsoft_sends(&inbound("Borealis")).await;
    sides.becomes_opportunity(&new).await;
    sleep(Duration::from_secs(6)).await;
    assert_eq!(linked(&sides).await, links + 1);
    // One that changes is taken in.
    sides.rep_changes(&left, &json!({"Amount": 77})).await;
    sides.becomes_referral(&left).await;
    assert_eq!(linked(&sides).await, links + 2);
    assert!(linked(&sides).await < old.opportunities.len() + old.referrals.len() - LINKED);
}
