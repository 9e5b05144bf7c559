//! Deal registrations. In come the paths and values below `/registrations` of a patch; out goes the
//! referral with its registration, or the rule that it breaks. It must not know HTTP.

use serde_json::{Value, json};

use super::{
    create,
    patch::not_patchable,
    referral::{overlay, set, text},
    refusal::{Done, invalid},
    rules, states,
};
use crate::{clock, decimal::Decimal, sign, store::Tx};

const DAY: i64 = 24 * 3600 * 10_000_000;
/// How old a deal must be when it is won, if it is to be registered: 72 hours.
const YOUNGEST: i64 = 3 * DAY;
/// How long after the signature a deal can be registered.
const SIGNED_WITHIN: i64 = 60 * DAY;
/// How long before the registration a contract may have begun.
const STARTED_WITHIN: i64 = 90 * DAY;
/// The smallest contract in US dollars.
const SMALLEST: &str = "25000";

/// Writes what one operation on `/registrations/…` says; `before` is the referral as it was.
pub(crate) fn apply(
    tx: &Tx<'_>,
    before: &Value,
    referral: &mut Value,
    path: &str,
    value: &Value,
) -> Done<()> {
    is_registrable(before)?;
    is_agreed(tx, before)?;
    let registration = match path {
        "/registrations/-" => added(tx, referral, value)?,
        _ => updated(referral, path, value)?,
    };
    set(referral, "registrations", json!([registration]));
    Ok(())
}

/// Looks at the registration as all operations together left it.
pub(crate) fn settle(tx: &Tx<'_>, referral: &mut Value) -> Done<()> {
    let Some(mut registration) = referral.pointer("/registrations/0").cloned() else {
        return Ok(());
    };
    check(tx, referral, &registration)?;
    if let Some(name) = solution_name(referral, &registration)
        && let Some(place) = registration.pointer_mut("/solutionDetails/0/name")
    {
        *place = name;
    }
    set(referral, "registrationStatus", json!(text(&registration, "/status")));
    set(referral, "registrations", json!([registration]));
    Ok(())
}

/// Only a deal that was won, is shared, and was 72 hours old when it was won.
fn is_registrable(referral: &Value) -> Done<()> {
    if text(referral, "/substatus") != "Won" {
        return Err(broken("notWon", "Only a deal that was won can be registered."));
    }
    if !states::is_shared(referral) {
        return Err(broken("notShared", "A private deal cannot be registered."));
    }
    let at = |path| clock::ticks(text(referral, path));
    let age = at("/closedDateTime").zip(at("/createdDateTime")).map(|(end, start)| end - start);
    if age.is_none_or(|age| age < YOUNGEST) {
        let message = "The deal was won less than 72 hours after it was created.";
        return Err(broken("tooYoung", message));
    }
    Ok(())
}

/// A deal that Microsoft was asked into must have been accepted there.
fn is_agreed(tx: &Tx<'_>, referral: &Value) -> Done<()> {
    let half = create::half_of_microsoft(tx, text(referral, "/engagementId"))?;
    let is_agreed = half.is_none_or(|half| {
        text(&half, "/status") == "Active" || text(&half, "/substatus") == "Won"
    });
    if is_agreed {
        return Ok(());
    }
    Err(broken("notAccepted", "Microsoft has not accepted or won its part of the deal."))
}

fn broken(code: &str, message: &str) -> super::refusal::Stop {
    invalid("registrations", code, message)
}

fn blank(now: &str) -> Value {
    json!({
        "id": sign::guid(),
        "type": "AzureIPCoSell",
        "registrationDateTime": now,
        "status": "ReviewPending",
        "statusReason": null,
        "contract": {
            "value": null,
            "currency": null,
            "startDateTime": null,
            "endDateTime": null,
            "signDateTime": null,
            "term": null,
        },
        "solutionDetails": [],
        "statusHistory": {
            "reviewPendingDateTime": now,
            "actionRequiredDateTime": null,
            "passedDateTime": null,
            "failedDateTime": null,
            "approvedDateTime": null,
        },
    })
}

fn blank_solution() -> Value {
    json!({
        "id": null,
        "name": null,
        "value": null,
        "currency": null,
        "isDeployedOnAzure": null,
        "primaryDeploymentOn": null,
        "pricingModel": null,
        "marketplaceTransactionDetails": {
            "isMarketplaceTransacted": null,
            "marketplaceTransactionDateTime": null,
        },
    })
}

fn added(tx: &Tx<'_>, referral: &Value, value: &Value) -> Done<Value> {
    let is_there = referral.pointer("/registrations/0").is_some();
    if is_there {
        return Err(broken("exists", "The deal is registered already."));
    }
    if text(value, "/type") != "AzureIPCoSell" {
        return Err(invalid("registrations.type", "invalidType", "Type must be AzureIPCoSell."));
    }
    let mut registration = blank(&clock::partner_center(tx.now_ticks()));
    let given = json!({ "contract": value.get("contract"), "solutionDetails": [] });
    overlay(&mut registration, &given);
    let solutions = value.get("solutionDetails").and_then(Value::as_array);
    let whole = solutions.into_iter().flatten().map(|given| {
        let mut solution = blank_solution();
        overlay(&mut solution, given);
        solution
    });
    let solutions: Vec<Value> = whole.collect();
    if solutions.is_empty() {
        return Err(broken("noSolution", "A registration needs a solution."));
    }
    set(&mut registration, "solutionDetails", Value::Array(solutions));
    Ok(registration)
}

/// What of a registration can be changed.
const UPDATES: [&str; 12] = [
    "/contract/startDateTime",
    "/contract/endDateTime",
    "/contract/signDateTime",
    "/contract/term",
    "/contract/value",
    "/solutionDetails/0/value",
    "/solutionDetails/0/currency",
    "/solutionDetails/0/isDeployedOnAzure",
    "/solutionDetails/0/primaryDeploymentOn",
    "/solutionDetails/0/pricingModel",
    "/solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted",
    "/solutionDetails/0/marketplaceTransactionDetails/marketplaceTransactionDateTime",
];

fn updated(referral: &Value, path: &str, value: &Value) -> Done<Value> {
    let within = path.strip_prefix("/registrations/0").unwrap_or_default();
    if !UPDATES.contains(&within) {
        return Err(not_patchable(path));
    }
    let Some(mut registration) = referral.pointer("/registrations/0").cloned() else {
        return Err(broken("notFound", "The deal is not registered."));
    };
    if !matches!(text(&registration, "/status"), "ReviewPending" | "ActionRequired") {
        return Err(broken("decided", "The registration is decided and cannot be changed."));
    }
    if let Some(place) = registration.pointer_mut(within) {
        *place = value.clone();
    }
    Ok(registration)
}

/// The rules for the values.
fn check(tx: &Tx<'_>, referral: &Value, registration: &Value) -> Done<()> {
    amounts(referral, registration)?;
    dates(tx, referral, registration)?;
    for solution in solutions(registration) {
        let word = |path: &str, known: &[&str]| match solution.pointer(path) {
            None | Some(Value::Null) => true,
            Some(value) => value.as_str().is_some_and(|word| known.contains(&word)),
        };
        if !word("/primaryDeploymentOn", &["Customer", "Partner"])
            || !word("/pricingModel", &["PayAsYouGo", "Other"])
        {
            return Err(broken("invalidSolution", "Deployment or pricing model is not known."));
        }
        let flags =
            ["/isDeployedOnAzure", "/marketplaceTransactionDetails/isMarketplaceTransacted"];
        let is_flag = |path: &&str| {
            solution.pointer(path).is_none_or(|value| value.is_null() || value.is_boolean())
        };
        if !flags.iter().all(is_flag) {
            return Err(broken("invalidType", "The value must be true or false."));
        }
        let when = "/marketplaceTransactionDetails/marketplaceTransactionDateTime";
        let is_there = solution.pointer(when).is_some_and(|value| !value.is_null());
        if is_there && clock::ticks(text(solution, when)).is_none() {
            return Err(broken("invalidDateTime", "The transaction's time is not a time."));
        }
    }
    Ok(())
}

fn solutions(registration: &Value) -> &[Value] {
    let list = registration.get("solutionDetails").and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn amount(value: Option<&Value>) -> Option<Decimal> {
    let number = value.filter(|value| value.is_number())?;
    Decimal::parse(&number.to_string()).filter(|amount| amount.is_positive())
}

fn amounts(referral: &Value, registration: &Value) -> Done<()> {
    rules::currency(registration.pointer("/contract/currency").unwrap_or(&Value::Null))?;
    let Some(total) = amount(registration.pointer("/contract/value")) else {
        return Err(broken("invalidValue", "The contract's value must be more than zero."));
    };
    let is_small = Decimal::parse(SMALLEST).is_some_and(|smallest| total.compare(smallest).is_lt());
    if text(registration, "/contract/currency") == "USD" && is_small {
        return Err(broken("tooSmall", "The contract's value is below 25,000 US dollars."));
    }
    for solution in solutions(registration) {
        let value = amount(solution.get("value"));
        if value.is_none_or(|value| value.compare(total).is_gt()) {
            let message = "A solution's value must be above zero and not above the contract's.";
            return Err(broken("invalidValue", message));
        }
        rules::currency(solution.get("currency").unwrap_or(&Value::Null))?;
        if referral_solution(referral, text(solution, "/id")).is_none() {
            return Err(broken("invalidSolution", "The deal has no solution with this id."));
        }
    }
    Ok(())
}

fn dates(tx: &Tx<'_>, referral: &Value, registration: &Value) -> Done<()> {
    let at = |path: &str| clock::ticks(text(registration, path));
    let needed = |path: &str| {
        at(path).ok_or_else(|| broken("invalidDateTime", "Sign and start date are required."))
    };
    let now = tx.now_ticks();
    let (signed, start) = (needed("/contract/signDateTime")?, needed("/contract/startDateTime")?);
    let created = clock::ticks(text(referral, "/createdDateTime")).unwrap_or_default();
    // Days count: the deal may have been created later on the day of the signature.
    if signed > now || signed < now - SIGNED_WITHIN || signed / DAY < created / DAY {
        let message = "The signature must be at most 60 days old, and not before the deal.";
        return Err(broken("invalidSignDateTime", message));
    }
    if start < now - STARTED_WITHIN {
        let message = "The contract must have begun at most 90 days ago.";
        return Err(broken("invalidStartDateTime", message));
    }
    match text(registration, "/contract/term") {
        "Perpetual" => Ok(()),
        "Finite" if at("/contract/endDateTime").is_some_and(|end| end >= start) => Ok(()),
        "Finite" => {
            Err(broken("invalidEndDateTime", "The contract must not end before it begins."))
        }
        _ => Err(broken("invalidTerm", "The term must be Finite or Perpetual.")),
    }
}

fn referral_solution<'a>(referral: &'a Value, id: &str) -> Option<&'a Value> {
    let list = referral.pointer("/details/requirements/solutions")?.as_array()?;
    list.iter().find(|solution| text(solution, "/id") == id)
}

fn solution_name(referral: &Value, registration: &Value) -> Option<Value> {
    let id = text(solutions(registration).first()?, "/id");
    referral_solution(referral, id)?.get("name").cloned()
}

/// Decides a registration as Microsoft does.
pub(crate) fn decide(tx: &Tx<'_>, referral: &mut Value, status: &str, reason: &Value) -> Done<()> {
    let time = match status {
        "ActionRequired" => "actionRequiredDateTime",
        "Passed" => "passedDateTime",
        "Failed" => "failedDateTime",
        "Approved" => "approvedDateTime",
        _ => return Err(broken("invalidStatus", "The registration's status is not known.")),
    };
    let now = clock::partner_center(tx.now_ticks());
    let Some(registration) = referral.pointer_mut("/registrations/0") else {
        return Err(broken("notFound", "The deal is not registered."));
    };
    set(registration, "status", json!(status));
    set(registration, "statusReason", reason.clone());
    if let Some(history) = registration.get_mut("statusHistory") {
        set(history, time, json!(now));
    }
    set(referral, "registrationStatus", json!(status));
    Ok(())
}
