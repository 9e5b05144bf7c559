//! Characters that a word processor or a web page puts where a plain one belongs.
//!
//! In: one character. Out: what it stands for. Must not know: lines, the grammar, problems.

/// True for a blank that is neither a space nor a tab: non-breaking, thin, wide, form feed, a
/// carriage return inside a line.
pub(super) fn is_odd_blank(c: char) -> bool {
    c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n')
}

/// True for a character that cannot be seen: zero-width blanks, a byte order mark inside the text.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// The plain text of a mark that arrows are made of, also when it is plain already.
pub(super) fn sign(c: char) -> Option<&'static str> {
    match c {
        '<' => Some("<"),
        '>' => Some(">"),
        '=' => Some("="),
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Some("-"),
        '→' | '⇒' | '⟶' | '⟹' | '➔' | '➜' | '➝' | '➞' | '⭢' => Some("->"),
        '←' | '⇐' | '⟵' | '⟸' | '⭠' => Some("<-"),
        '↔' | '⇔' | '⟷' | '⟺' | '⇄' | '⇆' | '⭤' => Some("<->"),
        _ => None,
    }
}

/// The characters that may close a text which `c` opens; nothing when `c` is no odd quote.
pub(super) fn closers(c: char) -> Option<&'static [char]> {
    match c {
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => {
            Some(&['”', '“', '„', '‟', '»', '«', '″'])
        }
        '‘' | '’' | '‚' | '‛' | '′' | '\'' => Some(&['’', '‘', '‚', '‛', '′', '\'']),
        _ => None,
    }
}

/// The plain text of another mark that keyboards of other scripts type.
pub(super) fn mark(c: char) -> Option<&'static str> {
    match c {
        '，' | '、' => Some(","),
        '［' => Some("["),
        '］' => Some("]"),
        '．' => Some("."),
        _ => None,
    }
}

/// The word at byte `at`, when it was read as `word` although it is written otherwise; else `word`.
pub(crate) fn word_as_written(text: &str, at: usize, word: &str) -> String {
    let rest = text.get(at..).unwrap_or("");
    let ends = |c: char| c.is_whitespace() || c == '"' || closers(c).is_some();
    let written = rest.get(..rest.find(ends).unwrap_or(rest.len())).unwrap_or("");
    let written: String = written.chars().filter(|c| !is_invisible(*c)).collect();
    if written.is_empty() { word.to_owned() } else { written }
}
