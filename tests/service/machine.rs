//! A running demo with its service and sandbox, which can be killed and started again.
//!
//! In: nothing, or an earlier machine's folder. Out: the ready file, what was said, kills by process
//! id. Must not know: deals. Whatever was started is killed when it is dropped.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

/// How long a start may take on a slow machine.
const START: Duration = Duration::from_mins(1);

/// A demo in a folder of its own.
pub(crate) struct Machine {
    folder: TempDir,
    demo: Option<Child>,
    starts: u32,
    pub(crate) ready: Value,
}

impl Machine {
    /// A demo that tells its story first.
    pub(crate) async fn with_story() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        let mut machine = Self { folder, demo: None, starts: 0, ready: Value::Null };
        machine.start().await;
        machine
    }

    /// A demo that takes its story for told, so that nothing happens but what the test does.
    pub(crate) async fn quiet() -> Self {
        Self::with_map(None).await
    }

    /// The same with a map of its own.
    pub(crate) async fn with_map(map: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        File::create(state.join("story-told")).unwrap();
        if let Some(map) = map {
            std::fs::write(state.join("opportunity.map"), map).unwrap();
        }
        let mut machine = Self { folder, demo: None, starts: 0, ready: Value::Null };
        machine.start().await;
        machine
    }

    /// The folder that the demo keeps everything in.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    /// Starts it (again) and waits for its ready file.
    pub(crate) async fn start(&mut self) {
        self.starts += 1;
        let said = File::create(self.folder.path().join(format!("said.{}", self.starts))).unwrap();
        let mut command = cosell();
        command.args(["demo", "--with-parent", "--state"]).arg(self.state());
        command.arg("--ready-file").arg(self.ready_file());
        command.stdin(Stdio::piped()).stdout(said.try_clone().unwrap()).stderr(said);
        let mut demo = command.spawn().unwrap();
        let since = Instant::now();
        loop {
            let ended = demo.try_wait().unwrap();
            assert!(ended.is_none(), "the demo ended: {ended:?}\n{}", self.said());
            if let Some(ready) = self.read().filter(|ready| ready["pid"] == demo.id()) {
                self.ready = ready;
                break;
            }
            assert!(since.elapsed() < START, "no ready file:\n{}", self.said());
            sleep(Duration::from_millis(20)).await;
        }
        self.demo = Some(demo);
    }

    fn read(&self) -> Option<Value> {
        serde_json::from_str(&std::fs::read_to_string(self.ready_file()).ok()?).ok()
    }

    /// What the last start said so far.
    pub(crate) fn said(&self) -> String {
        let file = self.folder.path().join(format!("said.{}", self.starts));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// The last lines of the service's log, for failures.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(self.state().join("serve.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn pid(&self, which: &str) -> u64 {
        self.ready["pids"][which].as_u64().unwrap_or_default()
    }

    /// Kills the service, or the sandbox; the demo starts it again.
    pub(crate) async fn kill_and_wait(&mut self, which: &str) {
        self.kill(which);
        self.wait_for_new(which).await;
    }

    /// Kills the service (`serve`) or the sandbox (`sandbox`).
    pub(crate) fn kill(&self, which: &str) {
        signal("-9", self.pid(which));
    }

    /// Waits until the demo has started again what was killed.
    pub(crate) async fn wait_for_new(&mut self, which: &str) {
        let old = self.pid(which);
        let since = Instant::now();
        loop {
            if let Some(ready) = self.read().filter(|ready| ready["pids"][which] != old) {
                self.ready = ready;
                return;
            }
            let ended = self.demo.as_mut().and_then(|demo| demo.try_wait().unwrap());
            assert!(ended.is_none(), "the demo ended: {ended:?}\n{}", self.said());
            assert!(since.elapsed() < START, "{which} was not started again:\n{}", self.said());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills all three at once.
    pub(crate) fn kill_all(&mut self) {
        let pids = ["demo", "serve", "sandbox"].map(|which| self.pid(which).to_string());
        let _ = Command::new("kill").arg("-9").args(pids).stderr(Stdio::null()).status();
        if let Some(mut demo) = self.demo.take() {
            let _ = demo.wait();
        }
    }

    /// Interrupts the demo as Ctrl-C does: how it ended, and how long that took.
    pub(crate) async fn interrupt(&mut self) -> (ExitStatus, Duration) {
        let since = Instant::now();
        signal("-INT", self.pid("demo"));
        let mut demo = self.demo.take().unwrap();
        loop {
            if let Some(status) = demo.try_wait().unwrap() {
                return (status, since.elapsed());
            }
            assert!(since.elapsed() < START, "it does not end:\n{}", self.said());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether a process of it still runs.
    pub(crate) fn runs(&self, which: &str) -> bool {
        signal("-0", self.pid(which))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(ready) = self.read() {
            self.ready = ready;
        }
        if let Some(mut demo) = self.demo.take() {
            for which in ["serve", "sandbox"] {
                self.kill(which);
            }
            let _ = demo.kill();
            let _ = demo.wait();
        }
    }
}

/// The program.
pub(crate) fn cosell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
    command.env("NO_COLOR", "1");
    command
}

/// Sends a signal to one process; false when there is none.
pub(crate) fn signal(signal: &str, pid: u64) -> bool {
    assert!(pid > 1, "a process id is known");
    let status =
        Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
