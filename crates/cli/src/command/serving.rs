//! The arguments of the programs that serve: demo, service, sandbox.
//!
//! In: the words of the command line. Out: values. Must not know: how anything is served.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::sandbox;
use crate::demo;

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Ends after the story: 0 if all of it was as promised, else 1
    #[arg(long)]
    pub(crate) once: bool,

    /// Keeps everything in this folder; a new start with it goes on where the last one ended
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) serving: Serving,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "cosell.yaml")]
    pub(crate) config: PathBuf,

    /// Serves this environment alone; without it all that the configuration has
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,

    #[command(flatten)]
    pub(crate) serving: Serving,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    pub(crate) command: Option<sandbox::SandboxCommand>,

    /// Begins with so many referrals, and the accounts, contacts and opportunities beside them
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub(crate) referrals: u32,

    /// The same seed makes the same records
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Keeps everything in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Its Salesforce is this org: a folder or file with describes, SFDX source or schema files, or
    /// a name under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// What its Salesforce says of itself, when the state is new
    #[arg(long, value_enum, default_value_t = OrgKind::Sandbox)]
    pub(crate) org_kind: OrgKind,

    /// So many calls a day Salesforce takes of all programs together
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) daily_calls: u32,

    /// The file that moves both systems' clock; none: `clock` in the folder of the state
    #[arg(long, value_name = "FILE")]
    pub(crate) clock: Option<PathBuf>,

    /// Salesforce's port; 0: the one of the last start, or a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) salesforce_port: u16,

    /// Salesforce's port for https
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) salesforce_https_port: u16,

    /// Salesforce refuses user names with passwords, as new organisations do
    #[arg(long)]
    pub(crate) no_password_logins: bool,

    /// Partner Center's port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) partner_center_port: u16,

    /// The port of Partner Center's webhooks host
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) webhooks_port: u16,

    /// The administration's port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) admin_port: u16,

    /// Salesforce's Pub/Sub API's port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) pubsub_port: u16,

    #[command(flatten)]
    pub(crate) serving: Serving,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrgKind {
    /// A sandbox
    Sandbox,
    /// A production organisation
    Production,
}

impl From<OrgKind> for ::sandbox::OrgKind {
    fn from(kind: OrgKind) -> Self {
        match kind {
            OrgKind::Sandbox => ::sandbox::OrgKind::Sandbox,
            OrgKind::Production => ::sandbox::OrgKind::Production,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Serving {
    /// Writes one JSON there once it listens: addresses, tokens, process ids (mode 0600)
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Ends when standard input is closed, so that it never outlives the program that started it
    #[arg(long, hide = true)]
    pub(crate) with_parent: bool,
}

impl From<Demo> for demo::Options {
    fn from(args: Demo) -> Self {
        let Demo { once, state, serving: Serving { ready_file, with_parent } } = args;
        Self { once, state, ready_file, with_parent }
    }
}
