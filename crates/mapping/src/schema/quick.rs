//! Reads the YAML that schemas are written in, many times faster than all of YAML is read.
//!
//! In: text. Out: the same tree that the library gives, or nothing when something else stands in
//! the text, be it right or wrong: then the library is asked. Must not know: what a schema is.
//!
//! That is: mappings and lists by indentation, `{ … }` and `[ … ]` within one line, words, whole
//! numbers, texts in quotes without escapes, comments, `&name` before a block and `*name` for it.

use std::collections::HashMap;

use super::read::Node;

/// How deep values may stand in one another.
const DEEPEST: usize = 32;

/// How often `*name` may stand in a text.
const MOST_COPIES: usize = 8;

/// Reads a text; nothing: it is not as simple as that.
pub(super) fn parse(text: &str) -> Option<Node> {
    let is_plain = |c: char| {
        matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}')
            && !matches!(c, '\u{2028}' | '\u{2029}')
    };
    if !text.chars().all(is_plain) {
        return None;
    }
    let lines = text.split('\n').filter_map(|line| {
        let said = line.trim_start_matches(' ');
        let indent = line.len() - said.len();
        let says = !said.is_empty() && !said.starts_with('#');
        says.then(|| (indent, said.trim_end_matches(' ')))
    });
    let lines: Vec<(usize, &str)> = lines.collect();
    let mut reader = Reader { lines, next: 0, blocks: HashMap::new(), copies: 0 };
    let whole = reader.mapping(0, 0)?;
    (reader.next > 0 && reader.next == reader.lines.len()).then_some(whole)
}

struct Reader<'t> {
    /// The lines that say something: their indentation, and the rest.
    lines: Vec<(usize, &'t str)>,
    next: usize,
    /// The blocks that have a name.
    blocks: HashMap<&'t str, Node>,
    copies: usize,
}

impl<'t> Reader<'t> {
    /// The next line, when it stands at that indentation or further in.
    fn line(&self, indent: usize) -> Option<(usize, &'t str)> {
        self.lines.get(self.next).copied().filter(|(found, _)| *found >= indent)
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let mut entries = Vec::new();
        while let Some((found, line)) = self.line(indent) {
            let (name, rest) = name(line).filter(|_| found == indent)?;
            self.next += 1;
            let value = match rest.trim_start_matches(' ') {
                "" => self.block(indent, depth)?,
                rest if rest.starts_with('#') => self.block(indent, depth)?,
                rest if rest.starts_with('&') => self.named_block(rest, indent, depth)?,
                rest if rest.starts_with('*') => self.copy(rest)?,
                rest => last(rest, depth)?,
            };
            entries.push((name, value));
        }
        Some(Node::Map(entries))
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let mut items = Vec::new();
        while let Some((found, line)) = self.line(indent) {
            let item = line.strip_prefix("- ").filter(|_| found == indent)?;
            let item = item.trim_start_matches(' ');
            if name(item).is_none() {
                items.push(last(item, depth)?);
                self.next += 1;
                continue;
            }
            // A mapping that begins behind the mark.
            let inner = indent + line.len() - item.len();
            *self.lines.get_mut(self.next).filter(|_| depth < DEEPEST)? = (inner, item);
            items.push(self.mapping(inner, depth + 1)?);
        }
        Some(Node::List(items))
    }

    /// What stands further in behind a name.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Node> {
        match self.lines.get(self.next) {
            Some((inner, line)) if *inner > indent && depth < DEEPEST => {
                let (inner, line) = (*inner, *line);
                if line.starts_with('{') {
                    self.next += 1;
                    return last(line, depth + 1);
                }
                if line.starts_with('-') {
                    self.list(inner, depth + 1)
                } else {
                    self.mapping(inner, depth + 1)
                }
            }
            Some((found, line)) if *found > indent || line.starts_with('-') => None,
            Some(_) | None => Some(Node::Null),
        }
    }

    fn named_block(&mut self, rest: &'t str, indent: usize, depth: usize) -> Option<Node> {
        let name = rest.strip_prefix('&').filter(|name| is_word(name))?;
        let copies = self.copies;
        let block = self.block(indent, depth)?;
        if copies != self.copies || block == Node::Null {
            return None;
        }
        self.blocks.insert(name, block.clone());
        Some(block)
    }

    fn copy(&mut self, rest: &str) -> Option<Node> {
        self.copies += 1;
        let name = rest.strip_prefix('*').filter(|_| self.copies <= MOST_COPIES)?;
        self.blocks.get(name).cloned()
    }
}

fn is_word(text: &str) -> bool {
    let is_start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    is_start && text.len() < 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The name at the start of a text, and what follows behind its colon.
fn name(text: &str) -> Option<(Node, &str)> {
    let (name, rest) = text.split_once(':')?;
    if !is_word(name) || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    Some((word(name)?, rest))
}

/// The value that ends a line.
fn last(text: &str, depth: usize) -> Option<Node> {
    let (value, rest) = value(text, depth, false)?;
    let comment = rest.trim_start_matches(' ');
    let ends = comment.is_empty() || comment.starts_with('#') && rest.starts_with(' ');
    ends.then_some(value)
}

/// The value at the start of a text, and what follows; `inside` brackets.
fn value(text: &str, depth: usize, inside: bool) -> Option<(Node, &str)> {
    let first = text.chars().next()?;
    match first {
        '{' | '[' if depth < DEEPEST => bracket(first, text.get(1..)?, depth + 1),
        '"' | '\'' => {
            let (quoted, rest) = text.get(1..)?.split_once(first)?;
            let simple = !quoted.contains('\\') && !rest.starts_with(first);
            simple.then(|| (Node::Text(quoted.to_owned()), rest))
        }
        c if c.is_alphanumeric() || matches!(c, '/' | '_') => plain(text, inside),
        _ => None,
    }
}

/// What stands behind an opening bracket, up to the closing one.
fn bracket(open: char, text: &str, depth: usize) -> Option<(Node, &str)> {
    let (mut items, mut entries) = (Vec::new(), Vec::new());
    let close = if open == '{' { '}' } else { ']' };
    let mut rest = text.trim_start_matches(' ');
    while !rest.starts_with(close) {
        let inner = if open == '{' {
            let (name, inner) = name_inside(rest)?;
            let (inner, behind) = value(inner.trim_start_matches(' '), depth, true)?;
            entries.push((name, inner));
            behind
        } else {
            let (inner, behind) = value(rest, depth, true)?;
            items.push(inner);
            behind
        };
        rest = inner.trim_start_matches(' ');
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start_matches(' '),
            None if rest.starts_with(close) => {}
            None => return None,
        }
    }
    let node = if open == '{' { Node::Map(entries) } else { Node::List(items) };
    Some((node, rest.get(1..)?))
}

/// The same as [`name`], of which something follows.
fn name_inside(text: &str) -> Option<(Node, &str)> {
    name(text).filter(|(_, rest)| rest.starts_with(' '))
}

/// Words without quotes.
fn plain(text: &str, inside: bool) -> Option<(Node, &str)> {
    let ends = |byte: u8| match byte {
        b':' | b'#' => true,
        b',' | b'?' | b'[' | b']' | b'{' | b'}' => inside,
        _ => false,
    };
    let end = text.bytes().position(ends).unwrap_or(text.len());
    let (written, rest) = text.split_at_checked(end)?;
    let simple = match rest.chars().next() {
        None => !inside,
        Some('#') => !inside && written.ends_with(' '),
        Some(c) => matches!(c, ',' | ']' | '}'),
    };
    let trimmed = written.trim_end_matches(' ');
    let rest = text.get(trimmed.len()..)?;
    simple.then_some((word(trimmed)?, rest))
}

/// What a word without quotes means; nothing: it may be some other number.
fn word(text: &str) -> Option<Node> {
    Some(match text {
        "null" | "Null" | "NULL" => Node::Null,
        "true" | "True" | "TRUE" => Node::Bool(true),
        "false" | "False" | "FALSE" => Node::Bool(false),
        "0" => Node::Number(0),
        _ if !text.starts_with(|c: char| c.is_ascii_digit()) => Node::Text(text.to_owned()),
        _ if text.starts_with('0') => return None,
        _ if text.bytes().all(|b| b.is_ascii_digit()) => Node::Number(text.parse().ok()?),
        // No number has another letter in it than that of an exponent.
        _ if text.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')) => {
            Node::Text(text.to_owned())
        }
        _ => return None,
    })
}
