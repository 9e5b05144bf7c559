//! Crashes at every step, and random histories with faults: the end is always the same.

use std::time::Duration;

use connect::Error;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use super::model::{Trouble, lost};
use super::text;
use crate::store::Store;
use crate::worker::Tripwire;

/// A short story of both directions; the same whatever happens to the worker meanwhile.
async fn story(house: &mut House, crashes: &mut Vec<i64>) {
    house.inbound();
    let deal = house.flagged();
    calm(house, crashes).await;
    house.world.edit_row("Opportunity", &deal, "Amount", json!(50000));
    house.world.edit_row("Opportunity", &deal, "StageName", json!("Closed Won"));
    house.world.edit_referral(REFERRAL, "/details/notes", json!("the same deal"));
    house.world.edit_referral(REFERRAL, "/status", json!("Active"));
    house.world.edit_referral(REFERRAL, "/substatus", json!("Accepted"));
    calm(house, crashes).await;
}

/// Works until all is quiet, starting anew after every crash.
async fn calm(house: &mut House, crashes: &mut Vec<i64>) {
    while house.rest().await.is_err() {
        assert!(house.worker.tripwire.has_tripped());
        let next = crashes.pop().map_or_else(Tripwire::default, Tripwire::after);
        house.reopen(next).await;
        house.clock.advance(Duration::from_secs(1));
    }
}

/// The end of the story, and whether it ended without any of the crashes.
async fn told(mut crashes: Vec<i64>) -> (Value, bool) {
    let mut house = House::new().await;
    let first = crashes.pop().map_or_else(Tripwire::default, Tripwire::after);
    house.reopen(first).await;
    let left = crashes.len();
    story(&mut house, &mut crashes).await;
    let unharmed = crashes.len() == left;
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.parked_count, status.open_intents, status.dirty), (0, 0, 0), "{status:?}");
    assert_eq!(status.keys, 2, "{status:?}");
    assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
    (same_ids(&house.essence()), unharmed)
}

/// Ids are given in the order of creation, which a crash may change: they are replaced by what they
/// belong to.
fn same_ids(essence: &Value) -> Value {
    let mut text = essence.to_string();
    let mut names: Vec<(String, String)> = Vec::new();
    for row in essence["rows"].as_array().unwrap() {
        let id = row[1]["Id"].as_str().unwrap().to_owned();
        let name = row[1]["Name"].as_str().or(row[1]["Email"].as_str()).unwrap_or("member");
        names.push((
            id,
            format!("<{} {name}>", row[0].as_str().unwrap().split(' ').next().unwrap()),
        ));
    }
    for referral in essence["referrals"].as_array().unwrap() {
        let id = referral["id"].as_str().unwrap();
        names.push((id.to_owned(), format!("<referral {}>", referral["name"])));
        let engagement = referral["engagementId"].as_str().unwrap();
        names.push((engagement.to_owned(), "<engagement>".to_owned()));
    }
    for (id, name) in names {
        text = text.replace(&id, &name.replace(['"', '\\'], ""));
    }
    let value: Value = serde_json::from_str(&text).unwrap();
    let mut rows: Vec<String> =
        value["rows"].as_array().unwrap().iter().map(Value::to_string).collect();
    rows.sort();
    json!({"rows": rows, "referrals": value["referrals"]})
}

#[tokio::test]
async fn killed_at_any_step_it_ends_in_the_same_state() {
    let (calm, _) = told(Vec::new()).await;
    let mut steps = 0;
    for step in 0.. {
        // The second crash hits the recovery of the first.
        let (state, unharmed) = told(vec![step % 7, step]).await;
        assert_eq!(state, calm, "killed at step {step}");
        steps = step;
        if unharmed {
            break;
        }
    }
    println!("{steps} steps");
    assert!(steps > 20, "{steps} steps");
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happens {
    Left(&'static str, Value),
    Right(&'static str, Value),
    Trouble(&'static str, u8),
    Crash(i64),
    Hint(bool),
    Work,
    Wait(u16),
}

fn happens() -> impl Strategy<Value = Happens> {
    let kinds = [
        "change referral",
        "change row",
        "composite",
        "create referral",
        "read referral",
        "read rows",
        "list referrals",
    ];
    prop_oneof![
        (0..4_u32).prop_map(|n| Happens::Left("/details/notes", json!(format!("note {n}")))),
        (1..4_u32).prop_map(|n| Happens::Left("/details/dealValue", json!(n * 100))),
        (0..4_u32).prop_map(|n| Happens::Right("Description", json!(format!("text {n}")))),
        (1..4_u32).prop_map(|n| Happens::Right("Amount", json!(n * 1000))),
        Just(Happens::Right("StageName", json!("Qualification"))),
        (proptest::sample::select(kinds.to_vec()), 0..5_u8)
            .prop_map(|(kind, n)| Happens::Trouble(kind, n)),
        (0..30_i64).prop_map(Happens::Crash),
        any::<bool>().prop_map(Happens::Hint),
        Just(Happens::Work),
        (1..90_u16).prop_map(Happens::Wait),
    ]
}

async fn history(all: Vec<Happens>, outbound: bool) {
    let mut house = House::new().await;
    if outbound {
        house.flagged();
    } else {
        house.inbound();
    }
    for thing in all {
        let referral = house.world.state().referrals.keys().next().cloned();
        let deal = house.world.all("Opportunity").first().map(|(id, _)| id.clone());
        match thing {
            Happens::Left(pointer, value) => {
                if let Some(id) = referral {
                    house.world.edit_referral(&id, pointer, value);
                }
            }
            Happens::Right(field, value) => {
                if let Some(id) = deal {
                    house.world.edit_row("Opportunity", &id, field, value);
                }
            }
            Happens::Trouble(kind, n) => {
                let reads = kind.starts_with("read") || kind.starts_with("list");
                let later =
                    Error::Later { after: None, why: "429".to_owned(), unknown_outcome: false };
                let trouble = match n {
                    0 if !reads => Trouble::AppliedThenLost,
                    1 if !reads => Trouble::Lost,
                    2 if kind.starts_with("change") => Trouble::Answer(Error::Changed),
                    3 if !reads => Trouble::Answer(lost("503")),
                    _ => Trouble::Answer(later),
                };
                house.world.trouble(kind, trouble);
            }
            Happens::Crash(steps) => house.reopen(Tripwire::after(steps)).await,
            Happens::Hint(left) => match (left, referral, deal) {
                (true, Some(id), _) => house.hint_referral(&id).await,
                (false, _, Some(id)) => house.hint_record(&id).await,
                _ => {}
            },
            Happens::Work => {
                if house.work().await.is_err() {
                    house.reopen(Tripwire::default()).await;
                }
            }
            Happens::Wait(seconds) => house.clock.advance(Duration::from_secs(seconds.into())),
        }
    }
    house.world.state().troubles.clear();
    house.reopen(Tripwire::default()).await;
    house.rest().await.unwrap();
    let (deal, opportunity) = house.the_opportunity();
    let (id, referral) = house.the_referral();
    assert_eq!(text(&opportunity, "Referral_Identifier__c"), id);
    assert_eq!(text(&referral, "externalReferenceId"), deal);
    let value = referral["details"]["dealValue"].to_string();
    assert_eq!(opportunity["Amount"].to_string(), value);
    let notes = referral["details"]["notes"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        text(&opportunity, "Description").replace("\r\n", "\n"),
        notes.replace("\r\n", "\n")
    );
    assert_eq!(house.parked().await, [""; 0]);
    let writes = house.world.writes();
    house.hint_referral(&id).await;
    house.hint_record(&deal).await;
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes, "quiet means no writes");
    assert_eq!(house.world.all("Account").len(), 1);
    assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_end_in_agreement(
        all in proptest::collection::vec(happens(), 1..25),
        outbound: bool,
    ) {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(history(all, outbound));
    }
}
