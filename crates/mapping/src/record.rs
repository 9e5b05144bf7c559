//! One record, read into the slots of its side.
//!
//! In: a record's JSON and the slots to fill. Out: a value, or what is wrong with it, for each
//! slot; elements of lists. Must not know: lines, tables, the other side.

use crate::decision::Side;
use crate::fault::{Fault, FaultCode};
use crate::json::{self, Json};
use crate::plan::{Condition, Plan, Slot, SlotId, Step, TestOp};
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
    values: Vec<Result<Value, SlotFault>>,
}

impl<'t> Record<'t> {
    /// Reads the text of a record of `side`.
    pub(crate) fn read(plan: &Plan, side: Side, body: &'t [u8]) -> Result<Record<'t>, Fault> {
        let json = json::read(body).map_err(|error| {
            let message = format!("not well-formed JSON at byte {}: {}", error.offset, error.why);
            plan.fault(FaultCode::NotJson, message)
        })?;
        let json = unwrap_payload(json);
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
        let values = slots.iter().map(|slot| read_slot(slot, &json)).collect();
        Record { json, values }
    }

    /// A record with nothing in it.
    pub(crate) fn empty(slots: &[Slot]) -> Record<'static> {
        Record {
            json: Json::Object(Vec::new()),
            values: slots.iter().map(|_| Ok(Value::Blank)).collect(),
        }
    }

    /// The value of one slot.
    pub(crate) fn value(&self, slot: SlotId) -> Result<&Value, SlotFault> {
        match self.values.get(slot.0) {
            Some(Ok(value)) => Ok(value),
            Some(Err(fault)) => Err(fault.clone()),
            None => Ok(&Value::Blank),
        }
    }

    /// The values of several slots.
    pub(crate) fn values(&self, slots: &[SlotId]) -> Result<Vec<Value>, SlotFault> {
        slots.iter().map(|slot| self.value(*slot).cloned()).collect()
    }

    /// The elements of the list at `slot`: none when the record does not have the list at all.
    pub(crate) fn elements(&self, slot: &Slot) -> Result<Option<Vec<&Json<'t>>>, SlotFault> {
        let Some(found) = walk(&self.json, &slot.steps)? else { return Ok(None) };
        match found {
            Json::List(items) => Ok(Some(items.iter().collect())),
            // Salesforce answers a child list without children with null.
            Json::Null => Ok(Some(Vec::new())),
            Json::Object(_) => match found.member("records") {
                Ok(Some(Json::List(items))) => Ok(Some(items.iter().collect())),
                // A record that is referred to is a list of one.
                _ if slot.kind == Kind::Object => Ok(Some(vec![found])),
                _ => Err(wrong_shape(&slot.path)),
            },
            Json::Bool(_) | Json::Number(_) | Json::Text(_) => Err(wrong_shape(&slot.path)),
        }
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
fn unwrap_payload(json: Json<'_>) -> Json<'_> {
    let is_payload = matches!(json.member("EventName"), Ok(Some(Json::Text(_))))
        && matches!(json.member("ResourceName"), Ok(Some(Json::Text(_))));
    if !is_payload {
        return json;
    }
    let Json::Object(members) = json else { return json };
    let embedded = members.iter().position(|(_, value)| matches!(value, Json::Object(_)));
    match embedded {
        Some(index) => members.into_iter().nth(index).map_or(Json::Null, |(_, value)| value),
        None => Json::Null,
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
            Step::First => items(at).first(),
            Step::FirstWith(name) => {
                let mut found = None;
                for item in items(at) {
                    if member(item, name)?.is_some_and(|v| !is_blank(v)) {
                        found = Some(item);
                        break;
                    }
                }
                found
            }
            Step::Is { name, value } => {
                let mut found = None;
                for item in items(at) {
                    if matches!(member(item, name)?, Some(Json::Text(text)) if text == value) {
                        found = Some(item);
                        break;
                    }
                }
                found
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

fn items<'a, 't>(json: &'a Json<'t>) -> &'a [Json<'t>] {
    match json {
        Json::List(items) => items,
        Json::Object(_) => match json.member("records") {
            Ok(Some(Json::List(items))) => items,
            _ => &[],
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => &[],
    }
}

fn is_blank(json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => false,
    }
}

fn read_slot(slot: &Slot, json: &Json<'_>) -> Result<Value, SlotFault> {
    let decode = if slot.exact { Decode::Exactly } else { Decode::Html };
    let found: Json<'_>;
    let at = match &slot.json_path {
        Some(path) => {
            found = path.find_in(json).into_iter().next().unwrap_or(Json::Null);
            Some(&found)
        }
        None => walk(json, &slot.steps)?,
    };
    let Some(at) = at else { return Ok(Value::Blank) };
    let value = value::read(slot.kind, at, decode).map_err(|misfit| SlotFault {
        code: code_of(misfit),
        message: format!("expected {} in `{}`, found {}", misfit.wanted, slot.path, misfit.found),
    })?;
    Ok(match value {
        Value::Text(text) if slot.badged => text_or_blank(strip_badge(&text)),
        other => other,
    })
}

/// What kind of fault a misfit is.
pub(crate) fn code_of(misfit: Misfit) -> FaultCode {
    if misfit.is_too_big() { FaultCode::TooManyDigits } else { FaultCode::WrongType }
}

fn text_or_blank(text: &str) -> Value {
    if text.trim().is_empty() { Value::Blank } else { Value::Text(text.to_owned()) }
}

/// The text without the badges in front of it, however many there are.
pub(crate) fn strip_badge(text: &str) -> &str {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix(['✔', '✘', '✓', '✗']) {
        let Some(after) = after.strip_prefix(' ') else { break };
        rest = after;
    }
    rest
}

fn holds(value: &Value, op: &TestOp) -> bool {
    let blank = matches!(value, Value::Blank) || matches!(value, Value::List(l) if l.is_empty());
    match op {
        TestOp::Present => !blank,
        TestOp::Blank => blank,
        TestOp::Is(wanted) => wanted.iter().any(|w| same_plain(w, value)),
        TestOp::IsNot(wanted) => !wanted.iter().any(|w| same_plain(w, value)),
        TestOp::Above(limit) => matches!(value, Value::Number(n) if n > limit),
        TestOp::Below(limit) => matches!(value, Value::Number(n) if n < limit),
    }
}

/// Equality for conditions and table cells: outer blanks do not count, a missing flag is false.
pub(crate) fn same_plain(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Text(a), Value::Text(b)) => a.trim() == b.trim(),
        (Value::Bool(false), Value::Blank) | (Value::Blank, Value::Bool(false)) => true,
        _ => wanted == found,
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
            map: self.file.clone(),
            map_line: 0,
        }
    }

    /// A fault at a line of the map.
    pub(crate) fn fault_at(&self, map_line: usize, field: &str, fault: SlotFault) -> Fault {
        Fault {
            line: None,
            field: Some(field.to_owned()),
            code: fault.code,
            message: fault.message,
            map: self.file.clone(),
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
            _ => Ok(None),
        }
    }

    /// Whether a record takes part: the `sync from SIDE when …` condition. No such line: false.
    pub fn takes_part(&self, side: Side, body: &str) -> Result<bool, Fault> {
        let record = Record::read(self, side, body.as_bytes())?;
        self.opted_in(side, &record)
    }

    pub(crate) fn opted_in(&self, side: Side, record: &Record<'_>) -> Result<bool, Fault> {
        let [left, right] = &self.sync;
        match if side == Side::Left { left } else { right } {
            None => Ok(false),
            Some(condition) => record
                .fulfils(condition)
                .map_err(|fault| self.fault_at(0, self.side_name(side), fault)),
        }
    }
}
