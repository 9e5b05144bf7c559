//! The sentences about maps that do not fit together.
//!
//! In: places and the user's words. Out: problems. Must not know: how they were found.

use crate::problem::semantics::listed;
use crate::problem::{Code, Problem, nearest};
use crate::tree::{At, Span};

/// `change` and the like in a map that extends nothing.
pub(super) fn no_extends(at: Span) -> Problem {
    Problem::new(
        Code::MissingItem,
        at,
        "the map has no `extends` line, so it has no base to change",
    )
    .label("changes a line of a base")
    .help("add a line such as `extends opportunity` at the top")
}

pub(super) fn extends_twice(first: Span, second: Span) -> Problem {
    Problem::new(Code::Doubled, second, "`extends` stands twice")
        .label("the second")
        .also(first, "the first")
        .help("keep one; a base may itself extend another map")
}

pub(super) fn unknown_base(base: &At<String>, names: &[String]) -> Problem {
    let problem =
        Problem::new(Code::UnknownBase, base.span, format!("there is no map `{}`", base.value))
            .label("neither beside this map nor built in");
    match nearest(&base.value, names.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).fix(base.span, near),
        None if names.is_empty() => {
            problem.help(format!("put `{}.map` beside this map", base.value))
        }
        None => problem.help(format!(
            "write one of {}, or put `{}.map` beside this map",
            listed(names.iter().map(String::as_str)),
            base.value
        )),
    }
}

pub(super) fn cycle(base: &At<String>, files: &[&str], again: &str) -> Problem {
    let start = files.iter().position(|file| *file == again).unwrap_or(0);
    let mut way: Vec<&str> = files.iter().skip(start).copied().collect();
    way.push(again);
    let message = match way.as_slice() {
        [own, _] => format!("`{own}` extends itself"),
        way => format!("the maps extend one another in a circle: {}", way.join(" extends ")),
    };
    Problem::new(Code::OverlayCycle, base.span, message)
        .label("leads back")
        .help("let one of them extend a map that extends none of the others")
}

pub(super) fn too_many_levels(base: &At<String>, most: usize) -> Problem {
    let message = format!("more than {most} maps extend one another");
    Problem::new(Code::OverlayCycle, base.span, message)
        .label("one too many")
        .help("put the lines of some of these maps together")
}

/// Where something of the base is.
pub(super) struct Near {
    /// The nearest line, or the block where it would be.
    pub(super) at: Span,
    /// The nearest line as written, and what of it takes the place of what was not found.
    pub(super) line: Option<String>,
}

/// A line or block that is not in the base.
pub(super) fn lost(at: Span, what: &str, base: &str, near: Option<Near>) -> Problem {
    let problem =
        Problem::new(Code::OverlayLost, at, format!("the base has no {what}")).label("not found");
    let gone = format!("look for it in {base}; when it is gone there, remove this line");
    match near {
        Some(Near { at: place, line: Some(line) }) => problem
            .also(place, "the nearest of the base")
            .help(format!("did you mean `{line}`?"))
            .fix(at, line),
        Some(Near { at: place, line: None }) => {
            problem.also(place, "it would stand here").help(gone)
        }
        None => problem.help(gone),
    }
}

/// Several lines that may be meant.
pub(super) fn unclear(at: Span, what: &str, places: &[Span], help: &str) -> Problem {
    let problem =
        Problem::new(Code::OverlayLost, at, format!("{} fit {what}", count(places.len())))
            .label("not clear which one")
            .help(help);
    places.iter().take(3).fold(problem, |problem, place| problem.also(*place, "one of them"))
}

fn count(number: usize) -> String {
    if number == 2 { "two of the base".to_owned() } else { format!("{number} of the base") }
}

/// A second line of the same overlay about the same line.
pub(super) fn twice(at: Span, first: Span) -> Problem {
    Problem::new(Code::Doubled, at, "two lines of this map are about the same line of the base")
        .label("the second")
        .also(first, "the first")
        .help("make one line of the two")
}

/// A line that changes nothing.
pub(super) fn idle(at: Span, place: Span) -> Problem {
    Problem::new(Code::OverlayIdle, at, "the base says this already")
        .label("changes nothing")
        .also(place, "the line of the base")
        .help("remove this line")
}

/// A line that the base has, with other clauses.
pub(super) fn there_already(at: Span, place: Span, what: &str) -> Problem {
    Problem::new(Code::Doubled, at, format!("the base has the line `{what}` already"))
        .label("the second")
        .also(place, "the line of the base")
        .help(format!("write `change {what} into …` to change it"))
}

/// A block or line of the head that the base has.
pub(super) fn block_there_already(at: Span, place: Span, what: &str, help: String) -> Problem {
    Problem::new(Code::Doubled, at, format!("the base has `{what}` already"))
        .label("the second")
        .also(place, "the one of the base")
        .help(help)
}
