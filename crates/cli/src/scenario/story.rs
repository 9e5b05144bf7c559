//! The story: a deal of a rep, a deal made in Partner Center, changes on both sides, and then quiet.
//!
//! In: both systems. Out: steps, each as promised or not. Must not know: the service; it looks only at the two systems,
//! as their users do.

use connect::salesforce::{Equality, Filter, Literal};
use connect::{RecordId, ReferralId};
use mapping::decimal::Decimal;
use serde_json::{Value, json};

use super::ground::{Ground, Sold};
use super::{Failed, Steps};

/// A deal of the story.
struct Deal {
    referral: ReferralId,
    opportunity: RecordId,
}

/// Tells it, until a step is not as promised.
pub(super) async fn tell(ground: &Ground, steps: &mut Steps) -> Result<(), Failed> {
    let solution = steps.take("a solution to sell is known", solution(ground)).await?;
    let own = steps
        .take("a rep shares an opportunity: it becomes one referral", rep_shares(ground, &solution))
        .await?;
    steps
        .take(
            "its value changes in Partner Center: the opportunity has it",
            partner_changes(ground, &own),
        )
        .await?;
    steps
        .take("a rep moves the closing date: Partner Center has it", rep_changes(ground, &own))
        .await?;
    steps
        .take("both change the value at once: one of them holds on both sides", both(ground, &own))
        .await?;
    let other = steps
        .take(
            "a deal is made in Partner Center: it becomes one opportunity",
            portal(ground, &solution),
        )
        .await?;
    let deals = [own, other];
    steps.take("nobody changes anything: nothing is written", quiet(ground, &deals)).await?;
    steps.take("both deals, read once more, agree line by line", agree(ground, &deals)).await?;
    Ok(())
}

async fn solution(ground: &Ground) -> Result<(Sold, String), String> {
    let solution = ground.solution().await?;
    let said = format!("solution {}", solution.id);
    Ok((solution, said))
}

async fn rep_shares(ground: &Ground, solution: &Sold) -> Result<(Deal, String), String> {
    let flag = ground.flag()?;
    let owner = ground.owner().await?;
    let account = ground.makes("Account", &ground.account()).await?;
    let mut fields = json!({
        "Name": format!("{} own", ground.mark), "AccountId": account.as_str(), "StageName": "Needs Analysis",
        "CloseDate": day(150), "Amount": 48_000, "OwnerId": owner.as_str(),
        "Description": "Made by `cosell scenario`, and taken away again."
    });
    for (field, value) in [("CurrencyIsoCode", json!("GBP")), ("Customer_Consent__c", json!(true))]
    {
        if ground.reads(field) {
            fields[field] = value;
        }
    }
    let opportunity = ground.makes("Opportunity", &fields).await?;
    if let Some(list) =
        ground.map.watches().iter().find(|list| list.object == "Microsoft_Solution__c")
    {
        let fields = json!({
            "Name": solution.name, "Solution_Identifier__c": solution.id, (list.parent_field.clone()): opportunity.as_str()
        });
        ground.makes(&list.object, &fields).await?;
    }
    ground.rep_changes(&opportunity, &json!({ flag: true })).await?;
    let key = ground.map.key_field();
    let referral = ground
        .wait_for(opportunity.as_str(), async || {
            let now = body(&ground.opportunity(&opportunity).await?.body);
            Ok(now[key].as_str().and_then(|id| ReferralId::parse(id).ok()))
        })
        .await
        .map_err(|why| format!("the opportunity {opportunity} has no referral: {why}"))?;
    let names = |referral: &Value| {
        let named =
            referral["externalReferenceId"].as_str().and_then(|id| RecordId::parse(id).ok());
        named.as_ref() == Some(&opportunity)
    };
    let made = ground.referrals(names).await?.len();
    if made != 1 {
        return Err(format!(
            "expected one referral for the opportunity {opportunity}, found {made}"
        ));
    }
    let said = format!("opportunity {opportunity}, referral {referral}");
    Ok((Deal { referral, opportunity }, said))
}

async fn partner_changes(ground: &Ground, deal: &Deal) -> Result<((), String), String> {
    ground.partner_changes(&deal.referral, &[("/details/dealValue", json!(52_500.5))]).await?;
    ground
        .wait(async || {
            let now = body(&ground.opportunity(&deal.opportunity).await?.body);
            Ok(is(&now["Amount"], "52500.5").then_some(()))
        })
        .await?;
    Ok(((), "52500.50 on both sides".to_owned()))
}

async fn rep_changes(ground: &Ground, deal: &Deal) -> Result<((), String), String> {
    let day = day(200);
    ground.rep_changes(&deal.opportunity, &json!({ "CloseDate": day })).await?;
    ground
        .wait(async || {
            let now = body(&ground.referral(&deal.referral).await?.body);
            let closing = now.pointer("/details/closingDateTime").and_then(Value::as_str);
            Ok(closing.is_some_and(|closing| closing.starts_with(&day)).then_some(()))
        })
        .await?;
    Ok(((), format!("closing {day} on both sides")))
}

async fn both(ground: &Ground, deal: &Deal) -> Result<((), String), String> {
    let microsoft = [("/details/dealValue", json!(150_000))];
    let rep = json!({ "Amount": 160_000 });
    let (first, second) = tokio::join!(
        ground.partner_changes(&deal.referral, &microsoft),
        ground.rep_changes(&deal.opportunity, &rep)
    );
    first?;
    second?;
    let held = ground
        .wait(async || {
            let left = body(&ground.referral(&deal.referral).await?.body);
            let right = body(&ground.opportunity(&deal.opportunity).await?.body);
            let value = left.pointer("/details/dealValue").unwrap_or(&Value::Null);
            let held = ["150000", "160000"]
                .into_iter()
                .find(|held| is(value, held) && is(&right["Amount"], held));
            Ok(held)
        })
        .await?;
    Ok(((), format!("{held} on both sides")))
}

async fn portal(ground: &Ground, solution: &Sold) -> Result<(Deal, String), String> {
    let (customer, member) = (format!("{} portal", ground.mark), ground.member().await?);
    let referral = json!({
        "name": customer, "type": "Shared", "qualification": "SalesQualified", "team": [member],
        "customerProfile": {
            "name": customer,
            "address": {
                "addressLine1": "Gotthardstrasse 7", "city": "Altdorf", "state": "UR", "postalCode": "6460", "country": "CH"
            },
            "team": []
        },
        "consent": {
            "consentToToShareInfoWithOthers": true, "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": true
        },
        "details": {
            "notes": "Made by `cosell scenario`, and closed again.", "dealValue": 125_000, "currency": "CHF",
            "closingDateTime": format!("{}T00:00:00Z", day(180)),
            "requirements": { "solutions": [{ "id": solution.id, "type": "Name", "name": solution.name }] }
        }
    });
    let made = ground.partner_center.create(&referral.to_string()).await;
    let referral = made.map_err(|error| format!("partner center: {error}"))?.id;
    let by_key = Filter::Equal(vec![Equality {
        field: ground.map.key_field().to_owned(),
        value: Literal::Text(referral.to_string()),
    }]);
    let opportunity = ground
        .wait_for(referral.as_str(), async || {
            Ok(ground.opportunities(&by_key).await?.into_iter().next().map(|row| row.id))
        })
        .await
        .map_err(|why| format!("the referral {referral} has no opportunity: {why}"))?;
    let made = ground.opportunities(&by_key).await?.len();
    if made != 1 {
        return Err(format!("expected one opportunity for the referral {referral}, found {made}"));
    }
    let said = format!("referral {referral}, opportunity {opportunity}");
    Ok((Deal { referral, opportunity }, said))
}

/// The versions of all four records, which every write changes.
async fn versions(ground: &Ground, deals: &[Deal]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for deal in deals {
        let referral = ground.referral(&deal.referral).await?;
        let opportunity = ground.opportunity(&deal.opportunity).await?;
        found.push(format!("{:?} {:?}", referral.etag, referral.updated));
        found.push(format!("{:?}", opportunity.modified));
    }
    Ok(found)
}

async fn quiet(ground: &Ground, deals: &[Deal]) -> Result<((), String), String> {
    // First the last writes of the steps before are let arrive.
    let mut before = versions(ground, deals).await?;
    let settled = ground
        .wait(async || {
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            let now = versions(ground, deals).await?;
            let same = now == before;
            before = now;
            Ok(same.then_some(()))
        })
        .await;
    settled.map_err(|why| format!("the records are written to again and again: {why}"))?;
    tokio::time::sleep(ground.quiet).await;
    if versions(ground, deals).await? == before {
        return Ok((
            (),
            format!("no record has another version after {} s", ground.quiet.as_secs()),
        ));
    }
    Err(format!(
        "a record was written to within {} s, though nobody changed anything",
        ground.quiet.as_secs()
    ))
}

async fn agree(ground: &Ground, deals: &[Deal]) -> Result<((), String), String> {
    for deal in deals {
        let found = ground.out_of_step(&deal.referral, &deal.opportunity).await?;
        if let Some(first) = found.first() {
            return Err(format!("{}: {first}", deal.opportunity));
        }
    }
    Ok(((), "a fresh look would write nothing".to_owned()))
}

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether two numbers are the same, however they are written.
fn is(found: &Value, wanted: &str) -> bool {
    let decimal = |digits: &str| Decimal::parse(digits).ok();
    decimal(&found.to_string()).is_some_and(|found| Some(found) == decimal(wanted))
}

/// A day some days from now, as both systems write it.
fn day(days: i64) -> String {
    let now = mapping::Timestamp::now();
    let later = mapping::Timestamp::from_second(now.as_second() + days * 86_400).unwrap_or(now);
    later.to_string().chars().take(10).collect()
}
