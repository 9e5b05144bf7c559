//! What a conversion does to the values that most records have, said so plainly that it can be
//! done on a record's own text.
//!
//! In: nothing. Out: [`Direct`], what conversions say of themselves. Must not know: texts, records.
//! Each is a promise: on the values that it speaks of it does what `to_right` and `to_left` do on
//! values; of all others it says nothing. `program` builds on it, and a test compares both.

/// What becomes of most values on their way to one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Direct<'c> {
    /// A value of whatever kind arrives as it is.
    Same,
    /// A text arrives as it is when it is as this says.
    Text(Passes),
    /// A number with at most so many digits behind the point arrives as it is.
    Number {
        /// None: with any number of them.
        decimals: Option<u32>,
    },
    /// Of a moment that is written in UTC the day arrives.
    Day,
    /// Texts that are not blank, and have no blanks around them, arrive between words.
    Template {
        /// In their order.
        pieces: Vec<Piece<'c>>,
        /// As long as the text is at most so long.
        most: Option<u32>,
    },
    /// Of each element of a list a member that is a text arrives, each text once.
    Joined {
        /// The member.
        member: &'c str,
        /// What is written between two of them.
        separator: &'c str,
        /// As long as none of them holds this.
        splitter: &'c str,
    },
}

/// What a text has to be like to arrive as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Passes {
    /// Without blanks around it.
    pub(crate) trimmed: bool,
    /// Without line ends.
    pub(crate) one_line: bool,
    /// Its letters are written so.
    pub(crate) case: Option<Case>,
    /// What is behind so many characters (UTF-16 units) is cut off; of a trimmed text also the
    /// blanks before that.
    pub(crate) most: Option<u32>,
}

/// How letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Small.
    Lower,
    /// Capital.
    Upper,
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'c> {
    /// Words.
    Words(&'c str),
    /// The field with this number.
    Place(usize),
}

impl Passes {
    /// Any text without blanks around it.
    pub(super) const TRIMMED: Passes =
        Passes { trimmed: true, one_line: false, case: None, most: None };
    /// Any text of one line without blanks around it.
    pub(super) const ONE_LINE: Passes = Passes { one_line: true, ..Passes::TRIMMED };
}
