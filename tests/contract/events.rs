//! Change events: subscribed to, gone on with, and each way to say no.

use std::time::Duration;

use connect::error::Error;
use connect::salesforce::events::{Batch, Change, From, Kind, ReplayId, Subscription};
use connect::{RecordId, Salesforce};
use serde_json::{Value, json};

use crate::Ground;

impl Ground {
    async fn hears(
        &self,
        org: &Salesforce,
        object: &str,
        from: From,
    ) -> Result<Subscription, Error> {
        org.subscribe(&self.sandbox.addresses().pubsub, object, from).await
    }
}

/// The next batch with events, and the place after it.
async fn next(subscription: &mut Subscription) -> (Vec<Change>, ReplayId) {
    let look = async {
        loop {
            let Batch { changes, upto } = subscription.next().await.unwrap();
            if !changes.is_empty() {
                return (changes, upto.unwrap());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.unwrap()
}

async fn deal(org: &Salesforce, name: &str) -> RecordId {
    let body = json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2027-06-30" });
    org.create("Opportunity", &body.to_string()).await.unwrap()
}

#[tokio::test]
async fn changes_are_heard_with_records_kind_and_origin_and_gone_on_with() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    let mut heard = ground.hears(&org, "Opportunity", From::Oldest).await.unwrap();
    let id = deal(&org, "First").await;
    let (changes, first) = next(&mut heard).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((changes[0].object.as_str(), changes[0].kind), ("Opportunity", Kind::Made));
    assert_eq!(changes[0].records, std::slice::from_ref(&id));
    assert!(changes[0].origin.contains("client=cosell"), "{changes:?}");
    org.update("Opportunity", &id, r#"{"Amount":5}"#, None).await.unwrap();
    let (changes, _) = next(&mut heard).await;
    assert_eq!((changes[0].kind, &changes[0].records), (Kind::Changed, &vec![id.clone()]));
    drop(heard);
    // Later, from where it was: what came meanwhile is not lost.
    let place = ReplayId::parse(&first.to_string()).unwrap();
    let mut again = ground.hears(&org, "Opportunity", From::After(place)).await.unwrap();
    let (changes, _) = next(&mut again).await;
    assert_eq!(changes[0].kind, Kind::Changed);
    let mut oldest = ground.hears(&org, "Opportunity", From::Oldest).await.unwrap();
    assert_eq!(next(&mut oldest).await.0[0].kind, Kind::Made);
    // Children are objects of their own.
    let mut children = ground.hears(&org, "Microsoft_Solution__c", From::Oldest).await.unwrap();
    let body = json!({ "Name": "S", "Opportunity__c": id.as_str() }).to_string();
    let child = org.create("Microsoft_Solution__c", &body).await.unwrap();
    assert_eq!(next(&mut children).await.0[0].records, [child]);
    // More than were asked for at once.
    for n in 0..130 {
        org.update("Opportunity", &id, &json!({ "Amount": n }).to_string(), None).await.unwrap();
    }
    let mut seen = 0;
    while seen < 130 {
        seen += next(&mut again).await.0.len();
    }
}

#[tokio::test]
async fn gaps_old_places_unknown_objects_and_ended_tokens_are_told_apart() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    let id = deal(&org, "First").await;
    let mut heard = ground.hears(&org, "Opportunity", From::Oldest).await.unwrap();
    let (_, place) = next(&mut heard).await;
    let gap = json!({ "entity": "Opportunity", "type": "GAP_UPDATE", "ids": [id.as_str()] });
    ground.order("POST", "/salesforce/changes/gap", gap).await;
    assert_eq!(next(&mut heard).await.0[0].kind, Kind::Gap);
    let overflow = json!({ "entity": "Opportunity", "type": "GAP_OVERFLOW", "ids": [] });
    ground.order("POST", "/salesforce/changes/gap", overflow).await;
    assert_eq!(next(&mut heard).await.0[0].kind, Kind::Overflow);
    ground.order("POST", "/salesforce/changes/expire", json!({ "keep": 0 })).await;
    let old = ground.hears(&org, "Opportunity", From::After(place)).await;
    let old = match old {
        Ok(mut opened) => opened.next().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(matches!(old, Err(Error::Gone { .. })), "{old:?}");
    let nothing = ground.hears(&org, "Nothing__c", From::Now).await.map(drop);
    assert!(matches!(nothing, Err(Error::Refused { .. })), "{nothing:?}");
    let unheard = org.subscribe("http://127.0.0.1:1", "Opportunity", From::Now).await.map(drop);
    assert!(matches!(unheard, Err(Error::Later { .. })), "{unheard:?}");
    // All tokens end: the next subscription signs in again by itself.
    ground.order("POST", "/tokens/expire", Value::Null).await;
    let mut fresh = ground.hears(&org, "Opportunity", From::Now).await.unwrap();
    // Nobody says when `Now` was: changes are made until one is heard.
    let changing = async {
        for n in 0.. {
            let body = json!({ "Amount": n }).to_string();
            org.update("Opportunity", &id, &body, None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let heard = tokio::select! {
        (changes, _) = next(&mut fresh) => changes,
        () = changing => Vec::new(),
    };
    assert_eq!(heard[0].kind, Kind::Changed);
}
