//! What jobs do, whichever interface they came by. In come rows and query texts; out go what became of each
//! row, and tables. It must not know jobs, batches or HTTP.

use serde_json::{Map, Value, json};

use crate::{
    salesforce::{
        erase,
        model::{Kind, Object, Org},
        refusal::{Done, Stop, Wrong, bad},
        rows,
        session::Session,
        soql::{self, Found},
        upsert::{self, Upserted},
    },
    store::End,
};

/// What stands for nothing in a cell; an empty cell is as if it were not there.
const NOTHING: &str = "#N/A";

/// Rows of a job that are saved together.
const CHUNK: usize = 200;

/// What is done to the rows of an object; `key`: the field that upserts go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) operation: &'a str,
    pub(super) object: &'a Object,
    pub(super) key: &'a str,
}

/// What became of a row.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// Of a row that was refused, the id that was given.
    pub(super) id: String,
    pub(super) created: bool,
    /// As collections carry them; empty for a row that was done.
    pub(super) errors: Vec<Value>,
}

/// Begins a row: so many are a transaction to those who subscribe.
pub(super) fn begin(session: &Session<'_>, place: usize) -> Done<()> {
    if place.is_multiple_of(CHUNK) {
        session.tx.seal_changes()?;
    }
    Ok(())
}

/// Does one row for itself: what goes wrong with it leaves the others alone.
pub(super) fn carry_out(
    session: &Session<'_>,
    task: Task<'_>,
    row: Map<String, Value>,
) -> Done<Outcome> {
    let given = id_of(&row).unwrap_or_default().to_owned();
    let done = session.tx.step::<_, Stop>(|| match one(session, task, row) {
        Ok(made) => Ok(End::Keep(Ok(made))),
        Err(Stop::Refused(refusal)) => Ok(End::Undo(Err(refusal))),
        Err(stop @ Stop::Store(_)) => Err(stop),
    })?;
    Ok(match done {
        Ok((id, created)) => Outcome { id, created, errors: Vec::new() },
        Err(refusal) => {
            let errors = refusal.collection_errors().as_array().cloned().unwrap_or_default();
            Outcome { id: given, created: false, errors }
        }
    })
}

/// What is wrong with a row, in one cell.
pub(super) fn said(errors: &[Value]) -> String {
    let text = |error: &Value, name: &str| {
        error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let entries = errors.iter().map(|error| {
        let fields = error.get("fields").and_then(Value::as_array).into_iter().flatten();
        let fields: Vec<&str> = fields.filter_map(Value::as_str).collect();
        let (code, message) = (text(error, "statusCode"), text(error, "message"));
        format!("{code}:{message}:{} --", fields.join(","))
    });
    entries.collect::<Vec<_>>().join(";")
}

/// The first name in a table's head that is no field of the object, nor a parent's key.
pub(super) fn unknown<'h>(org: &Org, object: &Object, head: &'h [String]) -> Option<&'h str> {
    let is_known = |name: &str| match name.split_once('.') {
        Some((parent, key)) => object.parent(parent).is_some_and(|(_, link)| {
            link.to.iter().filter_map(|to| org.named(to)).any(|to| to.field(key).is_some())
        }),
        None => object.field(name).is_some(),
    };
    head.iter().map(String::as_str).find(|name| !is_known(name))
}

/// What a line says of a row; `Parent.Key` is a parent by its key.
pub(super) fn fields(head: &[String], cells: &[String]) -> Map<String, Value> {
    let mut row = Map::new();
    for (name, cell) in head.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let value = if cell == NOTHING { Value::Null } else { json!(cell) };
        match name.split_once('.') {
            Some((parent, key)) => row.insert(parent.to_owned(), json!({ key: value })),
            None => row.insert(name.clone(), value),
        };
    }
    row
}

fn id_of(row: &Map<String, Value>) -> Option<&str> {
    row.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, id)| id.as_str())
}

/// Does to one row what the job is for; answers its id and whether it was made.
fn one(session: &Session<'_>, task: Task<'_>, mut row: Map<String, Value>) -> Done<(String, bool)> {
    let Task { operation, object, key } = task;
    let id = id_of(&row).filter(|id| !id.is_empty()).map(str::to_owned);
    row.retain(|name, _| !name.eq_ignore_ascii_case("id"));
    let known = |id: Option<String>| -> Done<String> {
        let id = id.ok_or_else(|| missing("Id"))?;
        rows::read_id(object, &id)
            .map_err(|_| bad(Wrong::nowhere("MALFORMED_ID", format!("malformed id {id}"))))
    };
    match operation {
        "insert" => Ok((rows::create(session, object, &row, None)?, true)),
        "update" => {
            let id = known(id)?;
            rows::update(session, object, &id, &row, None)?;
            Ok((id, false))
        }
        "upsert" => upsert_one(session, object, key, id, row),
        "hardDelete" => {
            let id = known(id)?;
            erase::erase(session, object, &id)?;
            Ok((id, false))
        }
        _ => {
            let id = known(id)?;
            rows::delete(session, object, &id)?;
            Ok((id, false))
        }
    }
}

fn missing(name: &str) -> Stop {
    bad(Wrong::nowhere("MISSING_ARGUMENT", format!("{name} not specified")))
}

fn upsert_one(
    session: &Session<'_>,
    object: &Object,
    key: &str,
    id: Option<String>,
    mut row: Map<String, Value>,
) -> Done<(String, bool)> {
    let field = upsert::key_field(object, key)?;
    let name = row.keys().find(|name| name.eq_ignore_ascii_case(&field.name)).cloned();
    let value = name.and_then(|name| row.shift_remove(&name));
    let value = if field.name == "Id" { id.map(Value::String) } else { value };
    let value = match value {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            return Err(missing(&field.name));
        }
    };
    match upsert::upsert(session, object, (field, &value), &row, false, &|_| Ok(()))? {
        Upserted::Created(id) => Ok((id, true)),
        Upserted::Updated(id) => Ok((id, false)),
        Upserted::Several(_) => {
            let message = format!("{}: more than one record found", field.name);
            Err(bad(Wrong::at("DUPLICATE_EXTERNAL_ID", field, message)))
        }
    }
}

/// What a query selects, as a table's columns and rows.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) object: Value,
    pub(super) columns: Vec<Column>,
    pub(super) records: Vec<Value>,
}

/// A column: its dotted name, and what its values are called in Apex.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) apex: String,
}

impl Selected {
    /// The table with its head.
    pub(super) fn table(&self) -> Vec<Vec<String>> {
        let head = self.columns.iter().map(|column| column.name.clone()).collect();
        let cells =
            |row: &Value| self.columns.iter().map(|column| cell(row, &column.name)).collect();
        [head].into_iter().chain(self.records.iter().map(cells)).collect()
    }
}

/// Runs a query; `all`: rows in the bin too. Jobs take neither groups nor children.
pub(super) fn select(session: &Session<'_>, query: &str, all: bool) -> Done<Selected> {
    let described = soql::columns(session, query)?;
    let refused = || {
        let message = "Aggregate Relationships not supported in Bulk Query";
        bad(Wrong::new("FUNCTIONALITY_NOT_ENABLED", message))
    };
    let mut columns = Vec::new();
    if !paths(&described, "columnMetadata", "", &mut columns) {
        return Err(refused());
    }
    let entity = described.get("entityName").and_then(Value::as_str).unwrap_or_default();
    if columns.iter().any(|column| is_compound(session.org, entity, &column.name)) {
        let message = "Selecting compound data not supported in Bulk Query";
        return Err(bad(Wrong::new("FUNCTIONALITY_NOT_ENABLED", message)));
    }
    let records = match soql::find(session, query, all)? {
        Found::Rows(ids) => soql::show(session, query, &ids)?,
        Found::Groups(_) | Found::Count(_) => return Err(refused()),
    };
    let object = described.get("entityName").cloned().unwrap_or_default();
    Ok(Selected { object, columns, records })
}

/// Whether a dotted name leads to a value that is made of several.
fn is_compound(org: &Org, entity: &str, path: &str) -> bool {
    let mut names: Vec<&str> = path.split('.').collect();
    let last = names.pop().unwrap_or_default();
    let object = names.into_iter().fold(org.named(entity), |here, name| {
        let (_, link) = here?.parent(name)?;
        link.to.iter().find_map(|to| org.named(to))
    });
    let field = object.and_then(|object| object.field(last));
    field.is_some_and(|field| matches!(field.kind, Kind::Address))
}

/// Adds the columns with their dotted names; `false`: there are children or groups among them.
fn paths(described: &Value, key: &str, before: &str, columns: &mut Vec<Column>) -> bool {
    let all = described.get(key).and_then(Value::as_array).into_iter().flatten();
    let mut is_flat = true;
    for column in all {
        let text = |name: &str| column.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{before}{}", text("columnName"));
        let is_parent =
            column.get("joinColumns").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        if column.get("aggregate") == Some(&Value::Bool(true)) {
            is_flat = false;
        } else if is_parent {
            is_flat &= paths(column, "joinColumns", &format!("{name}."), columns);
        } else {
            columns.push(Column { name, apex: text("apexType").to_owned() });
        }
    }
    is_flat
}

fn cell(row: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(row, |here, name| here.get(name));
    match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
