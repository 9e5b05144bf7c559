//! Names, paths, constants, operands and conversions -> text, with backticks where needed.
//!
//! In: parts of the tree. Out: text on one line. Must not know: the source, columns, blocks.

use crate::parse::{begins_line, is_bare_jsonpath, is_bare_name};
use crate::tree::{At, Constant, Operand, Path, Segment, Token};

/// Words that end the tokens of `as`, with the word behind them that this needs, if any.
const ENDS_TOKENS: &[(&str, Option<&str>)] = &[
    ("as", None),
    ("using", None),
    ("wins", None),
    ("first", Some("contact")),
    ("conflict", Some("ask")),
    ("union", None),
    ("blank", None),
    ("default", None),
    ("on", None),
    ("one", Some("way")),
    ("until", None),
    ("removed", None),
    ("none", None),
    ("several", None),
    ("when", None),
    ("else", None),
    ("to", None),
];

/// A name; in backticks when it is no identifier.
pub(super) fn name(text: &str) -> String {
    if is_bare_name(text) { text.to_owned() } else { format!("`{text}`") }
}

/// The name of a side, which may begin a line.
pub(super) fn side(text: &str) -> String {
    if begins_line(text) || text == "newest" { format!("`{text}`") } else { name(text) }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A path beside an arrow or inside a line.
pub(super) fn path(path: &Path) -> String {
    path_but(path, &|first| matches!(first, "true" | "false" | "blank" | "end" | "unchanged"))
}

/// A path; its first name in backticks when `reserved` says so.
pub(super) fn path_but(path: &Path, reserved: &dyn Fn(&str) -> bool) -> String {
    let segment = |(i, segment): (usize, &Segment)| match segment {
        Segment::Name(first) if i == 0 && reserved(first) => format!("`{first}`"),
        Segment::Name(first) if i == 0 => name(first),
        Segment::Name(text) => format!(".{}", name(text)),
        Segment::First => "[first]".to_owned(),
        Segment::FirstWith(text) => format!("[first with {}]", name(text)),
        Segment::Is { name: text, value } => format!("[{} is {}]", name(text), quoted(value)),
    };
    path.segments.iter().enumerate().map(segment).collect()
}

/// What stands on one side of an arrow.
pub(super) fn operands(operands: &[At<Operand>]) -> String {
    let texts: Vec<String> = operands.iter().map(|o| operand(&o.value)).collect();
    texts.join(", ")
}

pub(super) fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Path(known) => path(known),
        Operand::JsonPath(text) if is_bare_jsonpath(text) => text.clone(),
        Operand::JsonPath(text) => format!("${}", quoted(text)),
        Operand::Constant(value) => constant(value),
    }
}

pub(super) fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => quoted(text),
        Constant::Number(digits) => digits.clone(),
        Constant::Bool(true) => "true".to_owned(),
        Constant::Bool(false) => "false".to_owned(),
        Constant::Blank => "blank".to_owned(),
    }
}

/// What stands behind `as`, each with a blank before it; a comma has none.
pub(super) fn tokens(tokens: &[At<Token>]) -> String {
    let mut text = String::new();
    for (i, token) in tokens.iter().enumerate() {
        let next = tokens.get(i + 1).map(|token| &token.value);
        match &token.value {
            Token::Word(word) if word == "," => text.push(','),
            Token::Word(word) => text.extend([" ", &self::word(word, next)]),
            Token::Number(digits) => text.extend([" ", digits]),
            Token::Text(value) => text.extend([" ", &quoted(value)]),
        }
    }
    text
}

/// A word behind `as`; in backticks when it is not one, or would begin a clause.
fn word(text: &str, next: Option<&Token>) -> String {
    let ends = ENDS_TOKENS.iter().any(|(end, then)| {
        let follows = |then: &str| next == Some(&Token::Word(then.to_owned()));
        *end == text && then.is_none_or(follows)
    });
    if !ends && is_bare_token(text) { text.to_owned() } else { format!("`{text}`") }
}

/// True for a word behind `as` that needs no backticks: names joined by `.`, `-` or `/`.
fn is_bare_token(word: &str) -> bool {
    let mut parts = word.split(['.', '-', '/']);
    let is_rest = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    parts.next().is_some_and(is_bare_name) && parts.all(is_rest)
}
