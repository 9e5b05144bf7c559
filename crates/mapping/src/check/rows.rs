//! Rows of a table against one another: which can never be chosen, which contradict each other.

use std::collections::BTreeMap;

use crate::decision::Side;
use crate::plan::{Cell, Row};
use crate::problem::{Code, MOST_PROBLEMS, Problem};
use crate::record::same_plain;
use crate::schema::Field;
use crate::tree::{Arrow, Span};
use crate::value::Value;

use super::Checker;
use super::spellings::same_words;
use super::tables::{Columns, RowFacts};

impl<'c> Checker<'c> {
    /// Rows that can never be chosen, and rows that say different things for the same values.
    pub(super) fn rows_against_each_other(&mut self, index: usize, columns: &[Columns<'c>; 2]) {
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems: Vec<Problem> = Vec::new();
        let always = |row: &Row| (row.when.is_none() && !row.aside).then(String::new);
        let indices = Side::BOTH.map(|to| RowIndex::new(&table.rows, to, always));
        let when =
            |row: &Row| row.when.as_ref().filter(|_| !row.aside).map(|when| format!("{when:?}"));
        let under = Side::BOTH.map(|to| RowIndex::new(&table.rows, to, when));
        for (later, (row, at)) in table.rows.iter().zip(&facts.rows).enumerate() {
            if problems.len() > MOST_PROBLEMS {
                break;
            }
            if row.aside {
                continue;
            }
            for to in Side::BOTH.into_iter().rev().filter(|to| to.is_target_of(row.arrow)) {
                let (from, goal) = ends(row, to);
                let fits = |index: usize| {
                    table.rows.get(index).is_some_and(|first| {
                        conditions(&columns[to.index()], ends(first, to).1, goal)
                    })
                };
                let always = indices[to.index()].first(from, "", fits);
                let when = row.when.as_ref().map(|when| format!("{when:?}"));
                let under = when.and_then(|when| under[to.index()].first(from, &when, fits));
                let earlier = [always, under].into_iter().flatten().min();
                let earlier = earlier
                    .filter(|index| *index < later)
                    .and_then(|index| table.rows.get(index).zip(facts.rows.get(index)));
                let Some((first, first_at)) = earlier else { continue };
                let (first_from, first_goal) = ends(first, to);
                let same = first_from == from && first.when == row.when;
                if same && same_words(first_goal, goal) && first_goal != goal {
                    // Another spelling of the same: it is read, and the first one is written.
                    continue;
                }
                problems.push(if same && first_goal != goal {
                    contradicts(row, at, first_at.span, to)
                } else {
                    self.never_chosen(row, at, first_at.span, to)
                });
            }
        }
        for problem in problems {
            self.say_once(problem);
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

/// Which columns of a row any value fits.
type Open = Vec<bool>;

/// The rows of a table by what they ask for in one direction, to find those that cover a value
/// without looking at all of them.
pub(super) struct RowIndex<'r> {
    rows: &'r [Row],
    to: Side,
    known: BTreeMap<Open, BTreeMap<Vec<String>, Vec<usize>>>,
}

impl<'r> RowIndex<'r> {
    /// Of the rows to which `group` gives a name, by that name.
    pub(super) fn new(rows: &'r [Row], to: Side, group: impl Fn(&Row) -> Option<String>) -> Self {
        let mut known: BTreeMap<Open, BTreeMap<Vec<String>, Vec<usize>>> = BTreeMap::new();
        let used = |row: &Row| to.is_target_of(row.arrow);
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| used(row)) {
            let cells = ends(row, to).0;
            let Some(group) = group(row) else { continue };
            let open: Open = cells.iter().map(|cell| !matches!(cell, Cell::Is(_))).collect();
            if let Some(mut words) = words(cells, &open) {
                words.push(group);
                known.entry(open).or_default().entry(words).or_default().push(index);
            }
        }
        Self { rows, to, known }
    }

    /// The first row of a group that covers `cells` and fulfils `fits`.
    pub(super) fn first(
        &self,
        cells: &[Cell],
        group: &str,
        fits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let covers = |index: &&usize| {
            self.rows.get(**index).is_some_and(|row| covers(ends(row, self.to).0, cells))
                && fits(**index)
        };
        let of_shape = |(open, rows): (&Open, &BTreeMap<Vec<String>, Vec<usize>>)| {
            let mut words = words(cells, open)?;
            words.push(group.to_owned());
            let found = rows.get(&words)?;
            found.iter().find(covers).copied()
        };
        self.known.iter().filter_map(of_shape).min()
    }
}

/// What the cells say in the columns that are not open: equal for cells that mean the same. None
/// when one of them says nothing, or there are others than asked.
fn words(cells: &[Cell], open: &[bool]) -> Option<Vec<String>> {
    let word = |(cell, open): (&Cell, &bool)| match (cell, open) {
        (_, true) => Some(String::new()),
        (Cell::Is(value), false) => Some(word(value)),
        (Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park, false) => None,
    };
    if cells.len() == open.len() { cells.iter().zip(open).map(word).collect() } else { None }
}

fn word(value: &Value) -> String {
    match value {
        Value::Blank | Value::Bool(false) => "-".to_owned(),
        Value::Bool(true) => "+".to_owned(),
        Value::Text(text) => format!("t{}", text.trim()),
        Value::Number(number) => {
            let digits = number.to_string();
            let digits = match digits.split_once('.') {
                Some(_) => digits.trim_end_matches('0').trim_end_matches('.'),
                None => &digits,
            };
            format!("n{}", digits.trim_start_matches('-'))
        }
        Value::Date(day) => format!("d{day}"),
        Value::Instant(moment) => format!("i{moment}"),
        Value::List(_) => "l".to_owned(),
        Value::Other(_) => "o".to_owned(),
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
