//! The engines of `bench-jaq` as a process, with an allocator that counts; it is never timed.
//!
//! In: commands and records. Out: answers and records. Must not know: what an engine does.

use std::alloc::System;
use std::process::ExitCode;

use bench_worker::counted;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    bench_worker::run(&bench_jaq::make, Some(counted))
}
