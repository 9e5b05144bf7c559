//! Long texts as what became of them. In come the old and the new text; out goes a unified diff with the
//! hash of the new one. It must not know fields.

use crate::sign;

/// Texts of more characters than this travel as differences.
const LONG: usize = 1000;

/// Whether a text is long enough.
pub(crate) fn is_long(text: &str) -> bool {
    text.chars().nth(LONG).is_some()
}

/// One hunk without context, from the first line that differs to the last one.
pub(crate) fn unified(old: &str, new: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (old.split('\n').collect(), new.split('\n').collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = before.iter().zip(&after).take_while(same).count();
    let most = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(same).take(most).count();
    let removed = before.get(head..before.len() - tail).unwrap_or_default();
    let added = after.get(head..after.len() - tail).unwrap_or_default();
    let at = |count: usize| if count == 0 { head } else { head + 1 };
    let mut out = format!(
        "--- \n+++ {}\n@@ -{},{} +{},{} @@\n",
        sign::sha256(new.as_bytes()),
        at(removed.len()),
        removed.len(),
        at(added.len()),
        added.len(),
    );
    let lines = removed.iter().map(|line| ('-', line)).chain(added.iter().map(|line| ('+', line)));
    for (sign, line) in lines {
        out.push(sign);
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_differ_are_in_a_hunk() {
        let hunk = |old, new| unified(old, new).split_once("@@ ").unwrap().1.to_owned();
        assert_eq!(hunk("a\nb\nc", "a\nx\nc"), "-2,1 +2,1 @@\n-b\n+x\n");
        assert_eq!(hunk("a\nc", "a\nb\nc"), "-1,0 +2,1 @@\n+b\n");
        assert_eq!(hunk("a\na", "a"), "-2,1 +1,0 @@\n-a\n");
        assert_eq!(hunk("a", "b"), "-1,1 +1,1 @@\n-a\n+b\n");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(unified("a", "").starts_with(&format!("--- \n+++ {empty}\n")));
    }
}
