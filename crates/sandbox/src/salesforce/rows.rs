//! Rows made, changed, deleted and shown. In come checked addresses and sent fields; out go ids, rows and
//! refusals. It must not know HTTP.

use serde_json::{Map, Value, json};

use crate::{
    clock,
    salesforce::{
        automation, changes, content, convert, derive, ids,
        model::{Field, Kind, Object, OnDelete},
        outbound, record_types,
        refusal::{
            Done, Refusal, Stop, Wrong, bad, deleted, modified_since, no_external_id, no_such_row,
            not_found,
        },
        rules,
        session::Session,
        topics,
        validate::{self, Action, Setting, live_rows_by},
    },
    store::{Pick, StoredRow},
};

/// Begins the names, beside those of fields, under which a row keeps what its lookups led to.
const CLEARED: char = '~';

/// Makes a row; answers its id. `matched` is the field and value of an upsert's address.
pub(crate) fn create(
    session: &Session<'_>,
    object: &Object,
    sent: &Map<String, Value>,
    matched: Option<&Setting<'_>>,
) -> Done<String> {
    if !object.is_createable() {
        return Err(unsupported(session, object, "create"));
    }
    let settings = validate::check(session, object, sent, Action::Create, matched)?;
    let id = ids::make(&object.prefix, session.tx.next(&object.prefix)?);
    let whole = session.whole_of(object);
    let mut row = derive::blank(whole);
    row.insert("Id".to_owned(), json!(id));
    for (field, value) in &settings {
        row.insert(field.name.clone(), value.clone());
    }
    derive::fill_defaults(session, whole, &mut row);
    record_types::fill(whole, &mut row);
    record_types::refuse(whole, &row, &settings)?;
    let sent =
        |name: &str| settings.iter().any(|(field, value)| field.name == name && !value.is_null());
    derive::follow(session, whole, &mut row, &|_| true, &sent)?;
    refuse_duplicate(session, whole, &id, &row)?;
    rules::refuse(session, whole, &row, true)?;
    let now = clock::salesforce(session.tx.now_milliseconds());
    row.insert("CreatedDate".to_owned(), json!(now));
    row.insert("CreatedById".to_owned(), json!(session.caller.id));
    stamp(session, &mut row, &now);
    put(session, whole, &id, None, row, false, &now)?;
    session.count_write()?;
    Ok(id)
}

/// Changes the given fields of a row and leaves the others.
pub(crate) fn update(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    sent: &Map<String, Value>,
    matched: Option<&Setting<'_>>,
) -> Done<()> {
    let Some(stored) = session.tx.row(&object.name, id)? else {
        return Err(no_such_row());
    };
    if stored.deleted {
        return Err(deleted());
    }
    if !object.writable {
        return Err(unsupported(session, object, "update"));
    }
    convert::refuse_converted(object, &stored.body)?;
    let settings = validate::check(session, object, sent, Action::Update, matched)?;
    let before = &stored.body;
    let mut row = before.clone();
    for (field, value) in &settings {
        row.insert(field.name.clone(), value.clone());
        row.remove(&cleared(&field.name));
    }
    let sent = |name: &str| settings.iter().any(|(field, _)| field.name == name);
    let after = row.clone();
    let changed = |name: &str| before.get(name) != after.get(name);
    let whole = session.whole_of(object);
    record_types::refuse(whole, &row, &settings)?;
    derive::follow(session, whole, &mut row, &changed, &sent)?;
    refuse_duplicate(session, whole, id, &row)?;
    rules::refuse(session, whole, &row, false)?;
    let now = clock::salesforce(session.tx.now_milliseconds());
    stamp(session, &mut row, &now);
    put(session, whole, id, Some(&stored), row, false, &now)?;
    session.count_write()?;
    Ok(())
}

/// Deletes a row into the bin, with the children that cannot be without it.
pub(crate) fn delete(session: &Session<'_>, object: &Object, id: &str) -> Done<()> {
    let Some(stored) = session.tx.row(&object.name, id)? else {
        return Err(no_such_row());
    };
    if stored.deleted {
        return Err(deleted());
    }
    refuse_undeletable(session, object)?;
    bin(session, session.whole_of(object), id, &stored)?;
    session.count_write()?;
    Ok(())
}

/// Refuses objects whose rows nobody deletes.
pub(crate) fn refuse_undeletable(session: &Session<'_>, object: &Object) -> Done<()> {
    if object.is_deletable() { Ok(()) } else { Err(unsupported(session, object, "delete")) }
}

/// Puts a row into the bin, with the children that cannot be without it.
pub(crate) fn bin(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    stored: &StoredRow,
) -> Done<()> {
    lay(session, object, id, stored, true)?;
    for (child, field, link) in session.whole.children(object) {
        let pick = Pick::Key(field.name.clone(), vec![id.to_owned()]);
        let rows = match link.on_delete {
            OnDelete::Cascade | OnDelete::Clear => session.tx.rows(&child.name, &pick)?,
            OnDelete::Keep => Vec::new(),
        };
        for stored in rows.into_iter().filter(|row| !row.deleted) {
            let child_id = row_id(&stored.body);
            if link.on_delete == OnDelete::Cascade {
                bin(session, child, &child_id, &stored)?;
            } else {
                let mut row = stored.body.clone();
                row.insert(field.name.clone(), Value::Null);
                row.insert(cleared(&field.name), json!(id));
                amend(session, child, &child_id, &stored, row)?;
            }
        }
    }
    Ok(())
}

/// Where a row keeps, unseen, what led to a row in the bin.
fn cleared(field: &str) -> String {
    format!("{CLEARED}{field}")
}

/// Lays a row into the bin, or takes it out, which the rows that came since may forbid.
fn lay(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    stored: &StoredRow,
    deleted: bool,
) -> Done<()> {
    let mut row = stored.body.clone();
    let now = clock::salesforce(session.tx.now_milliseconds());
    row.insert("IsDeleted".to_owned(), json!(deleted));
    if !deleted {
        refuse_duplicate(session, object, id, &row)?;
    }
    stamp(session, &mut row, &now);
    put(session, object, id, Some(stored), row, deleted, &now)
}

/// Changes a row because of what another one became.
pub(crate) fn amend(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    stored: &StoredRow,
    mut row: Map<String, Value>,
) -> Done<()> {
    let now = clock::salesforce(session.tx.now_milliseconds());
    stamp(session, &mut row, &now);
    put(session, object, id, Some(stored), row, false, &now)
}

/// Makes a row because of what another one became.
pub(crate) fn amend_new(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    mut row: Map<String, Value>,
) -> Done<()> {
    let now = clock::salesforce(session.tx.now_milliseconds());
    stamp(session, &mut row, &now);
    put(session, object, id, None, row, false, &now)
}

/// Brings a row back from the bin, with the children that went there with it.
pub(crate) fn undelete(session: &Session<'_>, object: &Object, id: &str) -> Done<()> {
    let refuse = |message: &str| Err(bad(Wrong::nowhere("UNDELETE_FAILED", message)));
    let Some(stored) = session.tx.row(&object.name, id)? else {
        return Err(no_such_row());
    };
    if !stored.deleted {
        return refuse("Entity is not in the recycle bin");
    }
    if lacks_parent(session, object, &stored)? {
        return refuse("Entity's parent is in the recycle bin");
    }
    restore(session, session.whole_of(object), id, &stored)?;
    session.count_write()?;
    Ok(())
}

/// Whether a parent without which the row cannot be is in the bin.
fn lacks_parent(session: &Session<'_>, object: &Object, stored: &StoredRow) -> Done<bool> {
    for (field, link) in object.links().filter(|(_, link)| link.on_delete == OnDelete::Cascade) {
        let parent = stored.body.get(&field.name).and_then(Value::as_str).unwrap_or_default();
        for to in &link.to {
            if session.tx.row(to, parent)?.is_some_and(|parent| parent.deleted) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Takes a row out of the bin, with the children that went there with it.
pub(crate) fn restore(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    stored: &StoredRow,
) -> Done<()> {
    lay(session, object, id, stored, false)?;
    let together = stored.body.get("SystemModstamp");
    for (child, field, link) in session.whole.children(object) {
        if link.on_delete == OnDelete::Clear {
            lead_back(session, child, field, id)?;
        }
        if link.on_delete != OnDelete::Cascade {
            continue;
        }
        let pick = Pick::Key(field.name.clone(), vec![id.to_owned()]);
        let rows = session.tx.rows(&child.name, &pick)?;
        let went_along = |row: &StoredRow| row.body.get("SystemModstamp") == together;
        for row in rows.into_iter().filter(|row| row.deleted && went_along(row)) {
            if !lacks_parent(session, child, &row)? {
                restore(session, child, &row_id(&row.body), &row)?;
            }
        }
    }
    Ok(())
}

/// Lets the rows lead to their parent again that did before it went, unless they were given another one since.
fn lead_back(session: &Session<'_>, child: &Object, field: &Field, id: &str) -> Done<()> {
    let was = cleared(&field.name);
    let rows = session.tx.rows(&child.name, &Pick::Key(was.clone(), vec![id.to_owned()]))?;
    for stored in rows.into_iter().filter(|row| !row.deleted) {
        let mut row = stored.body.clone();
        row.remove(&was);
        row.insert(field.name.clone(), json!(id));
        amend(session, child, &row_id(&stored.body), &stored, row)?;
    }
    Ok(())
}

fn stamp(session: &Session<'_>, row: &mut Map<String, Value>, now: &str) {
    for name in ["LastModifiedDate", "SystemModstamp"] {
        row.insert(name.to_owned(), json!(now));
    }
    row.insert("LastModifiedById".to_owned(), json!(session.caller.id));
}

/// Writes a row and notes the change for those who subscribe to it. `before`: the row as it is stored.
fn put(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    before: Option<&StoredRow>,
    body: Map<String, Value>,
    deleted: bool,
    stamp: &str,
) -> Done<()> {
    let after = StoredRow { deleted, body };
    changes::record(session, object, id, before, &after)?;
    topics::notice(session, object, id, before, &after)?;
    automation::notice(session, object, id, &after)?;
    outbound::notice(session, object, id, &after)?;
    let next = derive::follow_up(object, id, &after, before.is_none());
    plant(session, object, id, after.body, deleted, stamp)?;
    next.map_or(Ok(()), |next| derive::settle(session, next))
}

/// Writes a row with its indexed values, as if it had always been there.
pub(crate) fn plant(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    body: Map<String, Value>,
    deleted: bool,
    stamp: &str,
) -> Done<()> {
    let row = StoredRow { deleted, body };
    let of_fields = object.fields.iter().filter(|field| field.is_indexed()).filter_map(|field| {
        let value = row.body.get(&field.name)?.as_str()?;
        let value = if field.link().is_some() { value.to_owned() } else { value.to_lowercase() };
        Some((field.name.as_str(), value))
    });
    let of_cleared = row.body.iter().filter(|(name, _)| name.starts_with(CLEARED));
    let of_cleared =
        of_cleared.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?.to_owned())));
    let keys: Vec<(&str, String)> = of_fields.chain(of_cleared).collect();
    session.tx.put_row(&object.name, id, stamp, &row, &keys)?;
    Ok(())
}

fn refuse_duplicate(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    row: &Map<String, Value>,
) -> Done<()> {
    for field in object.fields.iter().filter(|field| field.unique) {
        let Some(value) = row.get(&field.name).and_then(Value::as_str) else {
            continue;
        };
        let others = live_rows_by(session, object, field, value)?;
        if let Some(other) = others.iter().find(|other| *other != id) {
            let message = format!(
                "duplicate value found: {} duplicates value on record with id: {}",
                field.name,
                ids::short(other)
            );
            return Err(bad(Wrong::nowhere("DUPLICATE_VALUE", message)));
        }
    }
    Ok(())
}

fn unsupported(session: &Session<'_>, object: &Object, what: &str) -> Stop {
    if session.whole_of(object).writable && !object.writable {
        let message = "insufficient access rights on object id";
        let wrong = Wrong::nowhere("INSUFFICIENT_ACCESS_OR_READONLY", message);
        return Refusal::new(403, wrong).into();
    }
    let message = format!("entity type {} does not support {what}", object.name);
    bad(Wrong::nowhere("INVALID_TYPE_FOR_OPERATION", message))
}

/// The id of a stored row.
pub(crate) fn row_id(row: &Map<String, Value>) -> String {
    row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The 18 characters of an id in an address of this object.
pub(crate) fn read_id(object: &Object, given: &str) -> Done<String> {
    let id = ids::read(given).ok_or_else(|| no_external_id(given))?;
    if id.starts_with(&object.prefix) { Ok(id) } else { Err(not_found()) }
}

/// A row that is there and not deleted.
pub(crate) fn live(session: &Session<'_>, object: &Object, id: &str) -> Done<Map<String, Value>> {
    match session.row(object, id)? {
        Some(row) if row.deleted => Err(deleted()),
        Some(row) => Ok(row.body),
        None => Err(not_found()),
    }
}

/// A row as answers carry it: all fields, or those named in `only`.
pub(crate) fn show(
    session: &Session<'_>,
    object: &Object,
    row: &Map<String, Value>,
    only: Option<&str>,
) -> Done<Value> {
    let id = row_id(row);
    let mut shown = Map::new();
    let attributes = json!({ "type": object.name, "url": session.row_url(&object.name, &id) });
    shown.insert("attributes".to_owned(), attributes);
    let mut add = |field: &Field| {
        let value = match field.kind {
            Kind::Base64 => content::address(session, field, row),
            _ => row.get(&field.name).cloned().unwrap_or_default(),
        };
        shown.insert(field.name.clone(), value);
    };
    let Some(names) = only else {
        object.fields.iter().for_each(&mut add);
        return Ok(Value::Object(shown));
    };
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let field = object.field(name).ok_or_else(|| {
            let message = format!(
                "\n{name}\n^\nERROR at Row:1:Column:1\nNo such column '{name}' on entity '{}'. If you \
                 are attempting to use a custom field, be sure to append the '__c' after the custom \
                 field name. Please reference your WSDL or the describe call for the appropriate \
                 names.",
                object.name
            );
            bad(Wrong::new("INVALID_FIELD", message))
        })?;
        add(field);
    }
    shown.entry("Id".to_owned()).or_insert(json!(id));
    Ok(Value::Object(shown))
}

/// Refuses with 412 when the row changed after `If-Unmodified-Since`; a date that cannot be read is 400.
pub(crate) fn unmodified_since(row: &Map<String, Value>, header: Option<&str>) -> Done<()> {
    let Some(header) = header else {
        return Ok(());
    };
    let Some(limit) = clock::from_http(header) else {
        let message = "If-Unmodified-Since must be a date like: Mon, 02 Mar 2026 09:14:27 GMT";
        return Err(bad(Wrong::new("BAD_REQUEST", message)));
    };
    if modified(row) > limit { Err(modified_since()) } else { Ok(()) }
}

/// When the row was last changed, in seconds.
pub(crate) fn modified(row: &Map<String, Value>) -> i64 {
    row.get("LastModifiedDate").and_then(Value::as_str).and_then(clock::seconds).unwrap_or_default()
}
