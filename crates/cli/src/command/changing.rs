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
