//! Changes put into a record that was read.
//!
//! In: a record or an element, changes with dotted paths. Out: the same with the changes in it; what
//! they do not name stays. Must not know: slots, plans.

use crate::decision::{Change, names, selected};
use crate::json::{self, Json};

/// A record or element with some of its members replaced; what the map does not name stays.
pub(crate) fn with_changes(mut json: Json<'static>, changes: &[Change]) -> Json<'static> {
    for change in changes {
        let value = json::read(change.value.as_bytes()).map_or(Json::Null, Json::into_owned);
        put(&mut json, &names(&change.path), value);
    }
    json
}

fn put(json: &mut Json<'static>, path: &[&str], value: Json<'static>) {
    let Some((name, rest)) = path.split_first() else {
        *json = value;
        return;
    };
    let found = match selected(name) {
        Some((list, key, wanted)) => member(json, list).and_then(|list| element(list, key, wanted)),
        None => member(json, name),
    };
    if let Some(found) = found {
        put(found, rest, value);
    }
}

/// The member of an object, made when it is not there; what is no object becomes one.
fn member<'j>(json: &'j mut Json<'static>, name: &str) -> Option<&'j mut Json<'static>> {
    if !matches!(json, Json::Object(_)) {
        *json = Json::Object(Vec::new());
    }
    let Json::Object(members) = json else { return None };
    let found = members
        .iter()
        .position(|(key, _)| key == name)
        .or_else(|| members.iter().position(|(key, _)| key.eq_ignore_ascii_case(name)));
    let index = found.unwrap_or_else(|| {
        members.push((name.to_owned().into(), Json::Null));
        members.len() - 1
    });
    members.get_mut(index).map(|(_, member)| member)
}

/// The element of a list whose `key` is `wanted`, made when there is none.
fn element<'j>(
    json: &'j mut Json<'static>,
    key: &str,
    wanted: &str,
) -> Option<&'j mut Json<'static>> {
    if !matches!(json, Json::List(_)) {
        *json = Json::List(Vec::new());
    }
    let Json::List(items) = json else { return None };
    let is_it = |item: &Json<'_>| matches!(item.member(key), Ok(Some(Json::Text(text))) if *text == *wanted);
    let index = items.iter().position(is_it).unwrap_or_else(|| {
        let named = (key.to_owned().into(), Json::Text(wanted.to_owned().into()));
        items.push(Json::Object(vec![named]));
        items.len() - 1
    });
    items.get_mut(index)
}
