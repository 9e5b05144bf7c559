//! `cosell test`: the examples of the maps.
//!
//! In: paths. Out: which examples hold, and what the others gave instead. Must not know: how an
//! example is carried out.

use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use mapping::example::{self, ExampleResult, Failure};
use serde::Serialize;

use crate::project::{Map, Project, errors, find, read};
use crate::show;
use crate::terminal::{Color, Outcome, Stop, print, tell};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// One example of one map.
#[derive(Debug, Serialize)]
struct Played {
    file: String,
    line: usize,
    title: String,
    passed: bool,
    failures: Vec<Failed>,
}

/// A line of an example that does not hold.
#[derive(Debug, Serialize)]
struct Failed {
    line: usize,
    expected: String,
    found: String,
}

impl Played {
    fn of(result: ExampleResult) -> Played {
        let failed = |failure: Failure| Failed {
            line: failure.map_line,
            expected: failure.expected,
            found: failure.found,
        };
        Played {
            file: result.file,
            line: result.map_line,
            title: result.title,
            passed: result.failures.is_empty(),
            failures: result.failures.into_iter().map(failed).collect(),
        }
    }
}

#[derive(Serialize)]
struct Summary<'s> {
    passed: usize,
    failed: usize,
    /// Maps with errors, whose examples were not carried out.
    not_run: &'s [String],
    examples: &'s [Played],
}

/// Carries out all examples of all maps.
pub(crate) fn run(
    paths: &[PathBuf],
    org: Option<&str>,
    face: Face,
    color: Color,
) -> Result<Outcome, Stop> {
    let maps = find(paths)?;
    let mut project = Project::against(org, &maps)?;
    let mut played: Vec<Played> = Vec::new();
    let mut not_run: Vec<String> = Vec::new();
    for path in maps {
        let map = project.open(&path)?;
        let Some(results) = play(&map, &path) else {
            tell(&show::human(&errors(&map.findings), color.on_stderr()));
            not_run.push(map.name);
            continue;
        };
        played.extend(results.into_iter().map(Played::of));
    }
    let failed = played.iter().filter(|example| !example.passed).count();
    let passed = played.len() - failed;
    match face {
        Face::Human => print(&human(&played, &not_run, passed, failed))?,
        Face::Json => {
            let summary = Summary { passed, failed, not_run: &not_run, examples: &played };
            let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
            print(&format!("{text}\n"))?;
        }
    }
    Ok(Outcome::fine_if(failed == 0 && not_run.is_empty()))
}

fn human(played: &[Played], not_run: &[String], passed: usize, failed: usize) -> String {
    let mut text = String::new();
    for example in played {
        let word = if example.passed { "ok    " } else { "FAILED" };
        let _ = writeln!(text, "{word} {}:{} {}", example.file, example.line, example.title);
        for failure in &example.failures {
            let Failed { line, expected, found } = failure;
            let _ = writeln!(text, "       line {line}: expected {expected}");
            let _ = writeln!(text, "       found {found}");
        }
    }
    for map in not_run {
        let _ = writeln!(text, "FAILED {map} has errors, its examples were not carried out");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    text
}

/// None when the map has errors.
fn play(map: &Map, path: &Path) -> Option<Vec<ExampleResult>> {
    let (compiled, plan) = map.usable()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let load = |file: &str| record(folder, file);
    Some(example::run(plan, &compiled.tree, compiled.report.sources(), load))
}

/// The text of a record that an example names. Only files in the map's folder and below are read:
/// a map from elsewhere must not make a check machine show its files.
fn record(folder: &Path, file: &str) -> Result<String, String> {
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
