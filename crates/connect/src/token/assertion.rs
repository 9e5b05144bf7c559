//! Assertions with which an app signs in as a user, without a secret that travels (RFC 7523).
//!
//! In: a private key in PEM form, who signs in for whom, the time. Out: a signed JWT. Must not know: where
//! it is sent. It names aws-lc-rs, base64 and rustls-pki-types, as the checks of webhooks do.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::Error;
use crate::secret::Secret;

/// How long an assertion is good. Salesforce takes a few minutes.
const LIFE: Duration = Duration::from_mins(3);

/// Who signs in, and with which key.
#[derive(Debug)]
pub(crate) struct Assertion {
    key: KeyPair,
    /// The app's consumer key.
    issuer: String,
    /// The user's name.
    subject: String,
    /// The sign-in service it is meant for.
    audience: String,
}

impl Assertion {
    /// Reads an RSA key in PEM form (`PRIVATE KEY` or `RSA PRIVATE KEY`).
    pub(crate) fn new(
        key_pem: &Secret,
        issuer: &str,
        subject: &str,
        audience: &str,
    ) -> Result<Self, Error> {
        let bad = |why| Error::bad_setting("private_key", why);
        let key = match PrivateKeyDer::from_pem_slice(key_pem.reveal().as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(der)) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => KeyPair::from_der(der.secret_pkcs1_der()),
            Ok(_) => return Err(bad("expected an RSA key, found a key of another kind")),
            Err(_) => return Err(bad("expected a private key in PEM form, found something else")),
        };
        let key = key.map_err(|_| bad("expected an RSA key of 2048 bits or more, unencrypted"))?;
        let [issuer, subject, audience] = [issuer, subject, audience].map(str::to_owned);
        Ok(Self { key, issuer, subject, audience })
    }

    /// An assertion that is good for the next minutes.
    pub(crate) fn sign(&self, now: SystemTime) -> Result<Secret, Error> {
        let ends = now.duration_since(UNIX_EPOCH).unwrap_or_default() + LIFE;
        let claims = json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "exp": ends.as_secs(),
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| Error::bad_setting("private_key", "the key cannot sign"))?;
        Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use rcgen::{PKCS_RSA_SHA256, PublicKeyData as _};

    use super::*;

    #[test]
    fn what_is_signed_can_be_checked_and_says_who_and_until_when() {
        let pair = rcgen::KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let pem = Secret::new(pair.serialize_pem());
        let assertion = Assertion::new(&pem, "key", "user@example.com", "https://x").unwrap();
        let now = UNIX_EPOCH + Duration::from_hours(500_000);
        let signed = assertion.sign(now).unwrap();
        let (text, signature) = signed.reveal().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.der_bytes());
        public.verify(text.as_bytes(), &signature).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], "user@example.com");
        assert_eq!(claims["exp"], 1_800_000_180_u64);
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_showing_it() {
        for pem in ["", "s3cret", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
            let error = Assertion::new(&Secret::new(pem), "k", "u", "a").unwrap_err().to_string();
            assert!(error.contains("private key") && !error.contains("s3cret"), "{error}");
        }
        let other = rcgen::KeyPair::generate().unwrap();
        let error = Assertion::new(&Secret::new(other.serialize_pem()), "k", "u", "a");
        assert!(error.unwrap_err().to_string().contains("RSA"));
    }
}
