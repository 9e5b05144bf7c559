//! A deal that somebody makes in Partner Center's portal, not in Salesforce.
//!
//! In: a running demo. Out: what becomes of the deal in Salesforce. Must not know: the service inside.

use serde_json::json;

use crate::machine::Machine;
use crate::sides::{Sides, inbound, same_number, text};

#[tokio::test]
async fn a_deal_made_in_the_portal_becomes_one_open_opportunity_with_its_details() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut deal = inbound("Portal");
    for name in ["status", "substatus", "direction"] {
        deal.as_object_mut().unwrap().remove(name);
    }
    deal["inviteContext"] = json!({"assistanceRequestCode": "QuotesOrLicensing", "notes": "Help."});
    deal["customerProfile"]["team"] = json!([{
        "firstName": "Reto", "lastName": "Muster", "email": "reto@portal.example",
        "phoneNumber": "+41 41 555 01 00"
    }]);
    deal["team"] = json!([{
        "firstName": "Vera", "lastName": "Alder", "email": "vera@partner.example",
        "phoneNumber": "+41 41 555 01 11"
    }]);
    let path = "/partner-center/portal/referrals";
    let (status, made) = sides.admin.call("POST", path, Some(&deal)).await.unwrap();
    assert!(status < 300, "{made:#}");
    let referral = text(&made, "/id").to_owned();
    let opportunity = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    let found = sides.opportunity(&opportunity).await;
    assert_eq!(text(&found, "/Name"), "✔ Portal - depot telemetry");
    assert!(!["Closed Won", "Closed Lost", ""].contains(&text(&found, "/StageName")), "{found:#}");
    assert!(same_number(&found["Amount"], 125_000), "{found:#}");
    assert_eq!(text(&found, "/CurrencyIsoCode"), "CHF");
    assert_eq!(text(&found, "/CloseDate"), "2027-06-30");
    assert_eq!(text(&found, "/Account/Name"), "Portal & Co AG");
    assert_eq!(text(&found, "/How_can_Microsoft_help__c"), "Quotes or licensing");
    assert_eq!(sides.opportunities("Id != null").await.len(), 1);
    assert_eq!(sides.referrals().await.len(), 1, "its own half alone is a deal of ours");
    assert_eq!(sides.status().await["parked_count"], 0);
}
