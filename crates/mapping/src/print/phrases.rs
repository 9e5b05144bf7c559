//! Names, paths, values, conditions and clauses -> text, with quotes and backticks where needed.
//!
//! In: parts of the tree. Out: text on one line. Must not know: columns, blocks.

use super::atoms;
use super::columns::Below;
use crate::parse::{begins_line, is_bare_word};
use crate::tree::{
    At, BlankPolicy, Cell, Clause, ClauseKind, Condition, Constant, Delay, Moment, NotBefore,
    Operand, Path, Span, Test, TestOp, Want,
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

/// Makes text of parts of the tree.
pub(super) struct Phrases<'t> {
    /// What the tree was read from: tells whether a value was quoted.
    pub(super) text: &'t str,
}

impl Phrases<'_> {
    /// A constant that may stand without quotes when it was written so.
    fn value(&self, constant: &Constant, span: Span) -> String {
        match constant {
            Constant::Text(text) if self.was_bare(span) && is_bare_word(text) => {
                if VALUES.contains(&text.as_str()) { atoms::quoted(text) } else { text.clone() }
            }
            Constant::Text(_) | Constant::Number(_) | Constant::Bool(_) | Constant::Blank => {
                atoms::constant(constant)
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
            format!("{} = {}", atoms::path(&path.value), self.value(&value.value, value.span))
        };
        let texts: Vec<String> = values.iter().map(one).collect();
        texts.join(", ")
    }

    pub(super) fn wants(&self, wants: &[(At<Path>, At<Want>)]) -> String {
        let one = |(path, want): &(At<Path>, At<Want>)| {
            let path = atoms::path(&path.value);
            match &want.value {
                Want::Is(value) => format!("{path} = {}", self.value(value, want.span)),
                Want::Unchanged => format!("{path} unchanged"),
                Want::Held => format!("{path} held"),
                Want::Parked => format!("{path} parked"),
            }
        };
        let texts: Vec<String> = wants.iter().map(one).collect();
        texts.join(", ")
    }

    pub(super) fn condition(&self, condition: &Condition) -> String {
        let test = |test: &At<Test>| {
            format!(
                "{} {}",
                atoms::operand(&test.value.subject.value),
                self.test_op(&test.value.op)
            )
        };
        let texts: Vec<String> = condition.tests.iter().map(test).collect();
        texts.join(" and ")
    }

    pub(super) fn moment(moment: &Moment) -> String {
        let plus = match moment.plus {
            Some(Delay::Hours(hours)) => format!(" plus {hours} hours"),
            Some(Delay::Days(days)) => format!(" plus {days} days"),
            None => String::new(),
        };
        format!("{}{plus}", atoms::path(&moment.path.value))
    }

    pub(super) fn not_before(&self, clause: &NotBefore) -> String {
        let during = clause.during.as_ref();
        let during = during.map(|during| format!(" while {}", self.condition(&during.value)));
        format!("not before {}{}", Self::moment(&clause.moment.value), during.unwrap_or_default())
    }

    /// A condition at the start of a line, where a name may be mistaken for a word.
    pub(super) fn demand(&self, condition: &Condition) -> String {
        let whole = self.condition(condition);
        let first = condition.tests.first().map(|first| &first.value.subject.value);
        let Some(Operand::Path(path)) = first else { return whole };
        let plain = atoms::path(path);
        let careful = if plain.starts_with('`') {
            plain.clone()
        } else {
            atoms::path_but(path, &begins_line)
        };
        whole.strip_prefix(&plain).map(|rest| careful + rest).unwrap_or(whole)
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
        let side = atoms::side(&to.value);
        if matches!(clause.kind, ClauseKind::Blank(_)) {
            format!("{text} to {side}")
        } else {
            format!("to {side} {text}")
        }
    }

    fn kind(&self, kind: &ClauseKind) -> String {
        match kind {
            ClauseKind::As(tokens) => format!("as{}", atoms::tokens(tokens)),
            ClauseKind::Using(tables) => {
                let names: Vec<String> = tables.iter().map(|t| atoms::name(&t.value)).collect();
                format!("using {}", names.join(" then "))
            }
            ClauseKind::Wins { side, unless_blank } => {
                let unless = if *unless_blank { " unless blank" } else { "" };
                format!("wins {}{unless}", atoms::side(&side.value))
            }
            ClauseKind::WinsNewest { fallback } => {
                format!("wins newest else {}", atoms::side(&fallback.value))
            }
            ClauseKind::WinsNewestAlone => "wins newest".to_owned(),
            ClauseKind::FirstContact(side) => {
                format!("first contact wins {}", atoms::side(&side.value))
            }
            ClauseKind::ConflictAsk => "conflict ask".to_owned(),
            ClauseKind::Union => "union".to_owned(),
            ClauseKind::Blank(BlankPolicy::Keep) => "blank keep".to_owned(),
            ClauseKind::Blank(BlankPolicy::Clear) => "blank clear".to_owned(),
            ClauseKind::Blank(BlankPolicy::Park) => "blank park".to_owned(),
            ClauseKind::Default { value, plus_days } => {
                let plus = plus_days.map(|days| format!(" plus {days} days")).unwrap_or_default();
                format!("default {}{plus}", atoms::operand(&value.value))
            }
            ClauseKind::OnCreateOnly => "on create only".to_owned(),
            ClauseKind::OnCreateOrInvite => "on create or on invite".to_owned(),
            ClauseKind::OneWayTo(value) => format!("one way to {}", atoms::constant(&value.value)),
            ClauseKind::UntilShared => "until shared".to_owned(),
            ClauseKind::RemovedKeep => "removed keep".to_owned(),
            ClauseKind::None(word) => format!("none {}", word.value),
            ClauseKind::Several(word) => format!("several {}", word.value),
            ClauseKind::When(condition) => format!("when {}", self.condition(&condition.value)),
            ClauseKind::Else(text) => format!("else {}", atoms::quoted(&text.value)),
        }
    }
}
