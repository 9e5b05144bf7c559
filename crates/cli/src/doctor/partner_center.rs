//! Partner Center: the sign-in with its second factor, the role, the referrals, the webhook.
//!
//! In: a client. Out: checks. Must not know: what a referral says beyond its organisation and solutions.

use std::collections::BTreeSet;

use connect::PartnerCenter;
use connect::partner_center::{List, Order};
use runner::config::{Config, Reach};
use runner::webhook::{Found, compare};
use serde_json::Value;

use super::{Check, failed};
use crate::terminal::count;

/// All of them.
pub(super) async fn look(config: &Config, partner_center: &PartnerCenter) -> Vec<Check> {
    if let Err(error) = partner_center.sign_in().await {
        return vec![
            failed("partner-center-sign-in", &error),
            Check::skipped("partner-center-referrals", "not signed in"),
            Check::skipped("webhook-registration", "not signed in"),
        ];
    }
    let tenant = &config.partner_center.tenant;
    let mut checks = vec![Check::fine("partner-center-sign-in", format!("signed in to {tenant}"))];
    checks.extend(referrals(partner_center).await);
    checks.push(registration(config, partner_center).await);
    checks
}

/// Whether referrals can be seen, of whom, and whether a solution is among them.
async fn referrals(partner_center: &PartnerCenter) -> Vec<Check> {
    let id = "partner-center-referrals";
    let list = List { filter: None, order: Order::UpdatedDescending, token: None };
    let page = match partner_center.list(&list).await {
        Ok(page) => page,
        Err(error) => return vec![failed(id, &error)],
    };
    let bodies: Vec<Value> =
        page.records.iter().filter_map(|one| serde_json::from_str(&one.body).ok()).collect();
    let text = |body: &Value, name: &str| body.get(name)?.as_str().map(str::to_owned);
    let partners: BTreeSet<String> = bodies
        .iter()
        .filter_map(|body| text(body, "organizationId"))
        .filter(|partner| partner != "msft")
        .collect();
    let more = if page.next.is_some() { "more than " } else { "" };
    let said = format!("{more}{} can be read", count(bodies.len(), "referral"));
    let mut checks = vec![if bodies.is_empty() {
        let to_do =
            "the role allows it; see that the user's location is the one with the referrals";
        Check::note(id, "0 referrals can be read, and reading is allowed", to_do)
    } else {
        Check::fine(id, said)
    }];
    if partners.len() > 1 {
        let list: Vec<&str> = partners.iter().map(String::as_str).collect();
        let said = format!("referrals of {} partners: {}", partners.len(), list.join(", "));
        let to_do = "see that the user belongs to the location whose deals are meant";
        checks.push(Check::note("partner-center-partner", said, to_do));
    } else if let Some(partner) = partners.first() {
        checks.push(Check::fine("partner-center-partner", format!("the partner is {partner}")));
    }
    let solutions = bodies.iter().any(|body| {
        let list = body.pointer("/details/requirements/solutions").and_then(Value::as_array);
        list.is_some_and(|list| !list.is_empty())
    });
    checks.push(if solutions {
        Check::fine("solution-ready", "solutions are named in referrals")
    } else {
        Check::note(
            "solution-ready",
            "no referral that can be read names a solution",
            "publish a co-sell ready solution before deals are shared: a deal needs one",
        )
    });
    checks
}

/// Whose the webhook is.
async fn registration(config: &Config, partner_center: &PartnerCenter) -> Check {
    let id = "webhook-registration";
    if config.reach != Reach::Both {
        return Check::skipped(id, "it belongs to the environment that writes to this account");
    }
    let settings = &config.partner_center.webhook;
    let found = match partner_center.registration().await {
        Ok(found) => found,
        Err(error) => return failed(id, &error),
    };
    let Some(url) = runner::serve::webhook_url(config) else {
        return Check::skipped(id, "the service has no address of its own (`public_url`)");
    };
    match compare(found.as_ref(), &url, &settings.events) {
        Found::Ours => Check::fine(id, "it is ours, with all events"),
        Found::Nothing if settings.register => {
            Check::fine(id, "there is none; the service makes it at its start")
        }
        Found::Nothing => Check::wrong(id, "there is none", "cosell webhook register"),
        Found::Lacks(events) => {
            Check::wrong(id, format!("it lacks {}", events.join(", ")), "cosell webhook register")
        }
        Found::Foreign(other) => Check::wrong(
            id,
            format!("{other} gets the events of this partner account"),
            "ask who that is; `cosell webhook register --overwrite` replaces it, `restore` gives it back",
        ),
    }
}
