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
    /// Several fields, each as this says, when none of them is blank.
    Each(Vec<Direct<'c>>),
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
        /// As long as they are of letters, digits, `-`, `.`, `_` and `~` only.
        unreserved: bool,
    },
    /// The texts of a list arrive one behind the other.
    Joined {
        /// Of each element this member; none: the elements are texts.
        member: Option<&'c str>,
        /// Each text once.
        once: bool,
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
    /// It is nothing but so many capital letters.
    pub(crate) capitals: Option<usize>,
    /// Its letters are written so.
    pub(crate) case: Option<Case>,
    /// What is behind so many characters (UTF-16 units) is cut off; of a trimmed text also the
    /// blanks before that.
    pub(crate) most: Option<u32>,
    /// Those characters are code points.
    pub(crate) points: bool,
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
    pub(super) const TRIMMED: Passes = Passes {
        trimmed: true,
        one_line: false,
        capitals: None,
        case: None,
        most: None,
        points: false,
    };
    /// Any text of one line without blanks around it.
    pub(super) const ONE_LINE: Passes = Passes { one_line: true, ..Passes::TRIMMED };
    /// The code of a currency.
    pub(super) const CURRENCY: Passes = Passes { capitals: Some(3), ..Passes::TRIMMED };
}
