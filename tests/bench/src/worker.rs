//! The driver's end of an engine's process: commands go in, answers come out.
//!
//! In: an engine and a file of records. Out: its answers as numbers. Must not know: what is done
//! with them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Stop;
use crate::build::programs;
use crate::engines::Engine;

/// A process that has its records in memory and waits.
#[derive(Debug)]
pub(crate) struct Worker {
    name: String,
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// How many records it has.
    pub(crate) records: usize,
    /// How many bytes they are, line breaks included.
    pub(crate) bytes: usize,
}

impl Worker {
    /// Starts the engine with its records.
    pub(crate) fn start(
        engine: &Engine,
        counting: bool,
        records: &Path,
        arguments: &[&Path],
    ) -> Result<Worker, Stop> {
        let ending = if counting { "_counting" } else { "" };
        let program = programs()?.join(format!("{}{ending}", engine.package));
        let mut command = Command::new(&program);
        command.args([engine.name, "answer"]).arg(records).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let commands = child.stdin.take();
        let answers = child.stdout.take().ok_or("a worker without stdout")?;
        let (name, answers) = (engine.name.to_owned(), BufReader::new(answers));
        let mut worker = Worker { name, child, commands, answers, records: 0, bytes: 0 };
        (worker.records, worker.bytes) = worker.answer()?;
        Ok(worker)
    }

    fn answer(&mut self) -> Result<(usize, usize), Stop> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| format!("{}: {error}", self.name))?;
        let numbers: Option<(usize, usize)> = line
            .trim_end()
            .split_once(' ')
            .and_then(|(first, second)| Some((first.parse().ok()?, second.parse().ok()?)));
        numbers.ok_or_else(|| format!("{} gave no answer (see above)", self.name))
    }

    fn ask(&mut self, command: &str) -> Result<(usize, usize), Stop> {
        let commands = self.commands.as_mut().ok_or("a worker without stdin")?;
        writeln!(commands, "{command}").map_err(|error| format!("{}: {error}", self.name))?;
        self.answer()
    }

    /// Processor time of mapping all records that often, in nanoseconds per record.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn round(&mut self, times: usize) -> Result<f64, Stop> {
        let (nanoseconds, _) = self.ask(&format!("round {times}"))?;
        Ok(nanoseconds as f64 / (self.records.max(1) * times.max(1)) as f64)
    }

    /// Allocations per record: how often, how many bytes.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn count(&mut self) -> Result<(f64, f64), Stop> {
        let (calls, bytes) = self.ask("count")?;
        let records = self.records.max(1) as f64;
        Ok((calls as f64 / records, bytes as f64 / records))
    }

    /// Writes what comes out of the records; tells how many were refused.
    pub(crate) fn write(&mut self, path: &Path) -> Result<usize, Stop> {
        Ok(self.ask(&format!("write {}", path.display()))?.0)
    }
}

impl Drop for Worker {
    /// It ends when its stdin does.
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.child.wait();
    }
}
