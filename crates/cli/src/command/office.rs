//! The command line of the commands that look after the service: `status`, `parked`, `release`,
//! `replay`, `why`, `verify`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::TextFormat;
use crate::office;

/// Where the state is.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// The configuration of the service; only its environment, `listen`, `store` and `maps` are read
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// The environment, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Shows it again every two seconds, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Parked {
    /// Only those with this cause
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Held {
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["names", "code", "all", "missing"]))]
pub(crate) struct Deals {
    /// Deals, by number (`deal-42`) or by the id of referral, engagement or record
    #[arg(value_name = "DEAL")]
    pub(crate) names: Vec<String>,

    /// All that are parked with this cause
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,

    /// All of them
    #[arg(long)]
    pub(crate) all: bool,

    /// Those that the census misses: more than `limits.most_gone` have a record that is not listed any more
    #[arg(long)]
    pub(crate) missing: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The deal: its number (`deal-42`), or the id of its referral, engagement or record
    #[arg(value_name = "DEAL")]
    pub(crate) deal: String,

    /// A field of either side, such as `Amount` or `details.dealValue`; none: the history
    #[arg(value_name = "FIELD")]
    pub(crate) field: Option<String>,

    /// How many entries of the history are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) last: u32,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Shadow {
    /// One deal, by number (`deal-42`) or by the id of referral, engagement or record; none: all
    #[arg(value_name = "DEAL")]
    pub(crate) deal: Option<String>,

    /// Shows the values of records too
    #[arg(long)]
    pub(crate) values: bool,

    /// Shows the lines too that would write to no deal any more
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Environments {
    /// The configuration of the service; no secret is read
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// How it is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) kept: Kept,
}

impl From<TextFormat> for office::Face {
    fn from(format: TextFormat) -> Self {
        match format {
            TextFormat::Text => office::Face::Text,
            TextFormat::Json => office::Face::Json,
        }
    }
}
