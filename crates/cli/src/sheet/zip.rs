//! Files in a ZIP archive.
//!
//! In: the bytes of an archive. Out: the bytes of one of its files, checked. Must not know: what is in
//! them. A file that would unpack to more than is said, or to too much, is refused.

use std::io::Read as _;

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// The most that one file may hold.
const LARGEST: u32 = 64 * 1024 * 1024;

/// An archive.
#[derive(Debug)]
pub(super) struct Archive<'b> {
    bytes: &'b [u8],
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    offset: u32,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

impl<'b> Archive<'b> {
    /// Reads what is in it. None: it is no archive, or damaged.
    pub(super) fn open(bytes: &'b [u8]) -> Option<Archive<'b>> {
        // The end record is the last one; a comment of at most 64 KiB may follow.
        let from = bytes.len().saturating_sub(22 + 0xffff);
        let end = (from..bytes.len().saturating_sub(21))
            .rev()
            .find(|at| bytes.get(*at..*at + 4) == Some(b"PK\x05\x06"))?;
        let count = u16_at(bytes, end + 10)?;
        let mut at = usize::try_from(u32_at(bytes, end + 16)?).ok()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            if bytes.get(at..at + 4)? != b"PK\x01\x02" {
                return None;
            }
            let name_length = usize::from(u16_at(bytes, at + 28)?);
            let name = bytes.get(at + 46..at + 46 + name_length)?;
            entries.push(Entry {
                name: String::from_utf8_lossy(name).into_owned(),
                method: u16_at(bytes, at + 10)?,
                crc: u32_at(bytes, at + 16)?,
                packed: u32_at(bytes, at + 20)?,
                size: u32_at(bytes, at + 24)?,
                offset: u32_at(bytes, at + 42)?,
            });
            let more = u16_at(bytes, at + 30)?.checked_add(u16_at(bytes, at + 32)?)?;
            at += 46 + name_length + usize::from(more);
        }
        Some(Archive { bytes, entries })
    }

    /// The text of a file. Error: it is not there, damaged, too large or not UTF-8.
    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| format!("{name} is not in it"))?;
        let damaged = || format!("{name} in it is damaged");
        if entry.size > LARGEST {
            return Err(format!("{name} in it is larger than {} MB", LARGEST >> 20));
        }
        let at = usize::try_from(entry.offset).map_err(|_| damaged())?;
        let header = |at| u16_at(self.bytes, at).map(usize::from).ok_or_else(damaged);
        let start = at + 30 + header(at + 26)? + header(at + 28)?;
        let length = usize::try_from(entry.packed).map_err(|_| damaged())?;
        let packed = self.bytes.get(start..start.saturating_add(length)).ok_or_else(damaged)?;
        let mut out = Vec::new();
        match entry.method {
            0 => out.extend_from_slice(packed),
            8 => {
                // One byte more than is said: then it is not what is said.
                let most = u64::from(entry.size) + 1;
                let read = DeflateDecoder::new(packed).take(most).read_to_end(&mut out);
                read.map_err(|_| damaged())?;
            }
            other => {
                return Err(format!("{name} in it is packed in a way ({other}) that is not known"));
            }
        }
        let mut crc = Crc::new();
        crc.update(&out);
        if u32::try_from(out.len()) != Ok(entry.size) || crc.sum() != entry.crc {
            return Err(damaged());
        }
        String::from_utf8(out).map_err(|_| damaged())
    }
}
