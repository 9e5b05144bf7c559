//! No `as`: values pass as they are; what counts as the same follows from the fields' kinds.

use std::ops::RangeInclusive;

use super::{About, Any, Case, Direct, One, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, is_text};

pub(super) static ABOUT: About = About {
    name: "plain",
    form: "",
    says: "Without `as` values pass as they are. Case and outer blanks do not matter in e-mail addresses, codes and values of a list; 15 and 18 characters of a record id are the same; numbers compare by value, lists as sets.",
    read: |_| Ok(Any::Plain(Plain::new(&[], &[]))),
    cases: &[
        Case {
            clause: "",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Contoso &amp; Söhne"]"#,
            right: r#"["Contoso & Söhne"]"#,
            back: Some(r#"["Contoso & Söhne"]"#),
        },
        Case {
            clause: "",
            left_kinds: &[Kind::Number],
            right_kinds: &[Kind::Number],
            left: "[9007199254740993.01]",
            right: "[9007199254740993.01]",
            back: Some("[9007199254740993.01]"),
        },
    ],
};

/// No conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    /// How each operand compares.
    compare: Vec<Compare>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    ByValue,
    Code,
    Phone,
    Url,
    Id,
}

impl Plain {
    pub(super) fn new(left: &[Kind], right: &[Kind]) -> Self {
        let one = |(left, right): (&Kind, &Kind)| match compare(*left) {
            Compare::ByValue => compare(*right),
            Compare::Code => Compare::Code,
            Compare::Phone => Compare::Phone,
            Compare::Url => Compare::Url,
            Compare::Id => Compare::Id,
        };
        Self { compare: left.iter().zip(right).map(one).collect() }
    }
}

fn compare(kind: Kind) -> Compare {
    match kind {
        Kind::Enum | Kind::Email | Kind::Country | Kind::Currency => Compare::Code,
        Kind::Phone => Compare::Phone,
        Kind::Url => Compare::Url,
        Kind::Id | Kind::Reference => Compare::Id,
        Kind::Text
        | Kind::LongText
        | Kind::Number
        | Kind::Bool
        | Kind::Date
        | Kind::DateTime
        | Kind::MultiEnum
        | Kind::Percent
        | Kind::Object
        | Kind::List => Compare::ByValue,
    }
}

impl One for Plain {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=usize::MAX
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        let number = |kind| matches!(kind, Kind::Number | Kind::Percent);
        let list = |kind| matches!(kind, Kind::MultiEnum | Kind::List);
        let either = |this: fn(Kind) -> bool, that: fn(Kind) -> bool| {
            (this(left) && that(right)) || (that(left) && this(right))
        };
        if left == right
            || (is_text(left) && is_text(right))
            || (number(left) && number(right))
            || (list(left) && list(right))
        {
            return Ok(());
        }
        let (one, other) = (left.phrase(), right.phrase());
        let advice = if either(|k| k == Kind::Date, |k| k == Kind::DateTime) {
            "name the zone with `as date in \"UTC\"`"
        } else if either(number, is_text) {
            "write `as number`"
        } else if either(|k| k == Kind::Bool, is_text) {
            "write `as yes/no`"
        } else if list(left) && is_text(right) {
            "write `as list joined by \";\"`"
        } else if list(right) && is_text(left) {
            "map a list, or name a table with `using`, which makes a list of one"
        } else {
            "map other fields, or name a table with `using`"
        };
        Err(format!("{one} and {other} do not fit: {advice}"))
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        Ok(left.clone())
    }

    fn same_right(&self, index: usize, a: &Value, b: &Value) -> bool {
        match self.compare.get(index).unwrap_or(&Compare::ByValue) {
            Compare::Code => same::code(a, b),
            Compare::Phone => same::phone(a, b),
            Compare::Url => same::url(a, b),
            Compare::Id => super::id::same(a, b),
            Compare::ByValue => match a {
                Value::Text(_) => same::text(a, b),
                Value::List(_) => same::items(a, b, ";"),
                Value::Instant(_) => same::moment(a, b),
                Value::Blank
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Date(_)
                | Value::Other(_) => a == b,
            },
        }
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn keeps_values(&self) -> bool {
        true
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Same)
    }
}
