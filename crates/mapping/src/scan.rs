//! One pass over a record's text: what a plan reads, found where it stands.
//!
//! In: bytes, and a [`Trie`] of the places that are read. Out: for each place what stands there, as a
//! span of them. All of them are checked to be JSON (RFC 8259) in UTF-8, also where nothing is read.
//! What is rare (a doubled or oddly spelled name, a shape that a path does not lead through) is not
//! judged here: the record is then to be read as a tree. Must not know: fields, values.

mod elements;
mod skip;
#[cfg(test)]
mod tests;
mod text;
mod trie;

use crate::json::{self, DEEPEST, Json};

pub(crate) use text::{is_blank, respell};
use trie::Node;
pub(crate) use trie::Trie;

/// The longest text that is looked at here: places in it are kept in 32 bits.
const LONGEST: usize = u32::MAX as usize;

/// What sort of thing stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    /// Nothing, not even `null`.
    #[default]
    Missing,
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number.
    Number,
    /// A text without escapes. Its span is what stands between the quotes.
    Plain,
    /// A text whose escapes are written as we write them: `\"`, `\\`, `\n`, `\r`, `\t`.
    Simple,
    /// A text with other escapes.
    Escaped,
    /// A list or an object, whole.
    Tree,
}

impl Form {
    /// Whether it is a text, however it is written.
    #[inline]
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Form::Plain | Form::Simple | Form::Escaped)
    }
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Found {
    /// What sort of thing it is.
    pub(crate) form: Form,
    start: u32,
    end: u32,
}

impl Found {
    /// As it is written in `record`, which was looked at; texts without their quotes.
    #[inline]
    pub(crate) fn raw<'t>(&self, record: &'t [u8]) -> &'t [u8] {
        record.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The same with the quotes of a text: a JSON text of its own. Nothing: it is not there.
    pub(crate) fn json<'t>(&self, record: &'t [u8]) -> Option<&'t [u8]> {
        let (start, end) = (self.start as usize, self.end as usize);
        match self.form {
            Form::Missing => None,
            Form::Plain | Form::Simple | Form::Escaped => record.get(start - 1..end + 1),
            Form::Null | Form::True | Form::False | Form::Number | Form::Tree => {
                record.get(start..end)
            }
        }
    }
}

/// What one pass found.
#[derive(Debug, Default)]
pub(crate) struct Finds {
    /// One entry a place.
    places: Vec<Found>,
    /// What was gathered of the elements of lists, by gathering.
    gathered: Vec<Vec<Found>>,
}

impl Finds {
    /// What stands at a place.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> Found {
        self.places.get(place).copied().unwrap_or_default()
    }

    /// One entry for each element of the list that a gathering belongs to.
    pub(crate) fn gathered(&self, gathering: usize) -> &[Found] {
        self.gathered.get(gathering).map_or(&[], Vec::as_slice)
    }
}

/// The text is no JSON, or has to be read as a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusual;

/// Finds the places of `trie` in one JSON text.
pub(crate) fn scan(bytes: &[u8], trie: &Trie, finds: &mut Finds) -> Result<(), Unusual> {
    if bytes.len() > LONGEST {
        return Err(Unusual);
    }
    finds.places.clear();
    finds.places.resize(trie.places(), Found::default());
    finds.gathered.resize_with(trie.gatherings(), Vec::new);
    finds.gathered.iter_mut().for_each(Vec::clear);
    let mut scanner = Scanner { bytes, at: 0, trie, finds };
    scanner.blanks();
    // Nothing can be read of what is no object.
    if trie.root().leads_on() && scanner.peek() != b'{' {
        return Err(Unusual);
    }
    scanner.value(trie.root(), 0)?;
    scanner.blanks();
    if scanner.at == bytes.len() { Ok(()) } else { Err(Unusual) }
}

struct Scanner<'s> {
    bytes: &'s [u8],
    at: usize,
    trie: &'s Trie,
    finds: &'s mut Finds,
}

impl<'s> Scanner<'s> {
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "measured: each is a few instructions of the inner loop"
    )]
    fn peek(&self) -> u8 {
        // No value, name or separator begins with a zero byte.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "measured: each is a few instructions of the inner loop"
    )]
    fn blanks(&mut self) {
        if self.peek() <= b' ' {
            self.skip_blanks();
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// What stands between `start` and here, or `end`.
    #[expect(clippy::cast_possible_truncation, reason = "no text is longer than 32 bits say")]
    fn found(form: Form, start: usize, end: usize) -> Found {
        Found { form, start: start as u32, end: end as u32 }
    }

    /// A value, of which `node` says what is read.
    fn value(&mut self, node: &'s Node, depth: usize) -> Result<(), Unusual> {
        let start = self.at;
        let form = match self.peek() {
            b'"' => {
                let (end, form) = self.string()?;
                self.keep(node, Self::found(form, start + 1, end))?;
                return Ok(());
            }
            b'{' if node.reads_members() && node.elements.is_empty() => {
                self.members_of(node, depth + 1)?;
                Form::Tree
            }
            b'[' if !node.elements.is_empty() && !node.reads_members() => {
                for elements in &node.elements {
                    self.at = start;
                    self.elements_of(elements, depth + 1)?;
                }
                Form::Tree
            }
            b'{' | b'[' => {
                self.skip_nested(depth)?;
                // A list where members are read, or an object in the place of a list; or both are read.
                if node.leads_on() {
                    return Err(Unusual);
                }
                Form::Tree
            }
            b't' => self.word(b"true", Form::True)?,
            b'f' => self.word(b"false", Form::False)?,
            b'n' => self.word(b"null", Form::Null)?,
            _ => {
                self.number()?;
                Form::Number
            }
        };
        self.keep(node, Self::found(form, start, self.at))
    }

    #[inline]
    fn keep(&mut self, node: &Node, found: Found) -> Result<(), Unusual> {
        if node.leads_on() && !matches!(found.form, Form::Tree | Form::Null) {
            return Err(Unusual);
        }
        if let Some(place) = node.place
            && let Some(entry) = self.finds.places.get_mut(place)
        {
            *entry = found;
        }
        Ok(())
    }

    #[inline]
    fn word(&mut self, word: &[u8], form: Form) -> Result<Form, Unusual> {
        if self.bytes.get(self.at..self.at + word.len()) == Some(word) {
            self.at += word.len();
            return Ok(form);
        }
        Err(Unusual)
    }

    /// Steps into a list or an object, the innermost of `depth`. False: it ends at once.
    #[inline]
    fn opens(&mut self, close: u8, depth: usize) -> Result<bool, Unusual> {
        if depth > DEEPEST {
            return Err(Unusual);
        }
        self.at += 1;
        self.blanks();
        if self.peek() == close {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Steps to what comes next in a list or an object. False: it ends here.
    #[inline]
    fn goes_on(&mut self, close: u8) -> Result<bool, Unusual> {
        self.blanks();
        let next = self.peek();
        self.at += 1;
        if next == b',' {
            self.blanks();
            return Ok(true);
        }
        if next == close { Ok(false) } else { Err(Unusual) }
    }

    /// The members of an object, some of which are read.
    fn members_of(&mut self, node: &'s Node, depth: usize) -> Result<(), Unusual> {
        let mut more = self.opens(b'}', depth)?;
        while more {
            if self.peek() != b'"' {
                return Err(Unusual);
            }
            let start = self.at + 1;
            let (end, form) = self.string()?;
            self.colon()?;
            if form != Form::Plain {
                self.must_be_unread(node, start, end)?;
                self.skip(depth)?;
                more = self.goes_on(b'}')?;
                continue;
            }
            match node.member(self.bytes.get(start..end).unwrap_or_default())? {
                None => self.skip(depth)?,
                Some(child) => {
                    let child = self.trie.node(child);
                    let twice = |place| self.finds.at(place).form != Form::Missing;
                    if child.place.is_some_and(twice) {
                        return Err(Unusual);
                    }
                    self.value(child, depth)?;
                }
            }
            more = self.goes_on(b'}')?;
        }
        Ok(())
    }

    /// Whether a name with escapes, which stands between `start` and `end`, is none that is read.
    fn must_be_unread(&self, node: &Node, start: usize, end: usize) -> Result<(), Unusual> {
        let quoted = self.bytes.get(start - 1..end + 1).unwrap_or_default();
        match json::read(quoted) {
            Ok(Json::Text(name)) if node.member(name.as_bytes()) == Ok(None) => Ok(()),
            Ok(_) | Err(_) => Err(Unusual),
        }
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "measured: each is a few instructions of the inner loop"
    )]
    fn colon(&mut self) -> Result<(), Unusual> {
        if self.peek() != b':' {
            self.skip_blanks();
            if self.peek() != b':' {
                return Err(Unusual);
            }
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// A text: where its closing quote stands, and how it is written.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "measured: each is a few instructions of the inner loop"
    )]
    fn string(&mut self) -> Result<(usize, Form), Unusual> {
        match text::short(self.bytes, self.at + 1) {
            Some(end) => {
                self.at = end + 1;
                Ok((end, Form::Plain))
            }
            None => self.long_string(),
        }
    }

    /// The same for a text that is longer, or has escapes, or more than ASCII.
    fn long_string(&mut self) -> Result<(usize, Form), Unusual> {
        let text::Run { end, wide } = text::run(self.bytes, self.at + 1);
        if self.bytes.get(end) != Some(&b'"') {
            return self.escaped(end, wide);
        }
        if wide {
            self.is_utf8(end)?;
        }
        self.at = end + 1;
        Ok((end, Form::Plain))
    }

    /// Whether the text up to its closing quote at `end` is UTF-8.
    fn is_utf8(&self, end: usize) -> Result<(), Unusual> {
        if text::is_utf8(self.bytes, self.at + 1, end) { Ok(()) } else { Err(Unusual) }
    }

    /// The rest of a text from its first escape on.
    fn escaped(&mut self, from: usize, mut wide: bool) -> Result<(usize, Form), Unusual> {
        let (mut at, mut form) = (from, Form::Simple);
        loop {
            match self.bytes.get(at) {
                Some(b'"') => {
                    if wide {
                        self.is_utf8(at)?;
                    }
                    self.at = at + 1;
                    return Ok((at, form));
                }
                Some(b'\\') => {
                    if !matches!(self.bytes.get(at + 1), Some(b'"' | b'\\' | b'n' | b'r' | b't')) {
                        form = Form::Escaped;
                    }
                    at = text::escape_end(self.bytes, at).ok_or(Unusual)?;
                }
                Some(_) | None => return Err(Unusual),
            }
            let run = text::run(self.bytes, at);
            at = run.end;
            wide |= run.wide;
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
