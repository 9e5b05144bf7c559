//! The command line of `cosell login`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Where somebody signs in
    #[arg(value_enum)]
    pub(crate) to: LoginTo,

    /// The configuration of the service; only the part of this system is read
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoginTo {
    /// Partner Center
    PartnerCenter,
    /// Salesforce, for configurations with `refresh_token`
    Salesforce,
}
