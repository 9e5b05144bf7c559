//! Ids and version marks of the two systems, as types.
//!
//! In: text from a wire, a file or a person. Out: a value that is known to have the right shape and
//! can be put into an address without surprise. It knows no wire.

use std::fmt;
use std::str::FromStr;

/// A text that is not the id it should be. The text itself is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct BadId {
    /// The shape that was expected.
    pub expected: &'static str,
    /// What is wrong, without repeating the text.
    pub found: String,
}

/// A Partner Center referral: a GUID, kept in lower case with dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferralId(String);

impl ReferralId {
    /// Reads a GUID such as `c2f7b088-a98a-4d0a-b509-fdd40775fcc1`; case does not matter.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let hexadecimal = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()));
        if lengths == [8, 4, 4, 4, 12] && hexadecimal {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(BadId {
            expected: "a referral id: a guid of 8-4-4-4-12 hexadecimal digits",
            found: format!("a text of {} characters", text.chars().count()),
        })
    }

    /// The GUID in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A Salesforce record: always the 18 character form. Case matters and is never folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// Reads 15 characters, and adds the three checksum characters, or 18, and verifies them.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let expected = "a salesforce record id: 15 or 18 letters and digits";
        let length = text.chars().count();
        if !text.bytes().all(|b| b.is_ascii_alphanumeric()) || !(length == 15 || length == 18) {
            return Err(BadId { expected, found: format!("a text of {length} characters") });
        }
        let (start, check) = text.split_at_checked(15).unwrap_or((text, ""));
        let computed = checksum(start);
        if check.is_empty() || check == computed {
            return Ok(Self(format!("{start}{computed}")));
        }
        let found = "18 characters whose last three do not belong to the first 15".to_owned();
        Err(BadId { expected, found })
    }

    /// The 18 character form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first three characters, which tell the object, for example `006` for an opportunity.
    pub fn prefix(&self) -> &str {
        self.0.get(..3).unwrap_or_default()
    }
}

/// The three checksum characters of a 15 character record id: one for each group of five, whose bit
/// k is set when character k of the group is an upper-case letter.
fn checksum(id: &str) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    id.as_bytes()
        .chunks(5)
        .filter_map(|group| {
            let bits = group.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
            let value = bits.fold(0_usize, |sum, (place, _)| sum | (1 << place));
            DIGITS.get(value).map(|digit| char::from(*digit))
        })
        .collect()
}

/// The version mark of a referral, opaque, sent back as it was received (with its quotes).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes a version mark as it stands in the `eTag` property or the `ETag` header.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let text = text.trim();
        if text.is_empty() || text.len() > 256 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadId {
                expected: "a version mark: up to 256 visible characters",
                found: format!("a text of {} characters", text.chars().count()),
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The mark as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives an id type its `Display` and `FromStr`, both through `parse` and `as_str`.
macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }
    };
}

text_form!(ReferralId);
text_form!(RecordId);
text_form!(ETag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_published_by_others_have_the_checksum_we_compute() {
        for id in [
            "00190000001pPvHAAU",
            "0015f00002JUXA8AAP",
            "001Dp00000JJkkHIAT",
            "005Dp000000PpjsIAC",
            "0038M0000016Wv8QAE",
            "0015c00002Lz9mUAAR",
            "a1V3E000000EXomUAG",
            "00TB0000003LgMzMAK",
            "0065g00000TwAbCAAV",
        ] {
            let short = id.get(..15).unwrap();
            assert_eq!(RecordId::parse(short).unwrap().as_str(), id);
            assert_eq!(RecordId::parse(id).unwrap().as_str(), id);
        }
        assert_eq!(RecordId::parse("0065g00000TwAbC").unwrap().prefix(), "006");
    }

    #[test]
    fn record_ids_of_another_shape_are_refused() {
        for text in [
            "",
            "006",
            "0065g00000TwAbCAAA",
            "0065g00000TwAb'",
            "0065g00000TwAbCA",
            "0065g00000TwAbé",
        ] {
            assert!(RecordId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn referral_ids_are_guids_in_lower_case() {
        let id = ReferralId::parse("C2F7B088-A98A-4D0A-B509-FDD40775FCC1").unwrap();
        assert_eq!(id.to_string(), "c2f7b088-a98a-4d0a-b509-fdd40775fcc1");
        for text in ["", "c2f7b088a98a4d0ab509fdd40775fcc1", "c2f7b088-a98a-4d0a-b509-fdd40775fccg"]
        {
            assert!(ReferralId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn version_marks_keep_their_quotes() {
        let mark = ETag::parse("\"84001c9d-0000\"").unwrap();
        assert_eq!(mark.as_str(), "\"84001c9d-0000\"");
        assert!(ETag::parse("a\r\nb").is_err());
    }
}
