//! The commands for driving the demo by hand, carried out as printed.
//!
//! In: blocks `console drive`: lines for a shell, against a demo that keeps its folder; an `ID` stands for what
//! an answer before named. Out: what each answered, and how it stands at the end. Must not know: how the demo works.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::block::blocks;

/// How long anything may take on a slow machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A demo in a folder; it ends when this is dropped.
struct Demo {
    child: Child,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
        command.args(["demo", "--with-parent", "--state", "demo-state", "--ready-file"]);
        command.arg("ready.json").current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let demo = Self { child: command.spawn().unwrap(), folder };
        wait("the ready file", || demo.folder.path().join("ready.json").exists());
        wait("the story", || demo.folder.path().join("demo-state/story-told").exists());
        demo
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The exit code of a command of ours, and what it printed.
    fn cosell(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
        let config = ["--config", "demo-state/cosell.yaml"];
        let output = command.args(arguments).args(config).current_dir(self.path()).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Closing its input ends it, and all that it started.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn wait(what: &str, mut is_there: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_there() {
        assert!(since.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A shell that keeps its variables, as one who types has it.
struct Shell<'d> {
    demo: &'d Demo,
    variables: Vec<String>,
    /// The ids that answers named, the newest last.
    ids: Vec<String>,
}

impl Shell<'_> {
    /// Carries one line out; what it printed.
    fn run(&mut self, line: &str) -> String {
        if !line.starts_with("curl ") {
            self.variables.push(line.to_owned());
            return String::new();
        }
        let line = self.filled(line).replacen("curl ", "curl -sS --fail-with-body ", 1);
        let script = format!("{}\n{line}", self.variables.join("\n"));
        let mut command = Command::new("sh");
        let output = command.args(["-c", &script]).current_dir(self.demo.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "$ {line}\n{said}{error}");
        self.ids.extend(id_in(&said));
        said
    }

    /// The line with the id that is meant: of the kind whose path or field it stands in.
    fn filled(&self, line: &str) -> String {
        let Some((before, _)) = line.split_once("ID") else { return line.to_owned() };
        let salesforce = |prefix: &str| self.ids.iter().rfind(|id| id.starts_with(prefix));
        let id = if before.contains("referrals/") {
            self.ids.iter().rfind(|id| id.contains('-'))
        } else if before.ends_with("\"AccountId\":\"") {
            salesforce("001")
        } else {
            salesforce("006")
        };
        assert!(id.is_some(), "no answer before named an id for: {line}");
        let id = id.unwrap();
        line.replacen("ID", id, 1)
    }
}

/// The id that an answer names: its own, or that of the newest record in it.
fn id_in(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let record = answer.get("records").and_then(Value::as_array).and_then(|all| all.last());
    let of = |one: &Value| {
        ["id", "Id"].iter().find_map(|name| Some(one.get(name)?.as_str()?.to_owned()))
    };
    of(record.unwrap_or(&answer))
}

fn there_is(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok()
}

#[test]
fn the_demo_is_driven_by_hand_as_printed() {
    if !there_is("curl") || !there_is("jq") {
        eprintln!("curl and jq are not here: the commands for them are not carried out");
        return;
    }
    let readme = fs::read_to_string(crate::block::root().join("README.md")).unwrap();
    assert!(readme.contains("cosell demo --state demo-state --ready-file ready.json"));
    let demo = Demo::start();
    let mut shell = Shell { demo: &demo, variables: Vec::new(), ids: Vec::new() };
    let mut carried_out = 0;
    for block in blocks("console").iter().filter(|block| block.has("drive")) {
        for line in block.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            // Who types has time to see it arrive before the next line.
            wait("agreement", || demo.cosell(&["status"]).0 == Some(0));
            if line.contains("q=SELECT Id, Name, Amount, StageName") {
                wait("the deal", || shell.run(line).contains("Depot telemetry"));
            } else {
                shell.run(line);
            }
            carried_out += 1;
        }
    }
    assert!(carried_out > 10, "{carried_out} commands");
    // A deal of a rep's own is at Microsoft in the end, and nothing waits for anybody.
    let list = "curl -H \"Authorization: Bearer $PCT\" $PC";
    wait("the rep's deal at Microsoft", || shell.run(list).contains("Acme planning"));
    wait("a clean status", || demo.cosell(&["status"]).0 == Some(0));
    let deal = shell.ids.iter().find(|id| id.starts_with("006")).unwrap().clone();
    let (code, said) = demo.cosell(&["why", &deal, "StageName"]);
    assert!(code == Some(0) && said.contains("opportunity.map"), "{said}");
}
