//! Pages of the docs and the blocks in them.
//!
//! In: `README.md`, `CONTRIBUTING.md` and everything in `docs/`. Out: [`Page`]s and [`Block`]s.
//! Must not know: what a block means.

use std::fs;
use std::path::{Path, PathBuf};

/// A page of the docs.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    text: String,
}

/// What stands between two lines of three backticks.
pub(crate) struct Block {
    /// Its file and line, for messages.
    pub(crate) place: String,
    /// The words behind the first three backticks.
    info: Vec<String>,
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every page there is.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    walk(&root().join("docs"), &mut paths);
    paths.sort();
    paths.retain(|path| path.is_file());
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            Page { name, path, text }
        })
        .collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|end| end == "md") {
            paths.push(path);
        }
    }
}

/// Every block of a kind, of all pages.
pub(crate) fn blocks(kind: &str) -> Vec<Block> {
    pages().iter().flat_map(Page::blocks).filter(|block| block.kind() == kind).collect()
}

impl Page {
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open = false;
        for (number, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("```"), open) {
                (Some(_), true) => open = false,
                (Some(info), false) => {
                    open = true;
                    blocks.push(Block {
                        place: format!("{}:{}", self.name, number + 1),
                        info: info.split_whitespace().map(str::to_owned).collect(),
                        text: String::new(),
                    });
                }
                (None, true) => {
                    let block = blocks.last_mut().expect("a block was opened");
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, false) => {}
            }
        }
        assert!(!open, "{}: a block is not closed", self.name);
        blocks
    }

    /// The targets of the links outside blocks.
    pub(crate) fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        let mut open = false;
        for line in self.text.lines() {
            open ^= line.starts_with("```");
            for rest in line.split("](").skip(1).filter(|_| !open) {
                links.extend(rest.split_once(')').map(|(target, _)| target.to_owned()));
            }
        }
        links
    }
}

impl Block {
    pub(crate) fn kind(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.info.iter().any(|known| known == word)
    }

    /// The value of `name=value`.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.info.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    /// The commands behind `$ `, each with what it should print.
    pub(crate) fn commands(&self) -> Vec<(String, String)> {
        let mut commands: Vec<(String, String)> = Vec::new();
        for line in self.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push((command.to_owned(), String::new()));
            } else if let Some((_, output)) = commands.last_mut() {
                output.push_str(line);
                output.push('\n');
            }
        }
        commands
    }
}

/// The words of a command; double quotes hold words together.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in command.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Whether a text is as expected; `…` stands for any text. Blanks at line ends do not count.
pub(crate) fn fits(expected: &str, found: &str) -> bool {
    let tidy = |text: &str| -> String {
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    let (expected, found) = (tidy(expected), tidy(found));
    let pieces: Vec<&str> = expected.split('…').map(|piece| piece.trim_matches('\n')).collect();
    let Some((first, others)) = pieces.split_first() else { return true };
    let Some(mut rest) = found.strip_prefix(first) else { return false };
    for (index, piece) in others.iter().enumerate() {
        let last = index + 1 == others.len();
        let at = if last && rest.ends_with(piece) {
            Some(rest.len() - piece.len())
        } else {
            rest.find(piece)
        };
        let Some(at) = at else { return false };
        rest = &rest[at + piece.len()..];
        if last {
            return rest.is_empty();
        }
    }
    rest.is_empty()
}
