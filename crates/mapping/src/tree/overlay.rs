//! What a map says about the map that it extends.
//!
//! In: nothing. Out: the blocks of the base that are named, and what happens to their lines. Must
//! not know: the base.

use super::{
    At, Block, Clause, FieldLine, Path, RelatedLine, ReportLine, RequireLine, Row, SyncLine,
};

/// A block of the base, as an overlay names it.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockName {
    /// `sync`
    Sync,
    /// `defaults`
    Defaults,
    /// `values stage`
    Values(At<String>),
    /// `fields`
    Fields,
    /// `related Account [through AccountId]`
    Related {
        /// The related object.
        object: At<String>,
        /// The field that refers to it.
        through: Option<At<String>>,
    },
    /// `each LIST [with LIST]`
    Each {
        /// Path of the left list.
        left: At<Path>,
        /// Path of the right list.
        right: Option<At<Path>>,
    },
    /// `require`
    Require,
    /// `report`
    Report,
}

/// What happens to lines of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Edits {
    /// The `match` line of the head.
    Key(Edit<Key>),
    /// Lines of `sync`.
    Sync(Edit<SyncLine>),
    /// Lines of `defaults`.
    Defaults(Edit<Clause>),
    /// Rows of a table.
    Values(Edit<Row>),
    /// Lines of `fields`.
    Fields(Edit<FieldLine>),
    /// Lines of `related` or `each`.
    Inner(Edit<RelatedLine>),
    /// Lines of `require`.
    Require(Edit<RequireLine>),
    /// Lines of `report`.
    Report(Edit<ReportLine>),
}

/// What happens to lines of a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit<T> {
    /// `add LINE [before LINE]`
    Add {
        /// The new line.
        line: At<T>,
        /// The line of the base before which it goes; without: the end.
        before: Option<At<T>>,
    },
    /// `add to BLOCK [before LINE] … end`
    AddLines {
        /// The new lines.
        lines: Block<T>,
        /// The line of the base before which they go; without: the end.
        before: Option<At<T>>,
    },
    /// `change LINE into LINE`
    Change {
        /// The line of the base, without its clauses.
        old: At<T>,
        /// What takes its place; clauses that are not repeated are kept.
        new: At<T>,
    },
    /// `remove LINE`
    Remove(At<T>),
}

/// `match referral.id with opportunity.Referral_Identifier__c`
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Path whose first segment is a side's name.
    pub left: At<Path>,
    /// Path whose first segment is the other side's name.
    pub right: At<Path>,
}
