//! What the fuzz targets share: lines of the maps in this repository, and a way to splice them.
//!
//! In: the bytes that the fuzzer has, and a number to choose by. Out: other bytes. Must not know:
//! what the targets do with them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository as text.
pub fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Numbers to choose by, from one seed.
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u32) -> Dice {
        Dice(u64::from(seed) << 1 | 1)
    }

    /// One of `0..sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }
}

/// Every different line of the maps in this repository, in a fixed order.
pub fn lines() -> &'static [String] {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    LINES.get_or_init(|| {
        let mut lines = Vec::new();
        for folder in ["mappings", "tests/maps/good", "tests/maps/bad"] {
            for entry in std::fs::read_dir(root().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|e| e == "map") {
                    let text = std::fs::read_to_string(path).unwrap();
                    lines.extend(text.lines().map(str::to_owned));
                }
            }
        }
        lines.sort();
        lines.dedup();
        lines
    })
}

fn words(line: &str) -> Vec<&str> {
    line.split_inclusive([' ', ',', '.', '[', ']']).collect()
}

/// One edit that a person could make: a line of some map put in, moved, doubled or taken out, or a
/// word of it swapped for a word of another.
fn edit(own: &mut Vec<String>, dice: &mut Dice) {
    let pool = lines();
    let other = pool[dice.roll(pool.len())].clone();
    let at = dice.roll(own.len());
    match dice.roll(8) {
        0 | 1 => own.insert(at, other),
        2 if !own.is_empty() => own[at] = other,
        3 if !own.is_empty() => drop(own.remove(at)),
        4 if !own.is_empty() => {
            let line = own[at].clone();
            let to = dice.roll(own.len());
            own.insert(to, line);
        }
        5 if !own.is_empty() => own[at] = format!("{} {}", own[at], other.trim_start()),
        6 | 7 if !own.is_empty() => {
            let line = own[at].clone();
            let (mut mine, theirs) = (words(&line), words(&other));
            let place = dice.roll(mine.len());
            match (dice.roll(3), theirs.is_empty() || mine.is_empty()) {
                (0, _) if !mine.is_empty() => drop(mine.remove(place)),
                (1, false) => mine.insert(place, theirs[dice.roll(theirs.len())]),
                (_, false) => mine[place] = theirs[dice.roll(theirs.len())],
                (_, true) => {}
            }
            own[at] = mine.concat();
        }
        _ => own.push(other),
    }
}

/// A few edits of a text; what does not fit into `most` bytes is cut off.
pub fn splice(text: &str, dice: &mut Dice, most: usize) -> String {
    let mut own: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=dice.roll(4) {
        edit(&mut own, dice);
    }
    let mut text = own.join("\n");
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// What the fuzzer calls to make one text of another: every second time lines are spliced.
pub fn mutate(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut dice = Dice::new(seed);
    match std::str::from_utf8(&data[..size]) {
        Ok(text) if dice.roll(2) == 0 => {
            let spliced = splice(text, &mut dice, most);
            data[..spliced.len()].copy_from_slice(spliced.as_bytes());
            spliced.len()
        }
        Ok(_) | Err(_) => libfuzzer_sys::fuzzer_mutate(data, size, most),
    }
}
