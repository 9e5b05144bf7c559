//! `cosell diff`: recorded deals, replayed with two maps.
//!
//! In: two maps, deals a line each. Out: what would be written differently, by cause; a fault for
//! each line that is no deal. Must not know: what a plan does with a record.

mod json;
mod text;

use std::io::{self, BufRead, BufReader};
use std::path::Path;

use mapping::diff::{Differ, Recorded, Summary};
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;

use crate::apply::tell_fault;
use crate::lines::{Lines, open};
use crate::project::{Map, open_usable};
use crate::terminal::{Color, Outcome, Stop, print, shown};

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What was found, with the maps that it points into.
struct Compared<'m> {
    maps: [&'m Map; 2],
    plan: &'m Plan,
    summary: Summary,
    /// Lines that were no deal.
    broken: u64,
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
    let input: Box<dyn BufRead> = if replay.as_os_str() == "-" {
        Box::new(BufReader::new(io::stdin().lock()))
    } else {
        Box::new(open(replay)?)
    };
    let differ = Differ::new(old_plan, plan);
    let mut compared =
        Compared { maps: [&old, &new], plan, summary: Summary::showing(samples), broken: 0 };
    let mut lines = Lines::new(input);
    let failed = |error: io::Error| Stop::file("read", replay, &error);
    while let Some(line) = lines.next().map_err(failed)? {
        let recorded = match &line.text {
            Ok(text) => Recorded::read(text),
            Err(why) => Err(unreadable(why.message())),
        };
        match recorded {
            Ok(recorded) => compared.summary.add(line.number, differ.compare(&recorded)),
            Err(fault) => {
                compared.broken += 1;
                tell_fault(&Fault { line: Some(line.number), map: shown(replay), ..fault });
            }
        }
    }
    print(&match face {
        Face::Text => text::text(&compared),
        Face::Json => json::json(&compared),
    })?;
    Ok(Outcome::fine_if(compared.summary.is_nothing() && compared.broken == 0))
}

fn unreadable(message: String) -> Fault {
    let (code, map) = (FaultCode::NotJson, String::new());
    Fault { line: None, field: None, code, message, map, map_line: 0 }
}
