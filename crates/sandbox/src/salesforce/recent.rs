//! What a user looked at last. In come rows that a call was about, if it asks for that to be noted; out go the
//! latest of them. It must not know how rows are written.

use serde_json::{Value, json};

use crate::{
    call::Call,
    salesforce::{model::Object, refusal::Done, session::Session},
};

/// The table of notes, one a user.
pub(crate) const KEPT: &str = "salesforce-recent";
/// How many are kept.
const MOST: usize = 200;

fn ids(session: &Session<'_>) -> Done<Vec<String>> {
    let kept = session.tx.doc(KEPT, &session.caller.id)?.unwrap_or_default();
    let ids = kept.as_array().into_iter().flatten();
    Ok(ids.filter_map(|id| id.as_str().map(str::to_owned)).collect())
}

/// Notes a row, when the call says so: by itself the interface leaves no trace in the list.
pub(crate) fn note(session: &Session<'_>, call: &Call, id: &str) -> Done<()> {
    let asks = call.header("sforce-mru").map(str::to_ascii_lowercase);
    if !asks.is_some_and(|asks| asks.replace(' ', "").contains("updatemru=true")) {
        return Ok(());
    }
    let mut ids = ids(session)?;
    ids.retain(|other| other != id);
    ids.insert(0, id.to_owned());
    ids.truncate(MOST);
    session.tx.put_doc(KEPT, &session.caller.id, &json!(ids))?;
    Ok(())
}

/// `GET /recent`, and the `recentItems` of an object: the latest first, without those that are gone.
pub(crate) fn list(session: &Session<'_>, only: Option<&Object>, most: usize) -> Done<Value> {
    let mut shown = Vec::new();
    for id in ids(session)? {
        let Some(object) = session.org.of_id(&id) else { continue };
        if shown.len() == most || only.is_some_and(|only| only.name != object.name) {
            continue;
        }
        let Some(row) = session.tx.row(&object.name, &id)?.filter(|row| !row.deleted) else {
            continue;
        };
        let named = object.fields.iter().find(|field| field.names_the_row);
        let name = named.and_then(|field| row.body.get(&field.name)).cloned().unwrap_or_default();
        shown.push(json!({
            "attributes": { "type": object.name, "url": session.row_url(&object.name, &id) },
            "Name": name,
            "Id": id,
        }));
    }
    Ok(json!(shown))
}
