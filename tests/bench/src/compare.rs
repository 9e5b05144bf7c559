//! The comparison of all engines on the same records: first what comes out, then how long it takes.
//!
//! In: flags. Out: tables. Must not know: how an engine works.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::build::{package, scratch};
use crate::canonical::spelling;
use crate::engines::{BASE, ENGINES, Engine};
use crate::flags::Flags;
use crate::table::{Spread, print};
use crate::worker::Worker;
use crate::{Stop, records, say};

/// How many differences are shown.
const SHOWN: usize = 3;

/// The engines that are wanted, the base first; their packages are built.
pub(crate) fn wanted(flags: &Flags) -> Result<Vec<&'static Engine>, Stop> {
    let wanted: Vec<&Engine> =
        ENGINES.iter().filter(|it| it.name == BASE || flags.wants(it.name)).collect();
    let mut built: Vec<&str> = Vec::new();
    for engine in &wanted {
        if !built.contains(&engine.package) {
            package(engine.package)?;
            built.push(engine.package);
        }
    }
    Ok(wanted)
}

/// The lines that an engine makes of the records.
fn outputs(engine: &Engine, records: &Path) -> Result<Vec<String>, Stop> {
    let path = scratch()?.join(format!("{}.ndjson", engine.name));
    Worker::start(engine, false, records, &[])?.write(&path)?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// How many lines differ; some are shown.
pub(crate) fn differences(name: &str, wanted: &[String], found: &[String]) -> usize {
    let mut bad = wanted.len().abs_diff(found.len());
    for (number, (wanted, found)) in wanted.iter().zip(found).enumerate() {
        let same = wanted == found || spelling(wanted).is_ok_and(|it| spelling(found) == Ok(it));
        if !same {
            bad += 1;
            if bad <= SHOWN {
                say(&format!("  {name}, record {}: {}", number + 1, between(wanted, found)));
            }
        }
    }
    bad
}

/// What two records do not have in common.
fn between(wanted: &str, found: &str) -> String {
    let members = |text: &str| serde_json::from_str::<Map<String, Value>>(text);
    let (Ok(wanted), Ok(found)) = (members(wanted), members(found)) else {
        return format!("found {found}");
    };
    let same = |name: &str| {
        let spelled = |all: &Map<String, Value>| all.get(name).map(|it| spelling(&it.to_string()));
        spelled(&wanted) == spelled(&found)
    };
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    let differing = names.into_iter().filter(|name| !same(name)).map(|name| {
        format!("{name}: wanted {}, found {}", show(wanted.get(name)), show(found.get(name)))
    });
    differing.collect::<Vec<_>>().join("; ")
}

/// The engines that make what the base makes; the others are told.
fn agreeing(
    flags: &Flags,
    engines: &[&'static Engine],
    file: &Path,
) -> Result<Vec<&'static Engine>, Stop> {
    let base = engines.iter().find(|engine| engine.name == BASE).ok_or("no base")?;
    let wanted = match &flags.reference {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
            text.lines().map(str::to_owned).collect()
        }
        None => outputs(base, file)?,
    };
    let mut good = Vec::new();
    for engine in engines {
        let found = outputs(engine, file)?;
        let bad = differences(engine.name, &wanted, &found);
        let verdict = if bad == 0 { "same".to_owned() } else { format!("{bad} DIFFER") };
        say(&format!("{:<12} {} records, {verdict}", engine.name, found.len()));
        if bad == 0 {
            good.push(*engine);
        }
    }
    say("");
    Ok(good)
}

/// Whether all engines make the same.
pub(crate) fn verify(flags: &Flags) -> Result<bool, Stop> {
    let engines = wanted(flags)?;
    let file = records::file(flags)?;
    Ok(agreeing(flags, &engines, &file)?.len() == engines.len())
}

/// What was measured of one engine.
#[derive(Debug, Default)]
struct Measured {
    nanoseconds: Vec<f64>,
    ratios: Vec<f64>,
}

fn measure(
    engines: &[&'static Engine],
    file: &Path,
    rounds: usize,
) -> Result<(Vec<Measured>, f64), Stop> {
    let mut workers: Vec<Worker> = Vec::new();
    for engine in engines {
        workers.push(Worker::start(engine, false, file, &[])?);
    }
    let mut measured: Vec<Measured> = engines.iter().map(|_| Measured::default()).collect();
    for worker in &mut workers {
        worker.round(1)?;
    }
    for _ in 0..rounds {
        for at in 0..workers.len() {
            // The base is measured anew beside each one, so that other work on this machine
            // meets both.
            let base = workers[0].round(1)?;
            let own = if at == 0 { base } else { workers[at].round(1)? };
            measured[at].nanoseconds.push(own);
            measured[at].ratios.push(own / base);
        }
    }
    let mean = bytes_per_record(&workers[0]);
    Ok((measured, mean))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn bytes_per_record(worker: &Worker) -> f64 {
    worker.bytes as f64 / worker.records.max(1) as f64
}

/// Equality first, then time and allocations of each engine.
pub(crate) fn map(flags: &Flags) -> Result<bool, Stop> {
    let engines = wanted(flags)?;
    let file: PathBuf = records::file(flags)?;
    let good = agreeing(flags, &engines, &file)?;
    let (measured, bytes) = measure(&good, &file, flags.rounds)?;
    say(&format!("One record in memory, {bytes:.0} bytes on average; processor time, one thread."));
    let mut rows = Vec::new();
    for (engine, measured) in good.iter().zip(&measured) {
        let (calls, allocated) = Worker::start(engine, true, &file, &[])?.count()?;
        let time = Spread::of(&measured.nanoseconds);
        let ratio = Spread::of(&measured.ratios);
        rows.push(vec![
            engine.name.to_owned(),
            format!("{:.2}", time.median / 1e3),
            format!("{:.2}–{:.2}", time.least / 1e3, time.most / 1e3),
            format!("{:.0}", bytes * 1e3 / time.median),
            format!("{:.2}", ratio.median),
            format!("{:.2}–{:.2}", ratio.least, ratio.most),
            format!("{calls:.1}"),
            format!("{:.1}", allocated / 1024.0),
        ]);
    }
    let heads =
        ["engine", "µs/record", "min–max", "MB/s", "x hand_typed", "min–max", "allocs", "KiB"];
    print(&heads, &rows);
    Ok(good.len() == engines.len())
}
