//! Newline-delimited input, one line at a time, with bounded memory.
//!
//! In: bytes, or a path. Out: lines with their numbers, or what is wrong with one. Must not know: JSON, plans.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::str::Utf8Error;

use crate::input::Input;
use crate::terminal::Stop;

/// The longest line that is read, in bytes.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

/// A file, to be read line by line.
pub(crate) fn open(path: &Path) -> Result<Lines<BufReader<Input>>, Stop> {
    Ok(lines_of(Input::file(path)?))
}

/// An input, to be read line by line.
pub(crate) fn lines_of(input: Input) -> Lines<BufReader<Input>> {
    Lines::new(BufReader::with_capacity(64 * 1024, input))
}

/// One line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1, blank lines counted.
    pub(crate) number: u64,
    /// Without its end; or why it is no text.
    pub(crate) text: Result<String, Unreadable>,
}

/// Why a line is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not UTF-8 from this byte of the line on, counted from 0.
    NotUtf8(usize),
    /// Longer than [`LONGEST`].
    TooLong,
}

impl Unreadable {
    /// Why bytes are no text.
    pub(crate) fn not_utf8(error: Utf8Error) -> Self {
        Unreadable::NotUtf8(error.valid_up_to())
    }

    /// As a sentence.
    pub(crate) fn message(self) -> String {
        match self {
            Unreadable::NotUtf8(byte) => {
                format!(
                    "not UTF-8 text: byte {byte} of the line cannot be read; save the file as UTF-8"
                )
            }
            Unreadable::TooLong => format!(
                "expected a record of at most {} MiB on one line, found a longer one",
                LONGEST / 1024 / 1024
            ),
        }
    }
}

/// Gives the lines of a stream that are not blank.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`, from its beginning.
    pub(crate) fn new(input: R) -> Self {
        Lines { input, number: 0 }
    }

    /// The next line that is not blank; none at the end. Errors: the stream cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut bytes = Vec::new();
            let limit = LONGEST as u64 + 2;
            (&mut self.input).take(limit).read_until(b'\n', &mut bytes)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let ended = bytes.last() == Some(&b'\n');
            let content = without_end(&bytes, self.number == 1);
            if content.len() > LONGEST {
                if !ended {
                    self.skip_line()?;
                }
                return Ok(Some(Line { number: self.number, text: Err(Unreadable::TooLong) }));
            }
            if content.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = match std::str::from_utf8(content) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => Err(Unreadable::not_utf8(error)),
            };
            return Ok(Some(Line { number: self.number, text }));
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(());
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(chunk.len(), |at| at + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

impl Lines<BufReader<Input>> {
    /// Why the stream could not be read on; `then` is what became of the lines before.
    pub(crate) fn failed(&self, error: io::Error, then: &str) -> Stop {
        self.input.get_ref().failure(error).stop(self.number, then)
    }
}

/// A line without `\n`, `\r\n` and, at the start of the file, the byte order mark.
pub(crate) fn without_end(bytes: &[u8], first: bool) -> &[u8] {
    let content = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    if first { content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content) } else { content }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<(u64, Result<String, Unreadable>)> {
        // A small buffer, so that lines span several fills.
        let mut lines = Lines::new(io::BufReader::with_capacity(7, input));
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text));
        }
        found
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        let found = all(b"\xef\xbb\xbf{}\r\n\n  \n[1]\n\r\nlast");
        let text = |text: &str| Ok(text.to_owned());
        assert_eq!(found, [(1, text("{}")), (4, text("[1]")), (6, text("last"))]);
    }

    #[test]
    fn a_line_that_is_not_utf8_does_not_stop_the_others() {
        let found = all(b"a\nb\xffc\nd\n");
        assert_eq!(found[1], (2, Err(Unreadable::NotUtf8(1))));
        assert_eq!(found[2], (3, Ok("d".to_owned())));
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_whole() {
        let mut input = vec![b'x'; LONGEST + 1];
        input.extend(b"\nnext\n");
        input.extend(vec![b'y'; LONGEST]);
        input.extend(b"\r\n");
        input.extend(vec![b'z'; 3 * LONGEST]);
        let mut lines = Lines::new(io::BufReader::new(input.as_slice()));
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text.map(|text| text.len())));
        }
        let long = Err(Unreadable::TooLong);
        assert_eq!(found, [(1, long), (2, Ok(4)), (3, Ok(LONGEST)), (4, long)]);
    }
}
