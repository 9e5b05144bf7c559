//! The arguments of the commands on maps alone: check, fmt, plan.
//!
//! In: the words of the command line. Out: values. Must not know: how anything is done.

use std::path::PathBuf;

use clap::Args;

use super::{CheckFormat, Deny, TextFormat};

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Maps, or folders with maps; none: the folder that you are in
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// How problems are written
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(crate) format: CheckFormat,

    /// What else makes the exit code 1
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) deny: Option<Deny>,

    /// Carries out the edits that problems offer, as far as they make the map better
    #[arg(long)]
    pub(crate) fix: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Maps, or folders with maps; none: the folder that you are in; `-`: from stdin to stdout
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Write nothing: list the files that would change, and exit 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The map
    pub(crate) map: PathBuf,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// How the plan is written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}
