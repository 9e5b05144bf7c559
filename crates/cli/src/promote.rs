//! `cosell promote`: maps that have passed everything become a release, which is what production takes.
//!
//! In: a configuration, the list of what was passed. Out: a release and the pointer at it, or what is missing. Must
//! not know: how anything is passed, how the service takes a release.

use std::fmt::Write as _;

use runner::Timestamp;
use runner::config::{Kind, StateConfig};
use runner::maps::passed::{Gate, Missing, missing, prints, read};
use runner::maps::shelf::{Manifest, Packed, Pointer};
use runner::maps::{Bundle, Shelf};
use serde_json::{Value, json};

use crate::command::{Promote, TextFormat};
use crate::passed;
use crate::serve;
use crate::terminal::{Outcome, Stop, print, shown};

/// Promotes, or lists what was promoted.
pub(crate) fn run(args: &Promote) -> Result<Outcome, Stop> {
    let config = meant(args)?;
    let name = &config.environment.name;
    if config.environment.kind != Kind::Production {
        return Err(Stop::because(
            format!(
                "the environment {name} is of kind {}, and takes the files as they are",
                config.environment.kind
            ),
            "name one of kind production: `cosell promote --to production`",
        ));
    }
    let shelf = Shelf::new(config.releases.clone());
    if args.list {
        return list(&shelf, args.format);
    }
    if args.to.is_none() {
        return Err(Stop::because(
            "it is not said where to",
            format!("write `cosell promote --to {name}`, or `--list` for what there is"),
        ));
    }
    promote(args, &config, &shelf)
}

/// The environment that is named, or the only one of kind production.
fn meant(args: &Promote) -> Result<StateConfig, Stop> {
    let (file, named) = (&args.config, args.to.as_deref().or(args.env.as_deref()));
    if named.is_none() {
        let all = serve::usable(file, StateConfig::load(file, None))?;
        let mut all = all.into_iter().filter(|one| one.environment.kind == Kind::Production);
        if let (Some(only), None) = (all.next(), all.next()) {
            return Ok(only);
        }
    }
    serve::usable(file, StateConfig::load_one(file, named))
}

fn promote(args: &Promote, config: &StateConfig, shelf: &Shelf) -> Result<Outcome, Stop> {
    let unusable = |error: runner::Error| {
        Stop::because(
            error.to_string(),
            "correct the map; `cosell check` tells all that is wrong with it",
        )
    };
    let wanted = prints(&config.maps).map_err(unusable)?;
    let bundle = Bundle::read(&config.maps).map_err(unusable)?;
    let made = bundle.compile().map_err(unusable)?;
    let packed = Packed::of(&bundle, &made);
    let mut lines = Vec::new();
    for list in std::iter::once(passed::list(&args.config)).chain(args.passed.clone()) {
        lines.extend(read(&list).map_err(|error| {
            Stop::because(error.to_string(), "see that your user can read the list")
        })?);
    }
    lines.sort_by_key(|line| line.at);
    let lacks = missing(&lines, &wanted);
    let experimental = if config.allow_experimental {
        None
    } else {
        runner::serve::only_stable(&made.maps).err().map(|error| error.to_string())
    };
    let release = packed.manifest.release.clone();
    let refused = !lacks.is_empty() || experimental.is_some();
    let pointer = shelf.pointer().map_err(|error| broken(&error))?;
    let known = pointer.as_ref().and_then(Pointer::current) == Some(release.as_str());
    // A release that was changed by hand is made whole again, also when it is the current one.
    if !refused && !args.dry_run {
        shelf.put(&packed).map_err(|error| broken(&error))?;
        if !known {
            shelf.point(&release, "promote", Timestamp::now()).map_err(|error| broken(&error))?;
        }
    }
    print(&match args.format {
        TextFormat::Json => {
            let told = json!({
                "release": release, "promoted": !refused && !args.dry_run, "before": pointer.as_ref().and_then(Pointer::current),
                "missing": lacks, "experimental": experimental, "maps": packed.manifest.plans,
            });
            format!("{told:#}\n")
        }
        TextFormat::Text => told(args, &packed.manifest, &lacks, experimental.as_deref(), known),
    })?;
    Ok(Outcome::fine_if(!refused))
}

fn broken(error: &runner::Error) -> Stop {
    Stop::because(
        error.to_string(),
        "put the file back, or remove the release: the next promotion makes it anew",
    )
}

fn told(
    args: &Promote,
    manifest: &Manifest,
    lacks: &[Missing],
    experimental: Option<&str>,
    known: bool,
) -> String {
    let mut text = String::new();
    let config = shown(&args.config);
    let flag = if config == "cosell.yaml" { String::new() } else { format!(" --config {config}") };
    // INVARIANT: writing to a string cannot fail, here and below.
    let stages = StateConfig::load(&args.config, None)
        .is_ok_and(|all| all.iter().any(|one| one.environment.kind == Kind::Staging));
    for Missing { gate, map, why } in lacks {
        if *gate == Gate::Scenario && !stages {
            // Staging stands in another file, where this command would find no environment of its kind.
            let _ = writeln!(
                text,
                "missing  {map}: {why}: `cosell scenario --config FILE` with the configuration of your staging \
                 environment, then `--passed LIST` here, which is `.cosell/passed.ndjson` beside that file"
            );
            continue;
        }
        let flag = if *gate == Gate::Test { "" } else { flag.as_str() };
        let _ = writeln!(text, "missing  {map}: {why}: `{}{flag}`", gate.command());
    }
    if let Some(experimental) = experimental {
        let _ = writeln!(
            text,
            "refused  {experimental}; `allow_experimental: true` in the configuration takes it"
        );
    }
    for map in &manifest.plans {
        let plan = map.plan.get(..12).unwrap_or(&map.plan);
        let _ = writeln!(text, "map      {} {plan}  {}", map.map, map.file);
    }
    let release = short(&manifest.release);
    let _ = if !lacks.is_empty() || experimental.is_some() {
        writeln!(text, "Nothing was promoted.")
    } else if args.dry_run {
        writeln!(text, "Release {release} could be promoted; nothing was changed.")
    } else if known {
        writeln!(text, "Release {release} is the one that counts already; its files are whole.")
    } else {
        writeln!(
            text,
            "Release {release} counts from now on. A service that runs takes it within seconds \
             (`reload: ask`: with `cosell reload`); `cosell rollback` goes back."
        )
    };
    text
}

/// What was promoted, the newest first.
fn list(shelf: &Shelf, format: TextFormat) -> Result<Outcome, Stop> {
    let pointer = shelf.pointer().map_err(|error| broken(&error))?;
    let history = pointer.iter().flat_map(|pointer| pointer.history.iter().rev());
    let mut fine = true;
    let entries: Vec<Value> = history
        .enumerate()
        .map(|(number, step)| {
            let found = shelf.open(&step.release);
            fine &= found.is_ok() || number > 0;
            let (plans, wrong) = match found {
                Ok((manifest, _)) => (manifest.plans, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            json!({
                "release": step.release, "at": step.at, "how": step.how, "current": number == 0, "maps": plans,
                "wrong": wrong,
            })
        })
        .collect();
    print(&match format {
        TextFormat::Json => format!("{:#}\n", Value::from(entries)),
        TextFormat::Text if entries.is_empty() => "Nothing was promoted yet.\n".to_owned(),
        TextFormat::Text => entries.iter().map(entry).collect::<String>(),
    })?;
    Ok(Outcome::fine_if(fine))
}

fn entry(entry: &Value) -> String {
    let of = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mark = if entry["current"] == true { "*" } else { " " };
    let plans = entry["maps"].as_array().into_iter().flatten();
    let plans: Vec<String> =
        plans.map(|map| format!("{} {}", of(map, "map"), short(&of(map, "plan")))).collect();
    let wrong = entry["wrong"].as_str().map_or_else(String::new, |why| format!("  broken: {why}"));
    let at: String = of(entry, "at").chars().take(19).collect();
    let (release, how) = (of(entry, "release"), of(entry, "how"));
    format!("{mark} {}  {at}  {how:8}  {}{wrong}\n", short(&release), plans.join(", "))
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
