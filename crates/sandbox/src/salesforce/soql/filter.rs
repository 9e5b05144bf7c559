//! Conditions on a row. In come a condition and a way to read fields; out goes yes or no, and which rows
//! are worth reading at all. It must not know how rows are stored.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    resolve::{Filter, Operand, Reach},
    tree::Operator,
};
use crate::{
    decimal::Decimal,
    salesforce::{model::Kind, refusal::Done},
    store::Pick,
};

/// Whether a row (or another thing) fits; `read` gives the value of a condition's subject.
pub(super) fn fits<S>(filter: &Filter<'_, S>, read: &dyn Fn(&S) -> Done<Value>) -> Done<bool> {
    match filter {
        Filter::And(filters) => {
            for filter in filters {
                if !fits(filter, read)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Filter::Or(filters) => {
            for filter in filters {
                if fits(filter, read)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Filter::Not(filter) => Ok(!fits(filter, read)?),
        Filter::Compare { reach, operator, value } => Ok(holds(&read(reach)?, *operator, value)),
        Filter::In { reach, negated, values } => {
            let found = read(reach)?;
            let is_in = values.iter().any(|value| holds(&found, Operator::Equal, value));
            Ok(is_in != *negated)
        }
        Filter::Includes { reach, negated, values } => {
            let found = read(reach)?;
            let chosen: Vec<String> = found.as_str().map_or_else(Vec::new, parts);
            let fits = |all: &Vec<String>| all.iter().all(|one| chosen.contains(one));
            Ok(values.iter().any(fits) != *negated)
        }
        // Whoever carries out a query puts values in its place first.
        Filter::Within { .. } => Ok(false),
    }
}

/// The values of a field that holds several, in lower case.
pub(super) fn parts(text: &str) -> Vec<String> {
    text.split(';').map(|part| part.trim().to_lowercase()).collect()
}

fn holds(found: &Value, operator: Operator, value: &Operand) -> bool {
    let order = compare(found, value);
    match operator {
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::Unequal => order != Some(Ordering::Equal),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Like => match (found.as_str(), value) {
            (Some(text), Operand::Text(pattern)) => like(&text.to_lowercase(), pattern),
            (
                _,
                Operand::Null
                | Operand::Flag(_)
                | Operand::Number(_)
                | Operand::Text(_)
                | Operand::Id(_)
                | Operand::Time(_)
                | Operand::Span(..),
            ) => false,
        },
    }
}

/// Compares a stored value; nothing equals nothing, and has no order beside anything else.
fn compare(found: &Value, value: &Operand) -> Option<Ordering> {
    match (found, value) {
        (Value::Null, Operand::Null) => Some(Ordering::Equal),
        (Value::Bool(found), Operand::Flag(flag)) => Some(found.cmp(flag)),
        (Value::Number(found), Operand::Number(number)) => {
            Decimal::parse(&found.to_string()).map(|found| found.compare(*number))
        }
        (Value::String(found), Operand::Text(text)) => Some(found.to_lowercase().cmp(text)),
        (Value::String(found), Operand::Id(text) | Operand::Time(text)) => Some(found.cmp(text)),
        (Value::String(found), Operand::Span(from, to)) => Some(if found < from {
            Ordering::Less
        } else if found < to {
            Ordering::Equal
        } else {
            Ordering::Greater
        }),
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => None,
    }
}

/// Matches `%` and `_`; a backslash makes the next character plain. Both in lower case.
fn like(text: &str, pattern: &str) -> bool {
    #[derive(PartialEq)]
    enum Part {
        Any,
        One,
        Plain(char),
    }
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Plain(characters.next().unwrap_or('\\')),
            other => Part::Plain(other),
        });
    }
    // The places of the pattern that the text read so far can have come to.
    let skip = |places: &mut Vec<usize>| {
        let mut at = 0;
        while let Some(place) = places.get(at).copied() {
            if parts.get(place) == Some(&Part::Any) && !places.contains(&(place + 1)) {
                places.push(place + 1);
            }
            at += 1;
        }
    };
    let mut places = vec![0];
    skip(&mut places);
    for character in text.chars() {
        let mut next = Vec::new();
        for place in places {
            let to = match parts.get(place) {
                Some(Part::Any) => place,
                Some(Part::One) => place + 1,
                Some(Part::Plain(wanted)) if *wanted == character => place + 1,
                Some(Part::Plain(_)) | None => continue,
            };
            if !next.contains(&to) {
                next.push(to);
            }
        }
        skip(&mut next);
        places = next;
    }
    places.contains(&parts.len())
}

/// Which rows must be read to find all that fit.
pub(super) fn pick(filter: Option<&Filter<'_>>) -> Pick {
    match filter {
        Some(Filter::And(filters)) => {
            let picks: Vec<Pick> = filters.iter().map(|filter| pick(Some(filter))).collect();
            let rank = |pick: &Pick| match pick {
                Pick::Ids(_) => 0,
                Pick::Key(..) => 1,
                Pick::Since(_) => 2,
                Pick::All => 3,
            };
            picks.into_iter().min_by_key(rank).unwrap_or(Pick::All)
        }
        Some(Filter::Compare { reach, operator, value }) => match operator {
            Operator::Equal => by_values(reach, std::slice::from_ref(value)),
            Operator::Greater | Operator::GreaterOrEqual => since(reach, value),
            Operator::Unequal | Operator::Less | Operator::LessOrEqual | Operator::Like => {
                Pick::All
            }
        },
        Some(Filter::In { reach, negated: false, values }) => by_values(reach, values),
        Some(
            Filter::In { negated: true, .. }
            | Filter::Or(_)
            | Filter::Not(_)
            | Filter::Includes { .. }
            | Filter::Within { .. },
        )
        | None => Pick::All,
    }
}

fn by_values(reach: &Reach<'_>, values: &[Operand]) -> Pick {
    if !reach.parents.is_empty() || reach.through.is_some() {
        return Pick::All;
    }
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| match value {
            Operand::Id(text) | Operand::Text(text) => Some(text.clone()),
            Operand::Null
            | Operand::Flag(_)
            | Operand::Number(_)
            | Operand::Time(_)
            | Operand::Span(..) => None,
        })
        .collect();
    match texts {
        Some(texts) if matches!(reach.field.kind, Kind::Id) => Pick::Ids(texts),
        Some(texts) if reach.field.is_indexed() => Pick::Key(reach.field.name.clone(), texts),
        Some(_) | None => Pick::All,
    }
}

fn since(reach: &Reach<'_>, value: &Operand) -> Pick {
    match value {
        Operand::Time(time)
            if reach.parents.is_empty()
                && reach.through.is_none()
                && reach.field.name == "SystemModstamp" =>
        {
            Pick::Since(time.clone())
        }
        Operand::Time(_)
        | Operand::Span(..)
        | Operand::Null
        | Operand::Flag(_)
        | Operand::Number(_)
        | Operand::Text(_)
        | Operand::Id(_) => Pick::All,
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern) in [
            ("abc", "a%"),
            ("abc", "%b%"),
            ("abc", "a_c"),
            ("a%c", "a\\%c"),
            ("", "%"),
            ("aab", "%ab"),
        ] {
            assert!(like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in
            [("abc", "a"), ("abc", "_"), ("abc", "a\\%c"), ("", "_"), ("ab", "b%")]
        {
            assert!(!like(text, pattern), "{text} {pattern}");
        }
    }
}
