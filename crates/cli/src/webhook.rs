//! `cosell webhook`: the one registration that a partner account has.
//!
//! In: the configuration of the service. Out: whose it is, made, given back, tried out. Must not know:
//! how Partner Center is asked, what is received.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connect::PartnerCenter;
use connect::webhook::{Address, Registration, Validation};
use runner::config::{Config, Reach, Site};
use runner::store::{Role, SqliteStore};
use runner::webhook::{
    self, Failure, Found, OwnActs, Registered, Replace, Replaced, Restored, Whose, compare,
};
use serde_json::{Value, json};

use crate::command::{TextFormat, Webhook, WebhookCommand};
use crate::terminal::{Outcome, Stop, print, shown};
use crate::{life, login, serve};

/// How often the outcome of a test event is looked at, and how often at most.
const PAUSE: Duration = Duration::from_secs(1);
const LOOKS: u32 = 30;

/// What a test is registered as.
const TEST_EVENT: &str = "test-created";

/// Everything that the commands need.
struct Desk {
    config: Config,
    partner_center: Arc<PartnerCenter>,
    store: SqliteStore,
    url: Option<Address>,
}

/// Does what is asked.
pub(crate) fn run(args: &Webhook) -> Result<Outcome, Stop> {
    let file = &args.config;
    let config = owner(file, args.env.as_deref())?;
    let wires = runner::serve::live_wires(&config).map_err(|error| {
        Stop::because(error.to_string(), format!("correct `partner_center` in {}", shown(file)))
    })?;
    let store = open(&config.store)?;
    let url = runner::serve::webhook_url(&config);
    let desk = Desk { config, partner_center: wires.partner_center, store, url };
    let done = life::runtime()?.block_on(desk.carry_out(&args.command));
    login::warn_unkept(desk.partner_center.unkept().borrow().as_deref());
    let (said, fine) = done?;
    print(&match args.format {
        TextFormat::Json => format!("{said:#}\n"),
        TextFormat::Text => said["said"].as_str().unwrap_or_default().to_owned(),
    })?;
    Ok(Outcome::fine_if(fine))
}

/// The environment that is named; else the only one that owns its partner account, and so the registration.
fn owner(file: &Path, wanted: Option<&str>) -> Result<Config, Stop> {
    if wanted.is_none() {
        let site = serve::usable(file, Site::load(file, None))?;
        let owns = |config: &Config| config.reach == Reach::Both;
        let mut owners = site.environments.into_iter().filter(owns);
        if let (Some(only), None) = (owners.next(), owners.next()) {
            return Ok(only);
        }
    }
    serve::usable(file, Config::load(file, wanted))
}

/// The state file, made when there is none: a registration may come before the first start.
fn open(path: &Path) -> Result<SqliteStore, Stop> {
    let role = if path.exists() { Role::Visitor } else { Role::Runner };
    runner::serve::open_store(path, role)
        .map_err(|error| Stop::because(error.to_string(), "see that your user can write the file"))
}

impl Desk {
    async fn carry_out(&self, command: &WebhookCommand) -> Result<(Value, bool), Stop> {
        let looks = matches!(command, WebhookCommand::Show);
        if !looks && self.config.reach != Reach::Both {
            let environment = &self.config.environment;
            return Err(Stop::because(
                format!(
                    "the environment {environment} does not write to its partner account: the registration is \
                     not its own"
                ),
                "say it for the environment that owns the account: `--env NAME`",
            ));
        }
        match command {
            WebhookCommand::Show => self.show().await,
            WebhookCommand::Register { overwrite } => self.register(*overwrite).await,
            WebhookCommand::Restore { overwrite } => self.restore(*overwrite).await,
            WebhookCommand::Test => self.test().await,
        }
    }

    fn url(&self) -> Result<&Address, Stop> {
        self.url.as_ref().ok_or_else(|| {
            Stop::because(
                "the configuration does not say under which address Microsoft reaches this service",
                "write `public_url: https://…` in `partner_center.webhook`",
            )
        })
    }

    fn events(&self) -> &[String] {
        &self.config.partner_center.webhook.events
    }

    async fn show(&self) -> Result<(Value, bool), Stop> {
        let found = self.partner_center.registration().await.map_err(wire)?;
        let previous = webhook::previous(&self.store).await.map_err(|error| kept(&error))?;
        let ours = self.url.as_ref();
        let own = OwnActs::of(&self.store).await.map_err(|error| kept(&error))?;
        let how = ours.map(|url| compare(found.as_ref(), url, self.events(), &own));
        let fine = how == Some(Found::Ours);
        let before = previous.as_ref().map(|before| &before.url);
        let text = text(found.as_ref(), ours, how.as_ref(), before);
        let registered = found.map(|found| {
            let Registration { url, events, subscriber } = found;
            json!({ "url": url.to_string(), "events": events, "subscriber": subscriber })
        });
        let [ours, before] = [ours, before].map(|url| url.map(Address::to_string));
        let json = json!({ "registered": registered, "ours": ours, "fine": fine, "before": before, "said": text });
        Ok((json, fine))
    }

    async fn register(&self, overwrite: bool) -> Result<(Value, bool), Stop> {
        let url = self.url()?;
        let replace = if overwrite { Replace::Always } else { Replace::Never };
        let done =
            webhook::register(&self.partner_center, &self.store, url, self.events(), replace);
        let done = done.await.map_err(failed)?;
        let text = match &done {
            Registered::Already => format!("{url} was registered before, with all events\n"),
            Registered::Made => format!("{url} is registered now\n"),
            Registered::TookOver(old) => format!(
                "{url} is registered now, in place of {old}\n`cosell webhook restore` gives it back\n"
            ),
            Registered::Left(_, other) => format!(
                "{other} is registered: nothing was changed\n`--overwrite` replaces it; the address is kept, and \
                 `cosell webhook restore` gives it back\n"
            ),
        };
        let fine = !matches!(done, Registered::Left(..));
        Ok((json!({ "url": url.to_string(), "done": fine, "said": text }), fine))
    }

    async fn restore(&self, overwrite: bool) -> Result<(Value, bool), Stop> {
        let (ours, events) = (self.url.as_ref(), self.events());
        let restored = webhook::restore(&self.partner_center, &self.store, ours, events, overwrite);
        let (text, url) = match restored.await.map_err(failed)? {
            Restored::Back { to: Replaced { url, events }, from } => {
                let with = events.map_or_else(
                    || "all events, as which it had was not kept".to_owned(),
                    |events| events.join(", "),
                );
                let from = from.map_or_else(String::new, |from| {
                    format!("it replaced {from}; `cosell webhook restore` gives that back\n")
                });
                let said = format!(
                    "{url} is registered again, with {with}; this service is not called any more\n{from}"
                );
                (said, Some(url))
            }
            Restored::Nothing => ("no address was replaced by this service\n".to_owned(), None),
            Restored::Left(other) => {
                let said = format!(
                    "{other} is registered, neither this service's address nor the one that it replaced: nothing \
                     was changed\n`--overwrite` replaces it; the address is kept\n"
                );
                (said, None)
            }
        };
        let fine = url.is_some();
        let url = url.as_ref().map(Address::to_string);
        Ok((json!({ "url": url, "done": fine, "said": text }), fine))
    }

    /// Whether a test event can reach this service: the registration is asked first, as the refusal does not say why.
    async fn may_test(&self) -> Result<(), Stop> {
        let found = self.partner_center.registration().await.map_err(wire)?;
        let Some(Registration { url, events, .. }) = found else {
            return Err(Stop::because(
                "no webhook is registered: a test event has nowhere to go",
                "`cosell webhook register` makes the registration",
            ));
        };
        if self.url.as_ref().is_some_and(|ours| *ours != url) {
            return Err(Stop::because(
                format!("{} is registered, not this service: no test event comes here", url.host()),
                "ask who that is; `cosell webhook register --overwrite` replaces it, and `restore` gives it back",
            ));
        }
        if !events.iter().any(|event| event.eq_ignore_ascii_case(TEST_EVENT)) {
            return Err(Stop::because(
                format!("{} is registered without the event {TEST_EVENT}", url.host()),
                format!(
                    "`cosell webhook register` adds the events of the configuration; {TEST_EVENT} must be one of \
                     `events` when they are listed there"
                ),
            ));
        }
        Ok(())
    }

    async fn test(&self) -> Result<(Value, bool), Stop> {
        self.may_test().await?;
        let seen = webhook::test(&self.partner_center, LOOKS, PAUSE).await.map_err(wire)?;
        let Validation { status, results } = &seen;
        let attempts: Vec<String> = results
            .iter()
            .map(|result| {
                let failed = "Partner Center itself failed".to_owned();
                if result.system_error { failed } else { result.response_code.clone() }
            })
            .collect();
        let fine = results.iter().any(|result| {
            matches!(result.response_code.as_str(), "Accepted" | "202" | "OK" | "200")
        });
        let help = if fine {
            ""
        } else {
            "the address is not reached, or the call is refused: `cosell status` tells of refused calls\n"
        };
        let text = format!("test event: {status}; answered with {}\n{help}", attempts.join(", "));
        Ok((json!({ "status": status, "answers": attempts, "fine": fine, "said": text }), fine))
    }
}

/// Whose the registration is, line by line.
fn text(
    found: Option<&Registration>,
    ours: Option<&Address>,
    how: Option<&Found>,
    previous: Option<&Address>,
) -> String {
    let mut lines = Vec::new();
    match found {
        Some(Registration { url, events, .. }) => {
            lines.push(format!("registered  {url}"));
            lines.push(format!("events      {}", events.join(", ")));
        }
        None => lines.push("registered  nobody: no webhook is called".to_owned()),
    }
    let unset = "not known: `partner_center.webhook.public_url` is not set";
    lines
        .push(format!("ours        {}", ours.map_or_else(|| unset.to_owned(), Address::to_string)));
    let verdict = match how {
        Some(Found::Ours) => Some("the registration is ours, with all events".to_owned()),
        Some(Found::Nothing) => Some("`cosell webhook register` makes it".to_owned()),
        Some(Found::Lacks(events)) => {
            Some(format!("it lacks {}; `cosell webhook register` adds them", events.join(", ")))
        }
        Some(Found::Other(Whose::GivenBack, _)) => Some(
            "`cosell webhook restore` gave it back; `cosell webhook register --overwrite` takes it"
                .to_owned(),
        ),
        Some(Found::Other(Whose::Ours, _)) => Some(
            "it was made by this service under another address; `cosell webhook register --overwrite` puts the \
             one of the configuration in its place"
                .to_owned(),
        ),
        Some(Found::Other(Whose::Stranger, _)) => Some(
            "somebody else gets the events; `cosell webhook register --overwrite` replaces them"
                .to_owned(),
        ),
        None => None,
    };
    lines.extend(verdict.map(|verdict| format!("            {verdict}")));
    lines.extend(
        previous.map(|previous| {
            format!("before      {previous}; `cosell webhook restore` gives it back")
        }),
    );
    lines.join("\n") + "\n"
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn wire(error: connect::Error) -> Stop {
    Stop::because(
        format!("Partner Center did not do it: {error}"),
        "see that the user may register webhooks, and try it again; test events are two a minute at most",
    )
}

fn kept(error: &runner::store::StoreError) -> Stop {
    Stop::because(error.to_string(), "try it again; another program may hold the file")
}

fn failed(failure: Failure) -> Stop {
    match failure {
        Failure::Wire(error) => wire(error),
        Failure::Store(error) => kept(&error),
    }
}
