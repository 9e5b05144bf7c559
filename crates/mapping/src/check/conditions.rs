//! Conditions: `sync … when`, row `when`, `require`.

use crate::decimal::Decimal;
use crate::decision::Side;
use crate::json::Json;
use crate::plan::{Condition, Require, SlotId, Test, TestOp};
use crate::problem::{Code, Problem, nearest, semantics as say};
use crate::schema::{Field, Kind, Place};
use crate::tree::{self, At, ClauseKind, Constant, Item, Tree};
use crate::value::{self, Decode, Value, pieces};

use super::cells::{example_of, has_kind};
use super::clauses::constant_value;
use super::rules::has_unread;
use super::{Checker, head};

impl Checker<'_> {
    /// Reads the `sync` block.
    pub(super) fn conditions_of_sync(&mut self, tree: &Tree) {
        let mut first = None;
        let mut seen: [Vec<(Option<Condition>, tree::Span)>; 2] = [Vec::new(), Vec::new()];
        for (item, span) in head::items(tree) {
            let Item::Sync(block) = item else { continue };
            if let Some(first) = first {
                self.say(say::doubled("sync", first, span));
            }
            first.get_or_insert(span);
            self.sync_unclear |= has_unread(block);
            for (line, line_span) in block.lines() {
                if let Some(hold) = &line.hold {
                    self.read_hold(line, hold, line_span);
                    continue;
                }
                let Some(side) = self.side_of(&line.side) else {
                    self.sync_unclear = true;
                    continue;
                };
                let condition = line.when.as_ref().map(|when| self.condition(side.index(), when));
                if let Some(when) = &line.when {
                    self.is_listed(side.index(), when);
                }
                // Several lines are several ways to take part; one that adds nothing is a mistake.
                let earlier = &seen[side.index()];
                let adds_nothing = |(other, _): &&(Option<Condition>, tree::Span)| {
                    condition.is_none() || other.is_none() || *other == condition
                };
                if let Some((_, first)) = earlier.iter().find(adds_nothing) {
                    let name = format!("from {}", line.side.value);
                    self.say(say::doubled(&name, *first, line_span));
                    continue;
                }
                seen[side.index()].push((condition.clone(), line_span));
                if side == Side::Right && line.when.is_none() {
                    self.no_opt_in(line_span, true);
                }
                let condition = condition.unwrap_or(Condition { tests: Vec::new() });
                let map_line = self.line_of(line_span);
                self.plan.sync[side.index()].push(condition);
                self.plan.sync_lines[side.index()].push(map_line);
            }
        }
    }

    /// Deals are found in lists, so what says which of them take part has to stand in those.
    fn is_listed(&mut self, scope: usize, condition: &At<tree::Condition>) {
        for test in &condition.value.tests {
            let subject = test.value.subject.span;
            let written = self.text.get(subject.start..subject.end).unwrap_or_default();
            let first = written.split(['.', '[']).next().unwrap_or_default();
            let Some(own) = self.scopes.get(scope) else { continue };
            let mut apart = own.place.fields().iter().filter(|field| field.apart);
            if !apart.any(|field| field.name.eq_ignore_ascii_case(first)) {
                continue;
            }
            let name = self.plan.side_name(Side::BOTH[scope.min(1)]).to_owned();
            self.say(
                Problem::new(
                    Code::NotListed,
                    subject,
                    format!("lists of {name} records do not show `{first}`, so it cannot say which take part"),
                )
                .label("is always blank when deals are looked for")
                .effect("deals that should take part would be left out, or others taken in")
                .help("ask for a field of the record itself; lines, rows and `require` may ask for this one"),
            );
        }
    }

    /// Nothing of the CRM may leave without a condition that says so. `from_line`: said at the
    /// `from` line itself, else at the first line that writes to the left.
    pub(super) fn no_opt_in(&mut self, span: tree::Span, from_line: bool) {
        let right = self.plan.side_name(Side::Right).to_owned();
        let flag = self.opt_in_flag();
        self.say(
            Problem::new(
                Code::NoOptIn,
                span,
                format!("no condition says which {right} records may leave for Microsoft"),
            )
            .label(if from_line { "every record would take part" } else { "writes to Microsoft" })
            .effect("deals that nobody agreed to share could be sent to Microsoft")
            .help(format!("write `from {right} when {flag} is true` in the `sync` block")),
        );
    }

    fn opt_in_flag(&self) -> String {
        let fields = self.scopes.get(1).map_or(&[][..], |scope| scope.place.fields());
        fields
            .iter()
            .find(|field| field.opt_in)
            .map_or_else(|| "Sync_with_Partner_Center__c".to_owned(), |field| field.name.clone())
    }

    /// Resolves a condition on the record of a scope.
    pub(super) fn condition(&mut self, scope: usize, condition: &At<tree::Condition>) -> Condition {
        let tests =
            condition.value.tests.iter().filter_map(|test| self.test(scope, test)).collect();
        Condition { tests }
    }

    fn test(&mut self, scope: usize, test: &At<tree::Test>) -> Option<Test> {
        let (slot, found) = self.operand_slot(scope, &test.value.subject)?;
        let field = found.map(|found| found.field);
        if let tree::TestOp::Is(values) | tree::TestOp::IsNot(values) = &test.value.op {
            self.known_record_types(scope, slot, values);
        }
        let op = match &test.value.op {
            tree::TestOp::Is(values) => TestOp::Is(self.constants(field, values)),
            tree::TestOp::IsNot(values) => TestOp::IsNot(self.constants(field, values)),
            tree::TestOp::Present | tree::TestOp::NotEmpty => TestOp::Present,
            tree::TestOp::Blank | tree::TestOp::Empty => TestOp::Blank,
            tree::TestOp::Above(limit) => TestOp::Above(self.limit(scope, slot, limit)?),
            tree::TestOp::Below(limit) => TestOp::Below(self.limit(scope, slot, limit)?),
        };
        Some(Test { slot, op })
    }

    /// Record types that the object has, where its org tells them.
    fn known_record_types(&mut self, scope: usize, slot: SlotId, values: &[At<Constant>]) {
        let Some(place) = self.scopes.get(scope) else { return };
        let path = place.slots.get(slot.0).map(|slot| slot.path.as_str());
        let (Some("RecordType.DeveloperName"), Place::Object(object)) = (path, place.place) else {
            return;
        };
        let known: Vec<&str> = object.record_types.iter().map(|own| own.name.as_str()).collect();
        for value in values.iter().filter(|_| !known.is_empty()) {
            let Constant::Text(word) = &value.value else { continue };
            if known.contains(&word.as_str()) {
                continue;
            }
            let problem = say::unknown_value(value.span, word, "RecordType.DeveloperName", &known);
            self.say(match nearest(word, known.iter().copied()) {
                Some(near) => problem.fix(value.span, self.as_cell(value.span, near)),
                None => problem,
            });
        }
    }

    fn constants(&mut self, field: Option<&Field>, values: &[At<Constant>]) -> Vec<Value> {
        values
            .iter()
            .map(|value| {
                let typed = match typed(field.map(|f| f.kind), &value.value) {
                    // One value is asked for among those of the field, several as they are.
                    Value::List(items) if items.len() == 1 => constant_value(&value.value),
                    typed => typed,
                };
                if let Some(field) = field {
                    self.known_value(field, value, false);
                    self.of_kind(field, &typed, value.span);
                }
                typed
            })
            .collect()
    }

    /// A value that the field's list does not have is a problem, when the list is closed. Records may
    /// still have values that can no longer be written.
    pub(super) fn known_value(&mut self, field: &Field, value: &At<Constant>, written: bool) {
        let (Constant::Text(text) | Constant::Number(text)) = &value.value else { return };
        let open = field.values.iter().filter(|known| known.active || !written);
        let values: Vec<&str> = open.map(|known| known.value.as_str()).collect();
        if !field.restricted || field.values.is_empty() {
            return;
        }
        let several = field.kind == Kind::MultiEnum && !values.contains(&text.as_str());
        let words: Vec<&str> =
            if several { text.split(';').map(str::trim).collect() } else { vec![text] };
        for word in words.into_iter().filter(|word| !values.contains(word)) {
            let within = if several { self.word_within(value.span, word) } else { None };
            let at = within.unwrap_or(value.span);
            let problem = say::unknown_value(at, word, &field.name, &values);
            self.say(match nearest(word, values.iter().copied()) {
                Some(near) if several => problem.fix(at, near),
                Some(near) => problem.fix(at, self.as_cell(at, near)),
                None => problem,
            });
        }
    }

    /// A value of another type than the field's is never found in it.
    pub(super) fn of_kind(&mut self, field: &Field, value: &Value, at: tree::Span) {
        if has_kind(value, field.kind) {
            return;
        }
        let message =
            format!("`{}` holds {}, so it is never this", field.name, field.kind.phrase());
        self.say(
            Problem::new(Code::TypeMismatch, at, message)
                .label("a value of another type")
                .help(format!("write {}", example_of(field.kind))),
        );
    }

    fn limit(&mut self, scope: usize, slot: SlotId, limit: &At<String>) -> Option<Decimal> {
        let kind = self
            .scopes
            .get(scope)
            .and_then(|s| s.slots.get(slot.0))
            .map(|s| (s.kind, s.path.clone()));
        if let Some((kind, path)) = kind
            && !matches!(kind, Kind::Number | Kind::Percent)
        {
            self.say(
                Problem::new(
                    Code::TypeMismatch,
                    limit.span,
                    format!(
                        "`{path}` holds {}, and `above` and `below` compare numbers",
                        kind.phrase()
                    ),
                )
                .label("expected a number field before it")
                .help("compare with `is`, or use a number field"),
            );
            return None;
        }
        let number = Decimal::parse(&limit.value).ok();
        if number.is_none() {
            let message = "expected a number of at most 38 digits";
            let problem = Problem::new(Code::BadArgument, limit.span, message)
                .label("too many digits")
                .help("write a smaller number");
            self.say(problem);
        }
        number
    }

    /// Reads `require before sharing`.
    pub(super) fn read_requires(&mut self, tree: &Tree) {
        for (item, _) in head::items(tree) {
            let Item::Require(block) = item else { continue };
            for (line, span) in block.lines() {
                if self.is_full() {
                    return;
                }
                let test = self.condition(0, &line.test);
                let mut when = None;
                let mut otherwise = None;
                for clause in &line.clauses {
                    match &clause.kind {
                        ClauseKind::When(condition) => when = Some(self.condition(0, condition)),
                        ClauseKind::Else(text) => otherwise = Some(text.value.clone()),
                        kind => {
                            let name = super::clauses::clause_name(kind);
                            self.say(say::misplaced(
                                clause.span,
                                name,
                                "a `require` line takes `when` and `else`",
                                "remove it",
                            ));
                        }
                    }
                }
                let Some(otherwise) = otherwise else {
                    self.say(
                        Problem::new(
                            Code::BadArgument,
                            span,
                            "the line does not say what the seller reads when it fails",
                        )
                        .label("expected `else \"…\"`")
                        .help("add `else \"…\"` with what the seller has to do"),
                    );
                    continue;
                };
                let map_line = self.line_of(span);
                self.plan.requires.push(Require { test, when, otherwise, map_line });
            }
        }
    }
}

/// A constant as a value of a field's kind: digits of a text field are text.
pub(super) fn typed(kind: Option<Kind>, constant: &Constant) -> Value {
    match (kind, constant) {
        (Some(kind), Constant::Number(digits)) if kind.is_text() => Value::Text(digits.clone()),
        (Some(Kind::MultiEnum), Constant::Text(text)) => Value::List(pieces(text, ";")),
        (Some(Kind::List), Constant::Text(text)) => {
            Value::List(vec![Json::Text(text.clone().into())])
        }
        (Some(kind @ (Kind::Date | Kind::DateTime)), Constant::Text(text)) => {
            let json = Json::Text(text.as_str().into());
            value::read(kind, &json, Decode::Exactly).unwrap_or_else(|_| constant_value(constant))
        }
        (Some(Kind::Bool), Constant::Text(word)) if word == "true" || word == "false" => {
            Value::Bool(word == "true")
        }
        (Some(_) | None, constant) => constant_value(constant),
    }
}
