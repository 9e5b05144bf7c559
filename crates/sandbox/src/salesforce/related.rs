//! Rows by the way that leads to them from another: `/sobjects/Contact/{id}/Account`. In come a row and a
//! relationship's name; out go the parent, or the children. It must not know how rows are written.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Method},
    salesforce::{
        ids,
        model::Object,
        refusal::{Done, not_found, wrong_method},
        rows,
        session::Session,
    },
    store::Pick,
};

/// What a relationship of a row leads to.
pub(crate) enum Related<'o> {
    /// One row: its object and id.
    Parent(&'o Object, String),
    /// All rows below, shown.
    Children(Value),
}

/// Follows a relationship. A row that has no such parent is 404, as an unknown name is.
pub(crate) fn follow<'o>(
    session: &Session<'o>,
    call: &Call,
    object: &Object,
    id: &str,
    name: &str,
) -> Done<Related<'o>> {
    let row = rows::live(session, object, id)?;
    if let Some((field, _)) = object.parent(name) {
        let id = row.get(&field.name).and_then(Value::as_str).ok_or_else(not_found)?;
        let parent = session.org.of_id(id).ok_or_else(not_found)?;
        return Ok(Related::Parent(parent, id.to_owned()));
    }
    let (child, by, _) = session.org.children_named(object, name).ok_or_else(not_found)?;
    let pick = Pick::Key(by.name.clone(), vec![id.to_owned()]);
    let mut shown = Vec::new();
    for row in session.tx.rows(&child.name, &pick)?.iter().filter(|row| !row.deleted) {
        shown.push(rows::show(session, child, &row.body, call.parameter("fields"))?);
    }
    Ok(Related::Children(json!({ "done": true, "totalSize": shown.len(), "records": shown })))
}

/// The children of a row, which can only be looked at.
pub(crate) fn children(method: Method, shown: Value) -> Done<Answer> {
    match method {
        Method::Get | Method::Head => Ok(Answer::json(200, shown)),
        Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Other => {
            Err(wrong_method("GET,HEAD"))
        }
    }
}

/// The row that an address names, when its part is an id of the object.
pub(crate) fn start(object: &Object, part: &str) -> Option<String> {
    ids::read(part).filter(|id| id.starts_with(&object.prefix))
}
