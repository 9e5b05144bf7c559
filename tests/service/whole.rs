//! Whether each record of a story is there, and there once.
//!
//! In: both systems after a story. Out: nothing, or a failure that shows what is missing or double. Must not
//! know: what happened to the service meanwhile.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::acts::{Deal, Story, children};
use crate::sides::{Sides, text};

impl Story {
    /// Every record of the story's customer is there, once.
    pub(crate) async fn is_whole(self, sides: &Sides, deal: &Deal) {
        let customer = &deal.customer;
        let referrals = sides.referrals().await;
        let name =
            |one: &&Value| text(one, "/customerProfile/name").starts_with(&format!("{customer} "));
        let own: Vec<&Value> = referrals.iter().filter(name).collect();
        assert_eq!(own.len(), self.deals(), "{self:?}: referrals {own:#?}");
        let halves = sides.halves(text(own[0], "/id")).await;
        let asked = matches!(self, Self::AsksForHelp | Self::HalfLost);
        assert_eq!(halves.len(), usize::from(asked), "{self:?}: Microsoft's halves {halves:#?}");

        let leads = sides.leads(&format!("Company LIKE '{customer} %'")).await;
        let was_lead = matches!(self, Self::Lead | Self::LeadContacted | Self::LeadConverted);
        assert_eq!(leads.len(), usize::from(was_lead), "{self:?}: leads {leads:#?}");

        let is_lead = was_lead && self != Self::LeadConverted;
        let deals = sides.opportunities(&format!("Account.Name LIKE '{customer} %'")).await;
        let expected = if is_lead { 0 } else { self.deals() };
        assert_eq!(deals.len(), expected, "{self:?}: opportunities {deals:#?}");
        let accounts = sides.count(&format!("Account WHERE Name LIKE '{customer} %'")).await;
        assert_eq!(accounts, u64::from(!is_lead), "{self:?}: accounts");

        for deal in &deals {
            for (list, key) in [
                ("Microsoft_Solutions__r", "/Solution_Identifier__c"),
                ("OpportunityContactRoles", "/Contact/Email"),
            ] {
                let rows = children(deal, list);
                let keys: BTreeSet<&str> = rows.iter().map(|row| text(row, key)).collect();
                assert_eq!(keys.len(), rows.len(), "{self:?}: {list} {rows:#?}");
            }
        }
    }
}
