//! One pass over a record's text: what a plan reads, found where it stands.
//!
//! In: text, and a [`Trie`] of the places that are read. Out: for each place what stands there, as a
//! slice of the text. The whole text is checked to be JSON (RFC 8259), also where nothing is read of
//! it. What is rare (a doubled or oddly spelled name, a shape that a path does not lead through) is
//! not judged here: the record is then to be read as a tree. Must not know: fields, values.

mod text;
mod trie;
#[cfg(test)]
mod tests;

use crate::json::DEEPEST;

pub(crate) use trie::Trie;
use trie::{Choice, Node};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Found<'t> {
    /// Nothing, not even `null`.
    #[default]
    Missing,
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, its digits as written.
    Number(&'t str),
    /// A text between its quotes, escapes as written; `plain`: it has none.
    Text { raw: &'t str, plain: bool },
    /// A list or an object, whole.
    Tree(&'t str),
}

/// The text is no JSON, or has to be read as a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusual;

/// Finds the places of `trie` in one JSON text. `found` gets one entry a place.
pub(crate) fn scan<'t>(
    text: &'t str,
    trie: &Trie,
    found: &mut Vec<Found<'t>>,
) -> Result<(), Unusual> {
    found.clear();
    found.resize(trie.places(), Found::Missing);
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, trie, found };
    scanner.blanks();
    scanner.value(Some(trie.root()), 0)?;
    scanner.blanks();
    if scanner.at == text.len() { Ok(()) } else { Err(Unusual) }
}

struct Scanner<'s, 't> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    trie: &'s Trie,
    found: &'s mut Vec<Found<'t>>,
}

impl<'s, 't> Scanner<'s, 't> {
    #[inline]
    fn peek(&self) -> u8 {
        // No value, name or separator begins with a zero byte.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A value, of which `node` says what is read.
    fn value(&mut self, node: Option<&'s Node>, depth: usize) -> Result<(), Unusual> {
        let Some(node) = node else { return self.skip(depth) };
        let start = self.at;
        let found = match self.peek() {
            b'"' => {
                let (raw, plain) = self.string()?;
                Found::Text { raw, plain }
            }
            b'{' if !node.members.is_empty() => {
                self.members_of(node, depth + 1)?;
                Found::Tree(self.since(start))
            }
            b'[' if !node.choices.is_empty() => {
                self.skip(depth)?;
                let end = self.at;
                for choice in &node.choices {
                    self.at = start;
                    self.choose(choice, depth + 1)?;
                }
                self.at = end;
                Found::Tree(self.since(start))
            }
            b'{' | b'[' => {
                self.skip(depth)?;
                // A list where members are read, or an object in the place of a list.
                if node.leads_on() {
                    return Err(Unusual);
                }
                Found::Tree(self.since(start))
            }
            b't' => self.word("true", Found::Bool(true))?,
            b'f' => self.word("false", Found::Bool(false))?,
            b'n' => self.word("null", Found::Null)?,
            _ => {
                self.number()?;
                Found::Number(self.since(start))
            }
        };
        match found {
            Found::Tree(_) | Found::Null => {}
            Found::Missing | Found::Bool(_) | Found::Number(_) | Found::Text { .. } => {
                if node.leads_on() {
                    return Err(Unusual);
                }
            }
        }
        if let Some(place) = node.place {
            self.found[place] = found;
        }
        Ok(())
    }

    #[inline]
    fn word(&mut self, word: &str, found: Found<'t>) -> Result<Found<'t>, Unusual> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(found);
        }
        Err(Unusual)
    }

    /// The members of an object, some of which are read.
    fn members_of(&mut self, node: &'s Node, depth: usize) -> Result<(), Unusual> {
        let mut seen = 0_u64;
        self.object(depth, |scanner, name, plain, depth| {
            if !plain {
                return Err(Unusual);
            }
            match node.member(name)? {
                None => scanner.skip(depth),
                Some((index, child)) => {
                    let bit = 1_u64 << index;
                    if seen & bit != 0 {
                        return Err(Unusual);
                    }
                    seen |= bit;
                    let trie = scanner.trie;
                    scanner.value(Some(trie.node(child)), depth)
                }
            }
        })
    }

    /// The element of a list that a path means, and what is read of it.
    fn choose(&mut self, choice: &'s Choice, depth: usize) -> Result<(), Unusual> {
        let mut chosen = false;
        self.list(depth, |scanner, depth| {
            if chosen {
                return scanner.skip(depth);
            }
            scanner.forget(choice);
            let trie = scanner.trie;
            scanner.value(Some(trie.node(choice.node)), depth)?;
            chosen = choice.takes(scanner.found)?;
            Ok(())
        })?;
        if !chosen {
            self.forget(choice);
        }
        Ok(())
    }

    fn forget(&mut self, choice: &Choice) {
        for place in &choice.places {
            self.found[*place] = Found::Missing;
        }
    }

    /// A value of which nothing is read.
    fn skip(&mut self, depth: usize) -> Result<(), Unusual> {
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'{' => self.object(depth + 1, |scanner, _, _, depth| scanner.skip(depth)),
            b'[' => self.list(depth + 1, Scanner::skip),
            b't' => self.word("true", Found::Null).map(|_| ()),
            b'f' => self.word("false", Found::Null).map(|_| ()),
            b'n' => self.word("null", Found::Null).map(|_| ()),
            _ => self.number(),
        }
    }

    /// An object; `member` is called behind each name, and has to step over the value.
    #[inline]
    fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, &'t str, bool, usize) -> Result<(), Unusual>,
    ) -> Result<(), Unusual> {
        if depth > DEEPEST {
            return Err(Unusual);
        }
        self.at += 1;
        self.blanks();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != b'"' {
                return Err(Unusual);
            }
            let (name, plain) = self.string()?;
            self.blanks();
            if self.peek() != b':' {
                return Err(Unusual);
            }
            self.at += 1;
            self.blanks();
            member(self, name, plain, depth)?;
            self.blanks();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Unusual),
            }
            self.blanks();
        }
    }

    /// A list; `item` is called before each, and has to step over it.
    #[inline]
    fn list(
        &mut self,
        depth: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Unusual>,
    ) -> Result<(), Unusual> {
        if depth > DEEPEST {
            return Err(Unusual);
        }
        self.at += 1;
        self.blanks();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self, depth)?;
            self.blanks();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Unusual),
            }
            self.blanks();
        }
    }

    /// A text: what stands between its quotes, and whether that is free of escapes.
    #[inline]
    fn string(&mut self) -> Result<(&'t str, bool), Unusual> {
        let start = self.at + 1;
        let mut plain = true;
        let mut at = start;
        loop {
            at = text::plain_end(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok((self.text.get(start..at).unwrap_or_default(), plain));
                }
                Some(b'\\') => {
                    plain = false;
                    at = text::escape_end(self.bytes, at).ok_or(Unusual)?;
                }
                Some(_) | None => return Err(Unusual),
            }
        }
    }

    fn number(&mut self) -> Result<(), Unusual> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Unusual> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(Unusual) } else { Ok(()) }
    }
}
