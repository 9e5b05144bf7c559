//! Maps that are changed while the service runs: good ones, refused ones, and kills in between.
//!
//! In: a running demo whose map is written anew. Out: what the deals become, what is said of it. Must not know: the
//! service inside.

use std::fs;

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::sides::{Sides, eventually, inbound, text};

pub(crate) const MAP: &str = include_str!("../../mappings/opportunity.map");
const LINK: &str = "https://partner.microsoft.com/";
const OTHER: &str = "https://partner.example.com/";

/// The shipped map with links to another host.
pub(crate) fn other() -> String {
    assert!(MAP.contains(LINK));
    MAP.replace(LINK, OTHER)
}

fn change(machine: &Machine, map: &str) {
    fs::write(machine.state().join("opportunity.map"), map).unwrap();
}

async fn hash(sides: &Sides) -> String {
    text(&sides.status().await, "/maps/0/hash").to_owned()
}

async fn serves_another(sides: &Sides, than: &str) -> String {
    eventually("the changed map is in service", async || {
        let now = hash(sides).await;
        (now != than).then_some(now)
    })
    .await
}

async fn is_linked_to(sides: &Sides, deal: &str, host: &str) {
    eventually("the deal has the other link", async || {
        text(&sides.opportunity(deal).await, "/Referral_Link__c").starts_with(host).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_map_is_shown_takes_effect_and_reaches_every_deal() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut deals = Vec::new();
    for name in ["Alpine", "Harrow", "Borealis"] {
        let referral = sides.microsoft_sends(&inbound(name)).await;
        deals.push(sides.becomes_opportunity(&referral).await);
    }
    sides.settled().await;
    let before = hash(&sides).await;
    // Before anything happens: what the file beside would write, by line, with values for who may see them.
    let file = machine.state().join("other.map");
    fs::write(&file, other()).unwrap();
    let writes = sides.writes().await;
    let (code, said) = beside(&machine, &["preview", file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("3 deals written differently") && said.contains("id -> Referral_Link__c"),
        "{said}"
    );
    assert!(said.contains(OTHER) && said.contains("nothing was written"), "{said}");
    let told = asked(&machine, &["preview", file.to_str().unwrap(), "--sample", "2"]);
    assert_eq!((&told["looked_at"], &told["of"]), (&json!(2), &json!(3)), "{told:#}");
    assert_eq!(told["maps"][0]["groups"][0]["records"], 2, "{told:#}");
    assert_eq!(sides.writes().await, writes, "it only reads");
    assert_eq!(hash(&sides).await, before);
    sides.listen().await;
    change(&machine, &other());
    let after = serves_another(&sides, &before).await;
    for deal in &deals {
        is_linked_to(&sides, deal, OTHER).await;
    }
    // Each deal has its one write, none of it goes to Microsoft, and it is quiet afterwards.
    eventually("each deal was looked at", async || {
        (sides.status().await["dirty"] == 0).then_some(())
    })
    .await;
    let write = "PATCH Opportunity Audit__c Referral_Link__c";
    assert_eq!(sides.said().await.writes(), [write; 3]);
    sides.listen().await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(sides.said().await.writes(), Vec::<&str>::new());
    let status = sides.status().await;
    let preview = &status["reload"]["preview"];
    assert_eq!((&preview["looked_at"], &preview["changed"]), (&json!(3), &json!(3)), "{status:#}");
    assert_eq!(preview["lines"][0]["deals"], 3, "{preview:#}");
    assert!(!preview.to_string().contains("Alpine"), "no value of a record: {preview:#}");
    let told = asked(&machine, &["why", "deal-1", "Referral_Link__c"]);
    assert_eq!(told["why"][0]["by"]["plan"], json!(after), "{told:#}");
    let sources: Vec<&Value> =
        told["why"][0]["by"]["because"].as_array().unwrap().iter().map(|b| &b["source"]).collect();
    assert!(sources.contains(&&json!("map")), "{told:#}");
    let told = asked(&machine, &["why", "deal-1", "StageName"]);
    assert_eq!(
        told["why"][0]["by"]["plan"],
        json!(before),
        "what the old plan wrote stays its own: {told:#}"
    );
}

#[tokio::test]
async fn a_map_with_errors_changes_nothing_and_a_good_one_after_it_does() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    let before = hash(&sides).await;
    change(&machine, &other().replace("-> Referral_Link__c", "-> Referal_Link__c"));
    let status = eventually("it is refused", async || {
        let status = sides.status().await;
        status["reload"]["refused"].is_string().then_some(status)
    })
    .await;
    let why = text(&status, "/reload/refused");
    let line = MAP.lines().position(|line| line.contains("-> Referral_Link__c")).unwrap() + 1;
    assert!(why.starts_with(&format!("opportunity.map:{line}:")), "{why}");
    let (code, said) = beside(&machine, &["status"]);
    assert!(
        code == Some(1) && said.contains("changed, but not used") && said.contains(why),
        "{said}"
    );
    let (code, said) = beside(&machine, &["reload"]);
    assert!(code == Some(1) && said.contains("not taken") && said.contains(why), "{said}");
    // The old plan goes on as if nothing had happened.
    assert_eq!(hash(&sides).await, before);
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "Still in step."}})).await;
    eventually("the notes arrive", async || {
        (text(&sides.opportunity(&deal).await, "/Description") == "Still in step.").then_some(())
    })
    .await;
    assert!(text(&sides.opportunity(&deal).await, "/Referral_Link__c").starts_with(LINK));
    // A crash in the meantime is no reason to stand still: it goes on with the maps that it served.
    machine.kill_and_wait("serve").await;
    let sides = Sides::new(&machine.ready);
    assert_eq!(hash(&sides).await, before);
    assert!(text(&sides.status().await, "/reload/refused").contains(&format!(":{line}:")));
    assert_eq!(beside(&machine, &["status"]).0, Some(1));
    sides.microsoft_changes(&referral, &json!({"details": {"notes": "Still there."}})).await;
    eventually("the notes arrive", async || {
        (text(&sides.opportunity(&deal).await, "/Description") == "Still there.").then_some(())
    })
    .await;
    change(&machine, &other());
    serves_another(&sides, &before).await;
    is_linked_to(&sides, &deal, OTHER).await;
    let status = sides.status().await;
    assert!(
        status["reload"]["refused"].is_null() && status["notes"]["maps"].is_null(),
        "{status:#}"
    );
    let (code, said) = beside(&machine, &["reload"]);
    assert!(code == Some(0) && said.contains("those in service"), "{said}");
    machine.interrupt().await;
}

#[tokio::test]
async fn a_map_that_was_changed_while_nobody_served_reaches_every_deal_too() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    machine.interrupt().await;
    change(&machine, &other());
    machine.start().await;
    is_linked_to(&Sides::new(&machine.ready), &deal, OTHER).await;
}

#[tokio::test]
async fn kills_around_a_change_leave_one_map_or_the_other() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut deals = Vec::new();
    for name in ["Alpine", "Harrow"] {
        let referral = sides.microsoft_sends(&inbound(name)).await;
        deals.push(sides.becomes_opportunity(&referral).await);
    }
    sides.settled().await;
    for round in 0..4 {
        let (map, host) = if round % 2 == 0 { (other(), OTHER) } else { (MAP.to_owned(), LINK) };
        change(&machine, &map);
        // About when the service looks, checks, takes, walks.
        tokio::time::sleep(std::time::Duration::from_millis(900 * (round + 1))).await;
        machine.kill_and_wait("serve").await;
        let sides = Sides::new(&machine.ready);
        for deal in &deals {
            is_linked_to(&sides, deal, host).await;
        }
    }
    let (code, said) = beside(&machine, &["verify"]);
    assert!(code == Some(0), "{said}");
}
