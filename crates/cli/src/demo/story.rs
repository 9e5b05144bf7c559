//! The story: one deal from Microsoft, one from a rep, changes on both sides, and then quiet.
//!
//! In: the two systems. Out: what happened, line by line, and whether all of it was as promised.
//! Must not know: the service; it looks only at the two systems, as a user would.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::deals::{Deals, inbound, shown, text};
use crate::terminal::{Stop, print};

/// How long nothing may be written after everything was said.
const QUIET: Duration = Duration::from_secs(10);

/// Tells the story; false when something was not as promised.
pub(super) async fn tell(ready: &Value) -> Result<bool, Stop> {
    let mut teller = Teller { began: Instant::now() };
    match teller.acts(ready).await {
        Ok(()) => {
            print("\nAll of it was as promised: both sides agree, and they are quiet.\n")?;
            Ok(true)
        }
        Err(Failure::Told(what)) => {
            print(&format!("   ✘ {what}\n\nThis was not as promised.\n"))?;
            Ok(false)
        }
        Err(Failure::Mute(stop)) => Err(stop),
    }
}

/// Why the story ended early.
enum Failure {
    /// Something was not as promised.
    Told(String),
    /// Nobody listens.
    Mute(Stop),
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Failure::Told(what)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Failure::Mute(stop)
    }
}

struct Teller {
    began: Instant,
}

impl Teller {
    fn say(&self, line: &str) -> Result<(), Failure> {
        Ok(print(&format!("{:>5.1} s  {line}\n", self.began.elapsed().as_secs_f32()))?)
    }

    async fn acts(&mut self, ready: &Value) -> Result<(), Failure> {
        let deals = Deals::new(ready)?;
        let (referral, opportunity) = self.arrives(&deals).await?;
        self.value_changes(&deals, &referral, &opportunity).await?;
        self.rep_moves(&deals, &referral, &opportunity).await?;
        let (own_referral, own_opportunity) = self.rep_shares(&deals).await?;
        self.both_edit(&deals, &referral, &opportunity).await?;
        self.quiet(&deals).await?;
        for (referral, opportunity) in
            [(&referral, &opportunity), (&own_referral, &own_opportunity)]
        {
            let found = deals.out_of_step(referral, opportunity).await?;
            if let Some(first) = found.into_iter().next() {
                return Err(Failure::Told(first));
            }
        }
        self.say("   ✔ read once more: both deals agree, field by field")
    }

    async fn arrives(&self, deals: &Deals) -> Result<(String, String), Failure> {
        self.say("1. Microsoft sends a deal: a referral appears in Partner Center")?;
        let referral = deals.microsoft_sends(&inbound()).await?;
        let id = text(&referral, &["id"]).to_owned();
        let condition = format!("Referral_Identifier__c = '{id}'");
        let found = deals
            .wait("the referral becomes an opportunity", || async {
                Ok(deals.opportunities(&condition).await?.into_iter().next())
            })
            .await?;
        self.say(&format!(
            "   ✔ Salesforce has the opportunity `{}`: {} {}, stage {}, close date {}, account {}",
            shown(&found, &["Name"]),
            shown(&found, &["Amount"]),
            shown(&found, &["CurrencyIsoCode"]),
            shown(&found, &["StageName"]),
            shown(&found, &["CloseDate"]),
            shown(&found, &["Account", "Name"]),
        ))?;
        Ok((id, text(&found, &["Id"]).to_owned()))
    }

    async fn value_changes(
        &self,
        deals: &Deals,
        referral: &str,
        opportunity: &str,
    ) -> Result<(), Failure> {
        self.say("2. Its value changes at Microsoft: 125000 becomes 142500.50")?;
        let change: Value = serde_json::from_str(r#"{"details":{"dealValue":142500.50}}"#)
            .map_err(|error| error.to_string())?;
        deals.microsoft_changes(referral, &change).await?;
        self.amount(deals, opportunity, "142500.5").await?;
        self.say("   ✔ the opportunity's amount is 142500.50")
    }

    async fn amount(&self, deals: &Deals, opportunity: &str, wanted: &str) -> Result<(), Failure> {
        let wanted = number(wanted)?;
        deals
            .wait("the amount changes in Salesforce", || async {
                let found = deals.opportunity(opportunity).await?;
                Ok((number(&shown(&found, &["Amount"])).ok() == Some(wanted)).then_some(()))
            })
            .await
            .map_err(Failure::Told)
    }

    async fn rep_moves(
        &self,
        deals: &Deals,
        referral: &str,
        opportunity: &str,
    ) -> Result<(), Failure> {
        self.say("3. A rep moves the stage to Qualification and the close date to 2027-09-15")?;
        let change = json!({"StageName": "Qualification", "CloseDate": "2027-09-15"});
        deals.rep_changes(opportunity, &change).await?;
        deals
            .wait("Microsoft is told", || async {
                let found = deals.referral(referral).await?;
                let accepted = text(&found, &["status"]) == "Active"
                    && text(&found, &["substatus"]) == "Accepted";
                let closing = text(&found, &["details", "closingDateTime"]);
                Ok((accepted && closing.starts_with("2027-09-15")).then_some(()))
            })
            .await?;
        self.say("   ✔ Partner Center: Active/Accepted, closing 2027-09-15")
    }

    async fn rep_shares(&self, deals: &Deals) -> Result<(String, String), Failure> {
        self.say("4. A rep flags a new opportunity for Microsoft")?;
        let account = json!({
            "Name": "Harrow & Pell Bakeries Ltd", "BillingStreet": "3 Flour Lane",
            "BillingCity": "Leeds", "BillingPostalCode": "LS1 1AA", "BillingCountry": "GB"
        });
        let account = deals.rep_makes("Account", &account).await?;
        let opportunity = json!({
            "Name": "Harrow & Pell - bakery planning", "StageName": "Needs Analysis",
            "CloseDate": "2027-04-30", "Amount": 48_000, "CurrencyIsoCode": "GBP",
            "Description": "Planning for 12 bakeries.", "Customer_Consent__c": true,
            "AccountId": account
        });
        let opportunity = deals.rep_makes("Opportunity", &opportunity).await?;
        let solution = json!({
            "Opportunity__c": opportunity, "Name": "Route Planner",
            "Solution_Identifier__c": "SOL-20417-TWA"
        });
        deals.rep_makes("Microsoft_Solution__c", &solution).await?;
        deals.rep_changes(&opportunity, &json!({"Sync_with_Partner_Center__c": true})).await?;
        let linked = deals
            .wait("the opportunity becomes a referral, and its id is written back", || async {
                let found = deals.opportunity(&opportunity).await?;
                let id = text(&found, &["Referral_Identifier__c"]).to_owned();
                Ok((!id.is_empty()).then_some(id))
            })
            .await?;
        self.say(&format!(
            "   ✔ Partner Center has the referral {linked}; id and link are written back"
        ))?;
        // Our own create comes back as a webhook: give it time to do harm, then count.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let referrals = deals.referrals_of(&opportunity).await?.len();
        let name = "Harrow & Pell - bakery planning";
        let twins = deals.opportunities(&format!("Name LIKE '%{name}'")).await?;
        let twins = twins.iter().filter(|o| text(o, &["Referral_Identifier__c"]) == linked).count();
        if (referrals, twins) != (1, 1) {
            return Err(Failure::Told(format!(
                "expected one referral and one opportunity, found {referrals} and {twins}"
            )));
        }
        self.say(
            "   ✔ our own create came back as a webhook: still one referral, one opportunity",
        )?;
        Ok((linked, opportunity))
    }

    async fn both_edit(
        &self,
        deals: &Deals,
        referral: &str,
        opportunity: &str,
    ) -> Result<(), Failure> {
        self.say("5. Both sides change the value at once: the rep to 160000, Microsoft to 150000")?;
        let rep = json!({"Amount": 160_000});
        let microsoft = json!({"details": {"dealValue": 150_000}});
        // At once: a change that is seen alone goes over before the other one is made.
        let (first, second) = tokio::join!(
            deals.microsoft_changes(referral, &microsoft),
            deals.rep_changes(opportunity, &rep)
        );
        first?;
        second?;
        let wanted = number("160000")?;
        deals
            .wait("the opportunity's value wins", || async {
                let left = deals.referral(referral).await?;
                let right = deals.opportunity(opportunity).await?;
                let left = number(&shown(&left, &["details", "dealValue"])).ok();
                let right = number(&shown(&right, &["Amount"])).ok();
                Ok((left == Some(wanted) && right == Some(wanted)).then_some(()))
            })
            .await?;
        self.say("   ✔ `wins opportunity unless blank` decided: 160000 on both sides")
    }

    async fn quiet(&self, deals: &Deals) -> Result<(), Failure> {
        self.say("6. Nobody changes anything for ten seconds")?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = deals.writes().await?;
        tokio::time::sleep(QUIET).await;
        let after = deals.writes().await?;
        let (salesforce, partner_center) =
            (after.salesforce - before.salesforce, after.partner_center - before.partner_center);
        if (salesforce, partner_center) != (0, 0) {
            return Err(Failure::Told(format!(
                "expected no write, counted {salesforce} in Salesforce and {partner_center} in Partner Center"
            )));
        }
        self.say(&format!(
            "   ✔ counted at both systems: 0 writes (before: {} in Salesforce, {} in Partner Center)",
            before.salesforce, before.partner_center
        ))
    }
}

fn number(digits: &str) -> Result<mapping::decimal::Decimal, String> {
    mapping::decimal::Decimal::parse(digits).map_err(|_| format!("`{digits}` is not a number"))
}
