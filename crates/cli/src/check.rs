//! `cosell check`: every problem of every map.
//!
//! In: paths. Out: all problems of all files in one run. Must not know: how one is shown.

use std::path::{Path, PathBuf};

use crate::fix::{self, Done};
use crate::fmt::replace;
use crate::project::{Project, find, read};
use crate::show::{self, Finding, Tally};
use crate::terminal::{Color, Outcome, Stop, count, print, shown, tell};

/// How problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Human,
    /// A JSON array.
    Json,
    /// Annotations of a GitHub workflow.
    GitHub,
    /// A SARIF 2.1.0 log.
    Sarif,
}

/// Checks all maps; problems go to stdout, a summary to stderr.
pub(crate) fn run(
    paths: &[PathBuf],
    org: Option<&str>,
    face: Face,
    deny_warnings: bool,
    mend: bool,
    color: Color,
) -> Result<Outcome, Stop> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut unread: Vec<Stop> = Vec::new();
    let maps = find(paths)?;
    let mut project = Project::against(org, &maps)?;
    for path in &maps {
        if mend && let Err(stop) = mend_map(&mut project, path) {
            unread.push(stop);
        }
        match project.open(path) {
            Ok(map) => {
                for finding in map.findings {
                    if !findings.iter().any(|known| known.is_same(&finding)) {
                        findings.push(finding);
                    }
                }
            }
            Err(stop) => unread.push(stop),
        }
    }
    let text = match face {
        Face::Human => show::human(&findings, color.on_stdout()),
        Face::Json => show::json(&findings),
        Face::GitHub => show::github(&findings),
        Face::Sarif => show::sarif(&findings),
    };
    print(&text)?;
    for note in project.notes() {
        tell(&format!("note: {note}\n"));
    }
    let tally = Tally::of(&findings);
    tell(&format!("{}, {tally}\n", count(maps.len(), "file")));
    // One file that cannot be read does not hide the problems of the others.
    let last = unread.pop();
    for stop in &unread {
        tell(&show::stop(stop, color.on_stderr()).unwrap_or_default());
    }
    match last {
        Some(stop) => Err(stop),
        None => Ok(Outcome::fine_if(tally.errors == 0 && !(deny_warnings && tally.warnings > 0))),
    }
}

/// Carries out what the problems of a map offer, and says what was done.
fn mend_map(project: &mut Project, path: &Path) -> Result<(), Stop> {
    // What cannot be read is told when the map is opened.
    let Ok(text) = read(path) else { return Ok(()) };
    let (mended, done) = fix::fix(&text, &mut |text| project.report_of(path, text));
    if mended == text {
        return Ok(());
    }
    replace(path, &mended)?;
    for Done { line, code, old, new } in done {
        let what = match (old.trim(), new.trim()) {
            ("", new) => format!("added `{new}`"),
            (old, "") => format!("removed `{old}`"),
            (old, new) => format!("`{old}` became `{new}`"),
        };
        tell(&format!("fixed {}:{line} {code}: {}\n", shown(path), what.replace('\n', " ")));
    }
    Ok(())
}
