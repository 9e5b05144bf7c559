//! The lines of an `example` block: plain data with spans, nothing resolved.

use super::{At, Constant, Path};

/// A line of an example.
#[derive(Debug, Clone, PartialEq)]
pub enum ExampleLine {
    /// `referral "examples/accepted.json"`
    Given {
        /// The side.
        side: At<String>,
        /// A file beside the map.
        file: At<String>,
    },
    /// `referral with status = "Active"`
    With {
        /// The side.
        side: At<String>,
        /// What its record has when both agree.
        values: Vec<(At<Path>, At<Constant>)>,
    },
    /// `opportunity missing`
    Missing(At<String>),
    /// `base opportunity "examples/before.json"`
    Base {
        /// The side.
        side: At<String>,
        /// The record as it was last read back.
        file: At<String>,
    },
    /// `base opportunity with Amount = 5`
    BaseWith {
        /// The side.
        side: At<String>,
        /// What its record had when it was last read back.
        values: Vec<(At<Path>, At<Constant>)>,
    },
    /// `opportunity has StageName = "Needs Analysis", Amount = 5`
    Has {
        /// The side.
        side: At<String>,
        /// What was changed since the base.
        values: Vec<(At<Path>, At<Constant>)>,
    },
    /// `referral newest`: its change is the later one.
    Newest(At<String>),
    /// `at "2026-03-03T00:00:00Z"`: what time it is. Without it no clock is running.
    Time(At<String>),
    /// `first contact`
    FirstContact,
    /// `gives referral unchanged`
    GivesUnchanged(At<String>),
    /// `gives referral parked "Set an amount."`
    GivesParked {
        /// The side whose write waits for a person.
        side: At<String>,
        /// What that person reads, or a part of it.
        text: Option<At<String>>,
    },
    /// `gives referral status = Closed, name unchanged`
    Gives {
        /// The side.
        side: At<String>,
        /// What must come of these fields (others may be written too).
        wants: Vec<(At<Path>, At<Want>)>,
    },
}

/// What an example expects of one field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Want {
    /// `= VALUE`: it is written, and is this then.
    Is(Constant),
    /// `unchanged`: it is not written.
    Unchanged,
    /// `held`: a lock forbids the write.
    Held,
    /// `parked`: the write waits for a person.
    Parked,
}
