//! Rows of a table against one another: which can never be chosen, which contradict each other.

use crate::decision::Side;
use crate::plan::{Cell, Row};
use crate::problem::{Code, Problem};
use crate::record::same_plain;
use crate::schema::Field;
use crate::tree::{Arrow, Span};

use super::Checker;
use super::tables::{Columns, RowFacts};

impl<'c> Checker<'c> {
    /// Rows that can never be chosen, and rows that say different things for the same values.
    pub(super) fn rows_against_each_other(&mut self, index: usize, columns: &[Columns<'c>; 2]) {
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems: Vec<Problem> = Vec::new();
        for (later, (row, at)) in table.rows.iter().zip(&facts.rows).enumerate() {
            for to in Side::BOTH.into_iter().rev().filter(|to| to.is_target_of(row.arrow)) {
                let (from, goal) = ends(row, to);
                let earlier = table.rows.iter().zip(&facts.rows).take(later).find(|(first, _)| {
                    to.is_target_of(first.arrow)
                        && (first.when.is_none() || first.when == row.when)
                        && covers(ends(first, to).0, from)
                        && conditions(&columns[to.index()], ends(first, to).1, goal)
                });
                let Some((first, first_at)) = earlier else { continue };
                let (first_from, first_goal) = ends(first, to);
                let same = first_from == from && first.when == row.when;
                problems.push(if same && first_goal != goal {
                    contradicts(row, at, first_at.span, to)
                } else {
                    self.never_chosen(row, at, first_at.span, to)
                });
            }
        }
        for problem in problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    fn never_chosen(&self, row: &Row, at: &RowFacts, first: Span, to: Side) -> Problem {
        let word = arrow_to(to);
        let problem = Problem::new(
            Code::RowUnreachable,
            at.span,
            format!("this row can never be chosen (`{word}`)"),
        )
        .label("never chosen in this direction")
        .also(first, "this earlier row fits whenever it does");
        if row.arrow == Arrow::Both {
            let away = arrow_to(to.other());
            return problem
                .help(format!("write it with `{away}`, or move it above the other"))
                .fix(at.arrow, away);
        }
        let problem = problem.help("remove it, or move it above the other");
        match self.whole_lines(at.span) {
            Some(lines) => problem.fix(lines, ""),
            None => problem,
        }
    }

    /// The lines that a row fills, when nothing else stands on them.
    fn whole_lines(&self, span: Span) -> Option<Span> {
        let before = self.text.get(..span.start)?;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let behind = self.text.get(span.end..)?;
        let end = behind.find('\n').map_or(behind.len(), |at| at + 1);
        let alone = before.get(start..)?.trim().is_empty() && behind.get(..end)?.trim().is_empty();
        alone.then(|| Span::new(start, span.end + end))
    }
}

fn contradicts(row: &Row, at: &RowFacts, first: Span, to: Side) -> Problem {
    let (word, away) = (arrow_to(to), arrow_to(to.other()));
    let problem = Problem::new(
        Code::RowContradiction,
        at.span,
        format!("two rows say different things for the same values (`{word}`)"),
    )
    .label("never chosen in this direction")
    .also(first, "the first fitting row wins");
    if row.arrow == Arrow::Both {
        problem
            .help(format!("write this row with `{away}`, or remove one of the two"))
            .fix(at.arrow, away)
    } else {
        problem.help("remove one of the two, or give the first one a `when`")
    }
}

/// The arrow that points at a side.
pub(super) fn arrow_to(side: Side) -> &'static str {
    match side {
        Side::Left => "<-",
        Side::Right => "->",
    }
}

/// A column that cannot be written, beside one that can, is a condition: whether one row's target
/// asks no more of these columns than another's.
fn conditions(columns: &Columns<'_>, first: &[Cell], other: &[Cell]) -> bool {
    let open = |field: Option<&Field>| field.is_none_or(|field| field.update);
    if !columns.fields.iter().any(|field| open(*field)) {
        return true;
    }
    let mut pairs = columns.fields.iter().zip(first.iter().zip(other));
    pairs.all(|(field, (first, other))| {
        open(*field) || covers(std::slice::from_ref(first), std::slice::from_ref(other))
    })
}

/// What a row asks for and what it gives, in a direction.
pub(super) fn ends(row: &Row, to: Side) -> (&[Cell], &[Cell]) {
    match to {
        Side::Right => (&row.left, &row.right),
        Side::Left => (&row.right, &row.left),
    }
}

/// Whether cells fit whenever others do.
pub(super) fn covers(cells: &[Cell], others: &[Cell]) -> bool {
    cells.len() == others.len()
        && cells.iter().zip(others).all(|(cell, other)| match (cell, other) {
            (Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park, _) => true,
            (Cell::Is(a), Cell::Is(b)) => same_plain(a, b),
            (Cell::Is(_), _) => false,
        })
}
