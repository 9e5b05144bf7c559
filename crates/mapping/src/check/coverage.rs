//! Values that no row of a line's tables covers: what would happen to them, and the rows to add.
//!
//! In: the tables of a line, in a chain. Out: problems that name the values, the effect in both
//! directions, and rows. Must not know: how rows are read.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::decision::Side;
use crate::plan::{Cell, Otherwise, Table};
use crate::problem::{Code, MOST_PROBLEMS, Problem, nearest, semantics as say};
use crate::record::same_plain;
use crate::schema::Kind;
use crate::tree::{Arrow, Span};
use crate::value::Value;

use super::Checker;
use super::cells::{cell_text, quote};
use super::rows::{RowIndex, arrow_to, ends};
use super::tables::{Columns, Use, texts};

/// Values of the columns of one side.
type Values = Vec<Cell>;

/// Values that a table does not cover in a direction.
struct Gap<'g, 'c> {
    using: &'g Use<'c>,
    /// The table's place in the chain.
    step: usize,
    to: Side,
    values: Vec<Values>,
    /// All values that arrive at the table, in the order of their list.
    all: Vec<Values>,
}

impl<'c> Checker<'c> {
    /// Every value that a field can have is in a row, from one end of the chain to the other.
    pub(super) fn exhaustive(&mut self, using: &Use<'c>) {
        for to in Side::BOTH.into_iter().rev().filter(|to| to.is_target_of(using.arrow.value)) {
            let mut arriving = self.all_values(to.other(), &using.ends[to.other().index()]);
            let mut steps: Vec<usize> = (0..using.tables.len()).collect();
            if to == Side::Left {
                steps.reverse();
            }
            for step in steps {
                let table = using.tables.get(step).and_then(|index| self.plan.tables.get(*index));
                let Some(table) = table else { return };
                let meant = meant(table, to, &using.columns(step, to.other()));
                let index = RowIndex::new(&table.rows, to, |row| (!row.aside).then(String::new));
                let is_meant = |values: &Values| {
                    let words = texts(values);
                    words.is_some_and(|w| matches!(w.as_slice(), [one] if meant.contains(one)))
                };
                let open = |v: &&Values| !covered(&index, v) && !is_meant(v);
                let gap = arriving.as_ref().map(|all| Gap {
                    using,
                    step,
                    to,
                    values: all.iter().filter(open).cloned().collect(),
                    all: all.clone(),
                });
                arriving = Some(outputs(table, &index, to, arriving.as_deref()));
                if let Some(gap) = gap.filter(|gap| !gap.values.is_empty()) {
                    let problem = self.uncovered(&gap);
                    self.say(problem);
                }
            }
        }
    }

    fn uncovered(&self, gap: &Gap<'_, 'c>) -> Problem {
        let Gap { using, step, to, .. } = gap;
        let index = using.tables.get(*step).copied().unwrap_or_default();
        let place = self.tables.get(index).map_or(using.at, |facts| facts.span);
        let (name, otherwise) = self
            .plan
            .tables
            .get(index)
            .map_or(("", None), |t| (t.name.as_str(), t.otherwise[to.index()].as_ref()));
        let list = say::listed(
            gap.values.iter().map(|v| shown(v)).collect::<Vec<_>>().iter().map(String::as_str),
        );
        let word = arrow_to(*to);
        let count = gap.values.len();
        let what = self.what(gap, count);
        let effect = self.effect(gap, otherwise);
        let problem = if otherwise.is_none() {
            let are = if count == 1 { "is" } else { "are" };
            let message = format!("{what} {are} in no row of table `{name}` (`{word}`): {list}");
            Problem::new(Code::TableNotExhaustive, place, message)
                .label("not all values are covered")
        } else {
            let reach = if count == 1 { "reaches" } else { "reach" };
            let message = format!(
                "{what} {reach} table `{name}` only through `otherwise` (`{word}`): {list}"
            );
            Problem::new(Code::OnlyOtherwise, place, message)
                .label("covered by no row of their own")
        };
        let problem = problem.effect(effect);
        let goals = Goals::new(gap, self.plan.tables.get(index));
        let made: Vec<(String, bool)> =
            gap.values.iter().map(|value| self.row_for(gap, &goals, otherwise, value)).collect();
        let first = made.first().map_or("", |(row, _)| row.as_str());
        let help = if otherwise.is_none() && count > 1 {
            format!("add rows such as `{first}`, or `otherwise {word} keep`")
        } else if count > 1 {
            format!("add rows such as `{first}`")
        } else {
            format!("add a row such as `{first}`")
        };
        match self.insertion(index) {
            Some((at, before, after)) if made.iter().all(|(_, whole)| *whole) => {
                let rows = made.iter().map(|(row, _)| format!("{before}{row}{after}"));
                problem.help(help).fix(at, rows.collect::<String>())
            }
            Some(_) | None => problem.help(help),
        }
    }

    /// Which values these are, with their number.
    fn what(&self, gap: &Gap<'_, 'c>, count: usize) -> String {
        let values = if count == 1 { "value" } else { "values" };
        let from = gap.to.other();
        let columns = gap.using.columns(gap.step, from);
        if columns.fields.is_empty() {
            return format!("{count} {values} of the table before it");
        }
        let active = if self.states_of(&columns).is_some() { "" } else { "active " };
        let name = self.plan.side_name(from);
        format!("{count} {active}{values} of {} of the {name}", columns.names())
    }

    /// What happens to such a value, in the words of the two sides.
    fn effect(&self, gap: &Gap<'_, 'c>, otherwise: Option<&Otherwise>) -> String {
        let (from, target) = (self.plan.side_name(gap.to.other()), self.plan.side_name(gap.to));
        let article = if from.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let from_one = format!("{article} {from}");
        let back = if gap.using.arrow.value == Arrow::Both {
            format!(", and a later change of the {target} replaces it")
        } else {
            String::new()
        };
        let it = if gap.values.len() == 1 { "it" } else { "one of them" };
        let Some(otherwise) = otherwise else {
            let required =
                gap.using.ends[gap.to.index()].fields.iter().flatten().any(|field| field.required);
            let create = if required {
                format!(" (a new {target} is not even created)")
            } else {
                String::new()
            };
            return format!(
                "when {from_one} has {it}, the line is parked and the {target} is not told{create}{back}"
            );
        };
        let (file, line) = self.plan.place(otherwise.map_line);
        let file = if file == self.plan.file() { String::new() } else { format!(" of {file}") };
        let word = arrow_to(gap.to);
        let written =
            format!("line {line}{file}: `otherwise {word} {}`", cells_text(&otherwise.action));
        let does = match otherwise.action.as_slice() {
            cells if cells.contains(&Cell::Park) => "waits for a person".to_owned(),
            cells if cells.contains(&Cell::Same) => "gets the same word".to_owned(),
            cells if cells.iter().any(|cell| matches!(cell, Cell::Is(_))) => {
                format!("gets {}", cells_text(&otherwise.action))
            }
            _ => "keeps what it has and is not told".to_owned(),
        };
        let create = otherwise.on_create.as_ref().map_or_else(String::new, |cells| {
            format!("; a new {target} gets {}", cells_text(cells))
        });
        format!("when {from_one} has {it}, the {target} {does} ({written}){create}{back}")
    }

    /// A row for a value, and whether it is whole: what its like-named value or both its neighbours
    /// get, else what `otherwise` says, else `park`.
    fn row_for(
        &self,
        gap: &Gap<'_, 'c>,
        goals: &Goals<'_, 'c>,
        otherwise: Option<&Otherwise>,
        value: &Values,
    ) -> (String, bool) {
        let Gap { using, step, to, .. } = gap;
        let table = using.tables.get(*step).and_then(|index| self.plan.tables.get(*index));
        let width =
            table.and_then(|table| table.rows.first()).map_or(1, |row| ends(row, *to).1.len());
        let all = |cells: &[Cell]| match cells {
            [one] => cells_text(&vec![one.clone(); width]),
            cells => cells_text(cells),
        };
        let goal =
            goals.namesake(value, width).or_else(|| goals.of_neighbours(value)).or_else(|| {
                match otherwise {
                    None => Some(all(&[Cell::Park])),
                    // What a new record gets instead has no place in a row.
                    Some(otherwise) if otherwise.on_create.is_some() => None,
                    Some(otherwise) => Some(all(&otherwise.action)),
                }
            });
        let whole = goal.is_some();
        let goal = goal.unwrap_or_else(|| vec!["…"; width].join(", "));
        let own = |cells: &[Cell], side: Side| match side {
            Side::Left => cells.iter().map(left_text).collect::<Vec<_>>().join(", "),
            Side::Right => cells_text(cells),
        };
        let value = own(value, to.other());
        let row = match to {
            Side::Right => format!("{value} -> {goal}"),
            Side::Left => format!("{goal} <- {value}"),
        };
        (row, whole)
    }

    /// Where rows are added to a table: the place, and what stands around each of them.
    fn insertion(&self, index: usize) -> Option<(Span, String, &'static str)> {
        let facts = self.tables.get(index)?;
        let indent = |at: usize| -> String {
            let before = self.text.get(..at).unwrap_or("");
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            before.get(start..).unwrap_or("").chars().take_while(|c| c.is_whitespace()).collect()
        };
        if let Some(last) = facts.rows.iter().map(|row| row.span).max_by_key(|span| span.end) {
            let behind = self.text.get(last.end..)?;
            let end = last.end + behind.find(['\r', '\n']).unwrap_or(behind.len());
            return Some((Span::new(end, end), format!("\n{}", indent(last.start)), ""));
        }
        let first = facts.otherwise.iter().flatten().map(|at| at.span.start).min()?;
        let start = first - indent(first).len();
        Some((Span::new(start, start), indent(first), "\n"))
    }

    /// All values that a side can have, when its schema lists them.
    fn all_values(&self, side: Side, columns: &Columns<'c>) -> Option<Vec<Values>> {
        let word = |word: &str| Cell::Is(Value::Text(word.to_owned()));
        if side == Side::Left
            && let Some(states) = self.states_of(columns)
        {
            let pairs = states.pairs.iter();
            return Some(pairs.map(|pair| pair.iter().map(|w| word(w)).collect()).collect());
        }
        let [Some(field)] = columns.fields.as_slice() else { return None };
        if field.kind == Kind::Bool {
            return Some([true, false].map(|flag| vec![Cell::Is(Value::Bool(flag))]).to_vec());
        }
        let values: Vec<Values> = field.active_values().map(|value| vec![word(value)]).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// What the values that arrive at a table get there, and what the other list calls the same.
struct Goals<'g, 'c> {
    gap: &'g Gap<'g, 'c>,
    /// For each value what its row says, when that is whole.
    given: Vec<Option<&'g [Cell]>>,
    /// For each value the nearest one before it, and behind it, whose row says something.
    before: Vec<Option<usize>>,
    behind: Vec<Option<usize>>,
    /// Where each value stands among all.
    places: HashMap<String, usize>,
    /// The values of the other list by their letters.
    namesakes: HashMap<String, &'c str>,
}

impl<'g, 'c> Goals<'g, 'c> {
    fn new(gap: &'g Gap<'g, 'c>, table: Option<&'g Table>) -> Self {
        let rows = table.map_or(&[][..], |table| table.rows.as_slice());
        let index = RowIndex::new(rows, gap.to, |row| row.when.is_none().then(String::new));
        let goal = |value: &Values| -> Option<&'g [Cell]> {
            let (_, goal) = ends(rows.get(index.first(value, "", |_| true)?)?, gap.to);
            goal.iter().all(|cell| matches!(cell, Cell::Is(_))).then_some(goal)
        };
        let given: Vec<Option<&[Cell]>> = gap.all.iter().map(goal).collect();
        let nearest = |latest: &mut Option<usize>, place: usize| {
            let found = *latest;
            *latest = given.get(place).copied().flatten().map(|_| place).or(found);
            Some(found)
        };
        let before = (0..given.len()).scan(None, nearest).collect();
        let mut behind: Vec<Option<usize>> = (0..given.len()).rev().scan(None, nearest).collect();
        behind.reverse();
        let mut places = HashMap::new();
        for (place, value) in gap.all.iter().enumerate() {
            places.entry(format!("{value:?}")).or_insert(place);
        }
        let mut namesakes = HashMap::new();
        if let [Some(field)] = gap.using.columns(gap.step, gap.to).fields.as_slice() {
            for known in field.active_values() {
                namesakes.entry(letters(known)).or_insert(known);
            }
        }
        Self { gap, given, before, behind, places, namesakes }
    }

    /// The value of the other list that is called the same, whatever its case, blanks and marks.
    fn namesake(&self, value: &Values, width: usize) -> Option<String> {
        let found = self.namesakes.get(&letters(&texts(value)?.concat()))?;
        (width == 1).then(|| quote(found))
    }

    /// What both neighbours in the list get, when it is the same; of a status pair, what all pairs
    /// with the same status get.
    fn of_neighbours(&self, value: &Values) -> Option<String> {
        let place = *self.places.get(&format!("{value:?}"))?;
        let goal = |place: usize| self.given.get(place).copied().flatten();
        let goals: Vec<&[Cell]> = if value.len() > 1 {
            let all = self.gap.all.iter().enumerate();
            let alike = all.filter(|(_, other)| other.first() == value.first());
            alike.filter_map(|(place, _)| goal(place)).collect()
        } else {
            let next = |places: &[Option<usize>]| goal((*places.get(place)?)?);
            vec![next(&self.before)?, next(&self.behind)?]
        };
        let (first, rest) = goals.split_first()?;
        let alike = |other: &&[Cell]| {
            first.iter().zip(*other).all(|pair| match pair {
                (Cell::Is(a), Cell::Is(b)) => same_plain(a, b),
                (a, b) => a == b,
            })
        };
        rest.iter().all(alike).then(|| match self.gap.to {
            Side::Left => first.iter().map(left_text).collect::<Vec<_>>().join(", "),
            Side::Right => cells_text(first),
        })
    }
}

/// What is left of a text without case, blanks and marks.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a row has the values. A `when` may not hold, and yet the row was written for them.
fn covered(index: &RowIndex<'_>, values: &[Cell]) -> bool {
    index.first(values, "", |_| true).is_some()
}

/// Values of the list that misspelt cells were meant for, which are told as such.
fn meant(table: &Table, to: Side, columns: &Columns<'_>) -> HashSet<String> {
    let [Some(field)] = columns.fields.as_slice() else { return HashSet::new() };
    let known = || field.values.iter().map(|value| value.value.as_str());
    let rows = table.rows.iter().filter(|row| to.is_target_of(row.arrow));
    let words = rows.filter_map(|row| texts(ends(row, to).0)).filter_map(|mut cells| cells.pop());
    words
        .filter(|word| field.value(word).is_none())
        .take(MOST_PROBLEMS)
        .filter_map(|word| nearest(&word, known()).map(str::to_owned))
        .collect()
}

/// What a table makes of the values that arrive at it; of all its rows when these are not known.
fn outputs(
    table: &Table,
    index: &RowIndex<'_>,
    to: Side,
    arriving: Option<&[Values]>,
) -> Vec<Values> {
    let mut given: Vec<Values> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut add = |goal: &[Cell], source: &[Cell]| {
        let passed = |(place, cell): (usize, &Cell)| match cell {
            Cell::Same => source.get(place).cloned(),
            Cell::Is(value) if value.is_blank() => None,
            Cell::Is(_) => Some(cell.clone()),
            Cell::Any | Cell::Ignore | Cell::Keep | Cell::Park => None,
        };
        let goal: Option<Values> = goal.iter().enumerate().map(passed).collect();
        if let Some(goal) = goal
            && seen.insert(format!("{goal:?}"))
        {
            given.push(goal);
        }
    };
    let rows = || table.rows.iter().filter(|row| to.is_target_of(row.arrow));
    let otherwise = table.otherwise[to.index()].as_ref();
    let Some(arriving) = arriving else {
        for row in rows() {
            add(ends(row, to).1, &[]);
        }
        if let Some(otherwise) = otherwise {
            add(&otherwise.action, &[]);
        }
        return given;
    };
    for values in arriving {
        let mut decided = false;
        let mut next = 0;
        while let Some(at) = index.first(values, "", |at| at >= next) {
            let Some(row) = table.rows.get(at) else { break };
            add(ends(row, to).1, values);
            decided = row.when.is_none();
            if decided {
                break;
            }
            next = at + 1;
        }
        if let (false, Some(otherwise)) = (decided, otherwise) {
            add(&otherwise.action, values);
            if let Some(cells) = &otherwise.on_create {
                add(cells, values);
            }
        }
    }
    given
}

fn shown(values: &[Cell]) -> String {
    let text = |cell: &Cell| match cell {
        Cell::Is(Value::Text(text)) => text.clone(),
        cell => cells_text(std::slice::from_ref(cell)),
    };
    values.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A cell as it stands on the left: bare when it may be.
fn left_text(cell: &Cell) -> String {
    match cell {
        Cell::Is(Value::Text(text)) => cell_text(text),
        cell => cells_text(std::slice::from_ref(cell)),
    }
}

/// Cells as they are written.
fn cells_text(cells: &[Cell]) -> String {
    let text = |cell: &Cell| match cell {
        Cell::Is(Value::Text(text)) => quote(text),
        Cell::Is(Value::Blank) => "blank".to_owned(),
        Cell::Is(value) => value.show(),
        Cell::Any => "any".to_owned(),
        Cell::Ignore => "ignore".to_owned(),
        Cell::Same => "same".to_owned(),
        Cell::Keep => "keep".to_owned(),
        Cell::Park => "park".to_owned(),
    };
    cells.iter().map(text).collect::<Vec<_>>().join(", ")
}
