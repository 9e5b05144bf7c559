//! Values of which nothing is read: checked to be JSON, and stepped over without recursion.
//!
//! In: a scanner in front of a value. Out: the scanner behind it. Must not know: tries, places.

use super::{Form, Scanner, Unusual};
use crate::json::DEEPEST;

/// The lists and objects that are open: a bit each, set for objects; the innermost is the lowest.
struct Open {
    objects: u128,
    count: usize,
    most: usize,
}

impl Open {
    #[inline]
    fn push(&mut self, object: bool) -> Result<(), Unusual> {
        if self.count == self.most {
            return Err(Unusual);
        }
        self.objects = self.objects << 1 | u128::from(object);
        self.count += 1;
        Ok(())
    }

    #[inline]
    fn pop(&mut self) {
        self.objects >>= 1;
        self.count -= 1;
    }

    #[inline]
    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

impl Scanner<'_> {
    /// A value of which nothing is read; `depth` lists and objects are open around it.
    #[inline]
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Unusual> {
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(depth),
            _ => self.skip_word(),
        }
    }

    #[inline]
    fn skip_word(&mut self) -> Result<(), Unusual> {
        match self.peek() {
            b't' => self.word(b"true", Form::True).map(|_| ()),
            b'f' => self.word(b"false", Form::False).map(|_| ()),
            b'n' => self.word(b"null", Form::Null).map(|_| ()),
            _ => self.number(),
        }
    }

    /// A list or an object, with everything in it.
    pub(super) fn skip_nested(&mut self, depth: usize) -> Result<(), Unusual> {
        let mut open = Open { objects: 0, count: 0, most: DEEPEST.saturating_sub(depth) };
        loop {
            match self.peek() {
                b'"' => {
                    self.string()?;
                }
                b'{' => {
                    open.push(true)?;
                    self.at += 1;
                    self.blanks();
                    if self.peek() != b'}' {
                        self.name()?;
                        continue;
                    }
                    self.at += 1;
                    open.pop();
                }
                b'[' => {
                    open.push(false)?;
                    self.at += 1;
                    self.blanks();
                    if self.peek() != b']' {
                        continue;
                    }
                    self.at += 1;
                    open.pop();
                }
                _ => self.skip_word()?,
            }
            if self.next_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Behind a value: closes what ends here, and goes on to the next value. True: all is closed.
    #[inline]
    fn next_value(&mut self, open: &mut Open) -> Result<bool, Unusual> {
        while open.count > 0 {
            self.blanks();
            match (self.peek(), open.in_object()) {
                (b',', true) => {
                    self.at += 1;
                    self.blanks();
                    self.name()?;
                    return Ok(false);
                }
                (b',', false) => {
                    self.at += 1;
                    self.blanks();
                    return Ok(false);
                }
                (b'}', true) | (b']', false) => {
                    self.at += 1;
                    open.pop();
                }
                _ => return Err(Unusual),
            }
        }
        Ok(true)
    }

    /// A member's name and its colon.
    #[inline]
    fn name(&mut self) -> Result<(), Unusual> {
        if self.peek() != b'"' {
            return Err(Unusual);
        }
        self.string()?;
        self.colon()
    }
}
