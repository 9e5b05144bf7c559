//! A field that Microsoft makes mandatory: the refusal tells which line of the map would give it.
//!
//! In: a running demo, what Partner Center asks for. Out: what is parked, and that it goes on. Must not know:
//! the service inside.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::sides::{Sides, eventually, text};

async fn asks_for(sides: &Sides, paths: Value) {
    let order = json!({ "paths": paths });
    sides.admin.need("PUT", "/partner-center/asked", Some(&order)).await.unwrap();
}

/// The one cause that is parked, once its message says this.
async fn parked(machine: &Machine, says: &str) -> Value {
    eventually("the deal is parked for what is asked for", async || {
        let parked = asked(machine, &["parked"]);
        text(&parked, "/0/cause/message").contains(says).then(|| parked[0]["cause"].clone())
    })
    .await
}

#[tokio::test]
async fn a_field_that_microsoft_makes_mandatory_is_told_with_the_line_that_gives_it() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    asks_for(&sides, json!(["campaignId"])).await;
    let deal = sides.rep_shares("Harrow").await;
    let map = include_str!("../../mappings/opportunity.map");
    let line =
        |begin: &str| map.lines().position(|line| line.trim().starts_with(begin)).unwrap() + 1;
    let cause = parked(&machine, "campaignId is required").await;
    assert_eq!(cause["map_line"], line("campaignId "), "{cause:#}");
    assert!(text(&cause, "/help").contains("`campaignId <-> Campaign_Code__c`"), "{cause:#}");
    let (_, said) = beside(&machine, &["parked"]);
    assert!(said.contains("asks for campaignId now: fill in"), "{said}");
    // Of several lines for parts of one list it is the one whose part is asked for.
    let attributes = "details.requirements.additionalRequirements.attributes";
    asks_for(&sides, json!([format!("{attributes}[SolutionArea]")])).await;
    sides.rep_changes(&deal, &json!({ "Campaign_Code__c": "SPRING" })).await;
    let cause = parked(&machine, "SolutionArea is required").await;
    assert_eq!(
        cause["map_line"],
        line(&format!("{attributes}[type is \"SolutionArea\"]")),
        "{cause:#}"
    );
    // Something that no line gives.
    asks_for(&sides, json!(["details.dealTier"])).await;
    sides.rep_changes(&deal, &json!({ "Solution_Area__c": "Data and AI" })).await;
    let cause = parked(&machine, "details.dealTier is required").await;
    assert_eq!(cause["map_line"], Value::Null, "{cause:#}");
    assert!(text(&cause, "/help").contains("no line of the mapping gives it"), "{cause:#}");
    assert_eq!(sides.referrals().await.len(), 0);
    // Microsoft thinks better of it.
    asks_for(&sides, json!([])).await;
    beside(&machine, &["release", "--all"]);
    let referral = sides.becomes_referral(&deal).await;
    sides.settled().await;
    let referral = sides.referral(&referral).await;
    assert_eq!(text(&referral, "/campaignId"), "SPRING");
}
