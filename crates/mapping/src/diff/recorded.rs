//! A line of recorded traffic.
//!
//! In: one line of JSON. Out: the records and the base in it, or what is wrong with the line. Must
//! not know: plans.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decision::Base;
use crate::fault::{Fault, FaultCode};
use crate::json::{self, Json};
use crate::problem::nearest;

/// The records of a deal as they were, and what was then known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// The left record as JSON text.
    pub left: Option<String>,
    /// The right record as JSON text.
    pub right: Option<String>,
    /// What was last read back.
    pub base: Option<Base>,
}

/// The members of a line.
const NAMES: [&str; 3] = ["left", "right", "base"];

impl Recorded {
    /// Reads a line: an object with `left`, `right` and `base`, each of which may be missing or
    /// `null`. Other members are left alone. Errors: what was expected and what was found.
    pub fn read(text: &str) -> Result<Recorded, Fault> {
        match serde_json::from_str::<Plain<'_>>(text).ok().and_then(Plain::recorded) {
            Some(recorded) => Ok(recorded),
            None => Recorded::read_slowly(text),
        }
    }

    /// The same for a line that is odd or wrong, with what is wrong with it.
    fn read_slowly(text: &str) -> Result<Recorded, Fault> {
        let line = json::read(text.as_bytes()).map_err(|error| {
            let message = format!("not well-formed JSON at byte {}: {}", error.offset, error.why);
            fault(FaultCode::NotJson, message)
        })?;
        let Json::Object(members) = &line else {
            let found = line.word();
            return Err(wrong(format!(
                "expected an object with `left` and `right`, found {found}"
            )));
        };
        for (name, _) in members {
            if !NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
                && let Some(near) = nearest(name, NAMES)
            {
                return Err(wrong(format!("expected `{near}`, found `{name}`; write `{near}`")));
            }
        }
        let recorded = Recorded {
            left: object(&line, "left")?.map(text_of),
            right: object(&line, "right")?.map(text_of),
            base: object(&line, "base")?.map(base).transpose()?,
        };
        if recorded.left.is_none() && recorded.right.is_none() {
            let message = "expected a record at `left` or `right`, found none";
            return Err(wrong(message.to_owned()));
        }
        Ok(recorded)
    }
}

/// A line in the usual form; its records are taken as they stand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'t> {
    #[serde(borrow)]
    left: Option<&'t RawValue>,
    #[serde(borrow)]
    right: Option<&'t RawValue>,
    #[serde(borrow)]
    base: Option<&'t RawValue>,
}

impl Plain<'_> {
    /// None: it is not in the usual form after all.
    fn recorded(self) -> Option<Recorded> {
        let record = |raw: Option<&RawValue>| match raw.map(RawValue::get) {
            Some(text) if text.starts_with('{') => Some(Some(text.to_owned())),
            Some(_) => None,
            None => Some(None),
        };
        let base = match self.base.map(RawValue::get) {
            Some(text) => Some(serde_json::from_str(text).ok()?),
            None => None,
        };
        let recorded = Recorded { left: record(self.left)?, right: record(self.right)?, base };
        (recorded.left.is_some() || recorded.right.is_some()).then_some(recorded)
    }
}

fn object<'j, 't>(line: &'j Json<'t>, name: &str) -> Result<Option<&'j Json<'t>>, Fault> {
    match line.member(name) {
        Ok(None | Some(Json::Null)) => Ok(None),
        Ok(Some(value @ Json::Object(_))) => Ok(Some(value)),
        Ok(Some(other)) => {
            Err(wrong(format!("expected an object at `{name}`, found {}", other.word())))
        }
        Err(_) => {
            let message = format!("`{name}` stands twice; write it once");
            Err(fault(FaultCode::DoubledKey, message))
        }
    }
}

fn text_of(record: &Json<'_>) -> String {
    let mut text = String::new();
    record.write(&mut text);
    text
}

/// A base, or an output of `cosell try` that has one.
fn base(found: &Json<'_>) -> Result<Base, Fault> {
    Base::from_json(&found.to_value()).ok_or_else(|| {
        let message = "expected at `base` what `cosell try --format json` gives as `base`, found \
                       another object";
        wrong(message.to_owned())
    })
}

fn wrong(message: String) -> Fault {
    fault(FaultCode::NotARecord, message)
}

/// A fault of the line itself: no map is concerned.
fn fault(code: FaultCode, message: String) -> Fault {
    Fault { line: None, field: None, code, message, map: String::new(), map_line: 0 }
}
