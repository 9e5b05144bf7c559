//! Certificates: which public key may have signed.
//!
//! In: certificates as PEM or DER, trusted roots, a subject and a time. Out: the RSA public key, or
//! why the certificate is not trusted. It fetches nothing. The only file that names x509-parser
//! and webpki.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The smallest RSA key that is trusted, in bits.
const SMALLEST_KEY: usize = 2048;

/// An RSA public key in PKCS#1 DER form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<u8>);

/// Why a certificate is not trusted; for people, names no value of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotTrusted(String);

fn not_trusted<T>(why: &str) -> Result<T, NotTrusted> {
    Err(NotTrusted(why.to_owned()))
}

impl Key {
    pub(super) fn der(&self) -> &[u8] {
        &self.0
    }
}

/// The keys of pinned certificates. Their dates and issuers do not count: pinning is the trust.
pub(super) fn pinned(pem: &str) -> Result<Vec<Key>, NotTrusted> {
    let certificates = from_pem(pem.as_bytes())?;
    certificates.iter().map(|der| key(&read(der)?)).collect()
}

/// What a fetched certificate has to show.
#[derive(Debug)]
pub(super) struct Authority {
    anchors: Vec<TrustAnchor<'static>>,
    subject: String,
}

impl Authority {
    /// `roots_pem` holds one or more certificates, each a trusted start of a chain.
    pub(super) fn new(roots_pem: &str, subject: &str) -> Result<Self, NotTrusted> {
        let mut anchors = Vec::new();
        for root in from_pem(roots_pem.as_bytes())? {
            match webpki::anchor_from_trusted_cert(&root) {
                Ok(anchor) => anchors.push(anchor.to_owned()),
                Err(_) => return not_trusted("a root certificate cannot be used"),
            }
        }
        if subject.trim().is_empty() {
            return not_trusted("expected the exact common name of the signer, found none");
        }
        Ok(Self { anchors, subject: subject.to_owned() })
    }

    /// The key of the first certificate in `file` (DER, or PEM with intermediates after it), when it
    /// chains to a root at `now` and has exactly the one common name.
    pub(super) fn key(&self, file: &[u8], now: Timestamp) -> Result<Key, NotTrusted> {
        let chain = if file.trim_ascii_start().starts_with(b"-----BEGIN") {
            from_pem(file)?
        } else {
            vec![CertificateDer::from(file.to_vec())]
        };
        let Some((leaf, intermediates)) = chain.split_first() else {
            return not_trusted("the file holds no certificate");
        };
        let certificate = read(leaf)?;
        let names: Vec<&str> = certificate
            .subject()
            .iter_common_name()
            .filter_map(|name| name.as_str().ok())
            .collect();
        if names != [self.subject.as_str()] {
            return not_trusted("the certificate is for another name");
        }
        self.chains(leaf, intermediates, now)?;
        key(&certificate)
    }

    fn chains(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(), NotTrusted> {
        let Ok(end) = EndEntityCert::try_from(leaf) else {
            return not_trusted("the certificate cannot be read");
        };
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let check = |usage: KeyUsage| {
            let algorithms = webpki::ALL_VERIFICATION_ALGS;
            end.verify_for_usage(algorithms, &self.anchors, intermediates, time, usage, None, None)
                .map(drop)
        };
        match check(KeyUsage::server_auth()).or_else(|_| check(KeyUsage::client_auth())) {
            Ok(()) => Ok(()),
            Err(failure) => not_trusted(&format!("the certificate is not valid now: {failure}")),
        }
    }
}

fn from_pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, NotTrusted> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) | Err(_) => not_trusted("expected certificates in pem form, found none"),
    }
}

fn read(der: &[u8]) -> Result<X509Certificate<'_>, NotTrusted> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => not_trusted("the certificate cannot be read"),
    }
}

fn key(certificate: &X509Certificate<'_>) -> Result<Key, NotTrusted> {
    let info = certificate.public_key();
    let rsa = match info.parsed() {
        Ok(PublicKey::RSA(rsa)) if info.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION => rsa,
        Ok(_) | Err(_) => return not_trusted("expected an rsa key, found another kind"),
    };
    if rsa.key_size() < SMALLEST_KEY {
        return not_trusted("expected an rsa key of 2048 bits or more, found a smaller one");
    }
    Ok(Key(info.subject_public_key.data.to_vec()))
}
