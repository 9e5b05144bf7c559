//! Jobs: many rows as a table, taken or given. In come job descriptions and tables; out go states and
//! results: version 2.0 of the interface. A job is done as soon as its upload is complete. It must not know
//! single rows' rules.

pub(crate) mod classic;
mod face;
mod work;

use serde_json::{Value, json};

use self::work::Task;
use crate::{
    call::{Answer, Body, Call, Method},
    clock,
    salesforce::{
        csv, ids,
        refusal::{Done, Stop, Wrong, bad, not_found, wrong_method},
        session::{Session, parse_body},
        upsert, values,
    },
};

const JOB: &str = "salesforce-job";
const CSV: &str = "text/csv";
/// The tables that a done job gives; clients write their names in different ways.
const RESULTS: [&str; 3] = ["successfulResults", "failedResults", "unprocessedrecords"];

/// Which of the two kinds of job an address is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::In => "ingest",
            Self::Out => "query",
        }
    }
}

/// Answers calls below `/jobs`.
pub(crate) fn dispatch(session: &Session<'_>, call: &Call, parts: &[&str]) -> Done<Answer> {
    let (way, rest) = match parts {
        ["ingest", rest @ ..] => (Way::In, rest),
        ["query", rest @ ..] => (Way::Out, rest),
        _ => return Err(not_found()),
    };
    match (call.method, rest) {
        (Method::Post, []) => open(session, way),
        (Method::Get, []) => {
            let jobs = session.tx.docs(JOB)?.into_iter().map(|(_, job)| info(&job));
            let jobs: Vec<Value> = jobs.filter(|job| is_of(job, way)).collect();
            Ok(Answer::json(200, json!({ "done": true, "nextRecordsUrl": null, "records": jobs })))
        }
        (Method::Get, [id]) => Ok(Answer::json(200, info(&find(session, way, id)?))),
        (Method::Patch, [id]) => turn(session, find(session, way, id)?),
        (Method::Delete, [id]) => {
            find(session, way, id)?;
            session.tx.drop_doc(JOB, &ids::read(id).unwrap_or_default())?;
            Ok(Answer::empty(204))
        }
        (Method::Put, [id, "batches"]) if way == Way::In => {
            upload(session, find(session, way, id)?)
        }
        (Method::Get, [id, which]) if way == Way::In => {
            let job = find(session, way, id)?;
            let name = RESULTS.into_iter().find(|name| name.eq_ignore_ascii_case(which));
            let name = name.ok_or_else(not_found)?;
            Ok(table(job.get(name).and_then(Value::as_str).unwrap_or_default()))
        }
        (Method::Get, [id, "results"]) => results(call, &find(session, way, id)?),
        (_, [] | [_] | [_, _]) => Err(wrong_method("DELETE,GET,PATCH,POST,PUT")),
        (_, _) => Err(not_found()),
    }
}

fn is_of(job: &Value, way: Way) -> bool {
    let kind = job.get("jobType").and_then(Value::as_str);
    kind == Some(match way {
        Way::In => "V2Ingest",
        Way::Out => "V2Query",
    })
}

fn find(session: &Session<'_>, way: Way, id: &str) -> Done<Value> {
    let id = ids::read(id).unwrap_or_default();
    session.tx.doc(JOB, &id)?.filter(|job| is_of(job, way)).ok_or_else(not_found)
}

fn text<'a>(job: &'a Value, name: &str) -> &'a str {
    job.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What clients are shown of a job.
fn info(job: &Value) -> Value {
    let is_hidden = |name: &str| ["data", "rows"].contains(&name) || RESULTS.contains(&name);
    let shown = job.as_object().into_iter().flatten();
    let shown = shown.filter(|(name, _)| !is_hidden(name));
    Value::Object(shown.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn keep(session: &Session<'_>, job: &Value) -> Done<()> {
    session.tx.put_doc(JOB, text(job, "id"), job)?;
    Ok(())
}

fn set(job: &mut Value, entries: &[(&str, Value)]) {
    if let Some(map) = job.as_object_mut() {
        for (name, value) in entries {
            map.insert((*name).to_owned(), value.clone());
        }
    }
}

fn invalid(message: impl Into<String>) -> Stop {
    bad(Wrong::new("INVALIDJOB", message))
}

fn open(session: &Session<'_>, way: Way) -> Done<Answer> {
    let asked = parse_body(session.raw)?;
    let operation = text(&asked, "operation");
    let known: &[&str] = match way {
        Way::In => &["insert", "update", "upsert", "delete", "hardDelete"],
        Way::Out => &["query", "queryAll"],
    };
    if !known.contains(&operation) {
        return Err(invalid(format!("InvalidJob : Invalid operation: {operation}")));
    }
    let id = ids::make("750", session.tx.next("750")?);
    let now = clock::salesforce(session.tx.now_milliseconds());
    let or = |name: &str, other: &str| match text(&asked, name) {
        "" => other.to_owned(),
        given => given.to_owned(),
    };
    let mut job = json!({
        "id": id,
        "operation": operation,
        "createdById": session.caller.id,
        "createdDate": now,
        "systemModstamp": now,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": values::number(&format!("{}.0", session.version)),
        "lineEnding": or("lineEnding", "LF"),
        "columnDelimiter": or("columnDelimiter", "COMMA"),
        "numberRecordsProcessed": 0,
        "retries": 0,
        "totalProcessingTime": 0,
    });
    if way == Way::Out {
        set(&mut job, &[("jobType", json!("V2Query")), ("state", json!("JobComplete"))]);
        answer_query(session, &asked, &mut job)?;
    } else {
        let object = session.known(text(&asked, "object"))?;
        let url = format!("services/data/v{}.0/jobs/{}/{id}/batches", session.version, way.word());
        set(
            &mut job,
            &[
                ("object", json!(object.name)),
                ("jobType", json!("V2Ingest")),
                ("state", json!("Open")),
                ("contentUrl", json!(url)),
                ("numberRecordsFailed", json!(0)),
                ("apiActiveProcessingTime", json!(0)),
                ("apexProcessingTime", json!(0)),
            ],
        );
        if operation == "upsert" {
            let key = upsert::key_field(object, text(&asked, "externalIdFieldName"))?;
            set(&mut job, &[("externalIdFieldName", json!(key.name))]);
        }
    }
    keep(session, &job)?;
    Ok(Answer::json(200, info(&job)))
}

fn upload(session: &Session<'_>, mut job: Value) -> Done<Answer> {
    if text(&job, "state") != "Open" {
        return Err(invalid("Found multiple contents for job, or the job is not open"));
    }
    set(&mut job, &[("data", json!(session.raw))]);
    keep(session, &job)?;
    Ok(Answer::empty(201))
}

/// `UploadComplete` and `Aborted`.
fn turn(session: &Session<'_>, mut job: Value) -> Done<Answer> {
    let asked = parse_body(session.raw)?;
    let state = text(&asked, "state").to_owned();
    let is_over = matches!(text(&job, "state"), "JobComplete" | "Failed" | "Aborted");
    match state.as_str() {
        "UploadComplete" | "Aborted" if is_over => {
            let message = format!("Job is already in state {}", text(&job, "state"));
            return Err(bad(Wrong::new("INVALIDJOBSTATE", message)));
        }
        "UploadComplete" if is_of(&job, Way::In) => {
            // Clients see the upload's end; a look later, the job is done.
            set(&mut job, &[("state", json!("UploadComplete"))]);
            let shown = info(&job);
            take_in(session, &mut job)?;
            keep(session, &job)?;
            return Ok(Answer::json(200, shown));
        }
        "Aborted" => set(&mut job, &[("state", json!("Aborted"))]),
        other => {
            let message = format!("InvalidJob : Invalid state: {other}");
            return Err(invalid(message));
        }
    }
    keep(session, &job)?;
    Ok(Answer::json(200, info(&job)))
}

fn delimiter(job: &Value) -> char {
    match text(job, "columnDelimiter") {
        "TAB" => '\t',
        "SEMICOLON" => ';',
        "PIPE" => '|',
        "CARET" => '^',
        "BACKQUOTE" => '`',
        _ => ',',
    }
}

fn line_end(job: &Value) -> &'static str {
    if text(job, "lineEnding") == "CRLF" { "\r\n" } else { "\n" }
}

/// Carries out a job, each row for itself.
fn take_in(session: &Session<'_>, job: &mut Value) -> Done<()> {
    let (delimiter, line_end) = (delimiter(job), line_end(job));
    let mut table = csv::read(text(job, "data"), delimiter).into_iter();
    let object = session.known(text(job, "object"))?;
    let head = table.next().unwrap_or_default();
    if let Some(name) = work::unknown(session.org, object, &head) {
        let message = format!("InvalidBatch : Field name not found : {name}");
        let given =
            csv::write(&[vec![head.clone()], table.collect()].concat(), delimiter, line_end);
        set(
            job,
            &[
                ("state", json!("Failed")),
                ("errorMessage", json!(message)),
                ("data", Value::Null),
                ("unprocessedrecords", json!(given)),
            ],
        );
        return Ok(());
    }
    let with = |names: &[&str]| -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).chain(head.clone()).collect()
    };
    let mut done = vec![with(&["sf__Id", "sf__Created"])];
    let mut failed = vec![with(&["sf__Id", "sf__Error"])];
    let (operation, key) = (text(job, "operation"), text(job, "externalIdFieldName"));
    let task = Task { operation, object, key };
    for (place, cells) in table.enumerate() {
        work::begin(session, place)?;
        let outcome = work::carry_out(session, task, work::fields(&head, &cells))?;
        let (to, mut line) = if outcome.errors.is_empty() {
            (&mut done, vec![outcome.id, outcome.created.to_string()])
        } else {
            (&mut failed, vec![outcome.id, work::said(&outcome.errors)])
        };
        line.extend(cells);
        to.push(line);
    }
    let (processed, refused) = (done.len() + failed.len() - 2, failed.len() - 1);
    set(
        job,
        &[
            ("state", json!("JobComplete")),
            ("data", Value::Null),
            ("numberRecordsProcessed", json!(processed)),
            ("numberRecordsFailed", json!(refused)),
            ("successfulResults", json!(csv::write(&done, delimiter, line_end))),
            ("failedResults", json!(csv::write(&failed, delimiter, line_end))),
            ("unprocessedrecords", json!(csv::write(&[head], delimiter, line_end))),
        ],
    );
    Ok(())
}

/// Runs a query job's query and keeps its table.
fn answer_query(session: &Session<'_>, asked: &Value, job: &mut Value) -> Done<()> {
    let all = text(asked, "operation") == "queryAll";
    let selected = work::select(session, text(asked, "query"), all)?;
    set(
        job,
        &[
            ("object", selected.object.clone()),
            ("numberRecordsProcessed", json!(selected.records.len())),
            ("rows", json!(selected.table())),
        ],
    );
    Ok(())
}

/// `GET …/results?maxRecords=&locator=`: a page of a query job's table; the locator is a line's number.
fn results(call: &Call, job: &Value) -> Done<Answer> {
    if text(job, "state") != "JobComplete" {
        return Err(bad(Wrong::new("INVALIDJOBSTATE", "the job is not complete")));
    }
    let rows: Vec<Vec<String>> = job
        .get("rows")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|row| {
            let cells = row.as_array().into_iter().flatten();
            cells.map(|cell| cell.as_str().unwrap_or_default().to_owned()).collect()
        })
        .collect();
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let (begin, most) = (number("locator").unwrap_or(0), number("maxRecords").unwrap_or(50_000));
    let (head, rows) = rows.split_at(rows.len().min(1));
    let page: Vec<Vec<String>> = rows.iter().skip(begin).take(most).cloned().collect();
    let end = begin + page.len();
    let next = if end < rows.len() { end.to_string() } else { "null".to_owned() };
    let count = page.len().to_string();
    let text = csv::write(&[head.to_vec(), page].concat(), delimiter(job), line_end(job));
    Ok(table(&text).with("Sforce-Locator", next).with("Sforce-NumberOfRecords", count))
}

fn table(text: &str) -> Answer {
    let body = Body::Bytes(CSV, text.as_bytes().to_vec());
    Answer { status: 200, headers: Vec::new(), body }
}
