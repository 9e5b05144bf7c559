//! Failures planted one by one: `cosell parked` tells the cause of each, and what to do.
//!
//! In: a running demo. Out: what the command says. Must not know: the service inside.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::office::{asked, beside};
use crate::sides::{Sides, eventually, inbound, text};

/// The deal of a referral that Microsoft sent, in step.
async fn deal(sides: &Sides, customer: &str) -> (String, String) {
    let referral = sides.microsoft_sends(&inbound(customer)).await;
    let deal = sides.becomes_opportunity(&referral).await;
    (referral, deal)
}

/// Waits until a record is parked, and gives its cause.
async fn cause(machine: &Machine, name: &str) -> Value {
    eventually(&format!("{name} is parked"), async || {
        let parked = asked(machine, &["parked"]);
        let named = |deal: &Value| text(deal, "/record") == name || text(deal, "/referral") == name;
        let groups = parked.as_array().unwrap();
        let found = groups
            .iter()
            .find(|group| group["deals"].as_array().is_some_and(|deals| deals.iter().any(named)));
        found.map(|group| group["cause"].clone())
    })
    .await
}

/// A rule of the organisation that is in force from now on.
async fn rule(sides: &Sides, rule: &Value) {
    sides.admin.need("POST", "/salesforce/rules", Some(rule)).await.unwrap();
}

#[tokio::test]
async fn ten_failures_are_told_with_cause_and_remedy() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut told: Vec<(&str, Value, &str)> = Vec::new();
    let mut tell = async |what: &'static str, name: &str, remedy: &'static str| {
        told.push((what, cause(&machine, name).await, remedy));
    };

    let lacking = sides.rep_prepares("Lacking").await;
    sides.rep_changes(&lacking, &json!({"Sync_with_Partner_Center__c": true})).await;
    tell("fault::require", &lacking, "complete the record").await;

    let (referral, ruled) = deal(&sides, "Ruled").await;
    rule(
        &sides,
        &json!({"rule": "validation", "object": "Opportunity", "field": "Amount",
            "when": "Amount > 900000", "message": "Ask the bank desk first."}),
    )
    .await;
    let million = json!({"details": {"dealValue": 1_000_000}});
    sides.microsoft_changes(&referral, &million).await;
    tell("refused::FIELD_CUSTOM_VALIDATION_EXCEPTION", &ruled, "validation rule").await;

    let (_, deleted) = deal(&sides, "Deleted").await;
    let path = format!("/services/data/v64.0/sobjects/Opportunity/{deleted}");
    sides.rep.call("DELETE", &path, None).await.unwrap();
    tell("record-deleted", &deleted, "undelete it").await;

    for _ in 0..2 {
        let twin = json!({"Name": "Twins & Co AG", "BillingPostalCode": "6460"});
        sides.rep_makes("Account", &twin).await;
    }
    let twins = sides.microsoft_sends(&inbound("Twins")).await;
    tell("fault::related", &twins, "merge the related record").await;

    let (_, owned) = deal(&sides, "Owned").await;
    let mut claim = inbound("Owned");
    claim["externalReferenceId"] = json!(owned);
    let claim = sides.microsoft_sends(&claim).await;
    tell("second-claimant", &claim, "close the one of the two referrals").await;

    let scribbled = sides.rep_prepares("Scribbled").await;
    sides.rep_adds_solution(&scribbled).await;
    let words = json!({"Sync_with_Partner_Center__c": true, "Referral_Identifier__c": "ask Jo"});
    sides.rep_changes(&scribbled, &words).await;
    tell("bad-referral-id", &scribbled, "clear the field").await;

    let unknown = sides.rep_prepares("Unknown").await;
    sides.rep_adds_solution(&unknown).await;
    let nowhere = "7b1f0f6c-0000-4000-8000-000000000000";
    let wrong = json!({"Sync_with_Partner_Center__c": true, "Referral_Identifier__c": nowhere});
    sides.rep_changes(&unknown, &wrong).await;
    tell("referral-unreadable", &unknown, "Referrals admin").await;

    let (referral, spelled) = deal(&sides, "Spelled").await;
    let strange = json!({"inviteContext": {"assistanceRequestCode": "SomethingNew"}});
    sides.microsoft_changes(&referral, &strange).await;
    tell("fault::not-in-table", &spelled, "add a row").await;

    let (referral, hidden) = deal(&sides, "Hidden").await;
    rule(
        &sides,
        &json!({"rule": "field", "user": "cosell", "object": "Opportunity",
            "field": "Campaign_Code__c", "readable": true}),
    )
    .await;
    sides.microsoft_changes(&referral, &json!({"campaignId": "SPRING"})).await;
    tell("refused::INVALID_FIELD_FOR_INSERT_UPDATE", &hidden, "permission set").await;

    let (referral, long) = deal(&sides, "Long").await;
    let notes = "x".repeat(40_000);
    sides.microsoft_changes(&referral, &json!({"details": {"notes": notes}})).await;
    tell("fault::too-long", &long, "shorten the value").await;

    let (_, said) = beside(&machine, &["parked"]);
    for (code, cause, remedy) in &told {
        assert_eq!(cause["code"], *code, "{cause:#}\n{said}");
        assert!(text(cause, "/help").contains(remedy), "{code}: {cause:#}");
        assert!(said.contains(text(cause, "/help")), "{said}");
    }
}
