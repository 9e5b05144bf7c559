//! People who act beside the API: Microsoft's seller, and the partner's own user in the portal. In come
//! their orders over the administration; out go changed referrals. Both keep the rules that the API keeps;
//! it must not know HTTP.

use serde_json::{Value, json};

use super::{
    PartnerHome, asked, auth, create, disorder, lifetime, oauth, patch,
    referral::{self, complete, text},
    refusal::{Done, Stop, invalid, no_address, not_found},
    registration, show, states,
};
use crate::{
    call::{Answer, Method},
    fault, moving, sign,
    store::Tx,
};

/// Carries out an order by its method and address.
pub(crate) fn order(
    home: &PartnerHome,
    tx: &Tx<'_>,
    method: Method,
    parts: &[&str],
    given: &Value,
) -> Done<Answer> {
    lifetime::pass(home, tx)?;
    Ok(match (method, parts) {
        (Method::Get, ["clock"]) => moving::shown(tx.clock),
        (Method::Post, ["clock"]) => {
            let answer = moving::moved(tx.clock, given);
            lifetime::pass(home, tx)?;
            answer
        }
        (method, ["partner-center", rest @ ..]) => act(home, tx, method, rest, given)?,
        (_, _) => return Err(no_address()),
    })
}

/// Carries out an order below `/partner-center`.
fn act(
    home: &PartnerHome,
    tx: &Tx<'_>,
    method: Method,
    parts: &[&str],
    given: &Value,
) -> Done<Answer> {
    let shown = |status, referral: &Value| Answer::json(status, show(home, referral));
    Ok(match (method, parts) {
        (Method::Post, ["microsoft", "ask"]) => {
            let [own, half] = asks(home, tx, given)?;
            let halves = json!({ "own": show(home, &own), "microsoft": show(home, &half) });
            Answer::json(201, halves)
        }
        (Method::Post, ["microsoft", id, act]) => shown(200, &seller(home, tx, id, act, given)?),
        (Method::Post, ["portal", "referrals"]) => shown(201, &new_deal(home, tx, given)?),
        (Method::Patch, ["portal", "referrals", id]) => {
            shown(200, &edit(home, tx, &id.to_lowercase(), given)?)
        }
        (Method::Post, ["webhooks", "disorder"]) => Answer::json(201, disorder::order(tx, given)?),
        (Method::Delete, ["webhooks", "disorder"]) => {
            disorder::end(tx)?;
            Answer::empty(204)
        }
        (Method::Get, ["switches"]) => Answer::json(200, home.switches.shown()),
        (Method::Put, ["switches"]) => Answer::json(200, home.switches.order(tx, given)?),
        (Method::Get, ["asked"]) => Answer::json(200, asked::shown(tx)?),
        (Method::Put, ["asked"]) => Answer::json(200, asked::order(tx, given)?),
        (Method::Get, ["limits"]) => Answer::json(200, home.limits.shown()),
        (Method::Put, ["limits"]) => Answer::json(200, home.limits.order(tx, given)?),
        (Method::Post, ["sign-in"]) => Answer::json(200, oauth::sign_in(tx, given)?),
        (Method::Delete, ["tokens"]) => {
            auth::revoke_all(tx)?;
            Answer::empty(204)
        }
        (Method::Post, ["tokens"]) => Answer::json(201, auth::handed_out(home, tx, given)?),
        (_, _) => return Err(no_address()),
    })
}

/// Microsoft asks the partner into a deal: the partner's half is new, Microsoft's is active.
fn asks(home: &PartnerHome, tx: &Tx<'_>, given: &Value) -> Done<[Value; 2]> {
    let own = create::by_microsoft(home, tx, given)?;
    let mut half = own.clone();
    let changes = json!({
        "id": null,
        "organizationId": "msft",
        "organizationName": "Microsoft",
        "externalReferenceId": null,
        "status": "Active",
        "substatus": "Accepted",
        "direction": "Outgoing",
        "mpnId": null,
        "expirationDateTime": null,
        "team": [],
        "trackingInfo": { "microsoftMsxId": crm_id() },
    });
    referral::merge(&mut half, &changes);
    let half = create::made(home, tx, half)?;
    Ok([own, half])
}

/// An id as Microsoft's CRM gives them.
fn crm_id() -> String {
    format!("7-{}", sign::short().to_uppercase())
}

/// Microsoft's seller acts on a deal, which any of its referrals names.
fn seller(home: &PartnerHome, tx: &Tx<'_>, id: &str, act: &str, given: &Value) -> Done<Value> {
    let named = super::find(tx, id)?;
    let engagement = text(&named, "/engagementId");
    let halves = create::halves(tx, engagement)?;
    let is_own = |half: &&Value| text(half, "/organizationId") == home.organization().0;
    let own = halves.iter().find(is_own).cloned();
    if act == "registration" {
        let mut own = own.ok_or_else(not_found)?;
        let reason = given.get("reason").cloned().unwrap_or_default();
        registration::decide(tx, &mut own, text(given, "/status"), &reason)?;
        return patch::keep(home, tx, own);
    }
    let half = create::half_of_microsoft(tx, engagement)?;
    let half = half.ok_or_else(|| {
        invalid("engagementId", "notInvited", "Microsoft has no part in this engagement.")
    })?;
    let to = |status, substatus| json!({ "status": status, "substatus": substatus });
    let changes = match act {
        "accept" => to("Active", "Accepted"),
        "decline" => to("Closed", "Declined"),
        "win" => to("Closed", "Won"),
        "lose" => to("Closed", "Lost"),
        "edit" => given.clone(),
        "track" => json!({}),
        _ => return Err(no_address()),
    };
    let mut after = half.clone();
    states::is_open(&half)?;
    if let Some(reason) = given.get("reason").filter(|_| act != "edit") {
        patch::write(&mut after, "/statusReason", reason)?;
    }
    write_all(&mut after, &changes)?;
    if matches!(act, "accept" | "track") {
        let id = given.get("msx_id").and_then(Value::as_str).map_or_else(crm_id, str::to_owned);
        let tracking = json!({ "trackingInfo": { "microsoftMsxId": id } });
        referral::merge(&mut after, &tracking);
        if let Some(mut own) = own.filter(|own| text(own, "/status") != "Closed") {
            referral::merge(&mut own, &tracking);
            patch::keep(home, tx, own)?;
        }
    }
    complete(&mut after);
    states::change(home, &half, &after)?;
    patch::keep(home, tx, after)
}

/// Writes what a merge says where the partner's people may write.
fn write_all(referral: &mut Value, changes: &Value) -> Done<()> {
    let mut leaves = Vec::new();
    flatten(changes, "", &mut leaves);
    leaves.into_iter().try_for_each(|(path, value)| match path.as_str() {
        "/name" => patch::rename(referral, &value),
        "/favorite" if value.is_boolean() => {
            referral::set(referral, "favorite", value);
            Ok(())
        }
        path if !patch::PATHS.contains(&path) => Err(unknown(path, &patch::PATHS)),
        path => patch::write(referral, path, &value),
    })
}

/// 400 for a value that there is not, with the one that may be meant.
fn unknown(path: &str, known: &[&str]) -> Stop {
    let dotted = |path: &str| path.trim_start_matches('/').replace('/', ".");
    let known: Vec<String> = known.iter().copied().chain(["/name"]).map(dotted).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let path = dotted(path);
    let message = fault::unknown("nobody can edit", &path, &known);
    invalid(&path, "invalidPath", &message)
}

/// Refuses a member that a referral does not have: a person's slip, which the API would pass over.
fn all_known(given: &Value, whole: &Value, path: &str) -> Done<()> {
    let (Value::Object(given), Value::Object(whole)) = (given, whole) else { return Ok(()) };
    for (key, value) in given {
        let found = whole.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let Some((name, below)) = found else {
            let known: Vec<&str> = whole.keys().map(String::as_str).collect();
            let of = if path.is_empty() { "a referral" } else { path };
            let message = fault::unknown(&format!("{of} has no member"), key, &known);
            return Err(invalid(&format!("{path}.{key}"), "invalidPath", &message));
        };
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        all_known(value, below, &path)?;
    }
    Ok(())
}

/// The values of nested objects with their paths; lists are values.
fn flatten(value: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                flatten(value, &format!("{path}/{key}"), leaves);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            leaves.push((path.to_owned(), value.clone()));
        }
    }
}

/// The partner's user makes a deal in the portal; help is asked for at once if its code says so.
fn new_deal(home: &PartnerHome, tx: &Tx<'_>, given: &Value) -> Done<Value> {
    if text(given, "/details/notes").trim().is_empty() {
        return Err(invalid("details.notes", "required", "Notes are required."));
    }
    all_known(given, &referral::blank(), "")?;
    let own = create::by_partner(home, tx, given)?;
    if states::is_help_asked(&own) {
        create::ask(home, tx, own.clone(), Some(own.clone()))?;
    }
    Ok(own)
}

/// The partner's user edits a deal in the portal.
fn edit(home: &PartnerHome, tx: &Tx<'_>, id: &str, given: &Value) -> Done<Value> {
    let before = super::find(tx, id)?;
    if text(&before, "/organizationId") != home.organization().0 {
        return Err(not_found());
    }
    let Some(members) = given.as_object().filter(|members| !members.is_empty()) else {
        return Err(invalid("body", "invalidPatch", "The body must be a JSON object."));
    };
    states::is_open(&before)?;
    let mut changes = members.clone();
    let help = changes.shift_remove("inviteContext");
    let mut after = before.clone();
    write_all(&mut after, &Value::Object(changes))?;
    complete(&mut after);
    states::change(home, &before, &after)?;
    states::follow_consent(home, &mut after);
    let mut kept = if after == before { before } else { patch::keep(home, tx, after)? };
    if let Some(help) = help {
        let mut half = kept.clone();
        asked(&kept, &mut half, &help)?;
        create::ask(home, tx, half, Some(kept))?;
        kept = super::find(tx, id)?;
    }
    Ok(kept)
}

/// Puts a request for help into Microsoft's half; a deal that has one keeps it.
fn asked(own: &Value, half: &mut Value, help: &Value) -> Result<(), Stop> {
    if states::is_help_asked(own) {
        let message = "The request for help is locked once it is made.";
        return Err(invalid("inviteContext", "locked", message));
    }
    for key in ["assistanceRequestCode", "notes"] {
        let Some(value) = help.get(key) else { continue };
        if let Some(place) = half.pointer_mut(&format!("/inviteContext/{key}")) {
            *place = value.clone();
        }
    }
    Ok(())
}
