//! `cosell sandbox rep`: a sales rep in Salesforce.
//!
//! In: an act. Out: records. Must not know: how the sandbox carries it out.

use std::fmt::Write as _;

use mapping::problem::nearest;
use serde_json::{Map, Value, json};

use crate::command::sandbox::{Record, Rep, RepAct};
use crate::terminal::{Stop, count};

use super::talk::{Talk, Who, refused};
use super::values;

/// Where Salesforce keeps records.
const DATA: &str = "/services/data/v64.0";
/// The longest value that a line shows.
const WIDEST: usize = 60;

/// Acts as a rep.
pub(super) fn act(args: &Rep) -> Result<(), Stop> {
    let talk = Talk::to(&args.to)?;
    match &args.act {
        RepAct::Create(create) => {
            let fields = values::flat(&create.values)?;
            let path = format!("{DATA}/sobjects/{}", create.object);
            let done = ask(&talk, &create.object, "POST", &path, Some(&fields))?;
            talk.show(&done, |done| format!("{}\n", cell(done.get("id"))))
        }
        RepAct::Edit(edit) => {
            let fields = values::some(values::flat(&edit.values)?)?;
            let Record { object, id } = &edit.record;
            let path = format!("{DATA}/sobjects/{object}/{id}");
            ask(&talk, object, "PATCH", &path, Some(&fields))?;
            let changed = ask(&talk, object, "GET", &path, None)?;
            let names: Vec<&String> = fields.as_object().into_iter().flat_map(Map::keys).collect();
            talk.show(&changed, |row| {
                let name = |name: &&&String| row.get(name.as_str()).is_some();
                let shown =
                    names.iter().filter(name).map(|name| (name.as_str(), row.get(name.as_str())));
                lines(shown)
            })
        }
        RepAct::Get(Record { object, id }) => {
            let row = ask(&talk, object, "GET", &format!("{DATA}/sobjects/{object}/{id}"), None)?;
            talk.show(&row, |row| {
                let fields = row.as_object().into_iter().flatten();
                let told = fields.filter(|(name, value)| *name != "attributes" && !value.is_null());
                lines(told.map(|(name, value)| (name.as_str(), Some(value))))
            })
        }
        RepAct::Delete(Record { object, id }) => {
            ask(&talk, object, "DELETE", &format!("{DATA}/sobjects/{object}/{id}"), None)?;
            talk.show(&json!({ "id": id, "deleted": true }), |_| format!("{id} is deleted\n"))
        }
        RepAct::Query(query) => {
            let rows = all_pages(&talk, &query.soql)?;
            talk.show(&rows, table)
        }
    }
}

/// Calls; an object that is not there is told with the one that may be meant.
fn ask(
    talk: &Talk,
    object: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, Stop> {
    let (status, answer) = talk.call(Who::Rep, method, path, body)?;
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    if status == 404 {
        let all = talk.need(Who::Rep, "GET", &format!("{DATA}/sobjects"), None)?;
        let listed = all.get("sobjects").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<&str> = listed.filter_map(|one| one.get("name")?.as_str()).collect();
        if !names.iter().any(|name| name.eq_ignore_ascii_case(object)) {
            let help = nearest(object, names.iter().copied()).map_or_else(
                || format!("it is one of {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Stop::because(format!("there is no object `{object}`"), help));
        }
    }
    if let Some(stop) = misspelt(talk, object, &answer)? {
        return Err(stop);
    }
    Err(refused(status, &answer))
}

/// What may be meant by a field that the object does not have.
fn misspelt(talk: &Talk, object: &str, answer: &Value) -> Result<Option<Stop>, Stop> {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let message = text("/0/message");
    let word = message.split('\'').nth(1).filter(|_| text("/0/errorCode") == "INVALID_FIELD");
    let Some(word) = word else { return Ok(None) };
    let path = format!("{DATA}/sobjects/{object}/describe");
    let (200, described) = talk.call(Who::Rep, "GET", &path, None)? else { return Ok(None) };
    let fields = described.get("fields").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = fields.filter_map(|field| field.get("name")?.as_str()).collect();
    Ok(nearest(word, names.iter().copied()).map(|near| {
        Stop::because(
            format!("the sandbox refused it: {message}"),
            format!("did you mean `{near}`?"),
        )
    }))
}

/// All rows of a query, in one list.
fn all_pages(talk: &Talk, soql: &str) -> Result<Value, Stop> {
    let encoded = soql.bytes().fold(String::new(), |mut out, byte| {
        // Writing into a text cannot fail.
        let _ = write!(out, "%{byte:02X}");
        out
    });
    let mut page = talk.need(Who::Rep, "GET", &format!("{DATA}/query?q={encoded}"), None)?;
    if page.get("records").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return Ok(page);
    }
    let mut rows = Vec::new();
    loop {
        let records = page.get_mut("records").and_then(Value::as_array_mut);
        rows.append(records.unwrap_or(&mut Vec::new()));
        let Some(next) = page.get("nextRecordsUrl").and_then(Value::as_str).map(str::to_owned)
        else {
            break;
        };
        page = talk.need(Who::Rep, "GET", &next, None)?;
    }
    Ok(json!({ "totalSize": rows.len(), "done": true, "records": rows }))
}

fn lines<'v>(fields: impl Iterator<Item = (&'v str, Option<&'v Value>)>) -> String {
    let fields: Vec<_> = fields.collect();
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = fields.iter().map(|(name, value)| format!("{name:<width$}  {}", cell(*value)));
    lines.map(|line| line + "\n").collect()
}

/// A value on one line.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.replace(['\n', '\r'], " "),
        Some(Value::Object(map)) => map.get("records").and_then(Value::as_array).map_or_else(
            || Value::Object(map.clone()).to_string(),
            |rows| count(rows.len(), "row"),
        ),
        Some(other) => other.to_string(),
    };
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Rows with a column for each field that was asked for.
fn table(found: &Value) -> String {
    let rows =
        found.get("records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        let total = found.get("totalSize").and_then(Value::as_u64).unwrap_or(0);
        return format!("{}\n", count(usize::try_from(total).unwrap_or(usize::MAX), "row"));
    }
    let mut columns: Vec<String> = Vec::new();
    let mut cells: Vec<Vec<(String, String)>> = Vec::new();
    for row in rows {
        let mut line = Vec::new();
        flatten(row, "", &mut line);
        for (name, _) in &line {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        cells.push(line);
    }
    let of = |line: &[(String, String)], column: &str| {
        line.iter()
            .find(|(name, _)| name == column)
            .map_or("", |(_, text)| text.as_str())
            .to_owned()
    };
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            let widest = cells.iter().map(|line| of(line, column).chars().count()).max();
            widest.unwrap_or(0).max(column.len())
        })
        .collect();
    let line = |texts: Vec<String>| {
        let padded: Vec<String> = texts
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:<width$}", width = *width))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let head = line(columns.clone());
    let body = cells.iter().map(|cells| line(columns.iter().map(|c| of(cells, c)).collect()));
    let total = format!("{}\n", count(rows.len(), "row"));
    head + &body.collect::<String>() + &total
}

/// The values of a row with dotted names; child rows are counted.
fn flatten(row: &Value, before: &str, line: &mut Vec<(String, String)>) {
    for (name, value) in row.as_object().into_iter().flatten() {
        if name == "attributes" {
            continue;
        }
        let name = format!("{before}{name}");
        match value {
            Value::Object(parent) if !parent.contains_key("records") => {
                flatten(value, &format!("{name}."), line);
            }
            other => line.push((name, cell(Some(other)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shown_in_columns() {
        let found = json!({ "records": [
            { "attributes": {}, "Name": "a", "Account": { "attributes": {}, "Name": "Alpine" } },
            { "attributes": {}, "Name": "longer", "Account": null, "Rows": { "records": [1, 2] } },
        ]});
        let text = table(&found);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Name    Account.Name  Account  Rows");
        assert_eq!(lines[1], "a       Alpine");
        assert_eq!(lines[2], "longer                         2 rows");
        assert_eq!(lines[3], "2 rows");
        assert_eq!(table(&json!({ "totalSize": 7, "records": [] })), "7 rows\n");
    }
}
