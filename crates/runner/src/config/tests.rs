//! Configurations that are fine, and everything that can be wrong with one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

#[derive(Default)]
struct Given {
    variables: BTreeMap<String, String>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Lookup for Given {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.files.get(path).cloned().ok_or_else(|| "no such file".to_owned())
    }
}

fn given() -> Given {
    let mut given = Given::default();
    given.variables.insert("SF_SECRET".to_owned(), "s3cret".to_owned());
    given.files.insert(PathBuf::from("/etc/cosell/token"), b"r3fresh\n".to_vec());
    given.files.insert(PathBuf::from("/etc/cosell/pin.cer"), vec![1, 2, 3]);
    given
}

fn parse(text: &str) -> Result<Config, Vec<ConfigProblem>> {
    Config::parse("cosell.yaml", text, Path::new("/etc/cosell"), None, &given())
}

const GOOD: &str = "\
environment: production
listen: 127.0.0.1:9000
store: sqlite:state/cosell.db
maps: [opportunity.map]
partner_center:
  api: http://127.0.0.1:1
  tenant: contoso.onmicrosoft.com
  client_id: app
  refresh_token: file:token
  webhook:
    trust: pinned pin.cer
    register: true
    public_url: https://cosell.example.com
salesforce:
  login: https://acme.my.salesforce.com
  client_id: key
  client_secret: env:SF_SECRET
  api_version: 64.0
limits:
  poll_seconds: 0.25
  workers: 2
";

#[test]
fn a_whole_configuration_is_read() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.listen.port(), 9000);
    assert_eq!(config.store, Path::new("/etc/cosell/state/cosell.db"));
    assert_eq!(config.maps, [PathBuf::from("/etc/cosell/opportunity.map")]);
    assert_eq!(config.partner_center.refresh_token.reveal(), "r3fresh");
    assert_eq!(
        config.partner_center.refresh_token_file.as_ref().map(|file| file.path.clone()),
        Some(PathBuf::from("/etc/cosell/token"))
    );
    assert!(
        matches!(&config.salesforce.sign_in, SalesforceSignIn::Secret(s) if s.reveal() == "s3cret")
    );
    assert_eq!(config.salesforce.api_version, "v64.0");
    assert_eq!(config.limits.poll, Duration::from_millis(250));
    assert_eq!(config.limits.workers, 2);
    assert_eq!(config.limits.sweep, Limits::default().sweep);
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let text = GOOD
        .replace("store: sqlite:state/cosell.db", "stroe: sqlite:x")
        .replace("env:SF_SECRET", "hunter2")
        .replace("workers: 2", "workers: many")
        .replace("file:token", "file:nowhere")
        .replace("register: true", "register: perhaps");
    let problems = parse(&text).unwrap_err();
    let seen: Vec<(usize, usize, &str)> =
        problems.iter().map(|p| (p.line, p.column, p.help.as_str())).collect();
    assert_eq!(
        seen,
        [
            (1, 1, "add `store: sqlite:cosell.db`"),
            (3, 1, "did you mean `store`?"),
            (9, 18, "sign in, which makes it: `cosell login partner-center`; or correct the path"),
            (12, 15, "write true or false"),
            (17, 18, "put it into a file or a variable and write `file:PATH` or `env:NAME`"),
            (21, 12, "write a whole number from 1 to 64"),
        ]
    );
    assert!(problems.iter().all(|p| !p.to_string().contains("hunter2")));
}

#[test]
fn a_webhook_secret_that_can_be_guessed_or_is_no_part_of_a_path_is_refused() {
    let read = |secret: &str| {
        let mut given = given();
        given.variables.insert("HOOK".to_owned(), secret.to_owned());
        let text = GOOD.replace("listen:", "webhook_secret: env:HOOK\nlisten:");
        Config::parse("cosell.yaml", &text, Path::new("/etc/cosell"), None, &given)
    };
    for (secret, found) in [
        ("hush1", "expected 16 characters or more for `webhook_secret`, found 5"),
        ("0123456789abcde", "expected 16 characters or more for `webhook_secret`, found 15"),
        (
            "uLq0/9qkzWmV1+7Q",
            "expected letters, digits and -_.~ for `webhook_secret`, found others: it is a part of an address",
        ),
    ] {
        let problems = read(secret).unwrap_err();
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!((problem.line, problem.message.as_str()), (2, found));
        assert!(problem.help.contains("`openssl rand -hex 24`"), "{}", problem.help);
        assert!(!problem.to_string().contains(secret), "{problem}");
    }
    let config = read("0123456789abcdef").unwrap();
    assert_eq!(config.webhook_secret.unwrap().reveal(), "0123456789abcdef");
}

#[test]
fn a_missing_variable_is_named() {
    let problems = parse(&GOOD.replace("SF_SECRET", "OTHER")).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].help, "set OTHER before the start");
    assert_eq!((problems[0].line, problems[0].column), (17, 18));
}

#[test]
fn an_empty_file_names_what_is_needed() {
    let problems = parse("").unwrap_err();
    let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    for name in ["environment", "store", "maps", "partner_center", "salesforce"] {
        let wanted = format!("expected `{name}`, found nothing");
        assert!(messages.iter().any(|said| said.starts_with(&wanted)), "{messages:?}");
    }
}

#[test]
fn a_doubled_setting_is_refused() {
    assert!(parse(&format!("{GOOD}store: sqlite:other.db\n")).is_err());
}

#[test]
fn the_org_needs_its_own_part_only() {
    let org = |text: &str| {
        OrgConfig::parse("cosell.yaml", text, Path::new("/etc/cosell"), None, &given())
    };
    let text = "environment: production\nmaps: [deal.map]\npartner_center: { tenant: }\nsalesforce:\n  \
login: https://acme.my.salesforce.com\n  client_id: 3MVG9\n  client_secret: env:SF_SECRET\n";
    let found = org(text).unwrap();
    assert_eq!(found.maps, [Path::new("/etc/cosell/deal.map")]);
    assert!(
        matches!(&found.salesforce.sign_in, SalesforceSignIn::Secret(s) if s.reveal() == "s3cret")
    );
    let problems = org(&text.replace("SF_SECRET", "OTHER")).unwrap_err();
    assert_eq!((problems.len(), problems[0].line), (1, 7));
    assert_eq!(org("").unwrap_err().len(), 3);
}

#[test]
fn salesforce_is_signed_in_to_in_one_of_three_ways() {
    let with = |lines: &str| parse(&GOOD.replace("  client_secret: env:SF_SECRET\n", lines));
    let sign_in = |lines: &str| with(lines).unwrap().salesforce.sign_in;
    let key = sign_in("  username: cosell@acme.example\n  private_key: file:token\n");
    assert!(
        matches!(key, SalesforceSignIn::Key { username, .. } if username == "cosell@acme.example")
    );
    let token = sign_in("  refresh_token: file:token\n");
    assert!(matches!(token, SalesforceSignIn::Refresh { client_secret: None, .. }));
    let messages = |lines: &str| -> Vec<String> {
        with(lines).unwrap_err().into_iter().map(|problem| problem.message).collect()
    };
    let lacks = messages("  private_key: file:token\n");
    assert_eq!(lacks, ["expected `username` in `salesforce`, found nothing"]);
    let both = messages("  username: u\n  private_key: file:token\n  refresh_token: file:token\n");
    assert_eq!(both, ["expected one way to sign in, found `private_key` and `refresh_token`"]);
    assert_eq!(messages(""), ["expected `client_secret` in `salesforce`, found nothing"]);
}

#[test]
fn changes_are_polled_for_unless_events_are_wanted() {
    let with = |lines: &str| parse(&GOOD.replace("  api_version: 64.0\n", lines));
    let events = |lines: &str| with(lines).unwrap().salesforce.events;
    let heard_at = |address: &str| Events::PubSub { address: address.to_owned() };
    assert_eq!(events(""), Events::Poll);
    assert_eq!(events("  events: poll\n"), Events::Poll);
    assert_eq!(events("  events: pubsub\n"), heard_at("https://api.pubsub.salesforce.com:7443"));
    let own = "  events: pubsub\n  pubsub: http://127.0.0.1:7443\n";
    assert_eq!(events(own), heard_at("http://127.0.0.1:7443"));
    let problems = with("  events: push\n  pubsub: somewhere\n").unwrap_err();
    let seen: Vec<(usize, usize, &str)> =
        problems.iter().map(|p| (p.line, p.column, p.help.as_str())).collect();
    let usual = "leave it out, or write `pubsub: https://api.pubsub.salesforce.com:7443`";
    assert_eq!(seen, [(18, 11, "write `events: pubsub`"), (19, 11, usual)]);
}

#[test]
fn rests_double_up_to_the_longest() {
    let limits = Limits::default();
    assert_eq!(limits.wait_after(0), limits.retry);
    assert_eq!(limits.wait_after(3), limits.retry * 8);
    assert_eq!(limits.wait_after(99), limits.retry_most);
}

/// Everything but which environments there are.
fn shared() -> String {
    let rest = GOOD.replace("environment: production\n", "");
    rest.replace("store: sqlite:state/cosell.db\n", "")
}

fn site(environments: &str) -> Result<Site, Vec<ConfigProblem>> {
    let text = format!("{}environments:\n{environments}", shared());
    Site::parse("cosell.yaml", &text, Path::new("/etc/cosell"), None, &given())
}

fn messages(found: Result<Site, Vec<ConfigProblem>>) -> Vec<String> {
    found.unwrap_err().iter().map(ToString::to_string).collect()
}

const PRODUCTION: &str = "  production:\n    store: sqlite:p.db\n";
const STAGING: &str = "  uat:
    kind: staging
    store: sqlite:s.db
    partner_center: { account: shared }
    salesforce: { login: 'https://acme--uat.sandbox.my.salesforce.com' }
    limits: { workers: 7 }
";
const SHADOW: &str = "  shadow:\n    store: sqlite:x.db\n";

#[test]
fn a_configuration_without_an_environment_is_refused_with_what_to_write() {
    let problems = parse(&GOOD.replace("environment: production\n", "")).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].help.contains("add `environment: staging`"), "{problems:?}");
    let problems = parse(&GOOD.replace("production", "prod")).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (1, 14));
    let near = parse(&GOOD.replace("production", "produktion")).unwrap_err();
    assert_eq!(near[0].help, "did you mean `production`?");
}

#[test]
fn what_an_environment_does_not_say_holds_as_it_is_said_for_all() {
    let found = site(&[PRODUCTION, STAGING, SHADOW].concat()).unwrap();
    let [production, staging, shadow] = found.environments.as_slice() else { panic!("{found:?}") };
    assert_eq!(production.environment.kind, Kind::Production);
    assert_eq!((&*staging.environment.name, staging.environment.kind), ("uat", Kind::Staging));
    assert_eq!(staging.store, Path::new("/etc/cosell/s.db"));
    assert_eq!(staging.salesforce.login, "https://acme--uat.sandbox.my.salesforce.com");
    assert_eq!(staging.salesforce.client_id, "key", "as it is said for all");
    assert_eq!((production.limits.workers, staging.limits.workers), (2, 7));
    assert_eq!(staging.limits.poll, Duration::from_millis(250));
    let reaches = [production.reach, staging.reach, shadow.reach];
    assert_eq!(reaches, [Reach::Both, Reach::SalesforceOnly, Reach::Nothing]);
    let registers = [production, staging, shadow].map(|one| one.partner_center.webhook.register);
    assert_eq!(registers, [true, false, false], "the account has one registration");
    let text = format!("{}environments:\n{PRODUCTION}{SHADOW}", shared());
    let one = |name| Config::parse("cosell.yaml", &text, Path::new("/etc/cosell"), name, &given());
    assert_eq!(one(Some("shadow")).unwrap().environment.name, "shadow");
    let problems = one(None).unwrap_err();
    assert!(problems[0].message.contains("found 2: production, shadow"), "{problems:?}");
    assert!(problems[0].help.contains("--env NAME"), "{problems:?}");
    assert_eq!(one(Some("shado")).unwrap_err()[0].help, "did you mean `--env shadow`?");
}

#[test]
fn environments_that_would_get_in_each_others_way_are_refused() {
    let first = |environments: &str| messages(site(environments)).remove(0);
    let doubled = first(&[PRODUCTION, &SHADOW.replace("x.db", "p.db")].concat());
    assert!(doubled.contains("a state file of its own for `shadow`"), "{doubled}");
    let owned = first(&[PRODUCTION, &STAGING.replace("shared", "own")].concat());
    assert!(owned.contains("a partner account of its own for `uat`"), "{owned}");
    let unsaid = first(&[PRODUCTION, &STAGING.replace("account: shared", "tenant: t")].concat());
    assert!(unsaid.contains("`account`") && unsaid.contains("read only"), "{unsaid}");
    let unkind = first(&STAGING.replace("    kind: staging\n", ""));
    assert!(unkind.contains("expected `kind` in `uat`"), "{unkind}");
    let other = first("  production:\n    kind: shadow\n    store: sqlite:p.db\n");
    assert!(other.contains("called `production` to be one, found `shadow`"), "{other}");
    let twice = first(
        &[
            PRODUCTION,
            &PRODUCTION
                .replace("production", "emea")
                .replace("p.db\n", "e.db\n    kind: production\n"),
        ]
        .concat(),
    );
    assert!(twice.contains("for `emea`"), "{twice}");
    let top = first("  shadow:\n    store: sqlite:x.db\n    listen: 127.0.0.1:1\n");
    assert!(top.contains("write it at the top of the file"), "{top}");
    let name = first("  Über:\n    kind: shadow\n    store: sqlite:x.db\n");
    assert!(name.contains("small letters"), "{name}");
}

#[test]
fn the_address_must_be_of_the_kind() {
    let at = |kind: &str, login: &str| {
        let text = GOOD.replace("environment: production", &format!("environment: {kind}"));
        let text = text.replace("https://acme.my.salesforce.com", login);
        parse(&text.replace("  tenant:", "  account: own\n  tenant:"))
    };
    let sandbox = "https://acme--uat.sandbox.my.salesforce.com";
    let problems = at("production", sandbox).unwrap_err();
    assert_eq!((problems.len(), problems[0].line, problems[0].column), (1, 16, 10), "{problems:?}");
    assert!(at("staging", "https://acme.my.salesforce.com").is_err());
    for (kind, login) in [
        ("staging", sandbox),
        ("staging", "http://127.0.0.1:1"),
        ("production", "http://127.0.0.1:1"),
        ("shadow", sandbox),
        ("shadow", "https://acme.my.salesforce.com"),
    ] {
        assert!(at(kind, login).is_ok(), "{kind} {login}");
    }
}

#[test]
fn a_map_is_named_once() {
    let read = |maps: &str| {
        let text = GOOD.replace("[opportunity.map]", maps);
        let problems =
            Site::parse("cosell.yaml", &text, Path::new("/etc/cosell"), None, &given()).err();
        problems
            .unwrap_or_default()
            .into_iter()
            .map(|p| (p.line, p.column, p.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(read("[opportunity.map, lead.map]"), []);
    let line = GOOD.lines().position(|line| line.starts_with("maps:")).unwrap() + 1;
    let twice = read("[opportunity.map, opportunity.map]");
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert_eq!((twice[0].0, twice[0].1), (line, 25));
    assert!(twice[0].2.contains("named twice"), "{twice:?}");
}
