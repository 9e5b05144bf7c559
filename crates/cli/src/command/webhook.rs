//! The command line of `cosell webhook`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TextFormat;

#[derive(Debug, Args)]
pub(crate) struct Webhook {
    #[command(subcommand)]
    pub(crate) command: WebhookCommand,

    /// The configuration of the service
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml", global = true)]
    pub(crate) config: PathBuf,

    /// The environment, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV", global = true)]
    pub(crate) env: Option<String>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text, global = true)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Shows whose address is called, and whether it is ours; exit code 1 when it is not
    Show,

    /// Registers this service's address
    ///
    /// Another address is left alone, with exit code 1, unless --overwrite says that it is to be
    /// replaced; it is kept, and `restore` gives it back.
    #[command(
        after_help = "Examples:\n  cosell webhook register\n  cosell webhook register --overwrite"
    )]
    Register {
        /// Replaces another address
        #[arg(long)]
        overwrite: bool,
    },

    /// Gives the registration back to the address that was replaced
    ///
    /// When a third address is registered by now, it is left alone, with exit code 1, unless
    /// --overwrite says that it is to be replaced; it is kept in its turn.
    Restore {
        /// Replaces an address that is neither this service's nor the one that was replaced
        #[arg(long)]
        overwrite: bool,
    },

    /// Asks Partner Center for a test event and waits for its outcome; two a minute at most
    Test,
}
