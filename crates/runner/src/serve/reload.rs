//! Maps that are changed while the service runs: looked at, checked, shown, then put in the place of the old ones.
//!
//! In: the files of the maps, now and then, or when somebody says so. Out: other maps in service, or a note that
//! says why not. Must not know: how deals are worked on. Maps that cannot be used change nothing.

use std::sync::Arc;
use std::time::Duration;

use mapping::problem::Severity;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::map_files::{Found, MapFiles, in_service};
use super::walk;
use crate::config::{Config, Reload};
use crate::error::Error;
use crate::maps::bundle::Made;
use crate::maps::preview::{Figures, Sample, Unknown, figures};
use crate::maps::reloading::{Answered, Waiting};
use crate::maps::shelf::Packed;
use crate::maps::{Shelf, changed};
use crate::store::{SqliteStore, Store};
use crate::wires::LiveWires;
use crate::worker::Worker;

/// What operators read under this name.
const NOTE: &str = "maps";
/// Where a request of `cosell reload` is left.
pub const ASKED: &str = "maps:asked";

/// A request of `cosell reload` or `cosell rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Tells it from others.
    pub id: String,
    /// The files that were shown to whoever asks; none: whatever there is.
    pub files: Option<String>,
    /// The maps are to take effect; else they are only looked at.
    pub take: bool,
    /// It is not looked first what they would write.
    #[serde(default)]
    pub at_once: bool,
}

/// Why the files are looked at.
enum Prompt {
    /// It is time.
    Time,
    /// A hang-up signal.
    Hangup,
    /// `cosell reload`.
    Asked(Asked),
}

/// Changed maps that were checked.
struct Candidate {
    made: Made,
    packed: Packed,
    release: Option<String>,
    figures: Option<Figures>,
}

/// Looks at the files of the maps.
pub(super) struct Watch {
    files: MapFiles,
    mode: Reload,
    pace: Duration,
    sample: Sample,
    worker: Arc<Worker<SqliteStore, LiveWires>>,
    shelf: Shelf,
    again: Arc<Notify>,
    /// The files in service.
    serving: String,
    /// The files as they were at the last look: an editor that is still writing is waited for.
    seen: Option<String>,
    /// The files that were refused, so that it is said once.
    refused: Option<String>,
    /// Files that were checked.
    ready: Option<(String, Candidate)>,
    /// The last request that was answered.
    asked: Option<String>,
}

impl Watch {
    pub(super) fn new(
        files: MapFiles,
        found: &Found,
        config: &Config,
        worker: Arc<Worker<SqliteStore, LiveWires>>,
        again: Arc<Notify>,
    ) -> Self {
        let limits = &worker.limits;
        let sample = Sample {
            most: limits.preview_deals,
            pace: Duration::from_secs(1) / limits.preview_pace,
        };
        let (now, mode) = (worker.clock.now(), config.reload);
        worker.standing.reloading(|reload| {
            (reload.mode, reload.taken) = (mode.word(), Some(now));
            reload.release.clone_from(&found.release);
        });
        Self {
            files,
            mode,
            pace: limits.reload,
            sample,
            worker,
            shelf: in_service(&config.store),
            again,
            serving: found.bundle.fingerprint(),
            seen: None,
            refused: None,
            ready: None,
            asked: None,
        }
    }

    /// Keeps what is in service where commands find it.
    pub(super) fn put_away(&self, packed: &Packed) {
        let now = self.worker.clock.now();
        let release = packed.manifest.release.as_str();
        let kept = self.shelf.put(packed).and_then(|()| {
            let pointer = self.shelf.pointer().unwrap_or_default();
            if pointer.as_ref().and_then(|pointer| pointer.current()) == Some(release) {
                return Ok(());
            }
            self.shelf.point(release, "serve", now)
        });
        if let Err(error) = kept {
            // Only commands that look at it miss it.
            tracing::error!(%error, "the maps in service could not be put beside the state file");
        }
    }
}

/// Looks until the service ends.
pub(super) async fn keep(mut watch: Watch, mut stopped: watch::Receiver<bool>) {
    let mut hangups = Hangups::new();
    // What was asked before the start was answered by the start.
    watch.asked = watch.request().await.map(|asked| asked.id);
    loop {
        let hung_up = tokio::select! {
            () = tokio::time::sleep(watch.pace) => false,
            () = hangups.next() => true,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let prompt = match watch.request_since().await {
            Some(asked) => Prompt::Asked(asked),
            None if hung_up => Prompt::Hangup,
            None => Prompt::Time,
        };
        tokio::select! {
            () = watch.look(prompt) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

impl Watch {
    async fn request(&self) -> Option<Asked> {
        let kept = self.worker.store.cursor(ASKED).await.ok()??;
        serde_json::from_str(&kept).ok()
    }

    async fn request_since(&mut self) -> Option<Asked> {
        let asked = self.request().await?;
        if self.asked.as_ref() == Some(&asked.id) {
            return None;
        }
        self.asked = Some(asked.id.clone());
        Some(asked)
    }

    async fn look(&mut self, prompt: Prompt) {
        if matches!(prompt, Prompt::Time) && self.mode == Reload::Off {
            return;
        }
        let outcome = self.looked(&prompt).await;
        if let Prompt::Asked(asked) = prompt {
            let answered = Answered { asked: asked.id, outcome };
            self.worker.standing.reloading(|reload| reload.answered = Some(answered));
        }
    }

    /// Looks once; what came of it.
    async fn looked(&mut self, prompt: &Prompt) -> &'static str {
        let found = match self.files.read() {
            Ok(found) => found,
            Err(error) => return self.refuse(error.to_string(), &error.to_string()),
        };
        let files = found.bundle.fingerprint();
        if files == self.serving {
            self.forget();
            return "unchanged";
        }
        if matches!(prompt, Prompt::Time) && self.seen.as_ref() != Some(&files) {
            self.seen = Some(files);
            return "looked";
        }
        self.seen = Some(files.clone());
        if self.ready.as_ref().is_none_or(|(ready, _)| *ready != files) {
            if matches!(prompt, Prompt::Time) && self.refused.as_ref() == Some(&files) {
                return "refused";
            }
            self.ready = None;
            let at_once = matches!(prompt, Prompt::Asked(Asked { at_once: true, .. }));
            match self.prepare(&found, &files, at_once).await {
                Ok(Some(candidate)) => self.ready = Some((files.clone(), candidate)),
                Ok(None) => return "waiting",
                Err(why) => return self.refuse(files, &why),
            }
        }
        self.refused = None;
        let takes = match (self.mode, prompt) {
            (_, Prompt::Asked(Asked { take, files: shown, .. })) => {
                *take && shown.as_ref().is_none_or(|shown| *shown == files)
            }
            (Reload::Auto, Prompt::Time | Prompt::Hangup) | (Reload::Off, Prompt::Hangup) => true,
            (Reload::Ask, Prompt::Time | Prompt::Hangup) | (Reload::Off, Prompt::Time) => false,
        };
        let means_more = self.ready.as_ref().is_some_and(|(_, ready)| ready.figures.is_some());
        if takes || !means_more {
            if let Some((files, candidate)) = self.ready.take() {
                self.take(files, candidate).await;
            }
            return "taken";
        }
        self.wait(&files);
        "waiting"
    }

    /// Checks changed maps and says what they would write. None: that cannot be said now. Error: they cannot be used.
    async fn prepare(
        &self,
        found: &Found,
        files: &str,
        at_once: bool,
    ) -> Result<Option<Candidate>, String> {
        let made = self.files.compile(found).map_err(|error| first_problem(&error))?;
        let packed = Packed::of(&found.bundle, &made);
        let release = found.release.clone();
        let old = self.worker.maps.now();
        if at_once || changed(&old, &made.maps).is_empty() {
            return Ok(Some(Candidate { made, packed, release, figures: None }));
        }
        let (store, wires) = (self.worker.store.as_ref(), self.worker.wires.as_ref());
        match figures(store, wires, &old, &made.maps, self.sample).await {
            Ok(figures) => Ok(Some(Candidate { made, packed, release, figures: Some(figures) })),
            Err(Unknown::Refused(why)) => Err(why),
            Err(Unknown::Later(why)) => {
                let since = self.worker.clock.now();
                let why = format!("what they would write cannot be looked at: {why}");
                let note = format!("the maps were changed; {why}. It is tried again");
                self.worker.standing.note(NOTE, Some(note));
                let (files, maps) = (files.to_owned(), made.hashes());
                let waiting = Waiting { files, since, maps, preview: None, why };
                self.worker.standing.reloading(|reload| reload.waiting = Some(waiting));
                Ok(None)
            }
        }
    }

    /// The maps in service stay; why is said once.
    pub(super) fn refuse(&mut self, files: String, why: &str) -> &'static str {
        if self.refused.as_ref() != Some(&files) {
            tracing::error!(why, "changed maps are not used; those in service stay");
        }
        self.refused = Some(files);
        self.ready = None;
        let standing = &self.worker.standing;
        standing.note(NOTE, Some(format!("changed, but not used: {why}. Those in service stay")));
        standing.reloading(|reload| {
            (reload.refused, reload.waiting) = (Some(why.to_owned()), None);
        });
        "refused"
    }

    /// The files are those in service, perhaps again.
    fn forget(&mut self) {
        if self.seen.is_some() || self.refused.is_some() {
            self.worker.standing.note(NOTE, None);
            self.worker.standing.reloading(|reload| {
                (reload.refused, reload.waiting) = (None, None);
            });
        }
        (self.seen, self.refused, self.ready) = (None, None, None);
    }

    /// They are shown, and wait for somebody.
    fn wait(&self, files: &str) {
        let Some((_, candidate)) = &self.ready else { return };
        let why =
            "`cosell reload` takes them; `cosell preview` shows what they would write".to_owned();
        let looked = candidate.figures.as_ref().map_or_else(String::new, said);
        let note = format!("changed and checked: {looked}; {why}");
        let since = self.worker.clock.now();
        let (maps, preview) = (candidate.made.hashes(), candidate.figures.clone());
        let waiting = Waiting { files: files.to_owned(), since, maps, preview, why };
        self.worker.standing.note(NOTE, Some(note));
        self.worker.standing.reloading(|reload| {
            let since =
                reload.waiting.as_ref().filter(|old| old.files == files).map(|old| old.since);
            let since = since.unwrap_or(waiting.since);
            (reload.refused, reload.waiting) = (None, Some(Waiting { since, ..waiting }));
        });
    }

    /// The changed maps take effect, for every deal that is begun from now on.
    async fn take(&mut self, files: String, candidate: Candidate) {
        let Candidate { made, packed, release, figures } = candidate;
        let old = self.worker.maps.now();
        let objects: Vec<String> =
            changed(&old, &made.maps).into_iter().map(str::to_owned).collect();
        let hashes = made.hashes();
        // Before the change: a crash in between looks at deals once too often, never too seldom.
        if let Err(error) = walk::order(self.worker.store.as_ref(), &objects).await {
            tracing::error!(%error, "changed maps wait: the state file did not take it");
            self.ready = Some((files, Candidate { made, packed, release, figures }));
            return;
        }
        self.worker.maps.put(made.maps);
        self.put_away(&packed);
        self.again.notify_one();
        for map in &hashes {
            let plan = map.plan.get(..12).unwrap_or(&map.plan);
            tracing::info!(map = map.map, file = map.file, plan, "in service");
        }
        if let Some(figures) = &figures {
            tracing::info!(changes = said(figures), "changed maps took effect");
        }
        let now = self.worker.clock.now();
        (self.serving, self.seen, self.refused) = (files, None, None);
        self.worker.standing.note(NOTE, None);
        self.worker.standing.reloading(|reload| {
            (reload.refused, reload.waiting) = (None, None);
            (reload.taken, reload.preview) = (Some(now), figures);
            reload.release = release;
        });
    }
}

/// `of 40 deals looked at, 3 would be written otherwise`.
fn said(figures: &Figures) -> String {
    let Figures { looked_at, of, changed, .. } = figures;
    format!(
        "of {looked_at} deals looked at ({of} there are), {changed} would be dealt with otherwise"
    )
}

/// What is wrong first, with its place.
pub(super) fn first_problem(error: &Error) -> String {
    let Error::Map(report) = error else { return error.to_string() };
    let errors: Vec<_> =
        report.problems().iter().filter(|problem| problem.severity == Severity::Error).collect();
    let Some(first) = errors.first() else { return error.to_string() };
    let at = report.place(first.at.start);
    let more = match errors.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    format!("{}:{}:{}: {}{more}", at.file, at.line, at.column, first.message)
}

/// The hang-up signal, where there is one.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn new() -> Self {
        let kind = tokio::signal::unix::SignalKind::hangup();
        Self { signal: tokio::signal::unix::signal(kind).ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
