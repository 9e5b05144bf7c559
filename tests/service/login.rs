//! `cosell login`: a person signs in with a code, as somebody without a browser at hand does.
//!
//! In: a running demo. Out: a new refresh token in its file, or why there is none. Must not know: the
//! service inside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::machine::{Machine, cosell};
use crate::office::beside;
use crate::sides::Sides;

/// A configuration beside the running service's, with a token file of its own; its path and that file's.
pub(crate) fn own(machine: &Machine, token: &str) -> (PathBuf, PathBuf) {
    let (config, file) = (machine.state().join("own.yaml"), machine.state().join("own-token"));
    let yaml = fs::read_to_string(machine.state().join("cosell.yaml")).unwrap();
    fs::write(&config, yaml.replace("file:partner-center-refresh-token", "file:own-token"))
        .unwrap();
    fs::write(&file, token).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    (config, file)
}

/// Begins to sign in: the program that waits, and the code that it shows.
fn begin(config: &Path) -> (Child, String) {
    let mut command = cosell();
    command.args(["login", "partner-center", "--config"]).arg(config);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let code = line.split("the code ").nth(1).and_then(|rest| rest.split(',').next());
    let code = code.unwrap_or_else(|| panic!("{line}")).to_owned();
    (child, code)
}

fn doctor(config: &Path) -> (Option<i32>, String) {
    let output = cosell().args(["doctor", "--config"]).arg(config).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_the_token_is_kept() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let (config, file) = own(&machine, "ended long ago");
    let (code, said) = doctor(&config);
    assert!(code == Some(1) && said.contains("WRONG  partner-center-sign-in"), "{said}");
    let (child, code) = begin(&config);
    let answer = json!({ "user_code": code, "user": "partner", "mfa": true });
    sides.admin.need("POST", "/partner-center/sign-in", Some(&answer)).await.unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.ends_with("this user may read referrals\n"), "{said}");
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.starts_with("cosell-sealed:1:"), "a token is there, and cannot be read: {kept}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(kept.trim()), "and it is not shown");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, said) = doctor(&config);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn who_signs_in_without_a_role_is_told_so() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (config, file) = own(&machine, "the old one");
    let (child, code) = begin(&config);
    let answer = json!({ "user_code": code, "user": "guest", "mfa": true });
    sides.admin.need("POST", "/partner-center/sign-in", Some(&answer)).await.unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("signed in") && said.contains("may NOT read referrals"), "{said}");
    assert!(said.contains("give it the role Referrals admin"), "{said}");
    assert!(said.contains("the former sign-in is kept"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "the old one");
    // Where nobody had signed in, nothing is lost: the role may come later.
    fs::remove_file(&file).unwrap();
    let (child, code) = begin(&config);
    let answer = json!({ "user_code": code, "user": "guest", "mfa": true });
    sides.admin.need("POST", "/partner-center/sign-in", Some(&answer)).await.unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && said.contains("may NOT read referrals"), "{said}");
    assert!(fs::read_to_string(&file).unwrap().starts_with("cosell-sealed:1:"));
    // Nor do the connections work, as they are tried where no service runs.
    let yaml = fs::read_to_string(&config).unwrap();
    let listen = yaml.lines().find(|line| line.starts_with("listen:")).unwrap();
    fs::write(&config, yaml.replace(listen, "listen: 127.0.0.1:9")).unwrap();
    let output = cosell().args(["login", "status", "--config"]).arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("partner center referrals    DOES NOT WORK"), "{said}");
}

#[tokio::test]
async fn who_signs_in_without_a_second_factor_is_not_sent_for_a_role() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    // A token that works, and is good once: what is tried out does not use it up, and is replaced itself.
    let switch = json!({ "on": ["refresh-once"] });
    sides.admin.need("PUT", "/partner-center/switches", Some(&switch)).await.unwrap();
    let (config, file) = own(&machine, "ended long ago");
    let (child, code) = begin(&config);
    let answer = json!({ "user_code": code, "user": "partner", "mfa": true });
    sides.admin.need("POST", "/partner-center/sign-in", Some(&answer)).await.unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(doctor(&config).0, Some(0), "the token that was tried out is good afterwards");
    let working = fs::read_to_string(&file).unwrap();
    let (child, code) = begin(&config);
    let answer = json!({ "user_code": code, "user": "partner", "mfa": false });
    sides.admin.need("POST", "/partner-center/sign-in", Some(&answer)).await.unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("second factor (MFA)") && !said.contains("give it the role"), "{said}");
    assert!(said.contains("the former sign-in is kept"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), working);
    let (code, said) = doctor(&config);
    assert_eq!(code, Some(0), "the service goes on with it: {said}");
}

#[tokio::test]
async fn who_declines_is_not_signed_in() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (config, file) = own(&machine, "the old one");
    let (child, code) = begin(&config);
    let answer = json!({ "user_code": code, "user": "partner", "decline": true });
    sides.admin.need("POST", "/partner-center/sign-in", Some(&answer)).await.unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("signing in was refused") && said.contains("must act"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "the old one");
    let (code, said) = beside(&machine, &["login", "salesforce"]);
    assert!(code == Some(2) && said.contains("expected `refresh_token` in `salesforce`"), "{said}");
}
