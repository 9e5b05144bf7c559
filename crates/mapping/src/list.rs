//! Lists whose elements correspond: by key, against the base.
//!
//! In: an `each` block, both lists, the base. Out: the left list to write, the children to make,
//! change or remove, and the element bases. Must not know: fields outside the lists.

use std::collections::BTreeMap;

use crate::decide::{Rules, Verdict, decide};
use crate::decision::{Base, BasePair, Change, ChildAction, ChildChange, LineTrace, Outcome, Side};
use crate::draft::change;
use crate::fault::Fault;
use crate::json::Json;
use crate::line::{Pair, Repair, Scene, agrees, repair};
use crate::plan::{Each, Line, Slot};
use crate::record::{Record, SlotFault};
use crate::schema::Kind;
use crate::value::Value;

/// What was decided about a pair of lists.
#[derive(Debug, Default)]
pub(crate) struct ListVerdict {
    pub(crate) left: Option<Change>,
    pub(crate) children: Vec<ChildChange>,
    pub(crate) base: Vec<(String, BasePair)>,
    pub(crate) traces: Vec<LineTrace>,
    pub(crate) parked: Vec<Fault>,
    pub(crate) wrote: Vec<(Side, String)>,
}

/// An element with the key it is known by; none when the key is blank or doubled.
struct Element<'t> {
    key: Option<String>,
    record: Record<'t>,
}

/// The fields of a new element of `to`, made from the other side's element. None: its key is blank.
pub(crate) fn new_element(
    scene: &Scene<'_>,
    each: &Each,
    to: Side,
    from: &Record<'_>,
) -> Result<Option<Vec<Change>>, (usize, SlotFault)> {
    let at = |fault| (each.map_line, fault);
    let key = from.value(each.key[to.other().index()]).map_err(at)?.clone();
    if matches!(key, Value::Blank) {
        return Ok(None);
    }
    let empty = Record::empty(&each.elements[to.index()]);
    let records = if to == Side::Left { [&empty, from] } else { [from, &empty] };
    let inner = element_scene(scene, each, records, true);
    let mut changes = Vec::new();
    if let Some(slot) = inner.slot(to, each.key[to.index()])
        && slot.create
    {
        changes.push(change(slot, &key));
    }
    for line in each.lines.iter().filter(|line| line.writes(to)) {
        let pair = inner.pair(line).map_err(|fault| (line.map_line, fault))?;
        if let Repair::Set { values, .. } =
            repair(&inner, line, to, &pair).map_err(|fault| (line.map_line, fault))?
        {
            let wanted = values.iter().filter(|(_, value)| !matches!(value, Value::Blank));
            changes
                .extend(wanted.filter_map(|(id, value)| Some(change(inner.slot(to, *id)?, value))));
        }
    }
    Ok(Some(changes))
}

fn element_scene<'s>(
    scene: &Scene<'s>,
    each: &'s Each,
    records: [&'s Record<'s>; 2],
    creating: bool,
) -> Scene<'s> {
    let [left, right] = &each.elements;
    Scene { slots: [left, right], records, creating, ..*scene }
}

/// Decides a pair of lists.
pub(crate) fn decide_list(
    scene: &Scene<'_>,
    rules: Rules,
    each: &Each,
    base: &Base,
) -> ListVerdict {
    let mut verdict = ListVerdict::default();
    let mut read = |side: Side| {
        let slot = if side == Side::Left { each.left } else { each.right };
        let slot = scene.slot(side, slot)?;
        match scene.records[side.index()].elements(slot) {
            Ok(found) => Some(keyed(each, side, &found?)),
            Err(fault) => {
                verdict.parked.push(scene.plan.fault_at(each.map_line, &each.rule, fault));
                None
            }
        }
    };
    let (Some(left), Some(right)) = (read(Side::Left), read(Side::Right)) else {
        carry_base(each, base, &mut verdict);
        return verdict;
    };
    let mut lists = Lists { scene, rules, each, base, verdict, left: Vec::new(), touched: false };
    lists.merge(&left, &right);
    lists.finish()
}

/// A missing list is no change: what was known stays known.
fn carry_base(each: &Each, base: &Base, verdict: &mut ListVerdict) {
    let prefix = format!("{}/", each.hash);
    let known = base.lines.iter().filter(|(key, _)| key.starts_with(&prefix));
    verdict.base.extend(known.map(|(key, pair)| (key.clone(), pair.clone())));
}

fn keyed<'t>(each: &Each, side: Side, items: &[&Json<'t>]) -> Vec<Element<'t>> {
    let slots: &[Slot] = &each.elements[side.index()];
    let key_slot = each.key[side.index()];
    let kind = slots.get(key_slot.0).map(|slot| slot.kind);
    let mut elements: Vec<Element<'t>> = items
        .iter()
        .map(|item| {
            let record = Record::of(slots, (*item).clone());
            let key = match record.value(key_slot) {
                Ok(Value::Text(text)) if kind == Some(Kind::Email) => {
                    Some(text.trim().to_lowercase())
                }
                Ok(Value::Text(text)) => Some(text.trim().to_owned()),
                Ok(Value::Number(number)) => Some(number.to_string()),
                Ok(_) | Err(_) => None,
            };
            Element { key, record }
        })
        .collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for key in elements.iter().filter_map(|e| e.key.clone()) {
        *seen.entry(key).or_default() += 1;
    }
    for element in &mut elements {
        if element.key.as_ref().is_some_and(|key| seen.get(key).is_some_and(|n| *n > 1)) {
            element.key = None;
        }
    }
    elements
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
}

impl Lists<'_> {
    fn merge(&mut self, left: &[Element<'_>], right: &[Element<'_>]) {
        for element in left {
            let Some(key) = &element.key else {
                self.left.push(element.record.json.clone().into_owned());
                continue;
            };
            match right.iter().find(|other| other.key.as_ref() == Some(key)) {
                Some(other) => self.both(key, element, other),
                None => self.left_only(key, element),
            }
        }
        for element in right {
            let Some(key) = &element.key else { continue };
            if !left.iter().any(|other| other.key.as_ref() == Some(key)) {
                self.right_only(key, element);
            }
        }
    }

    fn known(&self, key: &str) -> Option<&BasePair> {
        self.base.lines.get(&format!("{}/{key}", self.each.hash))
    }

    fn writes(&self, side: Side) -> bool {
        self.each.lines.iter().any(|line| line.writes(side))
    }

    fn exists(&mut self, key: &str) {
        let mark = || "1".to_owned();
        let pair = BasePair { l: mark(), r: mark(), l_seen: None, r_seen: None };
        self.verdict.base.push((format!("{}/{key}", self.each.hash), pair));
    }

    fn both(&mut self, key: &str, left: &Element<'_>, right: &Element<'_>) {
        let records = [&left.record, &right.record];
        let (mut new_left, mut child) = (Vec::new(), Vec::new());
        for line in &self.each.lines {
            let inner = element_scene(self.scene, self.each, records, false);
            let base_key = format!("{}/{key}/{}", self.each.hash, line.hash);
            let decided = decide(&inner, self.rules, line, self.base.lines.get(&base_key));
            let Verdict { mut trace, set, base, parked } = decided;
            trace.rule = format!("{} [{key}] {}", self.each.rule, trace.rule);
            self.verdict.parked.extend(parked);
            self.verdict.base.extend(base.map(|pair| (base_key.clone(), pair)));
            if let Some((side, values)) = set {
                let changes = values
                    .iter()
                    .filter_map(|(id, value)| Some(change(inner.slot(side, *id)?, value)));
                match side {
                    Side::Left => new_left.extend(changes),
                    Side::Right => child.extend(changes),
                }
                self.verdict.wrote.push((side, base_key));
            }
            self.verdict.traces.push(trace);
        }
        self.exists(key);
        self.left.push(merged(left.record.json.clone().into_owned(), &new_left));
        self.touched |= !new_left.is_empty();
        if !child.is_empty()
            && let Some(id) = id_of(&right.record)
        {
            self.child(ChildAction::Update(id), child);
        }
    }

    fn left_only(&mut self, key: &str, element: &Element<'_>) {
        let json = element.record.json.clone().into_owned();
        let removed = self.known(key).is_some() && self.writes(Side::Left);
        if removed && !self.each.removed_keep && self.rules.forced != Some(Side::Right) {
            self.touched = true;
            return self.note(key, Outcome::WritesLeft, "removed on the right");
        }
        self.left.push(json);
        if !self.writes(Side::Right) || self.rules.forced == Some(Side::Left) {
            return;
        }
        match new_element(self.scene, self.each, Side::Right, &element.record) {
            Ok(Some(changes)) => {
                self.child(ChildAction::Create, changes);
                self.note(key, Outcome::WritesRight, "new on the left");
            }
            Ok(None) => {}
            Err((line, fault)) => self.park(line, fault),
        }
    }

    fn right_only(&mut self, key: &str, element: &Element<'_>) {
        let removed = self.known(key).is_some() && self.writes(Side::Right);
        if removed && !self.each.removed_keep && self.rules.forced != Some(Side::Left) {
            if let Some(id) = id_of(&element.record) {
                self.child(ChildAction::Remove(id), Vec::new());
                self.note(key, Outcome::WritesRight, "removed on the left");
            }
            return;
        }
        if !self.writes(Side::Left) || self.rules.forced == Some(Side::Right) {
            return;
        }
        match new_element(self.scene, self.each, Side::Left, &element.record) {
            Ok(Some(changes)) => {
                self.left.push(merged(Json::Object(Vec::new()), &changes));
                self.touched = true;
                self.note(key, Outcome::WritesLeft, "new on the right");
            }
            Ok(None) => {}
            Err((line, fault)) => self.park(line, fault),
        }
    }

    fn park(&mut self, line: usize, fault: SlotFault) {
        self.verdict.parked.push(self.scene.plan.fault_at(line, &self.each.rule, fault));
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
        self.verdict.traces.push(LineTrace {
            rule: format!("{} [{key}]", self.each.rule),
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
        if !self.touched {
            return self.verdict;
        }
        let Some(slot) = self.scene.slot(Side::Left, self.each.left) else { return self.verdict };
        let lock = if let Some(lock) = self.scene.left_lock {
            Some(lock.to_owned())
        } else if !slot.update {
            Some(format!("`{}` cannot be changed after creation", slot.path))
        } else if (slot.until_shared || self.each.until_shared) && self.scene.shared {
            Some(format!("`{}` cannot be changed after sharing", slot.path))
        } else if self.left.is_empty() && !slot.clearable {
            Some(format!("`{}` cannot be cleared", slot.path))
        } else {
            None
        };
        let blocked =
            lock.map(Outcome::Held).or((!self.rules.opted_in).then_some(Outcome::NotOptedIn));
        let wrote_left = |trace: &&mut LineTrace| trace.outcome == Outcome::WritesLeft;
        if let Some(outcome) = blocked {
            for trace in self.verdict.traces.iter_mut().filter(wrote_left) {
                trace.outcome = outcome.clone();
            }
            self.verdict.wrote.retain(|(side, _)| *side == Side::Right);
            // Held: both lists are taken as read. Waiting: what was known stays known.
            if !self.rules.opted_in {
                carry_base(self.each, self.base, &mut self.verdict);
            }
            return self.verdict;
        }
        let mut text = String::new();
        Json::List(std::mem::take(&mut self.left)).write(&mut text);
        self.verdict.left =
            Some(Change { path: slot.path.clone(), pointer: slot.pointer.clone(), value: text });
        self.verdict
    }
}

fn id_of(record: &Record<'_>) -> Option<String> {
    match record.json.member("Id") {
        Ok(Some(Json::Text(id))) => Some(id.to_string()),
        _ => None,
    }
}

/// An element with some of its members replaced; what the map does not name stays.
fn merged(element: Json<'static>, changes: &[Change]) -> Json<'static> {
    let mut element = element;
    for change in changes {
        let value = match crate::json::read(change.value.as_bytes()) {
            Ok(value) => value.into_owned(),
            Err(_) => Json::Null,
        };
        put(&mut element, &change.path, value);
    }
    element
}

fn put(json: &mut Json<'static>, path: &str, value: Json<'static>) {
    let Json::Object(members) = json else { return };
    let (name, rest) = path.split_once('.').map_or((path, None), |(n, r)| (n, Some(r)));
    let index = members.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
        let fresh = if rest.is_some() { Json::Object(Vec::new()) } else { Json::Null };
        members.push((name.to_owned().into(), fresh));
        members.len() - 1
    });
    let Some((_, slot)) = members.get_mut(index) else { return };
    match rest {
        None => *slot = value,
        Some(rest) => {
            if !matches!(slot, Json::Object(_)) {
                *slot = Json::Object(Vec::new());
            }
            put(slot, rest, value);
        }
    }
}

/// What stands at a base key: a line with its pair and whether it agrees, or (none) the element.
pub(crate) type ElementPair<'e> = (String, Option<(&'e Line, Pair, bool)>);

/// Every line of every element that stands in both lists, with its base key.
pub(crate) fn element_pairs<'e>(scene: &Scene<'_>, each: &'e Each) -> Vec<ElementPair<'e>> {
    let read = |side: Side| {
        let slot = if side == Side::Left { each.left } else { each.right };
        let slot = scene.slot(side, slot)?;
        let items = scene.records[side.index()].elements(slot).ok()??;
        Some(keyed(each, side, &items))
    };
    let (Some(left), Some(right)) = (read(Side::Left), read(Side::Right)) else {
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for element in &left {
        let Some(key) = &element.key else { continue };
        let Some(other) = right.iter().find(|o| o.key.as_ref() == Some(key)) else { continue };
        pairs.push((format!("{}/{key}", each.hash), None));
        let inner = element_scene(scene, each, [&element.record, &other.record], false);
        for line in &each.lines {
            if let Ok(pair) = inner.pair(line) {
                let agree = agrees(&inner, line, &pair).unwrap_or(false);
                let key = format!("{}/{key}/{}", each.hash, line.hash);
                pairs.push((key, Some((line, pair, agree))));
            }
        }
    }
    pairs
}
