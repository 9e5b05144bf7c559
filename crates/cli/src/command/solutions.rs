//! The command line of `cosell solutions`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Kept;

#[derive(Debug, Args)]
pub(crate) struct Solutions {
    #[command(subcommand)]
    pub(crate) command: SolutionsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SolutionsCommand {
    /// Takes a list of solutions from a CSV or XLSX file, in the place of the one before
    ///
    /// Columns are found by their headings: `Solution ID` and `Solution name`, or `ID` and `Title`, and if there are
    /// any `Type` and `Co-sell status`; docs/starting.md lists all that are taken. Everything that is wrong is told with its cell, and then nothing is imported.
    #[command(
        after_help = "Examples:\n  cosell solutions import solutions.xlsx\n  cosell solutions import solutions.xlsx --sheet Published\n  cosell solutions import solutions.csv --config /etc/cosell/cosell.yaml"
    )]
    Import {
        /// The list
        file: PathBuf,

        /// The sheet of an XLSX file that has several
        #[arg(long, value_name = "NAME")]
        sheet: Option<String>,

        #[command(flatten)]
        kept: Kept,
    },

    /// Lists the solutions that are known
    #[command(
        after_help = "Examples:\n  cosell solutions list\n  cosell solutions list --format json"
    )]
    List {
        #[command(flatten)]
        kept: Kept,
    },

    /// Writes the solutions that are known as CSV, which `import` reads
    #[command(
        after_help = "Examples:\n  cosell solutions export\n  cosell solutions export solutions.csv"
    )]
    Export {
        /// The file; none: stdout
        file: Option<PathBuf>,

        #[command(flatten)]
        kept: Kept,
    },
}
