//! Which of some words was probably meant.
//!
//! In: a word, candidates. Out: the nearest of them. Must not know: what the words are.

/// The most edits between a word and the one that was meant.
const MOST: usize = 4;

/// More than that.
const FAR: usize = MOST + 1;

/// Edits between a beginning of a word and the beginnings of another that are up to [`MOST`]
/// characters shorter or longer, with something far on both sides.
type Row = [usize; 2 * MOST + 3];

/// The candidate with the fewest edits, of several the shortest, of several the first.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let limit = (word.chars().count() / 3).clamp(1, MOST);
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let letters = letters(&word);
    let mut best: Option<(usize, usize, &'c str)> = None;
    let mut other = Vec::new();
    for candidate in candidates {
        if candidate.chars().count().abs_diff(word.len()) > limit {
            continue;
        }
        other.clear();
        if candidate.is_ascii() {
            other.extend(candidate.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            other.extend(candidate.to_lowercase().chars());
        }
        let most = best.map_or(limit, |(edits, ..)| edits);
        let others = self::letters(&other);
        let lacking = |all: u64, some: u64| (all & !some).count_ones() as usize;
        if lacking(letters, others).max(lacking(others, letters)) > most {
            continue;
        }
        let Some(edits) = distance(&word, &other, most) else { continue };
        if best.is_none_or(|(fewest, length, _)| (edits, candidate.len()) < (fewest, length)) {
            best = Some((edits, candidate.len(), candidate));
        }
    }
    best.map(|(.., candidate)| candidate)
}

/// Whether two words differ by one edit at most, case aside.
pub(super) fn is_slip(one: &str, other: &str) -> bool {
    let chars = |word: &str| word.to_lowercase().chars().collect::<Vec<char>>();
    distance(&chars(one), &chars(other), 1).is_some()
}

/// Which characters stand in a word, in 64 sorts: for each sort that only one of two words has there
/// is an edit between them.
fn letters(word: &[char]) -> u64 {
    word.iter().fold(0, |letters, c| letters | 1 << (u32::from(*c) % 64))
}

/// Edits (insert, delete, replace, swap of neighbours) between two words, when these are not more
/// than `most`, which is at most [`MOST`].
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    let alike = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[alike..], &b[alike..]);
    let alike = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - alike], &b[..b.len() - alike]);
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let (mut before, mut above): (Row, Row) = ([FAR; 2 * MOST + 3], [FAR; 2 * MOST + 3]);
    let mut above_fewest = FAR;
    for i in 0..=a.len() {
        let mut row: Row = [FAR; 2 * MOST + 3];
        let mut fewest = FAR;
        for j in i.saturating_sub(most)..=b.len().min(i + most) {
            // The same place is one further left in each row than in the row above.
            let at = j + MOST + 1 - i;
            let edits = match (i, j) {
                (0, j) => j,
                (i, 0) => i,
                (i, j) => {
                    let cost = usize::from(a[i - 1] != b[j - 1]);
                    let edits = (above[at] + cost).min(above[at + 1] + 1).min(row[at - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swapped { edits.min(before[at] + 1) } else { edits }
                }
            };
            row[at] = edits;
            fewest = fewest.min(edits);
        }
        if fewest > most && above_fewest > most {
            return None;
        }
        (before, above, above_fewest) = (above, row, fewest);
    }
    let edits = above[b.len() + MOST + 1 - a.len()];
    (edits <= most).then_some(edits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole table, as it is written in books.
    fn by_the_book(a: &[char], b: &[char]) -> usize {
        let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
        for (i, ca) in a.iter().enumerate() {
            let mut row = vec![i + 1];
            for (j, cb) in b.iter().enumerate() {
                let cost = usize::from(ca != cb);
                let mut best = (rows[i][j] + cost).min(rows[i][j + 1] + 1).min(row[j] + 1);
                if i > 0 && j > 0 && a[i - 1] == *cb && b[j - 1] == *ca {
                    best = best.min(rows[i - 1][j - 1] + 1);
                }
                row.push(best);
            }
            rows.push(row);
        }
        rows[a.len()][b.len()]
    }

    #[test]
    fn the_fewest_edits_then_the_shortest_then_the_first() {
        assert_eq!(nearest("Nmae", ["Number", "Name", "name"]), Some("Name"));
        assert_eq!(nearest("abcde", ["abcdexx", "abcdx", "xbcde"]), Some("abcdx"));
        assert_eq!(nearest("STAGE", ["stag", "stage"]), Some("stage"));
        assert_eq!(nearest("ab", ["xy"]), None);
        assert_eq!(nearest("", ["a", ""]), Some(""));
        assert_eq!(nearest("größe", ["GRÖSSE", "Größen"]), Some("Größen"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn edits_are_counted_as_in_the_book(a in "[abc]{0,9}", b in "[abc]{0,9}", most in 0..5_usize) {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let book = by_the_book(&a, &b);
            prop_assert_eq!(distance(&a, &b, most), (book <= most).then_some(book));
        }

        #[test]
        fn the_nearest_is_found_as_in_the_book(
            word in "[a-eA-C]{0,13}",
            candidates in proptest::collection::vec("[a-eA-Cé]{0,14}", 0..8),
        ) {
            let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
            let limit = (word.len() / 3).clamp(1, 4);
            let book = candidates
                .iter()
                .map(|candidate| (by_the_book(&lower(&word), &lower(candidate)), candidate))
                .filter(|(edits, _)| *edits <= limit)
                .min_by_key(|(edits, candidate)| (*edits, candidate.len()));
            let found = nearest(&word, candidates.iter().map(String::as_str));
            prop_assert_eq!(found, book.map(|(_, candidate)| candidate.as_str()));
        }
    }
}
