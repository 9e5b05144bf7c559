//! Fields that Microsoft makes mandatory one day. In come orders that name them, and deals to be made; out go
//! refusals of deals that lack one. It must not know what else a deal needs.

use serde_json::{Value, json};

use super::refusal::{Done, invalid};
use crate::{database::StoreError, store::Tx};

const KEPT: (&str, &str) = ("meta", "partner-center-asked");

/// What is asked for, as it was ordered.
pub(super) fn shown(tx: &Tx<'_>) -> Result<Value, StoreError> {
    Ok(tx.doc(KEPT.0, KEPT.1)?.unwrap_or_else(|| json!({ "paths": [] })))
}

/// Takes `{"paths": ["campaignId", "details.x.attributes[SolutionArea]"]}`: each has to be there from now on,
/// the second as an element of this type.
pub(super) fn order(tx: &Tx<'_>, given: &Value) -> Done<Value> {
    let paths = given.get("paths").and_then(Value::as_array);
    let are_texts = |paths: &&Vec<Value>| paths.iter().all(Value::is_string);
    let Some(paths) = paths.filter(are_texts) else {
        return Err(invalid("paths", "invalidPaths", "A list of dotted paths is expected."));
    };
    let order = json!({ "paths": paths });
    tx.put_doc(KEPT.0, KEPT.1, &order)?;
    Ok(order)
}

/// Refuses a deal that lacks something.
pub(super) fn refuse(tx: &Tx<'_>, referral: &Value) -> Done<()> {
    let order = shown(tx)?;
    let paths = order.get("paths").and_then(Value::as_array);
    for path in paths.into_iter().flatten().filter_map(Value::as_str) {
        let (target, kind) = match path.strip_suffix(']').and_then(|path| path.split_once('[')) {
            Some((target, kind)) => (target, Some(kind)),
            None => (path, None),
        };
        let value = referral.pointer(&format!("/{}", target.replace('.', "/")));
        let is_blank = |value: &Value| value.is_null() || value.as_str().is_some_and(str::is_empty);
        let is_there = match (kind, value) {
            (None, Some(value)) => !is_blank(value),
            (Some(kind), Some(Value::Array(all))) => {
                let has = |name: &str, one: &Value| one.get(name).cloned().unwrap_or_default();
                all.iter().any(|one| has("type", one) == *kind && !is_blank(&has("id", one)))
            }
            (_, _) => false,
        };
        if !is_there {
            let name = kind.unwrap_or(target);
            return Err(invalid(target, "required", &format!("{name} is required.")));
        }
    }
    Ok(())
}
