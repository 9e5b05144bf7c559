//! The words of a query. In comes its text; out go tokens with their places. It must not know grammar.

use crate::{
    clock,
    decimal::Decimal,
    salesforce::{refusal::Done, soql::pointing},
};

#[derive(Debug, Clone)]
pub(super) enum Token {
    /// A name, with dots, or a keyword.
    Word(String),
    /// A string, unescaped. For LIKE, escaped wildcards keep their backslash.
    Text(String),
    Number(Decimal),
    Day(String),
    Moment(String),
    Symbol(&'static str),
    End,
}

/// Cuts a query into tokens; the last is `End`.
pub(super) fn cut(text: &str) -> Done<Vec<(Token, usize)>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first == '\'' {
            let (value, length) = string(text, at, rest)?;
            (Some(Token::Text(value)), length)
        } else if first.is_ascii_digit() || (matches!(first, '-' | '+' | '.') && rest.len() > 1) {
            let length = run(rest, |c| c.is_ascii_alphanumeric() || "+-.:".contains(c));
            let word = rest.get(..length).unwrap_or_default();
            let token = literal(word)
                .ok_or_else(|| malformed(text, at, &format!("unexpected token: '{word}'")))?;
            (Some(token), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = run(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            let length = length + counted(rest.get(length..).unwrap_or_default());
            (Some(Token::Word(rest.get(..length).unwrap_or_default().to_owned())), length)
        } else if first == ':' {
            return Err(malformed(text, at, "Bind variables only allowed in Apex code"));
        } else if let Some(symbol) = symbol(rest) {
            (Some(Token::Symbol(if symbol == "<>" { "!=" } else { symbol })), symbol.len())
        } else {
            return Err(malformed(text, at, &format!("unexpected token: '{first}'")));
        };
        tokens.extend(token.map(|token| (token, at)));
        at += length.max(1);
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

fn malformed(text: &str, at: usize, message: &str) -> crate::salesforce::refusal::Stop {
    pointing(text, at, "MALFORMED_QUERY", message)
}

fn run(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

/// How long the number is that belongs to a name like `LAST_N_DAYS`.
fn counted(rest: &str) -> usize {
    let digits = rest.strip_prefix(':').map_or(0, |rest| run(rest, |c| c.is_ascii_digit()));
    if digits == 0 { 0 } else { digits + 1 }
}

fn symbol(rest: &str) -> Option<&'static str> {
    ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ","]
        .into_iter()
        .find(|symbol| rest.starts_with(symbol))
}

fn literal(word: &str) -> Option<Token> {
    if let Some(day) = clock::date(word) {
        return Some(Token::Day(day));
    }
    if let Some(moment) = clock::salesforce_moment(word) {
        return Some(Token::Moment(moment));
    }
    Decimal::parse(word).map(Token::Number)
}

/// Reads a quoted string; answers its value and its length with quotes.
fn string(text: &str, at: usize, rest: &str) -> Done<(String, usize)> {
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((place, character)) = characters.next() {
        match character {
            '\'' => return Ok((value, place + 1)),
            '\\' => match characters.next().map(|(_, escaped)| escaped) {
                Some('n' | 'N') => value.push('\n'),
                Some('r' | 'R') => value.push('\r'),
                Some('t' | 'T') => value.push('\t'),
                Some('b' | 'B') => value.push('\u{8}'),
                Some('f' | 'F') => value.push('\u{c}'),
                Some('u' | 'U') => {
                    let digits: String =
                        characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    value.push(code.ok_or_else(|| {
                        let message = "invalid string literal: \\u wants four hexadecimal digits";
                        malformed(text, at + place, message)
                    })?);
                }
                Some(plain @ ('\'' | '"')) => value.push(plain),
                Some('\\') => value.push_str("\\\\"),
                Some(wildcard @ ('_' | '%')) => value.extend(['\\', wildcard]),
                Some(_) | None => {
                    let message = "invalid string literal: unknown escape";
                    return Err(malformed(text, at + place, message));
                }
            },
            other => value.push(other),
        }
    }
    Err(malformed(text, at, "unterminated string literal"))
}

/// A string's value outside LIKE: the backslashes kept for wildcards are gone.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    out
}
