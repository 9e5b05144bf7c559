//! What leaves the program: text for stdout, text for stderr, how the command ends.
//!
//! In: finished text. Out: bytes, once. Must not know: what the text says.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// How the thing that a command looked at was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit 0.
    Fine,
    /// Exit 1: the thing checked is not fine.
    NotFine,
}

impl Outcome {
    /// `Fine` when `fine` is true.
    pub(crate) fn fine_if(fine: bool) -> Self {
        if fine { Outcome::Fine } else { Outcome::NotFine }
    }
}

/// Why a command could not do its work: exit 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// Nobody reads what is written any more; the program ends and says nothing.
    #[error("nobody reads the output")]
    ClosedPipe,
    /// Used wrongly, or something that it needs is not there.
    #[error("{message}")]
    Because {
        /// What is wrong, with the path or word concerned.
        message: String,
        /// What to do.
        help: String,
    },
}

impl Stop {
    /// A reason and what to do about it.
    pub(crate) fn because(message: impl Into<String>, help: impl Into<String>) -> Self {
        Stop::Because { message: message.into(), help: help.into() }
    }

    /// A file or folder that cannot be read or written; `what` is such as `read`.
    pub(crate) fn file(what: &str, path: &Path, error: &io::Error) -> Self {
        let (cause, help) = cause_of(error);
        Stop::because(format!("cannot {what} {}: {cause}", shown(path)), help)
    }
}

/// A path as people write it: without `./` at its start.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

fn cause_of(error: &io::Error) -> (String, &'static str) {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            return (
                "it does not exist".into(),
                "correct the path; it is taken from the folder that you are in",
            );
        }
        io::ErrorKind::PermissionDenied => {
            return (
                "access is denied".into(),
                "let your user read and write it, or run the command as another user",
            );
        }
        io::ErrorKind::IsADirectory => {
            return ("it is a folder".into(), "name a file");
        }
        io::ErrorKind::NotADirectory => {
            return ("a part of its path is not a folder".into(), "correct the path");
        }
        io::ErrorKind::StorageFull => "make room on the disk",
        _ => "see whether the file can be opened with another program",
    };
    let text = error.to_string();
    let cause = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
    (cause, help)
}

/// Writes to stdout.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes to stderr. When that is closed there is nobody to tell, so nothing is said.
pub(crate) fn tell(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// What came of writing to stdout.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Stop> {
    result.map_err(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Stop::ClosedPipe;
        }
        Stop::file("write to", Path::new("the standard output"), &error)
    })
}

/// Whether colours and signs beyond ASCII are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// In any case.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether stdout is written in colour.
    pub(crate) fn on_stdout(self) -> bool {
        self.on(io::stdout().is_terminal())
    }

    /// Whether stderr is written in colour.
    pub(crate) fn on_stderr(self) -> bool {
        self.on(io::stderr().is_terminal())
    }

    fn on(self, terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        match self {
            Color::Auto => terminal && !set("NO_COLOR") && !dumb,
            Color::Always => true,
            Color::Never => false,
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
