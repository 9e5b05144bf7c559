//! Environments that write to one system, or to none: nothing reaches the other, and all of it is told.

use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use super::text;
use crate::config::Reach;
use crate::store::Store;
use crate::worker::WOULD;

/// What the audit tells of writes that were not made, oldest first: the kind, and by rule what would be written.
async fn told(house: &House) -> Vec<(String, Vec<(String, Value)>)> {
    let mut lines = house.worker.store.audit(None, 1000).await.unwrap();
    lines.reverse();
    let read = |line: crate::store::AuditLine| {
        let entry: Value = serde_json::from_str(&line.entry).unwrap();
        let lines = entry["lines"].as_array().cloned().unwrap_or_default();
        let lines = lines.into_iter().map(|line| {
            (line["rule"].as_str().unwrap_or_default().to_owned(), line["written"].clone())
        });
        (entry["kind"].as_str().unwrap_or_default().to_owned(), lines.collect())
    };
    lines.into_iter().map(read).filter(|(kind, _)| kind.starts_with(WOULD)).collect()
}

fn kinds(told: &[(String, Vec<(String, Value)>)]) -> Vec<&str> {
    told.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test]
async fn a_shadow_tells_of_a_new_deal_once_until_it_changes() {
    let house = House::new().await.beside(Reach::Nothing).await;
    house.inbound();
    house.rest().await.unwrap();
    house.hint_referral(REFERRAL).await;
    house.rest().await.unwrap();
    let first = told(&house).await;
    assert_eq!(kinds(&first), ["would-create-record"]);
    let amount = first[0].1.iter().find(|(rule, _)| rule.contains("Amount"));
    assert!(
        amount.is_some_and(|(_, written)| written.to_string().contains("125000.10")),
        "{first:?}"
    );
    // What changes is told anew, and what does not is not.
    house.world.edit_referral(REFERRAL, "/details/dealValue", json!(99));
    house.rest().await.unwrap();
    let then = told(&house).await;
    assert_eq!(kinds(&then), ["would-create-record", "would-create-record"]);
    // A rep shares a deal of their own.
    house.flagged();
    house.rest().await.unwrap();
    assert_eq!(kinds(&told(&house).await)[2..], ["would-create-referral"]);
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.dirty, status.open_intents, house.world.writes()), (0, 0, 0));
    assert_eq!(house.parked().await, [""; 0], "nothing is lost: nothing was made");
    assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
}

#[tokio::test]
async fn a_shadow_claims_nothing_that_is_not_so() {
    let production = House::new().await;
    production.inbound();
    production.rest().await.unwrap();
    let shadow = production.beside(Reach::Nothing).await;
    shadow.rest().await.unwrap();
    assert_eq!(told(&shadow).await, [], "both records agree");
    let writes = production.world.writes();
    // The shadow sees an edit before production does, twice.
    shadow.world.edit_referral(REFERRAL, "/details/dealValue", json!(150_000));
    shadow.rest().await.unwrap();
    shadow.hint_referral(REFERRAL).await;
    shadow.rest().await.unwrap();
    let wish = told(&shadow).await;
    assert_eq!(kinds(&wish), ["would-update"], "{wish:?}");
    assert_eq!(wish[0].1.len(), 1, "{wish:?}");
    assert!(wish[0].1[0].0.contains("Amount") && wish[0].1[0].1.to_string().contains("150000"));
    assert_eq!(shadow.world.writes(), writes, "{:?}", shadow.world.state().writes);
    // Then production does it: the wish is over.
    production.rest().await.unwrap();
    assert_eq!(production.the_opportunity().1["Amount"].to_string(), "150000");
    shadow.rest().await.unwrap();
    assert_eq!(kinds(&told(&shadow).await), ["would-update", "would-no-more"]);
    // And the base is the pair that stands there now: an edit of the other side goes the other way.
    let (id, _) = production.the_opportunity();
    shadow.world.edit_row("Opportunity", &id, "Amount", json!(160_000));
    shadow.rest().await.unwrap();
    let wish = told(&shadow).await;
    assert!(wish[2].1[0].1.to_string().contains("160000"), "{wish:?}");
    assert_eq!(production.referral(REFERRAL)["details"]["dealValue"].to_string(), "150000");
}

#[tokio::test]
async fn a_wish_that_stays_is_not_told_again_when_another_comes_and_goes() {
    let production = House::new().await;
    production.inbound();
    production.rest().await.unwrap();
    let (id, _) = production.the_opportunity();
    let shadow = production.beside(Reach::Nothing).await;
    shadow.rest().await.unwrap();
    // Nobody does this one: it stays.
    shadow.world.edit_referral(REFERRAL, "/details/dealValue", json!(150_000));
    shadow.rest().await.unwrap();
    // This one comes, and somebody does it.
    shadow.world.edit_row("Opportunity", &id, "CloseDate", json!("2027-09-15"));
    shadow.rest().await.unwrap();
    let date = json!("2027-09-15T00:00:00Z");
    shadow.world.edit_referral(REFERRAL, "/details/closingDateTime", date);
    shadow.rest().await.unwrap();
    shadow.hint_referral(REFERRAL).await;
    shadow.rest().await.unwrap();
    let wish = told(&shadow).await;
    assert_eq!(kinds(&wish), ["would-update", "would-also", "would-also"], "{wish:?}");
    let amounts =
        wish.iter().flat_map(|(_, lines)| lines).filter(|(rule, _)| rule.contains("Amount"));
    assert_eq!(amounts.count(), 1, "{wish:?}");
    for (_, lines) in &wish[1..] {
        assert!(lines.len() == 1 && lines[0].0.contains("CloseDate"), "{wish:?}");
    }
    assert!(wish[1].1[0].1.to_string().contains("2027-09-15"), "{wish:?}");
    assert_eq!(wish[2].1[0].1, Value::Null, "it is over: {wish:?}");
}

#[tokio::test]
async fn a_shadow_does_not_even_tell_the_seller() {
    let house = House::new().await;
    let shadow = house.beside(Reach::Nothing).await;
    let deal = shadow.flagged();
    shadow.world.edit_row("Opportunity", &deal, "Description", json!(null));
    shadow.world.edit_row("Opportunity", &deal, "Customer_Consent__c", json!(false));
    shadow.rest().await.unwrap();
    let all = told(&shadow).await;
    assert!(
        kinds(&all).contains(&"would-report") || kinds(&all) == ["would-create-referral"],
        "{all:?}"
    );
    assert_eq!(shadow.world.writes(), 0);
}

#[tokio::test]
async fn staging_on_a_shared_account_writes_to_its_own_organisation_alone() {
    let house = House::new().await.beside(Reach::SalesforceOnly).await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, deal) = house.the_opportunity();
    assert_eq!(text(&deal, "Referral_Identifier__c"), REFERRAL);
    let before = house.referral(REFERRAL);
    assert_eq!(text(&before, "externalReferenceId"), "", "the referral is production's");
    house.clock.advance(std::time::Duration::from_mins(2));
    // Both sides change something at once: one half is done, the other told.
    house.world.edit_referral(REFERRAL, "/details/dealValue", json!(150_000));
    house.world.edit_row("Opportunity", &id, "CloseDate", json!("2027-09-15"));
    house.rest().await.unwrap();
    assert_eq!(house.the_opportunity().1["Amount"].to_string(), "150000");
    let all = told(&house).await;
    let last = all.iter().rfind(|(kind, _)| kind == "would-also").unwrap();
    assert!(last.1.iter().any(|(rule, _)| rule.contains("CloseDate")), "{all:?}");
    // It is told once, and is still wanted.
    let count = all.len();
    house.hint_referral(REFERRAL).await;
    house.rest().await.unwrap();
    assert_eq!(told(&house).await.len(), count);
    house.flagged();
    house.rest().await.unwrap();
    let all = told(&house).await;
    assert!(kinds(&all).contains(&"would-create-referral"), "{all:?}");
    let state = house.world.state();
    let left: Vec<&String> =
        state.writes.iter().filter(|write| write.contains("referral")).collect();
    assert_eq!(left, Vec::<&String>::new());
    assert_eq!(state.referrals.len(), 1);
}
