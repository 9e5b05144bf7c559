//! The repository as the house rules see it: files, and code without comments, texts and tests.
//!
//! In: the folder of the repository. Out: [`Source`]s. Must not know: any rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the repository.
pub(crate) struct Source {
    /// Its path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
    /// True when it is compiled for tests only.
    pub(crate) is_test: bool,
}

/// A function: where it begins and how long it is.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text file that is committed.
pub(crate) fn all() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    walk(&root, &root, &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    mark_tests(&mut sources);
    sources
}

/// Every Rust file of the crates.
pub(crate) fn crates() -> Vec<Source> {
    let mut sources = all();
    sources.retain(|source| source.path.starts_with("crates/") && source.is_rust());
    assert!(!sources.is_empty(), "no source was found");
    sources
}

fn walk(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if matches!(name.as_str(), "target" | ".git" | ".cosell" | "node_modules") {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, sources);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            sources.push(Source { path, text, is_test: false });
        }
    }
}

/// `#[cfg(test)] mod x;` makes tests of `x.rs` and of everything below it.
fn mark_tests(sources: &mut [Source]) {
    let mut tests: BTreeSet<String> = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let code = plain(&source.text);
        for (at, mark) in code.match_indices("#[cfg(test)]") {
            let after = code[at + mark.len()..].trim_start();
            if let Some(name) = after.strip_prefix("mod ").and_then(|rest| rest.split_once(';')) {
                tests.insert(format!("{}/{}", source.folder(), name.0.trim()));
            }
        }
    }
    for source in sources {
        let stem = source.path.trim_end_matches(".rs");
        source.is_test = source.path.starts_with("tests/")
            || source.path.contains("/tests/")
            || tests.iter().any(|test| {
                stem.strip_prefix(test.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/'))
            });
    }
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        self.ends_in("rs")
    }

    /// Whether its name ends in `.ending`.
    pub(crate) fn ends_in(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == ending)
    }

    /// The crate it belongs to, and its path within that crate's `src`.
    pub(crate) fn place(&self) -> Option<(&str, &str)> {
        self.path.strip_prefix("crates/")?.split_once("/src/")
    }

    /// The folder in which the modules that it declares stand.
    fn folder(&self) -> String {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        match name {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        }
    }

    /// Its code, without comments, texts and tests; lines and columns stay.
    pub(crate) fn code(&self) -> String {
        if self.is_test {
            return plain(&self.text).chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        }
        without_tests(&plain(&self.text))
    }

    /// Its functions, tests left out.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let code = self.code();
        let mut found = Vec::new();
        for (at, _) in code.match_indices("fn ") {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let name: String =
                code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let (false, Some(end)) = (name.is_empty(), item_end(&code[at..])) else { continue };
            let lines = code[at..at + end].matches('\n').count() + 1;
            found.push(Function { name, line: line_at(&code, at), lines });
        }
        found
    }
}

/// The line of a byte, from 1.
pub(crate) fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where an item ends: behind its `{ … }`, or its `;`.
fn item_end(code: &str) -> Option<usize> {
    let (mut braces, mut others) = (0, 0);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            ';' if braces == 0 && others == 0 => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn without_tests(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some(at) = rest.find("#[cfg(test)]") {
        let end = at + item_end(&rest[at..]).unwrap_or(rest.len() - at);
        kept.push_str(&rest[..at]);
        kept.extend(rest[at..end].chars().filter(|c| *c == '\n'));
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

/// Code whose comments and texts are blanks.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let inside_word = plain.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let hidden = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if c == '"' {
            quoted(rest)
        } else if c == 'r' && !inside_word {
            raw(rest).unwrap_or(0)
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        let taken = if hidden == 0 { c.len_utf8() } else { hidden };
        let (piece, after) = rest.split_at(taken);
        if hidden == 0 {
            plain.push(c);
        } else {
            plain.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = after;
    }
    plain
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#`.
fn raw(text: &str) -> Option<usize> {
    let after = &text[1..];
    let marks = after.len() - after.trim_start_matches('#').len();
    after[marks..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(marks));
    let start = 2 + marks;
    Some(text[start..].find(&close).map_or(text.len(), |end| start + end + close.len()))
}

/// The length of a character such as `'x'` or `'\n'`; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(0, |end| end + 4),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}
