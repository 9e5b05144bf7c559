//! Just enough of DER to find the public key in a certificate. In come a certificate's bytes; out goes the
//! part that holds its key. It must not know what the key is for; whoever uses the key checks it.

/// One element: its tag, what is in it, and all of it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// The tag of a certificate's version, which old certificates leave out.
const VERSION: u8 = 0xa0;

/// The `SubjectPublicKeyInfo` of an X.509 certificate.
pub(crate) fn key_of_certificate(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(der)?;
    let (signed, _) = element(certificate.content)?;
    let mut rest = signed.content;
    if element(rest)?.0.tag == VERSION {
        rest = element(rest)?.1;
    }
    // Serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        rest = element(rest)?.1;
    }
    Some(element(rest)?.0.whole)
}

/// Modulus and exponent of an RSA key (`SubjectPublicKeyInfo`), without leading zeros.
pub(crate) fn rsa_numbers(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (whole, _) = element(key)?;
    let (_, rest) = element(whole.content)?;
    let (bits, _) = element(rest)?;
    // The first byte tells unused bits, of which a key has none.
    let (numbers, _) = element(bits.content.get(1..)?)?;
    let (modulus, rest) = element(numbers.content)?;
    let (exponent, _) = element(rest)?;
    let bare = |number: &[u8]| number.iter().take_while(|byte| **byte == 0).count();
    let (modulus, exponent) = (modulus.content, exponent.content);
    Some((modulus.get(bare(modulus)..)?, exponent.get(bare(exponent)..)?))
}

/// The first element and what follows it.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - after.len())?;
    Some((Element { tag, content, whole }, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign;

    #[test]
    fn the_key_of_a_certificate_is_found() {
        let signer = sign::Signer::open(None).unwrap();
        let key = key_of_certificate(signer.certificate_der()).unwrap();
        let signature = sign::from_base64(&signer.sign(b"text").unwrap()).unwrap();
        assert!(sign::verifies(key, b"text", &signature));
        assert!(!sign::verifies(key, b"texts", &signature));
    }

    #[test]
    fn an_rsa_key_has_its_numbers() {
        let pem = sign::new_key_pem().unwrap();
        let key = sign::public_key(&pem).unwrap();
        let (modulus, exponent) = rsa_numbers(&key).unwrap();
        assert_eq!((modulus.len(), exponent), (256, &[1, 0, 1][..]));
        assert_eq!(rsa_numbers(&key[..40]), None);
    }

    #[test]
    fn bytes_that_are_no_certificate_have_no_key() {
        let signer = sign::Signer::open(None).unwrap();
        let whole = signer.certificate_der();
        for length in 0..whole.len() {
            let short = whole.get(..length).unwrap();
            assert_eq!(key_of_certificate(short), None, "{length}");
        }
        assert_eq!(key_of_certificate(&[0x30, 0xff, 1, 2, 3]), None);
    }
}
