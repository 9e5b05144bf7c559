//! `email`: an e-mail address.

use super::{About, Any, Case, One, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value};

pub(super) static ABOUT: About = About {
    name: "email",
    form: "email",
    says: "An e-mail address. Case and blanks around it do not matter.",
    read: |_| Ok(Any::Email(Email)),
    cases: &[Case {
        clause: "email",
        left_kinds: &[Kind::Email],
        right_kinds: &[Kind::Email],
        left: r#"[" Ada@Contoso.example"]"#,
        right: r#"["Ada@Contoso.example"]"#,
        back: Some(r#"["Ada@Contoso.example"]"#),
    }],
};

/// `email`: an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Email;

impl One for Email {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let misfit = Misfit { wanted: "an e-mail address", found: left.word() };
        let text = same::text_of(left).ok_or(misfit)?.trim();
        let (name, domain) = text.split_once('@').ok_or(misfit)?;
        let fits = !name.is_empty() && !domain.is_empty() && !domain.contains('@');
        if fits && !text.contains(char::is_whitespace) {
            Ok(Value::Text(text.to_owned()))
        } else {
            Err(misfit)
        }
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::code(a, b)
    }
}
