//! `cosell login status`: the three connections, and how they stand.
//!
//! In: the configuration, and what a running service knows of its sign-ins. Out: for each connection whom it
//! acts for, what it may do, until when, and when it was used. Must not know: how signing in goes. No token
//! is in what it says.

use std::fmt::Write as _;

use connect::{Error, Session};
use runner::Timestamp;
use runner::config::{Config, SalesforceSignIn};
use runner::standing::{CONNECTIONS, Login};
use runner::tokens::TokenFile;
use serde::Serialize;
use serde_json::Value;

use super::warn_unkept;
use crate::command::{LoginStatus, TextFormat};
use crate::office::ago;
use crate::terminal::{Outcome, Stop, print, shown};
use crate::{life, serve};

/// A connection as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    name: &'static str,
    state: State,
    /// What does not work, and who must act.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    principal: Option<String>,
    scopes: Vec<String>,
    /// When the access token was given, until when it is good, when it was last used.
    since: Option<Timestamp>,
    expires: Option<Timestamp>,
    used: Option<Timestamp>,
    /// How long the access token is good.
    expires_in_seconds: Option<i64>,
    signs_in_with: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Token>,
    /// The running service said it; else it was tried just now.
    by_service: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Works,
    Unused,
    Broken,
    /// Nobody has signed in yet.
    Unsigned,
}

/// A refresh token, without itself.
#[derive(Debug, Clone, Serialize)]
struct Token {
    file: String,
    sealed: bool,
    signed_in: Option<Timestamp>,
    renewed: Option<Timestamp>,
}

/// Shows it.
pub(super) fn run(args: &LoginStatus) -> Result<Outcome, Stop> {
    let config =
        serve::usable(&args.config, Config::load_unsigned(&args.config, args.env.as_deref()))?;
    let runtime = life::runtime()?;
    let status =
        runtime.block_on(runner::ask::status(config.listen, Some(&config.environment.name)));
    let logins = match status.as_ref().and_then(of_service) {
        Some(logins) => logins,
        None => runtime.block_on(tried(&config))?,
    };
    let shown: Vec<Shown> =
        logins.into_iter().map(|login| show(&config, login, status.is_some())).collect();
    print(&match args.format {
        TextFormat::Json => serde_json::to_string_pretty(&shown).unwrap_or_default() + "\n",
        TextFormat::Text => text(&shown, Timestamp::now()),
    })?;
    let works = |one: &Shown| matches!(one.state, State::Works | State::Unused);
    Ok(Outcome::fine_if(shown.iter().all(works)))
}

/// What a running service knows.
fn of_service(status: &Value) -> Option<Vec<Login>> {
    let logins: Vec<Login> = serde_json::from_value(status.get("logins")?.clone()).ok()?;
    (logins.len() == CONNECTIONS.len()).then_some(logins)
}

/// Tries each connection.
async fn tried(config: &Config) -> Result<Vec<Login>, Stop> {
    let wires = runner::serve::live_wires(config).map_err(|error| {
        Stop::because(error.to_string(), "correct the address or the key in the configuration")
    })?;
    let (partner_center, salesforce) = (&wires.partner_center, &wires.salesforce);
    let there = |file: Option<&TokenFile>| file.is_none_or(TokenFile::is_there);
    // Where nobody has signed in yet, there is nothing to try.
    let (mut referrals, mut webhooks, mut org) = (Ok(()), Ok(()), Ok(()));
    if there(config.partner_center.refresh_token_file.as_ref()) {
        // Who signs in may have no role: a list that is refused says so.
        referrals = super::tried::reads(partner_center).await;
        webhooks = partner_center.sign_in_for_webhooks().await;
    }
    if there(config.salesforce.sign_in.token_file()) {
        org = salesforce.sign_in().await;
    }
    let ends = [referrals, webhooks, org];
    warn_unkept(partner_center.unkept().borrow().as_deref());
    let [referrals, webhooks] = partner_center.sessions();
    let sessions = [referrals, webhooks, salesforce.session()];
    let logins = CONNECTIONS.into_iter().zip(ends).zip(sessions).map(|((name, end), session)| {
        let trouble = end.err().map(|error| match error {
            Error::Denied { why, who } => format!("{why}; {who} must act"),
            other => other.to_string(),
        });
        Login { name: name.to_owned(), session, trouble }
    });
    Ok(logins.collect())
}

fn show(config: &Config, login: Login, by_service: bool) -> Shown {
    let Login { name, session, mut trouble } = login;
    let name = CONNECTIONS.into_iter().find(|known| *known == name).unwrap_or("unknown");
    let (signs_in_with, file) = if name == CONNECTIONS[2] {
        match &config.salesforce.sign_in {
            SalesforceSignIn::Secret(_) => ("the app's secret, as its own user", None),
            SalesforceSignIn::Key { .. } => ("an assertion of the app's key", None),
            SalesforceSignIn::Refresh { .. } => {
                ("a refresh token", config.salesforce.sign_in.token_file())
            }
        }
    } else {
        ("a refresh token", config.partner_center.refresh_token_file.as_ref())
    };
    let lacks = file.filter(|file| !file.is_there());
    let state = match (lacks, &trouble, session.since) {
        (Some(_), _, _) => State::Unsigned,
        (None, Some(_), _) => State::Broken,
        (None, None, Some(_)) => State::Works,
        (None, None, None) => State::Unused,
    };
    if let Some(TokenFile { path, purpose, .. }) = lacks {
        trouble = Some(format!("{} is not there: `cosell login {purpose}` makes it", shown(path)));
    }
    let now = Timestamp::now();
    let Session { principal, scopes, since, expires, used } = session;
    let expires_in_seconds = expires.map(|at| at.duration_since(now).as_secs().max(0));
    let refresh_token = file.and_then(token);
    Shown {
        name,
        state,
        trouble,
        principal,
        scopes,
        since,
        expires,
        used,
        expires_in_seconds,
        signs_in_with,
        refresh_token,
        by_service,
    }
}

fn token(file: &TokenFile) -> Option<Token> {
    let kept = file.read().ok()?;
    let changed = || {
        let modified = std::fs::metadata(&file.path).and_then(|found| found.modified());
        modified.ok().and_then(|at| Timestamp::try_from(at).ok())
    };
    Some(Token {
        file: shown(&file.path),
        sealed: kept.sealed,
        signed_in: kept.signed_in,
        renewed: kept.renewed.or_else(changed),
    })
}

fn text(connections: &[Shown], now: Timestamp) -> String {
    let mut text = String::new();
    for one in connections {
        let state = match one.state {
            State::Works => "works",
            State::Unused => "not used since the service began",
            State::Broken => "DOES NOT WORK",
            State::Unsigned => "NOT SIGNED IN",
        };
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{:<26}  {state}", one.name);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<24}  {value}");
        };
        if let Some(trouble) = &one.trouble {
            line("trouble", trouble);
        }
        let Shown { principal, scopes, expires, used, .. } = one;
        line("acts for", principal.as_deref().unwrap_or("not known"));
        line("signs in with", one.signs_in_with);
        if let Some(token) = &one.refresh_token {
            line("refresh token", &told(token, now));
        }
        if !scopes.is_empty() {
            line("scopes", &scopes.join(" "));
        }
        if let Some(at) = expires {
            let left = at.duration_since(now).as_secs();
            let left = if left > 0 { format!("for {} min", left / 60) } else { "ended".to_owned() };
            line("access token", &format!("{left}, until {at:.0}"));
        }
        if let Some(at) = used {
            line("last used", &ago(*at, now));
        }
    }
    text
}

fn told(token: &Token, now: Timestamp) -> String {
    let mut said = vec![token.file.clone()];
    said.push(if token.sealed { "sealed".to_owned() } else { "NOT sealed yet".to_owned() });
    said.extend(token.signed_in.map(|at| format!("signed in {}", ago(at, now))));
    said.extend(token.renewed.map(|at| format!("renewed {}", ago(at, now))));
    said.join(", ")
}
