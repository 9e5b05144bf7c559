//! To which state a referral may come. In come a referral before and after a change; out goes the
//! refusal, if the real service would not let it happen. It must not know who changes it by which request.

use serde_json::{Value, json};

use super::{
    PartnerHome, Switch,
    referral::{set, text},
    refusal::{Done, invalid},
};

const SHARED: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

/// Whether Microsoft's sellers see it.
pub(crate) fn is_shared(referral: &Value) -> bool {
    referral.pointer(SHARED) == Some(&json!(true))
}

/// Whether Microsoft's help was asked for.
pub(crate) fn is_help_asked(referral: &Value) -> bool {
    is_help(text(referral, "/inviteContext/assistanceRequestCode"))
}

/// Whether a code asks for help; `Unknown` does not.
pub(crate) fn is_help(code: &str) -> bool {
    matches!(
        code,
        "WorkloadSpecificValueProposition"
            | "CustomerTechnicalArchitecture"
            | "ProofOfConceptOrDemo"
            | "QuotesOrLicensing"
            | "PostSalesCustomerSuccess"
            | "GeneralOrOther"
    )
}

/// Sets the type of the partner's own deal, which follows from whether Microsoft's sellers see it; what the
/// partner says of it is only indicative. Deals that came from Microsoft keep theirs.
pub(crate) fn follow_consent(home: &PartnerHome, referral: &mut Value) {
    if home.has(Switch::TypeAsGiven) || text(referral, "/direction") == "Incoming" {
        return;
    }
    let kind = if is_shared(referral) { "Shared" } else { "Independent" };
    set(referral, "type", json!(kind));
}

/// Refuses any edit of a closed referral.
pub(crate) fn is_open(referral: &Value) -> Done<()> {
    if text(referral, "/status") == "Closed" {
        return Err(invalid("status", "closed", "A closed referral cannot be changed."));
    }
    Ok(())
}

/// Refuses a change that leads where a referral cannot be.
pub(crate) fn change(home: &PartnerHome, before: &Value, after: &Value) -> Done<()> {
    status(home, before, after)?;
    if is_shared(before) && !is_shared(after) {
        let target = "consent.consentToShareReferralWithMicrosoftSellers";
        return Err(invalid(target, "irreversible", "A shared referral cannot be hidden again."));
    }
    let contacts = "/customerProfile/team";
    let is_locked = (is_shared(before) || is_help_asked(before)) && !home.has(Switch::OpenContacts);
    if is_locked && before.pointer(contacts) != after.pointer(contacts) {
        let message = "The customer's contacts are locked once the referral is shared.";
        return Err(invalid("customerProfile.team", "locked", message));
    }
    Ok(())
}

fn status(home: &PartnerHome, before: &Value, after: &Value) -> Done<()> {
    let state = |referral| (text(referral, "/status"), text(referral, "/substatus"));
    let ((from, was), (to, substatus)) = (state(before), state(after));
    if (from, was) == (to, substatus) {
        return Ok(());
    }
    if !pair(to, substatus) {
        let message = format!("Status {to} and substatus {substatus} do not go together.");
        return Err(invalid("substatus", "invalidSubstatus", &message));
    }
    if !step(from, to) {
        let message = format!("Status {from} cannot become {to}.");
        return Err(invalid("status", "invalidStatus", &message));
    }
    if to == "Closed" && !home.has(Switch::AnyClose) && !closes(from, substatus) {
        let message = format!("A referral that is {from} cannot be closed as {substatus}.");
        return Err(invalid("substatus", "invalidSubstatus", &message));
    }
    Ok(())
}

/// Whether status and substatus go together.
fn pair(status: &str, substatus: &str) -> bool {
    matches!(
        (status, substatus),
        ("New", "Pending" | "Received")
            | ("Active", "Accepted")
            | ("Closed", "Won" | "Lost" | "Declined" | "Expired")
    )
}

/// Whether one status may follow another.
fn step(from: &str, to: &str) -> bool {
    matches!((from, to), ("New", "New" | "Active" | "Closed") | ("Active", "Active" | "Closed"))
}

/// How a person closes a referral: what was not accepted is declined, what was is won or lost. Expiry is
/// the clock's alone.
fn closes(from: &str, substatus: &str) -> bool {
    matches!((from, substatus), ("New", "Declined") | ("Active", "Won" | "Lost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_is_the_end() {
        assert!(step("New", "Active") && step("Active", "Closed"));
        assert!(!step("Closed", "Active") && !step("Active", "New"));
        assert!(pair("Closed", "Won") && !pair("Active", "Won"));
        assert!(closes("New", "Declined") && !closes("New", "Won") && !closes("Active", "Expired"));
    }
}
