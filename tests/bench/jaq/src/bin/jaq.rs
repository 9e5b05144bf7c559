//! The engines of `bench-jaq` as a process, with the allocator that cosell ships with.
//!
//! In: commands and records. Out: answers and records. Must not know: what an engine does.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bench_worker::run(&bench_jaq::make, None)
}
