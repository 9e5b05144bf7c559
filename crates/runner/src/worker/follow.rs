//! A record that became another one: a lead that a rep converted, or that was merged into another lead.
//!
//! In: a scene whose record says so. Out: what the record's own map still has to tell Microsoft, told;
//! the deal linked to what the record became. Must not know: what an object or a field is called (the
//! plan says it). The old record cannot be written any more, and its base does not fit the new one.

use connect::partner_center::Referral;
use connect::salesforce::{Equality, Filter, Row};
use connect::{Error, RecordId, ReferralId};
use mapping::decision::{Decision, Pending, Side};
use mapping::plan::Became;
use mapping::report::ReportEvent;
use mapping::schema::System;

use crate::deal_map::DealMap;
use crate::half::half_of;
use crate::store::{Alias, Commit, Ending, IntentKind, Linked, Next, Source, Store, record_of};
use crate::wires::Wires;

use super::identity::{Scene, second_claimant};
use super::round::Announced;
use super::write::changes_of;
use super::{Deal, Halt, note};

impl Scene<'_> {
    /// Whether the record became another one.
    pub(super) fn became(&self) -> Result<Became, Halt> {
        let Some(right) = &self.right else { return Ok(Became::Itself) };
        Ok(self.map.plan().became(Side::Right, &right.body)?)
    }
}

impl<'w, S: Store, W: Wires> Deal<'w, S, W> {
    /// Goes on with what the record became. None: look again.
    pub(super) async fn follow(
        &mut self,
        scene: &Scene<'w>,
        became: Became,
    ) -> Result<Option<Commit>, Halt> {
        let done = Ok(Some(Commit { next: Next::Done, ..Commit::default() }));
        let (Some(left), Some(right)) = (&scene.left, &scene.right) else { return done };
        if !self.last_word(scene).await? {
            return Ok(None);
        }
        let successor = scene.map.plan().successor(Side::Right);
        let next = successor.and_then(|successor| self.map_of(&successor.object));
        // Nobody wants what it became in step: its own map has said all there is to say.
        let Some(next) = next else { return done };
        let id = match named(&became) {
            Some(id) => id,
            None => match self.rows_by_key(next, next.select(), &left.id).await?.into_iter().next()
            {
                Some(row) => row.id,
                None => return Err(Halt::Park(vec![alone(scene.map, next)])),
            },
        };
        self.move_to((scene.map, &right.id), (next, id), "converted", second_claimant).await?;
        Ok(None)
    }

    /// What the old map says of the record as it was left, as far as it concerns Microsoft. False:
    /// look again.
    async fn last_word(&mut self, scene: &Scene<'_>) -> Result<bool, Halt> {
        let (Some(left), Some(right)) = (&scene.left, &scene.right) else { return Ok(true) };
        let decision = self.decide(scene)?;
        let changes = changes_of(&decision.left);
        if decision.refused.is_some() || changes.is_empty() {
            return Ok(true);
        }
        self.check_pace().await?;
        let announced = Announced {
            object: scene.map.object().to_owned(),
            pending: Pending { right: Vec::new(), ..decision.pending.clone() },
            entry: self.entry("update", scene, &decision, None),
            ..Announced::default()
        };
        let intent = self.announce(IntentKind::Update, &announced).await?;
        if !self.may_still_leave(scene, right).await? {
            self.close(intent, Ending::NotApplied).await?;
            return Ok(false);
        }
        match self.write_left(left, changes).await? {
            Ok(written) => {
                self.memo.left_stamp = written.updated;
                self.memo.writes += 1;
                // What either side changes from here on is newer than the last word.
                let body = self.half.woven_into(&written.body, half_of(&self.claim.aliases));
                let base = scene.map.plan().settle(&announced.pending, &body, &right.body)?;
                self.hold(Commit {
                    base: serde_json::to_string(&base).ok(),
                    audit: vec![self.entry("update", scene, &decision, None)],
                    close: vec![(intent, Ending::Applied)],
                    count: vec![("writes_partner_center".to_owned(), 1)],
                    ..Commit::default()
                })
                .await?;
                Ok(true)
            }
            // What Microsoft does not take any more must not keep the deal from going on.
            Err(Error::Refused { code, why, .. }) => {
                tracing::warn!(key = %self.claim.key, code, why, "the last word was refused");
                self.close(intent, Ending::Refused).await?;
                Ok(true)
            }
            Err(error) => {
                let failure = (System::PartnerCenter, error);
                self.after_failure(scene, &decision, intent, None, failure).await?;
                Ok(false)
            }
        }
    }

    /// Goes on with the record into which the deal's was merged.
    pub(super) async fn follow_merged(
        &mut self,
        map: &DealMap,
        old: &RecordId,
        master: RecordId,
    ) -> Result<(), Halt> {
        self.move_to((map, old), (map, master), "merged", merged_claimant).await
    }

    /// The deal's record is another one from now on, and the history says so. `taken`: that one is another
    /// deal's.
    async fn move_to(
        &mut self,
        (from, old): (&DealMap, &RecordId),
        (next, id): (&DealMap, RecordId),
        word: &str,
        taken: fn() -> crate::store::Cause,
    ) -> Result<(), Halt> {
        let names = [from.object(), next.object()];
        let because = &self.claim.because;
        let entry = note::followed_entry(names, [old.as_str(), id.as_str()], because);
        self.memo.right_stamp = None;
        self.memo.told = None;
        self.memo.followed = Some(format!("Goes on from the {word} {}.", from.object()));
        let now = self.now();
        let to = Alias::Record { object: next.object().to_owned(), id };
        self.worker.tripwire.pass()?;
        let memo = self.memo.write();
        let linked = self.worker.store.follow(&mut self.claim, to, memo, entry, now).await?;
        self.worker.tripwire.pass()?;
        match linked {
            Linked::Here => Ok(()),
            Linked::Taken(_) => Err(Halt::Park(vec![taken()])),
            Linked::Merged(_) => Err(Halt::Merged),
            Linked::Busy(other) => Err(Halt::Busy(other)),
        }
    }

    /// The referral without the record that it names, when that one became the deal's record: the
    /// lines of the map then decide as if it named none.
    pub(super) fn without_former(&self, map: &DealMap, left: &Referral) -> Option<String> {
        let named = RecordId::parse(left.external_reference_id.as_deref()?).ok()?;
        let is_former = |name: &Alias| matches!(name, Alias::Former { id, .. } if *id == named);
        if !self.claim.aliases.iter().any(is_former) {
            return None;
        }
        let mut members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&left.body).ok()?;
        *members.get_mut(map.reference())? = serde_json::Value::Null;
        serde_json::to_string(&members).ok()
    }

    /// What the seller is to read with the next write of the record.
    pub(super) fn done(&self, decision: &Decision) -> ReportEvent {
        match &self.memo.followed {
            Some(note) => ReportEvent::Noted(note.clone()),
            None if note::told_of(decision) == self.memo.told => ReportEvent::More,
            None => ReportEvent::Done,
        }
    }

    /// What stands in the record already is not said again, as after a kill.
    pub(super) fn hear_what_was_said(&mut self, scene: &Scene<'_>) {
        let stands = |note: &String| {
            scene.right.as_ref().is_some_and(|right| right.body.contains(note.as_str()))
        };
        self.memo.followed.take_if(|note| stands(note));
        if let Some(right) = &scene.right {
            self.memo.saw(&right.body);
        }
    }

    /// True when the record is what another deal's record became: that deal is looked at, and takes
    /// this one over.
    pub(super) async fn is_of_converted(&self, map: &DealMap, id: &RecordId) -> Result<bool, Halt> {
        for before in self.maps {
            let Some(to) = becomes(before, map) else { continue };
            let filter = Filter::Equal(vec![Equality::new(to, id.as_str())]);
            for row in self.find_rows(before, &filter).await? {
                if before.plan().key_of(Side::Right, &row.body)?.is_some() {
                    self.call(before, row.id).await?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The same for a record whose referral is another deal's. True also for the record that was
    /// converted, when that deal has what it became already.
    pub(super) async fn is_of_owner(
        &self,
        map: &DealMap,
        right: &Row,
        referral: &ReferralId,
    ) -> Result<bool, Halt> {
        let owner = self.worker.store.owner(Alias::Referral(referral.clone())).await?;
        let Some((_, names)) = owner else { return Ok(false) };
        let Some((object, theirs)) = record_of(&names) else { return Ok(false) };
        let Some(other) = self.map_of(object) else { return Ok(false) };
        // The record into which theirs was merged, with the key of both.
        if other.can_merge()
            && other.object() == map.object()
            && self.binned(other, theirs).await?.and_then(|gone| gone.merged_into()).as_ref()
                == Some(&right.id)
        {
            self.call(other, theirs.clone()).await?;
            return Ok(true);
        }
        if becomes(map, other).is_some() {
            let became = map.plan().became(Side::Right, &right.body)?;
            return Ok(named(&became).as_ref() == Some(theirs));
        }
        if becomes(other, map).is_none() {
            return Ok(false);
        }
        let Some(row) = self.read_record(other, theirs).await? else { return Ok(false) };
        let is_it = match other.plan().became(Side::Right, &row.body)? {
            Became::Itself => false,
            Became::Unnamed => true,
            became @ Became::Named(_) => named(&became).as_ref() == Some(&right.id),
        };
        if is_it {
            self.call(other, row.id).await?;
        }
        Ok(is_it)
    }

    /// Has the deal of a record looked at.
    async fn call(&self, map: &DealMap, id: RecordId) -> Result<(), Halt> {
        let hint = Alias::Record { object: map.object().to_owned(), id };
        self.worker.store.accept(vec![hint], None, Source::Operator, self.now()).await?;
        Ok(())
    }
}

/// The record that a record became, when it names one.
fn named(became: &Became) -> Option<RecordId> {
    match became {
        Became::Named(id) => RecordId::parse(id).ok(),
        Became::Itself | Became::Unnamed => None,
    }
}

/// The field by which records of one map name those of the other that they became.
fn becomes<'m>(from: &'m DealMap, to: &DealMap) -> Option<&'m str> {
    let successor = from.plan().successor(Side::Right)?;
    (successor.object == to.object()).then_some(successor.to.as_str())
}

/// Two deals whose records were merged into one.
fn merged_claimant() -> crate::store::Cause {
    note::plain(
        "merged-with-another",
        "the record was merged into one that belongs to another referral: two deals have one record now",
        "close one of the two referrals in Partner Center as a duplicate; the deal of the other goes on",
    )
}

/// It was converted, and made nothing that could be gone on with.
fn alone(from: &DealMap, to: &DealMap) -> crate::store::Cause {
    let (old, new, key) = (from.object(), to.object(), to.key_field());
    note::plain(
        "converted-alone",
        &format!("the {old} was converted without an {new}, and cannot be changed any more"),
        &format!("make an {new} and put the referral's id into its {key}; or close the referral"),
    )
}
