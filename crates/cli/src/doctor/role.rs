//! Which role the signed-in user has in Partner Center, by what it sees.
//!
//! In: referrals, who signed in. Out: a check. Must not know: how referrals are read.
//!
//! The role is one of Partner Center's own: no token and no interface tells it. Microsoft documents what each
//! role sees: a Referrals admin the deals of the company or of its locations, a Referrals user only those in
//! whose team it is. Whoever sees a deal may change it: there is no role that only reads. So deals without
//! one person who is in all their teams can be read by an admin alone.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Check;

/// The role, as far as the referrals tell it.
pub(super) fn look(bodies: &[Value], principal: Option<&str>) -> Check {
    let id = "partner-center-role";
    let own = bodies.iter().filter(|body| {
        body.get("organizationId").and_then(Value::as_str).is_some_and(|by| by != "msft")
    });
    let mut teams = own.map(team);
    let Some(mut in_all) = teams.next() else {
        return Check::skipped(id, "no deal that can be read shows it");
    };
    for team in teams {
        in_all.retain(|person| team.contains(person));
    }
    if in_all.is_empty() {
        let said =
            "deals of other people's teams can be read and changed, as a Referrals admin can";
        return Check::fine(id, said);
    }
    if principal.is_some_and(|name| in_all.contains(&name.to_lowercase())) {
        return Check::note(
            id,
            "the signed-in user is in the team of each deal that can be read, as a Referrals user would be",
            "see that it has the role Referrals admin (Partner Center, Account settings, User management): \
             deals of others are not kept in step without it",
        );
    }
    Check::skipped(
        id,
        "one person is in the team of each deal that can be read, so the deals do not tell",
    )
}

/// The addresses of a deal's team.
fn team(body: &Value) -> BTreeSet<String> {
    let members = body.get("team").and_then(Value::as_array);
    let address = |member: &Value| Some(member.get("email")?.as_str()?.trim().to_lowercase());
    members.into_iter().flatten().filter_map(address).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::State;

    #[test]
    fn whose_deals_are_seen_tells_the_role() {
        let deal = |by: &str, team: &[&str]| {
            let team: Vec<Value> = team.iter().map(|email| json!({ "email": email })).collect();
            json!({ "organizationId": by, "team": team })
        };
        let state = |deals: &[Value]| look(deals, Some("A@x.example")).state;
        assert_eq!(state(&[]), State::Skipped);
        assert_eq!(state(&[deal("msft", &[])]), State::Skipped);
        assert_eq!(state(&[deal("p", &["a@x.example"]), deal("p", &["b@x.example"])]), State::Fine);
        assert_eq!(state(&[deal("p", &[])]), State::Fine, "a user sees only deals of a team");
        let mine = [deal("p", &["a@x.example"]), deal("p", &["b@x.example", "a@X.example"])];
        assert_eq!(state(&mine), State::Note);
        assert_eq!(state(&[deal("p", &["b@x.example"])]), State::Skipped);
    }
}
