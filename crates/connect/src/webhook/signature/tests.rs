//! Good, tampered, missing and hostile signatures.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaKeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};

use super::*;

const BODY: &[u8] = br#"{"EventName":"referral-created"}"#;
const SUBJECT: &str = "pcnotifications-dispatch.microsoft.com";
const URL: &str = "https://certs.blob.core.windows.net/cert/dispatch.cer";

/// A certificate with a key of 1024 bits.
const SMALL: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIB/jCCAWegAwIBAgIUf9rbMwBlH0SieUJVSuiDz56KvVAwDQYJKoZIhvcNAQEL\n\
BQAwEDEOMAwGA1UEAwwFc21hbGwwIBcNMjYxMTIzMDY1NjI5WhgPMjEyNjEwMzAw\n\
NjU2MjlaMBAxDjAMBgNVBAMMBXNtYWxsMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB\n\
iQKBgQDB5M1peJXwcvVf1f8Q6eDxe70YFmguaL6ol2Nf2cdXWlA0mbCMqu3r1GHz\n\
yXXBPTNDosEwZSbAASHswPfvj7IOpl/fFunxu+Hpajug0o+TbQF6uHnOeW/Tz6K+\n\
e1vb4yoDr8smnGXcLyUF4O0P7XX43gd0JCfVucEvrxZJrPPhtwIDAQABo1MwUTAd\n\
BgNVHQ4EFgQUvAVM/SwbYYaE9/IKG3QnAoo7DXIwHwYDVR0jBBgwFoAUvAVM/Swb\n\
YYaE9/IKG3QnAoo7DXIwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOB\n\
gQCcaAFIf3QCQbek1QJvMeyR/yMrTmsBtoZS7Q4xsW+sNFZ7eGjhk9MRWyjuqXUx\n\
Xfu5IfZp2BZTa+mbHGqg/1FJ3QPZz/bRnjhuMom7Sfa8hbF//5aep14DRuET2KwX\n\
S/THheNayhq8hyzVbWIsTw4eW6FWsbRVHu/4EjmCXM16bw==\n\
-----END CERTIFICATE-----\n";

/// One key pair for all tests: making one takes time.
fn signer() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
}

fn root_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn root_params(name: &str) -> CertificateParams {
    let mut root = params(name);
    root.extended_key_usages.clear();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root
}

fn root_pem() -> String {
    root_params("root").self_signed(root_key()).unwrap().pem()
}

/// A certificate of the signer's key, issued by the root.
fn issued(params: &CertificateParams) -> Vec<u8> {
    let issuer = Issuer::new(root_params("root"), root_key());
    params.signed_by(signer(), &issuer).unwrap().der().to_vec()
}

fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn sign(body: &[u8]) -> String {
    let key = RsaKeyPair::from_pkcs8(&signer().serialize_der()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature).unwrap();
    format!("Signature {}", STANDARD.encode(signature))
}

fn pinned() -> Verifier {
    let certificate_pem = params("anything").self_signed(signer()).unwrap().pem();
    Verifier::new(Trust::Pinned { certificate_pem }).unwrap()
}

/// A verifier that has already fetched `file`.
fn fetched(file: Vec<u8>) -> Verifier {
    let trust = Trust::Microsoft {
        hosts: vec!["certs.blob.core.windows.net".to_owned()],
        roots_pem: root_pem(),
        subject: SUBJECT.to_owned(),
    };
    let verifier = Verifier::new(trust).unwrap();
    let Keys::Fetched(source) = &verifier.keys else { panic!("expected a source") };
    source.plant(URL, file);
    verifier
}

fn headers(signature: &str) -> SignatureHeaders<'_> {
    SignatureHeaders {
        authorization: Some(signature),
        ms_signature: None,
        certificate_url: Some(URL),
        algorithm: Some("RSA-sha256"),
    }
}

#[tokio::test]
async fn a_good_signature_is_believed_in_either_header() {
    let (signature, verifier) = (sign(BODY), pinned());
    assert_eq!(verifier.verify(&headers(&signature), BODY, now()).await, Ok(()));
    for authorization in [None, Some("Bearer proxy"), Some(signature.as_str())] {
        let ms_signature = Some(signature.as_str());
        let headers = SignatureHeaders { authorization, ms_signature, ..headers("") };
        assert_eq!(verifier.verify(&headers, BODY, now()).await, Ok(()));
    }
}

#[tokio::test]
async fn anything_unclear_is_refused_by_reason() {
    let (signature, other, verifier) = (sign(BODY), sign(b"other"), pinned());
    let good = headers(&signature);
    let short = format!("Signature {}", STANDARD.encode([7; 64]));
    let long = format!("Signature {}", "A".repeat(4096));
    let lower = signature.replace("Signature", "signature");
    let spaced = signature.replace("Signature ", "Signature  ");
    for (headers, expected) in [
        (SignatureHeaders { authorization: None, ..good }, Refusal::MissingSignature),
        (SignatureHeaders { authorization: Some("Bearer x"), ..good }, Refusal::MissingSignature),
        (SignatureHeaders { authorization: Some(&lower), ..good }, Refusal::MissingSignature),
        (SignatureHeaders { authorization: Some(&long), ..good }, Refusal::MissingSignature),
        (SignatureHeaders { authorization: Some(&spaced), ..good }, Refusal::BadEncoding),
        (SignatureHeaders { authorization: Some("Signature "), ..good }, Refusal::BadEncoding),
        (SignatureHeaders { authorization: Some("Signature é!"), ..good }, Refusal::BadEncoding),
        (SignatureHeaders { authorization: Some(&short), ..good }, Refusal::BadEncoding),
        (SignatureHeaders { ms_signature: Some(&other), ..good }, Refusal::TwoSignatures),
        (SignatureHeaders { algorithm: None, ..good }, Refusal::MissingAlgorithm),
        (SignatureHeaders { algorithm: Some(""), ..good }, Refusal::BadAlgorithm),
        (SignatureHeaders { algorithm: Some("rsa-sha1"), ..good }, Refusal::BadAlgorithm),
        (SignatureHeaders { algorithm: Some("rsa-sha512"), ..good }, Refusal::BadAlgorithm),
        (SignatureHeaders { algorithm: Some("none"), ..good }, Refusal::BadAlgorithm),
        (headers(&other), Refusal::WrongSignature),
    ] {
        assert_eq!(verifier.verify(&headers, BODY, now()).await, Err(expected), "{headers:?}");
    }
    let tampered = br#"{"EventName":"referral-updated"}"#;
    assert_eq!(verifier.verify(&good, tampered, now()).await, Err(Refusal::WrongSignature));
    assert_eq!(verifier.verify(&good, b"", now()).await, Err(Refusal::WrongSignature));
}

#[tokio::test]
async fn another_hash_under_the_right_name_does_not_fit() {
    let key = RsaKeyPair::from_pkcs8(&signer().serialize_der()).unwrap();
    assert!(!key.public_key().as_ref().is_empty());
    let mut bytes = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), BODY, &mut bytes).unwrap();
    let signature = format!("Signature {}", STANDARD.encode(bytes));
    let outcome = pinned().verify(&headers(&signature), BODY, now()).await;
    assert_eq!(outcome, Err(Refusal::WrongSignature));
}

#[tokio::test]
async fn one_of_two_pinned_certificates_is_enough() {
    let other = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let first = params("old").self_signed(&other).unwrap().pem();
    let second = params("new").self_signed(signer()).unwrap().pem();
    let verifier =
        Verifier::new(Trust::Pinned { certificate_pem: format!("{first}{second}") }).unwrap();
    assert_eq!(verifier.verify(&headers(&sign(BODY)), BODY, now()).await, Ok(()));
}

#[test]
fn pins_and_roots_that_cannot_work_are_refused() {
    let elliptic = params("x").self_signed(root_key()).unwrap().pem();
    for certificate_pem in [String::new(), "-----BEGIN".to_owned(), elliptic, SMALL.to_owned()] {
        assert!(Verifier::new(Trust::Pinned { certificate_pem }).is_err());
    }
    let small = certificate::pinned(SMALL).unwrap_err().to_string();
    assert!(small.contains("2048"), "{small}");
    for (host, roots_pem, subject) in [
        ("127.0.0.1", root_pem(), SUBJECT),
        ("certs.example", String::new(), SUBJECT),
        ("certs.example", root_pem(), ""),
    ] {
        let (hosts, subject) = (vec![host.to_owned()], subject.to_owned());
        assert!(Verifier::new(Trust::Microsoft { hosts, roots_pem, subject }).is_err());
    }
}

#[tokio::test]
async fn a_fetched_certificate_has_to_be_right_in_everything() {
    let signature = sign(BODY);
    let good = headers(&signature);
    let verifier = fetched(issued(&params(SUBJECT)));
    assert_eq!(verifier.verify(&good, BODY, now()).await, Ok(()));
    assert_eq!(verifier.verify(&good, b"x", now()).await, Err(Refusal::WrongSignature));
    for moment in ["2025-12-31T00:00:00Z", "2027-01-02T00:00:00Z"] {
        let outcome = verifier.verify(&good, BODY, moment.parse().unwrap()).await;
        assert_eq!(outcome, Err(Refusal::BadCertificate), "{moment}");
    }
    for url in [None, Some("https://evil.example/cert/a.cer"), Some("http://localhost/a.cer")] {
        let headers = SignatureHeaders { certificate_url: url, ..good };
        let expected =
            if url.is_none() { Refusal::MissingCertificateUrl } else { Refusal::BadCertificateUrl };
        assert_eq!(verifier.verify(&headers, BODY, now()).await, Err(expected));
    }
    let mut two_names = params(SUBJECT);
    two_names.distinguished_name.push(DnType::OrganizationName, "Microsoft Corporation");
    assert_eq!(fetched(issued(&two_names)).verify(&good, BODY, now()).await, Ok(()));
    let mut other_use = params(SUBJECT);
    other_use.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let self_made = params(SUBJECT).self_signed(signer()).unwrap().der().to_vec();
    for file in [
        issued(&params("pcnotifications-dispatch.microsoft.com.evil.example")),
        issued(&other_use),
        self_made,
        root_params(SUBJECT).self_signed(root_key()).unwrap().der().to_vec(),
        b"junk".to_vec(),
        Vec::new(),
    ] {
        let outcome = fetched(file).verify(&good, BODY, now()).await;
        assert_eq!(outcome, Err(Refusal::BadCertificate));
    }
}

#[tokio::test]
async fn a_chain_may_come_with_its_intermediates() {
    let middle_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let root = Issuer::new(root_params("root"), root_key());
    let middle = root_params("middle").signed_by(&middle_key, &root).unwrap();
    let issuer = Issuer::new(root_params("middle"), &middle_key);
    let leaf = params(SUBJECT).signed_by(signer(), &issuer).unwrap();
    let signature = sign(BODY);
    let bundle = format!("{}{}", leaf.pem(), middle.pem()).into_bytes();
    assert_eq!(fetched(bundle).verify(&headers(&signature), BODY, now()).await, Ok(()));
    let alone = fetched(leaf.der().to_vec()).verify(&headers(&signature), BODY, now()).await;
    assert_eq!(alone, Err(Refusal::BadCertificate));
}

#[test]
fn each_reason_has_its_own_word() {
    let words: std::collections::BTreeSet<&str> =
        Refusal::ALL.iter().map(|refusal| refusal.word()).collect();
    assert_eq!(words.len(), Refusal::ALL.len());
}
