//! A strict JSON reader that walks over a text once and gives away pieces of it.
//!
//! In: a text. Out: pieces of it, still with their escapes. Must not know: what is looked for. All
//! of what is passed over is checked as well: strings, escapes, surrogates, numbers, brackets.

use std::borrow::Cow;

/// The text is not JSON, or not of the shape that is expected.
#[derive(Debug)]
pub(crate) struct Invalid;

pub(crate) type Fine<T> = Result<T, Invalid>;

/// How deep lists and objects may be in each other.
const DEPTH: usize = 128;

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);

/// The inside of a string as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'t> {
    pub(crate) raw: &'t str,
    /// It has no escapes, so it is what it means.
    pub(crate) plain: bool,
}

impl<'t> Piece<'t> {
    /// What it means.
    pub(crate) fn meaning(self) -> Cow<'t, str> {
        if self.plain {
            return Cow::Borrowed(self.raw);
        }
        // INVARIANT: the scanner has checked it.
        Cow::Owned(serde_json::from_str(&format!("\"{}\"", self.raw)).unwrap_or_default())
    }
}

/// A place in a text.
#[derive(Debug)]
pub(crate) struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
}

impl<'t> Scan<'t> {
    pub(crate) fn new(text: &'t str) -> Scan<'t> {
        Scan { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    /// The next byte that is no blank; 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Fine<()> {
        if self.peek() != byte {
            return Err(Invalid);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but blanks may be left.
    pub(crate) fn end(&mut self) -> Fine<()> {
        if self.peek() == 0 && self.at == self.bytes.len() { Ok(()) } else { Err(Invalid) }
    }

    /// Takes `null` if it is next.
    #[inline]
    pub(crate) fn null(&mut self) -> Fine<bool> {
        if self.peek() != b'n' {
            return Ok(false);
        }
        self.word(b"null").map(|()| true)
    }

    fn word(&mut self, word: &[u8]) -> Fine<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(Invalid);
        }
        self.at += word.len();
        Ok(())
    }

    /// A string.
    #[inline]
    pub(crate) fn string(&mut self) -> Fine<Piece<'t>> {
        self.take(b'"')?;
        let start = self.at;
        let mut plain = true;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    self.escape()?;
                }
                Some(_) | None => return Err(Invalid),
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(Piece { raw, plain })
    }

    fn escape(&mut self) -> Fine<()> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.unit(self.at + 2)? {
                0xD800..0xDC00 => {
                    let next = self.bytes.get(self.at + 6..self.at + 8);
                    let low = next == Some(b"\\u") && {
                        matches!(self.unit(self.at + 8)?, 0xDC00..0xE000)
                    };
                    if !low {
                        return Err(Invalid);
                    }
                    self.at += 12;
                }
                0xDC00..0xE000 => return Err(Invalid),
                _ => self.at += 6,
            },
            Some(_) | None => return Err(Invalid),
        }
        Ok(())
    }

    fn unit(&self, at: usize) -> Fine<u32> {
        let digits = self.bytes.get(at..at + 4).ok_or(Invalid)?;
        digits.iter().try_fold(0, |unit, digit| {
            Ok(unit << 4 | char::from(*digit).to_digit(16).ok_or(Invalid)?)
        })
    }

    fn digits(&mut self) -> Fine<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(Invalid) } else { Ok(()) }
    }

    /// A number, as it is written.
    pub(crate) fn number(&mut self) -> Fine<&'t str> {
        self.peek();
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn enter(&mut self) -> Fine<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH { Err(Invalid) } else { Ok(()) }
    }

    /// After a member or an element: whether another one follows.
    #[inline]
    fn more(&mut self, close: u8) -> Fine<bool> {
        let next = self.peek();
        self.at += 1;
        match next {
            b',' => Ok(true),
            _ if next == close => {
                self.depth -= 1;
                Ok(false)
            }
            _ => Err(Invalid),
        }
    }

    fn empty(&mut self, close: u8) -> bool {
        let empty = self.peek() == close;
        if empty {
            self.at += 1;
            self.depth -= 1;
        }
        empty
    }

    /// An object; `member` must take each value.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Fine<()>,
    ) -> Fine<()> {
        if self.peek() != b'{' {
            return Err(Invalid);
        }
        self.enter()?;
        if self.empty(b'}') {
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.take(b':')?;
            if name.plain {
                member(self, name.raw)?;
            } else {
                member(self, &name.meaning())?;
            }
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    /// A list; `element` must take each value.
    #[inline]
    pub(crate) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Fine<()>) -> Fine<()> {
        if self.peek() != b'[' {
            return Err(Invalid);
        }
        self.enter()?;
        if self.empty(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if !self.more(b']')? {
                return Ok(());
            }
        }
    }

    /// Any value, of which nothing is wanted.
    pub(crate) fn skip(&mut self) -> Fine<()> {
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'{' => self.skip_object(),
            b'[' => self.list(Scan::skip),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number().map(|_| ()),
        }
    }

    fn skip_object(&mut self) -> Fine<()> {
        self.enter()?;
        if self.empty(b'}') {
            return Ok(());
        }
        loop {
            self.string()?;
            self.take(b':')?;
            self.skip()?;
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }
}

/// Where the next quote, backslash or control character is; the end if there is none.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..at + 8).and_then(|it| <[u8; 8]>::try_from(it).ok()) {
        let word = u64::from_le_bytes(eight);
        // The lowest byte that is marked is right; those above it may be wrong.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let marks = (zero(word ^ (ONES * u64::from(b'"')))
            | zero(word ^ (ONES * u64::from(b'\\')))
            | control)
            & TOPS;
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    at + end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::Scan;

    fn reads(text: &str) -> bool {
        let mut scan = Scan::new(text);
        scan.skip().and_then(|()| scan.end()).is_ok()
    }

    #[test]
    fn what_is_passed_over_is_checked() {
        let good = [
            r#"{"a": [1, -0.5e+3, "\ud83d\ude80 \u00e9 \" long enough for words", null], "b": {}}"#,
            " [] ",
            "0",
        ];
        let bad = [
            r#"{"a" 1}"#,
            r#"{"a": 1,}"#,
            "[1 2]",
            "[1,]",
            "01",
            "1.",
            "-",
            "1e",
            "nul",
            "tru",
            r#""\x""#,
            r#""\ud83d""#,
            r#""\ude80""#,
            r#""\u12g4""#,
            "\"a\u{1}\"",
            "\"open",
            "{}}",
            "[",
            "",
            "{1: 2}",
            "\"sixteen bytes \u{1f}\"",
        ];
        for text in good {
            assert!(reads(text), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
        for text in bad {
            assert!(!reads(text), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        }
        assert!(!reads(&"[".repeat(1000)));
    }
}
