//! The command line of the commands that bring changed maps into service: `preview`, `reload`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::Args;

use super::{Kept, TextFormat};

#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// The maps as they may be; none: those of the configuration, as they are now
    #[arg(value_name = "MAP")]
    pub(crate) maps: Vec<PathBuf>,

    /// The configuration of the service
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// The environment, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// So many deals are looked at, spread over all
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sample: u32,

    /// At most so many deals are read a second
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) per_second: u32,

    /// How many deals are shown for each cause
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) samples: usize,

    /// How the differences are written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// Only looks: the maps are checked, and it is said what they would write
    #[arg(long)]
    pub(crate) preview: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// The environment, of kind production
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    pub(crate) to: Option<String>,

    /// Shows what was promoted, the newest first
    #[arg(long)]
    pub(crate) list: bool,

    /// Says what would be done, and changes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Another list of what was passed, such as the one of a staging machine; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) passed: Vec<PathBuf>,

    /// The configuration of the service
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// The environment whose releases are listed, where several are of kind production
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Scenario {
    /// The configuration of the service
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// The environment, of kind staging, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// The solution that the deals name; none: one that a referral names already
    #[arg(long, value_name = "ID")]
    pub(crate) solution: Option<String>,

    /// The user who owns the rep's deal, by id; none: the sync user, or another one with a whole name
    #[arg(long, value_name = "USER")]
    pub(crate) owner: Option<String>,

    /// Fields that the records of an organisation must have besides, as JSON: `{"Opportunity": {"Region__c": "EMEA"}}`
    #[arg(long, value_name = "FILE")]
    pub(crate) fields: Option<PathBuf>,

    /// How many seconds nothing may be written in the end
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) quiet: u32,

    /// Only takes away what an earlier one left
    #[arg(long)]
    pub(crate) clean: bool,

    /// Ends when standard input is closed, so that it never outlives the program that started it
    #[arg(long, hide = true)]
    pub(crate) with_parent: bool,

    /// How the steps are written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}
