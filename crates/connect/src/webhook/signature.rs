//! Whether a webhook call was signed by Partner Center.
//!
//! In: four headers, the raw bytes of the body, and the time. Out: yes, or one stable word why not.
//! Everything unclear is a no. It reads nothing in the body. It names aws-lc-rs and base64, as does the
//! file that signs assertions.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::certificate::{self, Authority, Key};
use super::source::Source;
use crate::egress::Destinations;
use crate::error::Error;

/// The longest header value that is looked at, in bytes.
const LONGEST_HEADER: usize = 2048;

/// The only algorithm taken.
const ALGORITHM: &str = "rsa-sha256";

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The keys of certificates the operator chose. Nothing is fetched; the certificate address in
    /// the call is ignored, and so are the dates in the certificates.
    Pinned {
        /// One or more certificates in PEM form: two while one replaces the other.
        certificate_pem: String,
    },
    /// The certificate the call names, when everything about it is right.
    Microsoft {
        /// The exact hosts it may come from, in lower case.
        hosts: Vec<String>,
        /// The certificates its chain may end in, in PEM form; nothing else is trusted.
        roots_pem: String,
        /// Its exact common name, such as `pcnotifications-dispatch.microsoft.com`.
        subject: String,
    },
}

/// The headers of a call that matter; `None` for a header that is missing, and also for one that
/// comes more than once.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignatureHeaders<'a> {
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `x-ms-signature`.
    pub ms_signature: Option<&'a str>,
    /// `X-MS-Certificate-Url`.
    pub certificate_url: Option<&'a str>,
    /// `X-MS-Signature-Algorithm`.
    pub algorithm: Option<&'a str>,
}

/// Why a call is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.word())]
pub enum Refusal {
    /// No header holds a signature.
    MissingSignature,
    /// Two headers hold different signatures.
    TwoSignatures,
    /// No header names the algorithm.
    MissingAlgorithm,
    /// The algorithm is not `rsa-sha256`.
    BadAlgorithm,
    /// The signature is not base64, or has an impossible length.
    BadEncoding,
    /// No header names the certificate.
    MissingCertificateUrl,
    /// The certificate's address is not one that may be fetched.
    BadCertificateUrl,
    /// The certificate could not be fetched now; the same call may be believed later.
    CertificateUnavailable,
    /// The certificate is not trusted: chain, dates, name or key.
    BadCertificate,
    /// The signature does not fit body and key.
    WrongSignature,
}

impl Refusal {
    /// All reasons, for counters that start at zero.
    pub const ALL: [Self; 10] = [
        Self::MissingSignature,
        Self::TwoSignatures,
        Self::MissingAlgorithm,
        Self::BadAlgorithm,
        Self::BadEncoding,
        Self::MissingCertificateUrl,
        Self::BadCertificateUrl,
        Self::CertificateUnavailable,
        Self::BadCertificate,
        Self::WrongSignature,
    ];

    /// A stable word for counters.
    pub fn word(self) -> &'static str {
        match self {
            Self::MissingSignature => "missing-signature",
            Self::TwoSignatures => "two-signatures",
            Self::MissingAlgorithm => "missing-algorithm",
            Self::BadAlgorithm => "bad-algorithm",
            Self::BadEncoding => "bad-encoding",
            Self::MissingCertificateUrl => "missing-certificate-url",
            Self::BadCertificateUrl => "bad-certificate-url",
            Self::CertificateUnavailable => "certificate-unavailable",
            Self::BadCertificate => "bad-certificate",
            Self::WrongSignature => "wrong-signature",
        }
    }
}

/// Judges calls. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    Pinned(Vec<Key>),
    Fetched(Box<Source>),
}

impl Verifier {
    /// Where certificates may be fetched from, and were.
    pub fn destinations(&self) -> Destinations {
        match &self.keys {
            Keys::Pinned(_) => Destinations::default(),
            Keys::Fetched(source) => source.destinations(),
        }
    }

    /// A verifier for `trust`. Refuses certificates, hosts and names that cannot be used.
    pub fn new(trust: Trust) -> Result<Self, Error> {
        let keys = match trust {
            Trust::Pinned { certificate_pem } => {
                let keys = certificate::pinned(&certificate_pem)
                    .map_err(|why| Error::bad_setting("certificate_pem", why.to_string()))?;
                Keys::Pinned(keys)
            }
            Trust::Microsoft { hosts, roots_pem, subject } => {
                let authority = Authority::new(&roots_pem, &subject)
                    .map_err(|why| Error::bad_setting("roots_pem", why.to_string()))?;
                Keys::Fetched(Box::new(Source::new(hosts, authority)?))
            }
        };
        Ok(Self { keys })
    }

    /// Whether these headers sign exactly these bytes. With `Trust::Microsoft` the first call of an
    /// hour may wait up to five seconds for the certificate.
    pub async fn verify(
        &self,
        headers: &SignatureHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let signature = signature(headers)?;
        let algorithm = headers.algorithm.ok_or(Refusal::MissingAlgorithm)?;
        if !algorithm.eq_ignore_ascii_case(ALGORITHM) {
            return Err(Refusal::BadAlgorithm);
        }
        match &self.keys {
            Keys::Pinned(keys) if keys.iter().any(|key| fits(key, body, &signature)) => Ok(()),
            Keys::Pinned(_) => Err(Refusal::WrongSignature),
            Keys::Fetched(source) => {
                let url = headers.certificate_url.ok_or(Refusal::MissingCertificateUrl)?;
                let key = source.key(url, now).await?;
                if fits(&key, body, &signature) { Ok(()) } else { Err(Refusal::WrongSignature) }
            }
        }
    }
}

/// The bytes of the one signature. An `Authorization` of another kind, which a proxy may have set,
/// counts only when there is no `x-ms-signature`.
fn signature(headers: &SignatureHeaders<'_>) -> Result<Vec<u8>, Refusal> {
    let of = |header: Option<&str>| {
        let header = header.filter(|text| text.len() <= LONGEST_HEADER)?;
        header.strip_prefix("Signature ").map(str::to_owned)
    };
    let text = match (of(headers.authorization), of(headers.ms_signature)) {
        (Some(one), Some(other)) if one != other => return Err(Refusal::TwoSignatures),
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return Err(Refusal::MissingSignature),
    };
    let bytes = STANDARD.decode(text).map_err(|_| Refusal::BadEncoding)?;
    if (256..=1024).contains(&bytes.len()) { Ok(bytes) } else { Err(Refusal::BadEncoding) }
}

fn fits(key: &Key, body: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.der()).verify(body, signature).is_ok()
}

#[cfg(test)]
mod tests;
