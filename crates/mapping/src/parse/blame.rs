//! A line that could not be read -> one precise problem.
//!
//! In: where reading stopped and what could have followed. Out: a [`Problem`]. Must not know:
//! blocks, the tree.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::grammar::Rule;
use super::lines::is_name_char;
use super::logical::Logical;
use super::odd;
use super::words::{self, Expected};
use crate::problem::{Problem, syntax};
use crate::tree::Span;

/// What stands where reading stopped.
struct Found<'t> {
    /// Its range in the plain text.
    start: usize,
    end: usize,
    text: &'t str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    End,
    Word,
    Sign,
    Text,
    Other,
}

impl Found<'_> {
    /// In a reader's words.
    fn shown(&self) -> String {
        match self.kind {
            Kind::End => "the end of the line".to_owned(),
            Kind::Text => syntax::shown(self.text),
            Kind::Word | Kind::Sign | Kind::Other => format!("`{}`", syntax::shown(self.text)),
        }
    }
}

const TESTS: &str = "write a test such as `type is Shared`, `type is not Shared`, \
    `type is one of A, B`, `type is present`, `type is blank`, `value above 5`, `value below 5`, \
    `list empty` or `list not empty`";

/// Everything that is known about a failure.
struct Failure<'a> {
    logical: &'a Logical,
    plain: &'a str,
    rule: Rule,
    expected: Vec<Expected>,
    rules: Vec<Rule>,
    found: Found<'a>,
}

/// Says why `rule` could not read `plain`.
pub(super) fn blame(rule: Rule, error: &Error<Rule>, plain: &str, logical: &Logical) -> Problem {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rules = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let mut expected: Vec<Expected> = Vec::new();
    for words in rules.iter().map(|rule| words::expected(*rule)) {
        if words != Expected::Quiet && !expected.contains(&words) {
            expected.push(words);
        }
    }
    let failure = Failure { logical, plain, rule, expected, rules, found: found(plain, at) };
    failure
        .overlay()
        .or_else(|| failure.odd_name())
        .or_else(|| failure.path())
        .or_else(|| failure.sign())
        .or_else(|| failure.several_words())
        .or_else(|| failure.unknown_word())
        .unwrap_or_else(|| failure.general())
}

impl Failure<'_> {
    fn at(&self) -> Span {
        self.logical.span_of(self.found.start, self.found.end)
    }

    fn before(&self) -> &str {
        self.plain.get(..self.found.start).unwrap_or("")
    }

    /// `add campaignId <-> Campaign__c` inside a block.
    fn overlay(&self) -> Option<Problem> {
        let end = self.plain.find(|c| !is_name_char(c)).unwrap_or(self.plain.len());
        let word = self.plain.get(..end)?;
        let is_item = self.rule == Rule::field_line || self.rule == Rule::row_line;
        let known = is_item && words::OVERLAY.contains(&word);
        known.then(|| syntax::overlay_inside(self.logical.span_of(0, end), word))
    }

    /// A name or word with a character that needs backticks or quotes, such as `odd-key`.
    fn odd_name(&self) -> Option<Problem> {
        let c = self.plain.get(self.found.start..)?.chars().next()?;
        let touches = self.before().ends_with(is_name_char);
        if c == '#' && touches {
            return Some(syntax::tight_comment(self.at()));
        }
        let odd = !c.is_ascii() && c.is_alphanumeric();
        let joins = touches && (odd || "-/@%&+*!?~^|\\".contains(c));
        let open = self.before().rfind('[');
        let selects = open > self.before().rfind(']');
        let digit = c.is_ascii_digit() && !self.wants_number() && !selects;
        if !(joins || odd || digit) {
            return None;
        }
        let stops = |c: char| c.is_whitespace() || ",.[]<>=\"`()".contains(c);
        let start = self.before().rfind(stops).map_or(0, |i| i + 1);
        let rest = self.plain.get(self.found.start..)?;
        let end = self.found.start + rest.find(stops).unwrap_or(rest.len());
        let name = self.plain.get(start..end)?;
        let at = self.logical.span_of(start, end);
        let before = self.plain.get(..start)?.trim_end();
        let is_value = before.ends_with('=')
            || ["is", "not", "of"].iter().any(|word| before.ends_with(&format!(" {word}")));
        if is_value || self.rule == Rule::row_line {
            return Some(syntax::odd_word(at, name).fix(at, format!("\"{name}\"")));
        }
        Some(syntax::odd_name(at, name).fix(at, format!("`{name}`")))
    }

    fn wants_number(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(rule, Rule::number | Rule::digits | Rule::whole | Rule::exponent))
    }

    /// `=` where a word belongs, or an arrow that is none or one too many.
    fn sign(&self) -> Option<Problem> {
        if self.found.kind != Kind::Sign {
            return None;
        }
        let is_arrow = matches!(self.found.text, "<->" | "->" | "<-");
        if self.rules.contains(&Rule::arrow) && !is_arrow {
            return Some(syntax::missing_arrow(self.at(), Some(self.found.text), None));
        }
        if is_arrow && self.rules.contains(&Rule::EOI) {
            return Some(syntax::second_arrow(self.at()));
        }
        let tests = [Rule::test_op, Rule::is_op, Rule::kw_is, Rule::above, Rule::below];
        let in_test = self.rules.iter().any(|rule| tests.contains(rule));
        let word = match self.found.text {
            "=" | "==" => Some("is"),
            "!=" | "<>" => Some("is not"),
            ">" => Some("above"),
            "<" => Some("below"),
            _ => None,
        };
        in_test.then(|| syntax::sign_for_word(self.at(), self.found.text, word))
    }

    /// A path that breaks off, or a selector that is none.
    fn path(&self) -> Option<Problem> {
        let found = self.found.shown();
        let before = self.before().trim_end();
        if before.ends_with('.') && self.rules.contains(&Rule::name) {
            return Some(syntax::missing_name(self.at(), &found));
        }
        let open = before.rfind('[').filter(|open| before.rfind(']').is_none_or(|c| c < *open));
        let in_text = before.matches('"').count() % 2 == 1;
        let open = open.or_else(|| (self.found.text == "[").then_some(self.found.start));
        let open = open.filter(|_| !in_text)?;
        let close = self.plain.get(open..)?.find(']');
        Some(match close {
            Some(close) => {
                let text = self.plain.get(open..=open + close)?;
                let at = self.logical.span_of(open, open + close + 1);
                syntax::bad_selector(at, &format!("`{}`", syntax::shown(text)))
            }
            None => syntax::unclosed_selector(self.logical.span_of(open, open + 1)),
        })
    }

    /// A value of several words that needs quotes, such as `Closed Won`.
    fn several_words(&self) -> Option<Problem> {
        if self.found.kind != Kind::Word || matches!(self.found.text, "when" | "and" | "or") {
            return None;
        }
        let ends = |c: char| !(is_name_char(c) || c == ' ');
        let run = self.before().rfind(ends).map_or(0, |i| i + 1);
        let words = self.before().get(run..)?;
        let value = |word: &str| words.find(word).map(|i| i + word.len());
        let start = match self.before().get(..run)?.chars().last() {
            Some('=') => 0,
            _ if self.rule == Rule::row_line => 0,
            _ => value(" is not ").or_else(|| value(" is "))?,
        };
        let start =
            run + start + words.get(start..)?.len() - words.get(start..)?.trim_start().len();
        let first = self.before().get(start..)?.trim_end();
        let known = self.rules.contains(&Rule::comma) || self.rules.contains(&Rule::EOI);
        if !known || first.is_empty() || first.contains(' ') || self.near().is_some() {
            return None;
        }
        let rest = self.plain.get(self.found.start..)?;
        let (mut next, mut end) = (self.found.start, self.found.start);
        for word in rest.get(..rest.find(ends).unwrap_or(rest.len()))?.split(' ') {
            if words::continues(word) || matches!(word, "with" | "when") {
                break;
            }
            next += word.len() + 1;
            end = if word.is_empty() { end } else { next - 1 };
        }
        let text = self.plain.get(start..end)?;
        let at = self.logical.span_of(start, end);
        Some(syntax::odd_word(at, text).fix(at, format!("\"{text}\"")))
    }

    /// The words that could have followed.
    fn known(&self) -> Vec<&'static str> {
        let mut known: Vec<&'static str> = Vec::new();
        for expected in &self.expected {
            match expected {
                Expected::Word(word) => known.extend(word.split(' ').next()),
                Expected::Words(_, words) => known.extend(*words),
                Expected::Thing(_) | Expected::Quiet => {}
            }
        }
        known
    }

    /// The word that may be meant by the one that was found.
    fn near(&self) -> Option<&'static str> {
        let (word, known) = (self.found.text, self.known());
        if self.found.kind != Kind::Word {
            return None;
        }
        let synonym = words::SYNONYMS.iter().find(|(synonym, meant)| {
            *synonym == word && meant.split(' ').next().is_some_and(|meant| known.contains(&meant))
        });
        synonym
            .map(|(_, meant)| *meant)
            .or_else(|| words::near(word, &known).filter(|meant| *meant != word))
    }

    /// A word that does not exist where only certain words do.
    fn unknown_word(&self) -> Option<Problem> {
        if self.found.text == "blank" && self.wants_clause() {
            return Some(syntax::unfinished(self.at(), "blank", "`keep`, `clear` or `park`"));
        }
        if self.found.text == "or" && self.rules.contains(&Rule::kw_and) {
            return Some(syntax::no_or(self.at()));
        }
        if self.found.kind == Kind::End && self.rules.contains(&Rule::equals) {
            let word = self.before().trim_end().rsplit(' ').next()?;
            let meant = words::near(word, &["unchanged"])?;
            let end = self.before().trim_end().len();
            let at = self.logical.span_of(end - word.len(), end);
            return Some(syntax::unknown_word(at, word, Some(meant), "`unchanged`"));
        }
        let (word, meant) = (self.found.text, self.near());
        let only_words = self.expected.iter().all(|expected| match expected {
            Expected::Word(_) | Expected::Words(..) => true,
            Expected::Thing(thing) => matches!(*thing, "the end of the line" | "`,`"),
            Expected::Quiet => false,
        });
        let clause = self.found.kind == Kind::Word && self.wants_clause() && only_words;
        match (clause, meant) {
            (true, _) => {
                let known = "a clause such as `as`, `using` or `wins`";
                Some(syntax::unknown(self.at(), word, "clause", meant, known))
            }
            (false, Some(_)) => Some(syntax::unknown_word(self.at(), word, meant, &self.wanted())),
            (false, None) => None,
        }
    }

    fn wants_clause(&self) -> bool {
        self.rules.contains(&Rule::clause) || self.rules.contains(&Rule::default_line)
    }

    /// What could have followed, as a list.
    fn wanted(&self) -> String {
        let clause = self.wants_clause();
        let mut names: Vec<String> = Vec::new();
        for expected in &self.expected {
            match expected {
                Expected::Word(word) if clause && words::CLAUSES.contains(word) => {}
                Expected::Thing("`,`") if clause => {}
                Expected::Word(word) => names.push(format!("`{word}`")),
                Expected::Words("a clause", _) => {
                    names.push("a clause such as `as`, `using` or `wins`".to_owned());
                }
                Expected::Thing(name) | Expected::Words(name, _) => names.push((*name).to_owned()),
                Expected::Quiet => {}
            }
        }
        names.sort_by_key(|name| name == "the end of the line");
        names.dedup();
        names.truncate(8);
        match names.split_last() {
            None => "another word".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }

    fn general(&self) -> Problem {
        let help = match words::shape(self.rule) {
            _ if self.rules.contains(&Rule::test_op) => TESTS.to_owned(),
            Some(shape) => format!("write it like `{shape}`"),
            None => "compare the line with the examples in the manual".to_owned(),
        };
        syntax::unexpected(self.at(), &self.wanted(), &self.found.shown(), &help)
    }
}

/// The token at byte `at`, blanks before it skipped.
fn found(plain: &str, at: usize) -> Found<'_> {
    let rest = plain.get(at..).unwrap_or("");
    let skipped = rest.trim_start();
    let start = at + (rest.len() - skipped.len());
    let is_sign = |c: char| odd::sign(c).is_some() || c == '!';
    let mut inner = skipped.chars();
    let (length, kind) = match inner.next() {
        None => (0, Kind::End),
        Some(c @ ('"' | '`')) => (closed(skipped, c), Kind::Text),
        Some(c) if is_name_char(c) => (run(skipped, is_name_char), Kind::Word),
        Some(c) if is_sign(c) => (run(skipped, is_sign), Kind::Sign),
        Some(c) => (c.len_utf8(), Kind::Other),
    };
    let end = start + length;
    Found { start, end, text: plain.get(start..end).unwrap_or(""), kind }
}

/// Bytes of the characters at the start that fulfil `fits`.
fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

/// Bytes of the quoted text or name at the start.
fn closed(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return i + 1;
        }
    }
    text.len()
}
