//! The command line of `cosell doctor`, and of what is asked for in the same way.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::Args;

use super::TextFormat;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The configuration of the service
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// One environment; none: all that the configuration has
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Checkup {
    #[command(flatten)]
    pub(crate) place: Doctor,

    /// Also looks at what a Salesforce user (user name, alias, address or id) may not see or edit of what the maps need
    #[arg(long, value_name = "USER")]
    pub(crate) seller: Option<String>,
}
