//! Microsoft is asked for help: one referral more, once, whatever happens on the way.

use connect::Error;
use serde_json::{Value, json};

use super::house::{House, MAP};
use super::model::{Record, Trouble};
use super::text;
use crate::config::Reach;
use crate::store::{Release, Store};
use crate::worker::Tripwire;

const HELP: &str = "How_can_Microsoft_help__c";
const VISIBLE: &str = "Visible_to_Microsoft__c";
const CODE: &str = "assistanceRequestCode";

/// The map of the other tests, with a line for Microsoft's half.
async fn house() -> House {
    let line = "  campaignId <-> Campaign_Code__c\n";
    let half = "  microsoft.substatus -> Microsoft_Status__c as text cut at 40\n";
    House::with_map(&MAP.replace(line, &format!("{line}{half}"))).await
}

fn add_contact(house: &House, deal: &str) {
    let contact = json!({"FirstName": "Ada", "LastName": "Pell", "Phone": "+44 113 555 0199",
        "Email": "ada@harrow.example"});
    let contact = house.world.add_row("Contact", &contact);
    let role = json!({"OpportunityId": deal, "ContactId": contact});
    house.world.add_row("OpportunityContactRole", &role);
}

/// A deal of one's own that Microsoft's sellers see, and that can ask for help.
async fn visible(house: &House) -> String {
    let deal = house.flagged();
    house.world.edit_row("Opportunity", &deal, VISIBLE, json!(true));
    add_contact(house, &deal);
    house.rest().await.unwrap();
    assert!(halves(house).is_empty(), "nobody asked");
    deal
}

fn halves(house: &House) -> Vec<Record> {
    let state = house.world.state();
    let halves = state.referrals.values().filter(|one| text(one, "organizationId") == "msft");
    halves.cloned().collect()
}

fn own(house: &House) -> Record {
    let state = house.world.state();
    let mut own = state.referrals.values().filter(|one| text(one, "organizationId") != "msft");
    own.next().unwrap().clone()
}

fn asks(house: &House, deal: &str, help: &str) {
    house.world.edit_row("Opportunity", deal, HELP, json!(help));
}

/// How often Microsoft was asked.
fn asked(house: &House) -> usize {
    let state = house.world.state();
    state.writes.iter().filter(|write| write.starts_with("ask microsoft")).count()
}

/// Microsoft was asked once, both sides and the service agree about it, and all is quiet.
async fn is_asked_once(house: &House, deal: &str) {
    assert_eq!(house.parked().await, [""; 0]);
    let halves = halves(house);
    assert_eq!((halves.len(), asked(house)), (1, 1), "{:?}", house.world.state().writes);
    assert_eq!(halves[0]["inviteContext"][CODE], "QuotesOrLicensing");
    assert_eq!(halves[0]["customerProfile"]["team"][0]["email"], "ada@harrow.example");
    assert_eq!(halves[0].get("externalReferenceId"), None, "it is not ours to be found by");
    assert_eq!(own(house)["inviteContext"][CODE], "QuotesOrLicensing");
    let row = house.opportunity(deal);
    assert_eq!(text(&row, "Microsoft_Status__c"), "Received");
    let audit = text(&row, "Audit__c");
    assert_eq!(audit.matches("Microsoft was asked for help.").count(), 1, "{audit}");
    let status = house.worker.store.status().await.unwrap();
    assert_eq!((status.keys, status.linked, status.open_intents), (1, 1, 0));
    let writes = house.world.writes();
    house.hint_record(deal).await;
    house.rest().await.unwrap();
    assert_eq!(house.world.writes(), writes, "{:?}", house.world.state().writes);
    assert!(house.worker.store.verify().await.unwrap().broken_at.is_none());
}

#[tokio::test]
async fn help_that_is_asked_for_later_makes_microsofts_half_once() {
    let house = house().await;
    let deal = visible(&house).await;
    asks(&house, &deal, "Quotes or licensing");
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
}

#[tokio::test]
async fn help_that_is_asked_for_from_the_start_makes_both_halves() {
    let house = house().await;
    let deal = house.flagged();
    house.world.edit_row("Opportunity", &deal, VISIBLE, json!(true));
    asks(&house, &deal, "Quotes or licensing");
    add_contact(&house, &deal);
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
}

#[tokio::test]
async fn what_is_missing_is_said_once_and_it_goes_on_when_it_is_there() {
    let house = house().await;
    let deal = house.flagged();
    house.rest().await.unwrap();
    asks(&house, &deal, "Quotes or licensing");
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["fault::require", "fault::require"]);
    let audit = text(&house.opportunity(&deal), "Audit__c");
    assert!(
        audit.contains("Let Microsoft's sellers see the deal before you ask for help"),
        "{audit}"
    );
    house.world.edit_row("Opportunity", &deal, "NextStep", json!("call"));
    house.rest().await.unwrap();
    assert_eq!(text(&house.opportunity(&deal), "Audit__c"), audit, "said once");
    assert_eq!((asked(&house), halves(&house).len()), (0, 0));
    // Still a contact is missing. What else the rep edits goes at once.
    house.world.edit_row("Opportunity", &deal, VISIBLE, json!(true));
    house.world.edit_row("Opportunity", &deal, "Amount", json!(7));
    house.rest().await.unwrap();
    assert_eq!(house.parked().await, ["fault::require"]);
    assert_eq!(own(&house)["details"]["dealValue"].to_string(), "7");
    add_contact(&house, &deal);
    house.hint_record(&deal).await;
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
    assert!(text(&house.opportunity(&deal), "Name").starts_with('✔'));
}

#[tokio::test]
async fn an_invitation_that_was_not_answered_is_found_again_or_made_again() {
    for from_the_start in [false, true] {
        for trouble in [Trouble::AppliedThenLost, Trouble::Lost] {
            let house = house().await;
            let deal = if from_the_start {
                let deal = house.flagged();
                house.world.edit_row("Opportunity", &deal, VISIBLE, json!(true));
                add_contact(&house, &deal);
                let fine = Trouble::Edit("Nothing", "Nothing", Value::Null);
                house.world.trouble("create referral", fine);
                deal
            } else {
                visible(&house).await
            };
            asks(&house, &deal, "Quotes or licensing");
            house.world.trouble("create referral", trouble);
            house.rest().await.unwrap();
            is_asked_once(&house, &deal).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_asked_while_the_flag_is_off() {
    let house = house().await;
    let deal = visible(&house).await;
    house.world.edit_row("Opportunity", &deal, "Sync_with_Partner_Center__c", json!(false));
    asks(&house, &deal, "Quotes or licensing");
    house.rest().await.unwrap();
    assert_eq!((asked(&house), house.parked().await), (0, Vec::new()));
    house.world.edit_row("Opportunity", &deal, "Sync_with_Partner_Center__c", json!(true));
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
}

#[tokio::test]
async fn help_that_is_taken_back_before_it_was_sent_is_not_asked_for() {
    let house = house().await;
    let deal = house.flagged();
    house.rest().await.unwrap();
    asks(&house, &deal, "Quotes or licensing");
    house.rest().await.unwrap();
    house.world.edit_row("Opportunity", &deal, HELP, Value::Null);
    house.world.edit_row("Opportunity", &deal, VISIBLE, json!(true));
    add_contact(&house, &deal);
    house.rest().await.unwrap();
    assert_eq!((asked(&house), house.parked().await), (0, Vec::new()));
}

#[tokio::test]
async fn other_help_that_is_asked_for_afterwards_is_held() {
    let house = house().await;
    let deal = visible(&house).await;
    asks(&house, &deal, "Quotes or licensing");
    house.rest().await.unwrap();
    for help in [json!("General or other"), Value::Null] {
        house.world.edit_row("Opportunity", &deal, HELP, help);
        house.rest().await.unwrap();
    }
    assert_eq!((asked(&house), halves(&house).len(), house.parked().await), (1, 1, Vec::new()));
    assert_eq!(own(&house)["inviteContext"][CODE], "QuotesOrLicensing");
}

#[tokio::test]
async fn a_half_that_is_there_already_is_taken_and_no_other_is_made() {
    let house = house().await;
    let deal = visible(&house).await;
    // A colleague asks in the portal; its events are lost.
    let engagement = own(&house)["engagementId"].clone();
    let half = json!({"organizationId": "msft", "engagementId": engagement, "status": "New",
        "substatus": "Received", "inviteContext": {CODE: "GeneralOrOther"}});
    house.world.add_referral(&half.to_string(), "e2f7b088-a98a-4d0a-b509-fdd40775fcc3");
    asks(&house, &deal, "Quotes or licensing");
    house.hint_record(&deal).await;
    house.work().await.unwrap();
    house.rest().await.unwrap();
    assert_eq!((asked(&house), halves(&house).len(), house.parked().await), (0, 1, Vec::new()));
    assert_eq!(text(&house.opportunity(&deal), "Microsoft_Status__c"), "Received");
}

#[tokio::test]
async fn a_refusal_parks_with_cause_and_remedy_and_is_tried_again_when_released() {
    let house = house().await;
    let deal = visible(&house).await;
    asks(&house, &deal, "Quotes or licensing");
    let why = "A customer contact with e-mail and phone is required to ask for help.";
    let refused = Error::Refused {
        code: "required".to_owned(),
        why: why.to_owned(),
        fields: vec!["inviteContext.assistanceRequestCode".to_owned()],
    };
    house.world.trouble("create referral", Trouble::Answer(refused));
    house.rest().await.unwrap();
    // Nobody is asked again in the same words.
    house.world.edit_row("Opportunity", &deal, "NextStep", json!("call"));
    house.rest().await.unwrap();
    assert_eq!(asked(&house), 0);
    let parked = house.worker.store.status().await.unwrap().parked;
    let cause = &parked[0].causes[0];
    assert_eq!(cause.code, "refused::required");
    assert!(cause.message.contains(why) && cause.map_line.is_some(), "{cause:?}");
    assert!(text(&house.opportunity(&deal), "Audit__c").contains(why));
    let now = house.clock.now();
    house.worker.store.release(Release::All, now).await.unwrap();
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
}

#[tokio::test]
async fn whoever_was_quicker_is_no_refusal() {
    let house = house().await;
    let deal = visible(&house).await;
    asks(&house, &deal, "Quotes or licensing");
    // Carried out and refused in one: as when the portal asks between our look and our call.
    house.world.trouble("create referral", Trouble::AppliedThenLost);
    house.hint_record(&deal).await;
    house.worker.step().await.unwrap();
    assert_eq!(halves(&house).len(), 1);
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
}

#[tokio::test]
async fn a_crash_at_any_step_makes_one_half() {
    let mut most = 0;
    for from_the_start in [false, true] {
        for steps in 0.. {
            let mut house = house().await;
            let deal = if from_the_start {
                let deal = house.flagged();
                house.world.edit_row("Opportunity", &deal, VISIBLE, json!(true));
                add_contact(&house, &deal);
                deal
            } else {
                visible(&house).await
            };
            asks(&house, &deal, "Quotes or licensing");
            let tripwire = Tripwire::after(steps);
            house.reopen(tripwire.clone()).await;
            let _ = house.rest().await;
            let has_tripped = tripwire.has_tripped();
            house.reopen(Tripwire::default()).await;
            house.clock.advance(house.limits.lease * 2);
            house.rest().await.unwrap();
            is_asked_once(&house, &deal).await;
            if !has_tripped {
                break;
            }
            most = most.max(steps);
        }
    }
    assert!(most > 10, "{most} points");
}

#[tokio::test]
async fn a_shadow_tells_of_it_once_and_asks_nobody() {
    let house = house().await;
    let deal = visible(&house).await;
    let shadow = house.beside(Reach::Nothing).await;
    shadow.rest().await.unwrap();
    asks(&house, &deal, "Quotes or licensing");
    shadow.rest().await.unwrap();
    shadow.hint_record(&deal).await;
    shadow.rest().await.unwrap();
    assert_eq!(asked(&house), 0);
    let audit = shadow.worker.store.audit(None, 1000).await.unwrap();
    let told: Vec<&str> = audit
        .iter()
        .map(|line| line.entry.as_str())
        .filter(|entry| entry.contains("would-ask-microsoft"))
        .collect();
    assert_eq!(told.len(), 1, "{audit:?}");
    assert!(told[0].contains("QuotesOrLicensing"), "{told:?}");
    house.rest().await.unwrap();
    is_asked_once(&house, &deal).await;
}
