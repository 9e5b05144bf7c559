//! Problems as SARIF 2.1.0, which code hosts show beside the lines.
//!
//! In: findings. Out: one JSON log with one run. Must not know: how a problem was found.

use std::fmt::Write as _;

use mapping::problem::{Code, Severity};
use serde_json::{Value, json};

use super::{Finding, SCHEMA_CODE};

/// Findings as a SARIF log.
pub(crate) fn sarif(findings: &[Finding]) -> String {
    let mut rules: Vec<Value> =
        Code::ALL.iter().map(|code| rule(code.name(), code.when(), code.severity())).collect();
    rules.push(rule(SCHEMA_CODE, "a schema file cannot be read", Severity::Error));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cosell",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn rule(id: &str, when: &str, severity: Severity) -> Value {
    json!({
        "id": id,
        "shortDescription": {"text": when},
        "defaultConfiguration": {"level": level(severity)},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(finding: &Finding) -> Value {
    let index = Code::ALL.iter().position(|code| code.name() == finding.code);
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let related: Vec<Value> = finding
        .also
        .iter()
        .map(|also| {
            json!({
                "physicalLocation": place(&also.file, (also.line, also.column), None),
                "message": {"text": also.label},
            })
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": index.unwrap_or(Code::ALL.len()),
        "level": level(finding.severity),
        "message": {"text": message},
        "locations": [{
            "physicalLocation":
                place(&finding.file, (finding.line, finding.column), finding.end()),
        }],
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if let Some(edit) = &finding.edit {
        result["fixes"] = json!([{
            "description": {"text": finding.help.as_deref().unwrap_or("put the text in its place")},
            "artifactChanges": [{
                "artifactLocation": {"uri": uri(&edit.file)},
                "replacements": [{
                    "deletedRegion": region(edit.start, Some(edit.end)),
                    "insertedContent": {"text": edit.text},
                }],
            }],
        }]);
    }
    result
}

fn place(file: &str, start: (usize, usize), end: Option<(usize, usize)>) -> Value {
    json!({"artifactLocation": {"uri": uri(file)}, "region": region(start, end)})
}

fn region(start: (usize, usize), end: Option<(usize, usize)>) -> Value {
    let mut region = json!({"startLine": start.0, "startColumn": start.1});
    if let Some((line, column)) = end.filter(|end| *end >= start) {
        region["endLine"] = json!(line);
        region["endColumn"] = json!(column);
    }
    region
}

/// A relative path with forward slashes, what a URI may not hold percent-encoded.
fn uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                uri.push(char::from(byte));
            }
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}
