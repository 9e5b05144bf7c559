//! Writes the files of a package, and never over something else unasked.
//!
//! In: files and a folder. Out: files on disk, or what stands in the way. Must not know: metadata.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::SourceFile;
use crate::terminal::{Stop, count, shown};

/// Where metadata stands below the folder.
const SOURCE: &str = "force-app/main/default";

/// What became of the files.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Files that were not there.
    pub(super) new: Vec<PathBuf>,
    /// Files that said something else.
    pub(super) replaced: Vec<PathBuf>,
    /// Files that said the same.
    pub(super) same: Vec<PathBuf>,
}

/// Writes all files, or none: those that would be overwritten are named, and only `force` does it.
pub(super) fn write(
    folder: &Path,
    project: &str,
    files: &[SourceFile],
    force: bool,
) -> Result<Written, Stop> {
    let mut written = Written::default();
    let mut left: Vec<(PathBuf, &str)> = Vec::new();
    let project_file = folder.join("sfdx-project.json");
    // A project that is there already is somebody's own.
    if !project_file.exists() {
        written.new.push(project_file.clone());
        left.push((project_file, project));
    }
    for file in files {
        let path = folder.join(SOURCE).join(&file.path);
        match fs::read(&path) {
            Ok(old) if old == file.text.as_bytes() => written.same.push(path),
            Ok(_) => {
                written.replaced.push(path.clone());
                left.push((path, &file.text));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                written.new.push(path.clone());
                left.push((path, &file.text));
            }
            Err(error) => return Err(Stop::file("read", &path, &error)),
        }
    }
    if !written.replaced.is_empty() && !force {
        return Err(in_the_way(&written.replaced));
    }
    for (path, text) in left {
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Stop::file("make", parent, &error))?;
        fs::write(&path, text).map_err(|error| Stop::file("write", &path, &error))?;
    }
    Ok(written)
}

fn in_the_way(paths: &[PathBuf]) -> Stop {
    const MOST: usize = 5;
    let mut names: Vec<String> = paths.iter().take(MOST).map(|path| shown(path)).collect();
    if paths.len() > MOST {
        names.push(format!("and {} more", paths.len() - MOST));
    }
    Stop::because(
        format!(
            "{} would be overwritten, so nothing was written: {}",
            count(paths.len(), "file"),
            names.join(", ")
        ),
        "name another folder with -o, or overwrite them with --force",
    )
}
