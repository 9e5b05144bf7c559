//! `cosell test`: the examples of the maps, what they exercise, and what they would notice.
//!
//! In: paths. Out: which examples hold and what the others gave instead; on request what no example
//! exercises, and changes of a map that none notices. Must not know: how an example is carried out.

mod human;
mod json;
mod junit;

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Component, Path, PathBuf};

use mapping::Compiled;
use mapping::coverage::{Covered, coverage};
use mapping::example::{ExampleResult, Examples};
use mapping::mutation::{Mutation, mutate};
use mapping::plan::Plan;
use mapping::schema::Schemas;
use mapping::shipped;

use crate::passed;
use crate::project::{Project, errors, find, read};
use crate::show;
use crate::terminal::{Color, Outcome, Stop, print, tell};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Human,
    /// For machines.
    Json,
    /// `JUnit` XML.
    JUnit,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) org: Option<String>,
    pub(crate) face: Face,
    /// List what is exercised; less than so many hundredths of a map is not fine.
    pub(crate) coverage: Option<u8>,
    pub(crate) mutate: bool,
    pub(crate) deny_survivors: bool,
}

/// What came of one map.
struct Tested {
    map: String,
    /// None: the map has errors, so that nothing was carried out.
    results: Option<Vec<ExampleResult>>,
    coverage: Option<Vec<Covered>>,
    mutation: Option<Mutation>,
}

impl Tested {
    fn failed(&self) -> usize {
        let results = self.results.iter().flatten();
        results.filter(|result| !result.failures.is_empty()).count()
    }

    fn passed(&self) -> usize {
        self.results.as_ref().map_or(0, Vec::len) - self.failed()
    }

    fn is_fine(&self, options: &Options) -> bool {
        let covered = options.coverage.is_none_or(|least| {
            self.coverage.as_ref().is_none_or(|list| percent_of(list) >= usize::from(least))
        });
        let survives = self.mutation.as_ref().is_some_and(|m| !m.survivors.is_empty());
        let noticed = !(options.deny_survivors && survives);
        self.results.is_some() && self.failed() == 0 && covered && noticed
    }
}

/// The hundredths of `all` that `part` is, rounded down: 100 means all.
fn percent(part: usize, all: usize) -> usize {
    (part * 100).checked_div(all).unwrap_or(100)
}

fn percent_of(list: &[Covered]) -> usize {
    percent(list.iter().filter(|covered| covered.examples > 0).count(), list.len())
}

/// Carries out all examples of all maps.
pub(crate) fn run(options: &Options, color: Color) -> Result<Outcome, Stop> {
    if options.face == Face::JUnit && (options.coverage.is_some() || options.mutate) {
        return Err(Stop::because(
            "`--format junit` holds the examples only",
            "take `--format json` with `--coverage` and `--mutate`",
        ));
    }
    let maps = find(&options.paths)?;
    let mut project = Project::against(options.org.as_deref(), &maps)?;
    let mut tested: Vec<Tested> = Vec::new();
    let paths = maps.clone();
    for path in maps {
        let map = project.open(&path)?;
        let schemas = project.schemas_of(&path)?;
        if let (Some((compiled, plan)), Some(schemas)) = (map.usable(), schemas) {
            tested.push(test(options, &map.name, (compiled, plan), schemas));
        } else {
            tell(&show::human(&errors(&map.findings), color.on_stderr()));
            let map = map.name;
            tested.push(Tested { map, results: None, coverage: None, mutation: None });
        }
    }
    print(&match options.face {
        Face::Human => human::text(&tested),
        Face::Json => json::text(&tested),
        Face::JUnit => junit::text(&tested),
    })?;
    // A map without examples has passed nothing.
    let fine = |map: &Tested| map.is_fine(options) && map.passed() > 0;
    let ended: Vec<(PathBuf, bool)> = paths.into_iter().zip(tested.iter().map(fine)).collect();
    passed::tested(&ended);
    Ok(Outcome::fine_if(tested.iter().all(|map| map.is_fine(options))))
}

fn test(
    options: &Options,
    name: &str,
    (compiled, plan): (&Compiled, &Plan),
    schemas: &Schemas,
) -> Tested {
    let sources = compiled.report.sources();
    let examples = Examples::read(sources, &compiled.tree, record);
    let list = || coverage(plan, &compiled.tree, sources, &examples);
    let mutation = options.mutate.then(|| {
        let mut progress = Progress::of(name);
        let map = (sources, &compiled.tree);
        mutate(map, (plan, schemas), &examples, |done, all| progress.at(done, all))
    });
    Tested {
        map: name.to_owned(),
        results: Some(examples.run(plan)),
        coverage: options.coverage.map(|_| list()),
        mutation,
    }
}

/// How far the changes of a map are: on a terminal a line that is written over, else one line.
struct Progress<'n> {
    name: &'n str,
    terminal: bool,
}

impl<'n> Progress<'n> {
    fn of(name: &'n str) -> Progress<'n> {
        Progress { name, terminal: io::stderr().is_terminal() }
    }

    fn at(&mut self, done: usize, all: usize) {
        let name = self.name;
        if self.terminal {
            let line = format!("{name}: change {done} of {all}");
            let back = if done == all { " ".repeat(line.len()) } else { line };
            tell(&format!("\r{back}\r"));
        } else if done == 0 && all > 0 {
            tell(&format!("{name}: {all} changes are tried\n"));
        }
    }
}

/// The text of a record that an example of a map names. Only files in the map's folder and below are read:
/// a map from elsewhere must not make a check machine show its files.
fn record(map: &str, file: &str) -> Result<String, String> {
    if map.starts_with(shipped::FOLDER) {
        let found = shipped::record(file).map(str::to_owned);
        return found.ok_or_else(|| format!("\"{file}\" is not built in"));
    }
    let folder = Path::new(map).parent().unwrap_or(Path::new(""));
    let named = Path::new(file);
    let inside =
        named.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let outside = || format!("\"{file}\" is not in the folder of the map; put it there");
    if !inside {
        return Err(outside());
    }
    let path = folder.join(named);
    let home = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let (Ok(home), Ok(real)) = (fs::canonicalize(home), fs::canonicalize(&path))
        && !real.starts_with(&home)
    {
        return Err(outside());
    }
    read(&path).map_err(|stop| stop.to_string())
}
