//! An account that is found by several `match` lines: which account a deal gets, and how many there
//! are in the end.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, MAP, REFERRAL};
use super::model::Trouble;
use super::text;
use crate::store::Store;
use crate::worker::{Stepped, Tripwire};

const SECOND: &str = "d2f7b088-a98a-4d0a-b509-fdd40775fcc2";

/// The map of the other tests, which looks for the customer's number first.
fn map() -> String {
    let by_name = "  match customerProfile.name with Name";
    let number = "customerProfile.ids[profileType is \"Duns\"].id";
    let lines = format!(
        "  {number} -> AccountNumber on create only\n  match {number} with AccountNumber  several ask\n"
    );
    assert!(MAP.contains(by_name));
    MAP.replace(by_name, &format!("{lines}{by_name}"))
}

async fn house() -> House {
    House::with_map(&map()).await
}

/// A referral of a customer with this number and name.
fn sends(house: &House, id: &str, number: &Value, name: &str) {
    let inbound = house.inbound();
    let record = Value::Object(house.referral(&inbound)).to_string();
    let record = record.replace("engagementId\":\"", &format!("engagementId\":\"{}", &id[..1]));
    house.world.state().referrals.clear();
    house.world.add_referral(&record, id);
    house.world.edit_referral(id, "/customerProfile/name", json!(name));
    let ids = json!([{"profileType": "Duns", "id": number}]);
    house.world.edit_referral(id, "/customerProfile/ids", ids);
}

/// Two referrals, of the same customer when their numbers or their names are the same.
fn sends_two(house: &House, first: (&Value, &str), second: (&Value, &str)) {
    sends(house, REFERRAL, first.0, first.1);
    let known = house.referral(REFERRAL);
    sends(house, SECOND, second.0, second.1);
    house.world.state().referrals.insert(REFERRAL.to_owned(), known);
}

fn has_account(house: &House, number: &Value, name: &str) -> String {
    let fields = json!({"Name": name, "BillingPostalCode": "6460", "AccountNumber": number});
    house.world.add_row("Account", &fields)
}

/// The account of the only opportunity.
fn given(house: &House) -> String {
    text(&house.the_opportunity().1, "AccountId")
}

#[tokio::test]
async fn an_account_is_found_by_the_second_rule() {
    let house = house().await;
    let known = has_account(&house, &Value::Null, "Alpine");
    has_account(&house, &json!("315-9"), "Another");
    sends(&house, REFERRAL, &json!("315-1"), "Alpine");
    house.rest().await.unwrap();
    assert_eq!(given(&house), known);
    assert_eq!(house.world.all("Account").len(), 2, "none was made");
}

#[tokio::test]
async fn the_first_rule_that_finds_one_decides() {
    let house = house().await;
    has_account(&house, &Value::Null, "Alpine");
    let numbered = has_account(&house, &json!("315-1"), "Renamed");
    sends(&house, REFERRAL, &json!("315-1"), "Alpine");
    house.rest().await.unwrap();
    assert_eq!(given(&house), numbered);
}

#[tokio::test]
async fn a_rule_that_finds_two_parks_the_deal_and_no_other_is_tried() {
    let house = house().await;
    let twins = ["Alpine 1", "Alpine 2"].map(|name| has_account(&house, &json!("315-1"), name));
    has_account(&house, &Value::Null, "Alpine");
    sends(&house, REFERRAL, &json!("315-1"), "Alpine");
    house.rest().await.unwrap();
    let status = house.worker.store.status().await.unwrap();
    let [key] = status.parked.as_slice() else { panic!("{status:?}") };
    let [cause] = key.causes.as_slice() else { panic!("{key:?}") };
    assert_eq!(cause.code, "fault::related");
    for id in &twins {
        assert!(cause.message.contains(id.as_str()), "{cause:?}");
    }
    let map = map();
    let rule = map.lines().position(|line| line.contains("with AccountNumber")).unwrap() + 1;
    assert_eq!(cause.map_line, Some(rule), "{cause:?}");
    assert!(house.world.all("Opportunity").is_empty());
    assert_eq!(house.world.writes(), 0, "{:?}", house.world.state().writes);
}

#[tokio::test]
async fn a_customer_without_a_number_is_not_every_account_without_one() {
    for number in [Value::Null, json!("")] {
        let house = house().await;
        has_account(&house, &Value::Null, "Another");
        has_account(&house, &Value::Null, "A third");
        let known = has_account(&house, &json!("315-1"), "Alpine");
        sends(&house, REFERRAL, &number, "Alpine");
        house.rest().await.unwrap();
        assert_eq!(house.parked().await, [""; 0]);
        assert_eq!(given(&house), known);
    }
}

#[tokio::test]
async fn an_account_that_is_made_is_found_by_either_rule() {
    let house = house().await;
    let (number, other) = (json!("315-1"), json!("315-2"));
    sends_two(&house, (&number, "Alpine"), (&number, "Alpine, renamed"));
    house.rest().await.unwrap();
    assert_eq!(house.world.all("Account").len(), 1);
    sends(&house, "e2f7b088-a98a-4d0a-b509-fdd40775fcc3", &other, "Alpine");
    house.rest().await.unwrap();
    assert_eq!(house.world.all("Opportunity").len(), 3);
    assert_eq!(house.world.all("Account").len(), 1);
}

#[tokio::test]
async fn two_deals_at_once_make_one_account_whatever_rule_would_find_it() {
    let number = json!("315-1");
    for second in [(&number, "Alpine, renamed"), (&Value::Null, "Alpine"), (&number, "Alpine")] {
        for trouble in [None, Some(Trouble::Lost), Some(Trouble::AppliedThenLost)] {
            let house = house().await;
            sends_two(&house, (&number, "Alpine"), second);
            if let Some(trouble) = trouble {
                house.world.trouble("composite", trouble);
            }
            house.hint_referral(REFERRAL).await;
            house.hint_referral(SECOND).await;
            // Both look for the account before either has made it.
            let (one, two) = tokio::join!(house.worker.step(), house.worker.step());
            assert!(matches!((one, two), (Ok(Stepped::Worked(_)), Ok(Stepped::Worked(_)))));
            house.rest().await.unwrap();
            assert_eq!(house.world.all("Opportunity").len(), 2, "{second:?}");
            assert_eq!(house.world.all("Account").len(), 1, "{second:?}");
            assert_eq!(house.parked().await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn killed_at_any_step_there_is_one_account() {
    let number = json!("315-1");
    for step in 0.. {
        let mut house = house().await;
        house.reopen(Tripwire::after(step)).await;
        sends_two(&house, (&number, "Alpine"), (&number, "Alpine, renamed"));
        let mut unharmed = true;
        while house.rest().await.is_err() {
            assert!(house.worker.tripwire.has_tripped());
            unharmed = false;
            house.reopen(Tripwire::default()).await;
            house.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(house.world.all("Opportunity").len(), 2, "killed at step {step}");
        assert_eq!(house.world.all("Account").len(), 1, "killed at step {step}");
        assert_eq!(house.parked().await, [""; 0], "killed at step {step}");
        if unharmed {
            assert!(step > 10, "{step} steps");
            break;
        }
    }
}
