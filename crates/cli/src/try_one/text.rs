//! One reconcile, for people.
//!
//! In: what was tried. Out: a page of text. Must not know: files, how it was decided.

use std::fmt::Write as _;

use mapping::decision::{ChildAction, ChildChange, Draft, Effect, LineTrace, Side, nest};
use mapping::value::Value;

use super::{Tried, values_of};

/// The page: the two sides, every line, what waits, what would be written.
pub(super) fn text(tried: &Tried<'_>) -> String {
    let mut text = String::new();
    head(tried, &mut text);
    // Without a line: a field of a record to be created, which is shown whole below.
    for line in tried.decision.lines.iter().filter(|line| line.map_line > 0) {
        one_line(tried, line, &mut text);
    }
    for fault in tried.decision.refused.iter().chain(&tried.decision.parked) {
        let _ = writeln!(text, "waits for a person: {fault}");
    }
    if tried.decision.refused.is_some() || !tried.decision.parked.is_empty() {
        text.push('\n');
    }
    for side in Side::BOTH {
        effect(tried, side, &mut text);
    }
    text
}

fn head(tried: &Tried<'_>, text: &mut String) {
    let plan = tried.plan;
    for side in Side::BOTH {
        let given = if tried.given[side.index()] { "given" } else { "missing" };
        let _ = writeln!(text, "{} ({}): {given}", plan.side_name(side), plan.object(side));
    }
    let base = if tried.has_base { "given" } else { "missing, so this is their first contact" };
    if tried.given == [true, true] {
        let _ = writeln!(text, "base: {base}");
    }
    if let Some(side) = tried.absent {
        let name = plan.side_name(side);
        let _ = writeln!(text, "the {name} does not take part: `sync from {name}` does not hold");
    }
    text.push('\n');
}

fn one_line(tried: &Tried<'_>, line: &LineTrace, text: &mut String) {
    let decided = tried.words(&line.outcome);
    let place = |line| match tried.plan.place(line) {
        (map, line) if map == tried.plan.file() => format!("line {line}"),
        (map, line) => format!("line {line} of {map}"),
    };
    let _ = writeln!(text, "{}: {}", place(line.map_line), line.rule);
    let row =
        line.row_line.map_or_else(String::new, |row| format!(", by the row in {}", place(row)));
    let _ = writeln!(text, "    {decided}: {}{row}", line.reason);
    let names = Side::BOTH.map(|side| tried.plan.side_name(side));
    let [left, right] = names;
    let rows =
        [(left, Some(&line.left)), (right, Some(&line.right)), ("written", line.written.as_ref())];
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "    {name:width$}  {}", shown(value));
        }
    }
    text.push('\n');
}

/// Values in short; a text that holds no values as it is.
fn shown(text: &str) -> String {
    match values_of(text) {
        Some(values) => values.iter().map(Value::show).collect::<Vec<_>>().join(", "),
        None => text.to_owned(),
    }
}

fn effect(tried: &Tried<'_>, side: Side, text: &mut String) {
    let name = tried.plan.side_name(side);
    match tried.effect(side) {
        Effect::Nothing => {
            let _ = writeln!(text, "nothing is written to the {name}");
        }
        Effect::Create(draft) => {
            let _ = writeln!(text, "the {name} is created:\n{}", pretty(&draft.to_json()));
            related(draft, text);
            children(&draft.children, text);
        }
        Effect::Update { changes, children: changed } => {
            if !changes.is_empty() {
                let _ = writeln!(text, "written to the {name}:\n{}", pretty(&nest(changes)));
            }
            children(changed, text);
        }
    }
    if side == Side::Right && !tried.report.is_empty() {
        let _ = writeln!(text, "with it, badge and audit:\n{}", pretty(&nest(&tried.report)));
    }
}

fn related(draft: &Draft, text: &mut String) {
    for related in &draft.related {
        let none = if related.create_if_none { "created" } else { "asked for" };
        let _ = writeln!(
            text,
            "its {} ({}), found by {}; when there is none, it is {none}:\n{}",
            related.object,
            related.through,
            pretty(&nest(&related.matching)),
            pretty(&nest(&related.changes)),
        );
    }
}

fn children(children: &[ChildChange], text: &mut String) {
    for child in children {
        let object = &child.object;
        let fields = || pretty(&nest(&child.changes));
        let _ = match &child.action {
            ChildAction::Create => writeln!(text, "a {object} is created:\n{}", fields()),
            ChildAction::Update(id) => {
                writeln!(text, "the {object} {id} is changed:\n{}", fields())
            }
            ChildAction::Remove(id) => writeln!(text, "the {object} {id} is removed"),
        };
    }
}

fn pretty(json: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) => format!("{value:#}"),
        Err(_) => json.to_owned(),
    }
}
