//! The command line of `cosell login`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TextFormat;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Login {
    #[command(subcommand)]
    pub(crate) command: LoginCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoginCommand {
    /// Signs a person in to Partner Center
    ///
    /// A code is shown, to be typed in where there is a browser; with --browser the page is opened here.
    #[command(
        after_help = "Examples:\n  cosell login partner-center\n  cosell login partner-center --browser"
    )]
    PartnerCenter(LoginTo),

    /// Signs a person in to Salesforce, for configurations with `refresh_token`
    #[command(
        after_help = "Examples:\n  cosell login salesforce\n  cosell login salesforce --browser --port 1717"
    )]
    Salesforce(LoginTo),

    /// Shows the three connections: whom they act for, for what, until when, when they were used
    ///
    /// Of a service that runs it is what the service knows; else each connection is tried. No token is shown.
    /// Exit code 1: one of them does not work.
    #[command(after_help = "Examples:\n  cosell login status\n  cosell login status --format json")]
    Status(LoginStatus),
}

#[derive(Debug, Args)]
pub(crate) struct LoginTo {
    /// The configuration of the service; only the part of this system is read
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// Sign in with a browser on this machine instead of a code
    #[arg(long)]
    pub(crate) browser: bool,

    /// The port of this machine that the browser comes back to [default: any; for Salesforce 1717]
    #[arg(long, value_name = "PORT", requires = "browser")]
    pub(crate) port: Option<u16>,

    /// Show the page's address, and do not open it
    #[arg(long, requires = "browser")]
    pub(crate) no_open: bool,

    /// The environment, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LoginStatus {
    /// The configuration of the service
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// The environment, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}
