//! Pieces of a line -> names, paths, constants, values and operands of the tree.
//!
//! In: what the grammar read. Out: tree values with their places in the file. Must not know:
//! blocks, problems of reading (only of what was read).

use pest::iterators::Pair;

use super::grammar::Rule;
use super::lines::MAX_DEPTH;
use super::logical::Logical;
use crate::problem::{Problem, syntax};
use crate::tree::{Arrow, At, Cell, Constant, Operand, Path, Segment, Span};

/// Makes tree values from pieces. Its functions give nothing when a problem was found, or when the
/// piece is not of the expected rule.
pub(super) struct Build<'l> {
    pub(super) logical: &'l mut Logical,
    pub(super) problems: &'l mut Vec<Problem>,
}

/// The first piece inside `pair` that `rule` read.
pub(super) fn inside(pair: Pair<'_, Rule>, rule: Rule) -> Option<Pair<'_, Rule>> {
    pair.into_inner().find(|inner| inner.as_rule() == rule)
}

/// All pieces inside `pair` that `rule` read.
pub(super) fn all(pair: Pair<'_, Rule>, rule: Rule) -> impl Iterator<Item = Pair<'_, Rule>> {
    pair.into_inner().filter(move |inner| inner.as_rule() == rule)
}

/// The range of a piece in the plain text, without blanks behind it.
pub(super) fn range(pair: &Pair<'_, Rule>) -> (usize, usize) {
    let start = pair.as_span().start();
    (start, start + pair.as_str().trim_end().len())
}

impl Build<'_> {
    /// Where a piece stands in the file.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let (start, end) = range(pair);
        self.logical.span_of(start, end)
    }

    /// A name, without backticks.
    pub(super) fn name(&mut self, pair: Pair<'_, Rule>) -> Option<At<String>> {
        let span = self.span(&pair);
        let inner = pair.into_inner().next()?;
        let text = match inner.as_rule() {
            Rule::quoted_name => inside(inner, Rule::backtick_text)?.as_str(),
            _ => inner.as_str(),
        };
        Some(At::new(text.to_owned(), span))
    }

    /// All names directly inside a piece.
    pub(super) fn names(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<At<String>>> {
        all(pair, Rule::name).map(|name| self.name(name)).collect()
    }

    /// A quoted text, escapes resolved. The span covers the quotes.
    pub(super) fn quoted(&mut self, pair: Pair<'_, Rule>) -> Option<At<String>> {
        let span = self.span(&pair);
        Some(At::new(unescaped(inside(pair, Rule::quoted_text)?.as_str()), span))
    }

    /// `1`, for instance behind `language`.
    pub(super) fn digits(&mut self, pair: &Pair<'_, Rule>) -> Option<At<u32>> {
        let span = self.span(pair);
        match pair.as_str().trim().parse() {
            Ok(number) => Some(At::new(number, span)),
            Err(_) => self.no_number(span, pair.as_str(), "a version of the language"),
        }
    }

    /// The number of days behind `plus`.
    pub(super) fn days(&mut self, pair: &Pair<'_, Rule>) -> Option<i64> {
        let days = pair.as_str().trim().parse::<i64>().ok().filter(|d| d.abs() <= 1_000_000);
        let span = self.span(pair);
        days.or_else(|| self.no_number(span, pair.as_str(), "a number of days"))
    }

    /// The number of hours behind `plus`.
    pub(super) fn hours(&mut self, pair: &Pair<'_, Rule>) -> Option<i64> {
        let hours = pair.as_str().trim().parse::<i64>().ok().filter(|h| h.abs() <= 10_000_000);
        let span = self.span(pair);
        hours.or_else(|| self.no_number(span, pair.as_str(), "a number of hours"))
    }

    fn no_number<T>(&mut self, span: Span, text: &str, what: &str) -> Option<T> {
        self.problems.push(syntax::number_too_large(span, text, what));
        None
    }

    /// A number, digits as written; an exponent is a problem.
    pub(super) fn number(&mut self, pair: &Pair<'_, Rule>) -> Option<At<String>> {
        let span = self.span(pair);
        if pair.as_rule() == Rule::exponent {
            self.problems.push(syntax::exponent(span, pair.as_str()));
            return None;
        }
        Some(At::new(pair.as_str().trim_end().to_owned(), span))
    }

    pub(super) fn constant(&mut self, pair: Pair<'_, Rule>) -> Option<At<Constant>> {
        let inner = pair.into_inner().next()?;
        let span = self.span(&inner);
        let value = match inner.as_rule() {
            Rule::quoted => Constant::Text(self.quoted(inner)?.value),
            Rule::number | Rule::exponent => Constant::Number(self.number(&inner)?.value),
            Rule::kw_true => Constant::Bool(true),
            Rule::kw_false => Constant::Bool(false),
            Rule::kw_blank => Constant::Blank,
            _ => return None,
        };
        Some(At::new(value, span))
    }

    /// A constant or a bare word, which is a text.
    pub(super) fn value(&mut self, pair: Pair<'_, Rule>) -> Option<At<Constant>> {
        let inner = pair.into_inner().next()?;
        if inner.as_rule() == Rule::constant {
            return self.constant(inner);
        }
        let span = self.span(&inner);
        Some(At::new(Constant::Text(inner.as_str().to_owned()), span))
    }

    pub(super) fn cell(&mut self, pair: Pair<'_, Rule>) -> Option<At<Cell>> {
        let inner = pair.into_inner().next()?;
        let span = self.span(&inner);
        let cell = match inner.as_rule() {
            Rule::kw_any => Cell::Any,
            Rule::kw_ignore => Cell::Ignore,
            Rule::kw_keep => Cell::Keep,
            Rule::kw_same => Cell::Same,
            Rule::kw_park => Cell::Park,
            Rule::constant => Cell::Value(self.constant(inner)?.value),
            Rule::value_word => Cell::Value(Constant::Text(inner.as_str().to_owned())),
            _ => return None,
        };
        Some(At::new(cell, span))
    }

    pub(super) fn cells(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<At<Cell>>> {
        all(pair, Rule::cell).map(|cell| self.cell(cell)).collect()
    }

    pub(super) fn arrow(&mut self, pair: Pair<'_, Rule>) -> Option<At<Arrow>> {
        let inner = pair.into_inner().next()?;
        let arrow = match inner.as_rule() {
            Rule::both => Arrow::Both,
            Rule::to_right => Arrow::ToRight,
            Rule::to_left => Arrow::ToLeft,
            _ => return None,
        };
        let span = self.span(&inner);
        Some(At::new(arrow, span))
    }

    pub(super) fn operands(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<At<Operand>>> {
        all(pair, Rule::operand).map(|operand| self.operand(operand)).collect()
    }

    /// What stands beside an arrow, behind `default` or at the start of a test.
    pub(super) fn operand(&mut self, pair: Pair<'_, Rule>) -> Option<At<Operand>> {
        let inner = pair.into_inner().next()?;
        match inner.as_rule() {
            Rule::jsonpath => self.jsonpath(inner),
            Rule::constant => {
                let constant = self.constant(inner)?;
                Some(At::new(Operand::Constant(constant.value), constant.span))
            }
            Rule::path => {
                let path = self.path(inner)?;
                Some(At::new(Operand::Path(path.value), path.span))
            }
            _ => None,
        }
    }

    fn jsonpath(&mut self, pair: Pair<'_, Rule>) -> Option<At<Operand>> {
        let inner = pair
            .into_inner()
            .find(|inner| matches!(inner.as_rule(), Rule::quoted | Rule::jsonpath_text))?;
        let (text, span) = if inner.as_rule() == Rule::quoted {
            let inner = inside(inner, Rule::quoted_text)?;
            (unescaped(inner.as_str()), self.span(&inner))
        } else {
            (inner.as_str().to_owned(), self.span(&inner))
        };
        if !text.starts_with('$') {
            self.problems.push(syntax::jsonpath_start(span, &text));
            return None;
        }
        if let Some(at) = too_deep(&text) {
            let at = span.start + at;
            self.problems.push(syntax::too_deep(Span::new(at.min(span.end), span.end)));
            return None;
        }
        Some(At::new(Operand::JsonPath(text), span))
    }

    pub(super) fn path(&mut self, pair: Pair<'_, Rule>) -> Option<At<Path>> {
        let span = self.span(&pair);
        let mut segments = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => segments.push(Segment::Name(self.name(inner)?.value)),
                Rule::selector => segments.push(self.selector(inner)?),
                _ => {}
            }
        }
        Some(At::new(Path { segments }, span))
    }

    fn selector(&mut self, pair: Pair<'_, Rule>) -> Option<Segment> {
        let inner = pair.into_inner().nth(1)?;
        match inner.as_rule() {
            Rule::select_first => Some(match inside(inner, Rule::name) {
                Some(name) => Segment::FirstWith(self.name(name)?.value),
                None => Segment::First,
            }),
            Rule::select_is => {
                let value = inner.clone().into_inner().last()?;
                let value = match value.as_rule() {
                    Rule::quoted => self.quoted(value)?.value,
                    _ => value.as_str().trim_end().to_owned(),
                };
                Some(Segment::Is { name: self.first_name(inner)?.value, value })
            }
            _ => None,
        }
    }

    /// The first name directly inside a piece.
    pub(super) fn first_name(&mut self, pair: Pair<'_, Rule>) -> Option<At<String>> {
        let name = inside(pair, Rule::name)?;
        self.name(name)
    }

    /// The first path directly inside a piece.
    pub(super) fn first_path(&mut self, pair: Pair<'_, Rule>) -> Option<At<Path>> {
        let path = inside(pair, Rule::path)?;
        self.path(path)
    }
}

/// A text with `\"`, `\\` and `\n` (a line end) resolved.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(if escaped && c == 'n' { '\n' } else { c });
            escaped = false;
        }
    }
    plain
}

/// Where brackets of a `JSONPath` get too deep, when they do.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (Some(_) | None, _) => {}
        }
        if depth > MAX_DEPTH {
            return Some(i);
        }
    }
    None
}
