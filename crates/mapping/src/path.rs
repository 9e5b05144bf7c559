//! `JSONPath` (RFC 9535): parsed when a map is compiled, asked when a record is read.
//!
//! In: the text behind `$`, and records. Out: the values it names, numbers with their digits; what
//! its filters compare with numbers. Must not know: maps, schemas, conversions. Only here and below
//! is jsonpath-rust known.

mod compared;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector, Test, TestFunction,
};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use crate::json::Json;

/// How deep brackets may be nested.
const DEEPEST_BRACKETS: usize = 64;
/// How deep parentheses may be nested: reading a wrong path takes time in their power.
const DEEPEST_PARENTHESES: usize = 8;
/// How often `..` may stand: each one looks at all of what the one before found.
const MOST_DESCENTS: usize = 2;

/// A `JSONPath` that is well-formed and well-typed.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    text: String,
    query: JpQuery,
}

/// Why a text is no `JSONPath` that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PathError {
    /// The byte of the `JSONPath` that does not fit, from 0.
    pub offset: usize,
    /// What is wrong, in a reader's words.
    pub why: String,
}

impl JsonPath {
    /// Reads a `JSONPath`, its `$` included. Refused as well: functions used against their types, a
    /// filter inside a filter, several selectors behind `..`, and more nesting than anyone reads.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if !text.starts_with('$') {
            return Err(wrong(0, "expected a JSONPath that begins with `$`"));
        }
        check_nesting(text)?;
        check_blanks(text)?;
        let query = parse_json_path(text).map_err(|error| readable(text, &error))?;
        let mut check = Check { text, descents: 0 };
        check.segments(&query.segments, false)?;
        Ok(Self { text: text.to_owned(), query })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values that it names in `record`, in document order.
    pub fn find(&self, record: &Value) -> Vec<Value> {
        match js_path_process(&self.query, record) {
            Ok(found) => found.into_iter().map(|node| node.val().clone()).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// The same as what [`crate::json::read`] gives, of a record that was read so and is looked at
    /// through [`Json::to_value`].
    pub fn find_in(&self, record: &serde_json::Value) -> Vec<Json<'static>> {
        self.find(record).iter().map(Json::from_value).collect()
    }

    /// True when it names at most one value in any record.
    pub fn is_singular(&self) -> bool {
        is_singular(&self.query.segments)
    }

    /// The members that it goes through, up to the last one before `..` or a choice of several
    /// members; none stands for the elements of a list.
    pub fn members(&self) -> Vec<Option<&str>> {
        let mut members = Vec::new();
        for segment in &self.query.segments {
            match segment {
                Segment::Selector(Selector::Name(name)) => {
                    members.push(Some(name.trim_matches(['\'', '"'])));
                }
                Segment::Selector(
                    Selector::Wildcard
                    | Selector::Index(_)
                    | Selector::Slice(..)
                    | Selector::Filter(_),
                ) => members.push(None),
                Segment::Descendant(_) | Segment::Selectors(_) => break,
            }
        }
        let named = members.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        members.truncate(named);
        members
    }

    /// The list and the member of its elements, when it names that and nothing else, as
    /// `$.details.requirements.industries[*].id` does.
    pub(crate) fn each_member(&self) -> Option<(Vec<&str>, &str)> {
        let (member, rest) = self.query.segments.split_last()?;
        let (all, list) = rest.split_last()?;
        let each = matches!(all, Segment::Selector(Selector::Wildcard)) && !list.is_empty();
        let list: Option<Vec<&str>> = list.iter().map(plain_name).collect();
        if each { Some((list?, plain_name(member)?)) } else { None }
    }

    /// The members (dotted) that its filters compare with a number, or with another member that
    /// may be one. Such comparisons are made with 64-bit floats.
    pub fn filters(&self) -> Vec<String> {
        let mut names = Vec::new();
        compared::in_segments(&self.query.segments, &mut names);
        names.sort();
        names.dedup();
        names
    }
}

impl std::fmt::Display for JsonPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name that a segment selects, when it is written without escapes.
fn plain_name(segment: &Segment) -> Option<&str> {
    let Segment::Selector(Selector::Name(name)) = segment else { return None };
    Some(name.trim_matches(['\'', '"'])).filter(|name| !name.contains('\\'))
}

fn wrong(offset: usize, why: impl Into<String>) -> PathError {
    PathError { offset, why: why.into() }
}

/// The bytes outside quotes, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut quote: Option<u8> = None;
    let mut escaped = false;
    text.bytes().enumerate().filter(move |(_, byte)| {
        let Some(open) = quote else {
            if matches!(byte, b'"' | b'\'') {
                quote = Some(*byte);
            }
            return quote.is_none();
        };
        if escaped {
            escaped = false;
        } else if *byte == b'\\' {
            escaped = true;
        } else if *byte == open {
            quote = None;
        }
        false
    })
}

/// Caps nesting before anything recurses.
fn check_nesting(text: &str) -> Result<(), PathError> {
    let (mut brackets, mut parentheses) = (0_usize, 0_usize);
    for (offset, byte) in outside_quotes(text) {
        match byte {
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            _ => {}
        }
        if brackets > DEEPEST_BRACKETS {
            let why = format!("expected at most {DEEPEST_BRACKETS} levels of `[`, found more");
            return Err(wrong(offset, why));
        }
        if parentheses > DEEPEST_PARENTHESES {
            let why = format!("expected at most {DEEPEST_PARENTHESES} levels of `(`, found more");
            return Err(wrong(offset, why));
        }
    }
    Ok(())
}

/// Two words with a blank between them are never right outside quotes; the parser takes them for
/// one name.
fn check_blanks(text: &str) -> Result<(), PathError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
    let mut last = (0, b' ');
    for (offset, byte) in outside_quotes(text).filter(|(_, byte)| !byte.is_ascii_whitespace()) {
        let (before, word) = last;
        if is_word(word) && is_word(byte) && offset > before + 1 {
            return Err(wrong(offset, "expected no blank before this word"));
        }
        last = (offset, byte);
    }
    Ok(())
}

/// Where and why the parser failed, without its words.
fn readable(text: &str, error: &JsonPathError) -> PathError {
    match error {
        JsonPathError::PestError(error) => {
            // The first number in `Pos(5)` or `Span((5, 7))`: the byte.
            let place = format!("{:?}", error.location);
            let digits: String = place
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            let offset = digits.parse().unwrap_or(0).min(text.len());
            wrong(offset, expected(&error.variant.message(), text.get(offset..).unwrap_or("")))
        }
        JsonPathError::InvalidNumber(_) => {
            wrong(0, "expected shorter numbers without blanks in a JSONPath")
        }
        JsonPathError::MaxNestingDepthExceeded(_) => wrong(0, "brackets are nested too deep"),
        JsonPathError::InvalidJsonPath(_)
        | JsonPathError::EmptyInner(_)
        | JsonPathError::UnexpectedRuleLogicError(..)
        | JsonPathError::UnexpectedNoneLogicError(..)
        | JsonPathError::UnexpectedPestOutput
        | JsonPathError::NoRulePath
        | JsonPathError::NoJsonPathDescent
        | JsonPathError::NoJsonPathField
        | JsonPathError::InvalidTopLevelRule(_) => misused(text),
    }
}

/// The parser accepted the shape and refused the meaning without saying where: most often a blank
/// behind a dot, or a function with a blank before its parenthesis or with a wrong argument.
fn misused(text: &str) -> PathError {
    for name in ["length", "count", "value", "match", "search"] {
        if let Some(offset) = word_at(text, name) {
            return wrong(offset, format!("`{name}` is not used as it must be"));
        }
    }
    let blank = outside_quotes(text).find(|(_, byte)| byte.is_ascii_whitespace());
    match blank {
        Some((offset, _)) => wrong(offset, "expected no blank here"),
        None => wrong(0, "expected a JSONPath, found something that has no meaning"),
    }
}

/// Where `name` stands outside quotes.
fn word_at(text: &str, name: &str) -> Option<usize> {
    outside_quotes(text).map(|(offset, _)| offset).find(|offset| {
        let before = text.get(..*offset).and_then(|t| t.chars().next_back());
        let behind = text.get(*offset..).unwrap_or("");
        behind.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('('))
            && !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// What the parser expected, in readers' words, and what stands there.
fn expected(message: &str, rest: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for rule in message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let word = match rule {
            "EOI" => "the end",
            "jp_query" | "main" => "`$`",
            "segments"
            | "segment"
            | "child_segment"
            | "descendant_segment"
            | "bracketed_selection"
            | "name_segment"
            | "index_segment" => "`.` or `[`",
            "member_name_shorthand" | "name_first" | "name_char" => "a name",
            "wildcard_selector" => "a name or `*`",
            "name_selector" | "string" => "a name in quotes",
            "index_selector" | "slice_selector" | "int" | "start" | "end" | "step" => "a number",
            "selector" => "a name in quotes, a number, `*` or `?`",
            "filter_selector" => "`?`",
            "comp_op" => "a comparison such as `==`",
            "comparable" | "literal" | "singular_query" | "test" | "atom_expr"
            | "function_expr" | "logical_expr" | "logical_expr_and" | "rel_query" | "comp_expr"
            | "test_expr" | "paren_expr" | "function_argument" => "`@`, `$` or a value",
            _ => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let found = match rest.chars().next() {
        None => "the end".to_owned(),
        Some(c) => format!("`{c}`"),
    };
    match words.split_last() {
        None => format!("expected something else than {found}"),
        Some((one, [])) => format!("expected {one}, found {found}"),
        Some((last, others)) => format!("expected {} or {last}, found {found}", others.join(", ")),
    }
}

fn is_singular(segments: &[Segment]) -> bool {
    segments.iter().all(|segment| match segment {
        Segment::Selector(Selector::Name(_) | Selector::Index(_)) => true,
        Segment::Selector(Selector::Wildcard | Selector::Slice(..) | Selector::Filter(_))
        | Segment::Selectors(_)
        | Segment::Descendant(_) => false,
    })
}

/// What the parser lets pass and RFC 9535 does not, or what is answered wrongly.
struct Check<'t> {
    text: &'t str,
    descents: usize,
}

impl Check<'_> {
    fn segments(&mut self, segments: &[Segment], in_filter: bool) -> Result<(), PathError> {
        for segment in segments {
            self.segment(segment, in_filter)?;
        }
        Ok(())
    }

    fn segment(&mut self, segment: &Segment, in_filter: bool) -> Result<(), PathError> {
        match segment {
            Segment::Descendant(inner) => {
                self.descents += 1;
                if self.descents > MOST_DESCENTS {
                    let offset = self.text.rfind("..").unwrap_or(0);
                    return Err(wrong(offset, "expected `..` at most twice, found it more often"));
                }
                if matches!(inner.as_ref(), Segment::Selectors(several) if several.len() > 1) {
                    let offset = self.text.rfind("..").unwrap_or(0);
                    return Err(wrong(offset, "expected one selector behind `..`, found several"));
                }
                self.segment(inner, in_filter)
            }
            Segment::Selector(selector) => self.selector(selector, in_filter),
            Segment::Selectors(selectors) => {
                selectors.iter().try_for_each(|selector| self.selector(selector, in_filter))
            }
        }
    }

    fn selector(&mut self, selector: &Selector, in_filter: bool) -> Result<(), PathError> {
        match selector {
            Selector::Filter(_) if in_filter => {
                let filters = outside_quotes(self.text).filter(|(_, byte)| *byte == b'?');
                let offset = filters.map(|(offset, _)| offset).nth(1).unwrap_or(0);
                Err(wrong(offset, "a filter cannot stand inside another filter"))
            }
            Selector::Filter(filter) => self.filter(filter),
            Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => {
                Ok(())
            }
        }
    }

    fn filter(&mut self, filter: &Filter) -> Result<(), PathError> {
        match filter {
            Filter::Or(parts) | Filter::And(parts) => {
                parts.iter().try_for_each(|part| self.filter(part))
            }
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr),
            Filter::Atom(FilterAtom::Test { expr, .. }) => match expr.as_ref() {
                Test::RelQuery(segments) => self.segments(segments, true),
                Test::AbsQuery(query) => self.segments(&query.segments, true),
                Test::Function(function) => match function.as_ref() {
                    TestFunction::Match(..) | TestFunction::Search(..) => self.function(function),
                    TestFunction::Length(_) | TestFunction::Count(_) | TestFunction::Value(_) => {
                        Err(self.misuse(function, "must be compared with something"))
                    }
                    TestFunction::Custom(..) => Err(self.misuse(function, "is no function")),
                },
            },
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                let (left, right) = comparison.vals();
                self.comparable(left)?;
                self.comparable(right)
            }
        }
    }

    fn comparable(&mut self, side: &Comparable) -> Result<(), PathError> {
        match side {
            Comparable::Literal(_) | Comparable::SingularQuery(_) => Ok(()),
            Comparable::Function(function) => self.value_function(function),
        }
    }

    /// A function whose answer is one value.
    fn value_function(&mut self, function: &TestFunction) -> Result<(), PathError> {
        match function {
            TestFunction::Length(_) | TestFunction::Count(_) | TestFunction::Value(_) => {
                self.function(function)
            }
            TestFunction::Match(..) | TestFunction::Search(..) => {
                Err(self.misuse(function, "gives yes or no, which cannot be compared"))
            }
            TestFunction::Custom(..) => Err(self.misuse(function, "is no function")),
        }
    }

    fn function(&mut self, function: &TestFunction) -> Result<(), PathError> {
        match function {
            TestFunction::Length(arg) => self.value_argument(arg, function),
            TestFunction::Match(a, b) | TestFunction::Search(a, b) => {
                self.value_argument(a, function)?;
                self.value_argument(b, function)
            }
            TestFunction::Count(arg) | TestFunction::Value(arg) => match query_of(arg) {
                Some(segments) => self.segments(segments, true),
                None => Err(self.misuse(function, "takes a path that begins with `@` or `$`")),
            },
            TestFunction::Custom(..) => Err(self.misuse(function, "is no function")),
        }
    }

    /// An argument that is one value: a constant, a path to one value, or a function.
    fn value_argument(&mut self, arg: &FnArg, of: &TestFunction) -> Result<(), PathError> {
        if matches!(arg, FnArg::Literal(_)) {
            return Ok(());
        }
        if let FnArg::Test(test) = arg
            && let Test::Function(inner) = test.as_ref()
        {
            return self.value_function(inner);
        }
        match query_of(arg) {
            Some(segments) if is_singular(segments) => Ok(()),
            Some(_) | None => Err(self.misuse(of, "takes a constant or a path to one value")),
        }
    }

    fn misuse(&self, function: &TestFunction, why: &str) -> PathError {
        let name = match function {
            TestFunction::Custom(name, _) => name.as_str(),
            TestFunction::Length(_) => "length",
            TestFunction::Value(_) => "value",
            TestFunction::Count(_) => "count",
            TestFunction::Search(..) => "search",
            TestFunction::Match(..) => "match",
        };
        wrong(word_at(self.text, name).unwrap_or(0), format!("`{name}` {why}"))
    }
}

/// The path that an argument is, when it is one.
fn query_of(arg: &FnArg) -> Option<&[Segment]> {
    match arg {
        FnArg::Test(test) => match test.as_ref() {
            Test::RelQuery(segments) => Some(segments),
            Test::AbsQuery(query) => Some(&query.segments),
            Test::Function(_) => None,
        },
        FnArg::Literal(_) | FnArg::Filter(_) => None,
    }
}

#[cfg(test)]
mod tests;
