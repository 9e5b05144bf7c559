//! `datetime`: a moment.

use super::{About, Any, Case, One, need, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "datetime",
    form: "datetime",
    says: "A date with time. Fractions of a second are dropped and do not matter.",
    read: |_| Ok(Any::DateTime(DateTime)),
    cases: &[Case {
        clause: "datetime",
        left_kinds: &[Kind::DateTime],
        right_kinds: &[Kind::DateTime],
        left: r#"["2026-03-31T12:00:00.1234567Z"]"#,
        right: r#"["2026-03-31T12:00:00Z"]"#,
        back: Some(r#"["2026-03-31T12:00:00Z"]"#),
    }],
};

/// `datetime`: a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateTime;

impl One for DateTime {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need(left == Kind::DateTime, ABOUT.name, "left", "a date with time", left)?;
        need(right == Kind::DateTime, ABOUT.name, "right", "a date with time", right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        match left {
            Value::Instant(moment) => Ok(Value::Instant(same::whole_second(*moment))),
            Value::Blank
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::List(_)
            | Value::Other(_) => Err(Misfit { wanted: "a date and time", found: left.word() }),
        }
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::moment(a, b)
    }
}
