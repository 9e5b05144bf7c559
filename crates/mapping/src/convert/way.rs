//! What every conversion can do, and what most of them do one field at a time.
//!
//! In: values of all fields of a side. Out: those of the other side, or whether two agree. Must not
//! know: which conversions there are.

use std::fmt;
use std::ops::RangeInclusive;

use super::{About, Direct, Unbound, same};
use crate::schema::Kind;
use crate::tree::Arrow;
use crate::value::{Decode, Misfit, Value};

/// The fields of the line that a conversion stands on.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'l> {
    /// Which way the line flows.
    pub arrow: Arrow,
    /// The left and the right fields as they are written.
    pub names: [&'l [String]; 2],
    /// What they hold.
    pub kinds: [&'l [Kind]; 2],
}

/// What each conversion can do with the values of a line.
pub(super) trait Way {
    fn about(&self) -> &'static About;

    /// The arguments as they are written, with a blank before them.
    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// Takes in the fields that its arguments speak of.
    fn bind(&mut self, fields: &Fields<'_>) -> Result<(), Unbound>;

    /// Whether fields of these kinds fit, and if not why, in readers' words.
    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String>;

    /// Whether a line with this arrow can have it; if not, the arrow that it can have, and why.
    fn allows(&self, arrow: Arrow) -> Result<(), (Arrow, &'static str)>;

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit>;

    fn to_left(&self, right: &[Value], old_left: Option<&[Value]>) -> Result<Vec<Value>, Misfit>;

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool;

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool;

    fn decode(&self) -> Decode {
        Decode::Html
    }

    /// The operand without which the others say nothing.
    fn bearer(&self) -> Option<usize> {
        None
    }

    /// How many digits behind the point an amount keeps; none: as many as it has.
    fn decimals(&self) -> Option<u32> {
        None
    }

    /// The one field of the side that is written, when it is not all of them.
    fn only_writes(&self, _to_right: bool) -> Option<usize> {
        None
    }

    /// Which of `count` fields the field at `target` gets its value from.
    fn comes_from(&self, _to_right: bool, target: usize, _count: usize) -> Vec<usize> {
        vec![target]
    }

    /// The most characters that arrive, by the lengths of the fields they come from.
    fn longest(&self, to_right: bool, sources: &[Option<u32>]) -> Option<u32>;

    /// Whether a value arrives as it is, so that the lists of values of both sides must fit.
    fn keeps_values(&self) -> bool {
        false
    }

    /// Several values of one side and those that arrive there, each once.
    fn united(&self, _to_right: bool, own: &Value, arriving: &Value) -> Value {
        same::united(own, arriving, ";", ";")
    }

    /// What becomes of most values of `count` fields on their way.
    fn direct(&self, _to_right: bool, _count: usize) -> Option<Direct<'_>> {
        None
    }
}

/// What a conversion can do that takes the fields one by one: the first left with the first right.
pub(super) trait One {
    fn about(&self) -> &'static About;

    /// The arguments as they are written, with a blank before them.
    fn arguments(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    /// Whether the kinds of operand `index` fit, and if not why, in readers' words.
    fn fits(&self, index: usize, left: Kind, right: Kind) -> Result<(), String>;

    fn both_ways(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn right(&self, index: usize, left: &Value) -> Result<Value, Misfit>;

    /// The way back when no old left value agrees.
    fn left(&self, index: usize, right: &Value) -> Result<Value, Misfit> {
        self.right(index, right)
    }

    fn same_left(&self, index: usize, a: &Value, b: &Value) -> bool {
        self.same_right(index, a, b)
    }

    fn same_right(&self, index: usize, a: &Value, b: &Value) -> bool;

    fn decode(&self) -> Decode {
        Decode::Html
    }

    fn most_characters(&self) -> Option<u32> {
        None
    }

    /// The operand without which the others say nothing.
    fn bearer(&self) -> Option<usize> {
        None
    }

    /// How many digits behind the point an amount keeps; none: as many as it has.
    fn decimals(&self) -> Option<u32> {
        None
    }

    /// Whether a text arrives as long as it was.
    fn keeps_length(&self) -> bool {
        false
    }

    /// Whether a value arrives as it is.
    fn keeps_values(&self) -> bool {
        false
    }

    /// What stands between several values in one text: where it is split, and what is written.
    fn separator(&self) -> (&str, &str) {
        (";", ";")
    }

    /// What becomes of most values of one field on their way.
    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        None
    }
}

impl<T: One> Way for T {
    fn about(&self) -> &'static About {
        One::about(self)
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        One::arguments(self, f)
    }

    fn bind(&mut self, _fields: &Fields<'_>) -> Result<(), Unbound> {
        Ok(())
    }

    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        let arity = self.arity();
        if left.len() != right.len() || !arity.contains(&left.len()) {
            let count = match (*arity.start(), *arity.end()) {
                (1, 1) => "one field on each side".to_owned(),
                (1, usize::MAX) => "as many fields on the left as on the right".to_owned(),
                (least, most) => format!("{least} to {most} fields on each side"),
            };
            let (left, right) = (left.len(), right.len());
            return Err(format!("expected {count}, found {left} left and {right} right"));
        }
        let mut pairs = left.iter().zip(right).enumerate();
        pairs.try_for_each(|(index, (left, right))| One::fits(self, index, *left, *right))
    }

    fn allows(&self, arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        match arrow {
            Arrow::ToRight => Ok(()),
            Arrow::Both | Arrow::ToLeft => self.both_ways().map_err(|why| (Arrow::ToRight, why)),
        }
    }

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        let convert = |(index, value): (usize, &Value)| {
            if value.is_blank() { Ok(Value::Blank) } else { self.right(index, value) }
        };
        left.iter().enumerate().map(convert).collect()
    }

    fn to_left(&self, right: &[Value], old_left: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        let convert = |(index, value): (usize, &Value)| {
            if value.is_blank() {
                return Ok(Value::Blank);
            }
            let old = old_left.and_then(|old| old.get(index)).filter(|old| !old.is_blank());
            if let Some(old) = old
                && self
                    .right(index, old)
                    .is_ok_and(|there| One::same_right(self, index, &there, value))
            {
                return Ok(old.clone());
            }
            self.left(index, value)
        };
        right.iter().enumerate().map(convert).collect()
    }

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |index, a, b| One::same_left(self, index, a, b))
    }

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |index, a, b| One::same_right(self, index, a, b))
    }

    fn decode(&self) -> Decode {
        One::decode(self)
    }

    fn bearer(&self) -> Option<usize> {
        One::bearer(self)
    }

    fn decimals(&self) -> Option<u32> {
        One::decimals(self)
    }

    fn longest(&self, to_right: bool, sources: &[Option<u32>]) -> Option<u32> {
        let cut = if to_right { self.most_characters() } else { None };
        cut.or_else(|| sources.first().copied().flatten().filter(|_| self.keeps_length()))
    }

    fn keeps_values(&self) -> bool {
        One::keeps_values(self)
    }

    fn united(&self, _to_right: bool, own: &Value, arriving: &Value) -> Value {
        let (splitter, separator) = self.separator();
        same::united(own, arriving, splitter, separator)
    }

    fn direct(&self, to_right: bool, count: usize) -> Option<Direct<'_>> {
        if count == 1 {
            return One::direct(self, 0, to_right);
        }
        let each = (0..count).map(|index| One::direct(self, index, to_right));
        each.collect::<Option<_>>().map(Direct::Each)
    }
}

/// Whether values say the same one by one; blank only says the same as blank.
pub(super) fn all_same(
    a: &[Value],
    b: &[Value],
    same: impl Fn(usize, &Value, &Value) -> bool,
) -> bool {
    let one = |(index, (a, b)): (usize, (&Value, &Value))| match (a.is_blank(), b.is_blank()) {
        (false, false) => same(index, a, b),
        (left, right) => left == right,
    };
    a.len() == b.len() && a.iter().zip(b).enumerate().all(one)
}
