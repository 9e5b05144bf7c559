//! Hashes that stand for texts we do not want to keep or that chain the audit.
//!
//! In: texts. Out: 64 hex digits. Must not know: what they are used for. This is the only file that
//! names the hash library.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The sha256 of the parts, each with its length in front so that they cannot run together.
pub(crate) fn fingerprint(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

/// The sha256 of a file's bytes, as `sha256sum` shows it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in bytes {
        // INVARIANT: writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A number from 0 to 999 that is always the same for the same parts: jitter without chance.
pub(crate) fn permille(parts: &[&str]) -> u32 {
    let text = fingerprint(parts);
    let digits = text.get(..8).unwrap_or_default();
    u32::from_str_radix(digits, 16).unwrap_or(0) % 1000
}
