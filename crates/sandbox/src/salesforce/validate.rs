//! Whole writes. In come the keys and values a client sent for a row; out go fields with values that may
//! be stored, or the refusal. It must not write anything.

use serde_json::{Map, Value, json};

use crate::{
    salesforce::{
        ids,
        model::{Access, Field, Link, Object, Search},
        refusal::{Done, Refusal, Wrong, bad, no_column, unreadable},
        session::Session,
        values,
    },
    store::Pick,
};

/// Whether a row is made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Update,
}

/// A field and the value it will hold.
pub(crate) type Setting<'o> = (&'o Field, Value);

/// Checks everything a client sent for one row. `matched` is the field and value of an upsert's address.
pub(crate) fn check<'o>(
    session: &Session<'_>,
    object: &'o Object,
    sent: &Map<String, Value>,
    action: Action,
    matched: Option<&Setting<'o>>,
) -> Done<Vec<Setting<'o>>> {
    let mut settings = read(session, object, sent, matched)?;
    refuse_read_only(&settings, action)?;
    if action == Action::Create {
        settings.extend(matched.cloned());
    }
    refuse_no_owner(&settings)?;
    refuse_missing(object, &settings, action)?;
    let wrongs: Vec<Wrong> = settings
        .iter()
        .filter_map(|(field, value)| {
            values::check(session.org, field, value).or_else(|| null_flag(field, value))
        })
        .collect();
    if !wrongs.is_empty() {
        return Err(Refusal::all(400, wrongs).into());
    }
    for (field, value) in &mut settings {
        *value = values::finish(field, value.take());
        if let (Some(link), Some(id)) = (field.link(), value.as_str()) {
            refuse_dangling(session, link, id)?;
        }
    }
    Ok(settings)
}

fn read<'o>(
    session: &Session<'_>,
    object: &'o Object,
    sent: &Map<String, Value>,
    matched: Option<&Setting<'o>>,
) -> Done<Vec<Setting<'o>>> {
    let mut settings: Vec<Setting<'o>> = Vec::new();
    for (key, value) in sent {
        if key.eq_ignore_ascii_case("attributes") {
            continue;
        }
        let (field, value) = match (object.field(key), object.parent(key), value) {
            (Some(field), _, _) => {
                let in_address = matched.is_some_and(|(matched, _)| matched.name == field.name);
                if field.name == "Id" || in_address {
                    let name = &field.name;
                    let message =
                        format!("The {name} field should not be specified in the sobject data.");
                    return Err(bad(Wrong::at("INVALID_FIELD", field, message)));
                }
                (field, typed(session, key, field, value)?)
            }
            (None, Some((field, link)), Value::Object(by)) => {
                (field, json!(parent_id(session, link, by)?))
            }
            (None, Some(_) | None, _) => return Err(no_column(object, key)),
        };
        settings.retain(|(other, _)| other.name != field.name);
        settings.push((field, value));
    }
    Ok(settings)
}

/// The value in the form that is stored, or the refusal of one that is of another type.
pub(crate) fn typed(session: &Session<'_>, key: &str, field: &Field, value: &Value) -> Done<Value> {
    values::read(field, value).map_err(|values::WrongType(wanted)| {
        let (kind, shown) = match value {
            Value::Null => ("VALUE_NULL", String::new()),
            Value::Bool(true) => ("VALUE_TRUE", "true".to_owned()),
            Value::Bool(false) => ("VALUE_FALSE", "false".to_owned()),
            Value::Number(number) if number.to_string().contains(['.', 'e', 'E']) => {
                ("VALUE_NUMBER_FLOAT", number.to_string())
            }
            Value::Number(number) => ("VALUE_NUMBER_INT", number.to_string()),
            Value::String(text) => ("VALUE_STRING", text.clone()),
            Value::Array(_) => ("START_ARRAY", "[".to_owned()),
            Value::Object(_) => ("START_OBJECT", "{".to_owned()),
        };
        let place = session.position(key);
        unreadable(format!(
            "Cannot deserialize instance of {wanted} from {kind} value {shown}{place}"
        ))
    })
}

/// The id of a parent given by one field that finds rows.
fn parent_id(session: &Session<'_>, link: &Link, by: &Map<String, Value>) -> Done<String> {
    let mut given = by.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("attributes"));
    let (Some((key, value)), None) = (given.next(), given.next()) else {
        let message = format!("Give exactly one external ID field for {}", link.parent);
        return Err(bad(Wrong::nowhere("INVALID_FIELD", message)));
    };
    let mut targets = link.to.iter().filter_map(|to| session.org.named(to)).peekable();
    let first = *targets.peek().ok_or_else(|| no_type(link.target()))?;
    // Of several kinds of parents, the first whose rows such a field finds.
    let found = targets.find_map(|object| {
        object.field(key).filter(|field| field.finds_rows()).map(|field| (object, field))
    });
    let (target, field) = found.ok_or_else(|| no_column(first, key))?;
    let wanted = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found = live_rows_by(session, target, field, &wanted)?;
    if let [id] = found.as_slice() {
        return Ok(id.clone());
    }
    let message = format!(
        "Foreign key external ID: {wanted} not found for field {} in entity {}",
        field.name, target.name
    );
    Err(bad(Wrong::nowhere("INVALID_FIELD", message)))
}

/// The ids of the rows, not deleted, whose field has this value.
pub(crate) fn live_rows_by(
    session: &Session<'_>,
    object: &Object,
    field: &Field,
    value: &str,
) -> Done<Vec<String>> {
    let pick = match field.search {
        Search::Lookup | Search::ExternalId => Pick::key(&field.name, value),
        Search::No if field.unique => Pick::key(&field.name, value),
        Search::No => Pick::Ids(ids::read(value).into_iter().collect()),
    };
    let rows = session.tx.rows(&object.name, &pick)?;
    Ok(rows
        .iter()
        .filter(|row| !row.deleted)
        .filter_map(|row| row.body.get("Id").and_then(Value::as_str).map(str::to_owned))
        .collect())
}

fn refuse_read_only(settings: &[Setting<'_>], action: Action) -> Done<()> {
    let refused: Vec<String> = settings
        .iter()
        .filter(|(field, _)| match action {
            Action::Create => !field.access.on_create(),
            Action::Update => !field.access.on_update(),
        })
        .map(|(field, _)| field.name.clone())
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and \
         verify that it is read/write for your profile or permission set.",
        refused.join(", ")
    );
    let code = "INVALID_FIELD_FOR_INSERT_UPDATE";
    Err(bad(Wrong { code, message, fields: Some(refused) }))
}

/// Somebody always owns a row.
fn refuse_no_owner(settings: &[Setting<'_>]) -> Done<()> {
    let owner = settings.iter().find(|(field, value)| field.name == "OwnerId" && value.is_null());
    owner.map_or(Ok(()), |(field, _)| {
        let message = format!("{}: owner cannot be blank", field.label);
        Err(bad(Wrong::at("INVALID_CROSS_REFERENCE_KEY", field, message)))
    })
}

fn refuse_missing(object: &Object, settings: &[Setting<'_>], action: Action) -> Done<()> {
    let is_missing = |field: &Field| {
        let given = settings.iter().find(|(other, _)| other.name == field.name);
        match (given, action) {
            (Some((_, value)), _) => value.is_null(),
            (None, Action::Create) => !field.defaulted,
            (None, Action::Update) => false,
        }
    };
    let missing: Vec<String> = object
        .fields
        .iter()
        .filter(|field| field.required && field.access != Access::ReadOnly && is_missing(field))
        .map(|field| field.name.clone())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(bad(Wrong { code: "REQUIRED_FIELD_MISSING", message, fields: Some(missing) }))
}

/// A checkbox cannot be cleared.
fn null_flag(field: &Field, value: &Value) -> Option<Wrong> {
    let message = format!("{}: value not of required type: null", field.label);
    let is_flag = matches!(field.kind, super::model::Kind::Checkbox);
    (is_flag && value.is_null())
        .then(|| Wrong::at("INVALID_TYPE_ON_FIELD_IN_RECORD", field, message))
}

fn refuse_dangling(session: &Session<'_>, link: &Link, id: &str) -> Done<()> {
    let target = session.org.of_id(id).map_or(link.target(), |object| &object.name);
    match session.tx.row(target, id)? {
        Some(row) if row.deleted => {
            Err(bad(Wrong::nowhere("ENTITY_IS_DELETED", "entity is deleted")))
        }
        Some(_) => Ok(()),
        None => {
            let message = "invalid cross reference id";
            Err(bad(Wrong::nowhere("INVALID_CROSS_REFERENCE_KEY", message)))
        }
    }
}

fn no_type(name: &str) -> super::refusal::Stop {
    bad(Wrong::new("INVALID_TYPE", format!("sObject type '{name}' is not supported.")))
}
