//! `cosell rollback`: the release before counts again, and the service takes it at once.
//!
//! In: a configuration. Out: the pointer moved back, and whether a service that runs took it. Must not know: what
//! is in a release.

use runner::Timestamp;
use runner::config::{Kind, StateConfig};
use runner::maps::Shelf;
use serde_json::json;

use super::{Face, Office, reload};
use crate::command::{Kept, Rollback};
use crate::serve;
use crate::terminal::{Outcome, Stop, print};

/// Goes back.
pub(crate) fn run(args: &Rollback) -> Result<Outcome, Stop> {
    let (config, env) = (&args.kept.config, args.kept.env.as_deref());
    let mut all = serve::usable(config, StateConfig::load(config, env))?;
    all.retain(|config| config.environment.kind == Kind::Production);
    let [config] = all.as_slice() else {
        return Err(Stop::because(
            format!("{} environments of kind production are meant", all.len()),
            "name the one with --env",
        ));
    };
    let shelf = Shelf::new(config.releases.clone());
    let back = shelf.back(Timestamp::now()).map_err(|error| {
        Stop::because(error.to_string(), "the release before is broken: promote another one")
    })?;
    let Some(release) = back else {
        print("There is no release before this one; nothing was changed.\n")?;
        return Ok(Outcome::NotFine);
    };
    let name = config.environment.name.clone();
    let runtime = crate::life::runtime()?;
    let runs = runtime.block_on(runner::ask::status(config.listen, Some(&name))).is_some();
    drop(runtime);
    let (mut taken, mut why) = (false, None);
    if runs {
        let kept =
            Kept { config: args.kept.config.clone(), env: Some(name), format: args.kept.format };
        let (outcome, status) = reload::at_once(&Office::open(&kept)?)?;
        taken = matches!(outcome.as_str(), "taken" | "unchanged");
        why = status["reload"]["refused"].as_str().map(str::to_owned);
    }
    let short = release.get(..12).unwrap_or(&release);
    print(&match Face::from(args.kept.format) {
        Face::Json => format!(
            "{:#}\n",
            json!({ "release": release, "service": runs, "taken": taken, "why": why })
        ),
        Face::Text if !runs => {
            format!("Release {short} counts again. No service answers; the next start takes it.\n")
        }
        Face::Text if taken => format!("Release {short} counts again, and is in service.\n"),
        Face::Text => format!(
            "Release {short} counts again, but the service did not take it: {}.\n",
            why.unwrap_or_else(|| "`cosell status` shows how it stands".to_owned())
        ),
    })?;
    Ok(Outcome::fine_if(taken || !runs))
}
