//! CSV as RFC 4180 and spreadsheets have it: quotes, line ends within quotes, `;` or tab in the place of
//! the comma.
//!
//! In: text. Out: a table. Must not know: files.

use super::{Cell, Table};

/// Reads the whole text. Error: a quote that is not closed, and what to do.
pub(super) fn read(text: &str) -> Result<Table, (String, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    let mut table = Table::default();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let (mut line, mut begun, mut opened) = (1, 1, 1);
    let mut letters = text.chars().peekable();
    let cell_of = |text: &mut String| {
        let text = std::mem::take(text);
        let text = text.trim();
        if text.is_empty() { Cell::Blank } else { Cell::Text(text.to_owned()) }
    };
    while let Some(c) = letters.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                (quoted, opened) = (true, line);
                cell.clear();
            }
            c if quoted => cell.push(c),
            '\r' => {}
            '\n' => {
                row.push(cell_of(&mut cell));
                table.rows.push((begun, std::mem::take(&mut row)));
                begun = line;
            }
            c if c == separator => row.push(cell_of(&mut cell)),
            c => cell.push(c),
        }
    }
    if quoted {
        let help = "close the quote, or write a quote within a text twice".to_owned();
        return Err((format!("the quote that begins in line {opened} is not closed"), help));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell_of(&mut cell));
        table.rows.push((begun, row));
    }
    table.rows.retain(|(_, row)| row.iter().any(|cell| *cell != Cell::Blank));
    Ok(table)
}

/// What parts the cells of the first line: the sign of which it has the most.
fn separator(text: &str) -> char {
    let first = text.lines().next().unwrap_or_default();
    let count = |sign: char| first.chars().filter(|c| *c == sign).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
        let table = read(text).unwrap();
        let text = |cell: Cell| match cell {
            Cell::Text(text) => text,
            Cell::Blank => String::new(),
            other => format!("{other:?}"),
        };
        table.rows.into_iter().map(|(n, row)| (n, row.into_iter().map(text).collect())).collect()
    }

    #[test]
    fn quotes_line_ends_and_separators() {
        let text = "\u{feff}id;name\r\n1;\"A; \"\"B\"\"\nC\"\r\n\r\n2;\n";
        let wanted = [(1, vec!["id", "name"]), (2, vec!["1", "A; \"B\"\nC"]), (5, vec!["2", ""])];
        let wanted: Vec<(usize, Vec<String>)> =
            wanted.map(|(n, row)| (n, row.into_iter().map(str::to_owned).collect())).to_vec();
        assert_eq!(rows(text), wanted);
        assert_eq!(rows("a,b\n1,2"), rows("a\tb\n1\t2\n"));
        assert!(read("a\n\"b\n").unwrap_err().0.contains("line 2"));
        assert!(rows("").is_empty());
    }
}
