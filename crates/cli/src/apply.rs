//! `cosell apply`: a stream of records of one side in, records of the other side out.
//!
//! In: a map, records a line each, perhaps the old records of the other side. Out: one line for
//! each good line, one fault for each bad one. Must not know: what a plan does with a record.
//!
//! blocks of lines -> work on each, side by side -> parts in order -> output and stderr

mod blocks;
mod crew;
mod lanes;
mod old;
mod progress;
mod work;

use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use mapping::decision::Side;
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;
use mapping::problem::nearest;

use crate::input::{Failure, Input};
use crate::output::Output;
use crate::packed::Packing;
use crate::project::open_usable;
use crate::terminal::{Color, Outcome, Stop, shown, tell};
use blocks::Blocks;
use old::OldRecords;
use progress::Progress;
use work::{Maker, Part};

/// How long a block is, in bytes.
const BLOCK: usize = 512 * 1024;

/// What is applied to what.
#[derive(Debug)]
pub(crate) struct Options {
    /// The map.
    pub(crate) map: PathBuf,
    /// The customer's org.
    pub(crate) org: Option<String>,
    /// The name of the side that comes out.
    pub(crate) to: String,
    /// Records of that side as they are.
    pub(crate) old: Option<PathBuf>,
    /// None: stdin.
    pub(crate) input: Option<PathBuf>,
    /// None: stdout.
    pub(crate) out: Option<PathBuf>,
    /// None: as the ending of `out` says.
    pub(crate) compress: Option<Packing>,
    /// None: as many as there are processors.
    pub(crate) threads: Option<u16>,
}

/// Applies a map to records from a file, or from stdin.
pub(crate) fn run(options: &Options, color: Color) -> Result<Outcome, Stop> {
    let map = open_usable(&options.map, options.org.as_deref(), color)?;
    let Some((_, plan)) = map.usable() else { return Ok(Outcome::NotFine) };
    let to = side_named(plan, &options.to)?;
    let mut bad = 0;
    let old = match &options.old {
        Some(path) => Some(OldRecords::read(plan, to, path, |fault| {
            tell_fault(fault);
            bad += 1;
        })?),
        None => None,
    };
    let input = Input::of(options.input.as_deref())?;
    let out = options.out.as_deref().filter(|out| out.as_os_str() != "-");
    let packing = options.compress.or(out.map(Packing::of_name)).unwrap_or(Packing::None);
    let watched = io::stderr().is_terminal() && (out.is_some() || !io::stdout().is_terminal());
    let mut results = Results {
        progress: watched.then(|| Progress::of(input.extent())),
        output: Output::open(out, packing)?,
        lines: 0,
        done: 0,
        bad,
    };
    let maker = || Maker::new(plan, to, old.as_ref());
    let end = match threads(options.threads) {
        1 => alone(input, &mut results, &mut maker())?,
        threads => crew::together(input, &mut results, &maker, threads)?,
    };
    results.end(end, out)
}

fn threads(wanted: Option<u16>) -> usize {
    let there = || thread::available_parallelism().map_or(1, NonZero::get);
    wanted.map_or_else(there, usize::from)
}

/// The side with this name. Errors: there is none.
fn side_named(plan: &Plan, name: &str) -> Result<Side, Stop> {
    let names = Side::BOTH.map(|side| plan.side_name(side));
    plan.side_named(name).ok_or_else(|| {
        let help = nearest(name, names).map_or_else(
            || format!("write `--to {}` or `--to {}`", names[0], names[1]),
            |near| format!("did you mean `--to {near}`?"),
        );
        Stop::because(format!("the map has no side `{name}`"), help)
    })
}

/// A fault that is not the plan's own.
fn fault(plan: &Plan, code: FaultCode, message: String) -> Fault {
    let map = plan.file().to_owned();
    Fault { line: None, field: None, code, message, map, map_line: 0 }
}

pub(crate) fn tell_fault(fault: &Fault) {
    tell(&format!("{}\n", fault.to_json()));
}

/// What came out so far.
struct Results {
    output: Output,
    progress: Option<Progress>,
    /// The lines of all blocks that are done.
    lines: u64,
    /// The records, good and bad.
    done: u64,
    bad: u64,
}

impl Results {
    fn add(&mut self, part: &mut Part) -> Result<(), Stop> {
        if !part.faults.is_empty() {
            let mut text = String::new();
            self.bad += part.faults.len() as u64;
            for mut fault in part.faults.drain(..) {
                fault.line = fault.line.map(|line| self.lines + line);
                text += &fault.to_json();
                text.push('\n');
            }
            if let Some(progress) = &mut self.progress {
                progress.clear();
            }
            tell(&text);
        }
        self.output.write(&part.out)?;
        self.lines += part.lines;
        self.done += part.records;
        self.tick();
        Ok(())
    }

    fn tick(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.tick(self.done, self.bad);
        }
    }

    fn end(mut self, end: Result<(), Failure>, out: Option<&Path>) -> Result<Outcome, Stop> {
        if let Some(progress) = &mut self.progress {
            progress.end(self.done, self.bad);
        }
        match end {
            Ok(()) => self.output.finish()?,
            Err(failure) => {
                let then = match out {
                    None => "what came before is written".to_owned(),
                    Some(path) => format!("{} is not written", shown(path)),
                };
                self.output.abandon()?;
                return Err(failure.stop(self.lines, &then));
            }
        }
        Ok(Outcome::fine_if(self.bad == 0))
    }
}

/// Carries out everything without another thread.
fn alone(
    input: Input,
    results: &mut Results,
    maker: &mut Maker<'_>,
) -> Result<Result<(), Failure>, Stop> {
    let mut blocks = Blocks::new(input, BLOCK);
    let (mut room, mut part) = (Vec::new(), Part::default());
    loop {
        let block = match blocks.block(room) {
            Ok(block) => block,
            Err(end) => return Ok(end),
        };
        let mut lines = block.lines();
        loop {
            let more = maker.carry_out(&mut lines, &mut part, 2 * BLOCK);
            results.add(&mut part)?;
            part.clear();
            if !more {
                break;
            }
        }
        room = block.into_room();
    }
}
