//! The command line of `cosell schema`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

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
