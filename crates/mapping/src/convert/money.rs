//! `money`: an amount, with or without its currency.

use std::fmt;
use std::ops::RangeInclusive;

use super::words::{Words, bad_argument, quoted};
use super::{About, Any, Case, Direct, One, Passes, need, number, same};
use crate::problem::Problem;
use crate::schema::Kind;
use crate::value::{Misfit, Value, is_text};

pub(super) static ABOUT: About = About {
    name: "money",
    form: r#"money [in "EUR"] [with N decimals]"#,
    says: r#"An amount of money; with two fields a side, the amount and its currency, which are one value and written together. `with N decimals` rounds, halves to the even neighbour. `in "EUR"` says what currency an amount that stands alone is in; opposite to an amount with its currency, one of another currency does not fit."#,
    read,
    cases: &[
        Case {
            clause: "money with 2 decimals",
            left_kinds: &[Kind::Number, Kind::Currency],
            right_kinds: &[Kind::Number, Kind::Currency],
            left: r#"["10.005", "usd"]"#,
            right: r#"[10.00, "USD"]"#,
            back: Some(r#"[10.00, "USD"]"#),
        },
        Case {
            clause: r#"money in "EUR" with 2 decimals"#,
            left_kinds: &[Kind::Number],
            right_kinds: &[Kind::Number],
            left: "[99999999999999.995]",
            right: "[100000000000000.00]",
            back: Some("[100000000000000.00]"),
        },
        Case {
            clause: r#"money in "CHF""#,
            left_kinds: &[Kind::Number, Kind::Currency],
            right_kinds: &[Kind::Number],
            left: r#"[12.5, "chf"]"#,
            right: "[12.5]",
            back: Some(r#"[12.5, "CHF"]"#),
        },
        Case {
            clause: "money",
            left_kinds: &[Kind::Number],
            right_kinds: &[Kind::Number],
            left: "[9007199254740993.01]",
            right: "[9007199254740993.01]",
            back: Some("[9007199254740993.01]"),
        },
    ],
};

/// An amount, and perhaps its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Money {
    decimals: Option<u32>,
    currency: Option<String>,
}

impl Money {
    pub(super) fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }
}

fn read(words: &mut Words<'_>) -> Result<Any, Box<Problem>> {
    let mut money = Money { decimals: None, currency: None };
    loop {
        if money.decimals.is_none() && words.take("with") {
            money.decimals = Some(words.number("the number of decimals", 0, 18)?);
            if !words.take("decimal") {
                words.word("decimals")?;
            }
        } else if money.currency.is_none() && words.take("in") {
            let (code, span) = words.text("a currency code such as `EUR`")?;
            if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                let message = "expected a currency code of three capital letters such as `EUR`";
                return Err(bad_argument(span, message));
            }
            money.currency = Some(code.to_owned());
        } else {
            return Ok(Any::Money(money));
        }
    }
}

impl One for Money {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(currency) = &self.currency {
            write!(f, " in {}", quoted(currency))?;
        }
        match self.decimals {
            Some(decimals) => write!(f, " with {decimals} decimals"),
            None => Ok(()),
        }
    }

    fn arity(&self) -> RangeInclusive<usize> {
        if self.currency.is_some() { 1..=1 } else { 1..=2 }
    }

    fn fits(&self, index: usize, left: Kind, right: Kind) -> Result<(), String> {
        for (side, kind) in [("left", left), ("right", right)] {
            if index == 0 {
                need(kind == Kind::Number, ABOUT.name, side, "an amount (a number)", kind)?;
            } else {
                need(is_text(kind), ABOUT.name, side, "a currency as its second field", kind)?;
            }
        }
        Ok(())
    }

    fn right(&self, index: usize, left: &Value) -> Result<Value, Misfit> {
        if index == 0 {
            let amount = number::decimal_of(left)?;
            return Ok(Value::Number(self.decimals.map_or(amount, |n| amount.round(n))));
        }
        super::currency_code::CurrencyCode.right(0, left)
    }

    fn bearer(&self) -> Option<usize> {
        Some(0)
    }

    fn decimals(&self) -> Option<u32> {
        self.decimals
    }

    fn same_right(&self, index: usize, a: &Value, b: &Value) -> bool {
        if index == 0 { number::same(a, b) } else { same::code(a, b) }
    }

    fn direct(&self, index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(match index {
            0 => Direct::Number { decimals: self.decimals },
            _ => Direct::Text(Passes::CURRENCY),
        })
    }
}
