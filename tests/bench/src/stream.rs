//! Whole processes: NDJSON in, NDJSON out, with start and reading and writing.
//!
//! In: flags, records. Out: a table of processor time, wall time and memory. Must not know: how a
//! program works.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::build::{home, package, programs, scratch};
use crate::compare::differences;
use crate::engines::{BASE, ENGINES};
use crate::flags::Flags;
use crate::once::{self, Run};
use crate::table::{Spread, print};
use crate::{Stop, records, say};

/// Behind the name of a program that runs with two threads.
const TWO: &str = ", 2 threads";

/// One program with its arguments.
#[derive(Debug)]
struct Filter {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
}

impl Filter {
    fn run(&self, input: &Path, output: Stdio) -> Result<Run, Stop> {
        let report = scratch()?.join("run.txt");
        once::run(&report, &self.program, &self.arguments, input, output)
    }

    fn lines(&self, input: &Path) -> Result<Vec<String>, Stop> {
        let path = scratch()?.join("stream.ndjson");
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        self.run(input, File::create(&path).map_err(wrong)?.into())?;
        Ok(fs::read_to_string(&path).map_err(wrong)?.lines().map(str::to_owned).collect())
    }
}

/// The program of the main workspace, if it is there.
fn ours(flags: &Flags) -> Option<PathBuf> {
    let own = || home().join("../../target/release/cosell");
    let path = flags.cosell.clone().unwrap_or_else(own);
    path.is_file().then_some(path)
}

fn filters(flags: &Flags) -> Result<Vec<Filter>, Stop> {
    let mut filters = Vec::new();
    for engine in ENGINES.iter().filter(|engine| engine.streams) {
        if engine.name != BASE && !flags.wants(engine.name) {
            continue;
        }
        package(engine.package)?;
        for threads in [1, 2].into_iter().take(if engine.name == BASE { 2 } else { 1 }) {
            let more = if threads == 1 { "" } else { TWO };
            filters.push(Filter {
                name: format!("{}{more}", engine.name),
                program: programs()?.join(engine.package),
                arguments: [engine.name, "stream", &threads.to_string()].map(str::to_owned).into(),
            });
        }
    }
    if !flags.wants("cosell") {
        return Ok(filters);
    }
    let Some(program) = ours(flags) else {
        say("NOT MEASURED: cosell apply. Build it with `cargo build --release` in the root of the");
        say("repository, or name the program with --cosell PATH.\n");
        return Ok(filters);
    };
    let map = home().join("../../crates/mapping/benches/referral.map");
    for threads in ["1", "2"] {
        let more = if threads == "1" { "" } else { TWO };
        let map = map.to_string_lossy();
        filters.push(Filter {
            name: format!("cosell apply{more}"),
            program: program.clone(),
            arguments: ["apply", &map, "--to", "opportunity", "--threads", threads, "-"]
                .map(str::to_owned)
                .into(),
        });
    }
    Ok(filters)
}

/// Measures all of them; false if one makes something else.
pub(crate) fn run(flags: &Flags) -> Result<bool, Stop> {
    let file = records::file(flags)?;
    let mut filters = filters(flags)?;
    let wanted = filters.first().ok_or("no base")?.lines(&file)?;
    let all = filters.len();
    let mut good = Vec::new();
    for filter in filters.drain(..) {
        let bad = differences(&filter.name, &wanted, &filter.lines(&file)?);
        if bad == 0 {
            good.push(filter);
        } else {
            say(&format!("{}: {bad} DIFFER, not measured", filter.name));
        }
    }
    let mut runs: Vec<Vec<(Run, Run)>> = good.iter().map(|_| Vec::new()).collect();
    for _ in 0..flags.rounds {
        for (at, filter) in good.iter().enumerate() {
            let base = good[0].run(&file, Stdio::null())?;
            let own = if at == 0 { base } else { filter.run(&file, Stdio::null())? };
            runs[at].push((base, own));
        }
    }
    let bytes = fs::metadata(&file).map_err(|error| error.to_string())?.len();
    table(&good, &runs, wanted.len(), bytes);
    two_threads(&good, &runs);
    Ok(good.len() == all)
}

/// How much faster each is with two threads than with one, round by round.
fn two_threads(filters: &[Filter], runs: &[Vec<(Run, Run)>]) {
    for (filter, two) in filters.iter().zip(runs) {
        let Some(name) = filter.name.strip_suffix(TWO) else { continue };
        let one = filters.iter().position(|other| other.name == name);
        let Some(one) = one.and_then(|at| runs.get(at)) else { continue };
        let ratios = one.iter().zip(two).map(|((_, one), (_, two))| one.wall / two.wall);
        let Spread { least, median, most } = Spread::of(&ratios.collect::<Vec<_>>());
        say(&format!("{name}: two threads are {median:.2} ({least:.2}–{most:.2}) times as fast"));
    }
    say("");
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn table(filters: &[Filter], runs: &[Vec<(Run, Run)>], records: usize, bytes: u64) {
    say(&format!(
        "Whole processes, {records} records, {:.0} MB, NDJSON to NDJSON.",
        bytes as f64 / 1e6
    ));
    let mut rows = Vec::new();
    for (filter, runs) in filters.iter().zip(runs) {
        let of = |what: &dyn Fn(&(Run, Run)) -> f64| {
            Spread::of(&runs.iter().map(what).collect::<Vec<_>>())
        };
        let each = 1e6 / records.max(1) as f64;
        let processor = of(&|(_, own)| own.processor * each);
        let wall = of(&|(_, own)| own.wall * each);
        let ratio = of(&|(base, own)| own.processor / base.processor);
        let faster = of(&|(base, own)| own.wall / base.wall);
        let memory = of(&|(_, own)| own.memory / 1_048_576.0);
        rows.push(vec![
            filter.name.clone(),
            format!("{:.2}", processor.median),
            format!("{:.2}–{:.2}", processor.least, processor.most),
            format!("{:.2}", ratio.median),
            format!("{:.2}–{:.2}", ratio.least, ratio.most),
            format!("{:.2}", wall.median),
            format!("{:.2}", faster.median),
            format!("{:.0}", bytes as f64 / records.max(1) as f64 / wall.median),
            format!("{:.1}", memory.most),
        ]);
    }
    let heads = [
        "program",
        "µs/record CPU",
        "min–max",
        "x hand_typed",
        "min–max",
        "µs/record wall",
        "x hand_typed wall",
        "MB/s wall",
        "peak MiB",
    ];
    print(&heads, &rows);
}
