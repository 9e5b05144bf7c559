//! A sheet of an XLSX workbook.
//!
//! In: the workbook's bytes, the name of a sheet. Out: a table. Must not know: files, what columns mean.

use roxmltree::{Document, Node};

use super::zip::Archive;
use super::{Cell, Table};

/// The most rows that are read.
const ROWS: usize = 100_000;
/// Columns beyond this one hold nothing that is looked for.
const COLUMNS: usize = 256;

type Failure = (String, String);

fn broken(why: String) -> Failure {
    (why, "save it anew as an Excel workbook (.xlsx), or as CSV".to_owned())
}

/// Reads the sheet of that name; without one the only sheet that is shown.
pub(super) fn read(bytes: &[u8], wanted: Option<&str>) -> Result<Table, Failure> {
    let archive =
        Archive::open(bytes).ok_or_else(|| broken("it is no Excel workbook".to_owned()))?;
    let text = |name: &str| archive.text(name).map_err(broken);
    let workbook = text("xl/workbook.xml")?;
    let workbook = parsed("xl/workbook.xml", &workbook)?;
    let sheets: Vec<(String, String)> = named(workbook.root(), "sheet")
        .filter(|sheet| wanted.is_some() || is_shown(*sheet))
        .filter_map(|sheet| {
            let id = sheet.attributes().find(|of| of.name() == "id")?.value().to_owned();
            Some((sheet.attribute("name")?.to_owned(), id))
        })
        .collect();
    let (name, id) = chosen(&sheets, wanted)?;
    let links = text("xl/_rels/workbook.xml.rels")?;
    let links = parsed("xl/_rels/workbook.xml.rels", &links)?;
    let target = named(links.root(), "Relationship")
        .find(|link| link.attribute("Id") == Some(id))
        .and_then(|link| link.attribute("Target"))
        .ok_or_else(|| broken(format!("the sheet {name} is not in it")))?;
    let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
    let shared = archive.text("xl/sharedStrings.xml").unwrap_or_default();
    let shared = if shared.is_empty() { Vec::new() } else { strings(&shared)? };
    let styles = archive.text("xl/styles.xml").unwrap_or_default();
    let dates = if styles.is_empty() { Vec::new() } else { dates(&styles)? };
    let sheet = text(&path)?;
    let sheet = parsed(&path, &sheet)?;
    let mut table = Table { sheet: Some(name.to_owned()), rows: Vec::new() };
    for (index, row) in named(sheet.root(), "row").enumerate().take(ROWS) {
        let number = row.attribute("r").and_then(|r| r.parse().ok()).unwrap_or(index + 1);
        let mut cells: Vec<Cell> = Vec::new();
        for cell in named(row, "c") {
            let column = cell.attribute("r").map_or(cells.len(), column);
            if column >= COLUMNS {
                break;
            }
            cells.resize(cells.len().max(column + 1), Cell::Blank);
            if let Some(place) = cells.get_mut(column) {
                *place = value(cell, &shared, &dates);
            }
        }
        if cells.iter().any(|cell| *cell != Cell::Blank) {
            table.rows.push((number, cells));
        }
    }
    Ok(table)
}

fn is_shown(sheet: Node<'_, '_>) -> bool {
    !matches!(sheet.attribute("state"), Some("hidden" | "veryHidden"))
}

fn chosen<'s>(
    sheets: &'s [(String, String)],
    wanted: Option<&str>,
) -> Result<(&'s str, &'s str), Failure> {
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    let found = match wanted {
        Some(wanted) => {
            sheets.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted.trim()))
        }
        None if sheets.len() == 1 => sheets.first(),
        None => {
            let why = format!("it has {} sheets", sheets.len());
            return Err((why, format!("name one with --sheet: {}", names.join(", "))));
        }
    };
    let found = found.map(|(name, id)| (name.as_str(), id.as_str()));
    found.ok_or_else(|| {
        let why = format!("it has no sheet `{}`", wanted.unwrap_or_default());
        (why, format!("name one of {}", names.join(", ")))
    })
}

fn parsed<'t>(name: &str, text: &'t str) -> Result<Document<'t>, Failure> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Document::parse(text).map_err(|_| broken(format!("{name} in it is damaged")))
}

fn named<'a, 'd: 'a>(node: Node<'a, 'd>, name: &'a str) -> impl Iterator<Item = Node<'a, 'd>> {
    node.descendants().filter(move |node| node.tag_name().name() == name)
}

/// All the text of a string, without how it is read aloud.
fn text_of(node: Node<'_, '_>) -> String {
    let all = named(node, "t")
        .filter(|t| t.parent_element().is_none_or(|p| p.tag_name().name() != "rPh"));
    all.filter_map(|t| t.text()).collect()
}

fn strings(text: &str) -> Result<Vec<String>, Failure> {
    let document = parsed("xl/sharedStrings.xml", text)?;
    Ok(named(document.root(), "si").map(text_of).collect())
}

/// For each style of cells whether it shows a date.
fn dates(text: &str) -> Result<Vec<bool>, Failure> {
    let document = parsed("xl/styles.xml", text)?;
    let number = |node: Node<'_, '_>| node.attribute("numFmtId")?.parse::<u32>().ok();
    let own: Vec<(u32, bool)> = named(document.root(), "numFmt")
        .filter_map(|format| Some((number(format)?, shows_a_date(format.attribute("formatCode")?))))
        .collect();
    let is_date = |format: u32| {
        matches!(format, 14..=22 | 27..=36 | 45..=47 | 50..=58)
            || own.iter().any(|(known, date)| *known == format && *date)
    };
    let styles = named(document.root(), "cellXfs").flat_map(|all| named(all, "xf"));
    Ok(styles.map(|style| number(style).is_some_and(is_date)).collect())
}

/// Whether a format has letters of days, months, years or hours outside quotes and brackets.
fn shows_a_date(format: &str) -> bool {
    let (mut quoted, mut bracket) = (false, false);
    format.chars().any(|c| {
        quoted ^= c == '"';
        bracket = c == '[' || bracket && c != ']';
        !quoted && !bracket && matches!(c.to_ascii_lowercase(), 'd' | 'm' | 'y' | 'h')
    })
}

/// The column of `AB12`, from 0.
fn column(reference: &str) -> usize {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let number = letters.fold(0_usize, |number, letter| {
        number * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    number.saturating_sub(1)
}

fn value(cell: Node<'_, '_>, shared: &[String], dates: &[bool]) -> Cell {
    if named(cell, "f").next().is_some() {
        return Cell::Formula;
    }
    let given = named(cell, "v").next().and_then(|v| v.text()).unwrap_or_default().trim();
    let some = |text: String| match text.trim() {
        "" => Cell::Blank,
        text => Cell::Text(text.to_owned()),
    };
    match cell.attribute("t").unwrap_or("n") {
        "s" => {
            let text = given.parse::<usize>().ok().and_then(|index| shared.get(index));
            some(text.cloned().unwrap_or_default())
        }
        "inlineStr" => some(text_of(cell)),
        "str" => some(given.to_owned()),
        "b" => Cell::Truth(given == "1"),
        "e" => Cell::Error(given.to_owned()),
        "d" => Cell::Date,
        _ if given.is_empty() => Cell::Blank,
        _ => {
            let style = cell.attribute("s").and_then(|style| style.parse::<usize>().ok());
            let is_date = style.and_then(|style| dates.get(style)).copied().unwrap_or_default();
            if is_date { Cell::Date } else { Cell::Number(given.to_owned()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_references() {
        assert!(shows_a_date("dd/mm/yyyy") && shows_a_date("[$-409]h:mm AM/PM;@"));
        assert!(!shows_a_date("#,##0.00 \"days\"") && !shows_a_date("[Red]0"));
        assert_eq!(["A1", "Z9", "AA10", "7"].map(column), [0, 25, 26, 0]);
    }

    #[test]
    fn what_is_no_workbook_is_told() {
        assert!(read(b"PK\x03\x04nothing", None).unwrap_err().0.contains("no Excel workbook"));
    }
}
