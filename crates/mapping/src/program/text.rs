//! Texts that arrive as they are, copied from the record as they are written there.
//!
//! In: a text found in a record, and what it has to be like. Out: the same text as a member. Must
//! not know: values, lines.

use super::step::Done;
use crate::convert::{Letters, Passes, first, first_points};
use crate::record::BADGES;
use crate::scan::{Form, Found, is_blank, respell};
use crate::value::length;

/// What a text has to be like.
#[derive(Debug, Clone)]
pub(super) struct TextStep {
    pub(super) passes: Passes,
    /// Nothing is decoded.
    pub(super) exact: bool,
    /// A badge may stand in front of it.
    pub(super) badged: bool,
    /// The most characters that the target takes.
    pub(super) limit: usize,
}

impl TextStep {
    #[inline]
    pub(super) fn write(
        &self,
        found: Found,
        record: &[u8],
        head: &[u8],
        out: &mut Vec<u8>,
    ) -> Done {
        let plain = match found.form {
            Form::Missing | Form::Null => return Done::Blank,
            Form::Plain => true,
            Form::Simple => false,
            Form::Escaped => return self.write_escaped(found.raw(record), head, out),
            Form::True | Form::False | Form::Number | Form::Tree => return Done::Ask,
        };
        let raw = found.raw(record);
        if raw.is_empty() {
            return Done::Blank;
        }
        let Some(kept) = self.kept(raw, plain) else { return Done::Ask };
        out.extend_from_slice(head);
        out.push(b'"');
        let start = out.len();
        out.extend_from_slice(raw.get(..kept).unwrap_or_default());
        self.close(start, out)
    }

    /// A text with escapes that we do not write: as we write it.
    #[cold]
    fn write_escaped(&self, raw: &[u8], head: &[u8], out: &mut Vec<u8>) -> Done {
        out.extend_from_slice(head);
        out.push(b'"');
        let start = out.len();
        if !respell(raw, out) {
            return Done::Ask;
        }
        let text = out.get(start..).unwrap_or_default();
        let Some(kept) = self.kept(text, !text.contains(&b'\\')) else { return Done::Ask };
        out.truncate(start + kept);
        self.close(start, out)
    }

    /// Ends a text that begins at `start`.
    #[inline]
    fn close(&self, start: usize, out: &mut Vec<u8>) -> Done {
        if let Some(letters) = self.passes.case {
            let text = out.get_mut(start..).unwrap_or_default();
            if !text.is_ascii() || text.contains(&b'\\') {
                return Done::Ask;
            }
            match letters {
                Letters::Lower => text.make_ascii_lowercase(),
                Letters::Upper => text.make_ascii_uppercase(),
            }
        }
        out.extend_from_slice(b"\",");
        Done::Written
    }

    /// How many bytes of a text arrive, which has no escapes when it is `plain`, else simple ones.
    /// None: it has to be looked at closer.
    #[inline]
    fn kept(&self, raw: &[u8], plain: bool) -> Option<usize> {
        if !(plain || self.fits_escaped(raw)) || !self.fits(raw) {
            return None;
        }
        let most = self.passes.most.map_or(usize::MAX, |most| most as usize);
        if raw.len() <= most.min(self.limit) {
            return Some(raw.len());
        }
        if plain { self.cut(raw, most).map(<[u8]>::len) } else { None }
    }

    /// A text that has nothing around it and is not blank; none: it has to be looked at closer.
    #[inline]
    pub(super) fn bare<'t>(&self, found: Found, record: &'t [u8]) -> Option<&'t [u8]> {
        let raw = found.raw(record);
        (found.form == Form::Plain && !raw.is_empty() && self.fits(raw)).then_some(raw)
    }

    /// What a text has to be like that has no escapes, or whose escapes do not matter.
    #[inline]
    fn fits(&self, raw: &[u8]) -> bool {
        let capitals = |most| raw.len() == most && raw.iter().all(u8::is_ascii_uppercase);
        (self.exact || !decodes(raw))
            && self.passes.capitals.is_none_or(capitals)
            && !(self.badged && starts_with_badge(raw))
            && !(outer_blanks(raw) && (self.passes.trimmed || is_blank(raw)))
    }

    /// What the escapes of a text have to be like.
    fn fits_escaped(&self, raw: &[u8]) -> bool {
        let ends = |blank: &[u8]| raw.starts_with(blank) || raw.ends_with(blank);
        let has = |blank: &[u8]| raw.windows(2).any(|part| part == blank);
        !(ends(b"\\n") || ends(b"\\r") || ends(b"\\t"))
            && (self.exact || !has(b"\\r"))
            && !(self.passes.one_line && (has(b"\\n") || has(b"\\r")))
    }

    /// A long text, cut where it has to be; none: it is too long even so.
    fn cut<'t>(&self, raw: &'t [u8], most: usize) -> Option<&'t [u8]> {
        let raw = std::str::from_utf8(raw).ok()?;
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let first = if self.passes.points { first_points(raw, most) } else { first(raw, most) };
        // A text that is not cut keeps its end.
        let whole = first.len() == raw.len() || !self.passes.trimmed;
        let text = if whole { first } else { first.trim_end() };
        let fits = text.len() <= self.limit || length(text) <= self.limit;
        (fits && !text.trim().is_empty()).then_some(text.as_bytes())
    }
}

/// Whether blanks may stand around a text.
#[inline]
pub(super) fn outer_blanks(raw: &[u8]) -> bool {
    let inner = |byte: Option<&u8>| byte.is_some_and(|byte| (0x21..0x7f).contains(byte));
    !(inner(raw.first()) && inner(raw.last()))
        && std::str::from_utf8(raw).is_ok_and(|text| text.trim().len() != text.len())
}

/// Whether there may be entities in a text. What begins with `&` and does not end with `;` stands
/// for itself.
#[inline]
pub(super) fn decodes(raw: &[u8]) -> bool {
    raw.contains(&b'&') && raw.contains(&b';')
}

fn starts_with_badge(raw: &[u8]) -> bool {
    std::str::from_utf8(raw).is_ok_and(|text| text.starts_with(BADGES))
}
