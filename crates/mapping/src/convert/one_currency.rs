//! `money in "EUR"` between an amount with its currency and an amount alone.

use std::fmt;

use super::money::{self, Money};
use super::several::Stand;
use super::way::{Fields, One, Way, all_same};
use super::{About, Unbound, need, number, same};
use crate::schema::Kind;
use crate::tree::Arrow;
use crate::value::{Misfit, Value, is_text};

/// An amount on one side that is in one currency, and an amount with its currency on the other.
/// Another currency does not fit: an amount is never passed off as one of another currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OneCurrency {
    money: Money,
    code: String,
    /// Where the amount with its currency stands.
    stand: Stand,
}

impl OneCurrency {
    /// For a line with an amount and a currency on one side, and an amount alone on the other.
    pub(super) fn of(money: &Money, fields: &Fields<'_>) -> Option<OneCurrency> {
        let code = money.currency()?.to_owned();
        let [left, right] = fields.kinds.map(<[Kind]>::len);
        matches!((left, right), (2, 1) | (1, 2)).then(|| OneCurrency {
            money: money.clone(),
            code,
            stand: Stand::of(fields),
        })
    }

    fn gather(&self, pair: &[Value]) -> Result<Value, Misfit> {
        let [amount, currency] = pair else { return Ok(Value::Blank) };
        if amount.is_blank() {
            return Ok(Value::Blank);
        }
        if !currency.is_blank() && !same::code(currency, &self.code()) {
            return Err(Misfit {
                wanted: "an amount in the currency that the line names",
                found: "another currency",
            });
        }
        One::right(&self.money, 0, amount)
    }

    fn spread(&self, amount: &Value, old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        if amount.is_blank() {
            return Ok(vec![Value::Blank, Value::Blank]);
        }
        if let Some(old) = old
            && self.gather(old).is_ok_and(|there| number::same(&there, amount))
        {
            return Ok(old.to_vec());
        }
        Ok(vec![One::right(&self.money, 0, amount)?, self.code()])
    }

    fn code(&self) -> Value {
        Value::Text(self.code.clone())
    }

    fn same(&self, of_the_pair: bool, a: &[Value], b: &[Value]) -> bool {
        let blank = |values: &[Value]| values.first().is_none_or(Value::is_blank);
        if of_the_pair && (blank(a) || blank(b)) {
            // A currency without an amount says nothing.
            return blank(a) == blank(b);
        }
        // An amount without a currency is in the one that is named.
        let named = |values: &[Value]| -> Vec<Value> {
            let one = |(index, value): (usize, &Value)| {
                if index == 1 && value.is_blank() { self.code() } else { value.clone() }
            };
            values.iter().enumerate().map(one).collect()
        };
        all_same(&named(a), &named(b), |index, a, b| One::same_right(&self.money, index, a, b))
    }
}

impl Way for OneCurrency {
    fn about(&self) -> &'static About {
        &money::ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        One::arguments(&self.money, f)
    }

    fn bind(&mut self, _fields: &Fields<'_>) -> Result<(), Unbound> {
        Ok(())
    }

    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        let name = money::ABOUT.name;
        for (side, kinds) in [("left", left), ("right", right)] {
            for (index, kind) in kinds.iter().enumerate() {
                let fits = if index == 0 { *kind == Kind::Number } else { is_text(*kind) };
                let wanted = if index == 0 {
                    "an amount (a number)"
                } else {
                    "a currency as its second field"
                };
                need(fits, name, side, wanted, *kind)?;
            }
        }
        Ok(())
    }

    fn allows(&self, _arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        Ok(())
    }

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        let gather = |pair: &[Value]| self.gather(pair);
        self.stand.carry(true, left, None, gather, |one, old| self.spread(one, old))
    }

    fn to_left(&self, right: &[Value], old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        let gather = |pair: &[Value]| self.gather(pair);
        self.stand.carry(false, right, old, gather, |one, old| self.spread(one, old))
    }

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        self.same(self.stand == Stand::Left, a, b)
    }

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        self.same(self.stand == Stand::Right, a, b)
    }

    fn bearer(&self) -> Option<usize> {
        Some(0)
    }

    fn decimals(&self) -> Option<u32> {
        One::decimals(&self.money)
    }

    fn comes_from(&self, _to_right: bool, target: usize, _count: usize) -> Vec<usize> {
        if target == 0 { vec![0] } else { Vec::new() }
    }

    fn longest(&self, _to_right: bool, _sources: &[Option<u32>]) -> Option<u32> {
        None
    }
}
