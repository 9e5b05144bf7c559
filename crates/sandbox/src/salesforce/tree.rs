//! Whole families of rows in one request. In comes a tree of parents with their children; out go the ids,
//! all or none of them. It must not know single rows' rules.

use serde_json::{Map, Value, json};

use crate::{
    call::Answer,
    salesforce::{
        data::too_much,
        model::Object,
        refusal::{Done, Refusal, Stop, Wrong, bad},
        rows,
        session::{Session, parse_body},
    },
    store::End,
};

/// Most rows of one tree.
const MOST: usize = 200;
/// Most generations.
const DEEPEST: usize = 5;

/// A row to be made.
struct Sprout<'a> {
    object: &'a Object,
    reference: String,
    fields: Map<String, Value>,
    children: Vec<Branch<'a>>,
}

/// Rows to be made below a row: the reference that leads there, and what was sent for each.
struct Branch<'a> {
    by: &'a str,
    object: &'a Object,
    records: &'a [Value],
}

/// What went wrong with which row.
struct Failure {
    reference: String,
    refusal: Refusal,
}

type Made = Vec<(String, String)>;

/// `POST /composite/tree/X`.
pub(crate) fn run(session: &Session<'_>, name: &str) -> Done<Answer> {
    let object = session.known(name)?;
    let body = parse_body(session.raw)?;
    let Some(records) = body.get("records").and_then(Value::as_array) else {
        return Err(bad(Wrong::new("INVALID_INPUT", "records must be a list")));
    };
    let mut references = Vec::new();
    for record in records {
        count(record, &mut references)?;
    }
    if references.len() > MOST {
        return Err(too_much(&format!("A tree takes {MOST} records at most")));
    }
    references.sort_unstable();
    if let Some(pair) = references.windows(2).find(|pair| pair.first() == pair.get(1)) {
        let message =
            format!("Duplicate ReferenceId: {}", pair.first().copied().unwrap_or_default());
        return Err(bad(Wrong::new("INVALID_INPUT", message)));
    }
    let outcome = session.tx.step::<_, Stop>(|| {
        let mut made = Made::new();
        for record in records {
            if let Some(failure) = grow(session, object, record, None, 1, &mut made)? {
                return Ok(End::Undo(Err(failure)));
            }
        }
        Ok(End::Keep(Ok(made)))
    })?;
    Ok(match outcome {
        Ok(made) => {
            let results: Vec<Value> = made
                .iter()
                .map(|(reference, id)| json!({ "referenceId": reference, "id": id }))
                .collect();
            Answer::json(201, json!({ "hasErrors": false, "results": results }))
        }
        Err(Failure { reference, refusal }) => {
            let errors = refusal.collection_errors();
            let results = json!([{ "referenceId": reference, "errors": errors }]);
            Answer::json(400, json!({ "hasErrors": true, "results": results }))
        }
    })
}

fn reference_of(record: &Value) -> Option<&str> {
    record.get("attributes")?.get("referenceId")?.as_str()
}

/// Collects the references of a row and all below it.
fn count<'a>(record: &'a Value, references: &mut Vec<&'a str>) -> Done<()> {
    let Some(reference) = reference_of(record) else {
        let message = "Include a reference ID for each record in the request";
        return Err(bad(Wrong::new("INVALID_INPUT", message)));
    };
    references.push(reference);
    for value in record.as_object().into_iter().flat_map(Map::values) {
        for child in value.get("records").and_then(Value::as_array).into_iter().flatten() {
            count(child, references)?;
        }
    }
    Ok(())
}

/// Makes a row and all below it; answers the first failure.
fn grow(
    session: &Session<'_>,
    object: &Object,
    record: &Value,
    parent: Option<(&str, &str)>,
    depth: usize,
    made: &mut Made,
) -> Done<Option<Failure>> {
    let reference = reference_of(record).unwrap_or_default().to_owned();
    let id = sprout(session, object, record, depth).and_then(|mut sprout| {
        if let Some((field, id)) = parent {
            sprout.fields.insert(field.to_owned(), json!(id));
        }
        Ok((rows::create(session, sprout.object, &sprout.fields, None)?, sprout))
    });
    let (id, sprout) = match id {
        Ok(grown) => grown,
        Err(Stop::Refused(refusal)) => return Ok(Some(Failure { reference, refusal })),
        Err(stop @ Stop::Store(_)) => return Err(stop),
    };
    made.push((sprout.reference, id.clone()));
    for branch in sprout.children {
        for child in branch.records {
            let parent = Some((branch.by, id.as_str()));
            if let Some(failure) = grow(session, branch.object, child, parent, depth + 1, made)? {
                return Ok(Some(failure));
            }
        }
    }
    Ok(None)
}

/// Takes what was sent for a row apart into its own fields and its children.
fn sprout<'a>(
    session: &Session<'a>,
    object: &'a Object,
    record: &'a Value,
    depth: usize,
) -> Done<Sprout<'a>> {
    if depth > DEEPEST {
        let message = format!("A tree may be {DEEPEST} levels deep at most");
        return Err(bad(Wrong::nowhere("INVALID_INPUT", message)));
    }
    let kind = record.get("attributes").and_then(|attributes| attributes.get("type")?.as_str());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(&object.name)) {
        let message = format!("attributes.type must be {}", object.name);
        return Err(bad(Wrong::nowhere("INVALID_INPUT", message)));
    }
    let mut fields = Map::new();
    let mut children = Vec::new();
    for (name, value) in record.as_object().into_iter().flatten() {
        let records = value.get("records").and_then(Value::as_array);
        match (records, session.org.children_named(object, name)) {
            (Some(records), Some((object, field, _))) => {
                children.push(Branch { by: &field.name, object, records });
            }
            (_, _) if name == "attributes" => {}
            (_, _) => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    let reference = reference_of(record).unwrap_or_default().to_owned();
    Ok(Sprout { object, reference, fields, children })
}
