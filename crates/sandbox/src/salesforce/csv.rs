//! Tables as comma-separated text. In come texts; out go rows of cells, and the other way round. It must
//! not know what a cell means.

/// The rows of a text; cells may be quoted, and then hold anything. Empty lines are left out.
pub(crate) fn read(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    // A line of nothing but an empty cell in quotes is not an empty line.
    let mut has_quotes = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => {
                quoted = !quoted;
                has_quotes = true;
            }
            other if quoted => cell.push(other),
            '\r' => {}
            '\n' => end_row(&mut rows, &mut row, &mut cell, &mut has_quotes),
            other if other == delimiter => row.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    end_row(&mut rows, &mut row, &mut cell, &mut has_quotes);
    rows
}

fn end_row(
    rows: &mut Vec<Vec<String>>,
    row: &mut Vec<String>,
    cell: &mut String,
    has_quotes: &mut bool,
) {
    if std::mem::take(has_quotes) || !(row.is_empty() && cell.is_empty()) {
        row.push(std::mem::take(cell));
        rows.push(std::mem::take(row));
    }
}

/// The text of rows, every cell quoted.
pub(crate) fn write(rows: &[Vec<String>], delimiter: char, line_end: &str) -> String {
    let mut out = String::new();
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                out.push(delimiter);
            }
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        }
        out.push_str(line_end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_in_quotes_is_a_row_and_an_empty_line_is_none() {
        let read = read("\"Name\"\r\n\"a\"\r\n\"\"\r\n\r\n", ',');
        assert_eq!(read, [["Name"], ["a"], [""]]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let rows = vec![
            vec!["Name".to_owned(), "Text".to_owned()],
            vec!["a,b".to_owned(), "\"quoted\"\nline".to_owned()],
            vec![String::new(), "x".to_owned()],
        ];
        for (delimiter, end) in [(',', "\n"), ('|', "\r\n")] {
            assert_eq!(read(&write(&rows, delimiter, end), delimiter), rows);
        }
    }

    #[test]
    fn plain_cells_and_missing_last_ends_are_read() {
        assert_eq!(read("\u{feff}A;B\r\n1;\n\n2;x", ';'), [["A", "B"], ["1", ""], ["2", "x"]]);
        assert!(read("", ',').is_empty());
    }
}
