//! A sandbox that runs, as the commands talk to it.
//!
//! In: its ready file, and calls. Out: answers, or why there is none and what to do. Must not know:
//! what the calls mean.

use std::path::{Path, PathBuf};

use ::sandbox::Remote;
use serde_json::Value;

use crate::command::sandbox::To;
use crate::terminal::{Stop, print, shown};

/// Who talks to it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    /// The hand behind the scenes.
    Admin,
    /// A sales rep in Salesforce.
    Rep,
}

/// A sandbox that runs.
pub(super) struct Talk {
    ready: PathBuf,
    admin: Remote,
    rep: Remote,
    runtime: tokio::runtime::Runtime,
    json: bool,
}

impl Talk {
    /// The sandbox of a ready file.
    pub(super) fn to(to: &To) -> Result<Self, Stop> {
        let path = &to.ready_file;
        let text = std::fs::read_to_string(path).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                return Stop::because(
                    format!("there is no {}", shown(path)),
                    "name the file with which the sandbox was started: --ready-file PATH; or start one: \
                     `cosell sandbox --ready-file ready.json`",
                );
            }
            Stop::file("read", path, &error)
        })?;
        let ready: Value = serde_json::from_str(&text).map_err(|_| not_ready(path))?;
        let remote = |name: &str, token: &str| {
            let part = ready.get(name).ok_or_else(|| not_ready(path))?;
            let text = |name: &str| part.get(name).and_then(Value::as_str);
            let (Some(url), Some(token)) = (text("url"), text(token)) else {
                return Err(not_ready(path));
            };
            Remote::new(url, token)
                .map_err(|error| Stop::because(error, "see whether this machine is out of memory"))
        };
        Ok(Self {
            ready: path.clone(),
            admin: remote("admin", "token")?,
            rep: remote("salesforce", "access_token")?,
            runtime: crate::life::runtime()?,
            json: to.json,
        })
    }

    /// Calls; refusals too are answers.
    pub(super) fn call(
        &self,
        who: Who,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Stop> {
        let remote = match who {
            Who::Admin => &self.admin,
            Who::Rep => &self.rep,
        };
        self.runtime.block_on(remote.call(method, path, body)).map_err(|_| {
            Stop::because(
                format!("the sandbox of {} does not answer", shown(&self.ready)),
                "it may have ended: start it again, or name the file of one that runs with --ready-file",
            )
        })
    }

    /// Calls, and stops when that was refused.
    pub(super) fn need(
        &self,
        who: Who,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Stop> {
        match self.call(who, method, path, body)? {
            (200..=299, answer) => Ok(answer),
            (status, answer) => Err(refused(status, &answer)),
        }
    }

    /// Writes an answer as JSON if that is wanted, else as `human` says it.
    pub(super) fn show(
        &self,
        answer: &Value,
        human: impl FnOnce(&Value) -> String,
    ) -> Result<(), Stop> {
        let text = if self.json { format!("{answer:#}\n") } else { human(answer) };
        print(&text)
    }

    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }
}

fn not_ready(path: &Path) -> Stop {
    Stop::because(
        format!("{} is not the ready file of a sandbox", shown(path)),
        "name the file with which the sandbox was started: --ready-file PATH",
    )
}

/// Why a call was refused, as the system said it.
pub(super) fn refused(status: u16, answer: &Value) -> Stop {
    let texts = |value: &Value| -> Vec<String> {
        let at = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let inner = at("/error/innerError/message").or_else(|| at("/error/message"));
        let plain = inner.or_else(|| at("/message")).or_else(|| at("/error"));
        let target = at("/error/target").map(|target| format!("{target}: "));
        plain
            .map(|text| format!("{}{}", target.unwrap_or_default(), text.trim()))
            .into_iter()
            .collect()
    };
    let said = match answer {
        Value::Array(wrongs) => wrongs.iter().flat_map(texts).collect(),
        other => texts(other),
    };
    let said = if said.is_empty() { format!("status {status}") } else { said.join("; ") };
    let help = match status {
        401 => "the ready file is of an earlier start: name the one of the sandbox that runs",
        404 => "see what there is: `cosell sandbox portal list`, `cosell sandbox rep query`",
        405 | 500..=599 => "`cosell sandbox log --bodies` shows the call and its answer",
        _ => "correct it and say it again; `--help` shows examples",
    };
    Stop::because(format!("the sandbox refused it: {said}"), help)
}
