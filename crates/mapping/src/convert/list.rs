//! `list joined by SEP`: a list left, one text right.

use std::borrow::Cow;
use std::fmt;

use super::words::{bad_argument, quoted};
use super::{About, Any, Case, Direct, One, need, same};
use crate::json::Json;
use crate::schema::Kind;
use crate::value::{Misfit, Value, is_text, item_text, pieces, text_value};

pub(super) static ABOUT: About = About {
    name: "list joined by",
    form: r#"list joined by "SEP""#,
    says: "A list on the left, its items in one text on the right with SEP between them. Both are compared as sets: order and repetition do not matter. An item that holds SEP itself does not fit.",
    read: |words| {
        let (separator, span) = words.text("the text between two items")?;
        if separator.is_empty() {
            return Err(bad_argument(span, "expected a separator, found an empty text"));
        }
        Ok(Any::List(List { separator: separator.to_owned() }))
    },
    cases: &[
        Case {
            clause: r#"list joined by ";""#,
            left_kinds: &[Kind::List],
            right_kinds: &[Kind::MultiEnum],
            left: r#"[["Azure", "Teams"]]"#,
            right: r#"["Azure;Teams"]"#,
            back: Some(r#"[["Azure", "Teams"]]"#),
        },
        Case {
            clause: r#"list joined by ", ""#,
            left_kinds: &[Kind::List],
            right_kinds: &[Kind::Text],
            left: r#"[["a", "b", 3]]"#,
            right: r#"["a, b, 3"]"#,
            back: Some(r#"[["a", "b", "3"]]"#),
        },
    ],
};

/// A list and its items in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    separator: String,
}

impl List {
    /// What splits a text: the separator without blanks around it, unless it is nothing else.
    fn splitter(&self) -> &str {
        match self.separator.trim() {
            "" => &self.separator,
            bare => bare,
        }
    }
}

impl One for List {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", quoted(&self.separator))
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        let list = matches!(left, Kind::List | Kind::MultiEnum);
        need(list, ABOUT.name, "left", "a list", left)?;
        if right == Kind::MultiEnum && self.separator != ";" {
            return Err("several values of a list are joined by `\";\"`".to_owned());
        }
        let text = right == Kind::MultiEnum || is_text(right);
        need(text, ABOUT.name, "right", "a text", right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let wanted = "a list of single values without the separator";
        let misfit = Misfit { wanted, found: left.word() };
        match left {
            Value::List(items) => {
                let items = items.iter().filter(|item| !matches!(item, Json::Null));
                let texts: Option<Vec<Cow<'_, str>>> = items.map(item_text).collect();
                let texts = texts.ok_or(Misfit { wanted, found: "a list of something else" })?;
                let texts: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
                if texts.iter().any(|text| text.contains(self.splitter())) {
                    return Err(Misfit { wanted, found: "an item with the separator in it" });
                }
                let full: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
                Ok(text_value(full.join(&self.separator)))
            }
            Value::Text(_) => Ok(left.clone()),
            Value::Blank
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::Other(_) => Err(misfit),
        }
    }

    fn left(&self, _index: usize, right: &Value) -> Result<Value, Misfit> {
        match right {
            Value::Text(text) => Ok(Value::List(pieces(text, self.splitter()))),
            Value::List(_) => Ok(right.clone()),
            Value::Blank
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::Other(_) => Err(Misfit { wanted: "text", found: right.word() }),
        }
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::items(a, b, self.splitter())
    }

    fn separator(&self) -> (&str, &str) {
        (self.splitter(), &self.separator)
    }

    fn direct(&self, _index: usize, to_right: bool) -> Option<Direct<'_>> {
        let (separator, splitter) = (self.separator.as_str(), self.splitter());
        to_right.then_some(Direct::Joined { member: None, once: false, separator, splitter })
    }
}
