//! Within a JSON text: where a run of plain characters ends, and where an escape ends.
//!
//! In: bytes of a document. Out: places in it; whether they are UTF-8. Must not know: values. This
//! is the only file that names `wide` and `simdutf8`, which look at many bytes at once with whatever
//! the processor has for it.

use wide::u8x16;

/// How many bytes are looked at at once for being UTF-8; fewer take longer.
const UTF8_BLOCK: usize = 64;

/// Whether a text is UTF-8 that begins at `start` and ends at `end`, in front of its closing quote.
pub(super) fn is_utf8(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_utf8 = |end| {
        let text: Option<&[u8]> = bytes.get(start..end);
        text.is_some_and(|text| simdutf8::basic::from_utf8(text).is_ok())
    };
    // A quote is never within a character: what stands behind it takes nothing from a text that is
    // UTF-8 together with it.
    let block = start + UTF8_BLOCK;
    (end < block && block <= bytes.len() && is_utf8(block)) || is_utf8(end)
}

/// Whether a text without escapes has nothing but blanks.
#[inline]
pub(crate) fn is_blank(raw: &[u8]) -> bool {
    !raw.first().is_some_and(u8::is_ascii_graphic)
        && std::str::from_utf8(raw).is_ok_and(|text| text.trim().is_empty())
}

/// Where a run of plain characters ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The first byte that is a quote, a backslash or a control character, or the end.
    pub(super) end: usize,
    /// Whether there may be bytes beyond ASCII in it.
    pub(super) wide: bool,
}

/// Where the text that begins at `at` ends with its quote, when it is short, ASCII, and has no
/// escapes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "measured: each is a few instructions of the inner loop")]
pub(super) fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let chunk = bytes.get(at..)?.first_chunk::<16>()?;
    let (ends, beyond) = look(chunk);
    let length = ends.trailing_zeros() as usize;
    let quoted = chunk.get(length) == Some(&b'"') && beyond == 0;
    quoted.then_some(at + length)
}

/// The run from `at` on.
pub(super) fn run(bytes: &[u8], mut at: usize) -> Run {
    let mut wide = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        let ([low, high], []) = chunk.as_chunks::<16>() else { break };
        let ((low, beyond), (high, far_beyond)) = (look(low), look(high));
        wide |= beyond | far_beyond;
        let ends = low | high << 16;
        if ends != 0 {
            return Run { end: at + ends.trailing_zeros() as usize, wide: wide != 0 };
        }
        at += 32;
    }
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let (ends, beyond) = look(chunk);
        wide |= beyond;
        if ends != 0 {
            return Run { end: at + ends.trailing_zeros() as usize, wide: wide != 0 };
        }
        at += 16;
    }
    let mut wide = wide != 0;
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        wide |= !byte.is_ascii();
        at += 1;
    }
    Run { end: at, wide }
}

/// A bit for each of sixteen bytes that ends a run, and one for each beyond ASCII.
#[inline(always)]
#[expect(clippy::inline_always, reason = "measured: each is a few instructions of the inner loop")]
fn look(chunk: &[u8; 16]) -> (u32, u32) {
    let all = u8x16::new(*chunk);
    let is = |byte: u8| all.simd_eq(u8x16::splat(byte));
    let control = all.min(u8x16::splat(0x1f)).simd_eq(all);
    ((is(b'"') | is(b'\\') | control).to_bitmask(), all.to_bitmask())
}

/// Behind the escape whose backslash stands at `at`; none: it is no escape.
pub(super) fn escape_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => match hex(bytes, at + 2)? {
            // The first half of a character needs its second.
            0xd800..0xdc00 => {
                let pair = bytes.get(at + 6..at + 8)? == b"\\u";
                let second = hex(bytes, at + 8)?;
                (pair && (0xdc00..0xe000).contains(&second)).then_some(at + 12)
            }
            0xdc00..0xe000 => None,
            _ => Some(at + 6),
        },
        _ => None,
    }
}

/// Writes a text as we write it, whose escapes are those of a checked text. False: it has
/// characters that we write with other escapes than simple ones.
pub(crate) fn respell(raw: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((c, length)) = unescaped(escape) else { return false };
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..' ' => return false,
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    true
}

/// The character that an escape stands for, and how long the escape is.
fn unescaped(escape: &[u8]) -> Option<(char, usize)> {
    Some(match escape.get(1)? {
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => match hex(escape, 2)? {
            first @ 0xd800..0xdc00 => {
                let low = hex(escape, 8)?.checked_sub(0xdc00)?;
                (char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?, 12)
            }
            code => (char::from_u32(code)?, 6),
        },
        same @ (b'"' | b'\\' | b'/') => (char::from(*same), 2),
        _ => return None,
    })
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |code, byte| Some(code * 16 + char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_utf8, run, short};

    proptest! {
        #[test]
        fn sixteen_at_once_end_where_one_after_the_other_does(
            bytes in proptest::collection::vec(prop_oneof![
                12 => 0x20_u8..0x7f, 1 => Just(b'"'), 1 => Just(b'\\'), 1 => 0_u8..0x20, 2 => any::<u8>()
            ], 0..80),
            at in 0_usize..8,
        ) {
            let is_end = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            let rest = bytes.get(at..).unwrap_or_default();
            let end = rest.iter().position(is_end).map_or(bytes.len().max(at), |end| at + end);
            let found = run(&bytes, at);
            prop_assert_eq!(found.end, end);
            if let Some(short) = short(&bytes, at) {
                prop_assert_eq!(short, end);
                prop_assert_eq!(bytes.get(end), Some(&b'"'));
                prop_assert!(bytes.get(at..end).unwrap_or_default().is_ascii());
            }
            prop_assert!(found.wide || bytes.get(at..end).unwrap_or_default().is_ascii());
        }
    }
    proptest! {
        #[test]
        fn what_stands_behind_a_text_does_not_matter(
            text in prop_oneof![
                "[a-zä-ü€😀]{0,40}".prop_map(String::into_bytes),
                proptest::collection::vec(prop_oneof![9 => 0x61_u8..0x7b, 1 => any::<u8>()], 0..80),
            ],
            behind in proptest::collection::vec(prop_oneof![9 => 0x61_u8..0x7b, 1 => any::<u8>()], 0..80),
        ) {
            let record = [&b"\""[..], &text, b"\"", &behind].concat();
            let found = is_utf8(&record, 1, 1 + text.len());
            prop_assert_eq!(found, std::str::from_utf8(&text).is_ok());
        }
    }
}
