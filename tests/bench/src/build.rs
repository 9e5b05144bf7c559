//! Builds the packages of the engines, each by itself, and knows where their programs are.
//!
//! In: the name of a package. Out: paths. Must not know: what the programs do.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::Stop;

/// The folder of this workspace.
pub(crate) fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the programs: where this one is.
pub(crate) fn programs() -> Result<PathBuf, Stop> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    own.parent().map(PathBuf::from).ok_or_else(|| "this program is nowhere".to_owned())
}

/// A folder for files that are made anew each time.
pub(crate) fn scratch() -> Result<PathBuf, Stop> {
    let folder = programs()?.join("bench-scratch");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Builds a package, alone.
pub(crate) fn package(name: &str) -> Result<(), Stop> {
    let _ = writeln!(io::stderr(), "building bench-{name} (the first time this takes minutes)");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release", "--locked", "-p", &format!("bench-{name}")]);
    build.arg("--manifest-path").arg(home().join("Cargo.toml"));
    let status = build.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("bench-{name} could not be built")) }
}
