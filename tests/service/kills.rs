//! Processes killed in the middle of work: nothing is lost, nothing is doubled.
//!
//! In: a machine, edits on both sides, kills at moments of chance. Out: agreement, every last edit
//! on both sides. Must not know: what the service was doing when it was killed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::chance::{Chance, kills};
use crate::machine::Machine;
use crate::sides::{Sides, inbound, same_number, text};

/// A deal with the last edits of each side. Microsoft edits notes and date, the rep the rest, so
/// that no edit may be lost to a rule of the map.
#[derive(Debug, Default)]
struct Deal {
    referral: Option<String>,
    opportunity: Option<String>,
    notes: Option<String>,
    amount: Option<u64>,
    campaign: Option<String>,
}

struct Work<'s> {
    sides: &'s Sides,
    chance: Chance,
    deals: Vec<Deal>,
    made: u64,
}

impl<'s> Work<'s> {
    fn new(sides: &'s Sides, story: u64) -> Self {
        Self { sides, chance: Chance::new(story), deals: Vec::new(), made: 0 }
    }

    /// Something happens on one side or both.
    async fn something(&mut self) {
        self.made += 1;
        let number = self.made;
        match self.chance.below(6) {
            0 | 1 if self.deals.len() < 40 => self.new_deal(number).await,
            _ => {
                for _ in 0..=self.chance.below(3) {
                    self.edit(number).await;
                }
            }
        }
    }

    async fn new_deal(&mut self, number: u64) {
        let mut deal = Deal::default();
        if self.chance.below(2) == 0 {
            // Some customers come again: their account must not be made twice.
            let customer = format!("Alpine {}", number / 4);
            deal.referral = Some(self.sides.microsoft_sends(&inbound(&customer)).await);
        } else {
            let name = format!("Harrow {number}");
            deal.opportunity = Some(self.sides.rep_shares(&name).await);
        }
        self.deals.push(deal);
    }

    async fn edit(&mut self, number: u64) {
        let count = u64::try_from(self.deals.len()).unwrap();
        let at = usize::try_from(self.chance.below(count)).unwrap();
        let choice = self.chance.below(3);
        let Some(deal) = self.deals.get_mut(at) else { return };
        match (choice, deal.referral.clone(), deal.opportunity.clone()) {
            (0, Some(referral), _) => {
                let notes = format!("Notes of edit {number}.");
                let change = json!({"details": {"notes": notes}});
                self.sides.microsoft_changes(&referral, &change).await;
                deal.notes = Some(notes);
            }
            (1, _, Some(opportunity)) => {
                let amount = 50_000 + number;
                // A deal of Microsoft's is on hold until a rep has answered.
                let change = json!({"Amount": amount, "StageName": "Qualification"});
                self.sides.rep_changes(&opportunity, &change).await;
                deal.amount = Some(amount);
            }
            (_, _, Some(opportunity)) => {
                let campaign = format!("C-{number}");
                let change = json!({"Campaign_Code__c": campaign, "StageName": "Qualification"});
                self.sides.rep_changes(&opportunity, &change).await;
                deal.campaign = Some(campaign);
            }
            (_, _, None) => {}
        }
    }

    /// Learns the partners that deals have got meanwhile.
    async fn look(&mut self) {
        let opportunities = self.sides.opportunities("Referral_Identifier__c != null").await;
        for found in &opportunities {
            let (id, referral) = (text(found, "/Id"), text(found, "/Referral_Identifier__c"));
            for deal in &mut self.deals {
                if deal.referral.as_deref() == Some(referral) {
                    deal.opportunity = Some(id.to_owned());
                }
                if deal.opportunity.as_deref() == Some(id) {
                    deal.referral = Some(referral.to_owned());
                }
            }
        }
    }

    /// Every deal has both records, and both carry the last edits of both sides.
    async fn nothing_was_lost(&mut self) {
        self.look().await;
        let referrals = self.sides.referrals().await;
        let opportunities = self.sides.opportunities("Id != null").await;
        assert_eq!(referrals.len(), opportunities.len());
        let mut lost = Vec::new();
        for deal in &self.deals {
            let by = |all: &[Value], pointer: &str, id: &Option<String>| {
                let fits = |v: &&Value| id.as_deref() == Some(text(v, pointer));
                all.iter().find(fits).cloned().unwrap_or_default()
            };
            let left = by(&referrals, "/id", &deal.referral);
            let right = by(&opportunities, "/Id", &deal.opportunity);
            if let Some(notes) = &deal.notes {
                lost.extend(
                    (text(&left, "/details/notes") != notes).then_some((deal, "left notes")),
                );
                lost.extend((text(&right, "/Description") != notes).then_some((deal, "notes")));
            }
            if let Some(amount) = deal.amount {
                let (l, r) = (&left["details"]["dealValue"], &right["Amount"]);
                lost.extend((!same_number(l, amount)).then_some((deal, "deal value")));
                lost.extend((!same_number(r, amount)).then_some((deal, "amount")));
            }
            if let Some(campaign) = &deal.campaign {
                lost.extend((text(&left, "/campaignId") != campaign).then_some((deal, "campaign")));
            }
        }
        assert!(lost.is_empty(), "lost: {lost:#?}");
    }
}

#[tokio::test]
async fn a_service_that_is_killed_again_and_again_loses_nothing() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut work = Work::new(&sides, 1);
    work.new_deal(0).await;
    for _ in 0..kills(8) {
        for _ in 0..=work.chance.below(3) {
            work.something().await;
        }
        sleep(Duration::from_millis(5 + work.chance.below(395))).await;
        machine.kill("serve");
        work.something().await;
        machine.wait_for_new("serve").await;
        work.look().await;
    }
    sides.settled().await;
    work.nothing_was_lost().await;
}

#[tokio::test]
async fn all_killed_at_once_in_the_middle_of_the_story_go_on_where_they_were() {
    let mut machine = Machine::with_story().await;
    let mut sides = Sides::new(&machine.ready);
    let mut chance = Chance::new(2);
    sleep(Duration::from_millis(300 + chance.below(3000))).await;
    for round in 0..kills(8).div_ceil(3) {
        let name = format!("Brunner {round}");
        sides.microsoft_sends(&inbound(&name)).await;
        let shared = sides.rep_shares(&format!("Quill {round}")).await;
        sides.rep_changes(&shared, &json!({"Amount": 7000 + round})).await;
        sleep(Duration::from_millis(5 + chance.below(600))).await;
        machine.kill_all();
        sleep(Duration::from_millis(chance.below(200))).await;
        machine.start().await;
        assert!(machine.said().contains("told here before"), "{}", machine.said());
        sides = Sides::new(&machine.ready);
    }
    sides.settled().await;
    let count = sides.opportunities("Name LIKE '%Quill %'").await.len();
    assert_eq!(u64::try_from(count).unwrap(), kills(8).div_ceil(3));
    assert!(!machine.said().contains("1. Microsoft sends"), "{}", machine.said());
}

#[tokio::test]
async fn systems_that_are_killed_come_back_and_nothing_is_lost() {
    let mut machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let mut work = Work::new(&sides, 3);
    work.new_deal(0).await;
    work.new_deal(1).await;
    for _ in 0..kills(8).div_ceil(3) {
        work.something().await;
        work.something().await;
        sleep(Duration::from_millis(5 + work.chance.below(395))).await;
        machine.kill_and_wait("sandbox").await;
        work.look().await;
    }
    sides.settled().await;
    work.nothing_was_lost().await;
}
