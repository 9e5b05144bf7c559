//! When changed maps are taken: when somebody says so, at a signal, never half; and what is not taken at all.
//!
//! In: services with configurations of a test's own, maps that change, kills. Out: which maps are in service. Must
//! not know: the service inside.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use runner::maps::passed::{self, Gate};
use runner::maps::shelf::Shelf;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::environments::{Town, org};
use crate::machine::{cosell, signal};
use crate::reload::{MAP, other};
use crate::sides::{Sides, eventually, inbound, text};

/// A staging service with this line in its configuration, and what it keeps in step.
async fn staging(line: &str) -> (Town, Sides, String) {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let shared = town.shared("copy", &copy, "  account: own\n");
    let shared = shared.replace("limits:\n", "limits:\n  reload_seconds: 0.3\n");
    town.configure(&format!(
        "environment: staging\nstore: sqlite:a.db\n{line}\n{shared}{}",
        org("copy", &copy, "")
    ));
    town.serve().await;
    let mut ready = copy;
    ready["console"] = town.console();
    let sides = Sides::new(&ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    (town, sides, deal)
}

async fn link(sides: &Sides, deal: &str, host: &str) {
    eventually("the deal has the link of the map", async || {
        text(&sides.opportunity(deal).await, "/Referral_Link__c").starts_with(host).then_some(())
    })
    .await;
}

#[tokio::test]
async fn maps_that_are_asked_for_wait_until_somebody_says_so() {
    let (town, sides, deal) = staging("reload: ask").await;
    link(&sides, &deal, "https://partner.microsoft.com/").await;
    let before = sides.status().await["maps"].clone();
    fs::write(town.place("opportunity.map"), other()).unwrap();
    let waiting = eventually("what it would write is told", async || {
        let status = sides.status().await;
        status["reload"]["waiting"].is_object().then_some(status)
    })
    .await;
    assert_eq!((&waiting["maps"], &waiting["reload"]["mode"]), (&before, &json!("ask")));
    assert!(waiting["reload"]["waiting"].to_string().contains("Referral_Link__c"), "{waiting:#}");
    // A signal has it look, and no more.
    signal("-HUP", town.pid("serve"));
    let (code, said) = town.run(&["reload", "--preview"]);
    assert!(said.contains("Referral_Link__c"), "{code:?} {said}");
    assert_eq!(sides.status().await["maps"], before);
    link(&sides, &deal, "https://partner.microsoft.com/").await;
    let (code, said) = town.run(&["reload"]);
    assert_eq!(code, Some(0), "{said}");
    link(&sides, &deal, "https://partner.example.com/").await;
    assert!(sides.status().await["reload"]["waiting"].is_null());
}

#[tokio::test]
async fn maps_that_are_not_looked_at_are_taken_at_a_signal() {
    let (town, sides, deal) = staging("reload: off").await;
    link(&sides, &deal, "https://partner.microsoft.com/").await;
    let before = sides.status().await;
    fs::write(town.place("opportunity.map"), other()).unwrap();
    // Several times as long as it takes to look.
    sleep(Duration::from_secs(2)).await;
    let after = sides.status().await;
    assert_eq!((&after["maps"], &after["reload"]["waiting"]), (&before["maps"], &Value::Null));
    signal("-HUP", town.pid("serve"));
    link(&sides, &deal, "https://partner.example.com/").await;
    assert_ne!(sides.status().await["maps"], before["maps"]);
    // One that is no good is not taken at a signal either.
    let wrong = MAP.replace("-> Referral_Link__c", "-> Referal_Link__c");
    fs::write(town.place("opportunity.map"), wrong).unwrap();
    signal("-HUP", town.pid("serve"));
    eventually("it is refused", async || {
        text(&sides.status().await, "/reload/refused").contains("opportunity.map:").then_some(())
    })
    .await;
    link(&sides, &deal, "https://partner.example.com/").await;
}

#[tokio::test]
async fn what_is_in_service_is_shown_and_production_takes_experimental_maps_only_when_told() {
    let mut town = Town::new();
    let real = town.sandbox("real", "production").await;
    let head = "mapping opportunity \"Co-sell opportunities\"";
    assert!(MAP.contains(head));
    let map = MAP.replace(head, &format!("{head} experimental"));
    fs::write(town.place("opportunity.map"), map).unwrap();
    let yaml = format!(
        "environment: production\nstore: sqlite:a.db\n{}{}",
        town.shared("real", &real, ""),
        org("real", &real, "")
    );
    town.configure(&yaml);
    crate::promotion::promoted(town.place("").as_path());
    let (code, said) = town.run(&["serve"]);
    assert!(code == Some(2) && said.contains("experimental"), "{said}");
    assert!(said.contains("allow_experimental: true"), "{said}");
    town.configure(&format!("allow_experimental: true\n{yaml}"));
    town.serve().await;
    let status = town.status("production").await;
    assert_eq!(status["maps"][0]["stability"], "experimental", "{status:#}");
    let [hash, release] = ["/maps/0/hash", "/reload/release"].map(|at| &text(&status, at)[..12]);
    let (_, said) = town.run(&["status"]);
    let page = town.says("/");
    let version = env!("CARGO_PKG_VERSION");
    for shown in [hash, release, "experimental", version] {
        assert!(said.contains(shown), "{shown}: {said}");
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let planned = cosell().arg("plan").arg(town.place("opportunity.map")).output().unwrap();
    assert!(String::from_utf8_lossy(&planned.stdout).contains("experimental"), "{planned:?}");
}

/// A map that has passed everything.
fn passes(folder: &Path, map: &str) {
    let file = folder.join("opportunity.map");
    fs::write(&file, map).unwrap();
    let prints = passed::prints(&[file]).unwrap();
    for gate in Gate::ALL {
        let line = passed::line(gate, true, Some("staging"), prints.clone());
        passed::add(&folder.join(passed::LIST), &line).unwrap();
    }
}

#[tokio::test]
async fn a_promotion_that_is_killed_leaves_the_old_release_or_the_new_one() {
    let mut town = Town::new();
    let real = town.sandbox("real", "production").await;
    town.configure(&format!(
        "environment: production\nstore: sqlite:a.db\n{}{}",
        town.shared("real", &real, ""),
        org("real", &real, "")
    ));
    let folder = town.place("");
    let config = town.place("cosell.yaml");
    let shelf = Shelf::new(folder.join("releases"));
    let current = || {
        let pointer = shelf.pointer().unwrap();
        pointer.as_ref().and_then(|pointer| pointer.current()).map(str::to_owned)
    };
    let (mut killed, mut before) = (0, None);
    for round in 0_u32..30 {
        // Each round another map, so that each makes files, a folder and a pointer of its own.
        passes(&folder, &format!("{MAP}# round {round}\n"));
        let mut command = cosell();
        command.args(["promote", "--to", "production", "--config"]).arg(&config);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(u64::from(round % 15) * 5)).await;
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        let after = current();
        if let Some(release) = &after {
            // Whole, and the map of this round when it is another one than before.
            let (_, bundle) = shelf.open(release).unwrap();
            bundle.compile().unwrap();
            let file = folder.join("releases").join(release).join("maps/opportunity.map");
            let text = fs::read_to_string(file).unwrap();
            assert_eq!(after != before, text.ends_with(&format!("# round {round}\n")), "{round}");
            let (code, said) = town.run(&["promote", "--list"]);
            assert_eq!(code, Some(0), "{said}");
        } else {
            assert_eq!(before, None, "round {round}: the pointer is gone");
        }
        before = after;
    }
    assert!(killed > 0, "each promotion was over before its kill");
    passes(&folder, MAP);
    let (code, said) = town.run(&["promote", "--to", "production"]);
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(current(), before);
}

#[tokio::test]
async fn the_scenario_starts_a_service_of_its_own_and_ends_it() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let shared = town.shared("copy", &copy, "  account: own\n");
    town.configure(&format!(
        "environment: staging\nstore: sqlite:a.db\n{shared}{}",
        org("copy", &copy, "")
    ));
    let story = ["scenario", "--quiet", "2", "--solution", "SOL-20417-TWA"];
    let (code, said) = town.run(&story);
    assert!(code == Some(0) && said.contains("All of it was as promised"), "{said}");
    let log = fs::read_to_string(town.place(".cosell/scenario.log")).unwrap();
    assert!(!log.is_empty(), "it kept a log of its own");
    let (_, said) = town.run(&["status"]);
    assert!(said.contains("does not run"), "it was ended: {said}");
    // One that cannot start is told with what it said.
    let yaml = fs::read_to_string(town.place("cosell.yaml")).unwrap();
    town.configure(&yaml.replace("trust: pinned copy.pem", "trust: pinned not-there.pem"));
    let (code, said) = town.run(&story);
    assert!(code == Some(2) && said.contains("not-there.pem"), "{said}");
}
