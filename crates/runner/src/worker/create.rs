//! A new CRM record, with the records it refers to and its children, in one composite.
//!
//! In: a referral and a draft. Out: the record, linked. Must not know: how the draft was made. The
//! record is made by upsert on the key field, so that a repeated attempt finds the first one; shared
//! records are claimed in the store first, so that two deals do not make them twice.

use std::time::Duration;

use connect::salesforce::{Equality, Filter, Literal, Row, Select, Sub};
use connect::{Error, RecordId, ReferralId};
use jiff::Timestamp;
use mapping::decision::{Change, Decision, Draft, RelatedDraft, RuleDraft, nest};
use mapping::fault::{Fault, FaultCode};
use mapping::report::ReportEvent;
use mapping::schema::System;

use crate::clock::{earlier, later};
use crate::deal_map::DealMap;
use crate::fingerprint::fingerprint;
use crate::store::{Alias, Commit, Ending, IntentKind, Store};
use crate::wires::Wires;

use super::identity::{Scene, created, second_claimant};
use super::invite::SEARCH_BACK;
use super::recover::base_of_new;
use super::round::Announced;
use super::write::{MOST_SUBS, text_change};
use super::{Deal, Halt, note};

/// How long the right to create a shared record is kept without a sign of life.
const RESERVATION: Duration = Duration::from_mins(10);

/// So many ids of records that may be meant are named.
const SHOWN: usize = 5;

/// The name of the deal's own record within the composite.
pub(super) const DEAL: &str = "deal";

impl<S: Store, W: Wires> Deal<'_, S, W> {
    pub(super) async fn create_record(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        draft: &Draft,
    ) -> Result<Option<Commit>, Halt> {
        let Some(left) = &scene.left else { return Ok(None) };
        self.check_pace().await?;
        // What does not fit into a record that is there already is not written, and nothing waits for it.
        let mut decision = decision.clone();
        let of_others: Vec<&Fault> = draft.related.iter().flat_map(|r| &r.faults).collect();
        decision.parked.retain(|fault| !of_others.contains(&fault));
        let decision = &decision;
        let subs = match self.subs(scene, decision, draft, &left.id).await? {
            Ok(subs) => subs,
            Err(error) => return Err(Halt::Wire(System::Salesforce, error)),
        };
        let mut announced = Announced {
            object: scene.map.object().to_owned(),
            referral: Some(left.id.to_string()),
            source: left.body.clone(),
            entry: self.entry("create-record", scene, decision, None),
            ..Announced::default()
        };
        let intent = self.announce(IntentKind::CreateRecord, &announced).await?;
        let made = match self.write_subs(&subs).await? {
            Ok(answers) => answers.into_iter().find(|answer| answer.reference == DEAL),
            Err(error) => {
                let failure = (System::Salesforce, error);
                return self.after_failure(scene, decision, intent, None, failure).await;
            }
        };
        if let Some(id) = made.and_then(|answer| answer.id) {
            announced.record = id.to_string();
            self.remember(intent, &announced).await?;
        }
        let known = RecordId::parse(&announced.record).ok();
        let Some(row) = self.made_for(scene.map, &left.id, known.as_ref(), self.now()).await?
        else {
            let why = "the new record cannot be found by its key yet".to_owned();
            let error = Error::Later { after: None, why, unknown_outcome: false };
            return Err(Halt::Wire(System::Salesforce, error));
        };
        self.adopt(scene.map, &row.id).await?;
        self.memo.right_stamp = row.modified;
        self.memo.writes += 1;
        self.memo.told = note::told_of(decision);
        let plan = scene.map.plan();
        let id = row.id.as_str();
        self.hold(Commit {
            base: base_of_new(plan, &left.body, &row.body),
            audit: vec![self.entry("create-record", scene, decision, Some(id))],
            close: vec![(intent, Ending::Applied)],
            count: vec![("creates_salesforce".to_owned(), 1), ("writes_salesforce".to_owned(), 1)],
            ..Commit::default()
        })
        .await?;
        Ok(None)
    }

    /// The record that was made for a referral: the known one, else the oldest since the intent. The bin is
    /// looked through too: a copy has the same key, and may be all that is left outside. None: it is not there.
    pub(super) async fn made_for(
        &mut self,
        map: &DealMap,
        referral: &ReferralId,
        known: Option<&RecordId>,
        intended: Timestamp,
    ) -> Result<Option<Row>, Halt> {
        let select = Select { deleted: true, ..map.select().clone() };
        let rows = self.rows_by_key(map, &select, referral).await?;
        let oldest = earlier(intended, SEARCH_BACK);
        let is_since = |row: &&Row| created(row).is_some_and(|created| created >= oldest);
        let found = match known {
            Some(known) => rows.iter().find(|row| row.id == *known),
            None => rows.iter().find(is_since).or_else(|| rows.iter().find(|r| !r.is_deleted())),
        };
        Ok(found.cloned())
    }

    /// The record is this deal's from now on.
    pub(super) async fn adopt(&mut self, map: &DealMap, id: &RecordId) -> Result<(), Halt> {
        let alias = Alias::Record { object: map.object().to_owned(), id: id.clone() };
        if self.link(alias).await? {
            return Ok(());
        }
        Err(Halt::Park(vec![second_claimant()]))
    }

    /// All requests of the composite: related records, the record itself, as many children as fit
    /// (the next round makes the others).
    async fn subs(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        draft: &Draft,
        referral: &ReferralId,
    ) -> Result<Result<Vec<Sub>, Error>, Halt> {
        let plan = scene.map.plan();
        let mut subs = Vec::new();
        let mut fields = draft.changes.clone();
        fields.extend(plan.report(decision, None, &ReportEvent::Done, "", self.now()));
        fields.retain(|change| change.path != scene.map.key_field());
        for (name, related) in draft.related_names().zip(&draft.related) {
            let id = match self.related(scene, related).await? {
                Some(id) => id.to_string(),
                None if !related.faults.is_empty() => {
                    return Err(Halt::Park(related.faults.iter().map(note::cause_of).collect()));
                }
                None => match Sub::create(&name, &related.object, nest(&related.changes)) {
                    Ok(sub) => {
                        subs.push(sub);
                        format!("@{{{name}.id}}")
                    }
                    Err(error) => return Ok(Err(error)),
                },
            };
            fields.push(text_change(&related.through, &id));
        }
        let (object, key) = (scene.map.object(), scene.map.key_field());
        match Sub::upsert(DEAL, object, key, referral.as_str(), nest(&fields)) {
            Ok(sub) => subs.push(sub),
            Err(error) => return Ok(Err(error)),
        }
        for (index, child) in draft.children.iter().enumerate() {
            let unit = match self.child_subs(scene, "@{deal.id}", index, child).await? {
                Ok(unit) => unit,
                Err(error) => return Ok(Err(error)),
            };
            if subs.len() + unit.len() > MOST_SUBS {
                break;
            }
            subs.extend(unit);
        }
        Ok(Ok(subs))
    }

    /// The one record that matches; none when it is to be made, and only we may make it.
    async fn related(
        &mut self,
        scene: &Scene<'_>,
        related: &RelatedDraft,
    ) -> Result<Option<RecordId>, Halt> {
        if let Some(id) = self.first_found(scene, related).await? {
            return Ok(Some(id));
        }
        if !related.create_if_none {
            return Err(Self::none_found(scene, related));
        }
        // Every deal by which a rule would find the new record waits for it. All take these rights
        // in the order of the rules, so that no two wait for one another.
        for rule in related.tried() {
            self.reserve(&related.object, &rule.matching).await?;
        }
        // The deal that had the right before may just have made it.
        self.first_found(scene, related).await
    }

    /// Whether all records that the new one refers to are there, or would be made: else it waits for a person.
    pub(super) async fn could_be_made(
        &mut self,
        scene: &Scene<'_>,
        draft: &Draft,
    ) -> Result<(), Halt> {
        for related in &draft.related {
            if self.first_found(scene, related).await?.is_some() {
                continue;
            }
            if !related.create_if_none {
                return Err(Self::none_found(scene, related));
            }
            if !related.faults.is_empty() {
                return Err(Halt::Park(related.faults.iter().map(note::cause_of).collect()));
            }
        }
        Ok(())
    }

    fn none_found(scene: &Scene<'_>, related: &RelatedDraft) -> Halt {
        let map_line = related.tried().last().map_or(related.map_line, |rule| rule.map_line);
        undecided(scene, related, map_line, "no record matches")
    }

    /// What the first rule finds that finds anything.
    async fn first_found(
        &mut self,
        scene: &Scene<'_>,
        related: &RelatedDraft,
    ) -> Result<Option<RecordId>, Halt> {
        for rule in related.tried() {
            if let Some(id) = self.matching(scene, related, rule).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    async fn matching(
        &mut self,
        scene: &Scene<'_>,
        related: &RelatedDraft,
        rule: &RuleDraft,
    ) -> Result<Option<RecordId>, Halt> {
        let equal = |change: &Change| Equality::new(&*change.path, literal(change));
        let filter = Filter::Equal(rule.matching.iter().map(equal).collect());
        let found = self.worker.wires.rows(&related.object, &Select::default(), &filter).await;
        let found = self.read(System::Salesforce, found)?;
        match found.as_slice() {
            [] => Ok(None),
            [row] => Ok(Some(row.id.clone())),
            several => {
                let ids: Vec<String> =
                    several.iter().take(SHOWN).map(|row| row.id.to_string()).collect();
                let more = if several.len() > SHOWN { ", …" } else { "" };
                let what = format!("several records match ({}{more})", ids.join(", "));
                Err(undecided(scene, related, rule.map_line, &what))
            }
        }
    }

    /// Claims the right to make a shared record; its key is kept only as a hash.
    pub(super) async fn reserve(&mut self, object: &str, key: &[Change]) -> Result<(), Halt> {
        let mut parts = vec![object];
        for change in key {
            parts.extend([change.path.as_str(), change.value.as_str()]);
        }
        let name = fingerprint(&parts);
        let now = self.now();
        self.worker.tripwire.pass()?;
        let until = later(now, RESERVATION);
        let ours = self.worker.store.reserve(&self.claim, name, now, until).await?;
        self.worker.tripwire.pass()?;
        if ours { Ok(()) } else { Err(Self::wait_for_other()) }
    }
}

/// A JSON text as a value in a query.
pub(super) fn literal(change: &Change) -> Literal {
    match serde_json::from_str(&change.value) {
        Ok(serde_json::Value::String(text)) => Literal::Text(text),
        Ok(serde_json::Value::Bool(flag)) => Literal::Bool(flag),
        Ok(serde_json::Value::Number(number)) => Literal::Number(number.to_string()),
        Ok(
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_),
        )
        | Err(_) => Literal::Null,
    }
}

fn undecided(scene: &Scene<'_>, related: &RelatedDraft, map_line: usize, what: &str) -> Halt {
    let (map, map_line) = scene.map.plan().place(map_line);
    Halt::Park(vec![note::cause_of(&Fault {
        line: None,
        field: Some(related.through.clone()),
        code: FaultCode::Related,
        message: format!("{what} for the {} of the new record", related.object),
        map: map.to_owned(),
        map_line,
    })])
}
