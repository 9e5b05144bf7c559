//! Rows of a table over status fields: combinations that exist, moves that Partner Center makes.
//!
//! In: a table whose left columns are the status fields of the left record. Out: problems. Must not
//! know: what no row covers.

use crate::decision::Side;
use crate::plan::{Cell, Condition, Row, TestOp};
use crate::problem::{Code, MOST_PROBLEMS, Problem, semantics as say};
use crate::record::same_plain;
use crate::schema::States;
use crate::tree::{Arrow, Span};
use crate::value::Value;

use super::Checker;
use super::tables::{Columns, RowFacts, texts};

impl<'c> Checker<'c> {
    /// Rows of status columns name combinations that exist, and ask for moves that are made.
    pub(super) fn legal_states(&mut self, index: usize, left: &Columns<'c>, arrow: Arrow) {
        let Some(states) = self.states_of(left) else { return };
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems = Vec::new();
        for (row, at) in table.rows.iter().zip(&facts.rows) {
            if problems.len() > MOST_PROBLEMS {
                break;
            }
            let span = at.cells[0].iter().copied().reduce(Span::to).unwrap_or(at.span);
            if !all_words_known(states, row) {
                continue;
            }
            if let Some(problem) = unknown(states, row, span) {
                problems.push(problem);
            } else if Side::Left.is_target_of(row.arrow) && Side::Left.is_target_of(arrow) {
                problems.extend(self.never_moved(states, row, at, span));
            }
        }
        if let (Some(otherwise), Some(at)) = (&table.otherwise[0], &facts.otherwise[0])
            && Side::Left.is_target_of(arrow)
        {
            let row = as_row(&otherwise.action, otherwise.map_line);
            let span = at.action.iter().copied().reduce(Span::to).unwrap_or(at.span);
            let place = RowFacts { span, arrow: span, cells: [at.action.clone(), Vec::new()] };
            if texts(&row.left).is_some_and(|words| words.len() == states.fields.len())
                && all_words_known(states, &row)
            {
                let wrong = unknown(states, &row, span);
                problems.extend(wrong.or_else(|| self.never_moved(states, &row, &place, span)));
            }
            let on_create = otherwise.on_create.as_deref().unwrap_or_default();
            let row = as_row(on_create, otherwise.map_line);
            let span = at.on_create.iter().copied().reduce(Span::to).unwrap_or(at.span);
            if all_words_known(states, &row) {
                let wrong = unknown(states, &row, span);
                problems.extend(wrong.or_else(|| never_new(states, &row, span)));
            }
        }
        for problem in problems {
            self.say_once(problem);
        }
    }

    /// A row that asks for a status from where Partner Center never goes there.
    fn never_moved(
        &self,
        states: &States,
        row: &Row,
        at: &RowFacts,
        span: Span,
    ) -> Option<Problem> {
        if row.left.iter().any(|cell| matches!(cell, Cell::Park | Cell::Same)) {
            return None;
        }
        let from: Vec<&Vec<String>> = states
            .pairs
            .iter()
            .filter(|pair| row.when.as_ref().is_none_or(|when| self.may_hold(when, states, pair)))
            .collect();
        let starts =
            |to: &[&str]| states.initial.iter().any(|pair| fits(row, pair) && pair.iter().eq(to));
        let reached = from.iter().any(|from| {
            let to = after(row, from);
            let moved = from.iter().map(String::as_str).ne(to.iter().copied());
            if moved { states.may_reach(&words(from), &to) } else { starts(&to) }
        });
        // What a new referral has is asked for where nothing has to move.
        let begins = states.initial.iter().any(|pair| fits(row, pair)) && row.when.is_none();
        if reached || begins || from.is_empty() {
            return None;
        }
        let problem = if texts(&row.left).is_some() {
            not_from_there(states, row, &from, span)
        } else {
            half_a_status(states, row, span)
        };
        let target = self.plan.side_name(Side::Left);
        let problem =
            problem.effect(format!("the write is held, and the {target} stays where it is"));
        Some(if row.arrow == Arrow::Both {
            problem.also(at.arrow, "in this direction")
        } else {
            problem
        })
    }

    /// Whether a condition may hold while the record has these states.
    fn may_hold(&self, when: &Condition, states: &States, pair: &[String]) -> bool {
        when.tests.iter().all(|test| {
            let slot = self.scopes.first().and_then(|scope| scope.slots.get(test.slot.0));
            let place = slot.and_then(|slot| states.fields.iter().position(|f| *f == slot.path));
            let Some(word) = place.and_then(|place| pair.get(place)) else { return true };
            let is = |values: &[Value]| {
                values.iter().any(|value| same_plain(value, &Value::Text(word.clone())))
            };
            match &test.op {
                TestOp::Is(values) => is(values),
                TestOp::IsNot(values) => !is(values),
                TestOp::Blank => false,
                TestOp::Present | TestOp::Above(_) | TestOp::Below(_) => true,
            }
        })
    }
}

/// What `otherwise` writes to the left, as a row.
fn as_row(cells: &[Cell], map_line: usize) -> Row {
    Row {
        left: cells.to_vec(),
        right: Vec::new(),
        arrow: Arrow::ToLeft,
        when: None,
        not_before: None,
        aside: false,
        map_line,
    }
}

/// A status that no new referral has.
fn never_new(states: &States, row: &Row, span: Span) -> Option<Problem> {
    let pair = texts(&row.left)?;
    if pair.is_empty() || states.initial.contains(&pair) {
        return None;
    }
    let begins: Vec<String> = states.initial.iter().map(|pair| pair.join(", ")).collect();
    let message = format!("no new referral is {}", pair.join(", "));
    Some(
        Problem::new(Code::IllegalTransition, span, message)
            .label("not where a referral begins")
            .help(format!("write one of {}", say::listed(begins.iter().map(String::as_str)))),
    )
}

/// A combination to which there is no move from where the row is used.
fn not_from_there(states: &States, row: &Row, from: &[&Vec<String>], span: Span) -> Problem {
    let only: Vec<String> = from.iter().map(|pair| pair.join(", ")).collect();
    let only = say::listed(only.iter().map(String::as_str));
    let goals: Vec<String> = states
        .moves
        .iter()
        .filter(|(one, _)| from.contains(&one))
        .map(|(_, other)| other.join(", "))
        .collect();
    let help = if goals.is_empty() {
        "remove the row: a closed referral stays as it is".to_owned()
    } else {
        let goals = say::listed(goals.iter().map(String::as_str));
        format!("write one of {goals}, or another `when`")
    };
    let message = format!("Partner Center never goes from {only} to `{}`", row_words(row));
    Problem::new(Code::IllegalTransition, span, message)
        .label("not from where the row is used")
        .help(help)
}

/// A row that writes one of two status fields.
fn half_a_status(states: &States, row: &Row, span: Span) -> Problem {
    let all: Vec<String> =
        states.pairs.iter().filter(|pair| fits(row, pair)).map(|pair| pair.join(", ")).collect();
    let wanted = row_words(row);
    let message =
        format!("`{wanted}` leaves part of the status as it is, and makes no status that there is");
    Problem::new(Code::IllegalTransition, span, message)
        .label("a status that cannot be written")
        .help(format!("write one of {}", say::listed(all.iter().map(String::as_str))))
}

fn row_words(row: &Row) -> String {
    row.left.iter().map(cell_word).collect::<Vec<_>>().join(", ")
}

fn words(pair: &[String]) -> Vec<&str> {
    pair.iter().map(String::as_str).collect()
}

/// A word that is in no combination at all is told as such, not as a combination.
fn all_words_known(states: &States, row: &Row) -> bool {
    row.left.iter().enumerate().all(|(place, cell)| match cell {
        Cell::Is(Value::Text(word)) => {
            let mut all = states.pairs.iter().chain(&states.terminal);
            all.any(|pair| pair.get(place).is_some_and(|own| own == word))
        }
        Cell::Is(_) | Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => true,
    })
}

/// A combination that does not exist.
fn unknown(states: &States, row: &Row, span: Span) -> Option<Problem> {
    let pair = texts(&row.left).filter(|pair| !pair.is_empty())?;
    let words = words(&pair);
    if states.legal(&words) || states.is_terminal(&words) {
        return None;
    }
    let legal: Vec<String> = states
        .pairs
        .iter()
        .filter(|other| other.first() == pair.first())
        .map(|other| other.join(", "))
        .collect();
    let legal = say::listed(legal.iter().map(String::as_str));
    let message = format!("Partner Center has no status {}", words.join(", "));
    Some(
        Problem::new(Code::IllegalTransition, span, message)
            .label("a combination that does not exist")
            .help(format!("write one of {legal}")),
    )
}

/// The states after a row was written over others.
fn after<'r>(row: &'r Row, from: &'r [String]) -> Vec<&'r str> {
    row.left
        .iter()
        .zip(from)
        .map(|(cell, old)| match cell {
            Cell::Is(Value::Text(word)) => word.as_str(),
            Cell::Is(_) | Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => old,
        })
        .collect()
}

/// Whether a row's cells are those of a combination.
fn fits(row: &Row, pair: &[String]) -> bool {
    row.left.iter().zip(pair).all(|(cell, word)| match cell {
        Cell::Is(value) => same_plain(value, &Value::Text(word.clone())),
        Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => true,
    })
}

fn cell_word(cell: &Cell) -> String {
    match cell {
        Cell::Is(Value::Text(word)) => word.clone(),
        Cell::Is(value) => value.show(),
        Cell::Any => "any".to_owned(),
        Cell::Ignore => "ignore".to_owned(),
        Cell::Same => "same".to_owned(),
        Cell::Keep => "keep".to_owned(),
        Cell::Park => "park".to_owned(),
    }
}
