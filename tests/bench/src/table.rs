//! Numbers of several rounds, and tables of text.
//!
//! In: numbers, cells. Out: medians, lines. Must not know: what they mean.

use crate::say;

/// What is told of several rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one number.
    pub(crate) fn of(numbers: &[f64]) -> Spread {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let median = if sorted.len() % 2 == 1 {
            at(middle)
        } else {
            f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
        };
        Spread { least: at(0), median, most: at(sorted.len().wrapping_sub(1)) }
    }
}

/// Prints rows under their heads; the first column stands left, the others right.
pub(crate) fn print(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let line = |cells: &[String]| {
        let padded = cells.iter().enumerate().map(|(column, cell)| {
            let width = width(column);
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
    };
    say(&line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>()));
    let rules = (0..heads.len()).map(|column| {
        let dashes = "-".repeat(width(column).saturating_sub(1).max(1));
        if column == 0 { format!("{dashes}-") } else { format!("{dashes}:") }
    });
    say(&line(&rules.collect::<Vec<_>>()));
    for row in rows {
        say(&line(row));
    }
    say("");
}
