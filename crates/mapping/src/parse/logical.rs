//! Lines -> logical lines: an item with its continuation lines, comments set aside.
//!
//! In: [`Line`]s that belong together. Out: one plain text to read, and the way back from its
//! bytes to the file's. Must not know: blocks, the grammar.

use super::lines::{Line, Piece, place};
use crate::tree::{At, Clause, Span};

/// An item with its continuation lines.
#[derive(Debug, Default)]
pub(super) struct Logical {
    /// What it says, its lines joined by `\n`.
    pub(super) plain: String,
    /// Where the bytes of `plain` stand in the file.
    pieces: Vec<Piece>,
    /// Its lines; the first is the item's own.
    parts: Vec<Part>,
    /// First to last byte in the file, without the last comment.
    pub(super) span: Span,
    /// The same with the last comment: what is kept when it cannot be read.
    pub(super) whole: Span,
    /// An arrow stands in it.
    pub(super) arrow: bool,
    /// The first sign that may be meant as an arrow.
    pub(super) slip: Option<At<String>>,
    /// A problem with a quote or bracket is already known.
    pub(super) broken: bool,
}

/// One line of a logical line.
#[derive(Debug, Default)]
struct Part {
    /// Where it begins in `plain`.
    start: usize,
    /// Comments before it; an empty one stands for blank lines.
    before: Vec<At<String>>,
    /// The comment behind it.
    trailing: Option<At<String>>,
}

impl Logical {
    /// Appends a line; `before` are the comments and blank lines between it and the line above.
    pub(super) fn push(&mut self, line: &mut Line, before: Vec<At<String>>) {
        let whole_end = line.comment.as_ref().map_or(line.content.end, |c| c.span.end);
        if self.parts.is_empty() {
            self.span = line.content;
            self.whole = line.content;
        } else {
            self.pieces.push(Piece { plain: self.plain.len(), file: self.span.end });
            self.plain.push('\n');
        }
        let start = self.plain.len();
        let shifted = |piece: &Piece| Piece { plain: piece.plain + start, file: piece.file };
        self.pieces.extend(line.pieces.iter().map(shifted));
        self.plain.push_str(&line.plain);
        self.parts.push(Part { start, before, trailing: line.comment.take() });
        self.span.end = line.content.end;
        self.whole.end = whole_end;
        self.arrow |= line.arrow;
        self.broken |= line.broken;
        if self.slip.is_none() {
            self.slip = line.slip.take();
        }
    }

    /// The range of the file that bytes `start..end` of `plain` come from.
    pub(super) fn span_of(&self, start: usize, end: usize) -> Span {
        let first = place(&self.pieces, start);
        Span::new(first, place(&self.pieces, end).max(first))
    }

    /// The comment behind the first line.
    pub(super) fn trailing(&self) -> Option<String> {
        self.parts.first().and_then(|part| part.trailing.as_ref()).map(|c| c.value.clone())
    }

    /// True when a line of it, not the first, begins at byte `start` of `plain`.
    pub(super) fn begins_line(&self, start: usize) -> bool {
        start > 0 && self.parts.binary_search_by_key(&start, |part| part.start).is_ok()
    }

    /// Gives each clause its line's comments. `places` are the clauses' ranges in `plain`. What no
    /// clause takes stays here for [`Logical::loose`].
    pub(super) fn hand_comments(&mut self, clauses: &mut [Clause], places: &[(usize, usize)]) {
        let mut on_own_line = false;
        for (i, clause) in clauses.iter_mut().enumerate() {
            let Some((start, end)) = places.get(i).copied() else { return };
            clause.own_line = self.begins_line(start);
            on_own_line |= clause.own_line;
            if let (true, Some(part)) = (clause.own_line, self.part_at(start)) {
                clause.before = std::mem::take(&mut part.before);
            }
            let ends_line = places.get(i + 1).is_none_or(|(next, _)| self.begins_line(*next));
            if let (true, Some(part)) = (on_own_line && ends_line, self.part_at(end)) {
                clause.trailing = part.trailing.take().map(|comment| comment.value);
            }
        }
    }

    /// Comments of continuation lines that no clause took.
    pub(super) fn loose(&mut self) -> Vec<At<String>> {
        let mut loose = Vec::new();
        for part in self.parts.iter_mut().skip(1) {
            loose.extend(part.before.drain(..).filter(|comment| !comment.value.is_empty()));
            loose.extend(part.trailing.take());
        }
        loose
    }

    /// The line that byte `at` of `plain` stands on.
    fn part_at(&mut self, at: usize) -> Option<&mut Part> {
        let index = self.parts.partition_point(|part| part.start <= at);
        index.checked_sub(1).and_then(|i| self.parts.get_mut(i))
    }
}
