//! Tree -> text in the one layout. Printing and reading again gives the same tree, and printing
//! twice changes nothing; comments stay where they stand.
//!
//! In: a [`Tree`] and the text it was read from (for lines that could not be read, and for whether
//! a value was quoted). Out: text with LF line ends. Must not know: schemas, plans, the grammar.

mod atoms;
mod columns;
mod overlay;
mod phrases;

pub(crate) use overlay::{Whole, block_name};

#[cfg(test)]
mod tests;

use columns::{Cell, Printed};
use phrases::Phrases;

use crate::parse::word_as_written;
use crate::tree::{
    Arrow, At, Block, Clause, Entry, ExampleLine, FieldLine, Item, RelatedLine, ReportLine,
    RequireLine, Row, Span, SyncLine, Tree,
};

/// Lays out a tree. `text` is what it was read from.
///
/// Two blanks before each line of a block, six before each line that continues one; arrows and
/// right sides of neighbouring lines stand below each other; at most one blank line in a row.
pub fn print(tree: &Tree, text: &str) -> String {
    let mut page = Page { phrases: Phrases { text }, out: String::new() };
    page.entries(&tree.entries, 0, &|page, item, span| page.item(item, span));
    page.out
}

/// What is written so far.
struct Page<'t> {
    phrases: Phrases<'t>,
    out: String,
}

/// Makes the columns of a line.
type Layout<'f, T> = &'f dyn Fn(&Page<'_>, &T, Span) -> Printed;

impl Page<'_> {
    /// Entries of one level; neighbouring lines of one kind are aligned.
    fn entries<T>(&mut self, entries: &[Entry<T>], indent: usize, layout: Layout<'_, T>) {
        let mut run: Vec<Printed> = Vec::new();
        for entry in entries {
            match entry {
                Entry::Line { item, span, trailing } => {
                    let mut printed = layout(self, item, *span);
                    printed.trailing.clone_from(trailing);
                    if run.last().is_some_and(|last| last.kind != printed.kind) {
                        self.flush(&mut run, indent);
                    }
                    run.push(printed);
                }
                Entry::Comment(comment) => {
                    self.flush(&mut run, indent);
                    self.line(indent, &comment.value, None);
                }
                Entry::Blank(_) => {
                    self.flush(&mut run, indent);
                    self.line(0, "", None);
                }
                Entry::Unreadable(span) => {
                    self.flush(&mut run, indent);
                    self.verbatim(*span, indent);
                }
            }
        }
        self.flush(&mut run, indent);
    }

    /// Writes a run of lines with their columns aligned.
    fn flush(&mut self, run: &mut Vec<Printed>, indent: usize) {
        for (line, printed) in columns::align(run).into_iter().zip(run.drain(..)) {
            self.line(indent, &line, printed.trailing.as_deref());
            for (line, trailing) in printed.below {
                let indent = if line.is_empty() { 0 } else { indent + 4 };
                self.line(indent, &line, trailing.as_deref());
            }
            self.out.push_str(&printed.block);
        }
    }

    fn line(&mut self, indent: usize, line: &str, trailing: Option<&str>) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(line);
        if let Some(comment) = trailing {
            self.out.push_str("  ");
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }

    /// A piece of the source as it stands.
    fn verbatim(&mut self, span: Span, indent: usize) {
        let source = self.phrases.text.get(span.start..span.end).unwrap_or("");
        for (i, line) in source.split('\n').enumerate() {
            self.line(if i == 0 { indent } else { 0 }, line.trim_end(), None);
        }
    }

    /// An item of the top; a block with its lines and its `end`.
    fn item(&self, item: &Item, span: Span) -> Printed {
        let phrases = &self.phrases;
        let word = |word| word_as_written(phrases.text, span.start, word);
        match item {
            Item::Language(version) => {
                Printed::line("language", format!("{} {}", word("language"), version.value))
            }
            Item::Mapping { name, label, stability } => {
                let mut line = format!("{} {}", word("mapping"), atoms::name(&name.value));
                if let Some(label) = label {
                    line = format!("{line} {}", atoms::quoted(&label.value));
                }
                if let Some(stability) = stability {
                    line = format!("{line} {}", stability.word());
                }
                Printed::line("mapping", line)
            }
            Item::Side { name, system, object } => side(&word("side"), name, system, object),
            Item::Match { left, right } => {
                let (left, right) = (atoms::path(&left.value), atoms::path(&right.value));
                Printed::line("match", format!("{} {left} with {right}", word("match")))
            }
            Item::Sync(block) => {
                self.block(word("sync"), block, &|page, line, _| page.sync_line(line))
            }
            Item::Defaults(block) => self.block(word("defaults"), block, &|page, clause, _| {
                Printed::line("default", page.phrases.clause(clause))
            }),
            Item::Fields(block) => {
                self.block(word("fields"), block, &|page, line, _| page.field_line(line))
            }
            Item::Values { name, rows } => {
                let head = format!("{} {}", word("values"), atoms::name(&name.value));
                self.block(head, rows, &|page, row, _| page.row(row))
            }
            Item::Related { object, through, lines } => {
                let (object, through) = (atoms::name(&object.value), atoms::name(&through.value));
                let head = format!("{} {object} through {through}", word("related"));
                self.block(head, lines, &|page, line, _| page.inner_line(line))
            }
            Item::Each { left, right, clauses, lines } => {
                let (left, right) = (atoms::path(&left.value), atoms::path(&right.value));
                self.each(format!("{} {left} with {right}", word("each")), clauses, lines)
            }
            Item::Require(block) => {
                let head = format!("{} before sharing", word("require"));
                self.block(head, block, &|page, line, _| page.require_line(line))
            }
            Item::Report(block) => {
                self.block(word("report"), block, &|_, line, _| Page::report_line(line))
            }
            Item::Example { title, lines } => {
                let head = format!("{} {}", word("example"), atoms::quoted(&title.value));
                self.block(head, lines, &|page, line, _| page.example_line(line))
            }
            Item::Extends(base) => overlay::extends(&base.value, &word("extends")),
            Item::Drop(block) => overlay::drop(&block.value, &word("remove")),
            Item::Edit { block, edits } => self.edits(block.as_ref(), edits, &word),
        }
    }

    fn each(&self, head: String, clauses: &[Clause], lines: &Block<RelatedLine>) -> Printed {
        let (inline, below) = self.phrases.clauses(clauses);
        let inline = inline.map(|clauses| format!(" {clauses}")).unwrap_or_default();
        let printed = self.block(head + &inline, lines, &|page, line, _| page.inner_line(line));
        Printed { below, ..printed }
    }

    fn block<T>(&self, head: String, block: &Block<T>, layout: Layout<'_, T>) -> Printed {
        let mut page = Page { phrases: Phrases { text: self.phrases.text }, out: String::new() };
        page.entries(&block.entries, 2, layout);
        if block.closed {
            page.line(0, "end", block.end_trailing.as_deref());
        }
        Printed { block: page.out, ..Printed::line("block", head) }
    }

    fn sync_line(&self, line: &SyncLine) -> Printed {
        let word = if line.hold.is_some() { "hold" } else { "from" };
        let mut cells = vec![Cell::new(format!("{word} {}", atoms::side(&line.side.value)), 0)];
        if let Some(hold) = &line.hold {
            cells.push(Cell::new(
                format!("while {}", self.phrases.condition(&hold.during.value)),
                1,
            ));
        }
        if let Some(when) = &line.when {
            let gap = if line.hold.is_some() { 2 } else { 1 };
            cells.push(Cell::new(format!("when {}", self.phrases.condition(&when.value)), gap));
        }
        let answer = line.hold.iter().filter(|hold| !hold.answer.is_empty());
        let below = answer.map(|hold| {
            let moments: Vec<String> = hold.answer.iter().map(Phrases::moment).collect();
            (format!("answer by {}", moments.join(" default ")), None)
        });
        let below = below.collect();
        Printed { below, ..Printed::columns("from", cells) }
    }

    fn field_line(&self, line: &FieldLine) -> Printed {
        let mut cells = vec![
            Cell::new(atoms::operands(&line.left), 0),
            Cell::new(arrow(line.arrow.value).to_owned(), 1),
            Cell::new(atoms::operands(&line.right), 1),
        ];
        let below = self.with_clauses(&mut cells, &line.clauses);
        Printed { below, ..Printed::columns("field", cells) }
    }

    /// Adds clauses behind the last column; gives the lines below.
    fn with_clauses(&self, cells: &mut Vec<Cell>, clauses: &[Clause]) -> Vec<columns::Below> {
        let (inline, below) = self.phrases.clauses(clauses);
        cells.extend(inline.map(|clauses| Cell::new(clauses, 2)));
        below
    }

    fn inner_line(&self, line: &RelatedLine) -> Printed {
        let (pairs, clauses) = match line {
            RelatedLine::Field(line) => return self.field_line(line),
            RelatedLine::Match { pairs, clauses } => (pairs, clauses),
        };
        let path = |path| atoms::path(path);
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(l, r)| format!("{} with {}", path(&l.value), path(&r.value)))
            .collect();
        let mut cells = vec![Cell::new(format!("match {}", pairs.join(", ")), 0)];
        let below = self.with_clauses(&mut cells, clauses);
        Printed { below, ..Printed::columns("match", cells) }
    }

    fn row(&self, row: &Row) -> Printed {
        let phrases = &self.phrases;
        match row {
            Row::Cells { left, arrow: way, right, when, not_before } => {
                let mut cells = vec![
                    Cell::new(phrases.cells(left), 0),
                    Cell::new(arrow(way.value).to_owned(), 1),
                    Cell::new(phrases.cells(right), 1),
                ];
                if let Some(when) = when {
                    cells.push(Cell::new(format!("when {}", phrases.condition(&when.value)), 2));
                }
                if let Some(not_before) = not_before {
                    cells.push(Cell::new(phrases.not_before(not_before), 2));
                }
                Printed::columns("row", cells)
            }
            Row::Otherwise { arrow: way, action, warning, on_create } => {
                let mut text = phrases.cells(action);
                if *warning {
                    text.push_str(" with warning");
                }
                if let Some(on_create) = on_create {
                    text.push_str(", on create ");
                    text.push_str(&phrases.cells(on_create));
                }
                let cells = vec![
                    Cell::new("otherwise".to_owned(), 0),
                    Cell::new(arrow(way.value).to_owned(), 1),
                    Cell::new(text, 1),
                ];
                Printed::columns("row", cells)
            }
        }
    }

    fn require_line(&self, line: &RequireLine) -> Printed {
        let mut cells = vec![Cell::new(self.phrases.demand(&line.test.value), 0)];
        let below = self.with_clauses(&mut cells, &line.clauses);
        Printed { below, ..Printed::columns("require", cells) }
    }

    fn report_line(line: &ReportLine) -> Printed {
        let text = match line {
            ReportLine::Badge { prefix, field, good, bad } => {
                let field = atoms::path(&field.value);
                let (good, bad) = (atoms::quoted(&good.value), atoms::quoted(&bad.value));
                let place = if *prefix { "prefix of" } else { "in" };
                format!("badge {place} {field} {good} or {bad}")
            }
            ReportLine::Audit(field) => format!("audit in {}", atoms::path(&field.value)),
        };
        Printed::line("report", text)
    }

    fn example_line(&self, line: &ExampleLine) -> Printed {
        let phrases = &self.phrases;
        let text = match line {
            ExampleLine::Given { side, file } => {
                format!("{} {}", atoms::side(&side.value), atoms::quoted(&file.value))
            }
            ExampleLine::With { side, values } => {
                format!("{} with {}", atoms::side(&side.value), phrases.assignments(values))
            }
            ExampleLine::Missing(side) => format!("{} missing", atoms::side(&side.value)),
            ExampleLine::Base { side, file } => {
                format!("base {} {}", atoms::side(&side.value), atoms::quoted(&file.value))
            }
            ExampleLine::BaseWith { side, values } => {
                format!("base {} with {}", atoms::side(&side.value), phrases.assignments(values))
            }
            ExampleLine::Has { side, values } => {
                format!("{} has {}", atoms::side(&side.value), phrases.assignments(values))
            }
            ExampleLine::Newest(side) => format!("{} newest", atoms::side(&side.value)),
            ExampleLine::Time(at) => format!("at {}", atoms::quoted(&at.value)),
            ExampleLine::FirstContact => "first contact".to_owned(),
            ExampleLine::GivesUnchanged(side) => {
                format!("gives {} unchanged", atoms::side(&side.value))
            }
            ExampleLine::GivesParked { side, text } => {
                let text = text.as_ref().map(|text| format!(" {}", atoms::quoted(&text.value)));
                format!("gives {} parked{}", atoms::side(&side.value), text.unwrap_or_default())
            }
            ExampleLine::Gives { side, wants } => {
                format!("gives {} {}", atoms::side(&side.value), phrases.wants(wants))
            }
        };
        Printed::line("example", text)
    }
}

/// An arrow in its column of three.
fn arrow(arrow: Arrow) -> &'static str {
    match arrow {
        Arrow::Both => "<->",
        Arrow::ToRight => " ->",
        Arrow::ToLeft => "<- ",
    }
}

fn side(word: &str, name: &At<String>, system: &At<String>, object: &At<String>) -> Printed {
    let name = format!("{word} {}", atoms::side(&name.value));
    let system = format!("is {}", atoms::name(&system.value));
    let cells = [(name, 0), (system, 1), (atoms::name(&object.value), 1)];
    Printed::columns("side", cells.map(|(text, gap)| Cell::new(text, gap)).into())
}
