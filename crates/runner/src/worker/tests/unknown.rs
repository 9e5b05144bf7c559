//! Writes whose outcome is not known: what is found out, and what people entered meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use super::model::Trouble;
use super::text;
use crate::store::{Commit, Ending, IntentKind, Next, Store, Taken};

#[tokio::test]
async fn a_referral_whose_creation_was_not_answered_is_found_again() {
    for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
        let house = House::new().await;
        let deal = house.flagged();
        house.world.trouble("create referral", trouble.clone());
        house.rest().await.unwrap();
        let (id, _) = house.the_referral();
        assert_eq!(text(&house.opportunity(&deal), "Referral_Identifier__c"), id, "{trouble:?}");
        let audit = text(&house.opportunity(&deal), "Audit__c");
        let shared = "CRM to Partner Center Referral sync success: shared with Microsoft, referral created 2";
        assert_eq!(audit.matches(shared).count(), 1, "{trouble:?}: {audit}");
        let status = house.worker.store.status().await.unwrap();
        let found = status.counters.get("creates_found_again").copied().unwrap_or(0);
        assert_eq!(found, u64::from(matches!(trouble, Trouble::AppliedThenLost)));
        assert_eq!((status.open_intents, status.parked_count), (0, 0));
    }
}

#[tokio::test]
async fn an_opportunity_whose_creation_was_not_answered_is_found_again() {
    for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
        let house = House::new().await;
        house.inbound();
        house.world.trouble("composite", trouble);
        house.rest().await.unwrap();
        let (_, deal) = house.the_opportunity();
        assert_eq!(text(&deal, "Referral_Identifier__c"), REFERRAL);
        assert_eq!(house.world.all("Account").len(), 1);
        assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
    }
}

#[tokio::test]
async fn an_update_that_was_not_answered_arrives_once() {
    for kind in ["change referral", "change row"] {
        for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
            let house = House::new().await;
            house.inbound();
            house.rest().await.unwrap();
            let (id, _) = house.the_opportunity();
            house.world.edit_row("Opportunity", &id, "Amount", json!(9));
            house.world.edit_referral(REFERRAL, "/details/notes", json!("both sides"));
            house.world.trouble(kind, trouble.clone());
            house.rest().await.unwrap();
            let referral = house.referral(REFERRAL);
            assert_eq!(referral["details"]["dealValue"].to_string(), "9", "{kind} {trouble:?}");
            let deal = house.opportunity(&id);
            assert_eq!(text(&deal, "Description"), "both sides", "{kind} {trouble:?}");
            assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
        }
    }
}

#[tokio::test]
async fn a_new_referral_waits_while_another_deal_is_just_creating_one() {
    let house = House::new().await;
    let deal = house.flagged();
    house.hint_record(&deal).await;
    house.world.trouble("create referral", Trouble::AppliedThenLost);
    house.worker.step().await.unwrap();
    // The created referral is announced before its creator knows of it, and names no record.
    let (id, _) = house.the_referral();
    house.world.edit_referral(&id, "/externalReferenceId", Value::Null);
    house.hint_referral(&id).await;
    house.worker.step().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    assert!(status.waiting.iter().any(|key| key.why.contains("just creating")), "{status:?}");
    assert_eq!(house.world.all("Opportunity").len(), 1);
    house.world.edit_referral(&id, "/externalReferenceId", json!(deal));
    house.rest().await.unwrap();
    assert_eq!(house.world.all("Opportunity").len(), 1);
    assert_eq!(house.worker.store.status().await.unwrap().keys, 1);
}

#[tokio::test]
async fn what_a_rep_enters_behind_a_write_that_was_not_answered_is_newer() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.world.edit_referral(REFERRAL, "/campaignId", json!("ONE"));
    // A closed referral is not written to, and wins where both sides changed.
    house.world.edit_referral(REFERRAL, "/status", json!("Closed"));
    house.world.edit_referral(REFERRAL, "/substatus", json!("Lost"));
    house.world.trouble("change row", Trouble::AppliedThenLost);
    house.hint_referral(REFERRAL).await;
    house.worker.step().await.unwrap();
    assert_eq!(text(&house.opportunity(&id), "Campaign_Code__c"), "ONE", "it was applied");
    house.clock.advance(std::time::Duration::from_mins(5));
    house.world.edit_row("Opportunity", &id, "Campaign_Code__c", json!("TWO"));
    house.rest().await.unwrap();
    // The stage and the audit line stand there as sent: so ONE stood there too, and the rep knew it.
    assert_eq!(text(&house.opportunity(&id), "Campaign_Code__c"), "TWO");
    assert_eq!(text(&house.opportunity(&id), "StageName"), "Closed Lost");
}

#[tokio::test]
async fn a_write_that_was_not_answered_is_looked_for_until_its_record_can_be_read() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    house.world.edit_referral(REFERRAL, "/campaignId", json!("ONE"));
    house.world.edit_referral(REFERRAL, "/status", json!("Closed"));
    house.world.edit_referral(REFERRAL, "/substatus", json!("Lost"));
    house.world.trouble("change row", Trouble::AppliedThenLost);
    house.hint_referral(REFERRAL).await;
    house.worker.step().await.unwrap();
    // The deal is over, and its opportunity is deleted: nothing is to be done, and nothing is known.
    house.world.delete_row("Opportunity", &id);
    house.rest().await.unwrap();
    assert_eq!(house.worker.store.status().await.unwrap().open_intents, 1);
    house.world.undelete_row("Opportunity", &id);
    house.clock.advance(Duration::from_mins(5));
    house.world.edit_row("Opportunity", &id, "Campaign_Code__c", json!("TWO"));
    house.rest().await.unwrap();
    // The stage stands there as sent: so ONE stood there too, and the rep knew it.
    assert_eq!(text(&house.opportunity(&id), "Campaign_Code__c"), "TWO");
    assert_eq!(house.worker.store.status().await.unwrap().open_intents, 0);
}

/// A referral whose creation was not answered, and that nobody finds; its id, and itself.
async fn unlisted() -> (House, String, super::model::Record) {
    let house = House::new().await;
    let deal = house.flagged();
    house.world.trouble("create referral", Trouble::AppliedThenLost);
    house.hint_record(&deal).await;
    house.worker.step().await.unwrap();
    let (id, referral) = house.the_referral();
    house.world.state().referrals.clear();
    (house, id, referral)
}

async fn minutes(house: &House, minutes: u64) {
    for _ in 0..minutes * 4 {
        house.clock.advance(Duration::from_secs(15));
        house.worker.step().await.unwrap();
    }
}

#[tokio::test]
async fn a_referral_that_the_list_shows_minutes_later_is_not_made_twice() {
    let (house, id, referral) = unlisted().await;
    minutes(&house, 6).await;
    assert!(house.world.state().referrals.is_empty(), "it is still being looked for");
    house.world.state().referrals.insert(id.clone(), referral);
    // Its webhook call comes before the next look: the deal that is making it takes it.
    house.hint_referral(&id).await;
    minutes(&house, 1).await;
    assert_eq!(house.the_referral().0, id);
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, status.linked, status.open_intents), (1, 1, 0));
}

#[tokio::test]
async fn one_that_nobody_could_know_of_is_parked_when_it_shows_up_and_says_so() {
    let (house, id, referral) = unlisted().await;
    minutes(&house, 10).await;
    let (second, _) = house.the_referral();
    assert_ne!(id, second);
    house.world.state().referrals.insert(id.clone(), referral);
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["second-claimant"]);
    let status = house.worker.store.status().await.unwrap();
    assert_eq!(status.parked[0].referral.as_ref(), Some(&id));
    assert!(status.parked[0].causes[0].message.contains("made twice"), "{status:?}");
}

#[tokio::test]
async fn what_another_worker_had_in_the_middle_of_a_write_is_left_alone_until_it_has_arrived() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    house.hint_referral(REFERRAL).await;
    let (store, lease) = (&house.worker.store, house.limits.lease);
    let Taken::Claim(mut theirs) = store.take(house.clock.now(), lease).await.unwrap() else {
        panic!("the deal is due");
    };
    let now = house.clock.now();
    store.intend(&mut theirs, IntentKind::Update, "{}".to_owned(), now).await.unwrap();
    house.clock.advance(lease + Duration::from_secs(1));
    house.worker.step().await.unwrap();
    let status = store.status().await.unwrap();
    assert!(status.waiting[0].why.contains("may still arrive"), "{status:?}");
    assert_eq!(status.open_intents, 1);
    house.clock.advance(lease + Duration::from_secs(1));
    house.worker.step().await.unwrap();
    assert_eq!(store.status().await.unwrap().open_intents, 0);
}

#[tokio::test]
async fn who_waits_for_a_referral_in_the_making_asks_ever_less_often_and_goes_on_when_it_is_made() {
    let house = House::new().await;
    let deal = house.flagged();
    house.hint_record(&deal).await;
    let (store, lease) = (&house.worker.store, Duration::from_hours(1));
    let Taken::Claim(mut maker) = store.take(house.clock.now(), lease).await.unwrap() else {
        panic!("the deal is due");
    };
    let (kind, now) = (IntentKind::CreateReferral, house.clock.now());
    let intent = store.intend(&mut maker, kind, "{}".to_owned(), now).await.unwrap();
    house.inbound();
    house.hint_referral(REFERRAL).await;
    let before = house.world.state().reads.len();
    for _ in 0..600 {
        house.clock.advance(Duration::from_millis(100));
        house.worker.step().await.unwrap();
    }
    let asked = house.world.state().reads.len() - before;
    assert!((5..20).contains(&asked), "asked {asked} times in a minute");
    let close = vec![(intent, Ending::NotApplied)];
    let over = Commit { close, next: Next::Done, ..Commit::default() };
    store.commit(&mut maker, over, house.clock.now()).await.unwrap();
    house.worker.step().await.unwrap();
    assert_eq!(house.world.all("Opportunity").len(), 2, "at once");
}

#[tokio::test]
async fn a_referral_that_was_seen_and_then_is_not_there_is_listed() {
    let house = House::new().await;
    let deal = house.flagged();
    house.hint_record(&deal).await;
    let (store, lease) = (&house.worker.store, Duration::from_hours(1));
    let Taken::Claim(mut maker) = store.take(house.clock.now(), lease).await.unwrap() else {
        panic!("the deal is due");
    };
    let (kind, now) = (IntentKind::CreateReferral, house.clock.now());
    store.intend(&mut maker, kind, "{}".to_owned(), now).await.unwrap();
    house.inbound();
    house.hint_referral(REFERRAL).await;
    house.worker.step().await.unwrap();
    house.world.state().referrals.clear();
    house.clock.advance(Duration::from_secs(1));
    house.worker.step().await.unwrap();
    assert_eq!(house.parked().await, ["referral-unreadable"]);
}
