//! Updates: the referral first, then the CRM record with badge and audit, then its children.
//!
//! In: a scene and a decision. Out: both records changed, read back, and the new base kept. Must not
//! know: why a change is made.

use std::time::Duration;

use connect::partner_center::{PatchOp, Referral};
use connect::salesforce::{Equality, Filter, Row, Select, Sub, SubAnswer};
use connect::{ETag, Error, RecordId};
use mapping::decision::{Change, ChildAction, ChildChange, Decision, Effect, Side, nest};
use mapping::schema::System;

use crate::store::{Commit, Ending, IntentId, IntentKind, Store};
use crate::wires::Wires;

use super::create::DEAL;
use super::evidence::traces;
use super::identity::Scene;
use super::round::Announced;
use super::tell::line_of_left;
use super::{Deal, Halt, note};

/// How long until what reads as it was before is read again.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// The most requests that one composite takes.
pub(super) const MOST_SUBS: usize = 25;

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// Carries out changes of existing records.
    pub(super) async fn update(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
    ) -> Result<Option<Commit>, Halt> {
        let (Some(left), Some(right)) = (&scene.left, &scene.right) else { return Ok(None) };
        self.check_pace().await?;
        let changes = differing(changes_of(&decision.left), &left.body);
        let (plan, event, now) = (scene.map.plan(), self.done(decision), self.now());
        let late = self.memo.late();
        let report = plan.report(decision, Some(&right.body), &event, late, now);
        let mut fields = differing(changes_of(&decision.right), &right.body);
        fields.extend(report);
        let units = match self.children(scene, &right.id, &decision.right).await? {
            Ok(units) => units,
            Err(error) => return Err(Halt::Wire(System::Salesforce, error)),
        };
        let mut announced = Announced {
            object: scene.map.object().to_owned(),
            pending: decision.pending.clone(),
            entry: self.entry("update", scene, decision, None),
            line: (!changes.is_empty()).then(|| line_of_left(plan, decision, now)).flatten(),
            seen: [left.updated, right.modified],
            traces: [traces(&changes, &left.body), traces(&fields, &right.body)],
            ..Announced::default()
        };
        let intent = self.announce(IntentKind::Update, &announced).await?;
        if !changes.is_empty() {
            if !self.may_still_leave(scene, right).await? {
                self.close(intent, Ending::NotApplied).await?;
                return Ok(None);
            }
            match self.write_left(left, &changes).await? {
                Ok(answer) => self.memo.left_read = answer.updated.or(self.memo.left_read),
                Err(error) => {
                    let failure = (System::PartnerCenter, error);
                    return self.after_failure(scene, decision, intent, None, failure).await;
                }
            }
            announced.sent[Side::Left.index()] = true;
        }
        let sent = &mut announced.sent[Side::Right.index()];
        if let Err(error) = self.write_record(scene, right, &fields, units, sent).await? {
            let failure = (System::Salesforce, error);
            let sent = announced.any_sent();
            return self.after_failure(scene, decision, intent, sent, failure).await;
        }
        self.settle(scene, decision, intent, &announced).await?;
        Ok(None)
    }

    /// Both records as read back become the base, and the intent is over.
    async fn settle(
        &mut self,
        scene: &Scene<'_>,
        decision: &Decision,
        intent: IntentId,
        announced: &Announced,
    ) -> Result<(), Halt> {
        let (Some(left), Some(right)) = (&scene.left, &scene.right) else { return Ok(()) };
        let left = self.read_referral(&left.id).await?;
        let right = self.read_record(scene.map, &right.id).await?;
        let (Some(left), Some(right)) = (left, right) else {
            // It was there a moment ago: the next round says what is missing. What was written is settled
            // when it is there again.
            return self.remember(intent, announced).await;
        };
        let wrote_right = announced.sent[Side::Right.index()];
        let is_as_before = scene.right.as_ref().is_some_and(|before| before.body == right.body);
        let fresh = if wrote_right && is_as_before {
            Err(Halt::Again(AGAIN, "the record reads as it was before it was written to"))
        } else {
            self.look_again_if_older(Some(&left), Some(&right))
        };
        if let Err(halt) = fresh {
            // The intent stays open: what came of it is looked up the next time.
            self.remember(intent, announced).await?;
            return Err(halt);
        }
        let base = scene.map.plan().settle(&decision.pending, &left.body, &right.body)?;
        let base = self.settled_within_reach(&decision.pending, base);
        let wrote_left = announced.sent[Side::Left.index()];
        if wrote_left {
            self.memo.left_stamp = left.updated;
        }
        self.memo.right_stamp = right.modified;
        self.memo.writes += 1;
        self.memo.was_sent(decision);
        self.memo.told = note::told_of(decision);
        (self.memo.followed, self.memo.owed) = (None, None);
        let mut count = vec![("writes_salesforce".to_owned(), 1)];
        if wrote_left {
            count.push(("writes_partner_center".to_owned(), 1));
        }
        self.hold(Commit {
            base: serde_json::to_string(&base).ok(),
            audit: vec![self.entry("update", scene, decision, None)],
            close: vec![(intent, Ending::Applied)],
            count,
            ..Commit::default()
        })
        .await?;
        self.fresh = Some((left, right));
        Ok(())
    }

    /// Reads the opportunity again just before a write to Microsoft: false when it does not take
    /// part any more, or is not what the decision was made from.
    pub(super) async fn may_still_leave(
        &mut self,
        scene: &Scene<'_>,
        right: &Row,
    ) -> Result<bool, Halt> {
        let Some(now) = self.read_record(scene.map, &right.id).await? else { return Ok(false) };
        let unchanged = now.modified == right.modified && now.body == right.body;
        Ok(unchanged && scene.map.plan().takes_part(Side::Right, &now.body)?)
    }

    pub(super) async fn write_left(
        &mut self,
        left: &Referral,
        changes: &[Change],
    ) -> Result<Result<Referral, Error>, Halt> {
        let ops: Vec<PatchOp> = changes
            .iter()
            .filter_map(|change| {
                let path = change.pointer.clone()?;
                Some(PatchOp { path, value: change.value.clone() })
            })
            .collect();
        self.keep().await?;
        self.worker.tripwire.pass()?;
        let etag: Option<&ETag> = left.etag.as_ref();
        let written = self.worker.wires.change_referral(&left.id, &ops, etag).await;
        self.worker.tripwire.pass()?;
        Ok(written)
    }

    pub(super) async fn write_right(
        &mut self,
        scene: &Scene<'_>,
        id: &RecordId,
        body: &str,
        unmodified_since: Option<jiff::Timestamp>,
    ) -> Result<Result<(), Error>, Halt> {
        self.keep().await?;
        self.worker.tripwire.pass()?;
        let object = scene.map.object();
        let written = self.worker.wires.change_row(object, id, body, unmodified_since).await;
        self.worker.tripwire.pass()?;
        Ok(written)
    }

    pub(super) async fn write_subs(
        &mut self,
        subs: &[Sub],
    ) -> Result<Result<Vec<SubAnswer>, Error>, Halt> {
        self.confirm().await?;
        self.worker.tripwire.pass()?;
        let written = self.worker.wires.write_rows(subs).await;
        self.worker.tripwire.pass()?;
        Ok(written)
    }

    /// The CRM record's fields with badge and audit, and its children: one request where they fit into one, of which
    /// all is kept or nothing. `sent`: whether the fields were written.
    async fn write_record(
        &mut self,
        scene: &Scene<'_>,
        right: &Row,
        fields: &[Change],
        units: Vec<Vec<Sub>>,
        sent: &mut bool,
    ) -> Result<Result<(), Error>, Halt> {
        let (object, since) = (scene.map.object(), right.last_modified);
        let has_fields = !fields.is_empty();
        if units.is_empty() {
            if !has_fields {
                return Ok(Ok(()));
            }
            let written = self.write_right(scene, &right.id, &nest(fields), since).await?;
            *sent = written.is_ok();
            return Ok(written);
        }
        let mut subs: Vec<Sub> = Vec::new();
        if has_fields {
            match Sub::update(DEAL, object, &right.id, nest(fields)) {
                Ok(sub) => subs.push(sub.unmodified_since(since)),
                Err(error) => return Ok(Err(error)),
            }
        }
        for group in grouped(subs, units) {
            match self.write_subs(&group).await? {
                Ok(_) => *sent = has_fields,
                // A child that somebody removed meanwhile: the next round reads what is there.
                Err(Error::Gone { .. }) => return Ok(Err(Error::Changed)),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    /// The requests for each child that changes.
    async fn children(
        &mut self,
        scene: &Scene<'_>,
        deal: &RecordId,
        effect: &Effect,
    ) -> Result<Result<Vec<Vec<Sub>>, Error>, Halt> {
        let mut units = Vec::new();
        let Effect::Update { children, .. } = effect else { return Ok(Ok(units)) };
        for (index, child) in children.iter().enumerate() {
            match self.child_subs(scene, deal.as_str(), index, child).await? {
                Ok(unit) => units.push(unit),
                Err(error) => return Ok(Err(error)),
            }
        }
        units.retain(|unit| !unit.is_empty());
        Ok(Ok(units))
    }

    /// The requests that make, change or remove one child. Its changes with dotted paths belong to a
    /// record it refers to: found by the first of them (its key), else made with it.
    pub(super) async fn child_subs(
        &mut self,
        scene: &Scene<'_>,
        deal: &str,
        index: usize,
        child: &ChildChange,
    ) -> Result<Result<Vec<Sub>, Error>, Halt> {
        let (mut own, parents) = split(&child.changes);
        let name = format!("child{index}");
        let mut subs = Vec::new();
        match &child.action {
            ChildAction::Create => {
                own.push(text_change(&child.parent_field, deal));
                for (relationship, changes) in &parents {
                    let (field, id) = self
                        .parent_of_new(scene, child, relationship, changes, &name, &mut subs)
                        .await?;
                    own.push(text_change(&field, &id));
                }
                Ok(Sub::create(&name, &child.object, nest(&own)).map(|sub| {
                    subs.push(sub);
                    subs
                }))
            }
            ChildAction::Update(id) => {
                let id = record_id(id)?;
                for (relationship, changes) in &parents {
                    let made =
                        self.parent_of_old(scene, child, &id, relationship, changes, &name).await?;
                    match made {
                        Ok(sub) => subs.extend(sub),
                        Err(error) => return Ok(Err(error)),
                    }
                }
                if own.is_empty() {
                    return Ok(Ok(subs));
                }
                Ok(Sub::update(&name, &child.object, &id, nest(&own)).map(|sub| {
                    subs.push(sub);
                    subs
                }))
            }
            ChildAction::Remove(id) => {
                let id = record_id(id)?;
                Ok(Sub::delete(&name, &child.object, &id).map(|sub| vec![sub]))
            }
        }
    }

    /// The reference field of a new child and the id it gets.
    async fn parent_of_new(
        &mut self,
        scene: &Scene<'_>,
        child: &ChildChange,
        relationship: &str,
        changes: &[Change],
        name: &str,
        subs: &mut Vec<Sub>,
    ) -> Result<(String, String), Halt> {
        let parent = scene.map.parent(&child.object, relationship).ok_or_else(unknown_parent)?;
        let key = changes.first().ok_or_else(unknown_parent)?;
        let filter = Filter::Equal(vec![Equality::new(&*key.path, super::create::literal(key))]);
        let select = Select { fields: vec!["CreatedDate".to_owned()], ..Select::default() };
        let found = self.worker.wires.rows(&parent.object, &select, &filter).await;
        let found = self.read(System::Salesforce, found)?;
        if let Some(row) = found.iter().min_by_key(|row| &row.id) {
            return Ok((parent.field, row.id.to_string()));
        }
        self.reserve(&parent.object, std::slice::from_ref(key)).await?;
        let reference = format!("{name}_{relationship}");
        let sub = Sub::create(&reference, &parent.object, nest(changes));
        subs.push(sub.map_err(|error| Halt::Wire(System::Salesforce, error))?);
        Ok((parent.field, format!("@{{{reference}.id}}")))
    }

    /// The change of the record that an existing child refers to.
    async fn parent_of_old(
        &mut self,
        scene: &Scene<'_>,
        child: &ChildChange,
        id: &RecordId,
        relationship: &str,
        changes: &[Change],
        name: &str,
    ) -> Result<Result<Option<Sub>, Error>, Halt> {
        let parent = scene.map.parent(&child.object, relationship).ok_or_else(unknown_parent)?;
        let select = Select { fields: vec![parent.field.clone()], ..Select::default() };
        let found = self.worker.wires.rows(&child.object, &select, &Filter::Id(id.clone())).await;
        let found = self.read(System::Salesforce, found)?;
        let reference = found.first().and_then(|row| text_member(&row.body, &parent.field));
        let Some(target) = reference.and_then(|id| RecordId::parse(&id).ok()) else {
            return Ok(Ok(None));
        };
        let reference = format!("{name}_{relationship}");
        Ok(Sub::update(&reference, &parent.object, &target, nest(changes)).map(Some))
    }
}

/// The fields of an update; none for anything else.
pub(super) fn changes_of(effect: &Effect) -> &[Change] {
    match effect {
        Effect::Update { changes, .. } => changes,
        Effect::Nothing | Effect::Create(_) | Effect::Invite(_) => &[],
    }
}

/// As few requests as they fit into; what belongs to one child stays together.
fn grouped(first: Vec<Sub>, units: Vec<Vec<Sub>>) -> Vec<Vec<Sub>> {
    let mut groups = Vec::new();
    let mut group = first;
    for unit in units {
        if group.len() + unit.len() > MOST_SUBS {
            groups.push(std::mem::take(&mut group));
        }
        group.extend(unit);
    }
    groups.push(group);
    groups
}

/// The changes without those that write what stands in the record already: of an amount and its currency
/// only the amount goes, when only that differs.
fn differing(changes: &[Change], body: &str) -> Vec<Change> {
    let record: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let stands = |change: &Change| {
        let mut names = change.path.split('.');
        let found = names.try_fold(&record, |at, name| at.get(name));
        let wanted = serde_json::from_str::<serde_json::Value>(&change.value).ok();
        found.is_some() && found == wanted.as_ref()
    };
    let differing: Vec<Change> = changes.iter().filter(|change| !stands(change)).cloned().collect();
    // Where all of them stand there, the two sides disagree about something finer.
    if differing.is_empty() { changes.to_vec() } else { differing }
}

/// A record's own changes, and those of records it refers to, by relationship.
fn split(changes: &[Change]) -> (Vec<Change>, Vec<(String, Vec<Change>)>) {
    let mut own = Vec::new();
    let mut parents: Vec<(String, Vec<Change>)> = Vec::new();
    for change in changes {
        let Some((relationship, path)) = change.path.split_once('.') else {
            own.push(change.clone());
            continue;
        };
        let change = Change { path: path.to_owned(), ..change.clone() };
        match parents.iter_mut().find(|(name, _)| name == relationship) {
            Some((_, list)) => list.push(change),
            None => parents.push((relationship.to_owned(), vec![change])),
        }
    }
    (own, parents)
}

/// A field that gets a text.
pub(super) fn text_change(path: &str, text: &str) -> Change {
    let value = serde_json::Value::String(text.to_owned()).to_string();
    Change { path: path.to_owned(), pointer: None, value }
}

/// A text member of a JSON object.
fn text_member(body: &str, name: &str) -> Option<String> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body).ok()?;
    object.get(name)?.as_str().map(str::to_owned)
}

fn record_id(text: &str) -> Result<RecordId, Halt> {
    RecordId::parse(text).map_err(|error| {
        Halt::Park(vec![note::plain(
            "bad-child-id",
            &error.to_string(),
            "look at the child records of the deal",
        )])
    })
}

fn unknown_parent() -> Halt {
    Halt::Park(vec![note::plain(
        "unknown-reference",
        "a line writes through a reference of a child object that the schema does not have",
        "pull the org's schema anew, or change the line",
    )])
}
