//! `first of A, B`: of several fields the first that is not blank.

use std::fmt;

use super::plain::Plain;
use super::several::{Stand, place};
use super::way::{Fields, One, Way, all_same};
use super::{About, Any, Case, Unbound};
use crate::schema::Kind;
use crate::tree::Arrow;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "first of",
    form: "first of A, B",
    says: "Of several fields on one side the first that is not blank, looked at in the order of the names; `as first of` alone takes them in the order of the line. On the way back the first of them is written, and the others stay.",
    read: |words| {
        let names = words.listed().into_iter().map(str::to_owned).collect();
        Ok(Any::FirstOf(FirstOf {
            names,
            order: Vec::new(),
            stand: Stand::Left,
            kinds: Vec::new(),
        }))
    },
    cases: &[
        Case {
            clause: "first of",
            left_kinds: &[Kind::Phone, Kind::Phone],
            right_kinds: &[Kind::Phone],
            left: r#"[null, "+1 425 555 0100"]"#,
            right: r#"["+1 425 555 0100"]"#,
            back: Some(r#"["+1 425 555 0100", null]"#),
        },
        Case {
            clause: "first of 2, 1",
            left_kinds: &[Kind::Text, Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Legal name", "Trade name"]"#,
            right: r#"["Trade name"]"#,
            back: Some(r#"[null, "Trade name"]"#),
        },
    ],
};

/// The first of several fields that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FirstOf {
    /// As they are written; none: the order of the line.
    names: Vec<String>,
    /// The places of the fields, the first to look at first.
    order: Vec<usize>,
    stand: Stand,
    /// The kinds of the several, and that of the one behind them.
    kinds: Vec<Kind>,
}

impl FirstOf {
    fn order(&self, count: usize) -> impl Iterator<Item = usize> {
        let own = self.order.iter().copied();
        own.chain((0..count).filter(|place| !self.order.contains(place)))
    }

    fn first(&self) -> usize {
        self.order.first().copied().unwrap_or(0)
    }

    fn gather(&self, several: &[Value]) -> Value {
        let mut values = self.order(several.len()).filter_map(|place| several.get(place));
        values.find(|value| !value.is_blank()).cloned().unwrap_or(Value::Blank)
    }

    fn spread(&self, one: &Value, old: Option<&[Value]>) -> Vec<Value> {
        let count = self.kinds.len().saturating_sub(1);
        if one.is_blank() {
            return vec![Value::Blank; count];
        }
        let mut values = old.map_or_else(|| vec![Value::Blank; count], <[Value]>::to_vec);
        if old.is_some_and(|old| self.same(&self.gather(old), one)) {
            return values;
        }
        if let Some(first) = values.get_mut(self.first()) {
            first.clone_from(one);
        }
        values
    }

    /// Whether two values of the one say the same, by the strictest way that its kind has.
    fn same(&self, a: &Value, b: &Value) -> bool {
        match (a.is_blank(), b.is_blank()) {
            (false, false) => One::same_right(&self.compare(self.first()), 0, a, b),
            (a, b) => a == b,
        }
    }

    /// How the field at a place compares with the one.
    fn compare(&self, place: usize) -> Plain {
        let one = self.kinds.last().copied().unwrap_or(Kind::Text);
        let own = self.kinds.get(place).copied().unwrap_or(Kind::Text);
        Plain::new(&[own], &[one])
    }

    fn same_one(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |_, a, b| self.same(a, b))
    }

    fn same_several(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |place, a, b| One::same_right(&self.compare(place), 0, a, b))
    }
}

impl Way for FirstOf {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() { Ok(()) } else { write!(f, " {}", self.names.join(", ")) }
    }

    fn bind(&mut self, fields: &Fields<'_>) -> Result<(), Unbound> {
        self.stand = Stand::of(fields);
        let (names, _) = self.stand.split(fields.names[0], fields.names[1]);
        let (several, one) = self.stand.split(fields.kinds[0], fields.kinds[1]);
        self.kinds = several.iter().chain(one.first()).copied().collect();
        let places: Result<Vec<usize>, Unbound> =
            self.names.iter().map(|name| place(name, names, several.len())).collect();
        self.order = places?;
        let twice = self.names.iter().zip(&self.order).enumerate().find(|(index, (_, place))| {
            self.order.iter().take(*index).any(|earlier| earlier == *place)
        });
        if let Some((_, (name, _))) = twice {
            let why = format!("`{name}` is looked at twice");
            return Err(Unbound::new(name, why, "name each field once".to_owned()));
        }
        let left_out = (0..several.len()).find(|place| !self.order.contains(place));
        match left_out.filter(|_| !self.names.is_empty()) {
            None => Ok(()),
            Some(left_out) => {
                let name = names.get(left_out).map_or("", String::as_str);
                Err(Unbound::new(
                    "",
                    format!("`{name}` stands on the line and is never looked at"),
                    format!("name it behind `first of`: `{}`", super::several::last(name)),
                ))
            }
        }
    }

    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        let (several, one) = self.stand.split(left, right);
        if several.len() < 2 || one.len() != 1 {
            return Err(format!(
                "expected several fields on one side and one on the other, found {} left and {} right",
                left.len(),
                right.len()
            ));
        }
        several.iter().try_for_each(|kind| {
            let pair = self.stand.split([*kind], [one[0]]);
            let (left, right) = if self.stand == Stand::Left { pair } else { (pair.1, pair.0) };
            One::fits(&Plain::new(&left, &right), 0, left[0], right[0])
        })
    }

    fn allows(&self, _arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        Ok(())
    }

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        let gather = |several: &[Value]| Ok(self.gather(several));
        self.stand.carry(true, left, None, gather, |one, old| Ok(self.spread(one, old)))
    }

    fn to_left(&self, right: &[Value], old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        let gather = |several: &[Value]| Ok(self.gather(several));
        self.stand.carry(false, right, old, gather, |one, old| Ok(self.spread(one, old)))
    }

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        if self.stand == Stand::Left { self.same_several(a, b) } else { self.same_one(a, b) }
    }

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        if self.stand == Stand::Left { self.same_one(a, b) } else { self.same_several(a, b) }
    }

    fn only_writes(&self, to_right: bool) -> Option<usize> {
        self.stand.is_written(to_right).then(|| self.first())
    }

    fn comes_from(&self, to_right: bool, _target: usize, count: usize) -> Vec<usize> {
        if self.stand.is_written(to_right) { vec![0] } else { (0..count).collect() }
    }

    fn longest(&self, _to_right: bool, sources: &[Option<u32>]) -> Option<u32> {
        sources.iter().copied().flatten().max()
    }

    fn keeps_values(&self) -> bool {
        true
    }
}
