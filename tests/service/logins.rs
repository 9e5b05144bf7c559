//! The three connections: a browser's sign-in, what `cosell login status` tells, and a refresh token that
//! several programs use and that is good once.
//!
//! In: a running demo. Out: connections that stand, tokens that nobody can read. Must not know: the service
//! inside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::login::own;
use crate::machine::{Machine, cosell};
use crate::office::{asked, beside};
use crate::raw::{Answer, request};
use crate::sides::{Sides, eventually, inbound};

fn with(mut command: Command, args: &[&str], config: &Path) -> (Option<i32>, String) {
    let output = command.args(args).arg("--config").arg(config).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Begins a sign-in by browser: the program that waits, and the page that it shows.
fn begin(args: &[&str], config: &Path) -> (Child, String) {
    let mut command = cosell();
    command.args(["login"]).args(args).args(["--browser", "--no-open", "--config"]).arg(config);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
    let (mut first, mut page) = (String::new(), String::new());
    lines.read_line(&mut first).unwrap();
    lines.read_line(&mut page).unwrap();
    assert!(page.starts_with("http://"), "{first}{page}");
    (child, page.trim().to_owned())
}

fn post(url: &str, form: &str) -> Answer {
    let kind = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    request("POST", url, &[kind], form.as_bytes()).unwrap()
}

/// Where a browser is sent back to, as this machine reaches it.
fn back(answer: &Answer) -> String {
    let to = answer.header("location").unwrap_or_else(|| panic!("{answer:?}"));
    to.replace("//localhost:", "//127.0.0.1:")
}

#[tokio::test]
async fn a_person_signs_in_with_a_browser_and_only_our_own_answer_counts() {
    let machine = Machine::quiet().await;
    let (config, file) = own(&machine, "ended long ago");
    let (child, page) = begin(&["partner-center"], &config);
    let shown = request("GET", &page, &[], b"").unwrap();
    assert!(shown.status == 200 && shown.body.contains("Sign in"), "{shown:?}");
    let to = back(&post(&page, "user=partner&mfa=yes"));
    // Who does not know the question cannot answer it, nor end the wait.
    let (base, query) = to.split_once('?').unwrap();
    let forged = query.replace("state=", "state=x");
    for (wrong, status) in [
        (base.to_owned(), 404),
        (format!("{base}favicon.ico?{query}"), 404),
        (format!("{base}?{forged}"), 400),
        (format!("{base}?code=stolen"), 400),
    ] {
        assert_eq!(request("GET", &wrong, &[], b"").unwrap().status, status, "{wrong}");
    }
    let closed = request("GET", &to, &[], b"").unwrap();
    assert!(
        closed.status == 200 && closed.body.contains("You can close this window"),
        "{closed:?}"
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(fs::read_to_string(&file).unwrap().starts_with("cosell-sealed:1:"));
    let (code, said) = with(cosell(), &["doctor"], &config);
    assert_eq!(code, Some(0), "{said}");
}

/// Where a browser is sent back to once a person has signed in to the org at this page and allowed it.
fn allowed(machine: &Machine, page: &str) -> String {
    let [name, password] =
        ["username", "password"].map(|of| machine.ready["salesforce"][of].as_str().unwrap());
    let asked = post(page, &format!("username={}&pw={password}", name.replace('@', "%40")));
    let ticket = asked.body.split("name=\"ticket\" value=\"").nth(1);
    let ticket =
        ticket.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{asked:?}"));
    back(&post(page, &format!("ticket={ticket}&answer=allow")))
}

#[tokio::test]
async fn a_person_signs_in_to_salesforce_with_a_browser() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let (config, file) = (machine.state().join("own.yaml"), machine.state().join("own-org-token"));
    let yaml = fs::read_to_string(machine.state().join("cosell.yaml")).unwrap();
    let secret = "  client_secret: file:salesforce-client-secret\n";
    assert!(yaml.contains(secret));
    let token = format!("{secret}  refresh_token: file:own-org-token\n");
    fs::write(&config, yaml.replace(secret, &token)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (child, page) = begin(&["salesforce", "--port", &port.to_string()], &config);
    let shown = request("GET", &page, &[], b"").unwrap();
    assert!(shown.status == 200 && shown.body.contains("Log in to the sandbox"), "{shown:?}");
    let to = allowed(&machine, &page);
    assert!(to.contains(&format!(":{port}/OauthRedirect?")), "{to}");
    let (base, query) = to.split_once('?').unwrap();
    let forged = query.replace("state=", "state=x");
    assert_eq!(request("GET", &format!("{base}?{forged}"), &[], b"").unwrap().status, 400);
    assert_eq!(request("GET", &to, &[], b"").unwrap().status, 200);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(fs::read_to_string(&file).unwrap().starts_with("cosell-sealed:1:"));
    let (_, said) = with(cosell(), &["doctor"], &config);
    assert!(said.contains("ok     salesforce-sign-in"), "{said}");
    assert!(said.contains(machine.ready["salesforce"]["url"].as_str().unwrap()), "{said}");
    // One that the org does not take leaves it as it is.
    let working = fs::read_to_string(&file).unwrap();
    let fault = json!({
        "system": "salesforce", "path": "/services/oauth2/userinfo", "status": 403, "times": "always"
    });
    sides.fault(&fault).await;
    let (child, page) = begin(&["salesforce", "--port", &port.to_string()], &config);
    assert_eq!(request("GET", &allowed(&machine, &page), &[], b"").unwrap().status, 200);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && said.contains("former sign-in is kept"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), working);
}

#[tokio::test]
async fn who_cancels_in_the_browser_is_not_signed_in() {
    let machine = Machine::quiet().await;
    let (config, file) = own(&machine, "the old one");
    let (child, page) = begin(&["partner-center"], &config);
    let to = back(&post(&page, "cancel=yes"));
    assert_eq!(request("GET", &to, &[], b"").unwrap().status, 200);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("access_denied"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "the old one");
}

#[tokio::test]
async fn the_three_connections_are_told_without_their_tokens() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.microsoft_sends(&inbound("Alpine")).await;
    sides.settled().await;
    let told = eventually("all three were used", async || {
        let told = asked(&machine, &["login", "status"]);
        told.as_array().unwrap().iter().all(|one| one["used"].is_string()).then_some(told)
    })
    .await;
    let names: Vec<&Value> = told.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["partner center referrals", "partner center events", "salesforce"]);
    for one in told.as_array().unwrap() {
        assert_eq!((&one["state"], &one["by_service"]), (&json!("works"), &json!(true)), "{one:#}");
        assert!(one["principal"].as_str().is_some_and(|who| who.contains('@')), "{one:#}");
        assert!(!one["scopes"].as_array().unwrap().is_empty(), "{one:#}");
        assert!(one["expires_in_seconds"].as_i64().is_some_and(|left| left > 60), "{one:#}");
    }
    let token = &told[0]["refresh_token"];
    assert!(token["sealed"] == true && token["renewed"].is_string(), "{token:#}");
    let text = told.to_string();
    let kept = fs::read_to_string(machine.state().join("partner-center-refresh-token")).unwrap();
    assert!(!text.contains(kept.trim()) && !text.contains("eyJ"), "{text}");
    // Without a service each connection is tried.
    let (config, _) = own(&machine, "ended long ago");
    let yaml = fs::read_to_string(&config).unwrap();
    let listen = yaml.lines().find(|line| line.starts_with("listen:")).unwrap();
    fs::write(&config, yaml.replace(listen, "listen: 127.0.0.1:9")).unwrap();
    let (code, said) = with(cosell(), &["login", "status"], &config);
    assert!(
        code == Some(1) && said.contains("partner center events       DOES NOT WORK"),
        "{said}"
    );
    assert!(
        said.contains("must act") && said.contains("salesforce                  works"),
        "{said}"
    );
}

#[tokio::test]
async fn a_token_that_is_good_once_is_used_by_all_in_turn() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let switch = json!({ "on": ["refresh-once"] });
    sides.admin.need("PUT", "/partner-center/switches", Some(&switch)).await.unwrap();
    let config = machine.state().join("cosell.yaml");
    for _ in 0..3 {
        // The service signs in anew while the commands do.
        let expire = json!({
            "system": "partner_center", "kind": "expired_token", "path": "*/engagements/*"
        });
        sides.fault(&expire).await;
        let begun: Vec<Child> = (0..3)
            .map(|_| {
                let mut command = cosell();
                command.args(["webhook", "show", "--config"]).arg(&config);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        sides.microsoft_sends(&inbound("Alpine")).await;
        for child in begun {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
        sides.struck().await;
        sides.settled().await;
    }
    let status = sides.status().await;
    assert_eq!(status["denied"], json!([]), "{status:#}");
    let (code, said) = beside(&machine, &["doctor"]);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn a_token_sealed_with_another_key_is_said_and_left_alone() {
    let machine = Machine::quiet().await;
    let (config, file) = own(&machine, "plain");
    let folder = machine.state();
    eventually("the service has sealed its token", async || {
        let text = fs::read_to_string(folder.join("partner-center-refresh-token")).unwrap();
        text.starts_with("cosell-sealed:").then_some(())
    })
    .await;
    fs::copy(folder.join("partner-center-refresh-token"), &file).unwrap();
    fs::write(folder.join("own-key"), "0123456789abcdef0123456789abcdef").unwrap();
    let yaml = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("token_key: file:own-key\n{yaml}")).unwrap();
    let before = fs::read_to_string(&file).unwrap();
    for args in [["doctor", "--format=text"], ["login", "partner-center"], ["webhook", "show"]] {
        let (code, said) = with(cosell(), &args, &config);
        assert!(code != Some(0) && said.contains("sealed with the key"), "{args:?}: {said}");
        assert!(!said.contains("0123456789"), "{said}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}
