//! gzip and zstd: recognised, unpacked, packed.
//!
//! In: bytes, the ending of a name. Out: the bytes unpacked or packed. Must not know: files, lines,
//! what the bytes say.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

/// How each packing begins; `None` in a pattern is any byte, a range is any byte of it.
const STARTS: [(Packing, &[(u8, u8)]); 3] = [
    (Packing::Gzip, &[(0x1f, 0x1f), (0x8b, 0x8b)]),
    (Packing::Zstd, &[(0x28, 0x28), (0xb5, 0xb5), (0x2f, 0x2f), (0xfd, 0xfd)]),
    // A frame that is skipped, as parallel programs write it first.
    (Packing::Zstd, &[(0x50, 0x5f), (0x2a, 0x2a), (0x4d, 0x4d), (0x18, 0x18)]),
];

impl Packing {
    /// What the ending of a file's name says.
    pub(crate) fn of_name(path: &Path) -> Packing {
        match path.extension().and_then(|end| end.to_str()) {
            Some("gz") => Packing::Gzip,
            Some("zst") => Packing::Zstd,
            Some(_) | None => Packing::None,
        }
    }

    /// What the first bytes of a stream say; none: more bytes are needed to tell.
    pub(crate) fn of_start(bytes: &[u8]) -> Option<Packing> {
        let mut open = false;
        for (packing, start) in STARTS {
            let fits =
                start.iter().zip(bytes).all(|((low, high), byte)| (low..=high).contains(&byte));
            if fits && bytes.len() >= start.len() {
                return Some(packing);
            }
            open |= fits;
        }
        (!open).then_some(Packing::None)
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Packing::None => "plain",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        })
    }
}

/// A stream, unpacked as it is read; several members or frames one behind the other are one stream.
pub(crate) enum Unpacker<R: BufRead> {
    /// As it is.
    Plain(R),
    /// gzip.
    Gzip(Box<MultiGzDecoder<R>>),
    /// zstd.
    Zstd(Box<zstd::stream::read::Decoder<'static, R>>),
}

impl<R: BufRead> Unpacker<R> {
    /// Unpacks `packed`. Errors: there is no memory for it.
    pub(crate) fn new(packing: Packing, packed: R) -> io::Result<Self> {
        Ok(match packing {
            Packing::None => Unpacker::Plain(packed),
            Packing::Gzip => Unpacker::Gzip(Box::new(MultiGzDecoder::new(packed))),
            Packing::Zstd => {
                Unpacker::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(packed)?))
            }
        })
    }

    /// The stream as it is packed.
    pub(crate) fn packed(&self) -> &R {
        match self {
            Unpacker::Plain(packed) => packed,
            Unpacker::Gzip(decoder) => decoder.get_ref(),
            Unpacker::Zstd(decoder) => decoder.get_ref(),
        }
    }
}

impl<R: BufRead> Read for Unpacker<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Unpacker::Plain(packed) => packed.read(into),
            Unpacker::Gzip(decoder) => decoder.read(into),
            Unpacker::Zstd(decoder) => decoder.read(into),
        }
    }
}

/// What is wrong with packed bytes, as the end of a sentence.
pub(crate) fn damage(error: &io::Error) -> &'static str {
    let text = error.to_string();
    if error.kind() == io::ErrorKind::UnexpectedEof {
        "ends too early"
    } else if text.contains("too much memory") {
        "was packed with a window of more than 128 MiB"
    } else if text.contains("header") || text.contains("Unknown frame") {
        "is followed by something else"
    } else {
        "is damaged"
    }
}

/// A stream, packed as it is written.
pub(crate) enum Packer<W: Write> {
    /// As it is.
    Plain(W),
    /// gzip.
    Gzip(Box<GzEncoder<W>>),
    /// zstd.
    Zstd(Box<zstd::stream::write::Encoder<'static, W>>),
}

impl<W: Write> Packer<W> {
    /// Packs into `out`. Errors: there is no memory for it.
    pub(crate) fn new(packing: Packing, out: W) -> io::Result<Self> {
        Ok(match packing {
            Packing::None => Packer::Plain(out),
            Packing::Gzip => {
                Packer::Gzip(Box::new(GzEncoder::new(out, flate2::Compression::default())))
            }
            Packing::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, 0)?;
                encoder.include_checksum(true)?;
                Packer::Zstd(Box::new(encoder))
            }
        })
    }

    /// Ends what is packed, and gives back where it was written.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Packer::Plain(out) => Ok(out),
            Packer::Gzip(encoder) => encoder.finish(),
            Packer::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packer::Plain(out) => out.write(bytes),
            Packer::Gzip(encoder) => encoder.write(bytes),
            Packer::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Packer::Plain(out) => out.flush(),
            // A flush in the middle would make the packed stream longer for nothing.
            Packer::Gzip(_) | Packer::Zstd(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(packing: Packing, text: &[u8]) -> Vec<u8> {
        let mut packer = Packer::new(packing, Vec::new()).unwrap();
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn unpacked(packing: Packing, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Unpacker::new(packing, bytes)?.read_to_end(&mut text).map(|_| text)
    }

    #[test]
    fn what_is_packed_is_recognised_and_unpacked_also_in_several_parts() {
        for packing in [Packing::None, Packing::Gzip, Packing::Zstd] {
            let bytes = [packed(packing, b"{}\n"), packed(packing, b"[1]\n")].concat();
            assert_eq!(Packing::of_start(&bytes), Some(packing));
            assert_eq!(unpacked(packing, &bytes).unwrap(), b"{}\n[1]\n");
        }
    }

    #[test]
    fn a_start_is_told_as_soon_as_it_is_certain() {
        assert_eq!(Packing::of_start(b""), None);
        assert_eq!(Packing::of_start(b"{"), Some(Packing::None));
        assert_eq!(Packing::of_start(b"\n"), Some(Packing::None));
        assert_eq!(Packing::of_start(b"\x1f"), None);
        assert_eq!(Packing::of_start(b"\x1f\x8b"), Some(Packing::Gzip));
        assert_eq!(Packing::of_start(b"\x28\xb5\x2f"), None);
        assert_eq!(Packing::of_start(b"(1)"), Some(Packing::None));
        assert_eq!(Packing::of_start(b"\x50\x2a\x4d\x18"), Some(Packing::Zstd));
    }

    #[test]
    fn damage_is_told_apart() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let whole = packed(packing, &b"0123456789".repeat(100));
            let said = |bytes: &[u8]| damage(&unpacked(packing, bytes).unwrap_err());
            for end in 1..whole.len() {
                assert_eq!(said(&whole[..end]), "ends too early", "{packing} {end}");
            }
            let followed = [&whole[..], b"something else"].concat();
            assert_eq!(said(&followed), "is followed by something else");
            let mut wrong = whole.clone();
            let last = wrong.len() - 1;
            let checked = if packing == Packing::Gzip { last - 6 } else { last };
            wrong[checked] ^= 1;
            assert_eq!(said(&wrong), "is damaged");
        }
    }
}
