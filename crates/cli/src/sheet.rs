//! Tables that people keep: CSV, and sheets of XLSX.
//!
//! In: a file. Out: rows of cells, each with its place. Must not know: what the columns mean.

mod csv;
mod xlsx;
mod zip;

use std::path::Path;

use crate::terminal::{Stop, shown};

/// Larger files are not read.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Blank,
    Text(String),
    /// As it is written in the file.
    Number(String),
    Date,
    Truth(bool),
    /// Computed from other cells.
    Formula,
    /// Such as `#REF!`.
    Error(String),
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Table {
    /// The name of its sheet; none for CSV.
    pub(crate) sheet: Option<String>,
    /// Each row with its number, from 1.
    pub(crate) rows: Vec<(usize, Vec<Cell>)>,
}

impl Table {
    /// Where a cell is: `Solutions!B3`, or `line 3, column 2`.
    pub(crate) fn place(&self, row: usize, column: usize) -> String {
        match &self.sheet {
            Some(sheet) => format!("{sheet}!{}{row}", letters(column)),
            None => format!("line {row}, column {}", column + 1),
        }
    }
}

/// `A`, `B`, … `Z`, `AA` of a column, from 0.
fn letters(column: usize) -> String {
    let mut text = String::new();
    let mut left = column + 1;
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        text.insert(0, char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    text
}

/// Reads a file by its ending; `sheet` is wanted of an XLSX with several.
pub(crate) fn read(path: &Path, sheet: Option<&str>) -> Result<Table, Stop> {
    let failed = |error: std::io::Error| Stop::file("read", path, &error);
    let about = std::fs::metadata(path).map_err(failed)?;
    if about.len() > LARGEST {
        return Err(Stop::because(
            format!("{} has more than {} MB", shown(path), LARGEST >> 20),
            "name a list of solutions",
        ));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let cannot = |(why, help): (String, String)| {
        Stop::because(format!("cannot read {}: {why}", shown(path)), help)
    };
    let is_zip = bytes.starts_with(b"PK\x03\x04");
    let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    if is_zip || ending.is_some_and(|end| end == "xlsx") {
        return xlsx::read(&bytes, sheet).map_err(cannot);
    }
    if sheet.is_some() {
        let help = "leave --sheet out, or name an XLSX file".to_owned();
        return Err(cannot(("it has no sheets".to_owned(), help)));
    }
    let text = crate::project::text_of(bytes, &shown(path))?;
    csv::read(&text).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_people_see_them() {
        let names: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(letters).to_vec();
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
