//! `cosell fmt`: the one layout.
//!
//! In: paths, or `-` for stdin. Out: files written anew where their layout differs, whole or not
//! at all. Must not know: the layout.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::project::{errors, find, read, text_of};
use crate::show::{self, Finding};
use crate::terminal::{Color, Outcome, Stop, count, print, shown, tell};

/// What stdin is called in messages.
const STDIN: &str = "<stdin>";

/// Brings maps into the one layout; `check` only lists those that are not.
pub(crate) fn run(paths: &[PathBuf], check: bool, color: Color) -> Result<Outcome, Stop> {
    if paths.iter().any(|path| path.as_os_str() == "-") {
        if paths.len() > 1 {
            return Err(Stop::because(
                "`-` stands beside other paths",
                "give `-` alone, or paths alone",
            ));
        }
        return stdin(check, color);
    }
    let mut changed = Vec::new();
    let mut broken = 0;
    let maps = find(paths)?;
    for path in &maps {
        let text = read(path)?;
        match mapping::format(&shown(path), &text) {
            Ok(formatted) if formatted == text => {}
            Ok(formatted) => {
                if !check {
                    replace(path, &formatted)?;
                }
                changed.push(path);
            }
            Err(report) => {
                broken += 1;
                tell_errors(&report, color);
            }
        }
    }
    if check {
        let mut list = String::new();
        for path in &changed {
            list.push_str(&shown(path));
            list.push('\n');
        }
        print(&list)?;
    }
    let what = if check { "would be changed" } else { "changed" };
    let mut summary = format!("{}, {} {what}", count(maps.len(), "file"), changed.len());
    if broken > 0 {
        let _ = write!(summary, ", {broken} left as they are because of errors");
    }
    tell(&format!("{summary}\n"));
    let in_order = changed.is_empty() || !check;
    Ok(Outcome::fine_if(broken == 0 && in_order))
}

fn stdin(check: bool, color: Color) -> Result<Outcome, Stop> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Stop::file("read", Path::new("the standard input"), &error))?;
    let text = text_of(bytes, "the standard input")?;
    match mapping::format(STDIN, &text) {
        Ok(formatted) if check => {
            if formatted != text {
                print(&format!("{STDIN}\n"))?;
            }
            Ok(Outcome::fine_if(formatted == text))
        }
        Ok(formatted) => print(&formatted).map(|()| Outcome::Fine),
        Err(report) => {
            tell_errors(&report, color);
            Ok(Outcome::NotFine)
        }
    }
}

fn tell_errors(report: &mapping::problem::Report, color: Color) {
    tell(&show::human(&errors(&Finding::of_report(report)), color.on_stderr()));
}

/// Writes a file so that it is always whole: beside it first, then in its place.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::file("write", path, &error);
    // Where a link leads, so that the link stays one.
    let target = fs::canonicalize(path).map_err(failed)?;
    let about = fs::metadata(&target).map_err(failed)?;
    if about.permissions().readonly() {
        return Err(Stop::because(
            format!("cannot write {}: it is write-protected", shown(path)),
            "take the write protection off, or leave the file out",
        ));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let draft = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let result =
        write_new(&draft, text, about.permissions()).and_then(|()| fs::rename(&draft, &target));
    result.map_err(|error| {
        let _ = fs::remove_file(&draft);
        failed(error)
    })
}

fn write_new(path: &Path, text: &str, permissions: fs::Permissions) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(permissions)?;
    file.sync_all()
}
