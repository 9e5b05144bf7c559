//! `country code`: an ISO 3166 code.

use super::{About, Any, Case, One, countries, need_texts, same};
use crate::schema::Kind;
use crate::value::{COUNTRY_CODE, Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "country code",
    form: "country code",
    says: "A country code of two letters (ISO 3166-1), written in capitals. Case and blanks around it do not matter.",
    read: |_| Ok(Any::CountryCode(CountryCode)),
    cases: &[Case {
        clause: "country code",
        left_kinds: &[Kind::Country],
        right_kinds: &[Kind::Text],
        left: r#"["de"]"#,
        right: r#"["DE"]"#,
        back: Some(r#"["DE"]"#),
    }],
};

/// `country code`: an ISO 3166 code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountryCode;

impl One for CountryCode {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let misfit = Misfit { wanted: COUNTRY_CODE, found: left.word() };
        let text = same::text_of(left).ok_or(misfit)?;
        countries::known_code(text).map(|code| Value::Text(code.to_owned())).ok_or(misfit)
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::code(a, b)
    }
}
