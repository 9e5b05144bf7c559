//! Asking Salesforce for changes when calls are few.

use std::time::Duration;

use connect::Error;
use serde_json::json;

use super::house::{House, REFERRAL};
use super::model::Trouble;
use crate::poll::Poller;

#[tokio::test]
async fn with_one_call_at_a_time_every_object_has_its_turn() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let mut poller = Poller::new(house.worker.clone());
    poller.round(|_| true).await.unwrap();
    house.clock.advance(Duration::from_mins(1));
    // What is asked for last changes: a rep adds a solution.
    let (deal, _) = house.world.all("Opportunity").remove(0);
    house.world.add_row(
        "Microsoft_Solution__c",
        &json!({"Name": "Depot Watch", "Opportunity__c": deal, "Solution_Identifier__c": "SOL-2-ABC"}),
    );
    let mut rounds = 0;
    loop {
        house.world.trouble("read rows", Trouble::Fine);
        let (after, why) = (Duration::from_secs(6), "its own share is used up".to_owned());
        house.world.trouble("read rows", Trouble::Answer(Error::Resting { after, why }));
        rounds += 1;
        let ended = poller.round(|_| true).await.is_ok();
        house.world.state().troubles.clear();
        house.clock.advance(Duration::from_secs(6));
        if ended {
            break;
        }
        assert!(rounds < 10, "the round never ends");
        if rounds == 2 {
            // A sweep in the middle of it does not begin it anew.
            poller.look_again();
        }
    }
    assert!(rounds > 1, "the calls were few");
    house.world.state().asked_at_once = 0;
    poller.round(|_| true).await.unwrap();
    assert_eq!(house.world.state().asked_at_once, 1, "all in one");
    house.clock.advance(Duration::from_hours(2));
    poller.round(|_| true).await.unwrap();
    assert_eq!(house.world.state().asked_at_once, 1, "each by itself again");
    house.work().await.unwrap();
    let solutions = house.referral(REFERRAL)["details"]["requirements"]["solutions"].clone();
    assert_eq!(solutions.as_array().unwrap().len(), 2, "{solutions:#}");
}

#[tokio::test]
async fn two_changes_within_one_second_are_both_heard() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (deal, _) = house.the_opportunity();
    let mut poller = Poller::new(house.worker.clone());
    poller.round(|_| true).await.unwrap();
    house.clock.advance(Duration::from_mins(1));
    for value in [11, 12] {
        house.world.edit_row("Opportunity", &deal, "Amount", json!(value));
        assert_eq!(poller.round(|_| true).await.unwrap(), 1, "{value}");
        assert_eq!(poller.round(|_| true).await.unwrap(), 0, "{value}");
    }
}

/// What Microsoft knows of the customer's people.
fn phone(house: &House) -> serde_json::Value {
    let state = house.world.state();
    let referral = state.referrals.values().next().unwrap();
    referral["customerProfile"]["team"][0]["phoneNumber"].clone()
}

#[tokio::test]
async fn what_stands_in_a_contact_or_account_is_heard_of_long_after_its_deal_was_changed() {
    let house = House::new().await;
    let deal = house.flagged();
    let contact = json!({"FirstName": "Ada", "LastName": "Pell", "Email": "ada@harrow.example",
        "Phone": "+44 113 555 0199"});
    let contact = house.world.add_row("Contact", &contact);
    let role = json!({"OpportunityId": deal, "ContactId": contact});
    house.world.add_row("OpportunityContactRole", &role);
    house.rest().await.unwrap();
    assert_eq!(phone(&house), "+44 113 555 0199");
    let mut poller = Poller::new(house.worker.clone());
    poller.round(|_| true).await.unwrap();
    house.work().await.unwrap();
    house.clock.advance(Duration::from_hours(30));
    poller.look_again();
    assert_eq!(poller.round(|_| true).await.unwrap(), 0, "all is old");
    house.world.edit_row("Contact", &contact, "Phone", json!("+44 113 555 0777"));
    assert_eq!(poller.round(|_| true).await.unwrap(), 0, "it stands in no record of the deal");
    poller.look_again();
    assert_eq!(poller.round(|_| true).await.unwrap(), 1, "a deep round asks for it");
    house.work().await.unwrap();
    assert_eq!(phone(&house), "+44 113 555 0777");
    house.clock.advance(Duration::from_mins(20));
    poller.look_again();
    assert_eq!(poller.round(|_| true).await.unwrap(), 0, "it is long past");
    let (account, _) = house.world.all("Account").remove(0);
    house.world.edit_row("Account", &account, "Name", json!("Harrow & Sons"));
    poller.look_again();
    assert!(poller.round(|_| true).await.unwrap() > 0, "of an account too");
    // Another process goes on where this one was.
    house.world.edit_row("Contact", &contact, "Phone", json!("+44 113 555 0888"));
    house.clock.advance(Duration::from_hours(30));
    let mut poller = Poller::new(house.worker.clone());
    poller.round(|_| true).await.unwrap();
    house.work().await.unwrap();
    assert_eq!(phone(&house), "+44 113 555 0888");
}
