//! Microsoft's half of a deal: read when a map names it and there is one, never otherwise.

use connect::Error;
use serde_json::{Value, json};

use super::house::{House, MAP, REFERRAL};
use super::model::Trouble;
use super::text;
use crate::store::Store;

const HALF: &str = "e2f7b088-a98a-4d0a-b509-fdd40775fcc3";

/// The map of the other tests, with a line for Microsoft's half.
async fn house() -> House {
    let line = "  campaignId <-> Campaign_Code__c\n";
    assert!(MAP.contains(line));
    let half = "  microsoft.substatus -> Microsoft_Status__c as text cut at 40\n";
    House::with_map(&MAP.replace(line, &format!("{line}{half}"))).await
}

/// Microsoft joins the deal, or is there before it.
async fn microsoft_joins(house: &House, substatus: &str) {
    let text = Value::Object(house.referral(REFERRAL)).to_string();
    house.world.add_referral(&text, HALF);
    house.world.edit_referral(HALF, "/organizationId", json!("msft"));
    house.world.edit_referral(HALF, "/externalReferenceId", Value::Null);
    house.world.edit_referral(HALF, "/substatus", json!(substatus));
    house.hint_referral(HALF).await;
}

fn shown(house: &House) -> String {
    text(&house.the_opportunity().1, "Microsoft_Status__c")
}

/// How often the half was read since the last time that this was asked.
fn reads(house: &House) -> usize {
    let reads = std::mem::take(&mut house.world.state().reads);
    reads.iter().filter(|id| *id == HALF).count()
}

#[tokio::test]
async fn the_status_of_microsofts_half_is_shown_and_read_once_a_piece_of_work() {
    let house = house().await;
    house.inbound();
    house.rest().await.unwrap();
    assert_eq!((shown(&house).as_str(), reads(&house)), ("", 0), "there is none");
    microsoft_joins(&house, "Accepted").await;
    house.rest().await.unwrap();
    assert_eq!(shown(&house), "Accepted");
    reads(&house);
    house.world.edit_referral(HALF, "/substatus", json!("Won"));
    house.hint_referral(HALF).await;
    house.work().await.unwrap();
    assert_eq!((shown(&house).as_str(), reads(&house)), ("Won", 1), "with a write, and once");
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    assert_eq!(reads(&house), 1, "without a write too");
    assert_eq!(house.worker.store.status().await.unwrap().keys, 1);
}

#[tokio::test]
async fn a_half_that_is_heard_of_before_its_deal_waits_for_it() {
    let house = house().await;
    house.inbound();
    microsoft_joins(&house, "Accepted").await;
    house.work().await.unwrap();
    assert_eq!(house.world.all("Opportunity").len(), 0);
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    assert_eq!(shown(&house), "Accepted");
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, status.linked), (1, 1));
}

#[tokio::test]
async fn a_half_that_may_not_be_read_is_blank_and_nothing_waits_for_it() {
    let house = house().await;
    house.inbound();
    house.rest().await.unwrap();
    microsoft_joins(&house, "Accepted").await;
    house.work().await.unwrap();
    // Gone: it is not there for us any more.
    house.world.state().referrals.remove(HALF);
    house.world.edit_referral(REFERRAL, "/details/notes", json!("after it went"));
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    let (_, deal) = house.the_opportunity();
    assert_eq!(
        (text(&deal, "Description").as_str(), shown(&house).as_str()),
        ("after it went", "Accepted")
    );
    assert_eq!(house.parked().await, [""; 0]);
}

#[tokio::test]
async fn a_half_that_is_refused_parks_nothing() {
    let house = house().await;
    house.inbound();
    house.rest().await.unwrap();
    microsoft_joins(&house, "Accepted").await;
    house.work().await.unwrap();
    let own = Trouble::Edit("Nothing", "Nothing", Value::Null);
    let why = "read referral: partner center answered 403 accessDenied".to_owned();
    let refused = Error::Refused { code: "accessDenied".to_owned(), why, fields: Vec::new() };
    house.world.edit_referral(REFERRAL, "/details/notes", json!("all the same"));
    house.world.trouble("read referral", own);
    house.world.trouble("read referral", Trouble::Answer(refused));
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    assert_eq!(text(&house.the_opportunity().1, "Description"), "all the same");
    assert_eq!(house.parked().await, [""; 0]);
}

#[tokio::test]
async fn a_map_that_does_not_name_it_does_not_have_it_read() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    microsoft_joins(&house, "Accepted").await;
    house.work().await.unwrap();
    assert_eq!(reads(&house), 1, "its own event is looked at");
    house.hint_referral(HALF).await;
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    assert_eq!(reads(&house), 0);
}
