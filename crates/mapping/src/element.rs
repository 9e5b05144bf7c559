//! The elements of two lists: their keys, their lines, and new ones.
//!
//! In: an `each` block and both lists as read. Out: elements by key, what settles them after a
//! write, and the fields of a new element. Must not know: which elements are written.

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::{BasePair, Change, Side};
use crate::fault::FaultCode;
use crate::json::Json;
use crate::line::{Repair, repair};
use crate::plan::{Each, Line, Slot, SlotId, Source};
use crate::record::{Listed, Record, SlotFault};
use crate::scene::{Pair, Scene};
use crate::schema::Kind;
use crate::value::{self, Value};

/// An element with the key it is known by; none when the key is blank, unreadable or doubled.
#[derive(Debug)]
pub(crate) struct Element<'t> {
    pub(crate) key: Option<String>,
    pub(crate) record: Record<'t>,
}

impl Element<'_> {
    /// The id of an element that is a record of its own.
    pub(crate) fn id(&self) -> Option<String> {
        match self.record.json.member("Id") {
            Ok(Some(Json::Text(id))) => Some(id.to_string()),
            Ok(_) | Err(_) => None,
        }
    }
}

/// Both lists, by key.
#[derive(Debug)]
pub(crate) struct Keyed<'t> {
    pub(crate) left: Vec<Element<'t>>,
    pub(crate) right: Vec<Element<'t>>,
    /// Keys that stand twice on one side: their elements are known by no key, on either side.
    pub(crate) doubled: BTreeSet<String>,
    places: [BTreeMap<String, usize>; 2],
    blank: [bool; 2],
}

impl<'t> Keyed<'t> {
    pub(crate) fn find(&self, side: Side, key: &str) -> Option<&Element<'t>> {
        let [left, right] = &self.places;
        match side {
            Side::Left => left.get(key).and_then(|place| self.left.get(*place)),
            Side::Right => right.get(key).and_then(|place| self.right.get(*place)),
        }
    }

    pub(crate) fn has_blank_keys(&self, side: Side) -> bool {
        let [left, right] = self.blank;
        if side == Side::Left { left } else { right }
    }
}

/// The elements of both lists with their keys.
pub(crate) fn keyed<'t>(each: &Each, lists: [&[&Json<'t>]; 2]) -> Keyed<'t> {
    let mut doubled = BTreeSet::new();
    let [mut left, mut right] = Side::BOTH.map(|side| {
        let [left, right] = lists;
        let items = if side == Side::Left { left } else { right };
        elements(each, side, items)
    });
    let blank = [&left, &right].map(|list| list.iter().any(|element| element.key.is_none()));
    for list in [&left, &right] {
        let mut seen = BTreeSet::new();
        for key in list.iter().filter_map(|element| element.key.as_ref()) {
            if !seen.insert(key) {
                doubled.insert(key.clone());
            }
        }
    }
    let places = [&mut left, &mut right].map(|list| {
        let mut places = BTreeMap::new();
        for (place, element) in list.iter_mut().enumerate() {
            match &element.key {
                Some(key) if doubled.contains(key) => element.key = None,
                Some(key) => {
                    places.insert(key.clone(), place);
                }
                None => {}
            }
        }
        places
    });
    Keyed { left, right, doubled, places, blank }
}

fn elements<'t>(each: &Each, side: Side, items: &[&Json<'t>]) -> Vec<Element<'t>> {
    let [left, right] = &each.elements;
    let slots: &[Slot] = if side == Side::Left { left } else { right };
    let part = |record: &Record<'_>, pair: &[SlotId; 2]| {
        let [left_key, right_key] = *pair;
        let kinds = [left.get(left_key.0), right.get(right_key.0)].map(|slot| slot.map(|s| s.kind));
        let own = if side == Side::Left { left_key } else { right_key };
        match record.value(own) {
            Ok(value) if value.is_blank() => Some(String::new()),
            Ok(value) => key_text(kinds, value),
            Err(_) => None,
        }
    };
    let element = |item: &&Json<'t>| {
        let record = Record::of(slots, (*item).clone());
        let parts: Option<Vec<String>> = each.key.iter().map(|pair| part(&record, pair)).collect();
        Element { key: parts.and_then(whole_key), record }
    };
    items.iter().map(element).collect()
}

/// The parts of a key as one; none when all are blank. Blank equals only blank.
fn whole_key(mut parts: Vec<String>) -> Option<String> {
    if parts.iter().all(String::is_empty) {
        return None;
    }
    if parts.len() > 1 {
        for part in &mut parts {
            *part = part.replace('%', "%25").replace(',', "%2C");
        }
    }
    Some(parts.join(", "))
}

/// A key in the form in which keys are compared. The kinds of both sides' keys count.
fn key_text(kinds: [Option<Kind>; 2], value: &Value) -> Option<String> {
    let any = |wanted: &[Kind]| kinds.iter().flatten().any(|kind| wanted.contains(kind));
    let text = match value {
        Value::Text(text) => text.trim().to_owned(),
        Value::Number(number) => {
            let digits = number.to_string();
            match digits.split_once('.') {
                Some(_) => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
                None => digits,
            }
        }
        Value::Date(date) => date.to_string(),
        Value::Instant(moment) => moment.to_string(),
        Value::Blank | Value::Bool(_) | Value::List(_) | Value::Other(_) => return None,
    };
    if any(&[Kind::Email, Kind::Enum, Kind::Country, Kind::Currency]) {
        return Some(text.to_lowercase());
    }
    // The 15 characters of a record's id say the same as its 18.
    let is_record = text.len() == 18 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if any(&[Kind::Id, Kind::Reference]) && is_record {
        return text.get(..15).map(str::to_owned);
    }
    Some(text)
}

/// The base key of an element: on which sides it stands.
pub(crate) fn mark_key(each: &Each, key: &str) -> String {
    format!("{}/{}", each.hash, key.replace('%', "%25").replace('/', "%2F"))
}

/// The base key of a line of an element.
pub(crate) fn line_key(each: &Each, key: &str, line: &Line) -> String {
    format!("{}/{}", mark_key(each, key), line.hash)
}

/// The element's part of a base key: the key itself, or that of a line without the line's hash.
pub(crate) fn mark_of(base_key: &str) -> &str {
    let ends = base_key.match_indices('/').nth(1).map_or(base_key.len(), |(at, _)| at);
    base_key.get(..ends).unwrap_or(base_key)
}

/// The base of an element: on which sides it stands.
pub(crate) fn mark(left: bool, right: bool) -> BasePair {
    let text = |there: bool| if there { "1" } else { "0" }.to_owned();
    BasePair { l: text(left), r: text(right), l_seen: None, r_seen: None }
}

/// The change that writes `value` to a slot.
pub(crate) fn change(slot: &Slot, value: &Value) -> Change {
    let text = value::write(slot.kind, value).to_string();
    Change { path: slot.path.clone(), pointer: slot.pointer.clone(), value: text }
}

/// The scene of two elements of a deal's lists.
pub(crate) fn element_scene<'s>(
    scene: &Scene<'s>,
    each: &'s Each,
    records: [&'s Record<'s>; 2],
    creating: bool,
) -> Scene<'s> {
    let [left, right] = &each.elements;
    Scene { slots: [left, right], records, creating, ..*scene }
}

impl Scene<'_> {
    /// The values of one side of a line; the other side stays blank.
    pub(crate) fn one_sided_pair(&self, line: &Line, side: Side) -> Result<Pair, SlotFault> {
        let values = match line.source(side) {
            Source::Slots(slots) => self.record(side).values(slots)?,
            Source::Constant(values) => values.clone(),
        };
        Ok(match side {
            Side::Left => Pair::new(values, Vec::new()),
            Side::Right => Pair::new(Vec::new(), values),
        })
    }
}

/// The fields of a new element of `to`, made from the other side's. Errors: the line of the map and
/// what does not fit, or what must be given and is blank.
pub(crate) fn new_element(
    scene: &Scene<'_>,
    each: &Each,
    to: Side,
    from: &Record<'_>,
) -> Result<Vec<Change>, (usize, SlotFault)> {
    let [left, right] = &each.elements;
    let slots: &[Slot] = if to == Side::Left { left } else { right };
    let empty = Record::empty(slots);
    let records = if to == Side::Left { [&empty, from] } else { [from, &empty] };
    let inner = element_scene(scene, each, records, true);
    let mut changes = Vec::new();
    for [left_key, right_key] in &each.key {
        let (own, other) = match to {
            Side::Left => (left_key, right_key),
            Side::Right => (right_key, left_key),
        };
        let key = from.value(*other).map_err(|fault| (each.map_line, fault))?;
        if let Some(slot) = inner.slot(to, *own).filter(|slot| slot.create && !key.is_blank()) {
            changes.push(change(slot, key));
        }
    }
    for line in each.lines.iter().filter(|line| line.writes(to)) {
        let at = |fault| (line.map_line, fault);
        let pair = inner.pair(line).map_err(at)?;
        match repair(&inner, line, to, &pair).map_err(at)? {
            Repair::Set { values, .. } => {
                let given = values.iter().filter(|(_, value)| !value.is_blank());
                let given = given.filter_map(|(id, value)| Some((inner.slot(to, *id)?, value)));
                changes.extend(given.map(|(slot, value)| change(slot, value)));
            }
            Repair::Parked { why, .. } => {
                let code = FaultCode::BlankParked;
                return Err(at(SlotFault { code, message: why.to_owned() }));
            }
            Repair::Kept { .. } | Repair::Held { .. } => {}
        }
    }
    let given = |slot: &&Slot| changes.iter().any(|change| change.path == slot.path);
    if let Some(slot) = slots.iter().find(|slot| slot.required && slot.create && !given(slot)) {
        let keys = each.key.iter().map(|[left, right]| if to == Side::Left { left } else { right });
        let lines = each.lines.iter().filter(|line| line.writes(to));
        let mut written = keys.chain(lines.flat_map(|line| line.source(to).slots()));
        let why = if written.any(|id| inner.slot(to, *id).is_some_and(|own| own.path == slot.path))
        {
            "its source is blank"
        } else {
            "no line writes it"
        };
        let message =
            format!("`{}` must be given in each new element of the list, and {why}", slot.path);
        return Err((each.map_line, SlotFault { code: FaultCode::MissingRequired, message }));
    }
    Ok(changes)
}

/// How the elements of a deal's lists stand, by base key.
pub(crate) struct Standing {
    /// The elements that stand in both.
    pub(crate) in_both: BTreeSet<String>,
    /// Those that stand in neither, of those asked for.
    pub(crate) gone: BTreeSet<String>,
}

/// How the elements stand; `known` are base keys. `visit` gets every line of every element that
/// stands in both, with its base key. None: one of the lists is not there.
pub(crate) fn standing(
    scene: &Scene<'_>,
    each: &Each,
    known: impl Iterator<Item = String>,
    mut visit: impl FnMut(&Scene<'_>, String, &Line),
) -> Option<Standing> {
    let read = |side: Side| {
        let slot = if side == Side::Left { each.left } else { each.right };
        match scene.record(side).elements(scene.slot(side, slot)?).ok()? {
            Listed::Items(items) => Some(items),
            Listed::Nothing if side == Side::Right => Some(Vec::new()),
            Listed::Nothing | Listed::Missing => None,
        }
    };
    let (left, right) = (read(Side::Left)?, read(Side::Right)?);
    let lists = keyed(each, [&left, &right]);
    let mut in_both = BTreeSet::new();
    for element in &lists.left {
        let Some(key) = &element.key else { continue };
        let Some(other) = lists.find(Side::Right, key) else { continue };
        in_both.insert(mark_key(each, key));
        let inner = element_scene(scene, each, [&element.record, &other.record], false);
        for line in &each.lines {
            visit(&inner, line_key(each, key, line), line);
        }
    }
    let prefix = format!("{}/", each.hash);
    let elements = lists.left.iter().chain(&lists.right);
    let keys = elements.filter_map(|element| element.key.as_ref()).chain(&lists.doubled);
    let here: BTreeSet<String> = keys.map(|key| mark_key(each, key)).collect();
    let gone = known
        .map(|base_key| mark_of(&base_key).to_owned())
        .filter(|mark| mark.starts_with(&prefix) && !here.contains(mark))
        .collect();
    Some(Standing { in_both, gone })
}
