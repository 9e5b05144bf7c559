//! `cosell diff`: recorded deals, replayed with two maps.
//!
//! In: two maps, deals a line each. Out: what would be written differently, by cause; a fault for
//! each line that is no deal. Must not know: what a plan does with a record.

mod json;
mod text;

use std::panic;
use std::path::Path;
use std::thread;

use mapping::diff::{Differ, Difference, Recorded, Summary};
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;

use crate::apply::tell_fault;
use crate::input::Input;
use crate::lines::{Line, lines_of};
use crate::project::{Map, open_usable};
use crate::terminal::{Color, Outcome, Stop, print, shown};

/// How much is read before it is compared, so that memory stays bounded.
const LINES: usize = 512;
const BYTES: usize = 8 * 1024 * 1024;

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What was found, with the maps that it points into.
pub(crate) struct Compared<'m> {
    pub(crate) maps: [&'m Map; 2],
    pub(crate) plan: &'m Plan,
    pub(crate) summary: Summary,
    /// Lines that were no deal, or deals that could not be read.
    pub(crate) broken: u64,
    /// What the numbers of deals are.
    pub(crate) by: By,
}

/// What the numbers of deals are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Lines of a recording.
    Line,
    /// Deals of the state file.
    Deal,
}

impl By {
    /// `line 12`, `deal-12`.
    fn name(self, number: u64) -> String {
        match self {
            By::Line => format!("line {number}"),
            By::Deal => format!("deal-{number}"),
        }
    }

    /// The member that holds the number.
    fn member(self) -> &'static str {
        match self {
            By::Line => "line",
            By::Deal => "deal",
        }
    }
}

impl Compared<'_> {
    /// Everything, in words or for machines.
    pub(crate) fn told(&self, face: Face) -> String {
        match face {
            Face::Text => text::text(self),
            Face::Json => json::json(self),
        }
    }
}

/// Replays the deals of a file, or of stdin, with both maps.
pub(crate) fn run(
    maps: [&Path; 2],
    org: Option<&str>,
    replay: &Path,
    samples: usize,
    face: Face,
    color: Color,
) -> Result<Outcome, Stop> {
    let [old, new] = maps;
    let (old, new) = (open_usable(old, org, color)?, open_usable(new, org, color)?);
    let (Some((_, old_plan)), Some((_, plan))) = (old.usable(), new.usable()) else {
        return Ok(Outcome::NotFine);
    };
    let mut lines = lines_of(Input::of(Some(replay))?);
    let differ = Differ::new(old_plan, plan);
    let mut compared = Compared {
        maps: [&old, &new],
        plan,
        summary: Summary::showing(samples),
        broken: 0,
        by: By::Line,
    };
    loop {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < LINES && bytes < BYTES {
            let next = lines.next();
            let Some(line) = next.map_err(|error| lines.failed(error, "nothing is compared"))?
            else {
                break;
            };
            bytes += line.text.as_ref().map_or(0, String::len);
            batch.push(line);
        }
        if batch.is_empty() {
            break;
        }
        for (number, result) in replayed(&differ, &batch) {
            match result {
                Ok(difference) => compared.summary.add(number, difference),
                Err(fault) => {
                    compared.broken += 1;
                    tell_fault(&Fault { line: Some(number), map: shown(replay), ..fault });
                }
            }
        }
    }
    print(&compared.told(face))?;
    Ok(Outcome::fine_if(compared.summary.is_nothing() && compared.broken == 0))
}

/// The differences of some lines, in their order; all processors share the work.
fn replayed(differ: &Differ<'_>, batch: &[Line]) -> Vec<(u64, Result<Difference, Fault>)> {
    let one = |line: &Line| {
        let recorded = match &line.text {
            Ok(text) => Recorded::read(text),
            Err(why) => Err(unreadable(why.message())),
        };
        (line.number, recorded.map(|recorded| differ.compare(&recorded)))
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = batch.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = batch
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(one).collect::<Vec<_>>()))
            .collect();
        let joined = parts.into_iter().map(thread::ScopedJoinHandle::join);
        joined.flat_map(|part| part.unwrap_or_else(|broken| panic::resume_unwind(broken))).collect()
    })
}

fn unreadable(message: String) -> Fault {
    let (code, map) = (FaultCode::NotJson, String::new());
    Fault { line: None, field: None, code, message, map, map_line: 0 }
}
