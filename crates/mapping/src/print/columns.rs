//! Neighbouring lines -> lines whose columns stand below each other.
//!
//! In: lines cut into cells. Out: text. Must not know: the tree.

/// A text wider than this does not push the columns of its neighbours.
const WIDEST: usize = 44;

/// One cell of a line.
#[derive(Debug)]
pub(super) struct Cell {
    text: String,
    /// Blanks before it.
    gap: usize,
}

impl Cell {
    pub(super) fn new(text: String, gap: usize) -> Self {
        Self { text, gap }
    }
}

/// A line below an item, with the comment behind it; an empty one is blank.
pub(super) type Below = (String, Option<String>);

/// One item, ready to be aligned with its neighbours.
#[derive(Debug)]
pub(super) struct Printed {
    /// Only lines of one kind are aligned.
    pub(super) kind: &'static str,
    pub(super) cells: Vec<Cell>,
    /// The comment behind its first line.
    pub(super) trailing: Option<String>,
    /// Lines that continue it.
    pub(super) below: Vec<Below>,
    /// The lines of the block that it opens, with their indentation.
    pub(super) block: String,
}

impl Printed {
    /// A line of several cells.
    pub(super) fn columns(kind: &'static str, cells: Vec<Cell>) -> Self {
        Self { kind, cells, trailing: None, below: Vec::new(), block: String::new() }
    }

    /// A line of one cell.
    pub(super) fn line(kind: &'static str, text: String) -> Self {
        Self::columns(kind, vec![Cell::new(text, 0)])
    }
}

/// The text of each line; a column is as wide as its widest cell that something follows. A column
/// whose cells all begin or all end with a blank, such as `->` alone, loses that blank.
pub(super) fn align(run: &mut [Printed]) -> Vec<String> {
    let columns = run.iter().map(|printed| printed.cells.len()).max().unwrap_or(0);
    for column in 1..columns {
        let cells = || run.iter().filter_map(|printed| printed.cells.get(column));
        let (begin, end) =
            (cells().all(|c| c.text.starts_with(' ')), cells().all(|c| c.text.ends_with(' ')));
        for cell in run.iter_mut().filter_map(|printed| printed.cells.get_mut(column)) {
            let text = if begin { cell.text.trim_start() } else { &cell.text };
            cell.text = if end { text.trim_end() } else { text }.to_owned();
        }
    }
    let run = &*run;
    let mut widths: Vec<usize> = Vec::new();
    for printed in run {
        for (i, cell) in printed.cells.iter().enumerate() {
            let width = cell.text.chars().count();
            let counts = i + 1 < printed.cells.len() && width <= WIDEST;
            let width = if counts { width } else { 0 };
            match widths.get_mut(i) {
                Some(widest) => *widest = (*widest).max(width),
                None => widths.push(width),
            }
        }
    }
    run.iter().map(|printed| line(&printed.cells, &widths)).collect()
}

fn line(cells: &[Cell], widths: &[usize]) -> String {
    let mut line = String::new();
    let mut padding = 0;
    for (cell, width) in cells.iter().zip(widths) {
        line.extend(std::iter::repeat_n(' ', padding + cell.gap));
        line.push_str(&cell.text);
        padding = width.saturating_sub(cell.text.chars().count());
    }
    line.truncate(line.trim_end().len());
    line
}
