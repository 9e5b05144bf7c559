//! Places in a record that an example names: what stands there, and putting something there.
//!
//! In: a record, a path with selectors. Out: what is found, or the record with it. Must not know:
//! plans, sides.

use crate::decimal::Decimal;
use crate::json::Json;
use crate::tree::{Constant, Path, Segment};
use crate::value::{item_text, pieces};

/// A constant as a record has it.
pub(super) fn json_of(constant: &Constant) -> Json<'static> {
    match constant {
        Constant::Text(text) => Json::Text(text.clone().into()),
        Constant::Number(digits) => Json::Number(digits.clone().into()),
        Constant::Bool(flag) => Json::Bool(*flag),
        Constant::Blank => Json::Null,
    }
}

/// What stands at a path.
pub(super) fn find<'a>(record: &'a Json<'static>, path: &Path) -> Option<&'a Json<'static>> {
    let mut at = record;
    for segment in &path.segments {
        at = match segment {
            Segment::Name(name) => at.member(name).ok().flatten()?,
            Segment::First | Segment::FirstWith(_) | Segment::Is { .. } => {
                let items = elements(at)?;
                items.get(chosen(items, segment)?)?
            }
        };
    }
    Some(at)
}

/// The elements of a list, also as Salesforce nests children.
pub(super) fn elements<'a>(list: &'a Json<'static>) -> Option<&'a [Json<'static>]> {
    match list {
        Json::List(items) => Some(items),
        Json::Object(_) => elements(list.member("records").ok().flatten()?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => None,
    }
}

/// The same, to be changed. What is no list becomes an empty one.
pub(super) fn elements_mut<'a>(list: &'a mut Json<'static>) -> &'a mut Vec<Json<'static>> {
    let nested = matches!(list, Json::Object(_)) && elements(list).is_some();
    if nested && let Json::Object(members) = list {
        let records = members.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("records"));
        if let Some((_, records)) = records {
            return elements_mut(records);
        }
        unreachable!("`elements` found the member");
    }
    if !matches!(list, Json::List(_)) {
        *list = Json::List(Vec::new());
    }
    let Json::List(items) = list else { unreachable!("made a list above") };
    items
}

fn blank(json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        Json::List(items) => items.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => false,
    }
}

/// Which of the elements a selector means.
fn chosen(items: &[Json<'static>], segment: &Segment) -> Option<usize> {
    let member = |item: &Json<'static>, name: &str| item.member(name).ok().flatten().cloned();
    match segment {
        Segment::First => (!items.is_empty()).then_some(0),
        Segment::FirstWith(name) => {
            items.iter().position(|item| member(item, name).is_some_and(|found| !blank(&found)))
        }
        Segment::Is { name, value } => items.iter().position(
            |item| matches!(member(item, name), Some(Json::Text(text)) if text == value.as_str()),
        ),
        Segment::Name(_) => None,
    }
}

/// Puts a value at a path. An element that a selector does not find is added; one that is to be
/// blank as a whole is taken out.
pub(super) fn put(record: &mut Json<'static>, path: &[Segment], value: &Constant) {
    let Some((segment, rest)) = path.split_first() else {
        *record = like(record, value);
        return;
    };
    if let Segment::Name(name) = segment {
        if !matches!(record, Json::Object(_)) {
            *record = Json::Object(Vec::new());
        }
        let Json::Object(members) = record else { return };
        let exact = members.iter().position(|(key, _)| key == name.as_str());
        let near = || members.iter().position(|(key, _)| key.eq_ignore_ascii_case(name));
        let index = exact.or_else(near).unwrap_or_else(|| {
            members.push((name.clone().into(), Json::Null));
            members.len() - 1
        });
        if let Some((_, member)) = members.get_mut(index) {
            put(member, rest, value);
        }
        return;
    }
    let items = elements_mut(record);
    let index = chosen(items, segment);
    if rest.is_empty() && *value == Constant::Blank {
        if let Some(index) = index {
            items.remove(index);
        }
        return;
    }
    let index = index.unwrap_or_else(|| {
        items.push(Json::Object(match segment {
            Segment::Is { name, value } => {
                vec![(name.clone().into(), Json::Text(value.clone().into()))]
            }
            Segment::Name(_) | Segment::First | Segment::FirstWith(_) => Vec::new(),
        }));
        items.len() - 1
    });
    if let Some(item) = items.get_mut(index) {
        put(item, rest, value);
    }
}

/// The value in the shape that the record has there: several values in a list.
fn like(old: &Json<'static>, value: &Constant) -> Json<'static> {
    match (old, value) {
        (Json::List(_), Constant::Text(text)) => Json::List(pieces(text, ";")),
        (
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::Text(_)
            | Json::List(_)
            | Json::Object(_),
            value,
        ) => json_of(value),
    }
}

/// Whether what is found is what the example says: numbers by value, moments by time, several
/// values as a set.
pub(super) fn is(found: Option<&Json<'static>>, wanted: &Constant) -> bool {
    let Some(found) = found else { return *wanted == Constant::Blank };
    match (found, wanted) {
        (found, Constant::Blank) => blank(found),
        (Json::Bool(found), Constant::Bool(wanted)) => found == wanted,
        (Json::Number(found) | Json::Text(found), Constant::Number(wanted)) => {
            let (found, wanted) = (Decimal::parse(found), Decimal::parse(wanted));
            matches!((found, wanted), (Ok(found), Ok(wanted)) if found == wanted)
        }
        (Json::Text(found), Constant::Text(wanted)) => {
            let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
            found == wanted.as_str()
                || matches!((moment(found), moment(wanted)), (Some(a), Some(b)) if a == b)
                || same_set(&pieces(found, ";"), wanted)
        }
        (Json::List(found), Constant::Text(wanted)) => same_set(found, wanted),
        (
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::Text(_)
            | Json::List(_)
            | Json::Object(_),
            Constant::Text(_) | Constant::Number(_) | Constant::Bool(_),
        ) => false,
    }
}

fn same_set(found: &[Json<'static>], wanted: &str) -> bool {
    let wanted = pieces(wanted, ";");
    let texts = |items: &[Json<'static>]| {
        let mut texts: Vec<String> =
            items.iter().filter_map(|item| item_text(item).map(|t| t.trim().to_owned())).collect();
        texts.sort();
        texts.dedup();
        texts
    };
    wanted.len() > 1 && texts(found) == texts(&wanted)
        || found.len() == 1 && texts(found) == texts(&wanted)
}
