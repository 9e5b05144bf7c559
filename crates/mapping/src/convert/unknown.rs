//! Words behind `as` that are the name of no conversion: what was probably meant.
//!
//! In: tokens. Out: a problem with the nearest name. Must not know: what conversions do.

use super::{names, words};
use crate::problem::{Code, Problem};
use crate::tree::{At, Span, Token};

/// The conversion whose name is nearest to the first words, these words, and where they stand.
pub(super) fn nearest(tokens: &[At<Token>]) -> Option<(&'static str, String, Span)> {
    (1..=3).rev().find_map(|count| {
        let (written, span) = words::first_words(tokens, count)?;
        let long = |name: &&str| name.split(' ').count() == count;
        let near = crate::problem::nearest(&written, names().filter(long));
        // `longtext` for `long text`.
        let joined =
            || names().find(|name| name.replace(' ', "") == written.replace(['-', '_'], ""));
        Some((near.or_else(joined)?, written, span))
    })
}

/// There is no conversion with this name.
pub(super) fn unknown(tokens: &[At<Token>], span: Span) -> Problem {
    let problem = |written: &str, at| {
        let message = format!("there is no conversion `{written}`");
        Problem::new(Code::UnknownConversion, at, message).label("not a conversion")
    };
    if let Some((near, written, at)) = nearest(tokens) {
        let help = format!("did you mean `{near}`?");
        return problem(&written, at).help(help).fix(at, near);
    }
    let list: Vec<&str> = names().collect();
    let problem = words::first_words(tokens, 1).map_or_else(
        || {
            let message = "expected the name of a conversion behind `as`";
            Problem::new(Code::UnknownConversion, span, message)
        },
        |(written, at)| problem(&written, at),
    );
    problem.help(format!("write one of: {}", list.join(", ")))
}
