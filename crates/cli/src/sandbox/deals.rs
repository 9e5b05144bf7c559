//! `cosell sandbox microsoft` and `portal`: people who act on referrals.
//!
//! In: an act. Out: the referral as it is then. Must not know: how the sandbox carries it out.

use serde_json::{Value, json};

use crate::command::sandbox::{Ending, Microsoft, MicrosoftAct, Portal, PortalAct, SignIn};
use crate::terminal::Stop;

use super::talk::{Talk, Who};
use super::values;

/// Acts as Microsoft's seller.
pub(super) fn microsoft(args: &Microsoft) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    let act = |id: &str, act: &str, body: &Value| {
        talk.need(Who::Admin, "POST", &format!("/partner-center/microsoft/{id}/{act}"), Some(body))
    };
    let done = match &args.act {
        MicrosoftAct::New(given) => {
            let body = values::nested(given)?;
            talk.need(Who::Admin, "POST", "/partner-center/microsoft/ask", Some(&body))?
        }
        MicrosoftAct::Accept(deal) => act(&deal.id, "accept", &json!({}))?,
        MicrosoftAct::Decline(ending) => act(&ending.id, "decline", &reason(ending))?,
        MicrosoftAct::Win(ending) => act(&ending.id, "win", &reason(ending))?,
        MicrosoftAct::Lose(ending) => act(&ending.id, "lose", &reason(ending))?,
        MicrosoftAct::Edit(edit) => {
            act(&edit.id, "edit", &values::some(values::nested(&edit.values)?)?)?
        }
        MicrosoftAct::CrmId(given) => {
            let body =
                given.crm_id.as_ref().map_or_else(|| json!({}), |id| json!({ "msx_id": id }));
            act(&given.id, "track", &body)?
        }
    };
    talk.show(&done, |done| match (done.get("own"), done.get("microsoft")) {
        (Some(own), Some(half)) => line(own) + &line(half),
        (_, _) => line(done),
    })
}

fn reason(ending: &Ending) -> Value {
    ending.reason.as_ref().map_or_else(|| json!({}), |reason| json!({ "reason": reason }))
}

/// Acts as the partner's user.
pub(super) fn portal(args: &Portal) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    let edit = |id: &str, body: &Value| {
        talk.need(
            Who::Admin,
            "PATCH",
            &format!("/partner-center/portal/referrals/{id}"),
            Some(body),
        )
    };
    let done = match &args.act {
        PortalAct::List(count) => {
            let path = format!("/partner-center/referrals?$top={}", count.limit.max(1));
            talk.need(Who::Admin, "GET", &path, None)?
        }
        PortalAct::Show(deal) => {
            let path = format!("/partner-center/referrals/{}", deal.id);
            let referral = talk.need(Who::Admin, "GET", &path, None)?;
            // A whole referral is for reading as it is.
            return talk.show(&referral, |referral| format!("{referral:#}\n"));
        }
        PortalAct::New(given) => {
            let mut body = whole_deal();
            merge(&mut body, values::nested(given)?);
            talk.need(Who::Admin, "POST", "/partner-center/portal/referrals", Some(&body))?
        }
        PortalAct::Accept(deal) => {
            edit(&deal.id, &json!({ "status": "Active", "substatus": "Accepted" }))?
        }
        PortalAct::Decline(ending) => {
            let mut body = json!({ "status": "Closed", "substatus": "Declined" });
            if let Some(reason) = &ending.reason {
                merge(&mut body, json!({ "statusReason": reason }));
            }
            edit(&ending.id, &body)?
        }
        PortalAct::SignIn(given) => return sign_in(&talk, given),
        PortalAct::Edit(change) => {
            edit(&change.id, &values::some(values::nested(&change.values)?)?)?
        }
    };
    talk.show(&done, |done| match done.get("value").and_then(Value::as_array) {
        Some(all) if all.is_empty() => "there are no referrals\n".to_owned(),
        Some(all) => all.iter().map(line).collect(),
        None => line(done),
    })
}

/// Signs in for a program that shows a code.
fn sign_in(talk: &Talk, given: &SignIn) -> Result<(), Stop> {
    let body = json!({
        "user_code": given.code,
        "user": given.user,
        "mfa": !given.without_mfa,
        "decline": given.decline,
    });
    let done = talk.need(Who::Admin, "POST", "/partner-center/sign-in", Some(&body))?;
    talk.show(&done, |done| match done.get("user").and_then(Value::as_str) {
        Some(user) => format!("signed in as {user}\n"),
        None => "declined\n".to_owned(),
    })
}

/// What a new deal needs, for whoever names only what matters to them.
fn whole_deal() -> Value {
    json!({
        "name": "Fleet telemetry",
        "type": "Independent",
        "qualification": "SalesQualified",
        "customerProfile": {
            "name": "Alpine Freight AG",
            "address": {
                "addressLine1": "Gotthardstrasse 7", "city": "Altdorf", "state": "UR",
                "postalCode": "6460", "country": "CH",
            },
            "team": [],
        },
        "consent": {
            "consentToToShareInfoWithOthers": true,
            "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": false,
        },
        "details": {
            "notes": "Wants a demo before the budget round.",
            "dealValue": 48_000, "currency": "CHF", "closingDateTime": "2027-06-30T00:00:00Z",
            "requirements": { "solutions": [{ "id": "SOL-20417-TWA", "type": "Name", "name": "Route Planner" }] },
        },
        "team": [{
            "firstName": "Riley", "lastName": "Rep", "email": "riley.rep@sandbox.example",
        }],
    })
}

fn merge(whole: &mut Value, given: Value) {
    match (whole, given) {
        (Value::Object(whole), Value::Object(given)) => {
            for (name, value) in given {
                merge(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, given) => *whole = given,
    }
}

/// One referral on one line.
fn line(referral: &Value) -> String {
    let text = |pointer: &str| match referral.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "-".to_owned(),
    };
    let half =
        if text("/organizationId") == "msft" { "Microsoft's half" } else { "partner's half" };
    let status = format!("{}/{}", text("/status"), text("/substatus"));
    format!(
        "{}  {status:<17} {half:<16} {} {}  {} ({})\n",
        text("/id"),
        text("/details/dealValue"),
        text("/details/currency"),
        text("/name"),
        text("/customerProfile/name"),
    )
}
