//! The command line of `cosell apply`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::packed::Packing;

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The map
    pub(crate) map: PathBuf,

    /// The side whose records come out, as the map names it
    #[arg(long, value_name = "SIDE")]
    pub(crate) to: String,

    /// Records of SIDE as they are now, one a line, paired by the keys of the `match` line
    #[arg(long, value_name = "FILE")]
    pub(crate) old: Option<PathBuf>,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// Writes there instead of to stdout; an older file stays until all is written
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// How the output is packed; without it, as FILE of --out ends: `.gz`, `.zst`, else not at all
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) compress: Option<Compress>,

    /// How many threads work; without it, one for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,

    /// Records of the other side, one a line, also packed with gzip or zstd; none or `-`: stdin
    #[arg(value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compress {
    /// As .gz
    Gzip,
    /// As .zst
    Zstd,
    /// Not at all
    None,
}

impl From<Compress> for Packing {
    fn from(compress: Compress) -> Self {
        match compress {
            Compress::Gzip => Packing::Gzip,
            Compress::Zstd => Packing::Zstd,
            Compress::None => Packing::None,
        }
    }
}
