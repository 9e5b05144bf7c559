//! The commands, from outside: the real program over small maps.
//!
//! In: the maps in `tests/maps`, maps and records in folders of their own. Out: what a person sees,
//! and exit codes. Must not know: how anything is done. `UPDATE_EXPECT=1` accepts what the golden
//! files (`*.err`, `*.plan`) say now; read the difference before you commit it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails like a test")]

#[path = "cli/apply.rs"]
mod apply;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/fix.rs"]
mod fix;
#[path = "cli/fmt.rs"]
mod fmt;
#[path = "cli/folder.rs"]
mod folder;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/maps.rs"]
mod maps;
#[path = "cli/org.rs"]
mod org;
#[path = "cli/package.rs"]
mod package;
#[path = "cli/pull.rs"]
mod pull;
#[path = "cli/sandbox.rs"]
mod sandbox;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/solutions.rs"]
mod solutions;
#[path = "cli/stream.rs"]
mod stream;
#[path = "cli/test.rs"]
mod test;
#[path = "cli/tried.rs"]
mod tried;
#[path = "cli/usage.rs"]
mod usage;
