//! Numbers and days that arrive as they are written.
//!
//! In: what was found in a record. Out: the same as a member. Must not know: values, lines.

use super::step::{Done, written};
use crate::decimal::MOST_DIGITS;
use crate::scan::{Form, Found};

/// What a number has to be like.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberStep {
    /// The most digits behind the point.
    pub(super) decimals: usize,
    /// The most digits before it.
    pub(super) whole: usize,
}

impl NumberStep {
    #[inline]
    pub(super) fn write(
        &self,
        found: Found,
        record: &[u8],
        head: &[u8],
        out: &mut Vec<u8>,
    ) -> Done {
        match found.form {
            Form::Missing | Form::Null => return Done::Blank,
            Form::Number => {}
            _ => return Done::Ask,
        }
        let raw = found.raw(record);
        if !std::str::from_utf8(raw).is_ok_and(|raw| self.fits(raw)) {
            return Done::Ask;
        }
        out.extend_from_slice(head);
        out.extend_from_slice(raw);
        out.push(b',');
        Done::Written
    }

    /// Whether a JSON number is written as we write it, and fits.
    fn fits(&self, raw: &str) -> bool {
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_zero = || digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        plain(whole)
            && plain(fraction)
            && whole.len() <= self.whole
            && fraction.len() <= self.decimals
            && whole.len() + fraction.len() <= MOST_DIGITS as usize
            && (digits.len() == raw.len() || !is_zero())
    }
}

/// The day of a moment that is written in UTC.
#[inline]
pub(super) fn day(found: Found, record: &[u8], head: &[u8], out: &mut Vec<u8>) -> Done {
    match found.form {
        Form::Missing | Form::Null => return Done::Blank,
        Form::Plain => {}
        _ => return Done::Ask,
    }
    let raw = found.raw(record);
    if raw.is_empty() {
        return Done::Blank;
    }
    match day_of(raw) {
        None => Done::Ask,
        Some(day) => {
            out.extend_from_slice(head);
            out.push(b'"');
            out.extend_from_slice(day);
            written(b"\"", b",", out)
        }
    }
}

/// The first ten characters of `2026-03-31T12:00:00.123Z`; none: it may be written otherwise, or
/// be no moment.
fn day_of(raw: &[u8]) -> Option<&[u8]> {
    let (head, tail) = raw.split_at_checked(19)?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] =
        head
    else {
        return None;
    };
    let two = |a: u8, b: u8| {
        (a.is_ascii_digit() && b.is_ascii_digit()).then(|| (a - b'0') * 10 + (b - b'0'))
    };
    let (century, year) = (two(y1, y2)?, two(y3, y4)?);
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    // The 29th to the 31st of a month that may not have them are rare enough to be asked for.
    let known = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28,
        _ => 0,
    };
    let fits = (10..99).contains(&century)
        && year < 100
        && (1..=known).contains(&day)
        && two(h1, h2)? < 24
        && two(n1, n2)? < 60
        && two(s1, s2)? < 60;
    let fraction = match tail {
        [b'Z'] => true,
        [b'.', digits @ .., b'Z'] => {
            (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    (fits && fraction).then(|| raw.get(..10)).flatten()
}
