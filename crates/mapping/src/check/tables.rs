//! `values` blocks: rows as they stand, then checked against the fields of each line that uses them.

use crate::decision::Side;
use crate::plan::{Cell, Otherwise, Row, Table};
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::{Field, Kind, States};
use crate::tree::{self, Arrow, At, Constant, Item, Span, Tree};
use crate::value::Value;

use super::clauses::constant_value;
use super::conditions::typed;
use super::{Checker, head};

/// The most rows that the lines of a map use, those of a table counted once for each line.
const MOST_ROWS: usize = 50_000;

/// What is known of a table beside its rows.
pub(super) struct TableFacts {
    pub(super) span: Span,
    pub(super) used: bool,
    pub(super) rows: Vec<RowFacts>,
    /// By the side that would be written.
    pub(super) otherwise: [Option<OtherwiseFacts>; 2],
}

/// Where a row and its cells stand.
#[derive(Clone)]
pub(super) struct RowFacts {
    pub(super) span: Span,
    pub(super) arrow: Span,
    pub(super) cells: [Vec<Span>; 2],
}

/// Where an `otherwise` line and its cells stand.
#[derive(Clone)]
pub(super) struct OtherwiseFacts {
    pub(super) span: Span,
    pub(super) action: Vec<Span>,
    pub(super) on_create: Vec<Span>,
}

/// The columns of one side of a table, as one line uses them. A table in the middle of a chain has
/// columns of which nothing is known but their number.
#[derive(Clone, Default)]
pub(super) struct Columns<'c> {
    pub(super) fields: Vec<Option<&'c Field>>,
    pub(super) kinds: Vec<Kind>,
    /// Where the line names the fields.
    pub(super) spans: Vec<Span>,
}

impl Columns<'_> {
    /// A field that holds several values of a list: its values are looked up one by one.
    pub(super) fn several(&self) -> bool {
        self.kinds.iter().any(|kind| matches!(kind, Kind::MultiEnum | Kind::List))
    }

    /// The names of the fields, for a sentence.
    pub(super) fn names(&self) -> String {
        let names = self.fields.iter().flatten().map(|field| format!("`{}`", field.name));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// The tables of a line, in the order from left to right, and what stands at their ends.
pub(super) struct Use<'c> {
    pub(super) tables: Vec<usize>,
    /// The `using` clause.
    pub(super) at: Span,
    pub(super) arrow: At<Arrow>,
    pub(super) ends: [Columns<'c>; 2],
}

impl<'c> Use<'c> {
    /// The columns of one side of the table at `step`.
    pub(super) fn columns(&self, step: usize, side: Side) -> Columns<'c> {
        let [left, right] = &self.ends;
        match side {
            Side::Left if step == 0 => left.clone(),
            Side::Right if step + 1 == self.tables.len() => right.clone(),
            Side::Left | Side::Right => Columns::default(),
        }
    }
}

impl<'c> Checker<'c> {
    /// Reads all `values` blocks.
    pub(super) fn read_tables(&mut self, tree: &Tree) {
        for (item, _) in head::items(tree) {
            let Item::Values { name, rows } = item else { continue };
            if self.is_full() {
                return;
            }
            if let Some(index) = self.table_names.get(&name.value).copied() {
                let first = self.tables.get(index).map_or(name.span, |facts| facts.span);
                self.say(say::doubled(&format!("values {}", name.value), first, name.span));
                continue;
            }
            let mut table =
                Table { name: name.value.clone(), rows: Vec::new(), otherwise: [None, None] };
            let mut facts = TableFacts {
                span: name.span,
                used: false,
                rows: Vec::new(),
                otherwise: [None, None],
            };
            for (row, span) in rows.lines() {
                self.read_row(row, span, &mut table, &mut facts);
            }
            self.widths(&table, &facts);
            self.table_names.insert(name.value.clone(), self.plan.tables.len());
            self.plan.tables.push(table);
            self.tables.push(facts);
        }
    }

    fn read_row(&mut self, row: &tree::Row, span: Span, table: &mut Table, facts: &mut TableFacts) {
        let map_line = self.line_of(span);
        let cells = |cells: &[At<tree::Cell>]| cells.iter().map(|c| cell(&c.value)).collect();
        let spans = |cells: &[At<tree::Cell>]| cells.iter().map(|c| c.span).collect::<Vec<_>>();
        match row {
            tree::Row::Cells { left, arrow, right, when, not_before } => {
                let when = when.as_ref().map(|when| self.condition(0, when));
                let not_before =
                    not_before.as_ref().and_then(|clause| self.read_not_before(clause, arrow));
                let (written, at) = (arrow.value, arrow.span);
                table.rows.push(Row {
                    left: cells(left),
                    right: cells(right),
                    arrow: written,
                    when,
                    not_before,
                    aside: false,
                    map_line,
                });
                let cells = [spans(left), spans(right)];
                facts.rows.push(RowFacts { span, arrow: at, cells });
            }
            tree::Row::Otherwise { arrow, action, warning, on_create } => {
                let otherwise = Otherwise {
                    action: cells(action),
                    warning: *warning,
                    on_create: on_create.as_ref().map(|c| cells(c)),
                    map_line,
                };
                let (action, on_create) = (spans(action), on_create.as_ref().map(|c| spans(c)));
                let on_create = on_create.unwrap_or_default();
                let known = OtherwiseFacts { span, action, on_create };
                for side in Side::BOTH.into_iter().filter(|side| side.is_target_of(arrow.value)) {
                    let index = side.index();
                    if let Some(first) = &facts.otherwise[index] {
                        self.say(say::doubled("otherwise", first.span, span));
                        continue;
                    }
                    table.otherwise[index] = Some(otherwise.clone());
                    facts.otherwise[index] = Some(known.clone());
                }
            }
        }
    }

    /// All rows of a table are equally wide, and so is what `otherwise` says.
    fn widths(&mut self, table: &Table, facts: &TableFacts) {
        let Some(first) = table.rows.first() else { return };
        let wide = (first.left.len(), first.right.len());
        for (row, at) in table.rows.iter().zip(&facts.rows).skip(1) {
            let found = (row.left.len(), row.right.len());
            if found != wide {
                self.say(row_width(at.span, wide, found));
            }
        }
        let mut said = None;
        for (side, index, wide) in [(Side::Left, 0, wide.0), (Side::Right, 1, wide.1)] {
            let (Some(known), Some(otherwise)) = (&facts.otherwise[index], &table.otherwise[index])
            else {
                continue;
            };
            let given = [Some(&otherwise.action), otherwise.on_create.as_ref()];
            // One word that writes nothing stands for all columns.
            let all = |cells: &&Vec<Cell>| {
                matches!(cells.as_slice(), [Cell::Keep | Cell::Park | Cell::Ignore])
            };
            let given = given.into_iter().flatten().filter(|cells| !all(cells));
            let found = given.map(Vec::len).find(|found| *found != wide);
            if let (Some(found), false) = (found, said == Some(known.span)) {
                said = Some(known.span);
                self.say(otherwise_width(known.span, side, wide, found));
            }
        }
    }

    /// Checks tables against the fields of a line; false when the line cannot use them.
    pub(super) fn use_tables(&mut self, using: &Use<'c>) -> bool {
        let mut fits = true;
        for (step, index) in using.tables.iter().enumerate() {
            fits &= self.fits_width(using, step, *index);
        }
        if !fits || !self.one_by_one(using) {
            return false;
        }
        if !self.may_use_more_rows(using) {
            return false;
        }
        for (step, index) in using.tables.iter().enumerate() {
            let mut columns = Side::BOTH.map(|side| using.columns(step, side));
            self.type_cells(*index, &columns);
            self.misfit_columns(*index, &mut columns);
            self.leave_spellings_aside(*index, &columns);
            self.check_cells(*index, &columns, using.arrow.value);
            self.rows_against_each_other(*index, &columns);
            self.legal_states(*index, &columns[0], using.arrow.value);
        }
        self.exhaustive(using);
        true
    }

    /// The rows of a table are compared with the fields of each line that uses it; there is an end
    /// to how often.
    fn may_use_more_rows(&mut self, using: &Use<'c>) -> bool {
        let rows = |index: &usize| self.plan.tables.get(*index).map_or(0, |t| t.rows.len() + 1);
        let before = self.rows_used;
        self.rows_used += using.tables.iter().map(rows).sum::<usize>();
        if self.rows_used <= MOST_ROWS || self.is_full() {
            return !self.is_full();
        }
        if before <= MOST_ROWS {
            let message = format!(
                "the tables that the lines use have more than {MOST_ROWS} rows, those of a table counted for each line"
            );
            self.say(
                Problem::new(Code::TooLarge, using.at, message)
                    .label("this line passes the limit")
                    .help("use a table in fewer lines, or make the tables smaller"),
            );
        }
        false
    }

    /// A table has a column for each field, and for each column of the table beside it.
    fn fits_width(&mut self, using: &Use<'c>, step: usize, index: usize) -> bool {
        let width = |index: &usize| {
            let first = self.plan.tables.get(*index)?.rows.first()?;
            Some((first.left.len(), first.right.len()))
        };
        let Some(found) = width(&index) else { return true };
        let before = step.checked_sub(1).and_then(|before| using.tables.get(before));
        let [left, right] = &using.ends;
        let wanted = (
            before.map_or(Some(left.kinds.len()), |before| Some(width(before)?.1)),
            (step + 1 == using.tables.len()).then_some(right.kinds.len()),
        );
        let wanted = (wanted.0.unwrap_or(found.0), wanted.1.unwrap_or(found.1));
        if found == wanted {
            return true;
        }
        let place = |index: usize| self.tables.get(index).map_or(using.at, |facts| facts.span);
        let name = |index: usize| self.plan.tables.get(index).map_or("", |t| t.name.as_str());
        let at = self.word_within(using.at, name(index)).unwrap_or(using.at);
        let problem = match before {
            Some(before) if found.0 != wanted.0 => {
                let (one, two) = (name(*before), name(index));
                let message = format!(
                    "table `{one}` gives {} right of its arrows, and `{two}` takes {} left of its own",
                    cells(wanted.0),
                    cells(found.0),
                );
                Problem::new(Code::RowWidth, at, message)
                    .label("another number of cells")
                    .also(place(*before), "gives")
                    .also(place(index), "takes")
                    .help(format!(
                        "give the rows of `{two}` as many cells as those of `{one}` have"
                    ))
            }
            Some(_) | None => row_width(using.at, wanted, found).also(place(index), "this table"),
        };
        self.say(problem);
        false
    }

    /// Values of a list are looked up one by one, so the tables have one column.
    fn one_by_one(&mut self, using: &Use<'c>) -> bool {
        let [left, right] = &using.ends;
        if !left.several() && !right.several() {
            return true;
        }
        if left.kinds.len() + right.kinds.len() > 2 {
            let field = [left, right].into_iter().find(|columns| columns.several());
            let name = field.map_or_else(String::new, Columns::names);
            let message = format!("{name} holds several values, which are looked up one by one");
            self.say(
                Problem::new(Code::TypeMismatch, using.at, message)
                    .label("expected one field on each side")
                    .help("give the field a line and a table of its own"),
            );
            return false;
        }
        for to in Side::BOTH.into_iter().filter(|to| to.is_target_of(using.arrow.value)) {
            let (from, goal) = if to == Side::Right { (left, right) } else { (right, left) };
            if from.several() && !goal.several() {
                let (from, goal) = (from.names(), goal.names());
                let away = if to == Side::Right { "<-" } else { "->" };
                let message = format!("{from} holds several values, and {goal} takes one");
                let problem = Problem::new(Code::TypeMismatch, using.at, message)
                    .label("which of them would it be?");
                self.say(if using.arrow.value == Arrow::Both {
                    problem
                        .help(format!("write the line with `{away}`"))
                        .fix(using.arrow.span, away)
                } else {
                    problem.help("map it to a field that takes several values")
                });
                return false;
            }
        }
        true
    }

    /// Cells get the type of their column.
    fn type_cells(&mut self, index: usize, columns: &[Columns<'c>; 2]) {
        let Some(table) = self.plan.tables.get_mut(index) else { return };
        let [left, right] = columns;
        for row in &mut table.rows {
            retype(&mut row.left, &left.kinds);
            retype(&mut row.right, &right.kinds);
        }
        for (otherwise, columns) in table.otherwise.iter_mut().zip(columns) {
            if let Some(otherwise) = otherwise {
                retype(&mut otherwise.action, &columns.kinds);
                if let Some(cells) = &mut otherwise.on_create {
                    retype(cells, &columns.kinds);
                }
            }
        }
    }

    /// The states of the left record, when the left columns are its status fields.
    pub(super) fn states_of(&self, left: &Columns<'c>) -> Option<&'c States> {
        let crate::schema::Place::Object(object) = self.scopes.first()?.place else { return None };
        let states = object.states.as_ref()?;
        let names: Vec<&str> = left.fields.iter().flatten().map(|f| f.name.as_str()).collect();
        (names.len() == left.fields.len() && names.iter().eq(states.fields.iter()))
            .then_some(states)
    }
}

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}

fn row_width(at: Span, wanted: (usize, usize), found: (usize, usize)) -> Problem {
    Problem::new(
        Code::RowWidth,
        at,
        format!(
            "expected {} left and {} right of the arrow, found {} and {}",
            cells(wanted.0),
            wanted.1,
            found.0,
            found.1
        ),
    )
    .label("another number of cells")
    .help("give each row one cell for each field of the line that uses the table")
}

fn otherwise_width(at: Span, side: Side, wanted: usize, found: usize) -> Problem {
    let side = if side == Side::Left { "left" } else { "right" };
    let message = format!("expected {} behind `otherwise`, found {found}", cells(wanted));
    Problem::new(Code::RowWidth, at, message)
        .label(format!("the rows have {wanted} on the {side}"))
        .help("give it one cell for each field that it says something about")
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
            // Of several values each is looked up as one.
            let one = if matches!(kind, Kind::MultiEnum | Kind::List) { Kind::Enum } else { *kind };
            *value = typed(Some(one), &constant);
        }
    }
}

/// The words of cells, when each is one.
pub(super) fn texts(cells: &[Cell]) -> Option<Vec<String>> {
    cells
        .iter()
        .map(|cell| match cell {
            Cell::Is(Value::Text(text)) => Some(text.clone()),
            Cell::Is(_) | Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => None,
        })
        .collect()
}
