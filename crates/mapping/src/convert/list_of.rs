//! `list of MEMBER joined by SEP`: one member of each element of a list left, one text right.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use super::way::{Fields, Way, all_same};
use super::words::{bad_argument, quoted};
use super::{About, Any, Case, Direct, Unbound, need, same};
use crate::json::Json;
use crate::schema::Kind;
use crate::tree::Arrow;
use crate::value::{Misfit, Value, is_text, item_text, pieces, text_value};

pub(super) static ABOUT: About = About {
    name: "list of",
    form: r#"list of MEMBER joined by "SEP""#,
    says: "A list of elements on the left, one member of each in one text on the right with SEP between them. Both are compared as sets. On the way back elements that are known stay as they are, those that are not in the text go, and a new one has just that member. An element without the member stays, and stays out of the text.",
    read: |words| {
        let Some(member) = words.listed().first().map(|&member| member.to_owned()) else {
            let at = words.rest().unwrap_or_default();
            return Err(bad_argument(at, "expected the name of a member of the elements"));
        };
        words.word("joined")?;
        words.word("by")?;
        let (separator, span) = words.text("the text between two items")?;
        if separator.is_empty() {
            return Err(bad_argument(span, "expected a separator, found an empty text"));
        }
        Ok(Any::ListOf(ListOf { member, separator: separator.to_owned() }))
    },
    cases: &[Case {
        clause: r#"list of id joined by "; ""#,
        left_kinds: &[Kind::List],
        right_kinds: &[Kind::Text],
        left: r#"[[{"id": "SOL-1", "name": "Planner"}, {"id": "SOL-2"}]]"#,
        right: r#"["SOL-1; SOL-2"]"#,
        back: Some(r#"[[{"id": "SOL-1"}, {"id": "SOL-2"}]]"#),
    }],
};

/// Elements of a list by one of their members, in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListOf {
    member: String,
    separator: String,
}

impl ListOf {
    pub(super) fn member(&self) -> &str {
        &self.member
    }

    /// What splits a text: the separator without blanks around it, unless it is nothing else.
    fn splitter(&self) -> &str {
        match self.separator.trim() {
            "" => &self.separator,
            bare => bare,
        }
    }

    /// What an element is called in the text; none: it is not in it.
    fn word(&self, element: &Json<'_>) -> Result<Option<String>, Misfit> {
        let found = element.member(&self.member).map_err(|_| Misfit {
            wanted: "a list of elements that have their member once",
            found: "one that has it twice",
        })?;
        let found = found.and_then(item_text);
        let Some(word) = found.as_deref().map(str::trim).filter(|word| !word.is_empty()) else {
            return Ok(None);
        };
        if word.contains(self.splitter()) {
            return Err(Misfit {
                wanted: "a list of elements without the separator in their member",
                found: "one with it",
            });
        }
        Ok(Some(word.to_owned()))
    }

    fn words(&self, list: &Value) -> Result<Vec<String>, Misfit> {
        let Value::List(elements) = list else { return Ok(Vec::new()) };
        let (mut words, mut known) = (Vec::new(), HashSet::new());
        for element in elements {
            if let Some(word) = self.word(element)?
                && known.insert(word.clone())
            {
                words.push(word);
            }
        }
        Ok(words)
    }

    fn spread(&self, text: &str, old: Option<&Value>) -> Result<Value, Misfit> {
        let missing: Vec<String> =
            pieces(text, self.splitter()).iter().filter_map(item_text).map(Into::into).collect();
        let wanted: BTreeSet<String> = missing.iter().cloned().collect();
        let (mut elements, mut there) = (Vec::new(), BTreeSet::new());
        if let Some(Value::List(known)) = old {
            for element in known {
                let word = self.word(element)?;
                if word.as_ref().is_none_or(|word| wanted.contains(word)) {
                    elements.push(element.clone());
                }
                there.extend(word);
            }
        }
        for word in missing {
            if there.insert(word.clone()) {
                let member = (self.member.clone().into(), Json::Text(word.into()));
                elements.push(Json::Object(vec![member]));
            }
        }
        Ok(if elements.is_empty() { Value::Blank } else { Value::List(elements) })
    }
}

impl Way for ListOf {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {} joined by {}", self.member, quoted(&self.separator))
    }

    fn bind(&mut self, _fields: &Fields<'_>) -> Result<(), Unbound> {
        Ok(())
    }

    fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        let (&[left], &[right]) = (left, right) else {
            let (left, right) = (left.len(), right.len());
            return Err(format!(
                "expected one field on each side, found {left} left and {right} right"
            ));
        };
        need(left == Kind::List, ABOUT.name, "left", "a list", left)?;
        need(is_text(right), ABOUT.name, "right", "a text", right)
    }

    fn allows(&self, _arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        Ok(())
    }

    fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        let list = left.first().unwrap_or(&Value::Blank);
        Ok(vec![text_value(self.words(list)?.join(&self.separator))])
    }

    fn to_left(&self, right: &[Value], old: Option<&[Value]>) -> Result<Vec<Value>, Misfit> {
        let old = old.and_then(<[Value]>::first);
        match right.first() {
            Some(Value::Text(text)) => Ok(vec![self.spread(text, old)?]),
            None | Some(Value::Blank) => Ok(vec![self.spread("", old)?]),
            Some(
                other @ (Value::Bool(_)
                | Value::Number(_)
                | Value::Date(_)
                | Value::Instant(_)
                | Value::List(_)
                | Value::Other(_)),
            ) => Err(Misfit { wanted: "text", found: other.word() }),
        }
    }

    fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        let set = |values: &[Value]| -> Option<BTreeSet<String>> {
            let words = self.words(values.first()?).ok()?;
            Some(words.into_iter().collect())
        };
        match (set(a), set(b)) {
            (Some(a), Some(b)) => a == b,
            (Some(_) | None, _) => a == b,
        }
    }

    fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        all_same(a, b, |_, a, b| same::items(a, b, self.splitter()))
    }

    fn united(&self, to_right: bool, own: &Value, arriving: &Value) -> Value {
        if to_right {
            return same::united(own, arriving, self.splitter(), &self.separator);
        }
        let (Value::List(known), Value::List(more)) = (own, arriving) else {
            return if own.is_blank() { arriving.clone() } else { own.clone() };
        };
        let word = |element: &Json<'_>| self.word(element).ok().flatten();
        let words: BTreeSet<String> = known.iter().filter_map(word).collect();
        let new = more.iter().filter(|element| word(element).is_some_and(|w| !words.contains(&w)));
        Value::List(known.iter().chain(new).cloned().collect())
    }

    fn longest(&self, _to_right: bool, _sources: &[Option<u32>]) -> Option<u32> {
        None
    }

    fn direct(&self, to_right: bool, _count: usize) -> Option<Direct<'_>> {
        let (separator, splitter) = (self.separator.as_str(), self.splitter());
        to_right.then_some(Direct::Joined {
            member: Some(&self.member),
            once: true,
            separator,
            splitter,
        })
    }
}
