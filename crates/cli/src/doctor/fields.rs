//! What the org lacks of what a map names: told by object, with who can put it right.
//!
//! In: the report of a map checked against the org, the map's text. Out: checks. Must not know: how a map is
//! checked. The maps fit the schemas that they came with (the check `maps`); so what is missing here is hidden
//! or was never made, and what else is said follows from it.

use mapping::problem::{Report, is_slip};

use super::Check;
use crate::show::Finding;
use crate::terminal::count;

const ID: &str = "salesforce-maps";
const UNKNOWN: &str = "map::unknown-field";
const TO_SEE: &str = "let the sync user see it (permission set Cosell_Sync), or deploy it (`cosell salesforce package`)";
const TO_CORRECT: &str =
    "correct the map, add the field to the org, or let the sync user see and edit it";

/// A field that an object has not, and the first place that names it.
struct Missing {
    object: String,
    field: String,
    place: String,
    near: Option<String>,
}

/// The errors of a map against the org.
pub(super) fn look(report: &Report, map: &str) -> Vec<Check> {
    let findings = Finding::of_report(report).into_iter().filter(Finding::is_error);
    let (unknown, others): (Vec<_>, Vec<_>) = findings.partition(|found| found.code() == UNKNOWN);
    let mut missing: Vec<Missing> = Vec::new();
    for found in &unknown {
        let Some(one) = read(found, map) else { continue };
        let known = |other: &Missing| (&other.object, &other.field) == (&one.object, &one.field);
        if !missing.iter().any(known) {
            missing.push(one);
        }
    }
    if missing.is_empty() {
        return super::wrong(ID, report, TO_CORRECT);
    }
    let mut objects: Vec<&str> = missing.iter().map(|one| one.object.as_str()).collect();
    objects.sort_unstable();
    objects.dedup();
    let of = |object| missing.iter().filter(|one| one.object == object).collect::<Vec<_>>();
    let mut checks: Vec<Check> =
        objects.into_iter().map(|object| of_object(object, &of(object))).collect();
    if !others.is_empty() {
        let said =
            format!("{} more at lines that need these fields", count(others.len(), "problem"));
        let to_do = "look again when the fields are there; `cosell check --org` shows each";
        checks.push(Check::wrong(ID, said, to_do));
    }
    checks
}

fn of_object(object: &str, missing: &[&Missing]) -> Check {
    let fields: Vec<String> =
        missing.iter().map(|one| format!("{} ({})", one.field, one.place)).collect();
    let said = format!(
        "{UNKNOWN}: {object} has no {} in the org, or the sync user may not see it",
        fields.join(", ")
    );
    let near = missing.iter().filter_map(|one| one.near.as_deref().map(|near| (&one.field, near)));
    let near: Vec<String> =
        near.map(|(field, near)| format!("; did you mean `{near}` for {field}?")).collect();
    Check::wrong(ID, said, format!("{TO_SEE}{}", near.concat()))
}

/// What a problem of that kind says: `` `Opportunity` has no field `Amount` ``.
fn read(found: &Finding, map: &str) -> Option<Missing> {
    let mut quoted = found.message().split('`').skip(1).step_by(2);
    let (object, field) = (quoted.next()?.to_owned(), quoted.next()?.to_owned());
    let help = found.help().unwrap_or_default();
    let near = help.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"));
    let near = near.filter(|near| is_slip(&field, near) && !uses(map, near)).map(str::to_owned);
    Some(Missing { object, field, place: found.place(), near })
}

/// Whether a map names a field itself: then another one is hardly meant by it.
fn uses(map: &str, field: &str) -> bool {
    let mut words = map.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word.eq_ignore_ascii_case(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter_and_a_name_that_the_map_uses_is_none() {
        assert!(is_slip("Campain_Code__c", "Campaign_Code__c"));
        assert!(is_slip("NextSetp", "NextStep"));
        assert!(is_slip("amount", "Amount"));
        assert!(!is_slip("Amount", "Account"));
        assert!(!is_slip("BillingCountry", "BillingCity"));
        assert!(uses("  a <-> Amount, Currency", "amount") && !uses("Amounts", "Amount"));
    }
}
