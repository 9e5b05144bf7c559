//! The command line of the commands that try maps out: `try`, `diff`, `test`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::TextFormat;
use crate::{diff, test, try_one};

#[derive(Debug, Args)]
pub(crate) struct Try {
    /// The map
    pub(crate) map: PathBuf,

    /// The record of the left side; none: there is none yet
    #[arg(long, value_name = "FILE", required_unless_present = "right")]
    pub(crate) left: Option<PathBuf>,

    /// The record of the right side; none: there is none yet
    #[arg(long, value_name = "FILE")]
    pub(crate) right: Option<PathBuf>,

    /// What was last read back; none: the two records meet for the first time
    #[arg(long, value_name = "FILE")]
    pub(crate) base: Option<PathBuf>,

    /// Shows only the lines with this field, such as `Amount` or `details.dealValue`
    #[arg(long, value_name = "FIELD")]
    pub(crate) only: Option<String>,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// How the decisions are written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The map as it is
    pub(crate) old: PathBuf,

    /// The map as it may be
    pub(crate) new: PathBuf,

    /// The deals, one a line; `-`: stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: PathBuf,

    /// How many deals are shown for each cause
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) samples: usize,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// How the differences are written
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Maps, or folders with maps; none: the folder that you are in
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// The customer's org: a folder or file (describes, SFDX source, `.object` files), or a name
    /// under `orgs/`
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,

    /// Lists what the examples exercise; less than PERCENT of a map makes the exit code 1
    #[arg(
        long,
        value_name = "PERCENT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0",
        value_parser = clap::value_parser!(u8).range(0..=100)
    )]
    pub(crate) coverage: Option<u8>,

    /// Changes the map in small ways, one at a time, and names the changes that no example notices
    #[arg(long)]
    pub(crate) mutate: bool,

    /// What else makes the exit code 1
    #[arg(long, value_enum, value_name = "WHAT", requires = "mutate")]
    pub(crate) deny: Option<DenyOfTest>,

    /// How results are written
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub(crate) format: TestFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DenyOfTest {
    /// Changes that no example notices
    Survivors,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    Human,
    /// For machines
    Json,
    /// The examples as `JUnit` XML
    Junit,
}

impl From<TextFormat> for try_one::Face {
    fn from(format: TextFormat) -> Self {
        match format {
            TextFormat::Text => try_one::Face::Text,
            TextFormat::Json => try_one::Face::Json,
        }
    }
}

impl From<TextFormat> for diff::Face {
    fn from(format: TextFormat) -> Self {
        match format {
            TextFormat::Text => diff::Face::Text,
            TextFormat::Json => diff::Face::Json,
        }
    }
}

impl From<TestFormat> for test::Face {
    fn from(format: TestFormat) -> Self {
        match format {
            TestFormat::Human => test::Face::Human,
            TestFormat::Json => test::Face::Json,
            TestFormat::Junit => test::Face::JUnit,
        }
    }
}
