//! What stands in a table.
//!
//! In: nothing. Out: rows and cells. Must not know: which fields a table is used for.

use super::{Arrow, At, Condition, Constant, Moment};

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// `Active, Accepted <-> "Qualification" when …`
    Cells {
        /// Cells left of the arrow.
        left: Vec<At<Cell>>,
        /// The arrow.
        arrow: At<Arrow>,
        /// Cells right of the arrow.
        right: Vec<At<Cell>>,
        /// Only for left records that fulfil this.
        when: Option<At<Condition>>,
        /// Written to the left only later.
        not_before: Option<NotBefore>,
    },
    /// `otherwise -> keep with warning, on create "Prospecting"`
    Otherwise {
        /// The arrow; `Both` says both.
        arrow: At<Arrow>,
        /// The cells that say what happens.
        action: Vec<At<Cell>>,
        /// `with warning`
        warning: bool,
        /// `on create CELLS`
        on_create: Option<Vec<At<Cell>>>,
    },
}

/// `not before createdDateTime plus 72 hours while Deal_Registration__c is true`
#[derive(Debug, Clone, PartialEq)]
pub struct NotBefore {
    /// From when on the row may be written.
    pub moment: At<Moment>,
    /// Only for right records that fulfil this.
    pub during: Option<At<Condition>>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cell {
    /// A bare word or a constant.
    Value(Constant),
    /// `any`
    Any,
    /// `ignore`
    Ignore,
    /// `keep`
    Keep,
    /// `same`
    Same,
    /// `park`
    Park,
}
