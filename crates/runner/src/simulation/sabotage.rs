//! Bugs that are planted on purpose, one at a time: the simulation has to find each.
//!
//! In: nothing. Out: their names. Must not know: how the wrappers around store and wires plant them. None
//! of them exists in a release build: the wrappers are test code.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sabotage {
    /// Writes are not announced.
    NoIntent,
    /// The base after a write is not kept.
    NoBaseAfterWrite,
    /// The base comes from what was sent, not from what is read back.
    BaseFromSent,
    /// Nothing is compared before a commit, so a runner that lost its deal goes on.
    NoEpochCheck,
    /// Neither open creates nor the external reference are looked at before a record is made.
    NoLookBeforeCreate,
    /// A mark set while a deal is in work is forgotten with it.
    ForgetsMarks,
    /// Opportunities are changed whatever happened to them since they were read.
    NoUnmodifiedSince,
    /// Referrals are changed whatever happened to them since they were read.
    NoIfMatch,
    /// After an unknown outcome a referral is made again without looking for it.
    NoLookAfterUnknown,
    /// A referral that is not in the list at once counts as not made.
    LooksTooSoon,
    /// What Salesforce refuses counts as done.
    RefusedIsDone,
    /// Microsoft is asked again without looking whether it was asked.
    NoLookForHalf,
    /// The flag of an opportunity is taken for set.
    IgnoresFlag,
    /// A deleted opportunity is taken for one that never was.
    IgnoresTombstone,
    /// The second claimant of a partner gets it too.
    LinksSecondClaimant,
    /// Hints count as kept although the store did not take them.
    AcceptsInVain,
    /// Shared records are made without the right to make them.
    NoReservation,
    /// A write whose outcome is not known counts as done.
    UnknownIsDone,
    /// What was read once is not read again before it leaves for Microsoft.
    NoSecondLook,
}

impl Sabotage {
    /// All: every run of the tests has to find each.
    pub(super) const ALL: [Sabotage; 19] = [
        Self::NoIntent,
        Self::NoBaseAfterWrite,
        Self::BaseFromSent,
        Self::NoEpochCheck,
        Self::NoLookBeforeCreate,
        Self::ForgetsMarks,
        Self::NoUnmodifiedSince,
        Self::NoIfMatch,
        Self::NoLookAfterUnknown,
        Self::LooksTooSoon,
        Self::RefusedIsDone,
        Self::NoLookForHalf,
        Self::IgnoresFlag,
        Self::IgnoresTombstone,
        Self::LinksSecondClaimant,
        Self::AcceptsInVain,
        Self::NoReservation,
        Self::UnknownIsDone,
        Self::NoSecondLook,
    ];
}
