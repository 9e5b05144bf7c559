//! What a JSONPath finds in a record.
//!
//! In: a record as a tree, and a slot with such a path. Out: what it finds; none when a member on
//! the way is missing. Must not know: how paths are compiled, other slots.

use std::cell::OnceCell;

use super::SlotFault;
use crate::fault::FaultCode;
use crate::json::Json;
use crate::path::JsonPath;
use crate::plan::Slot;
use crate::schema::Kind;

/// `whole`: the record as JSONPaths look at it, made for the first of them.
pub(super) fn look(
    slot: &Slot,
    path: &JsonPath,
    json: &Json<'_>,
    whole: &OnceCell<serde_json::Value>,
) -> Result<Option<Json<'static>>, SlotFault> {
    if let Some((list, member)) = path.each_member().filter(|_| slot.kind == Kind::List)
        && let Some(found) = each_in(slot, json, &list, member)
    {
        return found;
    }
    if has_doubled(json, plain_names(&slot.path)) {
        return Err(doubled(slot));
    }
    let all = path.find_in(whole.get_or_init(|| json.to_value()));
    if all.is_empty() && !leads_on(json, &slot.path) {
        return Ok(None);
    }
    Ok(Some(named_by(all, slot.kind)))
}

fn doubled(slot: &Slot) -> SlotFault {
    let path = &slot.path;
    let message =
        format!("a key stands twice in the record, so what `{path}` finds is not certain");
    SlotFault { code: FaultCode::DoubledKey, message }
}

/// One member of all elements of a list, without a look at anything else. Nothing: something on
/// the way is not as it should be.
fn each_in(
    slot: &Slot,
    json: &Json<'_>,
    list: &[&str],
    member: &str,
) -> Option<Result<Option<Json<'static>>, SlotFault>> {
    let mut at = json;
    for name in list {
        let Json::Object(members) = at else { return None };
        let mut named = members.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        match (named.next(), named.next()) {
            (None, _) => return Some(Ok(None)),
            (Some((key, next)), None) if key == name => at = next,
            (Some(_), _) => return None,
        }
    }
    each_of(slot, at, member).map(|found| found.map(Some))
}

/// The same from the list on.
pub(crate) fn each_of(
    slot: &Slot,
    list: &Json<'_>,
    member: &str,
) -> Option<Result<Json<'static>, SlotFault>> {
    let items = match list {
        Json::List(items) => items.as_slice(),
        Json::Null => &[],
        Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => return None,
    };
    let mut found = Vec::new();
    for item in items {
        let Json::Object(members) = item else { continue };
        let mut named = members.iter().filter(|(key, _)| key == member);
        match (named.next(), named.next()) {
            (None, _) => {}
            (Some((_, json)), None) => found.push(json.clone().into_owned()),
            (Some(_), Some(_)) => return Some(Err(doubled(slot))),
        }
    }
    Some(Ok(named_by(found, slot.kind)))
}

/// The names with which a JSONPath begins, up to the first selector that is none.
fn plain_names(path: &str) -> impl Iterator<Item = &str> {
    let names = path.strip_prefix("$.").unwrap_or_default().split('.');
    names.take_while(|name| !name.is_empty() && !name.contains(['[', '*', '"']))
}

/// Whether the members are there up to the first selector that is no name: what selects among them
/// then knows that there is nothing.
fn leads_on(json: &Json<'_>, path: &str) -> bool {
    let mut at = json;
    for step in path.strip_prefix("$.").unwrap_or_default().split('.') {
        let (name, selects) = step.split_once(['[', '*']).map_or((step, false), |(n, _)| (n, true));
        match at.member(name) {
            Ok(Some(next)) => at = next,
            Ok(None) | Err(_) => return selects && name.is_empty(),
        }
        if selects {
            return true;
        }
    }
    true
}

/// Whether a name stands twice on the way, or anywhere in what it leads to.
fn has_doubled<'n>(json: &Json<'_>, mut names: impl Iterator<Item = &'n str>) -> bool {
    let Some(name) = names.next() else { return doubled_within(json) };
    match json.member(name) {
        Ok(Some(json)) => has_doubled(json, names),
        Ok(None) => false,
        Err(_) => true,
    }
}

fn doubled_within(json: &Json<'_>) -> bool {
    match json {
        Json::List(items) => items.iter().any(doubled_within),
        Json::Object(members) => {
            let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
            names.sort_unstable();
            names.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
                || members.iter().any(|(_, json)| doubled_within(json))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => false,
    }
}

/// What a JSONPath found: the first thing, or all of it where a list is wanted.
fn named_by(mut found: Vec<Json<'static>>, kind: Kind) -> Json<'static> {
    let is_list = |found: &[Json<'_>]| matches!(found, [] | [Json::List(_) | Json::Null]);
    if kind == Kind::List && !is_list(&found) {
        return Json::List(found);
    }
    if found.is_empty() { Json::Null } else { found.swap_remove(0) }
}
