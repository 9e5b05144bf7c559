//! A stream in blocks of whole lines, and a block's lines.
//!
//! In: bytes as they come. Out: blocks; lines with their numbers, or what is wrong with one. Must
//! not know: JSON, threads, packing.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use crate::input::{Failure, Input};
use crate::lines::{LONGEST, Unreadable, without_end};

/// Longer than this is too long, whatever of it is the end of the line or a byte order mark.
const TOO_LONG: usize = LONGEST + "\u{feff}\r\n".len();

/// Where blocks come from.
pub(crate) trait Source: Read {
    /// Whether the next byte has to be waited for.
    fn is_drained(&self) -> bool;
}

impl Source for Input {
    fn is_drained(&self) -> bool {
        Input::is_drained(self)
    }
}

/// Some whole lines of a stream.
#[derive(Debug)]
pub(crate) struct Block {
    /// Room for the lines; used again for another block.
    room: Vec<u8>,
    /// How much of it is lines.
    length: usize,
    /// The first of the stream.
    is_first: bool,
    /// Behind its lines stood one that is too long, which is left out.
    long: bool,
}

impl Block {
    /// How much memory it needs, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.room.len()
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> Lines<'_> {
        let rest = &self.room[..self.length];
        Lines { rest, number: 0, is_first: self.is_first, long: self.long }
    }

    /// Its memory.
    pub(crate) fn into_room(self) -> Vec<u8> {
        self.room
    }
}

/// Cuts a stream into blocks.
#[derive(Debug)]
pub(crate) struct Blocks<S> {
    source: S,
    /// How long a block is as a rule.
    size: usize,
    /// The beginning of a line whose end was not in the last block.
    rest: Vec<u8>,
    /// A line that is too long is being left out.
    skipping: bool,
    is_first: bool,
    failed: Option<io::Error>,
}

impl<S: Source> Blocks<S> {
    /// The blocks of `source`, from its beginning.
    pub(crate) fn new(source: S, size: usize) -> Self {
        let (rest, skipping, is_first, failed) = (Vec::new(), false, true, None);
        Blocks { source, size, rest, skipping, is_first, failed }
    }

    /// The next block, in `room`; none at the end. A block ends where it is full, and where there
    /// is a line and the next byte has to be waited for. Errors: the stream cannot be read; the
    /// lines before that came first.
    pub(crate) fn next(&mut self, mut room: Vec<u8>) -> io::Result<Option<Block>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if room.capacity() > 2 * self.size {
            // It held a line that is unusually long.
            room = Vec::new();
        }
        let mut filled = self.rest.len();
        room.resize(self.size.max(2 * filled).min(TOO_LONG + 1), 0);
        room[..filled].copy_from_slice(&self.rest);
        self.rest.clear();
        self.rest.shrink_to(self.size);
        // Behind the last end of a line.
        let mut whole = 0;
        loop {
            if filled == room.len() {
                if whole > 0 {
                    return Ok(Some(self.cut(room, whole, filled)));
                }
                if filled > TOO_LONG {
                    self.skipping = true;
                    return Ok(Some(self.made(room, 0, true)));
                }
                room.resize((2 * filled).min(TOO_LONG + 1), 0);
            }
            let got = match self.source.read(&mut room[filled..]) {
                Ok(got) => got,
                Err(error) if whole > 0 => {
                    self.failed = Some(error);
                    return Ok(Some(self.made(room, whole, false)));
                }
                Err(error) => return Err(error),
            };
            if got == 0 {
                return Ok((filled > 0).then(|| self.made(room, filled, false)));
            }
            let end = filled + got;
            if self.skipping {
                let line_end = memchr(b'\n', &room[..end]);
                self.skipping = line_end.is_none();
                let from = line_end.map_or(end, |at| at + 1);
                room.copy_within(from..end, 0);
                (filled, whole) = (end - from, 0);
                whole = memrchr(b'\n', &room[..filled]).map_or(whole, |at| at + 1);
            } else {
                whole = memrchr(b'\n', &room[filled..end]).map_or(whole, |at| filled + at + 1);
                filled = end;
            }
            if whole > 0 && self.source.is_drained() {
                return Ok(Some(self.cut(room, whole, filled)));
            }
        }
    }

    fn cut(&mut self, room: Vec<u8>, whole: usize, filled: usize) -> Block {
        self.rest.extend_from_slice(&room[whole..filled]);
        self.made(room, whole, false)
    }

    fn made(&mut self, room: Vec<u8>, length: usize, long: bool) -> Block {
        let is_first = std::mem::take(&mut self.is_first);
        Block { room, length, is_first, long }
    }
}

impl Blocks<Input> {
    /// The next block, in `room`. Error: how the input ended, well or not.
    pub(crate) fn block(&mut self, room: Vec<u8>) -> Result<Block, Result<(), Failure>> {
        match self.next(room) {
            Ok(Some(block)) => Ok(block),
            Ok(None) => Err(Ok(())),
            Err(error) => Err(Err(self.source.failure(error))),
        }
    }
}

/// The lines of a block that are not blank.
#[derive(Debug)]
pub(crate) struct Lines<'b> {
    rest: &'b [u8],
    number: u64,
    is_first: bool,
    long: bool,
}

impl Lines<'_> {
    /// How many lines there were so far, blank lines counted.
    pub(crate) fn passed(&self) -> u64 {
        self.number
    }
}

impl<'b> Iterator for Lines<'b> {
    /// The line's number in the block, from 1; its bytes without its end, or why they are no line.
    type Item = (u64, Result<&'b [u8], Unreadable>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = memchr(b'\n', self.rest).map_or(self.rest.len(), |at| at + 1);
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest;
            self.number += 1;
            let content = without_end(line, std::mem::take(&mut self.is_first));
            if content.len() > LONGEST {
                return Some((self.number, Err(Unreadable::TooLong)));
            }
            if !content.iter().all(u8::is_ascii_whitespace) {
                return Some((self.number, Ok(content)));
            }
        }
        if std::mem::take(&mut self.long) {
            self.number += 1;
            return Some((self.number, Err(Unreadable::TooLong)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lines;

    /// Gives its bytes in reads of these lengths, again and again; drained after each of them.
    struct Slow<'b> {
        bytes: &'b [u8],
        lengths: Vec<usize>,
        reads: usize,
        drains: bool,
        fails: bool,
    }

    impl<'b> Slow<'b> {
        fn new(bytes: &'b [u8], lengths: Vec<usize>, drains: bool) -> Self {
            Slow { bytes, lengths, reads: 0, drains, fails: false }
        }
    }

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.bytes.is_empty() && self.fails {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let length = self.lengths[self.reads % self.lengths.len()];
            self.reads += 1;
            let length = length.min(into.len()).min(self.bytes.len());
            self.bytes.read(&mut into[..length])
        }
    }

    impl Source for Slow<'_> {
        fn is_drained(&self) -> bool {
            self.drains
        }
    }

    type Found = Vec<(u64, Result<Vec<u8>, Unreadable>)>;

    fn all(source: Slow<'_>, size: usize) -> (Found, usize, io::Result<()>) {
        let mut blocks = Blocks::new(source, size);
        let (mut found, mut before, mut count, mut room) = (Vec::new(), 0, 0, Vec::new());
        loop {
            let block = match blocks.next(room) {
                Ok(Some(block)) => block,
                Ok(None) => return (found, count, Ok(())),
                Err(error) => return (found, count, Err(error)),
            };
            count += 1;
            let mut lines = block.lines();
            for (number, line) in lines.by_ref() {
                found.push((before + number, line.map(<[u8]>::to_vec)));
            }
            before += lines.passed();
            room = block.into_room();
        }
    }

    /// What the reader of single lines makes of the same bytes.
    fn one_by_one(bytes: &[u8]) -> Found {
        let mut lines = lines::Lines::new(bytes);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text.map(String::into_bytes)));
        }
        found
    }

    proptest! {
        #[test]
        fn blocks_have_the_lines_of_the_stream_however_it_is_read(
            text in "(\u{feff})?([a-z\u{e4}]{0,40}( |\r)?\n|\n){0,20}[a-z ]{0,30}",
            lengths in prop::collection::vec(1_usize..50, 1..8),
            size in 1_usize..100,
            drains: bool,
        ) {
            let (found, _, end) = all(Slow::new(text.as_bytes(), lengths, drains), size);
            prop_assert!(end.is_ok());
            prop_assert_eq!(found, one_by_one(text.as_bytes()));
        }
    }

    #[test]
    fn a_block_is_full_or_ends_where_the_next_byte_has_to_be_waited_for() {
        let text = b"1234\n".repeat(8);
        let count = |drains| all(Slow::new(&text, vec![10], drains), 20).1;
        assert_eq!((count(false), count(true)), (2, 4));
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out_whole_and_counted() {
        let mut text = vec![b'x'; LONGEST + 1];
        text.extend(b"\nnext\n");
        text.extend(vec![b'y'; LONGEST]);
        text.extend(b"\r\n");
        text.extend(vec![b'z'; 3 * LONGEST]);
        text.extend(b"\nlast");
        let (found, ..) = all(Slow::new(&text, vec![100_000, 70_000], false), 256 * 1024);
        let found: Vec<_> =
            found.into_iter().map(|(number, line)| (number, line.map(|line| line.len()))).collect();
        let long = Err(Unreadable::TooLong);
        assert_eq!(found, [(1, long), (2, Ok(4)), (3, Ok(LONGEST)), (4, long), (5, Ok(4))]);
    }

    #[test]
    fn lines_before_a_failure_come_first_and_one_without_its_end_does_not_come() {
        let mut source = Slow::new(b"one\ntwo\nthr", vec![4, 7], false);
        source.fails = true;
        let (found, _, end) = all(source, 100);
        assert_eq!(found, [(1, Ok(b"one".to_vec())), (2, Ok(b"two".to_vec()))]);
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
