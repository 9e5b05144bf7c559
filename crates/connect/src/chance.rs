//! Texts that nobody can guess, and their hashes, in the alphabet of addresses (base64url).
//!
//! In: nothing, or bytes. Out: texts. Must not know: what they are for.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Error;

/// 32 random bytes, as 43 letters.
pub(crate) fn text() -> Result<String, Error> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(encode(&bytes))
}

/// Random bytes.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    let filled = SystemRandom::new().fill(bytes);
    filled.map_err(|_| Error::later(None, "this machine gives no random numbers now"))
}

/// The SHA-256 of a text.
pub(crate) fn hash(text: &str) -> String {
    encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// Bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Text as bytes; none when it is no base64url.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_the_hash_of_its_verifier() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(hash(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let (one, other) = (text().unwrap(), text().unwrap());
        assert!(one.len() == 43 && one != other);
        assert_eq!(decode(&one).map(|bytes| encode(&bytes)), Some(one));
        assert_eq!(decode("="), None);
    }
}
