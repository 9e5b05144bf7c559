//! What a scenario made is taken away: referrals are closed, since nobody can delete them; records are deleted.
//!
//! In: both systems. Out: nothing that carries the mark, or what could not be taken away. Must not know: the story. All
//! that carries the mark of any scenario goes, also what an earlier one left when it was killed.

use std::time::Duration;

use connect::RecordId;
use connect::salesforce::{Filter, Sub};
use mapping::decision::Side;
use serde_json::{Value, json};

use super::Steps;
use super::ground::{Ground, MARK};
use super::journal::Journal;

/// How long the service may take to follow the closing of a deal.
const FOLLOW: Duration = Duration::from_secs(20);
/// So many records go at a time.
const MOST: usize = 25;

/// Takes everything away; what is left.
pub(super) async fn all(ground: &Ground, journal: &Journal, steps: &mut Steps) -> Vec<String> {
    if !journal.is_open() {
        return Vec::new();
    }
    let mut left = Vec::new();
    let step = "what was made is taken away: referrals are closed, records deleted";
    let work = async {
        // First nothing more may be made of what there is.
        private(ground).await?;
        let mut closed = referrals(ground, &mut left).await?;
        let deleted = records(ground, &mut left).await?;
        // One that was being made while the records went.
        closed += referrals(ground, &mut left).await?;
        if left.is_empty() {
            let said = format!(
                "{closed} referrals closed (they cannot be deleted), {deleted} records deleted"
            );
            return Ok(((), said));
        }
        Err(format!("{} could not be taken away", left.len()))
    };
    let done = steps.take(step, work).await;
    if done.is_err() && left.is_empty() {
        left.push("what could not be looked at: the next scenario takes it away".to_owned());
    }
    if left.is_empty()
        && let Err(stop) = journal.close()
    {
        left.push(stop.to_string());
    }
    left
}

/// Has nothing about the opportunities leave any more, and lets the service end what it is doing with them.
async fn private(ground: &Ground) -> Result<(), String> {
    let deals = ids(ground, "Opportunity", "Account.Name").await?;
    if let Ok(flag) = ground.flag() {
        for id in &deals {
            let _ = ground.rep_changes(id, &json!({ (flag.clone()): false })).await;
        }
    }
    let began = std::time::Instant::now();
    while !deals.is_empty() && began.elapsed() < FOLLOW && ground.works().await {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Closes the referrals of all scenarios; how many there were.
async fn referrals(ground: &Ground, left: &mut Vec<String>) -> Result<usize, String> {
    let marked = |referral: &Value| {
        let of =
            |pointer: &str| referral.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        of("/status") != "Closed" && of("/customerProfile/name").starts_with(MARK)
    };
    let open = ground.referrals(marked).await?;
    for (referral, body) in &open {
        // One that nobody accepted is declined, the others are lost.
        let substatus = if body["status"] == "New" { "Declined" } else { "Lost" };
        let changes = [("/status", json!("Closed")), ("/substatus", json!(substatus))];
        if let Err(why) = ground.partner_changes(&referral.id, &changes).await {
            left.push(format!("referral {}: {why}", referral.id));
        }
    }
    if !open.is_empty() {
        follow(ground).await;
    }
    Ok(open.len())
}

/// Waits until the service has closed the opportunities too, though not for long: they are deleted anyway.
async fn follow(ground: &Ground) {
    let began = std::time::Instant::now();
    while began.elapsed() < FOLLOW {
        let soql = format!("SELECT Id, IsClosed FROM Opportunity WHERE {}", marked("Account.Name"));
        let rows = ground.salesforce.query(&soql).await.unwrap_or_default();
        let closed = |row: &String| {
            serde_json::from_str::<Value>(row).is_ok_and(|row| row["IsClosed"] == true)
        };
        if rows.iter().all(closed) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn marked(field: &str) -> String {
    format!("{field} LIKE '{MARK} %'")
}

/// Deletes the records of all scenarios; how many there were.
async fn records(ground: &Ground, left: &mut Vec<String>) -> Result<usize, String> {
    let deals = ids(ground, "Opportunity", "Account.Name").await?;
    let mut all = children(ground, &deals).await?;
    all.extend(deals.into_iter().map(|id| ("Opportunity".to_owned(), id)));
    for (object, field) in [("Contact", "Account.Name"), ("Account", "Name")] {
        all.extend(ids(ground, object, field).await?.into_iter().map(|id| (object.to_owned(), id)));
    }
    let count = all.len();
    for part in all.chunks(MOST) {
        let mut subs = Vec::new();
        for (number, (object, id)) in part.iter().enumerate() {
            subs.push(
                Sub::delete(&format!("r{number}"), object, id)
                    .map_err(|error| error.to_string())?,
            );
        }
        if let Err(error) = ground.salesforce.composite(&subs, true).await {
            left.extend(part.iter().map(|(object, id)| format!("{object} {id}: {error}")));
        }
    }
    Ok(count)
}

/// The records of an object that carry the mark.
async fn ids(ground: &Ground, object: &str, field: &str) -> Result<Vec<RecordId>, String> {
    let soql = format!("SELECT Id FROM {object} WHERE {}", marked(field));
    let rows =
        ground.salesforce.query(&soql).await.map_err(|error| format!("salesforce: {error}"))?;
    let id = |row: &String| {
        let row: Value = serde_json::from_str(row).ok()?;
        RecordId::parse(row["Id"].as_str()?).ok()
    };
    Ok(rows.iter().filter_map(id).collect())
}

/// The records in the lists of some deals.
async fn children(ground: &Ground, deals: &[RecordId]) -> Result<Vec<(String, RecordId)>, String> {
    let mut found = Vec::new();
    let lists = ground.map.plan().reads(Side::Right).children;
    for id in deals {
        for row in ground.opportunities(&Filter::Id(id.clone())).await? {
            let body: Value = serde_json::from_str(&row.body).unwrap_or_default();
            for list in &lists {
                let records = body[&list.relationship]["records"].as_array().into_iter().flatten();
                let ids = records.filter_map(|record| RecordId::parse(record["Id"].as_str()?).ok());
                found.extend(ids.map(|id| (list.object.clone(), id)));
            }
        }
    }
    Ok(found)
}
