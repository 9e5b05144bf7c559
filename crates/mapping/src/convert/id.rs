//! `id`: the identifier of a record.

use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "id",
    form: "id",
    says: "A record's identifier. The 15 and the 18 characters of a Salesforce id are the same; case does not matter in a GUID.",
    read: |_| Ok(Any::Id(Id)),
    cases: &[Case {
        clause: "id",
        left_kinds: &[Kind::Text],
        right_kinds: &[Kind::Id],
        left: r#"["006Dp00000Abcde "]"#,
        right: r#"["006Dp00000Abcde"]"#,
        back: Some(r#"["006Dp00000Abcde"]"#),
    }],
};

/// `id`: the identifier of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id;

impl One for Id {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(left).ok_or(Misfit { wanted: "text", found: left.word() })?;
        Ok(text_value(text.trim()))
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same(a, b)
    }

    fn direct(&self, _index: usize, _to_right: bool) -> Option<Direct<'_>> {
        Some(Direct::Text(Passes::TRIMMED))
    }
}

/// Both are texts and name the same record.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (same::text_of(a), same::text_of(b)) {
        (Some(a), Some(b)) => same_id(a, b),
        (Some(_) | None, _) => a == b,
    }
}

/// Whether two identifiers name the same record: the same text, the 15 and the 18 characters of
/// one Salesforce id, or one GUID in any case. Blanks around them do not matter.
pub fn same_id(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    short(a) == short(b) || (is_guid(a) && a.eq_ignore_ascii_case(b))
}

/// The first 15 characters when the other three are their checksum, else all.
fn short(id: &str) -> &str {
    match (id.get(..15), id.get(15..)) {
        (Some(head), Some(tail)) if tail.len() == 3 && checksum(head).as_deref() == Some(tail) => {
            head
        }
        (Some(_) | None, _) => id,
    }
}

/// One character for each five: bit `k` is set when character `k` is a capital letter.
fn checksum(head: &str) -> Option<String> {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R',
        'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '0', '1', '2', '3', '4', '5',
    ];
    if !head.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    head.as_bytes()
        .chunks(5)
        .map(|group| {
            let capital = |(k, b): (usize, &u8)| usize::from(b.is_ascii_uppercase()) << k;
            ALPHABET.get(group.iter().enumerate().map(capital).sum::<usize>())
        })
        .collect()
}

/// 36 characters: hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_guid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}
