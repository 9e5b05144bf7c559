//! The lines of an overlay -> text; and one line of any kind as one text.
//!
//! In: parts of the tree. Out: printed lines. Must not know: the grammar, the base.

use super::columns::{Below, Printed};
use super::phrases::Phrases;
use super::{Layout, Page, arrow, atoms};
use crate::tree::{
    At, Block, BlockName, Clause, Edit, Edits, FieldLine, RelatedLine, ReportLine, RequireLine,
    Row, SyncLine,
};

/// The words of the first line, and the lines below it.
type Text = (String, Vec<Below>);

/// A block of the base, as an overlay names it.
/// The line that names the base.
pub(super) fn extends(base: &str, word: &str) -> Printed {
    Printed::line("extends", format!("{word} {}", atoms::name(base)))
}

/// The line that leaves a block out.
pub(super) fn drop(block: &BlockName, word: &str) -> Printed {
    Printed::line("edit", format!("{word} {}", block_name(block)))
}

pub(crate) fn block_name(block: &BlockName) -> String {
    match block {
        BlockName::Sync => "sync".to_owned(),
        BlockName::Defaults => "defaults".to_owned(),
        BlockName::Values(name) => format!("values {}", atoms::name(&name.value)),
        BlockName::Fields => "fields".to_owned(),
        BlockName::Related { object, through } => {
            let through = through.as_ref().map(|t| format!(" through {}", atoms::name(&t.value)));
            format!("related {}{}", atoms::name(&object.value), through.unwrap_or_default())
        }
        BlockName::Each { left, right } => {
            let right = right.as_ref().map(|r| format!(" with {}", atoms::path(&r.value)));
            format!("each {}{}", atoms::path(&left.value), right.unwrap_or_default())
        }
        BlockName::Require => "require".to_owned(),
        BlockName::Report => "report".to_owned(),
    }
}

impl Page<'_> {
    /// What happens to lines of the base.
    pub(super) fn edits(
        &self,
        block: Option<&At<BlockName>>,
        edits: &Edits,
        word: &dyn Fn(&'static str) -> String,
    ) -> Printed {
        match edits {
            Edits::Key(edit) => self.edit(block, edit, word, &|_, key, _| {
                let path = |path| atoms::path(path);
                let (left, right) = (path(&key.left.value), path(&key.right.value));
                Printed::line("match", format!("match {left} with {right}"))
            }),
            Edits::Sync(edit) => {
                self.edit(block, edit, word, &|page, line, _| page.sync_line(line))
            }
            Edits::Defaults(edit) => self.edit(block, edit, word, &|page, clause, _| {
                Printed::line("default", page.phrases.clause(clause))
            }),
            Edits::Values(edit) => self.edit(block, edit, word, &|page, row, _| page.row(row)),
            Edits::Fields(edit) => {
                self.edit(block, edit, word, &|page, line, _| page.field_line(line))
            }
            Edits::Inner(edit) => {
                self.edit(block, edit, word, &|page, line, _| page.inner_line(line))
            }
            Edits::Require(edit) => {
                self.edit(block, edit, word, &|page, line, _| page.require_line(line))
            }
            Edits::Report(edit) => {
                self.edit(block, edit, word, &|_, line, _| Page::report_line(line))
            }
        }
    }

    fn edit<T>(
        &self,
        block: Option<&At<BlockName>>,
        edit: &Edit<T>,
        word: &dyn Fn(&'static str) -> String,
        layout: Layout<'_, T>,
    ) -> Printed {
        let name = block.map(|block| block_name(&block.value)).unwrap_or_default();
        // The first word is printed as it was written, when it is not a word.
        let verb = |verb: &'static str| match block {
            Some(_) => format!("{} {name} {verb}", word("in")),
            None => word(verb),
        };
        let text = |line: &At<T>| one_text(layout(self, &line.value, line.span));
        let (first, below) = match edit {
            Edit::Remove(line) => {
                let (line, below) = text(line);
                (format!("{} {line}", verb("remove")), below)
            }
            Edit::Change { old, new } => {
                let (old, mut below) = text(old);
                let (new, more) = text(new);
                below.push((format!("into {new}"), None));
                below.extend(more);
                (format!("{} {old}", verb("change")), below)
            }
            Edit::Add { line, before } => {
                let (line, mut below) = text(line);
                below.extend(before.as_ref().map(|row| (format!("before {}", text(row).0), None)));
                (format!("{} {line}", verb("add")), below)
            }
            Edit::AddLines { lines, before } => {
                return self.added(
                    &format!("{} to {name}", word("add")),
                    lines,
                    before.as_ref(),
                    layout,
                );
            }
        };
        Printed { below, ..Printed::line("edit", first) }
    }

    fn added<T>(
        &self,
        head: &str,
        lines: &Block<T>,
        before: Option<&At<T>>,
        layout: Layout<'_, T>,
    ) -> Printed {
        let before = before.map(|row| {
            let (row, _) = one_text(layout(self, &row.value, row.span));
            (format!("before {row}"), None)
        });
        let printed = self.block(head.to_owned(), lines, layout);
        Printed { below: before.into_iter().collect(), ..printed }
    }
}

/// A line by itself, without columns.
fn one_text(printed: Printed) -> Text {
    let mut line = [printed];
    let first = super::columns::align(&mut line).into_iter().next().unwrap_or_default();
    let [printed] = line;
    (first, printed.below)
}

/// Parts of lines in the one spelling that each has, so that two can be compared.
pub(crate) struct Whole;

impl Whole {
    /// Without the text that was read, every value is quoted.
    const PHRASES: Phrases<'static> = Phrases { text: "" };

    fn line(printed: Printed) -> String {
        let (mut text, below) = one_text(printed);
        for (line, _) in below {
            text.push(' ');
            text.push_str(&line);
        }
        text
    }

    fn page() -> Page<'static> {
        Page { phrases: Self::PHRASES, out: String::new() }
    }

    pub(crate) fn sync(line: &SyncLine) -> String {
        Self::line(Self::page().sync_line(line))
    }

    pub(crate) fn clause(clause: &Clause) -> String {
        Self::PHRASES.clause(clause)
    }

    pub(crate) fn row(row: &Row) -> String {
        Self::line(Self::page().row(row))
    }

    pub(crate) fn row_ends(row: &Row) -> String {
        let phrases = Self::PHRASES;
        match row {
            Row::Cells { left, arrow: way, right, .. } => {
                format!("{} {} {}", phrases.cells(left), arrow(way.value), phrases.cells(right))
            }
            Row::Otherwise { arrow: way, action, .. } => {
                format!("otherwise {} {}", arrow(way.value), phrases.cells(action))
            }
        }
    }

    pub(crate) fn ends(line: &FieldLine) -> String {
        let (left, right) = (atoms::operands(&line.left), atoms::operands(&line.right));
        format!("{left} {} {right}", arrow(line.arrow.value))
    }

    pub(crate) fn inner(line: &RelatedLine) -> String {
        match line {
            RelatedLine::Field(line) => Self::ends(line),
            RelatedLine::Match { pairs, .. } => {
                let line = RelatedLine::Match { pairs: pairs.clone(), clauses: Vec::new() };
                Self::line(Self::page().inner_line(&line))
            }
        }
    }

    pub(crate) fn demand(line: &RequireLine) -> String {
        Self::PHRASES.demand(&line.test.value)
    }

    pub(crate) fn report(line: &ReportLine) -> String {
        Self::line(Page::report_line(line))
    }
}
