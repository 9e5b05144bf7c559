//! One run of another program, measured by a small process of its own.
//!
//! In: a command line. Out: what the run took. Must not know: which program it is.
//!
//! A process begins with the peak of memory of the one that started it. The driver holds outputs to
//! compare them, so what it starts is itself again, with nothing in memory, and that starts the
//! program.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;

use crate::Stop;

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Seconds of all processors.
    pub(crate) processor: f64,
    /// Seconds that passed.
    pub(crate) wall: f64,
    /// The most memory, in bytes.
    pub(crate) memory: f64,
}

/// The word that makes the driver measure one run.
pub(crate) const WORD: &str = "once";

/// Runs `program` from `input` to `output`; `report` is a file for the figures.
pub(crate) fn run(
    report: &Path,
    program: &Path,
    arguments: &[String],
    input: &Path,
    output: Stdio,
) -> Result<Run, Stop> {
    let name = program.display();
    let wrong = |error: std::io::Error| format!("{name}: {error}");
    let mut command = Command::new(std::env::current_exe().map_err(wrong)?);
    command.arg(WORD).arg(report).arg(program).args(arguments);
    command.stdin(File::open(input).map_err(wrong)?).stdout(output).stderr(Stdio::inherit());
    let status = command.status().map_err(wrong)?;
    if !status.success() {
        return Err(format!("{name} ended with {status}"));
    }
    let text = fs::read_to_string(report).map_err(wrong)?;
    let figures: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [processor, wall, memory] = figures[..] else {
        return Err(format!("{name}: no figures in {}", report.display()));
    };
    Ok(Run { processor, wall, memory })
}

/// The words behind [`WORD`]: where the figures go, the program, its arguments. Its input and
/// output are those of this process.
pub(crate) fn measure(words: &[String]) -> Result<bool, Stop> {
    let [report, program, arguments @ ..] = words else {
        return Err(format!("{WORD} needs a file and a program"));
    };
    let wrong = |error: std::io::Error| format!("{program}: {error}");
    let start = Instant::now();
    let child = Command::new(program).args(arguments).spawn().map_err(wrong)?;
    let used = child.wait4().map_err(wrong)?;
    let wall = start.elapsed().as_secs_f64();
    let processor = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    let figures = format!("{processor} {wall} {}", used.rusage.maxrss);
    fs::write(report, figures).map_err(wrong)?;
    Ok(used.status.success())
}
