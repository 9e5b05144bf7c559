//! The words behind `as`, taken one by one.
//!
//! In: tokens with their places. Out: names and arguments, or a problem at the very word. Must not
//! know: what the conversions do with them.

use crate::problem::{Code, Problem};
use crate::tree::{At, Span, Token};

/// A place in the tokens of one `as` clause.
pub(super) struct Words<'t> {
    tokens: &'t [At<Token>],
    next: usize,
    whole: Span,
}

impl<'t> Words<'t> {
    pub(super) fn new(tokens: &'t [At<Token>], whole: Span) -> Self {
        Self { tokens, next: 0, whole }
    }

    /// True when a quoted text stands here.
    pub(super) fn has_text(&self) -> bool {
        matches!(self.peek(), Some(At { value: Token::Text(_), .. }))
    }

    /// The words, numbers or quoted texts that stand here with commas between them.
    pub(super) fn listed(&mut self) -> Vec<&'t str> {
        let mut list = Vec::new();
        while let Some(At { value: Token::Word(text) | Token::Number(text), .. }) = self.peek()
            && text != ","
        {
            self.next += 1;
            list.push(text.as_str());
            if !self.take(",") {
                break;
            }
        }
        list
    }

    fn peek(&self) -> Option<&'t At<Token>> {
        self.tokens.get(self.next)
    }

    /// Where the next token stands; behind the last one when there is none.
    fn place(&self) -> Span {
        match (self.peek(), self.tokens.last()) {
            (Some(token), _) => token.span,
            (None, Some(last)) => last.span,
            (None, None) => self.whole,
        }
    }

    /// Steps over the words of `name` when all of them stand here. `yes/no` may come in pieces.
    pub(super) fn take_name(&mut self, name: &str) -> bool {
        let start = self.next;
        let all = name.split(' ').all(|word| {
            self.take(word)
                || (word.contains('/') && word.split('/').all(|part| self.take_piece(part)))
        });
        if !all {
            self.next = start;
        }
        all
    }

    fn take_piece(&mut self, word: &str) -> bool {
        let _ = self.take("/");
        self.take(word)
    }

    /// Steps over `word` when it stands here.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Some(At { value: Token::Word(w), .. }) if w == word);
        if here {
            self.next += 1;
        }
        here
    }

    /// Where everything stands that was not taken.
    pub(super) fn rest(&self) -> Option<Span> {
        let rest = self.tokens.get(self.next..)?;
        Some(rest.first()?.span.to(rest.last()?.span))
    }

    /// The number that must stand here, within `low..=high`.
    pub(super) fn number(&mut self, what: &str, low: u32, high: u32) -> Result<u32, Box<Problem>> {
        let wanted = format!("{what}, a whole number from {low} to {high}");
        let Some(At { value: Token::Number(digits), .. }) = self.peek() else {
            return Err(self.missing(&wanted));
        };
        match digits.parse::<u32>() {
            Ok(number) if (low..=high).contains(&number) => {
                self.next += 1;
                Ok(number)
            }
            Ok(_) | Err(_) => Err(self.wrong(&wanted, &format!("`{digits}`"))),
        }
    }

    /// The quoted text that must stand here, and where.
    pub(super) fn text(&mut self, what: &str) -> Result<(&'t str, Span), Box<Problem>> {
        let Some(At { value: Token::Text(text), span }) = self.peek() else {
            let missing = self.missing(&format!("{what} in double quotes"));
            return Err(match self.peek() {
                Some(At { value: Token::Word(word), span }) => {
                    Box::new(missing.fix(*span, format!("\"{word}\"")))
                }
                Some(At { value: Token::Number(_) | Token::Text(_), .. }) | None => missing,
            });
        };
        self.next += 1;
        Ok((text, *span))
    }

    /// The word that must stand here.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Box<Problem>> {
        if self.take(word) { Ok(()) } else { Err(self.missing(&format!("`{word}`"))) }
    }

    fn missing(&self, wanted: &str) -> Box<Problem> {
        let found = match self.peek().map(|token| &token.value) {
            None => "the end of the clause".to_owned(),
            Some(Token::Word(text) | Token::Number(text)) => format!("`{text}`"),
            Some(Token::Text(text)) => format!("`\"{text}\"`"),
        };
        self.wrong(wanted, &found)
    }

    fn wrong(&self, wanted: &str, found: &str) -> Box<Problem> {
        bad_argument(self.place(), format!("expected {wanted}, found {found}"))
    }
}

/// An argument that does not fit.
pub(super) fn bad_argument(at: Span, message: impl Into<String>) -> Box<Problem> {
    Box::new(Problem::new(Code::BadArgument, at, message).label("does not fit here"))
}

/// A text as it is written in a map.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// The first `count` words, when there are so many, and where they stand.
pub(super) fn first_words(tokens: &[At<Token>], count: usize) -> Option<(String, Span)> {
    let first = tokens.get(..count)?;
    let words: Option<Vec<&str>> = first
        .iter()
        .map(|token| match &token.value {
            Token::Word(word) => Some(word.as_str()),
            Token::Number(_) | Token::Text(_) => None,
        })
        .collect();
    Some((words?.join(" "), first.first()?.span.to(first.last()?.span)))
}
