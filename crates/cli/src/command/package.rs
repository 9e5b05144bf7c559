//! The command line of `cosell salesforce`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::package::Options;

#[derive(Debug, Args)]
pub(crate) struct Salesforce {
    #[command(subcommand)]
    pub(crate) command: SalesforceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SalesforceCommand {
    /// Writes what the maps need in Salesforce, as SFDX source
    ///
    /// The custom fields and objects that the maps name, a section "Microsoft Partner Center" and the
    /// list of solutions on the page, the settings for notes and opportunity teams, a permission set
    /// with exactly what the maps read and write for the sync user, and one for sellers. With --org
    /// only what that org lacks, and its own layouts (of SFDX source) with what they lack. Nothing is
    /// overwritten unless --force says so; a `sfdx-project.json` that is there stays as it is.
    #[command(
        after_help = "Examples:\n  cosell salesforce package -o salesforce\n  cosell salesforce package -o salesforce maps/opportunity.map --org acme\n  cosell salesforce package -o salesforce --events\n  cosell check --org salesforce"
    )]
    Package(SalesforcePackage),
}

#[derive(Debug, Args)]
pub(crate) struct SalesforcePackage {
    /// Maps, or folders with maps; none: the folder that you are in
    #[arg(value_name = "MAP")]
    pub(crate) maps: Vec<PathBuf>,

    /// The folder that the source is written into
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// Overwrites files that say something else
    #[arg(long)]
    pub(crate) force: bool,

    /// Selects the objects that the maps look into for Change Data Capture, too
    /// (`salesforce.events: pubsub`)
    #[arg(long)]
    pub(crate) events: bool,
}

impl From<SalesforcePackage> for Options {
    fn from(args: SalesforcePackage) -> Self {
        let SalesforcePackage { maps, out, org, force, events } = args;
        Options { maps, org, out, force, events }
    }
}
