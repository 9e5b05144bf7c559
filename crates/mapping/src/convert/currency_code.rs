//! `currency code`: an ISO 4217 code.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "currency code",
    form: "currency code",
    says: "A currency code of three letters (ISO 4217), written in capitals. Case and blanks around it do not matter.",
    read: |_| Ok(Any::CurrencyCode(CurrencyCode)),
    cases: &[Case {
        clause: "currency code",
        left_kinds: &[Kind::Currency],
        right_kinds: &[Kind::Currency],
        left: r#"["eur "]"#,
        right: r#"["EUR"]"#,
        back: Some(r#"["EUR"]"#),
    }],
};

/// `currency code`: an ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CurrencyCode;

impl One for CurrencyCode {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let misfit = Misfit { wanted: "a currency code such as EUR", found: left.word() };
        let text = same::text_of(left).ok_or(misfit)?.trim();
        if text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
            Ok(Value::Text(text.to_ascii_uppercase()))
        } else {
            Err(misfit)
        }
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::code(a, b)
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Text(Passes::CURRENCY))
    }
}
