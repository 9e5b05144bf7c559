//! Lines -> tree: which lines belong together, where blocks begin and end, what was forgotten.
//!
//! In: the [`Line`]s of a file. Out: the [`Tree`] and problems. Must not know: how one line is
//! read. Each line is visited a fixed number of times.

use pest::Parser as _;
use pest::iterators::Pair;

use super::blame::blame;
use super::grammar::{Grammar, Rule};
use super::heads::{Head, begins_anew, is_end};
use super::items::HeadParts;
use super::lines::Line;
use super::logical::Logical;
use super::objection::objection;
use super::operands::Build;
use super::overlays;
use super::words;
use crate::problem::{MOST_PROBLEMS, Problem, syntax};
use crate::tree::{At, Block, Entry, Item, Span, Tree};

/// Makes a tree value of a line that was read.
pub(super) type Maker<'f, T> = &'f dyn Fn(&mut Build<'_>, Pair<'_, Rule>) -> Option<T>;

/// Reads a file from its first line to its last.
pub(super) struct Parser {
    pub(super) lines: Vec<Line>,
    /// The next line.
    pub(super) next: usize,
    /// For each line the first one, itself or later, that closes a block or begins anew.
    stops: Vec<usize>,
    pub(super) problems: Vec<Problem>,
}

impl Parser {
    pub(super) fn new(lines: Vec<Line>) -> Self {
        let mut stops = vec![lines.len(); lines.len()];
        let mut stop = lines.len();
        for (i, line) in lines.iter().enumerate().rev() {
            if is_end(line) || begins_anew(line, None) {
                stop = i;
            }
            if let Some(slot) = stops.get_mut(i) {
                *slot = stop;
            }
        }
        Self { lines, next: 0, stops, problems: Vec::new() }
    }

    pub(super) fn file(mut self) -> (Tree, Vec<Problem>) {
        let mut entries = Vec::new();
        while let Some(line) = self.lines.get(self.next) {
            if self.problems.len() >= MOST_PROBLEMS {
                entries.push(Entry::Unreadable(self.rest()));
            } else if line.is_empty() {
                self.quiet(&mut entries);
            } else {
                self.top(&mut entries);
            }
        }
        trim_blanks(&mut entries);
        (Tree { entries }, self.problems)
    }

    /// Takes all lines that are left.
    fn rest(&mut self) -> Span {
        let first = self.lines.get(self.next).map_or(0, |line| line.content.start);
        self.next = self.lines.len();
        let last = self.lines.last().map_or(first, Line::whole_end);
        Span::new(first, last.max(first))
    }

    /// A comment or blank line.
    fn quiet<T>(&mut self, entries: &mut Vec<Entry<T>>) {
        let Some(line) = self.lines.get(self.next) else { return };
        self.next += 1;
        match (&line.comment, entries.last()) {
            (Some(comment), _) => entries.push(Entry::Comment(comment.clone())),
            (None, None | Some(Entry::Blank(_))) => {}
            (None, Some(Entry::Line { .. } | Entry::Comment(_) | Entry::Unreadable(_))) => {
                entries.push(Entry::Blank(line.span));
            }
        }
    }

    /// A line at the top of the file.
    fn top(&mut self, entries: &mut Vec<Entry<Item>>) {
        let Some(line) = self.lines.get(self.next) else { return };
        let (word, content) = (line.first_word().to_owned(), line.content);
        if words::OVERLAY.contains(&word.as_str()) {
            return self.overlay(entries);
        }
        if line.arrow {
            if overlays::word_of(&word).is_some() {
                return self.unknown(&word, entries);
            }
            self.problems.push(syntax::arrow_outside(content));
            return entries.push(Entry::Unreadable(self.headless()));
        }
        if is_end(line) {
            let whole = Span::new(content.start, line.whole_end());
            self.problems.push(syntax::stray_end(content));
            self.next += 1;
            return entries.push(Entry::Unreadable(whole));
        }
        let rule = match word.as_str() {
            "language" => Rule::language_line,
            "mapping" => Rule::mapping_line,
            "side" => Rule::side_line,
            "match" => Rule::match_line,
            other => {
                return match Head::of(other) {
                    Some(head) => self.block_item(head, entries),
                    None => self.unknown(&word, entries),
                };
            }
        };
        let mut logical = self.take(false);
        let item = self.read(&mut logical, rule, &|build, pair| build.single(pair));
        push(entries, &mut logical, item);
    }

    /// A first word at the top that does not exist.
    fn unknown(&mut self, word: &str, entries: &mut Vec<Entry<Item>>) {
        if words::continues(word) {
            let logical = self.take(true);
            let at = logical.span_of(0, word.len());
            if !logical.broken {
                self.problems.push(syntax::dangling_clause(at, word));
            }
            return entries.push(Entry::Unreadable(logical.whole));
        }
        let stop = self.stop();
        let Some(line) = self.lines.get_mut(self.next) else { return };
        let end = line.plain.find([' ', '\t', '"']).unwrap_or(line.plain.len());
        let (found, broken) = (line.plain.get(..end).unwrap_or("").to_owned(), line.broken);
        let meant = words::near(&found, words::TOP).or_else(|| overlays::word_of(&found));
        let at = line.place_of(0, end);
        if !broken || meant.is_some() {
            let known = "`language`, `mapping`, `side`, `match` or a block such as `fields`";
            let what = "line or block of a map";
            self.problems.push(syntax::unknown(at, &found, what, meant, known));
        }
        if let Some(meant) = meant {
            line.correct(end, meant);
            return self.top(entries);
        }
        if self.lines.get(stop).is_some_and(is_end) {
            return self.skip_to(stop, entries);
        }
        let logical = self.take(false);
        entries.push(Entry::Unreadable(logical.whole));
    }

    /// The next line that closes a block or begins anew.
    pub(super) fn stop(&self) -> usize {
        self.stops.get(self.next).copied().unwrap_or(self.lines.len())
    }

    /// Takes everything up to line `stop` as one unreadable entry.
    pub(super) fn skip_to(&mut self, stop: usize, entries: &mut Vec<Entry<Item>>) {
        let start = self.lines.get(self.next).map_or(0, |line| line.content.start);
        let end = self.lines.get(stop).map_or(start, Line::whole_end);
        self.next = stop + 1;
        entries.push(Entry::Unreadable(Span::new(start, end)));
    }

    /// Lines with arrows outside every block, and the `end` behind them.
    fn headless(&mut self) -> Span {
        let mut span = self.take(true).whole;
        let mut look = self.next;
        while let Some(line) = self.lines.get(look) {
            look += 1;
            if line.is_empty() {
                continue;
            }
            let ends = is_end(line);
            if !ends && !line.arrow {
                break;
            }
            span.end = line.whole_end();
            self.next = look;
            if ends {
                break;
            }
            span.end = self.retake(look - 1).end;
            look = self.next;
        }
        span
    }

    /// Takes the logical line that begins at line `first`.
    fn retake(&mut self, first: usize) -> Span {
        self.next = first;
        self.take(true).whole
    }

    /// Takes a line, and the lines that continue it when there may be some.
    pub(super) fn take(&mut self, continues: bool) -> Logical {
        let mut logical = Logical::default();
        if let Some(line) = self.lines.get_mut(self.next) {
            logical.push(line, Vec::new());
            self.next += 1;
        }
        if continues {
            self.continue_with(&mut logical, true, &[]);
        }
        logical
    }

    /// Takes a line about a line of the base: `into` and `before` may begin a line of their own.
    pub(super) fn take_edit(&mut self) -> Logical {
        let mut logical = self.take(false);
        self.continue_with(&mut logical, true, &["into", "before"]);
        logical
    }

    /// The same for the head of a block of added lines, which may themselves be clauses.
    pub(super) fn take_add_to(&mut self) -> Logical {
        let mut logical = self.take(false);
        self.continue_with(&mut logical, false, &["before"]);
        logical
    }

    fn continue_with(&mut self, logical: &mut Logical, clauses: bool, words: &[&str]) {
        while let Some((next, before)) = self.continuation(clauses, words) {
            if let Some(line) = self.lines.get_mut(next) {
                logical.push(line, before);
            }
            self.next = next + 1;
        }
    }

    /// The next line, if it continues the one before, with the comments in between.
    fn continuation(&self, clauses: bool, words: &[&str]) -> Option<(usize, Vec<At<String>>)> {
        let (mut next, mut before) = (self.next, Vec::new());
        loop {
            let line = self.lines.get(next)?;
            if !line.is_empty() {
                let word = line.first_word();
                let continues = clauses && !line.arrow && words::continues(word)
                    || words.contains(&word) && !line.rest().starts_with([',', '<', '-']);
                return continues.then_some((next, before));
            }
            let is_blank = |comment: &At<String>| comment.value.is_empty();
            match &line.comment {
                Some(comment) => before.push(comment.clone()),
                None if before.last().is_some_and(is_blank) => {}
                None => before.push(At::new(String::new(), line.span)),
            }
            next += 1;
        }
    }

    /// Reads a logical line with one rule of the grammar; says why not when it cannot be read.
    pub(super) fn read<T>(
        &mut self,
        logical: &mut Logical,
        rule: Rule,
        maker: Maker<'_, T>,
    ) -> Option<T> {
        if logical.broken {
            return None;
        }
        let plain = std::mem::take(&mut logical.plain);
        let known = self.problems.len();
        let made = match Grammar::parse(rule, &plain) {
            Ok(mut pairs) => {
                let mut build = Build { logical, problems: &mut self.problems };
                let made = pairs.next().and_then(|pair| maker(&mut build, pair));
                if made.is_none() && self.problems.len() == known {
                    self.problems.push(syntax::unreadable(logical.span));
                }
                made
            }
            Err(error) => {
                self.problems.push(blame(rule, &error, &plain, logical));
                None
            }
        };
        logical.plain = plain;
        made
    }

    /// A block from its head to its `end`.
    fn block_item(&mut self, head: Head, entries: &mut Vec<Entry<Item>>) {
        let mut logical = self.take(head == Head::Each);
        let parts = self.read(&mut logical, head.rule(), &|build, pair| build.head(pair));
        let word = logical.span_of(0, head.word().len());
        let start = logical.span.start;
        let (item, end) = self.block_of(head, (word, logical.whole.end), parts);
        match item {
            Some(item) => {
                let hoisted = logical.loose().into_iter().map(Entry::Comment);
                entries.extend(hoisted);
                let (span, trailing) = (Span::new(start, end.content), logical.trailing());
                entries.push(Entry::Line { item, span, trailing });
            }
            None => entries.push(Entry::Unreadable(Span::new(start, end.whole))),
        }
    }

    /// The lines of a block, and the item that they make with the parts of the head.
    fn block_of(
        &mut self,
        head: Head,
        at: (Span, usize),
        parts: Option<HeadParts>,
    ) -> (Option<Item>, End) {
        let readable = parts.is_some();
        let parts = parts.unwrap_or_default();
        let mut names = parts.names.into_iter();
        let mut paths = parts.paths.into_iter();
        let mut end = End::default();
        let item = match head {
            Head::Sync => Some(Item::Sync(
                self.block(head, at, &mut end, &|build, pair| build.sync_line(pair)),
            )),
            Head::Defaults => {
                Some(Item::Defaults(
                    self.block(head, at, &mut end, &|build, pair| build.default_line(pair)),
                ))
            }
            Head::Fields => Some(Item::Fields(
                self.block(head, at, &mut end, &|build, pair| build.field_line(pair)),
            )),
            Head::Values => {
                let rows = self.block(head, at, &mut end, &|build, pair| build.row_line(pair));
                names.next().map(|name| Item::Values { name, rows })
            }
            Head::Related => {
                let lines = self.block(head, at, &mut end, &|build, pair| build.inner_line(pair));
                let two = names.next().zip(names.next());
                two.map(|(object, through)| Item::Related { object, through, lines })
            }
            Head::Each => {
                let lines = self.block(head, at, &mut end, &|build, pair| build.inner_line(pair));
                let clauses = parts.clauses;
                let two = paths.next().zip(paths.next());
                two.map(|(left, right)| Item::Each { left, right, clauses, lines })
            }
            Head::Require => Some(Item::Require(
                self.block(head, at, &mut end, &|build, pair| build.require_line(pair)),
            )),
            Head::Report => Some(Item::Report(
                self.block(head, at, &mut end, &|build, pair| build.report_line(pair)),
            )),
            Head::Example => {
                let lines = self.block(head, at, &mut end, &|build, pair| build.example_line(pair));
                parts.title.map(|title| Item::Example { title, lines })
            }
        };
        (item.filter(|_| readable), end)
    }

    /// The lines between a head and its `end`. `at` is the head's word and the end of its line.
    pub(super) fn block<T>(
        &mut self,
        head: Head,
        at: (Span, usize),
        end: &mut End,
        maker: Maker<'_, T>,
    ) -> Block<T> {
        *end = End { content: at.1, whole: at.1 };
        let mut block = Block { entries: Vec::new(), end_trailing: None, closed: false };
        // What stands behind the last line is given back when the block is not closed.
        let mut kept = (0, self.next);
        while let Some(line) = self.lines.get(self.next) {
            if line.is_empty() {
                self.quiet(&mut block.entries);
                continue;
            }
            if is_end(line) {
                *end = End { content: line.content.end, whole: line.whole_end() };
                block.end_trailing = line.comment.as_ref().map(|comment| comment.value.clone());
                block.closed = true;
                self.next += 1;
                trim_blanks(&mut block.entries);
                return block;
            }
            if self.problems.len() >= MOST_PROBLEMS {
                return block;
            }
            if begins_anew(line, Some(head)) {
                break;
            }
            let ends = self.ends_with_more(head);
            let taken = self.inner(head, maker, &mut block.entries);
            *end = End { content: taken.end, whole: taken.end };
            kept = (block.entries.len(), self.next);
            if ends {
                return block;
            }
        }
        block.entries.truncate(kept.0);
        self.next = kept.1;
        self.problems.push(syntax::missing_end(at.0, head.word(), end.whole));
        block
    }

    /// True for `end` with more on its line, which is meant to close the block.
    fn ends_with_more(&self, head: Head) -> bool {
        let Some(line) = self.lines.get(self.next) else { return false };
        let rest = line.rest();
        let open = matches!(head, Head::Require | Head::Example);
        line.first_word() == "end"
            && !line.arrow
            && !line.broken
            && (!open || rest.split_whitespace().all(|word| Head::of(word).is_some()))
    }

    /// One line of a block; gives the range that was taken.
    fn inner<T>(&mut self, head: Head, maker: Maker<'_, T>, entries: &mut Vec<Entry<T>>) -> Span {
        let Some(line) = self.lines.get(self.next) else { return Span::default() };
        let rule = head.line_rule(line);
        let word = line.first_word().to_owned();
        let ends = self.ends_with_more(head);
        let mut logical = self.take(head.continues() && !ends);
        let whole = logical.whole;
        let objection = if logical.broken {
            None
        } else if ends {
            let more = logical.span_of("end".len(), logical.plain.len());
            let text = logical.plain.get("end".len()..).unwrap_or("").trim();
            Some(syntax::end_not_alone(logical.span_of(0, "end".len()), more, text))
        } else {
            objection(head, &word, rule, &logical)
        };
        let item = match objection {
            Some(problem) => {
                self.problems.push(problem);
                None
            }
            None => self.read(&mut logical, rule, maker),
        };
        push(entries, &mut logical, item);
        whole
    }
}

/// Where a block ends: its last byte, and the same with the comment behind it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    pub(super) content: usize,
    pub(super) whole: usize,
}

/// Appends what was read, with the comments that nothing took, or the line as it stands.
pub(super) fn push<T>(entries: &mut Vec<Entry<T>>, logical: &mut Logical, item: Option<T>) {
    match item {
        Some(item) => {
            entries.extend(logical.loose().into_iter().map(Entry::Comment));
            let (span, trailing) = (logical.span, logical.trailing());
            entries.push(Entry::Line { item, span, trailing });
        }
        None => entries.push(Entry::Unreadable(logical.whole)),
    }
}

/// Takes off blank lines at the end.
fn trim_blanks<T>(entries: &mut Vec<Entry<T>>) {
    while matches!(entries.last(), Some(Entry::Blank(_))) {
        entries.pop();
    }
}
