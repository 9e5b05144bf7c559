//! Rows merged into one of them, by SOAP: REST cannot merge. In come a session and an envelope's text; out goes
//! what became of each request. It must not know how envelopes are answered.

use serde_json::{Map, Value, json};

use crate::{
    database::StoreError,
    salesforce::{
        ids,
        model::{Field, Kind, Object},
        recycle,
        refusal::{Done, Stop, Wrong, bad, no_such_row},
        rows,
        session::Session,
        xml,
    },
    store::{Pick, StoredRow},
};

/// The field by which a row that was merged names the one that is left.
const MASTER: &str = "MasterRecordId";
/// The objects whose rows can be merged.
const MERGEABLE: [&str; 3] = ["Lead", "Contact", "Account"];

/// Carries out each merge that an envelope asks for; answers a result each.
pub(crate) fn carry_out(session: &Session<'_>, text: &str) -> Result<String, StoreError> {
    let mut out = String::new();
    for request in xml::insides(text, "request") {
        out += &recycle::whole(session, || merge(session, request))?;
    }
    Ok(out)
}

fn merge(session: &Session<'_>, request: &str) -> Done<String> {
    let master = xml::insides(request, "masterRecord").into_iter().next().unwrap_or_default();
    let id = xml::element(master, "Id").and_then(|id| ids::read(&id)).ok_or_else(no_such_row)?;
    let object =
        session.whole.of_id(&id).filter(|object| MERGEABLE.contains(&object.name.as_str()));
    let object =
        object.ok_or_else(|| refuse("INVALID_TYPE", "rows of this type cannot be merged"))?;
    let losers = xml::elements(request, "recordToMergeIds");
    let losers: Option<Vec<String>> = losers.iter().map(|id| ids::read(id)).collect();
    let losers = losers.ok_or_else(no_such_row)?;
    if losers.is_empty() || losers.len() > 2 {
        return Err(refuse("INVALID_FIELD", "one or two rows are merged into another"));
    }
    live(session, object, &id)?;
    let mut merged = String::new();
    for loser in &losers {
        if *loser == id {
            return Err(refuse("INVALID_FIELD", "a row cannot be merged with itself"));
        }
        let mut stored = live(session, object, loser)?;
        adopt(session, object, loser, &id)?;
        stored.body.insert(MASTER.to_owned(), json!(id));
        rows::bin(session, object, loser, &stored)?;
        merged.extend(["<mergedRecordIds>", loser.as_str(), "</mergedRecordIds>"]);
    }
    let fields = fields(object, master);
    if fields.is_empty() {
        let stored = live(session, object, &id)?;
        let row = stored.body.clone();
        rows::amend(session, object, &id, &stored, row)?;
    } else {
        rows::update(session, object, &id, &fields, None)?;
    }
    Ok(format!("<result><id>{id}</id>{merged}<success>true</success></result>"))
}

/// What points to the row that goes points to the one that is left.
fn adopt(session: &Session<'_>, object: &Object, loser: &str, master: &str) -> Done<()> {
    for (child, field, _) in session.whole.children(object) {
        if field.name == MASTER {
            continue;
        }
        let pick = Pick::Key(field.name.clone(), vec![loser.to_owned()]);
        for stored in session.tx.rows(&child.name, &pick)?.into_iter().filter(|row| !row.deleted) {
            let mut row = stored.body.clone();
            row.insert(field.name.clone(), json!(master));
            rows::amend(session, child, &rows::row_id(&stored.body), &stored, row)?;
        }
    }
    Ok(())
}

fn live(session: &Session<'_>, object: &Object, id: &str) -> Done<StoredRow> {
    let stored = session.tx.row(&object.name, id)?.filter(|row| !row.deleted);
    stored.ok_or_else(no_such_row)
}

/// The values that the row which is left is to have.
fn fields(object: &Object, master: &str) -> Map<String, Value> {
    let given = |field: &Field| {
        let text = xml::element(master, &field.name).filter(|_| field.access.on_update())?;
        let value = match field.kind {
            Kind::Checkbox => json!(text == "true"),
            Kind::Number { .. } | Kind::Whole(_) => serde_json::from_str(&text).ok()?,
            _ => json!(text),
        };
        Some((field.name.clone(), value))
    };
    object.fields.iter().filter_map(given).collect()
}

fn refuse(code: &'static str, message: &str) -> Stop {
    bad(Wrong::nowhere(code, message))
}
