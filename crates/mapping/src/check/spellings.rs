//! Rows for several spellings of one value, of which an org has one.
//!
//! In: a table and the fields of a line. Out: rows that are left aside, because another row says the
//! same with the spelling that the field's list has. Must not know: what rows mean to one another.

use crate::decision::Side;
use crate::plan::{Cell, Row};
use crate::tree::Arrow;
use crate::value::Value;

use super::Checker;
use super::tables::Columns;

impl<'c> Checker<'c> {
    /// Leaves rows aside whose value is spelled as the field's list does not have it, when another
    /// row has the spelling that is in the list.
    pub(super) fn leave_spellings_aside(&mut self, index: usize, columns: &[Columns<'c>; 2]) {
        let Some(table) = self.plan.tables.get_mut(index) else { return };
        let unknown: Vec<usize> = table
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !known(&row.right, &columns[Side::Right.index()]))
            .map(|(place, _)| place)
            .collect();
        let aside: Vec<usize> = unknown
            .iter()
            .filter(|place| {
                let row = &table.rows[**place];
                let mut others = table.rows.iter().enumerate();
                others.any(|(other, known)| !unknown.contains(&other) && respells(known, row))
            })
            .copied()
            .collect();
        for place in aside {
            if let Some(row) = table.rows.get_mut(place) {
                row.aside = true;
            }
        }
    }
}

/// Whether the lists of the fields have the words of the cells.
fn known(cells: &[Cell], columns: &Columns<'_>) -> bool {
    cells.iter().zip(&columns.fields).all(|(cell, field)| match (cell, field) {
        (Cell::Is(Value::Text(word)), Some(field)) => {
            !field.restricted || field.values.is_empty() || field.value(word).is_some()
        }
        (Cell::Is(_) | Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park, _) => true,
    })
}

/// Whether a row says the same as another one with other spellings, wherever that one is looked at.
fn respells(row: &Row, other: &Row) -> bool {
    let reaches = row.arrow == Arrow::Both || row.arrow == other.arrow;
    reaches
        && row.when == other.when
        && same_words(&row.left, &other.left)
        && same_words(&row.right, &other.right)
}

/// Whether cells differ in nothing but how their words are spelled: case, blanks, hyphens, marks.
pub(super) fn same_words(cells: &[Cell], others: &[Cell]) -> bool {
    cells.len() == others.len()
        && cells.iter().zip(others).all(|(cell, other)| match (cell, other) {
            (Cell::Is(Value::Text(a)), Cell::Is(Value::Text(b))) => letters(a) == letters(b),
            (
                Cell::Is(_) | Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park,
                other,
            ) => cell == other,
        })
}

fn letters(word: &str) -> String {
    let kept: String =
        word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if kept.is_empty() { word.to_owned() } else { kept }
}
