//! Text -> lines: each with its comment taken off and its odd characters made plain.
//!
//! In: the text of a file. Out: one [`Line`] a line, from which every byte can be found again in
//! the file, and problems for quotes, brackets and characters. Must not know: blocks, the grammar.

use super::odd;
use crate::problem::{Problem, syntax};
use crate::tree::{At, Span};

/// How deep brackets of a `JSONPath` may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// From byte `plain` of a plain text on, bytes correspond to those of the file from `file` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) plain: usize,
    pub(super) file: usize,
}

/// One line of the file.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The whole line without its end, blanks and comment included.
    pub(super) span: Span,
    /// First to last byte of what it says; empty for a blank line or a comment.
    pub(super) content: Span,
    /// What it says, in plain characters, trimmed.
    pub(super) plain: String,
    /// Where the bytes of `plain` stand in the file, in order.
    pub(super) pieces: Vec<Piece>,
    /// The comment, with its `#`.
    pub(super) comment: Option<At<String>>,
    /// An arrow stands in it, outside quotes and `JSONPath`s.
    pub(super) arrow: bool,
    /// The first sign that is no arrow but may be meant as one, such as `=>` or `=`.
    pub(super) slip: Option<At<String>>,
    /// A quote or bracket is not closed, a problem says which; nothing else can be said.
    pub(super) broken: bool,
}

impl Line {
    /// The first word: letters, digits and `_` up to a blank, a quote or the end; else nothing.
    pub(super) fn first_word(&self) -> &str {
        let ends = |byte: u8| !is_name_char(char::from(byte));
        let end = self.plain.bytes().position(ends).unwrap_or(self.plain.len());
        let (word, rest) = self.plain.split_at_checked(end).unwrap_or(("", ""));
        if rest.is_empty() || rest.starts_with([' ', '\t', '"', ',']) { word } else { "" }
    }

    /// What follows the first word.
    pub(super) fn rest(&self) -> &str {
        self.plain.get(self.first_word().len()..).unwrap_or("").trim_start()
    }

    /// The range of the file that bytes `start..end` of what it says come from.
    pub(super) fn place_of(&self, start: usize, end: usize) -> Span {
        let at = |byte| place(&self.pieces, byte);
        Span::new(at(start), at(end))
    }

    /// The end of its comment, or of what it says.
    pub(super) fn whole_end(&self) -> usize {
        self.comment.as_ref().map_or(self.content.end, |comment| comment.span.end)
    }

    /// Reads it as if its first `length` bytes were `word`.
    pub(super) fn correct(&mut self, length: usize, word: &str) {
        let Span { start, end } = self.place_of(0, length);
        let rest = self.plain.get(length..).unwrap_or("").to_owned();
        let shifted = |piece: &Piece| Piece { plain: piece.plain - length + word.len(), ..*piece };
        let later = self.pieces.iter().filter(|piece| piece.plain > length).map(shifted);
        let first = [Piece { plain: 0, file: start }, Piece { plain: word.len(), file: end }];
        self.pieces = first.into_iter().chain(later).collect();
        self.plain = format!("{word}{rest}");
    }

    /// True when nothing but a comment, or nothing at all, stands on it.
    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty() && !self.broken
    }
}

/// True for a character of a name that needs no backticks.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The lines of a text that begins at byte `offset`, in order; a byte order mark at the start is left out.
pub(super) fn lines(text: &str, offset: usize, problems: &mut Vec<Problem>) -> Vec<Line> {
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut lines = Vec::with_capacity(text.bytes().filter(|byte| *byte == b'\n').count() + 1);
    while start < text.len() {
        let rest = text.get(start..).unwrap_or("");
        let length = rest.find('\n').unwrap_or(rest.len());
        let whole = rest.get(..length).unwrap_or("");
        let body = whole.strip_suffix('\r').unwrap_or(whole);
        lines.push(Scanner::new(body, start + offset, problems).line());
        start += length + 1;
    }
    lines
}

/// Reads one line from left to right.
struct Scanner<'t, 'p> {
    /// The line.
    body: &'t str,
    /// Where it begins in the file.
    base: usize,
    /// The next byte of `body`.
    next: usize,
    line: Line,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> Scanner<'t, 'p> {
    fn new(body: &'t str, base: usize, problems: &'p mut Vec<Problem>) -> Self {
        let line = Line { span: Span::new(base, base + body.len()), ..Line::default() };
        Self { body, base, next: 0, line, problems }
    }

    fn line(mut self) -> Line {
        if self.body.chars().all(|c| c.is_whitespace() || odd::is_invisible(c)) {
            self.line.content = Span::new(self.base, self.base);
            return self.line;
        }
        self.indent();
        let start = self.here();
        self.line.pieces.push(Piece { plain: 0, file: start });
        while let Some(c) = self.peek() {
            if c == '#' && self.at_blank() {
                let text = self.left().trim_end();
                let span = Span::new(self.here(), self.here() + text.len());
                self.line.comment = Some(At::new(text.to_owned(), span));
                break;
            }
            if is_name_char(c) {
                self.copy_run(self.left(), |c| !is_name_char(c));
            } else {
                self.step(c);
            }
        }
        let length = self.line.plain.trim_end().len();
        let end = place(&self.line.pieces, length);
        self.line.plain.truncate(length);
        self.line.content = Span::new(start, end.max(start));
        self.line
    }

    /// Reads one token or character.
    fn step(&mut self, c: char) {
        match c {
            '"' => self.quoted(),
            '`' => self.backticked(),
            '$' => self.jsonpath(),
            ' ' | '\t' => self.copy(c),
            _ if odd::is_odd_blank(c) => self.odd_blanks(),
            _ if odd::is_invisible(c) => self.odd_mark(c, "", "an invisible character"),
            _ if odd::closers(c).is_some() => self.odd_quoted(c),
            _ if odd::sign(c).is_some() => self.signs(),
            _ => match odd::mark(c) {
                Some(plain) => self.odd_mark(c, plain, "a wide character"),
                None => self.copy(c),
            },
        }
    }

    /// Skips blanks at the start; odd ones are a problem unless only a comment follows.
    fn indent(&mut self) {
        let is_indent = |c: char| c.is_whitespace() || odd::is_invisible(c);
        let length = self.body.len() - self.body.trim_start_matches(is_indent).len();
        let blanks = self.body.get(..length).unwrap_or("");
        let is_odd = |c: char| odd::is_odd_blank(c) || odd::is_invisible(c);
        let comment = self.body.get(length..).is_some_and(|rest| rest.starts_with('#'));
        if let (Some(first), false) = (blanks.find(is_odd), comment) {
            let at = Span::new(self.base + first, self.base + length);
            let fix: String = blanks
                .get(first..)
                .unwrap_or("")
                .chars()
                .filter(|c| !odd::is_invisible(*c))
                .map(|c| if odd::is_odd_blank(c) { ' ' } else { c })
                .collect();
            self.problems.push(syntax::odd_blank(at, &fix));
        }
        self.next = length;
    }

    /// A run of blanks of which at least the first is odd.
    fn odd_blanks(&mut self) {
        let length = self.left().len() - self.left().trim_start_matches(char::is_whitespace).len();
        let at = Span::new(self.here(), self.here() + length);
        self.problems.push(syntax::odd_blank(at, " "));
        self.replace(length, " ");
    }

    /// One odd character that stands for `plain`.
    fn odd_mark(&mut self, c: char, plain: &str, name: &str) {
        let at = Span::new(self.here(), self.here() + c.len_utf8());
        self.problems.push(syntax::odd_mark(at, name, plain));
        self.replace(c.len_utf8(), plain);
    }

    /// A run of marks that arrows are made of.
    fn signs(&mut self) {
        let left = self.left();
        let end = left.find(|c: char| odd::sign(c).is_none()).unwrap_or(left.len());
        let run = left.get(..end).unwrap_or("");
        let plain: String = run.chars().filter_map(odd::sign).collect();
        let at = Span::new(self.here(), self.here() + end);
        if plain == run {
            run.chars().for_each(|c| self.copy(c));
        } else {
            self.problems.push(syntax::odd_sign(at, run, &plain));
            self.replace(end, &plain);
        }
        match plain.as_str() {
            "<->" | "->" | "<-" => self.line.arrow = true,
            "-" => {}
            _ if self.line.slip.is_none() => self.line.slip = Some(At::new(plain, at)),
            _ => {}
        }
    }

    /// A text in plain double quotes.
    fn quoted(&mut self) {
        let rest = self.left().get(1..).unwrap_or("");
        let Some(length) = closing(rest, &['"']) else {
            return match closing(rest, &['”', '“', '″']) {
                Some(_) => self.odd_quoted('"'),
                None => self.unclosed('"'),
            };
        };
        self.copy('"');
        let end = self.next + length;
        loop {
            self.copy_run(self.body.get(self.next..end).unwrap_or(""), |c| c == '\\');
            if self.next >= end {
                break;
            }
            match self.left().chars().nth(1) {
                Some(escaped @ ('"' | '\\' | 'n')) => {
                    self.copy('\\');
                    self.copy(escaped);
                }
                following => {
                    let at = Span::new(self.here(), self.here() + 1);
                    self.problems.push(syntax::bad_escape(at, following));
                    self.replace(1, "\\\\");
                }
            }
        }
        self.copy('"');
    }

    /// A text of which at least one quote is odd; it is read as if both were plain.
    fn odd_quoted(&mut self, open: char) {
        let closers =
            if open == '"' { &['”', '“', '″'] } else { odd::closers(open).unwrap_or(&[]) };
        let rest = self.left().get(open.len_utf8()..).unwrap_or("");
        let plain = if open == '"' || closers.contains(&'\'') { closers } else { &['"'] };
        let Some(length) = closing(rest, closers).or_else(|| closing(rest, plain)) else {
            return self.unclosed(open);
        };
        let (start, plain_start) = (self.here(), self.line.plain.len());
        self.replace(open.len_utf8(), "\"");
        let end = self.next + length;
        while let (Some(c), true) = (self.peek(), self.next < end) {
            let following = self.left().chars().nth(1);
            match (c, following) {
                ('\\', Some(escaped @ ('"' | '\\' | 'n'))) if self.next + 1 < end => {
                    self.copy(c);
                    self.copy(escaped);
                }
                ('"' | '\\', _) => self.replace(1, if c == '"' { "\\\"" } else { "\\\\" }),
                _ => self.copy(c),
            }
        }
        if let Some(close) = self.peek() {
            self.replace(close.len_utf8(), "\"");
        }
        let fix = self.line.plain.get(plain_start..).unwrap_or("").to_owned();
        self.problems.push(syntax::odd_quotes(Span::new(start, self.here()), open, &fix));
    }

    /// A name in backticks.
    fn backticked(&mut self) {
        match self.left().get(1..).and_then(|rest| rest.find('`')) {
            Some(length) => {
                let end = self.next + length + 2;
                while let (Some(c), true) = (self.peek(), self.next < end) {
                    self.copy(c);
                }
            }
            None => self.unclosed('`'),
        }
    }

    /// A `JSONPath` without quotes, or the `$` before a quoted one.
    fn jsonpath(&mut self) {
        self.copy('$');
        let mut open: Vec<Span> = Vec::new();
        let mut square = 0_usize;
        while let Some(c) = self.peek() {
            let at = Span::new(self.here(), self.here() + c.len_utf8());
            match c {
                '"' | '\'' if square == 0 && self.line.plain.ends_with('$') => return,
                '"' | '\'' => self.jsonpath_text(c),
                '[' | '(' => {
                    open.push(at);
                    square += usize::from(c == '[');
                    if open.len() == MAX_DEPTH + 1 {
                        self.problems.push(syntax::too_deep(at));
                        self.line.broken = true;
                    }
                    self.copy(c);
                }
                ']' | ')' => {
                    open.pop();
                    square -= usize::from(c == ']' && square > 0);
                    self.copy(c);
                }
                _ if square == 0 && (c == ',' || c.is_whitespace()) => return,
                _ if odd::is_odd_blank(c) => self.odd_blanks(),
                _ if odd::closers(c).is_some() => {
                    if square == 0 && self.line.plain.ends_with('$') {
                        return;
                    }
                    self.odd_quoted(c);
                }
                _ => self.copy(c),
            }
        }
        if let (true, Some(at)) = (square > 0 && !self.line.broken, open.last()) {
            self.problems.push(syntax::unclosed_bracket(*at));
            self.line.broken = true;
        }
    }

    /// A text inside a `JSONPath`, in either kind of quotes.
    fn jsonpath_text(&mut self, quote: char) {
        match self.left().get(1..).and_then(|rest| closing(rest, &[quote])) {
            Some(length) => {
                let end = self.next + length + 2;
                while let (Some(c), true) = (self.peek(), self.next < end) {
                    self.copy(c);
                }
            }
            None => self.unclosed(quote),
        }
    }

    /// Reports a quote that is never closed and takes the rest of the line with it.
    fn unclosed(&mut self, open: char) {
        let at = Span::new(self.here(), self.here() + open.len_utf8());
        self.problems.push(syntax::unclosed_quote(at, open));
        self.line.broken = true;
        while let Some(c) = self.peek() {
            self.copy(c);
        }
    }

    fn peek(&self) -> Option<char> {
        self.left().chars().next()
    }

    fn left(&self) -> &'t str {
        self.body.get(self.next..).unwrap_or("")
    }

    /// The next byte's place in the file.
    fn here(&self) -> usize {
        self.base + self.next
    }

    /// True at the start of the line and behind a blank.
    fn at_blank(&self) -> bool {
        self.line.plain.is_empty() || self.line.plain.ends_with([' ', '\t'])
    }

    /// Copies the beginning of what is left, up to a character that ends it.
    fn copy_run(&mut self, left: &str, ends: impl Fn(char) -> bool) {
        let run = left.find(ends).map_or(left, |end| left.get(..end).unwrap_or(""));
        self.line.plain.push_str(run);
        self.next += run.len();
    }

    fn copy(&mut self, c: char) {
        self.line.plain.push(c);
        self.next += c.len_utf8();
    }

    /// Puts `plain` for the next `length` bytes.
    fn replace(&mut self, length: usize, plain: &str) {
        let file = self.here();
        self.line.pieces.push(Piece { plain: self.line.plain.len(), file });
        self.line.plain.push_str(plain);
        self.next += length;
        self.line.pieces.push(Piece { plain: self.line.plain.len(), file: file + length });
    }
}

/// The place in the file of byte `at` of a plain text.
pub(super) fn place(pieces: &[Piece], at: usize) -> usize {
    let index = pieces.partition_point(|piece| piece.plain <= at);
    let piece = index.checked_sub(1).and_then(|i| pieces.get(i));
    piece.map_or(at, |piece| {
        let file = piece.file + (at - piece.plain);
        pieces.get(index).map_or(file, |next| file.min(next.file))
    })
}

/// Bytes before the first of `closers` that no backslash escapes.
fn closing(text: &str, closers: &[char]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = rest.find(|c| c == '\\' || closers.contains(&c))?;
        let behind = rest.get(at..)?.strip_prefix('\\');
        let Some(behind) = behind else { return Some(from + at) };
        from += at + 1 + usize::from(behind.starts_with(['\\', '"', '\'']));
    }
}

/// True for a `JSONPath` that is read as it stands, without quotes around it.
pub(crate) fn is_bare_jsonpath(path: &str) -> bool {
    let (mut square, mut next) = (0_usize, 0);
    while let Some(rest) = path.get(next..).filter(|rest| !rest.is_empty()) {
        let Some(c) = rest.chars().next() else { break };
        next += c.len_utf8();
        match c {
            '"' | '\'' if square == 0 && path.get(..next - 1).is_some_and(|p| p.ends_with('$')) => {
                return false;
            }
            '"' | '\'' => match rest.get(1..).and_then(|rest| closing(rest, &[c])) {
                Some(length) => next += length + 1,
                None => return false,
            },
            '[' => square += 1,
            ']' => square = square.saturating_sub(1),
            _ if square == 0 && (c == ',' || c.is_whitespace()) => return false,
            _ if odd::is_odd_blank(c) || odd::closers(c).is_some() || c.is_control() => {
                return false;
            }
            _ => {}
        }
    }
    path.starts_with('$') && square == 0
}
