//! How long maps take to compile.
//!
//! In: the shipped map, generated ones. Out: a table. Must not know: how compiling works.

use cpu_time::ProcessTime;
use mapping::schema::Schemas;
use mapping::{compile, shipped};

use crate::flags::Flags;
use crate::maps::Generated;
use crate::table::{Spread, print};
use crate::{Stop, say};

/// How many lines the generated maps have.
const LINES: [usize; 4] = [1_000, 2_000, 5_000, 10_000];

/// A map and its schemas, as texts.
struct Texts {
    name: String,
    map: String,
    schemas: Vec<(String, String)>,
}

impl Texts {
    fn shipped(name: &str) -> Result<Texts, Stop> {
        let base = shipped::base(name).map_err(|_| format!("no shipped map `{name}`"))?;
        let files = Schemas::built_in_files().iter();
        let own = files.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        // All that the map names; a lead is not among it.
        let schemas = own.filter(|(file, _)| file != "lead.yaml");
        Ok(Texts { name: format!("shipped {name}"), map: base.text, schemas: schemas.collect() })
    }

    fn generated(lines: usize) -> Texts {
        let map = Generated(lines);
        Texts { name: "generated".to_owned(), map: map.map(), schemas: map.schemas().to_vec() }
    }

    /// Milliseconds of reading the schemas, and of compiling the map.
    fn time(&self) -> Result<(f64, f64), Stop> {
        let start = ProcessTime::now();
        let schemas = Schemas::from_yaml(&self.schemas)
            .map_err(|problems| problems.first().map(ToString::to_string).unwrap_or_default())?;
        let read = start.elapsed().as_secs_f64() * 1e3;
        let start = ProcessTime::now();
        let compiled = compile(&self.name, &self.map, &schemas);
        let made = start.elapsed().as_secs_f64() * 1e3;
        if compiled.report.is_usable() && compiled.plan.is_some() {
            Ok((read, made))
        } else {
            Err(format!("{} does not compile: {:?}", self.name, compiled.report.problems().first()))
        }
    }
}

/// Measures the shipped map and generated ones.
pub(crate) fn run(flags: &Flags) -> Result<bool, Stop> {
    let mut all = vec![Texts::shipped("opportunity")?];
    all.extend(LINES.map(Texts::generated));
    let mut rows = Vec::new();
    for texts in &all {
        let lines = texts.map.lines().count();
        let rounds = if lines < 1000 { flags.rounds * 5 } else { flags.rounds };
        texts.time()?;
        let times = (0..rounds).map(|_| texts.time()).collect::<Result<Vec<_>, Stop>>()?;
        let (read, made): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
        let (read, made) = (Spread::of(&read), Spread::of(&made));
        rows.push(vec![
            texts.name.clone(),
            lines.to_string(),
            (texts.map.len() / 1024).to_string(),
            format!("{:.2}", made.median),
            format!("{:.2}–{:.2}", made.least, made.most),
            format!("{:.2}", read.median),
        ]);
    }
    say("Compiling a map: milliseconds of processor time; reading its schemas beside it.");
    print(&["map", "lines", "KiB", "ms", "min–max", "schemas ms"], &rows);
    Ok(true)
}
