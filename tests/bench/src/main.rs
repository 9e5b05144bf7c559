//! The benchmark: one command that builds every engine, checks that all make the same records, and
//! only then measures them.
//!
//! In: flags. Out: tables on stdout, a plot if one is wanted. Must not know: how an engine works.
//!
//! Each engine is a process of its own, from a package that is built by itself: cargo joins the
//! features of what it builds together, and the main workspace's `serde_json` has features
//! (`arbitrary_precision`, `preserve_order`) that would slow the hand-written programs. So the
//! driver calls `cargo build -p` once for each package; `cargo tree -p bench-hand -e features`
//! shows that theirs is plain.

mod build;
mod canonical;
mod compare;
mod compile;
mod dice;
mod edge;
mod engines;
mod flags;
mod generate;
mod growth;
mod json;
mod maps;
mod once;
mod pairs;
mod plot;
mod records;
mod stream;
mod table;
mod words;
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use flags::Flags;

/// The one that cosell ships with: maps are compiled in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why the benchmark could not go on.
pub(crate) type Stop = String;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((word, words)) if word == once::WORD => once::measure(words),
        Some(_) | None => Flags::read(&words).and_then(|flags| carry_out(&flags)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            let _ = writeln!(io::stderr(), "bench: {why}");
            ExitCode::from(2)
        }
    }
}

fn carry_out(flags: &Flags) -> Result<bool, Stop> {
    match flags.command.as_str() {
        "help" => {
            say(flags::HELP);
            Ok(true)
        }
        "write" => records::write(flags).map(|()| true),
        "verify" => compare::verify(flags),
        "map" => compare::map(flags),
        "stream" => stream::run(flags),
        "pairs" => pairs::run(flags),
        "growth" => growth::run(flags),
        "compile" => compile::run(flags),
        "edge" => edge::run(flags),
        "plot" => growth::plot(flags),
        "all" => {
            let parts =
                [compare::map, pairs::run, stream::run, edge::run, growth::run, compile::run];
            let mut fine = true;
            for part in parts {
                fine &= part(flags)?;
            }
            Ok(fine)
        }
        other => Err(format!("there is no command `{other}`\n{}", flags::HELP)),
    }
}

/// A line on stdout.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
