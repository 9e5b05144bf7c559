//! Differences, for people.
//!
//! In: what was compared. Out: a page of text. Must not know: files, how it was compared.

use std::fmt::Write as _;

use mapping::diff::{Cause, FaultGroup, Group, Sample};

use super::{By, Compared};
use crate::project::Step;
use crate::terminal::count;

/// The longest value that is shown whole.
const LONGEST: usize = 32;

/// The page: the changes by cause, what is new and what is solved, and the sum.
pub(super) fn text(compared: &Compared<'_>) -> String {
    let mut text = String::new();
    for (cause, group) in compared.summary.groups() {
        one_group(compared, cause, group, &mut text);
    }
    for group in compared.summary.faults() {
        one_fault(compared, group, &mut text);
    }
    sum(compared, &mut text);
    text
}

fn one_group(compared: &Compared<'_>, cause: &Cause, group: &Group, text: &mut String) {
    let [old, new] = compared.maps;
    let _ = writeln!(text, "{} written differently", times(group.records));
    let (word, map) = if cause.gone { ("gone", old) } else { ("line", new) };
    place(word, map.step(cause.line), text);
    place("row ", cause.row.and_then(|row| new.step(row)), text);
    place("was ", cause.old_row.and_then(|row| old.step(row)), text);
    let rows: Vec<[String; 3]> =
        group.samples.iter().map(|sample| cells(compared, sample)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    for [line, field, values] in &rows {
        let _ = writeln!(text, "    {line:first$}  {field:second$}  {values}");
    }
    let shown = group.samples.iter().map(|sample| sample.line);
    let shown = shown.collect::<std::collections::BTreeSet<_>>().len() as u64;
    more(group.records.saturating_sub(shown), text);
    text.push('\n');
}

/// `line  new.map:41  status <-> StageName`
fn place(word: &str, step: Option<Step>, text: &mut String) {
    if let Some(Step { file, line, text: says }) = step {
        let _ = writeln!(text, "  {word}  {file}:{line}  {says}");
    }
}

fn cells(compared: &Compared<'_>, sample: &Sample) -> [String; 3] {
    let values = [&sample.old, &sample.new].map(|value| match value {
        Some(value) if value == "null" => "blank".to_owned(),
        Some(value) => short(value),
        None => "nothing".to_owned(),
    });
    [
        compared.by.name(sample.line),
        format!("{} {}", compared.plan.side_name(sample.side), sample.field),
        values.join(" -> "),
    ]
}

fn short(value: &str) -> String {
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    let kept: String = value.chars().take(LONGEST).collect();
    format!("{kept}…")
}

fn one_fault(compared: &Compared<'_>, group: &FaultGroup, text: &mut String) {
    let [old, new] = compared.maps;
    let what = match (group.conflict, group.solved) {
        (false, false) => "with a new fault",
        (false, true) => "with a fault that is solved",
        (true, false) => "with a new conflict",
        (true, true) => "with a conflict that is solved",
    };
    let _ = writeln!(text, "{} {what}", times(group.records));
    let fault = &group.fault;
    let map = if group.solved { old } else { new };
    place("line", map.step_of(fault), text);
    let field = fault.field.as_ref().map_or_else(String::new, |field| format!("{field}: "));
    let _ = writeln!(text, "    {field}{} ({})", fault.message, fault.code.name());
    let _ = match compared.by {
        _ if group.lines.is_empty() => Ok(()),
        By::Deal => writeln!(text, "    {}", joined(&group.lines, |deal| By::Deal.name(*deal))),
        By::Line => {
            let word = if group.lines.len() == 1 { "line" } else { "lines" };
            writeln!(text, "    {word} {}", joined(&group.lines, ToString::to_string))
        }
    };
    more(group.records.saturating_sub(group.lines.len() as u64), text);
    text.push('\n');
}

fn joined(numbers: &[u64], name: impl Fn(&u64) -> String) -> String {
    numbers.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn more(records: u64, text: &mut String) {
    if records > 0 {
        let _ = writeln!(text, "    and {records} more");
    }
}

fn sum(compared: &Compared<'_>, text: &mut String) {
    let summary = &compared.summary;
    let differ = match summary.changed {
        0 => "no difference".to_owned(),
        changed => format!("{changed} with a difference"),
    };
    let (done, left_out) = match compared.by {
        By::Line => ("replayed", "broken line"),
        By::Deal => ("looked at", "unreadable deal"),
    };
    let broken = match compared.broken {
        0 => String::new(),
        broken => {
            let broken = usize::try_from(broken).unwrap_or(usize::MAX);
            format!(", {} left out", count(broken, left_out))
        }
    };
    let _ = writeln!(text, "{} {done}, {differ}{broken}", times(summary.records));
}

fn times(records: u64) -> String {
    count(usize::try_from(records).unwrap_or(usize::MAX), "deal")
}
