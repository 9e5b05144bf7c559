//! Tests of reading: what is in the tree, and what is said about what is not.

mod problems;
mod trees;

use super::parse;
use crate::problem::{Problem, place};
use crate::tree::Tree;

/// The whole example map of the manual.
pub(crate) const EXAMPLE: &str = include_str!("tests/opportunity.map");

/// A tree as text, without places.
pub(crate) fn meaning(tree: &Tree) -> String {
    let text = format!("{tree:#?}");
    let mut kept = Vec::new();
    let mut in_span = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        in_span |= trimmed.ends_with("Span {");
        if !in_span {
            kept.push(line);
        }
        in_span &= !trimmed.starts_with('}');
    }
    // A span in a tuple leaves its closing mark only; every tree loses the same lines.
    kept.join("\n")
}

/// One problem as `line:column code "underlined" fix`.
fn row(text: &str, problem: &Problem) -> String {
    let (line, column) = place(text, problem.at.start);
    let under = text.get(problem.at.start..problem.at.end).expect("a range of the text");
    let fix = problem.fix.as_ref().map(|fix| format!(" => {:?}", fix.text)).unwrap_or_default();
    format!("{line}:{column} {} {under:?}{fix}", problem.code.name().replace("map::", ""))
}

/// Reads `text` and compares the problems, one a line, with `expected`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let (_, problems) = parse(text);
    let rows: Vec<String> = problems.iter().map(|problem| row(text, problem)).collect();
    assert_eq!(rows, expected, "in:\n{text}");
    for problem in &problems {
        well_worded(problem);
    }
}

/// The house rules of wording.
#[track_caller]
fn well_worded(problem: &Problem) {
    let help = problem.help.as_deref().expect("a help");
    for said in [problem.message.as_str(), problem.label.as_str(), help] {
        assert!(!said.is_empty() && !said.ends_with('.') && !said.contains('\n'), "{said:?}");
        assert!(!said.starts_with(|c: char| c.is_uppercase() && c != 'J'), "{said:?}");
        assert!(
            !said.contains("kw_") && !said.contains("EOI") && !said.contains("_line"),
            "{said}"
        );
    }
}

/// The one line in a `fields` block has these problems.
#[track_caller]
fn check_field(line: &str, expected: &[&str]) {
    check(&format!("fields\n{line}\nend\n"), expected);
}

/// Applying the fixes of all problems leaves none.
#[track_caller]
fn check_fixed(text: &str, expected: &str) {
    let (_, problems) = parse(text);
    assert!(!problems.is_empty(), "nothing to fix");
    let mut fixed = text.to_owned();
    for problem in problems.iter().rev() {
        let fix = problem.fix.as_ref().expect("a fix");
        fixed.replace_range(fix.span.start..fix.span.end, &fix.text);
    }
    assert_eq!(fixed, expected);
    let (_, left) = parse(&fixed);
    assert_eq!(left, [], "still wrong:\n{fixed}");
}
