//! A list of solutions, as a table has it.
//!
//! In: a table. Out: solutions, or every cell that keeps it from being one. Must not know: files, the
//! store. No layout of Partner Center's own export is published: columns are found by their headings.

use std::collections::HashMap;

use runner::store::Solution;

use crate::sheet::{Cell, Table};

/// The headings of a column, without blanks, signs and capitals.
const ID: &[&str] = &["solutionid", "solutionidentifier", "id", "identifier", "solutionsid"];
const NAME: &[&str] = &["solutionname", "name", "solution", "title", "solutiontitle"];
const KIND: &[&str] = &["solutiontype", "type"];
const STATUS: &[&str] =
    &["cosellstatus", "status", "solutionstatus", "coselleligibility", "cosellreadiness"];
/// The headings are among so many rows.
const HEAD: usize = 20;
/// So many wrong cells are told.
const MOST: usize = 20;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Read {
    pub(super) solutions: Vec<Solution>,
    /// Which column was taken for what.
    pub(super) columns: Vec<(&'static str, String)>,
}

/// Where the columns are.
struct Columns {
    id: usize,
    name: usize,
    kind: Option<usize>,
    status: Option<usize>,
}

/// Reads the table. Errors: sentences with their places.
pub(super) fn read(table: &Table) -> Result<Read, Vec<String>> {
    let (head, columns, read_as) = head(table)?;
    let mut wrong: Vec<String> = Vec::new();
    let mut solutions: Vec<Solution> = Vec::new();
    let mut known: HashMap<String, String> = HashMap::new();
    for (number, row) in table.rows.iter().skip(head + 1) {
        let mut text = |column: Option<usize>| {
            let column = column?;
            match text_of(row.get(column).unwrap_or(&Cell::Blank)) {
                Ok(text) => Some(text),
                Err(why) => {
                    wrong.push(format!("{}: {why}", table.place(*number, column)));
                    None
                }
            }
        };
        let id = text(Some(columns.id));
        let name = text(Some(columns.name)).unwrap_or_default();
        let kind = text(columns.kind).unwrap_or_default();
        let status = text(columns.status).unwrap_or_default();
        let Some(id) = id else { continue };
        let place = table.place(*number, columns.id);
        if id.is_empty() {
            wrong.push(format!("{place}: the row has no solution id"));
        } else if id.contains(char::is_whitespace) {
            wrong.push(format!("{place}: `{id}` has blanks in it, which no solution id has"));
        } else if let Some(first) = known.get(&id.to_lowercase()) {
            wrong.push(format!("{place}: `{id}` stands in {first} already"));
        } else {
            known.insert(id.to_lowercase(), place);
            solutions.push(Solution { id, name, kind, status, ..Solution::default() });
        }
    }
    if wrong.is_empty() && solutions.is_empty() {
        wrong.push("there are headings, and no solution below them".to_owned());
    }
    if wrong.is_empty() {
        return Ok(Read { solutions, columns: read_as });
    }
    let more = wrong.len().saturating_sub(MOST);
    wrong.truncate(MOST);
    if more > 0 {
        wrong.push(format!("and {more} more cells"));
    }
    Err(wrong)
}

type Head = (usize, Columns, Vec<(&'static str, String)>);

/// The row with the headings.
fn head(table: &Table) -> Result<Head, Vec<String>> {
    let plain = |cell: &Cell| match cell {
        Cell::Text(text) => {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        }
        _ => String::new(),
    };
    for (index, (number, row)) in table.rows.iter().take(HEAD).enumerate() {
        let names: Vec<String> = row.iter().map(plain).collect();
        // The first of the headings that any column has.
        let find = |headings: &[&str]| {
            headings.iter().find_map(|heading| names.iter().position(|name| name == heading))
        };
        let Some(id) = find(ID) else { continue };
        let found = [("name", find(NAME)), ("type", find(KIND)), ("status", find(STATUS))];
        let [(_, Some(name)), (_, kind), (_, status)] = found else {
            let place = table.place(*number, id);
            let wanted =
                "expected a column for the name too, such as `Solution name`, `Name` or `Title`";
            return Err(vec![format!("{place}: this is the column of the ids; {wanted}")]);
        };
        let shown = |column: usize| match row.get(column) {
            Some(Cell::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let all = [("id", Some(id)), ("name", Some(name)), ("type", kind), ("status", status)];
        let all = all.into_iter().filter_map(|(what, column)| Some((what, shown(column?))));
        return Ok((index, Columns { id, name, kind, status }, all.collect()));
    }
    let first = table.rows.first();
    let found: Vec<String> = first
        .map(|(_, row)| row.iter().filter_map(|cell| text_of(cell).ok()).collect())
        .unwrap_or_default();
    let found: Vec<&str> =
        found.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    let place =
        first.map_or_else(String::new, |(number, _)| format!("{}: ", table.place(*number, 0)));
    Err(vec![format!(
        "{place}expected a column `Solution ID` (or `ID`) and one `Solution name` (or `Name`, `Title`), found {found}"
    )])
}

/// What a cell says as text. Error: why it says none.
fn text_of(cell: &Cell) -> Result<String, String> {
    let copied = "copy the cells and paste them as values";
    match cell {
        Cell::Blank => Ok(String::new()),
        Cell::Text(text) => Ok(text.clone()),
        Cell::Number(number)
            if number.len() <= 15 && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Ok(number.clone())
        }
        Cell::Number(number) => {
            Err(format!("expected a text, found the number {number}; format the column as text"))
        }
        Cell::Date => Err("expected a text, found a date; format the column as text".to_owned()),
        Cell::Truth(_) => Err("expected a text, found TRUE or FALSE".to_owned()),
        Cell::Formula => Err(format!("expected a text, found a formula; {copied}")),
        Cell::Error(error) => Err(format!("expected a text, found the error {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        let cell = |text: &&str| match *text {
            "" => Cell::Blank,
            "=" => Cell::Formula,
            "@" => Cell::Date,
            text => Cell::Text(text.to_owned()),
        };
        let rows = rows.iter().enumerate();
        let rows = rows.map(|(n, row)| (n + 1, row.iter().map(cell).collect())).collect();
        Table { sheet: Some("List".to_owned()), rows }
    }

    #[test]
    fn the_manual_lists_the_headings_that_are_taken() {
        let manual = include_str!("../../../../docs/starting.md");
        for (column, headings) in [("id", ID), ("name", NAME), ("type", KIND), ("status", STATUS)] {
            let row = manual.lines().find(|line| line.starts_with(&format!("| {column} | ")));
            let listed: Vec<String> = row
                .unwrap()
                .split('`')
                .skip(1)
                .step_by(2)
                .map(|heading| heading.to_lowercase().replace([' ', '-'], ""))
                .collect();
            assert_eq!(listed, headings, "{column}");
        }
    }

    #[test]
    fn columns_are_found_by_their_headings() {
        let rows: &[&[&str]] = &[
            &["Exported for Contoso"],
            &["Solution name", "Co-sell status", "Solution ID"],
            &["Route Planner", "Co-sell ready", "SOL-1"],
        ];
        let read = read(&table(rows)).unwrap();
        let columns =
            [("id", "Solution ID"), ("name", "Solution name"), ("status", "Co-sell status")];
        assert_eq!(read.columns, columns.map(|(what, name)| (what, name.to_owned())));
        let [one] = &read.solutions[..] else { panic!("{read:?}") };
        assert_eq!(
            (&*one.id, &*one.name, &*one.status),
            ("SOL-1", "Route Planner", "Co-sell ready")
        );
    }

    #[test]
    fn every_cell_that_is_wrong_is_told_with_its_place() {
        let rows: &[&[&str]] = &[
            &["ID", "Name"],
            &["SOL-1", "A"],
            &["sol-1", "B"],
            &["=", "C"],
            &["SOL 2", "D"],
            &["", "E"],
            &["SOL-3", "@"],
        ];
        let wrong = read(&table(rows)).unwrap_err();
        let places: Vec<&str> = wrong.iter().filter_map(|one| one.split(':').next()).collect();
        assert_eq!(places, ["List!A3", "List!A4", "List!A5", "List!A6", "List!B7"], "{wrong:?}");
        assert!(wrong[0].contains("List!A2"), "{wrong:?}");
        assert!(read(&table(&[&["ID", "Price"]])).unwrap_err()[0].contains("for the name too"));
        assert!(read(&table(&[&["A", "B"]])).unwrap_err()[0].contains("found A, B"));
        assert!(read(&table(&[&["ID", "Name"]])).unwrap_err()[0].contains("no solution below"));
    }
}
