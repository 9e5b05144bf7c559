//! Copies of records, halves that meet, and reads that lag behind what a list told of.

use std::time::Duration;

use connect::{Error, RecordId};
use serde_json::{Value, json};

use super::house::{House, REFERRAL};
use super::model::Trouble;
use super::{Tripwire, text};
use crate::poll::Poller;
use crate::store::{Alias, Cause, Commit, IntentKind, Next, Release, Store, Taken};
use crate::worker::Stepped;

fn copy(house: &House, id: &str) -> String {
    let mut copy = house.opportunity(id);
    copy.shift_remove("Id");
    house.clock.advance(Duration::from_mins(1));
    house.world.add_row("Opportunity", &Value::Object(copy))
}

/// Whether the deal's intent names the record, and the deal does not have it yet.
async fn is_announced_alone(house: &mut House, id: &str) -> bool {
    house.reopen(Tripwire::default()).await;
    let taken = house.worker.store.take(house.clock.now(), Duration::from_mins(1)).await;
    let Ok(Taken::Claim(claim)) = taken else { return false };
    let is_named = claim.intents.iter().any(|intent| intent.body.contains(id));
    is_named && claim.record().is_none()
}

#[tokio::test]
async fn a_copy_does_not_take_the_place_of_a_record_that_was_deleted_before_it_was_linked() {
    let mut met = 0;
    for steps in 1.. {
        let mut house = House::new().await;
        house.reopen(Tripwire::after(steps)).await;
        house.inbound();
        house.hint_referral(REFERRAL).await;
        if house.work().await.is_ok() {
            break;
        }
        let made = house.world.all("Opportunity");
        let [(id, _)] = made.as_slice() else { continue };
        if !is_announced_alone(&mut house, id).await {
            continue;
        }
        let copy = copy(&house, id);
        house.world.delete_row("Opportunity", id);
        let writes = house.world.writes();
        house.reopen(Tripwire::default()).await;
        house.rest().await.unwrap();
        let mut parked = house.parked().await;
        parked.sort_unstable();
        assert_eq!(parked, ["record-deleted", "second-claimant"], "after {steps} steps");
        // The copy says that it waits; nothing else is written.
        assert_eq!(house.world.writes(), writes + 1, "after {steps} steps");
        assert!(text(&house.opportunity(&copy), "Name").starts_with('✘'));
        house.clock.advance(Duration::from_secs(5));
        house.world.undelete_row("Opportunity", id);
        house.world.edit_referral(REFERRAL, "/details/notes", json!("goes on"));
        house.rest().await.unwrap();
        assert_eq!(text(&house.opportunity(id), "Description"), "goes on");
        assert_ne!(text(&house.opportunity(&copy), "Description"), "goes on");
        met += 1;
    }
    assert!(met > 0, "no crash fell between the answer and the link");
}

/// The identifier is unique in the org, so a clone does not have it; its link is copied.
#[tokio::test]
async fn a_copy_that_has_only_the_link_is_not_shared_until_the_link_is_cleared() {
    for knows in [true, false] {
        let mut house = House::new().await;
        house.inbound();
        house.rest().await.unwrap();
        let (id, _) = house.the_opportunity();
        if !knows {
            house.forget().await;
        }
        let copy = copy(&house, &id);
        house.world.edit_row("Opportunity", &copy, "Referral_Identifier__c", Value::Null);
        house.world.add_row(
            "Microsoft_Solution__c",
            &json!({"Name": "Route Planner", "Opportunity__c": copy,
                "Solution_Identifier__c": "SOL-30417-EXA"}),
        );
        house.world.edit_row("Opportunity", &copy, "Customer_Consent__c", json!(true));
        let before = house.world.state().referrals.len();
        house.hint_record(&copy).await;
        house.work().await.unwrap();
        assert_eq!(house.parked().await, ["second-claimant"], "knows: {knows}");
        assert_eq!(house.world.state().referrals.len(), before, "knows: {knows}");
        let status = house.worker.store.status().await.unwrap();
        let cause = &status.parked[0].causes[0];
        assert!(cause.help.starts_with("clear Referral_Link__c on the copy"), "{}", cause.help);
        house.world.edit_row("Opportunity", &copy, "Referral_Link__c", Value::Null);
        house.hint_record(&copy).await;
        house.rest().await.unwrap();
        assert_eq!(house.parked().await, [""; 0], "knows: {knows}");
        assert_eq!(house.world.state().referrals.len(), before + 1, "knows: {knows}");
        let own = text(&house.opportunity(&copy), "Referral_Identifier__c");
        assert!(!own.is_empty() && own != REFERRAL, "knows: {knows}");
    }
}

/// Nobody holds the referral that the link names: a link alone holds nothing back.
#[tokio::test]
async fn a_link_to_a_referral_that_nobody_holds_holds_nothing_back() {
    let house = House::new().await;
    let deal = house.flagged();
    let link = format!("https://partner.microsoft.com/referrals/v2/inbox?id={REFERRAL}");
    house.world.edit_row("Opportunity", &deal, "Referral_Link__c", json!(link));
    house.rest().await.unwrap();
    let (id, _) = house.the_referral();
    assert!(text(&house.opportunity(&deal), "Referral_Link__c").ends_with(&id));
}

#[tokio::test]
async fn a_deal_that_needs_a_parked_one_waits_ever_longer_says_so_and_goes_on_with_it() {
    let house = House::new().await;
    house.inbound();
    house.hint_referral(REFERRAL).await;
    let (store, now) = (&house.worker.store, house.clock.now());
    let Taken::Claim(mut claim) = store.take(now, Duration::from_mins(1)).await.unwrap() else {
        panic!("expected the deal of the referral")
    };
    store.intend(&mut claim, IntentKind::CreateRecord, "{}".to_owned(), now).await.unwrap();
    let cause = Cause {
        code: "refused::INVALID_FIELD".to_owned(),
        message: "a field is gone".to_owned(),
        map: None,
        map_line: None,
        help: "bring it back".to_owned(),
    };
    let parks = Commit { next: Next::Parked(vec![cause]), ..Commit::default() };
    store.commit(&mut claim, parks, now).await.unwrap();
    let id = house.flagged();
    house.world.edit_row("Opportunity", &id, "Referral_Identifier__c", json!(REFERRAL));
    house.hint_record(&id).await;
    let (mut steps, begin) = (0, house.clock.now());
    while house.clock.now().duration_since(begin) < jiff::SignedDuration::from_hours(1) {
        match house.worker.step().await.unwrap() {
            Stepped::Worked(_) => steps += 1,
            Stepped::Idle(_) => house.clock.advance(Duration::from_secs(1)),
        }
    }
    assert!((15..40).contains(&steps), "{steps} looks within an hour");
    let status = store.status().await.unwrap();
    let why = &status.waiting[0].why;
    assert!(why.starts_with("waits for deal-1, which is parked"), "{why}");
    store.release(Release::All, house.clock.now()).await.unwrap();
    house.rest().await.unwrap();
    let status = store.status().await.unwrap();
    assert_eq!((status.keys, status.linked, status.dirty), (1, 1, 0), "{status:?}");
}

#[tokio::test]
async fn what_reads_as_older_than_the_poll_saw_is_read_again() {
    let house = House::new().await;
    house.inbound();
    house.rest().await.unwrap();
    let (id, before) = house.the_opportunity();
    house.clock.advance(Duration::from_secs(5));
    house.world.edit_row("Opportunity", &id, "Amount", json!(7));
    let mut poller = Poller::new(house.worker.clone());
    poller.round(|_| true).await.unwrap();
    // The read that follows is answered by a replica that lags.
    let key = ("Opportunity".to_owned(), RecordId::parse(&id).unwrap().to_string());
    let after = house.world.state().rows.insert(key.clone(), before).unwrap();
    assert!(matches!(house.worker.step().await.unwrap(), Stepped::Worked(_)));
    assert_eq!(house.worker.store.status().await.unwrap().dirty, 1, "not taken for in step");
    house.world.state().rows.insert(key, after);
    house.work().await.unwrap();
    assert_eq!(house.referral(REFERRAL)["details"]["dealValue"].to_string(), "7");
}

/// A referral of ours was made, the answer was lost, and before it could be confirmed Microsoft's side edited
/// it and it could not be read any more.
#[tokio::test]
async fn a_referral_that_cannot_be_confirmed_keeps_what_it_was_made_with_as_its_base() {
    let house = House::new().await;
    let deal = house.flagged();
    house.world.edit_row("Opportunity", &deal, "Campaign_Code__c", json!("SPRING"));
    house.world.trouble("create referral", Trouble::AppliedThenLost);
    let (why, who) = ("not now".to_owned(), "the administrator".to_owned());
    house.world.trouble("read referral", Trouble::Answer(Error::Denied { why, who }));
    house.hint_record(&deal).await;
    while house.worker.store.owner(referral_of(&house)).await.unwrap().is_none() {
        house.clock.advance(Duration::from_secs(1));
        house.worker.step().await.unwrap();
    }
    let (id, _) = house.the_referral();
    house.world.edit_referral(&id, "/campaignId", json!("AUTUMN"));
    let hidden = house.world.state().referrals.remove(&id).unwrap();
    house.work().await.unwrap();
    assert_eq!(house.parked().await, ["referral-unreadable"]);
    house.world.state().referrals.insert(id.clone(), hidden);
    house.hint_referral(&id).await;
    house.rest().await.unwrap();
    assert_eq!(house.referral(&id)["campaignId"], "AUTUMN");
    assert_eq!(house.opportunity(&deal)["Campaign_Code__c"], "AUTUMN");
}

fn referral_of(house: &House) -> Alias {
    let id = house.world.state().referrals.keys().next().cloned();
    let id = id.unwrap_or_else(|| "00000000-0000-0000-0000-ffffffffffff".to_owned());
    Alias::Referral(connect::ReferralId::parse(&id).unwrap())
}
