//! What `/status` says: of each environment, and of all of them together.
//!
//! In: a store's counts and what the service knows beside them. Out: plain data for JSON and the console. Must
//! not know: HTTP, how anything on it comes about.

use std::collections::BTreeMap;

use connect::{Destinations, WireState};
use jiff::Timestamp;
use serde::Serialize;

use crate::config::{Environment, Reach};
use crate::deal_map::DealMap;
use crate::intake::Room;
use crate::maps::reloading::Reloading;
use crate::standing::{Denial, Login};
use crate::store::{Backfill, DeadlineKey, ParkedKey, Status, WaitingKey};

/// A mapping as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownMap {
    /// The mapping's name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The plan's hash.
    pub hash: String,
    /// `stable` or `experimental`.
    pub stability: &'static str,
}

impl ShownMap {
    fn of(map: &DealMap) -> Self {
        let plan = map.plan();
        let [name, file, hash] = [plan.name(), plan.file(), plan.hash()].map(str::to_owned);
        Self { name, file, hash, stability: plan.stability().word() }
    }
}

/// How an environment stands, or all of them.
#[derive(Debug, Clone, Serialize)]
pub struct StatusView {
    /// The program's version.
    pub version: &'static str,
    /// Which environment it is; none for several together.
    pub environment: Option<Environment>,
    /// Where it writes; none for several together.
    pub reach: Option<Reach>,
    /// Why nothing is done at all, when that is so.
    pub halted: Option<String>,
    /// The mappings in service.
    pub maps: Vec<ShownMap>,
    /// All deals ever seen.
    pub keys: u64,
    /// Those that have both records.
    pub linked: u64,
    /// Those with work to do.
    pub dirty: u64,
    /// Since when the longest waiting one waits.
    pub oldest_waiting: Option<Timestamp>,
    /// Writes whose outcome is not known.
    pub open_intents: u64,
    /// How many deals are parked.
    pub parked_count: u64,
    /// The parked ones: why, since when, what to do.
    pub parked: Vec<ParkedKey>,
    /// Those that are put off, and what they wait for.
    pub waiting: Vec<WaitingKey>,
    /// How many deals wait for somebody's answer.
    pub unanswered: u64,
    /// How many deals wait for a time to be written.
    pub too_early: u64,
    /// The times that matter to deals, soonest first.
    pub deadlines: Vec<DeadlineKey>,
    /// How many deals differ in a line that is held, or that nobody changed.
    pub differing: u64,
    /// How deals from before the service are taken in; of several environments each tells its own.
    pub backfill: Backfill,
    /// Counts that are kept.
    pub counters: BTreeMap<String, u64>,
    /// Counts since the start.
    pub tallies: BTreeMap<String, u64>,
    /// Stopped wires, and who must act.
    pub denied: Vec<Denial>,
    /// When something last happened, such as `poll`.
    pub times: BTreeMap<String, Timestamp>,
    /// Sentences for the operator.
    pub notes: BTreeMap<String, String>,
    /// The connections, and how they are signed in.
    pub logins: Vec<Login>,
    /// The wires: whether they are open, and what was called.
    pub wires: Vec<WireState>,
    /// Where requests may go, and went.
    pub egress: Destinations,
    /// What becomes of changed maps; of several environments each tells its own.
    pub reload: Reloading,
    /// Each environment; empty in the view of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<StatusView>,
}

impl StatusView {
    /// That of one environment; `calls` are the tallies of the way in, which all share.
    pub(crate) fn of<S>(room: &Room<S>, status: Status, calls: &BTreeMap<String, u64>) -> Self {
        let standing = room.standing.snapshot();
        let mut tallies = standing.tallies;
        tallies.extend(calls.iter().map(|(name, count)| (name.clone(), *count)));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            environment: Some(room.environment.clone()),
            reach: Some(room.reach),
            halted: standing.halted,
            maps: room.maps.now().iter().map(ShownMap::of).collect(),
            keys: status.keys,
            linked: status.linked,
            dirty: status.dirty,
            oldest_waiting: status.oldest_dirty,
            open_intents: status.open_intents,
            parked_count: status.parked_count,
            parked: status.parked,
            waiting: status.waiting,
            unanswered: status.unanswered,
            too_early: status.too_early,
            deadlines: status.deadlines,
            differing: status.differing,
            backfill: status.backfill,
            counters: status.counters,
            tallies,
            denied: standing.denied,
            times: standing.times,
            notes: standing.notes,
            logins: standing.logins,
            wires: standing.wires,
            egress: standing.egress,
            reload: standing.reload,
            environments: Vec::new(),
        }
    }
}

/// All environments: the one there is, or the sums of several, and what each says with its name before it.
/// Each stands within.
pub(crate) fn overview(views: Vec<StatusView>) -> StatusView {
    let mut whole = match views.as_slice() {
        [only] => only.clone(),
        several => together(several),
    };
    whole.environments = views;
    whole
}

fn together(views: &[StatusView]) -> StatusView {
    let sum = |of: fn(&StatusView) -> u64| views.iter().map(of).sum();
    let named = |view: &StatusView, name: &str| match &view.environment {
        Some(environment) => format!("{environment}: {name}"),
        None => name.to_owned(),
    };
    let counts = |of: fn(&StatusView) -> &BTreeMap<String, u64>| {
        let mut all = BTreeMap::new();
        for (name, count) in views.iter().flat_map(of) {
            *all.entry(name.clone()).or_default() += count;
        }
        all
    };
    let halted: Vec<String> =
        views.iter().filter_map(|view| view.halted.as_ref().map(|why| named(view, why))).collect();
    let times = views
        .iter()
        .flat_map(|view| view.times.iter().map(move |(name, at)| (named(view, name), *at)));
    let notes = views.iter().flat_map(|view| {
        view.notes.iter().map(move |(name, note)| (named(view, name), note.clone()))
    });
    StatusView {
        version: env!("CARGO_PKG_VERSION"),
        environment: None,
        reach: None,
        halted: (!halted.is_empty()).then(|| halted.join("; ")),
        maps: maps(views),
        keys: sum(|view| view.keys),
        linked: sum(|view| view.linked),
        dirty: sum(|view| view.dirty),
        oldest_waiting: views.iter().filter_map(|view| view.oldest_waiting).min(),
        open_intents: sum(|view| view.open_intents),
        parked_count: sum(|view| view.parked_count),
        parked: views.iter().flat_map(|view| view.parked.clone()).collect(),
        waiting: views.iter().flat_map(|view| view.waiting.clone()).collect(),
        unanswered: sum(|view| view.unanswered),
        too_early: sum(|view| view.too_early),
        deadlines: soonest(views),
        differing: sum(|view| view.differing),
        backfill: Backfill::default(),
        counters: counts(|view| &view.counters),
        tallies: counts(|view| &view.tallies),
        denied: views.iter().flat_map(|view| view.denied.clone()).collect(),
        times: times.collect(),
        notes: notes.collect(),
        logins: views.iter().flat_map(|view| view.logins.clone()).collect(),
        wires: views.iter().flat_map(|view| view.wires.clone()).collect(),
        egress: views.iter().fold(Destinations::default(), |mut all, view| {
            all.add(view.egress.clone());
            all
        }),
        reload: Reloading::default(),
        environments: Vec::new(),
    }
}

/// Each map once.
fn maps(views: &[StatusView]) -> Vec<ShownMap> {
    let mut maps: Vec<ShownMap> = Vec::new();
    for map in views.iter().flat_map(|view| &view.maps) {
        if !maps.contains(map) {
            maps.push(map.clone());
        }
    }
    maps
}

fn soonest(views: &[StatusView]) -> Vec<DeadlineKey> {
    let mut all: Vec<DeadlineKey> = views.iter().flat_map(|view| view.deadlines.clone()).collect();
    all.sort_by_key(|timed| timed.at);
    all
}
