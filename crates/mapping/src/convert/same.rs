//! When two values of one side say the same.
//!
//! In: two values that are not blank. Out: yes or no. Must not know: conversions, sides.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::RoundMode;
use jiff::{Timestamp, TimestampRound, Unit};

use crate::json::Json;
use crate::value::{Value, item_text, pieces, text_value};

/// The text of a value that is one.
pub(super) fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => None,
    }
}

/// Both are texts and `form` makes the same of them.
pub(super) fn by<'v, F: PartialEq>(
    a: &'v Value,
    b: &'v Value,
    form: impl Fn(&'v str) -> F,
) -> bool {
    match (text_of(a), text_of(b)) {
        (Some(a), Some(b)) => form(a) == form(b),
        (Some(_) | None, _) => a == b,
    }
}

/// A text as it is compared: without blanks around it. Entities and line ends were decoded when it
/// was read, once.
pub(super) fn bare(text: &str) -> String {
    text.trim().to_owned()
}

/// Texts, whatever their line ends, entities and outer blanks.
pub(super) fn text(a: &Value, b: &Value) -> bool {
    by(a, b, bare)
}

/// Codes and addresses: case does not matter either.
pub(super) fn code(a: &Value, b: &Value) -> bool {
    by(a, b, |text| bare(text).to_lowercase())
}

/// Phone numbers: what people put between the digits does not matter.
pub(super) fn phone(a: &Value, b: &Value) -> bool {
    by(a, b, |text| {
        let keep = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '(' | ')' | '.' | '/');
        bare(text).chars().filter(keep).collect::<String>().to_lowercase()
    })
}

/// Web addresses: case does not matter up to the path, nor does a slash that is the whole path.
pub(super) fn url(a: &Value, b: &Value) -> bool {
    by(a, b, |text| {
        let text = bare(text);
        let host = text.find("://").map_or(0, |at| at + 3);
        let rest = text.get(host..).unwrap_or("");
        let path = rest.find(['/', '?', '#']).map_or(text.len(), |at| host + at);
        let (start, path) = (text.get(..path).unwrap_or(""), text.get(path..).unwrap_or(""));
        start.to_lowercase() + if path == "/" { "" } else { path }
    })
}

/// Lists and joined texts: the same items in any order, however often.
pub(super) fn items(a: &Value, b: &Value, separator: &str) -> bool {
    match (item_set(a, separator), item_set(b, separator)) {
        (Some(a), Some(b)) => a == b,
        (Some(_) | None, _) => a == b,
    }
}

/// The items of a list or a joined text, and those of another that it lacks.
pub(super) fn united(own: &Value, more: &Value, splitter: &str, separator: &str) -> Value {
    if own.is_blank() {
        return more.clone();
    }
    let said = |item: &Json<'_>| item_text(item).map(|text| bare(&text));
    let mut items = items_of(own, splitter);
    let mut known: Vec<Option<String>> = items.iter().map(said).collect();
    let before = items.len();
    for item in items_of(more, splitter) {
        let text = said(&item);
        let lacks = match &text {
            Some(text) => !text.is_empty() && !known.contains(&Some(text.clone())),
            None => !items.contains(&item),
        };
        if lacks {
            known.push(text);
            items.push(item);
        }
    }
    match own {
        _ if items.len() == before => own.clone(),
        Value::Text(_) => {
            let texts: Vec<Cow<'_, str>> = items.iter().filter_map(item_text).collect();
            text_value(texts.join(separator))
        }
        Value::List(_)
        | Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::Other(_) => Value::List(items),
    }
}

fn items_of(value: &Value, splitter: &str) -> Vec<Json<'static>> {
    match value {
        Value::List(items) => items.clone(),
        Value::Text(text) => pieces(text, splitter),
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::Other(_) => Vec::new(),
    }
}

fn item_set(value: &Value, separator: &str) -> Option<BTreeSet<String>> {
    match value {
        Value::Text(text) => {
            let pieces = text.split(separator).map(bare);
            Some(pieces.filter(|piece| !piece.is_empty()).collect())
        }
        Value::List(items) => {
            let texts: Option<Vec<Cow<'_, str>>> = items.iter().map(item_text).collect();
            let texts = texts?.into_iter().map(|text| bare(&text));
            Some(texts.filter(|text| !text.is_empty()).collect())
        }
        Value::Blank
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::Other(_) => None,
    }
}

/// Moments: within the same second, which is all that Salesforce keeps.
pub(super) fn moment(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Instant(a), Value::Instant(b)) => whole_second(*a) == whole_second(*b),
        (a, b) => a == b,
    }
}

/// The moment without a fraction of a second.
pub(super) fn whole_second(moment: Timestamp) -> Timestamp {
    let down = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    moment.round(down).unwrap_or(moment)
}
