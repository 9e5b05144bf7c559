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
