//! The sentences of the problems that `check` finds.
//!
//! In: places and the user's words. Out: problems. Must not know: how they were found.

use super::{Code, Problem, nearest};
use crate::tree::Span;

/// A list of words for a sentence: at most eight, each in backticks.
pub(crate) fn listed<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    let mut shown: Vec<String> = words.iter().take(8).map(|word| format!("`{word}`")).collect();
    if words.len() > 8 {
        shown.push(format!("and {} more", words.len() - 8));
    }
    shown.join(", ")
}

/// A piece of the head that every map has.
pub(crate) fn missing_item(at: Span, what: &str, example: &str) -> Problem {
    Problem::new(Code::MissingItem, at, format!("the map has no `{what}` line"))
        .label("expected in the head of the map")
        .help(format!("add a line such as `{example}`"))
}

/// Something that may stand once.
pub(crate) fn doubled(what: &str, first: Span, second: Span) -> Problem {
    Problem::new(Code::Doubled, second, format!("`{what}` stands twice"))
        .label("the second")
        .also(first, "the first")
        .help("remove one of the two")
}

/// A side that no `side` line names.
pub(crate) fn unknown_side(at: Span, word: &str, names: &[String; 2]) -> Problem {
    let problem = Problem::new(Code::UnknownSide, at, format!("there is no side `{word}`"))
        .label("named by no `side` line");
    match nearest(word, names.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).fix(at, near),
        None => problem.help(format!("write `{}` or `{}`", names[0], names[1])),
    }
}

/// An object that is not in the schema.
pub(crate) fn unknown_object(at: Span, word: &str, system: &str, names: &[&str]) -> Problem {
    let problem =
        Problem::new(Code::UnknownObject, at, format!("`{system}` has no object `{word}`"))
            .label("not in the schema");
    match nearest(word, names.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).fix(at, near),
        None => problem.help(format!(
            "write one of {}, or add its schema to `schemas/` beside the map",
            listed(names.iter().copied())
        )),
    }
}

/// A field that is not in the schema.
pub(crate) fn unknown_field(
    at: Span,
    word: &str,
    (holder, known, org): (&str, &[String], Option<&str>),
    fix: Option<(Span, String)>,
) -> Problem {
    let problem = Problem::new(Code::UnknownField, at, format!("`{holder}` has no field `{word}`"))
        .label("not in the schema");
    match (fix, known.is_empty()) {
        _ if word == "CurrencyIsoCode" => problem.help(
            "an org without multi-currency has no such field: leave it out and name the org's own currency, \
             as in `details.dealValue, details.currency <-> Amount as money in \"EUR\"`",
        ),
        _ if word == "RecordTypeId" => problem.help(
            "the object has no record types, or the user whose schema this is may not see them: leave the line out",
        ),
        (Some((span, near)), _) => problem.help(format!("did you mean `{near}`?")).fix(span, near),
        (None, true) => {
            problem.help(format!("add the schema of `{holder}` to `schemas/` beside the map"))
        }
        (None, false) => {
            let known = listed(known.iter().map(String::as_str));
            problem.help(match org {
                Some(org) => format!(
                    "org `{org}` as it was read has {known}: create the field there and read the org again, or map another"
                ),
                None => format!("it has {known}; a field of your own org needs that org's schema"),
            })
        }
    }
}

/// A table that no `values` block defines.
pub(crate) fn unknown_table(at: Span, word: &str, near: Option<&str>) -> Problem {
    let problem = Problem::new(Code::UnknownTable, at, format!("there is no table `{word}`"))
        .label("defined by no `values` block");
    match near {
        Some(near) => problem.help(format!("did you mean `{near}`?")).fix(at, near),
        None => problem.help(format!("add a block `values {word} … end`")),
    }
}

/// A value that is not in the field's list.
pub(crate) fn unknown_value(at: Span, word: &str, field: &str, values: &[&str]) -> Problem {
    let problem = Problem::new(Code::UnknownValue, at, format!("`{field}` has no value `{word}`"))
        .label("not in the field's list");
    match nearest(word, values.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if values.is_empty() => {
            problem.help(format!("`{field}` has no active value: make one active, or map another"))
        }
        None => problem.help(format!("write one of {}", listed(values.iter().copied()))),
    }
}

/// A clause that does nothing where it stands.
pub(crate) fn misplaced(at: Span, clause: &str, why: &str, help: &str) -> Problem {
    Problem::new(Code::ClauseMisplaced, at, format!("`{clause}` does nothing here: {why}"))
        .label("no effect")
        .help(help.to_owned())
}

/// Two clauses that contradict each other.
pub(crate) fn contradiction(first: Span, second: Span, what: &str) -> Problem {
    Problem::new(Code::ClauseConflict, second, format!("two clauses contradict each other: {what}"))
        .label("this one")
        .also(first, "and this one")
        .help("keep one of the two")
}
