//! Whose the solutions are that deals name.
//!
//! In: referrals. Out: a check. Must not know: how referrals are read.
//!
//! Microsoft wants the account that shares deals to be the account that has the solutions. No interface says
//! which account a solution belongs to; a referral says who publishes it, and who the partner is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Check;
use crate::terminal::count;

/// The solutions that a referral names.
pub(super) fn solutions(body: &Value) -> &[Value] {
    let list = body.pointer("/details/requirements/solutions").and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Whether some of them are published by the partner that the referrals belong to.
pub(super) fn look(bodies: &[Value]) -> Check {
    let id = "solution-publisher";
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let own = bodies
        .iter()
        .filter(|body| text(body, "organizationId").is_some_and(|partner| partner != "msft"));
    let (mut ours, mut others) = (BTreeSet::new(), BTreeSet::new());
    for body in own {
        let partner = text(body, "organizationName").unwrap_or_default();
        for solution in solutions(body) {
            let publisher = text(solution, "publisherName").unwrap_or_default();
            let (publisher, partner) = (plain(&publisher), plain(&partner));
            if publisher.is_empty() || partner.is_empty() {
                continue;
            }
            if publisher == partner {
                ours.insert(text(solution, "id"));
            } else {
                others.insert(publisher);
            }
        }
    }
    if !ours.is_empty() {
        let said = format!("{} that deals name published by the account itself", are(ours.len()));
        return Check::fine(id, said);
    }
    if others.is_empty() {
        return Check::skipped(id, "no deal says who publishes its solutions");
    }
    Check::note(
        id,
        "the solutions that deals name are all published by others, as far as deals say who publishes them",
        "see that the account that signs in is the one that has the co-sell solutions: Partner Center, Account \
         settings, Identifiers, and Marketplace offers",
    )
}

fn are(number: usize) -> String {
    format!("{} {}", count(number, "solution"), if number == 1 { "is" } else { "are" })
}

/// A name without what people write differently.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::State;

    #[test]
    fn the_publisher_is_compared_with_the_partner() {
        let deal = |partner: &str, publisher: Value| {
            json!({ "organizationId": "p", "organizationName": partner, "details": { "requirements": {
                "solutions": [{ "id": "SOL-1", "publisherName": publisher }, { "id": "SOL-2" }]
            } } })
        };
        let state = |deals: &[Value]| look(deals).state;
        assert_eq!(state(&[]), State::Skipped);
        assert_eq!(state(&[deal("Contoso AG", Value::Null)]), State::Skipped);
        assert_eq!(state(&[deal("Contoso AG", json!("contoso ag."))]), State::Fine);
        assert_eq!(state(&[deal("Contoso AG", json!("Fabrikam"))]), State::Note);
        let both = [deal("Contoso AG", json!("Fabrikam")), deal("Contoso AG", json!("Contoso AG"))];
        assert_eq!(state(&both), State::Fine, "deals name solutions of others, too");
    }
}
