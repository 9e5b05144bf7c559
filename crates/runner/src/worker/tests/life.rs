//! The life of a deal: on hold, accepted, won when it may be; and what is known of its times.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::house::{House, MAP, REFERRAL};
use super::model::Trouble;
use super::text;
use crate::store::{DeadlineKind, Store};
use crate::worker::{Stepped, Tripwire};

/// The map of the other tests, with what the shipped one says of holds and times.
fn map() -> String {
    let sync = "  from opportunity when Sync_with_Partner_Center__c is true\n";
    let hold = "  hold referral while status is New and direction is Incoming\n      \
                answer by createdDateTime plus 14 days\n";
    let won = "<-> \"Closed Won\"\n";
    let later = "<-> \"Closed Won\"  not before createdDateTime plus 72 hours while Deal_Registration__c is true\n";
    assert!(MAP.contains(sync) && MAP.contains(won));
    MAP.replace(sync, &format!("{sync}{hold}")).replace(won, later)
}

async fn house() -> House {
    House::with_map(&map()).await
}

fn writes_to_microsoft(house: &House) -> usize {
    let state = house.world.state();
    state.writes.iter().filter(|write| write.starts_with("change referral")).count()
}

/// A deal of Microsoft's that is on hold; its record.
async fn on_hold(house: &House) -> String {
    house.inbound();
    house.rest().await.unwrap();
    house.the_opportunity().0
}

#[tokio::test]
async fn not_one_write_reaches_microsoft_while_a_deal_is_on_hold() {
    let house = house().await;
    let id = on_hold(&house).await;
    let edits: [(&str, Value); 3] = [
        ("Amount", json!(7)),
        ("Description", json!("Called twice.")),
        ("Campaign_Code__c", json!("SPRING")),
    ];
    for (name, value) in edits {
        house.world.edit_row("Opportunity", &id, name, value);
        house.rest().await.unwrap();
    }
    // Microsoft's changes arrive meanwhile; what was edited on both sides is merged later.
    house.world.edit_referral(REFERRAL, "/name", json!("Larger"));
    house.rest().await.unwrap();
    assert!(text(&house.opportunity(&id), "Name").ends_with("Larger"));
    assert_eq!(writes_to_microsoft(&house), 0, "{:?}", house.world.state().writes);
    assert_eq!(house.parked().await, [""; 0]);
    house.world.edit_row("Opportunity", &id, "StageName", json!("Qualification"));
    house.rest().await.unwrap();
    let referral = house.referral(REFERRAL);
    assert_eq!(text(&referral, "substatus"), "Accepted");
    assert_eq!(referral["details"]["dealValue"].to_string(), "7");
    assert_eq!(text(&referral, "campaignId"), "SPRING");
    assert_eq!(text(&referral, "externalReferenceId"), id);
    assert_eq!(writes_to_microsoft(&house), 1, "all of it in one write");
}

#[tokio::test]
async fn a_deal_that_nobody_answers_says_until_when() {
    let house = house().await;
    let id = on_hold(&house).await;
    let status = house.worker.store.status().await.unwrap();
    let [timed] = status.deadlines.as_slice() else { panic!("{status:?}") };
    assert_eq!((status.unanswered, status.too_early), (1, 0));
    assert_eq!(timed.kind, DeadlineKind::Answer);
    assert_eq!(timed.record.as_deref(), Some(id.as_str()));
    let created = text(&house.referral(REFERRAL), "createdDateTime");
    let created: Timestamp = created.parse().unwrap();
    let days = (timed.at.as_second() - created.as_second()) / 86_400;
    assert_eq!(days, 14);
    house.world.edit_row("Opportunity", &id, "StageName", json!("Closed Lost"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "substatus"), "Declined");
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.unanswered, status.deadlines.len()), (0, 0));
}

#[tokio::test]
async fn a_deal_that_is_won_on_hold_is_accepted_and_then_won() {
    let house = house().await;
    let id = on_hold(&house).await;
    house.world.edit_row("Opportunity", &id, "StageName", json!("Closed Won"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "substatus"), "Won");
    assert_eq!(writes_to_microsoft(&house), 2);
    assert_eq!(text(&house.opportunity(&id), "StageName"), "Closed Won");
}

/// Works on what is due now.
async fn due(house: &House) -> usize {
    let mut steps = 0;
    while let Stepped::Worked(_) = house.worker.step().await.unwrap() {
        steps += 1;
    }
    steps
}

#[tokio::test]
async fn what_is_too_early_goes_by_itself_when_its_time_has_come() {
    let mut house = house().await;
    let id = on_hold(&house).await;
    house.world.edit_row("Opportunity", &id, "Deal_Registration__c", json!(true));
    house.world.edit_row("Opportunity", &id, "StageName", json!("Closed Won"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "substatus"), "Accepted");
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.too_early, status.dirty, status.parked_count), (1, 0, 0));
    let audit = text(&house.opportunity(&id), "Audit__c");
    let [timed] = status.deadlines.as_slice() else { panic!("{status:?}") };
    let at = timed.at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    assert_eq!(audit.matches(&format!("Waiting until {at}")).count(), 1, "{audit}");
    // Nothing happens before, whoever looks; a restart forgets nothing.
    house.reopen(Tripwire::default()).await;
    let writes = house.world.writes();
    let minute = jiff::SignedDuration::from_mins(1);
    let wait = timed.at.duration_since(house.clock.now()).saturating_sub(minute);
    house.clock.advance(Duration::try_from(wait).unwrap());
    assert_eq!(due(&house).await, 0);
    house.hint_record(&id).await;
    assert_eq!(due(&house).await, 1);
    assert_eq!(house.world.writes(), writes);
    // When it has come, no hint is needed; the write is made once, also when it is not answered.
    house.world.trouble("change referral", Trouble::AppliedThenLost);
    house.clock.advance(Duration::from_secs(61));
    house.work().await.unwrap();
    assert_eq!(text(&house.referral(REFERRAL), "substatus"), "Won");
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.too_early, status.open_intents), (0, 0));
    let deal = house.worker.store.deal(id.clone()).await.unwrap().unwrap();
    assert!(deal.hints.iter().any(|hint| hint.source == "clock"), "{:?}", deal.hints);
    let writes = house.world.writes();
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes);
}
