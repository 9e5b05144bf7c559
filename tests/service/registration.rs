//! The webhook's registration, from the command line and while the service runs.
//!
//! In: a running demo. Out: whose address Partner Center calls, and what operators are told. Must not
//! know: the service inside.

use sandbox::Remote;
use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::sides::{Sides, eventually, text};

const PATH: &str = "/webhooks/v1/registration";
const OTHER: &str = "https://other.example/hook";

/// Partner Center's webhooks host, with the partner's token.
fn host(machine: &Machine) -> Remote {
    let partner = &machine.ready["partner_center"];
    let [url, token] = ["webhooks_url", "access_token"].map(|name| partner[name].as_str().unwrap());
    Remote::new(url, token).unwrap()
}

async fn registered(host: &Remote) -> String {
    text(&host.need("GET", PATH, None).await.unwrap(), "/WebhookUrl").to_owned()
}

/// The calls of the service and of its commands that changed the registration.
async fn changes(sides: &Sides) -> Vec<String> {
    let log = sides.admin.need("GET", "/requests?system=webhooks&limit=10000", None).await.unwrap();
    let ours = |entry: &&Value| text(entry, "/user") == "cosell" && text(entry, "/path") == PATH;
    let changes = log.as_array().unwrap().iter().filter(ours);
    let changes = changes.filter(|entry| text(entry, "/method") != "GET");
    changes.map(|entry| text(entry, "/method").to_owned()).collect()
}

#[tokio::test]
async fn a_foreign_address_is_shown_replaced_when_told_and_given_back() {
    let machine = Machine::quiet().await;
    let (host, sides) = (host(&machine), Sides::new(&machine.ready));
    let ours = machine.ready["webhook"].as_str().unwrap();
    eventually("the service is registered", async || {
        let found = host.call("GET", PATH, None).await.unwrap().1;
        (found["WebhookUrl"] == ours).then_some(())
    })
    .await;
    assert_eq!(changes(&sides).await, ["POST"], "the first start registers, once");
    assert_eq!(asked(&machine, &["webhook", "show"])["fine"], true);
    let (code, said) = beside(&machine, &["webhook", "test"]);
    assert!(code == Some(0) && said.contains("Accepted"), "{said}");
    let (code, said) = beside(&machine, &["webhook", "restore"]);
    assert!(code == Some(1) && said.contains("no address was replaced"), "{said}");
    // Somebody takes it: that is an alarm, and nothing is taken back.
    let theirs = json!({"WebhookUrl": OTHER, "WebhookEvents": ["referral-created"]});
    host.need("PUT", PATH, Some(&theirs)).await.unwrap();
    let note = eventually("the takeover is noticed", async || {
        let status = sides.status().await;
        status.pointer("/notes/webhook_taken_over").and_then(Value::as_str).map(str::to_owned)
    })
    .await;
    assert!(note.contains(OTHER), "{note}");
    let (code, said) = beside(&machine, &["status"]);
    assert!(code == Some(1) && said.contains("webhook_taken_over"), "a person has to act: {said}");
    assert_eq!(registered(&host).await, OTHER);
    let (code, said) = beside(&machine, &["webhook", "test"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("other.example is registered, not this service"), "{said}");
    assert!(said.contains("webhook register --overwrite") && !said.contains("2002"), "{said}");
    let (code, said) = beside(&machine, &["webhook", "register"]);
    assert!(code == Some(1) && said.contains("nothing was changed"), "{said}");
    assert_eq!(changes(&sides).await, ["POST"], "nothing is taken back");
    let (code, said) = beside(&machine, &["webhook", "register", "--overwrite"]);
    assert!(code == Some(0) && said.contains("in place of"), "{said}");
    assert_eq!(changes(&sides).await, ["POST", "PUT"]);
    assert_eq!(registered(&host).await, ours);
    eventually("the alarm is over", async || {
        sides.status().await.pointer("/notes/webhook_taken_over").is_none().then_some(())
    })
    .await;
    // A third one is shown and left alone, or replaced and kept.
    let third = "https://third.example/hook";
    let stranger = json!({"WebhookUrl": third, "WebhookEvents": ["referral-updated"]});
    host.need("PUT", PATH, Some(&stranger)).await.unwrap();
    let (code, said) = beside(&machine, &["webhook", "restore"]);
    assert!(code == Some(1) && said.contains(third) && said.contains("--overwrite"), "{said}");
    assert_eq!(registered(&host).await, third);
    let (code, said) = beside(&machine, &["webhook", "restore", "--overwrite"]);
    assert!(code == Some(0) && said.contains(third) && said.contains(OTHER), "{said}");
    assert_eq!(registered(&host).await, OTHER);
    assert_eq!(asked(&machine, &["webhook", "show"])["before"], third);
    assert_eq!(changes(&sides).await, ["POST", "PUT", "PUT"]);
    let (code, said) = beside(&machine, &["webhook", "register", "--overwrite"]);
    assert!(code == Some(0) && said.contains(OTHER), "{said}");
    let (code, said) = beside(&machine, &["webhook", "restore"]);
    assert!(code == Some(0) && said.contains(OTHER), "{said}");
    assert_eq!(changes(&sides).await, ["POST", "PUT", "PUT", "PUT", "PUT"]);
    let found = host.need("GET", PATH, None).await.unwrap();
    assert_eq!(found["WebhookUrl"], OTHER);
    assert_eq!(
        found["WebhookEvents"],
        json!(["referral-created"]),
        "and no events that it did not ask for"
    );
}

#[tokio::test]
async fn a_restart_takes_nothing_back_and_unknown_events_are_refused() {
    let mut machine = Machine::quiet().await;
    let theirs = json!({"WebhookUrl": OTHER, "WebhookEvents": ["referral-created"]});
    let wire = host(&machine);
    eventually("the service is registered", async || {
        (wire.call("GET", PATH, None).await.unwrap().0 == 200).then_some(())
    })
    .await;
    wire.need("PUT", PATH, Some(&theirs)).await.unwrap();
    machine.kill_and_wait("serve").await;
    let sides = Sides::new(&machine.ready);
    let note = eventually("it says whose it is", async || {
        let status = sides.status().await;
        status.pointer("/notes/webhook_taken_over").and_then(Value::as_str).map(str::to_owned)
    })
    .await;
    assert!(note.contains(OTHER) && note.contains("--overwrite"), "{note}");
    let (code, said) = beside(&machine, &["status"]);
    assert!(code == Some(1) && said.contains(OTHER), "an alarm, also at a start: {said}");
    let log = std::fs::read_to_string(machine.state().join("serve.log")).unwrap();
    let told = log.lines().filter(|line| line.contains("somebody else's address is registered"));
    assert_eq!(told.filter(|line| line.contains("ERROR") && line.contains(OTHER)).count(), 1);
    assert_eq!(registered(&wire).await, OTHER, "though `take_over` is set");
    assert_eq!(changes(&sides).await, ["POST"], "the first start's alone");
    let file = machine.state().join("cosell.yaml");
    let kept = std::fs::read_to_string(&file).unwrap();
    let wrong =
        kept.replace("    register: true\n", "    register: true\n    events: [referral-create]\n");
    std::fs::write(&file, wrong).unwrap();
    let (code, said) = beside(&machine, &["webhook", "show"]);
    assert!(code == Some(2) && said.contains("did you mean `referral-created`?"), "{said}");
}

#[tokio::test]
async fn what_an_operator_gives_back_is_no_alarm_and_no_address_is_printed_whole() {
    let mut machine = Machine::quiet().await;
    let (host, ours) = (host(&machine), machine.ready["webhook"].as_str().unwrap().to_owned());
    eventually("the service is registered", async || {
        (host.call("GET", PATH, None).await.unwrap().0 == 200).then_some(())
    })
    .await;
    let flow = "https://flows.example/workflows/0f3c9a/run?api-version=1&sig=S3CRET";
    let theirs = json!({"WebhookUrl": flow, "WebhookEvents": ["referral-created"]});
    host.need("PUT", PATH, Some(&theirs)).await.unwrap();
    let mut said = vec![beside(&machine, &["webhook", "show"]).1];
    said.push(beside(&machine, &["webhook", "show", "--format=json"]).1);
    let sides = Sides::new(&machine.ready);
    let noted = async |name: &str| {
        let status = sides.status().await;
        status["notes"][name].as_str().map(str::to_owned)
    };
    said.push(eventually("a stranger is an alarm", || noted("webhook_taken_over")).await);
    said.push(beside(&machine, &["webhook", "register"]).1);
    said.push(beside(&machine, &["webhook", "register", "--overwrite"]).1);
    assert_eq!(registered(&host).await, ours);
    let (code, told) = beside(&machine, &["webhook", "restore"]);
    assert_eq!(code, Some(0), "{told}");
    said.push(told);
    assert_eq!(registered(&host).await, flow, "what is given back is whole");
    // Whose doing it was is known while the service runs, and after a restart.
    let note = eventually("it is told", || noted("webhook_elsewhere")).await;
    assert!(note.contains("`cosell webhook restore` gave"), "{note}");
    assert_eq!(noted("webhook_taken_over").await, None);
    machine.kill_and_wait("serve").await;
    said.push(note);
    said.push(eventually("it is told again", || noted("webhook_elsewhere")).await);
    assert_eq!(noted("webhook_taken_over").await, None);
    assert_eq!(beside(&machine, &["status"]).0, Some(0), "nobody has to act");
    said.push(beside(&machine, &["webhook", "show"]).1);
    said.push(std::fs::read_to_string(machine.state().join("serve.log")).unwrap());
    for said in said {
        assert!(said.contains("https://flows.example/workflows/…?…"), "{said}");
        assert!(!said.contains("S3CRET") && !said.contains("0f3c9a"), "{said}");
    }
    // A stranger after that is one again.
    let theirs = json!({"WebhookUrl": OTHER, "WebhookEvents": ["referral-created"]});
    host.need("PUT", PATH, Some(&theirs)).await.unwrap();
    let note = eventually("a stranger is an alarm", || noted("webhook_taken_over")).await;
    assert!(note.contains(OTHER), "{note}");
    assert_eq!(noted("webhook_elsewhere").await, None);
    assert_eq!(beside(&machine, &["webhook", "register", "--overwrite"]).0, Some(0));
    eventually("the alarm is over", async || {
        noted("webhook_taken_over").await.is_none().then_some(())
    })
    .await;
}
