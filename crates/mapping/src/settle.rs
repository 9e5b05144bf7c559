//! After the writes: what was read back becomes the base.
//!
//! In: what was being written, both records as read back. Out: the new base. Must not know: what
//! was sent (the base never comes from it). See `docs/decisions/0004-base-after-a-write.md`.

use std::collections::BTreeSet;

use crate::decide::{base_pair, values_of};
use crate::decision::{Base, BasePair, Pending, Side};
use crate::element::{mark, mark_of, standing};
use crate::fault::Fault;
use crate::line::{Repair, agrees, repair};
use crate::plan::{Line, Plan};
use crate::record::Record;
use crate::scene::{Pair, Scene};

impl Plan {
    /// The base after a write that was decided as `pending`, also after a crash in between.
    ///
    /// A line that was not written keeps the pair as read before the write. A written one gets the
    /// value that was read back, if the sides agree with it; if the value reads back as it was
    /// before, it was refused silently; if it is a third one, someone changed it meanwhile, and the
    /// pair before the write stays, so that the next reconcile sees that change. An element of a
    /// list is known on both sides when it is read back on both; one that was written and is not
    /// there stays known where it was.
    pub fn settle(&self, pending: &Pending, left: &str, right: &str) -> Result<Base, Fault> {
        let left = Record::read(self, Side::Left, left.as_bytes())?;
        let right = Record::read(self, Side::Right, right.as_bytes())?;
        let scene = Scene::of(self, [&left, &right]);
        let mut settling = Settling {
            written: [&pending.left, &pending.right]
                .map(|keys| keys.iter().map(String::as_str).collect()),
            steps: pending.steps.iter().map(String::as_str).collect(),
            base: pending.base.clone(),
        };
        for line in &self.lines {
            settling.line(&scene, line.hash.clone(), line);
        }
        for each in self.lists.iter().filter(|each| !each.create_only) {
            let prefix = format!("{}/", each.hash);
            let known = pending.base.lines.keys().filter(|key| key.starts_with(&prefix));
            let visit = |scene: &Scene<'_>, key, line: &Line| settling.line(scene, key, line);
            let Some(found) = standing(&scene, each, known.cloned(), visit) else { continue };
            let lines = &mut settling.base.lines;
            lines.extend(found.in_both.into_iter().map(|key| (key, mark(true, true))));
            lines.retain(|key, _| !found.gone.contains(mark_of(key)));
        }
        Ok(settling.base)
    }
}

impl Plan {
    /// A base that knows every line of two records as they stand, also where they disagree: what
    /// somebody says was last read back.
    pub(crate) fn as_known(&self, mut base: Base, left: &str, right: &str) -> Result<Base, Fault> {
        let left = Record::read(self, Side::Left, left.as_bytes())?;
        let right = Record::read(self, Side::Right, right.as_bytes())?;
        let scene = Scene::of(self, [&left, &right]);
        for line in &self.lines {
            if let Ok(now) = scene.pair(line) {
                base.lines.entry(line.hash.clone()).or_insert_with(|| base_pair(&now));
            }
        }
        Ok(base)
    }
}

/// A base under way.
struct Settling<'p> {
    /// The base keys of what was written, by side.
    written: [BTreeSet<&'p str>; 2],
    /// The base keys of what was written in part, to be gone on with.
    steps: BTreeSet<&'p str>,
    base: Base,
}

impl Settling<'_> {
    fn line(&mut self, scene: &Scene<'_>, key: String, line: &Line) {
        let Ok(now) = scene.pair(line) else { return };
        let agree = |pair: &Pair| agrees(scene, line, pair).unwrap_or(false);
        let Some(before) = self.base.lines.get(&key) else {
            if agree(&now) {
                self.base.lines.insert(key, base_pair(&now));
            }
            return;
        };
        let [left, right] = &self.written;
        let written: &[Side] = match (left.contains(key.as_str()), right.contains(key.as_str())) {
            (true, true) => &Side::BOTH,
            (true, false) => &[Side::Left],
            (false, true) => &[Side::Right],
            (false, false) => return,
        };
        if self.steps.contains(key.as_str()) {
            // The other side's change is still to be made: only what was written is known now.
            let now = base_pair(&now);
            // One that was refused silently is not tried again until a side changes.
            let base = if now.l == before.l {
                now
            } else {
                BasePair { l: now.l, l_seen: None, ..before.clone() }
            };
            self.base.lines.insert(key, base);
            return;
        }
        let Some(pair) = read_back(before, now, written) else { return };
        // A blank that leaves a part of the other side as it is counts as agreeing.
        let kept = |to: &Side| matches!(repair(scene, line, *to, &pair), Ok(Repair::Kept { .. }));
        if agree(&pair) || written.iter().any(kept) {
            self.base.lines.insert(key, base_pair(&pair));
        }
    }
}

/// The pair before the write, with each written side as read back.
fn read_back(before: &BasePair, now: Pair, written: &[Side]) -> Option<Pair> {
    let (left, right) = (values_of(&before.l)?, values_of(&before.r)?);
    Some(Pair::new(
        if written.contains(&Side::Left) { now.left } else { left },
        if written.contains(&Side::Right) { now.right } else { right },
    ))
}
