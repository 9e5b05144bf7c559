//! The version of Salesforce's API: one that the org has, and new enough for what is called.
//!
//! In: what is set, the versions that the org lists. Out: a check. Must not know: how they are asked for.

use connect::Salesforce;
use runner::config::Config;

use super::{Check, State, failed};

const ID: &str = "salesforce-version";

/// From this version on an upsert by an external id answers with the record's id, which is what a deal goes on from.
const OLDEST: u32 = 46;

/// Compares the version that is set with those that the org has.
pub(super) async fn look(config: &Config, org: &Salesforce) -> Check {
    match org.versions().await {
        Ok(versions) => compared(&config.salesforce.api_version, &versions),
        Err(error) => failed(ID, &error),
    }
}

/// Whether nothing can be asked with a version that is wrong.
pub(super) fn stops(check: &Check) -> bool {
    check.id == ID && check.state == State::Wrong
}

fn compared(set: &str, versions: &[String]) -> Check {
    let set = set.trim_start_matches('v');
    let number = |text: &str| text.split('.').next().and_then(|whole| whole.parse::<u32>().ok());
    let newest = versions.iter().filter_map(|version| number(version)).max();
    let newest = newest.map_or_else(|| "none".to_owned(), |newest| format!("{newest}.0"));
    let is_old = number(set).is_none_or(|number| number < OLDEST);
    let to_do = format!("correct `api_version` below `salesforce`: from {OLDEST}.0 up to {newest}");
    if !versions.iter().any(|version| version == set) {
        let said = format!("the org has no version {set} of the API; it has up to {newest}");
        return Check::wrong(ID, said, to_do);
    }
    if is_old {
        let said = format!("version {set} of the API is too old for what the service calls");
        return Check::wrong(ID, said, to_do);
    }
    Check::fine(ID, format!("the org has version {set} of the API, and up to {newest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_that_the_org_has_and_new_enough() {
        let has: Vec<String> = (20..=64).map(|number| format!("{number}.0")).collect();
        let state = |set: &str| compared(set, &has).state;
        assert_eq!(state("v64.0"), State::Fine);
        assert_eq!(state("v46.0"), State::Fine);
        assert_eq!(state("v20.0"), State::Wrong);
        let unknown = compared("v99.0", &has);
        assert_eq!(unknown.state, State::Wrong);
        assert!(unknown.said.ends_with("up to 64.0"), "{}", unknown.said);
        assert!(unknown.to_do.as_deref().is_some_and(|to_do| to_do.contains("`api_version`")));
    }
}
