//! `cosell preview`: what changed maps would write to the deals there are, before they may.
//!
//! In: a configuration, maps. Out: differences by line of the map, as `cosell diff` shows them. Must not know: what
//! a plan does with a record. Both systems are only read.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mapping::decision::Side;
use mapping::diff::{Differ, Summary};
use runner::config::Config;
use runner::deal_map::DealMap;
use runner::maps::Bundle;
use runner::maps::preview::{Live, Unknown, linked, live, spread};
use runner::store::{KeyId, Role, SqliteStore, StoreError};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::command::Preview;
use crate::diff::{By, Compared, Face};
use crate::project::{Map, open_usable};
use crate::terminal::{Color, Outcome, Stop, print, shown, tell};
use crate::{life, login, serve};

/// A map in service, and the one that may take its place.
struct Pair {
    old: Map,
    new: Map,
    /// The same two, as the service reads by them.
    service: [DealMap; 2],
}

/// Compares the maps in service with changed ones, over the deals of the state file.
pub(crate) fn run(args: &Preview, color: Color) -> Result<Outcome, Stop> {
    let file = &args.config;
    let config = serve::usable(file, Config::load(file, args.env.as_deref()))?;
    let pairs = pairs(args, &config, color)?;
    let store =
        SqliteStore::open(&config.store, Role::Visitor).map_err(|error| kept(&error, file))?;
    let wires = runner::serve::live_wires(&config)
        .map_err(|error| Stop::because(error.to_string(), format!("correct {}", shown(file))))?;
    let (found, there) = life::runtime()?.block_on(async {
        let all = linked(&store).await.map_err(|error| kept(&error, file))?;
        let maps: Vec<&DealMap> = pairs.iter().flat_map(|pair| &pair.service).collect();
        let read = look(&store, &wires, &maps, &sample(args, &all), args.per_second).await;
        login::warn_unkept(wires.partner_center.unkept().borrow().as_deref());
        Ok::<_, Stop>((read?, all.len()))
    })?;
    told(args, &pairs, &found, there)
}

fn sample(args: &Preview, all: &[KeyId]) -> Vec<KeyId> {
    spread(all, usize::try_from(args.sample).unwrap_or(usize::MAX))
}

/// The maps, each with the one in service.
fn pairs(args: &Preview, config: &Config, color: Color) -> Result<Vec<Pair>, Stop> {
    let shelf = runner::serve::in_service(&config.store);
    let release = shelf.pointer().ok().flatten().and_then(|at| at.current().map(str::to_owned));
    let Some(release) = release else {
        return Err(Stop::because(
            "it is not known which maps are in service",
            format!("start the service once: `cosell serve --config {}`", shown(&args.config)),
        ));
    };
    let (manifest, _, made) = shelf.compile(&release).map_err(|error| {
        Stop::because(error.to_string(), "start the service again: it puts its maps there anew")
    })?;
    let mut old = BTreeMap::new();
    for (path, map) in manifest.maps.iter().zip(made.maps) {
        old.insert(map.object().to_owned(), (shelf.place(&release).join(path), map));
    }
    let new: Vec<PathBuf> =
        if args.maps.is_empty() { config.maps.clone() } else { args.maps.clone() };
    let mut pairs = Vec::new();
    for path in &new {
        let map = open_usable(path, None, color)?;
        let object = map.usable().map_or("", |(_, plan)| plan.object(Side::Right)).to_owned();
        let Some((place, before)) = old.remove(&object) else {
            return Err(Stop::because(
                format!("no map in service is about {object}, as {} is", shown(path)),
                "name maps for the objects of those in service; one that is added needs a start",
            ));
        };
        let compiled = Bundle::read(std::slice::from_ref(path)).and_then(|bundle| bundle.compile());
        let made = compiled.map_err(|error| {
            Stop::because(error.to_string(), format!("`cosell check {}` tells more", shown(path)))
        })?;
        let Some(after) = made.maps.into_iter().next() else { continue };
        pairs.push(Pair {
            old: open_usable(&place, None, color)?,
            new: map,
            service: [before, after],
        });
    }
    Ok(pairs)
}

/// Reads the deals, not faster than told.
async fn look(
    store: &SqliteStore,
    wires: &runner::wires::LiveWires,
    maps: &[&DealMap],
    keys: &[KeyId],
    per_second: u32,
) -> Result<Vec<Live>, Stop> {
    let pace = Duration::from_secs(1) / per_second.max(1);
    let shows = std::io::stderr().is_terminal();
    let mut found = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let began = Instant::now();
        if shows {
            tell(&format!("\r{number} of {} deals looked at", keys.len()));
        }
        found.extend(live(store, wires, maps, *key).await.map_err(|unknown| match unknown {
            Unknown::Refused(why) => {
                Stop::because(why, "correct the map, or what the user may see")
            }
            Unknown::Later(why) => Stop::because(why, "try it again"),
        })?);
        tokio::time::sleep_until(began + pace).await;
    }
    if shows {
        tell("\r                                        \r");
    }
    Ok(found)
}

fn told(args: &Preview, pairs: &[Pair], found: &[Live], there: usize) -> Result<Outcome, Stop> {
    let face = args.format.into();
    let (mut texts, mut fine) = (Vec::new(), true);
    for Pair { old, new, service: [_, after] } in pairs {
        let (Some((_, old_plan)), Some((_, plan))) = (old.usable(), new.usable()) else { continue };
        let differ = Differ::new(old_plan, plan);
        let mut compared = Compared {
            maps: [old, new],
            plan,
            summary: Summary::showing(args.samples),
            broken: 0,
            by: By::Deal,
        };
        for deal in found.iter().filter(|deal| deal.object == after.object()) {
            match &deal.recorded {
                Some(recorded) => {
                    let number = u64::try_from(deal.key.0).unwrap_or(0);
                    compared.summary.add(number, differ.compare(recorded));
                }
                None => compared.broken += 1,
            }
        }
        fine &= compared.summary.is_nothing();
        texts.push(compared.told(face));
    }
    print(&match face {
        Face::Text => {
            let looked = found.len();
            let all = if looked < there {
                format!(" of {there} that have both records")
            } else {
                String::new()
            };
            format!("{}{looked} looked at{all}; nothing was written\n", texts.join("\n"))
        }
        Face::Json => {
            let maps: Vec<Value> =
                texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
            format!("{:#}\n", json!({ "looked_at": found.len(), "of": there, "maps": maps }))
        }
    })?;
    Ok(Outcome::fine_if(fine))
}

fn kept(error: &StoreError, config: &Path) -> Stop {
    let help = match error {
        StoreError::NotThere(_) => {
            format!("start the service once: `cosell serve --config {}`", shown(config))
        }
        _ => "see that your user can read and write the file, and try it again".to_owned(),
    };
    Stop::because(error.to_string(), help)
}
