//! The ready file: one JSON that says where a program listens, for scripts.
//!
//! In: a path and JSON. Out: the file, whole or not at all, for its owner only (it holds secrets).
//! Must not know: what is in it.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::terminal::Stop;

/// Writes `value` to `path` in one step, mode 0600.
pub(crate) fn write(path: &Path, value: &Value) -> Result<(), Stop> {
    write_text(path, &format!("{value:#}\n"))
}

/// Removes what an earlier start wrote: a script that waits for the file shall not read old addresses.
pub(crate) fn forget(path: &Path) -> Result<(), Stop> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Stop::file("replace", path, &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a text for its owner only, in one step.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Stop> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fresh = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = private(&fresh)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&fresh, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&fresh);
        Stop::file("write", path, &error)
    })
}

fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
