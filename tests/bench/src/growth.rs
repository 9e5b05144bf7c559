//! How time grows: over the size of a record, and over the number of lines of a map.
//!
//! In: engines. Out: tables, and a plot of each. Must not know: how an engine works.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::build::scratch;
use crate::compare::wanted;
use crate::dice::Dice;
use crate::engines::{ENGINES, Engine};
use crate::flags::Flags;
use crate::generate::Generator;
use crate::maps::Generated;
use crate::plot::{Plot, Series};
use crate::records::{SEED, save};
use crate::table::{Spread, print};
use crate::worker::Worker;
use crate::{Stop, say};

/// How large records are, in quarters of the usual size.
const QUARTERS: [usize; 4] = [1, 4, 16, 64];

/// How many lines maps have.
const LINES: [usize; 5] = [10, 20, 40, 80, 160];

/// How many bytes are mapped in a round, about.
const ROUND: usize = 4_000_000;

/// Members that are read, of an object of a referral.
fn only(value: &mut Value, names: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| names.contains(&name.as_str()));
    }
}

/// A referral of another size: without what is not read, or with longer lists and more that is not
/// read.
fn sized(text: &str, quarters: usize) -> String {
    let mut referral: Value = serde_json::from_str(text).unwrap_or_default();
    let lists = if quarters < 4 { 1 } else { quarters / 4 };
    for path in ["/customerProfile/team", "/details/requirements/solutions"] {
        if let Some(Value::Array(list)) = referral.pointer_mut(path) {
            let all: Vec<Value> = list.iter().cycle().take(list.len() * lists).cloned().collect();
            *list = all;
        }
    }
    if quarters < 4 {
        only(
            &mut referral,
            &[
                "id",
                "engagementId",
                "name",
                "status",
                "substatus",
                "eTag",
                "customerProfile",
                "details",
                "invitationContext",
            ],
        );
        only(&mut referral["invitationContext"], &["assistanceRequestCode"]);
        only(&mut referral["details"]["requirements"], &["solutions"]);
        if referral["details"]["notes"].is_string() {
            referral["details"]["notes"] = json!("A short note.");
        }
        return referral.to_string();
    }
    let more = referral["team"].clone();
    let links = referral["links"].clone();
    let mut length = referral.to_string().len();
    let wanted = text.len() * quarters / 4;
    let mut number = 0;
    while length < wanted {
        let (name, value) = (format!("unread{number}"), json!({"team": more, "links": links}));
        length += name.len() + 4 + value.to_string().len();
        referral[name] = value;
        number += 1;
    }
    referral.to_string()
}

/// Median time of a record, in nanoseconds, of some workers side by side.
fn medians(workers: &mut [Worker], rounds: usize) -> Result<Vec<f64>, Stop> {
    let mut times: Vec<Vec<f64>> = workers.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (worker, times) in workers.iter_mut().zip(&mut times) {
            let time = worker.round(1)?;
            if round > 0 {
                times.push(time);
            }
        }
    }
    Ok(times.iter().map(|times| Spread::of(times).median).collect())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn over_size(flags: &Flags) -> Result<Plot, Stop> {
    let engines = wanted(flags)?;
    let names: Vec<&str> = engines.iter().map(|engine| engine.name).collect();
    let mut series: Vec<Series> = names.iter().map(|name| Series::new(name)).collect();
    let mut rows = Vec::new();
    for quarters in QUARTERS {
        let count = (ROUND / (900 * quarters)).max(20);
        let mut generator = Generator::new(SEED);
        let path = scratch()?.join(format!("size-{quarters}.ndjson"));
        save(&path, (0..count).map(|_| sized(&generator.referral(), quarters)))?;
        let mut workers = start(&engines, &path, &[])?;
        let bytes = workers[0].bytes as f64 / workers[0].records as f64;
        let times = medians(&mut workers, flags.rounds)?;
        let mut row = vec![format!("{bytes:.0}")];
        for (series, time) in series.iter_mut().zip(&times) {
            series.points.push((bytes, time / 1e3));
            row.push(format!("{:.2}", time / 1e3));
        }
        rows.push(row);
    }
    say("Time over the size of a record: µs per record.");
    let heads: Vec<&str> = ["bytes"].into_iter().chain(names).collect();
    print(&heads, &rows);
    Ok(Plot {
        title: "Time over the size of a record",
        across: "bytes of a record",
        up: "µs of processor time per record",
        series,
    })
}

fn start(engines: &[&Engine], records: &Path, arguments: &[&Path]) -> Result<Vec<Worker>, Stop> {
    engines.iter().map(|engine| Worker::start(engine, false, records, arguments)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn over_lines(flags: &Flags) -> Result<Plot, Stop> {
    let ours = ENGINES.iter().find(|engine| engine.name == "cosell").ok_or("no cosell")?;
    crate::build::package(ours.package)?;
    let most = LINES.into_iter().max().unwrap_or(0);
    let mut dice = Dice::new(SEED);
    let records = scratch()?.join("lines.ndjson");
    let bytes = save(&records, (0..500).map(|_| Generated(most).record(&mut dice)))?;
    let mut workers = Vec::new();
    for lines in LINES {
        let files = Generated(lines).save(&scratch()?, &format!("lines-{lines}"))?;
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        workers.push(Worker::start(ours, false, &records, &files)?);
    }
    let times = medians(&mut workers, flags.rounds)?;
    let mut series = Series::new("cosell");
    let mut rows = Vec::new();
    for (lines, time) in LINES.into_iter().zip(times) {
        series.points.push((lines as f64, time / 1e3));
        let each = time / lines as f64;
        rows.push(vec![lines.to_string(), format!("{:.2}", time / 1e3), format!("{each:.0}")]);
    }
    say(&format!("Time over the lines of a map: the same records of {} bytes.", bytes / 500));
    print(&["lines", "µs/record", "ns/record and line"], &rows);
    Ok(Plot {
        title: "Time over the lines of a map",
        across: "lines of the map",
        up: "µs of processor time per record",
        series: vec![series],
    })
}

/// Measures both, and prints them.
pub(crate) fn run(flags: &Flags) -> Result<bool, Stop> {
    over_size(flags)?;
    over_lines(flags)?;
    Ok(true)
}

/// Measures both, and draws them too.
pub(crate) fn plot(flags: &Flags) -> Result<bool, Stop> {
    let [folder] = flags.rest.as_slice() else {
        return Err("plot needs FOLDER".to_owned());
    };
    let folder = Path::new(folder);
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(wrong)?;
    for (name, plot) in [("size.svg", over_size(flags)?), ("lines.svg", over_lines(flags)?)] {
        fs::write(folder.join(name), plot.svg()).map_err(wrong)?;
        say(&format!("written: {}", folder.join(name).display()));
    }
    Ok(true)
}
