//! What every engine of the benchmark shares: how it is called, and the process around it.
//!
//! In: the command line of a worker, commands on stdin. Out: one answer a line, or a stream of
//! records. Must not know: any engine, or what is compared with what.
//!
//! `WORKER ENGINE answer RECORDS [ARGUMENT…]` reads the records once and then answers commands:
//! `round N` maps all records N times and tells the processor time, `count` tells the allocations
//! of one round, `write FILE` writes what comes out. `WORKER ENGINE stream N [ARGUMENT…]` maps
//! stdin to stdout with N threads.

mod answer;
mod stream;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use stats_alloc::INSTRUMENTED_SYSTEM;

/// Maps one record after the other.
pub trait Engine {
    /// Appends what becomes of `record`, without a line break. Errors: why nothing did.
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String>;
}

/// An engine, or why there is none.
pub type Made = Result<Box<dyn Engine>, String>;

/// Makes the engine of a name, which may have arguments.
pub type Make = dyn Fn(&str, &[String]) -> Made + Sync;

/// What was asked of the allocator since the process began.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// How often.
    pub calls: usize,
    /// How many bytes.
    pub bytes: usize,
}

/// What was asked of the allocator that counts, where a program has it.
pub fn counted() -> Count {
    let stats = INSTRUMENTED_SYSTEM.stats();
    Count { calls: stats.allocations + stats.reallocations, bytes: stats.bytes_allocated }
}

/// Text of an error with what was being done.
pub(crate) fn because<E: Display>(doing: &str) -> impl Fn(E) -> String + '_ {
    move |error| format!("{doing}: {error}")
}

/// The program around the engines that `make` knows.
pub fn run(make: &Make, counted: Option<fn() -> Count>) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words, make, counted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String], make: &Make, counted: Option<fn() -> Count>) -> Result<(), String> {
    match words {
        [name, mode, file, rest @ ..] if mode == "answer" => {
            answer::run(&mut *make(name, rest)?, file, counted)
        }
        [name, mode, threads, rest @ ..] if mode == "stream" => {
            let threads: usize = threads.parse().map_err(because("the number of threads"))?;
            if threads < 2 {
                stream::alone(&mut *make(name, rest)?)
            } else {
                stream::threaded(&|| make(name, rest), threads)
            }
        }
        _ => Err("ENGINE answer RECORDS [ARGUMENT…] | ENGINE stream THREADS [ARGUMENT…]".into()),
    }
}
