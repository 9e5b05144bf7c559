//! The service: keeps hints, brings the two records of a deal into agreement, and shows its state.
//!
//! In: hints that something may have changed. Out: writes that make both sides agree. Must not
//! know: field names (the plan does), HTTP details of the two systems (`connect` does), terminals.

pub mod ask;
pub mod backfill;
mod backlog;
pub mod census;
pub mod clock;
pub mod config;
pub mod clocks;
mod console;
pub mod deal_map;
mod dotted;
mod echo;
pub mod egress;
pub mod error;
mod fingerprint;
mod half;
mod hear;
pub mod intake;
mod listen;
pub mod maps;
mod overlooked;
mod poll;
pub mod serve;
#[cfg(test)]
mod simulation;
pub mod standing;
pub mod store;
mod sweep;
pub mod tokens;
pub mod view;
pub mod webhook;
pub mod why;
pub mod wires;
pub mod worker;

pub use error::Error;
pub use jiff::Timestamp;
pub use serve::{Ready, serve};
