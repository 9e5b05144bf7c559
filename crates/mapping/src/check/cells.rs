//! Cells of a table against the fields of a line: types, lists of values, what passes a value on.
//!
//! In: a table whose cells have the type of their column. Out: problems. Must not know: rows
//! against one another, what no row covers.

use crate::convert::Conversion;
use crate::decimal::Decimal;
use crate::decision::Side;
use crate::plan::{Cell, Row, Table};
use crate::problem::{Code, MOST_PROBLEMS, Problem, Severity, nearest, semantics as say};
use crate::schema::{Field, Kind};
use crate::tree::{Arrow, Span};
use crate::value::{self, Value};

use super::Checker;
use super::rows::{arrow_to, covers, ends};
use super::tables::{Columns, RowFacts, TableFacts};

impl<'c> Checker<'c> {
    /// Every cell fits its field, on the side where it stands.
    pub(super) fn check_cells(&mut self, index: usize, columns: &[Columns<'c>; 2], arrow: Arrow) {
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems = Vec::new();
        let mut picks = Vec::new();
        for (row, at) in table.rows.iter().zip(&facts.rows) {
            if problems.len() > MOST_PROBLEMS {
                break;
            }
            misplaced_words(row, at, &mut problems);
            for side in Side::BOTH.into_iter().filter(|_| !row.aside) {
                let cells = if side == Side::Left { &row.left } else { &row.right };
                let written = side.is_target_of(row.arrow) && side.is_target_of(arrow);
                let places = cells.iter().zip(&at.cells[side.index()]).enumerate();
                for (place, (cell, span)) in places {
                    let column = Column::of(&columns[side.index()], place);
                    problems.extend(self.cell(cell, *span, column, written));
                    if let (Cell::Is(Value::Text(word)), Some(field), true) =
                        (cell, column.field, written)
                    {
                        picks.push((field, word.clone(), *span));
                    }
                    if *cell == Cell::Same && written {
                        let (from, _) = ends(row, side);
                        let reach = |value: &Cell| {
                            from.get(place).is_none_or(|c| {
                                covers(std::slice::from_ref(c), std::slice::from_ref(value))
                            })
                        };
                        problems.extend(passed_on(columns, side, place, *span, &reach));
                    }
                }
            }
        }
        problems.extend(self.otherwise_cells(table, facts, columns, arrow, &mut picks));
        for problem in problems {
            self.say_once(problem);
        }
        for (field, word, at) in picks {
            self.pick(field, &word, at);
        }
    }

    fn otherwise_cells(
        &self,
        table: &Table,
        facts: &TableFacts,
        columns: &[Columns<'c>; 2],
        arrow: Arrow,
        picks: &mut Vec<(&'c Field, String, Span)>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for side in Side::BOTH.into_iter().filter(|side| side.is_target_of(arrow)) {
            let (Some(otherwise), Some(at)) =
                (&table.otherwise[side.index()], &facts.otherwise[side.index()])
            else {
                continue;
            };
            let of = &columns[side.index()];
            let on_create = otherwise.on_create.iter().flatten().zip(&at.on_create).enumerate();
            let action = otherwise.action.iter().zip(&at.action).enumerate();
            for (place, (cell, span)) in action.chain(on_create) {
                let column = Column::of(of, place);
                problems.extend(self.cell(cell, *span, column, true));
                if let (Cell::Is(Value::Text(word)), Some(field)) = (cell, column.field) {
                    picks.push((field, word.clone(), *span));
                }
                if *cell == Cell::Same {
                    let rest = |value: &Cell| {
                        !table.rows.iter().any(|row| {
                            side.is_target_of(row.arrow)
                                && row.when.is_none()
                                && covers(ends(row, side).0, std::slice::from_ref(value))
                        })
                    };
                    problems.extend(passed_on(columns, side, place, *span, &rest));
                }
            }
        }
        problems
    }

    /// A field of another type than all words of its column: told once, at the line, and its cells
    /// are not looked at any further.
    pub(super) fn misfit_columns(&mut self, index: usize, columns: &mut [Columns<'c>; 2]) {
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems = Vec::new();
        for side in Side::BOTH {
            let of = &mut columns[side.index()];
            for place in 0..of.fields.len() {
                let Column { field: Some(field), kind: Some(kind) } = Column::of(of, place) else {
                    continue;
                };
                let words: Vec<&Value> = values_in(table, side, place).collect();
                // One word alone may be the mistake itself.
                let [first, _, ..] = words.as_slice() else { continue };
                let at = of.spans.get(place).copied().unwrap_or(facts.span);
                if let Some(problem) = all_too_wide(field, &words, at) {
                    problems.push(problem.also(facts.span, "this table"));
                    of.fields[place] = None;
                    continue;
                }
                if words.iter().any(|value| has_kind(value, kind)) {
                    continue;
                }
                let (name, table) = (&field.name, &table.name);
                let message = format!(
                    "`{name}` holds {}, and table `{table}` has {} there",
                    kind.phrase(),
                    first.word()
                );
                problems.push(
                    Problem::new(Code::TypeMismatch, at, message)
                        .label("does not fit the table")
                        .also(facts.span, "this table")
                        .help(format!(
                            "map another field, or write {} in its rows",
                            example_of(kind)
                        )),
                );
                of.fields[place] = None;
            }
        }
        for problem in problems {
            self.say_once(problem);
        }
    }

    /// One cell against its column.
    fn cell(&self, cell: &Cell, span: Span, column: Column<'c>, written: bool) -> Option<Problem> {
        let Cell::Is(value) = cell else { return None };
        let (field, kind) = (column.field?, column.kind?);
        if value.is_blank() && written && !field.clearable {
            let message = format!("`{}` cannot be cleared", field.name);
            let mut problem = Problem::new(Code::NotClearable, span, message)
                .label("would clear it")
                .effect("such a write is held, and a new record gets no value")
                .help("write a value, or `keep`");
            problem.severity = Severity::Warning;
            return Some(problem);
        }
        if !has_kind(value, kind) {
            let name = &field.name;
            return Some(
                Problem::new(
                    Code::TypeMismatch,
                    span,
                    format!("`{name}` holds {}, found another type in the table", kind.phrase()),
                )
                .label("of another type")
                .help(format!("write {}", example_of(kind))),
            );
        }
        if let (Value::Number(number), true) = (value, written) {
            return too_wide(field, *number, span);
        }
        let Value::Text(word) = value else { return None };
        if field.values.is_empty() {
            return if written { too_long(field, word, span) } else { None };
        }
        match field.value(word) {
            Some(known) if !known.active && written && field.restricted => Some(
                Problem::new(
                    Code::UnknownValue,
                    span,
                    format!(
                        "`{word}` of `{}` is inactive and can no longer be written",
                        field.name
                    ),
                )
                .label("an inactive value")
                .help(format!("write one of {}", say::listed(field.active_values()))),
            ),
            Some(_) => None,
            None => self.unknown(word, span, field),
        }
    }

    /// A word that is not in the list. Of an open list only one that differs in case is a mistake.
    fn unknown(&self, word: &str, span: Span, field: &Field) -> Option<Problem> {
        let all: Vec<&str> = field.values.iter().map(|v| v.value.as_str()).collect();
        let lower = word.to_lowercase();
        let alike = |known: &str| match (known.is_ascii(), lower.is_ascii()) {
            (true, true) => known.eq_ignore_ascii_case(&lower),
            _ => known.to_lowercase() == lower,
        };
        let cased = all.iter().find(|known| alike(known));
        if !field.restricted && cased.is_none() {
            return None;
        }
        let mut problem = say::unknown_value(span, word, &field.name, &all);
        if let Some(cased) = cased {
            problem = problem.label("upper and lower case are not the same here");
            problem.help = Some(format!("did you mean `{cased}`?"));
        }
        if !field.restricted {
            problem.severity = Severity::Warning;
        }
        let near = cased.copied().or_else(|| nearest(word, all.iter().copied()));
        Some(match near {
            Some(near) => problem.fix(span, self.as_cell(span, near)),
            None => problem,
        })
    }

    /// A word as the cell at `span` writes it: in quotes when that one is, or when it must be.
    pub(super) fn as_cell(&self, span: Span, word: &str) -> String {
        let quoted = self.text.get(span.start..span.end).is_some_and(|t| t.starts_with('"'));
        if quoted { quote(word) } else { cell_text(word) }
    }
}

/// A text that is named in the map and is longer than the field.
pub(super) fn too_long(field: &Field, text: &str, span: Span) -> Option<Problem> {
    let (found, limit) = (value::length(text), field.length?);
    (found > limit as usize).then(|| {
        let message = format!("`{}` takes {limit} characters, found {found}", field.name);
        Problem::new(Code::TooLong, span, message)
            .label("too long for it")
            .help("write a shorter text")
    })
}

/// A number that is named in the map and has more digits than the field takes.
pub(super) fn too_wide(field: &Field, number: Decimal, span: Span) -> Option<Problem> {
    let (precision, scale) = (u32::from(field.precision?), u32::from(field.scale.unwrap_or(0)));
    let room = precision.saturating_sub(scale);
    let (before, behind) = number.digits();
    (before > room || behind > scale).then(|| {
        let message = format!(
            "`{}` takes {room} digits before the point and {scale} behind it, and this has more",
            field.name
        );
        Problem::new(Code::TooWide, span, message)
            .label("too wide for it")
            .help("write a number with fewer digits, or map a wider field")
    })
}

/// A column of numbers that the field takes none of.
fn all_too_wide(field: &Field, words: &[&Value], at: Span) -> Option<Problem> {
    let wide = |value: &&Value| match value {
        Value::Number(number) => too_wide(field, *number, at),
        Value::Blank
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::List(_)
        | Value::Other(_) => None,
    };
    let problems: Option<Vec<Problem>> = words.iter().map(wide).collect();
    problems?.into_iter().next()
}

/// A column of a table.
#[derive(Clone, Copy)]
struct Column<'c> {
    field: Option<&'c Field>,
    kind: Option<Kind>,
}

impl<'c> Column<'c> {
    fn of(columns: &Columns<'c>, place: usize) -> Column<'c> {
        let field = columns.fields.get(place).copied().flatten();
        Column { field, kind: columns.kinds.get(place).copied() }
    }
}

/// `keep`, `park` and `same` say what is written: they stand where the arrow points.
fn misplaced_words(row: &Row, at: &RowFacts, problems: &mut Vec<Problem>) {
    for to in Side::BOTH.into_iter().filter(|to| to.is_target_of(row.arrow)) {
        let (from, _) = ends(row, to);
        for (cell, span) in from.iter().zip(&at.cells[to.other().index()]) {
            let word = match cell {
                Cell::Keep => "keep",
                Cell::Park => "park",
                Cell::Same => "same",
                Cell::Is(_) | Cell::Any | Cell::Ignore => continue,
            };
            let problem = Problem::new(
                Code::BadArgument,
                *span,
                format!("`{word}` says what is written, and stands where values are looked up"),
            )
            .label("fits everything here");
            let away = arrow_to(to.other());
            problems.push(if row.arrow == Arrow::Both {
                problem.help(format!("write the row with `{away}`")).fix(at.arrow, away)
            } else {
                problem.help("write `any`, or a value").fix(*span, "any")
            });
        }
    }
}

/// `same` passes a value on: the column opposite fits, and so do those of its values that get here.
fn passed_on(
    columns: &[Columns<'_>; 2],
    side: Side,
    place: usize,
    span: Span,
    reach: &dyn Fn(&Cell) -> bool,
) -> Option<Problem> {
    let (to, from) = (&columns[side.index()], &columns[side.other().index()]);
    if to.kinds.is_empty() || from.kinds.is_empty() {
        return None;
    }
    let single = |columns: &Columns<'_>| {
        columns.kinds.get(place).map(|kind| {
            if matches!(kind, Kind::MultiEnum | Kind::List) { Kind::Enum } else { *kind }
        })
    };
    let Some(own) = single(from) else {
        return Some(
            Problem::new(Code::BadArgument, span, "`same` has no column opposite to pass on")
                .label("the other side has fewer columns")
                .help("write a value, or `keep`"),
        );
    };
    let kind = single(to)?;
    if let Err(why) = Conversion::plain(&[own], &[kind]).fits(&[own], &[kind]) {
        let why = why.split_once(": ").map_or(why.as_str(), |(why, _)| why);
        return Some(
            Problem::new(Code::TypeMismatch, span, format!("`same` passes a value on: {why}"))
                .label("the types do not fit")
                .help("write a value, or `keep`"),
        );
    }
    let (to, from) = (to.fields.get(place).copied()??, from.fields.get(place).copied()??);
    if !to.restricted || to.values.is_empty() {
        return None;
    }
    let unknown: Vec<&str> = from
        .active_values()
        .filter(|word| reach(&Cell::Is(Value::Text((*word).to_owned()))))
        .filter(|word| !to.active_values().any(|known| known == *word))
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let list = say::listed(unknown.iter().copied());
    Some(
        Problem::new(
            Code::UnknownValue,
            span,
            format!("`same` passes on what `{}` does not take: {list}", to.name),
        )
        .label("not in the field's list")
        .effect("such a value parks the line")
        .help("add a row for each of them, or write `keep`"),
    )
}

/// The values that a table names in a column, other than blank.
fn values_in(table: &Table, side: Side, place: usize) -> impl Iterator<Item = &Value> {
    let rows = table.rows.iter().map(move |row| match side {
        Side::Left => &row.left,
        Side::Right => &row.right,
    });
    let otherwise = table.otherwise[side.index()].iter();
    let otherwise = otherwise.flat_map(|o| std::iter::once(&o.action).chain(&o.on_create));
    let cells = rows.chain(otherwise).filter_map(move |cells| cells.get(place));
    cells.filter_map(|cell| match cell {
        Cell::Is(value) => Some(value).filter(|value| !value.is_blank()),
        Cell::Any | Cell::Same | Cell::Keep | Cell::Park | Cell::Ignore => None,
    })
}

/// Whether a value is of a kind, as the record's values are.
pub(super) fn has_kind(value: &Value, kind: Kind) -> bool {
    match (value, kind) {
        (Value::Blank, _) => true,
        (Value::Bool(_), kind) => kind == Kind::Bool,
        (Value::Number(_), kind) => matches!(kind, Kind::Number | Kind::Percent),
        (Value::Text(_), kind) => kind.is_text() || kind == Kind::List,
        (Value::Date(_), kind) => kind == Kind::Date,
        (Value::Instant(_), kind) => kind == Kind::DateTime,
        (Value::List(_), kind) => matches!(kind, Kind::MultiEnum | Kind::List),
        (Value::Other(_), kind) => kind == Kind::Object,
    }
}

/// How a constant of a kind is written.
pub(super) fn example_of(kind: Kind) -> String {
    match kind {
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Number | Kind::Percent => "a number such as `12.50`".to_owned(),
        Kind::Date => "a date such as `\"2026-03-31\"`".to_owned(),
        Kind::DateTime => "a moment such as `\"2026-03-31T12:00:00Z\"`".to_owned(),
        Kind::Text
        | Kind::LongText
        | Kind::Id
        | Kind::Enum
        | Kind::MultiEnum
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Country
        | Kind::Currency
        | Kind::Reference
        | Kind::Object
        | Kind::List => format!("{} in double quotes", kind.phrase()),
    }
}

/// A word as a cell: bare when it may be.
pub(super) fn cell_text(word: &str) -> String {
    let keyword = ["any", "ignore", "keep", "same", "park", "otherwise", "true", "false", "blank"];
    let bare = crate::parse::is_bare_name(word) && !keyword.contains(&word);
    if bare { word.to_owned() } else { quote(word) }
}

/// A word in double quotes.
pub(super) fn quote(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
