//! From a tried map to production: the scenario, what was passed, releases, one changed byte, and back.
//!
//! In: a running demo, which is of kind staging, and a second configuration for production. Out: what the commands say
//! and leave. Must not know: the service inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use mapping::Timestamp;
use runner::maps::Bundle;
use runner::maps::shelf::{Packed, Shelf};
use serde_json::{Value, json};

use crate::environments::{Town, org};
use crate::machine::{Machine, cosell, signal};
use crate::office::beside;
use crate::reload::{MAP, other};
use crate::sides::{Sides, eventually, inbound, text};

const SOLUTION: &str = "SOL-20417-TWA";

/// Runs a command with the configuration of production beside the demo's.
fn production(machine: &Machine, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        cosell().args(args).arg("--config").arg(configured(machine)).output().unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code(), said)
}

/// The demo's configuration, for production: another state file and port.
fn configured(machine: &Machine) -> PathBuf {
    let file = machine.state().join("production.yaml");
    let demo = fs::read_to_string(machine.state().join("cosell.yaml")).unwrap();
    let lines = demo.lines().map(|line| match line.split(':').next().unwrap_or_default() {
        "environment" => "environment: production",
        "listen" => "listen: 127.0.0.1:0",
        "store" => "store: sqlite:production.db",
        _ => line,
    });
    fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
    file
}

/// Makes the map of a folder the release that counts, as a promotion does.
pub(crate) fn promoted(folder: &Path) {
    let bundle = Bundle::read(&[folder.join("opportunity.map")]).unwrap();
    let packed = Packed::of(&bundle, &bundle.compile().unwrap());
    let shelf = Shelf::new(folder.join("releases"));
    shelf.put(&packed).unwrap();
    shelf.point(&packed.manifest.release, "promote", Timestamp::now()).unwrap();
}

/// Plays the scenario beside the demo.
fn scenario(machine: &Machine) -> (Option<i32>, String) {
    beside(machine, &["scenario", "--quiet", "2"])
}

/// Everything in Salesforce that carries the mark, and whether the marked referrals are closed.
async fn leftovers(sides: &Sides) -> (usize, bool) {
    let mut records = 0;
    for (object, field) in
        [("Account", "Name"), ("Opportunity", "Account.Name"), ("Contact", "Account.Name")]
    {
        let soql = format!(
            "SELECT%20Id%20FROM%20{object}%20WHERE%20{field}%20LIKE%20'cosell%20scenario%25'"
        );
        let path = format!("/services/data/v64.0/query?q={soql}");
        records +=
            sides.rep.need("GET", &path, None).await.unwrap()["records"].as_array().unwrap().len();
    }
    let referrals = sides.referrals().await;
    let marked = referrals
        .iter()
        .filter(|r| text(r, "/customerProfile/name").starts_with("cosell scenario"));
    let open = marked.filter(|referral| text(referral, "/status") != "Closed").count();
    (records, open == 0)
}

fn passed(machine: &Machine) -> Vec<Value> {
    let list =
        fs::read_to_string(machine.state().join(".cosell/passed.ndjson")).unwrap_or_default();
    list.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_scenario_is_played_recorded_and_tidied_up() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (code, said) = scenario(&machine);
    assert_eq!(code, Some(0), "{said}");
    for step in [
        "a rep shares",
        "in Partner Center: it becomes one",
        "nothing is written",
        "All of it was as promised",
    ] {
        assert!(said.contains(step), "{said}");
    }
    assert!(!said.contains("failed"), "{said}");
    assert_eq!(leftovers(&sides).await, (0, true));
    assert!(!machine.state().join(".cosell/scenario.json").exists());
    let entries = passed(&machine);
    assert_eq!(entries.len(), 1, "{entries:?}");
    let hash = text(&sides.status().await, "/maps/0/hash").to_owned();
    assert_eq!(
        (
            &entries[0]["gate"],
            &entries[0]["passed"],
            &entries[0]["environment"],
            &entries[0]["maps"][0]["plan"]
        ),
        (&json!("scenario"), &json!(true), &json!("staging"), &json!(hash))
    );
    // The deals are over, and stop nobody: also when they are looked at again.
    beside(&machine, &["replay", "--all"]);
    let status = eventually("all is done", async || {
        let status = sides.status().await;
        (status["dirty"] == 0).then_some(status)
    })
    .await;
    assert_eq!(status["parked_count"], 0, "{status:#}");
    let (code, said) = beside(&machine, &["solutions", "list"]);
    assert!(code == Some(0) && said.contains("SOL-") && !said.contains("Made by"), "{said}");
    // Only for staging.
    let (code, said) = production(&machine, &["scenario"]);
    assert!(code == Some(2) && said.contains("is of kind production"), "{said}");
}

#[tokio::test]
async fn what_a_scenario_left_when_it_ended_early_is_taken_away() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    for how in ["-INT", "-9"] {
        let config = machine.state().join("cosell.yaml");
        let mut command = cosell();
        command.args(["scenario", "--solution", SOLUTION, "--config"]).arg(&config);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        eventually("it has made records", async || (leftovers(&sides).await.0 > 1).then_some(()))
            .await;
        signal(how, u64::from(child.id()));
        let code = child.wait().unwrap().code();
        if how == "-INT" {
            assert_eq!(code, Some(2));
        } else {
            assert!(
                machine.state().join(".cosell/scenario.json").exists(),
                "it says that something is left"
            );
            let (code, said) = beside(&machine, &["scenario", "--clean"]);
            assert_eq!(code, Some(0), "{said}");
        }
        assert_eq!(leftovers(&sides).await, (0, true), "after {how}");
    }
    assert!(passed(&machine).is_empty(), "an interrupted one says nothing about a map");
}

#[tokio::test]
async fn production_takes_what_has_passed_everything_and_not_one_byte_else() {
    let machine = Machine::quiet().await;
    let map = machine.state().join("opportunity.map");
    // Nothing was promoted: production does not start.
    let (code, said) = production(&machine, &["serve"]);
    assert!(code == Some(2) && said.contains("nothing was promoted yet"), "{said}");
    let promote = |machine: &Machine| production(machine, &["promote", "--to", "production"]);
    let (code, said) = promote(&machine);
    assert_eq!(code, Some(1), "{said}");
    for command in ["`cosell test`", "`cosell doctor", "`cosell scenario"] {
        assert!(said.contains(command), "{said}");
    }
    assert!(!said.contains("--env staging"), "this file has no such environment: {said}");
    assert!(said.contains("`--passed LIST`"), "{said}");
    // Each leaves its line.
    let examples = machine.state().join("examples");
    fs::create_dir(&examples).unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/examples");
    for entry in fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, examples.join(path.file_name().unwrap())).unwrap();
    }
    // Of the folder, which holds copies of the maps in service too: those are nobody's source.
    let tested = cosell().arg("test").arg(machine.state()).output().unwrap();
    let said = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(tested.status.success() && !said.contains("service.maps"), "{said}");
    let (code, said) = beside(&machine, &["doctor"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = promote(&machine);
    assert!(
        code == Some(1) && said.contains("cosell scenario") && !said.contains("cosell doctor"),
        "{said}"
    );
    let (code, said) = scenario(&machine);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = production(&machine, &["promote", "--to", "production", "--dry-run"]);
    assert!(code == Some(0) && !machine.state().join("releases").exists(), "{said}");
    let (code, said) = promote(&machine);
    assert!(code == Some(0) && said.contains("counts from now on"), "{said}");
    // One byte more, and it is another map that has passed nothing, though it means the same.
    fs::write(&map, format!("{MAP}# a word more\n")).unwrap();
    let (code, said) = promote(&machine);
    assert!(code == Some(1) && said.contains("it was run with other files of this map"), "{said}");
    fs::write(&map, other()).unwrap();
    assert_eq!(promote(&machine).0, Some(1));
    let (_, listed) = production(&machine, &["promote", "--list", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["current"]),
        (1, &json!(true)),
        "{listed:#}"
    );
    // One changed byte in the release is refused, with the file's name; promoting again makes it whole.
    fs::write(&map, MAP).unwrap();
    let release = machine.state().join("releases").join(text(&listed, "/0/release"));
    let file = release.join("maps/opportunity.map");
    fs::write(&file, MAP.replacen("Co-sell", "Co-Sell", 1)).unwrap();
    let (code, said) = production(&machine, &["serve"]);
    assert!(
        code == Some(2)
            && said.contains("maps/opportunity.map: it is not the file that was promoted"),
        "{said}"
    );
    let (code, said) = production(&machine, &["promote", "--list"]);
    assert!(code == Some(1) && said.contains("broken"), "{said}");
    let (code, said) = promote(&machine);
    assert!(code == Some(0) && said.contains("its files are whole"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), MAP);
    let (code, said) = production(&machine, &["rollback"]);
    assert!(code == Some(1) && said.contains("no release before"), "{said}");
}

#[tokio::test]
async fn production_takes_a_release_while_it_runs_refuses_a_changed_byte_and_goes_back() {
    let mut town = Town::new();
    let real = town.sandbox("real", "production").await;
    let shared =
        town.shared("real", &real, "").replace("limits:\n", "limits:\n  reload_seconds: 0.5\n");
    town.configure(&format!(
        "environment: production\nstore: sqlite:a.db\n{shared}{}",
        org("real", &real, "")
    ));
    town.serve().await;
    let mut ready = real.clone();
    ready["console"] = town.console();
    let sides = Sides::new(&ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    let (map, first) = (town.place("opportunity.map"), sides.status().await);
    // What lies beside does not matter.
    fs::write(&map, other()).unwrap();
    let (code, said) = town.run(&["reload"]);
    assert!(code == Some(0) && said.contains("those in service"), "{said}");
    promoted(map.parent().unwrap());
    let link = async |host: &str| {
        eventually("the deal has the link of the release", async || {
            text(&sides.opportunity(&deal).await, "/Referral_Link__c")
                .starts_with(host)
                .then_some(())
        })
        .await;
    };
    link("https://partner.example.com/").await;
    let second = sides.status().await;
    assert_ne!(first["reload"]["release"], second["reload"]["release"]);
    assert_ne!(first["maps"][0]["hash"], second["maps"][0]["hash"]);
    // One changed byte: told with the file's name, and the maps in service stay.
    let release = town.place("releases").join(text(&second, "/reload/release"));
    let file = release.join("maps/opportunity.map");
    fs::write(&file, format!("{} ", other())).unwrap();
    let refused = eventually("it is refused", async || {
        let status = sides.status().await;
        status["reload"]["refused"].is_string().then_some(status)
    })
    .await;
    assert!(text(&refused, "/reload/refused").contains("maps/opportunity.map"), "{refused:#}");
    assert_eq!(refused["maps"], second["maps"]);
    let (code, said) = town.run(&["rollback"]);
    assert!(code == Some(0) && said.contains("is in service"), "{said}");
    link("https://partner.microsoft.com/").await;
    let back = sides.status().await;
    assert_eq!(back["reload"]["release"], first["reload"]["release"]);
    assert!(back["reload"]["refused"].is_null(), "{back:#}");
}

#[tokio::test]
async fn the_first_release_of_a_file_with_production_and_staging_can_be_made() {
    let mut town = Town::new();
    let real = town.sandbox("real", "production").await;
    let copy = town.sandbox("copy", "sandbox").await;
    let of = |path: &str| text(&copy, path).to_owned();
    let api = of("/partner_center/url");
    town.configure(&format!(
        "{}environments:\n  production:\n    store: sqlite:production.db\n{}  staging:\n    \
         store: sqlite:staging.db\n    partner_center:\n      account: own\n      api: {api}\n      \
         login: {api}\n      webhooks: {}\n      tenant: {}\n      client_id: {}\n      \
         refresh_token: file:copy.token\n{}",
        town.shared("real", &real, ""),
        org("real", &real, "    "),
        of("/partner_center/webhooks_url"),
        of("/partner_center/tenant"),
        of("/partner_center/client_id"),
        org("copy", &copy, "    "),
    ));
    // Production has nothing to serve yet, and staging does not wait for it.
    let (code, said) = town.run(&["serve"]);
    assert!(code == Some(2) && said.contains("nothing was promoted yet"), "{said}");
    assert!(said.contains("`cosell serve --env NAME`"), "{said}");
    let (code, said) = town.run(&["serve", "--env", "stagin"]);
    assert!(code == Some(2) && said.contains("did you mean `--env staging`?"), "{said}");
    let (code, said) = town.run(&["scenario", "--env", "staging", "--quiet", "2"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = town.run(&["promote", "--to", "production", "--dry-run"]);
    assert!(code == Some(1) && said.contains("cosell doctor"), "{said}");
    assert!(!said.contains("cosell scenario"), "{said}");
    // Where one environment is production, it is the one that is meant.
    for args in [["promote", "--list"].as_slice(), &["promote", "--dry-run"], &["rollback"]] {
        let (_, said) = town.run(args);
        assert!(!said.contains("expected one environment") && !said.contains("--env"), "{said}");
    }
    assert_eq!(town.run(&["promote", "--list"]).0, Some(0));
    let (_, said) = town.run(&["rollback"]);
    assert!(said.contains("no release before"), "{said}");
    let mut ready = real.clone();
    ready["console"] = town.console();
    assert_eq!(Sides::new(&ready).writes().await, (0, 0), "production was left alone");
}
