//! Text -> (tree, problems). Never fails: what cannot be read becomes an unreadable entry and a
//! problem, and the next line is read as usual.
//!
//! In: the text of one `.map` file. Out: a [`Tree`] and every problem with how it is written. Must
//! not know: schemas, plans. Only this module and its folder name pest. The way of a text:
//! `lines` (comments off, odd characters made plain) -> `blocks` (which lines belong together) ->
//! `logical` (one text an item) -> `grammar` -> `items`, `clauses`, `operands` (tree values), or
//! `blame` (why not).

mod blame;
mod blocks;
mod clauses;
mod grammar;
mod heads;
mod items;
mod lines;
mod logical;
mod objection;
mod odd;
mod operands;
mod overlays;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use lines::is_bare_jsonpath;
pub(crate) use odd::word_as_written;
pub(crate) use words::{begins_line, is_bare_name, is_bare_word};

use crate::problem::{MOST_PROBLEMS, Problem, syntax};
use crate::tree::{Span, Tree};

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Reads a `.map` file.
///
/// A text larger than [`MAX_BYTES`] gives an empty tree and one problem; of one with more than
/// [`MOST_PROBLEMS`] the rest is not read. Time is linear in the
/// length of the text.
pub fn parse(text: &str) -> (Tree, Vec<Problem>) {
    parse_at(text, 0)
}

/// The same for a text that stands behind others: all places are moved by `start`.
pub(crate) fn parse_at(text: &str, start: usize) -> (Tree, Vec<Problem>) {
    if text.len() > MAX_BYTES {
        let mut problem = syntax::too_large(text.len());
        problem.at = Span::new(start, start);
        return (Tree::default(), vec![problem]);
    }
    let mut problems = Vec::new();
    let lines = lines::lines(text, start, &mut problems);
    let (tree, found) = blocks::Parser::new(lines).file();
    problems.extend(found);
    problems.sort_by_key(|problem| problem.at.start);
    if problems.len() >= MOST_PROBLEMS {
        problems.truncate(MOST_PROBLEMS);
        let last = problems.last().map_or_else(Default::default, |problem| problem.at);
        problems.push(syntax::too_many(last));
    }
    (tree, problems)
}
