//! Maps that are replaced between deals, and in the middle of one that a crash cut off.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, MAP, REFERRAL, compiled};
use super::text;
use crate::store::Store;
use crate::worker::Tripwire;

const LINK: &str = "https://partner.microsoft.com/referrals/v2/inbox?id={id}";
const OTHER: &str = "https://partner.example.com/{id}";

/// The map of the other tests with another link.
fn other() -> String {
    assert!(MAP.contains(LINK));
    MAP.replace(LINK, OTHER)
}

/// The entries of the audit that say what was written: kind, plan, and which lines wrote; oldest first.
async fn written(house: &House) -> Vec<(String, String, Vec<String>)> {
    let mut lines = house.worker.store.audit(None, 1000).await.unwrap();
    lines.reverse();
    let read = |line: crate::store::AuditLine| {
        let entry: Value = serde_json::from_str(&line.entry).unwrap();
        let wrote = entry["lines"].as_array().into_iter().flatten();
        let wrote =
            wrote.filter(|line| line["outcome"].as_str().is_some_and(|o| o.starts_with("Writes")));
        let rules = wrote.map(|line| text(line.as_object().unwrap(), "rule")).collect();
        let of = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        (of("kind"), of("plan"), rules)
    };
    lines.into_iter().map(read).filter(|(kind, ..)| kind != "parked").collect()
}

fn hash(house: &House) -> String {
    house.worker.maps.now()[0].plan().hash().to_owned()
}

#[tokio::test]
async fn a_changed_line_is_carried_out_for_deals_that_are_looked_at_again() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    let before = hash(&house);
    house.worker.maps.put(compiled(&other()));
    let after = hash(&house);
    assert_ne!(before, after);
    house.hint_record(&id).await;
    house.rest().await.unwrap();
    let link = format!("https://partner.example.com/{REFERRAL}");
    assert_eq!(text(&house.opportunity(&id), "Referral_Link__c"), link);
    let entries = written(&house).await;
    let (last, earlier) = entries.split_last().unwrap();
    assert!(earlier.iter().all(|(_, plan, _)| *plan == before), "{entries:?}");
    assert_eq!((&last.1, last.2.as_slice()), (&after, &["id -> Referral_Link__c".to_owned()][..]));
    // The lines that did not change know what they knew: an edit goes over as an edit.
    house.world.edit_referral(REFERRAL, "/details/notes", json!("typed later"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Description"), "typed later");
}

#[tokio::test]
async fn what_a_crash_cut_off_is_told_with_the_plan_that_decided_it() {
    let mut crashed = 0;
    for steps in 0..40 {
        let mut house = House::new().await;
        house.inbound();
        house.rest().await.unwrap();
        let (id, _) = house.the_opportunity();
        let before = hash(&house);
        house.world.edit_row("Opportunity", &id, "Amount", json!(7));
        house.reopen(Tripwire::after(steps)).await;
        house.clock.advance(Duration::from_secs(1));
        if house.rest().await.is_ok() {
            break;
        }
        crashed += 1;
        let sent = house.referral(REFERRAL)["details"]["dealValue"] == json!(7);
        house.worker.maps.put(compiled(&other()));
        let after = hash(&house);
        house.reopen(Tripwire::default()).await;
        house.clock.advance(Duration::from_secs(1));
        house.rest().await.unwrap();
        house.hint_record(&id).await;
        house.rest().await.unwrap();
        assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "7");
        let link = format!("https://partner.example.com/{REFERRAL}");
        assert_eq!(text(&house.opportunity(&id), "Referral_Link__c"), link, "after {steps} steps");
        let entries = written(&house).await;
        let amount: Vec<&str> = entries
            .iter()
            .filter(|(kind, _, rules)| {
                kind == "update" && rules.iter().any(|r| r.contains("Amount"))
            })
            .map(|(_, plan, _)| plan.as_str())
            .collect();
        let decided = if sent { before.as_str() } else { after.as_str() };
        assert_eq!(amount, [decided], "after {steps} steps: {entries:?}");
        let status = house.worker.store.status().await.unwrap();
        assert_eq!((status.parked_count, status.open_intents, status.dirty), (0, 0, 0));
        assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
    }
    assert!(crashed > 5, "the update was cut off at {crashed} places");
}
