//! Asks the org for objects until all that the maps look into are there.
//!
//! In: a client, maps, names. Out: describes, or why there are none. Must not know: files.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, IsTerminal};

use connect::{Error, Salesforce};
use mapping::needs::{Need, Needs};
use mapping::problem::nearest;
use mapping::schema::{Description, Schemas};

use crate::terminal::{Stop, tell};

/// What every failure says at its end.
const AS_THEY_WERE: &str = "no file was changed";

/// An org that can be asked.
#[derive(Debug)]
pub(super) struct Org<'c> {
    pub(super) client: &'c Salesforce,
    /// The sign-in address, for messages.
    pub(super) login: &'c str,
}

/// An object to ask for.
struct Wanted {
    name: String,
    /// The place in a map; none: it was named on the command line.
    by: Option<(String, usize)>,
}

impl Org<'_> {
    /// The objects that were named and those that the maps look into, in this order.
    pub(super) async fn objects(
        &self,
        maps: &[Needs],
        named: &[String],
    ) -> Result<Vec<Description>, Stop> {
        let (mut known, mut found) = (Schemas::default(), Vec::new());
        let mut asked: BTreeSet<String> = BTreeSet::new();
        let mut wanted: VecDeque<Wanted> =
            named.iter().map(|name| Wanted { name: name.clone(), by: None }).collect();
        let mut progress = Progress::new();
        loop {
            let missing = maps.iter().flat_map(|map| map.missing(&known));
            wanted.extend(missing.map(|Need { object, file, line }| Wanted {
                name: object,
                by: Some((file, line)),
            }));
            // Salesforce takes names in any case.
            wanted.retain(|wanted| !asked.contains(&wanted.name.to_ascii_lowercase()));
            if wanted.is_empty() {
                return Ok(found);
            }
            while let Some(next) = wanted.pop_front() {
                if asked.insert(next.name.to_ascii_lowercase()) {
                    progress.tell(&next.name, found.len() + 1);
                    let description = self.describe(&next).await?;
                    known = known.with([description.object().clone()]);
                    found.push(description);
                }
            }
        }
    }

    async fn describe(&self, wanted: &Wanted) -> Result<Description, Stop> {
        let name = &wanted.name;
        let text = match self.client.describe(name).await {
            Ok(text) => text,
            Err(error) => return Err(self.stop(wanted, error).await),
        };
        let read = Description::read(&text).and_then(|description| {
            let found = &description.object().name;
            if found.eq_ignore_ascii_case(name) {
                return Ok(description);
            }
            // INVARIANT: it becomes the name of a file; the name that was asked for is a plain one.
            Err(format!("expected the object `{name}`, found another"))
        });
        read.map_err(|why| {
            Stop::because(
                format!("the answer about `{name}` of {} cannot be read: {why}", self.login),
                format!("see whether `salesforce.login` is the address of the org; {AS_THEY_WERE}"),
            )
        })
    }

    /// Why an object is not told, and what to do.
    async fn stop(&self, wanted: &Wanted, error: Error) -> Stop {
        let name = &wanted.name;
        let place = match &wanted.by {
            Some((file, line)) => format!("{file}:{line}: "),
            None => String::new(),
        };
        match error {
            Error::Refused { code, .. } if code == "NOT_FOUND" => {
                let near = self.nearest(name).await;
                let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
                let message = format!(
                    "{place}the org at {} has no object `{name}`, or the sync user may not see it",
                    self.login
                );
                let help = format!(
                    "{near}correct the name, or let the sync user read the object; {AS_THEY_WERE}"
                );
                Stop::because(message, help)
            }
            Error::Refused { code, why, .. } if code == "bad-name" => Stop::because(
                format!("{place}`{name}` cannot be an object: {why}"),
                format!("correct the name; {AS_THEY_WERE}"),
            ),
            Error::Denied { why, who } => {
                Stop::because(self.cannot(name, &why), format!("{who} must act; {AS_THEY_WERE}"))
            }
            Error::Later { after, why, .. } => {
                let wait = after.map_or(String::new(), |after| {
                    format!(", not before {} seconds have passed", after.as_secs().max(1))
                });
                let help = format!(
                    "see whether the org can be reached at `salesforce.login`, then pull again{wait}; {AS_THEY_WERE}"
                );
                Stop::because(self.cannot(name, &why), help)
            }
            other @ (Error::Refused { .. }
            | Error::Changed
            | Error::Resting { .. }
            | Error::Gone { .. }) => {
                let help = format!("let the sync user use the REST interface; {AS_THEY_WERE}");
                Stop::because(self.cannot(name, &other.to_string()), help)
            }
        }
    }

    fn cannot(&self, name: &str, why: &str) -> String {
        format!("cannot read `{name}` of the org at {}: {why}", self.login)
    }

    /// The object that was probably meant; none too when the org does not tell its objects.
    async fn nearest(&self, name: &str) -> Option<String> {
        let names = self.client.objects().await.ok()?;
        nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }
}

/// What is being asked for, on a terminal.
struct Progress {
    terminal: bool,
    width: usize,
}

impl Progress {
    fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), width: 0 }
    }

    fn tell(&mut self, name: &str, number: usize) {
        if self.terminal {
            let text = format!("asking for {name} ({number})");
            let width = text.chars().count();
            tell(&format!("\r{text:<0$}", self.width.max(width)));
            self.width = width;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.width > 0 {
            tell(&format!("\r{:1$}\r", "", self.width));
        }
    }
}
