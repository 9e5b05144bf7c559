//! Numbers and texts on which engines differ; none of them is in the records that are timed.
//!
//! In: engines. Out: a table of what each makes of them. Must not know: how an engine works.

use std::fs;

use serde_json::Value;

use crate::build::scratch;
use crate::canonical::spelling;
use crate::compare::wanted;
use crate::flags::Flags;
use crate::records::save;
use crate::table::print;
use crate::worker::Worker;
use crate::{Stop, say};

/// A case: what it is called, where it stands, its JSON, where it goes, and what is right there.
struct Case {
    name: &'static str,
    details: String,
    field: &'static str,
    right: String,
}

fn cases() -> Vec<Case> {
    let amount = |text: &'static str| Case {
        name: text,
        details: format!(r#""details":{{"dealValue":{text}}}"#),
        field: "Amount",
        right: text.to_owned(),
    };
    let text = |name, details: String, field, right: &str| Case {
        name,
        details,
        field,
        right: Value::from(right).to_string(),
    };
    let long = "n".repeat(119);
    vec![
        amount("125000.50"),
        amount("99999999999999.99"),
        amount("1234567890123456.78"),
        amount("9007199254740993"),
        amount("12345678901234567890"),
        amount("0.1000000000000000055"),
        text(
            "120 characters, the last an emoji",
            format!(r#""name":"{long}🚀🚀""#),
            "Name",
            &format!("{long}🚀"),
        ),
        text(
            "the same, escaped",
            format!(r#""name":"{long}\ud83d\ude80\ud83d\ude80""#),
            "Name",
            &format!("{long}🚀"),
        ),
        text(
            "lower case of É",
            r#""customerProfile":{"team":[{"email":"ÉVA@x.example"}]}"#.to_owned(),
            "ContactEmail",
            "éva@x.example",
        ),
    ]
}

fn record(case: &Case) -> String {
    format!(
        r#"{{"id":"r","engagementId":"e","status":"New","substatus":"Received",{}}}"#,
        case.details
    )
}

/// What an engine made of a case.
fn verdict(case: &Case, line: &str) -> String {
    let found = match serde_json::from_str::<Value>(line) {
        Ok(record) => record.get(case.field).map_or("nothing".to_owned(), Value::to_string),
        Err(_) => return "refused".to_owned(),
    };
    if spelling(&found).is_ok() && spelling(&found) == spelling(&case.right) {
        return "exact".to_owned();
    }
    let shown: Vec<char> = found.chars().collect();
    match shown.len() {
        0..=24 => found,
        length => format!("…{}", shown[length - 14..].iter().collect::<String>()),
    }
}

/// Prints what each engine makes of each case. It is no failure if one is not exact.
pub(crate) fn run(flags: &Flags) -> Result<bool, Stop> {
    let engines = wanted(flags)?;
    let cases = cases();
    let (input, output) = (scratch()?.join("edge-in.ndjson"), scratch()?.join("edge-out.ndjson"));
    save(&input, cases.iter().map(record))?;
    let mut rows: Vec<Vec<String>> = cases.iter().map(|case| vec![case.name.to_owned()]).collect();
    let mut heads = vec!["case"];
    for engine in engines {
        Worker::start(engine, false, &input, &[])?.write(&output)?;
        let text = fs::read_to_string(&output).map_err(|error| error.to_string())?;
        for ((row, case), line) in rows.iter_mut().zip(&cases).zip(text.lines()) {
            row.push(verdict(case, line));
        }
        heads.push(engine.name);
    }
    say("Cases outside of the records that are timed.");
    print(&heads, &rows);
    Ok(true)
}
