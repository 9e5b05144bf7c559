//! Record ids. In come prefixes and numbers, or texts from outside; out go ids of 18 characters. It must
//! not know rows.

/// Digits of the counted part.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of the checksum.
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// Where the sandbox's records live: the characters after the prefix.
const POD: &str = "5g0";

/// The id of the `number`th row with this prefix.
pub(crate) fn make(prefix: &str, number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    for _ in 0..9 {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        digits.push(DIGITS.get(digit).copied().map_or('0', char::from));
        rest /= 62;
    }
    let counted: String = digits.into_iter().rev().collect();
    full(&format!("{prefix}{POD}{counted}"))
}

/// The `number`th prefix of custom objects: `a01` and so on.
pub(crate) fn custom_prefix(number: usize) -> String {
    let digit = |place: usize| DIGITS.get(place % 62).copied().map_or('0', char::from);
    format!("a{}{}", digit(number / 62), digit(number))
}

/// Adds the checksum to 15 characters: one for each group of five, naming its upper-case letters.
pub(crate) fn full(short: &str) -> String {
    let mut id = short.to_owned();
    for group in short.as_bytes().chunks(5) {
        let bits: usize = group
            .iter()
            .enumerate()
            .filter(|(_, byte)| byte.is_ascii_uppercase())
            .map(|(place, _)| 1 << place)
            .sum();
        id.push(CHECKS.get(bits).copied().map_or('A', char::from));
    }
    id
}

/// The 18 characters of an id given with 15 or 18; `None` when it is no id.
pub(crate) fn read(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match text.len() {
        15 => Some(full(text)),
        18 => {
            let id = full(text.get(..15)?);
            id.eq_ignore_ascii_case(text).then_some(id)
        }
        _ => None,
    }
}

/// The first 15 characters, as some messages print them.
pub(crate) fn short(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_agree_with_published_ids() {
        for id in
            ["00190000001pPvHAAU", "0015f00002JUXA8AAP", "a1V3E000000EXomUAG", "001xx000003DIpcAAG"]
        {
            assert_eq!(full(&id[..15]), id);
            assert_eq!(read(id).as_deref(), Some(id));
            assert_eq!(read(&id[..15]).as_deref(), Some(id));
        }
        for bad in ["", "0061", "00190000001pPvHAAA", "00190000001pPv-AAU"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(short(&make("006", 1)), "0065g0000000001");
        assert_ne!(make("00K", 7), make("00k", 7));
    }
}
