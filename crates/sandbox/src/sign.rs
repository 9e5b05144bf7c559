//! Keys, signatures and chance. In come bytes to sign; out go signatures, the signer's certificate, and
//! ids and tokens nobody can guess. The only file that knows aws-lc-rs and rcgen; it must not know HTTP.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use aws_lc_rs::{digest, rand, rand::SystemRandom, rsa, signature};
use base64::{Engine as _, engine::general_purpose};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
};

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key's file could not be read or written.
    #[error("the webhook signing key could not be read or written: {0}")]
    File(#[from] io::Error),
    /// The key's file holds something else.
    #[error("the webhook signing key is damaged: {0}; remove it to make a new one")]
    Damaged(#[from] rcgen::Error),
    /// The key cannot sign.
    #[error("the webhook signing key cannot sign; remove it to make a new one")]
    Unusable,
}

/// The signer of webhooks: an RSA key of 2048 bits, its certificate, and the root that issued it.
pub(crate) struct Signer {
    key: rsa::KeyPair,
    certificate_pem: String,
    certificate_der: Vec<u8>,
    root_pem: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

const KEY_FILE: &str = "webhook-signer.key.pem";
const CERTIFICATE_FILE: &str = "webhook-signer.pem";
const ROOT_FILE: &str = "webhook-root.pem";

impl Signer {
    /// Takes key and certificate from a folder, making them (mode 0600) the first time; in memory
    /// they are always new.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, SignError> {
        let Some(folder) = folder else {
            let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
            return Self::with(&pair, None);
        };
        let path = folder.join(KEY_FILE);
        let pair = match fs::read_to_string(&path) {
            Ok(pem) => KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
                write_private(&path, pair.serialize_pem().as_bytes())?;
                pair
            }
            Err(error) => return Err(error.into()),
        };
        Self::with(&pair, Some(folder))
    }

    fn with(pair: &KeyPair, folder: Option<&Path>) -> Result<Self, SignError> {
        let file = |name: &str| folder.map(|folder| folder.join(name));
        let read = |name: &str| file(name).and_then(|file| fs::read_to_string(file).ok());
        let (certificate_pem, root_pem) = if let Some(pem) = read(CERTIFICATE_FILE) {
            // A certificate without a root signed itself.
            let root = read(ROOT_FILE).unwrap_or_else(|| pem.clone());
            (pem, root)
        } else {
            let (pem, root) = certificate(pair)?;
            for (name, pem) in [(ROOT_FILE, &root), (CERTIFICATE_FILE, &pem)] {
                if let Some(file) = file(name) {
                    write_private(&file, pem.as_bytes())?;
                }
            }
            (pem, root)
        };
        let base64: String =
            certificate_pem.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
        let certificate_der =
            general_purpose::STANDARD.decode(base64).map_err(|_| SignError::Unusable)?;
        let key =
            rsa::KeyPair::from_pkcs8(&pair.serialize_der()).map_err(|_| SignError::Unusable)?;
        Ok(Self { key, certificate_pem, certificate_der, root_pem })
    }

    /// The root that issued the certificate, as PEM text.
    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The certificate as PEM text.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The certificate as DER bytes.
    pub(crate) fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// RSA PKCS#1 v1.5 with SHA-256 over the bytes, in Base64.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<String, SignError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)
            .map_err(|_| SignError::Unusable)?;
        Ok(general_purpose::STANDARD.encode(signature))
    }
}

/// The certificate of the key, and the root that issued it: receivers look for a chain, and for this
/// organisation in the issuer's name.
fn certificate(pair: &KeyPair) -> Result<(String, String), rcgen::Error> {
    let mut root = CertificateParams::new(Vec::new())?;
    root.distinguished_name.push(DnType::CommonName, "Sandbox Root");
    root.distinguished_name.push(DnType::OrganizationName, "Microsoft Corporation");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root_key = KeyPair::generate()?;
    let root_pem = root.self_signed(&root_key)?.pem();
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "pcnotifications-dispatch.sandbox.invalid");
    params.distinguished_name.push(DnType::OrganizationName, "Sandbox");
    let leaf = params.signed_by(pair, &Issuer::new(root, root_key))?;
    Ok((leaf.pem(), root_pem))
}

/// A new RSA key of 2048 bits as PEM text (PKCS#8).
pub(crate) fn new_key_pem() -> Result<String, SignError> {
    Ok(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?.serialize_pem())
}

/// The public half of a private RSA key in PEM text, as DER (`SubjectPublicKeyInfo`).
pub(crate) fn public_key(private_pem: &str) -> Option<Vec<u8>> {
    let pair = KeyPair::from_pkcs8_pem_and_sign_algo(private_pem, &PKCS_RSA_SHA256).ok()?;
    Some(from_pem(&pair.public_key_pem())?.1)
}

/// Signs the bytes (RSA PKCS#1 v1.5, SHA-256) with a private key in PEM text.
pub(crate) fn sign_with(private_pem: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let key = rsa::KeyPair::from_pkcs8(&from_pem(private_pem)?.1).ok()?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
    Some(signature)
}

/// SHA-256 as base64 for URLs.
pub(crate) fn sha256_url(bytes: &[u8]) -> String {
    base64_url(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Whether a signature (RSA PKCS#1 v1.5, SHA-256) over the bytes is of the key.
pub(crate) fn verifies(public_key: &[u8], bytes: &[u8], given: &[u8]) -> bool {
    let algorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
    signature::UnparsedPublicKey::new(algorithm, public_key).verify(bytes, given).is_ok()
}

/// What an https listener on this machine shows: texts in PEM.
pub(crate) struct Identity {
    /// The authority that clients are told to trust.
    pub(crate) authority: String,
    /// The listener's certificate.
    pub(crate) certificate: String,
    /// Its private key.
    pub(crate) key: String,
}

/// Makes an authority of its own and, signed by it, a certificate for this machine's own names.
pub(crate) fn identity() -> Result<Identity, SignError> {
    let mut root = CertificateParams::new(Vec::new())?;
    root.distinguished_name.push(DnType::CommonName, format!("Sandbox authority {}", short()));
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let mut own = CertificateParams::new(names)?;
    own.distinguished_name.push(DnType::CommonName, "localhost");
    own.is_ca = IsCa::ExplicitNoCa;
    own.use_authority_key_identifier_extension = true;
    own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = own.signed_by(&key, &issuer)?.pem();
    Ok(Identity { authority: issuer.pem(), certificate, key: key.serialize_pem() })
}

/// The label and the bytes of the first block of a PEM text.
pub(crate) fn from_pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let (label, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let packed: String = body.split_whitespace().collect();
    Some((label, general_purpose::STANDARD.decode(packed).ok()?))
}

/// Writes a file for its owner only, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Bytes of chance.
fn chance<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    // The system's source does not fail once the process runs; zeros would only make a token dull.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// A token of 43 letters, digits, `-` and `_`.
pub(crate) fn token() -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(chance::<32>())
}

/// Eight hexadecimal digits of chance.
pub(crate) fn short() -> String {
    format!("{:08x}", u32::from_be_bytes(chance()))
}

/// A random GUID in lower case.
pub(crate) fn guid() -> String {
    let number = u128::from_be_bytes(chance());
    let number = number & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{number:032x}");
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    for length in [8, 4, 4, 4] {
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts.join("-")
}

/// Sixteen bytes of SHA-256, as 22 letters, digits, `-` and `_`.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let whole = digest::digest(&digest::SHA256, bytes);
    base64_url(whole.as_ref().get(..16).unwrap_or_default())
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().fold(String::new(), |out, byte| out + &format!("{byte:02x}"))
}

/// Base64 for URLs, without padding.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Undoes `base64_url`.
pub(crate) fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

/// Undoes plain Base64.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    general_purpose::STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_version_four() {
        let guid = guid();
        assert_eq!(guid.len(), 36);
        assert_eq!(guid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&guid.as_bytes()[19]));
    }

    #[test]
    fn signatures_verify_under_the_key() {
        use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
        let signer = Signer::open(None).unwrap();
        let signature = from_base64(&signer.sign(b"raw body").unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signer.key.public_key());
        assert!(public.verify(b"raw body", &signature).is_ok());
        assert!(public.verify(b"raw bodY", &signature).is_err());
        let key = signer.key.public_key().as_ref();
        let mut windows = signer.certificate_der().windows(key.len());
        assert!(windows.any(|part| part == key), "the certificate is for this key");
    }
}
