//! Which line is meant, and what becomes of it when another takes its place.
//!
//! In: lines of the tree. Out: names that are equal when the same line is meant, and merged lines.
//! Must not know: where lines stand.

use crate::print::Whole;
use crate::tree::{
    Block, Clause, ClauseKind, FieldLine, Item, Key, RelatedLine, ReportLine, RequireLine, Row,
    Span, SyncLine,
};

/// A kind of line that an overlay can change.
pub(super) trait Line: Clone {
    /// The lines of an item, when it is a block with such lines.
    fn block(item: &mut Item) -> Option<&mut Block<Self>>;

    /// Which line it is: what it is about and its arrow, in the one spelling.
    fn name(&self) -> String;

    /// The same without a condition, which need not be repeated when only one line fits.
    fn short_name(&self) -> String {
        self.name()
    }

    /// Everything that it says, in the one spelling.
    fn whole(&self) -> String;

    /// `new` in the place of this line: what it does not repeat is kept.
    fn merged(&self, new: Self) -> Self;

    /// What is written of the name; `whole` is where the line stands.
    fn named_at(&self, whole: Span) -> Span {
        whole
    }
}

fn with_clauses(name: &str, clauses: &[Clause]) -> String {
    let mut texts: Vec<String> = clauses.iter().map(Whole::clause).collect();
    texts.sort();
    format!("{name} {}", texts.join(" "))
}

/// Clauses of one kind stand for one another.
fn kind(clause: &ClauseKind) -> u8 {
    match clause {
        ClauseKind::As(_) | ClauseKind::Using(_) => 0,
        ClauseKind::Wins { .. }
        | ClauseKind::WinsNewest { .. }
        | ClauseKind::WinsNewestAlone
        | ClauseKind::ConflictAsk
        | ClauseKind::Union => 1,
        ClauseKind::FirstContact(_) => 2,
        ClauseKind::Blank(_) => 3,
        ClauseKind::Default { .. } => 4,
        ClauseKind::OnCreateOnly | ClauseKind::OnCreateOrInvite => 5,
        ClauseKind::OneWayTo(_) => 6,
        ClauseKind::UntilShared => 7,
        ClauseKind::RemovedKeep => 8,
        ClauseKind::None(_) => 9,
        ClauseKind::Several(_) => 10,
        ClauseKind::When(_) => 11,
        ClauseKind::Else(_) => 12,
    }
}

/// The clauses of a line and those of the one that takes its place. One without `to SIDE` takes
/// the place of all of its kind.
fn merge(old: &[Clause], new: Vec<Clause>) -> Vec<Clause> {
    let to = |clause: &Clause| clause.to.as_ref().map(|to| to.value.clone());
    let replaced = |old: &Clause| {
        new.iter().any(|new| {
            kind(&new.kind) == kind(&old.kind) && (new.to.is_none() || to(new) == to(old))
        })
    };
    let mut clauses: Vec<Clause> = old.iter().filter(|old| !replaced(old)).cloned().collect();
    clauses.extend(new);
    clauses
}

impl Line for FieldLine {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        if let Item::Fields(block) = item { Some(block) } else { None }
    }

    fn name(&self) -> String {
        Whole::ends(self)
    }

    fn whole(&self) -> String {
        with_clauses(&self.name(), &self.clauses)
    }

    fn merged(&self, new: Self) -> Self {
        Self { clauses: merge(&self.clauses, new.clauses.clone()), ..new }
    }

    fn named_at(&self, whole: Span) -> Span {
        let first = self.left.first().map_or(whole, |operand| operand.span);
        self.right.last().map_or(whole, |operand| first.to(operand.span))
    }
}

impl Line for RelatedLine {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        match item {
            Item::Related { lines, .. } | Item::Each { lines, .. } => Some(lines),
            _ => None,
        }
    }

    fn name(&self) -> String {
        Whole::inner(self)
    }

    fn whole(&self) -> String {
        match self {
            RelatedLine::Field(line) => line.whole(),
            RelatedLine::Match { clauses, .. } => with_clauses(&self.name(), clauses),
        }
    }

    fn merged(&self, new: Self) -> Self {
        match (self, new) {
            (RelatedLine::Field(old), RelatedLine::Field(new)) => {
                RelatedLine::Field(old.merged(new))
            }
            (RelatedLine::Match { clauses: old, .. }, RelatedLine::Match { pairs, clauses }) => {
                RelatedLine::Match { pairs, clauses: merge(old, clauses) }
            }
            (RelatedLine::Field(_) | RelatedLine::Match { .. }, new) => new,
        }
    }

    fn named_at(&self, whole: Span) -> Span {
        match self {
            RelatedLine::Field(line) => line.named_at(whole),
            RelatedLine::Match { pairs, .. } => {
                let last = pairs.last().map_or(whole, |(_, right)| right.span);
                Span::new(whole.start, last.end)
            }
        }
    }
}

impl Line for SyncLine {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        if let Item::Sync(block) = item { Some(block) } else { None }
    }

    fn name(&self) -> String {
        Whole::sync(self)
    }

    fn short_name(&self) -> String {
        if self.hold.is_some() {
            return self.name();
        }
        Whole::sync(&SyncLine { side: self.side.clone(), when: None, hold: None })
    }

    fn whole(&self) -> String {
        self.name()
    }

    fn merged(&self, new: Self) -> Self {
        if new.hold.is_some() || self.hold.is_some() {
            return new;
        }
        let when = new.when.or_else(|| self.when.clone());
        Self { when, ..new }
    }
}

impl Line for Clause {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        if let Item::Defaults(block) = item { Some(block) } else { None }
    }

    fn name(&self) -> String {
        Whole::clause(self)
    }

    fn whole(&self) -> String {
        self.name()
    }

    fn merged(&self, new: Self) -> Self {
        new
    }
}

impl Line for Row {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        if let Item::Values { rows, .. } = item { Some(rows) } else { None }
    }

    fn name(&self) -> String {
        match self {
            Row::Cells { .. } => Whole::row(self),
            Row::Otherwise { .. } => Whole::row_ends(self),
        }
    }

    fn short_name(&self) -> String {
        Whole::row_ends(self)
    }

    fn whole(&self) -> String {
        Whole::row(self)
    }

    fn merged(&self, new: Self) -> Self {
        match (self, new) {
            (
                Row::Cells { when: old, not_before: waited, .. },
                Row::Cells { left, arrow, right, when, not_before },
            ) => Row::Cells {
                left,
                arrow,
                right,
                when: when.or_else(|| old.clone()),
                not_before: not_before.or_else(|| waited.clone()),
            },
            (
                Row::Otherwise { warning: warned, on_create: made, .. },
                Row::Otherwise { arrow, action, warning, on_create },
            ) => Row::Otherwise {
                arrow,
                action,
                warning: warning || *warned,
                on_create: on_create.or_else(|| made.clone()),
            },
            (Row::Cells { .. } | Row::Otherwise { .. }, new) => new,
        }
    }
}

impl Line for RequireLine {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        if let Item::Require(block) = item { Some(block) } else { None }
    }

    fn name(&self) -> String {
        Whole::demand(self)
    }

    fn whole(&self) -> String {
        with_clauses(&self.name(), &self.clauses)
    }

    fn merged(&self, new: Self) -> Self {
        Self { clauses: merge(&self.clauses, new.clauses.clone()), ..new }
    }

    fn named_at(&self, _: Span) -> Span {
        self.test.span
    }
}

impl Line for ReportLine {
    fn block(item: &mut Item) -> Option<&mut Block<Self>> {
        if let Item::Report(block) = item { Some(block) } else { None }
    }

    fn name(&self) -> String {
        Whole::report(self)
    }

    fn whole(&self) -> String {
        self.name()
    }

    fn merged(&self, new: Self) -> Self {
        new
    }
}

/// The `match` line of the head.
pub(super) fn key(item: &Item) -> Option<Key> {
    let Item::Match { left, right } = item else { return None };
    Some(Key { left: left.clone(), right: right.clone() })
}
