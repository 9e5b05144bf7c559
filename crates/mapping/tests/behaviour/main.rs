//! What a plan does with records, seen from outside: its decisions, lists, laws, `apply`, `settle`.

mod apply;
mod create;
mod decisions;
mod held;
mod laws;
mod lists;
mod lists_held;
mod report;
mod require;
mod settle;
mod support;
mod values;
