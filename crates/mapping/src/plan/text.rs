//! The plan as stable text, and its hash.
//!
//! In: a plan. Out: text that says its whole meaning in one way only. Must not know: spans,
//! comments, examples; what is not printed by `meaning` is not in the hash.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{
    Cell, Condition, Each, Fallback, Hold, Line, MatchRule, Moment, NotBefore, Otherwise, Plan,
    Related, Row, Slot, SlotId, Source, Successor, Test, TestOp, Via, Wins,
};
use crate::decision::Side;
use crate::tree::{Arrow, BlankPolicy, Delay, Stability};
use crate::value::Value;

impl Plan {
    /// The plan for people: every line resolved, with what happens in each case.
    pub fn to_text(&self) -> String {
        let stability = match self.stability {
            Stability::Stable => "",
            Stability::Experimental => ", experimental",
        };
        let Plan { name, label, hash, .. } = self;
        format!("plan {name} ({label}){stability}\nhash {hash}\n{}", self.meaning())
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How far it may be relied on. No part of the hash.
    pub fn stability(&self) -> Stability {
        self.stability
    }

    /// Sets the hash from the meaning.
    pub(crate) fn seal(&mut self) {
        self.hash = hex(&self.meaning());
    }

    /// Everything that decides what is written, in one order.
    fn meaning(&self) -> String {
        let mut text = String::new();
        for side in Side::BOTH {
            let plan = self.side(side);
            let _ = writeln!(text, "side {} is {} {}", plan.name, plan.system.name(), plan.object);
        }
        for side in Side::BOTH {
            if let Some(Successor { when, to, object }) = self.successor(side) {
                let name = self.side_name(side);
                let _ = writeln!(text, "{name} becomes {object} through {to} when {when} is true");
            }
        }
        let (left, right) = self.key_fields();
        let _ = writeln!(text, "match {left} with {right}");
        for (side, conditions) in Side::BOTH.iter().zip(&self.sync) {
            for condition in conditions {
                let name = self.side_name(*side);
                let when = condition_text(condition, &self.side(*side).slots);
                let _ = writeln!(text, "sync from {name} when {when}");
            }
        }
        for hold in &self.holds {
            let _ = writeln!(text, "sync {}", self.hold_text(hold));
        }
        for table in &self.tables {
            let _ = writeln!(text, "values {}", table.name);
            for row in &table.rows {
                let _ = writeln!(text, "  {}", self.row_text(row));
            }
            for (side, otherwise) in Side::BOTH.iter().zip(&table.otherwise) {
                if let Some(otherwise) = otherwise {
                    let _ = writeln!(text, "  {}", otherwise_text(*side, otherwise));
                }
            }
        }
        let own = [self.side(Side::Left).slots.as_slice(), self.side(Side::Right).slots.as_slice()];
        text.push_str("fields\n");
        for line in &self.lines {
            self.write_line(&mut text, line, own);
        }
        for related in &self.related {
            self.write_related(&mut text, related, own);
        }
        for each in &self.lists {
            self.write_each(&mut text, each);
        }
        for require in &self.requires {
            let slots = &self.side(Side::Left).slots;
            let _ = write!(text, "require {}", condition_text(&require.test, slots));
            if let Some(when) = &require.when {
                let _ = write!(text, " when {}", condition_text(when, slots));
            }
            let _ = writeln!(text, " else {}", quoted(&require.otherwise));
        }
        self.write_report(&mut text);
        text
    }

    fn write_related(&self, text: &mut String, related: &Related, own: [&[Slot]; 2]) {
        let _ = writeln!(text, "related {} through {}", related.object, related.through);
        for rule in &related.rules {
            let _ = writeln!(text, "  match {}", self.match_text(rule));
        }
        let none = if related.create_if_none { "create" } else { "park" };
        let _ = writeln!(text, "  none {none} several ask");
        for line in &related.lines {
            self.write_line(text, line, own);
        }
    }

    /// `LEFT with FIELD, LEFT with FIELD`
    pub(crate) fn match_text(&self, rule: &MatchRule) -> String {
        let pairs = self.match_pairs(rule).map(|[left, field]| format!("{left} with {field}"));
        pairs.collect::<Vec<_>>().join(", ")
    }

    /// Each left path with the field that must be equal to it.
    pub(super) fn match_pairs<'r>(
        &'r self,
        rule: &'r MatchRule,
    ) -> impl Iterator<Item = [&'r str; 2]> {
        rule.pairs.iter().map(|(slot, field, _)| {
            let left = self.slot(Side::Left, *slot).map_or("", |slot| slot.path.as_str());
            [left, field.as_str()]
        })
    }

    fn write_each(&self, text: &mut String, each: &Each) {
        let _ = writeln!(text, "each {}", each.rule);
        for clause in list_clauses(each) {
            let _ = writeln!(text, "  {clause}");
        }
        for line in &each.lines {
            self.write_line(text, line, [&each.elements[0], &each.elements[1]]);
        }
    }

    fn write_report(&self, text: &mut String) {
        if let Some(badge) = &self.badge {
            let field = self.slot(Side::Right, badge.slot).map_or("", |s| s.path.as_str());
            let (good, bad) = (quoted(&badge.good), quoted(&badge.bad));
            let place = if badge.prefix { "prefix of" } else { "in" };
            let _ = writeln!(text, "badge {place} {field} {good} or {bad}");
        }
        if let Some(audit) = &self.audit {
            let field = self.slot(Side::Right, audit.slot).map_or("", |s| s.path.as_str());
            let _ = writeln!(text, "audit in {field}");
        }
    }

    fn write_line(&self, text: &mut String, line: &Line, slots: [&[Slot]; 2]) {
        text.push_str("  ");
        text.push_str(&self.line_meaning(line, slots));
        text.push('\n');
    }

    /// One line with everything that gives it meaning, the tables it uses included by name.
    pub(crate) fn line_meaning(&self, line: &Line, slots: [&[Slot]; 2]) -> String {
        let [left_slots, right_slots] = slots;
        let mut text = source(&line.left, left_slots);
        text.push(' ');
        text.push_str(arrow_text(line.arrow));
        text.push(' ');
        text.push_str(&source(&line.right, right_slots));
        self.write_clauses(&mut text, line, slots);
        text
    }

    /// What a line says behind its fields: conversion or tables, and the clauses that hold for it,
    /// those of `defaults` included.
    pub(crate) fn line_clauses(&self, line: &Line, slots: [&[Slot]; 2]) -> String {
        let mut text = String::new();
        self.write_clauses(&mut text, line, slots);
        text.trim_start().to_owned()
    }

    fn write_clauses(&self, text: &mut String, line: &Line, slots: [&[Slot]; 2]) {
        match &line.via {
            Via::Convert(conversion) if conversion.is_plain() => {}
            Via::Convert(conversion) => {
                let _ = write!(text, " as {conversion}");
            }
            Via::Tables(tables) => {
                let names: Vec<&str> = tables
                    .iter()
                    .filter_map(|t| self.tables.get(*t).map(|t| t.name.as_str()))
                    .collect();
                let _ = write!(text, " using {}", names.join(" then "));
            }
        }
        self.write_decision(text, line);
        for side in Side::BOTH.into_iter().filter(|side| line.writes(*side)) {
            self.write_direction(text, line, side, slots);
        }
        if let Some(goal) = &line.one_way {
            let _ = write!(text, " one way to {}", value_text(goal));
        }
    }

    /// Who wins; on a one-way line only whether the target keeps what it has.
    fn write_decision(&self, text: &mut String, line: &Line) {
        match line.wins {
            Wins::Side { side, .. } if line.arrow != Arrow::Both && !line.writes(side) => return,
            Wins::Side { side, unless_blank } => {
                text.push_str(" wins ");
                text.push_str(self.side_name(side));
                text.push_str(if unless_blank { " unless blank" } else { "" });
            }
            Wins::Newest { fallback } => {
                let _ = write!(text, " wins newest else {}", self.side_name(fallback));
            }
            Wins::Ask => text.push_str(" conflict ask"),
            Wins::Union => text.push_str(" union"),
        }
        let decides = line.arrow == Arrow::Both && line.wins != Wins::Union;
        if let (Some(side), true) = (line.first_contact, decides) {
            let _ = write!(text, " first contact wins {}", self.side_name(side));
        }
    }

    fn write_direction(&self, text: &mut String, line: &Line, side: Side, slots: [&[Slot]; 2]) {
        let name = self.side_name(side);
        match line.blank[side.index()] {
            BlankPolicy::Keep => {}
            BlankPolicy::Clear => {
                let _ = write!(text, " blank clear to {name}");
            }
            BlankPolicy::Park => {
                let _ = write!(text, " blank park to {name}");
            }
        }
        match &line.default[side.index()] {
            Some(Fallback::Constant(value)) => {
                let _ = write!(text, " to {name} default {}", value_text(value));
            }
            Some(Fallback::Slot { slot, plus_days }) => {
                let path = slots[side.other().index()].get(slot.0).map_or("", |s| s.path.as_str());
                let _ = write!(text, " to {name} default {path}");
                if *plus_days != 0 {
                    let _ = write!(text, " plus {plus_days} days");
                }
            }
            None => {}
        }
        if line.create_only[side.index()] {
            let when = if line.on_invite && side == Side::Left { "or on invite" } else { "only" };
            let _ = write!(text, " to {name} on create {when}");
        }
    }

    /// A table's meaning, for the hashes of the lines that use it.
    pub(crate) fn table_meaning(&self, index: usize) -> String {
        let Some(table) = self.tables.get(index) else { return String::new() };
        let mut text = String::new();
        for row in &table.rows {
            let _ = writeln!(text, "{}", self.row_text(row));
        }
        for (side, otherwise) in Side::BOTH.iter().zip(&table.otherwise) {
            if let Some(otherwise) = otherwise {
                let _ = writeln!(text, "{}", otherwise_text(*side, otherwise));
            }
        }
        text
    }

    pub(crate) fn row_text(&self, row: &Row) -> String {
        let arrow = arrow_text(row.arrow);
        let mut text = format!("{} {arrow} {}", cells(&row.left), cells(&row.right));
        if let Some(when) = &row.when {
            let _ = write!(text, " when {}", condition_text(when, &self.side(Side::Left).slots));
        }
        if let Some(not_before) = &row.not_before {
            let _ = write!(text, " {}", self.not_before_text(not_before));
        }
        text
    }

    /// `hold SIDE while CONDITION when CONDITION answer by MOMENT`
    pub(crate) fn hold_text(&self, hold: &Hold) -> String {
        let during = condition_text(&hold.during, &self.side(hold.side).slots);
        let mut text = format!("hold {} while {during}", self.side_name(hold.side));
        if let Some(when) = &hold.when {
            let _ = write!(text, " when {}", condition_text(when, &self.side(Side::Left).slots));
        }
        if !hold.answer.is_empty() {
            let moments: Vec<String> = hold.answer.iter().map(|m| self.moment_text(m)).collect();
            let _ = write!(text, " answer by {}", moments.join(" default "));
        }
        text
    }

    fn not_before_text(&self, clause: &NotBefore) -> String {
        let mut text = format!("not before {}", self.moment_text(&clause.moment));
        if let Some(during) = &clause.during {
            let _ =
                write!(text, " while {}", condition_text(during, &self.side(Side::Right).slots));
        }
        text
    }

    /// `createdDateTime plus 72 hours`
    pub(crate) fn moment_text(&self, moment: &Moment) -> String {
        let path = self.slot(Side::Left, moment.slot).map_or("", |slot| slot.path.as_str());
        match moment.plus {
            Some(Delay::Hours(hours)) => format!("{path} plus {hours} hours"),
            Some(Delay::Days(days)) => format!("{path} plus {days} days"),
            None => path.to_owned(),
        }
    }
}

/// What the head of an `each` block says of its elements.
pub(crate) fn list_clauses(each: &Each) -> Vec<String> {
    let slot = |side: usize, id: SlotId| {
        each.elements[side].get(id.0).map_or("", |slot| slot.path.as_str())
    };
    let pair = |[left, right]: &[SlotId; 2]| format!("{} with {}", slot(0, *left), slot(1, *right));
    let pairs: Vec<String> = each.key.iter().map(pair).collect();
    let mut clauses = vec![format!("match {}", pairs.join(", "))];
    let flags = [
        (each.removed_keep, "removed keep"),
        (each.union, "union"),
        (each.create_only, "on create only"),
        (each.until_shared, "until shared"),
    ];
    clauses.extend(flags.iter().filter(|(says, _)| *says).map(|(_, text)| (*text).to_owned()));
    clauses
}

pub(crate) fn condition_text(condition: &Condition, slots: &[Slot]) -> String {
    let tests: Vec<String> = condition.tests.iter().map(|test| test_text(test, slots)).collect();
    tests.join(" and ")
}

/// A condition as a person says it.
pub(crate) fn condition_words(condition: &Condition, slots: &[Slot]) -> String {
    let words = |test: &Test| match &test.op {
        TestOp::Is(values) | TestOp::IsNot(values) if values.len() == 1 => {
            let path = slots.get(test.slot.0).map_or("", |slot| slot.path.as_str());
            let not = if matches!(test.op, TestOp::IsNot(_)) { "not " } else { "" };
            let value: String = values.iter().map(value_text).collect();
            format!("{path} is {not}{value}")
        }
        TestOp::Is(_)
        | TestOp::IsNot(_)
        | TestOp::Present
        | TestOp::Blank
        | TestOp::Above(_)
        | TestOp::Below(_) => test_text(test, slots),
    };
    condition.tests.iter().map(words).collect::<Vec<_>>().join(" and ")
}

pub(crate) fn otherwise_text(side: Side, otherwise: &Otherwise) -> String {
    let arrow = if side == Side::Left { "<-" } else { "->" };
    let warning = if otherwise.warning { " with warning" } else { "" };
    let on_create =
        otherwise.on_create.as_ref().map_or(String::new(), |c| format!(", on create {}", cells(c)));
    format!("otherwise {arrow} {}{warning}{on_create}", cells(&otherwise.action))
}

fn test_text(test: &Test, slots: &[Slot]) -> String {
    let path = slots.get(test.slot.0).map_or("", |slot| slot.path.as_str());
    let list = |values: &[Value]| values.iter().map(value_text).collect::<Vec<_>>().join(", ");
    match &test.op {
        TestOp::Is(values) => format!("{path} is one of {}", list(values)),
        TestOp::IsNot(values) => format!("{path} is not one of {}", list(values)),
        TestOp::Present => format!("{path} is present"),
        TestOp::Blank => format!("{path} is blank"),
        TestOp::Above(limit) => format!("{path} above {limit}"),
        TestOp::Below(limit) => format!("{path} below {limit}"),
    }
}

pub(super) fn arrow_text(arrow: Arrow) -> &'static str {
    match arrow {
        Arrow::Both => "<->",
        Arrow::ToRight => "->",
        Arrow::ToLeft => "<-",
    }
}

fn source(source: &Source, slots: &[Slot]) -> String {
    match source {
        Source::Slots(ids) => joined(ids.iter().filter_map(|id| Some(&slots.get(id.0)?.path))),
        Source::Constant(values) => joined(values.iter().map(value_text)),
    }
}

/// Texts with commas between them.
fn joined(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut all = String::new();
    for (place, text) in texts.enumerate() {
        if place > 0 {
            all.push_str(", ");
        }
        all.push_str(text.as_ref());
    }
    all
}

pub(super) fn cells(cells: &[Cell]) -> String {
    let text = |cell: &Cell| match cell {
        Cell::Is(value) => value_text(value),
        Cell::Any => "any".to_owned(),
        Cell::Ignore => "ignore".to_owned(),
        Cell::Same => "same".to_owned(),
        Cell::Keep => "keep".to_owned(),
        Cell::Park => "park".to_owned(),
    };
    joined(cells.iter().map(text))
}

/// A value of the map (never one of a record).
pub(super) fn value_text(value: &Value) -> String {
    match value {
        Value::Blank => "blank".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => quoted(text),
        Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Other(_) => {
            let mut text = String::new();
            value.to_json().write(&mut text);
            text
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// SHA-256 as 64 hex digits.
pub(crate) fn hex(text: &str) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or_default();
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
