//! Seals secrets that are kept on disk: AES-256-GCM, with a key of the operator's.
//!
//! In: a secret that makes the key, a text and what it is for. Out: a sealed text of one line, or the text
//! again. Must not know: where either is kept. A sealed text names its format and its key, so that a wrong
//! key is told from damage.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::chance;
use crate::error::Error;
use crate::secret::Secret;

/// With this a sealed text begins; then follow format, name of the key, and the rest.
const MARK: &str = "cosell-sealed:";
/// The format that is written.
const FORMAT: &str = "1";
/// The fewest letters a secret has from which a key is made.
const SHORTEST: usize = 32;

/// A key for sealing.
pub struct Key {
    key: LessSafeKey,
    name: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[key {}]", self.name)
    }
}

/// Why a sealed text is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    /// It was sealed with another key.
    #[error("it was sealed with the key {sealed}, the key given is {given}")]
    OtherKey {
        /// The name of the key it was sealed with.
        sealed: String,
        /// The name of the key given.
        given: String,
    },
    /// A newer program sealed it.
    #[error("it was sealed in format {0}, which this program does not know: use a newer one")]
    Newer(String),
    /// It was changed since, or sealed for something else.
    #[error("it is damaged, or was sealed for something else")]
    Damaged,
}

/// Whether a text is a sealed one.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(MARK)
}

/// So many bytes are wanted of the derivation.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

impl Key {
    /// A new secret to make a key from: to be kept.
    pub fn new_secret() -> Result<Secret, Error> {
        chance::text().map(Secret::new)
    }

    /// The key that a secret makes. A short secret makes none.
    pub fn from_secret(secret: &Secret) -> Result<Self, Error> {
        let secret = secret.reveal().trim();
        let bad = |why: &str| Error::bad_setting("token_key", why);
        if secret.len() < SHORTEST {
            return Err(bad(
                "expected a secret of 32 letters or more, such as `openssl rand -base64 32` makes",
            ));
        }
        let root = Salt::new(HKDF_SHA256, b"cosell seal 1").extract(secret.as_bytes());
        let (mut key, mut name) = ([0; 32], [0; 4]);
        let fill = |info: &[u8], out: &mut [u8]| {
            let info = [info];
            root.expand(&info, Bytes(out.len())).and_then(|okm| okm.fill(out))
        };
        fill(b"aes-256-gcm", &mut key)
            .and_then(|()| fill(b"name", &mut name))
            .map_err(|_| bad("no key can be made of it"))?;
        let key =
            UnboundKey::new(&AES_256_GCM, &key).map_err(|_| bad("no key can be made of it"))?;
        let name = name.map(|byte| format!("{byte:02x}")).concat();
        Ok(Self { key: LessSafeKey::new(key), name })
    }

    /// What is shown of it: not enough to guess it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seals a text for a purpose; it opens for the same purpose alone.
    pub fn seal(&self, purpose: &str, text: &Secret) -> Result<String, Error> {
        let mut nonce = [0; NONCE_LEN];
        chance::fill(&mut nonce)?;
        let mut sealed = text.reveal().as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                self.about(purpose),
                &mut sealed,
            )
            .map_err(|_| Error::bad_setting("token_key", "the key cannot seal"))?;
        let body = chance::encode(&[nonce.as_slice(), &sealed].concat());
        Ok(format!("{MARK}{FORMAT}:{}:{body}", self.name))
    }

    /// Opens what `seal` made.
    pub fn open(&self, purpose: &str, text: &str) -> Result<Secret, Locked> {
        let rest = text.trim().strip_prefix(MARK).ok_or(Locked::Damaged)?;
        let (format, rest) = rest.split_once(':').ok_or(Locked::Damaged)?;
        if format != FORMAT {
            return Err(Locked::Newer(format.chars().take(8).collect()));
        }
        let (name, body) = rest.split_once(':').ok_or(Locked::Damaged)?;
        if name != self.name {
            let sealed = name.chars().filter(char::is_ascii_hexdigit).take(8).collect();
            return Err(Locked::OtherKey { sealed, given: self.name.clone() });
        }
        let mut bytes = chance::decode(body).ok_or(Locked::Damaged)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(Locked::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Locked::Damaged)?;
        let opened = self.key.open_in_place(nonce, self.about(purpose), sealed);
        let opened = opened.map_err(|_| Locked::Damaged)?;
        std::str::from_utf8(opened).map(Secret::new).map_err(|_| Locked::Damaged)
    }

    /// What is bound to a sealed text beside its key.
    fn about(&self, purpose: &str) -> Aad<Vec<u8>> {
        Aad::from(format!("{MARK}{FORMAT}:{}:{purpose}", self.name).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: &str) -> Key {
        Key::from_secret(&Secret::new(letter.repeat(40))).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_purpose_alone() {
        let (one, other, token) = (key("a"), key("b"), Secret::new("hunter2"));
        let sealed = one.seal("mail", &token).unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("hunter2"), "{sealed}");
        assert_ne!(sealed, one.seal("mail", &token).unwrap(), "each time otherwise");
        assert_eq!(one.open("mail", &format!("{sealed}\n")), Ok(token));
        assert_eq!(one.open("phone", &sealed), Err(Locked::Damaged));
        let wrong = Locked::OtherKey { sealed: one.name.clone(), given: other.name.clone() };
        assert_eq!(other.open("mail", &sealed), Err(wrong));
        let newer = sealed.replace("sealed:1:", "sealed:2:");
        assert_eq!(one.open("mail", &newer), Err(Locked::Newer("2".to_owned())));
        assert!(!format!("{one:?}").contains("aaaa"));
    }

    #[test]
    fn each_changed_letter_is_noticed() {
        let key = key("a");
        let sealed = key.seal("mail", &Secret::new("hunter2")).unwrap();
        let begin = MARK.len() + 2 + key.name.len() + 1;
        for at in begin..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.open("mail", &changed), Err(Locked::Damaged), "letter {at}");
            assert!(key.open("mail", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_short_secret_makes_no_key() {
        let error = Key::from_secret(&Secret::new("hunter2")).unwrap_err().to_string();
        assert!(error.contains("32 letters") && !error.contains("hunter2"), "{error}");
        let made = Key::new_secret().unwrap();
        assert!(Key::from_secret(&made).is_ok());
    }
}
