//! `$filter` of a list. In comes its text; out goes a test for referrals, or the refusal. It must not know
//! pages.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    referral::text,
    refusal::{Done, Stop, invalid},
};
use crate::clock;

/// What one term asks for.
#[derive(Debug, PartialEq)]
enum Term {
    /// `field eq 'value'`; `None` stands for null.
    Equal(&'static str, Option<String>),
    /// `team/any(t:t/email eq 'value')`
    TeamHas(String),
    /// `updatedDateTime ge 2026-03-02T09:14:27Z`, in ticks.
    Time(&'static str, Comparison, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}

/// Terms of which all have to hold.
#[derive(Debug, Default)]
pub(crate) struct Filter(Vec<Term>);

impl Filter {
    /// Reads `a eq 'x' and team/any(t:t/email eq 'y')`; times only if `by_time`.
    pub(crate) fn parse(text: &str, by_time: bool) -> Done<Self> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (term, after) = match rest.strip_prefix("team/any(") {
                Some(inner) => any(inner)?,
                None => comparison(rest, by_time)?,
            };
            terms.push(term);
            rest = after.trim_start();
            if let Some(next) = rest.strip_prefix("and ") {
                rest = next.trim_start();
                if rest.is_empty() {
                    return Err(wrong("A term is missing after and."));
                }
            } else if !rest.is_empty() {
                return Err(wrong("Terms are joined by and."));
            }
        }
        Ok(Self(terms))
    }

    /// Lets only deals through that have this address in their team.
    pub(crate) fn add_member(&mut self, address: &str) {
        self.0.push(Term::TeamHas(address.to_owned()));
    }

    /// Whether it lets everything through.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The engagement that all referrals must belong to, if it names one.
    pub(crate) fn engagement(&self) -> Option<&str> {
        self.0.iter().find_map(|term| match term {
            Term::Equal("/engagementId", Some(value)) => Some(value.as_str()),
            Term::Equal(..) | Term::TeamHas(_) | Term::Time(..) => None,
        })
    }

    /// Whether a referral fulfils all terms.
    pub(crate) fn fits(&self, referral: &Value) -> bool {
        self.0.iter().all(|term| match term {
            Term::Equal(pointer, value) => {
                let found = referral.pointer(pointer).and_then(Value::as_str);
                match (value, found) {
                    (Some(value), Some(found)) => value == found,
                    (None, None) => true,
                    (None, Some(_)) | (Some(_), None) => false,
                }
            }
            Term::TeamHas(email) => {
                let team = referral.get("team").and_then(Value::as_array);
                let has = |member: &Value| text(member, "/email").eq_ignore_ascii_case(email);
                team.is_some_and(|team| team.iter().any(has))
            }
            Term::Time(pointer, comparison, ticks) => clock::ticks(text(referral, pointer))
                .is_some_and(|found| comparison.holds(found.cmp(ticks))),
        })
    }
}

fn wrong(message: &str) -> Stop {
    invalid("$filter", "invalidFilter", message)
}

fn comparison(text: &str, by_time: bool) -> Done<(Term, &str)> {
    let missing = || wrong("A value is missing.");
    let (field, after) = text.split_once(' ').ok_or_else(missing)?;
    let (word, after) = after.trim_start().split_once(' ').ok_or_else(missing)?;
    let after = after.trim_start();
    let is_quoted = after.starts_with('\'');
    let (value, after) = value(after).ok_or_else(|| wrong("The value is not closed."))?;
    let time = match field {
        "updatedDateTime" => Some("/updatedDateTime"),
        "createdDateTime" => Some("/createdDateTime"),
        _ => None,
    };
    if let Some(pointer) = time.filter(|_| by_time) {
        let comparison =
            Comparison::named(word).ok_or_else(|| wrong("This comparison is not supported."))?;
        let ticks = value.as_deref().and_then(clock::ticks);
        let ticks = ticks.ok_or_else(|| wrong("A time must be in UTC with a Z."))?;
        return Ok((Term::Time(pointer, comparison, ticks), after));
    }
    let Some(pointer) = pointer(field) else {
        return Err(wrong(&format!("Filtering by {field} is not supported.")));
    };
    if word != "eq" {
        return Err(wrong("Only eq is supported."));
    }
    // Links of the service itself name engagements without quotes, and ids are the same in any case.
    if pointer == "/engagementId" {
        return Ok((Term::Equal(pointer, value.map(|value| value.to_lowercase())), after));
    }
    if value.is_some() && !is_quoted {
        return Err(wrong("A text must be in single quotes."));
    }
    Ok((Term::Equal(pointer, value), after))
}

/// Reads `t:t/email eq 'x')`.
fn any(inner: &str) -> Done<(Term, &str)> {
    let unknown = || wrong("Only team/any(t:t/email eq '…') is supported.");
    let (variable, after) = inner.split_once(':').ok_or_else(unknown)?;
    let after = after.trim_start().strip_prefix(variable.trim()).ok_or_else(unknown)?;
    let after = after.strip_prefix("/email eq ").ok_or_else(unknown)?.trim_start();
    if variable.trim().is_empty() || !after.starts_with('\'') {
        return Err(unknown());
    }
    let (value, after) = value(after).ok_or_else(|| wrong("The value is not closed."))?;
    let after = after.trim_start().strip_prefix(')').ok_or_else(unknown)?;
    Ok((Term::TeamHas(value.unwrap_or_default()), after))
}

fn pointer(field: &str) -> Option<&'static str> {
    Some(match field {
        "engagementId" => "/engagementId",
        "externalReferenceId" => "/externalReferenceId",
        "status" => "/status",
        "substatus" => "/substatus",
        "type" => "/type",
        "direction" => "/direction",
        "qualification" => "/qualification",
        "customerProfile/address/country" => "/customerProfile/address/country",
        _ => return None,
    })
}

/// A quoted value, in which two quotes stand for one, or a bare word; and what follows.
fn value(text: &str) -> Option<(Option<String>, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        return Some(((word != "null").then(|| word.to_owned()), rest));
    };
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((Some(value), after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_terms_joined_by_and() {
        let text = "status eq 'New' and engagementId eq 5-6 and type eq 'It''s' and \
                    team/any(t:t/email eq 'a@b.example') and externalReferenceId eq null";
        let equal = |pointer, value: &str| Term::Equal(pointer, Some(value.to_owned()));
        let filter = Filter::parse(text, false).unwrap();
        assert_eq!(filter.engagement(), Some("5-6"));
        assert_eq!(
            filter.0,
            [
                equal("/status", "New"),
                equal("/engagementId", "5-6"),
                equal("/type", "It's"),
                Term::TeamHas("a@b.example".to_owned()),
                Term::Equal("/externalReferenceId", None),
            ]
        );
        for bad in [
            "status",
            "status eq New",
            "status ne 'New'",
            "name eq 'x'",
            "status eq 'New",
            "status eq 'New' or",
            "team/any(t:x/email eq 'a')",
            "team/any(t:t/phone eq 'a')",
            "team/any(t:t/email eq 'a'",
            "updatedDateTime gt 2026-03-02T09:14:27Z",
        ] {
            assert!(Filter::parse(bad, false).is_err(), "{bad}");
        }
        assert!(Filter::parse("", false).unwrap().is_empty());
    }

    #[test]
    fn times_are_compared_when_wanted() {
        let at = |time: &str| serde_json::json!({ "updatedDateTime": time });
        let fits = |word: &str, time: &str| {
            let text = format!("updatedDateTime {word} 2026-03-02T09:14:27Z");
            Filter::parse(&text, true).unwrap().fits(&at(time))
        };
        assert!(fits("ge", "2026-03-02T09:14:27.0000000Z") && fits("gt", "2026-03-02T09:14:27.1Z"));
        assert!(!fits("gt", "2026-03-02T09:14:27Z") && fits("lt", "2026-03-01T00:00:00Z"));
        assert!(Filter::parse("updatedDateTime gt soon", true).is_err());
    }
}
