//! A folder of its own for each test, and the program run in it.
//!
//! In: files and arguments. Out: what the program printed and how it ended. Must not know: any
//! command.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Makes opportunities of referrals, and nothing else.
pub(crate) const ONE_WAY: &str = include_str!("../maps/good/one-way.map");

/// Both sides can be created and changed.
pub(crate) const TWO_WAY: &str = include_str!("../maps/good/two-way.map");

/// A referral that `ONE_WAY` and `TWO_WAY` can make an opportunity of, on one line.
pub(crate) const REFERRAL: &str = r#"{"id":"r-1","type":"Shared","status":"Active","substatus":"Accepted","name":"Fleet","details":{"dealValue":99999999999999.99,"currency":"CHF","closingDateTime":"2026-06-30T00:00:00Z","requirements":{"solutions":[]}}}"#;

/// How the program ended.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// The output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// The JSON lines of stderr.
    pub(crate) fn faults(&self) -> Vec<Value> {
        self.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails unless the program ended so.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Done {
        assert_eq!(self.code, code, "\n--- stdout\n{}--- stderr\n{}", self.out, self.err);
        self
    }
}

/// A folder that is gone after the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub(crate) fn new() -> Folder {
        Folder(TempDir::new().unwrap())
    }

    /// One with a single map in it, `deal.map`.
    pub(crate) fn with_map(text: &str) -> Folder {
        let folder = Folder::new();
        folder.write("deal.map", text);
        folder
    }

    /// Where a file of it is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders that lead to it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Folder {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the program in the folder.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        run(self.0.path(), args, b"")
    }

    /// The same, with something on stdin.
    pub(crate) fn run_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Done {
        run(self.0.path(), args, input.as_ref())
    }
}

/// The program, to be run in a folder.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
    command.current_dir(folder).args(args).env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    command
}

/// Runs the program in a folder, and checks what holds for every run.
#[track_caller]
pub(crate) fn run(folder: &Path, args: &[&str], input: &[u8]) -> Done {
    let mut child = command(folder, args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that does not read its input closes it early.
    let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let done = Done {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    for word in ["pest", "Rule::", "kw_", "panicked", "unwrap", "os error", "src/", "EOI"] {
        assert!(!done.out.contains(word), "`{word}` on stdout: {}", done.out);
        assert!(!done.err.contains(word), "`{word}` on stderr: {}", done.err);
    }
    done
}
