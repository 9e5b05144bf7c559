//! The command line of `cosell schema`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::schema;

#[derive(Debug, Args)]
pub(crate) struct Schema {
    #[command(subcommand)]
    pub(crate) command: SchemaCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Lists objects, the fields of one, or one field in full
    ///
    /// The schemas are those that `check` uses: in `schemas/` of the folder that you are in, else the
    /// built-in ones, or those of an org.
    #[command(
        after_help = "Examples:\n  cosell schema show\n  cosell schema show Opportunity --org acme\n  cosell schema show Referral.details.dealValue"
    )]
    Show(SchemaShow),

    /// Writes what your org says of its objects into files
    ///
    /// Signs in to Salesforce with the configuration of `serve`, and writes what the sync user may see
    /// of each object into `orgs/NAME/OBJECT.json`, which `--org NAME` of the other commands reads.
    /// Written are the objects that the maps of the configuration look into, and those that you name.
    /// Everything is read before a file is written: a failure leaves the files as they were.
    #[command(
        after_help = "Examples:\n  cosell schema pull\n  cosell schema pull --org acme Campaign Region__c\n  cosell schema pull --config /etc/cosell/cosell.yaml --org /srv/maps/orgs/acme\n  cosell schema pull --check"
    )]
    Pull(SchemaPull),
}

#[derive(Debug, Args)]
pub(crate) struct SchemaShow {
    /// An object such as `Opportunity`, or a field such as `Opportunity.StageName`
    #[arg(value_name = "OBJECT")]
    pub(crate) what: Option<String>,

    /// The customer's org: a folder or file, or a name under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = SchemaFormat::Human)]
    pub(crate) format: SchemaFormat,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaPull {
    /// More objects, by their API names
    #[arg(value_name = "OBJECT")]
    pub(crate) objects: Vec<String>,

    /// What the org is called under `orgs/`, or a folder; none: the first part of the sign-in address
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// The configuration; only `maps` and `salesforce` are read
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// The environment, where the configuration has several
    #[arg(long, value_name = "NAME", env = "COSELL_ENV")]
    pub(crate) env: Option<String>,

    /// Write nothing: tell what is different, and exit 1 if anything is
    #[arg(long)]
    pub(crate) check: bool,

    /// How it is told
    #[arg(long, value_enum, default_value_t = SchemaFormat::Human)]
    pub(crate) format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// For people
    Human,
    /// For machines
    Json,
}

impl From<SchemaFormat> for schema::Face {
    fn from(format: SchemaFormat) -> Self {
        match format {
            SchemaFormat::Human => schema::Face::Human,
            SchemaFormat::Json => schema::Face::Json,
        }
    }
}
