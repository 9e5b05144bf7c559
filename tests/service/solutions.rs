//! Solutions, added and taken out on either side.
//!
//! In: a running demo. Out: the lists of both systems. Must not know: the service inside.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, text};

/// The ids of the solutions that an opportunity has.
async fn solutions(sides: &Sides, deal: &str) -> Vec<String> {
    let deal = sides.opportunity(deal).await;
    let rows = deal["Microsoft_Solutions__r"]["records"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> =
        rows.iter().map(|row| text(row, "/Solution_Identifier__c").to_owned()).collect();
    ids.sort();
    ids
}

fn named(ids: &[&str]) -> Value {
    let solution = |id: &&str| json!({"id": id, "type": "Name", "name": format!("Solution {id}")});
    ids.iter().map(solution).collect()
}

#[tokio::test]
async fn what_microsoft_adds_and_takes_out_is_added_and_removed_in_salesforce() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let sent = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&sent).await;
    sides.settled().await;
    assert_eq!(solutions(&sides, &deal).await, ["SOL-20417-TWA"]);
    let change = |ids: &[&str]| json!({"details": {"requirements": {"solutions": named(ids)}}});
    sides.microsoft_changes(&sent, &change(&["SOL-2", "SOL-3"])).await;
    eventually("the opportunity has just the two", async || {
        (solutions(&sides, &deal).await == ["SOL-2", "SOL-3"]).then_some(())
    })
    .await;
    sides.settled().await;
    let status = sides.status().await;
    assert_eq!(status["parked_count"], 0, "{status:#}");
    // The removed row lies in Salesforce's bin: nothing is lost for good.
    assert_eq!(solutions(&sides, &deal).await, ["SOL-2", "SOL-3"]);
}
