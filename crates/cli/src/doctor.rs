//! `cosell doctor`: whether everything is there that the service needs.
//!
//! In: a configuration. Out: a list of checks on this machine, Salesforce and Partner Center, each fine or
//! with what to do. Nothing is written but a line in the list of what the maps have passed. Must not know: how the service works.

mod drift;
mod events;
mod fields;
mod host;
mod pages;
mod partner_center;
mod publisher;
mod rights;
mod role;
mod salesforce;
mod seller;
mod version;

use std::fmt::Write as _;

use connect::Error;
use mapping::problem::Report;
use runner::config::{Config, ConfigProblem};
use runner::maps::passed::Gate;
use runner::tokens::TokenFile;
use serde::Serialize;

use crate::command::{Checkup, Doctor, TextFormat};
use crate::life;
use crate::passed;
use crate::show::Finding;
use crate::terminal::{Color, Outcome, Stop, count, print, shown};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Fine,
    /// Works, and somebody should look at it.
    Note,
    /// Does not work.
    Wrong,
    /// Could not be looked at, because of an earlier one.
    Skipped,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    /// Which environment it is about, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// A stable word, such as `salesforce-sign-in`.
    id: &'static str,
    state: State,
    /// What was found.
    said: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_do: Option<String>,
}

impl Check {
    fn fine(id: &'static str, said: impl Into<String>) -> Self {
        Self { environment: None, id, state: State::Fine, said: said.into(), to_do: None }
    }

    fn note(id: &'static str, said: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            environment: None,
            id,
            state: State::Note,
            said: said.into(),
            to_do: Some(to_do.into()),
        }
    }

    fn wrong(id: &'static str, said: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            environment: None,
            id,
            state: State::Wrong,
            said: said.into(),
            to_do: Some(to_do.into()),
        }
    }

    fn skipped(id: &'static str, why: &str) -> Self {
        Self { environment: None, id, state: State::Skipped, said: why.to_owned(), to_do: None }
    }
}

/// Looks at everything.
pub(crate) fn run(asked: &Checkup, color: Color) -> Result<Outcome, Stop> {
    let Checkup { place: args, seller } = asked;
    let checks = match Config::load_all_unsigned(&args.config, args.env.as_deref()) {
        Ok(configs) => life::runtime()?.block_on(look_at_all(args, seller.as_deref(), &configs)),
        Err(problems) => problems.iter().map(configured).collect(),
    };
    print(&match args.format {
        TextFormat::Json => serde_json::to_string_pretty(&checks).unwrap_or_default() + "\n",
        TextFormat::Text => text(&checks, color.on_stdout()),
    })?;
    Ok(Outcome::fine_if(!checks.iter().any(|check| check.state == State::Wrong)))
}

/// Nobody has signed in to one of the systems yet.
fn unsigned(id: &'static str, file: &TokenFile) -> Check {
    let said = format!("nobody has signed in yet: {} is not there", shown(&file.path));
    let to_do =
        format!("sign in, which makes it: `cosell login {}`; or correct the path", file.purpose);
    Check::wrong(id, said, to_do)
}

/// A problem of the configuration.
fn configured(problem: &ConfigProblem) -> Check {
    let ConfigProblem { file, line, column, message, help } = problem;
    Check::wrong("configuration", format!("{file}:{line}:{column}: {message}"), help)
}

/// Each environment; its name stands at its checks when there are several.
async fn look_at_all(args: &Doctor, seller: Option<&str>, configs: &[Config]) -> Vec<Check> {
    let mut all = Vec::new();
    for config in configs {
        let name = (configs.len() > 1).then(|| config.environment.name.clone());
        let checks = look(config, seller).await;
        // What one seller may not do says nothing of the maps, nor what was promoted before.
        let others = |check: &&Check| check.id.starts_with("seller") || check.id == host::RELEASE;
        let mut of_maps = checks.iter().filter(|check| !others(check));
        let fine = !of_maps.any(|check| check.state == State::Wrong);
        let env = Some(config.environment.name.as_str());
        passed::record(&args.config, Gate::Doctor, fine, env, &config.maps);
        all.extend(checks.into_iter().map(|check| Check { environment: name.clone(), ..check }));
    }
    all
}

async fn look(config: &Config, seller: Option<&str>) -> Vec<Check> {
    let mut checks = vec![Check::fine("configuration", "it can be read, and what it refers to")];
    checks.extend(host::look(config).await);
    match runner::serve::live_wires(config) {
        Ok(wires) => {
            checks.extend(salesforce::look(config, &wires.salesforce, seller).await);
            checks.extend(partner_center::look(config, &wires.partner_center).await);
            let unkept = wires.partner_center.unkept().borrow().clone();
            checks.extend(unkept.map(|why| {
                Check::wrong(
                    "partner-center-token",
                    format!("the refresh token that replaces the old one is not kept: {why}"),
                    "put that right, then sign in again: `cosell login partner-center`",
                )
            }));
        }
        Err(error) => checks.push(Check::wrong(
            "addresses",
            error.to_string(),
            "correct the address or the key in the configuration",
        )),
    }
    checks
}

/// What to do about a day's calls that are used up.
const LIMIT_REACHED: &str = "wait until the calls of the last 24 hours are fewer than the limit: the service goes on by itself; see which \
     programs call the most (Setup, System Overview), or have the limit raised";

/// What to do about a sign-in without a second factor; the role is another matter.
pub(crate) const SECOND_FACTOR: &str = "sign in again as the same user with a second factor (MFA), which Partner Center wants of every user \
     whatever its role";

/// A failure of one of the systems: what happened and what to do.
fn failed(id: &'static str, error: &Error) -> Check {
    match error {
        Error::Denied { why, .. } if error.lacks_second_factor() => {
            Check::wrong(id, why, format!("{SECOND_FACTOR}: `cosell login partner-center`"))
        }
        Error::Denied { why, who } => Check::wrong(id, why, format!("{who} must act")),
        error if error.is_daily_limit() => Check::wrong(id, error.to_string(), LIMIT_REACHED),
        Error::Later { why, .. } => Check::wrong(
            id,
            why,
            "see whether the address is right and can be reached from this machine, then try again",
        ),
        Error::Refused { why, .. } => {
            Check::wrong(id, why, "correct the setting, or let the user do it")
        }
        Error::Resting { why, .. } => Check::wrong(id, why, "try again later"),
        Error::Gone { why } => Check::wrong(id, why, "see whether the address is right"),
        Error::Changed => Check::wrong(id, error.to_string(), "try again"),
    }
}

/// The errors of a map; one that stands at several places is told once.
fn wrong(id: &'static str, report: &Report, help: &str) -> Vec<Check> {
    let mut told: Vec<(Finding, usize)> = Vec::new();
    for finding in Finding::of_report(report).into_iter().filter(Finding::is_error) {
        match told.iter_mut().find(|(other, _)| other.says_the_same(&finding)) {
            Some((_, more)) => *more += 1,
            None => told.push((finding, 0)),
        }
    }
    let check = |(finding, more): &(Finding, usize)| {
        let more = if *more == 0 { String::new() } else { format!(" (and {more} more places)") };
        let help = finding.help().unwrap_or(help);
        Check::wrong(id, format!("{}{more}", finding.short()), help)
    };
    told.iter().map(check).collect()
}

fn text(checks: &[Check], color: bool) -> String {
    let mut text = String::new();
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    let mut named = None;
    for check in checks {
        if check.environment.as_ref() != named {
            named = check.environment.as_ref();
            // INVARIANT: writing to a string cannot fail, here and below.
            let _ = writeln!(text, "{}", named.map_or("", String::as_str));
        }
        let (sign, paint) = match check.state {
            State::Fine => ("ok", "32"),
            State::Note => ("note", "33"),
            State::Wrong => ("WRONG", "31"),
            State::Skipped => ("-", "2"),
        };
        let sign =
            if color { format!("\u{1b}[{paint}m{sign:<5}\u{1b}[0m") } else { format!("{sign:<5}") };
        let _ = writeln!(text, "{sign}  {:<width$}  {}", check.id, check.said);
        if let Some(to_do) = &check.to_do {
            let _ = writeln!(text, "{:<7}{:<width$}  to do: {to_do}", "", "");
        }
    }
    let wrong = checks.iter().filter(|check| check.state == State::Wrong).count();
    let _ = match wrong {
        0 => writeln!(text, "\n{}, nothing is wrong", count(checks.len(), "check")),
        _ => writeln!(text, "\n{}, {wrong} wrong", count(checks.len(), "check")),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_told_with_what_to_do() {
        let checks = [
            Check::fine("maps", "1 map"),
            Check::wrong("salesforce-sign-in", "no", "do it"),
            Check::skipped("org", "not signed in"),
        ];
        let wanted = "ok     maps                1 map\n\
                      WRONG  salesforce-sign-in  no\n       \
                                                 to do: do it\n\
                      -      org                 not signed in\n\n3 checks, 1 wrong\n";
        let shown = text(&checks, false);
        assert_eq!(
            shown.replace("                    to do", "to do"),
            wanted.replace("                                                 to do", "to do")
        );
    }
}
