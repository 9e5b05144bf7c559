//! `cosell serve`: the runner.
//!
//! In: a configuration file. Out: a ready file, log lines, and a service until the end. Must not
//! know: how the service works.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use runner::Error;
use runner::config::{Config, ConfigProblem, Site};
use serde_json::json;
use tokio::net::TcpListener;

use crate::terminal::{Color, Outcome, Stop, tell};
use crate::{life, ready, show};

/// What can be said on the command line.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) config: PathBuf,
    pub(crate) env: Option<String>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) with_parent: bool,
}

/// What may be done instead of ending the service that has the state file.
const OTHER_STORE: &str = ": it serves this state file already, and `cosell status` asks it; a second service needs another `store`";

/// Serves until the end.
pub(crate) fn run(options: &Options, color: Color) -> Result<Outcome, Stop> {
    log(color);
    let site = usable(&options.config, Site::load(&options.config, options.env.as_deref()))?;
    let mut locks = Vec::new();
    for environment in &site.environments {
        runner::serve::make_home(&environment.store).map_err(|error| stop(error, color))?;
        let lock = environment.store.with_extension("lock");
        locks.push(life::only_one(&lock, options.with_parent, OTHER_STORE)?);
    }
    if let Some(path) = &options.ready_file {
        ready::forget(path)?;
    }
    life::runtime()?.block_on(serve(site, options, color))
}

async fn serve(site: Site, options: &Options, color: Color) -> Result<Outcome, Stop> {
    let listener = TcpListener::bind(site.listen).await.map_err(|error| {
        Stop::because(
            Stop::file("listen on", Path::new(&site.listen.to_string()), &error).to_string(),
            "choose another address at `listen:` in the configuration",
        )
    })?;
    let public = |config: &Config| config.partner_center.webhook.public_url.clone();
    let public = site.environments.iter().find_map(public);
    let mut told: Result<(), Stop> = Ok(());
    let served = runner::serve(site, listener, life::end(options.with_parent), |at| {
        let console = format!("http://{}", at.address);
        let base = public.unwrap_or_else(|| console.clone());
        let webhook = format!("{}{}", base.trim_end_matches('/'), at.webhook_path);
        let value = json!({"pid": std::process::id(), "console": console, "webhook": webhook});
        if let Some(path) = &options.ready_file {
            told = ready::write(path, &value);
        }
    });
    served.await.map_err(|error| stop(error, color))?;
    told?;
    Ok(Outcome::Fine)
}

/// Log lines on stderr; no value of a record is ever in them.
fn log(color: Color) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(color.on_stderr())
        .with_target(false)
        .with_writer(std::io::stderr)
        .finish();
    // INVARIANT: nothing else sets it; a second `serve` in one process does not exist.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A configuration that was read. Errors: it cannot be used; what is wrong is told on stderr first.
pub(crate) fn usable<T>(file: &Path, read: Result<T, Vec<ConfigProblem>>) -> Result<T, Stop> {
    read.map_err(|problems| {
        tell(&said(&problems));
        Stop::because(format!("{} cannot be used", file.display()), "correct what is listed above")
    })
}

fn said(problems: &[ConfigProblem]) -> String {
    let mut text = String::new();
    for ConfigProblem { file, line, column, message, help } in problems {
        // INVARIANT: writing to a string cannot fail.
        let _ = write!(text, "{file}:{line}:{column}: {message}\n  help: {help}\n");
    }
    text
}

fn stop(error: Error, color: Color) -> Stop {
    match error {
        Error::Map(report) => {
            tell(&show::human(&show::Finding::of_report(&report), color.on_stderr()));
            Stop::because(
                format!("the map {} cannot be used", Path::new(report.name()).display()),
                "correct what is listed above; `cosell check` shows it again",
            )
        }
        Error::Config(problems) => {
            tell(&said(&problems));
            Stop::because("the configuration cannot be used", "correct what is listed above")
        }
        other => Stop::because(other.to_string(), remedy(&other)),
    }
}

/// What to do about an error that says what is wrong by itself.
pub(crate) fn remedy(error: &Error) -> &'static str {
    match error {
        Error::Release { .. } => {
            "`cosell promote --to production` makes a release that is whole; `cosell rollback` goes to the one before; \
             until then `cosell serve --env NAME` serves another environment alone"
        }
        Error::Experimental { .. } => {
            "take the word out of the map's `mapping` line, or write `allow_experimental: true`"
        }
        Error::Twins { .. } => "leave one of the two out of `maps` in the configuration",
        Error::Map(_)
        | Error::Config(_)
        | Error::MapSides(_)
        | Error::Schemas(_)
        | Error::File { .. }
        | Error::Store(_)
        | Error::Setting(_)
        | Error::Halted(_)
        | Error::Listen(_) => "correct it and start again",
    }
}
