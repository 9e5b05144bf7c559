//! Names, paths, values, conditions and clauses -> text, with quotes and backticks where needed.
//!
//! In: parts of the tree. Out: text on one line. Must not know: columns, blocks.

use super::columns::Below;
use crate::parse::{begins_line, is_bare_jsonpath, is_bare_name, is_bare_word};
use crate::tree::{
    At, BlankPolicy, Cell, Clause, ClauseKind, Condition, Constant, Operand, Path, Segment, Span,
    Test, TestOp, Token,
};

/// Words that a bare value must not be, because they mean something there.
const VALUES: &[&str] = &[
    "any",
    "blank",
    "empty",
    "false",
    "ignore",
    "keep",
    "not",
    "one",
    "otherwise",
    "park",
    "present",
    "same",
    "true",
];

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

/// Makes text of parts of the tree.
pub(super) struct Phrases<'t> {
    /// What the tree was read from: tells whether a value was quoted.
    pub(super) text: &'t str,
}

impl Phrases<'_> {
    /// A name; in backticks when it is no identifier.
    pub(super) fn name(&self, name: &str) -> String {
        if is_bare_name(name) { name.to_owned() } else { format!("`{name}`") }
    }

    /// The name of a side, which may begin a line.
    pub(super) fn side(&self, name: &str) -> String {
        if begins_line(name) || name == "newest" { format!("`{name}`") } else { self.name(name) }
    }

    pub(super) fn quoted(&self, text: &str) -> String {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }

    pub(super) fn path(&self, path: &Path) -> String {
        let is_value =
            |name: &str| matches!(name, "true" | "false" | "blank" | "end" | "unchanged");
        self.path_but(path, &is_value)
    }

    /// A path; its first name in backticks when `reserved` says so.
    fn path_but(&self, path: &Path, reserved: &dyn Fn(&str) -> bool) -> String {
        let mut text = String::new();
        for (i, segment) in path.segments.iter().enumerate() {
            match segment {
                Segment::Name(name) if i == 0 && reserved(name) => {
                    text.push_str(&format!("`{name}`"));
                }
                Segment::Name(name) => {
                    text.push_str(if i == 0 { "" } else { "." });
                    text.push_str(&self.name(name));
                }
                Segment::First => text.push_str("[first]"),
                Segment::FirstWith(name) => {
                    text.push_str(&format!("[first with {}]", self.name(name)));
                }
                Segment::Is { name, value } => {
                    text.push_str(&format!("[{} is {}]", self.name(name), self.quoted(value)));
                }
                Segment::EachBy(name) => text.push_str(&format!("[each by {}]", self.name(name))),
            }
        }
        text
    }

    pub(super) fn operands(&self, operands: &[At<Operand>]) -> String {
        let texts: Vec<String> = operands.iter().map(|o| self.operand(&o.value)).collect();
        texts.join(", ")
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Path(path) => self.path(path),
            Operand::JsonPath(path) if is_bare_jsonpath(path) => path.clone(),
            Operand::JsonPath(path) => format!("${}", self.quoted(path)),
            Operand::Constant(constant) => self.constant(constant),
        }
    }

    fn constant(&self, constant: &Constant) -> String {
        match constant {
            Constant::Text(text) => self.quoted(text),
            Constant::Number(digits) => digits.clone(),
            Constant::Bool(true) => "true".to_owned(),
            Constant::Bool(false) => "false".to_owned(),
            Constant::Blank => "blank".to_owned(),
        }
    }

    /// A constant that may stand without quotes when it was written so.
    fn value(&self, constant: &Constant, span: Span) -> String {
        match constant {
            Constant::Text(text) if self.was_bare(span) && is_bare_word(text) => {
                if VALUES.contains(&text.as_str()) { self.quoted(text) } else { text.clone() }
            }
            Constant::Text(_) | Constant::Number(_) | Constant::Bool(_) | Constant::Blank => {
                self.constant(constant)
            }
        }
    }

    /// True when what was written at `span` is no quoted text.
    fn was_bare(&self, span: Span) -> bool {
        let rest = self.text.get(span.start..).unwrap_or("");
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }

    pub(super) fn cells(&self, cells: &[At<Cell>]) -> String {
        let cell = |cell: &At<Cell>| match &cell.value {
            Cell::Value(constant) => self.value(constant, cell.span),
            Cell::Any => "any".to_owned(),
            Cell::Ignore => "ignore".to_owned(),
            Cell::Keep => "keep".to_owned(),
            Cell::Same => "same".to_owned(),
            Cell::Park => "park".to_owned(),
        };
        let texts: Vec<String> = cells.iter().map(cell).collect();
        texts.join(", ")
    }

    pub(super) fn assignments(&self, values: &[(At<Path>, At<Constant>)]) -> String {
        let one = |(path, value): &(At<Path>, At<Constant>)| {
            format!("{} = {}", self.path(&path.value), self.value(&value.value, value.span))
        };
        let texts: Vec<String> = values.iter().map(one).collect();
        texts.join(", ")
    }

    pub(super) fn condition(&self, condition: &Condition) -> String {
        let test = |test: &At<Test>| {
            format!("{} {}", self.operand(&test.value.subject.value), self.test_op(&test.value.op))
        };
        let texts: Vec<String> = condition.tests.iter().map(test).collect();
        texts.join(" and ")
    }

    /// A condition at the start of a line, where a name may be mistaken for a word.
    pub(super) fn demand(&self, condition: &Condition) -> String {
        let text = self.condition(condition);
        let Some(test) = condition.tests.first() else { return text };
        let Operand::Path(path) = &test.value.subject.value else { return text };
        let (plain, careful) = (
            self.path(path),
            self.path_but(path, &|name| {
                begins_line(name)
                    || matches!(name, "true" | "false" | "blank" | "end" | "unchanged")
            }),
        );
        text.strip_prefix(&plain).map(|rest| careful + rest).unwrap_or(text)
    }

    fn test_op(&self, op: &TestOp) -> String {
        match op {
            TestOp::Is(values) => format!("is {}", self.values(values)),
            TestOp::IsNot(values) => format!("is not {}", self.values(values)),
            TestOp::Present => "is present".to_owned(),
            TestOp::Blank => "is blank".to_owned(),
            TestOp::Above(limit) => format!("above {}", limit.value),
            TestOp::Below(limit) => format!("below {}", limit.value),
            TestOp::Empty => "empty".to_owned(),
            TestOp::NotEmpty => "not empty".to_owned(),
        }
    }

    fn values(&self, values: &[At<Constant>]) -> String {
        let texts: Vec<String> = values.iter().map(|v| self.value(&v.value, v.span)).collect();
        match texts.as_slice() {
            [one] => one.clone(),
            several => format!("one of {}", several.join(", ")),
        }
    }

    /// Clauses of the first line, when there are some, and the lines below with the others.
    pub(super) fn clauses(&self, clauses: &[Clause]) -> (Option<String>, Vec<Below>) {
        let (mut inline, mut below): (Option<String>, Vec<Below>) = (None, Vec::new());
        for clause in clauses {
            let text = self.clause(clause);
            if clause.own_line {
                below.extend(clause.before.iter().map(|c| (c.value.clone(), None)));
                below.push((text, None));
            } else {
                let line = below.last_mut().map(|(line, _)| line);
                match line.or(inline.as_mut()) {
                    Some(line) => {
                        line.push_str("  ");
                        line.push_str(&text);
                    }
                    None => inline = Some(text),
                }
            }
            if let (Some(comment), Some((_, trailing))) = (&clause.trailing, below.last_mut()) {
                *trailing = Some(comment.clone());
            }
        }
        (inline, below)
    }

    /// One clause with its `to SIDE`.
    pub(super) fn clause(&self, clause: &Clause) -> String {
        let text = self.kind(&clause.kind);
        let Some(to) = &clause.to else { return text };
        let side = self.side(&to.value);
        if matches!(clause.kind, ClauseKind::Blank(_)) {
            format!("{text} to {side}")
        } else {
            format!("to {side} {text}")
        }
    }

    fn kind(&self, kind: &ClauseKind) -> String {
        match kind {
            ClauseKind::As(tokens) => format!("as{}", self.tokens(tokens)),
            ClauseKind::Using(tables) => {
                let names: Vec<String> = tables.iter().map(|t| self.name(&t.value)).collect();
                format!("using {}", names.join(" then "))
            }
            ClauseKind::Wins { side, unless_blank } => {
                let unless = if *unless_blank { " unless blank" } else { "" };
                format!("wins {}{unless}", self.side(&side.value))
            }
            ClauseKind::WinsNewest { fallback } => {
                format!("wins newest else {}", self.side(&fallback.value))
            }
            ClauseKind::WinsNewestAlone => "wins newest".to_owned(),
            ClauseKind::FirstContact(side) => {
                format!("first contact wins {}", self.side(&side.value))
            }
            ClauseKind::ConflictAsk => "conflict ask".to_owned(),
            ClauseKind::Union => "union".to_owned(),
            ClauseKind::Blank(BlankPolicy::Keep) => "blank keep".to_owned(),
            ClauseKind::Blank(BlankPolicy::Clear) => "blank clear".to_owned(),
            ClauseKind::Blank(BlankPolicy::Park) => "blank park".to_owned(),
            ClauseKind::Default { value, plus_days } => {
                let plus = plus_days.map(|days| format!(" plus {days} days")).unwrap_or_default();
                format!("default {}{plus}", self.operand(&value.value))
            }
            ClauseKind::OnCreateOnly => "on create only".to_owned(),
            ClauseKind::OnCreateOrInvite => "on create or on invite".to_owned(),
            ClauseKind::OneWayTo(value) => format!("one way to {}", self.constant(&value.value)),
            ClauseKind::UntilShared => "until shared".to_owned(),
            ClauseKind::RemovedKeep => "removed keep".to_owned(),
            ClauseKind::None(word) => format!("none {}", word.value),
            ClauseKind::Several(word) => format!("several {}", word.value),
            ClauseKind::When(condition) => format!("when {}", self.condition(&condition.value)),
            ClauseKind::Else(text) => format!("else {}", self.quoted(&text.value)),
        }
    }

    /// What stands behind `as`, each with a blank before it; a comma has none.
    fn tokens(&self, tokens: &[At<Token>]) -> String {
        let mut text = String::new();
        for (i, token) in tokens.iter().enumerate() {
            let word = match &token.value {
                Token::Word(word) if word == "," => ",".to_owned(),
                Token::Word(word) => {
                    let next = tokens.get(i + 1).map(|token| &token.value);
                    let ends = ENDS_TOKENS.iter().any(|(end, then)| {
                        let follows = |then: &str| next == Some(&Token::Word(then.to_owned()));
                        end == word && then.is_none_or(follows)
                    });
                    let bare = !ends && is_bare_token(word);
                    if bare { word.clone() } else { format!("`{word}`") }
                }
                Token::Number(digits) => digits.clone(),
                Token::Text(quoted) => self.quoted(quoted),
            };
            if word != "," {
                text.push(' ');
            }
            text.push_str(&word);
        }
        text
    }
}

/// True for a word behind `as` that needs no backticks: names joined by `.`, `-` or `/`.
fn is_bare_token(word: &str) -> bool {
    let mut parts = word.split(['.', '-', '/']);
    let is_rest = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    parts.next().is_some_and(is_bare_name) && parts.all(is_rest)
}
