//! What a service that starts would do, and that it then does just that.

use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use crate::backfill::outlook;

#[tokio::test]
async fn what_would_be_done_is_counted_and_nothing_is_written() {
    let house = House::new().await;
    let look = async |house: &House| {
        let maps = house.worker.maps.now();
        outlook(house.world.as_ref(), &maps, house.clock.now()).await.unwrap().remove(0)
    };
    house.inbound();
    let flagged = house.flagged();
    house.world.add_row("Opportunity", &json!({"Name": "Not shared", "StageName": "Prospecting"}));
    let stray =
        json!({"Name": "Stray", "Referral_Identifier__c": "f2f7b088-a98a-4d0a-b509-fdd40775fcc1"});
    let stray = house.world.add_row("Opportunity", &stray);
    let found = look(&house).await;
    assert_eq!(found.new_records.first, [REFERRAL]);
    assert_eq!(found.new_referrals.first, [flagged.as_str()]);
    assert_eq!((found.agree.count, found.differ.count, found.left_alone), (0, 0, 1), "{found:?}");
    assert_eq!(found.parked["names-a-referral-that-is-not-listed"].first, [stray]);
    assert_eq!(house.world.writes(), 0);
    // The service does that, and then there is nothing left to do.
    house.rest().await.unwrap();
    let found = look(&house).await;
    assert_eq!((found.new_records.count, found.new_referrals.count), (0, 0), "{found:?}");
    assert_eq!((found.agree.count, found.differ.count), (2, 0), "{found:?}");
    let all = house.world.all("Opportunity");
    let (ours, _) = all
        .iter()
        .find(|(_, row)| row.get("Referral_Identifier__c") == Some(&json!(REFERRAL)))
        .unwrap();
    house.world.edit_row("Opportunity", ours, "Amount", Value::from(9));
    let found = look(&house).await;
    assert_eq!((found.agree.count, found.differ.count), (1, 1), "{found:?}");
    assert_eq!(found.fields["Partner Center details.dealValue"], 1, "{found:?}");
}
