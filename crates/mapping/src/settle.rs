//! After the writes: what was read back becomes the base.
//!
//! In: what was being written, both records as read back. Out: the new base. Must not know: what
//! was sent (the base never comes from it). See `docs/decisions/0004-base-after-a-write.md`.

use std::collections::BTreeMap;

use crate::decide::{base_pair, values_of};
use crate::decision::{Base, BasePair, Pending, Side};
use crate::fault::Fault;
use crate::line::{Pair, Scene, agrees};
use crate::list::element_pairs;
use crate::plan::{Line, Plan};
use crate::record::Record;

/// A line with the values of its two sides as read back, and the scene to judge them in.
type ReadBack<'p> = BTreeMap<String, (&'p Line, Pair, bool)>;

impl Plan {
    /// The base after a write that was decided as `pending`, also after a crash in between.
    ///
    /// A line that was not written keeps the pair as read before the write. A written one gets the
    /// value that was read back, if the sides agree with it; if the value reads back as it was
    /// before, it was refused silently; if it is a third one, someone changed it meanwhile, and the
    /// pair before the write stays, so that the next reconcile sees that change.
    pub fn settle(&self, pending: &Pending, left: &str, right: &str) -> Result<Base, Fault> {
        let left = Record::read(self, Side::Left, left.as_bytes())?;
        let right = Record::read(self, Side::Right, right.as_bytes())?;
        let [left_side, right_side] = &self.sides;
        let scene = Scene {
            plan: self,
            slots: [&left_side.slots, &right_side.slots],
            records: [&left, &right],
            deal: &left,
            creating: false,
            left_lock: None,
            shared: false,
        };
        let mut back: ReadBack<'_> = BTreeMap::new();
        for line in &self.lines {
            if let Ok(pair) = scene.pair(line) {
                let agree = agrees(&scene, line, &pair).unwrap_or(false);
                back.insert(line.hash.clone(), (line, pair, agree));
            }
        }
        let mut base = pending.base.clone();
        for each in &self.lists {
            for (key, found) in element_pairs(&scene, each) {
                match found {
                    Some((line, pair, agree)) => {
                        back.insert(key, (line, pair, agree));
                    }
                    None => {
                        base.lines.entry(key).or_insert_with(|| BasePair {
                            l: "1".to_owned(),
                            r: "1".to_owned(),
                            l_seen: None,
                            r_seen: None,
                        });
                    }
                }
            }
        }
        for key in &pending.left {
            settle_line(&scene, &mut base, &back, key, Side::Left);
        }
        for key in &pending.right {
            settle_line(&scene, &mut base, &back, key, Side::Right);
        }
        for (key, (_, pair, agree)) in &back {
            if *agree {
                base.lines.entry(key.clone()).or_insert_with(|| base_pair(pair));
            }
        }
        Ok(base)
    }
}

fn settle_line(scene: &Scene<'_>, base: &mut Base, back: &ReadBack<'_>, key: &str, written: Side) {
    let (Some((line, now, _)), Some(before)) = (back.get(key), base.lines.get(key)) else { return };
    let (Some(left), Some(right)) = (values_of(&before.l), values_of(&before.r)) else { return };
    let pair = match written {
        Side::Left => Pair { left: now.left.clone(), right },
        Side::Right => Pair { left, right: now.right.clone() },
    };
    if agrees(scene, line, &pair).unwrap_or(false) {
        base.lines.insert(key.to_owned(), base_pair(&pair));
    }
}
