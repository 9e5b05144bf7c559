//! What `cosell doctor` and `cosell login status` say before everything is there, and of files that others may read.
//!
//! In: a running demo, a sandbox with a configuration of a test's own. Out: which checks are wrong, and what is to be
//! done. Must not know: the service inside.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::environments::{Town, org};
use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::promotion::promoted;
use crate::sides::{Sides, text};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn open_to(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The one check of this id that is no fine one, else the first.
fn check(checks: &Value, id: &str) -> Value {
    let of: Vec<&Value> =
        checks.as_array().unwrap().iter().filter(|check| check["id"] == id).collect();
    let troubled = of.iter().find(|check| check["state"] != "fine");
    let found = troubled.or(of.first());
    (*found.unwrap_or_else(|| panic!("no {id}: {checks:#}"))).clone()
}

#[tokio::test]
async fn values_of_records_and_secrets_are_for_the_own_user_alone() {
    let machine = Machine::quiet().await;
    Sides::new(&machine.ready).settled().await;
    let folder = machine.state();
    let yaml = fs::read_to_string(folder.join("cosell.yaml")).unwrap();
    let store = yaml.lines().find_map(|line| line.strip_prefix("store: sqlite:")).unwrap();
    let store = folder.join(store);
    let beside_it = |end: &str| folder.join(format!("{}{end}", store.display()));
    for file in [store.clone(), beside_it("-wal"), beside_it("-shm")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(check(&asked(&machine, &["doctor"]), "state-file")["state"], "fine");
    open_to(&beside_it("-wal"), 0o644);
    let told = check(&asked(&machine, &["doctor"]), "state-file");
    assert_eq!(told["state"], "note", "{told:#}");
    assert!(text(&told, "/to_do").starts_with("chmod 600 "), "{told:#}");
    assert!(text(&told, "/to_do").ends_with("-wal"), "{told:#}");
    assert_eq!(check(&asked(&machine, &["doctor"]), "secret-files")["state"], "fine");
    // What the app signs in with, and what the token is sealed with.
    let secret = folder.join("salesforce-client-secret");
    open_to(&secret, 0o644);
    let told = check(&asked(&machine, &["doctor"]), "secret-files");
    assert!(told["state"] == "note" && text(&told, "/said").contains("client-secret"), "{told:#}");
    open_to(&folder.join("token.key"), 0o644);
    let told = check(&asked(&machine, &["doctor"]), "secret-files");
    assert!(told["state"] == "wrong" && text(&told, "/said").contains("token.key"), "{told:#}");
}

#[tokio::test]
async fn a_folder_that_is_made_for_the_state_is_closed_too() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let shared = town.shared("copy", &copy, "  account: own\n");
    let yaml = format!(
        "environment: staging\nstore: sqlite:state/a.db\n{shared}{}",
        org("copy", &copy, "")
    );
    town.configure(&yaml);
    town.serve().await;
    assert_eq!(mode(&town.place("state")), 0o700);
    assert_eq!(mode(&town.place("state/a.db")), 0o600);
}

#[tokio::test]
async fn what_production_would_not_begin_with_is_wrong() {
    let mut town = Town::new();
    let real = town.sandbox("real", "production").await;
    let shared = town.shared("real", &real, "");
    town.configure(&format!(
        "environment: production\nstore: sqlite:a.db\n{shared}{}",
        org("real", &real, "")
    ));
    let release = || check(&town.asked(&["doctor"]), "release");
    let told = release();
    assert!(told["state"] == "wrong" && text(&told, "/said").contains("nothing was promoted yet"));
    assert!(text(&told, "/to_do").contains("cosell promote --to production"), "{told:#}");
    promoted(&town.place(""));
    assert_eq!(release()["state"], "fine", "{:#}", release());
    let folders = fs::read_dir(town.place("releases")).unwrap().flatten();
    let map = folders.map(|entry| entry.path().join("maps/opportunity.map"));
    let map = map.into_iter().find(|map| map.is_file()).unwrap();
    let kept = fs::read_to_string(&map).unwrap();
    fs::write(&map, kept + "# a byte\n").unwrap();
    let told = release();
    assert!(
        told["state"] == "wrong" && text(&told, "/said").contains("opportunity.map"),
        "{told:#}"
    );
}

#[tokio::test]
async fn who_has_not_signed_in_yet_is_led_to_it() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let shared = town.shared("copy", &copy, "  account: own\n");
    let yaml =
        format!("environment: staging\nstore: sqlite:a.db\n{shared}{}", org("copy", &copy, ""));
    town.configure(&yaml);
    fs::rename(town.place("copy.token"), town.place("later")).unwrap();
    let (code, said) = town.run(&["serve"]);
    assert!(code == Some(2) && said.contains("cosell login partner-center"), "{said}");
    let checks = town.asked(&["doctor"]);
    let sign_in = check(&checks, "partner-center-sign-in");
    assert_eq!(sign_in["state"], "wrong", "{checks:#}");
    assert!(text(&sign_in, "/to_do").contains("`cosell login partner-center`"), "{sign_in:#}");
    assert_eq!(
        check(&checks, "salesforce-maps")["state"],
        "fine",
        "the others are made: {checks:#}"
    );
    assert_eq!(check(&checks, "webhook-registration")["state"], "skipped");
    let (code, _) = town.run(&["doctor"]);
    assert_eq!(code, Some(1));
    let (code, said) = town.run(&["login", "status"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("NOT SIGNED IN").count(), 2, "{said}");
    assert!(said.contains("salesforce                  works"), "{said}");
    fs::rename(town.place("later"), town.place("copy.token")).unwrap();
    let (code, said) = town.run(&["login", "status"]);
    assert!(code == Some(0) && !said.contains("NOT SIGNED IN"), "{said}");
    // The org's own token likewise.
    let line = "client_secret: file:copy.secret";
    assert!(yaml.contains(line), "{yaml}");
    town.configure(&yaml.replace(line, &format!("{line}\n  refresh_token: file:org-token")));
    let sign_in = check(&town.asked(&["doctor"]), "salesforce-sign-in");
    assert!(text(&sign_in, "/to_do").contains("`cosell login salesforce`"), "{sign_in:#}");
}

#[tokio::test]
async fn a_sign_in_without_a_second_factor_is_told_as_one() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let ready = town.alone("copy", &copy);
    let sides = Sides::new(&ready);
    let order = json!({ "user": "partner", "mfa": false });
    let tokens = sides.admin.need("POST", "/partner-center/tokens", Some(&order)).await.unwrap();
    fs::write(town.place("copy.token"), text(&tokens, "/refresh_token")).unwrap();
    let told = check(&town.asked(&["doctor"]), "partner-center-referrals");
    assert_eq!(told["state"], "wrong", "{told:#}");
    assert!(text(&told, "/to_do").contains("second factor (MFA)"), "{told:#}");
    assert!(!text(&told, "/to_do").contains("must act"), "{told:#}");
}

#[tokio::test]
async fn what_this_machine_lacks_is_told_with_its_own_remedy() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    town.alone("copy", &copy);
    let yaml = fs::read_to_string(town.place("cosell.yaml")).unwrap();
    let listen = yaml.lines().find(|line| line.starts_with("listen:")).unwrap();
    town.configure(&yaml.replace(listen, "listen: 203.0.113.5:8080"));
    let told = check(&town.asked(&["doctor"]), "listen");
    assert!(text(&told, "/to_do").contains("an address of this machine"), "{told:#}");
    fs::write(town.place("no.pem"), "no certificate\n").unwrap();
    town.configure(&yaml.replace("trust: pinned copy.pem", "trust: pinned no.pem"));
    let told = check(&town.asked(&["doctor"]), "webhook-trust");
    assert!(told["state"] == "wrong" && text(&told, "/said").contains("no.pem: "), "{told:#}");
    assert!(!text(&told, "/said").contains("bad-setting"), "{told:#}");
    let (code, said) = town.run(&["serve"]);
    assert!(
        code == Some(2) && said.contains("no.pem: ") && !said.contains("bad-setting"),
        "{said}"
    );
    // A key that does not open the app for that user: no person can sign in instead.
    fs::write(town.place("own.key"), text(&copy, "/salesforce/private_key_pem")).unwrap();
    let user = "username: nobody@sandbox.example\n  private_key: file:own.key";
    let line = "client_secret: file:copy.secret";
    town.configure(&yaml.replace(line, user));
    let told = check(&town.asked(&["doctor"]), "salesforce-sign-in");
    assert!(text(&told, "/to_do").contains("`private_key`, `username`"), "{told:#}");
}

#[tokio::test]
async fn a_deal_that_is_not_parked_is_not_released() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&crate::sides::inbound("Alpine")).await;
    sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    let (code, said) = beside(&machine, &["release", "deal-1"]);
    assert!(
        code == Some(1) && said.contains("deal-1 is not parked: nothing was released"),
        "{said}"
    );
    assert_eq!(
        asked(&machine, &["release", "deal-1"]),
        json!({ "deals": 0, "not_parked": ["deal-1"] })
    );
    let (code, said) = beside(&machine, &["replay", "deal-1"]);
    assert!(code == Some(0) && said.contains("1 deal due again"), "{said}");
}
