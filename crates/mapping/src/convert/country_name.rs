//! `country name`: a country's code left, its English name right.

use super::{About, Any, Case, One, countries, need_texts, same};
use crate::schema::Kind;
use crate::value::{COUNTRY, Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "country name",
    form: "country name",
    says: "A country code of two letters on the left, the country's English short name on the right. Other usual names and the code itself are read as well.",
    read: |_| Ok(Any::CountryName(CountryName)),
    cases: &[
        Case {
            clause: "country name",
            left_kinds: &[Kind::Country],
            right_kinds: &[Kind::Text],
            left: r#"["DE"]"#,
            right: r#"["Germany"]"#,
            back: Some(r#"["DE"]"#),
        },
        Case {
            clause: "country name",
            left_kinds: &[Kind::Country],
            right_kinds: &[Kind::Text],
            left: r#"["us"]"#,
            right: r#"["United States"]"#,
            back: Some(r#"["US"]"#),
        },
    ],
};

/// `country name`: a country's code left, its English name right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountryName;

impl One for CountryName {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let code = code_of(left)?;
        let unnamed = Misfit { wanted: COUNTRY, found: left.word() };
        countries::name_of(code).map(|name| Value::Text(name.to_owned())).ok_or(unnamed)
    }

    fn left(&self, _index: usize, right: &Value) -> Result<Value, Misfit> {
        code_of(right).map(|code| Value::Text(code.to_owned()))
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        match (code_of(a), code_of(b)) {
            (Ok(a), Ok(b)) => a == b,
            (Ok(_) | Err(_), _) => same::code(a, b),
        }
    }
}

fn code_of(value: &Value) -> Result<&'static str, Misfit> {
    let misfit = Misfit { wanted: COUNTRY, found: value.word() };
    countries::code_of(same::text_of(value).ok_or(misfit)?).ok_or(misfit)
}
