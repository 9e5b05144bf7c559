//! The texts that a map is made of: its own, and those of the maps that it extends.
//!
//! In: names and texts. Out: one text in which every byte belongs to exactly one file, and the way
//! back to the file. Must not know: what is in the texts, where they come from.
//!
//! The map's own text comes first, so that for a map without a base nothing is different.

use std::sync::Arc;

/// Some texts, one behind the other. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sources {
    text: Arc<str>,
    files: Arc<[File]>,
}

#[derive(Debug)]
struct File {
    name: String,
    /// Its first byte in the whole text, and the one behind its last.
    start: usize,
    end: usize,
    /// Its first line in the whole text, from 0.
    first_line: usize,
}

/// A place in one of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'s> {
    /// The file's name.
    pub file: &'s str,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Sources {
    /// A map without a base.
    pub fn one(name: &str, text: &str) -> Self {
        Self::of([(name, text)])
    }

    /// A map and its bases, the nearest first.
    pub fn of<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let (mut whole, mut files) = (String::new(), Vec::new());
        let mut first_line = 0;
        for (name, text) in texts {
            if !whole.is_empty() && !whole.ends_with('\n') {
                whole.push('\n');
                first_line += 1;
            }
            let start = whole.len();
            whole.push_str(text);
            files.push(File { name: name.to_owned(), start, end: whole.len(), first_line });
            first_line += text.matches('\n').count();
        }
        Self { text: whole.into(), files: files.into() }
    }

    /// Where the text at a place in the list begins.
    pub(crate) fn start_of(&self, index: usize) -> usize {
        self.files.get(index).map_or(0, |file| file.start)
    }

    /// All texts as one.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the map's own file.
    pub fn name(&self) -> &str {
        self.files.first().map_or("", |file| &file.name)
    }

    /// The map's own text.
    pub fn own_text(&self) -> &str {
        self.files.first().and_then(|file| self.text.get(file.start..file.end)).unwrap_or("")
    }

    /// Whether a byte is in the map's own text.
    pub fn is_own(&self, offset: usize) -> bool {
        self.index(offset) == 0
    }

    /// The file, line and column of a byte.
    pub fn place(&self, offset: usize) -> Place<'_> {
        let Some(file) = self.file(offset) else { return Place { file: "", line: 1, column: 1 } };
        let text = self.text.get(file.start..file.end).unwrap_or("");
        let (line, column) = place(text, offset.saturating_sub(file.start));
        Place { file: &file.name, line, column }
    }

    /// The name and the first line (in all texts as one, from 0) of each file.
    pub fn first_lines(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files.iter().map(|file| (file.name.as_str(), file.first_line))
    }

    /// The name of a byte's file, where that begins, and its text.
    pub fn file_at(&self, offset: usize) -> (&str, usize, &str) {
        self.file(offset).map_or(("", 0, ""), |file| {
            (&file.name, file.start, self.text.get(file.start..file.end).unwrap_or(""))
        })
    }

    fn index(&self, offset: usize) -> usize {
        self.files.partition_point(|file| file.start <= offset).saturating_sub(1)
    }

    fn file(&self, offset: usize) -> Option<&File> {
        self.files.get(self.index(offset))
    }
}

/// Line and column of a byte in a text, both from 1, columns in characters.
pub fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.matches('\n').count() + 1;
    (line, before.get(line_start..).unwrap_or("").chars().filter(|c| *c != '\u{feff}').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_belongs_to_one_file() {
        let sources =
            Sources::of([("own.map", "a\nbc"), ("base.map", "d\n\ne\n"), ("last.map", "f")]);
        assert_eq!(sources.text(), "a\nbc\nd\n\ne\nf");
        let at = |offset| {
            let Place { file, line, column } = sources.place(offset);
            format!("{file}:{line}:{column}")
        };
        assert_eq!(at(0), "own.map:1:1");
        assert_eq!(at(3), "own.map:2:2");
        assert_eq!(at(4), "own.map:2:3");
        assert_eq!(at(5), "base.map:1:1");
        assert_eq!(at(8), "base.map:3:1");
        assert_eq!(at(10), "last.map:1:1");
        assert_eq!(at(99), "last.map:1:2");
        let lines: Vec<(&str, usize)> = sources.first_lines().collect();
        assert_eq!(lines, [("own.map", 0), ("base.map", 2), ("last.map", 5)]);
    }
}
