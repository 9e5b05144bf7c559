//! The mapping of the benchmark written by hand, in three ways, on plain `serde_json`.
//!
//! In: a name: `hand_typed`, `hand_value` or `hand_raw`. Out: an engine. Must not know: `mapping`.
//!
//! The main workspace builds `serde_json` with `arbitrary_precision` and `preserve_order`, which
//! would make these programs slower than they would be alone. Cargo joins the features of what is
//! built together, so the driver builds this package by itself, and runs it as its own process.

mod raw;
mod scan;
mod tables;
mod typed;
mod value;

use bench_worker::Made;

/// The engine of a name.
pub fn make(name: &str, _arguments: &[String]) -> Made {
    match name {
        "hand_typed" => Ok(Box::new(typed::Typed::default())),
        "hand_value" => Ok(Box::new(value::ByValue)),
        "hand_raw" => Ok(Box::new(raw::Raw::default())),
        _ => Err(format!("there is no engine `{name}`")),
    }
}
