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
