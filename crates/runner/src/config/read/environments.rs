//! Which environments a file has, and whether they get along.
//!
//! In: the outermost section. Out: a section for each environment; what is wrong goes to the reading. Must
//! not know: what the other settings are.

use mapping::problem::nearest;

use super::super::Config;
use super::super::environment::{Account, Environment, Kind, Reach};
use super::super::section::{Beside, Reading, Section};
use super::super::yaml::{Node, Part, Step};

/// What is said once for the whole file, and what an environment says of itself.
const NAMES: Beside =
    Beside { inner: &["kind"], outer: &["listen", "webhook_secret", "environments"] };

/// The kind by which the other settings are looked at when none is said: it asks for the least.
const UNKNOWN: Kind = Kind::Shadow;

/// How long a name may be.
const LONGEST: usize = 32;

/// An environment with the settings that hold in it.
pub(super) struct Place<'n> {
    pub(super) environment: Environment,
    pub(super) section: Section<'n>,
}

/// All environments of a file: those of the block `environments`, or the one that `environment` names.
pub(super) fn all<'n>(reading: &mut Reading<'_>, mut root: Section<'n>) -> Option<Vec<Place<'n>>> {
    if !root.names("environments") {
        let kind = only(reading, &mut root).unwrap_or(UNKNOWN);
        let environment = Environment { name: kind.name().to_owned(), kind };
        return Some(vec![Place { environment, section: root }]);
    }
    if root.names("environment") {
        let message = "expected `environment` or `environments`, found both".to_owned();
        let help = "leave `environment` out: each of `environments` says its kind".to_owned();
        reading.problem(&root.path_to("environment"), Part::Key, message, help);
    }
    let blocks = root.block(reading, "environments")?;
    let mut places = Vec::new();
    for (name, node) in blocks.entries() {
        let path = blocks.path_to(name);
        let Node::Map(entries) = node else {
            let message =
                format!("expected a block of settings at `{name}`, found {}", node.kind());
            reading.problem(
                &path,
                Part::Key,
                message,
                "write its `kind`, `store` and `salesforce`".to_owned(),
            );
            continue;
        };
        is_name(reading, &path, name);
        let section = Section::within(path.clone(), entries, &root, NAMES);
        let kind = kind_of(reading, &path, name, entries).unwrap_or(UNKNOWN);
        places.push(Place { environment: Environment { name: name.clone(), kind }, section });
    }
    if blocks.entries().next().is_none() {
        blocks.missing(reading, "production", "…");
    }
    Some(places)
}

/// The kind of a file that is one environment.
fn only(reading: &mut Reading<'_>, root: &mut Section<'_>) -> Option<Kind> {
    let Some(text) = root.text(reading, "environment") else {
        let message = "expected `environment`, found nothing: a configuration says what it is for";
        let help = "add `environment: staging` for a sandbox, `environment: production` for real deals, or \
                    `environment: shadow` to write nothing and see what would be written";
        reading.problem(
            &root.path_to("environment"),
            Part::Key,
            message.to_owned(),
            help.to_owned(),
        );
        return None;
    };
    let kind = Kind::parse(&text);
    if kind.is_none() {
        wrong_kind(reading, &root.path_to("environment"), "environment", &text);
    }
    kind
}

/// The kind of one of several: as it says; a name that is a kind says it too.
fn kind_of(
    reading: &mut Reading<'_>,
    path: &[Step],
    name: &str,
    entries: &[(String, Node)],
) -> Option<Kind> {
    let mut at = path.to_vec();
    at.push(Step::Name("kind".to_owned()));
    let said = entries.iter().find(|(key, _)| key == "kind").map(|(_, node)| node);
    let by_name = Kind::parse(name);
    let said = match said {
        None | Some(Node::Nothing) => {
            if by_name.is_none() {
                let message = format!("expected `kind` in `{name}`, found nothing");
                let help = "add `kind: production`, `kind: staging` or `kind: shadow`".to_owned();
                reading.problem(path, Part::Key, message, help);
            }
            return by_name;
        }
        Some(Node::Text(text)) => text,
        Some(other) => {
            let message = format!("expected a kind at `kind`, found {}", other.kind());
            reading.problem(&at, Part::Value, message, "write `kind: staging`".to_owned());
            return None;
        }
    };
    let Some(kind) = Kind::parse(said) else {
        wrong_kind(reading, &at, "kind", said);
        return None;
    };
    if by_name.is_some_and(|named| named != kind) {
        let message = format!("expected an environment called `{name}` to be one, found `{kind}`");
        let help = "call it something else, or change its kind".to_owned();
        reading.problem(&at, Part::Value, message, help);
        return None;
    }
    Some(kind)
}

fn wrong_kind(reading: &mut Reading<'_>, path: &[Step], setting: &str, found: &str) {
    let names = Kind::ALL.map(Kind::name);
    let message = format!("expected {} at `{setting}`, found another word", names.join(", "));
    let help = match nearest(found, names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write `{setting}: staging`, or another of them"),
    };
    reading.problem(path, Part::Value, message, help);
}

/// A name is typed on command lines and stands in addresses.
fn is_name(reading: &mut Reading<'_>, path: &[Step], name: &str) {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = !name.is_empty()
        && name.len() <= LONGEST
        && name.chars().all(fits)
        && name.starts_with(|c: char| c.is_ascii_lowercase());
    if !good {
        let message = "expected a name of small letters, digits and hyphens for an environment";
        let help = "call it `staging`, or `production-emea`".to_owned();
        reading.problem(path, Part::Key, message.to_owned(), help);
    }
}

/// The one that is meant. Several, and none is named: an error that says which there are.
pub(super) fn chosen<'n>(
    reading: &mut Reading<'_>,
    mut places: Vec<Place<'n>>,
    wanted: Option<&str>,
) -> Option<Place<'n>> {
    let names: Vec<String> = places.iter().map(|place| place.environment.name.clone()).collect();
    let index = match wanted {
        Some(wanted) => names.iter().position(|name| name == wanted),
        None if names.len() == 1 => Some(0),
        None => None,
    };
    if let Some(index) = index {
        return Some(places.swap_remove(index));
    }
    // What is wrong with them was told.
    if names.is_empty() {
        return None;
    }
    let there = names.join(", ");
    let (message, help) = match wanted {
        Some(wanted) => {
            let help = match nearest(wanted, names.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `--env {meant}`?"),
                None => format!("there are: {there}"),
            };
            (format!("expected the environment `{wanted}`, found {there}"), help)
        }
        None => (
            format!("expected one environment, found {}: {there}", names.len()),
            "choose one with `--env NAME`, or set COSELL_ENV".to_owned(),
        ),
    };
    let block = [Step::Name("environments".to_owned())];
    reading.problem(&block, Part::Key, message, help);
    None
}

/// Whether all of a file's environments get along: no two keep one state, or write to one record.
pub(super) fn get_along(reading: &mut Reading<'_>, all: &[Config]) {
    for (index, config) in all.iter().enumerate() {
        for other in &all[..index] {
            let pair = (config, other);
            if config.store == other.store {
                let help = "each environment keeps a state file of its own: write `store` in it";
                differ(reading, pair, &["store"], "a state file of its own", help);
            }
            if config.partner_center.webhook.trust != other.partner_center.webhook.trust {
                let help =
                    "one address is called for all of them: say once whose signatures are believed";
                differ(
                    reading,
                    pair,
                    &["partner_center", "webhook", "trust"],
                    "the same `trust`",
                    help,
                );
            }
            let writing = [config, other].map(|config| config.reach != Reach::Nothing);
            if writing == [true, true] && same(&config.salesforce.login, &other.salesforce.login) {
                let help = "make one of them `shadow`, or give it an organisation of its own";
                differ(reading, pair, &["salesforce", "login"], "an organisation of its own", help);
            }
            let owning = [config, other].map(|config| config.reach == Reach::Both);
            if owning == [true, true] && same_account(config, other) {
                let help = "two would write to the same referrals: write `account: shared` in the staging \
                            environment, or name a partner account of its own";
                differ(reading, pair, &["partner_center"], "a partner account of its own", help);
            }
        }
    }
}

/// Whether two environments work with the same partner's referrals.
fn same_account(one: &Config, other: &Config) -> bool {
    let (one, other) = (&one.partner_center, &other.partner_center);
    same(&one.tenant, &other.tenant) && same(&one.api, &other.api)
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

fn differ(
    reading: &mut Reading<'_>,
    (config, other): (&Config, &Config),
    setting: &[&str],
    wanted: &str,
    help: &str,
) {
    let (name, other) = (&config.environment.name, &other.environment.name);
    let message = format!("expected {wanted} for `{name}`, found the one of `{other}`");
    let mut path = vec![Step::Name("environments".to_owned()), Step::Name(name.clone())];
    let within = setting.iter().map(|name| Step::Name((*name).to_owned()));
    let full: Vec<Step> = path.iter().cloned().chain(within).collect();
    let (at, part) =
        if reading.has(&full) { (full, Part::Key) } else { (std::mem::take(&mut path), Part::Key) };
    reading.problem(&at, part, message, help.to_owned());
}

/// Whose the referrals of an environment are: a staging environment must say it.
pub(super) fn account(
    reading: &mut Reading<'_>,
    section: &mut Section<'_>,
    kind: Kind,
) -> Option<Account> {
    let said = section.text(reading, "account");
    let path = section.path_to("account");
    let account = match said.as_deref() {
        None => None,
        Some("own") => Some(Account::Own),
        Some("shared") => Some(Account::Shared),
        Some(_) => {
            let message = "expected `own` or `shared` at `account`, found another word".to_owned();
            reading.problem(&path, Part::Value, message, "write `account: shared`".to_owned());
            return None;
        }
    };
    match (kind, account) {
        (Kind::Staging, None) => {
            let message =
                "expected `account` in `partner_center` of a staging environment, found nothing";
            let help = "add `account: shared` when a production environment works with this partner account \
                        (its referrals are read only then), or `account: own` when nobody else does";
            reading.problem(
                &path[..path.len() - 1],
                Part::Key,
                message.to_owned(),
                help.to_owned(),
            );
            None
        }
        (Kind::Production, Some(Account::Shared)) => {
            let message = "expected `own` at `account` of a production environment, found `shared`";
            let help = "leave `account` out".to_owned();
            reading.problem(&path, Part::Value, message.to_owned(), help);
            None
        }
        (Kind::Staging, Some(account)) => Some(account),
        (Kind::Production | Kind::Shadow, _) => Some(account.unwrap_or(Account::Own)),
    }
}
