//! Looking after the service from the command line: `status`, `parked`, `release`, `replay`, `why`,
//! `verify`.
//!
//! In: a running demo. Out: what the commands say of it, and what they set going. Must not know: the
//! service inside.

use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::{Machine, cosell};
use crate::sides::{Sides, eventually, inbound, text};

/// Runs a command beside the service: its exit code and what it said.
pub(crate) fn beside(machine: &Machine, args: &[&str]) -> (Option<i32>, String) {
    let config = machine.state().join("cosell.yaml");
    let Output { status, stdout, stderr } =
        cosell().args(args).arg("--config").arg(config).output().unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code(), said)
}

/// The same as JSON.
pub(crate) fn asked(machine: &Machine, args: &[&str]) -> Value {
    let mut args = args.to_vec();
    args.extend(["--format", "json"]);
    let (_, said) = beside(machine, &args);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[tokio::test]
async fn why_names_event_line_row_and_plan() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    let plan = sides.status().await["maps"][0]["hash"].clone();
    // Made from Microsoft's deal; the id of either side names it, in 15 characters too.
    for name in [referral.as_str(), &deal, &deal[..15], "deal-1"] {
        let told = asked(&machine, &["why", name, "StageName"]);
        let one = &told["why"][0];
        assert_eq!(one["by"]["kind"], "create-record", "{told:#}");
        let source = text(one, "/by/because/0/source");
        assert!(["webhook", "sweep"].contains(&source), "whichever came first: {told:#}");
        assert_eq!(one["by"]["plan"], plan);
    }
    // The sweep, which looks now and then, may see one change before the webhook tells of it.
    let mut events = Vec::new();
    for notes in ["One.", "Two.", "Three."] {
        sides.microsoft_changes(&referral, &json!({"details": {"notes": notes}})).await;
        eventually("the notes arrive", async || {
            (text(&sides.opportunity(&deal).await, "/Description") == notes).then_some(())
        })
        .await;
        sides.settled().await;
        let told = asked(&machine, &["why", "deal-1", "Description"]);
        let because = told["why"][0]["by"]["because"].as_array().unwrap().clone();
        events.extend(because.into_iter().map(|hint| hint["event"].clone()));
    }
    assert!(events.contains(&json!("referral-updated")), "{events:?}");
    let map = include_str!("../../mappings/opportunity.map");
    let line = |text: &str| map.lines().position(|line| line.trim().starts_with(text)).unwrap() + 1;
    sides.rep_changes(&deal, &json!({"StageName": "Qualification"})).await;
    let told = eventually("the edit is in the history", async || {
        let told = asked(&machine, &["why", "deal-1", "substatus"]);
        (told["why"][0]["by"]["kind"] == "update").then_some(told)
    })
    .await;
    let one = &told["why"][0];
    let source = text(one, "/by/because/0/source");
    assert!(["event", "poll"].contains(&source), "whichever came first: {told:#}");
    assert_eq!(one["line"]["map_line"], line("status, substatus"));
    let row = one["line"]["row_line"].as_u64().and_then(|row| usize::try_from(row).ok());
    let row = row.and_then(|row| map.lines().nth(row - 1));
    assert!(row.is_some_and(|row| row.contains("\"Qualification\"")), "{row:?}");
    let (code, said) = beside(&machine, &["why", "deal-1", "StageName"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(r#"written         "Active", "Accepted""#), "{said}");
    // A field that nothing was ever written to, one that no line is about, and a deal nobody knows.
    let told = asked(&machine, &["why", "deal-1", "Campaign_Code__c"]);
    assert_eq!(
        (&told["why"][0]["by"], &told["why"][0]["line"]["outcome"]),
        (&Value::Null, &json!("Agrees"))
    );
    let (code, said) = beside(&machine, &["why", "deal-1", "StageNam"]);
    assert!(code == Some(2) && said.contains("did you mean `StageName`?"), "{said}");
    let (code, said) = beside(&machine, &["why", "0065g0000000009AAA"]);
    assert!(code == Some(2) && said.contains("no deal is known as"), "{said}");
    let (code, said) = beside(&machine, &["verify"]);
    assert!(code == Some(0) && said.contains("each follows"), "{said}");
}

#[tokio::test]
async fn what_is_parked_is_listed_and_released_by_its_cause() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (code, said) = beside(&machine, &["parked"]);
    assert_eq!((code, said.as_str()), (Some(0), "No deal is parked.\n"));
    let deal = sides.rep_prepares("Harrow").await;
    sides.rep_changes(&deal, &json!({"Sync_with_Partner_Center__c": true})).await;
    eventually("it is parked", async || (sides.status().await["parked_count"] == 1).then_some(()))
        .await;
    let parked = asked(&machine, &["parked"]);
    assert_eq!(parked[0]["cause"]["code"], "fault::require", "{parked:#}");
    assert_eq!(text(&parked, "/0/deals/0/record"), deal);
    let (code, said) = beside(&machine, &["parked", "--code", "fault::require"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("Add at least one Microsoft solution.") && said.contains("to do"),
        "{said}"
    );
    let (code, said) = beside(&machine, &["status"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("service  runs") && said.contains("1 parked"), "{said}");
    let (_, said) = beside(&machine, &["release", "--code", "fault::require"]);
    assert!(said.starts_with("1 deal released"), "{said}");
    eventually("it was looked at, and is parked again", async || {
        let hints = asked(&machine, &["why", "deal-1"]);
        let status = sides.status().await;
        (status["dirty"] == 0 && status["parked_count"] == 1 && hints["events"].is_array())
            .then_some(())
    })
    .await;
    let (code, said) = beside(&machine, &["release", "--code", "fault::requre"]);
    assert!(code == Some(1) && said.contains("did you mean `fault::require`?"), "{said}");
    let (code, said) = beside(&machine, &["release", "--code", "nonsense"]);
    assert!(code == Some(1) && said.contains("There are: fault::require."), "{said}");
    let (code, said) = beside(&machine, &["shadow"]);
    assert!(code == Some(2) && said.contains("writes to both systems"), "{said}");
    std::fs::write(machine.state().join("noise.db"), "no database, whoever wrote it".repeat(200))
        .unwrap();
    let config = std::fs::read_to_string(machine.state().join("cosell.yaml")).unwrap();
    let at = config.lines().find(|line| line.trim_start().starts_with("store:")).unwrap();
    std::fs::write(
        machine.state().join("noise.yaml"),
        config.replace(at, "store: sqlite:noise.db"),
    )
    .unwrap();
    let noise = machine.state().join("noise.yaml");
    let output = cosell().args(["parked", "--config"]).arg(noise).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("no database of cosell") && said.contains("put the backup in its place"),
        "{said}"
    );
}

#[tokio::test]
async fn the_commands_work_while_the_service_does_not_run() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    machine.interrupt().await;
    let (code, said) = beside(&machine, &["status"]);
    assert!(code == Some(1) && said.contains("service  does not run"), "{said}");
    assert!(said.contains("1 known, 1 linked"), "{said}");
    let (code, said) = beside(&machine, &["replay", "--all"]);
    assert!(code == Some(0) && said.starts_with("1 deal due again"), "{said}");
    let told = asked(&machine, &["status"]);
    assert_eq!((&told["state"]["dirty"], &told["service"]), (&json!(1), &Value::Null));
    machine.start().await;
    let sides = Sides::new(&machine.ready);
    let writes = sides.writes().await;
    sides.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(sides.writes().await, writes, "both sides agreed, so nothing was written");
}

#[tokio::test]
async fn why_answers_for_every_field_that_the_map_is_about() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut deal = inbound("Alpine");
    deal["customerProfile"]["team"] = json!([{
        "firstName": "Reto", "lastName": "Muster", "email": "reto@alpine.example"
    }]);
    let referral = sides.microsoft_sends(&deal).await;
    let opportunity = sides.becomes_opportunity(&referral).await;
    sides.rep_changes(&opportunity, &json!({"StageName": "Qualification"})).await;
    sides.settled().await;
    let text_of_map = include_str!("../../mappings/opportunity.map");
    let schemas = mapping::schema::Schemas::built_in();
    let plan = mapping::compile("opportunity.map", text_of_map, schemas).plan.unwrap();
    let outline = plan.outline();
    let fields: std::collections::BTreeSet<&String> =
        outline.iter().flat_map(|line| line.fields.iter().flatten()).collect();
    assert!(fields.len() > 80, "{}", fields.len());
    let mut with_event = 0;
    for field in fields {
        let told = asked(&machine, &["why", &referral, field]);
        let all = told["why"].as_array().unwrap_or_else(|| panic!("{field}: {told:#}"));
        assert!(!all.is_empty(), "{field}");
        for one in all {
            let place = if one["part"].is_null() { &one["line"] } else { &one["part"] };
            let line = place["map_line"].as_u64().and_then(|line| usize::try_from(line).ok());
            let line = line.and_then(|line| text_of_map.lines().nth(line - 1)).unwrap_or_default();
            let last = field.rsplit('.').next().unwrap();
            let is_head = line.starts_with("related") || line.starts_with("each");
            assert!(line.contains(last) || is_head, "{field}: {line} {told:#}");
            assert!(one["by"].is_null() || !text(one, "/by/plan").is_empty(), "{field}: {told:#}");
            with_event += usize::from(!one["by"].is_null());
        }
    }
    assert!(with_event > 30, "{with_event}");
    // A field of a list is named before the list.
    let (_, said) = beside(&machine, &["why", &referral, "Publisher__c"]);
    let (own, list) = (said.find("publisherName <-> Publisher__c"), said.find("of the list"));
    assert!(own.is_some() && own < list, "{said}");
}

#[tokio::test]
async fn a_line_in_which_the_sides_differ_is_listed_until_they_agree() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    // On hold, nothing goes to Microsoft: what the rep edits differs, and nobody is to do anything.
    sides.rep_changes(&deal, &json!({"Campaign_Code__c": "SPRING"})).await;
    let campaign = |held: &Value| -> Option<Value> {
        let mut lines = held.as_array().unwrap().iter();
        lines.find(|line| line["rule"].as_str().unwrap().starts_with("campaignId")).cloned()
    };
    let line = eventually("it is listed", async || campaign(&asked(&machine, &["held"]))).await;
    assert_eq!((&line["count"], text(&line, "/deals/0/record")), (&json!(1), deal.as_str()));
    assert!(text(&line, "/held").contains("on hold"), "{line:#}");
    assert!(!line.to_string().contains("SPRING"), "no value is in a list: {line:#}");
    let (code, said) = beside(&machine, &["status"]);
    assert!(said.contains("1 deal differs in a line that is not written"), "{code:?}: {said}");
    let told = asked(&machine, &["why", &deal, "Campaign_Code__c"]);
    assert!(text(&told, "/why/0/line/outcome/Held").contains("on hold"), "{told:#}");
    let (_, said) = beside(&machine, &["why", &deal, "Campaign_Code__c"]);
    assert!(said.contains("held back") && said.contains("SPRING"), "{said}");
    assert!(beside(&machine, &["why", &deal]).1.contains("differs: "));
    // Accepted, all of it goes, and nothing is held any more.
    sides.rep_changes(&deal, &json!({"StageName": "Qualification"})).await;
    eventually("nothing is held", async || {
        asked(&machine, &["held"]).as_array().unwrap().is_empty().then_some(())
    })
    .await;
    let (code, said) = beside(&machine, &["held"]);
    assert_eq!((code, said.as_str()), (Some(0), "No line is held: what is not parked agrees.\n"));
    let told = asked(&machine, &["why", &deal, "Campaign_Code__c"]);
    assert!(told["why"][0]["now"].is_null(), "{told:#}");
}
