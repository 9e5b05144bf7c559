//! The files of an org: where they are, what is new in them, and writing them.
//!
//! In: a name or a folder, describes. Out: files, each whole or as it was. Must not know: where the
//! describes come from.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mapping::schema::{Description, Difference};

use crate::terminal::{Stop, shown};

/// An object and its file.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) object: String,
    pub(super) path: PathBuf,
    pub(super) fields: usize,
    pub(super) state: State,
    text: String,
}

impl Row {
    /// Whether the file says just that already.
    pub(super) fn is_same(&self) -> bool {
        matches!(self.state, State::Same)
    }
}

/// What an object's file is compared with the org.
#[derive(Debug)]
pub(super) enum State {
    /// There is none yet.
    New,
    /// It says the same.
    Same,
    /// It says something else, or the same in another layout.
    Changed(Difference),
    /// It is no describe.
    Foreign,
}

/// The org's folder: the path itself, or a name under the `orgs/` that is nearest, else `orgs/NAME`.
/// Without a name: that of the sign-in address.
pub(super) fn folder(org: Option<&str>, login: &str) -> Result<PathBuf, Stop> {
    let name = match org {
        Some(org) if Path::new(org).components().count() != 1 || Path::new(org).is_dir() => {
            return Ok(PathBuf::from(org));
        }
        Some("") | None => name_of(login),
        Some(name) => name,
    };
    let here = std::env::current_dir().map_err(|e| Stop::file("read", Path::new("."), &e))?;
    let mut near = (0..here.ancestors().count()).map(|n| format!("{}orgs", "../".repeat(n)));
    let orgs = near.find(|orgs| Path::new(orgs).is_dir()).unwrap_or_else(|| "orgs".to_owned());
    Ok(Path::new(&orgs).join(name))
}

/// `acme` of `https://acme.my.salesforce.com`; an address of numbers has no name.
fn name_of(login: &str) -> &str {
    let host = login.split_once("://").map_or(login, |(_, rest)| rest);
    let host = host.split(['/', ':', '[']).next().unwrap_or(host);
    let name = host.split('.').next().unwrap_or(host);
    if name.is_empty() || host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return "local";
    }
    name
}

/// Says early when nothing could be written there.
pub(super) fn writable(folder: &Path) -> Result<(), Stop> {
    let exists = folder.ancestors().find(|f| f.exists() && !f.as_os_str().is_empty());
    let Some(exists) = exists else { return Ok(()) };
    if !exists.is_dir() {
        return Err(Stop::because(
            format!("cannot write to {}: {} is a file", shown(folder), shown(exists)),
            "name another folder with --org, or move the file away",
        ));
    }
    protected(exists)
}

fn protected(path: &Path) -> Result<(), Stop> {
    if fs::metadata(path).is_ok_and(|about| about.permissions().readonly()) {
        return Err(Stop::because(
            format!("cannot write to {}: it is write-protected", shown(path)),
            "take the write protection off, or name another folder with --org",
        ));
    }
    Ok(())
}

/// What is new in the describes, each beside its file.
pub(super) fn compare(folder: &Path, found: &[Description]) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    for description in found {
        let object = description.object().name.clone();
        let path = folder.join(format!("{object}.json"));
        let text = description.file();
        let state = match fs::read(&path) {
            Ok(old) if old == text.as_bytes() => State::Same,
            Ok(old) => match std::str::from_utf8(&old).map(Description::read) {
                Ok(Ok(old)) => State::Changed(description.since(&old)),
                Ok(Err(_)) | Err(_) => State::Foreign,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::New,
            Err(error) => return Err(Stop::file("read", &path, &error)),
        };
        rows.push(Row { object, path, fields: description.fields(), state, text });
    }
    rows.sort_by(|a, b| a.object.cmp(&b.object));
    Ok(rows)
}

/// What else in the folder is read as a describe: the file, and the object that it tells.
pub(super) fn others(folder: &Path, rows: &[Row]) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| folder.join(entry.file_name())).collect();
    paths.retain(|path| {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        let pulled = rows.iter().any(|row| row.path == *path);
        !hidden && !pulled && path.extension().is_some_and(|end| end == "json")
    });
    paths.sort();
    let told = |path: PathBuf| {
        let described = Description::read(&fs::read_to_string(&path).ok()?).ok()?;
        Some((path, described.object().name.clone()))
    };
    paths.into_iter().filter_map(told).collect()
}

/// A file that stands beside the one whose place it takes.
struct Draft {
    at: PathBuf,
    target: PathBuf,
}

/// Writes the files that are not the same: all beside their places first, then into them.
pub(super) fn write(folder: &Path, rows: &[Row]) -> Result<(), Stop> {
    let rows: Vec<&Row> = rows.iter().filter(|row| !row.is_same()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let was_there = folder.exists();
    fs::create_dir_all(folder).map_err(|error| Stop::file("make", folder, &error))?;
    let mut drafts = Vec::new();
    let written = rows.iter().try_for_each(|row| draft(row, &mut drafts));
    let moved = written.and_then(|()| {
        drafts.iter().try_for_each(|Draft { at, target }| {
            fs::rename(at, target).map_err(|error| Stop::file("write", target, &error))
        })
    });
    if moved.is_err() {
        for Draft { at, .. } in &drafts {
            let _ = fs::remove_file(at);
        }
        if !was_there {
            // Only while nothing is in it.
            let _ = fs::remove_dir(folder);
        }
    }
    moved
}

fn draft(row: &Row, drafts: &mut Vec<Draft>) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::file("write", &row.path, &error);
    // Where a link leads, so that the link stays one.
    let target = if row.path.exists() {
        protected(&row.path)?;
        fs::canonicalize(&row.path).map_err(failed)?
    } else {
        row.path.clone()
    };
    let at = target.with_file_name(format!(".{}.json.{}.new", row.object, std::process::id()));
    drafts.push(Draft { at: at.clone(), target });
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&at).map_err(failed)?;
    file.write_all(row.text.as_bytes()).map_err(failed)?;
    if let Ok(about) = fs::metadata(&row.path) {
        file.set_permissions(about.permissions()).map_err(failed)?;
    }
    file.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_is_called_as_its_address_begins() {
        let cases = [
            ("https://acme.my.salesforce.com", "acme"),
            ("https://acme--uat.sandbox.my.salesforce.com/", "acme--uat"),
            ("http://127.0.0.1:8701", "local"),
            ("http://[::1]:8701", "local"),
            ("http://localhost:8701", "localhost"),
        ];
        for (login, name) in cases {
            assert_eq!(name_of(login), name, "{login}");
        }
    }
}
