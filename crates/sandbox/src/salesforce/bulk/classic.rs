//! Version 1.0 of the interface: jobs of batches, by XML and by JSON. In come job descriptions and batches;
//! out go states and results. A batch is done as soon as it has come. It must not know single rows' rules.

use serde_json::{Map, Value, json};

use super::{
    CSV, JOB,
    face::Face,
    set, text,
    work::{self, Selected, Task},
};
use crate::{
    call::{Answer, Body, Call, Method},
    clock,
    salesforce::{
        csv, ids,
        model::Object,
        refusal::{Done, Refusal, Stop, Wrong, bad},
        session::Session,
        upsert, values,
    },
};

const BATCH: &str = "salesforce-batch";
/// Most rows of a batch.
const MOST: usize = 10_000;
const OPERATIONS: [&str; 7] =
    ["insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll"];
/// What a job's and a batch's document hold beside what is told of them.
const HIDDEN: [&str; 6] = ["jobType", "batches", "request", "outcomes", "table", "records"];

/// Answers calls below `/services/async/{version}`.
pub(crate) fn answer(session: &Session<'_>, call: &Call, parts: &[&str]) -> Done<Answer> {
    let face = Face::of(call);
    match dispatch(session, call.method, face, parts) {
        Err(Stop::Refused(refusal)) => Ok(face.refused(&refusal)),
        other => other,
    }
}

/// The answer to a call whose session is unknown or too old.
pub(crate) fn no_session(call: &Call) -> Answer {
    let wrong = Wrong::new("InvalidSessionId", "Invalid session id");
    Face::of(call).refused(&Refusal::new(400, wrong))
}

fn dispatch(session: &Session<'_>, method: Method, face: Face, parts: &[&str]) -> Done<Answer> {
    let [first, rest @ ..] = parts else {
        return Err(refused("InvalidUrl", "no resource is named"));
    };
    match (*first, method, rest) {
        ("job", Method::Post, []) => open(session, face),
        ("job", Method::Get, [id]) => {
            let job = find_job(session, id)?;
            Ok(face.about(&job).info(200, "jobInfo", &shown(&job)))
        }
        ("job", Method::Post, [id]) => turn(session, face, find_job(session, id)?),
        ("job", Method::Post, [id, "batch"]) => add(session, face, find_job(session, id)?),
        ("job", Method::Get, [id, "batch"]) => {
            let job = find_job(session, id)?;
            let batches = batch_ids(&job);
            let batches = batches.map(|id| Ok(shown(&find_batch(session, &job, id)?)));
            Ok(face.about(&job).batches(&batches.collect::<Done<Vec<_>>>()?))
        }
        ("job", Method::Get, [id, "batch", batch, rest @ ..]) => {
            let job = find_job(session, id)?;
            let batch = find_batch(session, &job, batch)?;
            about_batch(face.about(&job), &job, &batch, rest)
        }
        (_, _, _) => Err(refused("InvalidUrl", "the resource does not exist")),
    }
}

fn refused(code: &'static str, message: impl Into<String>) -> Stop {
    bad(Wrong::new(code, message))
}

fn shown(doc: &Value) -> Value {
    let members = doc.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| !HIDDEN.contains(&name.as_str()));
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn batch_ids(job: &Value) -> impl Iterator<Item = &str> {
    job.get("batches").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn find_job(session: &Session<'_>, given: &str) -> Done<Value> {
    let job = session.tx.doc(JOB, &ids::read(given).unwrap_or_default())?;
    let job = job.filter(|job| text(job, "jobType") == "Classic");
    job.ok_or_else(|| refused("InvalidJob", format!("Invalid job id: {given}")))
}

fn find_batch(session: &Session<'_>, job: &Value, given: &str) -> Done<Value> {
    let batch = session.tx.doc(BATCH, &ids::read(given).unwrap_or_default())?;
    let batch = batch.filter(|batch| text(batch, "jobId") == text(job, "id"));
    batch.ok_or_else(|| refused("InvalidBatch", format!("Invalid batch id: {given}")))
}

fn is_query(job: &Value) -> bool {
    matches!(text(job, "operation"), "query" | "queryAll")
}

fn open(session: &Session<'_>, face: Face) -> Done<Answer> {
    let asked = |name: &str| face.read(session.raw, name);
    let operation = asked("operation");
    if !OPERATIONS.contains(&operation.as_str()) {
        return Err(refused("InvalidJob", format!("Unsupported operation: {operation}")));
    }
    let object = session.org.named(&asked("object")).ok_or_else(|| {
        refused("InvalidJob", format!("Unable to find object: {}", asked("object")))
    })?;
    let content = match asked("contentType").as_str() {
        "CSV" => "CSV",
        "JSON" => "JSON",
        other => {
            let message = format!("Unsupported content type: {other}; CSV and JSON are served");
            return Err(refused("InvalidJob", message));
        }
    };
    let mode = match asked("concurrencyMode").as_str() {
        "" | "0" | "Parallel" => "Parallel",
        "1" | "Serial" => "Serial",
        other => {
            return Err(refused("InvalidJob", format!("Unsupported concurrencyMode: {other}")));
        }
    };
    let mut job = json!({
        "id": ids::make("750", session.tx.next("750")?),
        "operation": operation,
        "object": object.name,
        "createdById": session.caller.id,
        "createdDate": clock::salesforce(session.tx.now_milliseconds()),
        "systemModstamp": clock::salesforce(session.tx.now_milliseconds()),
        "state": "Open",
        "concurrencyMode": mode,
        "contentType": content,
        "jobType": "Classic",
        "apiVersion": values::number(&format!("{}.0", session.version)),
        "numberRetries": 0,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    });
    if operation == "upsert" {
        let key = key(object, &asked("externalIdFieldName"))?;
        set(&mut job, &[("externalIdFieldName", json!(key))]);
    }
    count(&mut job, &[]);
    session.tx.put_doc(JOB, text(&job, "id"), &job)?;
    Ok(face.about(&job).info(201, "jobInfo", &shown(&job)))
}

/// The field that upserts go by.
fn key<'o>(object: &'o Object, given: &str) -> Done<&'o str> {
    let name = &object.name;
    if given.is_empty() {
        let message = format!(
            "External ID was blank for {name}. An External ID must be specified for upsert."
        );
        return Err(refused("InvalidJob", message));
    }
    let field = upsert::key_field(object, given).map_err(|_| {
        let message = format!(
            "Field name provided, {given} does not match an External ID, Salesforce Id, or indexed \
             field for {name}"
        );
        refused("InvalidJob", message)
    })?;
    Ok(&field.name)
}

/// Tells in a job how many of its batches and rows came to what.
fn count(job: &mut Value, batches: &[Value]) {
    let of = |state: &str| batches.iter().filter(|batch| text(batch, "state") == state).count();
    let sum = |name: &str| -> i64 {
        batches.iter().filter_map(|batch| batch.get(name).and_then(Value::as_i64)).sum()
    };
    let counts = [
        ("numberBatchesQueued", json!(0)),
        ("numberBatchesInProgress", json!(0)),
        ("numberBatchesCompleted", json!(of("Completed"))),
        ("numberBatchesFailed", json!(of("Failed"))),
        ("numberBatchesTotal", json!(batches.len())),
        ("numberRecordsProcessed", json!(sum("numberRecordsProcessed"))),
        ("numberRecordsFailed", json!(sum("numberRecordsFailed"))),
    ];
    set(job, &counts);
}

/// `Closed` and `Aborted`.
fn turn(session: &Session<'_>, face: Face, mut job: Value) -> Done<Answer> {
    let state = face.read(session.raw, "state");
    if !matches!(state.as_str(), "Closed" | "Aborted") {
        return Err(refused("InvalidJobState", format!("Unsupported job state: {state}")));
    }
    refuse_over(&job)?;
    let now = clock::salesforce(session.tx.now_milliseconds());
    set(&mut job, &[("state", json!(state)), ("systemModstamp", json!(now))]);
    session.tx.put_doc(JOB, text(&job, "id"), &job)?;
    Ok(face.about(&job).info(200, "jobInfo", &shown(&job)))
}

fn refuse_over(job: &Value) -> Done<()> {
    match text(job, "state") {
        "Open" => Ok(()),
        other => Err(refused("InvalidJobState", format!("Job is not open, but in state {other}"))),
    }
}

/// Takes a batch and carries it out; clients see that it is queued, and a look later that it is done.
fn add(session: &Session<'_>, face: Face, mut job: Value) -> Done<Answer> {
    refuse_over(&job)?;
    let id = ids::make("751", session.tx.next("751")?);
    let now = clock::salesforce(session.tx.now_milliseconds());
    let mut batch = json!({
        "id": id,
        "jobId": text(&job, "id"),
        "state": "Queued",
        "createdDate": now,
        "systemModstamp": now,
        "numberRecordsProcessed": 0,
        "numberRecordsFailed": 0,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    });
    let told = face.about(&job).info(201, "batchInfo", &batch);
    set(&mut batch, &[("request", json!(session.raw))]);
    let done = if is_query(&job) {
        answer_query(session, &job, &mut batch)
    } else {
        take_in(session, &job, &mut batch)
    };
    match done {
        Ok(()) => set(&mut batch, &[("state", json!("Completed"))]),
        Err(Stop::Refused(refusal)) => {
            let said = refusal.wrongs.first().map_or("", |wrong| wrong.message.as_str());
            let message = format!("InvalidBatch : {said}");
            set(&mut batch, &[("state", json!("Failed")), ("stateMessage", json!(message))]);
        }
        Err(stop @ Stop::Store(_)) => return Err(stop),
    }
    let mut batches: Vec<Value> = Vec::new();
    for other in batch_ids(&job) {
        batches.push(find_batch(session, &job, other)?);
    }
    session.tx.put_doc(BATCH, &id, &batch)?;
    batches.push(batch);
    count(&mut job, &batches);
    let all: Vec<&str> = batch_ids(&job).chain([id.as_str()]).collect();
    let all = json!(all);
    set(&mut job, &[("batches", all)]);
    session.tx.put_doc(JOB, text(&job, "id"), &job)?;
    Ok(told)
}

/// The rows of a batch, whose names are known.
fn rows(session: &Session<'_>, job: &Value) -> Done<Vec<Map<String, Value>>> {
    let object = session.known(text(job, "object"))?;
    let check = |names: &[String]| match work::unknown(session.org, object, names) {
        Some(name) => Err(refused("InvalidBatch", format!("Field name not found : {name}"))),
        None => Ok(()),
    };
    let rows = if text(job, "contentType") == "JSON" {
        let rows: Vec<Map<String, Value>> = serde_json::from_str(session.raw).map_err(|_| {
            refused("InvalidBatch", "Failed to parse JSON: a list of rows is wanted")
        })?;
        let mut rows = rows;
        for row in &mut rows {
            row.shift_remove("attributes");
            let names = row.iter().map(|(name, value)| match value {
                Value::Object(key) => {
                    format!("{name}.{}", key.keys().next().map_or("", String::as_str))
                }
                _ => name.clone(),
            });
            check(&names.collect::<Vec<_>>())?;
        }
        rows
    } else {
        let mut table = csv::read(session.raw, ',').into_iter();
        let head = table.next().unwrap_or_default();
        check(&head)?;
        table.map(|cells| work::fields(&head, &cells)).collect()
    };
    if rows.is_empty() {
        return Err(refused("InvalidBatch", "Records not found"));
    }
    if rows.len() > MOST {
        let message = format!("Number of records is over the limit of {MOST}: {}", rows.len());
        return Err(refused("InvalidBatch", message));
    }
    Ok(rows)
}

/// Carries out a batch of rows, each for itself.
fn take_in(session: &Session<'_>, job: &Value, batch: &mut Value) -> Done<()> {
    let rows = rows(session, job)?;
    let object = session.known(text(job, "object"))?;
    let (operation, key) = (text(job, "operation"), text(job, "externalIdFieldName"));
    let task = Task { operation, object, key };
    let mut outcomes = Vec::with_capacity(rows.len());
    for (place, row) in rows.into_iter().enumerate() {
        work::begin(session, place)?;
        let outcome = work::carry_out(session, task, row)?;
        let success = outcome.errors.is_empty();
        let id = if success { json!(outcome.id) } else { Value::Null };
        outcomes.push(json!({
            "success": success,
            "created": outcome.created,
            "id": id,
            "errors": outcome.errors,
        }));
    }
    let failed = outcomes.iter().filter(|row| row.get("success") == Some(&json!(false))).count();
    set(
        batch,
        &[
            ("numberRecordsProcessed", json!(outcomes.len())),
            ("numberRecordsFailed", json!(failed)),
            ("outcomes", json!(outcomes)),
        ],
    );
    Ok(())
}

/// Runs a batch's query and keeps what it selects.
fn answer_query(session: &Session<'_>, job: &Value, batch: &mut Value) -> Done<()> {
    let all = text(job, "operation") == "queryAll";
    let mut selected =
        work::select(session, session.raw.trim(), all).map_err(|stop| match stop {
            Stop::Refused(refusal) => {
                let wrong = refusal.wrongs.first();
                let said = wrong.map(|wrong| format!("{}: {}", wrong.code, wrong.message));
                let message = format!("Failed to process query: {}", said.unwrap_or_default());
                refused("InvalidBatch", message)
            }
            stop @ Stop::Store(_) => stop,
        })?;
    if selected.object != json!(text(job, "object")) {
        let message = format!(
            "Failed to process query: the query is of {}, the job of {}",
            selected.object.as_str().unwrap_or_default(),
            text(job, "object")
        );
        return Err(refused("InvalidBatch", message));
    }
    set(batch, &[("numberRecordsProcessed", json!(selected.records.len()))]);
    if text(job, "contentType") == "JSON" {
        count_time(&mut selected);
        set(batch, &[("records", json!(selected.records))]);
    } else {
        set(batch, &[("table", json!(csv::write(&selected.table(), ',', "\n")))]);
    }
    Ok(())
}

/// Days and moments are milliseconds in this interface's JSON.
fn count_time(selected: &mut Selected) {
    let times = |apex: &str| matches!(apex, "Date" | "Datetime");
    for column in selected.columns.iter().filter(|column| times(&column.apex)) {
        let path = format!("/{}", column.name.replace('.', "/"));
        for record in &mut selected.records {
            if let Some(value) = record.pointer_mut(&path) {
                let whole = value.as_str().map(|text| match text.split_once('T') {
                    Some(_) => text.to_owned(),
                    None => format!("{text}T00:00:00.000+0000"),
                });
                if let Some(seconds) = whole.and_then(|text| clock::seconds(&text)) {
                    *value = json!(seconds * 1000);
                }
            }
        }
    }
}

fn about_batch(face: Face, job: &Value, batch: &Value, rest: &[&str]) -> Done<Answer> {
    let result_id = text(batch, "id").replacen("751", "752", 1);
    let result_id = ids::full(ids::short(&result_id));
    match rest {
        [] => Ok(face.info(200, "batchInfo", &shown(batch))),
        ["request"] => Ok(bytes(face, text(batch, "request"))),
        ["result", ..] if text(batch, "state") != "Completed" => {
            Err(refused("InvalidBatch", "Batch not completed"))
        }
        ["result"] if is_query(job) => Ok(face.results(&[&result_id])),
        ["result"] => Ok(outcomes(face, batch)),
        ["result", id] if is_query(job) && ids::read(id).as_ref() == Some(&result_id) => {
            Ok(selected(face, batch))
        }
        _ => Err(refused("InvalidUrl", "the resource does not exist")),
    }
}

fn bytes(face: Face, text: &str) -> Answer {
    let kind = if face == Face::Json { "application/json" } else { CSV };
    let body = Body::Bytes(kind, text.as_bytes().to_vec());
    Answer { status: 200, headers: Vec::new(), body }
}

/// What became of a batch's rows, in their order.
fn outcomes(face: Face, batch: &Value) -> Answer {
    let all = batch.get("outcomes").cloned().unwrap_or_default();
    if face == Face::Json {
        return Answer::json(200, all);
    }
    let head = ["Id", "Success", "Created", "Error"].map(str::to_owned).to_vec();
    let line = |row: &Value| {
        let flag =
            |name: &str| row.get(name).and_then(Value::as_bool).unwrap_or_default().to_string();
        let errors = row.get("errors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        vec![text(row, "id").to_owned(), flag("success"), flag("created"), work::said(errors)]
    };
    let rows = all.as_array().into_iter().flatten().map(line);
    let table: Vec<Vec<String>> = [head].into_iter().chain(rows).collect();
    bytes(face, &csv::write(&table, ',', "\n"))
}

fn selected(face: Face, batch: &Value) -> Answer {
    let count = batch.get("numberRecordsProcessed").and_then(Value::as_i64);
    match (face, batch.get("records")) {
        (_, Some(records)) => Answer::json(200, records.clone()),
        (_, None) if count == Some(0) => bytes(Face::Xml, "Records not found for this query"),
        (_, None) => bytes(Face::Xml, text(batch, "table")),
    }
}
