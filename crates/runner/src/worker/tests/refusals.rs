//! What does not fit, and what was refused: told with its place, kept, and not tried again in vain.

use connect::Error;
use serde_json::json;

use super::house::{House, REFERRAL};
use super::model::Trouble;
use super::text;
use crate::store::{Alias, Source, Store};

const STREET: &str = "/customerProfile/address/addressLine1";

#[tokio::test]
async fn an_account_is_not_made_without_what_does_not_fit_into_it() {
    let house = House::new().await;
    house.inbound();
    house.world.edit_referral(REFERRAL, STREET, json!("x".repeat(300)));
    for _ in 0..2 {
        house.rest().await.unwrap();
        assert_eq!(house.parked().await.len(), 1);
        assert!(house.world.all("Opportunity").is_empty() && house.world.all("Account").is_empty());
    }
    let cause = house.worker.store.status().await.unwrap().parked[0].causes[0].clone();
    assert!(cause.message.contains("BillingStreet") && cause.map_line == Some(77), "{cause:?}");
    house.world.edit_referral(REFERRAL, STREET, json!("Gotthardstrasse 7"));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    assert_eq!(text(&house.world.all("Account")[0].1, "BillingStreet"), "Gotthardstrasse 7");
}

#[tokio::test]
async fn what_does_not_fit_into_an_account_that_is_there_does_not_matter() {
    let house = House::new().await;
    house.inbound();
    house.world.edit_referral(REFERRAL, STREET, json!("x".repeat(300)));
    let account = json!({"Name": "Alpine Freight & Co AG", "BillingPostalCode": "6460"});
    house.world.add_row("Account", &account);
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    let (_, deal) = house.world.all("Opportunity").remove(0);
    assert!(text(&deal, "Name").starts_with('✔'), "{deal:?}");
    assert!(!text(&deal, "Audit__c").contains("Waiting"), "{deal:?}");
}

#[tokio::test]
async fn a_refused_write_is_not_sent_again_until_something_changes() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, _) = house.the_opportunity();
    let refused = || {
        Trouble::Answer(Error::Refused {
            code: "invalidRequest".to_owned(),
            why: "no".to_owned(),
            fields: vec!["/details/dealValue".to_owned()],
        })
    };
    let value = || house.referral(REFERRAL)["details"]["dealValue"].to_string();
    house.world.trouble("change referral", refused());
    house.world.edit_row("Opportunity", &id, "Amount", json!(11));
    // A second try would be taken.
    for _ in 0..3 {
        house.rest().await.unwrap();
        house.hint_referral(REFERRAL).await;
        house.work().await.unwrap();
        assert_eq!(house.parked().await, ["refused::invalidRequest"]);
        assert_ne!(value(), "11");
    }
    // Another field of the record may be what was missing.
    house.world.edit_row("Opportunity", &id, "NextStep", json!("call"));
    house.rest().await.unwrap();
    assert_eq!((house.parked().await.len(), value().as_str()), (0, "11"));
    // A census tries again, once.
    house.world.trouble("change referral", refused());
    house.world.trouble("change referral", refused());
    house.world.edit_row("Opportunity", &id, "Amount", json!(12));
    house.rest().await.unwrap();
    let name = Alias::Referral(connect::ReferralId::parse(REFERRAL).unwrap());
    house.clock.advance(std::time::Duration::from_secs(5));
    let now = house.clock.now();
    house.worker.store.accept(vec![name], None, Source::Census, now).await.unwrap();
    for _ in 0..3 {
        house.rest().await.unwrap();
        assert_eq!(house.parked().await, ["refused::invalidRequest"]);
    }
    let left = house.world.state().troubles["change referral"].len();
    assert_eq!((left, value().as_str()), (0, "11"));
}

#[tokio::test]
async fn of_a_refused_child_the_object_and_the_line_of_its_list_are_told() {
    let house = House::new().await;
    house.inbound();
    let why = "child0: the value is not an address".to_owned();
    let (code, fields) = ("INVALID_FIELD".to_owned(), Vec::new());
    house.world.trouble("composite", Trouble::Answer(Error::Refused { code, why, fields }));
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    let cause = house.worker.store.status().await.unwrap().parked[0].causes[0].clone();
    assert_eq!(cause.map_line, Some(92), "{cause:?}");
    assert!(cause.message.contains("write: Microsoft_Solution__c: the value"), "{cause:?}");
}

#[tokio::test]
async fn of_a_field_that_an_account_lacks_the_accounts_own_line_is_told() {
    let house = House::new().await;
    house.inbound();
    let why = "Account: Required fields are missing: [Name]".to_owned();
    let (code, fields) = ("REQUIRED_FIELD_MISSING".to_owned(), vec!["Name".to_owned()]);
    house.world.trouble("composite", Trouble::Answer(Error::Refused { code, why, fields }));
    house.hint_referral(REFERRAL).await;
    house.work().await.unwrap();
    let cause = house.worker.store.status().await.unwrap().parked[0].causes[0].clone();
    assert_eq!(cause.map_line, Some(75), "{cause:?}");
    assert!(cause.help.contains("customerProfile.name <-> Name"), "{cause:?}");
}

#[tokio::test]
async fn the_mark_of_a_deal_that_was_never_shared_goes_when_it_is_taken_out() {
    let house = House::new().await;
    let deal = house.flagged();
    house.world.edit_row("Opportunity", &deal, "Amount", json!(null));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["fault::require"]);
    assert!(text(&house.opportunity(&deal), "Name").starts_with('✘'));
    house.world.edit_row("Opportunity", &deal, "Sync_with_Partner_Center__c", json!(false));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, [""; 0]);
    let found = house.opportunity(&deal);
    assert_eq!(text(&found, "Name"), "Harrow & Pell - bakery planning");
    assert!(text(&found, "Audit__c").contains("Not shared with Microsoft any more"), "{found:?}");
    let writes = house.world.writes();
    house.world.edit_row("Opportunity", &deal, "NextStep", json!("call"));
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes, "said once");
    // Back again.
    house.world.edit_row("Opportunity", &deal, "Sync_with_Partner_Center__c", json!(true));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["fault::require"]);
    assert!(text(&house.opportunity(&deal), "Name").starts_with('✘'));
}

#[tokio::test]
async fn two_solutions_with_one_identifier_are_told_instead_of_none() {
    let house = House::new().await;
    let deal = house.flagged();
    let twin = json!({
        "Name": "Route Planner", "Opportunity__c": deal, "Solution_Identifier__c": "SOL-30417-EXA"
    });
    house.world.add_row("Microsoft_Solution__c", &twin);
    house.rest().await.unwrap();
    let cause = house.worker.store.status().await.unwrap().parked[0].causes[0].clone();
    let told = "2 of `Microsoft_Solutions__r` are left aside: their key (Solution_Identifier__c)";
    assert!(cause.message.contains(told) && cause.map_line == Some(92), "{cause:?}");
    assert!(text(&house.opportunity(&deal), "Audit__c").contains("stands twice"));
}
