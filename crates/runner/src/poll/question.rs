//! What a round asks Salesforce, and how far each answer is taken.
//!
//! In: a map, a cursor. Out: questions. Must not know: wires, the store, what an answer means.

use connect::RecordId;
use connect::salesforce::{Ask, Filter, Row, Select, behind, stamp_of};
use jiff::Timestamp;
use serde_json::Value;

use crate::deal_map::{DealMap, Watch, parents};
use crate::dotted::at;

/// How many records one query may answer with.
const PAGE: u32 = 1000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'m> {
    /// The deals' own records.
    Records(&'m DealMap),
    /// Children of them.
    Children(&'m DealMap, &'m Watch),
    /// The deals' own records of which a parent changed: the account, the owner.
    OfParent(&'m DealMap, &'m str),
    /// Children of them of which another parent changed: a role's contact.
    ChildrenOfParent(&'m DealMap, &'m Watch, &'m str),
}

impl<'m> Asked<'m> {
    /// All that a map has to ask for; what leaves no trace in its own records only when it is a deep round.
    pub(super) fn of(map: &'m DealMap, deep: bool) -> Vec<Self> {
        let mut all = vec![Asked::Records(map)];
        all.extend(map.watches().iter().map(|watch| Asked::Children(map, watch)));
        if deep {
            all.extend(
                parents(&map.select().fields)
                    .into_iter()
                    .map(|parent| Asked::OfParent(map, parent)),
            );
            for watch in map.watches() {
                let beyond = parents(&watch.beyond).into_iter();
                all.extend(beyond.map(|parent| Asked::ChildrenOfParent(map, watch, parent)));
            }
        }
        all
    }

    pub(super) fn object(&self) -> &'m str {
        match self {
            Asked::Records(map) | Asked::OfParent(map, _) => map.object(),
            Asked::Children(_, watch) | Asked::ChildrenOfParent(_, watch, _) => &watch.object,
        }
    }

    pub(super) fn parent(&self) -> Option<&'m str> {
        match self {
            Asked::Records(_) | Asked::Children(_, _) => None,
            Asked::OfParent(_, parent) | Asked::ChildrenOfParent(_, _, parent) => Some(parent),
        }
    }

    /// The question, among those of a round.
    pub(super) fn name(&self) -> String {
        match self {
            Asked::Records(map) => map.object().to_owned(),
            Asked::OfParent(map, parent) => format!("{}>{parent}", map.object()),
            Asked::Children(map, watch) => format!("{}.{}", map.object(), watch.object),
            Asked::ChildrenOfParent(map, watch, parent) => {
                format!("{}.{}>{parent}", map.object(), watch.object)
            }
        }
    }

    /// Under what name it is kept how far its answers were taken.
    pub(super) fn cursor(&self) -> String {
        match self.parent() {
            None => format!("poll:{}", self.object()),
            Some(parent) => format!("poll:{}>{parent}", self.object()),
        }
    }

    /// What it is about, in words.
    pub(super) fn about(&self) -> String {
        match self.parent() {
            None => self.object().to_owned(),
            Some(parent) => format!("{}.{parent}", self.object()),
        }
    }

    fn select(&self) -> Select {
        // Enough to see whether the record takes part; its lists are read by the worker.
        let own = |map: &DealMap| map.select().fields.clone();
        let fields = match self {
            Asked::Records(map) => own(map),
            Asked::OfParent(map, parent) => {
                own(map).into_iter().chain([stamp_of(parent)]).collect()
            }
            Asked::Children(_, watch) => vec![watch.parent_field.clone()],
            Asked::ChildrenOfParent(_, watch, parent) => {
                let mut fields = vec![watch.parent_field.clone(), stamp_of(parent)];
                fields.extend(watch.beyond.iter().cloned());
                fields
            }
        };
        Select { fields, children: Vec::new(), deleted: self.parent().is_none() }
    }

    /// When what is asked for was changed: the record, or its parent.
    pub(super) fn stamp(&self, row: &Row) -> Option<Timestamp> {
        let Some(parent) = self.parent() else { return row.modified };
        let record: Value = serde_json::from_str(&row.body).ok()?;
        at(&record, &stamp_of(parent))?.as_str()?.parse().ok()
    }
}

/// One question, and how far its answer is taken.
#[derive(Debug)]
pub(super) struct Part<'m> {
    pub(super) asked: Asked<'m>,
    /// The cursor as it is kept, and what it says.
    pub(super) kept: Option<String>,
    pub(super) cursor: Timestamp,
    /// Where to go on from.
    from: Timestamp,
    after: Option<RecordId>,
    /// The newest change that was found.
    pub(super) newest: Timestamp,
    pub(super) is_over: bool,
}

impl<'m> Part<'m> {
    /// A question for what changed since `from`.
    pub(super) fn new(
        asked: Asked<'m>,
        kept: Option<String>,
        cursor: Timestamp,
        from: Timestamp,
    ) -> Self {
        Self { asked, kept, cursor, from, after: None, newest: cursor, is_over: false }
    }

    pub(super) fn ask(&self) -> Ask {
        let (since, after, limit) = (self.from, self.after.clone(), PAGE);
        let filter = match self.asked.parent() {
            None => Filter::ModifiedSince { since, after, also: Vec::new(), limit },
            Some(parent) => {
                Filter::ParentModifiedSince { parent: parent.to_owned(), since, after, limit }
            }
        };
        Ask { object: self.asked.object().to_owned(), select: self.asked.select(), filter }
    }

    /// Goes on behind these records; after a page that is not full there is nothing more.
    pub(super) fn pass(&mut self, rows: &[Row], stamps: &[Option<Timestamp>]) {
        self.newest = stamps.iter().flatten().copied().fold(self.newest, Timestamp::max);
        match behind(rows, stamps.last().copied().flatten(), PAGE) {
            Some((stamp, id)) => (self.from, self.after) = (stamp, Some(id)),
            None => self.is_over = true,
        }
    }
}
