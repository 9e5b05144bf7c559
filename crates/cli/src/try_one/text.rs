//! One reconcile, for people.
//!
//! In: what was tried. Out: a page of text. Must not know: files, how it was decided.

use std::fmt::Write as _;

use mapping::decision::{ChildAction, ChildChange, Draft, Effect, Outcome, Side, nest};
use mapping::explain::{Explained, Holds, Look};
use mapping::value::Value;

use super::{Tried, values_of};
use crate::project::Step;

/// How wide the page is.
const WIDTH: usize = 100;

/// What a line is indented by below its first one.
const INDENT: &str = "      ";

/// The page: the two sides, every line, what must hold, what waits, what would be written.
pub(super) fn text(tried: &Tried<'_>) -> String {
    let mut text = String::new();
    head(tried, &mut text);
    for line in &tried.lines {
        one_line(tried, line, &mut text);
    }
    if tried.some {
        return text;
    }
    requires(tried, &mut text);
    for fault in tried.decision.refused.iter().chain(&tried.decision.parked) {
        let _ = writeln!(text, "waits for a person: {fault}");
    }
    if tried.decision.refused.is_some() || !tried.decision.parked.is_empty() {
        text.push('\n');
    }
    sum(tried, &mut text);
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
        let why = if plan.starts_from(side) {
            format!("the {name} does not take part: `sync from {name}` does not hold")
        } else {
            let other = plan.side_name(side.other());
            format!(
                "from {name}: no line of `sync` says so, so no {other} is made of one; linked ones are kept in step"
            )
        };
        let _ = writeln!(text, "{why}");
    }
    text.push('\n');
}

/// A line of the map: the sign of what was decided, its place, what it says, then each look.
fn one_line(tried: &Tried<'_>, line: &Explained, text: &mut String) {
    let place = match tried.map.step(line.map_line) {
        Some(Step { file, line, .. }) => format!("{file}:{line}  "),
        None => String::new(),
    };
    let signs: Vec<&str> = line.looks.iter().map(|look| sign(&look.trace.outcome)).collect();
    // A list shows the sign of what happens to it, if anything does.
    let first = signs.iter().find(|sign| !matches!(**sign, "=" | "."));
    let sign = first.or(signs.first()).unwrap_or(&".");
    let _ = writeln!(text, "{sign:>2}  {place}{}", line.rule);
    wrapped(&line.clauses, text);
    if let Some(why) = line.idle {
        let _ = writeln!(text, "{INDENT}not looked at: {why}");
    }
    for look in &line.looks {
        one_look(tried, look, text);
    }
    text.push('\n');
}

fn sign(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Agrees => "=",
        Outcome::Kept => ".",
        Outcome::WritesLeft => "<-",
        Outcome::WritesRight => "->",
        Outcome::WritesBoth => "<>",
        Outcome::Held(_) | Outcome::NotOptedIn => "x",
        Outcome::Drifted => "~",
        Outcome::Parked(_) => "!",
    }
}

/// Both values with what they were, the row, what was decided and why, what is written.
fn one_look(tried: &Tried<'_>, look: &Look, text: &mut String) {
    let trace = &look.trace;
    if let Some(key) = &look.element {
        let _ = writeln!(text, "{INDENT}[{key}]");
    }
    let base = look.base.as_ref().filter(|_| !trace.left.is_empty());
    let mut rows = Vec::new();
    for side in Side::BOTH {
        let (now, was) = match side {
            Side::Left => (&trace.left, base.map(|base| &base.l)),
            Side::Right => (&trace.right, base.map(|base| &base.r)),
        };
        let was = match was {
            Some(was) if look.changed[side.index()] => format!("   was {}", shown(was)),
            Some(_) => "   as in the base".to_owned(),
            None => String::new(),
        };
        rows.push((tried.plan.side_name(side), now.clone(), was));
    }
    if let Some(row) = trace.row_line.and_then(|row| tried.map.step(row)) {
        rows.push(("row", String::new(), format!("{}:{}  {}", row.file, row.line, row.text)));
    }
    rows.push(("written", trace.written.clone().unwrap_or_default(), String::new()));
    let width = rows.iter().map(|(name, _, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value, more) in rows {
        if !(value.is_empty() && more.is_empty()) {
            let value = if value.is_empty() { String::new() } else { shown(&value) };
            let _ = writeln!(text, "{INDENT}{name:width$}  {value}{more}");
        }
    }
    let fitted = look.decision.map_or_else(String::new, |number| format!(" (decision {number})"));
    let decided = tried.words(&trace.outcome);
    wrapped(&format!("{decided}: {}{fitted}", trace.reason), text);
}

/// Words on as many lines as they need.
fn wrapped(words: &str, text: &mut String) {
    let mut column = 0;
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        }
        text.push_str(if column == 0 { INDENT } else { " " });
        column += length + if column == 0 { INDENT.len() } else { 1 };
        text.push_str(word);
    }
    if column > 0 {
        text.push('\n');
    }
}

fn requires(tried: &Tried<'_>, text: &mut String) {
    if tried.requires.is_empty() {
        return;
    }
    let _ = writeln!(text, "require before sharing");
    for one in &tried.requires {
        let (sign, says) = match one.holds {
            Holds::Yes => ("=", ""),
            Holds::No => ("!", ": does not hold"),
            Holds::Idle => (".", ": does not hold, and nothing that it names is written"),
            Holds::NotAsked => (".", ": its `when` does not hold"),
        };
        let when = one.when.as_ref().map_or_else(String::new, |when| format!(" when {when}"));
        let place = tried.map.step(one.map_line);
        let place = place.map_or_else(String::new, |step| format!("{}:{}", step.file, step.line));
        let _ = writeln!(text, "{sign:>2}  {place}  {}{when}{says}", one.test);
    }
    text.push('\n');
}

/// How many lines there are of each kind.
fn sum(tried: &Tried<'_>, text: &mut String) {
    let mut counts: Vec<(&str, usize)> = [
        ("<-", "written to the left"),
        ("->", "written to the right"),
        ("x", "held or not sent"),
        ("!", "waiting for a person"),
        ("~", "drifted"),
        ("=", "in agreement"),
    ]
    .iter()
    .map(|(sign, words)| {
        let looks = tried.lines.iter().flat_map(|line| &line.looks);
        (*words, looks.filter(|look| self::sign(&look.trace.outcome) == *sign).count())
    })
    .collect();
    counts.retain(|(_, number)| *number > 0);
    let parts: Vec<String> =
        counts.iter().map(|(words, number)| format!("{number} {words}")).collect();
    if !parts.is_empty() {
        let _ = writeln!(text, "lines: {}\n", parts.join(", "));
    }
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
            related(tried, draft, text);
            children(&draft.children, text);
        }
        Effect::Invite(draft) => {
            let half = pretty(&draft.to_json());
            let _ = writeln!(
                text,
                "Microsoft is asked to join; its half of the deal is created:\n{half}"
            );
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

fn related(tried: &Tried<'_>, draft: &Draft, text: &mut String) {
    for related in &draft.related {
        let none = if related.create_if_none { "created" } else { "asked for" };
        let rules: Vec<String> =
            related.tried().map(|rule| pretty(&nest(&rule.matching))).collect();
        let _ = writeln!(
            text,
            "its {} ({}), found by {}; when there is none, it is {none}:\n{}",
            related.object,
            related.through,
            rules.join(", else by "),
            pretty(&nest(&related.changes)),
        );
        for rule in related.rules.iter().filter(|rule| rule.skipped) {
            let (file, line) = tried.plan.place(rule.map_line);
            let _ = writeln!(text, "not looked for by {file}:{line}, where a value is blank");
        }
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
            ChildAction::Remove(id) => writeln!(
                text,
                "the {object} {id} is to be removed, which waits for a person: nothing is deleted in Salesforce"
            ),
        };
    }
}

fn pretty(json: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) => format!("{value:#}"),
        Err(_) => json.to_owned(),
    }
}
