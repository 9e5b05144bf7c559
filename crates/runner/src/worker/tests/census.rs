//! The census: what both systems list, against the links.

use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use crate::census::{Census, Progress, STATE};
use crate::store::Store;
use crate::worker::Tripwire;

impl House {
    /// A whole census from its beginning; how it ended.
    async fn count(&self) -> Progress {
        self.clock.advance(self.limits.census + std::time::Duration::from_secs(1));
        let mut census = Census::new(self.worker.clone());
        for _ in 0..20 {
            if !census.step().await.unwrap() {
                let kept = self.worker.store.cursor(STATE).await.unwrap();
                return Progress::read(kept.as_deref());
            }
            // A restart between two pages loses nothing.
            census = Census::new(self.worker.clone());
        }
        panic!("the census does not end");
    }

    /// Linked deals, `count` of them.
    async fn linked(count: usize) -> Self {
        let house = House::new().await;
        // The first step only notes when it was.
        assert!(!Census::new(house.worker.clone()).step().await.unwrap());
        house.inbound();
        let text = Value::Object(house.referral(REFERRAL)).to_string();
        for number in 1..count {
            let id = format!("d2f7b088-a98a-4d0a-b509-fdd40775f{number:03}");
            let text = text.replace("engagementId\":\"", &format!("engagementId\":\"{number}"));
            house.world.add_referral(&text, &id);
        }
        house.rest().await.unwrap();
        assert_eq!(house.world.all("Opportunity").len(), count);
        house
    }
}

#[tokio::test]
async fn what_is_in_step_is_left_alone_and_what_nobody_heard_of_is_found() {
    let house = House::linked(3).await;
    let found = house.count().await;
    assert_eq!((found.checked, found.hinted, found.held), (3, 0, false), "{found:?}");
    // A change whose hint was lost, a link that somebody cleared, a referral that nobody told of.
    house.clock.advance(std::time::Duration::from_mins(2));
    house.world.edit_referral(REFERRAL, "/details/dealValue", json!(77));
    let all = house.world.all("Opportunity");
    let (cleared, _) =
        all.iter().find(|(_, row)| row["Referral_Identifier__c"] != REFERRAL).unwrap();
    house.world.edit_row("Opportunity", cleared, "Referral_Identifier__c", Value::Null);
    let fresh = House::new().await;
    fresh.inbound();
    let text = Value::Object(fresh.referral(REFERRAL)).to_string();
    let text = text.replace("engagementId\":\"", "engagementId\":\"x");
    house.world.add_referral(&text, "e2f7b088-a98a-4d0a-b509-fdd40775fcc9");
    let found = house.count().await;
    assert_eq!((found.checked, found.hinted), (3, 2), "{found:?}");
    house.work().await.unwrap();
    let all = house.world.all("Opportunity");
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|(_, row)| row["Referral_Identifier__c"].is_string()), "{all:?}");
    let told = all.iter().find(|(_, row)| row["Referral_Identifier__c"] == REFERRAL).unwrap();
    assert_eq!(told.1["Amount"].to_string(), "77");
}

#[tokio::test]
async fn what_could_not_be_seen_when_it_was_looked_at_is_found_later() {
    let house = House::linked(1).await;
    let deal = house.flagged();
    let unflagged = house.flagged();
    house.world.edit_row("Opportunity", &unflagged, "Sync_with_Partner_Center__c", json!(false));
    let other = "e2f7b088-a98a-4d0a-b509-fdd40775fcc9";
    let text = Value::Object(house.referral(REFERRAL)).to_string();
    let text = text.replace("engagementId\":\"", "engagementId\":\"x");
    // The call about the referral came while it was hidden, and nothing hints of the opportunity.
    house.hint_referral(other).await;
    house.work().await.unwrap();
    house.world.add_referral(&text, other);
    house.world.edit_referral(other, "/externalReferenceId", Value::Null);
    house.count().await;
    house.work().await.unwrap();
    let key = |id: &str| house.opportunity(id).get("Referral_Identifier__c").cloned();
    let key = |id: &str| key(id).unwrap_or_default();
    assert!(key(&deal).is_string(), "{:?}", house.opportunity(&deal));
    let keys: Vec<_> = house.world.all("Opportunity").into_iter().map(|(id, _)| key(&id)).collect();
    assert!(keys.contains(&json!(other)), "{keys:?}");
    assert!(!key(&unflagged).is_string(), "it takes no part");
    // What is linked is found by nobody a second time.
    let reads = house.world.state().reads.len();
    house.count().await;
    house.work().await.unwrap();
    assert_eq!(house.world.state().reads.len(), reads);
}

#[tokio::test]
async fn a_few_that_are_gone_are_looked_at_and_many_are_asked_about() {
    let mut house = House::linked(4).await;
    house.limits.most_gone = 1;
    house.reopen(Tripwire::default()).await;
    let hide = |house: &House, count: usize| {
        let all = house.world.all("Opportunity");
        let mut state = house.world.state();
        for (id, _) in all.into_iter().take(count) {
            state.rows.remove(&("Opportunity".to_owned(), id)).unwrap();
        }
    };
    hide(&house, 1);
    let found = house.count().await;
    assert_eq!((found.held, found.hinted, found.missing.len()), (false, 1, 0), "{found:?}");
    house.work().await.unwrap();
    assert_eq!(house.parked().await.len(), 1, "missing is not deleted: it waits for a person");
    // The user lost sight of two more.
    hide(&house, 2);
    let found = house.count().await;
    assert_eq!((found.held, found.missing.len()), (true, 2), "{found:?}");
    house.work().await.unwrap();
    assert_eq!(house.parked().await.len(), 1, "nothing was done about them");
    let note = house.worker.standing.snapshot().notes["census"].clone();
    assert!(note.contains("2 linked deals") && note.contains("release --missing"), "{note}");
}
