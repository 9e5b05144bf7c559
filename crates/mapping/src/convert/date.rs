//! `date in ZONE`: a moment left, its day in a named zone right.

use std::fmt;

use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::words::{Words, bad_argument, quoted};
use super::{About, Any, Case, Direct, One};
use crate::problem::{Fix, Problem, nearest};
use crate::schema::Kind;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "date in",
    form: r#"date in "ZONE""#,
    says: "A date with time on one side, its day in the named zone on the other. A day agrees with every moment of it; on the way back it becomes its first moment, unless the old moment falls on it.",
    read,
    cases: &[
        Case {
            clause: r#"date in "UTC""#,
            left_kinds: &[Kind::DateTime],
            right_kinds: &[Kind::Date],
            left: r#"["2026-03-31T23:30:00Z"]"#,
            right: r#"["2026-03-31"]"#,
            back: Some(r#"["2026-03-31T00:00:00Z"]"#),
        },
        Case {
            clause: r#"date in "Europe/Berlin""#,
            left_kinds: &[Kind::DateTime],
            right_kinds: &[Kind::Date],
            left: r#"["2026-03-31T23:30:00Z"]"#,
            right: r#"["2026-04-01"]"#,
            back: Some(r#"["2026-03-31T22:00:00Z"]"#),
        },
    ],
};

/// A moment and its day in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Date {
    zone: TimeZone,
    name: String,
}

fn read(words: &mut Words<'_>) -> Result<Any, Box<Problem>> {
    let (name, span) = words.text("the name of a time zone such as `Europe/Berlin`")?;
    // The zones that are built in: the host's own must not matter.
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name) {
        let name = zone.iana_name().unwrap_or(name).to_owned();
        return Ok(Any::Date(Date { zone, name }));
    }
    let known: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
    let problem = bad_argument(span, format!("there is no time zone `{name}`"));
    let near = nearest(name, known.iter().map(String::as_str));
    let help = near.map(|near| format!("did you mean `{near}`?"));
    let advice = || "write `\"UTC\"` or a zone such as `\"Europe/Berlin\"`".to_owned();
    let fix = near.map(|near| Fix { span, text: quoted(near) });
    Err(Box::new(Problem { help: Some(help.unwrap_or_else(advice)), fix, ..*problem }))
}

impl Date {
    fn day(&self, value: &Value) -> Result<civil::Date, Misfit> {
        match value {
            Value::Date(day) => Ok(*day),
            Value::Instant(moment) => Ok(self.zone.to_datetime(*moment).date()),
            Value::Blank
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Other(_) => Err(Misfit { wanted: "a date", found: value.word() }),
        }
    }
}

impl One for Date {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", quoted(&self.name))
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        match (left, right) {
            (Kind::DateTime, Kind::Date) => Ok(()),
            (Kind::Date, Kind::Date) => {
                Err("both fields are dates without time: leave `as date in` out".to_owned())
            }
            (Kind::DateTime, Kind::DateTime) => {
                Err("both fields are dates with time: leave `as date in` out".to_owned())
            }
            (left, right) => Err(format!(
                "`as date in` takes a date with time on the left and a date on the right, found {} and {}",
                left.phrase(),
                right.phrase()
            )),
        }
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        self.day(left).map(Value::Date)
    }

    fn left(&self, _index: usize, right: &Value) -> Result<Value, Misfit> {
        let misfit = Misfit { wanted: "a date within the years 1 to 9999", found: right.word() };
        let midnight = self.day(right)?.to_zoned(self.zone.clone()).map_err(|_| misfit)?;
        let first = midnight.start_of_day().map_err(|_| misfit)?;
        Ok(Value::Instant(first.timestamp()))
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        match (self.day(a), self.day(b)) {
            (Ok(a), Ok(b)) => a == b,
            (Ok(_) | Err(_), _) => a == b,
        }
    }

    fn direct(&self, _index: usize, to_right: bool) -> Option<Direct<'_>> {
        (to_right && self.name == "UTC").then_some(Direct::Day)
    }
}
