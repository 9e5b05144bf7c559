//! What is told of a pull: a line each object.
//!
//! In: rows. Out: text, or JSON. Must not know: files, the org.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mapping::schema::Difference;
use serde_json::{Value, json};

use super::files::{Row, State};
use crate::schema::Face;
use crate::terminal::{count, shown};

/// So many fields are named.
const NAMED: usize = 4;

/// The rows for people or machines.
pub(super) fn text(folder: &Path, rows: &[Row], face: Face) -> String {
    match face {
        Face::Human => human(rows),
        Face::Json => {
            let rows: Vec<Value> = rows.iter().map(json).collect();
            format!("{:#}\n", json!({ "org": shown(folder), "objects": rows }))
        }
    }
}

fn human(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| shown(&row.path).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let said = match &row.state {
            State::New => format!("new, {}", count(row.fields, "field")),
            State::Same => "the same".to_owned(),
            State::Changed(difference) => format!("changed: {}", said(difference)),
            State::Foreign => "changed: the file was no describe".to_owned(),
        };
        let _ = writeln!(text, "{:<width$}  {said}", shown(&row.path));
    }
    text
}

fn said(difference: &Difference) -> String {
    let Difference { added, removed, changed, beside } = difference;
    let mut parts: Vec<String> = Vec::new();
    for (names, what) in [(added, "added"), (removed, "removed"), (changed, "changed")] {
        if !names.is_empty() {
            parts.push(format!("{} {what} ({})", count(names.len(), "field"), few(names)));
        }
    }
    if !beside.is_empty() {
        let beside: Vec<String> = beside.iter().map(|name| word(name).to_owned()).collect();
        parts.push(few(&beside));
    }
    if parts.is_empty() { "the layout alone".to_owned() } else { parts.join(", ") }
}

fn few(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(", …");
    }
    text
}

/// The word for a member of a describe.
fn word(member: &str) -> &str {
    match member {
        "childRelationships" => "child relationships",
        "recordTypeInfos" => "record types",
        "urls" => "version of the interface",
        other => other,
    }
}

fn json(row: &Row) -> Value {
    let (state, none) = (state(row), Difference::default());
    let Difference { added, removed, changed, beside } = match &row.state {
        State::Changed(difference) => difference,
        State::New | State::Same | State::Foreign => &none,
    };
    json!({
        "object": row.object,
        "file": shown(&row.path),
        "state": state,
        "fields": row.fields,
        "added": added,
        "removed": removed,
        "changed": changed,
        "beside": beside,
    })
}

fn state(row: &Row) -> &'static str {
    match row.state {
        State::New => "new",
        State::Same => "same",
        State::Changed(_) | State::Foreign => "changed",
    }
}

/// Files that were not pulled and yet are read with `--org`.
pub(super) fn others(others: &[(PathBuf, String)], rows: &[Row]) -> String {
    let mut text = String::new();
    for (path, object) in others {
        let path = shown(path);
        let note = if rows.iter().any(|row| row.object == *object) {
            format!("{path} tells of `{object}` too, and may hide what was pulled: remove it")
        } else {
            format!(
                "{path} was not pulled, because no map looks into `{object}`: name it to pull it too"
            )
        };
        let _ = writeln!(text, "note: {note}");
    }
    text
}

/// All of it in a sentence, and what to do with it.
pub(super) fn summary(rows: &[Row], login: &str, folder: &Path, check: bool) -> String {
    let number = |wanted: &str| rows.iter().filter(|row| state(row) == wanted).count();
    let (new, changed, same) = (number("new"), number("changed"), number("same"));
    let mut text = format!(
        "{} of {login}: {new} new, {changed} changed, {same} the same",
        count(rows.len(), "object")
    );
    if new + changed > 0 {
        let org = shown(folder);
        text.push_str(if check { "; nothing was written" } else { "" });
        if !check {
            let _ = write!(text, "; `cosell check --org {org}` checks the maps against it");
        }
    }
    text.push('\n');
    text
}
