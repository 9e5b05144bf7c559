//! The command line of `cosell init`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::init::Options;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The project's folder; none: the folder that you are in
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// A shipped map to start from, `opportunity` or `lead`; may be given several times; none: all
    #[arg(long = "map", value_name = "NAME")]
    pub(crate) maps: Vec<String>,

    /// Copies the maps whole, instead of extending them
    #[arg(long)]
    pub(crate) copy: bool,

    /// What `cosell.yaml` is for
    #[arg(long, value_enum, default_value_t = Environment::Staging, value_name = "KIND")]
    pub(crate) environment: Environment,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Environment {
    /// Where reps work
    Production,
    /// A sandbox of the customer's org
    Staging,
    /// Reads everything, writes nothing
    Shadow,
}

impl From<Init> for Options {
    fn from(args: Init) -> Self {
        let Init { folder, org, maps, copy, environment } = args;
        let environment = match environment {
            Environment::Production => "production",
            Environment::Staging => "staging",
            Environment::Shadow => "shadow",
        };
        Options { folder, org, maps, copy, environment }
    }
}
