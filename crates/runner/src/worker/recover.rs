//! Writes whose outcome is not known: what came of them is looked up before anything else is done.
//!
//! In: open intents. Out: none left, or the deal put off. Must not know: how a write failed.

use std::time::Duration;

use connect::{RecordId, ReferralId};
use mapping::decision::{Base, BasePair, Pending, Side};
use mapping::plan::Plan;

use crate::clock::later;
use crate::store::{Commit, Ending, IntentKind, OpenIntent, Store};
use crate::wires::Wires;

use super::round::Announced;
use super::write::AGAIN;
use super::{Deal, Halt};

/// A record that was written to reads as before for no longer than this: after that, somebody took it back.
const LAGS: Duration = Duration::from_mins(2);

impl<S: Store, W: Wires> Deal<'_, S, W> {
    /// Settles every open intent of the deal.
    pub(super) async fn recover(&mut self) -> Result<(), Halt> {
        if self.claim.is_taken_over && !self.claim.intents.is_empty() {
            // Whoever had it sends nothing more once half of its time is over: what it sent has arrived then,
            // or will not. Before that nobody can tell what comes of it, whatever the clocks say.
            let why = "another worker had it in the middle of a write, which may still arrive";
            return Err(Halt::Again(self.worker.limits.lease, why));
        }
        for intent in self.claim.intents.clone() {
            let announced: Announced = serde_json::from_str(&intent.body).unwrap_or_default();
            match intent.kind {
                IntentKind::Update => self.recover_update(&intent, &announced).await?,
                IntentKind::CreateReferral => self.recover_referral(&intent, announced).await?,
                IntentKind::AskMicrosoft => self.recover_ask(&intent, announced).await?,
                IntentKind::CreateRecord => self.recover_record(&intent, announced).await?,
                // Told or not: the next round compares what is to be said with what was said.
                IntentKind::Report => self.close(intent.id, Ending::NotApplied).await?,
            }
        }
        Ok(())
    }

    async fn recover_update(
        &mut self,
        intent: &OpenIntent,
        announced: &Announced,
    ) -> Result<(), Halt> {
        let ids = (self.claim.referral().cloned(), self.claim.record().map(|(_, id)| id.clone()));
        let (Some(map), (Some(referral), Some(record))) = (self.map_of(&announced.object), ids)
        else {
            return self.close(intent.id, Ending::NotApplied).await;
        };
        // What came of it can be told only while both can be read: until then it stays open, and the deal waits.
        let Some(scene) = self.read_both(map, &referral, &record).await? else { return Ok(()) };
        let (Some(left), Some(right)) = (scene.left, scene.right) else { return Ok(()) };
        self.look_again_if_older(Some(&left), Some(&right))?;
        let is_early = self.now() < later(intent.created, LAGS);
        if is_early && announced.reads_too_early([&left.body, &right.body]) {
            return Err(Halt::Again(AGAIN, "a record reads as it was before it was written to"));
        }
        let settled = map.plan().settle(&announced.pending, &left.body, &right.body)?;
        let announced = &announced.as_seen([&left.body, &right.body]);
        let audit = if was_written(announced, &settled) { announced.audit() } else { Vec::new() };
        // The referral was changed, and the record that would say so was not.
        if let (Some(line), [true, false]) = (&announced.line, announced.sent) {
            self.memo.owe(line);
            self.memo.saw(&right.body);
        }
        let base = keep_unsent(self.base(), announced, settled);
        self.hold(Commit {
            base: serde_json::to_string(&base).ok(),
            audit,
            close: vec![(intent.id, Ending::Applied)],
            count: vec![("recovered".to_owned(), 1)],
            ..Commit::default()
        })
        .await
    }

    async fn recover_record(
        &mut self,
        intent: &OpenIntent,
        mut announced: Announced,
    ) -> Result<(), Halt> {
        let referral = announced.referral.as_deref().and_then(|id| ReferralId::parse(id).ok());
        let (Some(map), Some(referral)) = (self.map_of(&announced.object), referral) else {
            return self.close(intent.id, Ending::NotApplied).await;
        };
        let known = RecordId::parse(&announced.record).ok();
        let made = self.made_for(map, &referral, known.as_ref(), intent.created).await?;
        let made = match (made, known) {
            (Some(row), None) => {
                // Kept before anything else: should it be deleted, it is not made again.
                announced.record = row.id.to_string();
                self.remember(intent.id, &announced).await?;
                Some(row)
            }
            (None, Some(gone)) => {
                self.adopt(map, &gone).await?;
                // It was made. As long as it cannot be seen it stays open: what came of it is known then.
                let Some(scene) = self.read_both(map, &referral, &gone).await? else {
                    return self.close(intent.id, Ending::Applied).await;
                };
                scene.right
            }
            (made, _) => made,
        };
        if let Some(row) = &made {
            self.adopt(map, &row.id).await?;
            self.memo.right_stamp = row.modified;
        }
        let ending = if made.is_some() { Ending::Applied } else { Ending::NotApplied };
        let base = made.and_then(|row| base_of_new(map.plan(), &announced.source, &row.body));
        let count = match ending {
            Ending::Applied => {
                vec![("creates_salesforce".to_owned(), 1), ("creates_found_again".to_owned(), 1)]
            }
            Ending::NotApplied | Ending::Refused => Vec::new(),
        };
        let audit = match ending {
            Ending::Applied => announced.audit(),
            Ending::NotApplied | Ending::Refused => Vec::new(),
        };
        let close = vec![(intent.id, ending)];
        self.hold(Commit { base, audit, close, count, ..Commit::default() }).await
    }
}

/// Whether nothing of a written line is to be seen. One that goes in steps and reads back as before settles as
/// refused: that is so only of what was sent.
fn reads_as_before(pending: &Pending, settled: &Base, key: &String) -> bool {
    let (now, before) = (settled.lines.get(key), pending.base.lines.get(key));
    let left = |pair: Option<&BasePair>| pair.map(|pair| pair.l.clone());
    now == before || (pending.steps.contains(key) && left(now) == left(before))
}

/// Whether any of what was announced arrived: it was sent for certain, or reads back otherwise than before.
fn was_written(announced: &Announced, settled: &Base) -> bool {
    let pending = &announced.pending;
    let arrived = |key: &String| !reads_as_before(pending, settled, key);
    announced.sent.contains(&true) || pending.left.iter().chain(&pending.right).any(arrived)
}

/// The base of a deal one of whose records was made from the other, both as read then: what either
/// side changes from there on is a change, and not a first contact.
pub(super) fn base_of_new(plan: &Plan, left: &str, right: &str) -> Option<String> {
    let base = plan.settle(&Pending::default(), left, right).ok()?;
    serde_json::to_string(&base).ok()
}

/// The same of a referral that was made a while ago and is found again. Where it does not agree with the
/// record any more, somebody changed it since: the base is what it was made with.
pub(super) fn base_of_found(plan: &Plan, draft: &str, left: &str, right: &str) -> Option<String> {
    let settle = |left: &str| plan.settle(&Pending::default(), left, right).ok();
    let mut base = settle(draft).unwrap_or_default();
    base.lines.extend(settle(left)?.lines);
    serde_json::to_string(&base).ok()
}

/// A written line that does not read back as written was perhaps never sent: it keeps its old base,
/// so that the change is seen, and sent, again. One that was sent for certain keeps the pair as read
/// before the write: what stands there now is a later change of somebody else. Either way the value
/// that was being carried over had been entered before this was decided, however often its record
/// changes later: a third value on the other side is newer.
pub(super) fn keep_unsent(old: Base, announced: &Announced, mut settled: Base) -> Base {
    let pending = &announced.pending;
    let mut old = old.lines;
    let [left_sent, right_sent] = announced.sent;
    let [left_seen, right_seen] = announced.seen;
    // Lists of the right side are records of their own, written after its fields.
    let left = pending.left.iter().filter(|_| !left_sent).map(|key| (key, Side::Left));
    let right = pending.right.iter().filter(|key| !right_sent || key.contains('/'));
    for (key, to) in left.chain(right.map(|key| (key, Side::Right))) {
        if !reads_as_before(pending, &settled, key) {
            continue;
        }
        let Some(mut pair) = old.remove(key) else {
            settled.lines.remove(key);
            continue;
        };
        match to {
            Side::Left => pair.r_seen = pair.r_seen.or(right_seen),
            Side::Right => pair.l_seen = pair.l_seen.or(left_seen),
        }
        settled.lines.insert(key.clone(), pair);
    }
    settled
}

#[cfg(test)]
mod tests {
    use mapping::decision::Change;

    use super::super::evidence::traces;
    use super::*;

    fn base(pairs: &[(&str, &str)]) -> Base {
        let pair = |value: &str| BasePair {
            l: value.to_owned(),
            r: value.to_owned(),
            l_seen: None,
            r_seen: None,
        };
        Base { lines: pairs.iter().map(|(key, value)| ((*key).to_owned(), pair(value))).collect() }
    }

    #[test]
    fn a_line_that_was_not_written_keeps_its_old_base() {
        let pending = Pending {
            base: base(&[("a", "read"), ("b", "read"), ("c", "read"), ("d", "read")]),
            left: vec!["a".to_owned()],
            right: vec!["b".to_owned(), "d".to_owned()],
            ..Pending::default()
        };
        let settled = base(&[("a", "read"), ("b", "written"), ("c", "read"), ("d", "read")]);
        let mut announced = Announced { pending, ..Announced::default() };
        let old = || base(&[("a", "old"), ("b", "old")]);
        let kept = keep_unsent(old(), &announced, settled.clone());
        assert_eq!(kept, base(&[("a", "old"), ("b", "written"), ("c", "read")]));
        announced.sent = [true, false];
        let kept = keep_unsent(old(), &announced, settled);
        assert_eq!(kept, base(&[("a", "read"), ("b", "written"), ("c", "read")]));
    }

    #[test]
    fn what_stands_in_the_record_speaks_for_the_referral_that_was_written_before_it() {
        let change = |path: &str| Change {
            path: path.to_owned(),
            pointer: None,
            value: r#""new""#.to_owned(),
        };
        let old = r#"{"a":"old"}"#;
        let both = || [traces(&[change("a")], old), traces(&[change("a")], old)];
        let sent =
            |traces, bodies| Announced { traces, ..Announced::default() }.as_seen(bodies).sent;
        let (new, third) = (r#"{"a":"new"}"#, r#"{"a":"third"}"#);
        assert_eq!(sent(both(), [third, new]), [true, true], "entered after it was written");
        assert_eq!(sent(both(), [third, old]), [false, false], "nobody knows");
        assert_eq!(sent(both(), [new, third]), [true, false]);
        let [_, right] = both();
        assert_eq!(sent([Vec::new(), right], [third, new]), [false, true], "no part of it");
    }

    #[test]
    fn a_step_that_was_not_sent_is_taken_again() {
        let pair = |l: &str, r: &str| {
            let (l, r) = (l.to_owned(), r.to_owned());
            BasePair { l, r, l_seen: None, r_seen: None }
        };
        let of = |pair: BasePair| Base { lines: [("a".to_owned(), pair)].into() };
        let pending = Pending {
            base: of(pair("New", "Prospecting")),
            left: vec!["a".to_owned()],
            steps: vec!["a".to_owned()],
            ..Pending::default()
        };
        let mut announced = Announced { pending, ..Announced::default() };
        let (old, refused) = (of(pair("New", "Prospecting")), of(pair("New", "Closed Won")));
        assert!(!was_written(&announced, &refused));
        assert_eq!(keep_unsent(old.clone(), &announced, refused.clone()), old);
        announced.sent = [true, false];
        assert_eq!(keep_unsent(old, &announced, refused.clone()), refused, "sent, and refused");
    }
}
