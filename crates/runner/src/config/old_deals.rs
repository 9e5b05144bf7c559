//! What a first start does with the deals that are there already.
//!
//! In: a word of the configuration. Out: the choice. Must not know: deals.

/// What a first start does with the deals that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OldDeals {
    /// They are taken in like others.
    #[default]
    Auto,
    /// They are left until somebody says so.
    Ask,
}

impl OldDeals {
    /// As it stands in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            OldDeals::Auto => "auto",
            OldDeals::Ask => "ask",
        }
    }
}
