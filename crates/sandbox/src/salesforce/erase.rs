//! Rows deleted for good, which only jobs do. In come an object and an id, of a row that is there or in the bin; out
//! goes a store without it. No event tells of it. It must not know jobs.

use serde_json::Value;

use crate::{
    salesforce::{
        derive,
        model::{Object, OnDelete},
        refusal::{Done, no_such_row},
        rows,
        session::Session,
    },
    store::{Pick, StoredRow},
};

/// Forgets a row, with the children that cannot be without it.
pub(crate) fn erase(session: &Session<'_>, object: &Object, id: &str) -> Done<()> {
    let Some(stored) = session.tx.row(&object.name, id)? else {
        return Err(no_such_row());
    };
    rows::refuse_undeletable(session, object)?;
    forget(session, session.whole_of(object), id, stored)?;
    session.count_write()?;
    Ok(())
}

fn forget(session: &Session<'_>, object: &Object, id: &str, stored: StoredRow) -> Done<()> {
    session.tx.drop_row(&object.name, id)?;
    for (child, field, link) in session.whole.children(object) {
        if link.on_delete == OnDelete::Keep {
            continue;
        }
        let pick = Pick::Key(field.name.clone(), vec![id.to_owned()]);
        for stored in session.tx.rows(&child.name, &pick)? {
            let child_id = rows::row_id(&stored.body);
            if link.on_delete == OnDelete::Cascade {
                forget(session, child, &child_id, stored)?;
            } else if !stored.deleted {
                let mut row = stored.body.clone();
                row.insert(field.name.clone(), Value::Null);
                rows::amend(session, child, &child_id, &stored, row)?;
            }
        }
    }
    if let Some(twin) = twin(&object.name).and_then(|name| session.whole.named(name))
        && let Some(stored) = session.tx.row(&twin.name, id)?
    {
        forget(session, twin, id, stored)?;
    }
    let gone = StoredRow { deleted: true, ..stored };
    let next = derive::follow_up(object, id, &gone, false);
    next.map_or(Ok(()), |next| derive::settle(session, next))
}

/// The object of which a row of the same id is the same thing.
fn twin(object: &str) -> Option<&'static str> {
    match object {
        "ContentNote" => Some("ContentDocument"),
        "ContentDocument" => Some("ContentNote"),
        _ => None,
    }
}
