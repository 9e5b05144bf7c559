//! `cosell apply`: a stream of records of one side in, records of the other side out.
//!
//! In: a map, records a line each, perhaps the old records of the other side. Out: one line for
//! each good line, one fault for each bad one. Must not know: what a plan does with a record.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use mapping::decision::Side;
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;
use mapping::problem::nearest;

use crate::lines::{Lines, open};
use crate::project::open_usable;
use crate::terminal::{Color, Outcome, Stop, count, tell, written};

/// How often the progress is shown.
const PROGRESS: Duration = Duration::from_millis(250);

/// Applies a map to records from a file, or from stdin.
pub(crate) fn run(
    map: &Path,
    org: Option<&str>,
    to: &str,
    old: Option<&Path>,
    input: Option<&Path>,
    color: Color,
) -> Result<Outcome, Stop> {
    let map = open_usable(map, org, color)?;
    let Some((_, plan)) = map.usable() else { return Ok(Outcome::NotFine) };
    let to = side_named(plan, to)?;
    let mut faults = 0;
    let old = match old {
        Some(path) => Some(OldRecords::read(plan, to, path, &mut faults)?),
        None => None,
    };
    let input: Box<dyn Read_> = match input {
        Some(path) if path.as_os_str() != "-" => Box::new(open(path)?),
        Some(_) | None => Box::new(BufReader::new(io::stdin().lock())),
    };
    let out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let work = Work { plan, to, old, out, faults, done: 0, shown: Instant::now() };
    work.stream(Lines::new(input))
}

/// A buffered stream that can tell whether something waits in its buffer.
trait Read_: BufRead {
    fn is_drained(&self) -> bool;
}

impl<R: io::Read> Read_ for BufReader<R> {
    fn is_drained(&self) -> bool {
        self.buffer().is_empty()
    }
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
fn fault(plan: &Plan, line: u64, code: FaultCode, message: String) -> Fault {
    let map = plan.file().to_owned();
    Fault { line: Some(line), field: None, code, message, map, map_line: 0 }
}

pub(crate) fn tell_fault(fault: &Fault) {
    tell(&format!("{}\n", fault.to_json()));
}

/// The records of `--old`, by key.
struct OldRecords {
    /// None: several records have this key, so it is not certain which is meant.
    by_key: HashMap<String, Option<String>>,
}

impl OldRecords {
    fn read(plan: &Plan, side: Side, path: &Path, faults: &mut u64) -> Result<Self, Stop> {
        let mut by_key: HashMap<String, Option<String>> = HashMap::new();
        let mut lines = Lines::new(open(path)?);
        while let Some(line) = lines.next().map_err(|error| Stop::file("read", path, &error))? {
            let number = line.number;
            let key = match &line.text {
                Ok(text) => plan.key_of(side, text),
                Err(why) => Err(fault(plan, number, FaultCode::NotJson, why.message())),
            };
            let problem = match (key, line.text) {
                (Ok(Some(key)), Ok(text)) => {
                    let known = by_key.contains_key(&key);
                    by_key.insert(key, (!known).then_some(text));
                    known.then(|| {
                        let message = "another line has the same key, so neither is used";
                        fault(plan, number, FaultCode::DoubledKey, message.to_owned())
                    })
                }
                // Without a key no record can be its partner.
                (Ok(Some(_) | None), _) => None,
                (Err(problem), _) => Some(problem),
            };
            if let Some(mut problem) = problem {
                problem.line = Some(number);
                problem.message = format!("in {}: {}", path.display(), problem.message);
                tell_fault(&problem);
                *faults += 1;
            }
        }
        Ok(OldRecords { by_key })
    }

    /// The old record for a key. Errors: why there is none.
    fn partner(&self, key: &str) -> Result<&str, &'static str> {
        match self.by_key.get(key) {
            Some(Some(record)) => Ok(record),
            Some(None) => Err("several records in --old have its key"),
            None => Err("no record in --old has its key"),
        }
    }
}

/// The stream under way.
struct Work<'p, W> {
    plan: &'p Plan,
    to: Side,
    old: Option<OldRecords>,
    out: W,
    faults: u64,
    done: u64,
    shown: Instant,
}

impl<W: Write> Work<'_, W> {
    fn stream(mut self, mut lines: Lines<Box<dyn Read_>>) -> Result<Outcome, Stop> {
        let failed = |error: io::Error| Stop::file("read", Path::new("the input"), &error);
        let progress = io::stderr().is_terminal() && !io::stdout().is_terminal();
        loop {
            // Whoever feeds lines by hand, or slowly, sees each answer before the next line.
            if lines.input().is_drained() {
                written(self.out.flush())?;
            }
            let Some(line) = lines.next().map_err(failed)? else { break };
            let result = match &line.text {
                Ok(text) => self.one(text),
                Err(why) => Err(fault(self.plan, line.number, FaultCode::NotJson, why.message())),
            };
            match result {
                Ok(record) => {
                    let result = self.out.write_all(record.as_bytes());
                    written(result.and_then(|()| self.out.write_all(b"\n")))?;
                }
                Err(mut problem) => {
                    problem.line = Some(line.number);
                    tell_fault(&problem);
                    self.faults += 1;
                }
            }
            self.done += 1;
            if progress && self.shown.elapsed() >= PROGRESS {
                self.shown = Instant::now();
                tell(&format!("\r{}, {}", records(self.done), faults(self.faults)));
            }
        }
        written(self.out.flush())?;
        if progress {
            tell(&format!("\r{}, {}\n", records(self.done), faults(self.faults)));
        }
        Ok(Outcome::fine_if(self.faults == 0))
    }

    fn one(&self, record: &str) -> Result<String, Fault> {
        let Some(old) = &self.old else { return self.plan.apply(self.to, record, None) };
        let Some(key) = self.plan.key_of(self.to.other(), record)? else {
            return self.plan.apply(self.to, record, None);
        };
        match old.partner(&key) {
            Ok(partner) => self.plan.apply(self.to, record, Some(partner)),
            Err(why) => Err(fault(self.plan, 0, FaultCode::NoPartner, why.to_owned())),
        }
    }
}

fn records(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "record")
}

fn faults(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "fault")
}
