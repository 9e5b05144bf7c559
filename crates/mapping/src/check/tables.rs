//! `values` blocks: rows as they stand, then checked against the fields of each line that uses them.

use crate::decision::Side;
use crate::plan::{Cell, Otherwise, Row, Table};
use crate::problem::{Code, Problem, semantics as say};
use crate::record::same_plain;
use crate::schema::{Field, Kind};
use crate::tree::{self, Arrow, At, Constant, Item, Span, Tree};
use crate::value::Value;

use super::clauses::constant_value;
use super::conditions::typed;
use super::{Checker, TableFacts, head};

impl<'c> Checker<'c> {
    /// Reads all `values` blocks.
    pub(super) fn read_tables(&mut self, tree: &Tree) {
        for (item, _) in head::items(tree) {
            let Item::Values { name, rows } = item else { continue };
            if let Some(index) = self.plan.tables.iter().position(|t| t.name == name.value) {
                let first = self.tables.get(index).map_or(name.span, |facts| facts.span);
                self.say(say::doubled(&format!("values {}", name.value), first, name.span));
                continue;
            }
            let mut table =
                Table { name: name.value.clone(), rows: Vec::new(), otherwise: [None, None] };
            let mut facts = TableFacts { span: name.span, used: false, rows: Vec::new() };
            for (row, span) in rows.lines() {
                self.read_row(row, span, &mut table, &mut facts);
            }
            self.widths(&table, &facts);
            self.plan.tables.push(table);
            self.tables.push(facts);
        }
    }

    fn read_row(&mut self, row: &tree::Row, span: Span, table: &mut Table, facts: &mut TableFacts) {
        let map_line = self.line_of(span);
        match row {
            tree::Row::Cells { left, arrow, right, when } => {
                let when = when.as_ref().map(|when| self.condition(0, when));
                let cells =
                    |cells: &[At<tree::Cell>]| cells.iter().map(|c| cell(&c.value)).collect();
                table.rows.push(Row {
                    left: cells(left),
                    right: cells(right),
                    arrow: arrow.value,
                    when,
                    map_line,
                });
                facts.rows.push(span);
            }
            tree::Row::Otherwise { arrow, action, warning, on_create } => {
                let cells =
                    |cells: &[At<tree::Cell>]| cells.iter().map(|c| cell(&c.value)).collect();
                let otherwise = Otherwise {
                    action: cells(action),
                    warning: *warning,
                    on_create: on_create.as_ref().map(|c| cells(c)),
                    map_line,
                };
                for (side, index) in [(Arrow::ToLeft, 0), (Arrow::ToRight, 1)] {
                    if arrow.value == side || arrow.value == Arrow::Both {
                        if table.otherwise[index].is_some() {
                            self.say(say::doubled("otherwise", span, span));
                        }
                        table.otherwise[index] = Some(otherwise.clone());
                    }
                }
            }
        }
    }

    /// All rows of a table are equally wide.
    fn widths(&mut self, table: &Table, facts: &TableFacts) {
        let Some(first) = table.rows.first() else { return };
        let (left, right) = (first.left.len(), first.right.len());
        for (row, span) in table.rows.iter().zip(&facts.rows).skip(1) {
            if (row.left.len(), row.right.len()) != (left, right) {
                self.say(row_width(*span, (left, right), (row.left.len(), row.right.len())));
            }
        }
    }

    /// Checks tables against the fields of a line; false when the line cannot use them.
    pub(super) fn use_tables(
        &mut self,
        tables: &[usize],
        at: Span,
        arrow: Arrow,
        [left, right]: [&[Option<&'c Field>]; 2],
        [left_kinds, right_kinds]: [&[Kind]; 2],
    ) -> bool {
        let last = tables.len().saturating_sub(1);
        let mut fits = true;
        for (step, index) in tables.iter().enumerate() {
            let Some(first) = self.plan.tables.get(*index).and_then(|t| t.rows.first()) else {
                continue;
            };
            let found = (first.left.len(), first.right.len());
            let wanted = (
                if step == 0 { left_kinds.len() } else { found.0 },
                if step == last { right_kinds.len() } else { found.1 },
            );
            if found != wanted {
                let facts = self.tables.get(*index).map_or(at, |facts| facts.span);
                self.say(row_width(at, wanted, found).also(facts, "this table"));
                fits = false;
                continue;
            }
            let none_left = vec![None; found.0];
            let none_right = vec![None; found.1];
            let columns = Columns {
                left: if step == 0 { left } else { &none_left },
                right: if step == last { right } else { &none_right },
                left_kinds: if step == 0 { left_kinds } else { &[] },
                right_kinds: if step == last { right_kinds } else { &[] },
            };
            self.type_cells(*index, &columns);
            self.cell_values(*index, &columns);
            self.rows_against_each_other(*index, &columns);
            if tables.len() == 1 {
                self.legal_states(*index, &columns);
                self.exhaustive(*index, at, arrow, &columns);
            }
        }
        fits
    }

    /// Cells get the type of their column.
    fn type_cells(&mut self, index: usize, columns: &Columns<'_, 'c>) {
        let Some(table) = self.plan.tables.get_mut(index) else { return };
        for row in &mut table.rows {
            retype(&mut row.left, columns.left_kinds);
            retype(&mut row.right, columns.right_kinds);
        }
        let [left, right] = &mut table.otherwise;
        for (otherwise, kinds) in [(left, columns.left_kinds), (right, columns.right_kinds)] {
            if let Some(otherwise) = otherwise {
                retype(&mut otherwise.action, kinds);
                if let Some(cells) = &mut otherwise.on_create {
                    retype(cells, kinds);
                }
            }
        }
    }

    /// Every value of a cell is in its field's list.
    fn cell_values(&mut self, index: usize, columns: &Columns<'_, 'c>) {
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems = Vec::new();
        for (row, span) in table.rows.iter().zip(&facts.rows) {
            for (cells, fields) in [(&row.left, columns.left), (&row.right, columns.right)] {
                for (cell, field) in cells.iter().zip(fields) {
                    let (Cell::Is(Value::Text(word)), Some(field)) = (cell, field) else {
                        continue;
                    };
                    let values: Vec<&str> = field.values.iter().map(|v| v.value.as_str()).collect();
                    if !values.is_empty() && field.restricted && !values.contains(&word.as_str()) {
                        let at = self.word_in(*span, word);
                        problems.push(say::unknown_value(at, word, &field.name, &values));
                    }
                }
            }
        }
        self.problems.extend(problems);
    }

    /// Where a cell's word stands in its row.
    fn word_in(&self, row: Span, word: &str) -> Span {
        let text = self.text.get(row.start..row.end).unwrap_or("");
        let quoted = format!("\"{word}\"");
        let found = text.find(&quoted).map(|at| (at, quoted.len()));
        let bare = || {
            text.match_indices(word).map(|(at, _)| at).find(|at| {
                let before = text.get(..*at).and_then(|t| t.chars().last());
                let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
                let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !inside(before) && !inside(after)
            })
        };
        match found.or_else(|| bare().map(|at| (at, word.len()))) {
            Some((at, length)) => Span::new(row.start + at, row.start + at + length),
            None => row,
        }
    }

    /// Rows that can never be chosen, and rows that say different things for the same values.
    fn rows_against_each_other(&mut self, index: usize, columns: &Columns<'_, 'c>) {
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems: Vec<Problem> = Vec::new();
        for (later, row) in table.rows.iter().enumerate() {
            for to in [Side::Right, Side::Left] {
                if !to.is_target_of(row.arrow) {
                    continue;
                }
                let (from, goal) = ends(row, to);
                let earlier = table.rows.iter().take(later).position(|first| {
                    to.is_target_of(first.arrow)
                        && first.when.is_none()
                        && covers(ends(first, to).0, from)
                        && columns.conditions(to, ends(first, to).1, goal)
                });
                let Some(earlier) = earlier else { continue };
                let (Some(first), Some(at), Some(first_at)) =
                    (table.rows.get(earlier), facts.rows.get(later), facts.rows.get(earlier))
                else {
                    continue;
                };
                let (first_from, first_goal) = ends(first, to);
                let word = if to == Side::Right { "->" } else { "<-" };
                let same = first_from == from && row.when.is_none();
                let problem = if same && first_goal != goal {
                    Problem::new(
                        Code::RowContradiction,
                        *at,
                        format!("two rows say different things for the same values (`{word}`)"),
                    )
                    .label("never chosen in this direction")
                    .also(*first_at, "the first fitting row wins")
                    .help(if row.arrow == Arrow::Both {
                        format!(
                            "write this row with `{}`, or remove one of the two",
                            opposite(word)
                        )
                    } else {
                        "remove one of the two, or give the first one a `when`".to_owned()
                    })
                } else {
                    Problem::new(
                        Code::RowUnreachable,
                        *at,
                        format!("this row can never be chosen (`{word}`)"),
                    )
                    .label("never chosen in this direction")
                    .also(*first_at, "this earlier row fits whenever it does")
                    .help("remove it, or move it above the other")
                };
                problems.push(problem);
            }
        }
        for problem in problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    /// Rows of status columns name combinations that exist.
    fn legal_states(&mut self, index: usize, columns: &Columns<'_, 'c>) {
        let Some(states) = self.states_of(columns) else { return };
        let Some(table) = self.plan.tables.get(index) else { return };
        let Some(facts) = self.tables.get(index) else { return };
        let mut problems = Vec::new();
        for (row, span) in table.rows.iter().zip(&facts.rows) {
            let Some(pair) = texts(&row.left) else { continue };
            let words: Vec<&str> = pair.iter().map(String::as_str).collect();
            let known = states.legal(&words) || states.is_terminal(&words);
            if !known {
                let legal: Vec<String> = states
                    .pairs
                    .iter()
                    .filter(|p| p.first() == pair.first())
                    .map(|p| p.join(", "))
                    .collect();
                problems.push(
                    Problem::new(
                        Code::IllegalTransition,
                        *span,
                        format!("Partner Center has no status {}", words.join(", ")),
                    )
                    .label("a combination that does not exist")
                    .help(format!(
                        "write one of {}",
                        say::listed(legal.iter().map(String::as_str))
                    )),
                );
            }
        }
        self.problems.extend(problems);
    }

    fn states_of(&self, columns: &Columns<'_, 'c>) -> Option<&'c crate::schema::States> {
        let crate::schema::Place::Object(object) = self.scopes.first()?.place else { return None };
        let states = object.states.as_ref()?;
        let names: Vec<&str> = columns.left.iter().flatten().map(|f| f.name.as_str()).collect();
        (names.len() == columns.left.len() && names.iter().eq(states.fields.iter()))
            .then_some(states)
    }

    /// Values that no row covers.
    fn exhaustive(&mut self, index: usize, at: Span, arrow: Arrow, columns: &Columns<'_, 'c>) {
        for to in [Side::Right, Side::Left] {
            if !to.is_target_of(arrow) {
                continue;
            }
            let Some(all) = self.all_values(to.other(), columns) else { continue };
            let Some(table) = self.plan.tables.get(index) else { continue };
            let uncovered: Vec<Vec<String>> =
                all.into_iter()
                    .filter(|values| {
                        let values: Vec<Cell> =
                            values.iter().map(|v| Cell::Is(Value::Text(v.clone()))).collect();
                        !table.rows.iter().any(|row| {
                            to.is_target_of(row.arrow) && covers(ends(row, to).0, &values)
                        })
                    })
                    .collect();
            if !uncovered.is_empty() {
                let problem = self.uncovered(index, at, to, &uncovered);
                self.say(problem);
            }
        }
    }

    fn uncovered(&self, index: usize, at: Span, to: Side, uncovered: &[Vec<String>]) -> Problem {
        let shown: Vec<String> = uncovered.iter().map(|values| values.join(", ")).collect();
        let list = say::listed(shown.iter().map(String::as_str));
        let count = uncovered.len();
        let (name, otherwise, span) = match (self.plan.tables.get(index), self.tables.get(index)) {
            (Some(table), Some(facts)) => {
                (table.name.clone(), table.otherwise[to.index()].clone(), facts.span)
            }
            _ => (String::new(), None, at),
        };
        let from = self.plan.side_name(to.other());
        let target = self.plan.side_name(to);
        let word = if to == Side::Right { "->" } else { "<-" };
        let example = shown.first().cloned().unwrap_or_default();
        let row = match to {
            Side::Right => format!("{example} -> \"…\""),
            Side::Left => format!("… <- \"{example}\""),
        };
        let (values, reach) = if count == 1 { ("value", "reaches") } else { ("values", "reach") };
        match otherwise {
            None => Problem::new(
                Code::TableNotExhaustive,
                span,
                format!("{count} {values} of the {from} {} in no row of table `{name}` (`{word}`): {list}", if count == 1 { "is" } else { "are" }),
            )
            .label("not all values are covered")
            .effect(format!("such a value of the {from} cannot be brought to the {target}: the line is parked"))
            .help(format!("add a row such as `{row}`, or `otherwise {word} keep`")),
            Some(otherwise) => Problem::new(
                Code::OnlyOtherwise,
                span,
                format!("{count} {values} of the {from} {reach} table `{name}` only through `otherwise` (`{word}`): {list}"),
            )
            .label("covered by no row of their own")
            .effect(format!(
                "line {}: {}",
                otherwise.map_line,
                if otherwise.action.contains(&Cell::Keep) {
                    format!("the {target} keeps what it has and is not told")
                } else {
                    format!("the {target} gets what `otherwise` says")
                }
            ))
            .help(format!("add a row such as `{row}`")),
        }
    }

    /// All values that a side can have, when its schema lists them.
    fn all_values(&self, side: Side, columns: &Columns<'_, 'c>) -> Option<Vec<Vec<String>>> {
        if side == Side::Left
            && let Some(states) = self.states_of(columns)
        {
            return Some(states.pairs.clone());
        }
        let fields = if side == Side::Left { columns.left } else { columns.right };
        let [Some(field)] = fields else { return None };
        let values: Vec<Vec<String>> =
            field.active_values().map(|value| vec![value.to_owned()]).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// The columns of a table as one line uses them.
struct Columns<'l, 'c> {
    left: &'l [Option<&'c Field>],
    right: &'l [Option<&'c Field>],
    left_kinds: &'l [Kind],
    right_kinds: &'l [Kind],
}

impl Columns<'_, '_> {
    /// A column that cannot be written, beside one that can, is a condition: whether one row's
    /// target asks no more of these columns than another's.
    fn conditions(&self, to: Side, first: &[Cell], other: &[Cell]) -> bool {
        let fields = if to == Side::Left { self.left } else { self.right };
        let open = |field: Option<&Field>| field.is_none_or(|field| field.update);
        if !fields.iter().any(|field| open(*field)) {
            return true;
        }
        let mut pairs = fields.iter().zip(first.iter().zip(other));
        pairs.all(|(field, (first, other))| {
            open(*field) || covers(std::slice::from_ref(first), std::slice::from_ref(other))
        })
    }
}

fn row_width(at: Span, wanted: (usize, usize), found: (usize, usize)) -> Problem {
    Problem::new(
        Code::RowWidth,
        at,
        format!(
            "expected {} left and {} right of the arrow, found {} and {}",
            if wanted.0 == 1 { "1 cell".to_owned() } else { format!("{} cells", wanted.0) },
            wanted.1,
            found.0,
            found.1
        ),
    )
    .label("another number of cells")
    .help("give each row one cell for each field of the line that uses the table")
}

fn cell(cell: &tree::Cell) -> Cell {
    match cell {
        tree::Cell::Value(constant) => Cell::Is(constant_value(constant)),
        tree::Cell::Any => Cell::Any,
        tree::Cell::Ignore => Cell::Ignore,
        tree::Cell::Keep => Cell::Keep,
        tree::Cell::Same => Cell::Same,
        tree::Cell::Park => Cell::Park,
    }
}

fn retype(cells: &mut [Cell], kinds: &[Kind]) {
    for (cell, kind) in cells.iter_mut().zip(kinds) {
        if let Cell::Is(value) = cell {
            let constant = match value {
                Value::Number(number) => Constant::Number(number.to_string()),
                Value::Text(text) => Constant::Text(text.clone()),
                Value::Bool(flag) => Constant::Bool(*flag),
                Value::Blank
                | Value::Date(_)
                | Value::Instant(_)
                | Value::List(_)
                | Value::Other(_) => continue,
            };
            *value = typed(Some(*kind), &constant);
        }
    }
}

/// What a row asks for and what it gives, in a direction.
fn ends(row: &Row, to: Side) -> (&[Cell], &[Cell]) {
    match to {
        Side::Right => (&row.left, &row.right),
        Side::Left => (&row.right, &row.left),
    }
}

fn opposite(word: &str) -> &'static str {
    if word == "->" { "<-" } else { "->" }
}

/// Whether cells fit whenever others do.
fn covers(cells: &[Cell], others: &[Cell]) -> bool {
    cells.len() == others.len()
        && cells.iter().zip(others).all(|(cell, other)| match (cell, other) {
            (Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park, _) => true,
            (Cell::Is(a), Cell::Is(b)) => same_plain(a, b),
            (Cell::Is(_), _) => false,
        })
}

fn texts(cells: &[Cell]) -> Option<Vec<String>> {
    cells
        .iter()
        .map(|cell| match cell {
            Cell::Is(Value::Text(text)) => Some(text.clone()),
            Cell::Is(_) | Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => None,
        })
        .collect()
}
