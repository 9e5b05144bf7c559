//! The command line.
//!
//! In: words. Out: [`Flags`]. Must not know: what they cause.

use std::path::PathBuf;

use crate::Stop;

/// What `--help` says.
pub(crate) const HELP: &str = "\
usage: cargo run --release --manifest-path tests/bench/Cargo.toml [-- COMMAND] [FLAG…]

commands (none: everything but `plot`)
  verify            whether all engines make the same records
  write FILE N      write N generated records
  map               time of one record, in memory, beside hand_typed
  pairs             time of one deal that is reconciled, beside a record that is applied
  stream            whole processes, NDJSON in, NDJSON out
  growth            time over the size of a record and over the number of lines of a map
  compile           time of compiling maps
  edge              numbers and texts on which engines differ
  plot FOLDER       growth, as SVG in FOLDER

flags
  --records N       how many records are generated (default 20000)
  --rounds N        how many rounds (default 5)
  --only NAME[,…]   only these engines (hand_typed always runs beside them)
  --input FILE      records of a file instead of generated ones
  --reference FILE  verify: what must come out, as NDJSON of another program
  --cosell PATH     the program of the main workspace (default target/release/cosell of the root)";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Flags {
    pub(crate) command: String,
    /// What stands behind the command.
    pub(crate) rest: Vec<String>,
    pub(crate) records: usize,
    pub(crate) rounds: usize,
    pub(crate) only: Vec<String>,
    pub(crate) input: Option<PathBuf>,
    pub(crate) reference: Option<PathBuf>,
    pub(crate) cosell: Option<PathBuf>,
}

impl Flags {
    /// Reads the words behind the name of the program.
    pub(crate) fn read(words: &[String]) -> Result<Flags, Stop> {
        let mut flags = Flags {
            command: "all".into(),
            rest: Vec::new(),
            records: 20_000,
            rounds: 5,
            only: Vec::new(),
            input: None,
            reference: None,
            cosell: None,
        };
        let mut loose = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => loose.insert(0, "help".to_owned()),
                "--records" => flags.records = number(&value()?)?,
                "--rounds" => flags.rounds = number(&value()?)?.max(1),
                "--only" => flags.only = value()?.split(',').map(str::to_owned).collect(),
                "--input" => flags.input = Some(value()?.into()),
                "--reference" => flags.reference = Some(value()?.into()),
                "--cosell" => flags.cosell = Some(value()?.into()),
                other if other.starts_with("--") => {
                    return Err(format!("there is no flag {other}\n{HELP}"));
                }
                _ => loose.push(word.clone()),
            }
        }
        if !loose.is_empty() {
            flags.command = loose.remove(0);
            flags.rest = loose;
        }
        Ok(flags)
    }

    /// Whether an engine is wanted.
    pub(crate) fn wants(&self, engine: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == engine)
    }
}

/// A number of the command line.
pub(crate) fn number(text: &str) -> Result<usize, Stop> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}
