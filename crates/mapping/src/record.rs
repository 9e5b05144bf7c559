//! One record, read into the slots of its side.
//!
//! In: a record's JSON and the slots to fill. Out: a value, or what is wrong with it, for each
//! slot; elements of lists. Must not know: lines, tables, the other side.

mod changed;
mod json_path;

pub(crate) use changed::with_changes;
pub(crate) use json_path::each_of;

use std::cell::OnceCell;

use crate::decision::Side;
use crate::fault::{Fault, FaultCode};
use crate::json::{self, Json};
use crate::plan::{Became, Condition, Plan, Slot, SlotId, Step, TestOp};
use crate::schema::Kind;
use crate::value::{self, Decode, Misfit, Value};

/// What is wrong with the value of one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotFault {
    pub(crate) code: FaultCode,
    pub(crate) message: String,
}

/// A record, or an element of a list, read by the slots of its side.
#[derive(Debug)]
pub(crate) struct Record<'t> {
    pub(crate) json: Json<'t>,
    /// One a slot; none: the record does not have it at all.
    values: Vec<Result<Option<Value>, SlotFault>>,
}

/// What a record has where a list should be.
#[derive(Debug)]
pub(crate) enum Listed<'a, 't> {
    /// It has no such member.
    Missing,
    /// `null`.
    Nothing,
    /// Elements.
    Items(Vec<&'a Json<'t>>),
}

impl<'t> Record<'t> {
    /// Reads the text of a record of `side`.
    pub(crate) fn read(plan: &Plan, side: Side, body: &'t [u8]) -> Result<Record<'t>, Fault> {
        let json = json::read(body).map_err(|error| {
            let message = format!("not well-formed JSON at byte {}: {}", error.offset, error.why);
            plan.fault(FaultCode::NotJson, message)
        })?;
        let json = unwrap_payload(plan, json)?;
        if !matches!(json, Json::Object(_)) {
            let message = format!(
                "expected one {} record as a JSON object, found another shape",
                plan.side_name(side)
            );
            return Err(plan.fault(FaultCode::NotARecord, message));
        }
        Ok(Record::of(&plan.side(side).slots, json))
    }

    /// Reads an element, or a record that is already parsed.
    pub(crate) fn of(slots: &[Slot], json: Json<'t>) -> Record<'t> {
        let whole = OnceCell::new();
        let values = slots.iter().map(|slot| read_slot(slot, &json, &whole)).collect();
        Record { json, values }
    }

    /// A record with nothing in it.
    pub(crate) fn empty(slots: &[Slot]) -> Record<'static> {
        Record { json: Json::Object(Vec::new()), values: slots.iter().map(|_| Ok(None)).collect() }
    }

    /// A record of which only some slots were read.
    pub(crate) fn of_values(values: Vec<Result<Option<Value>, SlotFault>>) -> Record<'static> {
        Record { json: Json::Object(Vec::new()), values }
    }

    /// The value of one slot.
    pub(crate) fn value(&self, slot: SlotId) -> Result<&Value, SlotFault> {
        match self.values.get(slot.0) {
            Some(Ok(Some(value))) => Ok(value),
            Some(Err(fault)) => Err(fault.clone()),
            Some(Ok(None)) | None => Ok(&Value::Blank),
        }
    }

    /// True when the record does not have the slot's member at all, not even as `null`.
    pub(crate) fn is_missing(&self, slot: SlotId) -> bool {
        matches!(self.values.get(slot.0), Some(Ok(None)))
    }

    /// The values of several slots.
    pub(crate) fn values(&self, slots: &[SlotId]) -> Result<Vec<Value>, SlotFault> {
        slots.iter().map(|slot| self.value(*slot).cloned()).collect()
    }

    /// The elements of the list at `slot`. A record that is referred to is a list of one.
    pub(crate) fn elements(&self, slot: &Slot) -> Result<Listed<'_, 't>, SlotFault> {
        let Some(found) = walk(&self.json, &slot.steps)? else { return Ok(Listed::Missing) };
        if matches!(found, Json::Null) {
            return Ok(Listed::Nothing);
        }
        if slot.kind == Kind::Object && matches!(found, Json::Object(_)) {
            return Ok(Listed::Items(vec![found]));
        }
        Ok(Listed::Items(items(found, &slot.path)?.iter().collect()))
    }

    /// Whether all tests hold.
    pub(crate) fn fulfils(&self, condition: &Condition) -> Result<bool, SlotFault> {
        for test in &condition.tests {
            if !holds(self.value(test.slot)?, &test.op) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn wrong_shape(path: &str) -> SlotFault {
    SlotFault {
        code: FaultCode::WrongType,
        message: format!("expected a list at `{path}`, found another shape"),
    }
}

/// A webhook payload with an embedded record: the record. Anything else: itself.
fn unwrap_payload<'t>(plan: &Plan, json: Json<'t>) -> Result<Json<'t>, Fault> {
    let text = |name: &str| match json.member(name) {
        Ok(Some(Json::Text(text))) => Some(text.to_string()),
        Ok(_) | Err(_) => None,
    };
    let (Some(_), Some(resource)) = (text("EventName"), text("ResourceName")) else {
        return Ok(json);
    };
    let Json::Object(members) = json else { return Ok(json) };
    let mut embedded: Vec<(bool, Json<'t>)> = members
        .into_iter()
        .filter(|(_, value)| matches!(value, Json::Object(_)))
        .map(|(name, value)| (name.eq_ignore_ascii_case(&resource), value))
        .collect();
    if embedded.iter().any(|(named, _)| *named) {
        embedded.retain(|(named, _)| *named);
    }
    match (embedded.pop(), embedded.is_empty()) {
        (Some((_, record)), true) => Ok(record),
        (Some(_) | None, _) => Err(plan.fault(
            FaultCode::NotARecord,
            "expected a record, found the payload of a webhook that does not carry one; fetch the \
             record that it names and give that",
        )),
    }
}

/// What stands at the end of the steps: none when some member is missing.
fn walk<'a, 't>(json: &'a Json<'t>, steps: &[Step]) -> Result<Option<&'a Json<'t>>, SlotFault> {
    let mut at = json;
    for step in steps {
        let next = match step {
            Step::Member(name) => match at {
                Json::Object(_) => member(at, name)?,
                Json::Null => None,
                Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                    return Err(SlotFault {
                        code: FaultCode::WrongType,
                        message: format!(
                            "expected an object that holds `{name}`, found another shape"
                        ),
                    });
                }
            },
            Step::First => items(at, "the list")?.first(),
            Step::FirstWith(name) => first_item(at, name, |value| !is_blank(value))?,
            Step::Is { name, value } => {
                first_item(at, name, |found| matches!(found, Json::Text(text) if text == value))?
            }
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn member<'a, 't>(json: &'a Json<'t>, name: &str) -> Result<Option<&'a Json<'t>>, SlotFault> {
    json.member(name).map_err(|_| SlotFault {
        code: FaultCode::DoubledKey,
        message: format!(
            "the key `{name}` stands twice in the record, so its value is not certain"
        ),
    })
}

/// The first element of a list whose member fits.
fn first_item<'a, 't>(
    list: &'a Json<'t>,
    name: &str,
    fits: impl Fn(&Json<'t>) -> bool,
) -> Result<Option<&'a Json<'t>>, SlotFault> {
    for item in items(list, name)? {
        if member(item, name)?.is_some_and(&fits) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// The elements of a list, also as Salesforce nests children.
fn items<'a, 't>(json: &'a Json<'t>, path: &str) -> Result<&'a [Json<'t>], SlotFault> {
    match json {
        Json::List(items) => Ok(items),
        Json::Null => Ok(&[]),
        Json::Object(_) => {
            if matches!(json.member("done"), Ok(Some(Json::Bool(false)))) {
                let message = format!(
                    "expected the whole list `{path}`, found its first page; read the others too"
                );
                return Err(SlotFault { code: FaultCode::WrongType, message });
            }
            match member(json, "records")? {
                Some(Json::List(items)) => Ok(items),
                Some(
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_),
                )
                | None => Err(wrong_shape(path)),
            }
        }
        Json::Bool(_) | Json::Number(_) | Json::Text(_) => Err(wrong_shape(path)),
    }
}

fn is_blank(json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => false,
    }
}

/// `whole`: the record as JSONPaths look at it, made for the first of them.
fn read_slot(
    slot: &Slot,
    json: &Json<'_>,
    whole: &OnceCell<serde_json::Value>,
) -> Result<Option<Value>, SlotFault> {
    let found: Json<'_>;
    let at = if let Some(path) = &slot.json_path {
        let named = json_path::look(slot, path, json, whole)?;
        let Some(named) = named else { return Ok(None) };
        found = named;
        &found
    } else {
        let Some(at) = walk(json, &slot.steps)? else {
            // An element that a list does not have is known not to be there; of a list that is
            // missing itself nothing is known.
            let chosen = slot.steps.iter().position(|step| !matches!(step, Step::Member(_)));
            let list = chosen.and_then(|at| slot.steps.get(..at));
            let known = list.is_some_and(|list| matches!(walk(json, list), Ok(Some(_))));
            return Ok(known.then_some(Value::Blank));
        };
        at
    };
    read_at(slot, at).map(Some)
}

/// The value of a slot, from what stands at its place.
pub(crate) fn read_at(slot: &Slot, at: &Json<'_>) -> Result<Value, SlotFault> {
    let decode = if slot.exact { Decode::Exactly } else { Decode::Html };
    if slot.kind == Kind::List && matches!(at, Json::Object(_)) {
        let items = value::decoded_items(items(at, &slot.path)?, decode);
        return plain_list(slot, items);
    }
    let value = value::read(slot.kind, at, decode).map_err(|misfit| misfit_in(slot, misfit))?;
    match value {
        Value::Text(text) if slot.badged => Ok(text_or_blank(strip_badge(&text))),
        Value::List(items) => plain_list(slot, items),
        Value::Other(json) => {
            let json = plain_numbers(json).map_err(|misfit| misfit_in(slot, misfit))?;
            Ok(Value::Other(json))
        }
        value @ (Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Instant(_)) => Ok(value),
    }
}

fn misfit_in(slot: &Slot, misfit: Misfit) -> SlotFault {
    SlotFault {
        code: code_of(misfit),
        message: format!("expected {} in `{}`, found {}", misfit.wanted, slot.path, misfit.found),
    }
}

fn plain_list(slot: &Slot, items: Vec<Json<'static>>) -> Result<Value, SlotFault> {
    let items: Result<Vec<_>, Misfit> = items.into_iter().map(plain_numbers).collect();
    items.map(Value::List).map_err(|misfit| misfit_in(slot, misfit))
}

/// The same with every number written without an exponent.
pub(crate) fn plain_numbers(json: Json<'static>) -> Result<Json<'static>, Misfit> {
    Ok(match json {
        Json::Number(digits) if digits.contains(['e', 'E']) => {
            value::write(Kind::Number, &value::number_of(&digits)?)
        }
        Json::List(items) => {
            Json::List(items.into_iter().map(plain_numbers).collect::<Result<_, _>>()?)
        }
        Json::Object(members) => {
            let plain = |(name, json)| Ok((name, plain_numbers(json)?));
            Json::Object(members.into_iter().map(plain).collect::<Result<_, Misfit>>()?)
        }
        json @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_)) => json,
    })
}

/// What kind of fault a misfit is.
pub(crate) fn code_of(misfit: Misfit) -> FaultCode {
    if misfit.is_too_big() {
        FaultCode::TooManyDigits
    } else if misfit.is_no_country() {
        FaultCode::NoCountry
    } else {
        FaultCode::WrongType
    }
}

fn text_or_blank(text: &str) -> Value {
    if text.trim().is_empty() { Value::Blank } else { Value::Text(text.to_owned()) }
}

/// What counts as a badge when it stands in front of a text, with a blank behind it.
pub(crate) const BADGES: [char; 4] = ['✔', '✘', '✓', '✗'];

/// The text without the badges in front of it, however many there are.
pub(crate) fn strip_badge(text: &str) -> &str {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix(BADGES) {
        // People's keyboards add a mark that asks for the coloured form.
        let after = after.strip_prefix('\u{fe0f}').unwrap_or(after);
        let Some(after) = after.strip_prefix(' ') else { break };
        rest = after;
    }
    rest
}

pub(crate) fn holds(value: &Value, op: &TestOp) -> bool {
    let blank = value.is_blank();
    match op {
        TestOp::Present => !blank,
        TestOp::Blank => blank,
        TestOp::Is(wanted) => wanted.iter().any(|w| is_or_has(w, value)),
        TestOp::IsNot(wanted) => !wanted.iter().any(|w| is_or_has(w, value)),
        TestOp::Above(limit) => matches!(value, Value::Number(n) if n > limit),
        TestOp::Below(limit) => matches!(value, Value::Number(n) if n < limit),
    }
}

/// Equality for conditions and table cells: outer blanks do not count, a missing flag is false.
pub(crate) fn same_plain(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Text(a), Value::Text(b)) => a.trim() == b.trim(),
        (Value::List(a), Value::List(b)) => same_items(a, b),
        (Value::Bool(false), Value::Blank) | (Value::Blank, Value::Bool(false)) => true,
        _ => wanted == found,
    }
}

/// Lists are sets: order and repetition do not count.
fn same_items(a: &[Json<'_>], b: &[Json<'_>]) -> bool {
    let holds = |list: &[Json<'_>], item: &Json<'_>| {
        list.iter().any(|other| match (value::item_text(other), value::item_text(item)) {
            (Some(a), Some(b)) => a.trim() == b.trim(),
            (_, _) => other == item,
        })
    };
    a.iter().all(|item| holds(b, item)) && b.iter().all(|item| holds(a, item))
}

/// What a condition names is the value, or among the values of a list.
fn is_or_has(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Text(text), Value::List(items)) => {
            items.iter().any(|item| value::item_text(item).is_some_and(|i| i.trim() == text.trim()))
        }
        (wanted, found) => same_plain(wanted, found),
    }
}

impl Plan {
    /// A fault that no line of the map is concerned with.
    pub(crate) fn fault(&self, code: FaultCode, message: impl Into<String>) -> Fault {
        Fault {
            line: None,
            field: None,
            code,
            message: message.into(),
            map: self.file().to_owned(),
            map_line: 0,
        }
    }

    /// A fault at a line of the map.
    pub(crate) fn fault_at(&self, map_line: usize, field: &str, fault: SlotFault) -> Fault {
        let (map, map_line) = self.place(map_line);
        Fault {
            line: None,
            field: Some(field.to_owned()),
            code: fault.code,
            message: fault.message,
            map: map.to_owned(),
            map_line,
        }
    }

    /// The value of a side's key field; none when it is blank.
    pub fn key_of(&self, side: Side, body: &str) -> Result<Option<String>, Fault> {
        let record = Record::read(self, side, body.as_bytes())?;
        self.key_in(side, &record)
    }

    pub(crate) fn key_in(&self, side: Side, record: &Record<'_>) -> Result<Option<String>, Fault> {
        let [left, right] = self.key;
        let slot = if side == Side::Left { left } else { right };
        let path = self.slot(side, slot).map_or("", |s| &s.path);
        let line = self.lines.first().map_or(0, |l| l.map_line);
        match record.value(slot).map_err(|f| self.fault_at(line, path, f))? {
            Value::Text(text) => Ok(Some(text.trim().to_owned())),
            Value::Number(number) => Ok(Some(number.to_string())),
            Value::Blank
            | Value::Bool(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::List(_)
            | Value::Other(_) => Ok(None),
        }
    }

    /// What a right record says of its partner beside the key field: the fields that other lines fill from
    /// the left key, such as an address with the id in it, with their texts. Blank ones are left out.
    pub fn partner_said(&self, right: &str) -> Result<Vec<(&str, String)>, Fault> {
        let record = Record::read(self, Side::Right, right.as_bytes())?;
        let [key, own] = self.key;
        let mut said = Vec::new();
        for line in self.lines.iter().filter(|line| line.left.slots() == [key]) {
            let slots = line.right.slots().iter().filter(|slot| **slot != own);
            for slot in slots.filter_map(|id| Some((*id, self.slot(Side::Right, *id)?))) {
                let (id, slot) = slot;
                let value = record.value(id);
                let value = value.map_err(|f| self.fault_at(line.map_line, &slot.path, f))?;
                if let Value::Text(text) = value {
                    said.push((slot.path.as_str(), text.clone()));
                }
            }
        }
        Ok(said)
    }

    /// Whether a record became one of another object, and which.
    pub fn became(&self, side: Side, body: &str) -> Result<Became, Fault> {
        let Some(known) = self.successor(side) else { return Ok(Became::Itself) };
        let record = Record::read(self, side, body.as_bytes())?;
        if !matches!(record.json.member(&known.when), Ok(Some(Json::Bool(true)))) {
            return Ok(Became::Itself);
        }
        Ok(match record.json.member(&known.to) {
            Ok(Some(Json::Text(id))) => Became::Named(id.to_string()),
            Ok(_) | Err(_) => Became::Unnamed,
        })
    }

    /// Whether a record takes part: one of the `sync from SIDE when …` conditions holds. No such
    /// line: false.
    pub fn takes_part(&self, side: Side, body: &str) -> Result<bool, Fault> {
        let record = Record::read(self, side, body.as_bytes())?;
        self.opted_in(side, &record)
    }

    pub(crate) fn opted_in(&self, side: Side, record: &Record<'_>) -> Result<bool, Fault> {
        let [left, right] = &self.sync;
        for condition in if side == Side::Left { left } else { right } {
            let fulfils = record.fulfils(condition);
            if fulfils.map_err(|fault| self.fault_at(0, self.side_name(side), fault))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
