//! The life of a co-sell deal, judged by the calls that reach the two systems: on hold, accepted,
//! declined, won in steps, won not too early.
//!
//! In: a running demo. Out: the sandbox's log of requests, and records. Must not know: the service
//! inside.

use std::time::Duration;

use mapping::Timestamp;
use serde_json::{Value, json};

use crate::machine::{Machine, cosell};
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// The bodies of all writes to Partner Center's referrals so far, oldest first.
async fn told(sides: &Sides) -> Vec<Value> {
    let path = "/requests?system=partner_center&limit=10000";
    let log = sides.admin.need("GET", path, None).await.unwrap();
    let writes = |entry: &&Value| {
        matches!(text(entry, "/method"), "PATCH" | "POST")
            && text(entry, "/path").contains("/engagements/referrals")
    };
    log.as_array()
        .unwrap()
        .iter()
        .filter(writes)
        .map(|entry| entry["request"]["body"].clone())
        .collect()
}

/// How often the service has read each of two referrals on its own so far.
async fn reads(sides: &Sides, referrals: [&str; 2]) -> [usize; 2] {
    let path = "/requests?system=partner_center&limit=10000";
    let log = sides.admin.need("GET", path, None).await.unwrap();
    let ours = |one: &&Value| text(one, "/user") == "cosell";
    let log: Vec<&Value> = log.as_array().unwrap().iter().filter(ours).collect();
    let searches = log.iter().filter(|one| text(one, "/path").contains("engagementId"));
    assert_eq!(searches.count(), 0, "halves are not searched for");
    referrals.map(|referral| {
        let end = format!("/engagements/referrals/{referral}");
        let is_read =
            |one: &&&Value| text(one, "/method") == "GET" && text(one, "/path").ends_with(&end);
        log.iter().filter(is_read).count()
    })
}

#[tokio::test]
async fn the_status_of_microsofts_half_is_shown_in_salesforce() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let path = "/partner-center/microsoft/ask";
    let asked = sides.admin.need("POST", path, Some(&inbound("Alpine"))).await.unwrap();
    let (own, half) = (text(&asked, "/own/id"), text(&asked, "/microsoft/id"));
    let deal = sides.becomes_opportunity(own).await;
    let becomes = async |status: &str| {
        eventually(&format!("Microsoft's status is {status}"), async || {
            let found = sides.opportunity(&deal).await;
            (text(&found, "/Microsoft_Status__c") == status).then_some(())
        })
        .await;
    };
    becomes("Accepted").await;
    // A deal in which Microsoft has no half: nothing is read but itself.
    let alone = sides.microsoft_sends(&inbound("Bergen")).await;
    let other = sides.becomes_opportunity(&alone).await;
    sides.settled().await;
    let shown = sides.opportunity(&other).await;
    assert_eq!(shown["Microsoft_Status__c"], Value::Null);
    let before = reads(&sides, [half, own]).await;
    let lost = json!({"reason": "Other vendor"});
    let path = format!("/partner-center/microsoft/{half}/lose");
    sides.admin.need("POST", &path, Some(&lost)).await.unwrap();
    becomes("Lost").await;
    sides.settled().await;
    let after = reads(&sides, [half, own]).await;
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
    // Ours is read first: one look may have stood between the two when they were counted.
    assert!(
        after[0] - before[0] <= after[1] - before[1] + 1,
        "one each look: {before:?} {after:?}"
    );
    let status = sides.status().await;
    assert_eq!(
        (&status["parked_count"], text(&sides.referral(own).await, "/status")),
        (&json!(0), "New")
    );
}

/// The paths of a JSON Patch.
fn paths(patch: &Value) -> Vec<String> {
    let patch = match patch {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    };
    let ops = patch.as_array().unwrap_or_else(|| panic!("no JSON Patch: {patch}"));
    let mut paths: Vec<String> = ops.iter().map(|op| text(op, "/path").to_owned()).collect();
    paths.sort();
    paths
}

/// A deal of Microsoft's on hold; referral and opportunity.
async fn on_hold(sides: &Sides, customer: &str) -> (String, String) {
    let referral = sides.microsoft_sends(&inbound(customer)).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    (referral, deal)
}

async fn becomes(sides: &Sides, referral: &str, substatus: &str) {
    eventually(&format!("the referral is {substatus}"), async || {
        (text(&sides.referral(referral).await, "/substatus") == substatus).then_some(())
    })
    .await;
}

#[tokio::test]
async fn not_one_call_changes_a_referral_on_hold_and_one_does_when_it_is_accepted() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, deal) = on_hold(&sides, "Alpine").await;
    sides.rep_changes(&deal, &json!({"Amount": 130_000})).await;
    sides.rep_changes(&deal, &json!({"Campaign_Code__c": "C-1", "Description": "Called."})).await;
    let second = json!({
        "Opportunity__c": deal, "Name": "Second", "Solution_Identifier__c": "SOL-2"
    });
    sides.rep_makes("Microsoft_Solution__c", &second).await;
    // Microsoft's changes go on; the closing date says that the edits before it were looked at.
    let change = json!({"details": {"closingDateTime": "2027-09-15T00:00:00Z"}});
    sides.microsoft_changes(&referral, &change).await;
    eventually("Microsoft's change arrives", async || {
        let found = sides.opportunity(&deal).await;
        (text(&found, "/CloseDate") == "2027-09-15").then_some(())
    })
    .await;
    sides.settled().await;
    assert_eq!(told(&sides).await, [Value::Null; 0], "nothing is told while it is on hold");
    let status = sides.status().await;
    assert_eq!((&status["unanswered"], &status["parked_count"]), (&json!(1), &json!(0)));
    sides.rep_changes(&deal, &json!({"StageName": "Qualification"})).await;
    becomes(&sides, &referral, "Accepted").await;
    sides.settled().await;
    let told = told(&sides).await;
    let [accepted] = told.as_slice() else { panic!("one write: {told:#?}") };
    let all = [
        "/campaignId",
        "/details/dealValue",
        "/details/notes",
        "/details/requirements/solutions",
        "/externalReferenceId",
        "/status",
        "/substatus",
    ];
    assert_eq!(paths(accepted), all);
    assert_eq!(sides.status().await["unanswered"], 0);
}

#[tokio::test]
async fn a_deal_on_hold_is_declined_by_closing_it_as_lost() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, deal) = on_hold(&sides, "Alpine").await;
    sides.rep_changes(&deal, &json!({"StageName": "Closed Lost"})).await;
    becomes(&sides, &referral, "Declined").await;
    sides.settled().await;
    assert_eq!(told(&sides).await.len(), 1);
}

#[tokio::test]
async fn a_deal_that_is_won_on_hold_is_accepted_and_won_in_two_legal_writes() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let (referral, deal) = on_hold(&sides, "Alpine").await;
    sides.rep_changes(&deal, &json!({"StageName": "Closed Won", "Amount": 9000})).await;
    becomes(&sides, &referral, "Won").await;
    sides.settled().await;
    let told = told(&sides).await;
    let [accepted, won] = told.as_slice() else { panic!("two writes: {told:#?}") };
    let value = ["/details/dealValue", "/externalReferenceId"];
    let status = ["/status", "/substatus"];
    assert_eq!(paths(accepted), [value.as_slice(), &status].concat());
    assert_eq!(paths(won), status);
    assert_eq!(text(&sides.opportunity(&deal).await, "/StageName"), "Closed Won");
}

#[tokio::test]
async fn a_deal_that_will_be_registered_waits_here_and_goes_by_itself() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let clock = async |to: &str| {
        sides.admin.need("POST", "/clock", Some(&json!({ "set": to }))).await.unwrap();
    };
    // One has half a minute to wait, and whether that is over before anybody looked does not matter; the
    // other one an hour, however slow this machine is.
    clock("-71h 59m 30s").await;
    let soon = sides.microsoft_sends(&inbound("Alpine")).await;
    clock("-71h").await;
    let late = sides.microsoft_sends(&inbound("Bergen")).await;
    clock("+0s").await;
    let won = json!({"StageName": "Closed Won", "Deal_Registration__c": true});
    let deals = [sides.becomes_opportunity(&soon).await, sides.becomes_opportunity(&late).await];
    for deal in &deals {
        sides.rep_changes(deal, &won).await;
    }
    becomes(&sides, &soon, "Won").await;
    becomes(&sides, &late, "Accepted").await;
    sides.settled().await;
    assert_eq!(text(&sides.referral(&late).await, "/substatus"), "Accepted");
    let status = sides.status().await;
    let timed = &status["deadlines"][0];
    assert_eq!((text(timed, "/kind"), text(timed, "/record")), ("write", deals[1].as_str()));
    assert_eq!((&status["too_early"], &status["parked_count"]), (&json!(1), &json!(0)));
    let said = cosell().arg("status").current_dir(machine.state()).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("1 deal has something that Microsoft is told later"), "{said}");
    assert!(text(&sides.opportunity(&deals[1]).await, "/Audit__c").contains("Waiting until"));
    assert_eq!(told(&sides).await.len(), 3, "two accepted, one won: {:#?}", told(&sides).await);
    let written = &status["counters"]["writes_partner_center"];
    assert!(same_number(written, 3), "{status:#}");
}

#[tokio::test]
async fn a_deal_that_nobody_answers_is_told_in_good_time() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut sent = inbound("Alpine");
    let soon = Timestamp::now() + Duration::from_hours(40);
    sent["expirationDateTime"] = json!(soon.to_string());
    let referral = sides.microsoft_sends(&sent).await;
    sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    let status = sides.status().await;
    assert_eq!(text(&status["deadlines"][0], "/kind"), "answer");
    let said = cosell().arg("status").current_dir(machine.state()).output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(text.contains("1 deal waits for an answer to Microsoft"), "{text}");
    assert!(text.contains("(39 h)"), "{text}");
    assert_eq!(said.status.code(), Some(1), "a person has to act: {text}");
}
