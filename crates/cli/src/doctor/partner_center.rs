//! Partner Center: the sign-in with its second factor, the role, the referrals, the webhook.
//!
//! In: a client. Out: checks. Must not know: what a referral says beyond its organisation and solutions.

use std::collections::BTreeSet;

use connect::partner_center::{List, Order};
use connect::{Error, PartnerCenter};
use mapping::schema::Schemas;
use runner::config::{Config, Reach};
use runner::store::{Role, Solution, SqliteStore, Store};
use runner::webhook::{Found, OwnActs, Whose, compare};
use serde_json::Value;

use super::{Check, failed, unsigned};
use crate::terminal::count;

/// All of them.
pub(super) async fn look(config: &Config, partner_center: &PartnerCenter) -> Vec<Check> {
    let id = "partner-center-sign-in";
    let file = config.partner_center.refresh_token_file.as_ref();
    let trouble = match file.filter(|file| !file.is_there()) {
        Some(file) => Some(unsigned(id, file)),
        None => partner_center.sign_in().await.err().map(|error| failed(id, &error)),
    };
    if let Some(trouble) = trouble {
        return vec![
            trouble,
            Check::skipped("partner-center-referrals", "not signed in"),
            Check::skipped("webhook-registration", "not signed in"),
        ];
    }
    let tenant = &config.partner_center.tenant;
    let mut checks = vec![Check::fine("partner-center-sign-in", format!("signed in to {tenant}"))];
    checks.extend(referrals(config, partner_center).await);
    checks.push(registration(config, partner_center).await);
    checks
}

/// Whether referrals can be seen, of whom, and whether a solution is among them.
async fn referrals(config: &Config, partner_center: &PartnerCenter) -> Vec<Check> {
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
    let [session, _] = partner_center.sessions();
    checks.push(super::role::look(&bodies, session.principal.as_deref()));
    if partners.len() > 1 {
        let list: Vec<&str> = partners.iter().map(String::as_str).collect();
        let said = format!("referrals of {} partners: {}", partners.len(), list.join(", "));
        let to_do = "see that the user belongs to the location whose deals are meant";
        checks.push(Check::note("partner-center-partner", said, to_do));
    } else if let Some(partner) = partners.first() {
        checks.push(Check::fine("partner-center-partner", format!("the partner is {partner}")));
    }
    let ids: BTreeSet<String> = bodies.iter().filter_map(|body| text(body, "mpnId")).collect();
    checks.push(partner_id(config.partner_center.partner_id.as_deref(), &ids));
    let named = bodies.iter().any(|body| !super::publisher::solutions(body).is_empty());
    checks.push(solution(&catalogue(config).await, named));
    checks.push(super::publisher::look(&bodies));
    let unknown = super::drift::unknown(&bodies, Schemas::built_in());
    if !unknown.is_empty() {
        let some: Vec<&str> = unknown.iter().take(5).map(String::as_str).collect();
        checks.push(Check::note(
            "partner-center-drift",
            format!("referrals have what is not known here: {}", some.join(", ")),
            "see whether Microsoft asks for it now (a write that lacks it is refused), and give it a line",
        ));
    }
    checks
}

/// Whether the partner's id is the one that referrals show.
fn partner_id(set: Option<&str>, seen: &BTreeSet<String>) -> Check {
    let id = "partner-id";
    let list: Vec<&str> = seen.iter().map(String::as_str).collect();
    match (set, list.as_slice()) {
        (None, []) => Check::skipped(id, "no referral shows a partner id, and none is set"),
        (Some(set), []) => {
            Check::skipped(id, &format!("no referral shows one to compare {set} with"))
        }
        (None, seen) => Check::note(
            id,
            format!("referrals show {}; none is set to compare it with", seen.join(", ")),
            "write `partner_id` below `partner_center`: the id of the account that has the co-sell solutions",
        ),
        (Some(set), seen) if seen.contains(&set) => {
            let others = seen.iter().filter(|one| **one != set).count();
            let more = if others == 0 { String::new() } else { format!(", and {others} more ids") };
            Check::fine(id, format!("referrals show the partner id {set}{more}"))
        }
        (Some(set), seen) => Check::wrong(
            id,
            format!("`partner_id` is {set}, referrals show {}", seen.join(", ")),
            "sign in as a user of the account that has the co-sell solutions, or correct `partner_id`",
        ),
    }
}

/// The catalogue, when the state file has one.
async fn catalogue(config: &Config) -> Vec<Solution> {
    let Ok(store) = SqliteStore::open(&config.store, Role::Visitor) else { return Vec::new() };
    store.solutions().await.unwrap_or_default()
}

/// Whether a solution is ready for co-sell: as the imported list says, else as referrals show.
fn solution(catalogue: &[Solution], named: bool) -> Check {
    let id = "solution-ready";
    let publish = "publish a co-sell ready solution before deals are shared: a deal needs one";
    let listed: Vec<&Solution> = catalogue.iter().filter(|one| one.imported).collect();
    let says = |one: &&&Solution| !one.status.is_empty();
    let is_ready = |one: &&&Solution| {
        let status = one.status.to_lowercase();
        !status.contains("not ") && (status.contains("ready") || status.contains("eligible"))
    };
    let ready = listed.iter().filter(is_ready).count();
    let of = format!("of {} in the catalogue", count(listed.len(), "solution"));
    if ready > 0 {
        return Check::fine(id, format!("{ready} {of} are ready for co-sell"));
    }
    if listed.iter().any(|one| says(&one)) {
        return Check::wrong(id, format!("none {of} is ready for co-sell"), publish);
    }
    match (named, listed.is_empty()) {
        (true, _) => Check::fine(id, "solutions are named in referrals"),
        (false, true) => Check::note(id, "no referral that can be read names a solution", publish),
        (false, false) => Check::note(
            id,
            format!("no referral names a solution, and the list does not say which {of} is ready"),
            "import a list with the column `Co-sell status`: `cosell solutions import FILE`",
        ),
    }
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
        Err(Error::Denied { why, who }) => {
            let to_do = format!(
                "{who} must act: the webhook is looked at and registered with the role Referrals admin \
                 (Partner Center, Account settings, User management), by the connection `partner_center`"
            );
            return Check::wrong(id, why, to_do);
        }
        Err(error) => return failed(id, &error),
    };
    let Some(url) = runner::serve::webhook_url(config) else {
        return Check::skipped(id, "the service has no address of its own (`public_url`)");
    };
    let own = own_acts(config).await;
    match compare(found.as_ref(), &url, &settings.events, &own) {
        Found::Ours => Check::fine(id, "it is ours, with all events"),
        Found::Nothing if settings.register => {
            Check::fine(id, "there is none; the service makes it at its start")
        }
        Found::Nothing => Check::wrong(id, "there is none", "cosell webhook register"),
        Found::Lacks(events) => {
            Check::wrong(id, format!("it lacks {}", events.join(", ")), "cosell webhook register")
        }
        Found::Other(Whose::GivenBack, other) => Check::note(
            id,
            format!("`cosell webhook restore` gave it to {other}"),
            "`cosell webhook register --overwrite` takes the events of this partner account",
        ),
        Found::Other(Whose::Ours, other) => Check::wrong(
            id,
            format!("{other}, another address of this service, is still the one that is called"),
            "`cosell webhook register --overwrite` puts that of the configuration in its place",
        ),
        Found::Other(Whose::Stranger, other) => Check::wrong(
            id,
            format!("{other} gets the events of this partner account"),
            "ask who that is; `cosell webhook register --overwrite` replaces it, `restore` gives it back",
        ),
    }
}

/// What the service and its commands registered before. A state file that cannot be read has a check of its own.
async fn own_acts(config: &Config) -> OwnActs {
    if !config.store.exists() {
        return OwnActs::default();
    }
    match SqliteStore::open(&config.store, Role::Visitor) {
        Ok(store) => OwnActs::of(&store).await.unwrap_or_default(),
        Err(_) => OwnActs::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn the_partner_id_is_compared_with_what_referrals_show() {
        let seen = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let state = |set: Option<&str>, ids: &[&str]| partner_id(set, &seen(ids)).state;
        assert_eq!(state(Some("9"), &["9"]), State::Fine);
        assert_eq!(state(Some("9"), &["8", "9"]), State::Fine);
        assert_eq!(state(Some("9"), &["8"]), State::Wrong);
        assert_eq!(state(None, &["8"]), State::Note);
        assert_eq!(state(Some("9"), &[]), State::Skipped);
    }

    #[test]
    fn a_solution_is_ready_as_the_list_says_else_as_referrals_show() {
        let one = |status: &str, imported| Solution {
            id: "SOL-1".to_owned(),
            status: status.to_owned(),
            imported,
            ..Solution::default()
        };
        let state = |all: &[Solution], named| solution(all, named).state;
        assert_eq!(
            state(&[one("Co-sell ready", true), one("In market", true)], false),
            State::Fine
        );
        assert_eq!(state(&[one("In market", true)], true), State::Wrong);
        assert_eq!(state(&[one("Not co-sell ready", true)], true), State::Wrong);
        assert_eq!(state(&[one("", true)], false), State::Note);
        assert_eq!(state(&[one("", true)], true), State::Fine);
        assert_eq!(state(&[one("", false)], false), State::Note);
        assert_eq!(state(&[], true), State::Fine);
    }
}
