//! Lists whose elements correspond: by key, against the base.
//!
//! In: an `each` block, both lists, the base. Out: the left list to write, the children to make,
//! change or remove, and the element bases. Must not know: fields outside the lists.
//!
//! The base of an element says on which sides it was last seen, so that an element on one side only
//! is new, removed on the other side, or (when it was so before) left alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::decide::STAYS_ON_ONE_SIDE;
use crate::decide::{Rules, Verdict, decide, same_as_base};
use crate::decision::{Base, BasePair, Change, ChildAction, ChildChange, LineTrace, Outcome, Side};
use crate::element::{
    Element, Keyed, element_scene, keyed, line_key, mark, mark_key, mark_of, new_element,
};
use crate::fault::{Fault, FaultCode};
use crate::json::Json;
use crate::plan::Each;
use crate::record::{Listed, SlotFault, plain_numbers, with_changes};
use crate::scene::Scene;

/// What was decided about a pair of lists.
#[derive(Debug, Default)]
pub(crate) struct ListVerdict {
    pub(crate) left: Option<Change>,
    pub(crate) children: Vec<ChildChange>,
    pub(crate) base: BTreeMap<String, BasePair>,
    pub(crate) traces: Vec<LineTrace>,
    pub(crate) parked: Vec<Fault>,
    /// Base keys of what is written, with the side.
    pub(crate) wrote: Vec<(Side, String)>,
    /// What the base keeps of elements whose left write has to wait.
    waiting: Vec<(String, Option<BasePair>)>,
}

impl ListVerdict {
    /// Takes the write of the left list back. A lock that stays: both lists are taken as read. One
    /// that a person can lift (`waits`): what was known stays known.
    pub(crate) fn hold(&mut self, outcome: &Outcome, waits: bool) {
        self.left = None;
        let writes_left = |trace: &&mut LineTrace| {
            matches!(trace.outcome, Outcome::WritesLeft | Outcome::WritesBoth)
        };
        for trace in self.traces.iter_mut().filter(writes_left) {
            trace.outcome = outcome.clone();
            trace.written = None;
        }
        self.wrote.retain(|(side, _)| *side == Side::Right);
        for (key, known) in std::mem::take(&mut self.waiting).into_iter().filter(|_| waits) {
            match known {
                Some(pair) => self.base.insert(key, pair),
                None => self.base.remove(&key),
            };
        }
    }
}

/// On which sides an element was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nowhere,
    Left,
    Right,
    Both,
}

/// Decides a pair of lists.
pub(crate) fn decide_list(
    scene: &Scene<'_>,
    rules: Rules,
    each: &Each,
    base: &Base,
) -> ListVerdict {
    let mut lists = Lists {
        scene,
        rules,
        each,
        base,
        verdict: ListVerdict::default(),
        left: Vec::new(),
        touched: false,
        keeps_all: false,
        keyless: [false; 2],
    };
    let prefix = format!("{}/", each.hash);
    let left_was_known = base
        .lines
        .range(prefix.clone()..)
        .take_while(|(key, _)| key.starts_with(&prefix))
        .any(|(_, pair)| pair.l == "1");
    let mut read = |side: Side| {
        let slot = if side == Side::Left { each.left } else { each.right };
        match scene.record(side).elements(scene.slot(side, slot)?) {
            Ok(Listed::Items(items)) => Some(items),
            // Salesforce says `null` for no children; elsewhere it is no evidence of removal.
            Ok(Listed::Nothing) if side == Side::Right || !left_was_known => Some(Vec::new()),
            Ok(Listed::Nothing | Listed::Missing) => None,
            Err(fault) => {
                lists.park(each.map_line, fault);
                None
            }
        }
    };
    if let (Some(left), Some(right)) = (read(Side::Left), read(Side::Right)) {
        lists.merge(&keyed(each, [&left, &right]));
        return lists.finish();
    }
    // A missing list is no change: what was known stays known.
    let known = base.lines.iter().filter(|(key, _)| key.starts_with(&prefix));
    lists.verdict.base.extend(known.map(|(key, pair)| (key.clone(), pair.clone())));
    lists.verdict
}

/// The merge of two lists under way.
struct Lists<'s> {
    scene: &'s Scene<'s>,
    rules: Rules,
    each: &'s Each,
    base: &'s Base,
    verdict: ListVerdict,
    /// The left list as it will be.
    left: Vec<Json<'static>>,
    touched: bool,
    /// `union`, and both lists changed: nothing is removed.
    keeps_all: bool,
    /// By side, whether elements stand there without a key: one that is missed may be among them.
    keyless: [bool; 2],
}

impl Lists<'_> {
    fn merge(&mut self, lists: &Keyed<'_>) {
        self.keeps_all =
            self.each.union && Side::BOTH.into_iter().all(|side| self.list_changed(lists, side));
        self.keyless = Side::BOTH.map(|side| lists.has_blank_keys(side));
        for element in &lists.left {
            self.left.push(element.record.json.clone().into_owned());
            let Some(key) = &element.key else { continue };
            match lists.find(Side::Right, key) {
                Some(other) => self.both(key, element, other),
                None => self.one_side(key, Side::Left, element),
            }
        }
        for element in &lists.right {
            let Some(key) = &element.key else { continue };
            if lists.find(Side::Left, key).is_none() {
                self.one_side(key, Side::Right, element);
            }
        }
        for key in &lists.doubled {
            self.carry(key);
            self.note(key, Outcome::Drifted, "the key stands twice: carried along, never matched");
        }
        for side in Side::BOTH.into_iter().filter(|side| lists.has_blank_keys(*side)) {
            let name = self.scene.plan.side_name(side);
            let reason = format!("elements of the {name} without a key are carried along");
            self.note("", Outcome::Drifted, &reason);
        }
    }

    /// Whether elements of one list are new, gone or changed since the base.
    fn list_changed(&self, lists: &Keyed<'_>, side: Side) -> bool {
        let seen = |known: Known| match side {
            Side::Left => matches!(known, Known::Left | Known::Both),
            Side::Right => matches!(known, Known::Right | Known::Both),
        };
        let own = if side == Side::Left { &lists.left } else { &lists.right };
        let keyed = own.iter().filter_map(|element| Some((element.key.as_deref()?, element)));
        let altered = |(key, element)| !seen(self.known(key)) || self.changed(key, side, element);
        if keyed.clone().any(altered) {
            return true;
        }
        let mut here: BTreeSet<String> = keyed.map(|(key, _)| mark_key(self.each, key)).collect();
        here.extend(lists.doubled.iter().map(|key| mark_key(self.each, key)));
        let prefix = format!("{}/", self.each.hash);
        let known = self.base.lines.range(prefix.clone()..);
        known.take_while(|(key, _)| key.starts_with(&prefix)).any(|(key, pair)| {
            let there = if side == Side::Left { &pair.l } else { &pair.r };
            key == mark_of(key) && there == "1" && !here.contains(key)
        })
    }

    fn known(&self, key: &str) -> Known {
        let pair = self.base.lines.get(&mark_key(self.each, key));
        match pair.map(|pair| (pair.l == "1", pair.r == "1")) {
            None | Some((false, false)) => Known::Nowhere,
            Some((true, false)) => Known::Left,
            Some((false, true)) => Known::Right,
            Some((true, true)) => Known::Both,
        }
    }

    /// What is known of an element and its lines.
    fn known_pairs(&self, key: &str) -> Vec<(String, BasePair)> {
        let own = mark_key(self.each, key);
        let lines = format!("{own}/");
        let from_here = self.base.lines.range(own.clone()..);
        from_here
            .take_while(|(key, _)| key.starts_with(&own))
            .filter(|(key, _)| **key == own || key.starts_with(&lines))
            .map(|(key, pair)| (key.clone(), pair.clone()))
            .collect()
    }

    /// What is known of an element stays known.
    fn carry(&mut self, key: &str) {
        let known = self.known_pairs(key);
        self.verdict.base.extend(known);
    }

    fn mark(&mut self, key: &str, left: bool, right: bool) {
        self.verdict.base.insert(mark_key(self.each, key), mark(left, right));
    }

    fn writes(&self, side: Side) -> bool {
        self.each.lines.iter().any(|line| line.writes(side))
    }

    fn both(&mut self, key: &str, left: &Element<'_>, right: &Element<'_>) {
        let inner = element_scene(self.scene, self.each, [&left.record, &right.record], false);
        let id = right.id();
        let (mut new_left, mut child) = (Vec::new(), Vec::new());
        for line in &self.each.lines {
            if self.rules.forced.is_some_and(|to| !line.writes(to)) {
                continue;
            }
            let base_key = line_key(self.each, key, line);
            let decided = decide(&inner, self.rules, line, self.base.lines.get(&base_key));
            let Verdict { mut trace, set, mut base, waiting, parked, not_before: _ } = decided;
            trace.rule = format!("{} [{key}] {}", self.each.rule, trace.rule);
            self.verdict.parked.extend(parked);
            let lost = id.is_none() && set.iter().any(|(side, _)| *side == Side::Right);
            if lost {
                base.clone_from(&waiting);
                trace.outcome = Outcome::Parked(NO_ID.to_owned());
                self.no_id();
            }
            for (side, values) in set.into_iter().filter(|_| !lost) {
                let changes = values.iter().filter_map(|(slot, value)| {
                    Some(crate::element::change(inner.slot(side, *slot)?, value))
                });
                match side {
                    Side::Left => {
                        new_left.extend(changes);
                        self.verdict.waiting.push((base_key.clone(), waiting.clone()));
                    }
                    Side::Right => child.extend(changes),
                }
                self.verdict.wrote.push((side, base_key.clone()));
            }
            self.verdict.base.extend(base.map(|pair| (base_key, pair)));
            self.verdict.traces.push(trace);
        }
        self.mark(key, true, true);
        if !new_left.is_empty() {
            self.touched = true;
            let own = self.left.pop().unwrap_or(Json::Null);
            self.left.push(with_changes(own, &new_left));
        }
        if let (false, Some(id)) = (child.is_empty(), id) {
            self.child(ChildAction::Update(id), child);
        }
    }

    /// An element that stands on one side only. A left one is in `self.left` already.
    fn one_side(&mut self, key: &str, side: Side, element: &Element<'_>) {
        let other = side.other();
        let was_here = if side == Side::Left { Known::Left } else { Known::Right };
        let as_read = (side == Side::Left, side == Side::Right);
        if self.rules.forced == Some(side) {
            let reason = "only here; the other side was given as changed";
            return self.note(key, Outcome::Kept, reason);
        }
        let known = self.known(key);
        if known == Known::Both && self.writes(side) && self.keyless[other.index()] {
            self.carry(key);
            let reason = "not there by its key, and an element without a key may be it";
            return self.note(key, Outcome::Kept, reason);
        }
        let (outcome, reason) = match known {
            Known::Both if self.writes(side) && self.each.removed_keep => {
                (Outcome::Kept, "removed on the other side; `removed keep`")
            }
            Known::Both if self.keeps_all => {
                return self.add_again(key, other, element);
            }
            Known::Both if self.writes(side) && !self.changed(key, side, element) => {
                return self.remove(key, side, element);
            }
            known if known == was_here => (Outcome::Drifted, STAYS_ON_ONE_SIDE),
            Known::Nowhere | Known::Left | Known::Right | Known::Both => {
                if self.writes(other) {
                    let reason = match known {
                        Known::Both if self.writes(side) => "removed there, but changed here since",
                        Known::Both => "removed there, and the list flows there",
                        Known::Nowhere | Known::Left | Known::Right => "new on the other side",
                    };
                    self.add(key, other, element, reason);
                    return;
                }
                (Outcome::Drifted, "on one side only, and the list does not flow to the other")
            }
        };
        self.mark(key, as_read.0, as_read.1);
        self.note(key, outcome, reason);
    }

    /// Whether an element was changed since the base, where the change could flow to the other side.
    fn changed(&self, key: &str, side: Side, element: &Element<'_>) -> bool {
        let records = [&element.record, &element.record];
        let inner = element_scene(self.scene, self.each, records, false);
        let lines = self.each.lines.iter().filter(|line| line.writes(side.other()));
        lines.into_iter().any(|line| {
            let base = self.base.lines.get(&line_key(self.each, key, line));
            let pair = inner.one_sided_pair(line, side);
            matches!((base, pair), (Some(base), Ok(pair)) if !same_as_base(line, side, &pair, base))
        })
    }

    fn remove(&mut self, key: &str, side: Side, element: &Element<'_>) {
        self.mark(key, side == Side::Left, side == Side::Right);
        match side {
            Side::Left => {
                self.left.pop();
                self.writes_left(key);
                self.note(key, Outcome::WritesLeft, "removed on the right");
            }
            Side::Right => {
                let Some(id) = element.id() else {
                    self.carry(key);
                    return self.no_id();
                };
                self.child(ChildAction::Remove(id), Vec::new());
                self.verdict.wrote.push((side, mark_key(self.each, key)));
                self.note(key, Outcome::WritesRight, "removed on the left");
            }
        }
    }

    /// Adds an element that was removed while the other list changed too. It counts as new until it
    /// stands there again, so that what waits is not taken for a removal later.
    fn add_again(&mut self, key: &str, to: Side, element: &Element<'_>) {
        let reason = "removed there, and `union` keeps what either list has: both changed";
        let carried = self.add(key, to, element, reason);
        for (key, _) in self.known_pairs(key) {
            if carried {
                self.verdict.base.remove(&key);
            }
            self.verdict.waiting.push((key, None));
        }
    }

    /// Whether it could not be added: what was known of it stays known.
    fn add(&mut self, key: &str, to: Side, element: &Element<'_>, reason: &str) -> bool {
        let changes = match new_element(self.scene, self.each, to, &element.record) {
            Ok(changes) => changes,
            Err((line, fault)) => {
                self.carry(key);
                self.park(line, fault);
                return true;
            }
        };
        self.mark(key, to == Side::Right, to == Side::Left);
        match to {
            Side::Left => {
                self.left.push(with_changes(Json::Object(Vec::new()), &changes));
                self.writes_left(key);
                self.note(key, Outcome::WritesLeft, reason);
            }
            Side::Right => {
                self.child(ChildAction::Create, changes);
                self.verdict.wrote.push((to, mark_key(self.each, key)));
                self.note(key, Outcome::WritesRight, reason);
            }
        }
        false
    }

    fn writes_left(&mut self, key: &str) {
        self.touched = true;
        let own = mark_key(self.each, key);
        self.verdict.waiting.push((own.clone(), None));
        let known = self.known_pairs(key).into_iter().map(|(key, pair)| (key, Some(pair)));
        self.verdict.waiting.extend(known);
        self.verdict.wrote.push((Side::Left, own));
    }

    fn park(&mut self, line: usize, fault: SlotFault) {
        self.verdict.parked.push(self.scene.plan.fault_at(line, &self.each.rule, fault));
    }

    fn no_id(&mut self) {
        let fault = SlotFault { code: FaultCode::WrongType, message: NO_ID.to_owned() };
        self.park(self.each.map_line, fault);
    }

    fn child(&mut self, action: ChildAction, changes: Vec<Change>) {
        let Some(child) = &self.each.child else { return };
        self.verdict.children.push(ChildChange {
            relationship: child.relationship.clone(),
            object: child.object.clone(),
            parent_field: child.parent_field.clone(),
            action,
            changes,
        });
    }

    fn note(&mut self, key: &str, outcome: Outcome, reason: &str) {
        let rule = &self.each.rule;
        self.verdict.traces.push(LineTrace {
            rule: if key.is_empty() { rule.clone() } else { format!("{rule} [{key}]") },
            map_line: self.each.map_line,
            row_line: None,
            outcome,
            reason: reason.to_owned(),
            left: String::new(),
            right: String::new(),
            written: None,
        });
    }

    /// Writes the left list whole, unless a lock forbids it.
    fn finish(mut self) -> ListVerdict {
        let Some(slot) = self.scene.slot(Side::Left, self.each.left) else { return self.verdict };
        if !self.touched {
            return self.verdict;
        }
        let lock = if let Some(lock) = self.scene.left_lock {
            Some(lock.to_owned())
        } else if !slot.update {
            Some(format!("`{}` cannot be changed after creation", slot.path))
        } else if (slot.until_shared || self.each.until_shared) && self.scene.shared {
            Some(format!("`{}` cannot be changed after sharing", slot.path))
        } else {
            None
        };
        if let Some(lock) = lock {
            self.verdict.hold(&Outcome::Held(lock), false);
            return self.verdict;
        }
        // The last element goes when another one stands there. A line of `require` says it itself.
        if self.left.is_empty() && !slot.clearable && !self.scene.plan.requires_of(&slot.path) {
            let lock = format!("`{}` cannot be cleared", slot.path);
            self.verdict.hold(&Outcome::Held(lock), true);
            return self.verdict;
        }
        if !self.rules.opted_in {
            self.verdict.hold(&Outcome::NotOptedIn, true);
            return self.verdict;
        }
        match plain_numbers(Json::List(std::mem::take(&mut self.left))) {
            Ok(list) => {
                let (path, pointer) = (slot.path.clone(), slot.pointer.clone());
                self.verdict.left = Some(Change { path, pointer, value: list.to_string() });
            }
            Err(misfit) => {
                let code = crate::record::code_of(misfit);
                let message = format!(
                    "expected {} in `{}`, found {}",
                    misfit.wanted, slot.path, misfit.found
                );
                self.verdict.hold(&Outcome::Parked(message.clone()), true);
                self.park(self.each.map_line, SlotFault { code, message });
            }
        }
        self.verdict
    }
}

/// Why a child that was read cannot be changed.
const NO_ID: &str = "expected `Id` in each element of the list, found an element without it";
