//! Up to 200 rows in one request. In come lists of rows or ids; out goes a result for each, in order. It
//! must not know single rows' rules.

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Call, Method},
    salesforce::{
        data::too_much,
        ids,
        model::{Field, Object},
        refusal::{Done, Refusal, Stop, Wrong, bad, no_such_row, not_found, wrong_method},
        rows,
        session::{Session, parse_body},
        upsert::{self, Upserted},
        validate,
    },
    store::End,
};

/// Most rows of one request.
const MOST: usize = 200;

/// What happened to one row.
enum Result {
    Done { id: String, created: Option<bool> },
    Refused(Refusal),
}

/// Answers calls below `/composite/sobjects`; `rest` is what follows.
pub(crate) fn dispatch(
    session: &Session<'_>,
    call: &Call,
    method: Method,
    rest: &[&str],
) -> Done<Answer> {
    match (method, rest) {
        (Method::Post, []) => each(session, &|row, _| {
            let object = object_of(session, row)?;
            Ok((rows::create(session, object, &without_id(row), None)?, None))
        }),
        (Method::Patch, []) => each(session, &|row, _| {
            let object = object_of(session, row)?;
            let id = id_of(row).ok_or_else(|| {
                bad(Wrong::nowhere("MISSING_ARGUMENT", "Id not specified in an update call"))
            })?;
            let id = ids::read(id).ok_or_else(|| malformed(object, id))?;
            if !id.starts_with(&object.prefix) {
                return Err(no_such_row());
            }
            rows::update(session, object, &id, &without_id(row), None)?;
            Ok((id, None))
        }),
        (Method::Patch, [name, key]) => {
            let object = session.known(name)?;
            let field = upsert::key_field(object, key)?;
            each(session, &|row, all| {
                refuse_twin(field, all, row)?;
                upsert_one(session, object, &field.name, row)
            })
        }
        (Method::Delete, []) => delete(session, call),
        (Method::Get | Method::Post, [name]) => retrieve(session, call, session.known(name)?),
        (_, [] | [_] | [_, _]) => Err(wrong_method("DELETE,GET,HEAD,PATCH,POST")),
        (_, _) => Err(not_found()),
    }
}

fn upsert_one(
    session: &Session<'_>,
    object: &Object,
    key: &str,
    row: &Map<String, Value>,
) -> Done<(String, Option<bool>)> {
    let field = upsert::key_field(object, key)?;
    let mut fields = row.clone();
    let found = fields.keys().find(|name| name.eq_ignore_ascii_case(key)).cloned();
    let value = found.and_then(|name| fields.shift_remove(&name)).filter(|value| !value.is_null());
    let Some(value) = value else {
        if field.name == "Id" {
            return Ok((rows::create(session, object, &fields, None)?, Some(true)));
        }
        let message = format!("{} not specified", field.name);
        return Err(bad(Wrong::nowhere("MISSING_ARGUMENT", message)));
    };
    let value = validate::typed(session, &field.name, field, &value)?;
    let value = value.as_str().unwrap_or_default();
    match upsert::upsert(session, object, (field, value), &fields, false, &|_| Ok(()))? {
        Upserted::Created(id) => Ok((id, Some(true))),
        Upserted::Updated(id) => Ok((id, Some(false))),
        Upserted::Several(_) => {
            let message = format!("{}: more than one record found for external id", field.name);
            Err(bad(Wrong::at("DUPLICATE_EXTERNAL_ID", field, message)))
        }
    }
}

/// Refuses a row whose key another row of the same request has too.
fn refuse_twin(field: &Field, rows: &[Map<String, Value>], row: &Map<String, Value>) -> Done<()> {
    let key = |row: &Map<String, Value>| {
        let found = row.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        found.and_then(|(_, value)| value.as_str()).map(str::to_lowercase)
    };
    let own = key(row).filter(|_| field.name != "Id");
    match own.filter(|own| rows.iter().filter_map(key).filter(|other| other == own).count() > 1) {
        Some(own) => {
            let message = format!("Duplicate external id specified: {own}");
            Err(bad(Wrong::at("DUPLICATE_VALUE", field, message)))
        }
        None => Ok(()),
    }
}

fn object_of<'a>(session: &Session<'a>, row: &Map<String, Value>) -> Done<&'a Object> {
    let name = row.get("attributes").and_then(|attributes| attributes.get("type")?.as_str());
    let Some(name) = name else {
        return Err(bad(Wrong::nowhere("INVALID_TYPE", "attributes.type is missing")));
    };
    session.org.named(name).ok_or_else(|| {
        let message = format!("sObject type '{name}' is not supported.");
        bad(Wrong::nowhere("INVALID_TYPE", message))
    })
}

fn malformed(object: &Object, id: &str) -> Stop {
    let message = format!("{} ID: id value of incorrect type: {id}", object.label);
    let fields = Some(vec!["Id".to_owned()]);
    bad(Wrong { code: "MALFORMED_ID", message, fields })
}

fn id_of(row: &Map<String, Value>) -> Option<&str> {
    row.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, id)| id.as_str())
}

fn without_id(row: &Map<String, Value>) -> Map<String, Value> {
    let kept = row.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("id"));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What is done to a row, which may look at all of them.
type Work<'a> =
    &'a dyn Fn(&Map<String, Value>, &[Map<String, Value>]) -> Done<(String, Option<bool>)>;

/// Does the same to each row of a body's `records`.
fn each(session: &Session<'_>, work: Work<'_>) -> Done<Answer> {
    let body = parse_body(session.raw)?;
    let all_or_none = body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let Some(records) = body.get("records").and_then(Value::as_array) else {
        return Err(bad(Wrong::new("INVALID_INPUT", "records must be a list")));
    };
    let rows: Vec<Map<String, Value>> =
        records.iter().map(|row| row.as_object().cloned().unwrap_or_default()).collect();
    all(session, all_or_none, rows.len(), &|place| {
        rows.get(place).map_or_else(|| Err(not_found()), |row| work(row, &rows))
    })
}

/// Does numbered work, undoing what fails, or everything when so asked.
fn all(
    session: &Session<'_>,
    all_or_none: bool,
    count: usize,
    work: &dyn Fn(usize) -> Done<(String, Option<bool>)>,
) -> Done<Answer> {
    if count > MOST {
        return Err(too_much(
            "record limit reached. cannot submit more than 200 records in this call",
        ));
    }
    let results = session.tx.step::<_, Stop>(|| {
        let mut results = Vec::new();
        for place in 0..count {
            results.push(session.tx.step::<_, Stop>(|| match work(place) {
                Ok((id, created)) => Ok(End::Keep(Result::Done { id, created })),
                Err(Stop::Refused(refusal)) => Ok(End::Undo(Result::Refused(refusal))),
                Err(stop @ Stop::Store(_)) => Err(stop),
            })?);
        }
        let failed = results.iter().any(|result| matches!(result, Result::Refused(_)));
        if !(failed && all_or_none) {
            return Ok(End::Keep(results));
        }
        for result in &mut results {
            if matches!(result, Result::Done { .. }) {
                let message = "Record rolled back because not all records were valid and the request \
                    was using AllOrNone header";
                let wrong = Wrong::nowhere("ALL_OR_NONE_OPERATION_ROLLED_BACK", message);
                *result = Result::Refused(Refusal::new(400, wrong));
            }
        }
        Ok(End::Undo(results))
    })?;
    let shown: Vec<Value> = results.iter().map(show).collect();
    Ok(Answer::json(200, json!(shown)))
}

fn show(result: &Result) -> Value {
    match result {
        Result::Done { id, created: None } => json!({ "id": id, "success": true, "errors": [] }),
        Result::Done { id, created: Some(created) } => {
            json!({ "id": id, "success": true, "errors": [], "created": created })
        }
        Result::Refused(refusal) => {
            json!({ "success": false, "errors": refusal.collection_errors() })
        }
    }
}

/// `DELETE ?ids=a,b&allOrNone=`.
fn delete(session: &Session<'_>, call: &Call) -> Done<Answer> {
    let ids: Vec<&str> =
        call.parameter("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
    let all_or_none = call.parameter("allOrNone").is_some_and(|word| word == "true");
    all(session, all_or_none, ids.len(), &|place| {
        let given = ids.get(place).copied().unwrap_or_default();
        let id = ids::read(given)
            .ok_or_else(|| bad(Wrong::nowhere("MALFORMED_ID", format!("malformed id {given}"))))?;
        let object = session.org.of_id(&id).ok_or_else(no_such_row)?;
        rows::delete(session, object, &id)?;
        Ok((id, None))
    })
}

/// Reads rows by id; those that are not there are null.
fn retrieve(session: &Session<'_>, call: &Call, object: &Object) -> Done<Answer> {
    let (ids, fields) = if call.method == Method::Get {
        let list = |name: &str| call.parameter(name).unwrap_or_default().to_owned();
        (list("ids"), list("fields"))
    } else {
        let body = parse_body(session.raw)?;
        let list = |name: &str| -> String {
            let items = body.get(name).and_then(Value::as_array);
            let texts: Vec<&str> = items
                .map(|items| items.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            texts.join(",")
        };
        (list("ids"), list("fields"))
    };
    let mut found = Vec::new();
    for given in ids.split(',').filter(|id| !id.is_empty()) {
        let id = ids::read(given).unwrap_or_default();
        let row = session.tx.row(&object.name, &id)?.filter(|row| !row.deleted);
        found.push(match row {
            Some(row) => rows::show(session, object, &row.body, Some(&fields))?,
            None => Value::Null,
        });
    }
    Ok(Answer::json(200, json!(found)))
}
