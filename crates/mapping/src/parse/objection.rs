//! A line of a block that is of another kind than the block's lines -> a problem, before it is read.
//!
//! In: the block and the line. Out: a [`Problem`], or nothing when the grammar may read it. Must
//! not know: the tree.

use super::grammar::Rule;
use super::heads::Head;
use super::logical::Logical;
use super::words;
use crate::problem::{Problem, syntax};

/// What is wrong with a line before it is read: it is of another kind than the block's lines.
pub(super) fn objection(head: Head, word: &str, rule: Rule, logical: &Logical) -> Option<Problem> {
    let first = logical.span_of(0, word.len());
    if logical.arrow {
        let strange = !head.has_arrows();
        return strange.then(|| syntax::arrow_misplaced(logical.span, head.word()));
    }
    if head.continues() && words::continues(word) {
        return Some(syntax::dangling_clause(first, word));
    }
    let of_block = words::LINES.iter().find(|(line, _)| *line == word);
    if let Some((line, block)) = of_block.filter(|(_, block)| !block.contains(head.word())) {
        let is_name = matches!(head, Head::Require | Head::Example);
        return (!is_name).then(|| syntax::misplaced_line(first, line, block));
    }
    if !head.has_arrows() || rule == Rule::pairs_line {
        return None;
    }
    if words::OVERLAY.contains(&word) {
        return Some(syntax::overlay_inside(first, word));
    }
    if let Some(slip) = &logical.slip {
        return Some(syntax::missing_arrow(slip.span, Some(&slip.value), None));
    }
    let meant = words::near(word, words::CLAUSES);
    let known = "a clause such as `as`, `using` or `wins`, or a line with an arrow";
    Some(match meant {
        Some(meant) => syntax::unknown(first, word, "clause", Some(meant), known),
        None => without_arrow(logical),
    })
}

/// A line without an arrow, and how it may be meant.
fn without_arrow(logical: &Logical) -> Problem {
    let words: Vec<&str> = logical.plain.split_whitespace().take(3).collect();
    let example = match words.as_slice() {
        [left, right] => Some(format!("`{} <-> {}`", syntax::shown(left), syntax::shown(right))),
        _ => None,
    };
    syntax::missing_arrow(logical.span, None, example.as_deref())
}
