//! Where a stream of results goes: stdout, or a file that takes its place only when it is whole.
//!
//! In: bytes. Out: the same bytes, packed if that is wanted. Must not know: what they say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::packed::{Packer, Packing};
use crate::terminal::Stop;

/// A file beside the one whose place it takes. It is gone when it is not put there.
struct Draft {
    file: File,
    at: PathBuf,
    target: PathBuf,
    is_placed: bool,
}

impl Draft {
    fn beside(path: &Path) -> io::Result<Draft> {
        // Where a link leads, so that the link stays one.
        let target = if path.exists() { fs::canonicalize(path)? } else { path.to_owned() };
        let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_string_lossy();
        let (at, file) = Draft::free(&target, &name)?;
        let draft = Draft { file, at, target, is_placed: false };
        if let Ok(about) = fs::metadata(&draft.target) {
            draft.file.set_permissions(about.permissions())?;
        }
        Ok(draft)
    }

    /// A file that was not there. One of the same name may be left of a run that was ended from
    /// outside: numbers of processes return.
    fn free(target: &Path, name: &str) -> io::Result<(PathBuf, File)> {
        let mut number = 0_u32;
        loop {
            let own = format!(".{name}.{}.{number}.new", std::process::id());
            let at = target.with_file_name(own);
            match OpenOptions::new().write(true).create_new(true).open(&at) {
                Ok(file) => return Ok((at, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {
                    number += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn place(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.at, &self.target)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.at);
        }
    }
}

/// Where bytes go as they are.
enum Target {
    Stdout(io::Stdout),
    Draft(Draft),
    /// A device or a pipe, whose place nothing can take.
    Straight(File),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::Stdout(out) => out.write(bytes),
            Target::Draft(draft) => draft.file.write(bytes),
            Target::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::Stdout(out) => out.flush(),
            Target::Draft(_) | Target::Straight(_) => Ok(()),
        }
    }
}

/// An output under way.
pub(crate) struct Output {
    to: Packer<Target>,
    /// None: stdout.
    path: Option<PathBuf>,
}

impl Output {
    /// To a file, or to stdout.
    pub(crate) fn open(path: Option<&Path>, packing: Packing) -> Result<Output, Stop> {
        let result = Output::target(path).and_then(|target| Packer::new(packing, target));
        let path = path.map(Path::to_owned);
        match result {
            Ok(to) => Ok(Output { to, path }),
            Err(error) => Err(failed(path.as_deref(), &error)),
        }
    }

    fn target(path: Option<&Path>) -> io::Result<Target> {
        let Some(path) = path else { return Ok(Target::Stdout(io::stdout())) };
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if about.permissions().readonly() => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            Ok(about) if !about.is_file() => {
                Ok(Target::Straight(OpenOptions::new().write(true).open(path)?))
            }
            Ok(_) | Err(_) => Ok(Target::Draft(Draft::beside(path)?)),
        }
    }

    /// Writes, so that whoever reads has all of it, unless it is packed.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let result = self.to.write_all(bytes).and_then(|()| self.to.flush());
        result.map_err(|error| failed(self.path.as_deref(), &error))
    }

    /// Ends what is written; a file takes its place.
    pub(crate) fn finish(self) -> Result<(), Stop> {
        let Output { to, path } = self;
        let result = to.finish().and_then(|mut target| {
            target.flush()?;
            match target {
                Target::Draft(draft) => draft.place(),
                Target::Stdout(_) | Target::Straight(_) => Ok(()),
            }
        });
        result.map_err(|error| failed(path.as_deref(), &error))
    }

    /// Ends what stdout has; a file that is not whole is left out.
    pub(crate) fn abandon(self) -> Result<(), Stop> {
        if self.path.is_none() { self.finish() } else { Ok(()) }
    }
}

fn failed(path: Option<&Path>, error: &io::Error) -> Stop {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Stop::ClosedPipe;
    }
    match path {
        None => Stop::file("write to", Path::new("the standard output"), error),
        Some(path) => Stop::file("write", path, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_left_that_was_ended_from_outside_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let (left, _) = Draft::free(&path, "out").unwrap();
        let mut draft = Draft::beside(&path).unwrap();
        assert_ne!(draft.at, left);
        draft.file.write_all(b"all").unwrap();
        draft.place().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"all");
        assert!(left.exists());
    }
}
