//! Sets of fields as events carry them. In come a schema and names of fields; out go bitmaps in
//! hexadecimal. It must not know values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::schema;

/// `0x…` for the fields of the event, then `N-0x…` for the parts of compound field N. Bit 0 is the
/// lowest one.
pub(crate) fn bitmaps(schema: &Value, names: &[String]) -> Vec<String> {
    let mut outer = BTreeSet::new();
    let mut inner: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (place, part) in names.iter().filter_map(|name| schema::place(schema, name)) {
        match part {
            None => {
                outer.insert(place);
            }
            Some(part) => {
                inner.entry(place).or_default().insert(part);
            }
        }
    }
    let mut out = Vec::new();
    if !outer.is_empty() {
        out.push(hex(&outer));
    }
    out.extend(inner.iter().map(|(place, parts)| format!("{place}-{}", hex(parts))));
    out
}

/// Whole bytes, the highest first, no more than needed.
fn hex(bits: &BTreeSet<usize>) -> String {
    let length = bits.last().map_or(1, |last| last / 8 + 1);
    let mut bytes = vec![0_u8; length];
    for bit in bits {
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte |= 1 << (bit % 8);
        }
    }
    bytes.iter().rev().fold("0x".to_owned(), |out, byte| out + &format!("{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_are_those_of_captured_events() {
        assert_eq!(hex(&BTreeSet::from([23])), "0x800000");
        assert_eq!(hex(&BTreeSet::from([23, 68])), "0x100000000000800000");
        assert_eq!(hex(&BTreeSet::from([7, 8])), "0x0180");
        assert_eq!(hex(&BTreeSet::from([0])), "0x01");
    }
}
