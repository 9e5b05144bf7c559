//! `cosell check`: every problem of every map.
//!
//! In: paths. Out: all problems of all files in one run. Must not know: how one is shown.

use std::path::PathBuf;

use crate::project::{Project, find};
use crate::show::{self, Finding, Tally};
use crate::terminal::{Color, Outcome, Stop, count, print, tell};

/// How problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Human,
    /// A JSON array.
    Json,
    /// Annotations of a GitHub workflow.
    GitHub,
}

/// Checks all maps; problems go to stdout, a summary to stderr.
pub(crate) fn run(
    paths: &[PathBuf],
    org: Option<&str>,
    face: Face,
    deny_warnings: bool,
    color: Color,
) -> Result<Outcome, Stop> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut unread: Vec<Stop> = Vec::new();
    let maps = find(paths)?;
    let mut project = Project::against(org, &maps)?;
    for path in &maps {
        match project.open(path) {
            Ok(map) => findings.extend(map.findings),
            Err(stop) => unread.push(stop),
        }
    }
    let text = match face {
        Face::Human => show::human(&findings, color.on_stdout()),
        Face::Json => show::json(&findings),
        Face::GitHub => show::github(&findings),
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
