//! The demo's processes: the sandbox and the service, each of its own, started again when they end.
//!
//! In: a folder. Out: both processes running and what they said in their ready files. Must not
//! know: what is done with them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::process::{Child, ChildStdin, Command};

use crate::ready;
use crate::terminal::Stop;

/// How long a process may take until it listens: key generation on a slow machine included.
const START: Duration = Duration::from_mins(1);

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_millis(1400);

/// Both processes and the folder they keep everything in.
pub(super) struct Family {
    folder: PathBuf,
    sandbox: Member,
    service: Member,
    sandbox_ready: Value,
    service_ready: Value,
}

/// A process. Its input is held apart: waiting for a child closes the input that it still has, and
/// a closed input tells it to end.
struct Member {
    child: Child,
    input: Option<ChildStdin>,
}

impl Family {
    /// Starts both.
    pub(super) async fn start(folder: &Path) -> Result<Self, Stop> {
        gone(&folder.join("service.lock")).await;
        let (sandbox, sandbox_ready) = start_sandbox(folder).await?;
        let (service, service_ready) = start_service(folder, &sandbox_ready).await?;
        Ok(Self { folder: folder.to_owned(), sandbox, service, sandbox_ready, service_ready })
    }

    /// What scripts read: addresses, tokens, process ids.
    pub(super) fn ready(&self) -> Value {
        let mut ready = self.sandbox_ready.clone();
        if let Value::Object(members) = &mut ready {
            members.insert("pid".into(), json!(std::process::id()));
            members.insert(
                "pids".into(),
                json!({
                    "demo": std::process::id(),
                    "sandbox": self.sandbox_ready["pid"],
                    "serve": self.service_ready["pid"],
                }),
            );
            members.insert("console".into(), self.service_ready["console"].clone());
            members.insert("webhook".into(), self.service_ready["webhook"].clone());
        }
        ready
    }

    /// Waits until one of the two ends by itself, starts it again, and says which it was.
    pub(super) async fn mend(&mut self) -> Result<&'static str, Stop> {
        tokio::select! {
            _ = self.service.child.wait() => {
                let (service, ready) = start_service(&self.folder, &self.sandbox_ready).await?;
                self.service = service;
                self.service_ready = ready;
                pause().await;
                Ok("the service")
            }
            _ = self.sandbox.child.wait() => {
                let (sandbox, ready) = start_sandbox(&self.folder).await?;
                let before = &self.sandbox_ready;
                let moved = ready["salesforce"]["url"] != before["salesforce"]["url"]
                    || ready["salesforce"]["pubsub_url"] != before["salesforce"]["pubsub_url"]
                    || ready["partner_center"] != before["partner_center"];
                self.sandbox = sandbox;
                self.sandbox_ready = ready;
                if moved {
                    end(&mut self.service).await;
                }
                pause().await;
                Ok("the sandbox")
            }
        }
    }

    /// Ends both, the service first.
    pub(super) async fn end(mut self) {
        end(&mut self.service).await;
        end(&mut self.sandbox).await;
    }
}

/// A process that cannot live is not started again in a tight circle.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// Closes a process's standard input, by which it knows that it is over; soon afterwards by force,
/// which does no harm: both keep what they have done before they say so.
async fn end(member: &mut Member) {
    drop(member.input.take());
    if tokio::time::timeout(GRACE, member.child.wait()).await.is_err() {
        let _ = member.child.kill().await;
    }
}

async fn start_sandbox(folder: &Path) -> Result<(Member, Value), Stop> {
    let state = folder.join("sandbox");
    let file = folder.join("sandbox.json");
    let arguments =
        ["sandbox".into(), "--state".into(), state.into_os_string(), "--ready-file".into()];
    start(&arguments, &file, &folder.join("sandbox.log")).await
}

async fn start_service(folder: &Path, sandbox: &Value) -> Result<(Member, Value), Stop> {
    let config = super::setup::write(folder, sandbox)?;
    let arguments =
        ["serve".into(), "--config".into(), config.into_os_string(), "--ready-file".into()];
    start(&arguments, &folder.join("serve.json"), &folder.join("serve.log")).await
}

/// Waits until whoever holds a lock is gone: a service of an earlier start still has its port.
async fn gone(lock: &Path) {
    let lock = lock.to_owned();
    // What cannot be waited for is reported by the process that needs the lock.
    let _ =
        tokio::task::spawn_blocking(move || crate::life::only_one(&lock, true, "").map(drop)).await;
}

/// Starts this program once more with `arguments`, again when it was killed before it listened.
async fn start(
    arguments: &[std::ffi::OsString],
    file: &Path,
    log: &Path,
) -> Result<(Member, Value), Stop> {
    let program =
        std::env::current_exe().map_err(|error| Stop::file("find", Path::new("cosell"), &error))?;
    let started = Instant::now();
    loop {
        let mut child = spawn(&program, arguments, file, log)?;
        let ended = loop {
            if let Some(value) = read(file) {
                let input = child.stdin.take();
                return Ok((Member { child, input }, value));
            }
            if let Some(status) = child.try_wait().ok().flatten() {
                break Some(status);
            }
            if started.elapsed() > START {
                break None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let failed = ended.is_none_or(|status| status.code().is_some_and(|code| code != 0));
        if failed || started.elapsed() > START {
            let name =
                arguments.first().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
            return Err(Stop::because(
                format!("`cosell {name}` did not start: {}", tail(log)),
                format!("read {}", log.display()),
            ));
        }
        pause().await;
    }
}

/// Starts this program; what it says goes into `log`.
fn spawn(
    program: &Path,
    arguments: &[std::ffi::OsString],
    file: &Path,
    log: &Path,
) -> Result<Child, Stop> {
    ready::forget(file)?;
    let log_file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(|error| Stop::file("write", log, &error))?;
    let errors = log_file.try_clone().map_err(|error| Stop::file("write", log, &error))?;
    Command::new(program)
        .args(arguments)
        .arg(file)
        .arg("--with-parent")
        .stdin(Stdio::piped())
        .stdout(Stdio::from(log_file))
        .stderr(Stdio::from(errors))
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Stop::file("start", program, &error))
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" / ")
}

/// Writes the demo's ready file, when one is wanted.
pub(super) fn announce(path: Option<&Path>, family: &Family) -> Result<(), Stop> {
    path.map_or(Ok(()), |path| ready::write(path, &family.ready()))
}
