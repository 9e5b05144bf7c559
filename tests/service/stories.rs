//! Stories of the flows, each with the calls that it costs: just those, and then none.
//!
//! In: a running demo. Out: what the service said to both systems, from the sandbox's wire log. Must not
//! know: the service inside. Echoes of our own writes are looked at again, which reads and writes nothing;
//! how many of them come together is chance, so reads have a bound and writes are exact.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::acts::Story;
use crate::machine::Machine;
use crate::sides::{Sides, eventually, inbound, same_number, text};

/// The most reads of a story for each of its writes: record and referral, before, after, and for hints and echoes,
/// of which a slow machine has more.
const READS: usize = 16;

const AUDIT: &str = "PATCH Opportunity Audit__c";
pub(crate) const SENT: &str = "POST referral";
const BACK: &str = "PATCH Opportunity Audit__c Name Referral_Identifier__c Referral_Link__c";
pub(crate) const HALF: &str = "PATCH Opportunity Audit__c Microsoft_Status__c";
const SOLUTIONS: &str = "PATCH referral /details/requirements/solutions";
const STATUS: &str = "PATCH referral /status /substatus";

impl Story {
    /// The calls that write, each of them, in their order.
    pub(crate) fn writes(self) -> &'static [&'static str] {
        match self {
            Self::Arrives => &[
                "composite POST Account, PATCH Opportunity, POST Microsoft_Solution__c, POST Contact, POST \
                 OpportunityContactRole",
            ],
            Self::AccountMatched => &[
                "composite PATCH Opportunity, POST Microsoft_Solution__c, POST Contact, POST OpportunityContactRole",
            ],
            Self::ByMicrosoft | Self::Deleted => &["PATCH Opportunity Audit__c Description"],
            Self::SolutionByMicrosoft => &[
                "composite PATCH Opportunity, POST Microsoft_Solution__c, DELETE Microsoft_Solution__c",
            ],
            Self::Expired => &["PATCH Opportunity Audit__c StageName"],
            Self::HalfLost => &[HALF],
            Self::Identifier => &["PATCH Opportunity Audit__c Microsoft_CRM_Identifier__c"],
            Self::ByRep => &["PATCH referral /details/dealValue", AUDIT],
            // On hold nothing goes to Microsoft, not even the record's id: it goes with the answer.
            Self::Answered | Self::Declined => {
                &["PATCH referral /externalReferenceId /status /substatus", AUDIT]
            }
            Self::Lost | Self::Won => &[STATUS, AUDIT],
            Self::Solutions => &[SOLUTIONS, AUDIT, SOLUTIONS, AUDIT, SOLUTIONS, AUDIT],
            Self::Shares | Self::Copied => &[SENT, BACK],
            // One's own half, and then Microsoft's.
            Self::AsksForHelp => &[SENT, BACK, SENT, HALF],
            Self::Person => &["PATCH referral /customerProfile/team", AUDIT],
            Self::PersonAtMicrosoft => {
                &["composite PATCH Opportunity, POST Contact, POST OpportunityContactRole"]
            }
            Self::Cleared => &["PATCH Opportunity Audit__c Referral_Identifier__c"],
            // What a rep did before the flag was off again counts, as later.
            Self::FlagOff => &[
                "PATCH Opportunity Audit__c Description",
                "PATCH referral /details/dealValue /campaignId",
                AUDIT,
            ],
            // The seller is told, and told again when it goes on.
            Self::Unreadable => &[
                "PATCH Opportunity Audit__c Name",
                "PATCH referral /details/dealValue",
                "PATCH Opportunity Audit__c Description Name",
            ],
            Self::Lead => &["composite PATCH Lead"],
            Self::LeadContacted => &[
                "PATCH referral /details/notes /externalReferenceId /status /substatus",
                "PATCH Lead Audit__c",
            ],
            Self::LeadConverted => &[
                "PATCH referral /externalReferenceId /status /substatus",
                "PATCH referral /externalReferenceId",
                "composite PATCH Opportunity, POST Microsoft_Solution__c",
            ],
        }
    }
}

/// Everything is done, second looks included.
pub(crate) async fn rests(sides: &Sides) {
    sides.settled().await;
    sleep(Duration::from_secs(3)).await;
    sides.settled().await;
}

/// Plays stories one after the other, each with a deal of its own, and holds each to its calls.
async fn cost(stories: &[Story]) {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut deals = Vec::new();
    for (number, story) in stories.iter().enumerate() {
        deals.push((*story, story.prepare(&sides, &format!("Alpine {number}")).await));
    }
    rests(&sides).await;
    let mut wrong = Vec::new();
    for (story, deal) in &deals {
        sides.listen().await;
        story.play(&sides, deal).await;
        sides.settled().await;
        let said = sides.said().await;
        let reads = sides.reads_of([&deal.referral, &deal.record]).await;
        if said.writes() != story.writes() || reads > READS * (2 + story.writes().len()) {
            let full = sides.said_in_full().await;
            wrong.push(format!("{story:?}, expected {:#?}: {said:#?}\n{full}", story.writes()));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), machine.log());
    sides.listen().await;
    rests(&sides).await;
    let after = sides.said().await;
    assert!(after.writes().is_empty(), "quiet afterwards: {after:#?}");
    for (story, deal) in &deals {
        // The sweep, which looks for itself, may see a version for the first time.
        let reads = sides.reads_of([&deal.referral, &deal.record]).await;
        assert!(reads <= 6, "quiet after {story:?}: {after:#?}");
    }
    let status = sides.status().await;
    assert_eq!(status["parked_count"], 0, "{status:#}");
}

#[tokio::test]
async fn what_microsoft_sends_and_changes_costs_just_its_calls() {
    use Story::{
        AccountMatched, Arrives, ByMicrosoft, Expired, HalfLost, Identifier, SolutionByMicrosoft,
    };
    cost(&[
        Arrives,
        AccountMatched,
        ByMicrosoft,
        SolutionByMicrosoft,
        Expired,
        HalfLost,
        Identifier,
    ])
    .await;
}

#[tokio::test]
async fn what_a_rep_does_costs_just_its_calls() {
    use Story::{Answered, ByRep, Declined, Lost, Solutions, Won};
    cost(&[ByRep, Answered, Declined, Lost, Won, Solutions]).await;
}

#[tokio::test]
async fn what_a_rep_shares_costs_just_its_calls() {
    use Story::{AsksForHelp, Copied, Person, PersonAtMicrosoft, Shares};
    cost(&[Shares, AsksForHelp, Copied, Person, PersonAtMicrosoft]).await;
}

#[tokio::test]
async fn what_goes_and_comes_back_costs_just_its_calls() {
    use Story::{Cleared, Deleted, FlagOff, Unreadable};
    cost(&[Deleted, Cleared, FlagOff, Unreadable]).await;
}

#[tokio::test]
async fn what_happens_to_leads_costs_just_its_calls() {
    use Story::{Lead, LeadContacted, LeadConverted};
    cost(&[Lead, LeadContacted, LeadConverted]).await;
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.rep_accepts(&referral, &deal).await;
    sides.settled().await;
    // Only the service patches referrals.
    let order = json!({"system": "partner_center", "kind": "expired_token", "method": "PATCH"});
    sides.fault(&order).await;
    sides.rep_changes(&deal, &json!({"Amount": 9000})).await;
    eventually("the amount arrives", async || {
        let left = sides.referral(&referral).await;
        same_number(&left["details"]["dealValue"], 9000).then_some(())
    })
    .await;
    sides.settled().await;
    let found = sides.opportunity(&deal).await;
    assert!(text(&found, "/Audit__c").contains("Amount"), "{found:#}");
    let status = sides.status().await;
    assert_eq!((&status["parked_count"], &status["denied"]), (&json!(0), &json!([])), "{status:#}");
}
