//! What change events of Salesforce become: hints for deals that are known, questions to the poll for the rest.
//!
//! In: events, and which of their records are known. Out: hints, and how far the poll is to look. Must not
//! know: wires, the store, what a change means. Events are only faster than the poll: it finds whatever they miss.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use connect::RecordId;
use connect::salesforce::events::{Change, From, Kind, ReplayId};
use jiff::Timestamp;

use crate::clock::later;
use crate::deal_map::DealMap;
use crate::store::Alias;

/// While an object's events flow, the poll asks for it this many times less often.
pub(crate) const SLOWER: u32 = 12;

/// An object whose events are listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Such as `Opportunity`.
    pub(crate) object: String,
    /// A map's own object: its records are deals.
    pub(crate) is_deal: bool,
    /// Child records of a map's object: their events do not say whose they are.
    pub(crate) is_child: bool,
}

/// How far the poll is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    /// No further than it does by itself.
    Not,
    /// For the newest changes, at once.
    Soon,
    /// Over the whole overlap, at once.
    Deep,
}

/// What a batch of events becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Records of known deals that changed, each once.
    pub(crate) hints: Vec<Alias>,
    /// How far the poll is to look.
    pub(crate) look: Look,
}

/// The objects that the maps look into, each once.
pub(crate) fn watched(maps: &[DealMap]) -> Vec<Watched> {
    let mut found: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for map in maps {
        found.entry(map.object()).or_default().0 = true;
        for watch in map.watches() {
            found.entry(&watch.object).or_default().1 = true;
        }
    }
    let watched = |(object, (is_deal, is_child)): (&str, _)| Watched {
        object: object.to_owned(),
        is_deal,
        is_child,
    };
    found.into_iter().map(watched).collect()
}

impl Watched {
    /// The cursor that holds the place in this object's events.
    pub(crate) fn cursor(&self) -> String {
        format!("events:{}", self.object)
    }

    /// A record of this object, as the store knows it.
    pub(crate) fn alias(&self, id: &RecordId) -> Alias {
        Alias::Record { object: self.object.clone(), id: id.clone() }
    }

    /// The records that `changes` name as deals, each once, in their order.
    pub(crate) fn named<'c>(&self, changes: &'c [Change]) -> Vec<&'c RecordId> {
        let mut seen = BTreeSet::new();
        let all = changes.iter().filter(|_| self.is_deal).flat_map(|change| &change.records);
        all.filter(|id| seen.insert(*id)).collect()
    }

    /// The records that `changes` tell as deleted and that belong to no known deal: one may just be linked.
    pub(crate) fn deleted(&self, changes: &[Change], known: &BTreeSet<&RecordId>) -> Vec<Alias> {
        let deleted: Vec<Change> =
            changes.iter().filter(|change| change.kind == Kind::Deleted).cloned().collect();
        let unknown = self.named(&deleted).into_iter().filter(|id| !known.contains(id));
        unknown.map(|id| self.alias(id)).collect()
    }

    /// What `changes` become, when of the records they name these belong to `known` deals.
    pub(crate) fn become_of(&self, changes: &[Change], known: &BTreeSet<&RecordId>) -> Heard {
        let hints = self.named(changes).into_iter().filter(|id| known.contains(id));
        let hints = hints.map(|id| self.alias(id)).collect();
        let look = changes.iter().map(|change| self.look(change, known)).max();
        Heard { hints, look: look.unwrap_or(Look::Not) }
    }

    fn look(&self, change: &Change, known: &BTreeSet<&RecordId>) -> Look {
        match change.kind {
            Kind::Overflow => Look::Deep,
            // The poll sees whether a record takes part, and whose child it is.
            Kind::Gap => Look::Soon,
            Kind::Made | Kind::Changed => {
                let all_known = change.records.iter().all(|id| known.contains(id));
                if self.is_child || !all_known { Look::Soon } else { Look::Not }
            }
            // The poll finds in the bin whose child it was.
            Kind::Deleted if self.is_child => Look::Soon,
            Kind::Deleted => Look::Not,
        }
    }
}

/// Where to go on from. With no place that was kept the events begin now: what was before is the poll's.
pub(crate) fn begin(kept: Option<&str>) -> From {
    kept.and_then(ReplayId::parse).map_or(From::Now, From::After)
}

/// How much later than the last event a change may be stamped: clocks differ.
const SLACK: Duration = Duration::from_mins(2);
/// How long the event of a change may be on its way.
const ON_ITS_WAY: Duration = Duration::from_mins(1);

/// Objects whose changes the poll finds without an event: somebody took them out of Setup, and their stream
/// stays open in silence.
#[derive(Debug, Default)]
pub(crate) struct Silence(BTreeMap<String, Timestamp>);

impl Silence {
    /// The poll found a change.
    pub(crate) fn found(&mut self, object: &str, stamp: Timestamp) {
        let newest = self.0.entry(object.to_owned()).or_insert(stamp);
        *newest = stamp.max(*newest);
    }

    /// The objects that are silent now; `last` tells when an event of one came.
    pub(crate) fn silent(
        &mut self,
        now: Timestamp,
        last: impl Fn(&str) -> Option<Timestamp>,
    ) -> Vec<String> {
        self.0.retain(|object, stamp| last(object).is_some_and(|at| later(at, SLACK) < *stamp));
        let over = self.0.iter().filter(|(_, stamp)| later(**stamp, ON_ITS_WAY) < now);
        let silent: Vec<String> = over.map(|(object, _)| object.clone()).collect();
        self.0.retain(|object, _| !silent.contains(object));
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> RecordId {
        RecordId::parse(&format!("0065g000000000{number}")).unwrap()
    }

    fn change(kind: Kind, records: &[RecordId]) -> Change {
        let (object, origin) = ("Opportunity".to_owned(), String::new());
        Change { object, kind, records: records.to_vec(), origin }
    }

    fn watched_as(is_deal: bool, is_child: bool) -> Watched {
        Watched { object: "Opportunity".to_owned(), is_deal, is_child }
    }

    #[test]
    fn a_known_deal_becomes_one_hint_and_an_unknown_one_a_look() {
        let deals = watched_as(true, false);
        let (known, other) = (id(1), id(2));
        let changes = [
            change(Kind::Changed, std::slice::from_ref(&known)),
            change(Kind::Changed, std::slice::from_ref(&known)),
        ];
        let set = BTreeSet::from([&known]);
        let heard = deals.become_of(&changes, &set);
        assert_eq!(heard, Heard { hints: vec![deals.alias(&known)], look: Look::Not });
        let both = [change(Kind::Made, &[known.clone(), other.clone()])];
        let heard = deals.become_of(&both, &set);
        assert_eq!(heard, Heard { hints: vec![deals.alias(&known)], look: Look::Soon });
        let nothing = Heard { hints: Vec::new(), look: Look::Not };
        assert_eq!(deals.become_of(&[], &set), nothing, "the stream says that it is alive");
        let unknown = [change(Kind::Deleted, std::slice::from_ref(&other))];
        assert_eq!(deals.become_of(&unknown, &set), nothing);
        let gone = [change(Kind::Deleted, &[known.clone(), other.clone()])];
        assert_eq!(deals.deleted(&gone, &set), [deals.alias(&other)], "it may just be linked");
        assert_eq!(deals.deleted(&both, &set), []);
        let deleted = deals.become_of(&[change(Kind::Deleted, std::slice::from_ref(&known))], &set);
        assert_eq!(deleted.hints, [deals.alias(&known)]);
    }

    #[test]
    fn children_gaps_and_overflows_make_the_poll_look() {
        let (deals, children) = (watched_as(true, false), watched_as(false, true));
        let one = id(1);
        let set = BTreeSet::from([&one]);
        let looks = |watched: &Watched, kind| {
            let heard = watched.become_of(&[change(kind, std::slice::from_ref(&one))], &set);
            (heard.hints.len(), heard.look)
        };
        assert_eq!(looks(&children, Kind::Changed), (0, Look::Soon));
        assert_eq!(looks(&children, Kind::Made), (0, Look::Soon));
        assert_eq!(looks(&children, Kind::Deleted), (0, Look::Soon));
        assert_eq!(looks(&deals, Kind::Deleted), (1, Look::Not));
        assert_eq!(looks(&deals, Kind::Gap), (1, Look::Soon));
        assert_eq!(looks(&deals, Kind::Overflow), (1, Look::Deep));
        assert_eq!(looks(&watched_as(true, true), Kind::Changed), (1, Look::Soon));
        let mixed =
            [change(Kind::Overflow, &[]), change(Kind::Changed, std::slice::from_ref(&one))];
        assert_eq!(deals.become_of(&mixed, &set).look, Look::Deep, "the furthest one counts");
    }

    #[test]
    fn it_goes_on_where_it_was_or_begins_now() {
        assert_eq!(begin(None), From::Now);
        assert_eq!(begin(Some("no place")), From::Now);
        let place = ReplayId::parse("0001ab").unwrap();
        assert_eq!(begin(Some("0001ab")), From::After(place));
    }

    #[test]
    fn an_object_whose_changes_come_without_events_is_silent() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let mut silence = Silence::default();
        silence.found("Opportunity", at(10));
        assert!(silence.silent(at(10), |_| Some(at(1))).is_empty(), "the event may be on its way");
        assert_eq!(silence.silent(at(12), |_| Some(at(1))), ["Opportunity"]);
        assert!(silence.silent(at(13), |_| Some(at(1))).is_empty(), "it is said once");
        silence.found("Opportunity", at(20));
        assert!(silence.silent(at(22), |_| Some(at(19))).is_empty(), "its event came");
        silence.found("Lead", at(20));
        assert!(
            silence.silent(at(30), |_| None).is_empty(),
            "no event ever came: it is polled anyway"
        );
    }

    #[test]
    fn each_object_is_heard_once() {
        let schemas = mapping::schema::Schemas::built_in();
        let text = include_str!("../../../mappings/opportunity.map");
        let map = || {
            let plan = mapping::compile("opportunity.map", text, schemas).plan.unwrap();
            DealMap::new(plan, schemas).unwrap()
        };
        let found = watched(&[map(), map()]);
        let deals: Vec<&str> =
            found.iter().filter(|w| w.is_deal).map(|w| w.object.as_str()).collect();
        assert_eq!(deals, ["Opportunity"]);
        let solutions = found.iter().filter(|w| w.object == "Microsoft_Solution__c");
        assert_eq!(solutions.map(|w| (w.is_deal, w.is_child)).collect::<Vec<_>>(), [(false, true)]);
    }
}
