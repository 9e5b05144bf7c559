//! What becomes of maps that are changed while the service runs.
//!
//! In: a word of the configuration. Out: the choice. Must not know: maps.

/// What becomes of maps that are changed while the service runs. They are always checked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reload {
    /// They take effect.
    #[default]
    Auto,
    /// They take effect once somebody says so.
    Ask,
    /// Nobody looks until somebody says so.
    Off,
}

impl Reload {
    /// As it stands in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Reload::Auto => "auto",
            Reload::Ask => "ask",
            Reload::Off => "off",
        }
    }
}
