//! What is not known of the real service. By default the sandbox does the stricter thing; a switch does
//! the other. Out go switches by name. It must not know what they change.

/// One thing that the sandbox does less strictly than by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// A referral may be closed with any closing substatus from New and from Active, as the table of
    /// statuses alone would allow. Default: declined from New, won or lost from Active, as in the portal.
    AnyClose,
    /// `/name` can be patched. Default: it is not among the connector's paths.
    PatchName,
    /// The customer's contacts can be changed after sharing. Default: they are locked, as in bulk files.
    OpenContacts,
    /// `updatedDateTime` and `createdDateTime` can be filtered by. Default: only what documents show.
    FilterByTime,
    /// `$top` bounds the whole answer: no next link behind it. Default: it is the size of a page.
    TopIsTotal,
    /// A refresh token ends with its first use. Default: it stays good, as Entra's do. The one switch
    /// to the stricter side.
    RefreshOnce,
}

impl Switch {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AnyClose,
        Self::PatchName,
        Self::OpenContacts,
        Self::FilterByTime,
        Self::TopIsTotal,
        Self::RefreshOnce,
    ];

    /// How it is called on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnyClose => "any-close",
            Self::PatchName => "patch-name",
            Self::OpenContacts => "open-contacts",
            Self::FilterByTime => "filter-by-time",
            Self::TopIsTotal => "top-is-total",
            Self::RefreshOnce => "refresh-once",
        }
    }

    /// The switch of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.name() == name)
    }
}
